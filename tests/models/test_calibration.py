"""Intervals, lines and probabilities against data whose truth is known."""

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.models.calibration import COVERAGE, CT_FUCHS, Calibration, fit_interval, fit_line, fit_platt
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
