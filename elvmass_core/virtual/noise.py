"""What the nine electrodes pick up besides the heart: muscle, amplifier, baseline wander, mains, electrode motion.

Noise is generated per electrode, so that the laws of Einthoven and Goldberger hold in the leads. Levels in `Recorder`
and the spreads between electrodes here are fitted to real recordings (PTB-XL, Georgia, Ningbo, LUDB), one half of them
by a hash of the name: `benchmarks/recording_realism.py` prints both halves beside the simulation.
"""

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.patient import Recorder
from elvmass_core.virtual.torso import ELECTRODES

N_ELECTRODES = len(ELECTRODES)
_LIMBS = slice(6, 9)
MUSCLE_BAND_HZ = (20.0, 70.0)
"""Muscle under skin: below 20 Hz motion prevails (De Luca et al. 2010, doi 10.1016/j.jbiomech.2010.01.027); the tissue
between takes the high frequencies (corner fitted)."""
_MUSCLE_SPREAD, _LIMB_MUSCLE = 0.50, 1.4
"""Log-SD between electrodes; limbs over chest."""
_MUSCLE_WAXING = 0.4
_WANDER_CORNER_HZ = 0.15
_WANDER_SPREAD, _LIMB_WANDER, _LIMB_BREATHING = 0.55, 0.65, 0.45
_MAINS_SPREAD, _MAINS_DRIFT_HZ = 0.6, 0.03
_MOTION_RISE_S, _MOTION_DECAY_S, _MOST_MOTIONS = 0.08, 0.6, 3


def electrode_noise(
    rng: np.random.Generator, n_samples: int, fs_hz: float, *, recorder: Recorder, breathing: FloatArray
) -> FloatArray:
    """Noise of the nine electrodes.

    Parameters
    ----------
    rng : numpy Generator
    n_samples : int
    fs_hz : float
    recorder : Recorder
    breathing : array (n_samples,)
        −1 … 1, what the baseline follows.

    Returns
    -------
    array (9, n_samples)
        Millivolts.
    """
    noise = _muscle(rng, n_samples, fs_hz, recorder.muscle_uv)
    noise += recorder.amplifier_uv * rng.standard_normal((N_ELECTRODES, n_samples))
    noise += _wander(rng, n_samples, fs_hz, recorder.wander_uv)
    follows = np.sqrt(2.0) * recorder.breathing_uv * rng.standard_normal((N_ELECTRODES, 1))
    follows[_LIMBS] *= _LIMB_BREATHING
    noise += follows * breathing
    noise += _mains(rng, n_samples, fs_hz, recorder)
    noise += _motion(rng, n_samples, fs_hz, recorder.motion_uv)
    return 1e-3 * recorder.noise_scale * noise


def _shaped(rng: np.random.Generator, n_samples: int, response: FloatArray) -> FloatArray:
    """Gaussian noise of unit RMS for each electrode with the spectrum given on the rfft grid."""
    spectrum = np.zeros((N_ELECTRODES, response.size), dtype=complex)
    used = response > 1e-3 * response.max()
    shape = (2, N_ELECTRODES, int(used.sum()))
    real, imaginary = rng.standard_normal(shape) * response[used]
    spectrum[:, used] = real + 1j * imaginary
    noise: FloatArray = np.fft.irfft(spectrum, n_samples, axis=1)
    return noise / noise.std(axis=1, keepdims=True)


def _levels(rng: np.random.Generator, spread: float, limbs: float) -> FloatArray:
    """Level of each electrode over the median one, shape (9, 1)."""
    level = np.exp(rng.normal(0.0, spread, (N_ELECTRODES, 1)))
    level[_LIMBS] *= limbs
    return level


def _frequencies_hz(n_samples: int, fs_hz: float) -> FloatArray:
    """Frequencies of the spectrum of a real signal."""
    return np.asarray(np.fft.rfftfreq(n_samples, 1.0 / fs_hz), dtype=np.float64)


def _muscle(rng: np.random.Generator, n_samples: int, fs_hz: float, level_uv: float) -> FloatArray:
    """Muscle noise, stronger on the limbs, waxing and waning slowly."""
    frequency = _frequencies_hz(n_samples, fs_hz)
    low, high = MUSCLE_BAND_HZ
    response = 1.0 / np.sqrt((1.0 + (low / np.maximum(frequency, 0.1)) ** 4) * (1.0 + (frequency / high) ** 4))
    time = np.arange(n_samples) / fs_hz
    phase = rng.uniform(0.0, 2.0 * np.pi, (N_ELECTRODES, 1))
    waxing = 1.0 + _MUSCLE_WAXING * np.sin(2.0 * np.pi * rng.uniform(0.1, 0.5) * time + phase)
    return level_uv * _levels(rng, _MUSCLE_SPREAD, _LIMB_MUSCLE) * waxing * _shaped(rng, n_samples, response)


def _wander(rng: np.random.Generator, n_samples: int, fs_hz: float, level_uv: float) -> FloatArray:
    """Drift of the skin's potential, falling with the square of frequency above the corner."""
    frequency = _frequencies_hz(n_samples, fs_hz)
    response = 1.0 / (1.0 + (frequency / _WANDER_CORNER_HZ) ** 2)
    response[0] = 0.0
    return level_uv * _levels(rng, _WANDER_SPREAD, _LIMB_WANDER) * _shaped(rng, n_samples, response)


def _mains(rng: np.random.Generator, n_samples: int, fs_hz: float, recorder: Recorder) -> FloatArray:
    """What shielding and the device's own filter left of the mains."""
    frequency = recorder.mains_hz + rng.normal(0.0, _MAINS_DRIFT_HZ)
    phase = rng.normal(0.0, 0.5, (N_ELECTRODES, 1)) + rng.uniform(0.0, 2.0 * np.pi)
    wave = np.sin(2.0 * np.pi * frequency * np.arange(n_samples) / fs_hz + phase)
    return recorder.mains_uv * _levels(rng, _MAINS_SPREAD, 1.0) * wave


def _motion(rng: np.random.Generator, n_samples: int, fs_hz: float, jump_uv: float) -> FloatArray:
    """One electrode moves a few times: its potential jumps quickly and comes back slowly."""
    noise = np.zeros((N_ELECTRODES, n_samples))
    electrode, times = rng.integers(N_ELECTRODES), rng.integers(1, _MOST_MOTIONS + 1)
    for _ in range(times if jump_uv > 0.0 else 0):
        since = np.maximum(np.arange(n_samples) / fs_hz - rng.uniform(0.0, n_samples / fs_hz), 0.0)
        size = jump_uv * np.exp(rng.normal(0.0, 0.3)) * rng.choice([-1.0, 1.0])
        noise[electrode] += size * (1.0 - np.exp(-since / _MOTION_RISE_S)) * np.exp(-since / _MOTION_DECAY_S)
    return noise
