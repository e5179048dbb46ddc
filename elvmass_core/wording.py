"""Words and numbers that several readers share, so that all say the same."""

from elvmass_core.domain import Estimate, Patient, Sex

LOW_VOLTAGE = "Low voltage does not mean low mass: fluid, fat, lung and amyloid all lower voltage."
SEX_NAMES = {Sex.MALE: "men", Sex.FEMALE: "women"}
WHO = SEX_NAMES | {Sex.UNKNOWN: "patients"}
"""Whom a model is for."""
ADULT_YEARS = 18.0
"""Below it neither the models nor adults' usual ranges hold."""
MODEL_REFERENCE = "model reference"
_MOST_DIGITS = 12
"""More than any limit needs."""


def beyond(value: float, low: float | None = None, high: float | None = None, *, decimals: int | None = 0) -> str:
    """A number that lies outside limits, rounded no further than shows it: 50.3 beside "≤ 50", never 50.

    Parameters
    ----------
    value : float
        Below `low` or above `high`, in the unit in which it is printed.
    low, high : float or None
        The limits as printed; None where there is none.
    decimals : int or None
        As many where they are enough; None: the number as it was stated.
    """
    written = repr(value)
    for digits in range(_MOST_DIGITS):
        rounded = f"{value:.{6 + digits}g}" if decimals is None else f"{value:.{decimals + digits}f}"
        if (low is not None and float(rounded) < low) or (high is not None and float(rounded) > high):
            written = rounded
            break
    return written.replace("-", "−")


def percent(share: float) -> str:
    """A share as whole percent, with the space that SI asks for."""
    return f"{100.0 * share:.0f} %"


def known_words(patient: Patient) -> str:
    """What the demographics-only answer rests on."""
    if patient.bsa_m2 is not None:
        return "body size, age and sex"
    sizes = (("height", patient.height_cm), ("weight", patient.weight_kg))
    return ", ".join([*(word for word, value in sizes if value is not None), "age"]) + " and sex"


def alone_words(estimate: Estimate, patient: Patient, *, outside: bool) -> str:
    """What sex, age and body size alone would say, and what the ECG does to it unless it is outside the scope."""
    alone = f"From {known_words(patient)} alone {estimate.demographics_only_g:.0f} g"
    return f"{alone}." if outside else f"{alone}; the ECG {_change_words(estimate)}."


def _change_words(estimate: Estimate) -> str:
    """The difference of the two masses as shown, so that a reader's own sum agrees."""
    change_g = round(estimate.lvm_g) - round(estimate.demographics_only_g)
    if change_g == 0:
        return "changes nothing"
    return f"adds {change_g} g" if change_g > 0 else f"takes off {-change_g} g"


def crowd_words(estimate: Estimate) -> str:
    """Whose masses the range of same-sex training patients holds."""
    return f"9 of 10 {'simulated ' if estimate.simulated else ''}{WHO[estimate.sex]}"


def reference_words(estimate: Estimate) -> str:
    """What the reference of a model is, from which its grams are explained."""
    return f"what the model says for the mean beat of its training {WHO[estimate.sex]} without LVH and their mean body"


def lvh_in_test_words(estimate: Estimate) -> str:
    """How patients with LVH were answered in the test, in one sentence; empty without a test."""
    if estimate.lvh_in_test is None:
        return ""
    flagged, uncertain, missed = estimate.lvh_in_test
    who = f"{flagged + uncertain + missed} {'simulated ' if estimate.simulated else ''}test patients with LVH"
    return f"Of {who}, {flagged} flagged, {uncertain} uncertain, {missed} not flagged."
