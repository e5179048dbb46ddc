"""What a worker does: read a recording in a limited child, analyse it, and answer with its row.

A worker may be a local process or one of a Dask cluster that sees the same files. It loads the weights once and
computes with one thread, so that its answers do not depend on how many workers there are.
"""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from elvmass_core.batch.discover import Item
from elvmass_core.batch.names import suffix_of
from elvmass_core.batch.patients import Given, patient_or_unknown
from elvmass_core.batch.rows import LOST_CODE, Row, error_row, refused_row, row_of
from elvmass_core.domain import Patient, Recording, Report
from elvmass_core.errors import ArchiveError, RecordingError, UnreadableError
from elvmass_core.io import load_files
from elvmass_core.io.archive import plain_name
from elvmass_core.io.limits import check_size
from elvmass_core.io.sandbox import Reader, read_safely
from elvmass_core.io.wfdb import data_file_names
from elvmass_core.models.bundle import Models, load_models
from elvmass_core.pipeline import analyse, versions

Facts = tuple[tuple[str, str], ...]
Read = Callable[..., Recording]
"""As `read_safely`."""
MapG = NDArray[np.float32]
"""Saliency of one beat, (12, 400) g."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is the same for every recording of a job.

    Parameters
    ----------
    weights : str
        Folder of the bundles, as every worker sees it.
    bundles : pairs of model name and SHA-256
        What the parent found there: a worker with other weights refuses to work.
    versions : pairs of name and version
        `elvmass_core.pipeline.versions` of the parent, likewise.
    unit, fs_hz : str or None, float or None
        Where a file states none.
    saliency : bool
        Whether integrated gradients are wanted.
    """

    weights: str
    bundles: Facts
    versions: Facts
    unit: str | None = None
    fs_hz: float | None = None
    saliency: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Task:
    """A few recordings of one part, in order; without words for itself, since Dask logs the arguments of what fails."""

    part: int
    number: int
    items: tuple[Item, ...]
    given: tuple[Given, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """Rows of a task in its order, and the maps of those that have one (None for the others)."""

    rows: tuple[Row, ...]
    maps: tuple[MapG | None, ...]


def score_task(task: Task, settings: Settings) -> Answer:
    """Score the recordings of a task.

    Raises
    ------
    ArchiveError
        This worker has other weights or another version than the parent.
    """
    models = _prepared(settings)
    with Reader() as reader:
        scored = [
            score_one(item, given, settings, models, reader.read)
            for item, given in zip(task.items, task.given, strict=True)
        ]
    return Answer(rows=tuple(row for row, _ in scored), maps=tuple(one for _, one in scored))


def score_one(
    item: Item, given: Given, settings: Settings, models: Models, read: Read = read_safely
) -> tuple[Row, MapG | None]:
    """Row and map of one recording; a pure function of its files, its patient and the weights."""
    try:
        recording = read(load_item(item), unit=settings.unit, fs_hz=settings.fs_hz)
    except RecordingError as error:
        patient, _ = patient_or_unknown(given, Patient())
        return error_row(item.record, patient, dict(settings.versions), error), None
    return score_recording(item.record, recording, given, models, saliency=settings.saliency)


def score_recording(
    record: str, recording: Recording, given: Given, models: Models, *, saliency: bool = False
) -> tuple[Row, MapG | None]:
    """The same for a recording that has been read."""
    patient, impossible = patient_or_unknown(given, recording.stated)
    if impossible is not None:
        return error_row(record, patient, versions(), impossible, recording), None
    report = analyse(recording, patient, models)
    return row_of(record, report), _map(report, models) if saliency else None


def lost_row(item: Item, given: Given, settings: Settings, why: str) -> Row:
    """The row of a recording on which a worker died or broke, also when it was alone with it."""
    patient, _ = patient_or_unknown(given, Patient())
    message = f"The worker that analysed this recording {why}, twice: look at the file by itself, with estimate."
    return refused_row(item.record, patient, dict(settings.versions), code=LOST_CODE, message=message)


def load_item(item: Item) -> dict[str, bytes]:
    """The files of one recording, by name."""
    return load_member(item.path, item.member) if item.member else load_files([Path(item.path)])


def load_member(path: str, member: str) -> dict[str, bytes]:
    """The files of one recording inside a zip: the member, and to a WFDB header its data."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = {plain_name(member): _read_member(archive, member)}
            if suffix_of(member) == ".hea":
                folder = PurePosixPath(member).parent
                beside = {str(folder / name): name for name in data_file_names(files[plain_name(member)])}
                there = set(archive.namelist()) & set(beside)
                files |= {beside[name]: _read_member(archive, name) for name in sorted(there)}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, KeyError, EOFError):
        raise UnreadableError("The zip archive is damaged or has a password: pack the files again.") from None
    check_size(sum(map(len, files.values())))
    return files


def _read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member, by its declared size and with a cap on what really comes out."""
    declared = archive.getinfo(name).file_size
    check_size(declared)
    with archive.open(name) as stream:
        return stream.read(declared)


def _prepared(settings: Settings) -> Models:
    """Models of this process, which computes with one thread from now on."""
    import torch

    torch.set_num_threads(1)  # of the calling thread: a Dask worker may have several
    return _loaded(settings)


@lru_cache(maxsize=1)
def _loaded(settings: Settings) -> Models:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    models = load_models(Path(settings.weights))
    if bundle_hashes(models) != settings.bundles:
        raise ArchiveError("A worker found other weights than the parent: give all of them the same folder.")
    if facts(versions()) != settings.versions:
        raise ArchiveError(f"A worker runs other versions ({versions()}) than the parent: install the same on all.")
    return models


def bundle_hashes(models: Models) -> Facts:
    """Name and hash of the bundles that answer."""
    return facts({bundle.model_id: bundle.sha256 for bundle in models.bundles})


def facts(named: Mapping[str, str]) -> Facts:
    """Names and values in order, as a key of a cache."""
    return tuple(sorted(named.items()))


def _map(report: Report, models: Models) -> MapG | None:
    """Integrated gradients of the one estimate, complete within 1 % or 0.5 g; None without one."""
    if report.estimate is None or report.beat is None or report.features is None:
        return None
    from elvmass_core.attribution.many import explain_beats
    from elvmass_core.models.inputs import tabular_row

    (bundle,) = models.for_sex(report.patient.sex)
    row = tabular_row(report.patient, report.features)
    return explain_beats(bundle, report.beat.signal_mv[None], row[None]).beat_g[0]
