"""The examples the app ships: simulated patients chosen by their hearts, never by what a model says of them."""

import csv
import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.errors import CohortError
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.wfdb_writer import filter_comment, write_wfdb
from elvmass_core.virtual import simulate_cohort

SEED, N = 909, 900
"""A cohort of its own: no patient of it trains, calibrates or tests a model."""
TABLE_COLUMNS = ("id", "title", "what_to_see", "files", "sex", "age", "height_cm", "weight_kg", "true_lvm_g")

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The first patient of the cohort for whom `fits` holds, perhaps with the recording spoiled on purpose."""

    id: str
    title: str
    what_to_see: str
    fits: Callable[[Row], bool]
    spoil: Callable[[FloatArray], FloatArray] | None = None


def _index(row: Row) -> float:
    return float(row["lvm_true_g"]) / float(row["bsa_m2"])


def _undisturbed(row: Row) -> bool:
    return row["block"] == "none" and row["rhythm"] == "sinus" and row["scar"] == "0"


def _healthy(row: Row, sex: str, index: float) -> bool:
    return row["sex"] == sex and _index(row) < index and _undisturbed(row) and float(row["strain"]) < 0.1


def _exchange_arms(signal_mv: FloatArray) -> FloatArray:
    """What the recorder shows when the RA and LA electrodes are exchanged."""
    swapped = np.array(signal_mv)
    swapped[[0, 1, 2, 3, 4]] = np.stack([-signal_mv[0], signal_mv[2], signal_mv[1], signal_mv[4], signal_mv[3]])
    return swapped


CHOICES = (
    Choice(
        id="woman_normal",
        title="Simulated woman, normal heart",
        what_to_see="A normal heart with small voltages: read the caution, compare the interval with body size alone.",
        fits=lambda row: _healthy(row, "F", 56.0),
    ),
    Choice(
        id="man_normal",
        title="Simulated man, normal heart",
        what_to_see="A normal heart that the model makes too heavy: men have a model and a cut-off of their own.",
        fits=lambda row: _healthy(row, "M", 68.0),
    ),
    Choice(
        id="man_lvh_strain",
        title="Simulated man, LVH with strain",
        what_to_see="A heavy heart that nearly all criteria and the model miss: see what misled it.",
        fits=lambda row: row["sex"] == "M" and _index(row) > 92.0 and float(row["strain"]) > 0.3 and _undisturbed(row),
    ),
    Choice(
        id="woman_lvh_no_strain",
        title="Simulated woman, LVH without strain",
        what_to_see="The hard case: the mass is high, the ECG says little. The interval tells you how little.",
        fits=lambda row: row["sex"] == "F" and _index(row) > 69.0 and float(row["strain"]) < 0.1 and _undisturbed(row),
    ),
    Choice(
        id="man_arms_exchanged",
        title="Simulated man, arm electrodes exchanged",
        what_to_see="Lead I is upside down. No number is given, and the reason is.",
        fits=lambda row: _healthy(row, "M", 68.0),
        spoil=_exchange_arms,
    ),
    Choice(
        id="woman_wrong_gain",
        title="Simulated woman, amplitudes five times too large",
        what_to_see="A wrong gain passes every geometric check. Only its size gives it away.",
        fits=lambda row: _healthy(row, "F", 56.0),
        spoil=lambda signal_mv: 5.0 * signal_mv,
    ),
)


def make_examples(folder: Path, *, workers: int = 2, progress: Callable[[int, int], None] | None = None) -> Path:
    """Write the recordings and ``examples.csv`` into a folder, which is emptied first.

    Returns
    -------
    Path
        The table: id, title, what_to_see, files, sex, age, height_cm, weight_kg, true_lvm_g.

    Raises
    ------
    CohortError
        No patient of the cohort fits a choice.
    """
    with tempfile.TemporaryDirectory() as scratch:
        table = simulate_cohort(N, SEED, Path(scratch), workers=workers, progress=progress)
        patients = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
        chosen = [_first(choice, patients) for choice in CHOICES]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        rows = [_write(folder, choice, row, table.parent) for choice, row in zip(CHOICES, chosen, strict=True)]
    path = folder / "examples.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TABLE_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _first(choice: Choice, patients: list[Row]) -> Row:
    found = next(filter(choice.fits, patients), None)
    if found is None:
        raise CohortError(f"No patient of the example cohort fits {choice.id}: loosen its condition.")
    return found


def _write(folder: Path, choice: Choice, row: Row, cohort: Path) -> Row:
    """Copy (or spoil) one recording and return its line of the table."""
    recording = read_recording(load_files([cohort / f"{row['record']}.hea"]))
    signal_mv = recording.signal_mv if choice.spoil is None else choice.spoil(recording.signal_mv)
    comments = (*filter_comment(recording.filters), "Simulated patient of ELVMass")
    write_wfdb(folder, choice.id, signal_mv, recording.fs_hz, comments=comments)
    return {
        "id": choice.id,
        "title": choice.title,
        "what_to_see": choice.what_to_see,
        "files": f"{choice.id}.hea;{choice.id}.dat",
        "sex": row["sex"],
        "age": row["age"],
        "height_cm": row["height_cm"],
        "weight_kg": row["weight_kg"],
        "true_lvm_g": f"{float(row['lvm_true_g']):.0f}",
    }
