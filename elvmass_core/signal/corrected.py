"""Borders of the averaged beat set by hand instead of found."""

from dataclasses import replace

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, FIDUCIAL_NAMES, Beat, Fiducials
from elvmass_core.errors import FiducialError

FIRST_MS = -1000.0 * BEAT_R_INDEX / BEAT_FS_HZ
LAST_MS = 1000.0 * (BEAT_SAMPLES - 1 - BEAT_R_INDEX) / BEAT_FS_HZ
"""First and last sample of the averaged beat, in ms from R."""
WORDS = {
    "p_on": "P onset",
    "p_off": "P end",
    "qrs_on": "QRS onset",
    "qrs_off": "QRS end",
    "t_on": "T onset",
    "t_peak": "T peak",
    "t_end": "T end",
}


def with_fiducials(beat: Beat, fiducials: Fiducials) -> Beat:
    """Return the beat with borders set by hand.

    Parameters
    ----------
    beat : Beat
        Its average and zero line stay as extracted: the borders move the measurements, the segments of every table and
        map, and what the models take from the measurements.
    fiducials : Fiducials
        In ms from R. One that is None is absent, and what needs it is not measured.

    Raises
    ------
    FiducialError
        A border lies outside the averaged beat, or before one that it must follow.
    """
    previous = ""
    for name in FIDUCIAL_NAMES:
        value = getattr(fiducials, name)
        if value is None:
            continue
        if not FIRST_MS <= value <= LAST_MS:
            raise FiducialError(
                f"The {WORDS[name]} of {value:g} ms lies outside the averaged beat ({FIRST_MS:g} to {LAST_MS:g} ms "
                "from R): check the number."
            )
        if previous and value <= getattr(fiducials, previous):
            raise FiducialError(f"The {WORDS[name]} must come after the {WORDS[previous]}: check the two numbers.")
        previous = name
    return replace(beat, fiducials=fiducials)
