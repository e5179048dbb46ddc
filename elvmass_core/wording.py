"""Sentences about an estimate that the page and the command line share, so that both say the same."""

from elvmass_core.domain import Estimate, Patient


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


def lvh_in_test_words(estimate: Estimate) -> str:
    """How patients with LVH were answered in the test, in one sentence; empty without a test."""
    if estimate.lvh_in_test is None:
        return ""
    flagged, uncertain, missed = estimate.lvh_in_test
    who = f"{flagged + uncertain + missed} {'simulated ' if estimate.simulated else ''}test patients with LVH"
    return f"Of {who}, {flagged} flagged, {uncertain} uncertain, {missed} not flagged."
