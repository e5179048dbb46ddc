"""Where there is nothing to find: two sets of trainings on halves of one sex, compared as men with women are.

Two designs. *Disjoint*: every run has patients of its own. *Resampled*: each half is one small cohort, and its runs are
fits on bootstrap resamples of it, as one would do with one cohort of either sex.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.processes import Progress
from elvmass_core.sexes.maps import Ecgs, RunMaps, deviation_mv, explain_all, references_of, whole
from elvmass_core.sexes.measures import QUANTITIES, importance
from elvmass_core.sexes.runs import RUNS, train_runs
from elvmass_core.sexes.statistics import LEVEL, labels_effect
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.train import Effort

HALVINGS = 10
"""Ways in which the runs of one partition are divided into two sets: that many repeats from each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NullSize:
    """How much is spent: partitions of the patients, patients and ECGs per run, and repeats of the other design."""

    partitions: int
    resampled: int
    per_run: int
    ecgs: int


def null_repeats(
    learners: Dataset,
    ecgs: Dataset,
    size: NullSize,
    work: Path,
    effort: Effort,
    progress: Progress | None = None,
) -> dict[str, object]:
    """How often the comparison finds something where there is nothing.

    Parameters
    ----------
    learners, ecgs : Dataset
        Patients of one sex to train on, and others to explain.

    Returns
    -------
    dict
        By design: number of repeats, and by quantity how many found a cell at a false discovery rate of 5 %, and by
        max-T.
    """
    usable, masks = whole(ecgs)
    chosen = np.flatnonzero(usable)[: size.ecgs]
    shown = Ecgs(data=ecgs.take(chosen), masks=masks[chosen], references=references_of(learners))
    designs = {"disjoint": _disjoint(learners, size), "resampled": _resampled(learners, size)}
    found: dict[str, object] = {"patients_per_run": size.per_run, "ecgs": len(chosen), "epochs": effort.epochs}
    for name, trainings in designs.items():
        repeats = []
        for groups, halvings in trainings:
            runs = train_runs(learners, {Sex(learners.sex[0]): groups}, work, effort)
            maps = explain_all(runs, shown, work, effort.workers, progress)
            repeats += [_found(maps, shown, half) for half in halvings]
        found[name] = {"trainings": len(trainings), "repeats": len(repeats)} | _count(repeats)
    return found


Training = tuple[list[np.ndarray], list[np.ndarray]]
"""Patients of every run, and the ways to divide the runs into two sets."""


def _disjoint(learners: Dataset, size: NullSize) -> list[Training]:
    """Partitions into runs that share nobody; which runs make a half is drawn `HALVINGS` times."""
    trainings = []
    for number in range(size.partitions):
        rng = np.random.default_rng([7, number])
        order = rng.permutation(len(learners))[: 2 * RUNS * size.per_run]
        halves = [rng.permutation(2 * RUNS) < RUNS for _ in range(HALVINGS)]
        trainings.append((list(order.reshape(2 * RUNS, -1)), halves))
    return trainings


def _resampled(learners: Dataset, size: NullSize) -> list[Training]:
    """Two small cohorts that share nobody, each resampled with replacement."""
    trainings = []
    for number in range(size.resampled):
        rng = np.random.default_rng([8, number])
        halves = rng.permutation(len(learners))[: 2 * size.per_run].reshape(2, -1)
        runs = [rng.choice(half, size.per_run) for half in halves for _ in range(RUNS)]
        trainings.append((runs, [np.arange(2 * RUNS) < RUNS]))
    return trainings


def _found(maps: Sequence[RunMaps], ecgs: Ecgs, half: np.ndarray) -> dict[str, tuple[bool, bool]]:
    """Whether a cell was found in each quantity: at a false discovery rate of 5 %, and by max-T."""
    deviation, everybody = deviation_mv(ecgs), np.ones(len(ecgs.data), dtype=bool)
    each = [importance(one, deviation, everybody) for one in maps]
    answers = {}
    for name in QUANTITIES:
        values: FloatArray = np.stack([one[name] for one in each])
        effect = labels_effect(values, half)
        answers[name] = bool((effect.q <= LEVEL).any()), bool((effect.p_max_t <= LEVEL).any())
    return answers


def _count(repeats: Sequence[dict[str, tuple[bool, bool]]]) -> dict[str, dict[str, int]]:
    return {
        name: {test: sum(one[name][k] for one in repeats) for k, test in enumerate(("fdr", "max_t"))}
        for name in QUANTITIES
    }
