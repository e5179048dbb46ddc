"""A report as JSON: the contract of the command line and of the download button."""

from collections.abc import Sequence

import orjson

from elvmass_core.domain import (
    AGE_SHOWN_UP_TO,
    Attribution,
    Beat,
    CriterionResult,
    DeviceFilters,
    Distance,
    Estimate,
    Features,
    Fiducials,
    Finding,
    OtherAttribution,
    Recording,
    Report,
)
from elvmass_core.io.saved import KEY, Opened, to_saved
from elvmass_core.quality import in_words, outside_scope

LVH_ANSWERS = ("flagged", "uncertain", "not_flagged")


def to_dict(report: Report) -> dict[str, object]:
    """The report as plain values; absent parts are null.

    ``estimate`` is null and ``estimates`` holds both models' answers when the sex is unknown. No name, identifier,
    date or file name is in it. ``fiducials_ms`` count from R, negative before it; ``outside_scope`` names the findings
    for which LVH is not judged, and ``p_lvh`` is null then. ``distances`` says how far the beat lies from real ECGs and
    from the training ECGs: ``nearer`` is the share of ``n`` of them that lies nearer; a distance not taken is absent.
    ``filters`` are those of the cardiograph as its file states them: null is not stated, 0 is none.
    """
    estimates = [_estimate(one, report.findings) for one in report.estimates]
    return {
        "recording": _recording(report.recording),
        "patient": _patient(report),
        "beat": None if report.beat is None else _beat(report.beat),
        "features": None if report.features is None else _features(report.features),
        "distances": {distance.name: _distance(distance) for distance in report.distances},
        "criteria": [_criterion(result) for result in report.criteria],
        "estimate": estimates[0] if len(estimates) == 1 else None,
        **({"estimates": estimates} if len(estimates) > 1 else {}),
        "attribution": None if report.attribution is None else _attribution(report.attribution),
        "findings": [_finding(finding) for finding in report.findings],
        "versions": dict(report.versions),
        "disclaimer": report.disclaimer,
    }


def to_json(report: Report) -> bytes:
    """The report as indented UTF-8 JSON."""
    return orjson.dumps(to_dict(report), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def saved_json(report: Report, fiducials: Fiducials | None = None) -> bytes:
    """The report as JSON together with what opens it again (`elvmass_core.io.saved`).

    Parameters
    ----------
    report : Report
    fiducials : Fiducials or None
        The borders of the beat, where they were set by hand.
    """
    opened = Opened(recording=report.recording, patient=report.patient, fiducials=fiducials)
    content = to_dict(report) | {KEY: to_saved(opened)}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _recording(recording: Recording) -> dict[str, object]:
    return {
        "format": recording.format,
        "fs_hz": recording.fs_hz,
        "leads": list(recording.leads_present),
        "duration_s": recording.duration_s,
        "digest": recording.digest,
        "notes": list(recording.notes),
        "filters": _filters(recording.filters),
    }


def _filters(filters: DeviceFilters) -> dict[str, float | None]:
    return {
        "highpass_hz": filters.highpass_hz,
        "lowpass_hz": filters.lowpass_hz,
        "notch_hz": filters.notch_hz,
    }


def _patient(report: Report) -> dict[str, object]:
    """What the estimate was told; an age over 89 is shown as "90+"."""
    patient = report.patient
    hidden = patient.age_years is not None and patient.age_years > AGE_SHOWN_UP_TO
    return {
        "sex": patient.sex.value,
        "age": "90+" if hidden else patient.age_years,
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
    }


def _beat(beat: Beat) -> dict[str, object]:
    return {
        "n_used": beat.n_used,
        "n_rejected": beat.n_rejected,
        "fiducials_ms": beat.fiducials.as_dict(),
    }


def _features(features: Features) -> dict[str, object]:
    return {name: {"value": one.value, "unit": one.unit} for name, one in features.values.items()}


def _distance(distance: Distance) -> dict[str, object]:
    return {"value": distance.value, "nearer": distance.nearer, "n": distance.n, "words": in_words(distance)}


def _criterion(result: CriterionResult) -> dict[str, object]:
    return {
        "name": result.name,
        "value": result.value,
        "unit": result.unit,
        "cutoff": result.cutoff,
        "met": result.met,
        "reason": result.reason,
        "formula": result.formula,
        "comparison": result.comparison,
        "source": result.source,
    }


def _estimate(estimate: Estimate, findings: Sequence[Finding]) -> dict[str, object]:
    counts = estimate.lvh_in_test
    return {
        "model": estimate.model,
        "bundle_sha256": estimate.bundle_sha256,
        "sex": estimate.sex.value,
        "lvm_g": estimate.lvm_g,
        "members_g": list(estimate.members_g),
        "interval_g": list(estimate.interval_g),
        "coverage": estimate.coverage,
        "lvmi_g_m2": estimate.lvmi_g_m2,
        "p_lvh": estimate.p_lvh,
        "prevalence": estimate.prevalence,
        "lvh": estimate.lvh.value,
        "lvh_reason": estimate.lvh_reason,
        "lvh_in_test": None if counts is None else dict(zip(LVH_ANSWERS, counts, strict=True)),
        "outside_scope": [finding.code for finding in outside_scope(findings)],
        "demographics_only_g": estimate.demographics_only_g,
        "cutoff_g_m2": estimate.cutoff_g_m2,
        "cutoff_source": estimate.cutoff_source,
        "reference_g": estimate.reference_g,
    }


def _attribution(attribution: Attribution) -> dict[str, object]:
    return {
        "method": attribution.method,
        "baseline": attribution.baseline,
        "delta_g": attribution.delta_g,
        "segments_g": {lead: dict(row) for lead, row in attribution.segments_g.items()},
        "tabular_g": dict(attribution.tabular_g),
        "st_t_share": attribution.st_t_share,
        "agreement": attribution.agreement,
        "others": [_other_attribution(other) for other in attribution.others],
    }


def _other_attribution(other: OtherAttribution) -> dict[str, object]:
    return {
        "method": other.method,
        "baseline": other.baseline,
        "delta_g": other.delta_g,
        "rows_g": {row: dict(cells) for row, cells in other.rows_g.items()},
        "tabular_g": dict(other.tabular_g),
        "agreement": other.agreement,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "observed": finding.observed,
        "expected": finding.expected,
    }
