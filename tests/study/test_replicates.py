"""A study many times over: what is counted, and that nothing is found where nothing is."""

import numpy as np
import pytest

from elvmass_core.study.compare import FOLDS
from elvmass_core.study.names import POOLED, POOLED_HALF, SEX_SPECIFIC
from elvmass_core.study.replicates import CONTRASTS, _row, _tested, replicates
from elvmass_core.study.statistics import Truth
from elvmass_core.study.train import Effort
from tests.cohorts import patients


def truth(n=1500):
    """Men are heavier than women; each fold has its share of both."""
    rng = np.random.default_rng(3)
    male = np.arange(n) % 2 == 0
    mass = np.where(male, 125.0, 90.0) * np.exp(0.2 * rng.standard_normal(n))
    return Truth(lvm_g=mass, bsa_m2=np.where(male, 1.85, 1.6), male=male, fold=rng.permutation(n) % FOLDS)


def test_one_model_looks_better_within_the_sexes_than_over_both_when_grams_are_ranked():
    known = truth()
    grams = known.lvm_g * np.exp(0.12 * np.random.default_rng(4).standard_normal(len(known)))
    answer = _tested(CONTRASTS[0], {POOLED: grams}, known)
    for gap, p in answer.values():
        assert gap > 0.05
        assert p < 0.01


def test_two_models_that_say_the_same_differ_in_nothing():
    known = truth()
    grams = known.lvm_g + np.random.default_rng(4).normal(0.0, 10.0, len(known))
    other = grams + np.random.default_rng(5).normal(0.0, 0.01, len(known))
    answer = _tested(CONTRASTS[3], {POOLED: grams, SEX_SPECIFIC: other}, known)
    assert all(abs(gap) < 0.01 for gap, _ in answer.values())


def test_a_study_counts_only_when_both_sexes_reach_the_level_in_the_right_direction():
    both = {"men": (0.1, 0.001), "women": (0.1, 0.002)}
    half = {"men": (0.1, 0.001), "women": (0.1, 0.02)}
    wrong = {"men": (-0.1, 0.001), "women": (-0.1, 0.001)}
    row = _row("w", [both, half, wrong, half])
    assert row["share_p_below_001"] == 0.25
    assert (row["men"], row["women"]) == (0.75, 0.25)
    assert row["interval"][0] < 0.25 < row["interval"][1]
    assert row["mean_gap"] == pytest.approx(0.05)


def test_every_contrast_has_its_row_and_a_second_call_trains_nothing(tmp_path):
    pool, effort = patients(160, 1), Effort(epochs=1, workers=1)
    found = replicates(pool, 90, 2, tmp_path, effort)
    assert [row["words"] for row in found["rows"]] == [contrast.words for contrast in CONTRASTS]
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("tcn_*.npz")}
    assert len(files) == 2 * FOLDS * len({POOLED, POOLED_HALF, SEX_SPECIFIC})
    replicates(pool, 90, 2, tmp_path, effort)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("tcn_*.npz")} == files
