"""Two-sample statements against published values, scipy, scikit-learn and theory."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from elvmass_core.realism import statistics as ours


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_limits_are_those_printed_by_newcombe(successes, n, low, high):
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
    found = ours.wilson(successes, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nobody_is_unknown():
    assert np.isnan(ours.wilson(0, 0).value)


def test_auc_agrees_with_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    label, score = rng.integers(0, 2, 200), rng.integers(0, 9, 200).astype(float)
    assert ours.auc(score[label == 1], score[label == 0]) == pytest.approx(roc_auc_score(label, score))


def test_energy_distance_in_one_dimension_is_the_square_of_scipys():
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 1, 40), rng.normal(0.7, 2, 60)
    expected = stats.energy_distance(one, other) ** 2
    assert ours.energy_test(one[:, None], other[:, None], seed=0, times=1)[0] == pytest.approx(expected)


def test_energy_test_is_certain_of_a_shift():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(30, 3)), rng.normal(1.5, 1.0, size=(60, 3))
    assert ours.energy_test(one, other, seed=0, times=199)[1] == pytest.approx(1 / 200)


def test_p_of_the_energy_test_is_uniform_without_a_difference():
    rng = np.random.default_rng(2)
    p = [ours.energy_test(rng.normal(size=(15, 2)), rng.normal(size=(25, 2)), seed, times=49)[1] for seed in range(120)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_one_dimensional_region_is_the_t_prediction_interval():
    sample = np.random.default_rng(3).normal(5.0, 2.0, 15)
    half = stats.t.ppf(0.995, 14) * sample.std(ddof=1) * np.sqrt(1 + 1 / 15)
    edges = sample.mean() + half * np.array([-1.001, -0.999, 0.999, 1.001])
    region = ours.prediction_region(sample[:, None])
    assert region.inside(edges[:, None]).tolist() == [False, True, True, False]


@pytest.mark.parametrize(("n", "k"), [(24, 4), (120, 10)])
def test_the_region_holds_99_percent_of_new_gaussian_points(n, k):
    rng = np.random.default_rng(4)
    mixing = rng.normal(size=(k, k))
    inside = [
        ours.prediction_region(rng.normal(size=(n, k)) @ mixing).inside(rng.normal(size=(100, k)) @ mixing).mean()
        for _ in range(300)
    ]
    assert np.mean(inside) == pytest.approx(0.99, abs=0.003)


def test_bootstrap_limits_of_the_sd_ratio_hold_the_true_ratio_and_not_one():
    rng = np.random.default_rng(5)
    found = ours.bootstrap_two(ours.sd_ratio, rng.normal(0, 1, 80), rng.normal(0, 2, 200), seed=0)
    assert 2.0 in found
    assert 1.0 not in found


def test_missing_values_are_left_out_and_too_few_give_no_answer():
    one, other = np.array([1.0, np.nan, 2.0]), np.arange(9.0)
    assert np.isnan(ours.bootstrap_two(ours.standardised_difference, one, other, seed=0).value)
