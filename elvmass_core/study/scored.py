"""Estimates beside the mass that is known: the numbers and curves of a validation, for the study and for own tables."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.study.statistics import RESAMPLES, Truth, accuracy_of, c_statistics, c_within_folds

SEXES = ("men", "women")
MIN_OF_A_SEX = 20
"""Fewer patients of a sex say nothing about it (assumed)."""
DRAWN = 1_000_000
"""Patients drawn in all bootstrap samples together, so that a large table takes seconds."""
MIN_RESAMPLES = 100
LIMITS_SD = 1.96
"""Limits of agreement and 95 % intervals of a mean, in standard deviations (Bland & Altman 1986)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """Patients with a known mass, and one model's estimates of it.

    Attributes
    ----------
    truth : Truth
        Mass in g (true or measured), BSA in m², sex.
    estimate_g : array (n,)
    low_g, high_g : arrays (n,), optional
        Ends of each patient's interval; NaN where a patient has none.
    """

    truth: Truth
    estimate_g: FloatArray
    low_g: FloatArray | None = None
    high_g: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def sexes(self) -> tuple[str, ...]:
        """Those of `SEXES` with enough patients to speak of."""
        return tuple(who for who in SEXES if self.truth.group(who).sum() >= MIN_OF_A_SEX)

    def masses_g(self, who: str) -> tuple[FloatArray, FloatArray]:
        """Known mass and estimate of one sex."""
        mask = self.truth.group(who)
        return self.truth.lvm_g[mask], self.estimate_g[mask]


# --- Numbers ----------------------------------------------------------------------------------------------------------


def scored_result(scored: Scored) -> dict[str, object]:
    """Numbers of one model, laid out as those of a model in ``study.json``.

    Returns
    -------
    dict
        ``n, n_lvh, accuracy, c_statistic, coverage``; the last is None for a sex without intervals.
    """
    truth = scored.truth
    drawn = truth.resamples(int(np.clip(DRAWN // max(len(truth), 1), MIN_RESAMPLES, RESAMPLES)))
    return {
        "n": len(truth),
        "n_lvh": int(truth.has_lvh.sum()),
        "accuracy": {who: accuracy_of(scored.estimate_g, truth, truth.group(who)) for who in scored.sexes},
        "c_statistic": c_statistics(scored.estimate_g, truth, drawn),
        "coverage": {who: coverage(scored, who) for who in scored.sexes},
    }


def coverage(scored: Scored, who: str) -> dict[str, float | int | None] | None:
    """How often the interval holds the known mass, in all of a sex and in those with LVH, and its mean width in g."""
    if scored.low_g is None or scored.high_g is None:
        return None
    mask = scored.truth.group(who) & np.isfinite(scored.low_g) & np.isfinite(scored.high_g)
    if not mask.any():
        return None
    held = (scored.low_g <= scored.truth.lvm_g) & (scored.truth.lvm_g <= scored.high_g)
    with_lvh = mask & scored.truth.has_lvh
    return {
        "n": int(mask.sum()),
        "covered": float(held[mask].mean()),
        "n_lvh": int(with_lvh.sum()),
        "covered_lvh": float(held[with_lvh].mean()) if with_lvh.any() else None,
        "width_g": float((scored.high_g - scored.low_g)[mask].mean()),
    }


# --- Curves -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """Bland–Altman: difference (estimate − known) against the mean of both, arrays (n,), bias and limits, all in g."""

    mean_g: FloatArray
    difference_g: FloatArray
    bias_g: float
    limits_g: tuple[float, float]


def agreement(scored: Scored, who: str) -> Agreement:
    """Bland–Altman of one sex."""
    known, estimate = scored.masses_g(who)
    difference = estimate - known
    bias, half = float(difference.mean()), LIMITS_SD * float(difference.std(ddof=1))
    return Agreement(
        mean_g=0.5 * (estimate + known), difference_g=difference, bias_g=bias, limits_g=(bias - half, bias + half)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roc:
    """Sensitivity against 1 − specificity for LVH, arrays (k,) from (0, 0) to (1, 1), and the c-statistic."""

    false_positive: FloatArray
    sensitivity: FloatArray
    c: float


def roc(scored: Scored, who: str) -> Roc | None:
    """Curve of the index (g/m²) within one sex; None without patients with and without LVH.

    Notes
    -----
    Inside the study, estimates of different folds come from different models; the curve takes them together, so its
    area may differ a little from the c-statistic of the tables.
    """
    mask = scored.truth.group(who)
    score, lvh = scored.truth.ranked(scored.estimate_g, "index")[mask], scored.truth.has_lvh[mask]
    c = c_within_folds(score, lvh, np.zeros(len(score), dtype=int))
    if c is None:
        return None
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hit, false = np.cumsum(lvh[order])[last], np.cumsum(~lvh[order])[last]
    return Roc(false_positive=np.append(0.0, false / false[-1]), sensitivity=np.append(0.0, hit / hit[-1]), c=float(c))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Mean estimate and mean known mass within tenths of the estimate, arrays (k,), with half of a 95 % interval, g."""

    estimate_g: FloatArray
    known_g: FloatArray
    half_g: FloatArray


def calibration(scored: Scored, who: str, parts: int = 10) -> Calibration:
    """Tenths of the estimate within one sex; fewer parts when a part would hold less than five patients."""
    known, estimate = scored.masses_g(who)
    groups = np.array_split(np.argsort(estimate, kind="stable"), max(1, min(parts, len(known) // 5)))
    return Calibration(
        estimate_g=np.array([estimate[some].mean() for some in groups]),
        known_g=np.array([known[some].mean() for some in groups]),
        half_g=np.array([LIMITS_SD * known[some].std(ddof=1) / np.sqrt(len(some)) for some in groups]),
    )


def points_of(
    criteria: Mapping[str, Mapping[str, Mapping[str, float | None]]], who: str
) -> dict[str, tuple[float, float]]:
    """Classical criteria as points (1 − specificity, sensitivity) of one sex; those without both are left out."""
    found = {
        name: (by_sex.get(who, {}).get("specificity"), by_sex.get(who, {}).get("sensitivity"))
        for name, by_sex in criteria.items()
    }
    return {name: (1.0 - spec, sens) for name, (spec, sens) in found.items() if spec is not None and sens is not None}
