"""Men and women with alike hearts: pairs matched on how far beyond their own limit the heart is, age, rate and QRS.

Not on grams: at 110 g no man but half the women have LVH.
"""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.errors import TableError
from elvmass_core.models.calibration import CT_FUCHS
from elvmass_core.models.inputs import column
from elvmass_core.study.dataset import Dataset

CALIPER_SD = 0.5
"""Two of a pair differ by at most this many SD in each variable (assumed)."""
MIN_PAIRS = 50
"""Fewer are refused: the mean map of fewer ECGs says more of them than of the models (assumed)."""
VARIABLES = ("index over own cut-off", "age, years", "heart rate, bpm", "QRS duration, ms")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Matched patients.

    Attributes
    ----------
    men, women : int arrays (n,)
        Indices into the dataset; the k-th man belongs to the k-th woman.
    balance : tuple of dict
        For each of `VARIABLES`: means of men and women and the standardised difference, before and after.
    """

    men: np.ndarray
    women: np.ndarray
    balance: tuple[dict[str, float | str], ...]

    def __len__(self) -> int:
        return len(self.men)


def match(data: Dataset) -> Pairs:
    """Pair as many men with women as the caliper allows, at the least total distance.

    Raises
    ------
    TableError
        Fewer than `MIN_PAIRS` pairs.
    """
    from scipy.optimize import linear_sum_assignment

    values = matching_values(data)
    men, women = (np.flatnonzero(data.sex == sex.value) for sex in (Sex.MALE, Sex.FEMALE))
    if min(len(men), len(women)) < MIN_PAIRS:
        raise TableError(_too_few(min(len(men), len(women))))
    scaled = values / _pooled_sd(values[men], values[women])
    apart = np.abs(scaled[men][:, None] - scaled[women][None])
    cost = np.where((apart <= CALIPER_SD).all(axis=2), (apart**2).sum(axis=2), 1e6)
    row, other = linear_sum_assignment(cost)
    near = cost[row, other] < 1e6
    if near.sum() < MIN_PAIRS:
        raise TableError(_too_few(int(near.sum())))
    chosen = men[row[near]], women[other[near]]
    return Pairs(men=chosen[0], women=chosen[1], balance=_balance(values, (men, women), chosen))


def matching_values(data: Dataset) -> FloatArray:
    """The four variables of each patient, shape (n, 4)."""
    cutoff = np.where(data.sex == Sex.MALE.value, CT_FUCHS.men_g_m2, CT_FUCHS.women_g_m2)
    index = data.lvm_g / data.bsa_m2 / cutoff
    others = [data.rows[:, column(name)] for name in ("age_years", "rate_bpm", "qrs_ms")]
    return np.stack([index, *others], axis=1)


def _too_few(n: int) -> str:
    return (
        f"Only {n} men can be matched with a woman of alike index, age, heart rate and QRS duration; {MIN_PAIRS} are "
        "needed. Give a larger or a more even cohort."
    )


def _pooled_sd(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.sqrt(0.5 * (one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)))


def _balance(
    values: FloatArray, everybody: tuple[np.ndarray, np.ndarray], chosen: tuple[np.ndarray, np.ndarray]
) -> tuple[dict[str, float | str], ...]:
    sd = _pooled_sd(values[everybody[0]], values[everybody[1]])
    before, after = ([values[who].mean(axis=0) for who in some] for some in (everybody, chosen))
    return tuple(
        {
            "variable": name,
            "men_before": float(before[0][k]),
            "women_before": float(before[1][k]),
            "difference_before_sd": float((before[0][k] - before[1][k]) / sd[k]),
            "men": float(after[0][k]),
            "women": float(after[1][k]),
            "difference_sd": float((after[0][k] - after[1][k]) / sd[k]),
        }
        for k, name in enumerate(VARIABLES)
    )
