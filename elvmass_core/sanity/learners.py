"""Networks made for the tests: members of five folds as in the publication, and the same with masses exchanged."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from elvmass_core.domain import Sex
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.inputs import Normaliser
from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study.dataset import Dataset, read_dataset, write_dataset
from elvmass_core.study.train import TRAINING_VERSION, MemberTask, Recipe, folds, load_member

FOLDS = 5
PUBLISHED_N = 1459
"""Patients of the publication, men and women: the sample that the five folds divide."""
OTHERS = 4
"""Networks that share no patient with each other or with the folds, each of as many patients as a fold's."""
PERMUTED = 3
"""Networks that learn from exchanged masses: on the patients of the first folds."""
SEED = 7100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learner:
    """A network and how its non-waveform inputs are standardised."""

    network: nn.Module
    normaliser: Normaliser


@dataclass(frozen=True, slots=True, kw_only=True)
class Learners:
    """What has to be trained for one bundle, or for two that share their members.

    Attributes
    ----------
    folds : tuple of MemberTask
        Each on four fifths of the sample.
    permuted : tuple of MemberTask
        On the same patients, with the masses exchanged among those of one sex.
    others : tuple of MemberTask
        On as many patients each, none of them in two networks or in the folds.
    n_sample : int
        Patients that the folds divide.
    """

    folds: tuple[MemberTask, ...]
    permuted: tuple[MemberTask, ...]
    others: tuple[MemberTask, ...]
    n_sample: int


def sexes_of(bundle: Bundle) -> tuple[Sex, ...]:
    """Whom the members of a bundle learned from."""
    return (Sex.MALE, Sex.FEMALE) if bundle.pooled else (bundle.sex,)


def plan_learners(bundle: Bundle, train: Dataset, work: Path, *, n: int = PUBLISHED_N, epochs: int = 20) -> Learners:
    """Write the patients of every network to `work` and say what is to be trained.

    Parameters
    ----------
    train : Dataset
        Training patients of both sexes; the last `n` are the sample, of which those of the bundle's sex take part.
    """
    own = np.isin(train.sex, [sex.value for sex in sexes_of(bundle)])
    in_sample = np.arange(len(train)) >= len(train) - n
    mine, rest = train.take(own & in_sample), np.flatnonzero(own & ~in_sample)
    recipe = Recipe(config=TcnConfig(**bundle.manifest["architecture"]))
    folder = work / f"sanity-{_key(mine, recipe, epochs)}"
    fold, tasks = folds(mine.lvm_g, FOLDS, SEED), []
    for number in range(FOLDS):
        part = mine.take(fold != number)
        tasks.append(_task(part, folder, "fold", number, recipe, epochs))
        if number < PERMUTED:
            tasks.append(_task(exchanged(part, SEED + number), folder, "exchanged", number, recipe, epochs))
    size = min(len(mine) * (FOLDS - 1) // FOLDS, len(rest) // OTHERS)
    others = [train.take(rest[number * size : (number + 1) * size]) for number in range(OTHERS)]
    return Learners(
        folds=tuple(task for task in tasks if task.checkpoint.name.startswith("fold")),
        permuted=tuple(task for task in tasks if task.checkpoint.name.startswith("exchanged")),
        others=tuple(_task(one, folder, "others", number, recipe, epochs) for number, one in enumerate(others)),
        n_sample=len(mine),
    )


def exchanged(data: Dataset, seed: int) -> Dataset:
    """The same patients with their masses exchanged at random among those of one sex; beats and measurements stay."""
    rng, lvm_g = np.random.default_rng(seed), data.lvm_g.copy()
    for sex in np.unique(data.sex):
        mine = np.flatnonzero(data.sex == sex)
        lvm_g[mine] = data.lvm_g[rng.permutation(mine)]
    return replace(data, lvm_g=lvm_g)


def learner(task: MemberTask) -> Learner:
    """A trained network with its own normaliser."""
    return Learner(network=load_member(task), normaliser=Normaliser.fit(read_dataset(task.data).rows))


def members(bundle: Bundle) -> list[Learner]:
    """The members of a bundle: all on the same patients, each from its own seed."""
    return [Learner(network=member, normaliser=bundle.normaliser) for member in bundle.ensemble.members]


def _task(data: Dataset, folder: Path, kind: str, number: int, recipe: Recipe, epochs: int) -> MemberTask:
    path = folder / f"{kind}-{number}.npz"
    if not path.is_file():
        write_dataset(data, path)
    checkpoint = folder / f"{kind}-{number}.safetensors"
    return MemberTask(seed=SEED + number, epochs=epochs, recipe=recipe, data=path, checkpoint=checkpoint)


def _key(data: Dataset, recipe: Recipe, epochs: int) -> str:
    """Checkpoints of other patients, effort or recipe are not taken up."""
    facts = hashlib.sha256(repr((TRAINING_VERSION, SEED, FOLDS, PERMUTED, epochs, recipe)).encode())
    for array in (data.beats_mv, data.rows, data.measured, data.lvm_g):
        facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]
