"""Ages from dates of birth and recording: the dates themselves go no further than this module's callers."""

from collections.abc import Sequence
from datetime import date, datetime

from elvmass_core.wording import ADULT_YEARS

MAX_DOUBT_YEARS = 1.0
"""Readings of two dates may give ages this far apart: the rounding of a birthday."""


def date_or_none(text: str, formats: Sequence[str]) -> date | None:
    """Return the date that a text holds in one of the formats of `datetime.strptime`, or None.

    A text of fewer than eight characters is no whole date, although `strptime` makes one of it (195312 → 1953-1-2).
    """
    if len(text.strip()) < 8:
        return None
    for form in formats:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def years_between(birth: date | None, recorded: date | None) -> float | None:
    """Return completed years between two dates, a fraction in the first year, None when it cannot be said."""
    if birth is None or recorded is None or recorded < birth:
        return None
    had_birthday = (recorded.month, recorded.day) >= (birth.month, birth.day)
    years = recorded.year - birth.year - (not had_birthday)
    return float(years) if years else (recorded - birth).days / 365.25


def age_between(birth: str, recorded: str, conventions: Sequence[Sequence[str]]) -> float | None:
    """Return the age that two dates of one file give, None where their order of day and month decides it.

    Parameters
    ----------
    birth, recorded : str
        As the file has them; they go no further.
    conventions : sequence of sequence of str
        Formats of `datetime.strptime`, one sequence for each order of day and month that the file may follow, the
        usual one first. One file follows one convention: both dates are read by the same.

    Returns
    -------
    float or None
        By the usual convention, or by the only one that can read both. None when two readings lie more than
        `MAX_DOUBT_YEARS` apart, or on the two sides of `ADULT_YEARS`: then the age is asked for.
    """
    ages = [
        age
        for formats in conventions
        if (age := years_between(date_or_none(birth, formats), date_or_none(recorded, formats))) is not None
    ]
    if not ages or max(ages) - min(ages) > MAX_DOUBT_YEARS or min(ages) < ADULT_YEARS <= max(ages):
        return None
    return ages[0]
