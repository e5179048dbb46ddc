"""What a recorder adds to the nine electrodes: muscle, baseline wander, mains, electrode motion; and its band.

Noise is generated per electrode, so that the laws of Einthoven and Goldberger hold in the leads. Amplitudes are assumed
for a cooperative resting patient; ``scale`` 1 is a usual recording.
"""

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.torso import ELECTRODES

N_ELECTRODES = len(ELECTRODES)
MUSCLE_MV, MUSCLE_LOG_SD = 0.006, 0.4
MUSCLE_BAND_HZ = (20.0, 150.0)
LIMB_MUSCLE = 1.3
WANDER_MV, WANDER_LOG_SD = 0.025, 0.5
WANDER_CORNER_HZ = 0.5
BREATHING_WANDER_MV = 0.020
MAINS_MV, MAINS_LOG_SD, MAINS_DRIFT_HZ = 0.0012, 0.8, 0.03
MOTION_SHARE = 0.10
MOTION_MV = (0.1, 0.5)
MOTION_RISE_S, MOTION_DECAY_S = 0.08, 0.5
DEVICE_LOW_HZ, DEVICE_HIGH_HZ = 0.05, 150.0
"""Device band of a resting ECG (IEC 60601-2-25 and AHA 2007, doi 10.1161/CIRCULATIONAHA.106.180200)."""


def electrode_noise(
    rng: np.random.Generator, n_samples: int, fs_hz: float, *, scale: float, mains_hz: float, breathing: FloatArray
) -> FloatArray:
    """Noise of the nine electrodes.

    Parameters
    ----------
    rng : numpy Generator
    n_samples : int
    fs_hz : float
    scale : float
        1 for a usual recording.
    mains_hz : float
    breathing : array (n_samples,)
        −1 … 1, what the baseline follows.

    Returns
    -------
    array (9, n_samples)
        Millivolts.
    """
    noise = _muscle(rng, n_samples, fs_hz) + _wander(rng, n_samples, fs_hz)
    noise += rng.normal(0.0, BREATHING_WANDER_MV, N_ELECTRODES)[:, None] * breathing
    noise += _mains(rng, n_samples, fs_hz, mains_hz) + _motion(rng, n_samples, fs_hz)
    return scale * noise


def device_band(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Pass the signal (n_channels, n_samples) through the band of the device, settled at the first sample."""
    high_pass = butter(1, DEVICE_LOW_HZ, "highpass", fs=fs_hz, output="sos")
    low_pass = butter(2, DEVICE_HIGH_HZ, "lowpass", fs=fs_hz, output="sos")
    sections = np.concatenate([high_pass, low_pass])
    settled = sosfilt_zi(sections)[:, None, :] * signal_mv[:, 0][None, :, None]
    filtered, _ = sosfilt(sections, signal_mv, axis=1, zi=settled)
    return np.asarray(filtered)


def _frequencies_hz(n_samples: int, fs_hz: float) -> FloatArray:
    """Frequencies of the spectrum of a real signal."""
    return np.asarray(np.fft.rfftfreq(n_samples, 1.0 / fs_hz), dtype=np.float64)


def _shaped(rng: np.random.Generator, n_samples: int, response: FloatArray) -> FloatArray:
    """Gaussian noise of unit RMS for each electrode with the spectrum given on the rfft grid."""
    shape = (N_ELECTRODES, response.size)
    spectrum = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * response
    noise: FloatArray = np.fft.irfft(spectrum, n_samples, axis=1)
    return noise / noise.std(axis=1, keepdims=True)


def _muscle(rng: np.random.Generator, n_samples: int, fs_hz: float) -> FloatArray:
    """Muscle noise, stronger on the limbs, waxing and waning slowly."""
    frequency = _frequencies_hz(n_samples, fs_hz)
    low, high = MUSCLE_BAND_HZ
    response = 1.0 / np.sqrt((1.0 + (low / np.maximum(frequency, 0.1)) ** 4) * (1.0 + (frequency / high) ** 4))
    level = MUSCLE_MV * np.exp(rng.normal(0.0, MUSCLE_LOG_SD, N_ELECTRODES))
    level[6:] *= LIMB_MUSCLE
    time = np.arange(n_samples) / fs_hz
    phase = rng.uniform(0.0, 2.0 * np.pi, (N_ELECTRODES, 1))
    waxing = 1.0 + 0.4 * np.sin(2.0 * np.pi * rng.uniform(0.1, 0.5) * time + phase)
    return level[:, None] * waxing * _shaped(rng, n_samples, response)


def _wander(rng: np.random.Generator, n_samples: int, fs_hz: float) -> FloatArray:
    """Slow drift, falling with the square of frequency above the corner."""
    frequency = _frequencies_hz(n_samples, fs_hz)
    response = 1.0 / (1.0 + (frequency / WANDER_CORNER_HZ) ** 2)
    response[0] = 0.0
    response[frequency > 4.0 * WANDER_CORNER_HZ] = 0.0
    level = WANDER_MV * np.exp(rng.normal(0.0, WANDER_LOG_SD, N_ELECTRODES))
    return level[:, None] * _shaped(rng, n_samples, response)


def _mains(rng: np.random.Generator, n_samples: int, fs_hz: float, mains_hz: float) -> FloatArray:
    """What a notch filter left of the mains."""
    frequency = mains_hz + rng.normal(0.0, MAINS_DRIFT_HZ)
    level = MAINS_MV * np.exp(rng.normal(0.0, MAINS_LOG_SD, (N_ELECTRODES, 1)))
    phase = rng.normal(0.0, 0.5, (N_ELECTRODES, 1)) + rng.uniform(0.0, 2.0 * np.pi)
    return level * np.sin(2.0 * np.pi * frequency * np.arange(n_samples) / fs_hz + phase)


def _motion(rng: np.random.Generator, n_samples: int, fs_hz: float) -> FloatArray:
    """Occasionally one electrode moves: a step that rises quickly and decays."""
    noise = np.zeros((N_ELECTRODES, n_samples))
    if rng.random() >= MOTION_SHARE:
        return noise
    electrode = rng.integers(N_ELECTRODES)
    for _ in range(rng.integers(1, 4)):
        since = np.maximum(np.arange(n_samples) / fs_hz - rng.uniform(0.0, n_samples / fs_hz), 0.0)
        size = rng.uniform(*MOTION_MV) * rng.choice([-1.0, 1.0])
        noise[electrode] += size * (1.0 - np.exp(-since / MOTION_RISE_S)) * np.exp(-since / MOTION_DECAY_S)
    return noise
