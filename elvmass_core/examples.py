"""The examples the app ships: simulated patients chosen by their hearts, never by what a model says of them."""

import csv
import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfiltfilt

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.errors import CohortError
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.wfdb_writer import filter_comment, write_wfdb
from elvmass_core.live.show import record
from elvmass_core.units import body_mass_index
from elvmass_core.virtual import simulate_beat, simulate_cohort
from elvmass_core.virtual.dial import TYPICAL, virtual_patient

SEED, N = 909, 900
_FS_HZ = 500.0
"""A cohort of its own: no patient of it trains, calibrates or tests a model."""
TABLE_COLUMNS = ("id", "title", "what_to_see", "files", "sex", "age", "height_cm", "weight_kg", "true_lvm_g")

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The first patient of the cohort for whom `fits` holds, perhaps with recording or file spoiled on purpose."""

    id: str
    title: str
    what_to_see: str
    fits: Callable[[Row], bool]
    spoil: Callable[[FloatArray], FloatArray] | None = None
    truncated: bool = False


def _index(row: Row) -> float:
    return float(row["lvm_true_g"]) / float(row["bsa_m2"])


def _cavity_index(row: Row) -> float:
    return float(row["edv_ml"]) / float(row["bsa_m2"])


def _undisturbed(row: Row) -> bool:
    return row["block"] == "none" and row["rhythm"] == "sinus" and row["scar"] == "0"


def _healthy(row: Row, sex: str, index: float) -> bool:
    return row["sex"] == sex and _index(row) < index and _undisturbed(row) and float(row["strain"]) < 0.1


def _bmi(row: Row) -> float:
    return body_mass_index(float(row["height_cm"]), float(row["weight_kg"]))


def _exchange_arms(signal_mv: FloatArray) -> FloatArray:
    """What the recorder shows when the RA and LA electrodes are exchanged."""
    swapped = np.array(signal_mv)
    swapped[[0, 1, 2, 3, 4]] = np.stack([-signal_mv[0], signal_mv[2], signal_mv[1], signal_mv[4], signal_mv[3]])
    return swapped


def _tremble(signal_mv: FloatArray) -> FloatArray:
    """Muscle tremor at every electrode: noise of 20 to 90 Hz, 0.15 mV, that keeps Einthoven's law."""
    band = butter(4, (20.0, 90.0), "bandpass", fs=_FS_HZ, output="sos")
    noise = sosfiltfilt(band, np.random.default_rng(SEED).standard_normal((8, signal_mv.shape[1])), axis=1)
    one, two, *chest = 0.15 * noise / noise.std(axis=1, keepdims=True)
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.asarray(signal_mv + np.array([*limb, *chest]))


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
        id="woman_concentric_lvh",
        title="Simulated woman, concentric LVH with strain",
        what_to_see="Thick walls, inverted T: the ECG adds over 30 g, and nearly half of the excess is still missed.",
        fits=lambda row: (
            row["sex"] == "F"
            and float(row["wall_mm"]) > 11.5
            and float(row["strain"]) > 0.3
            and _undisturbed(row)
            and _bmi(row) < 30
        ),
    ),
    Choice(
        id="man_lvh_strain",
        title="Simulated man, LVH with strain",
        what_to_see="A heavy heart that nearly all criteria and the model miss: see what misled it.",
        fits=lambda row: row["sex"] == "M" and _index(row) > 92.0 and float(row["strain"]) > 0.3 and _undisturbed(row),
    ),
    Choice(
        id="man_eccentric_lvh",
        title="Simulated man, eccentric LVH",
        what_to_see="A wide cavity with walls of usual thickness: no criterion is met, the estimate is too low.",
        fits=lambda row: (
            row["sex"] == "M"
            and _index(row) > 82.0
            and _cavity_index(row) > 77.0
            and float(row["wall_mm"]) < 10.5
            and _undisturbed(row)
        ),
    ),
    Choice(
        id="woman_lvh_no_strain",
        title="Simulated woman, LVH without strain",
        what_to_see="The hard case: the mass is high, the ECG says little. The interval tells you how little.",
        fits=lambda row: row["sex"] == "F" and _index(row) > 69.0 and float(row["strain"]) < 0.1 and _undisturbed(row),
    ),
    Choice(
        id="woman_obese_lvh",
        title="Simulated woman, obese, LVH hidden by low voltage",
        what_to_see="No criterion is met, for fat lowers the voltage; the model, which knows the body, comes close.",
        fits=lambda row: row["sex"] == "F" and _bmi(row) > 32.0 and _index(row) > 90.0 and _undisturbed(row),
    ),
    Choice(
        id="man_tall_thin",
        title="Simulated man, tall and thin, normal heart",
        what_to_see="A thin chest makes tall waves: a voltage criterion is met in a normal heart, and no LVH flagged.",
        fits=lambda row: (
            row["sex"] == "M" and _bmi(row) < 19.0 and float(row["height_cm"]) > 175.0 and _undisturbed(row)
        ),
    ),
    Choice(
        id="woman_lbbb",
        title="Simulated woman, left bundle branch block",
        what_to_see="Grams in grey and no LVH answer: a wide QRS is outside what the model knows.",
        fits=lambda row: row["sex"] == "F" and row["block"] == "lbbb" and _bmi(row) > 22.0,
    ),
    Choice(
        id="man_atrial_fibrillation",
        title="Simulated man, atrial fibrillation",
        what_to_see="The rhythm is irregular: P and PR are absent, LVH is not judged.",
        fits=lambda row: row["sex"] == "M" and row["rhythm"] == "atrial_fibrillation" and float(row["hr_bpm"]) > 85.0,
    ),
    Choice(
        id="man_arms_exchanged",
        title="Simulated man, arm electrodes exchanged",
        what_to_see="Lead I is upside down. No number is given, and the reason is.",
        fits=lambda row: _healthy(row, "M", 68.0),
        spoil=_exchange_arms,
    ),
    Choice(
        id="man_tremor",
        title="Simulated man, muscle tremor",
        what_to_see="Noise that no averaging mends: no number is given.",
        fits=lambda row: _healthy(row, "M", 68.0),
        spoil=_tremble,
    ),
    Choice(
        id="woman_wrong_gain",
        title="Simulated woman, amplitudes five times too large",
        what_to_see="A wrong gain passes every geometric check. Only its size gives it away.",
        fits=lambda row: _healthy(row, "F", 56.0),
        spoil=lambda signal_mv: 5.0 * signal_mv,
    ),
    Choice(
        id="broken_file",
        title="A broken file",
        what_to_see="Half of the data is missing: one sentence says so, and nothing else happens.",
        fits=lambda row: _healthy(row, "M", 68.0),
        truncated=True,
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
    rows.append(_write_athlete(folder))
    path = folder / "examples.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, TABLE_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


ATHLETE = replace(
    TYPICAL[Sex.MALE], age_years=32, height_cm=182, weight_kg=76, septum_mm=11.0, free_wall_mm=10.0, cavity_ml=165,
    rv_ml=180.0,
)  # fmt: skip
ATHLETE_BPM = 50.0
"""A trained heart drawn by hand: no cohort holds one."""


def _write_athlete(folder: Path) -> Row:
    """A large, slow and healthy heart, and its line of the table."""
    typical = virtual_patient(ATHLETE)
    patient = replace(typical, rhythm=replace(typical.rhythm, rate_bpm=ATHLETE_BPM))
    recording = record(patient, simulate_beat(patient))
    comments = (*filter_comment(recording.filters), "Simulated patient of ELVMass")
    write_wfdb(folder, "man_athlete", recording.signal_mv, recording.fs_hz, comments=comments)
    return {
        "id": "man_athlete",
        "title": "Drawn man, an athlete's heart",
        "what_to_see": "Large, slow, healthy, like no training patient: the estimate is far too low, no check objects.",
        "files": "man_athlete.hea;man_athlete.dat",
        "sex": ATHLETE.sex.value,
        "age": str(ATHLETE.age_years),
        "height_cm": str(ATHLETE.height_cm),
        "weight_kg": str(ATHLETE.weight_kg),
        "true_lvm_g": f"{patient.lvm_true_g:.0f}",
    }


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
    if choice.truncated:
        data = folder / f"{choice.id}.dat"
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
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
