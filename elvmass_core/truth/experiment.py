"""The experiment: twins through the shipped models, and the maps of three methods against what was changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from elvmass_core.attribution.methods import (
    Maps,
    Points,
    expected_gradients,
    integrated_gradients,
    occluded_inputs,
    occlusion,
)
from elvmass_core.attribution.tables import regions
from elvmass_core.domain import FloatArray, Sex
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle, load_models
from elvmass_core.models.inputs import GROUPS, columns, tabular_row
from elvmass_core.models.tcn import ElvMassNet, Ensemble, TcnConfig, frozen
from elvmass_core.processes import Progress, map_processes
from elvmass_core.truth.report import PAGE, RESULT, markdown
from elvmass_core.truth.scores import localisation, mean_with_interval, placing, rank
from elvmass_core.truth.twins import MECHANISMS, Mechanism, Seen, draw_patient, person, see
from elvmass_core.units import INDEPENDENT_ROWS
from elvmass_core.virtual import COHORT_VERSION

STEPS, EXPECTED_STEPS = 32, 8
RANDOM_NETWORKS = 3
METHODS = ("integrated gradients", "expected gradients", "occlusion", "from twin to twin", "random weights")
"""``from twin to twin`` starts the path at the untouched twin, which no reader of one ECG has: what a map could reach.
``random weights`` are integrated gradients of networks that learned nothing: what a map reaches that knows nothing."""
MAP, FLOOR = "integrated gradients", "random weights"
SCORES = ("share", "chance", "placed", "placed_chance", "pointing", "swap", "size", "own", "ecg", "inputs")
N, SEED = 60, 5
QUICK_N = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Grams:
    """Grams of one map on cells and on groups of inputs."""

    cells: FloatArray
    inputs: FloatArray

    def __sub__(self, other: "_Grams") -> "_Grams":
        return _Grams(cells=self.cells - other.cells, inputs=self.inputs - other.inputs)


def run_truth(
    out: Path, weights: Path, *, n: int = N, seed: int = SEED, workers: int = 2, progress: Progress | None = None
) -> Path:
    """Draw patients, change them, explain them, and write ``truth.json`` and ``truth.md``.

    Parameters
    ----------
    n : int
        Patients of each sex.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    BundleError
        Weights are missing.
    """
    models = load_models(weights)
    if len(models.bundles) < 2:
        raise BundleError("The experiment needs the models of men and of women.")
    tasks = [(weights, seed, index, sex) for sex in (Sex.MALE, Sex.FEMALE) for index in range(n)]
    rows: dict[Sex, list[dict]] = {Sex.MALE: [], Sex.FEMALE: []}
    answers = map_processes(_one_patient, tasks, workers, chunk=1)
    for done, ((*_, sex), row) in enumerate(zip(tasks, answers, strict=True), start=1):
        rows[sex].append(row)
        if progress is not None:
            progress(done, len(tasks))
    result = {
        "cohort_version": COHORT_VERSION,
        "seed": seed,
        "n": n,
        "weights": {bundle.model_id: bundle.sha256 for bundle in models.bundles},
        "mechanisms": {name: mechanism.words for name, mechanism in MECHANISMS.items()},
        "sexes": {sex.value: _summary(some) for sex, some in rows.items()},
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(markdown(result), encoding="utf-8")
    return out / PAGE


def _summary(rows: Sequence[Mapping]) -> dict[str, object]:
    """By mechanism: patients, what the answer did, and every score of every method with its interval."""
    found: dict[str, object] = {}
    for name in MECHANISMS:
        mine = [row[name] for row in rows if name in row]
        found[name] = {
            "n": len(mine),
            "estimate_moves_g": mean_with_interval(np.array([one["moved_g"] for one in mine])),
            "mass_moves_g": mean_with_interval(np.array([one["mass_g"] for one in mine])),
            "st_t_of_change": mean_with_interval(np.array([one["st_t"] for one in mine])),
            "ecg_alone": mean_with_interval(np.array([one["ecg_alone"] for one in mine])),
            "noise_share": mean_with_interval(np.array([one["noise_share"] for one in mine])),
            "map_less_random": {
                score: mean_with_interval(
                    np.array([one["scores"][MAP][score] - one["scores"][FLOOR][score] for one in mine])
                )
                for score in ("share", "placed", "size", "own")
            },
            "methods": {
                method: {
                    score: mean_with_interval(np.array([one["scores"][method][score] for one in mine]))
                    for score in SCORES
                }
                for method in METHODS
            },
        }
    return found


_models = lru_cache(maxsize=1)(load_models)


def _one_patient(task: tuple[Path, int, int, Sex]) -> dict[str, dict]:
    """Every mechanism of one patient; a mechanism that no heart or recording allows is left out."""
    torch.set_num_threads(1)
    weights, seed, index, sex = task
    bundle = _models(weights).for_sex(sex)[0]
    patient = draw_patient(seed, index, sex)
    untouched, repeated = see(patient, seed, index), see(patient, seed, index, noise=1)
    if untouched is None or repeated is None or not _usable(untouched):
        return {}
    asking = _Asking(bundle, untouched, tabular_row(person(patient), untouched.features))
    floor, noise_g = asking.energy(repeated), asking.noise_g(repeated)
    found = {}
    for name, mechanism in MECHANISMS.items():
        twin = see(mechanism.change(patient), seed, index)
        if twin is not None and _usable(twin):
            found[name] = asking.scored(mechanism, twin, tabular_row(person(patient), twin.features), floor, noise_g)
    return found


def _usable(seen: Seen) -> bool:
    """Every segment has its borders, and every measurement that a model wants is there."""
    return all(value is not None for value in seen.beat.fiducials.as_dict().values()) and all(
        seen.features[name] is not None for name in ("qrs_ms", "qrs_axis_deg", "rate_bpm")
    )


class _Asking:
    """One untouched patient, its cells, and the networks that are asked about it and its twins."""

    def __init__(self, bundle: Bundle, untouched: Seen, row: FloatArray) -> None:
        self.bundle, self.beat_mv = bundle, np.array(untouched.beat.signal_mv)
        self.mass_g, self.row = untouched.lvm_true_g, row
        self.cells = regions(untouched.beat.fiducials)
        self.point = Points.of(self.beat_mv, bundle.normaliser(row))
        self.reference = Points.of(bundle.reference_beat_mv, bundle.normaliser(bundle.reference_row(row)))
        people = np.stack([bundle.masked_as(one, row) for one in bundle.reference_set.rows])
        self.references = Points.of(bundle.reference_set.beats_mv, bundle.normaliser(people))
        self.random = [_random_member(bundle, number) for number in range(RANDOM_NETWORKS)]
        self.networks = {MAP: bundle.ensemble, FLOOR: Ensemble(self.random)}
        self.usual = self.maps(self.point)

    def maps(self, point: Points) -> dict[str, _Grams]:
        """The three methods and the random networks at a point."""
        members = list(self.bundle.ensemble.members)
        return {
            "integrated gradients": self._gradients(members, point, self.reference),
            "expected gradients": self._summed(
                [expected_gradients(one, point, self.references, EXPECTED_STEPS) for one in members]
            ),
            "occlusion": self._occluded(point),
            "random weights": self._gradients(self.random, point, self.reference),
        }

    def _gradients(self, networks: Sequence[torch.nn.Module], point: Points, start: Points) -> _Grams:
        return self._summed([integrated_gradients(one, point, start, STEPS) for one in networks])

    def _summed(self, maps: Sequence[Maps]) -> _Grams:
        beat = np.mean([one.beat_g[0] for one in maps], axis=0)
        inputs = np.mean([one.inputs_g[0] for one in maps], axis=0)
        return _Grams(
            cells=np.array([beat[region].sum() for region in self.cells.values()]),
            inputs=np.array([inputs[columns(parts)].sum() for parts in GROUPS.values()]),
        )

    def _occluded(self, point: Points) -> _Grams:
        ensemble, groups = self.bundle.ensemble, [columns(parts) for parts in GROUPS.values()]
        return _Grams(
            cells=occlusion(ensemble, point, self.reference, list(self.cells.values())),
            inputs=occluded_inputs(ensemble, point, self.reference, groups),
        )

    def energy(self, other: Seen) -> FloatArray:
        """Squared change of the ECG on each cell, in mV² (the limb row by its two independent leads)."""
        squared = np.zeros_like(self.beat_mv)
        squared[INDEPENDENT_ROWS] = (np.array(other.beat.signal_mv) - self.beat_mv)[INDEPENDENT_ROWS] ** 2
        return np.array([squared[region].sum() for region in self.cells.values()])

    def noise_g(self, repeated: Seen) -> float:
        """How far another stream of noise and heartbeats alone moves the map, the person's inputs kept, in g."""
        point = Points.of(repeated.beat.signal_mv, self.bundle.normaliser(self.row))
        members = list(self.bundle.ensemble.members)
        return float(np.abs((self._gradients(members, point, self.reference) - self.usual[MAP]).cells).sum())

    def exchanged(self, network: torch.nn.Module, point: Points) -> FloatArray:
        """What a network's answer gains when one cell of the changed twin is put into the untouched patient, in g."""
        return -occlusion(network, self.point, point, list(self.cells.values()))

    def scored(
        self, mechanism: Mechanism, twin: Seen, row: FloatArray, floor: FloatArray, noise_g: float
    ) -> dict[str, object]:
        """Scores of every method for one changed twin."""
        point = Points.of(twin.beat.signal_mv, self.bundle.normaliser(row))
        energy = np.maximum(self.energy(twin) - floor, 0.0) + 1e-12
        swaps = {name: self.exchanged(network, point) for name, network in self.networks.items()}
        swap = swaps[MAP]
        acts_on = np.array([mechanism.acts_on(*cell) for cell in self.cells])
        changed = self.maps(point)
        blame = {name: changed[name] - self.usual[name] for name in changed}
        blame["from twin to twin"] = self._gradients(list(self.bundle.ensemble.members), point, self.point)
        usual = self.usual | {"from twin to twin": self.usual["integrated gradients"]}
        st_t = np.array([segment in ("ST", "T") for _, segment in self.cells])
        return {
            "moved_g": self._answer(twin, row) - self._answer(None, self.row),
            "mass_g": twin.lvm_true_g - self.mass_g,
            "st_t": float(energy[st_t].sum() / energy.sum()),
            "ecg_alone": rank(np.abs(swap), energy),
            "noise_share": noise_g / float(np.abs(blame[MAP].cells).sum()),
            "scores": {
                name: localisation(blame[name].cells, swap, energy, usual[name].cells, blame[name].inputs)
                | placing(blame[name].cells, usual[name].cells, acts_on)
                | {"own": rank(blame[name].cells, swaps.get(name, swap))}
                for name in METHODS
            },
        }

    def _answer(self, twin: Seen | None, row: FloatArray) -> float:
        beat = self.beat_mv if twin is None else np.array(twin.beat.signal_mv)
        return float(self.bundle.members_g(beat[None], row[None]).mean())


def _random_member(bundle: Bundle, number: int) -> ElvMassNet:
    """A network of the same shape and scale of grams that learned nothing."""
    trained = bundle.ensemble.members[0].state_dict()
    torch.manual_seed(1000 + number)
    network = ElvMassNet(TcnConfig(**bundle.manifest["architecture"]))
    network.log_mean.copy_(trained["log_mean"])
    network.log_scale.copy_(trained["log_scale"])
    frozen(network)
    return network
