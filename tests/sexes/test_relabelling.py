"""Permuted labels, max-T and the false discovery rate: against hand counts, other implementations, and chance."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t, ttest_ind

from elvmass_core.sexes.statistics import labels_effect, pairs_effect, relabellings

MALE = np.arange(12) < 6


@pytest.fixture
def noise():
    return np.random.default_rng(3).normal(size=(12, 8))


def test_all_relabellings_are_tried_when_they_are_few():
    ways = relabellings(MALE)
    assert len(ways) == 924
    assert (ways.sum(axis=1) == 6).all()
    assert len({tuple(way) for way in ways}) == 924
    assert any((way == MALE).all() for way in ways)


def test_the_smallest_p_is_that_of_a_perfect_separation():
    values = np.where(MALE, 1.0, 0.0)[:, None] + 1e-3 * np.arange(12)[:, None]
    effect = labels_effect(values, MALE)
    assert effect.p[0] == pytest.approx(2 / 924)
    assert effect.p_max_t[0] == effect.p[0]
    assert effect.difference[0] == pytest.approx(1.0 - 6e-3)


def test_p_is_counted_as_by_hand(noise):
    """One cell: how many relabellings give a mean difference as large (t and the difference order alike)."""
    values = noise[:, :1]
    differences = np.array(
        [abs(values[list(c)].mean() - np.delete(values, list(c), axis=0).mean()) for c in combinations(range(12), 6)]
    )
    observed = abs(values[MALE].mean() - values[~MALE].mean())
    assert labels_effect(values, MALE).p[0] == pytest.approx((differences >= observed - 1e-12).mean())


def test_the_interval_is_welchs(noise):
    effect = labels_effect(noise, MALE)
    want = ttest_ind(noise[MALE], noise[~MALE], equal_var=False).confidence_interval()
    np.testing.assert_allclose((effect.low, effect.high), want, rtol=1e-9)


def test_corrected_p_values_are_never_smaller_than_plain_ones(noise):
    effect = labels_effect(noise, MALE)
    assert (effect.p_max_t >= effect.p - 1e-12).all()
    assert (effect.q >= effect.p - 1e-12).all()


def test_exchanging_the_labels_turns_every_sign(noise):
    one, other = labels_effect(noise, MALE), labels_effect(noise, ~MALE)
    np.testing.assert_allclose(one.difference, -other.difference)
    np.testing.assert_allclose(one.size, -other.size)
    np.testing.assert_allclose(one.p_max_t, other.p_max_t)


def test_scale_and_offset_of_a_cell_change_no_p(noise):
    scaled = noise * np.array([1.0, 1e-3, 50.0, 1, 1, 2, 3, 4]) + 7.0
    np.testing.assert_allclose(labels_effect(scaled, MALE).p_max_t, labels_effect(noise, MALE).p_max_t)


def test_where_nothing_is_one_in_twenty_finds_something_by_max_t():
    rng = np.random.default_rng(0)
    found = sum(bool((labels_effect(rng.normal(size=(12, 8)), MALE).p_max_t <= 0.05).any()) for _ in range(200))
    assert found <= 20


def test_an_effect_as_large_as_the_detectable_one_is_found_in_four_of_five():
    """With SD 1 the detectable difference is (t at 97.5 % + t at 80 %) · √(2/6)."""
    rng = np.random.default_rng(1)
    planted = (t.ppf(0.975, 10) + t.ppf(0.8, 10)) * np.sqrt(2 / 6)
    effects = [labels_effect(rng.normal(size=(12, 1)) + planted * MALE[:, None], MALE) for _ in range(300)]
    assert 0.72 <= np.mean([effect.p[0] <= 0.05 for effect in effects]) <= 0.87
    assert np.mean([effect.detectable[0] for effect in effects]) == pytest.approx(planted, rel=0.05)


def test_too_few_runs_are_refused(noise):
    with pytest.raises(ValueError, match="training runs"):
        labels_effect(noise[2:], MALE[2:])


def test_pairs_that_differ_are_found_and_others_not():
    rng = np.random.default_rng(2)
    women = rng.normal(size=(80, 3))
    men = women + rng.normal(0, 0.3, size=(80, 3)) + np.array([0.5, 0.0, 0.0])
    effect = pairs_effect(men, women)
    assert effect.p_max_t[0] <= 0.001
    assert (effect.p_max_t[1:] > 0.05).all()
    assert effect.low[0] < 0.5 < effect.high[0]
