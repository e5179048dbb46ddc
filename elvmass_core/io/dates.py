"""Ages from dates of birth and recording: the dates themselves go no further than this module's callers."""

from collections.abc import Sequence
from datetime import date, datetime


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
