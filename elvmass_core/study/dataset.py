"""From a table of recordings to arrays, through the same path as an upload."""

import collections
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from elvmass_core.domain import OLDEST_YEARS, Patient, Recording, Sex, blocks
from elvmass_core.errors import BeatError, PatientError, RecordingError, TableError
from elvmass_core.features import FEATURE_NAMES, measure
from elvmass_core.io import load_files, read_recording
from elvmass_core.models.inputs import TABULAR_INPUTS, tabular_row
from elvmass_core.processes import Progress, map_processes
from elvmass_core.quality import check_beat, check_patient, check_recording
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat
from elvmass_core.signal.delineate import delineate
from elvmass_core.signal_space import describe_leads

TABLE_COLUMNS = ("record", "sex", "age", "height_cm", "weight_kg", "lvm_g")
PATIENT = "patient"
"""Column that a table may have: lines of one patient share its value. Without it every line is another patient."""
SEX_CODES = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE}
RECORD_SUFFIXES = ("", ".hea", ".dcm", ".xml", ".XML", ".scp", ".edf", ".csv", ".zip", ".npz", ".mat")
"""Tried in this order after the table's ``record``, relative to the table's folder."""
OVER_89 = "90+"
SEX_DIFFERS = "sex_differs_from_file"
"""Reason: the file is of a man and the line of a woman, or the other way round; one of them is another person."""
LVM_LIMITS_G = (20.0, 600.0)
"""Measured masses outside these are typing errors or other units (assumed)."""
DATASET_LAYOUT = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One usable line of a table."""

    beat_mv: np.ndarray
    row: np.ndarray
    measured: np.ndarray
    lvm_g: float
    bsa_m2: float
    sex: str
    record: str
    patient: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Beats, inputs and masses of the usable patients of a table.

    Attributes
    ----------
    beats_mv : float32 array (n, 12, 400)
    rows : array (n, 10)
        Non-waveform inputs in natural units.
    measured : array (n, n_features)
        `elvmass_core.features.FEATURE_NAMES`, NaN where absent: what the hand-made comparators get.
    lvm_g, bsa_m2 : arrays (n,)
    sex : array (n,) of "F" or "M"
    record, patient : arrays (n,) of str
        As the table names them; without a column of patients each record is one.
    left_out : tuple of (record, reason)
        Recordings of the table that are not in it, with the code of the reason.
    """

    beats_mv: np.ndarray
    rows: np.ndarray
    measured: np.ndarray
    lvm_g: np.ndarray
    bsa_m2: np.ndarray
    sex: np.ndarray
    record: np.ndarray
    patient: np.ndarray
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def refused(self) -> dict[str, int]:
        """How many recordings were left out for each reason."""
        return dict(collections.Counter(reason for _, reason in self.left_out))

    def __len__(self) -> int:
        return len(self.lvm_g)

    def take(self, index: np.ndarray) -> "Dataset":
        """The patients at `index` (integers or a mask)."""
        return Dataset(
            beats_mv=self.beats_mv[index],
            rows=self.rows[index],
            measured=self.measured[index],
            lvm_g=self.lvm_g[index],
            bsa_m2=self.bsa_m2[index],
            sex=self.sex[index],
            record=self.record[index],
            patient=self.patient[index],
            left_out=self.left_out,
        )

    def descriptions(self) -> np.ndarray:
        """Each beat in signal space, shape (n, 8, 14); NaN where a wave is absent."""
        rr_ms = 60000.0 / self.rows[:, TABULAR_INPUTS.index("rate_bpm")]
        beats = self.beats_mv.astype(np.float64)
        return np.stack([describe_leads(one, delineate(one, rr_ms=rr)) for one, rr in zip(beats, rr_ms, strict=True)])

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
        Folder for the result, keyed by the table, the size and time of every recording, and the extraction version.

    Raises
    ------
    TableError
        Columns are missing or no patient is usable.
    """
    frame = read_table(table)
    stored = None if cache is None else cache / f"{_key(table, frame)}.npz"
    if stored is not None and stored.is_file():
        return read_dataset(stored)
    dataset = _read_all(table.parent, frame, workers, progress)
    if stored is not None:
        write_dataset(dataset, stored)
    return dataset


def read_table(table: Path) -> pd.DataFrame:
    """The table as text, with the columns that are needed.

    Raises
    ------
    TableError
        It is not a CSV, or lacks a column.
    """
    try:
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise TableError("The table cannot be read as CSV: check the file.") from error
    absent = [name for name in TABLE_COLUMNS if name not in frame.columns]
    if absent:
        raise TableError(f"The table lacks the columns {', '.join(absent)}; it needs {', '.join(TABLE_COLUMNS)}.")
    return frame


def _key(table: Path, frame: pd.DataFrame) -> str:
    """Changes with the table, with any recording's size or time, and with the extraction."""
    facts = hashlib.sha256(table.read_bytes() + f"{EXTRACTION_VERSION} {DATASET_LAYOUT}".encode())
    records = [table.parent / record for record in frame["record"]]
    files = {folder: _files_by_stem(folder) for folder in {record.parent for record in records}}
    for record in records:
        for path in files[record.parent].get(_stem(record), ()):
            status = path.stat()
            facts.update(f"{path.name} {status.st_size} {status.st_mtime_ns}".encode())
    return facts.hexdigest()[:16]


def _files_by_stem(folder: Path) -> dict[str, list[Path]]:
    """Files of a folder by what stands before the first dot: one listing, however many records there are."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        found.setdefault(_stem(path), []).append(path)
    return found


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _read_all(folder: Path, frame: pd.DataFrame, workers: int, progress: Progress | None) -> Dataset:
    """Read every line, keep the usable ones and count the others by reason."""
    columns = [*TABLE_COLUMNS, *({PATIENT} & set(frame.columns))]
    lines = [(folder, line) for line in frame[columns].to_dict("records")]
    left_out: list[tuple[str, str]] = []
    kept: list[Case] = []
    for done, answer in enumerate(map_processes(_read_line, lines, workers)):
        if isinstance(answer, str):
            left_out.append((lines[done][1]["record"], answer))
        else:
            kept.append(answer)
        if progress is not None:
            progress(done + 1, len(lines))
    if not kept:
        reasons = sorted({reason for _, reason in left_out})
        raise TableError(f"No recording of the table can be used: {', '.join(reasons)}.")
    return Dataset(
        beats_mv=np.stack([case.beat_mv for case in kept]),
        rows=np.stack([case.row for case in kept]),
        measured=np.stack([case.measured for case in kept]),
        lvm_g=np.array([case.lvm_g for case in kept]),
        bsa_m2=np.array([case.bsa_m2 for case in kept]),
        sex=np.array([case.sex for case in kept]),
        record=np.array([case.record for case in kept]),
        patient=np.array([case.patient for case in kept]),
        left_out=tuple(left_out),
    )


def _read_line(item: tuple[Path, dict[str, str]]) -> Case | str:
    """One usable line of the table, or the code of the reason why it is not."""
    folder, line = item
    try:
        patient, lvm_g = _patient(line), _number(line, "lvm_g")
        recording = read_record(folder, line["record"])
        beat = extract_beat(recording)
    except (PatientError, RecordingError, BeatError, TableError) as error:
        return type(error).__name__
    features = measure(beat)
    found = (*recording.findings, *check_patient(patient), *check_recording(recording), *check_beat(beat, features))
    if patient.bsa_m2 is None:
        return "body_size_unknown"
    if not LVM_LIMITS_G[0] <= lvm_g <= LVM_LIMITS_G[1]:
        return "lvm_implausible"
    if recording.stated.sex not in (Sex.UNKNOWN, patient.sex):
        return SEX_DIFFERS
    if blocks(found):
        return next(finding.code for finding in found if blocks((finding,)))
    return Case(
        beat_mv=beat.signal_mv.astype(np.float32),
        row=tabular_row(patient, features),
        measured=np.array([_or_nan(features[name]) for name in FEATURE_NAMES]),
        lvm_g=lvm_g,
        bsa_m2=patient.bsa_m2,
        sex=patient.sex.value,
        record=line["record"],
        patient=line.get(PATIENT) or line["record"],
    )


def _patient(line: dict[str, str]) -> Patient:
    """The person of a line; TableError for a sex other than F or M or for a word where a number belongs."""
    sex = SEX_CODES.get(line["sex"].strip().lower())
    if sex is None:
        raise TableError("The column sex of the table holds F or M.")
    return Patient(
        sex=sex,
        age_years=OLDEST_YEARS if line["age"].strip() == OVER_89 else _number(line, "age"),
        height_cm=_number(line, "height_cm"),
        weight_kg=_number(line, "weight_kg"),
    )


def _number(line: dict[str, str], column: str) -> float:
    try:
        return float(line[column])
    except ValueError as error:
        raise TableError(f"The column {column} of the table holds numbers.") from error


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def read_record(folder: Path, record: str) -> Recording:
    """One recording of a table in this folder, in any format that is read."""
    return read_recording(load_files([_record_path(folder, record)]))


def _record_path(folder: Path, record: str) -> Path:
    for suffix in RECORD_SUFFIXES:
        path = folder / (record + suffix)
        if path.is_file():
            return path
    raise TableError("A recording named in the table does not exist.")


def write_dataset(dataset: Dataset, path: Path) -> None:
    """Store as NPZ, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part.npz")
    np.savez(
        draft,
        beats_mv=dataset.beats_mv,
        rows=dataset.rows,
        measured=dataset.measured,
        lvm_g=dataset.lvm_g,
        bsa_m2=dataset.bsa_m2,
        sex=dataset.sex,
        record=dataset.record,
        patient=dataset.patient,
        left_out=np.array(dataset.left_out, dtype=str).reshape(-1, 2),
    )
    draft.replace(path)


def read_dataset(path: Path) -> Dataset:
    """What `write_dataset` stored."""
    with np.load(path, allow_pickle=False) as stored:
        left_out = tuple((str(record), str(reason)) for record, reason in stored["left_out"])
        names = ("beats_mv", "rows", "measured", "lvm_g", "bsa_m2", "sex", "record", "patient")
        return Dataset(**{name: stored[name] for name in names}, left_out=left_out)
