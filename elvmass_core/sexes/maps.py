"""Every matched ECG through every run: grams by lead group and segment, and mean maps."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from elvmass_core.attribution.methods import Points, answers_g, integrated_gradients
from elvmass_core.domain import BEAT_SAMPLES, N_LEADS, Fiducials, FloatArray, Sex
from elvmass_core.models.inputs import GROUPS, Normaliser, column, columns
from elvmass_core.processes import Progress, map_processes
from elvmass_core.segments import SEGMENT_NAMES, segment_masks
from elvmass_core.sexes.runs import Run
from elvmass_core.signal.delineate import delineate
from elvmass_core.study.dataset import Dataset, read_dataset, write_dataset
from elvmass_core.study.train import reference_beat
from elvmass_core.units import LEAD_INDEX, LIMB_LEADS

LEAD_GROUPS = {
    "limb leads": LIMB_LEADS, "V1–V2": ("V1", "V2"), "V3–V4": ("V3", "V4"), "V5–V6": ("V5", "V6"),
}  # fmt: skip
"""The limb leads are one group: four of the six follow from the other two."""
CELLS = tuple((group, segment) for group in LEAD_GROUPS for segment in SEGMENT_NAMES)
INPUTS = tuple(GROUPS)
STEPS = 16
"""Integration steps: cells of many ECGs are averaged, so a tenth of a gram in one of them is nothing."""
BATCH = 64


class Loadable(Protocol):
    """A run that another process can load: `runs.RunTask` once trained, or `run_set.StoredRun`."""

    def load(self) -> Run:
        """The run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ecgs:
    """ECGs to explain, each with its own borders and the reference of its own sex.

    Attributes
    ----------
    data : Dataset
    masks : bool array (n, n_segments, 400)
        Samples of `SEGMENT_NAMES`.
    references : mapping of Sex to (beat (12, 400), row (10,))
    """

    data: Dataset
    masks: np.ndarray
    references: dict[Sex, tuple[np.ndarray, np.ndarray]]

    @property
    def male(self) -> np.ndarray:
        """Which are men's, (n,)."""
        return self.data.sex == Sex.MALE.value

    def reference_points(self, normaliser: Normaliser) -> Points:
        """The reference of every ECG, as a network wants it."""
        each = [self.references[Sex(sex)] for sex in self.data.sex]
        return Points.of(np.stack([beat for beat, _ in each]), normaliser(np.stack([row for _, row in each])))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunMaps:
    """What one run says of every ECG.

    Attributes
    ----------
    cells_g : array (n, n_cells)
        Signed grams on `CELLS`.
    inputs_g : array (n, n_inputs)
        On `INPUTS`.
    estimate_g, delta_g : arrays (n,)
        The answer; the completeness error.
    signed_g, absolute_g : arrays (2, 12, 400)
        Mean maps over the men's ECGs and over the women's.
    """

    cells_g: FloatArray
    inputs_g: FloatArray
    estimate_g: FloatArray
    delta_g: FloatArray
    signed_g: FloatArray
    absolute_g: FloatArray


def whole(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Which ECGs have every segment and body size, (n,), and the masks (n, n_segments, 400) of all."""
    rr_ms = 60000.0 / data.rows[:, column("rate_bpm")]
    each = [_masks(delineate(beat.astype(float), rr_ms=rr)) for beat, rr in zip(data.beats_mv, rr_ms, strict=True)]
    usable = np.array([one is not None for one in each]) & np.isfinite(data.rows).all(axis=1)
    nothing = np.zeros((len(SEGMENT_NAMES), BEAT_SAMPLES), dtype=bool)
    return usable, np.stack([nothing if one is None else one for one in each])


def _masks(fiducials: Fiducials) -> np.ndarray | None:
    found = segment_masks(fiducials)
    masks = [mask for name in SEGMENT_NAMES if (mask := found[name]) is not None]
    return np.stack(masks) if len(masks) == len(SEGMENT_NAMES) else None


def references_of(data: Dataset) -> dict[Sex, tuple[np.ndarray, np.ndarray]]:
    """Mean beat of the patients of each sex without LVH, and their mean person: the same for every run."""
    found = {}
    for sex in (Sex.MALE, Sex.FEMALE):
        mine = data.of(sex)
        if len(mine):
            found[sex] = reference_beat(mine, sex), np.nanmean(mine.rows, axis=0)
    return found


def deviation_mv(ecgs: Ecgs) -> FloatArray:
    """RMS distance of each ECG from its reference in each cell, (n, n_cells) mV."""
    reference = np.stack([ecgs.references[Sex(sex)][0] for sex in ecgs.data.sex])
    squared = (ecgs.data.beats_mv - reference) ** 2
    samples = np.stack([ecgs.masks.sum(axis=2) * len(leads) for leads in LEAD_GROUPS.values()], axis=1)
    return np.sqrt(_by_cell(squared, ecgs.masks) / samples.reshape(len(squared), -1))


def explain_all(
    runs: Sequence[Loadable], ecgs: Ecgs, work: Path, workers: int, progress: Progress | None = None
) -> list[RunMaps]:
    """The maps of every run, in their order, in processes of one thread each."""
    path = work / f"ecgs-{_digest(ecgs.data)}.npz"
    if not path.is_file():
        write_dataset(ecgs.data, path)
    maps = []
    for one in map_processes(
        _explain_task, [(run, path, ecgs.masks, ecgs.references) for run in runs], workers, chunk=1
    ):
        maps.append(one)
        if progress is not None:
            progress(len(maps), len(runs))
    return maps


def _digest(data: Dataset) -> str:
    return hashlib.sha256(np.ascontiguousarray(data.beats_mv).tobytes()).hexdigest()[:12]


def _explain_task(task: tuple[Loadable, Path, np.ndarray, dict[Sex, tuple[np.ndarray, np.ndarray]]]) -> RunMaps:
    import torch

    torch.set_num_threads(1)
    run, path, masks, references = task
    return explain_run(run.load(), Ecgs(data=read_dataset(path), masks=masks, references=references))


def explain_run(run: Run, ecgs: Ecgs, steps: int = STEPS) -> RunMaps:
    """Integrated gradients of one run for every ECG, from the reference of the ECG's own sex."""
    network, normaliser = run.network, run.normaliser
    points = Points.of(ecgs.data.beats_mv, normaliser(ecgs.data.rows))
    references = ecgs.reference_points(normaliser)
    cells, inputs, delta = [], [], []
    signed, absolute = np.zeros((2, N_LEADS, BEAT_SAMPLES)), np.zeros((2, N_LEADS, BEAT_SAMPLES))
    for start in range(0, len(points), BATCH):
        part = slice(start, start + BATCH)
        maps = integrated_gradients(network, points.take(part), references.take(part), steps)
        cells.append(_by_cell(maps.beat_g, ecgs.masks[part]))
        inputs.append(maps.inputs_g)
        delta.append(maps.total_g())
        for k, mine in enumerate((ecgs.male[part], ~ecgs.male[part])):
            signed[k] += maps.beat_g[mine].sum(axis=0)
            absolute[k] += np.abs(maps.beat_g[mine]).sum(axis=0)
    counts = np.maximum(np.array([ecgs.male.sum(), (~ecgs.male).sum()]), 1)[:, None, None]
    estimate = answers_g(network, points)
    every_input = np.concatenate(inputs)
    return RunMaps(
        cells_g=np.concatenate(cells),
        inputs_g=np.stack([every_input[:, columns(parts)].sum(axis=1) for parts in GROUPS.values()], axis=1),
        estimate_g=estimate,
        delta_g=np.concatenate(delta) - (estimate - answers_g(network, references)),
        signed_g=signed / counts,
        absolute_g=absolute / counts,
    )


def _by_cell(values: np.ndarray, masks: np.ndarray) -> FloatArray:
    """Sum of (n, 12, 400) values over `CELLS`, (n, n_cells)."""
    by_lead = np.einsum("nlt,nst->nls", values, masks.astype(values.dtype))
    rows = [[LEAD_INDEX[lead] for lead in leads] for leads in LEAD_GROUPS.values()]
    return np.stack([by_lead[:, some].sum(axis=1) for some in rows], axis=1).reshape(len(values), -1)
