"""The comparison: every model on the same folds, inside and on a shifted cohort, one small file a fit.

Each patient of the internal cohort is predicted by the model that was fitted on the other folds; the external cohort by
the mean of the fold models. A stopped run goes on where it was.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.processes import Progress, map_processes
from elvmass_core.study.dataset import Dataset, read_dataset, write_dataset
from elvmass_core.study.rows import Cohort, Fit, Model, Recipe, named
from elvmass_core.study.train import TRAINING_VERSION, Effort, folds
from elvmass_core.study.unaveraged import UNAVERAGED_FOLDER, load_unaveraged

COMPARISON_VERSION = 3
"""Changes with anything below that changes an estimate: files of another version are not taken up."""
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A cohort on disk: its patients, and the folder of the table their records are named in."""

    data: Dataset
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """Grams of one model.

    Attributes
    ----------
    inside, outside : arrays (repeats, n), (repeats, n external)
        Of each training from another seed.
    """

    model: Model
    inside: FloatArray
    outside: FloatArray


@dataclass(frozen=True, slots=True)
class _Job:
    """One fit."""

    model: str
    fold: int
    repeat: int
    folder: Path
    effort: Effort

    @property
    def path(self) -> Path:
        """Where its estimates are kept."""
        return self.folder / f"{self.model}-{self.fold}-{self.repeat}.npz"


def compare(
    sources: Sequence[Source],
    models: Sequence[Model],
    work: Path,
    effort: Effort,
    progress: Progress | None = None,
) -> list[Estimates]:
    """Fit every model on every fold of the first cohort; predict that fold, and all of the second cohort.

    Parameters
    ----------
    sources : one or two
        The internal cohort, and the external one if there is any.
    work : Path
        Where the estimates of every fit are kept.
    """
    folder = work / f"comparison-{_key(sources, effort)}"
    for number, source in enumerate(sources):
        if any(model.unaveraged for model in models):
            load_unaveraged(source.folder, source.data, work / UNAVERAGED_FOLDER, effort.workers)
        if not _cohort_path(folder, number).is_file():
            write_dataset(source.data, _cohort_path(folder, number))
    jobs = [
        _Job(model.name, fold, repeat, folder, effort)
        for repeat in range(max(model.repeats for model in models))
        for model in models
        if repeat < model.repeats
        for fold in range(FOLDS)
    ]
    todo = [job for job in jobs if not job.path.is_file()]
    for done, _ in enumerate(map_processes(_run, todo, effort.workers, chunk=1)):
        if progress is not None:
            progress(done + 1, len(todo))
    return [_collect(model, sources, folder, effort) for model in models]


def _collect(model: Model, sources: Sequence[Source], folder: Path, effort: Effort) -> Estimates:
    """Put the folds of a model together."""
    fold = folds_by_sex(sources[0].data)
    n_outside = len(sources[1].data) if len(sources) > 1 else 0
    inside, outside = np.full((model.repeats, len(fold)), np.nan), np.zeros((model.repeats, n_outside))
    for repeat in range(model.repeats):
        for k in range(FOLDS):
            with np.load(_Job(model.name, k, repeat, folder, effort).path, allow_pickle=False) as stored:
                inside[repeat, fold == k] = stored["inside"]
                outside[repeat] += stored["outside"] / FOLDS
    return Estimates(model=model, inside=inside, outside=outside)


def _cohort_path(folder: Path, number: int) -> Path:
    return folder / f"cohort-{number}.npz"


def _cohort(folder: Path, number: int, *, unaveraged: bool) -> Cohort:
    data = read_dataset(_cohort_path(folder, number))
    cache = folder.parent / UNAVERAGED_FOLDER
    return Cohort(data=data, unaveraged=load_unaveraged(Path(), data, cache, 1) if unaveraged else None)


def _run(job: _Job) -> None:
    """Fit one model on all folds but one; store its estimates for that fold and for the external cohort."""
    torch.set_num_threads(1)
    (model,) = named([job.model])
    internal, *external = (
        _cohort(job.folder, number, unaveraged=model.unaveraged)
        for number in range(2)
        if _cohort_path(job.folder, number).is_file()
    )
    fold = folds_by_sex(internal.data)
    fit = Fit(
        train=internal.take(fold != job.fold), others=[internal.take(fold == job.fold), *external],
        seed=100 * job.repeat + job.fold, effort=job.effort, progress=job.path.with_suffix(".log"),
    )  # fmt: skip
    inside, *outside = model.fit(fit)
    draft = job.path.with_suffix(".part.npz")
    np.savez(draft, inside=inside, outside=outside[0] if outside else np.zeros(0))
    draft.replace(job.path)


def folds_by_sex(data: Dataset) -> np.ndarray:
    """Folds stratified by sex and mass."""
    fold = np.empty(len(data), dtype=int)
    for sex in (Sex.MALE, Sex.FEMALE):
        mine = data.sex == sex.value
        fold[mine] = folds(data.lvm_g[mine], FOLDS, seed=0)
    return fold


def _key(sources: Sequence[Source], effort: Effort) -> str:
    """Files of other patients, another effort or another training are not taken up."""
    facts = hashlib.sha256(repr((COMPARISON_VERSION, TRAINING_VERSION, effort.epochs, Recipe())).encode())
    for source in sources:
        data = source.data
        for array in (data.beats_mv, data.rows, data.measured, data.lvm_g, data.sex, data.record):
            facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]
