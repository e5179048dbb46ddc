"""The registry of faults: what can be wrong with a recording, or with what is said of the person it comes from.

    Case → fault(case, rng) → Case → to_recording → analyse

Each fault names the row of the table "what each fault must give" that it belongs to; `ROWS` holds the rows. Faults of
potentials (noise, electrodes on the wrong place) act on the nine electrodes, so that Einthoven's law holds as it does
in life; faults of data (gains, missing samples, channels) act on single leads. Ranges are assumed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import signal as sps

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


def _case_fault(name: str, row: str) -> Callable[[CaseChange], CaseChange]:
    """Register a change of the whole case."""

    def register(change: CaseChange) -> CaseChange:
        FAULTS[name] = Fault(name, row, change)
        return change

    return register


def _signal_fault(name: str, row: str) -> Callable[[SignalChange], SignalChange]:
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


def _add(signal: FloatArray, at_electrodes: FloatArray) -> FloatArray:
    """Add potentials at the electrodes."""
    return leads_mv(electrodes_mv(signal) + at_electrodes)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _limb(rng: np.random.Generator) -> int:
    return int(rng.integers(N_LIMB))


def _chest(rng: np.random.Generator) -> int:
    return int(rng.integers(N_LIMB, len(LEADS)))


def _any(rng: np.random.Generator) -> int:
    return int(rng.integers(len(LEADS)))


def _times(signal: FloatArray, fs_hz: float) -> FloatArray:
    return np.arange(signal.shape[1]) / fs_hz


def _r_samples(signal: FloatArray, fs_hz: float) -> np.ndarray:
    """R samples at the signal's own rate."""
    found = detect_r(clean(resample(signal, fs_hz))) * fs_hz / DETECTION_FS_HZ
    return np.minimum(np.rint(found).astype(int), signal.shape[1] - 1)


def _piece(signal: FloatArray, share: float, rng: np.random.Generator) -> slice:
    """A stretch of this share of the recording, anywhere."""
    n_samples = signal.shape[1]
    length = max(round(share * n_samples), 1)
    start = int(rng.integers(n_samples - length + 1))
    return slice(start, start + length)


# --- missing samples --------------------------------------------------------------------------------------------------


@_signal_fault("one NaN sample", "missing")
def _nan_sample(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_any(rng), rng.integers(signal.shape[1])] = np.nan
    return signal


@_signal_fault("NaN run, one lead", "missing")
def _nan_run(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_any(rng), _piece(signal, _log_uniform(rng, 5e-4, 0.9), rng)] = np.nan
    return signal


@_signal_fault("NaN run, all leads", "missing")
def _nan_run_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:, _piece(signal, _log_uniform(rng, 5e-4, 0.9), rng)] = np.nan
    return signal


@_signal_fault("NaN scattered", "missing")
def _nan_scattered(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Single samples, in all leads at once or in each for itself."""
    shape = signal.shape if rng.random() < 0.5 else (1, signal.shape[1])
    holes = rng.random(shape) < _log_uniform(rng, 1e-3, 0.3)
    holes[:, -1] = True
    return np.where(holes, np.nan, signal)


@_signal_fault("NaN at every QRS", "missing")
def _nan_at_qrs(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """What an overflow of the converter leaves: the peaks are missing, a few samples each."""
    lead = _chest(rng)
    peaks = np.abs(signal[lead] - np.median(signal[lead]))
    signal[lead, peaks > np.quantile(peaks, rng.uniform(0.98, 0.999))] = np.nan
    return signal


@_signal_fault("inf samples", "missing")
def _inf(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_any(rng), _piece(signal, _log_uniform(rng, 2e-4, 0.1), rng)] = rng.choice([np.inf, -np.inf])
    return signal


@_signal_fault("one lead missing", "leads")
def _lead_missing(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_any(rng)] = np.nan
    return signal


@_signal_fault("2–6 leads missing", "leads")
def _leads_missing(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[rng.choice(len(LEADS), int(rng.integers(2, 7)), replace=False)] = np.nan
    return signal


# --- dead and saturated leads -----------------------------------------------------------------------------------------


@_signal_fault("one lead flat", "dead")
def _flat(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_any(rng)] = rng.choice([0.0, rng.normal()])
    return signal


@_signal_fault("one chest lead flat but for noise", "dead")
def _noise_lead(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_chest(rng)] = rng.normal(0.0, _log_uniform(rng, 1e-3, 1.0), signal.shape[1])
    return signal


@_signal_fault("2–6 leads flat", "dead")
def _flat_leads(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[rng.choice(len(LEADS), int(rng.integers(2, 7)), replace=False)] = 0.0
    return signal


@_signal_fault("lead loose for a while", "dead")
def _flat_for_a_while(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """A chest electrode comes off: its lead rests at one value."""
    signal[_chest(rng), _piece(signal, rng.uniform(0.05, 0.9), rng)] = rng.normal(0.0, 0.5)
    return signal


@_signal_fault("all leads held for a while", "dead")
def _held(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    piece = _piece(signal, rng.uniform(0.05, 0.7), rng)
    signal[:, piece] = signal[:, piece.start : piece.start + 1]
    return signal


@_signal_fault("half replaced by zeros", "dead")
def _half_flat(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:, _piece(signal, 0.5, rng)] = 0.0
    return signal


@_signal_fault("one lead clipped", "dead")
def _clipped(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    lead = _chest(rng)
    middle = np.median(signal[lead])
    limit = rng.uniform(0.2, 0.9) * np.abs(signal[lead] - middle).max()
    signal[lead] = np.clip(signal[lead], middle - limit, middle + limit)
    return signal


@_signal_fault("all leads clipped at one level", "dead")
def _clipped_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    limit = rng.uniform(0.1, 0.9) * np.abs(signal).max()
    return np.clip(signal, -limit, limit)


# --- gains and channels -----------------------------------------------------------------------------------------------


@_signal_fault("all gains too high", "gain")
def _gain_up(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal * _log_uniform(rng, 2.0, 2000.0)


@_signal_fault("all gains too low", "gain")
def _gain_down(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal / _log_uniform(rng, 2.0, 2000.0)


@_signal_fault("all gains twice", "gain")
def _gain_twice(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """20 mm/mV read as 10, or the reverse."""
    return signal * rng.choice([2.0, 0.5])


@_signal_fault("uV read as mV, or the reverse", "gain")
def _microvolts(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal * rng.choice([1e3, 1e-3])


@_signal_fault("limb leads' gain wrong", "leads")
def _limb_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:N_LIMB] *= _log_uniform(rng, 2.0, 10.0) ** rng.choice([-1.0, 1.0])
    return signal


@_signal_fault("chest leads' gain wrong", "leads")
def _chest_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Half is the standard setting of many recorders for tall chest leads."""
    signal[CHEST] *= rng.choice([0.5, _log_uniform(rng, 0.1, 0.5), _log_uniform(rng, 2.0, 10.0)])
    return signal


def _wrong_factor(rng: np.random.Generator) -> float:
    return float(rng.choice([0.1, 0.5, 2.0, _log_uniform(rng, 2.0, 10.0)]))


@_signal_fault("one limb lead's gain wrong", "leads")
def _one_limb_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_limb(rng)] *= _wrong_factor(rng)
    return signal


@_signal_fault("one chest lead's gain wrong", "leads")
def _one_chest_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_chest(rng)] *= _wrong_factor(rng)
    return signal


@_signal_fault("one limb lead inverted", "leads")
def _limb_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_limb(rng)] *= -1.0
    return signal


@_signal_fault("one chest lead inverted", "leads")
def _chest_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[_chest(rng)] *= -1.0
    return signal


@_signal_fault("leads in wrong order", "leads")
def _shuffled(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal[rng.permutation(len(LEADS))]


@_signal_fault("chest leads in wrong order", "electrodes")
def _chest_shuffled(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    order = rng.permutation(6)
    if (order == np.arange(6)).all():
        order = order[::-1]
    signal[CHEST] = signal[CHEST][order]
    return signal


@_signal_fault("one lead copied over a limb lead", "leads")
def _copied_limb(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    target = _limb(rng)
    signal[target] = signal[(target + int(rng.integers(1, len(LEADS)))) % len(LEADS)]
    return signal


@_signal_fault("one lead copied over a chest lead", "leads")
def _copied_chest(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    target = _chest(rng)
    signal[target] = signal[(target + int(rng.integers(1, len(LEADS)))) % len(LEADS)]
    return signal


def _shifted(signal: FloatArray, fs_hz: float, lead: int, rng: np.random.Generator) -> FloatArray:
    shift = max(round(_log_uniform(rng, 0.005, 0.2) * fs_hz), 1)
    signal[lead] = np.roll(signal[lead], shift * int(rng.choice([-1, 1])))
    return signal


@_signal_fault("one limb lead shifted in time", "leads")
def _limb_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return _shifted(signal, fs_hz, _limb(rng), rng)


@_signal_fault("one chest lead shifted in time", "leads")
def _chest_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return _shifted(signal, fs_hz, _chest(rng), rng)


@_signal_fault("chest leads shifted against limb leads", "leads")
def _group_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Printed ECGs show the groups one after the other."""
    shift = max(round(_log_uniform(rng, 0.005, 0.4) * fs_hz), 1)
    signal[CHEST] = np.roll(signal[CHEST], shift * int(rng.choice([-1, 1])), axis=1)
    return signal


# --- electrodes on the wrong place ------------------------------------------------------------------------------------


def _swap_fault(name: str, right: int | str, left: int | str, leg: int | str) -> None:
    """Register a limb swap: the electrode (or "RL") that each of the three cables is connected to."""

    def change(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
        electrodes = electrodes_mv(signal)
        right_leg = RL_LIKE_LL * electrodes[LL] + (1.0 - RL_LIKE_LL) * electrodes[RA]
        rows = [right_leg if source == "RL" else electrodes[source] for source in (right, left, leg)]  # type: ignore[index]
        return leads_mv(np.vstack([*rows, electrodes[V1:]]))

    _signal_fault(name, "electrodes")(change)


_swap_fault("RA–LA exchanged", LA, RA, LL)
_swap_fault("RA–LL exchanged", LL, LA, RA)
_swap_fault("LA–LL exchanged", RA, LL, LA)
_swap_fault("limb electrodes rotated clockwise", LL, RA, LA)
_swap_fault("limb electrodes rotated the other way", LA, LL, RA)
_swap_fault("RA–RL exchanged", "RL", LA, LL)
_swap_fault("LA–RL exchanged", RA, "RL", LL)
_swap_fault("arms and legs exchanged", "RL", LL, LA)


@_signal_fault("chest neighbours exchanged", "electrodes")
def _chest_neighbours(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    first = int(rng.integers(N_LIMB, len(LEADS) - 1))
    signal[[first, first + 1]] = signal[[first + 1, first]]
    return signal


@_signal_fault("V1 and V3 exchanged", "electrodes")
def _v1_v3(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[[6, 8]] = signal[[8, 6]]
    return signal


@_signal_fault("chest leads reversed", "electrodes")
def _chest_reversed(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] = signal[CHEST][::-1].copy()
    return signal


@_signal_fault("arm and chest cables exchanged", "electrodes")
def _arm_chest(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    electrodes = electrodes_mv(signal)
    limb, chest = int(rng.integers(3)), int(rng.integers(V1, N_ELECTRODES))
    electrodes[[limb, chest]] = electrodes[[chest, limb]]
    return leads_mv(electrodes)


@_signal_fault("whole recording inverted", "electrodes")
def _inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return -signal


@_signal_fault("chest leads inverted", "electrodes")
def _chest_group_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] *= -1.0
    return signal


# --- noise ------------------------------------------------------------------------------------------------------------


@_signal_fault("mains", "dead")
def _mains(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    wave = np.sin(2.0 * np.pi * rng.choice([50.0, 60.0]) * _times(signal, fs_hz) + rng.uniform(0.0, 6.28))
    return _add(signal, np.outer(rng.normal(0.0, 1.0, N_ELECTRODES) * _log_uniform(rng, 0.05, 5.0), wave))


@_signal_fault("muscle noise", "dead")
def _muscle(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    band = sps.butter(2, [20.0, min(150.0, 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos")
    noise = sps.sosfilt(band, rng.normal(size=(N_ELECTRODES, signal.shape[1])), axis=1)
    return _add(signal, noise / noise.std() * _log_uniform(rng, 0.02, 1.0))


@_signal_fault("muscle noise, one electrode", "dead")
def _muscle_one(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    added[rng.integers(N_ELECTRODES)] = rng.normal(0.0, _log_uniform(rng, 0.02, 2.0), signal.shape[1])
    return _add(signal, added)


@_signal_fault("baseline wander", "dead")
def _wander(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    times, size = _times(signal, fs_hz), _log_uniform(rng, 0.1, 5.0)
    waves = [np.sin(2.0 * np.pi * rng.uniform(0.05, 0.6) * times + rng.uniform(0.0, 6.28)) for _ in range(3)]
    return _add(signal, size * rng.normal(0.0, 0.6, (N_ELECTRODES, 3)) @ np.stack(waves))


@_signal_fault("steps", "dead")
def _steps(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    for _ in range(int(rng.integers(1, 11))):
        added[rng.integers(N_ELECTRODES), rng.integers(1, signal.shape[1]) :] += rng.normal(0.0, 2.0)
    return _add(signal, added)


@_signal_fault("spikes", "dead")
def _spikes(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    for _ in range(int(rng.integers(1, 51))):
        start = int(rng.integers(signal.shape[1]))
        added[rng.integers(N_ELECTRODES), start : start + int(rng.integers(1, 4))] += rng.normal(0.0, 4.0)
    return _add(signal, added)


@_signal_fault("half replaced by noise", "dead")
def _half_noise(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    piece = _piece(signal, 0.5, rng)
    noise = rng.normal(0.0, signal.std(), (N_ELECTRODES, piece.stop - piece.start))
    signal[:, piece] = leads_mv(noise)
    return signal


@_signal_fault("coarse resolution", "dead")
def _coarse(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Rounded lead by lead, as a file does."""
    step_mv = _log_uniform(rng, 0.01, 0.5)
    return np.rint(signal / step_mv) * step_mv


@_signal_fault("few seconds", "dead")
def _few_seconds(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    length_s = min(rng.uniform(3.0, 8.0), 0.9 * signal.shape[1] / fs_hz)
    return signal[:, _piece(signal, length_s * fs_hz / signal.shape[1], rng)]


# --- rhythm -----------------------------------------------------------------------------------------------------------


@_signal_fault("ectopic beats", "rhythm")
def _ectopic(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """One to five wide complexes between the beats, another shape at each electrode."""
    times, duration = _times(signal, fs_hz), signal.shape[1] / fs_hz
    added = np.zeros((N_ELECTRODES, times.size))
    shape, width = rng.normal(0.0, 1.0, (2, N_ELECTRODES)), rng.uniform(0.03, 0.05)
    for centre in rng.uniform(0.5, duration - 0.5, int(rng.integers(1, 6))):
        since = (times - centre) / width
        late = (times - centre - 0.25) / 0.07
        added += np.outer(shape[0], np.exp(-0.5 * since**2)) + np.outer(shape[1], since * np.exp(-0.5 * since**2))
        added -= 0.4 * np.outer(shape[0], np.exp(-0.5 * late**2))
    return _add(signal, added)


@_signal_fault("pacing spikes", "rhythm")
def _paced(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """A spike before each QRS (ventricular) or each P (atrial); the beats stay as they are."""
    before = round(rng.choice([rng.uniform(0.04, 0.07), rng.uniform(0.15, 0.25)]) * fs_hz)
    added, sizes = np.zeros((N_ELECTRODES, signal.shape[1])), rng.normal(0.0, _log_uniform(rng, 0.3, 5.0), N_ELECTRODES)
    width = max(round(0.002 * fs_hz), 1)
    for r in _r_samples(signal, fs_hz) - before:
        added[:, max(r, 0) : max(r + width, 0)] = sizes[:, None]
    return _add(signal, added)


@_signal_fault("irregular rhythm", "rhythm")
def _irregular(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Pauses of up to 0.7 s put between T and the next P, and P taken away: a rough atrial fibrillation."""
    pieces, last = [], 0
    for r in _r_samples(signal, fs_hz)[1:]:
        stop, onset = max(r - round(0.26 * fs_hz), last + 1), max(r - round(0.07 * fs_hz), last + 2)
        pause = int(rng.uniform(0.0, 0.7) * fs_hz)
        bridge = np.linspace(0.0, 1.0, pause + onset - stop)
        pieces += [signal[:, last:stop], np.outer(signal[:, stop], 1.0 - bridge) + np.outer(signal[:, onset], bridge)]
        last = onset
    return np.hstack([*pieces, signal[:, last:]])[:, : signal.shape[1]]


def _rate_fault(name: str, factor: float) -> None:
    """Register a sampling rate that is stated wrongly."""

    def change(case: Case, rng: np.random.Generator) -> Case:
        return replace(case, fs_hz=factor * case.fs_hz)

    _case_fault(name, "rhythm")(change)


_rate_fault("sampling rate stated half", 0.5)
_rate_fault("sampling rate stated twice", 2.0)
_rate_fault("sampling rate 360 for 500", 0.72)
_rate_fault("sampling rate 500 for 360", 500.0 / 360.0)
_rate_fault("sampling rate 500 for 400", 1.25)


# --- unlike an ECG ----------------------------------------------------------------------------------------------------


@_signal_fault("pure noise", "unlike")
def _pure_noise(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """White to brown, within ECG amplitudes."""
    noise = rng.normal(size=(N_ELECTRODES, signal.shape[1]))
    band = sps.butter(1, _log_uniform(rng, 1.0, 0.4 * fs_hz), fs=fs_hz, output="sos")
    noise = sps.sosfilt(band, noise, axis=1)
    return leads_mv(noise / noise.std() * _log_uniform(rng, 0.02, 2.0))


@_signal_fault("sine waves", "unlike")
def _sines(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    wave = np.sin(2.0 * np.pi * rng.uniform(0.7, 2.5) * _times(signal, fs_hz)) ** int(rng.choice([1, 3, 9, 51]))
    return leads_mv(np.outer(rng.normal(0.0, 1.0, N_ELECTRODES), wave))


@_signal_fault("time reversed", "unlike")
def _reversed(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal[:, ::-1].copy()


@_signal_fault("one lead in all chest channels", "unlike")
def _one_for_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] = signal[_any(rng)]
    return signal


@_signal_fault("two persons' groups of leads", "unlike")
def _two_rhythms(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """The chest leads of another heart: half a recording later and 1.3 times as fast."""
    length = signal.shape[1]
    later = np.roll(signal[CHEST], length // 2, axis=1)
    faster = np.linspace(0.0, length - 1.0, length) * 1.3 % (length - 1.0)
    signal[CHEST] = np.stack([np.interp(faster, np.arange(length), row) for row in later])
    return signal


# --- the person -------------------------------------------------------------------------------------------------------


@_case_fault("age missing", "person")
def _no_age(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=None)


@_case_fault("age under 18", "person")
def _child(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=float(rng.integers(0, 18)))


@_case_fault("year of birth for age", "person")
def _birth_year(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=float(rng.integers(1930, 2005)))


@_case_fault("sex unknown", "person")
def _no_sex(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, sex=Sex.UNKNOWN)


@_case_fault("height or weight missing", "body")
def _no_size(case: Case, rng: np.random.Generator) -> Case:
    is_height = rng.choice(["height_cm", "weight_kg"]) == "height_cm"
    return replace(case, height_cm=None) if is_height else replace(case, weight_kg=None)


def _body_fault(name: str, change: Callable[[float, float], tuple[float, float]]) -> None:
    """Register a wrong unit of height (cm) or weight (kg)."""

    def apply(case: Case, rng: np.random.Generator) -> Case:
        if case.height_cm is None or case.weight_kg is None:
            raise ValueError("body faults need a case of known height and weight")
        height, weight = change(case.height_cm, case.weight_kg)
        return replace(case, height_cm=height, weight_kg=weight)

    _case_fault(name, "body")(apply)


_body_fault("height in metres", lambda height, weight: (height / 100.0, weight))
_body_fault("height in inches", lambda height, weight: (height / 2.54, weight))
_body_fault("height in feet", lambda height, weight: (height / 30.48, weight))
_body_fault("weight in pounds", lambda height, weight: (height, weight * 2.2046))
_body_fault("weight in grams", lambda height, weight: (height, weight * 1000.0))
_body_fault("weight in stone", lambda height, weight: (height, weight / 6.35))
_body_fault("height and weight exchanged", lambda height, weight: (weight, height))


# --- files and weights ------------------------------------------------------------------------------------------------


@_case_fault("unit not stated", "unit")
def _no_unit(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, unit=None)


@_case_fault("random bytes", "file")
def _bytes(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, file=rng.bytes(int(rng.integers(0, 5000))))


@_case_fault("header without data", "file")
def _header(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, file=f"r 12 {case.fs_hz:g} 5000\nr.dat 16 1000/mV 16 0 0 0 0 I\n".encode())


@_case_fault("picture or PDF", "picture")
def _picture(case: Case, rng: np.random.Generator) -> Case:
    starts = (b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"II*\x00")
    return replace(case, file=starts[rng.integers(len(starts))] + rng.bytes(1000))


@_case_fault("weights missing", "weights")
def _no_weights(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, has_weights=False)
