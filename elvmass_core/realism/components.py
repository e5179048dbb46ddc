"""Averaged beats as points: principal components, and distances and coverage in them."""

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from elvmass_core.realism.measures import BeatTable
from elvmass_core.realism.statistics import Interval, energy_test, prediction_region, wilson
from elvmass_core.units import INDEPENDENT_ROWS

EVERY = 4
"""Samples averaged to one: 125 Hz, which keeps the QRS of an averaged beat."""
VARIANCE_KEPT = 0.90
PATIENTS_PER_COMPONENT = 5


def beat_vectors(table: BeatTable) -> np.ndarray:
    """The eight independent leads at 125 Hz side by side, mV, shape (n, 800)."""
    beats = table.beats_mv[:, INDEPENDENT_ROWS].astype(np.float64)
    n, leads, samples = beats.shape
    return beats.reshape(n, leads, samples // EVERY, EVERY).mean(axis=3).reshape(n, -1)


def n_components(explained: np.ndarray, n: int) -> int:
    """How many components: the fewest with `VARIANCE_KEPT`, at most one per `PATIENTS_PER_COMPONENT` patients.

    Parameters
    ----------
    explained : array
        Share of variance of each component, largest first.
    n : int
        Patients of the sample whose covariance is needed.
    """
    enough = int(np.searchsorted(np.cumsum(explained), VARIANCE_KEPT)) + 1
    return max(1, min(enough, n // PATIENTS_PER_COMPONENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of one sample lies in the 99 % prediction region of another.

    Parameters
    ----------
    region_of, points_of : str
    k : int
        Components; fitted on the simulated beats.
    share : Interval
        Wilson.
    variance_kept : float
        Share of the points' variance (about the region's mean) that the k components hold.
    """

    region_of: str
    points_of: str
    k: int
    n: int
    share: Interval
    variance_kept: float


def coverages(real: BeatTable, simulated: BeatTable, seed: int) -> list[Coverage]:
    """Coverage both ways and of each sample by itself (the check of the region: near 99 % if it fits).

    Components are fitted on the simulated beats, so neither their directions nor their number depends on the real ones.
    """
    there, here = beat_vectors(real), beat_vectors(simulated)
    pca = PCA(svd_solver="full").fit(here)
    explained = pca.explained_variance_ratio_
    k_sim, k_real = (n_components(explained, n) for n in (len(here), len(there)))
    normal = real.table["is_normal"].to_numpy(dtype=bool)
    found = [
        _coverage(pca, k_sim, ("simulated", here), ("real normal", there[normal])),
        _coverage(pca, k_sim, ("simulated", here), ("real, all", there)),
        _own("simulated", pca, k_sim, here, seed),
        _coverage(pca, k_real, ("simulated", here), ("real normal", there[normal])),
        _coverage(pca, k_real, ("simulated", here), ("real, all", there)),
        _coverage(pca, k_real, ("real, all", there), ("simulated", here)),
        _own("real, all", pca, k_real, there, seed),
    ]
    k_normal = n_components(explained, int(normal.sum()))
    if normal.sum() > 2 * k_normal:
        found.append(_coverage(pca, k_normal, ("real normal", there[normal]), ("simulated", here)))
    return found


def _coverage(pca: PCA, k: int, region: tuple[str, np.ndarray], points: tuple[str, np.ndarray]) -> Coverage:
    (region_of, sample), (points_of, others) = region, points
    inside = prediction_region(pca.transform(sample)[:, :k]).inside(pca.transform(others)[:, :k])
    return _described(region_of, points_of, pca, k, inside, sample.mean(axis=0), others)


def _own(name: str, pca: PCA, k: int, sample: np.ndarray, seed: int) -> Coverage:
    """Coverage of a sample by regions of itself, each tenth judged by the other nine."""
    scores = pca.transform(sample)[:, :k]
    fold = np.random.default_rng(seed).permutation(len(sample)) % min(10, len(sample))
    inside = np.zeros(len(sample), dtype=bool)
    for held in np.unique(fold):
        inside[fold == held] = prediction_region(scores[fold != held]).inside(scores[fold == held])
    return _described(name, f"{name}, held out", pca, k, inside, sample.mean(axis=0), sample)


def _described(
    region_of: str, points_of: str, pca: PCA, k: int, inside: np.ndarray, centre: np.ndarray, points: np.ndarray
) -> Coverage:
    offset = points - centre
    kept = float(((offset @ pca.components_[:k].T) ** 2).sum() / (offset**2).sum())
    share = wilson(int(inside.sum()), inside.size)
    return Coverage(
        region_of=region_of, points_of=points_of, k=k, n=inside.size, share=share, variance_kept=kept
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatDistance:
    """Energy distance of the averaged beats in mV, components fitted on both samples pooled, and its permutation p."""

    k: int
    distance: float
    p: float
    within_real: float


def beat_distance(real: BeatTable, simulated: BeatTable, seed: int) -> BeatDistance:
    """Energy distance between the beats; ``within_real`` is that between random halves of the real ones, for scale."""
    there, here = beat_vectors(real), beat_vectors(simulated)
    pca = PCA(svd_solver="full").fit(np.vstack([there, here]))
    k = n_components(pca.explained_variance_ratio_, len(there) + len(here))
    there, here = pca.transform(there)[:, :k], pca.transform(here)[:, :k]
    distance, p = energy_test(there, here, seed)
    half = np.random.default_rng(seed).permutation(len(there)) % 2 == 0
    within, _ = energy_test(there[half], there[~half], seed, times=1)
    return BeatDistance(k=k, distance=distance, p=p, within_real=within)
