"""Training runs: independent fits on disjoint groups of patients of one sex.

The run is the unit of the comparison. Fits on resamples of one cohort share its patients: two sets of them differ by
what the two cohorts happen to hold, and a permutation of their labels takes that for a difference of the sexes
(measured in `elvmass_core.sexes.null`). Runs that share nobody can be exchanged, if nothing but the label tells them
apart.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.models.inputs import Normaliser
from elvmass_core.models.tcn import ElvMassNet
from elvmass_core.study.dataset import Dataset, read_dataset, write_dataset
from elvmass_core.study.train import (
    TRAINING_VERSION,
    Effort,
    MemberTask,
    Recipe,
    folds,
    load_member,
    train_members,
)

RUNS = 10
"""Of each sex: the least that science asks for."""
MIN_PATIENTS_PER_RUN = 40
"""A fit on fewer learns nothing of the ECG (assumed)."""
SEXES = (Sex.MALE, Sex.FEMALE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A finished run: the sex it learned from, its network (frozen), and the normaliser of its own patients."""

    sex: Sex
    network: ElvMassNet
    normaliser: Normaliser


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask:
    """A run to be: whose patients it learns from, and the files that hold them and the result."""

    sex: Sex
    member: MemberTask

    def load(self) -> Run:
        """The run, once it is trained."""
        normaliser = Normaliser.fit(read_dataset(self.member.data).rows)
        return Run(sex=self.sex, network=load_member(self.member), normaliser=normaliser)


def disjoint_groups(data: Dataset, runs: int) -> dict[Sex, list[np.ndarray]]:
    """Indices of the patients of each run: as many in every run of either sex, balanced over mass, nobody twice.

    Raises
    ------
    TableError
        Too few patients of a sex.
    """
    found = {}
    each = min(int((data.sex == sex.value).sum()) for sex in SEXES) // runs
    if each < MIN_PATIENTS_PER_RUN:
        raise TableError(
            f"{runs} training runs of each sex need {runs * MIN_PATIENTS_PER_RUN} men and as many women to learn from; "
            f"there are {each * runs} of one."
        )
    for sex in SEXES:
        mine = np.flatnonzero(data.sex == sex.value)
        group = folds(data.lvm_g[mine], runs, seed=11)
        found[sex] = [mine[group == number][:each] for number in range(runs)]
    return found


def train_runs(data: Dataset, groups: dict[Sex, list[np.ndarray]], work: Path, effort: Effort) -> list[RunTask]:
    """Fit every run that is not there yet, men's first.

    Parameters
    ----------
    work : Path
        A folder for the patients of each run, and the fits.
    """
    recipe = Recipe()
    folder = work / f"runs-{_key(data, groups, effort, recipe)}"
    tasks = [
        RunTask(sex=sex, member=_task(data.take(group), f"{sex.value}-{number}", number, folder, effort, recipe))
        for sex, some in groups.items()
        for number, group in enumerate(some)
    ]
    train_members([task.member for task in tasks], effort.workers)
    return tasks


def _task(data: Dataset, name: str, number: int, folder: Path, effort: Effort, recipe: Recipe) -> MemberTask:
    """A run's own file of patients and its checkpoint; every run has a seed of its own."""
    path = folder / f"{name}.npz"
    if not path.is_file():
        write_dataset(replace(data, left_out=()), path)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    return MemberTask(
        seed=seed, epochs=effort.epochs, recipe=recipe, data=path, checkpoint=folder / f"{name}.safetensors"
    )


def _key(data: Dataset, groups: dict[Sex, list[np.ndarray]], effort: Effort, recipe: Recipe) -> str:
    """Fits on other patients or by another recipe are not taken up."""
    facts = hashlib.sha256(repr((TRAINING_VERSION, effort.epochs, recipe)).encode())
    for array in (data.beats_mv, data.rows, data.lvm_g, *(one for some in groups.values() for one in some)):
        facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]
