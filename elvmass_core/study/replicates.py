"""How often a study of this size would report a gain from one model per sex, many times over.

Each replicate is a draw from one large cohort with a comparison of its own; draws overlap. In the first two contrasts
there is *one* model, which is told the sex: it is ranked within men, within women, and over both, so what they find
comes from how scores are pooled. How the published P was obtained is not known; a paired t-test over the folds is ours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import binomtest, ttest_1samp

from elvmass_core.domain import FloatArray
from elvmass_core.processes import Progress
from elvmass_core.study.compare import FOLDS, Source, compare, folds_by_sex
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.names import POOLED, POOLED_HALF, SEX_SPECIFIC
from elvmass_core.study.rows import named
from elvmass_core.study.statistics import Truth, c_within_folds
from elvmass_core.study.train import Effort

MIN_SPREAD = 1e-9
"""Differences in c of the folds that are closer than this are the same."""
LEVEL = 0.01
"""The published contrast was reported at P < 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """c of `model` within a sex against c of `other` within `group` (a sex, or "pooled"), ranked by `score`."""

    words: str
    model: str
    other: str
    pooled: bool
    score: str


CONTRASTS = (
    Contrast(words="one model, within the sex against both sexes together, ranked by g", model=POOLED, other=POOLED,
             pooled=True, score="grams"),
    Contrast(words="one model, within the sex against both sexes together, ranked by g/m²", model=POOLED, other=POOLED,
             pooled=True, score="index"),
    Contrast(words="models per sex within the sex against one model over both, ranked by g/m²", model=SEX_SPECIFIC,
             other=POOLED, pooled=True, score="index"),
    Contrast(words="models per sex against one model, both within the sex, ranked by g/m²", model=SEX_SPECIFIC,
             other=POOLED, pooled=False, score="index"),
    Contrast(words="models per sex against one model from half the patients, both within the sex, ranked by g/m²",
             model=SEX_SPECIFIC, other=POOLED_HALF, pooled=False, score="index"),
)  # fmt: skip


def replicates(
    pool: Dataset, n: int, count: int, work: Path, effort: Effort, progress: Progress | None = None
) -> dict[str, object]:
    """Draw cohorts, compare the models in each, and count how often a contrast reaches `LEVEL`.

    Parameters
    ----------
    pool : Dataset
        Patients that the cohorts are drawn from, without replacement within a cohort.
    n, count : int
        Patients of a cohort, and cohorts.

    Returns
    -------
    dict
        ``n_cohorts, n, epochs, rows``; each row ``words, share_p_below_001, interval`` (in both sexes at once, with
        95 % Clopper–Pearson), ``men, women`` (share in each) and ``mean_gap`` (of c, mean of both sexes).
    """
    found: list[dict[str, dict[str, tuple[float, float]]]] = []
    for number in range(count):
        chosen = np.sort(np.random.default_rng([number, 47]).choice(len(pool), n, replace=False))
        data = pool.take(chosen)
        estimates = compare([Source(data=data, folder=work)], _models(), work, effort)
        grams = {one.model.name: one.inside[0] for one in estimates}
        found.append({one.words: _tested(one, grams, Truth.of(data, folds_by_sex(data))) for one in CONTRASTS})
        if progress is not None:
            progress(number + 1, count)
    rows = [_row(one.words, [each[one.words] for each in found]) for one in CONTRASTS]
    return {"n_cohorts": count, "n": n, "epochs": effort.epochs, "rows": rows}


def _models() -> list:
    """One training of each."""
    return [replace(model, repeats=1) for model in named((POOLED, POOLED_HALF, SEX_SPECIFIC))]


def _tested(contrast: Contrast, grams: Mapping[str, FloatArray], truth: Truth) -> dict[str, tuple[float, float]]:
    """Difference in c and its two-sided P for men and women: paired t-test over the five folds."""
    answer = {}
    for who in ("men", "women"):
        mine = _c_by_fold(grams[contrast.model], truth, who, contrast.score)
        others = _c_by_fold(grams[contrast.other], truth, "pooled" if contrast.pooled else who, contrast.score)
        gaps = (mine - others)[np.isfinite(mine - others)]
        answer[who] = (float(gaps.mean()) if len(gaps) else 0.0, _p_value(gaps))
    return answer


def _p_value(gaps: FloatArray) -> float:
    """Of a t-test of paired differences; 1 where these do not differ from each other."""
    return 1.0 if len(gaps) < 2 or np.ptp(gaps) < MIN_SPREAD else float(ttest_1samp(gaps, 0.0).pvalue)


def _c_by_fold(grams: FloatArray, truth: Truth, group: str, score: str) -> FloatArray:
    """c-statistic of each fold, shape (5,); NaN without both classes."""
    values, mask = truth.ranked(grams, score), truth.group(group)
    each: list[float] = []
    for k in range(FOLDS):
        some = mask & (truth.fold == k)
        c = c_within_folds(values[some], truth.has_lvh[some], truth.fold[some])
        each.append(float("nan") if c is None else c)
    return np.array(each)


def _row(words: str, each: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, object]:
    def share(reached: Callable[[Mapping[str, tuple[float, float]]], bool]) -> int:
        return sum(reached(one) for one in each)

    both = share(lambda one: all(gap > 0 and p < LEVEL for gap, p in one.values()))
    interval = binomtest(both, len(each)).proportion_ci(0.95)
    return {
        "words": words,
        "share_p_below_001": both / len(each),
        "interval": [float(interval.low), float(interval.high)],
        **{who: share(lambda one, who=who: one[who][0] > 0 and one[who][1] < LEVEL) / len(each) for who in each[0]},  # type: ignore[misc]
        "mean_gap": float(np.mean([gap for one in each for gap, _ in one.values()])),
    }
