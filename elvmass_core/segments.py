"""The time axis of the averaged beat, and its division into P, PR, QRS, ST and T."""

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, Fiducials, FloatArray


def beat_times_ms() -> FloatArray:
    """Time of each beat sample relative to R, in ms, shape (400,)."""
    return (np.arange(BEAT_SAMPLES, dtype=np.float64) - BEAT_R_INDEX) * (1000.0 / BEAT_FS_HZ)


SEGMENT_NAMES = ("P", "PR", "QRS", "ST", "T")
REST = "rest"


def segment_masks(fiducials: Fiducials) -> dict[str, NDArray[np.bool_] | None]:
    """Samples of each segment of the averaged beat, shape (400,); None for a segment whose borders are absent.

    P: P onset to P offset; PR: to QRS onset; QRS: to J; ST: to T onset; T: to T end; ``rest``: every other sample.
    The masks do not overlap and together cover the beat.
    """
    borders = {
        "P": (fiducials.p_on, fiducials.p_off),
        "PR": (fiducials.p_off, fiducials.qrs_on),
        "QRS": (fiducials.qrs_on, fiducials.qrs_off),
        "ST": (fiducials.qrs_off, fiducials.t_on),
        "T": (fiducials.t_on, fiducials.t_end),
    }
    times = beat_times_ms()
    rest = np.ones(BEAT_SAMPLES, dtype=bool)
    masks: dict[str, NDArray[np.bool_] | None] = {}
    for name, (start, end) in borders.items():
        if start is None or end is None or end <= start:
            masks[name] = None
            continue
        inside = (times >= start) & (times < end) & rest
        rest &= ~inside
        masks[name] = inside
    masks[REST] = rest
    return masks
