"""Rhythms, wrong rates, what is no ECG, the person, files and weights."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import signal as sps

from benchmarks.faults.registry import (
    CHEST,
    N_ELECTRODES,
    Case,
    add_at_electrodes,
    any_lead,
    case_fault,
    leads_mv,
    log_uniform,
    r_samples,
    sample_times,
    signal_fault,
)
from elvmass_core.domain import FloatArray, Sex

# --- rhythm -----------------------------------------------------------------------------------------------------------


@signal_fault("ectopic beats", "rhythm")
def _ectopic(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """One to five wide complexes between the beats, another shape at each electrode."""
    times, duration = sample_times(signal, fs_hz), signal.shape[1] / fs_hz
    added = np.zeros((N_ELECTRODES, times.size))
    shape, width = rng.normal(0.0, 1.0, (2, N_ELECTRODES)), rng.uniform(0.03, 0.05)
    for centre in rng.uniform(0.5, duration - 0.5, int(rng.integers(1, 6))):
        since = (times - centre) / width
        late = (times - centre - 0.25) / 0.07
        added += np.outer(shape[0], np.exp(-0.5 * since**2)) + np.outer(shape[1], since * np.exp(-0.5 * since**2))
        added -= 0.4 * np.outer(shape[0], np.exp(-0.5 * late**2))
    return add_at_electrodes(signal, added)


@signal_fault("pacing spikes", "rhythm")
def _paced(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """A spike before each QRS (ventricular) or each P (atrial); the beats stay as they are."""
    before = round(rng.choice([rng.uniform(0.04, 0.07), rng.uniform(0.15, 0.25)]) * fs_hz)
    added, sizes = np.zeros((N_ELECTRODES, signal.shape[1])), rng.normal(0.0, log_uniform(rng, 0.3, 5.0), N_ELECTRODES)
    width = max(round(0.002 * fs_hz), 1)
    for r in r_samples(signal, fs_hz) - before:
        added[:, max(r, 0) : max(r + width, 0)] = sizes[:, None]
    return add_at_electrodes(signal, added)


@signal_fault("irregular rhythm", "rhythm")
def _irregular(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Pauses of up to 0.7 s put between T and the next P, and P taken away: a rough atrial fibrillation."""
    pieces, last = [], 0
    for r in r_samples(signal, fs_hz)[1:]:
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

    case_fault(name, "rhythm")(change)


_rate_fault("sampling rate stated half", 0.5)
_rate_fault("sampling rate stated twice", 2.0)
_rate_fault("sampling rate 360 for 500", 0.72)
_rate_fault("sampling rate 500 for 360", 500.0 / 360.0)
_rate_fault("sampling rate 500 for 400", 1.25)


# --- unlike an ECG ----------------------------------------------------------------------------------------------------


@signal_fault("pure noise", "unlike")
def _pure_noise(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """White to brown, within ECG amplitudes."""
    noise = rng.normal(size=(N_ELECTRODES, signal.shape[1]))
    band = sps.butter(1, log_uniform(rng, 1.0, 0.4 * fs_hz), fs=fs_hz, output="sos")
    noise = sps.sosfilt(band, noise, axis=1)
    return leads_mv(noise / noise.std() * log_uniform(rng, 0.02, 2.0))


@signal_fault("sine waves", "unlike")
def _sines(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    wave = np.sin(2.0 * np.pi * rng.uniform(0.7, 2.5) * sample_times(signal, fs_hz)) ** int(rng.choice([1, 3, 9, 51]))
    return leads_mv(np.outer(rng.normal(0.0, 1.0, N_ELECTRODES), wave))


@signal_fault("time reversed", "unlike")
def _reversed(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal[:, ::-1].copy()


@signal_fault("one lead in all chest channels", "unlike")
def _one_for_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] = signal[any_lead(rng)]
    return signal


@signal_fault("two persons' groups of leads", "unlike")
def _two_rhythms(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """The chest leads of another heart: half a recording later and 1.3 times as fast."""
    length = signal.shape[1]
    later = np.roll(signal[CHEST], length // 2, axis=1)
    faster = np.linspace(0.0, length - 1.0, length) * 1.3 % (length - 1.0)
    signal[CHEST] = np.stack([np.interp(faster, np.arange(length), row) for row in later])
    return signal


# --- the person -------------------------------------------------------------------------------------------------------


@case_fault("age missing", "person")
def _no_age(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=None)


@case_fault("age under 18", "person")
def _child(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=float(rng.integers(0, 18)))


@case_fault("year of birth for age", "person")
def _birth_year(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, age_years=float(rng.integers(1930, 2005)))


@case_fault("sex unknown", "person")
def _no_sex(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, sex=Sex.UNKNOWN)


@case_fault("height or weight missing", "body")
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

    case_fault(name, "body")(apply)


_body_fault("height in metres", lambda height, weight: (height / 100.0, weight))
_body_fault("height in inches", lambda height, weight: (height / 2.54, weight))
_body_fault("height in feet", lambda height, weight: (height / 30.48, weight))
_body_fault("weight in pounds", lambda height, weight: (height, weight * 2.2046))
_body_fault("weight in grams", lambda height, weight: (height, weight * 1000.0))
_body_fault("weight in stone", lambda height, weight: (height, weight / 6.35))
_body_fault("height and weight exchanged", lambda height, weight: (weight, height))


# --- files and weights ------------------------------------------------------------------------------------------------


@case_fault("unit not stated", "unit")
def _no_unit(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, unit=None)


@case_fault("random bytes", "file")
def _bytes(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, file=rng.bytes(int(rng.integers(0, 5000))))


@case_fault("header without data", "file")
def _header(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, file=f"r 12 {case.fs_hz:g} 5000\nr.dat 16 1000/mV 16 0 0 0 0 I\n".encode())


@case_fault("picture or PDF", "picture")
def _picture(case: Case, rng: np.random.Generator) -> Case:
    starts = (b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"II*\x00")
    return replace(case, file=starts[rng.integers(len(starts))] + rng.bytes(1000))


@case_fault("weights missing", "weights")
def _no_weights(case: Case, rng: np.random.Generator) -> Case:
    return replace(case, has_weights=False)
