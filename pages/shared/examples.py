"""Recordings that come with the app: simulated patients in ``examples/`` and one real recording inside pydicom."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom.data import get_testdata_file

from elvmass_core.domain import Patient, Sex
from pages.shared.cache import ROOT
from pages.shared.state import Origin

FOLDER = ROOT / "examples"
TABLE = FOLDER / "examples.csv"
_REAL_DICOM = "waveform_ecg.dcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example: its files and what is known about it."""

    id: str
    origin: Origin
    paths: tuple[Path, ...]

    def files(self) -> dict[str, bytes]:
        """Content of the files, as an upload would give it."""
        return {path.name: path.read_bytes() for path in self.paths}


def examples() -> dict[str, Example]:
    """Examples by id, simulated patients first."""
    found = _simulated()
    path = get_testdata_file(_REAL_DICOM, download=False)
    if path is not None:
        origin = Origin(
            words="the file",
            title="Real recording (DICOM, from pydicom): mass unknown",
            what_to_see="A real 12-lead ECG; nobody measured this heart's mass, so no answer here can be checked.",
        )
        found["real_dicom"] = Example(id="real_dicom", origin=origin, paths=(Path(str(path)),))
    return found


def _simulated() -> dict[str, Example]:
    """The rows of ``examples.csv``; none when the folder is not there."""
    if not TABLE.is_file():
        return {}
    with TABLE.open(encoding="utf-8", newline="") as table:
        return {row["id"]: _example(row) for row in csv.DictReader(table)}


def _example(row: Mapping[str, str]) -> Example:
    patient = Patient(
        sex=Sex(row["sex"] or Sex.UNKNOWN),
        age_years=_number(row["age"]),
        height_cm=_number(row["height_cm"]),
        weight_kg=_number(row["weight_kg"]),
    )
    origin = Origin(
        words="the example",
        title=row["title"],
        what_to_see=row["what_to_see"],
        patient=patient,
        truth_g=_number(row["true_lvm_g"]),
    )
    paths = tuple(FOLDER / name.strip() for name in row["files"].split(";") if name.strip())
    return Example(id=row["id"], origin=origin, paths=paths)


def _number(text: str) -> float | None:
    return float(text) if text.strip() else None
