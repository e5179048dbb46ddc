"""The registry of faults, and what several of them share."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from elvmass_core.domain import FloatArray, Patient, Recording, Sex
from elvmass_core.io import read_recording
from elvmass_core.io.normal_form import LIMB_FROM_I_II, Channel, RawRecording, to_recording
from elvmass_core.signal.filters import clean, resample
from elvmass_core.signal.rpeaks import detect_r
from elvmass_core.units import LEADS

ROWS = {
    "file": "not an ECG, truncated, wrong suffix",
    "unit": "unit not stated",
    "gain": "gain wrong by a common factor",
    "leads": "Einthoven residual, leads missing",
    "missing": "NaN or inf samples",
    "dead": "flat or clipped lead, noise, < 5 similar beats",
    "electrodes": "limb-lead reversal, precordial swap",
    "rhythm": "paced, ectopy, rate, irregular",
    "person": "age < 18, age not given, sex unknown",
    "picture": "PDF, photo or scan",
    "body": "height or weight unknown (or in a wrong unit)",
    "unlike": "ECG unlike real ECGs",
    "weights": "weight file missing or changed",
}
"""Rows of the table of faults, by a short name."""
N_LIMB, N_ELECTRODES, CHEST = 6, 9, slice(6, 12)
RA, LA, LL, V1, V6 = 0, 1, 2, 3, 8
"""Electrodes of `electrodes_mv`."""
RL_LIKE_LL = 0.97
"""The right leg's potential: nearly the left leg's, the rest the right arm's (assumed; with 1 a lead would be exactly
zero, which no recorder shows)."""
DETECTION_FS_HZ = 500.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """What is given to ELVMass: a signal with its rate and unit, a person in raw numbers, or the bytes of a file."""

    signal_mv: FloatArray
    fs_hz: float
    sex: Sex
    age_years: float | None
    height_cm: float | None
    weight_kg: float | None
    unit: str | None = "mV"
    file: bytes | None = None
    has_weights: bool = True

    def recording(self) -> Recording:
        """Take the way of an uploaded file; raises `RecordingError`."""
        if self.file is not None:
            return read_recording({"upload.dat": self.file})
        channels = tuple(
            Channel(lead=lead, samples=row, unit=self.unit) for lead, row in zip(LEADS, self.signal_mv, strict=True)
        )
        return to_recording(RawRecording(format="benchmark", channels=channels, fs_hz=self.fs_hz))

    def patient(self) -> Patient:
        """The person; raises `PatientError`."""
        return Patient(
            sex=self.sex, age_years=self.age_years, height_cm=self.height_cm, weight_kg=self.weight_kg
        )  # fmt: skip


CaseChange = Callable[[Case, np.random.Generator], Case]
SignalChange = Callable[[FloatArray, float, np.random.Generator], FloatArray]


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: its name, its row in `ROWS`, and what it does."""

    name: str
    row: str
    apply: CaseChange


FAULTS: dict[str, Fault] = {}


def case_fault(name: str, row: str) -> Callable[[CaseChange], CaseChange]:
    """Register a change of the whole case."""

    def register(change: CaseChange) -> CaseChange:
        FAULTS[name] = Fault(name, row, change)
        return change

    return register


def signal_fault(name: str, row: str) -> Callable[[SignalChange], SignalChange]:
    """Register a change of the signal; the function gets a copy, the rate in Hz and a generator."""

    def register(change: SignalChange) -> SignalChange:
        def apply(case: Case, rng: np.random.Generator) -> Case:
            return replace(case, signal_mv=change(np.array(case.signal_mv), case.fs_hz, rng))

        FAULTS[name] = Fault(name, row, apply)
        return change

    return register


# --- electrodes and draws ---------------------------------------------------------------------------------------------


def electrodes_mv(signal_mv: FloatArray) -> FloatArray:
    """RA, LA, LL, V1 … V6 against Wilson's terminal, shape (9, n), from leads I, II and V1–V6."""
    right = -(signal_mv[0] + signal_mv[1]) / 3.0
    return np.vstack([right, right + signal_mv[0], right + signal_mv[1], signal_mv[CHEST]])


def leads_mv(electrodes: FloatArray) -> FloatArray:
    """Twelve leads from the nine electrodes against any reference."""
    limb = LIMB_FROM_I_II @ np.stack([electrodes[LA] - electrodes[RA], electrodes[LL] - electrodes[RA]])
    return np.vstack([limb, electrodes[V1:] - electrodes[: LL + 1].mean(axis=0)])


def add_at_electrodes(signal: FloatArray, at_electrodes: FloatArray) -> FloatArray:
    """Add potentials at the electrodes."""
    return leads_mv(electrodes_mv(signal) + at_electrodes)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A draw whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def limb_lead(rng: np.random.Generator) -> int:
    """Row of a limb lead."""
    return int(rng.integers(N_LIMB))


def chest_lead(rng: np.random.Generator) -> int:
    """Row of a chest lead."""
    return int(rng.integers(N_LIMB, len(LEADS)))


def any_lead(rng: np.random.Generator) -> int:
    """Row of a lead."""
    return int(rng.integers(len(LEADS)))


def sample_times(signal: FloatArray, fs_hz: float) -> FloatArray:
    """Seconds of the samples."""
    return np.arange(signal.shape[1]) / fs_hz


def r_samples(signal: FloatArray, fs_hz: float) -> np.ndarray:
    """R samples at the signal's own rate."""
    found = detect_r(clean(resample(signal, fs_hz))) * fs_hz / DETECTION_FS_HZ
    return np.minimum(np.rint(found).astype(int), signal.shape[1] - 1)


def stretch(signal: FloatArray, share: float, rng: np.random.Generator) -> slice:
    """A stretch of this share of the recording, anywhere."""
    n_samples = signal.shape[1]
    length = max(round(share * n_samples), 1)
    start = int(rng.integers(n_samples - length + 1))
    return slice(start, start + length)
