"""The frozen types that flow through ELVMass. Read this file first.

    bytes → Recording → Beat → Features → Estimate → Attribution → Report

Every type is immutable; arrays are copied and read-only. A stage that cannot answer returns ``None`` (or ``nan``
inside an array) *and* a `Finding` that says why. Units: mV, ms, Hz, g, cm, kg, years. Leads first, in the order of
`elvmass_core.units.LEADS`.
"""

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


def _set(instance: object, **values: object) -> None:
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


AGE_SHOWN_UP_TO = 89.0


def age_in_words(age_years: float | None) -> str:
    """An age as it may be written down: over 89 it is "90+" (HIPAA safe harbour, 45 CFR 164.514)."""
    if age_years is None:
        return "unknown"
    return "90+" if age_years > AGE_SHOWN_UP_TO else f"{age_years:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The only four things ELVMass may know about a person; each may be unknown.

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
        _set(self, sex=Sex(self.sex))
        for name, (low, high) in PATIENT_LIMITS.items():
            value = getattr(self, name)
            if value is None:
                continue
            word, unit = _FIELD_WORDS[name]
            if not (math.isfinite(value) and low <= value <= high):
                raise PatientError(
                    f"The {word} of {value:g} {unit} is outside {low:g}–{high:g} {unit}: check the number and its unit."
                )
            _set(self, **{name: float(value)})

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
    """

    signal_mv: FloatArray
    fs_hz: float
    format: str
    stated: Patient = Patient()
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        signal = frozen_array(self.signal_mv, (N_LEADS, None), "signal_mv")
        if not (math.isfinite(self.fs_hz) and self.fs_hz > 0):
            raise ValueError(f"fs_hz is {self.fs_hz}, expected a positive rate")
        # Six decimals of a millivolt: the same ECG through two formats keeps one identity.
        canonical = np.round(signal, 6) + 0.0
        content = hashlib.sha256(repr(float(self.fs_hz)).encode() + canonical.tobytes())
        _set(self, signal_mv=signal, fs_hz=float(self.fs_hz), digest=content.hexdigest())

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
        _set(
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
        _set(self, values=MappingProxyType(dict(self.values)))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionResult:
    """One classical LVH criterion applied: ``met`` is None (with a reason) where it does not apply."""

    name: str
    value: float | None
    unit: str
    cutoff: float
    comparison: str
    met: bool | None
    reason: str
    formula: str
    source: str


class Lvh(StrEnum):
    """The answer on LVH: never a bare yes or no."""

    FLAGGED = "flagged"
    NOT_FLAGGED = "not_flagged"
    UNCERTAIN = "uncertain"
    NO_RESULT = "no_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """LV mass of one patient by one model.

    Parameters
    ----------
    model : str
        Identifier of the weight bundle; `bundle_sha256` is the hash of its manifest, which holds that of the weights.
    lvm_g : float
        Mean of the ensemble members, in g; `members_g` are their own answers.
    interval_g : (float, float)
        Conformal interval with nominal `coverage` among simulated patients.
    lvmi_g_m2, p_lvh : float or None
        Index on DuBois body surface area and probability of LVH in the simulated population with `prevalence`;
        None without height and weight.
    lvh : Lvh
        `lvh_reason` says in words why; ``no_result``, and no `p_lvh`, on an ECG outside the models' scope.
    demographics_only_g : float
        What sex, age and body size alone would have said.
    cutoff_g_m2, cutoff_source : float, str
        LVH cut-off of the index and the modality and publication it comes from.
    reference_g : float
        Estimate for the reference beat and reference person of the model: where attributions start.
    lvh_in_test : (int, int, int) or None
        How many test patients with LVH were flagged, uncertain and not flagged; None without a test.
    simulated : bool
        Whether training and test patients were simulated.
    """

    model: str
    bundle_sha256: str
    sex: Sex
    lvm_g: float
    members_g: tuple[float, ...]
    interval_g: tuple[float, float]
    coverage: float
    lvmi_g_m2: float | None
    p_lvh: float | None
    prevalence: float
    lvh: Lvh
    lvh_reason: str
    demographics_only_g: float
    cutoff_g_m2: float
    cutoff_source: str
    reference_g: float
    lvh_in_test: tuple[int, int, int] | None = None
    simulated: bool = True

    def __post_init__(self) -> None:
        low, high = self.interval_g
        if not all(map(math.isfinite, (self.lvm_g, low, high, self.reference_g))) or not low <= self.lvm_g <= high:
            raise ValueError(f"estimate {self.lvm_g} g with interval {self.interval_g} is not a finite, ordered answer")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """Why the model said what it said, in signed grams against its reference.

    Parameters
    ----------
    method, baseline : str
        Name of the method and of the reference it starts from.
    beat_g : array (12, 400)
        Grams per lead and sample. The limb leads depend on one another: read them as one group.
    tabular_g : mapping
        Grams per non-waveform input.
    segments_g : mapping lead → segment → g or None
        `beat_g` summed over P, PR, QRS, ST, T and ``rest``; an absent segment is None.
    delta_g : float
        Sum of all attributions − (estimate − reference): the error of the integration.
    st_t_share : float or None
        Absolute attribution on ST and T ÷ absolute attribution on the beat, from `segments_g`.
    agreement : float or None
        Mean pairwise correlation of the members' own maps (lead × segment): how far to believe the map.
    """

    method: str
    baseline: str
    beat_g: FloatArray
    tabular_g: Mapping[str, float]
    segments_g: Mapping[str, Mapping[str, float | None]]
    delta_g: float
    st_t_share: float | None
    agreement: float | None

    def __post_init__(self) -> None:
        segments = {lead: MappingProxyType(dict(row)) for lead, row in self.segments_g.items()}
        _set(
            self,
            beat_g=frozen_array(self.beat_g, (N_LEADS, BEAT_SAMPLES), "beat_g"),
            tabular_g=MappingProxyType(dict(self.tabular_g)),
            segments_g=MappingProxyType(segments),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything said about one recording.

    `beat` and what follows is None when it could not be made; then `findings` holds the reason. `estimates` holds one
    estimate for a known sex, both models' for an unknown one, none after a STOP. `attribution` explains `estimate`.
    `distances` say how far the beat lies from real ECGs and from those the models learned from.
    """

    recording: Recording
    patient: Patient
    beat: Beat | None
    features: Features | None
    criteria: tuple[CriterionResult, ...]
    estimates: tuple[Estimate, ...]
    attribution: Attribution | None
    findings: tuple[Finding, ...]
    versions: Mapping[str, str]
    distances: tuple[Distance, ...] = ()
    disclaimer: str = DISCLAIMER

    def __post_init__(self) -> None:
        _set(self, findings=by_severity(self.findings), versions=MappingProxyType(dict(self.versions)))
        if blocks(self.findings) and self.estimates:
            raise ValueError("a report with a STOP finding cannot hold an estimate")

    @property
    def estimate(self) -> Estimate | None:
        """The one estimate, or None after a refusal or when the sex is unknown."""
        return self.estimates[0] if len(self.estimates) == 1 else None

    @property
    def refused(self) -> bool:
        """Whether a STOP finding blocked the estimate."""
        return blocks(self.findings)
