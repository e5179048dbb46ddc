"""Intervals, lines and probabilities against data whose truth is known."""

import math

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.models.calibration import (
    COVERAGE,
    CT_FUCHS,
    CUTOFFS,
    Calibration,
    Cutoff,
    Interval,
    Line,
    Platt,
    fit_interval,
    fit_line,
    fit_platt,
)
from elvmass_core.models.inputs import PATTERNS, TABULAR_INPUTS, Normaliser, pattern_of, tabular_row, without
from tests import bundles, synthetic


def heteroscedastic(n, seed):
    """Errors that grow with the estimate and the members' spread."""
    rng = np.random.default_rng(seed)
    estimate, spread = rng.uniform(70, 180, n), rng.uniform(1, 8, n)
    return estimate + rng.standard_normal(n) * (0.08 * estimate + spread), estimate, spread


def test_the_interval_covers_nine_in_ten_overall_and_in_every_tertile():
    interval = fit_interval(*heteroscedastic(4000, 0))
    mass, estimate, spread = heteroscedastic(20000, 1)
    inside = np.abs(mass - estimate) <= interval.half_width_g(estimate, spread)
    assert inside.mean() == pytest.approx(COVERAGE, abs=0.015)
    for part in np.array_split(inside[np.argsort(estimate)], 3):
        assert part.mean() == pytest.approx(COVERAGE, abs=0.03)


def test_too_few_patients_promise_no_coverage():
    with pytest.raises(ValueError, match="too few"):
        fit_interval(*heteroscedastic(8, 0))


def test_the_interval_never_closes():
    interval = fit_interval(*heteroscedastic(400, 0))
    assert float(interval.spread_g(np.array([0.0]), np.array([0.0]))[0]) >= 3.0


def rows(n, seed=0):
    """Ages and sizes, everything known."""
    rng = np.random.default_rng(seed)
    made = np.zeros((n, len(TABULAR_INPUTS)))
    made[:, :3] = rng.normal([60, 160, 60], [10, 7, 9], (n, 3))
    made[:, 3:5] = 1.0
    return made


def test_the_demographics_line_recovers_a_known_line():
    data = rows(200)
    mass = 10 + 0.2 * data[:, 0] + 0.3 * data[:, 1] + 0.5 * data[:, 2]
    line = fit_line(data, mass, "height+weight")
    np.testing.assert_allclose(line.coefficients, [0.2, 0.3, 0.5], atol=1e-8)
    np.testing.assert_allclose(line(data), mass)
    assert fit_line(data, mass, "neither").inputs == ("age_years",)
    assert fit_line(data, mass, "weight").inputs == ("age_years", "weight_kg")


def test_the_probability_rises_with_the_index_and_matches_the_prevalence_on_average():
    rng = np.random.default_rng(0)
    ratio = rng.normal(0.85, 0.15, 5000)
    lvh = ratio + 0.1 * rng.standard_normal(5000) > 1.0
    platt = fit_platt(ratio, lvh)
    assert platt(np.array([1.3]))[0] > 0.9 > 0.1 > platt(np.array([0.7]))[0]
    assert platt(ratio).mean() == pytest.approx(lvh.mean(), abs=0.01)


def test_the_cutoffs_are_the_published_ct_percentiles_and_not_swapped():
    assert (CT_FUCHS.g_m2(Sex.MALE), CT_FUCHS.g_m2(Sex.FEMALE)) == (80.0, 65.0)


@pytest.mark.parametrize(
    ("measured_by", "men_g_m2", "women_g_m2"),
    [
        ("ct", 80.0, 65.0),
        ("mri", 72.0, 55.0),  # LVM-AI, doi 10.1161/CIRCIMAGING.120.012281
        ("echo", 115.0, 95.0),  # ASE and EACVI 2015, table 6: linear method
    ],
)
def test_each_way_to_measure_has_its_own_published_cutoff(measured_by, men_g_m2, women_g_m2):
    cutoff = CUTOFFS[measured_by]
    assert (cutoff.g_m2(Sex.MALE), cutoff.g_m2(Sex.FEMALE)) == (men_g_m2, women_g_m2)
    assert cutoff.source


def test_a_calibration_survives_the_manifest_and_a_partial_one_is_refused():
    calibration = bundles.calibration()
    stored = calibration.as_dict()
    assert Calibration.from_dict(stored).as_dict() == stored
    del stored["intervals"]["height"]
    with pytest.raises(KeyError, match="height"):
        Calibration.from_dict(stored)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_hiding_a_body_size_hides_its_number_and_says_so(pattern):
    hidden = without(rows(3), pattern)
    assert [pattern_of(row) for row in hidden] == [pattern] * 3
    standardised = Normaliser.fit(rows(50))(hidden)
    assert np.isfinite(standardised).all()
    for column, name in ((1, "height"), (2, "weight")):
        assert np.all(standardised[:, column] == 0.0) == (name not in pattern)


def test_an_unknown_age_is_refused_rather_than_imputed():
    from elvmass_core.features import measure
    from elvmass_core.signal import extract_beat

    features = measure(extract_beat(synthetic.recording()))
    with pytest.raises(ValueError, match="age"):
        tabular_row(synthetic.patient(age_years=None), features)


def of_interval(**changes):
    return Interval(**({"a": 1.0, "b": 0.1, "c": 2.0, "quantile": 1.5, "n": 50} | changes))


def test_half_an_interval_is_the_quantile_of_a_spread_that_grows_with_mass_and_disagreement():
    interval = of_interval()
    mass, spread = np.array([100.0, 10.0]), np.array([4.0, 0.0])
    # 1 + 10 + 8 = 19 g; 1 + 1 + 0 = 2 g, below the floor of 3 g.
    np.testing.assert_allclose(interval.spread_g(mass, spread), [19.0, 3.0])
    np.testing.assert_allclose(interval.half_width_g(mass, spread), [28.5, 4.5])


@pytest.mark.parametrize("changes", [{"quantile": 0.0}, {"quantile": -1.0}, {"a": math.nan}, {"b": math.inf}])
def test_an_interval_that_is_none_is_refused(changes):
    assert of_interval(quantile=0.5).quantile == 0.5
    with pytest.raises(ValueError, match="not usable"):
        of_interval(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"men_g_m2": 0.0}, {"women_g_m2": 0.0}, {"men_g_m2": math.inf}, {"women_g_m2": math.inf}, {"women_g_m2": math.nan},
     {"men_g_m2": -80.0}],
)  # fmt: skip
def test_a_cutoff_that_is_no_mass_is_refused(changes):
    facts = {"name": "", "modality": "", "source": "", "men_g_m2": 80.0, "women_g_m2": 65.0}
    small = Cutoff(**(facts | {"men_g_m2": 0.4, "women_g_m2": 0.5}))
    assert (small.g_m2(Sex.MALE), small.g_m2(Sex.FEMALE)) == (0.4, 0.5)
    with pytest.raises(ValueError, match="not usable"):
        Cutoff(**(facts | changes))


@pytest.mark.parametrize(
    "changes", [{"coefficients": ()}, {"coefficients": (math.nan,)}, {"intercept": math.inf}, {"inputs": ()}]
)
def test_a_line_that_does_not_fit_its_inputs_is_refused(changes):
    with pytest.raises(ValueError, match="not usable"):
        Line(**({"inputs": ("age_years",), "coefficients": (0.5,), "intercept": 3.0} | changes))


def test_the_quantile_is_the_ninety_percent_rank_of_the_patients_that_did_not_fit_the_spread():
    # Equal estimates and members: the spread is one number, so the quantile times it is a rank of the errors.
    rng = np.random.default_rng(0)
    estimate, spread = np.full(100, 100.0), np.full(100, 5.0)
    error = rng.exponential(10.0, 100)
    interval = fit_interval(estimate + error, estimate, spread)
    others = np.sort(np.delete(error, np.arange(0, 100, 5)))
    # 80 patients: ⌈0.9 · 81⌉ = 73rd smallest.
    assert interval.n == 80
    assert interval.half_width_g(estimate[:1], spread[:1])[0] == pytest.approx(others[72])
    above = fit_interval(estimate - error, estimate, spread)
    assert above.quantile == pytest.approx(interval.quantile)


def test_nine_patients_besides_those_of_the_spread_are_needed():
    # 12 patients: 3 for the spread, 9 for the quantile, whose rank is ⌈0.9 · 10⌉ = 9. 11 leave 8, and ⌈0.9 · 9⌉ = 9.
    assert fit_interval(*heteroscedastic(12, 0)).n == 9
    with pytest.raises(ValueError, match="8 patients are too few for a 90 % interval"):
        fit_interval(*heteroscedastic(11, 0))


def test_the_spread_follows_the_estimate_where_the_error_does():
    rng = np.random.default_rng(0)
    estimate, spread = rng.uniform(50.0, 200.0, 5000), rng.uniform(1.0, 10.0, 5000)
    error = 2.0 + 0.1 * estimate + 1.5 * spread
    interval = fit_interval(estimate + error, estimate, spread)
    assert (interval.a, interval.b, interval.c) == pytest.approx((2.0, 0.1, 1.5))
    assert interval.quantile == pytest.approx(1.0)


def test_the_probability_by_hand():
    platt = Platt(intercept=0.5, slope=2.0, prevalence=0.3)
    np.testing.assert_allclose(platt(np.array([1.0, 0.75])), [1.0 / (1.0 + math.exp(-0.5)), 0.5])


def test_the_prevalence_is_the_share_with_lvh():
    ratio = np.linspace(0.5, 1.5, 40)
    assert fit_platt(ratio, ratio > 1.2).prevalence == pytest.approx((ratio > 1.2).mean())
