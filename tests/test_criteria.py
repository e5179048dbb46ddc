"""Classical criteria against the published table."""

import pytest

from elvmass_core.criteria import CRITERIA, NOT_ADULT, apply_criteria, cutoffs_in_words
from elvmass_core.domain import Features, Measurement, Sex
from elvmass_core.features import FEATURE_NAMES


def features(**values):
    """All amplitudes 0 mV and QRS 90 ms unless given."""
    plain = dict.fromkeys(FEATURE_NAMES, 0.0) | {"qrs_ms": 90.0, "qrs_axis_deg": 30.0} | values
    return Features(values={name: Measurement(value=value, unit="") for name, value in plain.items()})


def result(name, sex, **values):
    return next(one for one in apply_criteria(features(**values), sex) if one.name == name)


@pytest.mark.parametrize(
    "name, sex, values, value, met",
    [
        # 10 mm = 1 mV. Sokolow–Lyon: S V1 + max(R V5, R V6) ≥ 35 mm.
        ("Sokolow–Lyon voltage", Sex.MALE, {"s_mv_V1": 1.5, "r_mv_V5": 2.0, "r_mv_V6": 1.0}, 3.5, True),
        ("Sokolow–Lyon voltage", Sex.MALE, {"s_mv_V1": 1.5, "r_mv_V5": 1.0, "r_mv_V6": 1.99}, 3.49, False),
        ("Sokolow–Lyon product", Sex.MALE, {"s_mv_V1": 2.0, "r_mv_V5": 2.2}, 378.0, True),
        # Cornell: above 28 mm in men, above 20 mm in women: the sexes must not be swapped.
        ("Cornell voltage", Sex.MALE, {"r_mv_aVL": 1.0, "s_mv_V3": 1.5}, 2.5, False),
        ("Cornell voltage", Sex.FEMALE, {"r_mv_aVL": 1.0, "s_mv_V3": 1.5}, 2.5, True),
        ("Cornell voltage", Sex.FEMALE, {"r_mv_aVL": 1.0, "s_mv_V3": 1.0}, 2.0, False),
        # Cornell product: 8 mm are added in women; ≥ 2440 mm·ms.
        ("Cornell product", Sex.MALE, {"r_mv_aVL": 1.0, "s_mv_V3": 1.5}, 225.0, False),
        ("Cornell product", Sex.FEMALE, {"r_mv_aVL": 1.0, "s_mv_V3": 1.5}, 297.0, True),
        ("R aVL", Sex.MALE, {"r_mv_aVL": 1.1}, 1.1, True),
        ("Peguero–Lo Presti", Sex.MALE, {"s_mv_V2": 1.8, "s_mv_V4": 1.0}, 2.8, True),
        ("Peguero–Lo Presti", Sex.FEMALE, {"s_mv_V2": 1.2, "s_mv_V4": 1.0}, 2.2, False),
        ("Gubner–Ungerleider", Sex.MALE, {"r_mv_I": 1.5, "s_mv_III": 1.0}, 2.5, True),
    ],
)  # fmt: skip
def test_published_cutoffs(name, sex, values, value, met):
    found = result(name, sex, **values)
    assert found.value == pytest.approx(value)
    assert found.met is met


def test_a_wide_qrs_makes_every_criterion_not_applicable_with_the_reason():
    for found in apply_criteria(features(qrs_ms=130.0, r_mv_aVL=2.0), Sex.MALE):
        assert found.met is None
        assert "130 ms" in found.reason


def test_every_unanswered_criterion_has_a_reason_and_every_answer_a_value():
    unmeasured = dict.fromkeys(FEATURE_NAMES)
    for values in ({}, {"qrs_ms": 130.0}, unmeasured, unmeasured | {"qrs_ms": 90.0}):
        for found in apply_criteria(features(**values), Sex.FEMALE):
            assert found.reason if found.met is None else found.value is not None


def test_a_refused_recording_meets_no_criterion():
    answers = apply_criteria(features(r_mv_aVL=20.0, s_mv_V3=20.0), Sex.MALE, usable=False)
    assert all(one.met is None and "refused" in one.reason for one in answers)


def test_what_cannot_be_measured_is_neither_met_nor_not_met():
    found = result("Sokolow–Lyon voltage", Sex.MALE, s_mv_V1=None)
    assert (found.value, found.met) == (None, None)


def test_criteria_with_a_sex_rule_are_silent_when_the_sex_is_unknown():
    answers = {one.name: one.met for one in apply_criteria(features(r_mv_aVL=3.0), Sex.UNKNOWN)}
    assert answers["R aVL"] is True
    assert answers["Cornell voltage"] is None
    assert answers["Cornell product"] is None
    assert answers["Peguero–Lo Presti"] is None


def test_with_an_unknown_sex_no_number_of_one_sex_is_shown():
    answers = {one.name: one for one in apply_criteria(features(r_mv_aVL=3.0), Sex.UNKNOWN)}
    assert answers["Cornell product"].value is None
    assert cutoffs_in_words(answers["Cornell voltage"], Sex.UNKNOWN) == "men > 2.8, women > 2 mV"
    assert cutoffs_in_words(answers["R aVL"], Sex.UNKNOWN) == "≥ 1.1 mV"
    assert cutoffs_in_words(result("Cornell voltage", Sex.FEMALE), Sex.FEMALE) == "> 2 mV"


def test_no_criterion_of_adults_is_applied_to_a_child():
    answers = apply_criteria(features(r_mv_aVL=3.0), Sex.MALE, patterns={NOT_ADULT})
    assert all(one.met is None and "adults" in one.reason for one in answers)


def test_every_criterion_names_its_source_and_formula():
    assert all(criterion.source and criterion.formula for criterion in CRITERIA)
    assert len({criterion.name for criterion in CRITERIA}) == len(CRITERIA)
