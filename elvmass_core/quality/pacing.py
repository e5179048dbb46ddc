"""Pacemaker spikes on the raw recording: abrupt where a heart is gradual.

A spike lasts 2 ms or less (AHA/ACC/HRS 2007, part I, doi 10.1161/CIRCULATIONAHA.106.180200), so after the recorder's
filter it is as sharp as the filter lets it be, and nothing moves before it. A QRS begins gradually.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d

from elvmass_core.domain import FloatArray, Recording
from elvmass_core.quality.findings import Findings, caution
from elvmass_core.signal.filters import fill_gaps
from elvmass_core.units import INDEPENDENT_ROWS

MIN_FS_HZ = 400.0
"""Slower recordings hold no spike that could be told from a QRS (assumed)."""
BEND_S = 0.002
"""Distance of the three samples whose second difference is the bend."""
QUIET_S = (0.060, 0.010)
"""The bend is held against the largest from the first to the second time before it; in the last 10 ms a steep filter
rings already."""
MIN_RATIO = 12.0
"""So many times larger it is a spike. The fourth largest ratio of a recording: three paced ones 42–241; 116 others and
240 simulated ones 5.5 or less."""
QUIET_FLOOR_MV = 0.005
"""One step of a coarse recorder: added to the bend before."""
TYPICAL_SHARE, TYPICAL_WINDOW_S, APART_S = 0.5, 1.5, 0.04
"""A spike reaches this share of the typical largest bend (median over windows), and is the largest within ± 40 ms."""
MIN_SPIKES = 4
"""A single one may be an artefact."""


def check_pacing(recording: Recording) -> Findings:
    """Spikes of a pacemaker; they are visible only where the recorder has not filtered them away."""
    n_spikes = len(spike_times_s(recording))
    if n_spikes < MIN_SPIKES:
        return ()
    message = (
        "Pacemaker spikes are seen: the shape of paced beats says little about mass, and the models do not know them."
    )
    return caution("paced", message, f"{n_spikes} spikes", f"< {MIN_SPIKES}")


def spike_times_s(recording: Recording) -> FloatArray:
    """Times of abrupt deflections out of rest, in s; none where samples or leads are missing or the rate is low.

    Returns
    -------
    array (n_spikes,)
    """
    fs_hz = recording.fs_hz
    filled, _, _ = fill_gaps(recording.signal_mv[INDEPENDENT_ROWS], fs_hz)
    if fs_hz < MIN_FS_HZ or not np.isfinite(filled).all() or recording.duration_s < TYPICAL_WINDOW_S:
        return np.zeros(0)
    bend = _bend_mv(filled, fs_hz)
    largest = bend == maximum_filter1d(bend, 2 * round(APART_S * fs_hz) + 1)
    abrupt = bend > MIN_RATIO * (_before_mv(bend, fs_hz) + QUIET_FLOOR_MV)
    return np.flatnonzero(largest & abrupt & (bend >= TYPICAL_SHARE * _typical_mv(bend, fs_hz))) / fs_hz


def _bend_mv(leads_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Mean over leads of the second difference's size, shape (n_samples,)."""
    step = max(round(BEND_S * fs_hz), 1)
    bend = np.zeros(leads_mv.shape[1])
    second = leads_mv[:, 2 * step :] - 2.0 * leads_mv[:, step:-step] + leads_mv[:, : -2 * step]
    bend[step:-step] = np.abs(second).mean(axis=0)
    return bend


def _before_mv(bend_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Largest bend in the quiet window before each sample; infinite at the start, where there is none."""
    far, near = (round(seconds * fs_hz) for seconds in QUIET_S)
    before = np.full(bend_mv.size, np.inf)
    largest = np.lib.stride_tricks.sliding_window_view(bend_mv, far - near + 1).max(axis=1)
    before[far:] = largest[: bend_mv.size - far]
    return before


def _typical_mv(bend_mv: FloatArray, fs_hz: float) -> float:
    """Median over windows of the largest bend."""
    window = round(TYPICAL_WINDOW_S * fs_hz)
    return float(np.median(bend_mv[: bend_mv.size // window * window].reshape(-1, window).max(axis=1)))
