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
"""A line this many times above its neighbourhood in power is mains and is taken out (assumed)."""
MAINS_SEARCH_HZ = 0.5
"""The grid strays from its nominal frequency by less, and recorder clocks by far less (assumed)."""
MAINS_KNOT_S, MAX_KNOTS = 2.5, 24
"""Amplitude and phase of the mains may bend once in this time; in long recordings there are at most so many bends
(assumed: several beats lie between two knots)."""
MAX_GAP_S = 0.04
"""Longest run of missing samples that is interpolated; below half a QRS (assumed)."""
FILTER_WORDS = "0.5–150 Hz zero-phase, mains sinusoid subtracted where a line is present"


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
    """Filter leads at 500 Hz: zero-phase band-pass, and the mains subtracted where a line stands out."""
    low_pass = sps.butter(4, LOW_PASS_HZ, "lowpass", fs=BEAT_FS_HZ, output="sos")
    high_pass = sps.butter(2, HIGH_PASS_HZ, "highpass", fs=BEAT_FS_HZ, output="sos")
    centred = signal_mv - np.median(signal_mv, axis=-1, keepdims=True)
    cleaned = sps.sosfiltfilt(high_pass, sps.sosfiltfilt(low_pass, centred, axis=-1), axis=-1)
    for line_hz in MAINS_HZ:
        if mains_ratio(cleaned, line_hz) > MAINS_RATIO:
            cleaned = without_line(cleaned, line_hz)
    return cleaned


def without_line(signal_mv: FloatArray, line_hz: float) -> FloatArray:
    """Subtract the sinusoid at the mains frequency that fits each lead best; shape stays (n_leads, n_samples).

    Notes
    -----
    A notch rings after every QRS and takes QRS energy with it. A sinusoid of one frequency for all leads, whose
    amplitude and phase drift along straight lines between knots, fits the line and nearly nothing of the heart.
    """
    seconds = np.arange(signal_mv.shape[-1]) / BEAT_FS_HZ
    turns = 2.0 * np.pi * _line_frequency(signal_mv, line_hz) * seconds
    n_knots = int(np.clip(round(seconds.size / BEAT_FS_HZ / MAINS_KNOT_S), 1, MAX_KNOTS)) + 1
    place = np.linspace(0.0, n_knots - 1.0, seconds.size)
    drift = np.maximum(1.0 - np.abs(place[:, None] - np.arange(n_knots)), 0.0)
    basis = np.hstack([drift * np.sin(turns)[:, None], drift * np.cos(turns)[:, None]])
    weights, *_ = np.linalg.lstsq(basis, signal_mv.T, rcond=None)
    return signal_mv - (basis @ weights).T


def _line_frequency(signal_mv: FloatArray, line_hz: float) -> float:
    """Frequency of the largest power within `MAINS_SEARCH_HZ` of `line_hz`, all leads together, to about 0.01 Hz."""
    size = 2 ** int(np.ceil(np.log2(max(BEAT_FS_HZ / 0.01, signal_mv.shape[-1]))))
    frequency = np.fft.rfftfreq(size, 1.0 / BEAT_FS_HZ)
    window = np.hanning(signal_mv.shape[-1])
    near = np.abs(frequency - line_hz) <= MAINS_SEARCH_HZ
    power = np.square(np.abs(np.fft.rfft(signal_mv * window, n=size, axis=-1)))
    return float(frequency[near][np.argmax(power.sum(axis=0)[near])])


def mains_ratio(signal_mv: FloatArray, line_hz: float) -> float:
    """Power at `line_hz` ± 0.5 Hz over the mean power 2–6 Hz beside it, summed over leads."""
    frequency, power = sps.periodogram(signal_mv, fs=BEAT_FS_HZ, window="hann", axis=-1)
    total = power.sum(axis=0)
    distance = np.abs(frequency - line_hz)
    line, beside = total[distance <= 0.5], total[(distance >= 2.0) & (distance <= 6.0)]
    return float(line.mean() / max(beside.mean(), 1e-12))
