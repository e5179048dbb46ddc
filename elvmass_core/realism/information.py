"""How much of LVH hand-made measures know: a frozen ridge inside each sex, judged by rank alone, without grams."""

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from elvmass_core.features import FEATURE_NAMES
from elvmass_core.realism.statistics import Interval, percentile_interval

RIDGE_ALPHA = 100.0
"""Penalty on standardised inputs: fixed here, never tuned on the cohort (assumed)."""
RIDGE_INPUTS = ("age", "height_cm", "weight_kg", *FEATURE_NAMES)
FOLDS, FOLD_SEED, BOOTSTRAPS = 5, 0, 500


def ridge_auc(table: pd.DataFrame, *, mass: str = "lvm_g") -> Interval:
    """The c-statistic for LVH of the frozen ridge, cross-validated, within the sex of the table.

    Parameters
    ----------
    table : DataFrame
        Patients of one sex: `RIDGE_INPUTS`, ``bsa_m2``, `mass`, and ``cutoff_g_m2``.
    mass : {"lvm_g", "lvm_measured_g"}
        True mass, or as a reader measured it: both what the ridge learns and who has LVH.

    Returns
    -------
    Interval
        Pairs are formed within a fold only; patients are drawn anew for the limits. NaN without both classes.
    """
    index = (table[mass] / table["bsa_m2"]).to_numpy(dtype=float)
    with_lvh = index > table["cutoff_g_m2"].to_numpy(dtype=float)
    if min(with_lvh.sum(), (~with_lvh).sum()) < FOLDS:
        return Interval(value=np.nan, low=np.nan, high=np.nan)
    score, fold = _out_of_fold(table[list(RIDGE_INPUTS)].to_numpy(dtype=float), index)
    pairs = _Pairs(score, with_lvh, fold)
    rng = np.random.default_rng(FOLD_SEED)
    replicates = [
        pairs.concordance(rng.multinomial(len(score), [1 / len(score)] * len(score))) for _ in range(BOOTSTRAPS)
    ]
    return percentile_interval(pairs.concordance(np.ones(len(score))), np.array(replicates))


def _out_of_fold(inputs: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predicted index by models that have not seen the patient, and the patient's fold."""
    score, fold = np.zeros(len(index)), np.zeros(len(index), dtype=int)
    for number, (fit, judge) in enumerate(KFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(inputs)):
        steps = (SimpleImputer(keep_empty_features=True), StandardScaler(), Ridge(alpha=RIDGE_ALPHA))
        score[judge] = make_pipeline(*steps).fit(inputs[fit], index[fit]).predict(inputs[judge])
        fold[judge] = number
    return score, fold


class _Pairs:
    """Which patient with LVH outranks which without, pairs within a fold."""

    def __init__(self, score: np.ndarray, positive: np.ndarray, fold: np.ndarray) -> None:
        self.positive = positive
        above = np.sign(score[positive][:, None] - score[~positive][None])
        self.same = (fold[positive][:, None] == fold[~positive][None]).astype(float)
        self.wins = 0.5 * (above + 1.0) * self.same

    def concordance(self, weight: np.ndarray) -> float:
        """Share of pairs ranked rightly when each patient counts `weight` times."""
        with_lvh, without = weight[self.positive], weight[~self.positive]
        pairs = with_lvh @ self.same @ without
        return float(with_lvh @ self.wins @ without / pairs) if pairs else float("nan")
