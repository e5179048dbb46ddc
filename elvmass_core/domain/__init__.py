"""The frozen types that flow through ELVMass. Read this file first.

    bytes → Recording → Beat → Features → Estimate → Attribution → Report

Every type is immutable; arrays are copied and read-only. A stage that cannot answer returns ``None`` (or ``nan``
inside an array) *and* a `Finding` that says why. Units: mV, ms, Hz, g, cm, kg, years. Leads first, in the order of
`elvmass_core.units.LEADS`.
"""

from elvmass_core.domain.answers import Attribution, CriterionResult, Estimate, Lvh, OtherAttribution, Report
from elvmass_core.domain.ecg import (
    AGE_SHOWN_UP_TO,
    BEAT_FIRST_MS,
    BEAT_FS_HZ,
    BEAT_LAST_MS,
    BEAT_R_INDEX,
    BEAT_SAMPLES,
    DISCLAIMER,
    FIDUCIAL_NAMES,
    N_LEADS,
    OLDEST_YEARS,
    PATIENT_LIMITS,
    SEVERITY_ORDER,
    Beat,
    DeviceBeat,
    DeviceFilters,
    Distance,
    Features,
    Fiducials,
    Finding,
    FloatArray,
    Measurement,
    Patient,
    Recording,
    Severity,
    Sex,
    age_in_words,
    blocks,
    by_severity,
    frozen_array,
)

__all__ = [
    "AGE_SHOWN_UP_TO",
    "BEAT_FIRST_MS",
    "BEAT_FS_HZ",
    "BEAT_LAST_MS",
    "BEAT_R_INDEX",
    "BEAT_SAMPLES",
    "DISCLAIMER",
    "FIDUCIAL_NAMES",
    "N_LEADS",
    "OLDEST_YEARS",
    "PATIENT_LIMITS",
    "SEVERITY_ORDER",
    "Attribution",
    "Beat",
    "CriterionResult",
    "DeviceBeat",
    "DeviceFilters",
    "Distance",
    "Estimate",
    "Features",
    "Fiducials",
    "Finding",
    "FloatArray",
    "Lvh",
    "Measurement",
    "OtherAttribution",
    "Patient",
    "Recording",
    "Report",
    "Severity",
    "Sex",
    "age_in_words",
    "blocks",
    "by_severity",
    "frozen_array",
]
