"""What is known before any model is asked: findings, patient, recording, beat, measurements."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elvmass_core.errors import PatientError
from elvmass_core.units import LEADS, body_mass_index, body_surface_area_m2

N_LEADS = len(LEADS)

BEAT_FS_HZ = 500.0
BEAT_SAMPLES = 400
BEAT_R_INDEX = 140
"""The averaged beat: 800 ms at 500 Hz, R at 280 ms (our choice; the publication gives none of the three)."""
BEAT_FIRST_MS = -1000.0 * BEAT_R_INDEX / BEAT_FS_HZ
BEAT_LAST_MS = 1000.0 * (BEAT_SAMPLES - 1 - BEAT_R_INDEX) / BEAT_FS_HZ
"""Its first and last sample, in ms from R."""

OWN_WEIGHTS_DISCLAIMER = (
    "Research demonstration. Weights trained on a user's own table; validate them before any use; not for diagnosis. "
    "A negative result does not exclude LVH."
)
DISCLAIMER = (
    "Research demonstration. Trained on simulated patients; not validated in humans; not for diagnosis. "
    "A negative result does not exclude LVH."
)

FloatArray = NDArray[np.float64]


def frozen_array(values: ArrayLike, shape: tuple[int | None, ...], name: str) -> FloatArray:
    """Return a read-only float64 copy; ValueError when its shape is not `shape` (None: any length)."""
    array = np.array(values, dtype=np.float64)
    if array.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    array.setflags(write=False)
    return array


def set_fields(instance: object, **values: object) -> None:
    """Set normalised fields on a frozen dataclass inside ``__post_init__``."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)


class Severity(StrEnum):
    """How much a finding matters. Only STOP blocks an estimate."""

    STOP = "STOP"
    CAUTION = "CAUTION"
    NOTE = "NOTE"


SEVERITY_ORDER = (Severity.STOP, Severity.CAUTION, Severity.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something the reader of a result must know: data, not a log line.

    Parameters
    ----------
    code : str
        Stable identifier in snake_case, for example ``"amplitude_implausible"``.
    severity : Severity
        STOP blocks the estimate, CAUTION weakens it, NOTE explains it.
    message : str
        One or two plain sentences: what was found and what to do.
    observed, expected : str
        What was measured and what would be fine, with units; empty where neither is a quantity.
    """

    code: str
    severity: Severity
    message: str
    observed: str = ""
    expected: str = ""


def by_severity(findings: "tuple[Finding, ...] | list[Finding]") -> tuple[Finding, ...]:
    """Most serious first; the order within one severity stays."""
    return tuple(sorted(findings, key=lambda finding: SEVERITY_ORDER.index(finding.severity)))


def blocks(findings: "tuple[Finding, ...] | list[Finding]") -> bool:
    """Whether an estimate may not be given: the one place that says what STOP means."""
    return any(finding.severity is Severity.STOP for finding in findings)


class Sex(StrEnum):
    """Sex as the models know it."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "unknown"


PATIENT_LIMITS = {"age_years": (0.0, 120.0), "height_cm": (50.0, 250.0), "weight_kg": (2.0, 400.0)}
"""What can be a person at all, assumed; outside it the field has the wrong unit or a typing error."""
_FIELD_WORDS = {
    "age_years": ("age", "years"),
    "height_cm": ("height", "cm"),
    "weight_kg": ("weight", "kg"),
}


AGE_SHOWN_UP_TO, OLDEST_YEARS = 89.0, 90.0


def age_in_words(age_years: float | None) -> str:
    """An age as it may be written down: over 89 it is "90+" (HIPAA safe harbour, 45 CFR 164.514)."""
    if age_years is None:
        return "unknown"
    return "90+" if age_years > AGE_SHOWN_UP_TO else f"{age_years:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The only four things ELVMass may know about a person; each may be unknown.

    An age over `AGE_SHOWN_UP_TO` identifies a person (HIPAA safe harbour, 45 CFR 164.514) and becomes `OLDEST_YEARS`,
    wherever it comes from: what is typed, read from a file and opened again is estimated alike.

    Raises
    ------
    PatientError
        A field is not a number or outside `PATIENT_LIMITS`.
    """

    sex: Sex = Sex.UNKNOWN
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None

    def __post_init__(self) -> None:
        set_fields(self, sex=Sex(self.sex))
        for name, (low, high) in PATIENT_LIMITS.items():
            value = getattr(self, name)
            if value is None:
                continue
            word, unit = _FIELD_WORDS[name]
            if not (math.isfinite(value) and low <= value <= high):
                raise PatientError(
                    f"The {word} of {value:g} {unit} is outside {low:g}–{high:g} {unit}: check the number and its unit."
                )
            set_fields(self, **{name: float(value)})
        if self.age_years is not None and self.age_years > AGE_SHOWN_UP_TO:
            set_fields(self, age_years=OLDEST_YEARS)

    @property
    def bsa_m2(self) -> float | None:
        """Body surface area (DuBois) in m²; None without height and weight."""
        if self.height_cm is None or self.weight_kg is None:
            return None
        return body_surface_area_m2(self.height_cm, self.weight_kg)

    @property
    def bmi_kg_m2(self) -> float | None:
        """Body mass index; None without height and weight."""
        if self.height_cm is None or self.weight_kg is None:
            return None
        return body_mass_index(self.height_cm, self.weight_kg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilters:
    """Filters that the file says were applied before the samples were stored; None: the file does not say.

    Parameters
    ----------
    highpass_hz, lowpass_hz : float or None
        Cut-off frequencies in Hz; 0 means that the file says there is none.
    notch_hz : float or None
        Frequency of the mains filter in Hz; 0 means that the file says it was off.
    """

    highpass_hz: float | None = None
    lowpass_hz: float | None = None
    notch_hz: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceBeat:
    """The cardiograph's own median beat, kept for comparison and never used for an estimate.

    Parameters
    ----------
    signal_mv : array (12, n_samples)
        Millivolts, standard lead order; a lead that is not there and cannot be derived is all NaN.
    fs_hz : float
        Sampling rate.
    """

    signal_mv: FloatArray
    fs_hz: float

    def __post_init__(self) -> None:
        set_fields(self, signal_mv=frozen_array(self.signal_mv, (N_LEADS, None), "signal_mv"), fs_hz=float(self.fs_hz))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """A 12-lead rhythm recording in the one normal form.

    Parameters
    ----------
    signal_mv : array (12, n_samples)
        Millivolts, standard lead order. A lead that the file does not hold and that cannot be derived is all NaN.
    fs_hz : float
        Sampling rate of `signal_mv`.
    format : str
        What the bytes were, for example ``"WFDB"``, ``"DICOM 12-lead ECG"``, ``"CSV"``.
    stated : Patient
        What the file says of the patient (allow-list: sex, age, height, weight).
    notes : tuple of str
        How the normal form was reached (leads derived, unit taken from where, part used), in plain words.
    findings : tuple of Finding
        What reading found (missing leads, lying lengths, …).
    filters : DeviceFilters
        What the file says of the filters of the cardiograph.
    device_beat : DeviceBeat or None
        The cardiograph's own median beat, where the file holds one.
    """

    signal_mv: FloatArray
    fs_hz: float
    format: str
    stated: Patient = Patient()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    filters: DeviceFilters = DeviceFilters()
    device_beat: DeviceBeat | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        signal = frozen_array(self.signal_mv, (N_LEADS, None), "signal_mv")
        if not (math.isfinite(self.fs_hz) and self.fs_hz > 0):
            raise ValueError(f"fs_hz is {self.fs_hz}, expected a positive rate")
        # Six decimals of a millivolt: the same ECG through two formats keeps one identity.
        canonical = np.round(signal, 6) + 0.0
        content = hashlib.sha256(repr(float(self.fs_hz)).encode() + canonical.tobytes())
        set_fields(self, signal_mv=signal, fs_hz=float(self.fs_hz), digest=content.hexdigest())

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        return self.signal_mv.shape[1]

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs_hz

    @property
    def leads_present(self) -> tuple[str, ...]:
        """Leads with at least one finite sample."""
        has_samples = np.isfinite(self.signal_mv).any(axis=1)
        return tuple(LEADS[index] for index in np.flatnonzero(has_samples))


FIDUCIAL_NAMES = ("p_on", "p_off", "qrs_on", "qrs_off", "t_on", "t_peak", "t_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fiducials:
    """Borders on the averaged beat, global over leads, in ms relative to R; None: not found.

    `qrs_off` is the J point. The segments of every table and map follow from these.
    """

    p_on: float | None = None
    p_off: float | None = None
    qrs_on: float | None = None
    qrs_off: float | None = None
    t_on: float | None = None
    t_peak: float | None = None
    t_end: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Name → ms relative to R."""
        return {name: getattr(self, name) for name in FIDUCIAL_NAMES}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beat:
    """One synchronized, averaged heartbeat and the beats it came from.

    Parameters
    ----------
    signal_mv : array (12, 400)
        Trimmed mean of the aligned beats, zero at the PR level of each lead; 500 Hz, R at sample 140.
    sd_mv : array (12, 400)
        Standard deviation over the beats used.
    beats_mv : array (n_beats, 12, 400)
        Every aligned beat, used or not, for drawing; float64, baseline as in `signal_mv`.
    r_times_s : array (n_beats,)
        R time of each beat in the recording.
    used : tuple of bool
        Whether each beat entered the average.
    reasons : tuple of str
        Why a beat was left out; empty for a used one.
    rate_bpm : float
        60 / median RR interval of all detected beats.
    fiducials : Fiducials
    extraction : str
        Version of the extraction path; weights refuse a beat of another version.
    """

    signal_mv: FloatArray
    sd_mv: FloatArray
    beats_mv: FloatArray
    r_times_s: FloatArray
    used: tuple[bool, ...]
    reasons: tuple[str, ...]
    rate_bpm: float
    fiducials: Fiducials
    extraction: str

    def __post_init__(self) -> None:
        shape = (N_LEADS, BEAT_SAMPLES)
        n_beats = len(self.used)
        set_fields(
            self,
            signal_mv=frozen_array(self.signal_mv, shape, "signal_mv"),
            sd_mv=frozen_array(self.sd_mv, shape, "sd_mv"),
            beats_mv=frozen_array(self.beats_mv, (n_beats, *shape), "beats_mv"),
            r_times_s=frozen_array(self.r_times_s, (n_beats,), "r_times_s"),
        )

    @property
    def n_used(self) -> int:
        """Beats in the average."""
        return sum(self.used)

    @property
    def n_rejected(self) -> int:
        """Beats found and left out."""
        return len(self.used) - self.n_used


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number with its unit; ``value`` is None when it could not be measured."""

    value: float | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Measurements on the averaged beat by name (see `elvmass_core.features` for the list)."""

    values: Mapping[str, Measurement]

    def __post_init__(self) -> None:
        set_fields(self, values=MappingProxyType(dict(self.values)))

    def __getitem__(self, name: str) -> float | None:
        return self.values[name].value


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far a beat lies from a crowd of others in shape.

    Parameters
    ----------
    name : str
        ``"real"``: from real ECGs; ``"training"``: from those the model learned from.
    value : float
        Mahalanobis distance per value: about 1 in the middle of the crowd.
    nearer : float
        Share of the crowd that lies nearer, 0 to 1; `n` is the size of the crowd.
    """

    name: str
    value: float
    nearer: float
    n: int
