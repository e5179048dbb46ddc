"""Figures of a model on patients it has not seen."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.calibration import Calibration
from elvmass_core.models.inputs import ECG_INPUTS, PATTERNS, columns
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.unseen import Unseen, by_all

BOOTSTRAPS = 2000
RIDGE_INPUTS = columns(("age_years", "height_cm", "weight_kg", *ECG_INPUTS))
"""Beside the measurements: the axis as sine and cosine, as the network gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Accuracy of one predictor within one sex; intervals are 95 % bootstrap over patients."""

    n: int
    mae_g: float
    mae_low_g: float
    mae_high_g: float
    mape_percent: float
    r: float | None
    lvh_c_statistic: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Plain values, rounded for a manifest."""
        return {name: None if value is None else round(value, 4) for name, value in asdict(self).items()}


def scores(estimate_g: np.ndarray, lvm_g: np.ndarray, bsa_m2: np.ndarray, cutoff_g_m2: float) -> Scores:
    """Score estimates (n,) against masses (n,); the c-statistic ranks the index g/m² within one sex."""
    error = np.abs(estimate_g - lvm_g)
    rng = np.random.default_rng(0)
    means = error[rng.integers(0, len(error), (BOOTSTRAPS, len(error)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    constant = np.ptp(estimate_g) < 1e-9
    return Scores(
        n=len(error),
        mae_g=float(error.mean()),
        mae_low_g=float(low),
        mae_high_g=float(high),
        mape_percent=float(100.0 * (error / lvm_g).mean()),
        r=None if constant else float(np.corrcoef(estimate_g, lvm_g)[0, 1]),
        lvh_c_statistic=c_statistic(estimate_g / bsa_m2, lvm_g / bsa_m2 > cutoff_g_m2),
    )


def c_statistic(score: np.ndarray, positive: np.ndarray) -> float | None:
    """Area under the ROC curve; None without both classes."""
    from scipy.stats import rankdata

    n_positive, n = int(positive.sum()), len(positive)
    if n_positive in (0, n):
        return None
    ranks = rankdata(score)[positive].sum()
    return float((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * (n - n_positive)))


def ridge_g(train: Dataset, data: Dataset, *, log: bool = True) -> np.ndarray:
    """Comparator: ridge on age, height, weight and every hand-made measurement; grams for `data`, shape (n,).

    It learns the logarithm of mass, as the network does, or mass itself.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def inputs(part: Dataset) -> np.ndarray:
        return np.column_stack([part.rows[:, RIDGE_INPUTS], part.measured])

    model = make_pipeline(SimpleImputer(), StandardScaler(), RidgeCV(np.logspace(-1, 4, 16)))
    target = np.log(train.lvm_g) if log else train.lvm_g
    answer = model.fit(inputs(train), target).predict(inputs(data))
    return np.exp(answer) if log else answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What is said of patients besides the estimate, by numbers that were fitted on others.

    Attributes
    ----------
    half_g : mapping of pattern to array (n,)
        Half of each interval.
    probability : array (n,)
        P(LVH), body size known.
    others_g : mapping of str to array (n,)
        Comparators of `figures`: ``ridge_measurements, demographics_only, sex_mean``.
    """

    half_g: Mapping[str, FloatArray]
    probability: FloatArray
    others_g: Mapping[str, FloatArray]


def judged(unseen: Unseen, calibration: Calibration, cutoff_g_m2: float, train: Dataset) -> Judged:
    """By a calibration and comparators fitted on other patients of the sex, `train`."""
    mine, estimate_g = unseen.data, unseen.estimate_g[PATTERNS[0]]
    return Judged(
        half_g={
            pattern: calibration.intervals[pattern].half_width_g(values, unseen.spread_g[pattern])
            for pattern, values in unseen.estimate_g.items()
        },
        probability=calibration.platt(estimate_g / mine.bsa_m2 / cutoff_g_m2),
        others_g={
            "ridge_measurements": ridge_g(train, mine),
            "demographics_only": calibration.lines[PATTERNS[0]](mine.rows),
            "sex_mean": np.full(len(mine), float(train.lvm_g.mean())),
        },
    )


def evaluate_bundle(bundle: Bundle, data: Dataset, train: Dataset) -> dict[str, object]:
    """`figures` of a bundle on the patients of its sex; comparators are fitted on `train`, of that sex."""
    unseen = by_all(list(bundle.ensemble.members), bundle.normaliser, data.of(bundle.sex))  # type: ignore[arg-type]
    cutoff = bundle.cutoff.g_m2(bundle.sex)
    return figures(unseen, judged(unseen, bundle.calibration, cutoff, train), cutoff)


def figures(unseen: Unseen, said: Judged, cutoff_g_m2: float) -> dict[str, object]:
    """Model and comparators on patients of one sex.

    Returns
    -------
    dict
        ``model, ridge_measurements, demographics_only, sex_mean`` (see `Scores`), ``gain_over_demographics_g``
        with its paired 95 % interval, ``coverage`` per pattern of known body sizes and among patients with LVH,
        ``coverage_by_estimate, coverage_by_mass`` (thirds of the estimate and of the mass), ``interval_width_g``,
        ``calibration`` (of P(LVH) by fifths: predicted, observed), ``falls_when_doubled`` (share whose estimate falls
        when all voltages double).
    """
    mine, estimate_g = unseen.data, unseen.estimate_g[PATTERNS[0]]
    has_lvh = mine.lvm_g / mine.bsa_m2 > cutoff_g_m2
    miss_g = {pattern: np.abs(values - mine.lvm_g) for pattern, values in unseen.estimate_g.items()}
    covered = {pattern: miss <= said.half_g[pattern] for pattern, miss in miss_g.items()}
    known, half_g = covered[PATTERNS[0]], said.half_g[PATTERNS[0]]
    score = {"model": estimate_g, **said.others_g}
    table = {name: scores(values, mine.lvm_g, mine.bsa_m2, cutoff_g_m2).as_dict() for name, values in score.items()}
    return {
        **table,
        "gain_over_demographics_g": _paired_gain(said.others_g["demographics_only"], estimate_g, mine.lvm_g),
        "coverage": {pattern: round(float(inside.mean()), 4) for pattern, inside in covered.items()},
        "coverage_with_lvh": round(float(known[has_lvh].mean()), 4) if has_lvh.any() else None,
        "coverage_by_estimate": _by_third(known, estimate_g),
        "coverage_by_mass": _by_third(known, mine.lvm_g),
        "calibration": _calibration(said.probability, has_lvh),
        "interval_width_g": round(float(2 * half_g.mean()), 2),
        "prevalence": round(float(has_lvh.mean()), 4),
        "falls_when_doubled": round(float((unseen.doubled_g < estimate_g).mean()), 4),
        "judged": _answers(estimate_g, half_g, cutoff_g_m2 * mine.bsa_m2, has_lvh),
    }


def _by_third(covered: np.ndarray, values: np.ndarray) -> list[float]:
    """Coverage in the lower, middle and upper third of `values`."""
    third = np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values)
    return [round(float(covered[third == k].mean()), 4) for k in range(3) if (third == k).any()]


def _calibration(probability: np.ndarray, has_lvh: np.ndarray) -> list[list[float]]:
    """Mean predicted probability and observed share of LVH in fifths of the prediction."""
    fifth = np.searchsorted(np.quantile(probability, [0.2, 0.4, 0.6, 0.8]), probability)
    parts = [fifth == k for k in range(5) if (fifth == k).any()]
    return [[round(float(values[part].mean()), 4) for values in (probability, has_lvh)] for part in parts]


def _paired_gain(line_g: np.ndarray, estimate_g: np.ndarray, lvm_g: np.ndarray) -> list[float]:
    """Mean fall in absolute error against demographics only, with its 95 % paired bootstrap interval."""
    gain = np.abs(line_g - lvm_g) - np.abs(estimate_g - lvm_g)
    rng = np.random.default_rng(0)
    means = gain[rng.integers(0, len(gain), (BOOTSTRAPS, len(gain)))].mean(axis=1)
    return [round(float(value), 3) for value in (gain.mean(), *np.percentile(means, [2.5, 97.5]))]


def _answers(
    estimate_g: FloatArray, half_g: FloatArray, cutoff_g: FloatArray, has_lvh: np.ndarray
) -> dict[str, dict[str, int]]:
    """How patients with and without LVH are answered."""
    flagged, cleared = estimate_g - half_g > cutoff_g, estimate_g + half_g < cutoff_g
    answers = {"flagged": flagged, "not_flagged": cleared, "uncertain": ~flagged & ~cleared}
    groups = {"with_lvh": has_lvh, "without_lvh": ~has_lvh}
    return {
        group: {answer: int((mask & inside).sum()) for answer, mask in answers.items()}
        for group, inside in groups.items()
    }
