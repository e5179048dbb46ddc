"""From a table of recordings to arrays, through the same path as an upload."""

import collections
import hashlib
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from elvmass_core.domain import Patient, Sex, blocks
from elvmass_core.errors import BeatError, PatientError, RecordingError, TableError
from elvmass_core.features import measure
from elvmass_core.io import load_files, read_recording
from elvmass_core.models.inputs import tabular_row
from elvmass_core.quality import check_beat, check_patient, check_recording
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat
from elvmass_core.units import body_surface_area_m2

TABLE_COLUMNS = ("record", "sex", "age", "height_cm", "weight_kg", "lvm_g")
RECORD_SUFFIXES = ("", ".hea", ".dcm", ".csv", ".zip")
"""Tried in this order after the table's ``record``, relative to the table's folder."""
CHUNK = 25

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Beats, inputs and masses of the usable patients of a table.

    Attributes
    ----------
    beats_mv : float32 array (n, 12, 400)
    rows : array (n, 9)
        Non-waveform inputs in natural units.
    lvm_g, bsa_m2 : arrays (n,)
    sex : array (n,) of "F" or "M"
    refused : mapping of finding code to count
        Why recordings of the table are not in it.
    """

    beats_mv: np.ndarray
    rows: np.ndarray
    lvm_g: np.ndarray
    bsa_m2: np.ndarray
    sex: np.ndarray
    refused: dict[str, int]

    def __len__(self) -> int:
        return len(self.lvm_g)

    def take(self, index: np.ndarray) -> "Dataset":
        """The patients at `index` (integers or a mask)."""
        return Dataset(
            beats_mv=self.beats_mv[index],
            rows=self.rows[index],
            lvm_g=self.lvm_g[index],
            bsa_m2=self.bsa_m2[index],
            sex=self.sex[index],
            refused=self.refused,
        )

    def of(self, sex: Sex) -> "Dataset":
        """The patients of one sex."""
        return self.take(self.sex == sex.value)


def load_dataset(
    table: Path, *, cache: Path | None = None, workers: int = 2, progress: Progress | None = None
) -> Dataset:
    """Read every recording of a table, extract its beat, and keep what would be given an estimate.

    Parameters
    ----------
    table : Path
        CSV with `TABLE_COLUMNS`; ``record`` is a path relative to the table.
    cache : Path, optional
        Folder for the result, keyed by the table's content and the extraction version.

    Raises
    ------
    TableError
        Columns are missing or no patient is usable.
    """
    key = hashlib.sha256(table.read_bytes() + EXTRACTION_VERSION.encode()).hexdigest()[:16]
    stored = None if cache is None else cache / f"{key}.npz"
    if stored is not None and stored.is_file():
        return _from_file(stored)
    dataset = _read_table(table, workers, progress)
    if stored is not None:
        _to_file(dataset, stored)
    return dataset


def _read_table(table: Path, workers: int, progress: Progress | None) -> Dataset:
    frame = pd.read_csv(table, dtype={"record": str, "sex": str})
    absent = [name for name in TABLE_COLUMNS if name not in frame.columns]
    if absent:
        raise TableError(f"The table lacks the columns {', '.join(absent)}; it needs {', '.join(TABLE_COLUMNS)}.")
    lines = [(table.parent, line) for line in frame[list(TABLE_COLUMNS)].to_dict("records")]
    kept = []
    refused: collections.Counter[str] = collections.Counter()
    for done, (answer, line) in enumerate(zip(_map(_read_line, lines, workers), frame.to_dict("records"), strict=True)):
        if isinstance(answer, str):
            refused[answer] += 1
        else:
            kept.append((*answer, line))
        if progress is not None:
            progress(done + 1, len(lines))
    if not kept:
        raise TableError(f"No recording of the table can be used: {dict(refused)}.")
    beats, rows, patients = zip(*kept, strict=True)
    return Dataset(
        beats_mv=np.stack(beats),
        rows=np.stack(rows),
        lvm_g=np.array([line["lvm_g"] for line in patients], dtype=np.float64),
        bsa_m2=np.array([body_surface_area_m2(line["height_cm"], line["weight_kg"]) for line in patients]),
        sex=np.array([line["sex"] for line in patients]),
        refused=dict(refused),
    )


def _map(function: Callable, items: Sequence, workers: int) -> Sequence:
    """Map over processes with one thread each; in this process for one worker."""
    if workers <= 1:
        return [function(item) for item in items]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(function, items, chunksize=CHUNK))


def _read_line(item: tuple[Path, dict]) -> tuple[np.ndarray, np.ndarray] | str:
    """Beat (12, 400) and inputs (9,) of one line, or the code of the reason why not."""
    folder, line = item
    try:
        patient = Patient(
            sex=Sex(line["sex"]),
            age_years=float(line["age"]),
            height_cm=float(line["height_cm"]),
            weight_kg=float(line["weight_kg"]),
        )
        recording = read_recording(load_files([_record_path(folder, str(line["record"]))]))
        beat = extract_beat(recording)
    except (PatientError, RecordingError, BeatError, TableError) as error:
        return type(error).__name__
    features = measure(beat)
    found = (*recording.findings, *check_patient(patient), *check_recording(recording), *check_beat(beat, features))
    if blocks(found):
        return next(finding.code for finding in found if blocks((finding,)))
    return beat.signal_mv.astype(np.float32), tabular_row(patient, features)


def _record_path(folder: Path, record: str) -> Path:
    for suffix in RECORD_SUFFIXES:
        path = folder / (record + suffix)
        if path.is_file():
            return path
    raise TableError("A recording named in the table does not exist.")


def _to_file(dataset: Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez(
        draft,
        beats_mv=dataset.beats_mv,
        rows=dataset.rows,
        lvm_g=dataset.lvm_g,
        bsa_m2=dataset.bsa_m2,
        sex=dataset.sex,
        refused_codes=np.array(list(dataset.refused), dtype=str),
        refused_counts=np.array(list(dataset.refused.values()), dtype=np.int64),
    )
    draft.replace(path)


def _from_file(path: Path) -> Dataset:
    with np.load(path, allow_pickle=False) as stored:
        counts = zip(stored["refused_codes"].tolist(), stored["refused_counts"].tolist(), strict=True)
        names = ("beats_mv", "rows", "lvm_g", "bsa_m2", "sex")
        return Dataset(**{name: stored[name] for name in names}, refused=dict(counts))
