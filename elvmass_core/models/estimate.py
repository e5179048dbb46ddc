"""From a beat and a patient to an estimate with its interval."""

import numpy as np

from elvmass_core.domain import Beat, Estimate, Features, Finding, Lvh, Patient, Severity, Sex, age_in_words
from elvmass_core.errors import EstimateError
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.inputs import column, pattern_of, tabular_row
from elvmass_core.wording import WHO, beyond

LVM_LIMITS_G = (30.0, 500.0)
"""Adult LV masses; an answer outside them says that the model does not know this ECG (assumed)."""
TRAINED_SD = 3.0
"""Nearly no training patient has a mass further than so many SD from their mean; there the models extrapolate, and
exponentially, because they answer in the logarithm of grams (assumed; the manifest holds mean and SD, no extremes)."""
_Z_90 = 1.645
"""Half the width of the central 90 % of a normal distribution, in SD."""
INPUT_WORDS = {"age_years": ("age", "years"), "height_cm": ("height", "cm"), "weight_kg": ("weight", "kg")}


def estimate(bundle: Bundle, beat: Beat, features: Features, patient: Patient, *, not_judged: str = "") -> Estimate:
    """Estimate LV mass with one bundle.

    Parameters
    ----------
    patient : Patient
        Age known; when the sex is unknown the answer carries no index judgement.
    not_judged : str
        Why LVH is not judged on this ECG (`elvmass_core.quality.why_not_judged`): then no result and no probability.

    Raises
    ------
    ValueError
        Age is unknown.
    EstimateError
        The model's answer is not finite or outside `LVM_LIMITS_G`.
    """
    row = tabular_row(patient, features)
    members = bundle.members_g(beat.signal_mv[None], row[None])[:, 0]
    lvm_g = float(members.mean())
    if not LVM_LIMITS_G[0] <= lvm_g <= LVM_LIMITS_G[1]:
        raise EstimateError("The model's answer is no mass an adult's heart can have: this ECG is unlike any it knows.")
    pattern = pattern_of(row)
    half = bundle.calibration.intervals[pattern].half_width_g(np.array([lvm_g]), np.array([members.std()]))
    interval = (max(lvm_g - float(half[0]), 0.0), lvm_g + float(half[0]))
    index = None if patient.bsa_m2 is None else lvm_g / patient.bsa_m2
    lvh, reason = (Lvh.NO_RESULT, not_judged) if not_judged else _judge(bundle, patient, interval)
    return Estimate(
        model=bundle.model_id,
        bundle_sha256=bundle.sha256,
        sex=bundle.sex,
        lvm_g=lvm_g,
        members_g=tuple(map(float, members)),
        interval_g=interval,
        coverage=bundle.calibration.coverage,
        lvmi_g_m2=index,
        p_lvh=None if not_judged else _probability(bundle, patient, index),
        prevalence=bundle.calibration.platt.prevalence,
        lvh=lvh,
        lvh_reason=reason,
        demographics_only_g=float(bundle.calibration.lines[pattern](row[None])[0]),
        cutoff_g_m2=bundle.cutoff.g_m2(bundle.sex),
        cutoff_source=f"{bundle.cutoff.modality}: {bundle.cutoff.source}",
        reference_g=bundle.reference_g(row),
        reference_range_g=_reference_range_g(bundle),
        lvh_in_test=_lvh_in_test(bundle),
        simulated=bundle.simulated,
    )


def _judge(bundle: Bundle, patient: Patient, interval: tuple[float, float]) -> tuple[Lvh, str]:
    """LVH from where the whole interval lies, never from the point alone."""
    if patient.sex is Sex.UNKNOWN:
        return Lvh.NO_RESULT, "sex needed: the cut-off differs between men and women"
    if patient.bsa_m2 is None:
        return Lvh.NO_RESULT, "height and weight needed"
    low, high = (mass / patient.bsa_m2 for mass in interval)
    cutoff = bundle.cutoff.g_m2(bundle.sex)
    if low > cutoff:
        return Lvh.FLAGGED, "the whole interval lies above the cut-off"
    if high < cutoff:
        return Lvh.NOT_FLAGGED, "the whole interval lies below the cut-off"
    return Lvh.UNCERTAIN, "the interval crosses the cut-off"


def _reference_range_g(bundle: Bundle) -> tuple[float, float]:
    """Where about 90 % of the training patients of this sex lie."""
    training = bundle.manifest["training"]
    mean, half = float(training["lvm_mean_g"]), _Z_90 * float(training["lvm_sd_g"])
    return max(mean - half, 0.0), mean + half


def _lvh_in_test(bundle: Bundle) -> tuple[int, int, int] | None:
    """How test patients with LVH were answered (flagged, uncertain, not flagged): for the reader of any answer."""
    training = bundle.manifest["training"]
    test = training.get("test") or training.get("cross_validation")
    if not test:
        return None
    counts = test["judged"]["with_lvh"]
    return counts["flagged"], counts["uncertain"], counts["not_flagged"]


def _probability(bundle: Bundle, patient: Patient, index: float | None) -> float | None:
    """Platt-scaled probability of LVH; None without an index or a sex."""
    if index is None or patient.sex is Sex.UNKNOWN:
        return None
    return float(bundle.calibration.platt(np.array([index / bundle.cutoff.g_m2(bundle.sex)]))[0])


def check_trained_range(bundle: Bundle, features: Features, patient: Patient) -> tuple[Finding, ...]:
    """Say when the patient lies outside the ages and sizes the model was trained on."""
    row = tabular_row(patient, features)
    findings = []
    for name, (word, unit) in INPUT_WORDS.items():
        value = row[column(name)]
        low, high = bundle.manifest["training"]["range"][name]
        if np.isfinite(value) and not low <= value <= high:
            message = f"The {word} lies outside the training patients: the interval may be too narrow."
            findings.append(
                Finding(
                    code=f"{word}_outside_training",
                    severity=Severity.CAUTION,
                    message=message,
                    observed=f"{age_in_words(value) if name == 'age_years' else f'{value:g}'} {unit}",
                    expected=f"{low:g}–{high:g} {unit}",
                )
            )
    return tuple(findings)


def check_estimated_range(bundle: Bundle, answer: Estimate) -> tuple[Finding, ...]:
    """Say when the estimate itself lies beyond nearly all masses that the model was trained on."""
    training = bundle.manifest["training"]
    mean_g, half_g = float(training["lvm_mean_g"]), TRAINED_SD * float(training["lvm_sd_g"])
    low_g, high_g = max(round(mean_g - half_g), 0), round(mean_g + half_g)
    if low_g <= answer.lvm_g <= high_g:
        return ()
    message = (
        f"The estimate lies beyond nearly all masses of the {WHO[answer.sex]} that the model was trained on: it "
        "extrapolates here, may be wrong by far more than the interval says, and is no basis for a decision."
    )
    observed = f"{beyond(answer.lvm_g, low_g, high_g)} g"
    return (
        Finding(
            code="mass_outside_training",
            severity=Severity.CAUTION,
            message=message,
            observed=observed,
            expected=f"{low_g}–{high_g} g",
        ),
    )
