"""The row of one recording: every column, its type, and how it follows from a `Report` or from a refusal.

Rows hold no time, no path and no name beyond ``record``, so the same recordings give the same bytes.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from elvmass_core.criteria import CRITERIA
from elvmass_core.domain import AGE_SHOWN_UP_TO, Estimate, Finding, Lvh, Patient, Recording, Report, Severity, Sex
from elvmass_core.errors import ElvmassError
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.quality import outside_scope

ROW_LAYOUT = 1
Row = dict[str, Any]

OLDEST_WRITTEN = AGE_SHOWN_UP_TO + 1
"""Every age over 89 is written as 90 (HIPAA safe harbour, 45 CFR 164.514)."""
TEXT, NUMBER, COUNT, TRUTH = "string", "double", "int32", "bool"
PATIENT = {"sex": TEXT, "age": NUMBER, "height_cm": NUMBER, "weight_kg": NUMBER}
ESTIMATE = {
    "lvm_g": NUMBER, "low_g": NUMBER, "high_g": NUMBER, "coverage": NUMBER, "lvmi_g_m2": NUMBER, "p_lvh": NUMBER,
    "lvh": TEXT, "lvh_reason": TEXT, "demographics_only_g": NUMBER, "cutoff_g_m2": NUMBER,
}  # fmt: skip
BOTH_MODELS = {f"{who}_{name}": NUMBER for who in ("women", "men") for name in ("lvm_g", "low_g", "high_g")}
"""Filled when the sex is unknown: what either model says."""
REFUSAL = {"refusal": TEXT, "refusal_code": TEXT}
RECORDING = {"digest": TEXT, "format": TEXT, "fs_hz": NUMBER, "duration_s": NUMBER, "beats_used": COUNT,
             "beats_rejected": COUNT}  # fmt: skip
DISTANCES = {f"{what}_{name}": NUMBER for name in ("real", "training") for what in ("distance", "nearer")}
VERSIONS = {"model": TEXT, "model_sha256": TEXT, "elvmass": TEXT, "extraction": TEXT, "torch": TEXT}
FINDINGS = {"outside_scope": TEXT, "findings": "findings"}
FINDING_FIELDS = ("severity", "code", "message", "observed", "expected")
LOST_CODE = "worker_lost"


def criterion_slug(name: str) -> str:
    """``"Sokolow–Lyon voltage"`` → ``"sokolow_lyon_voltage"``."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


CRITERION_COLUMNS = {
    f"{criterion_slug(one.name)}_{what}": kind
    for one in CRITERIA
    for what, kind in (("value", NUMBER), ("met", TRUTH), ("reason", TEXT))
}
COLUMNS: dict[str, str] = {
    "record": TEXT, **PATIENT, **ESTIMATE, **BOTH_MODELS, **REFUSAL, **RECORDING,
    **dict.fromkeys(FEATURE_NAMES, NUMBER), "criteria_met": COUNT, "criteria_judged": COUNT, **CRITERION_COLUMNS,
    **DISTANCES, **FINDINGS, **VERSIONS,
}  # fmt: skip
"""Every column in its order, with its type."""
_WHO = {Sex.FEMALE: "women", Sex.MALE: "men"}


@lru_cache(maxsize=1)
def schema() -> Any:
    """The columns for pyarrow."""
    import pyarrow as pa

    finding = pa.struct([(name, pa.string()) for name in FINDING_FIELDS])
    types = {
        TEXT: pa.string(),
        NUMBER: pa.float64(),
        COUNT: pa.int32(),
        TRUTH: pa.bool_(),
        "findings": pa.list_(finding),
    }
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])


def row_of(record: str, report: Report) -> Row:
    """The row of a report, refused or not.

    Parameters
    ----------
    record : str
        Name of the row.
    report : Report
        Of `elvmass_core.pipeline.analyse`.

    Returns
    -------
    dict
        Keys are `COLUMNS`; None where there is nothing.
    """
    row = _empty(record, report.patient, report.versions) | _recording(report.recording) | _criteria(report)
    if report.beat is not None:
        row |= {"beats_used": report.beat.n_used, "beats_rejected": report.beat.n_rejected}
    if report.features is not None:
        row |= {name: report.features[name] for name in FEATURE_NAMES}
    for distance in report.distances:
        row |= {f"distance_{distance.name}": distance.value, f"nearer_{distance.name}": distance.nearer}
    row |= _findings(report.findings)
    if report.estimate is not None:
        row |= _estimate(report.estimate)
    elif report.estimates:
        row |= _both(report.estimates)
    return row


def refused_row(
    record: str,
    patient: Patient,
    versions: Mapping[str, str],
    *,
    code: str,
    message: str,
    recording: Recording | None = None,
) -> Row:
    """The row of a recording that could not be read or analysed: who it is, and why there is no number."""
    known = {} if recording is None else _recording(recording) | _findings(recording.findings)
    return (
        _empty(record, patient, versions) | known | {"refusal": message, "refusal_code": code, "lvh_reason": "refused"}
    )


def error_row(
    record: str, patient: Patient, versions: Mapping[str, str], error: ElvmassError, recording: Recording | None = None
) -> Row:
    """The row of a recording that an error of our own refuses."""
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()
    return refused_row(record, patient, versions, code=code, message=str(error), recording=recording)


def _empty(record: str, patient: Patient, versions: Mapping[str, str]) -> Row:
    age = patient.age_years
    return dict.fromkeys(COLUMNS) | {
        "record": record,
        "sex": patient.sex.value,
        "age": None if age is None else min(age, OLDEST_WRITTEN),
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "lvh": Lvh.NO_RESULT.value,
        "findings": [],
        **versions,
    }


def _recording(recording: Recording) -> Row:
    return {
        "digest": recording.digest,
        "format": recording.format,
        "fs_hz": recording.fs_hz,
        "duration_s": recording.duration_s,
    }


def _criteria(report: Report) -> Row:
    row: Row = {
        "criteria_met": sum(one.met is True for one in report.criteria),
        "criteria_judged": sum(one.met is not None for one in report.criteria),
    }
    for one in report.criteria:
        slug = criterion_slug(one.name)
        row |= {f"{slug}_value": one.value, f"{slug}_met": one.met, f"{slug}_reason": one.reason or None}
    return row


def _findings(findings: Sequence[Finding]) -> Row:
    """All findings, and from the STOPs the refusal in words."""
    stops = [finding for finding in findings if finding.severity is Severity.STOP]
    fields = [{name: str(getattr(finding, name)) for name in FINDING_FIELDS} for finding in findings]
    row: Row = {"findings": fields, "outside_scope": " ".join(one.code for one in outside_scope(findings)) or None}
    if stops:
        row["refusal"] = " ".join(finding.message for finding in stops)
        row["refusal_code"] = " ".join(finding.code for finding in stops)
        row["lvh_reason"] = "refused"
    return row


def _estimate(estimate: Estimate) -> Row:
    low, high = estimate.interval_g
    return {
        "lvm_g": estimate.lvm_g,
        "low_g": low,
        "high_g": high,
        "coverage": estimate.coverage,
        "lvmi_g_m2": estimate.lvmi_g_m2,
        "p_lvh": estimate.p_lvh,
        "lvh": estimate.lvh.value,
        "lvh_reason": estimate.lvh_reason,
        "demographics_only_g": estimate.demographics_only_g,
        "cutoff_g_m2": estimate.cutoff_g_m2,
        "model": estimate.model,
        "model_sha256": estimate.bundle_sha256,
    }


def _both(estimates: Sequence[Estimate]) -> Row:
    """Both answers side by side, and none of them in ``lvm_g``: the sex is unknown."""
    row: Row = {"lvh_reason": estimates[0].lvh_reason, "coverage": estimates[0].coverage}
    for one in estimates:
        low, high = one.interval_g
        who = _WHO[one.sex]
        row |= {f"{who}_lvm_g": one.lvm_g, f"{who}_low_g": low, f"{who}_high_g": high}
    row["model"] = " ".join(one.model for one in estimates)
    row["model_sha256"] = " ".join(one.bundle_sha256 for one in estimates)
    return row
