"""The weights in `weights/`: sound, useful on patients nobody has seen, and honest about them."""

import json
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.__main__ import main
from elvmass_core.domain import Sex
from elvmass_core.models.bundle import load_models
from elvmass_core.models.inputs import PATTERNS
from elvmass_core.study.dataset import load_dataset
from elvmass_core.study.names import SHIPPED
from elvmass_core.virtual import simulate_cohort

WEIGHTS = Path(__file__).parents[1] / "weights"
FRESH_SEED, FRESH_PATIENTS = 424243, 240
"""Not a seed of the retrain command."""


@pytest.fixture(scope="module")
def models():
    return load_models(WEIGHTS)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Simulated patients that no part of the training has seen."""
    table = simulate_cohort(FRESH_PATIENTS, FRESH_SEED, tmp_path_factory.mktemp("fresh"), workers=1)
    return load_dataset(table, workers=1)


def test_there_is_a_sound_bundle_for_each_sex(models):
    assert models.problems == ()
    assert {bundle.sex for bundle in models.bundles} == {Sex.FEMALE, Sex.MALE}
    assert main(["verify", "--weights", str(WEIGHTS)]) == 0


def test_they_are_small_and_say_what_they_learned_from(models):
    size = {folder.name: sum(path.stat().st_size for path in folder.iterdir()) for folder in WEIGHTS.iterdir()}
    assert size.pop("elvmass-runs") < 4e6, "twenty runs of the Men and women page"
    assert sum(size.values()) < 5.2e6
    for bundle in models.bundles:
        training = bundle.manifest["training"]
        assert training["source"]["simulated"] is True
        assert training["n_train"] > 4000
        assert set(training) >= {"test", "shifted", "verified"}
        assert len(bundle.ensemble.members) == 5
        assert "not for diagnosis" in bundle.card


def test_the_pooled_ones_are_there_to_be_compared_and_share_their_members(models):
    assert {bundle.sex for bundle in models.pooled} == {Sex.FEMALE, Sex.MALE}
    one, other = models.pooled
    beat, row = np.zeros((1, 12, 400)), one.reference_person[None]
    np.testing.assert_array_equal(one.members_g(beat, row), other.members_g(beat, row))


def test_what_the_page_says_of_the_weights_is_about_these(models):
    stored = json.loads((WEIGHTS.parent / "docs" / SHIPPED).read_text(encoding="utf-8"))
    assert stored["weights"] == {bundle.model_id: bundle.sha256 for bundle in models.bundles}


@pytest.mark.parametrize("sex", [Sex.FEMALE, Sex.MALE])
def test_members_differ_from_each_other_and_use_the_ecg(models, fresh, sex):
    (bundle,) = models.for_sex(sex)
    data = fresh.of(sex)
    members = bundle.members_g(data.beats_mv, data.rows)
    assert (members.std(axis=0) > 0.1).mean() > 0.9
    permuted = np.random.default_rng(0).permutation(len(data))
    shuffled = bundle.members_g(data.beats_mv[permuted], data.rows).mean(axis=0)
    error, shuffled_error = (np.abs(one - data.lvm_g).mean() for one in (members.mean(axis=0), shuffled))
    assert error < shuffled_error


@pytest.mark.parametrize("sex", [Sex.FEMALE, Sex.MALE])
def test_they_beat_the_sex_mean_and_demographics_only_on_fresh_patients(models, fresh, sex):
    (bundle,) = models.for_sex(sex)
    data = fresh.of(sex)
    model = np.abs(bundle.members_g(data.beats_mv, data.rows).mean(axis=0) - data.lvm_g).mean()
    line = np.abs(bundle.calibration.lines[PATTERNS[0]](data.rows) - data.lvm_g).mean()
    mean = np.abs(bundle.manifest["training"]["lvm_mean_g"] - data.lvm_g).mean()
    assert model < line < mean


@pytest.mark.parametrize("sex", [Sex.FEMALE, Sex.MALE])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_intervals_hold_about_nine_in_ten_whatever_is_unknown(models, fresh, sex, pattern):
    from elvmass_core.models.inputs import without

    (bundle,) = models.for_sex(sex)
    data = fresh.of(sex)
    members = bundle.members_g(data.beats_mv, without(data.rows, pattern))
    half = bundle.calibration.intervals[pattern].half_width_g(members.mean(axis=0), members.std(axis=0))
    inside = np.abs(members.mean(axis=0) - data.lvm_g) <= half
    tolerance = 3.5 * np.sqrt(0.9 * 0.1 / len(data))
    assert abs(inside.mean() - 0.9) <= tolerance


def test_the_stored_figures_are_the_ones_on_the_card(models):
    for bundle in models.bundles:
        test = bundle.manifest["training"]["test"]
        assert f"{test['model']['mae_g']:.1f}" in bundle.card
        assert f"{test['demographics_only']['mae_g']:.1f}" in bundle.card
        assert test["gain_over_demographics_g"][1] > 0.0
