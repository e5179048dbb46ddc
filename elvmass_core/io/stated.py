"""What a file says of the patient: an allow-list of sex, age, height and weight, checked before it is believed."""

import math

from elvmass_core.domain import PATIENT_LIMITS, Finding, Patient, Severity, Sex

_SEXES = {"m": Sex.MALE, "male": Sex.MALE, "f": Sex.FEMALE, "female": Sex.FEMALE}
_WORDS = {"age_years": "age", "height_cm": "height", "weight_kg": "weight"}


def number_or_none(text: object) -> float | None:
    """Return a number from a text field, or None when it holds none."""
    try:
        return float(str(text).strip())
    except ValueError:
        return None


def stated_patient(
    *,
    sex: str | None = None,
    age_years: float | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
) -> tuple[Patient, tuple[Finding, ...]]:
    """Return the patient a file describes: 0, NaN and absent are unknown, an impossible number is left out and said.

    Parameters
    ----------
    sex : str or None
        "M", "Male", "F", "Female" in any case; everything else is unknown.
    age_years, height_cm, weight_kg : float or None
        As the file has them, converted to these units.

    Returns
    -------
    Patient, tuple of Finding
        The findings (``patient_field_ignored``, NOTE) never hold the value itself.
    """
    fields = {"age_years": age_years, "height_cm": height_cm, "weight_kg": weight_kg}
    known = {name: value for name, value in fields.items() if value and not math.isnan(value)}
    possible = {name: value for name, value in known.items() if _is_possible(name, value)}
    findings = tuple(field_ignored(_WORDS[name]) for name in known if name not in possible)
    return Patient(sex=_SEXES.get((sex or "").strip().lower(), Sex.UNKNOWN), **possible), findings


def field_ignored(word: str) -> Finding:
    """Return the finding that a patient field of the file was left out."""
    return Finding(
        code="patient_field_ignored",
        severity=Severity.NOTE,
        message=f"The {word} in the file is impossible or contradicts itself and was ignored: enter it by hand.",
    )


def _is_possible(name: str, value: float) -> bool:
    """Whether a value lies within `PATIENT_LIMITS`."""
    low, high = PATIENT_LIMITS[name]
    return low <= value <= high
