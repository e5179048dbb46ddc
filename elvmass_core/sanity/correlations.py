"""Likeness of maps, patient by patient, and intervals over patients."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from elvmass_core.domain import FloatArray

RESAMPLES = 1000
SEED = 11


def pearson(one: FloatArray, other: FloatArray) -> FloatArray:
    """Correlation of each row of two arrays (n, values), (n,); NaN where a row does not vary."""
    a, b = (values - values.mean(axis=1, keepdims=True) for values in (one, other))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.full(len(a), np.nan), where=scale > 0)


def spearman(one: FloatArray, other: FloatArray) -> FloatArray:
    """The same on ranks."""
    return pearson(rankdata(one, axis=1), rankdata(other, axis=1))


def pairwise(rows: Sequence[FloatArray]) -> FloatArray:
    """Mean Pearson correlation over all pairs of several arrays (n, values), (n,)."""
    return np.mean([pearson(one, other) for one, other in itertools.combinations(rows, 2)], axis=0)


def halves(rows: Sequence[FloatArray]) -> FloatArray:
    """Pearson correlation of the mean of two with the mean of two others, over all such splits, (n,)."""
    pairs = list(itertools.combinations(range(len(rows)), 2))
    splits = [(a, b) for a, b in itertools.combinations(pairs, 2) if not set(a) & set(b)]
    means = {pair: rows[pair[0]] + rows[pair[1]] for pair in pairs}
    return np.mean([pearson(means[a], means[b]) for a, b in splits], axis=0)


def of_ensembles(r: float, size: int) -> float:
    """Correlation between means of `size` networks when single ones correlate by `r` (Spearman–Brown)."""
    return size * r / (1.0 + (size - 1.0) * r)


def summary(values: FloatArray) -> dict[str, float]:
    """Mean over patients with its 95 % interval (percentile bootstrap), quartiles and n; NaN are left out."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return {"n": 0}
    low, high = interval(known)
    quartiles = dict(zip(("q25", "median", "q75"), map(float, np.quantile(known, (0.25, 0.5, 0.75))), strict=True))
    return {"mean": float(known.mean()), "low": low, "high": high, **quartiles, "n": len(known)}


def interval(values: FloatArray) -> tuple[float, float]:
    """95 % interval of the mean."""
    rng = np.random.default_rng(SEED)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
