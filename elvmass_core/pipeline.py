"""The order of the stages, in one place: the app, the command line and batch scoring all call `analyse`."""

from collections.abc import Sequence

import torch

from elvmass_core import __version__
from elvmass_core.attribution.explain import TOLERATED_DELTA_G
from elvmass_core.attribution.explain import explain as explain_estimate
from elvmass_core.criteria import PACED, apply_criteria
from elvmass_core.domain import (
    DISCLAIMER,
    OWN_WEIGHTS_DISCLAIMER,
    Attribution,
    Beat,
    CriterionResult,
    Distance,
    Estimate,
    Features,
    Fiducials,
    Finding,
    Patient,
    Recording,
    Report,
    Severity,
    blocks,
)
from elvmass_core.errors import BeatError, EstimateError
from elvmass_core.features import measure, without_p
from elvmass_core.models.bundle import Models
from elvmass_core.models.estimate import check_estimated_range, check_trained_range, estimate
from elvmass_core.quality import (
    ATRIAL_FIBRILLATION,
    check_beat,
    check_conflicts,
    check_likeness,
    check_patient,
    check_recording,
    in_reading_order,
    why_not_judged,
)
from elvmass_core.quality.likeness import REAL, TRAINING
from elvmass_core.quality.real_ecgs import real_ecgs
from elvmass_core.reference_ranges import is_child
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat, with_fiducials
from elvmass_core.signal_space import describe
from elvmass_core.wording import beyond


def analyse(
    recording: Recording,
    patient: Patient,
    models: Models,
    *,
    explain: bool = False,
    fiducials: Fiducials | None = None,
) -> Report:
    """Recording and patient → report: measured, checked, and estimated unless a finding forbids it.

    Parameters
    ----------
    explain : bool
        Add integrated gradients for the estimate (about a second); needs a known sex.
    fiducials : Fiducials or None
        Borders of the averaged beat set by hand, instead of those found.

    Returns
    -------
    Report
        Never raises for a bad ECG: what cannot be done is a finding in it.

    Raises
    ------
    FiducialError
        The borders set by hand lie outside the beat or in the wrong order.
    """
    findings = [*recording.findings, *check_recording(recording)]
    beat, features = _measure(recording, patient, fiducials, findings)
    distances = () if beat is None else _distances(beat, patient, models, findings)
    criteria = () if features is None else _criteria(features, patient, findings)
    findings += [*check_patient(patient), *check_conflicts(recording.stated, patient), *_check_models(models, patient)]
    estimates: tuple[Estimate, ...] = ()
    attribution = None
    if beat is not None and features is not None and not blocks(findings):
        estimates = _estimate(beat, features, patient, models, findings)
        if explain and len(estimates) == 1:
            attribution = explain_estimate(models.for_sex(patient.sex)[0], beat, features, patient)
            findings += _check_completeness(attribution)
    return Report(
        recording=recording,
        patient=patient,
        beat=beat,
        features=features,
        criteria=criteria,
        estimates=estimates,
        attribution=attribution,
        findings=in_reading_order(findings),
        versions=versions(),
        distances=distances,
        disclaimer=OWN_WEIGHTS_DISCLAIMER if estimates and not _any_simulated(estimates) else DISCLAIMER,
    )


def _any_simulated(estimates: Sequence[Estimate]) -> bool:
    return any(one.simulated for one in estimates)


def _measure(
    recording: Recording, patient: Patient, fiducials: Fiducials | None, findings: list[Finding]
) -> tuple[Beat | None, Features | None]:
    """Beat and measurements, with what they found appended; None twice when no beat can be formed."""
    try:
        beat = extract_beat(recording)
    except BeatError as error:
        findings.append(Finding(code="no_beat", severity=Severity.STOP, message=str(error)))
        return None, None
    if fiducials is not None and fiducials != beat.fiducials:
        beat = with_fiducials(beat, fiducials)
        findings.append(_BORDERS_BY_HAND)
    features = measure(beat)
    findings += check_beat(beat, features, paced=_has(findings, PACED), child=is_child(patient.age_years))
    return beat, without_p(features) if _has(findings, ATRIAL_FIBRILLATION) else features


_BORDERS_BY_HAND = Finding(
    code="borders_by_hand",
    severity=Severity.CAUTION,
    message="Borders of the averaged beat were set by hand: measurements, segments and the estimate follow them.",
)


def _has(findings: Sequence[Finding], code: str) -> bool:
    return any(finding.code == code for finding in findings)


def _distances(beat: Beat, patient: Patient, models: Models, findings: list[Finding]) -> tuple[Distance, ...]:
    """How far the beat lies from others, with what that means appended; none without a QRS.

    With an unknown sex the nearer of the two training crowds counts.
    """
    if beat.fiducials.qrs_on is None or beat.fiducials.qrs_off is None:
        return ()
    described = describe(beat)
    real = real_ecgs().place(described, REAL)
    each = [bundle.space.place(described, TRAINING) for bundle in models.for_sex(patient.sex)]
    training = min(each, key=lambda one: one.nearer, default=None)
    findings += check_likeness(real, training)
    return (real,) if training is None else (real, training)


def _criteria(features: Features, patient: Patient, findings: list[Finding]) -> tuple[CriterionResult, ...]:
    """The classical criteria, unless what was found forbids them."""
    patterns = {finding.code for finding in (*findings, *check_patient(patient))}
    return apply_criteria(features, patient.sex, usable=not blocks(findings), patterns=patterns)


def _estimate(
    beat: Beat, features: Features, patient: Patient, models: Models, findings: list[Finding]
) -> tuple[Estimate, ...]:
    """Answers of the models for this patient, with what they found appended; none when one is no mass of a heart."""
    bundles, not_judged = models.for_sex(patient.sex), why_not_judged(findings)
    try:
        estimates = tuple(estimate(bundle, beat, features, patient, not_judged=not_judged) for bundle in bundles)
    except EstimateError as error:
        findings.append(Finding(code="estimate_implausible", severity=Severity.STOP, message=str(error)))
        return ()
    findings += dict.fromkeys(one for bundle in bundles for one in check_trained_range(bundle, features, patient))
    findings += (one for pair in zip(bundles, estimates, strict=True) for one in check_estimated_range(*pair))
    return estimates


def _check_completeness(attribution: Attribution) -> Sequence[Finding]:
    """A CAUTION when the parts of an explanation do not add up to what they explain."""
    if abs(attribution.delta_g) <= TOLERATED_DELTA_G:
        return ()
    message = "The attributions do not add up to the estimate: do not read them as grams."
    missed = beyond(abs(attribution.delta_g), high=TOLERATED_DELTA_G, decimals=1)
    observed, expected = f"{'−' if attribution.delta_g < 0 else '+'}{missed} g", f"within ±{TOLERATED_DELTA_G:g} g"
    return (
        Finding(
            code="attribution_incomplete",
            severity=Severity.CAUTION,
            message=message,
            observed=observed,
            expected=expected,
        ),
    )


def _check_models(models: Models, patient: Patient) -> Sequence[Finding]:
    """A STOP when the weights this patient needs cannot be used."""
    if models.for_sex(patient.sex):
        return ()
    message = " ".join(["No estimate: the weights are not available.", *models.problems])
    return (Finding(code="no_weights", severity=Severity.STOP, message=message),)


def versions() -> dict[str, str]:
    """What made the numbers."""
    return {"elvmass": __version__, "extraction": EXTRACTION_VERSION, "torch": str(torch.__version__)}
