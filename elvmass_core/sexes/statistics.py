"""Tests in which the training run is the unit: permuted labels, max-T, false discovery rate, power.

Values come as (runs, cells), the first half of the runs from men unless a mask says otherwise.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from elvmass_core.domain import FloatArray

LEVEL = 0.05
MAX_RELABELLINGS = 200_000
"""All ways of labelling the runs are tried when they are not more than this; else so many at random."""
POWER = 0.80
MIN_RUNS = 5
"""With fewer runs of a sex not even the smallest p passes a correction for many cells."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effect:
    """Men's runs less women's, one value per cell; arrays of shape (cells,).

    Attributes
    ----------
    men, women, difference : arrays
    low, high : arrays
        95 % interval of the difference (Welch's t over runs).
    size : array
        Difference over the SD between runs of one sex (Hedges' g).
    p, p_max_t, q : arrays
        By permuted labels: of the cell alone, among all cells (family-wise), false discovery rate.
    detectable : array
        The difference that would be found in this cell alone with a power of 80 %.
    """

    men: FloatArray
    women: FloatArray
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    size: FloatArray
    p: FloatArray
    p_max_t: FloatArray
    q: FloatArray
    detectable: FloatArray


def labels_effect(values: FloatArray, male: np.ndarray, seed: int = 0) -> Effect:
    """Compare two sets of runs cell by cell.

    Parameters
    ----------
    values : array (runs, cells)
    male : bool array (runs,)

    Raises
    ------
    ValueError
        Fewer than `MIN_RUNS` runs of a sex.

    Notes
    -----
    Max-T after Westfall & Young 1993: the largest |t| over the cells under each relabelling. The false discovery rate
    is that of Benjamini & Hochberg 1995 on the permutation p of the cells.
    """
    from scipy.stats import false_discovery_control, t

    if min(male.sum(), (~male).sum()) < MIN_RUNS:
        raise ValueError(f"a comparison needs {MIN_RUNS} training runs of each sex")
    observed = _t(values, male[None])[0]
    permuted = np.abs(_t(values, relabellings(male, seed)))
    one, other = values[male], values[~male]
    p = _share_at_least(permuted, np.abs(observed))
    error, freedom = _welch(one, other)
    difference = one.mean(axis=0) - other.mean(axis=0)
    half = t.ppf(1.0 - LEVEL / 2.0, freedom) * error
    return Effect(
        men=one.mean(axis=0),
        women=other.mean(axis=0),
        difference=difference,
        low=difference - half,
        high=difference + half,
        size=_hedges_g(one, other),
        p=p,
        p_max_t=_share_at_least(permuted.max(axis=1)[:, None], np.abs(observed)),
        q=false_discovery_control(p),
        detectable=(t.ppf(1.0 - LEVEL / 2.0, freedom) + t.ppf(POWER, freedom)) * error,
    )


def relabellings(male: np.ndarray, seed: int = 0) -> np.ndarray:
    """Ways to call as many runs men's, (ways, runs) bool: all of them, or `MAX_RELABELLINGS` drawn; the true one is
    among them.
    """
    n, k = len(male), int(male.sum())
    if comb(n, k) <= MAX_RELABELLINGS:
        ways = np.zeros((comb(n, k), n), dtype=bool)
        for row, chosen in zip(ways, combinations(range(n), k), strict=True):
            row[list(chosen)] = True
        return ways
    rng = np.random.default_rng(seed)
    return np.stack([male, *(rng.permutation(male) for _ in range(MAX_RELABELLINGS - 1))])


def _t(values: FloatArray, labels: np.ndarray) -> FloatArray:
    """Student's t of every cell under every labelling, (ways, cells)."""
    one, other = labels.astype(float), (~labels).astype(float)
    n_one, n_other = one.sum(axis=1, keepdims=True), other.sum(axis=1, keepdims=True)
    centred = values - values.mean(axis=0)
    mean_one, mean_other = one @ centred / n_one, other @ centred / n_other
    squares = (one @ centred**2 - n_one * mean_one**2) + (other @ centred**2 - n_other * mean_other**2)
    variance = np.maximum(squares, 0.0) / (n_one + n_other - 2.0) * (1.0 / n_one + 1.0 / n_other)
    return (mean_one - mean_other) / np.sqrt(np.maximum(variance, 1e-18))


def _share_at_least(permuted: FloatArray, observed: FloatArray) -> FloatArray:
    """How many of the relabellings reach what was observed; last bits do not count."""
    return (permuted >= observed * (1.0 - 1e-9)).mean(axis=0)


def _welch(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Standard error of the difference of two means, and its degrees of freedom, per cell."""
    a, b = one.var(axis=0, ddof=1) / len(one), other.var(axis=0, ddof=1) / len(other)
    whole = np.maximum(a + b, 1e-18)
    return np.sqrt(whole), whole**2 / np.maximum(a**2 / (len(one) - 1) + b**2 / (len(other) - 1), 1e-36)


def _hedges_g(one: FloatArray, other: FloatArray) -> FloatArray:
    """Standardised difference with the small-sample correction (Hedges 1981)."""
    freedom = len(one) + len(other) - 2
    pooled = ((len(one) - 1) * one.var(axis=0, ddof=1) + (len(other) - 1) * other.var(axis=0, ddof=1)) / freedom
    correction = 1.0 - 3.0 / (4.0 * freedom - 1.0)
    return correction * (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt(np.maximum(pooled, 1e-18))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairEffect:
    """Men's ECGs less women's, through the same runs; arrays of shape (cells,). The unit is the matched pair."""

    men: FloatArray
    women: FloatArray
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    p_max_t: FloatArray
    q: FloatArray


def pairs_effect(men: FloatArray, women: FloatArray, seed: int = 0, flips: int = 2000) -> PairEffect:
    """Compare matched ECGs cell by cell; signs of the pairs' differences are flipped at random.

    Parameters
    ----------
    men, women : arrays (pairs, cells)
    """
    from scipy.stats import false_discovery_control

    difference = men - women
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(flips, len(difference)))
    signs[0] = 1.0
    mean = difference.mean(axis=0)
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    permuted = np.abs(signs @ difference / len(difference)) / np.maximum(error, 1e-18)
    observed = np.abs(mean) / np.maximum(error, 1e-18)
    p = _share_at_least(permuted, observed)
    return PairEffect(
        men=men.mean(axis=0),
        women=women.mean(axis=0),
        difference=mean,
        low=mean - 1.96 * error,
        high=mean + 1.96 * error,
        p=p,
        p_max_t=_share_at_least(permuted.max(axis=1)[:, None], observed),
        q=false_discovery_control(p),
    )


def half_width_in_sd(runs: int) -> float:
    """Half of the 95 % interval of the mean of so many runs, in SD between runs."""
    from scipy.stats import t

    return float(t.ppf(1.0 - LEVEL / 2.0, runs - 1) / np.sqrt(runs))
