"""The cardiograph's own median beat laid over ours: for the eye, and as a check of reading and averaging."""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import BEAT_R_INDEX, BEAT_SAMPLES, Beat, DeviceBeat, FloatArray, frozen_array
from elvmass_core.segments import segment_masks
from elvmass_core.signal.delineate import level_before_qrs
from elvmass_core.signal.filters import resample
from elvmass_core.units import INDEPENDENT_ROWS

MIN_OVERLAP_SAMPLES = BEAT_SAMPLES // 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedDeviceBeat:
    """A device's median beat on the time axis of ours.

    Parameters
    ----------
    signal_mv : array (12, 400)
        Zero at the same level as our beat; NaN where the device's beat does not reach.
    rms_mv : float
        Root mean square of the difference within QRS, ST and T over the eight independent leads.
    correlation : float
        Pearson's, over the same samples.
    """

    signal_mv: FloatArray
    rms_mv: float
    correlation: float

    def __post_init__(self) -> None:
        frozen = frozen_array(self.signal_mv, (12, BEAT_SAMPLES), "signal_mv")
        object.__setattr__(self, "signal_mv", frozen)


def align_device_beat(beat: Beat, device: DeviceBeat) -> AlignedDeviceBeat | None:
    """Lay a device's beat over ours by the shift of the highest correlation; None when they cannot be compared."""
    if not np.isfinite(device.signal_mv).all() or device.signal_mv.shape[1] < 2:
        return None
    theirs = resample(device.signal_mv, device.fs_hz)
    shift = _best_shift(beat.signal_mv[INDEPENDENT_ROWS], theirs[INDEPENDENT_ROWS])
    if shift is None:
        return None
    placed = _placed(theirs, shift)
    placed = placed - _level(placed, beat)
    inside = _compared(beat) & np.isfinite(placed).all(axis=0)
    if np.count_nonzero(inside) < MIN_OVERLAP_SAMPLES // 4:
        return None
    ours, other = beat.signal_mv[INDEPENDENT_ROWS][:, inside], placed[INDEPENDENT_ROWS][:, inside]
    return AlignedDeviceBeat(
        signal_mv=placed,
        rms_mv=float(np.sqrt(np.mean((ours - other) ** 2))),
        correlation=float(np.corrcoef(ours.ravel(), other.ravel())[0, 1]),
    )


def _best_shift(ours: FloatArray, theirs: FloatArray) -> int | None:
    """Where sample 0 of theirs lies on our axis."""
    scores = {}
    for shift in range(MIN_OVERLAP_SAMPLES - theirs.shape[1], BEAT_SAMPLES - MIN_OVERLAP_SAMPLES + 1):
        start, stop = max(shift, 0), min(shift + theirs.shape[1], BEAT_SAMPLES)
        if not start <= BEAT_R_INDEX < stop:
            continue
        one, two = ours[:, start:stop], theirs[:, start - shift : stop - shift]
        one, two = one - one.mean(axis=1, keepdims=True), two - two.mean(axis=1, keepdims=True)
        norm = float(np.sqrt((one**2).sum() * (two**2).sum()))
        scores[shift] = float((one * two).sum()) / norm if norm > 0 else 0.0
    return max(scores, key=scores.__getitem__) if scores else None


def _placed(theirs: FloatArray, shift: int) -> FloatArray:
    """Theirs on our axis, NaN outside."""
    placed = np.full((theirs.shape[0], BEAT_SAMPLES), np.nan)
    start, stop = max(shift, 0), min(shift + theirs.shape[1], BEAT_SAMPLES)
    placed[:, start:stop] = theirs[:, start - shift : stop - shift]
    return placed


def _level(placed: FloatArray, beat: Beat) -> FloatArray:
    """Their level just before QRS, as ours is zero there; that of all samples where they do not reach so far."""
    level = level_before_qrs(placed, beat.fiducials)[:, None]
    return np.where(np.isfinite(level), level, np.nanmean(placed, axis=1, keepdims=True))


def _compared(beat: Beat) -> np.ndarray:
    """Samples of QRS, ST and T; the whole beat where none was found."""
    masks = [mask for name, mask in segment_masks(beat.fiducials).items() if name in ("QRS", "ST", "T")]
    found = [mask for mask in masks if mask is not None]
    return np.any(found, axis=0) if found else np.ones(BEAT_SAMPLES, dtype=bool)
