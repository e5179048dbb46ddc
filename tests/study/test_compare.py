"""The comparison: nothing of a scored patient reaches the model that scores it, and a stopped run goes on."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.comparison import study_markdown
from elvmass_core.domain import Sex
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.study import compare
from elvmass_core.study.compare import FOLDS, MODELS, SCORES, figures, shuffled, tables_markdown
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.train import Effort

EFFORT = Effort(epochs=1, workers=1)
CHEAP = tuple(model for model in MODELS if not model.name.startswith("tcn"))


def patients(n, seed):
    """Men and women whose mass follows body size and the height of the beat."""
    rng = np.random.default_rng(seed)
    sex = np.where(rng.random(n) < 0.5, "M", "F")
    height = np.where(sex == "M", 172.0, 160.0) + 5.0 * rng.standard_normal(n)
    weight = 0.4 * height + 8.0 * rng.standard_normal(n)
    bsa = 0.007184 * height**0.725 * weight**0.425
    voltage = rng.normal(1.0, 0.2, n)
    lvm = np.where(sex == "M", 70.0, 57.0) * bsa * voltage
    beats = voltage[:, None, None] * np.hanning(400)[None, None] * np.ones((n, 12, 1))
    rows = np.column_stack(
        [
            rng.uniform(40, 70, n),
            height,
            weight,
            np.ones((n, 2)),
            rng.normal(90, 8, n),
            rng.normal(size=(n, 2)),
            rng.normal(70, 8, n),
        ]
    )
    measured = np.repeat(voltage[:, None], len(FEATURE_NAMES), axis=1) + 0.01 * rng.standard_normal(
        (n, len(FEATURE_NAMES))
    )
    return Dataset(
        beats_mv=beats.astype(np.float32), rows=rows, measured=measured, lvm_g=lvm, bsa_m2=bsa, sex=sex, refused={}
    )


@pytest.fixture(scope="module")
def cohorts():
    return patients(150, 1), patients(60, 2)


def test_every_model_is_fitted_scored_and_taken_up_again(cohorts, tmp_path):
    result = compare.compare(*cohorts, tmp_path, EFFORT)
    assert set(result["models"]) == {model.name for model in MODELS}
    files = sorted(tmp_path.rglob("*-[0-4].npz"))
    assert len(files) == FOLDS * len(MODELS)
    times = [path.stat().st_mtime_ns for path in files]
    assert compare.compare(*cohorts, tmp_path, EFFORT) == result
    assert [path.stat().st_mtime_ns for path in files] == times
    page = study_markdown({"cohort_version": "0", "quick": True, **result}, 60.0)
    assert "figures say nothing" in page
    assert all(page.count(f"| {model.words} |") == 2 for model in MODELS)


def test_what_carries_the_mass_wins(cohorts, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "MODELS", CHEAP)
    models = compare.compare(*cohorts, tmp_path, EFFORT)["models"]
    for sex in ("men", "women"):
        mae = {name: row["external"]["accuracy"][sex]["mae_g"] for name, row in models.items()}
        assert mae["measurements_ridge"] < 0.5 * mae["demographics_ridge"]


def test_the_mass_of_a_scored_patient_does_not_reach_its_own_estimate(cohorts, tmp_path, monkeypatch):
    """A patient's mass may change his fold only through the order of masses, so it moves within its rank."""
    monkeypatch.setattr(compare, "MODELS", CHEAP)
    internal, external = cohorts
    order = np.argsort(internal.lvm_g)
    heaviest = order[-1] if internal.sex[order[-1]] == "M" else order[-2]
    lvm = np.array(internal.lvm_g)
    lvm[heaviest] += 500.0
    seen = {}
    for name, data in (("before", internal), ("after", replace(internal, lvm_g=lvm))):
        compare.compare(data, external, tmp_path / name, EFFORT)
        fold = compare._folds_by_sex(data)
        place = int(np.flatnonzero(np.flatnonzero(fold == fold[heaviest]) == heaviest)[0])
        files = sorted((tmp_path / name).rglob(f"*-{fold[heaviest]}.npz"))
        seen[name] = [float(np.load(path)["inside"][place]) for path in files]
    assert seen["before"] == pytest.approx(seen["after"])


def test_shuffling_gives_everybody_the_beat_of_somebody_alike(cohorts):
    data = cohorts[0]
    other = shuffled(data, np.random.default_rng(0))
    same = (other.beats_mv == data.beats_mv).all(axis=(1, 2))
    assert same.mean() < 0.3
    np.testing.assert_array_equal(other.lvm_g, data.lvm_g)
    np.testing.assert_array_equal(other.rows[:, :5], data.rows[:, :5])
    for sex in ("M", "F"):
        mine = data.sex == sex
        assert sorted(other.beats_mv[mine, 0, 200]) == pytest.approx(sorted(data.beats_mv[mine, 0, 200]))
    assert abs(np.corrcoef(other.beats_mv[:, 0, 200], data.lvm_g / data.bsa_m2)[0, 1]) < 0.35


def test_ranking_grams_over_both_sexes_differs_from_ranking_over_the_own_cutoff(cohorts):
    data = cohorts[0]
    perfect = figures(data.lvm_g, data)
    assert perfect["accuracy"]["men"]["mae_g"] == 0.0
    for group in ("men", "women", "pooled"):
        assert perfect["c_statistic"][group]["index_over_cutoff"] == 1.0
    assert perfect["c_statistic"]["pooled"]["grams"] < 1.0
    assert set(perfect["c_statistic"]["men"]) == set(SCORES)
    assert perfect["n_lvh"]["pooled"] == perfect["n_lvh"]["men"] + perfect["n_lvh"]["women"]


def test_a_c_statistic_without_both_classes_is_a_dash():
    data = patients(30, 3)
    light = replace(data, lvm_g=np.full(30, 50.0))
    row = {"words": "w", "internal": figures(light.lvm_g, light), "external": figures(light.lvm_g, light)}
    assert "–" in tables_markdown({"n": 30, "n_external": 30, "models": {"w": row}})
    assert Sex.MALE.value in set(light.sex)
