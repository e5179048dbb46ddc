"""What the estimates of the comparison amount to, with intervals: pure functions of arrays.

Intervals are 95 % bootstrap over patients, paired between models and within sex. A c-statistic inside counts only pairs
of patients of the same fold, since estimates of different folds come from different models.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.models.calibration import CT_FUCHS, Cutoff
from elvmass_core.study.dataset import Dataset

RESAMPLES = 1000
SCORES = ("grams", "index", "index_over_cutoff")
"""What a c-statistic ranks: g, g/m², or g/m² over the cut-off of the patient's own sex."""
GROUPS = ("men", "women", "pooled")
SPECIFICITY = 0.90
THRESHOLDS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50)
"""Probabilities of LVH from which one would act, for the decision curve."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What is known of the patients of a cohort; arrays of shape (n,). `cutoff` is that of how mass was measured."""

    lvm_g: FloatArray
    bsa_m2: FloatArray
    male: np.ndarray
    fold: np.ndarray
    cutoff: Cutoff = CT_FUCHS

    @classmethod
    def of(cls, data: Dataset, fold: np.ndarray | None = None, cutoff: Cutoff = CT_FUCHS) -> "Truth":
        """Of a dataset; one fold for all when none is given."""
        fold = np.zeros(len(data), dtype=int) if fold is None else fold
        return cls(lvm_g=data.lvm_g, bsa_m2=data.bsa_m2, male=data.sex == Sex.MALE.value, fold=fold, cutoff=cutoff)

    def __len__(self) -> int:
        return len(self.lvm_g)

    @property
    def cutoff_g_m2(self) -> FloatArray:
        """Of each patient's sex."""
        return np.where(self.male, self.cutoff.men_g_m2, self.cutoff.women_g_m2)

    @property
    def has_lvh(self) -> np.ndarray:
        """Index above the cut-off."""
        return self.lvm_g / self.bsa_m2 > self.cutoff_g_m2

    def group(self, name: str) -> np.ndarray:
        """Mask of one of `GROUPS`."""
        return {"men": self.male, "women": ~self.male, "pooled": np.ones(len(self), dtype=bool)}[name]

    def ranked(self, estimate_g: FloatArray, score: str) -> FloatArray:
        """One of `SCORES`."""
        index = estimate_g / self.bsa_m2
        return {"grams": estimate_g, "index": index, "index_over_cutoff": index / self.cutoff_g_m2}[score]

    def resamples(self, count: int = RESAMPLES) -> FloatArray:
        """How often each patient is in each bootstrap sample (count, n); samples keep the number of men and women."""
        rng, weights = np.random.default_rng(0), np.zeros((count, len(self)))
        for part in (np.flatnonzero(self.male), np.flatnonzero(~self.male)):
            for row, drawn in zip(weights, rng.integers(0, max(len(part), 1), (count, len(part))), strict=True):
                row[part] = np.bincount(drawn, minlength=len(part))
        return weights


def interval(values: FloatArray) -> list[float]:
    """2.5th and 97.5th percentile."""
    return [float(value) for value in np.nanpercentile(values, [2.5, 97.5])]


def c_within_folds(score: FloatArray, positive: np.ndarray, fold: np.ndarray) -> float | None:
    """Share of pairs of one fold, one with and one without LVH, that the score orders rightly; None without pairs."""
    c = float(c_resampled(score, positive, fold, np.ones((1, len(score))))[0])
    return None if np.isnan(c) else c


def c_resampled(score: FloatArray, positive: np.ndarray, fold: np.ndarray, weights: FloatArray) -> FloatArray:
    """`c_within_folds` for each of several weightings (m, n) of the patients, shape (m,); NaN without pairs."""
    right, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for k in np.unique(fold):
        with_lvh, without = (np.flatnonzero((fold == k) & group) for group in (positive, ~positive))
        above = score[with_lvh][:, None] - score[without][None]
        order = (above > 0) + 0.5 * (above == 0)  # (n with, n without)
        right += ((weights[:, with_lvh] @ order) * weights[:, without]).sum(axis=1)
        pairs += weights[:, with_lvh].sum(axis=1) * weights[:, without].sum(axis=1)
    return np.divide(right, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)


def accuracy(estimate_g: FloatArray, truth: Truth) -> dict[str, dict[str, object]]:
    """For men and women: error, agreement, calibration, and what a flag at the cut-off finds."""
    return {name: accuracy_of(estimate_g, truth, truth.group(name)) for name in ("men", "women")}


def accuracy_of(estimate_g: FloatArray, truth: Truth, mask: np.ndarray) -> dict[str, object]:
    """The same for the patients of a mask (n,)."""
    guess, real, lvh = estimate_g[mask], truth.lvm_g[mask], truth.has_lvh[mask]
    miss, rng = guess - real, np.random.default_rng(0)
    resampled = np.abs(miss)[rng.integers(0, len(miss), (RESAMPLES, len(miss)))].mean(axis=1)
    constant = all(np.ptp(guess[truth.fold[mask] == k]) < 1e-9 for k in np.unique(truth.fold[mask]))
    slope, intercept = (None, None) if constant else np.polyfit(guess, real, 1)
    flagged = truth.ranked(estimate_g, "index_over_cutoff")[mask] > 1.0
    return {
        "n": len(miss), "n_lvh": int(lvh.sum()),
        "mae_g": float(np.abs(miss).mean()), "mae_interval_g": interval(resampled),
        "mape_percent": float(100.0 * (np.abs(miss) / real).mean()),
        "r": None if constant else float(np.corrcoef(guess, real)[0, 1]),
        "bias_g": float(miss.mean()),
        "limits_of_agreement_g": [float(miss.mean() + side * 1.96 * miss.std(ddof=1)) for side in (-1, 1)],
        "calibration_slope": _plain(slope), "calibration_intercept_g": _plain(intercept),
        "sensitivity": float(flagged[lvh].mean()) if lvh.any() else None,
        "specificity": float((~flagged)[~lvh].mean()) if not lvh.all() else None,
        "sensitivity_at_90_specificity": _sensitivity(guess / truth.bsa_m2[mask], lvh),
    }  # fmt: skip


def _plain(value: float | None) -> float | None:
    return None if value is None else float(value)


def _sensitivity(score: FloatArray, lvh: np.ndarray) -> float | None:
    """Where nine of ten without LVH lie below; read from the ROC curve of these patients."""
    if lvh.all() or not lvh.any():
        return None
    return float((score[lvh] > np.quantile(score[~lvh], SPECIFICITY)).mean())


def c_statistics(estimate_g: FloatArray, truth: Truth, resamples: FloatArray) -> dict[str, dict[str, object]]:
    """For each of `GROUPS` and `SCORES` the c-statistic for LVH, with its interval."""
    return {group: {score: _c_of(estimate_g, truth, group, score, resamples) for score in SCORES} for group in GROUPS}


def _c_of(estimate_g: FloatArray, truth: Truth, group: str, score: str, resamples: FloatArray) -> dict[str, object]:
    c, *drawn = _c_drawn(truth.ranked(estimate_g, score), truth, group, resamples)
    return {"c": None, "interval": None} if np.isnan(c) else {"c": float(c), "interval": interval(np.array(drawn))}


def _c_drawn(values: FloatArray, truth: Truth, group: str, resamples: FloatArray) -> FloatArray:
    """C of all patients of a group, then of each resample."""
    mask = truth.group(group)
    return c_resampled(values[mask], truth.has_lvh[mask], truth.fold[mask], _with_all(resamples)[:, mask])


def _with_all(resamples: FloatArray) -> FloatArray:
    """Everybody once, before the resamples."""
    return np.concatenate([np.ones((1, resamples.shape[1])), resamples])


def contrast(first_g: FloatArray, second_g: FloatArray, truth: Truth, resamples: FloatArray) -> dict[str, dict]:
    """What the second model gains over the first: fall in MAE and rise in the c-statistic (g/m²), by sex and together.

    Returns
    -------
    dict
        ``mae_g`` and ``c``, each with ``men, women, both`` → ``gain, interval, p``. `p` is two-sided from the
        bootstrap, at least 2 / (resamples + 1); `both` is the mean of the two sexes.
    """
    fall = np.abs(first_g - truth.lvm_g) - np.abs(second_g - truth.lvm_g)
    gains: dict[str, dict[str, FloatArray]] = {"mae_g": {}, "c": {}}
    for name in ("men", "women"):
        mask = truth.group(name)
        weights = _with_all(resamples)[:, mask]
        gains["mae_g"][name] = weights @ fall[mask] / weights.sum(axis=1)
        drawn = [_c_drawn(grams / truth.bsa_m2, truth, name, resamples) for grams in (first_g, second_g)]
        gains["c"][name] = drawn[1] - drawn[0]
    for by_sex in gains.values():
        by_sex["both"] = 0.5 * (by_sex["men"] + by_sex["women"])
    return {what: {name: _gain(values) for name, values in by_sex.items()} for what, by_sex in gains.items()}


def _gain(values: FloatArray) -> dict[str, object]:
    """The first is the gain, the others its resamples."""
    drawn = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]):
        return {"gain": None, "interval": None, "p": None}
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2.0 * (tail + 1) / (len(drawn) + 1))
    return {"gain": float(values[0]), "interval": interval(drawn), "p": p}


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values (Holm 1979)."""
    order = sorted(p_values, key=lambda name: p_values[name])
    adjusted, largest = {}, 0.0
    for place, name in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * p_values[name]))
        adjusted[name] = largest
    return adjusted


def net_benefit(estimate_g: FloatArray, truth: Truth) -> list[float]:
    """Decision curve at `THRESHOLDS`, both sexes: true minus weighted false positives, per patient.

    The probability of LVH is a logistic line on index ÷ cut-off, fitted on the other half of the patients.
    """
    probability, ratio = np.zeros(len(truth)), truth.ranked(estimate_g, "index_over_cutoff")
    half = np.arange(len(truth)) % 2
    for k in (0, 1):
        probability[half == k] = _logistic(ratio[half != k], truth.has_lvh[half != k], ratio[half == k])
    return [_benefit(probability >= at, truth.has_lvh, at) for at in THRESHOLDS]


def net_benefit_of_all(truth: Truth) -> list[float]:
    """Decision curve of acting on everybody."""
    return [_benefit(np.ones(len(truth), dtype=bool), truth.has_lvh, at) for at in THRESHOLDS]


def _benefit(acted: np.ndarray, lvh: np.ndarray, at: float) -> float:
    return float((acted & lvh).mean() - (acted & ~lvh).mean() * at / (1.0 - at))


def _logistic(ratio: FloatArray, lvh: np.ndarray, wanted: FloatArray) -> FloatArray:
    from elvmass_core.models.calibration import fit_platt

    if lvh.all() or not lvh.any():
        return np.full(len(wanted), float(lvh.mean()))
    return fit_platt(ratio, lvh)(wanted)


def error_by(values: FloatArray, estimate_g: FloatArray, truth: Truth, mask: np.ndarray) -> list[dict[str, float]]:
    """Error within thirds of `values` of the patients of a mask (n,): range, n, MAE and bias in g."""
    third = np.where(mask, np.searchsorted(np.quantile(values[mask], [1 / 3, 2 / 3]), values), -1)
    return [_error_of(values, estimate_g - truth.lvm_g, third == k) for k in range(3) if (third == k).any()]


def _error_of(values: FloatArray, miss: FloatArray, mask: np.ndarray) -> dict[str, float]:
    return {
        "from": float(values[mask].min()),
        "to": float(values[mask].max()),
        "n": int(mask.sum()),
        "mae_g": float(np.abs(miss[mask]).mean()),
        "bias_g": float(miss[mask].mean()),
    }
