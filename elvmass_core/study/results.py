"""From estimates to the numbers of the study: one plain dictionary that becomes ``study.json``."""

from collections.abc import Mapping, Sequence

import numpy as np

from elvmass_core.criteria import CRITERIA, apply_criteria
from elvmass_core.domain import Features, FloatArray, Measurement, Sex
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.models.inputs import column
from elvmass_core.study.compare import Estimates, folds_by_sex
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.names import DEMOGRAPHICS, MEASUREMENTS, POOLED, POOLED_HALF, SEX_SPECIFIC, SHUFFLED
from elvmass_core.study.statistics import (
    THRESHOLDS,
    Truth,
    accuracy,
    c_statistics,
    c_within_folds,
    contrast,
    error_by,
    holm,
    net_benefit,
    net_benefit_of_all,
)

PRIMARY = {
    "over age, height, weight": (DEMOGRAPHICS, SEX_SPECIFIC),
    "over the ridge on measurements": (MEASUREMENTS, SEX_SPECIFIC),
    "sex-specific over pooled": (POOLED, SEX_SPECIFIC),
}
"""The three primary contrasts, on MAE, the mean of both sexes."""
SECONDARY = {
    "pooled over age, height, weight": (DEMOGRAPHICS, POOLED),
    "pooled over the ridge on measurements": (MEASUREMENTS, POOLED),
    "the ridge on measurements over age, height, weight": (DEMOGRAPHICS, MEASUREMENTS),
    "the CNN on ten seconds over age, height, weight": (DEMOGRAPHICS, "ten_seconds"),
    "the FCN on the median beat over age, height, weight": (DEMOGRAPHICS, "median_beat"),
    "somebody else's ECG over age, height, weight": (DEMOGRAPHICS, SHUFFLED),
}
ONE_TRAINING = {
    "over somebody else's ECG": (SHUFFLED, SEX_SPECIFIC),
    "over the CNN on ten seconds": ("ten_seconds", SEX_SPECIFIC),
    "over the FCN on the median beat": ("median_beat", SEX_SPECIFIC),
    "over one model for both sexes from half the patients": (POOLED_HALF, SEX_SPECIFIC),
    "over one encoder for twelve leads": ("tcn_one_group", SEX_SPECIFIC),
    "over one unaligned beat": ("tcn_single_beat", SEX_SPECIFIC),
    "over no QRS duration, axis, rate": ("tcn_no_ecg_inputs", SEX_SPECIFIC),
    "over causal convolutions": ("tcn_causal", SEX_SPECIFIC),
    "over 8 channels": ("tcn_narrow", SEX_SPECIFIC),
    "over 24 channels": ("tcn_wide", SEX_SPECIFIC),
    "over 5 levels": ("tcn_deep", SEX_SPECIFIC),
    "over no second task": ("tcn_one_task", SEX_SPECIFIC),
}
"""Networks that are trained once: the first training of eLVMass-Net against them, not the mean of its trainings."""
OVER_DEMOGRAPHICS = tuple(words for words, (other, _) in (PRIMARY | SECONDARY).items() if other == DEMOGRAPHICS)
"""What every model gains that sees an ECG: nothing, where mass does not act on it; nothing ever from another's."""
CURVES = (DEMOGRAPHICS, MEASUREMENTS, POOLED, SEX_SPECIFIC)
"""Models with a decision curve."""


def study_result(
    internal: Dataset,
    external: Dataset,
    estimates: Sequence[Estimates],
    noise_uv: tuple[FloatArray, FloatArray] | None = None,
) -> dict[str, object]:
    """All numbers of the main comparison: for each cohort those of `cohort_result`, and the rows' words.

    Parameters
    ----------
    noise_uv : two arrays, optional
        Noise of each recording (`Unaveraged.noise_uv`): then the error is also given by its thirds.
    """
    noise = (None, None) if noise_uv is None else noise_uv
    inside = {one.model.name: one.inside for one in estimates}
    outside = {one.model.name: one.outside for one in estimates}
    return {
        "words": {one.model.name: one.model.words for one in estimates},
        "repeats": {one.model.name: one.model.repeats for one in estimates},
        "internal": {
            **cohort_result(inside, Truth.of(internal, folds_by_sex(internal))),
            "error_by": _error_by(inside, internal, noise[0]),
            "criteria": criteria_result(internal),
        },
        "external": {
            **cohort_result(outside, Truth.of(external)),
            "error_by": _error_by(outside, external, noise[1]),
            "criteria": criteria_result(external),
        },
    }


def criteria_result(data: Dataset) -> dict[str, dict[str, dict[str, float]]]:
    """Sensitivity and specificity for LVH of each classical criterion, by sex, among those whose QRS is narrow.

    Returns
    -------
    dict
        Criterion → ``men, women`` → ``sensitivity, specificity, n``; a sex without both classes is left out.
    """
    met = np.array([_met(row, Sex(sex)) for row, sex in zip(data.measured, data.sex, strict=True)])
    truth = Truth.of(data)
    found: dict[str, dict[str, dict[str, float]]] = {criterion.name: {} for criterion in CRITERIA}
    for number, criterion in enumerate(CRITERIA):
        for who in ("men", "women"):
            judged = truth.group(who) & np.isfinite(met[:, number])
            flagged, lvh = met[judged, number] > 0.5, truth.has_lvh[judged]
            if lvh.any() and not lvh.all():
                shares = {"sensitivity": flagged[lvh].mean(), "specificity": (~flagged)[~lvh].mean(), "n": len(lvh)}
                found[criterion.name][who] = {name: float(value) for name, value in shares.items()}
    return found


def _met(measured: FloatArray, sex: Sex) -> list[float]:
    """1 or 0 for each criterion, NaN where it is not judged; from `FEATURE_NAMES` (n_features,)."""
    values = {
        name: Measurement(value=float(value) if np.isfinite(value) else None, unit="")
        for name, value in zip(FEATURE_NAMES, measured, strict=True)
    }
    results = apply_criteria(Features(values=values), sex)
    return [float("nan") if result.met is None else float(result.met) for result in results]


def cohort_result(estimates: Mapping[str, FloatArray], truth: Truth) -> dict[str, object]:
    """Numbers of one cohort.

    Parameters
    ----------
    estimates : mapping of model to array (repeats, n)
        Grams of each training; figures are those of their mean, the ensemble.

    Returns
    -------
    dict
        ``n, models`` (accuracy, c_statistic, single: of each training), ``contrasts, decision``.
    """
    resamples = truth.resamples()
    mean = {name: grams.mean(axis=0) for name, grams in estimates.items()}
    models = {
        name: {
            "accuracy": accuracy(mean[name], truth),
            "c_statistic": c_statistics(mean[name], truth, resamples),
            "single": _single(grams, truth),
        }
        for name, grams in estimates.items()
    }
    return {
        "n": len(truth),
        "n_lvh": int(truth.has_lvh.sum()),
        "models": models,
        "contrasts": _contrasts(estimates, truth, resamples),
        "decision": {
            "thresholds": list(THRESHOLDS),
            "everybody": net_benefit_of_all(truth),
            **{name: net_benefit(mean[name], truth) for name in CURVES if name in mean},
        },
    }


def _single(grams: FloatArray, truth: Truth) -> dict[str, dict[str, float]]:
    """Error and c-statistic (g/m²) of one training: mean over trainings, and their SD where there are several."""
    return {name: _single_of(grams, truth, truth.group(name)) for name in ("men", "women")}


def _single_of(grams: FloatArray, truth: Truth, mask: np.ndarray) -> dict[str, float]:
    mae = np.abs(grams - truth.lvm_g)[:, mask].mean(axis=1)
    each = [c_within_folds(one[mask] / truth.bsa_m2[mask], truth.has_lvh[mask], truth.fold[mask]) for one in grams]
    known = np.array([c for c in each if c is not None])
    found = {"mae_g": float(mae.mean()), "sd_g": _sd(mae)}
    return found | ({"c": float(known.mean()), "sd_c": _sd(known)} if len(known) else {})


def _sd(values: FloatArray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _contrasts(estimates: Mapping[str, FloatArray], truth: Truth, resamples: np.ndarray) -> dict[str, dict]:
    """The contrasts whose models are there; the primary ones with Holm's p."""
    mean = {name: grams.mean(axis=0) for name, grams in estimates.items()}
    first = {name: grams[0] for name, grams in estimates.items()}
    found = {}
    for grams, pairs in ((mean, PRIMARY | SECONDARY), (first, ONE_TRAINING)):
        for words, (one, other) in pairs.items():
            if one in grams and other in grams:
                found[words] = contrast(grams[one], grams[other], truth, resamples)
    adjusted = holm({words: found[words]["mae_g"]["both"]["p"] for words in PRIMARY if words in found})
    return {words: {**one, "p_holm": adjusted.get(words)} for words, one in found.items()}


def _error_by(
    estimates: Mapping[str, FloatArray], data: Dataset, noise_uv: FloatArray | None
) -> dict[str, dict[str, list]]:
    """Error of eLVMass-Net and of body size alone within thirds of mass, BMI, age, QRS duration and noise."""
    height, weight = (data.rows[:, column(name)] for name in ("height_cm", "weight_kg"))
    by = {
        "LV mass of {who}, g": data.lvm_g,
        "BMI of {who}, kg/m²": weight / (height / 100.0) ** 2,
        "age of {who}, years": data.rows[:, column("age_years")],
        "QRS duration of {who}, ms": data.rows[:, column("qrs_ms")],
    }
    if noise_uv is not None:
        by["noise of {who}, µV"] = noise_uv
    truth = Truth.of(data)
    return {
        name: {
            what.format(who=who): error_by(values, estimates[name].mean(axis=0), truth, truth.group(who))
            for what, values in by.items()
            for who in ("men", "women")
        }
        for name in (DEMOGRAPHICS, SEX_SPECIFIC)
    }


def rounded(value: object, digits: int) -> object:
    """Plain values with so many significant digits: the figures, not the noise of their computation."""
    if isinstance(value, Mapping):
        return {name: rounded(part, digits) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part, digits) for part in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value
