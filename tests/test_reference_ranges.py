"""Usual values by sex, as the statements of the societies give them."""

import pytest

from elvmass_core.domain import Sex
from elvmass_core.features import INTERVALS
from elvmass_core.reference_ranges import reference_range


@pytest.mark.parametrize(("sex", "high"), [(Sex.MALE, 450.0), (Sex.FEMALE, 460.0)])
def test_qtc_is_long_from_450_ms_in_men_and_460_ms_in_women(sex, high):
    usual = reference_range("qtc_fridericia_ms", sex)
    assert usual.high == high
    assert usual.low == 390.0
    assert not usual.holds(high + 1)


def test_without_a_sex_there_is_no_range_of_qtc():
    assert reference_range("qtc_fridericia_ms", Sex.UNKNOWN) is None


def test_the_normal_frontal_axis_reaches_from_minus_30_to_90_degrees():
    usual = reference_range("qrs_axis_deg", Sex.FEMALE)
    assert [usual.holds(value) for value in (-31, -30, 60, 90, 91)] == [False, True, True, True, False]
    assert usual.words() == "−30 to 90°"


def test_every_interval_that_has_a_range_is_measured_and_names_its_source():
    named = {name: reference_range(name, Sex.MALE) for name in INTERVALS}
    assert {name for name, one in named.items() if one is None} == {"qt_ms"}
    assert all(one.source for one in named.values() if one)
    assert named["qrs_ms"].words() == "≤ 110 ms"
    assert named["pr_ms"].words() == "120–200 ms"


@pytest.mark.parametrize("age_years", [0.5, 9.0, 17.9])
def test_a_child_has_no_adult_range(age_years):
    assert all(reference_range(name, Sex.MALE, age_years) is None for name in INTERVALS)
    assert reference_range("qrs_ms", Sex.MALE, 18.0) == reference_range("qrs_ms", Sex.MALE)
