"""Resampling and filtering: the same path for uploads and for training."""

from fractions import Fraction

import numpy as np
from scipy import signal as sps

from elvmass_core.domain import BEAT_FS_HZ, FloatArray

HIGH_PASS_HZ = 0.5
"""AHA/ACC/HRS 2007 part I allows up to 0.67 Hz for zero-phase filters (doi 10.1161/CIRCULATIONAHA.106.180200)."""
LOW_PASS_HZ = 150.0
"""Upper bandwidth for adults in the same recommendation."""
MAINS_HZ = (50.0, 60.0)
MAINS_RATIO = 8.0
"""A line this many times above its neighbourhood in power is mains and is notched (assumed)."""
MAX_GAP_S = 0.04
"""Longest run of missing samples that is interpolated; below half a QRS (assumed)."""
FILTER_WORDS = "0.5–150 Hz zero-phase, mains notch where a line is present"


def fill_gaps(signal_mv: FloatArray, fs_hz: float) -> tuple[FloatArray, int, int]:
    """Interpolate short runs of missing samples in the leads that have samples.

    Returns
    -------
    filled : array (n_leads, n_samples)
        A copy; longer gaps and wholly absent leads stay NaN.
    n_filled, n_left : int
        Samples interpolated, and samples still missing in leads that are otherwise there.
    """
    filled = np.array(signal_mv)
    n_filled = n_left = 0
    for lead in filled:
        bad = ~np.isfinite(lead)
        if not bad.any() or bad.all():
            continue
        short = bad & ~_long_runs(bad, MAX_GAP_S * fs_hz)
        index = np.arange(lead.size)
        lead[short] = np.interp(index[short], index[~bad], lead[~bad])
        n_filled += int(short.sum())
        n_left += int((bad & ~short).sum())
    return filled, n_filled, n_left


def _long_runs(bad: np.ndarray, limit: float) -> np.ndarray:
    """Mark the samples of runs of True longer than `limit` samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    marks = np.zeros(bad.size, dtype=bool)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start > limit:
            marks[start:stop] = True
    return marks


def resample(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Bring leads to 500 Hz by polyphase filtering; shape (n_leads, round(n·500/fs))."""
    ratio = Fraction(BEAT_FS_HZ / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return np.array(signal_mv)
    return sps.resample_poly(signal_mv, ratio.numerator, ratio.denominator, axis=-1, padtype="line")


def clean(signal_mv: FloatArray) -> FloatArray:
    """Filter leads at 500 Hz: zero-phase band-pass, and a notch where a mains line stands out."""
    low_pass = sps.butter(4, LOW_PASS_HZ, "lowpass", fs=BEAT_FS_HZ, output="sos")
    high_pass = sps.butter(2, HIGH_PASS_HZ, "highpass", fs=BEAT_FS_HZ, output="sos")
    centred = signal_mv - np.median(signal_mv, axis=-1, keepdims=True)
    cleaned = sps.sosfiltfilt(high_pass, sps.sosfiltfilt(low_pass, centred, axis=-1), axis=-1)
    for line_hz in MAINS_HZ:
        if mains_ratio(cleaned, line_hz) > MAINS_RATIO:
            notch = sps.tf2sos(*sps.iirnotch(line_hz, Q=25.0, fs=BEAT_FS_HZ))
            cleaned = sps.sosfiltfilt(notch, cleaned, axis=-1)
    return cleaned


def mains_ratio(signal_mv: FloatArray, line_hz: float) -> float:
    """Power at `line_hz` ± 0.5 Hz over the mean power 2–6 Hz beside it, summed over leads."""
    frequency, power = sps.periodogram(signal_mv, fs=BEAT_FS_HZ, window="hann", axis=-1)
    total = power.sum(axis=0)
    distance = np.abs(frequency - line_hz)
    line, beside = total[distance <= 0.5], total[(distance >= 2.0) & (distance <= 6.0)]
    return float(line.mean() / max(beside.mean(), 1e-12))
