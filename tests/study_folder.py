"""A small study as `elvmass_core.comparison` writes it, of patients drawn here: nothing is trained."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from elvmass_core.comparison import DIGITS, ESTIMATES, RESULT, _write_estimates
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.models.inputs import TABULAR_INPUTS
from elvmass_core.study.compare import Estimates
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.results import cohort_result, rounded, study_result
from elvmass_core.study.rows import Model, named
from elvmass_core.study.statistics import Truth
from elvmass_core.units import body_surface_area_m2

ROWS = ("sex_mean", "demographics_ridge", "measurements_ridge_log", "tcn_pooled", "tcn_sex_specific")
MISS_G = dict(zip(ROWS, (18.0, 14.0, 9.0, 12.0, 11.0), strict=True))
"""The ridge on measurements is ahead of the networks, so that the page has a loss to show."""
OPTIONAL: dict[str, Any] = {
    "learning_curve": [
        {"n": n, "network": {"men": 16.0 - k, "women": 12.0 - k}, "ridge": {"men": 15.0 - k, "women": 11.5 - k}}
        for k, n in enumerate((300, 600, 1200, 2400))
    ],
    "replicates": {
        "n_cohorts": 200,
        "n": 1459,
        "rows": [
            {"words": "men's model against one model", "share_p_below_001": 0.31, "interval": [0.25, 0.38],
             "mean_gap": 0.021},
        ],
    },
    "real": {"rows": [{"words": "estimates within 40–400 g", "n": 47, "value": "47 of 47"}]},
    "shipped": {"rows": [{"words": "mean absolute error, g", "men": "13.1", "women": "9.8"}]},
}  # fmt: skip
CRITERIA = {"Cornell voltage": {who: {"sensitivity": 0.2, "specificity": 0.95} for who in ("men", "women")}}


def patients(n: int, seed: int) -> Dataset:
    """Men and women whose mass follows body size."""
    rng = np.random.default_rng(seed)
    male = np.arange(n) % 2 == 0
    height = np.where(male, 170.0, 158.0) + 6.0 * rng.standard_normal(n)
    weight = np.where(male, 70.0, 58.0) * np.exp(0.15 * rng.standard_normal(n))
    bsa = body_surface_area_m2(height, weight)
    lvm = np.where(male, 69.0, 57.0) * bsa * np.exp(0.17 * rng.standard_normal(n))
    rows = np.ones((n, len(TABULAR_INPUTS)))
    age, qrs = rng.uniform(40, 75, n), rng.normal(92, 9, n)
    for name, values in {"age_years": age, "height_cm": height, "weight_kg": weight, "qrs_ms": qrs}.items():
        rows[:, TABULAR_INPUTS.index(name)] = values
    return Dataset(
        beats_mv=np.zeros((n, 12, 1), dtype=np.float32), rows=rows, measured=np.zeros((n, len(FEATURE_NAMES))),
        lvm_g=lvm, bsa_m2=bsa, sex=np.where(male, "M", "F"), record=np.arange(n).astype(str),
        patient=np.arange(n).astype(str),
    )  # fmt: skip


def guesses(model: Model, *cohorts: Dataset) -> Estimates:
    """Estimates that miss the mass by about as much as the row is said to, shrunk to the mean."""
    rng = np.random.default_rng(len(model.name))
    made = [_guess(data, MISS_G.get(model.name, 13.0), rng)[None] for data in cohorts]
    return Estimates(model=model, inside=made[0], outside=made[-1])


def _guess(data: Dataset, miss_g: float, rng: np.random.Generator) -> np.ndarray:
    known = (data.lvm_g - data.lvm_g.mean()) * (1.0 - miss_g / 30.0)
    return np.maximum(25.0, data.lvm_g.mean() + known + miss_g * rng.standard_normal(len(data)))


def write_study(
    folder: Path, *, n: int = 120, names: tuple[str, ...] = ROWS, resamples: int = 20, **extra: Any
) -> dict[str, Any]:
    """Write ``study.json`` and ``study.npz``; returns what the first holds."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = Truth.resamples
        patch.setattr(Truth, "resamples", lambda truth: drawn(truth, resamples))
        cohorts = [patients(n, 1), patients(n // 2, 2)]
        found = [guesses(model, *cohorts) for model in named(names)]
        world = cohort_result({one.model.name: one.inside for one in found}, Truth.of(cohorts[0]))
        facts = {"cohort_version": "0", "quick": False, "epochs": 1, **study_result(*cohorts, found)}
    facts |= {"worlds": {f"taiwan-like@{name}": world for name in ("null", "central", "sparse")}, **extra}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT).write_text(json.dumps(rounded(facts, DIGITS)), encoding="utf-8")
    _write_estimates(folder / ESTIMATES, [SimpleNamespace(data=data) for data in cohorts], found)
    return facts


def scored_csv(n: int = 80, seed: int = 3, *, intervals: bool = True) -> str:
    """A scored table of men and women, as a user would bring it."""
    data = patients(n, seed)
    guess = _guess(data, 11.0, np.random.default_rng(seed))
    head, columns = ["sex", "lvm_measured_g", "lvm_g", "bsa_m2"], [data.lvm_g, guess, data.bsa_m2]
    if intervals:
        head, columns = [*head, "low_g", "high_g"], [*columns, guess - 20.0, guess + 20.0]
    lines = [",".join([sex, *(f"{value:.2f}" for value in row)]) for sex, *row in zip(data.sex, *columns, strict=True)]
    return "\n".join([",".join(head), *lines]) + "\n"
