"""The recorder after the electrodes: its band, and its resolution."""

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi, sosfiltfilt

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.beat import LEFT_ARM, LEFT_LEG, RIGHT_ARM

DIAGNOSTIC_HIGH_PASS_HZ = 0.05
"""Highest corner of a filter with memory that leaves ST alone (AHA 2007, doi 10.1161/CIRCULATIONAHA.106.180200)."""
_PAD_S = 2.0


def device_band(signal_mv: FloatArray, fs_hz: float, *, high_pass_hz: float, low_pass_hz: float) -> FloatArray:
    """Pass a signal through the band of a device.

    Parameters
    ----------
    signal_mv : array (n_channels, n_samples)
    fs_hz : float
    high_pass_hz : float
        Up to 0.05 Hz one pole, settled at the first sample; above it without phase shift, as the recommendation of the
        AHA 2007 (doi 10.1161/CIRCULATIONAHA.106.180200) asks of such devices.
    low_pass_hz : float
        −3 dB; fourth order without phase shift.

    Returns
    -------
    array (n_channels, n_samples)
    """
    high_pass = butter(1, high_pass_hz, "highpass", fs=fs_hz, output="sos")
    if high_pass_hz > DIAGNOSTIC_HIGH_PASS_HZ:
        centred = sosfiltfilt(high_pass, signal_mv, axis=1, padlen=round(_PAD_S * fs_hz))
    else:
        settled = sosfilt_zi(high_pass)[:, None, :] * signal_mv[:, 0][None, :, None]
        centred, _ = sosfilt(high_pass, signal_mv, axis=1, zi=settled)
    low_pass = butter(2, _corner_of_one_pass_hz(low_pass_hz, fs_hz), "lowpass", fs=fs_hz, output="sos")
    return np.asarray(sosfiltfilt(low_pass, centred, axis=1))


def _corner_of_one_pass_hz(corner_hz: float, fs_hz: float) -> float:
    """Corner of a second-order filter that, run forth and back, has its −3 dB point at ``corner_hz``.

    Two passes lose 3 dB where one loses 1.5 dB; the bilinear transform bends the axis of frequency.
    """
    return float(fs_hz / np.pi * np.arctan(np.tan(np.pi * corner_hz / fs_hz) / (np.sqrt(2.0) - 1.0) ** 0.25))


def counts_per_mv(resolution_uv: float) -> float:
    """Counts of a file that holds all twelve leads exactly: half a step each, as the augmented leads are halves."""
    return 2000.0 / resolution_uv


def digitise(electrode_mv: FloatArray, resolution_uv: float) -> FloatArray:
    """Round the eight measured leads to the resolution and derive the other four from I and II.

    Parameters
    ----------
    electrode_mv : array (9, n_samples)
    resolution_uv : float

    Returns
    -------
    array (12, n_samples)
        Millivolts; whole counts of `counts_per_mv`, for which the laws of Einthoven and Goldberger hold exactly.
    """
    right, left, leg = electrode_mv[[RIGHT_ARM, LEFT_ARM, LEFT_LEG]]
    central = (right + left + leg) / 3.0
    measured = np.vstack([left - right, leg - right, electrode_mv[:6] - central])
    lead_i, lead_ii, *chest = np.rint(measured / (1e-3 * resolution_uv))
    halves = [2.0 * lead_i, 2.0 * lead_ii, 2.0 * (lead_ii - lead_i), -lead_i - lead_ii]
    halves += [2.0 * lead_i - lead_ii, 2.0 * lead_ii - lead_i, *(2.0 * lead for lead in chest)]
    # Whole numbers in a double, so that the limb-lead sums are exact before the one division.
    return np.stack(halves) / counts_per_mv(resolution_uv)
