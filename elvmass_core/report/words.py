"""What a report says in plain sentences, without mark-up: shared by the page on paper and by FHIR."""

from collections.abc import Sequence

from elvmass_core.domain import (
    AGE_SHOWN_UP_TO,
    Attribution,
    CriterionResult,
    Estimate,
    Features,
    Finding,
    Lvh,
    Patient,
    Report,
    Severity,
    Sex,
)
from elvmass_core.wording import SEX_NAMES, percent

LVH_WORDS = {
    Lvh.FLAGGED: "LVH flagged",
    Lvh.NOT_FLAGGED: "LVH not flagged",
    Lvh.UNCERTAIN: "LVH uncertain",
    Lvh.NO_RESULT: "LVH: no result",
}
HASH_LETTERS = 16
"""Of a SHA-256, where people read it; JSON and FHIR hold all 64."""
NOT_EXCLUDED = "A negative result does not exclude LVH."
BOTH_MODELS = "Sex is unknown: both models answer, and LVH is not judged."
SEX_WORDS = SEX_NAMES | {Sex.UNKNOWN: "unknown sex"}
_PERSON = {Sex.FEMALE: "Female", Sex.MALE: "Male", Sex.UNKNOWN: "Sex not stated"}
NOT_SIMULATED = (
    "The training patients are simulated. None of them has amyloidosis, hypertrophic cardiomyopathy, aortic stenosis, "
    "an acute infarct, pericardial effusion, emphysema, pre-excitation, a pacemaker or a valve prosthesis; none takes "
    "a drug that changes the ECG, has abnormal electrolytes, is pregnant, or is a trained athlete. In such people the "
    "answer has no basis at all."
)
"""What the model has never seen, in the words of the app."""


def patients_words(estimates: Sequence[Estimate]) -> str:
    """On whom the models were trained."""
    own = estimates and not any(one.simulated for one in estimates)
    return "patients of a user's own table" if own else "simulated patients"


def method_words(estimates: Sequence[Estimate]) -> str:
    """How the number came about."""
    return f"estimated from a 12-lead ECG by a model trained on {patients_words(estimates)}"


def person_words(patient: Patient) -> str:
    """Sex, age, height and weight; an age over 89 is 90+."""
    return " · ".join(
        (
            _PERSON[patient.sex],
            _age_words(patient.age_years),
            _size_words("height", patient.height_cm, "cm"),
            _size_words("weight", patient.weight_kg, "kg"),
        )
    )


def _age_words(age_years: float | None) -> str:
    if age_years is None:
        return "age not stated"
    return "90+ years" if age_years > AGE_SHOWN_UP_TO else f"{age_years:.0f} years"


def _size_words(name: str, value: float | None, unit: str) -> str:
    return f"{name} not stated" if value is None else f"{value:.0f} {unit}"


def interval_words(estimate: Estimate) -> str:
    """The interval and what it covers."""
    low, high = estimate.interval_g
    return f"{percent(estimate.coverage)} interval {low:.0f}–{high:.0f} g"


def lvh_words(estimate: Estimate) -> str:
    """The answer on LVH with its reason; a negative one says that it excludes nothing."""
    words = LVH_WORDS[estimate.lvh] + (f": {estimate.lvh_reason}." if estimate.lvh_reason else ".")
    return f"{words} {NOT_EXCLUDED}" if estimate.lvh is Lvh.NOT_FLAGGED else words


def probability_words(estimate: Estimate) -> str:
    """The probability of LVH and the population it holds in; empty without one."""
    if estimate.p_lvh is None:
        return ""
    who = patients_words([estimate])
    return f"P(LVH) {percent(estimate.p_lvh)} in {who}, prevalence {percent(estimate.prevalence)}."


def criteria_words(criteria: Sequence[CriterionResult]) -> str:
    """How many of the classical criteria are met, by name; empty when none was tried."""
    if not criteria:
        return ""
    judged = [result for result in criteria if result.met is not None]
    if not judged:
        return f"Classical ECG criteria: none of the {len(criteria)} can be applied to this ECG."
    met = [result.name for result in judged if result.met]
    names = f": {', '.join(met)}" if met else ""
    skipped = len(criteria) - len(judged)
    return f"Classical ECG criteria met: {len(met)} of {len(judged)}{names}" + (
        f" ({skipped} not judged)." if skipped else "."
    )


def finding_words(finding: Finding) -> str:
    """What was found and what would be fine."""
    observed = f" Found: {finding.observed}." if finding.observed else ""
    return finding.message + observed + (f" Expected: {finding.expected}." if finding.expected else "")


def stops(report: Report) -> tuple[Finding, ...]:
    """The findings that refuse an estimate."""
    return tuple(finding for finding in report.findings if finding.severity is Severity.STOP)


def measurement_words(features: Features) -> str:
    """Rate, intervals and axis, in the order of every ECG."""
    shown = (
        ("Rate", "rate_bpm", "bpm"),
        ("P", "p_ms", "ms"),
        ("PR", "pr_ms", "ms"),
        ("QRS", "qrs_ms", "ms"),
        ("QT", "qt_ms", "ms"),
        ("QTc (Fridericia)", "qtc_fridericia_ms", "ms"),
        ("QRS axis", "qrs_axis_deg", "°"),
    )
    return " · ".join(f"{word} {_amount(features[name], unit)}" for word, name, unit in shown)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "—"
    number = f"{value:.0f}".replace("-", "−")
    return f"{number}°" if unit == "°" else f"{number} {unit}"


def models_words(estimates: Sequence[Estimate]) -> str:
    """Each model with the beginning of its hash."""
    return ", ".join(f"{one.model} (SHA-256 {one.bundle_sha256[:HASH_LETTERS]}…)" for one in estimates)


def map_words(attribution: Attribution) -> str:
    """Where a map of grams starts from, and the two figures that say how far to believe it."""
    words = f"Colours: {attribution.method}, from the {attribution.baseline}"
    if attribution.st_t_share is not None:
        words += f"; ST–T is {percent(attribution.st_t_share)} of it"
    if attribution.agreement is not None:
        words += f"; the members agree by r {attribution.agreement:.2f}"
    return f"{words}."
