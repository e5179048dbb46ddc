"""Does the map tell what the network does: it adds up, the answer follows it, and it foretells replaced parts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from elvmass_core.attribution.methods import Maps, Points, answers_g, occlusion
from elvmass_core.attribution.tables import ROWS
from elvmass_core.domain import BEAT_FS_HZ, BEAT_SAMPLES, N_LEADS, FloatArray
from elvmass_core.sanity.cases import Cases, Floats32, in_cells
from elvmass_core.sanity.correlations import summary
from elvmass_core.sanity.learners import Learner
from elvmass_core.units import LEAD_INDEX

WITHIN_G, WITHIN_SHARE = 0.5, 0.01
"""A map adds up within 0.5 g or 1 % of the difference, whichever is more (as in the app)."""
LEAST_DIFFERENCE_G = 5.0
"""Curves are fractions of what the beat changes; where it changes less, they would be fractions of nearly nothing."""
RANDOM_ORDERS = 6
GRID = np.linspace(0.0, 1.0, 21)
"""Share of the cells that are exchanged, at which curves are kept."""
REPLACEMENTS, SET_REPLACEMENTS = 100, 20
"""Random replacements of each patient; fewer with the reference set, where each is made with every reference."""
STRETCH_MS = (40.0, 400.0)
PIECE = 10
"""Samples (20 ms) of a row that stay together when a map is shuffled."""
SEED = 7500
Mask = NDArray[np.bool_]


def completeness(maps: Maps, difference_g: FloatArray) -> dict[str, object]:
    """Error of the sum of all attributions, beat and inputs, against estimate − reference (n,)."""
    miss = np.abs(maps.total_g() - difference_g)
    within = miss <= np.maximum(WITHIN_G, WITHIN_SHARE * np.abs(difference_g))
    return {
        "median_g": float(np.median(miss)),
        "q95_g": float(np.quantile(miss, 0.95)),
        "largest_g": float(miss.max()),
        "share_within": float(within.mean()),
        "n": len(miss),
    }


# --- Insertion and deletion -------------------------------------------------------------------------------------------


def way_made(
    learner: Learner, patient: Points, start: Points, cells: Mask, order: NDArray[np.intp], *, deletion: bool = False
) -> FloatArray:
    """Share of the way from one beat to another as cells are exchanged in an order, (n_cells + 1,).

    Parameters
    ----------
    patient, start : Points
        One each, with the same inputs: only the beat is exchanged.
    cells : bool array (n_cells, 12, samples)
    order : array (n_cells,)
    deletion : bool
        From the patient to the reference; insertion is the other way.

    Returns
    -------
    array
        From 0 to 1; beyond them where the answer overshoots.
    """
    new, old = (start, patient) if deletion else (patient, start)
    done = np.concatenate([np.zeros_like(cells[:1]), np.logical_or.accumulate(cells[order], axis=0)])
    beats = np.where(done, new.beats_mv, old.beats_mv)
    answers = answers_g(learner.network, Points(beats_mv=beats, inputs=np.repeat(patient.inputs, len(done), axis=0)))
    return (answers - answers[0]) / (answers[-1] - answers[0])


def curves(learner: Learner, tables: FloatArray, cases: Cases, orders: int = RANDOM_ORDERS) -> dict[str, object]:
    """Insertion and deletion in the order of the absolute grams of the cells, against random order.

    Parameters
    ----------
    tables : array (n, n_cells)
        Grams of each patient's cells.

    Returns
    -------
    dict
        ``share``: of the cells exchanged; ``insertion, deletion``: mean ``map`` and ``random`` curve of the share of
        the way made, ``gain`` (how much less of the way is left on average over the curve, random less map; summary
        over patients); ``n``.

    Notes
    -----
    Petsiuk et al. 2018 (arXiv 1806.07421). Differences: the reference beat in place of blur; grams in place of a
    probability; cells of the table, which are what people read and end where waves end, in place of pixels. A map has
    signs, so the answer may overshoot: what is left of the way counts whichever side it is on.
    """
    points, rng = cases.points(learner.normaliser), np.random.default_rng(SEED)
    started = Points.of(np.repeat(cases.reference_mv[None], len(cases), axis=0), points.inputs.astype(np.float64))
    change = answers_g(learner.network, points) - answers_g(learner.network, started)
    kept = np.flatnonzero(np.abs(change) >= LEAST_DIFFERENCE_G)
    found: dict[str, object] = {"share": GRID.tolist(), "n": len(kept), "least_g": LEAST_DIFFERENCE_G}
    for kind in ("insertion", "deletion"):
        ways = [
            _ways(learner, points.take(slice(k, k + 1)), started.take(slice(k, k + 1)), cases.cells[k], tables[k],
                  [rng.permutation(len(tables[k])) for _ in range(orders)], kind == "deletion")
            for k in kept
        ]  # fmt: skip
        found[kind] = _gained(ways)
    return found


def _ways(
    learner: Learner, patient: Points, start: Points, cells: Mask, grams: FloatArray,
    orders: Sequence[NDArray[np.intp]], deletion: bool,
) -> FloatArray:  # fmt: skip
    """In the map's order and in random ones, on `GRID`, (1 + n_orders, n_grid)."""
    along = np.linspace(0.0, 1.0, len(cells) + 1)
    every = [np.argsort(-np.abs(grams), kind="stable"), *orders]
    return np.stack([
        np.interp(GRID, along, way_made(learner, patient, start, cells, order, deletion=deletion)) for order in every
    ])  # fmt: skip


def _gained(ways: Sequence[FloatArray]) -> dict[str, object]:
    """Mean curves, and the gain of the map's order over the random ones."""
    if not ways:
        return {"map": [], "random": [], "gain": summary(np.array([]))}
    each = np.stack(ways)  # (patients, orders, grid)
    left = np.abs(1.0 - each).mean(axis=2)
    return {
        "map": each[:, 0].mean(axis=0).tolist(),
        "random": each[:, 1:].mean(axis=(0, 1)).tolist(),
        "left_map": float(left[:, 0].mean()),
        "left_random": float(left[:, 1:].mean()),
        "gain": summary(left[:, 1:].mean(axis=1) - left[:, 0]),
    }


# --- Infidelity -------------------------------------------------------------------------------------------------------


def stretches(rng: np.random.Generator, n: int) -> Mask:
    """Random parts of a beat, (n, 12, 400): some rows of the table over one stretch of time."""
    masks, rows = np.zeros((n, N_LEADS, BEAT_SAMPLES), dtype=bool), list(ROWS.values())
    for mask in masks:
        length = round(rng.uniform(*STRETCH_MS) * BEAT_FS_HZ / 1000.0)
        first = int(rng.integers(0, BEAT_SAMPLES - length + 1))
        for row in rng.permutation(len(rows))[: rng.integers(1, len(rows) + 1)]:
            mask[[LEAD_INDEX[lead] for lead in rows[row]], first : first + length] = True
    return masks


def lost_g(learner: Learner, patient: Points, references: Points, masks: Mask) -> FloatArray:
    """What the answer loses when parts of the beat are replaced by those of a reference, mean over them, (n_masks,)."""
    beats = np.concatenate([np.where(masks, one, patient.beats_mv) for one in references.beats_mv])
    inputs = np.repeat(patient.inputs, len(beats), axis=0)
    after = answers_g(learner.network, Points(beats_mv=beats, inputs=inputs)).reshape(len(references), len(masks))
    return float(answers_g(learner.network, patient)[0]) - after.mean(axis=0)


def miss_of(map_g: FloatArray | Floats32, masks: Mask, lost: FloatArray) -> float:
    """Mean squared error of a map's forecast of a loss, over the mean squared loss: 0 perfect, 1 as saying 0."""
    forecast = np.einsum("ls,nls->n", np.asarray(map_g, dtype=np.float64), masks, optimize=True)
    return float(((forecast - lost) ** 2).mean() / (lost**2).mean())


def infidelity(
    learner: Learner, maps: Floats32, expected_maps: Floats32, cases: Cases, n: int = REPLACEMENTS
) -> dict[str, object]:
    """How far each method's map is from foretelling what replacing a random part of the beat does.

    Returns
    -------
    dict
        ``integrated gradients, expected gradients``, and for comparison ``shuffled`` (pieces of 20 ms of the integrated
        gradients exchanged among places) and ``even`` (their total spread evenly): summaries over patients.

    Notes
    -----
    Yeh et al. 2019 (arXiv 1901.09392). Differences: parts are replaced by the reference's instead of noise, so that the
    beat stays a beat; divided by the mean squared loss; each method is asked about its own reference.
    """
    points, rng = cases.points(learner.normaliser), np.random.default_rng(SEED)
    found: dict[str, list[float]] = {}
    for k in range(len(cases)):
        patient, masks = points.take(slice(k, k + 1)), stretches(rng, n)
        reference = Points.of(cases.reference_mv, patient.inputs[0])
        lost = lost_g(learner, patient, reference, masks)
        own = {"integrated gradients": maps[k], "shuffled": shuffled(maps[k], rng)}
        own["even"] = np.full_like(maps[k], maps[k].mean())
        for name, map_g in own.items():
            found.setdefault(name, []).append(miss_of(map_g, masks, lost))
        fewer = masks[: min(n, SET_REPLACEMENTS)]
        lost = lost_g(learner, patient, cases.set_of(k, learner.normaliser), fewer)
        found.setdefault("expected gradients", []).append(miss_of(expected_maps[k], fewer, lost))
    return {"values": {name: summary(np.array(one)) for name, one in found.items()}, "n": len(cases)}


def shuffled(map_g: Floats32, rng: np.random.Generator) -> Floats32:
    """A map (12, 400) whose pieces of 20 ms of each lead stand in other places; its total stays."""
    pieces = map_g.reshape(-1, PIECE)
    return pieces[rng.permutation(len(pieces))].reshape(map_g.shape)


# --- Tables of three methods ------------------------------------------------------------------------------------------


def tables(learner: Learner, maps: Floats32, expected_maps: Floats32, cases: Cases) -> dict[str, FloatArray]:
    """Grams by cell (n, n_cells) of integrated gradients, expected gradients and occlusion."""
    points, starts = cases.points(learner.normaliser), cases.starts(learner.normaliser)
    occluded = [
        occlusion(learner.network, points.take(slice(k, k + 1)), starts.take(slice(k, k + 1)), list(cases.cells[k]))
        for k in range(len(cases))
    ]
    return {
        "integrated gradients": in_cells(maps, cases.cells),
        "expected gradients": in_cells(expected_maps, cases.cells),
        "occlusion": np.stack(occluded),
    }
