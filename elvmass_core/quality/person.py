"""What is known of the person: enough, possible, and the same in file and form."""

from elvmass_core.domain import Patient, Sex, age_in_words
from elvmass_core.quality.findings import Findings, caution, note, stop
from elvmass_core.reference_ranges import is_child
from elvmass_core.wording import ADULT_YEARS, beyond

HEIGHT_CM, WEIGHT_KG, BMI_KG_M2 = (120.0, 230.0), (25.0, 250.0), (14.0, 55.0)
"""Adults: outside these a unit is wrong more often than a body is extreme (assumed)."""
SEX_WORDS = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.UNKNOWN: "unknown"}
AGE_TOLERANCE_YEARS = 1.0
BODY_TOLERANCE = 1.0
"""Rounding of a birthday, a height or a weight is no conflict."""


def check_patient(patient: Patient) -> Findings:
    """Age, sex and body size: what is needed, what is impossible, and what an absence costs."""
    return (*_age(patient.age_years), *_sex(patient.sex), *_body(patient))


def _age(age_years: float | None) -> Findings:
    if age_years is None:
        return stop("age_missing", "Age is needed: enter it in years.")
    if not is_child(age_years):
        return ()
    message = "ELVMass is for adults only; children's hearts follow other rules."
    return stop(
        "not_adult", message, f"{beyond(age_years, ADULT_YEARS, decimals=None)} years", f"≥ {ADULT_YEARS:g} years"
    )


def _sex(sex: Sex) -> Findings:
    if sex is not Sex.UNKNOWN:
        return ()
    return note(
        "sex_unknown",
        "Sex is not given, so both models answer side by side, LVH is not judged and nothing is explained.",
    )


def _body(patient: Patient) -> Findings:
    """Each size alone must be an adult's, and both together a body; unknown sizes cost the index."""
    sizes = (
        ("height", patient.height_cm, HEIGHT_CM, "cm"),
        ("weight", patient.weight_kg, WEIGHT_KG, "kg"),
        ("body-mass index", patient.bmi_kg_m2, BMI_KG_M2, "kg/m²"),
    )
    for word, value, (low, high), unit in sizes:
        if value is not None and not low <= value <= high:
            message = f"The {word} is not an adult's: check height and weight and their units (cm, kg)."
            observed = f"{beyond(value, low, high)} {unit}"
            return stop("body_size_implausible", message, observed, f"{low:g}–{high:g} {unit}")
    if patient.bsa_m2 is not None:
        return ()
    message = (
        "Height or weight is unknown: there is no index and no LVH answer, and the interval is the one fitted for "
        "patients of whom this is unknown."
    )
    return note("body_size_unknown", message)


def check_conflicts(stated: Patient, given: Patient) -> Findings:
    """What the file states of the patient against what was given; the given value is used."""
    findings: Findings = ()
    if Sex.UNKNOWN not in (stated.sex, given.sex) and given.sex is not stated.sex:
        findings += _conflict("sex", SEX_WORDS[given.sex], SEX_WORDS[stated.sex])
    if _apart(stated.age_years, given.age_years, AGE_TOLERANCE_YEARS):
        findings += _conflict("age", age_in_words(given.age_years), age_in_words(stated.age_years))
    for name in ("height_cm", "weight_kg"):
        have, want = getattr(given, name), getattr(stated, name)
        if _apart(have, want, BODY_TOLERANCE):
            findings += _conflict(name.split("_")[0], f"{have:g}", f"{want:g}")
    return findings


def _conflict(name: str, given: str, stated: str) -> Findings:
    message = f"The {name} given differs from the one in the file: is this the right patient's ECG?"
    return caution(f"{name}_conflict", message, f"given {given}, file states {stated}")


def _apart(one: float | None, other: float | None, tolerance: float) -> bool:
    """Whether both are known and differ by more than rounding."""
    return one is not None and other is not None and abs(one - other) > tolerance
