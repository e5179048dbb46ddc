"""Where a beat lies among others: a description of its waves in the eight independent leads, and a density of it.

The description holds the mean of every lead over parts of P, QRS and ST–T, each stretched to its own borders, over the
size of the QRS, so that rate, durations and gain do not matter. But for that size it is linear in the leads: what a
wrong connection does to the leads it does to the description, so "what if these two electrodes were exchanged" is
answered by one product and one density (`elvmass_core.quality.electrodes`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from elvmass_core.domain import Beat, Distance, Fiducials, FloatArray
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import INDEPENDENT_ROWS

PARTS = {"P": 3, "QRS": 6, "STT": 5}
"""Into how many equal times each wave is divided; ST–T runs from J to the end of T."""
DESCRIPTION_SHAPE = (len(INDEPENDENT_ROWS), sum(PARTS.values()))
_QRS = slice(PARTS["P"], PARTS["P"] + PARTS["QRS"])


def describe(beat: Beat) -> FloatArray:
    """Description of a beat, shape (8, 14), without unit; NaN where a wave is absent."""
    return describe_leads(beat.signal_mv, beat.fiducials)


def describe_leads(signal_mv: FloatArray, fiducials: Fiducials) -> FloatArray:
    """Mean of each lead over the parts of P (over the line through its ends), QRS and ST–T.

    Parameters
    ----------
    signal_mv : array (12, 400)
        Averaged beat, zero at the PR level.

    Returns
    -------
    array (8, 14)
        Over the size of the QRS; NaN where a wave is absent.
    """
    leads, f = signal_mv[INDEPENDENT_ROWS], fiducials
    p = _over_its_ends(_parts(leads, f.p_on, f.p_off, PARTS["P"]), leads, f)
    qrs = _parts(leads, f.qrs_on, f.qrs_off, PARTS["QRS"])
    stt = _parts(leads, f.qrs_off, f.t_end, PARTS["STT"])
    return rescaled(np.hstack([p, qrs, stt]))


def rescaled(descriptions: FloatArray) -> FloatArray:
    """Descriptions (…, 8, 14) over their `size_of`."""
    return np.asarray(descriptions / np.maximum(size_of(descriptions), 1e-12)[..., None, None])


def size_of(descriptions: FloatArray) -> FloatArray:
    """RMS of QRS in I, II, III and V1–V6, which no exchange of limb electrodes or of chest electrodes changes; (…,)."""
    qrs = descriptions[..., _QRS]
    nine = np.concatenate([qrs, qrs[..., 1:2, :] - qrs[..., 0:1, :]], axis=-2)
    return np.asarray(np.sqrt(np.mean(np.square(nine), axis=(-2, -1))))


def _parts(leads: FloatArray, start: float | None, stop: float | None, n: int) -> FloatArray:
    """Means over `n` equal times between two instants, shape (8, n)."""
    if start is None or stop is None or stop <= start:
        return np.full((len(leads), n), np.nan)
    times = beat_times_ms()
    edges = np.linspace(start, stop, n + 1)
    steps = (leads[:, 1:] + leads[:, :-1]) / 2.0 * (times[1] - times[0])
    area = np.concatenate([np.zeros((len(leads), 1)), np.cumsum(steps, axis=1)], axis=1)
    at_edges = np.stack([np.interp(edges, times, row) for row in area])
    return np.diff(at_edges, axis=1) / (edges[1] - edges[0])


def _over_its_ends(parts: FloatArray, leads: FloatArray, fiducials: Fiducials) -> FloatArray:
    """Parts of P over the straight line between its ends."""
    if fiducials.p_on is None or fiducials.p_off is None:
        return parts
    ends = (fiducials.p_on, fiducials.p_off)
    first, last = (np.array([np.interp(at, beat_times_ms(), row) for row in leads]) for at in ends)
    middle = (np.arange(parts.shape[1]) + 0.5) / parts.shape[1]
    return parts - first[:, None] * (1.0 - middle) - last[:, None] * middle


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Density:
    """A multivariate Student-t.

    Attributes
    ----------
    mean : array (n,)
    covariance : array (n, n)
    tails : float
        Degrees of freedom (above 2); few make what lies far less unlikely.
    """

    mean: FloatArray
    covariance: FloatArray
    tails: float

    def log(self, rows: FloatArray) -> FloatArray:
        """Log density of rows (m, …) that lack the same values; what is NaN in the first is left out in all."""
        squared, log_det, size = self._solve(rows)
        tails, scale = self.tails, (self.tails - 2.0) / self.tails
        spread = size * np.log(tails * np.pi * scale) + log_det
        constant = gammaln((tails + size) / 2.0) - gammaln(tails / 2.0) - 0.5 * spread
        return np.asarray(constant - 0.5 * (tails + size) * np.log1p(squared / (tails * scale)))

    def distance(self, row: FloatArray) -> float:
        """Mahalanobis distance over the root of the number of values: about 1 in the middle of the crowd."""
        squared, _, size = self._solve(row[None])
        return float(np.sqrt(squared[0] / size))

    def _solve(self, rows: FloatArray) -> tuple[FloatArray, float, int]:
        """Squared distances, log determinant and number of the values that are there."""
        flat = rows.reshape(len(rows), -1)
        there: NDArray[np.bool_] = np.isfinite(flat[0])
        factor = np.linalg.cholesky(self.covariance[np.ix_(there, there)])
        white = np.linalg.solve(factor, (flat[:, there] - self.mean[there]).T)
        return np.square(white).sum(axis=0), 2.0 * float(np.log(np.diag(factor)).sum()), int(there.sum())


def covariance_of(rows: FloatArray, shrink: float) -> FloatArray:
    """Covariance of rows (m, …), moved towards its diagonal by `shrink`."""
    covariance = np.cov(rows.reshape(len(rows), -1).T)
    return np.asarray((1.0 - shrink) * covariance + shrink * np.diag(np.diag(covariance)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Space:
    """A crowd of descriptions: its density, and how far its members lie from it.

    Attributes
    ----------
    density : Density
    crowd : array (k,)
        Sorted distances of members that the density was not fitted on.
    """

    density: Density
    crowd: FloatArray

    def place(self, description: FloatArray, name: str) -> Distance:
        """Distance of a description, and the share of the crowd that lies nearer."""
        value = self.density.distance(description)
        nearer = float(np.searchsorted(self.crowd, value) / len(self.crowd))
        return Distance(name=name, value=value, nearer=nearer, n=len(self.crowd))

    def arrays(self) -> dict[str, FloatArray]:
        """As plain arrays, for a file."""
        density = self.density
        return {
            "mean": density.mean,
            "covariance": density.covariance,
            "tails": np.array([density.tails]),
            "crowd": self.crowd,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> "Space":
        """What `arrays` gave."""
        mean, covariance, tails, crowd = (
            np.asarray(arrays[name], dtype=np.float64) for name in ("mean", "covariance", "tails", "crowd")
        )
        return cls(density=Density(mean=mean, covariance=covariance, tails=float(tails[0])), crowd=np.sort(crowd))
