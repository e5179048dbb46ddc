"""Two-sample statements on small samples: intervals, distances, prediction regions; every seed is given."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import f as f_distribution
from scipy.stats import norm

CONFIDENCE = 0.95
N_BOOTSTRAP = 1000
N_PERMUTATIONS = 999
REGION_CONTENT = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its confidence limits."""

    value: float
    low: float
    high: float

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A share with its Wilson score interval (Wilson 1927, doi 10.1080/01621459.1927.10502953); NaN for n = 0."""
    if n == 0:
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    z = float(norm.ppf(0.5 + confidence / 2.0))
    share, weight = successes / n, z * z / n
    centre = (share + weight / 2.0) / (1.0 + weight)
    half = z / (1.0 + weight) * math.sqrt(share * (1.0 - share) / n + weight / (4.0 * n))
    return Interval(value=share, low=max(centre - half, 0.0), high=min(centre + half, 1.0))


def resample(rng: np.random.Generator, n: int, times: int = N_BOOTSTRAP) -> np.ndarray:
    """Indices of bootstrap samples, shape (times, n)."""
    return rng.integers(0, n, (times, n))


def percentile_interval(value: float, replicates: np.ndarray) -> Interval:
    """The bootstrap percentile interval; replicates that are not finite are left out."""
    finite = replicates[np.isfinite(replicates)]
    if finite.size == 0:
        return Interval(value=value, low=math.nan, high=math.nan)
    tail = 50.0 * (1.0 - CONFIDENCE)
    low, high = np.percentile(finite, [tail, 100.0 - tail])
    return Interval(value=value, low=float(low), high=float(high))


def bootstrap_two(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], one: np.ndarray, other: np.ndarray, seed: int
) -> Interval:
    """Interval of a statistic of two samples, the patients of each drawn anew.

    Parameters
    ----------
    statistic : callable
        Takes arrays (..., n) and (..., m) and reduces the last axis.
    one, other : arrays (n,), (m,)
        NaN is left out before.
    """
    rng = np.random.default_rng(seed)
    one, other = one[np.isfinite(one)], other[np.isfinite(other)]
    if min(one.size, other.size) < 3:
        return Interval(value=math.nan, low=math.nan, high=math.nan)
    replicates = statistic(one[resample(rng, one.size)], other[resample(rng, other.size)])
    return percentile_interval(float(statistic(one, other)), replicates)


def sd_ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """SD of the second over SD of the first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(other.std(axis=-1, ddof=1) / one.std(axis=-1, ddof=1))


def standardised_difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean of the second minus mean of the first, over the root mean square of both SDs."""
    spread = np.sqrt(0.5 * (one.var(axis=-1, ddof=1) + other.var(axis=-1, ddof=1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((other.mean(axis=-1) - one.mean(axis=-1)) / spread)


def auc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Share of pairs in which the positive one scores higher; a tie counts half."""
    scores = np.concatenate([positive, negative])
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - 0.5 * (counts - 1.0))[inverse]
    n = positive.size
    return float((ranks[:n].sum() - 0.5 * n * (n + 1)) / (n * negative.size))


def _energy(distances: np.ndarray, first: np.ndarray) -> float:
    """Energy distance 2·E|X−Y| − E|X−X'| − E|Y−Y'| of the members of a mask and the rest (Székely & Rizzo 2013)."""
    a = first / first.sum()
    b = ~first / (~first).sum()
    return float(2.0 * a @ distances @ b - a @ distances @ a - b @ distances @ b)


def energy_test(one: np.ndarray, other: np.ndarray, seed: int, times: int = N_PERMUTATIONS) -> tuple[float, float]:
    """Energy distance and its permutation p, (hits + 1) / (times + 1)."""
    pooled = np.vstack([one, other])
    distances, first = cdist(pooled, pooled), np.arange(len(pooled)) < len(one)
    rng = np.random.default_rng(seed)
    observed = _energy(distances, first)
    hits = sum(_energy(distances, rng.permutation(first)) >= observed for _ in range(times))
    return observed, (hits + 1.0) / (times + 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """The region that holds a new patient of the sample's population with a given probability.

    Mahalanobis distance from the sample mean; the limit is that of the exact prediction region of a normal sample,
    k(n−1)(n+1) / (n(n−k)) · F(k, n−k). The covariance is not shrunk: with correlated components Ledoit–Wolf shrinkage
    made regions of nominal 99 % hold 99.8 %, in favour of whatever they are asked to cover, and k ≤ n/5 needs none.
    """

    mean: np.ndarray
    precision: np.ndarray
    limit: float

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Whether each point (n, k) lies in the region, shape (n,)."""
        offset = points - self.mean
        return np.asarray(np.einsum("ni,ij,nj->n", offset, self.precision, offset) <= self.limit)


def prediction_region(sample: np.ndarray, content: float = REGION_CONTENT) -> Region:
    """The prediction region of a sample (n, k); k must be below n."""
    n, k = sample.shape
    covariance = np.atleast_2d(np.cov(sample, rowvar=False))
    quantile = float(f_distribution.ppf(content, k, n - k))
    return Region(
        mean=sample.mean(axis=0),
        precision=np.linalg.inv(covariance),
        limit=k * (n - 1.0) * (n + 1.0) / (n * (n - k)) * quantile,
    )
