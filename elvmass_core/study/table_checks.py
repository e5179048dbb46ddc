"""Checks of a table of patients with a measured LV mass, in words, before anything is learned from it.

Like the checks of a recording, each gives Findings: a STOP is a table that must be mended first, a CAUTION says what
was left out or looks odd, a NOTE what was done. Limits are assumed, wide enough for any adult cohort.
"""

import collections
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from elvmass_core.domain import OLDEST_YEARS, PATIENT_LIMITS, Finding, FloatArray, Severity, Sex
from elvmass_core.models.inputs import BODY_INPUTS, columns
from elvmass_core.study.dataset import LVM_LIMITS_G, OVER_89, PATIENT, SEX_CODES, SEX_DIFFERS, Dataset
from elvmass_core.wording import SEX_NAMES

MAX_WRONG = 0.10
"""With a larger share of impossible values the column has another unit or coding, and the table is not used."""
ADULT_YEARS = 18.0
LIMITS = {"age": (ADULT_YEARS, PATIENT_LIMITS["age_years"][1]), "height_cm": (100.0, 230.0), "weight_kg": (25.0, 250.0),
          "lvm_g": LVM_LIMITS_G}  # fmt: skip
OTHER_UNITS = {
    "height_cm": ((1.0, 2.3, "metres: multiply by 100"), (48.0, 84.0, "inches: multiply by 2.54")),
    "lvm_g": ((0.02, 0.6, "kilograms: multiply by 1000"),),
}
"""Where the middle value of a column lies when it is written in another unit."""
MAX_BMI = 40.0
"""A middle body mass index above it: the weights are pounds."""
INDEX_LIKE_G, INDEX_LIKE_R = 90.0, 0.15
"""Masses whose middle is below, and that hardly grow with body surface, are an index in g/m²."""
MIN_TO_COMPARE = 20
MIN_BODY_R2 = 0.05
"""Sex-specific mass follows body size in every cohort (R² 0.2 to 0.6); less than this and the lines are mixed up."""
OUTLIER_SD = 4.5
NAMED = 5
"""So many records are named in a sentence."""
LEFT_OUT_WORDS = {
    SEX_DIFFERS: "the file states the other sex",
    "TableError": "no such recording, or a word where a number belongs",
    "PatientError": "an impossible age, height or weight",
    "BeatError": "no averaged beat",
    "UnreadableError": "not readable as an ECG",
    "RateNeededError": "no sampling rate stated",
    "UnitNeededError": "no amplitude unit stated",
    "UnsupportedError": "a format that is not read",
    "lvm_implausible": "an impossible LV mass",
    "body_size_unknown": "height or weight missing",
    "not_adult": "under 18 years",
}
"""Reasons in words; a reason that is not here is the code of the finding that stopped the recording."""


def check_lines(frame: pd.DataFrame) -> tuple[Finding, ...]:
    """What the table itself shows, before a recording is opened: units, impossible values, labels, duplicates.

    Parameters
    ----------
    frame : DataFrame of str
        As read by `elvmass_core.study.dataset.read_table`.
    """
    numbers = {name: _numbers(frame[name]) for name in LIMITS}
    found = [*_records(frame), *_sex_labels(frame)]
    for name, values in numbers.items():
        found += _unit(name, values) or _impossible(name, values, frame["record"])
    if not any(finding.code.startswith("unit_") for finding in found):
        found += _pounds(numbers)
    return tuple(found)


def check_patients(data: Dataset) -> tuple[Finding, ...]:
    """What the usable patients show: the same recording twice, exchanged labels, masses that fit nobody.

    Raises nothing; the caller decides what a STOP does.
    """
    found = [*_same_recording(data), *_left_out(data), *_index_like(data), *_sexes_exchanged(data)]
    for sex, word in SEX_NAMES.items():
        mine = data.of(sex)
        if len(mine) >= MIN_TO_COMPARE:
            found += _mass_and_body(mine, word)
    return tuple(found)


def _numbers(cells: pd.Series) -> FloatArray:
    """A column as numbers, NaN where it holds none."""
    plain = cells.str.strip().replace(OVER_89, str(OLDEST_YEARS))
    return pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64)


def _finding(code: str, severity: Severity, message: str) -> Finding:
    return Finding(code=code, severity=severity, message=message)


def _named(records: Iterable[str]) -> str:
    """Some records, by name."""
    some = list(dict.fromkeys(records))
    return ", ".join(some[:NAMED]) + (f" and {len(some) - NAMED} more" if len(some) > NAMED else "")


# --- Lines ------------------------------------------------------------------------------------------------------------


def _records(frame: pd.DataFrame) -> list[Finding]:
    """The same record twice; several records of one patient."""
    counts = collections.Counter(frame["record"])
    twice = [record for record, n in counts.items() if n > 1]
    found = []
    if twice:
        message = f"{len(twice)} recordings stand in more than one line ({_named(twice)}): keep one line of each."
        found.append(_finding("record_twice", Severity.STOP, message))
    if PATIENT not in frame.columns:
        message = (
            "The table has no column 'patient', so every line counts as another person. If some have several "
            "recordings, add it: a person in two folds makes every figure too good."
        )
        return [*found, _finding("patients_not_named", Severity.NOTE, message)]
    several = sum(n > 1 for n in collections.Counter(frame[PATIENT]).values())
    if several:
        message = f"{several} patients have several recordings; all of one patient stay in one fold."
        found.append(_finding("several_recordings", Severity.NOTE, message))
    sexes = frame.groupby(PATIENT)["sex"].nunique()
    both = list(sexes.index[sexes > 1])
    if both:
        message = f"{len(both)} patients are men in one line and women in another ({_named(both)})."
        found.append(_finding("patient_of_both_sexes", Severity.STOP, message))
    return found


def _sex_labels(frame: pd.DataFrame) -> list[Finding]:
    known = frame["sex"].str.strip().str.lower().isin(list(SEX_CODES))
    if known.all():
        return []
    words = _named(repr(word) for word in frame.loc[~known, "sex"])
    message = f"{(~known).sum()} of {len(frame)} lines have the sex {words}: it must be F or M. They are left out."
    return [_finding("sex_labels", Severity.STOP if (~known).mean() > MAX_WRONG else Severity.CAUTION, message)]


def _unit(name: str, values: FloatArray) -> list[Finding]:
    """A column whose middle lies where another unit puts it."""
    known = values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else np.nan
    for low, high, unit in OTHER_UNITS.get(name, ()):
        if low <= middle <= high:
            message = f"The column {name} (middle value {middle:g}) looks like {unit}."
            return [_finding(f"unit_{name}", Severity.STOP, message)]
    return []


def _pounds(numbers: dict[str, FloatArray]) -> list[Finding]:
    bmi = np.nanmedian(numbers["weight_kg"] / (numbers["height_cm"] / 100.0) ** 2)
    if not bmi > MAX_BMI:
        return []
    message = f"The middle body mass index is {bmi:.0f} kg/m²: weight_kg looks like pounds, divide by 2.2046."
    return [_finding("unit_weight_kg", Severity.STOP, message)]


def _impossible(name: str, values: FloatArray, records: pd.Series) -> list[Finding]:
    low, high = LIMITS[name]
    wrong = ~((low <= values) & (values <= high))
    if not wrong.any():
        return []
    message = (
        f"{wrong.sum()} of {len(values)} values of {name} are missing or outside {low:g}–{high:g} "
        f"({_named(records[wrong])})"
    )
    if wrong.mean() > MAX_WRONG:
        return [_finding(f"impossible_{name}", Severity.STOP, f"{message}: check the column and its unit.")]
    return [_finding(f"impossible_{name}", Severity.CAUTION, f"{message}.")]


# --- Patients ---------------------------------------------------------------------------------------------------------


def _same_recording(data: Dataset) -> list[Finding]:
    """One recording under two names, of two patients: it would stand in training and in its own test."""
    groups = collections.defaultdict(list)
    for index, beat in enumerate(data.beats_mv):
        groups[beat.tobytes()].append(index)
    shared = [group for group in groups.values() if len(set(data.patient[group])) > 1]
    if not shared:
        return []
    names = _named(" = ".join(data.record[group]) for group in shared)
    message = f"{len(shared)} recordings stand in lines of several patients ({names}): one of each is another person's."
    return [_finding("same_recording", Severity.STOP, message)]


def _left_out(data: Dataset) -> list[Finding]:
    """How many recordings cannot be learned from, by reason."""
    if not data.left_out:
        return []
    n = len(data.left_out) + len(data)
    reasons = "; ".join(f"{LEFT_OUT_WORDS.get(code, code)} {count}" for code, count in sorted(data.refused.items()))
    found = [_finding("left_out", Severity.CAUTION, f"{len(data.left_out)} of {n} lines are left out: {reasons}.")]
    other_sex = data.refused.get(SEX_DIFFERS, 0)
    if other_sex > MAX_WRONG * n:
        message = f"In {other_sex} of {n} lines the file states the other sex: check the column sex, or the join."
        found.append(_finding("sexes_differ_from_files", Severity.STOP, message))
    return found


def _index_like(data: Dataset) -> list[Finding]:
    """Masses that are divided by body surface already."""
    middle = float(np.median(data.lvm_g))
    if middle >= INDEX_LIKE_G or len(data) < MIN_TO_COMPARE:
        return []
    if np.corrcoef(data.lvm_g, data.bsa_m2)[0, 1] >= INDEX_LIKE_R:
        return []
    message = f"The masses (middle {middle:.0f}) do not grow with body surface: lvm_g looks like an index in g/m²."
    return [_finding("unit_lvm_g", Severity.STOP, message)]


def _sexes_exchanged(data: Dataset) -> list[Finding]:
    """Women taller and with heavier hearts than men."""
    men, women = data.of(Sex.MALE), data.of(Sex.FEMALE)
    if min(len(men), len(women)) < MIN_TO_COMPARE:
        return []
    height = columns(BODY_INPUTS)[0]
    taller = np.median(women.rows[:, height]) > np.median(men.rows[:, height])
    if not (taller and np.median(women.lvm_g) > np.median(men.lvm_g)):
        return []
    message = "The women of the table are taller and have heavier hearts than its men: F and M look exchanged."
    return [_finding("sexes_exchanged", Severity.STOP, message)]


def _mass_and_body(mine: Dataset, word: str) -> list[Finding]:
    """Masses of one sex against a line on body size: unrelated, or single ones far off."""
    miss, r2 = _residuals(mine)
    if r2 < MIN_BODY_R2:
        message = f"The mass of the {word} hardly follows body size (R² {r2:.2f}): do the lines belong together?"
        return [_finding(f"mass_unrelated_{word}", Severity.CAUTION, message)]
    spread = 1.4826 * np.median(np.abs(miss))
    far = np.abs(miss) > OUTLIER_SD * max(spread, 1e-9)
    if not far.any():
        return []
    message = f"{far.sum()} {word} have a mass far from what their body size tells ({_named(mine.record[far])}): check."
    return [_finding(f"mass_far_off_{word}", Severity.CAUTION, message)]


def _residuals(mine: Dataset) -> tuple[FloatArray, float]:
    """Of log mass on log height and weight, and the share explained."""
    body = np.log(mine.rows[:, columns(BODY_INPUTS)])
    design = np.column_stack([body, np.ones(len(mine))])
    log_mass = np.log(mine.lvm_g)
    solution, *_ = np.linalg.lstsq(design, log_mass, rcond=None)
    miss = log_mass - design @ solution
    return miss, float(1.0 - miss.var() / max(log_mass.var(), 1e-12))


def in_words(findings: Sequence[Finding]) -> str:
    """One line each."""
    return "\n".join(f"{finding.severity.value}: {finding.message}" for finding in findings)
