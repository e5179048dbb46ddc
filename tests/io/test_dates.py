"""Ages from two dates: the order of day and month matters only where it would change the answer."""

import pytest

from elvmass_core.io.dates import age_between

MONTH_FIRST, DAY_FIRST = ("%m-%d-%Y", "%Y-%m-%d"), ("%d-%m-%Y", "%Y-%m-%d")


def age(birth, recorded):
    return age_between(birth, recorded, (MONTH_FIRST, DAY_FIRST))


@pytest.mark.parametrize(
    ("birth", "recorded", "years"),
    [
        ("03-15-1950", "06-20-2020", 70.0),  # month first, no doubt
        ("15-03-1950", "20-06-2020", 70.0),  # day first, no doubt
        ("15-03-1950", "06-05-2020", 70.0),  # the first date tells how the second is meant
        ("06-05-1950", "20-06-2020", 70.0),
        ("01-12-1950", "06-03-2020", 70.0),  # 70 or 69: a birthday, no doubt worth asking for
        ("1950-03-15", "2020-06-20", 70.0),
    ],
)
def test_an_age_that_does_not_hang_on_the_order_is_given(birth, recorded, years):
    assert age(birth, recorded) == years


@pytest.mark.parametrize(
    ("birth", "recorded"),
    [
        ("01-12-2002", "06-03-2020"),  # month first 18, day first 17: adult or child
        ("03-15-1950", "20-06-2020"),  # one date month first, the other day first
        ("15-15-1950", "06-20-2020"),
        ("06-20-2020", "03-15-1950"),  # born after the recording
        ("", "06-20-2020"),
    ],
)
def test_an_age_that_cannot_be_told_is_left_to_be_asked(birth, recorded):
    assert age(birth, recorded) is None


def test_readings_more_than_a_year_apart_give_no_age():
    """With years of two digits 10-04-05 is 2010 or 2005, and the child is 2 or 15."""
    two_digits = (("%y-%m-%d",), ("%d-%m-%y",))
    assert age_between("10-04-05", "12-06-20", two_digits[:1]) == 2.0
    assert age_between("10-04-05", "12-06-20", two_digits[1:]) == 15.0
    assert age_between("10-04-05", "12-06-20", two_digits) is None
