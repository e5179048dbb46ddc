"""R times, once for all leads."""

import warnings

import numpy as np
from scipy import signal as sps

from elvmass_core.domain import BEAT_FS_HZ, FloatArray

QRS_BAND_HZ = (5.0, 35.0)
"""Where QRS energy stands above P, T and noise."""
SEARCH_S = 0.06
"""The R sample lies within this distance of the detection."""
MIN_QRS_MV = 1e-6
"""Below this nothing moves; amplitude in doubt is judged later, on the beat."""
MIN_RR_S = 0.24
"""Two R waves closer than this are one (250 bpm)."""


def root_mean_square(signal_mv: FloatArray) -> FloatArray:
    """Root mean square over leads, shape (n_samples,)."""
    return np.sqrt(np.mean(np.square(signal_mv), axis=0))


def detect_r(signal_mv: FloatArray) -> np.ndarray:
    """Find the R samples of a cleaned 500 Hz recording on the RMS of all leads.

    Parameters
    ----------
    signal_mv : array (n_leads, n_samples)
        Leads at 500 Hz without missing samples.

    Returns
    -------
    array of int (n_beats,)
        Sample of the largest QRS-band RMS in each beat.

    Notes
    -----
    Detection is sleepecg's (modified Pan–Tompkins, BSD-3), on one signal for all leads, so that every lead is cut at
    the same instants.
    """
    import sleepecg

    band = sps.butter(2, QRS_BAND_HZ, "bandpass", fs=BEAT_FS_HZ, output="sos")
    strength = root_mean_square(sps.sosfiltfilt(band, signal_mv, axis=-1))
    if np.ptp(strength) < MIN_QRS_MV:
        return np.array([], dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sleepecg.detect_heartbeats(strength, BEAT_FS_HZ)
    reach = round(SEARCH_S * BEAT_FS_HZ)
    peaks = [_local_peak(strength, int(sample), reach) for sample in found]
    return _at_least_apart(np.unique(np.array(peaks, dtype=np.int64)), strength)


def _local_peak(strength: FloatArray, sample: int, reach: int) -> int:
    """Sample of the largest value within `reach` of `sample`."""
    start = max(sample - reach, 0)
    return start + int(np.argmax(strength[start : sample + reach + 1]))


def _at_least_apart(peaks: np.ndarray, strength: FloatArray) -> np.ndarray:
    """Of two peaks closer than `MIN_RR_S` keep the stronger."""
    kept: list[int] = []
    for peak in peaks:
        if kept and peak - kept[-1] < MIN_RR_S * BEAT_FS_HZ:
            if strength[peak] > strength[kept[-1]]:
                kept[-1] = int(peak)
            continue
        kept.append(int(peak))
    return np.array(kept, dtype=np.int64)
