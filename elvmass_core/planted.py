"""Men against women in simulated worlds, where the answer is known: simulate, train, explain, test.

Like `elvmass_core.retrain`, a place where the simulator and the study meet, through files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.processes import Progress
from elvmass_core.retrain import PRESET, TRAINING, CohortPlan
from elvmass_core.sexes.compare import compare_sexes, compare_with_stored
from elvmass_core.sexes.files import write, write_arrays
from elvmass_core.sexes.null import NullSize, null_repeats
from elvmass_core.sexes.report import answer
from elvmass_core.sexes.run_set import FOLDER as RUNS_FOLDER
from elvmass_core.sexes.run_set import save_runs
from elvmass_core.sexes.runs import RUNS
from elvmass_core.study.dataset import Dataset, load_dataset
from elvmass_core.study.train import Effort
from elvmass_core.virtual import COHORT_VERSION

SHIPPED = "as shipped"
WORLDS: Mapping[str, tuple[str, str]] = {
    "neutral": (
        f"{PRESET}@sex-neutral",
        "Both sexes share one repolarisation and one law of strain; their hearts and bodies differ in size.",
    ),
    "strain in men": (
        f"{PRESET}@sex-neutral@strain-in-men",
        "As neutral, but strain follows the mass of men closely and that of women not at all.",
    ),
    "strain in women": (
        f"{PRESET}@sex-neutral@strain-in-women",
        "As neutral, but strain follows the mass of women closely and that of men not at all.",
    ),
    SHIPPED: (
        PRESET,
        "The patients behind the shipped weights: one law of strain, each sex with its own repolarisation.",
    ),
}
"""Name → preset and what is in it."""
OWN = "own cohort"
SEED = 3001
SHOWN = 20
"""In the comparison of halves one of so many men learns nothing and is explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Patients, runs and epochs."""

    plans: Mapping[str, CohortPlan]
    learners: CohortPlan
    epochs: int
    runs: int
    null: NullSize


def _plans(n: int) -> dict[str, CohortPlan]:
    return {name: CohortPlan(name=name, n=n, seed=SEED, preset=preset) for name, (preset, _) in WORLDS.items()}


FULL = Size(
    plans=_plans(7000) | {SHIPPED: TRAINING},
    learners=TRAINING,
    epochs=Effort().epochs,
    runs=RUNS,
    null=NullSize(partitions=10, resampled=5, per_run=200, ecgs=100),
)
QUICK = Size(
    plans={"neutral": CohortPlan(name="neutral", n=700, seed=SEED, preset=WORLDS["neutral"][0])},
    learners=CohortPlan(name="neutral", n=700, seed=SEED, preset=WORLDS["neutral"][0]),
    epochs=1,
    runs=5,
    null=NullSize(partitions=1, resampled=1, per_run=15, ecgs=10),
)
"""The smallest cohort in which men and women can be matched."""


def run_planted(
    work: Path,
    out: Path,
    *,
    weights: Path | None = None,
    quick: bool = False,
    workers: int = 2,
    progress: Progress | None = None,
) -> Path:
    """Compare the sexes in every world, and two halves of one sex; a stopped call goes on where it was.

    Parameters
    ----------
    work : Path
        Cohorts, extracted beats and fits.
    out : Path
        Folder of ``sexes.json``, ``sexes.md``, ``sexes.npz`` (mean maps) and ``sexes-arrays/`` (every ECG through every
        run); written after each part.
    weights : Path, optional
        Folder in which the runs of the world `SHIPPED` are kept for the app (`sexes.run_set`).

    Returns
    -------
    Path
        The page.
    """
    size = QUICK if quick else FULL
    effort = Effort(epochs=size.epochs, workers=workers)
    document: dict[str, object] = {"cohort_version": COHORT_VERSION, "quick": quick}
    worlds: dict[str, object] = {}
    maps: dict[str, np.ndarray] = {}
    for name, plan in size.plans.items():
        found = compare_sexes(_dataset(plan, work, effort, progress), work, effort, runs=size.runs, progress=progress)
        worlds[name] = found.result | {
            "preset": plan.preset, "n": plan.n, "seed": plan.seed, "description": WORLDS[name][1],
            "answer": answer(found.result),
        }  # fmt: skip
        maps |= write_arrays(out, name, found)
        if weights is not None and name == SHIPPED:
            save_runs(weights / RUNS_FOLDER, found.runs, {"n": plan.n, "seed": plan.seed, **_size_of(found.result)})
        write(out, document | {"worlds": worlds}, maps)
    men = _dataset(size.learners, work, effort, progress).of(Sex.MALE)
    shown = np.arange(len(men)) % SHOWN == 0
    document["null"] = null_repeats(men.take(~shown), men.take(shown), size.null, work, effort, progress)
    return write(out, document | {"worlds": worlds}, maps)


def _size_of(result: Mapping[str, object]) -> dict[str, object]:
    return {name: result[name] for name in ("runs", "patients_per_run", "epochs")}


def _dataset(plan: CohortPlan, work: Path, effort: Effort, progress: Progress | None) -> Dataset:
    """A cohort, simulated and read unless it is there."""
    table = plan.simulate(work, effort.workers, progress)
    return load_dataset(table, cache=work / "datasets", workers=effort.workers, progress=progress)


def run_table(
    table: Path,
    work: Path,
    out: Path,
    effort: Effort,
    runs: int = RUNS,
    *,
    stored: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """The same comparison on one's own patients.

    Parameters
    ----------
    stored : Path, optional
        Folder of runs to use instead of training new ones; then ``lvm_g`` may be an estimate.

    Raises
    ------
    TableError, BundleError
        The table is unusable, holds too few men or women to train or to match, or the stored runs cannot be used.
    """
    data = load_dataset(table, cache=work / "datasets", workers=effort.workers, progress=progress)
    if stored is None:
        found = compare_sexes(data, work, effort, runs=runs, progress=progress)
    else:
        found = compare_with_stored(data, stored, work, effort.workers, progress)
    words = (
        "Your own table."
        if stored is None
        else "Your own table, through the runs that learned from simulated patients."
    )
    own = found.result | {"n": len(data), "description": words, "answer": answer(found.result)}
    return write(out, {"quick": False, "worlds": {OWN: own}}, write_arrays(out, OWN, found))
