"""The networks of a user's own table: one for each fold left out, from scratch or going on from trained weights."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle, Models
from elvmass_core.models.inputs import Normaliser
from elvmass_core.models.tcn import ElvMassNet
from elvmass_core.processes import Progress
from elvmass_core.study.build import TRAINED_ON, learners_of, run_key
from elvmass_core.study.dataset import Dataset, write_dataset
from elvmass_core.study.train import Effort, MemberTask, Recipe, folds, load_member, train_members
from elvmass_core.wording import SEX_NAMES

FOLDS = 5
FINE = replace(Recipe(), learning_rate=3e-4, weight_decay=0.0)
EPOCHS, FINE_EPOCHS = Effort().epochs, 10
"""More epochs from scratch made few patients worse (men of 200 patients, 20, 60, 150 epochs: 19.6, 21.4, 22.6 g)."""


def patient_folds(data: Dataset) -> np.ndarray:
    """Fold of each recording (n,): within each sex balanced over g/m², all recordings of a patient in one."""
    fold = np.empty(len(data), dtype=int)
    for number, sex in enumerate(SEX_NAMES):
        mine = np.flatnonzero(data.sex == sex.value)
        _, first, which = np.unique(data.patient[mine], return_index=True, return_inverse=True)
        index = (data.lvm_g / data.bsa_m2)[mine][first]
        fold[mine] = folds(index, FOLDS, seed=number)[which]
    return fold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """The members of an ensemble, one for each fold left out, and the scale of their inputs."""

    members: list[ElvMassNet]
    normaliser: Normaliser
    epochs: int


def train_folds(
    data: Dataset,
    fold: np.ndarray,
    start: Models | None,
    epochs: int | None,
    workers: int,
    work: Path,
    progress: Progress | None,
) -> dict[str, Trained]:
    """Every network of every ensemble; finished ones are kept."""
    recipe = Recipe() if start is None else FINE
    folder = work / run_key(data, recipe, epochs, fold.tolist(), _start_hashes(start))
    normalisers, tasks = {}, {}
    for who in TRAINED_ON:
        learners = learners_of(data, who)
        begun = None if start is None else start_bundle(start, who)
        normalisers[who] = Normaliser.fit(learners.rows) if begun is None else begun.normaliser
        inside = fold[np.isin(data.sex, [sex.value for sex in TRAINED_ON[who]])]
        tasks[who] = _tasks(learners, inside, who, recipe, normalisers[who], begun, epochs, folder)
    train_members([task for some in tasks.values() for task in some], workers, progress)
    return {
        who: Trained(members=[load_member(task) for task in some], normaliser=normalisers[who], epochs=some[0].epochs)
        for who, some in tasks.items()
    }


def _tasks(
    learners: Dataset,
    fold: np.ndarray,
    who: str,
    recipe: Recipe,
    normaliser: Normaliser,
    begun: Bundle | None,
    epochs: int | None,
    folder: Path,
) -> list[MemberTask]:
    """One network for each fold, which it does not see."""
    tasks = []
    for k in range(FOLDS):
        name = f"{who}-without-{k}"
        part = learners.take(fold != k)
        write_dataset(part, folder / f"{name}.npz")
        tasks.append(
            MemberTask(
                seed=1000 * k + list(TRAINED_ON).index(who) + 1,
                epochs=epochs or (EPOCHS if begun is None else FINE_EPOCHS),
                recipe=recipe,
                data=folder / f"{name}.npz",
                checkpoint=folder / f"member-{name}.safetensors",
                start=None if begun is None else _start_file(begun, k, folder / f"start-{name}.safetensors"),
                normaliser=normaliser,
            )
        )
    return tasks


def start_bundle(start: Models, who: str) -> Bundle:
    """The trained weights that an ensemble goes on from."""
    sexes = TRAINED_ON[who]
    found = start.pooled[:1] if len(sexes) > 1 else start.for_sex(sexes[0])
    if not found:
        raise BundleError(f"The weights to go on from lack a model for {'men and women' if who == 'both' else who}.")
    return found[0]


def _start_hashes(start: Models | None) -> list[str]:
    return [] if start is None else [start_bundle(start, who).sha256 for who in TRAINED_ON]


def _start_file(begun: Bundle, number: int, path: Path) -> Path:
    """A member of trained weights, as a file of its own."""
    members = begun.ensemble.members
    save_file({name: tensor.contiguous() for name, tensor in members[number % len(members)].state_dict().items()}, path)
    return path
