"""Borders of the averaged beat set by hand instead of found."""

from dataclasses import replace

from elvmass_core.domain import BEAT_FIRST_MS, BEAT_LAST_MS, FIDUCIAL_NAMES, Beat, Fiducials
from elvmass_core.errors import FiducialError

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
        if not BEAT_FIRST_MS <= value <= BEAT_LAST_MS:
            raise FiducialError(
                f"The {WORDS[name]} of {value:g} ms lies outside the averaged beat ({BEAT_FIRST_MS:g} to "
                f"{BEAT_LAST_MS:g} ms from R): check the number."
            )
        if previous and value <= getattr(fiducials, previous):
            raise FiducialError(f"The {WORDS[name]} must come after the {WORDS[previous]}: check the two numbers.")
        previous = name
    return replace(beat, fiducials=fiducials)
