"""Faults of potentials: electrodes on the wrong place, noise."""

import numpy as np
from scipy import signal as sps

from benchmarks.faults.registry import (
    CHEST,
    LA,
    LL,
    N_ELECTRODES,
    N_LIMB,
    RA,
    RL_LIKE_LL,
    V1,
    add_at_electrodes,
    electrodes_mv,
    leads_mv,
    log_uniform,
    sample_times,
    signal_fault,
    stretch,
)
from elvmass_core.domain import FloatArray
from elvmass_core.units import LEADS

# --- electrodes on the wrong place ------------------------------------------------------------------------------------


def _swap_fault(name: str, right: int | str, left: int | str, leg: int | str) -> None:
    """Register a limb swap: the electrode (or "RL") that each of the three cables is connected to."""

    def change(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
        electrodes = electrodes_mv(signal)
        right_leg = RL_LIKE_LL * electrodes[LL] + (1.0 - RL_LIKE_LL) * electrodes[RA]
        rows = [right_leg if source == "RL" else electrodes[source] for source in (right, left, leg)]  # type: ignore[index]
        return leads_mv(np.vstack([*rows, electrodes[V1:]]))

    signal_fault(name, "electrodes")(change)


_swap_fault("RA–LA exchanged", LA, RA, LL)
_swap_fault("RA–LL exchanged", LL, LA, RA)
_swap_fault("LA–LL exchanged", RA, LL, LA)
_swap_fault("limb electrodes rotated clockwise", LL, RA, LA)
_swap_fault("limb electrodes rotated the other way", LA, LL, RA)
_swap_fault("RA–RL exchanged", "RL", LA, LL)
_swap_fault("LA–RL exchanged", RA, "RL", LL)
_swap_fault("arms and legs exchanged", "RL", LL, LA)


@signal_fault("chest neighbours exchanged", "electrodes")
def _chest_neighbours(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    first = int(rng.integers(N_LIMB, len(LEADS) - 1))
    signal[[first, first + 1]] = signal[[first + 1, first]]
    return signal


@signal_fault("V1 and V3 exchanged", "electrodes")
def _v1_v3(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[[6, 8]] = signal[[8, 6]]
    return signal


@signal_fault("chest leads reversed", "electrodes")
def _chest_reversed(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] = signal[CHEST][::-1].copy()
    return signal


@signal_fault("arm and chest cables exchanged", "electrodes")
def _arm_chest(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    electrodes = electrodes_mv(signal)
    limb, chest = int(rng.integers(3)), int(rng.integers(V1, N_ELECTRODES))
    electrodes[[limb, chest]] = electrodes[[chest, limb]]
    return leads_mv(electrodes)


@signal_fault("whole recording inverted", "electrodes")
def _inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    return -signal


@signal_fault("chest leads inverted", "electrodes")
def _chest_group_inverted(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    signal[CHEST] *= -1.0
    return signal


# --- noise ------------------------------------------------------------------------------------------------------------


@signal_fault("mains", "dead")
def _mains(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    wave = np.sin(2.0 * np.pi * rng.choice([50.0, 60.0]) * sample_times(signal, fs_hz) + rng.uniform(0.0, 6.28))
    return add_at_electrodes(signal, np.outer(rng.normal(0.0, 1.0, N_ELECTRODES) * log_uniform(rng, 0.05, 5.0), wave))


@signal_fault("muscle noise", "dead")
def _muscle(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    band = sps.butter(2, [20.0, min(150.0, 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos")
    noise = sps.sosfilt(band, rng.normal(size=(N_ELECTRODES, signal.shape[1])), axis=1)
    return add_at_electrodes(signal, noise / noise.std() * log_uniform(rng, 0.02, 1.0))


@signal_fault("muscle noise, one electrode", "dead")
def _muscle_one(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    added[rng.integers(N_ELECTRODES)] = rng.normal(0.0, log_uniform(rng, 0.02, 2.0), signal.shape[1])
    return add_at_electrodes(signal, added)


@signal_fault("baseline wander", "dead")
def _wander(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    times, size = sample_times(signal, fs_hz), log_uniform(rng, 0.1, 5.0)
    waves = [np.sin(2.0 * np.pi * rng.uniform(0.05, 0.6) * times + rng.uniform(0.0, 6.28)) for _ in range(3)]
    return add_at_electrodes(signal, size * rng.normal(0.0, 0.6, (N_ELECTRODES, 3)) @ np.stack(waves))


@signal_fault("steps", "dead")
def _steps(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    for _ in range(int(rng.integers(1, 11))):
        added[rng.integers(N_ELECTRODES), rng.integers(1, signal.shape[1]) :] += rng.normal(0.0, 2.0)
    return add_at_electrodes(signal, added)


@signal_fault("spikes", "dead")
def _spikes(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    added = np.zeros((N_ELECTRODES, signal.shape[1]))
    for _ in range(int(rng.integers(1, 51))):
        start = int(rng.integers(signal.shape[1]))
        added[rng.integers(N_ELECTRODES), start : start + int(rng.integers(1, 4))] += rng.normal(0.0, 4.0)
    return add_at_electrodes(signal, added)


@signal_fault("half replaced by noise", "dead")
def _half_noise(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    piece = stretch(signal, 0.5, rng)
    noise = rng.normal(0.0, signal.std(), (N_ELECTRODES, piece.stop - piece.start))
    signal[:, piece] = leads_mv(noise)
    return signal


@signal_fault("coarse resolution", "dead")
def _coarse(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    """Rounded lead by lead, as a file does."""
    step_mv = log_uniform(rng, 0.01, 0.5)
    return np.rint(signal / step_mv) * step_mv


@signal_fault("few seconds", "dead")
def _few_seconds(signal: FloatArray, fs_hz: float, rng: np.random.Generator) -> FloatArray:
    length_s = min(rng.uniform(3.0, 8.0), 0.9 * signal.shape[1] / fs_hz)
    return signal[:, stretch(signal, length_s * fs_hz / signal.shape[1], rng)]
