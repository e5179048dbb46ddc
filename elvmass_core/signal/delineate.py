"""Borders of P, QRS and T on the averaged beat, by the spatial gradient.

All leads vote through two signals: the spatial velocity (root of the summed squared slopes of the eight independent
leads) says where something moves, the spatial magnitude (RMS over them, above the PR level) says how far. Borders are
global: the same for every lead. Tuned on half of the LUDB subjects; `benchmarks/ludb_delineation.py` prints both
halves.
"""

from collections.abc import Callable

import numpy as np
from scipy import signal as sps

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, Fiducials, FloatArray
from elvmass_core.units import INDEPENDENT_ROWS

STEP_MS = 1000.0 / BEAT_FS_HZ

SMOOTH_MS = 14.0
"""Savitzky–Golay window of the velocity used for the QRS."""
SLOW_SMOOTH_MS = 42.0
"""The same for P and T."""
QRS_SEARCH_MS = (-120.0, 160.0)
QRS_SHARE = 0.03
"""QRS border: velocity below this share of its maximum …"""
QRS_NOISE = 2.0
"""… or this many times the resting velocity, whichever is larger …"""
QRS_QUIET_MS = 12.0
"""… for this long."""
QRS_ON_LEAD_MS = 4.0
"""Cardiologists mark the onset so much before that (median of the tuning half); a lower share takes noise for QRS."""
T_START_MS = 60.0
"""The T wave is looked for from this long after J …"""
T_STOP_SHARE, T_STOP_MS = 0.72, 480.0
"""… to this share of the RR interval after R, and not beyond this time."""
T_ONSET_SHARE, T_ONSET_AFTER_J_MS = 0.25, 30.0
"""T onset: the magnitude's slope towards the T peak falls below this share of its maximum, sought from so long after J,
because the end of the QRS may be steeper than T."""
T_MIN_MV, P_MIN_MV = 0.03, 0.015
"""Spatial magnitudes below these are not called a wave (assumed, from averaged noise of LUDB)."""
TANGENT_STRETCH = 1.55
"""The tangent meets the level before cardiologists mark the end of T: distance from the steepest point, stretched."""
P_SEARCH_MS = (-260.0, -40.0)
P_SHARE = 0.20
"""P border: velocity below this share of the largest in the wave."""


def delineate(average_mv: FloatArray, *, rr_ms: float) -> Fiducials:
    """Find the global borders of an averaged beat.

    Parameters
    ----------
    average_mv : array (12, 400)
        500 Hz, R at sample 140; any baseline.
    rr_ms : float
        Median RR interval: bounds the search for the end of T.

    Returns
    -------
    Fiducials
        In ms relative to R; None where no wave stands out.
    """
    leads = average_mv[INDEPENDENT_ROWS]
    onset, offset = _qrs_borders(_velocity(leads, SMOOTH_MS))
    levelled = leads - _level(leads, onset)[:, None]
    t_on, t_peak, t_end = _t_wave(levelled, offset, rr_ms)
    p_on, p_off = _p_wave(levelled, onset)
    found = {
        "p_on": p_on, "p_off": p_off, "qrs_on": onset, "qrs_off": offset,
        "t_on": t_on, "t_peak": t_peak, "t_end": t_end,
    }  # fmt: skip
    return Fiducials(**{name: None if sample is None else _to_ms(sample) for name, sample in found.items()})


def level_before_qrs(beat_mv: FloatArray, fiducials: Fiducials) -> FloatArray:
    """PR level of each lead: mean of the 16 ms that end 4 ms before QRS onset; shape (12,)."""
    onset = fiducials.qrs_on if fiducials.qrs_on is not None else -50.0
    return _level(beat_mv, _to_sample(onset))


def _level(leads: FloatArray, onset: float) -> FloatArray:
    stop = max(int(onset) - 2, 9)
    return leads[:, stop - 8 : stop].mean(axis=1)


def _to_ms(sample: float) -> float:
    return float((sample - BEAT_R_INDEX) * STEP_MS)


def _to_sample(ms: float) -> int:
    return int(np.clip(round(ms / STEP_MS) + BEAT_R_INDEX, 0, BEAT_SAMPLES - 1))


def _window(span_ms: float) -> int:
    """Odd Savitzky–Golay window in samples."""
    return int(span_ms / STEP_MS) // 2 * 2 + 1


def _velocity(leads: FloatArray, span_ms: float) -> FloatArray:
    """Spatial velocity in mV/ms, shape (400,)."""
    slope = sps.savgol_filter(leads, _window(span_ms), polyorder=2, deriv=1, delta=STEP_MS, axis=1)
    return np.sqrt(np.square(slope).sum(axis=0))


def _magnitude(leads: FloatArray, span_ms: float) -> FloatArray:
    """Smoothed spatial magnitude in mV (root of the mean square over leads), shape (400,)."""
    smooth = sps.savgol_filter(leads, _window(span_ms), polyorder=2, axis=1)
    return np.sqrt(np.square(smooth).mean(axis=0))


def _qrs_borders(velocity: FloatArray) -> tuple[int, int]:
    """QRS onset and J: where the velocity comes to rest on either side of its maximum."""
    low, high = _to_sample(QRS_SEARCH_MS[0]), _to_sample(QRS_SEARCH_MS[1])
    peak = low + int(np.argmax(velocity[low : high + 1]))
    rest_before = float(np.quantile(velocity[_to_sample(-110.0) : _to_sample(-40.0)], 0.2))
    rest_after = float(np.quantile(velocity[_to_sample(70.0) : _to_sample(170.0)], 0.2))
    share = QRS_SHARE * velocity[peak]
    onset = _first_quiet(velocity, peak, low, max(share, QRS_NOISE * rest_before))
    offset = _first_quiet(velocity, peak, high, max(share, QRS_NOISE * rest_after))
    return max(onset - round(QRS_ON_LEAD_MS / STEP_MS), low), offset


def _first_quiet(velocity: FloatArray, start: int, stop: int, threshold: float) -> int:
    """First sample from `start` towards `stop` at which the velocity stays below `threshold` for `QRS_QUIET_MS`."""
    step = 1 if stop > start else -1
    need = round(QRS_QUIET_MS / STEP_MS)
    run = 0
    for sample in range(start, stop + step, step):
        run = run + 1 if velocity[sample] < threshold else 0
        if run == need:
            return sample - step * (need - 1)
    return stop


def _t_wave(leads: FloatArray, offset: int, rr_ms: float) -> tuple[int | None, int | None, int | None]:
    """Onset, peak and end of T on the spatial magnitude."""
    start = offset + round(T_START_MS / STEP_MS)
    stop = _to_sample(min(T_STOP_MS, T_STOP_SHARE * rr_ms))
    if stop - start < 20:
        return None, None, None
    magnitude = _magnitude(leads, SLOW_SMOOTH_MS)
    peak = _wave_peak(magnitude, start, stop)
    if peak is None or magnitude[peak] < T_MIN_MV:
        return None, None, None
    return _t_onset(magnitude, offset, peak), peak, _tangent_end(magnitude, peak, stop)


def _wave_peak(magnitude: FloatArray, start: int, stop: int) -> int | None:
    """Largest local maximum strictly inside [start, stop]."""
    inside = magnitude[start : stop + 1]
    tops, _ = sps.find_peaks(inside)
    if len(tops) == 0:
        return None
    return start + int(tops[np.argmax(inside[tops])])


def _t_onset(magnitude: FloatArray, offset: int, peak: int) -> int:
    """Where the rise towards the T peak begins: slope below `T_ONSET_SHARE` of the steepest."""
    slope = np.gradient(magnitude[offset : peak + 1])
    after_qrs = min(round(T_ONSET_AFTER_J_MS / STEP_MS), peak - offset - 1)
    steepest = after_qrs + int(np.argmax(slope[after_qrs:]))
    slow = np.flatnonzero(slope[:steepest] < T_ONSET_SHARE * slope[steepest])
    return offset + (int(slow[-1]) if len(slow) else 1)


def _tangent_end(magnitude: FloatArray, peak: int, stop: int) -> int:
    """T end: where the steepest tangent of the falling limb meets the level after it, stretched (`TANGENT_STRETCH`)."""
    last = min(stop + 40, BEAT_SAMPLES - 1)
    slope = np.gradient(magnitude)
    limb = slice(peak, min(peak + 80, last))
    steepest = peak + int(np.argmin(slope[limb]))
    level = float(magnitude[steepest:last].min()) if last > steepest else 0.0
    if slope[steepest] >= 0:
        return last
    crossing = steepest + TANGENT_STRETCH * (level - magnitude[steepest]) / slope[steepest]
    return int(np.clip(round(crossing), peak + 1, last))


def _p_wave(leads: FloatArray, onset: int) -> tuple[int | None, int | None]:
    """P onset and offset, on the leads less the line through the window's ends."""
    low, high = _to_sample(P_SEARCH_MS[0]), min(onset - 6, _to_sample(P_SEARCH_MS[1]))
    if high - low < 30:
        return None, None
    velocity = _velocity(leads, SLOW_SMOOTH_MS / 1.5)
    magnitude = _magnitude(leads, SLOW_SMOOTH_MS / 1.5)
    peak = _wave_peak(magnitude, low + 10, high)
    if peak is None or magnitude[peak] - magnitude[high] < P_MIN_MV:
        return None, None
    start = _rest(velocity, peak, max(peak - 45, low), np.argmin)
    stop = _rest(velocity, peak, min(peak + 40, high), np.argmin)
    return start, max(stop, start + 1)


def _rest(velocity: FloatArray, peak: int, limit: int, fallback: Callable[[FloatArray], np.intp]) -> int:
    """Where the velocity falls below `P_SHARE` of its maximum between the peak and `limit`, seen from the peak."""
    step = 1 if limit > peak else -1
    path = velocity[peak : limit + step : step]
    fastest = int(np.argmax(path))
    slow = np.flatnonzero(path[fastest:] < P_SHARE * path[fastest])
    distance = fastest + int(slow[0]) if len(slow) else int(fallback(path[fastest:])) + fastest
    return peak + step * distance
