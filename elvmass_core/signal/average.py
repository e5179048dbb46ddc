"""Beat extraction: align, reject, average.

One set of R times cuts all twelve leads ("synchronized"). Beats are aligned to a common template by cross-correlation
with sub-sample precision, unlike beats are left out, and the rest give a trimmed mean.
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, Beat, FloatArray, Recording
from elvmass_core.errors import BeatError
from elvmass_core.segments import beat_times_ms
from elvmass_core.signal.delineate import delineate, level_before_qrs
from elvmass_core.signal.filters import clean, fill_gaps, resample
from elvmass_core.signal.rpeaks import detect_r, root_mean_square
from elvmass_core.units import INDEPENDENT_ROWS

EXTRACTION_VERSION = "2"
"""Changes whenever a beat may change; weights carry it and refuse another."""

MIN_CORRELATION = 0.90
"""A beat below this correlation with the template over R −250…+450 ms, all leads together, is left out (assumed)."""
MAX_RESIDUAL = 0.5
"""A beat whose difference from the template exceeds this share of the template's RMS is left out (assumed)."""
PREMATURE = 0.80
"""A beat closer to the one before than this share of the median RR is premature (usual definition of prematurity)."""
CUT_SHORT_S = 0.58
"""An early next beat within this time puts its QRS into the window (R + 520 ms and half a QRS)."""
TRIM = 0.2
"""Share cut from each end of the sorted beats before the mean (assumed; robust to one wild beat in five)."""
MAX_SHIFT_MS = 40.0
ALIGN_ROUNDS = 2
NEXT_P_MS = 240.0
"""Samples later than the median RR less this belong to the next beat's P wave and are set to the PR level …"""
NEXT_P_MARGIN_MS = 10.0
"""… or from this long before the P onset of the beat itself, where PR is longer than that."""
TAIL_RAMP_MS = 30.0
MIN_BEATS = 3
"""Fewer whole beats than this give no average; quality asks for more before it allows an estimate."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which beats enter the average, and why the others do not."""

    used: tuple[bool, ...]
    reasons: tuple[str, ...]


def extract_beat(recording: Recording) -> Beat:
    """Average the beats of a recording into one.

    Parameters
    ----------
    recording : Recording
        All twelve leads present; gaps longer than 40 ms make it unusable.

    Returns
    -------
    Beat
        500 Hz, 400 samples, R at sample 140, zero at the PR level of each lead.

    Raises
    ------
    BeatError
        Leads are missing, samples are missing, or fewer than three whole beats were found.

    Notes
    -----
    The publication says "synchronized" without defining it; this is our definition. R is the largest RMS over the
    eight independent leads within the QRS.
    """
    cleaned = _prepared(recording)
    r_samples = detect_r(cleaned)
    if len(r_samples) < MIN_BEATS:
        raise BeatError(f"Only {len(r_samples)} heartbeats were found; at least {MIN_BEATS} are needed for an average.")
    rr_s = float(np.median(np.diff(r_samples))) / BEAT_FS_HZ
    whole = _whole(r_samples, cleaned.shape[1])
    if whole.sum() < MIN_BEATS:
        raise BeatError(f"Only {whole.sum()} whole heartbeats lie inside the recording; {MIN_BEATS} are needed.")
    premature = _premature(r_samples, rr_s)[whole]
    spline = CubicSpline(np.arange(cleaned.shape[1]), cleaned, axis=1)
    centres = _aligned_centres(spline, r_samples[whole].astype(float), premature)
    beats = _cut(spline, centres)
    choice = _choose(beats, premature)
    return _finish(beats, choice, centres / BEAT_FS_HZ, rr_s)


def _prepared(recording: Recording) -> FloatArray:
    """Gap-free, 500 Hz, filtered leads."""
    filled, _, _ = fill_gaps(recording.signal_mv, recording.fs_hz)
    if not np.isfinite(filled).all():
        raise BeatError("Some leads or longer stretches of samples are missing, so no averaged beat can be formed.")
    return clean(resample(filled, recording.fs_hz))


def _whole(r_samples: np.ndarray, n_samples: int) -> np.ndarray:
    """Beats whose window, with room for alignment, lies inside the recording."""
    room = round(MAX_SHIFT_MS / 1000.0 * BEAT_FS_HZ)
    starts, stops = r_samples - BEAT_R_INDEX - room, r_samples + (BEAT_SAMPLES - BEAT_R_INDEX) + room
    return (starts >= 0) & (stops <= n_samples)


def _premature(r_samples: np.ndarray, rr_s: float) -> np.ndarray:
    """Beats that come early, and beats whose window holds the QRS of an early one."""
    rr = np.diff(r_samples) / BEAT_FS_HZ
    early = rr < PREMATURE * rr_s
    cut_short = early & (rr < CUT_SHORT_S)
    return np.concatenate([[False], early]) | np.concatenate([cut_short, [False]])


def _cut(spline: CubicSpline, centres: FloatArray) -> FloatArray:
    """Beats (n, 12, 400) around fractional R samples, less each lead's median."""
    offsets = np.arange(BEAT_SAMPLES) - BEAT_R_INDEX
    beats = np.moveaxis(spline(centres[:, None] + offsets), 0, 1)
    return beats - np.median(beats, axis=-1, keepdims=True)


def _template(beats: FloatArray, premature: np.ndarray) -> FloatArray:
    """Median beat, over the beats in time where there are enough of them."""
    steady = beats[~premature] if (~premature).sum() >= MIN_BEATS else beats
    return np.median(steady, axis=0)


def _aligned_centres(spline: CubicSpline, centres: FloatArray, premature: np.ndarray) -> FloatArray:
    """Shift every R to the best cross-correlation with the template, then put R on the template's own peak."""
    start = centres.copy()
    limit = MAX_SHIFT_MS / 1000.0 * BEAT_FS_HZ
    for _ in range(ALIGN_ROUNDS):
        beats = _cut(spline, centres)
        template = _template(beats, premature)
        shifts = np.array([_best_shift(beat, template, int(limit)) for beat in beats])
        centres = np.clip(centres + shifts, start - limit / 2, start + limit / 2)
    offset = _r_offset(_template(_cut(spline, centres), premature))
    return centres + np.clip(offset, -limit / 2, limit / 2)


_ALIGN_WINDOW = slice(BEAT_R_INDEX - 50, BEAT_R_INDEX + 51)
"""R ± 100 ms: the QRS, where time is best defined."""


def _best_shift(beat: FloatArray, template: FloatArray, limit: int) -> float:
    """Lag in samples (sub-sample by a parabola) at which `beat` fits `template` best, over the QRS of all leads."""
    fixed = template[:, _ALIGN_WINDOW]
    lags = np.arange(-limit, limit + 1)
    windows = np.lib.stride_tricks.sliding_window_view(beat, fixed.shape[1], axis=1)
    moved = windows[:, _ALIGN_WINDOW.start + lags]
    score = np.einsum("lks,ls->k", moved, fixed) / np.maximum(np.sqrt(np.einsum("lks,lks->k", moved, moved)), 1e-9)
    return float(lags[0]) + _parabolic_peak(score)


def _parabolic_peak(score: FloatArray) -> float:
    """Position of the maximum, refined by the parabola through its neighbours."""
    top = int(np.argmax(score))
    if top in (0, len(score) - 1):
        return float(top)
    left, middle, right = score[top - 1 : top + 2]
    curvature = left - 2 * middle + right
    return top + (0.5 * (left - right) / curvature if curvature < 0 else 0.0)


def _r_offset(template: FloatArray) -> float:
    """Distance in samples from the window's R sample to the template's largest RMS within ± 80 ms."""
    half = 40
    strength = root_mean_square(template[INDEPENDENT_ROWS, BEAT_R_INDEX - half : BEAT_R_INDEX + half + 1])
    return _parabolic_peak(strength) - half


_COMPARE_WINDOW = slice(BEAT_R_INDEX - 125, BEAT_R_INDEX + 225)


def _choose(beats: FloatArray, premature: np.ndarray) -> _Choice:
    """Leave out premature and unlike beats."""
    template = _template(beats, premature)[:, _COMPARE_WINDOW].ravel()
    used, reasons = [], []
    for beat, early in zip(beats[:, :, _COMPARE_WINDOW].reshape(len(beats), -1), premature, strict=True):
        reason = "premature" if early else _unlike(beat, template)
        used.append(not reason)
        reasons.append(reason)
    return _Choice(tuple(used), tuple(reasons))


def _unlike(beat: FloatArray, template: FloatArray) -> str:
    """Why a beat differs too much from the template; empty when it does not."""
    norm = float(np.linalg.norm(beat) * np.linalg.norm(template))
    correlation = float(beat @ template) / norm if norm else 0.0
    if correlation < MIN_CORRELATION:
        return f"unlike the others (correlation {correlation:.2f} < {MIN_CORRELATION:.2f})"
    residual = float(np.linalg.norm(beat - template) / np.linalg.norm(template))
    if residual > MAX_RESIDUAL:
        return f"differs in amplitude (residual {residual:.2f} > {MAX_RESIDUAL:.2f} of the template)"
    return ""


def _trimmed_mean(beats: FloatArray) -> FloatArray:
    """Mean over beats without the `TRIM` smallest and largest at each sample."""
    cut = int(TRIM * len(beats))
    return np.sort(beats, axis=0)[cut : len(beats) - cut].mean(axis=0)


def _finish(beats: FloatArray, choice: _Choice, r_times_s: FloatArray, rr_s: float) -> Beat:
    """Average, find the borders, set the PR level to zero and mask what belongs to the next beat."""
    used = np.array(choice.used)
    if used.sum() < MIN_BEATS:
        raise BeatError(f"Only {used.sum()} of {len(used)} heartbeats resemble each other; {MIN_BEATS} are needed.")
    average = _trimmed_mean(beats[used])
    fiducials = delineate(average, rr_ms=1000.0 * rr_s)
    own_levels = np.stack([level_before_qrs(beat, fiducials) for beat in beats])
    level = level_before_qrs(average, fiducials)
    keep = _tail_weight(1000.0 * rr_s, fiducials.p_on)
    levelled = beats - own_levels[:, :, None]
    return Beat(
        signal_mv=(average - level[:, None]) * keep,
        sd_mv=levelled[used].std(axis=0) * keep,
        beats_mv=levelled,
        r_times_s=r_times_s,
        used=choice.used,
        reasons=choice.reasons,
        rate_bpm=60.0 / rr_s,
        fiducials=fiducials,
        extraction=EXTRACTION_VERSION,
    )


def _tail_weight(rr_ms: float, p_on_ms: float | None) -> FloatArray:
    """1 up to the next P wave, a short ramp, then 0; shape (400,)."""
    p_starts_ms = -NEXT_P_MS if p_on_ms is None else min(-NEXT_P_MS, p_on_ms - NEXT_P_MARGIN_MS)
    return np.clip((rr_ms + p_starts_ms - beat_times_ms()) / TAIL_RAMP_MS, 0.0, 1.0)
