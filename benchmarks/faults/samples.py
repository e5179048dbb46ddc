"""Faults of data: missing samples, dead and saturated leads, gains and channels."""

import numpy as np

from benchmarks.faults.registry import (
    CHEST,
    N_LIMB,
    any_lead,
    chest_lead,
    limb_lead,
    log_uniform,
    signal_fault,
    stretch,
)
from elvmass_core.domain import FloatArray
from elvmass_core.units import LEADS

# --- missing samples --------------------------------------------------------------------------------------------------


@signal_fault("one NaN sample", "missing")
def _nan_sample(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[any_lead(rng), rng.integers(signal.shape[1])] = np.nan
    return signal


@signal_fault("NaN run, one lead", "missing")
def _nan_run(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[any_lead(rng), stretch(signal, log_uniform(rng, 5e-4, 0.9), rng)] = np.nan
    return signal


@signal_fault("NaN run, all leads", "missing")
def _nan_run_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:, stretch(signal, log_uniform(rng, 5e-4, 0.9), rng)] = np.nan
    return signal


@signal_fault("NaN scattered", "missing")
def _nan_scattered(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Single samples, in all leads at once or in each for itself."""
    shape = signal.shape if rng.random() < 0.5 else (1, signal.shape[1])
    holes = rng.random(shape) < log_uniform(rng, 1e-3, 0.3)
    holes[:, -1] = True
    return np.where(holes, np.nan, signal)


@signal_fault("NaN at every QRS", "missing")
def _nan_at_qrs(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """What an overflow of the converter leaves: the peaks are missing, a few samples each."""
    lead = chest_lead(rng)
    peaks = np.abs(signal[lead] - np.median(signal[lead]))
    signal[lead, peaks > np.quantile(peaks, rng.uniform(0.98, 0.999))] = np.nan
    return signal


@signal_fault("inf samples", "missing")
def _inf(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[any_lead(rng), stretch(signal, log_uniform(rng, 2e-4, 0.1), rng)] = rng.choice([np.inf, -np.inf])
    return signal


@signal_fault("one lead missing", "leads")
def _lead_missing(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[any_lead(rng)] = np.nan
    return signal


@signal_fault("2–6 leads missing", "leads")
def _leads_missing(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[rng.choice(len(LEADS), int(rng.integers(2, 7)), replace=False)] = np.nan
    return signal


# --- dead and saturated leads -----------------------------------------------------------------------------------------


@signal_fault("one lead flat", "dead")
def _flat(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[any_lead(rng)] = rng.choice([0.0, rng.normal()])
    return signal


@signal_fault("one chest lead flat but for noise", "dead")
def _noise_lead(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[chest_lead(rng)] = rng.normal(0.0, log_uniform(rng, 1e-3, 1.0), signal.shape[1])
    return signal


@signal_fault("2–6 leads flat", "dead")
def _flat_leads(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[rng.choice(len(LEADS), int(rng.integers(2, 7)), replace=False)] = 0.0
    return signal


@signal_fault("lead loose for a while", "dead")
def _flat_for_a_while(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """A chest electrode comes off: its lead rests at one value."""
    signal[chest_lead(rng), stretch(signal, rng.uniform(0.05, 0.9), rng)] = rng.normal(0.0, 0.5)
    return signal


@signal_fault("all leads held for a while", "dead")
def _held(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    piece = stretch(signal, rng.uniform(0.05, 0.7), rng)
    signal[:, piece] = signal[:, piece.start : piece.start + 1]
    return signal


@signal_fault("half replaced by zeros", "dead")
def _half_flat(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:, stretch(signal, 0.5, rng)] = 0.0
    return signal


@signal_fault("one lead clipped", "dead")
def _clipped(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    lead = chest_lead(rng)
    middle = np.median(signal[lead])
    limit = rng.uniform(0.2, 0.9) * np.abs(signal[lead] - middle).max()
    signal[lead] = np.clip(signal[lead], middle - limit, middle + limit)
    return signal


@signal_fault("all leads clipped at one level", "dead")
def _clipped_all(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    limit = rng.uniform(0.1, 0.9) * np.abs(signal).max()
    return np.clip(signal, -limit, limit)


# --- gains and channels -----------------------------------------------------------------------------------------------


@signal_fault("all gains too high", "gain")
def _gain_up(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal * log_uniform(rng, 2.0, 2000.0)


@signal_fault("all gains too low", "gain")
def _gain_down(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal / log_uniform(rng, 2.0, 2000.0)


@signal_fault("all gains twice", "gain")
def _gain_twice(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """20 mm/mV read as 10, or the reverse."""
    return signal * rng.choice([2.0, 0.5])


@signal_fault("uV read as mV, or the reverse", "gain")
def _microvolts(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal * rng.choice([1e3, 1e-3])


@signal_fault("limb leads' gain wrong", "leads")
def _limb_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[:N_LIMB] *= log_uniform(rng, 2.0, 10.0) ** rng.choice([-1.0, 1.0])
    return signal


@signal_fault("chest leads' gain wrong", "leads")
def _chest_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Half is the standard setting of many recorders for tall chest leads."""
    signal[CHEST] *= rng.choice([0.5, log_uniform(rng, 0.1, 0.5), log_uniform(rng, 2.0, 10.0)])
    return signal


def _wrong_factor(rng: np.random.Generator) -> float:
    return float(rng.choice([0.1, 0.5, 2.0, log_uniform(rng, 2.0, 10.0)]))


@signal_fault("one limb lead's gain wrong", "leads")
def _one_limb_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[limb_lead(rng)] *= _wrong_factor(rng)
    return signal


@signal_fault("one chest lead's gain wrong", "leads")
def _one_chest_gain(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[chest_lead(rng)] *= _wrong_factor(rng)
    return signal


@signal_fault("one limb lead inverted", "leads")
def _limb_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[limb_lead(rng)] *= -1.0
    return signal


@signal_fault("one chest lead inverted", "leads")
def _chest_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[chest_lead(rng)] *= -1.0
    return signal


@signal_fault("leads in wrong order", "leads")
def _shuffled(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return signal[rng.permutation(len(LEADS))]


@signal_fault("chest leads in wrong order", "electrodes")
def _chest_shuffled(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    order = rng.permutation(6)
    if (order == np.arange(6)).all():
        order = order[::-1]
    signal[CHEST] = signal[CHEST][order]
    return signal


@signal_fault("one lead copied over a limb lead", "leads")
def _copied_limb(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    target = limb_lead(rng)
    signal[target] = signal[(target + int(rng.integers(1, len(LEADS)))) % len(LEADS)]
    return signal


@signal_fault("one lead copied over a chest lead", "leads")
def _copied_chest(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    target = chest_lead(rng)
    signal[target] = signal[(target + int(rng.integers(1, len(LEADS)))) % len(LEADS)]
    return signal


def _shifted(signal: FloatArray, fs_hz: float, lead: int, rng: np.random.Generator) -> FloatArray:
    shift = max(round(log_uniform(rng, 0.005, 0.2) * fs_hz), 1)
    signal[lead] = np.roll(signal[lead], shift * int(rng.choice([-1, 1])))
    return signal


@signal_fault("one limb lead shifted in time", "leads")
def _limb_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return _shifted(signal, fs_hz, limb_lead(rng), rng)


@signal_fault("one chest lead shifted in time", "leads")
def _chest_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return _shifted(signal, fs_hz, chest_lead(rng), rng)


@signal_fault("chest leads shifted against limb leads", "leads")
def _group_shifted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Printed ECGs show the groups one after the other."""
    shift = max(round(log_uniform(rng, 0.005, 0.4) * fs_hz), 1)
    signal[CHEST] = np.roll(signal[CHEST], shift * int(rng.choice([-1, 1])), axis=1)
    return signal
