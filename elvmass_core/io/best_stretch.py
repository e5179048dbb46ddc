"""Which seconds of a long recording are used: the first 10 s that are as good as any.

A cheap rule on the numbers as the file holds them: no unit, no filter and no heartbeats are needed, because every
measure of a lead is taken relative to that lead's own usual span. What is judged sound by it is not judged by it alone:
`elvmass_core.quality` looks at the stretch that was chosen as at any recording.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import FloatArray

BLOCK_S = 1.0
"""Stretches begin on whole seconds, and are judged second by second."""
STEP_S = 0.010
"""Noise is how far a lead moves in this time, in the median over a second: between the beats."""
FINE_NOISE, FINE_DRIFT = 0.03, 0.5
"""Noise and drift of the level, as shares of the lead's usual span over two seconds, below which a stretch is as good
as any: 45 µV and 0.75 mV for a QRS of 1.5 mV (assumed; the noise of IEC 60601-2-25 lies below the first)."""
DEAD, WILD = 0.05, 4.0
"""Shares of that span below which a second is dead, and above which it holds an artefact (assumed)."""
BAD_SECOND = 10.0
"""What a second with missing samples, a dead lead or an artefact counts: more than noise does (assumed)."""
LARGEST = 1e150
"""A number beyond it is damage, in any unit; below it no difference or sum overflows."""
TOLERANCE = 1.25
"""The earliest stretch up to this many times as bad as the best is used (assumed)."""


def best_start_s(leads: Sequence[FloatArray], fs_hz: float, length_s: float) -> float:
    """Return where the first stretch begins whose quality is within `TOLERANCE` of the best.

    Parameters
    ----------
    leads : sequence of array (n_samples,)
        In any unit, each lead in its own; NaN where a sample is missing.
    fs_hz : float
    length_s : float
        Of the stretch; the recording is at least as long.

    Returns
    -------
    float
        A whole number of seconds; 0 when the beginning is sound, and when no stretch is better.
    """
    n_blocks, n_used = int(leads[0].size / fs_hz / BLOCK_S), round(length_s / BLOCK_S)
    if n_blocks <= n_used:
        return 0.0
    step = max(round(STEP_S * fs_hz), 1)
    judged = [_judged(_blocks(lead, fs_hz, n_blocks), n_used, step) for lead in leads]
    badness = np.max([worst for worst, _ in judged], axis=0)
    bad_seconds = np.any([bad for _, bad in judged], axis=0)
    badness = badness + BAD_SECOND * _windows(bad_seconds, n_used).sum(axis=1)
    return float(np.argmax(badness <= TOLERANCE * badness.min())) * BLOCK_S


def _blocks(lead: FloatArray, fs_hz: float, n_blocks: int) -> FloatArray:
    """Whole seconds of a lead, shape (n_blocks, n); they begin where a stretch would."""
    starts = np.round(np.arange(n_blocks) * BLOCK_S * fs_hz).astype(int)
    return np.asarray(lead[starts[:, None] + np.arange(int(BLOCK_S * fs_hz))], dtype=np.float64)


def _judged(blocks: FloatArray, n_used: int, step: int) -> tuple[FloatArray, NDArray[np.bool_]]:
    """How noisy or drifting each stretch of one lead is (1 is fine), and which seconds hold no ECG or an artefact."""
    missing = ~(np.abs(blocks) < LARGEST)
    values = np.where(missing, 0.0, blocks)
    span = np.ptp(values, axis=1)
    usual = _usual_span(span)
    moves = np.median(np.abs(values[:, step:] - values[:, :-step]), axis=1) / usual
    drift = np.ptp(_windows(np.median(values, axis=1) / usual, n_used), axis=1)
    worst = np.maximum(_windows(moves, n_used).mean(axis=1) / FINE_NOISE, drift / FINE_DRIFT)
    return np.maximum(worst, 1.0), missing.any(axis=1) | (span < DEAD * usual) | (span > WILD * usual)


def _usual_span(span: FloatArray) -> float:
    """Span over two seconds that a quarter of them stay below: of a QRS, not of an artefact; 1 for a lead at rest."""
    usual = float(np.percentile(_windows(span, 2).max(axis=1), 25.0))
    return usual if usual > 0.0 else 1.0


def _windows(values: NDArray, length: int) -> NDArray:
    """Every run of `length` values, shape (n_runs, length)."""
    return np.lib.stride_tricks.sliding_window_view(values, length)
