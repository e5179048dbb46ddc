"""From a table to bundles, small enough for seconds."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import load_models
from elvmass_core.models.calibration import fit_line
from elvmass_core.models.inputs import PATTERNS, Normaliser, columns
from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study import build
from elvmass_core.study.build import Source, train_bundles
from elvmass_core.study.dataset import load_dataset
from elvmass_core.study.evaluate import c_statistic, scores
from elvmass_core.study.train import Effort, Recipe, _new_member, fit_member, folds, predict
from elvmass_core.virtual import simulate_cohort
from tests.cohorts import written_in_the_beat

FORMATS = ("wfdb", "npz")
SOURCE = Source(name="tests", description="A few simulated patients.", simulated=True, prefix="tiny")
TINY = Recipe(config=TcnConfig(channels=4, encoding=4))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Sixty simulated patients on disk."""
    return simulate_cohort(60, 5, tmp_path_factory.mktemp("cohort"), workers=1)


@pytest.fixture(scope="module")
def dataset(table):
    return load_dataset(table, workers=1)


def test_a_table_becomes_beats_inputs_and_masses_in_order(table, dataset):
    frame = pd.read_csv(table)
    assert len(dataset) + sum(dataset.refused.values()) == len(frame)
    assert dataset.beats_mv.shape[1:] == (12, 400)
    assert np.isfinite(dataset.beats_mv).all()
    if not dataset.refused:
        np.testing.assert_allclose(dataset.lvm_g, frame["lvm_g"])
        np.testing.assert_allclose(dataset.bsa_m2, frame["bsa_m2"], atol=1e-3)


def test_a_cohort_written_as_npz_is_read_like_one_written_as_wfdb(tmp_path):
    wfdb, npz = (load_dataset(simulate_cohort(2, 5, tmp_path / fmt, fmt=fmt, workers=1), workers=1) for fmt in FORMATS)
    assert len(npz) == 2
    assert npz.refused == {}
    np.testing.assert_array_equal(npz.lvm_g, wfdb.lvm_g)
    np.testing.assert_allclose(npz.beats_mv, wfdb.beats_mv, atol=2e-3)  # WFDB keeps whole microvolts


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"signal_mv": np.zeros((3, 5000)), "fs_hz": 500.0}, "UnreadableError"),
        ({"signal_mv": np.zeros((12, 5000))}, "RateNeededError"),
        ({"signal_mv": np.array([{}] * 12, dtype=object), "fs_hz": 500.0}, "UnsupportedError"),
        ({"signal_mv": np.full((12, 5000), "x"), "fs_hz": 500.0}, "UnreadableError"),
        (None, "UnreadableError"),
    ],
    ids=["three leads", "no rate", "pickled objects", "text", "not an archive"],
)
def test_an_npz_of_another_kind_is_refused_and_counted(table, tmp_path, content, reason):
    frame = pd.read_csv(table).head(2)
    frame["record"] = [str(table.parent / frame["record"][0]), "bad"]
    if content is None:
        (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    else:
        np.savez(tmp_path / "bad.npz", **content)
    frame.to_csv(tmp_path / "table.csv", index=False)
    assert load_dataset(tmp_path / "table.csv", workers=1).refused == {reason: 1}


def test_the_stored_dataset_is_the_same(table, dataset, tmp_path):
    first = load_dataset(table, cache=tmp_path, workers=1)
    again = load_dataset(table, cache=tmp_path, workers=1)
    np.testing.assert_array_equal(first.beats_mv, again.beats_mv)
    assert first.refused == again.refused
    assert len(list(tmp_path.glob("*.npz"))) == 1


def test_a_recording_that_was_replaced_is_read_anew(table, tmp_path):
    frame = pd.read_csv(table).head(2)
    for record in frame["record"]:
        for suffix in (".hea", ".dat"):
            (tmp_path / "records").mkdir(exist_ok=True)
            (tmp_path / f"{record}{suffix}").write_bytes((table.parent / f"{record}{suffix}").read_bytes())
    frame.to_csv(tmp_path / "table.csv", index=False)
    first = load_dataset(tmp_path / "table.csv", cache=tmp_path / "cache", workers=1)
    data = tmp_path / f"{frame['record'][0]}.dat"
    data.write_bytes((table.parent / f"{pd.read_csv(table)['record'][5]}.dat").read_bytes())
    header = data.with_suffix(".hea")
    text = (table.parent / f"{pd.read_csv(table)['record'][5]}.hea").read_text()
    header.write_text(text.replace(pd.read_csv(table)["record"][5].split("/")[1], data.stem))
    again = load_dataset(tmp_path / "table.csv", cache=tmp_path / "cache", workers=1)
    assert np.abs(first.beats_mv[0] - again.beats_mv[0]).max() > 0.05


def test_unusable_lines_are_counted_by_reason_and_not_dropped_in_silence(table, tmp_path):
    frame = pd.read_csv(table).head(8)
    frame["record"] = [str(table.parent / record) for record in frame["record"]]
    frame.loc[0, "age"] = 12
    frame.loc[1, "record"] = "nowhere"
    frame.loc[2, "height_cm"] = 1.7
    frame["lvm_g"] = frame["lvm_g"].astype(object)
    frame.loc[3, "lvm_g"] = ""
    frame.loc[4, "lvm_g"] = "1e9"
    frame.loc[5, "sex"] = "2"
    frame.loc[6, "sex"] = {"M": "male", "F": "Female"}[frame.loc[6, "sex"]]
    frame["age"] = frame["age"].astype(object)
    frame.loc[7, "age"] = "90+"
    frame.to_csv(tmp_path / "table.csv", index=False)
    found = load_dataset(tmp_path / "table.csv", workers=1)
    assert found.refused == {"not_adult": 1, "TableError": 3, "PatientError": 1, "lvm_implausible": 1}
    assert len(found) == 2
    assert dict(found.left_out)["nowhere"] == "TableError"
    assert found.rows[1, columns(("age_years",))[0]] == 90.0


def test_a_table_without_masses_is_refused_by_name(table, tmp_path):
    pd.read_csv(table).drop(columns="lvm_g").to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(TableError, match="lvm_g"):
        load_dataset(tmp_path / "table.csv", workers=1)


def test_folds_are_disjoint_and_balanced_over_mass():
    mass = np.random.default_rng(0).normal(100, 20, 103)
    fold = folds(mass, 5, seed=0)
    sizes = np.bincount(fold)
    means = [mass[fold == k].mean() for k in range(5)]
    assert sizes.max() - sizes.min() <= 1
    assert np.ptp(means) < 5.0


@pytest.mark.parametrize("measurements", [0.0, 1.0])
def test_a_network_learns_a_mass_that_is_written_in_the_beat(measurements):
    data = written_in_the_beat()
    seen, unseen = data.take(np.arange(240) % 5 != 0), data.take(np.arange(240) % 5 == 0)
    member = fit_member(seen, dataclasses.replace(TINY, measurements=measurements), epochs=30, seed=1)
    answer = predict(member, unseen.beats_mv, Normaliser.fit(seen.rows)(unseen.rows))
    spread = np.abs(unseen.lvm_g - unseen.lvm_g.mean()).mean()
    assert np.abs(answer - unseen.lvm_g).mean() < 0.4 * spread


def test_a_network_starts_from_what_body_size_tells(dataset):
    women = dataset.of(Sex.FEMALE)
    member = fit_member(women, TINY, epochs=1, seed=1)
    fresh = _new_member(TINY.config, women, Normaliser.fit(women.rows))
    line = fit_line(women.rows, women.lvm_g, PATTERNS[0])(women.rows)
    rows = Normaliser.fit(women.rows)(women.rows)
    answers = [predict(net, women.beats_mv, rows) for net in (fresh, member)]
    assert np.corrcoef(answers[0], line)[0, 1] > 0.7
    assert not np.allclose(*answers)


def test_a_member_for_one_sex_takes_no_notice_of_sex(dataset):
    women = dataset.of(Sex.FEMALE)
    member, normaliser = fit_member(women, TINY, epochs=1, seed=1), Normaliser.fit(women.rows)
    others = np.array(women.rows)
    others[:, columns(("male",))] = 1.0
    answers = [predict(member, women.beats_mv, normaliser(rows)) for rows in (women.rows, others)]
    np.testing.assert_array_equal(*answers)


def test_training_again_from_the_same_data_and_seed_gives_the_same_member(dataset, tmp_path):
    women = dataset.of(Sex.FEMALE)
    members = [fit_member(women, TINY, 1, seed, tmp_path / "log") for seed in (3, 3, 4)]
    weights = [member.head.weight.numpy() for member in members]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.allclose(weights[0], weights[2])
    assert len((tmp_path / "log").read_text().splitlines()) == 3


def train_tiny(table, others, out):
    """Two small members, one epoch: worthless, and complete."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "MIN_PATIENTS", 4)
        patch.setattr(build, "Recipe", lambda: TINY)
        effort = Effort(epochs=1, members=2, workers=1)
        train_bundles(table, out, calibration=others[0], test=others[1], effort=effort, source=SOURCE)
    return out


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Patients for calibration and for the test."""
    return [simulate_cohort(n, seed, tmp_path_factory.mktemp("more"), workers=1) for n, seed in ((70, 6), (24, 8))]


@pytest.fixture(scope="module")
def trained(table, others, tmp_path_factory):
    """Bundles in a folder of their own."""
    return train_tiny(table, others, tmp_path_factory.mktemp("bundles"))


def test_a_table_becomes_a_bundle_for_each_sex_and_a_pooled_one_for_each_that_load(trained):
    models = load_models(trained)
    assert models.problems == ()
    for bundles in (models.bundles, models.pooled):
        assert {bundle.sex for bundle in bundles} == {Sex.FEMALE, Sex.MALE}
    assert not any(bundle.pooled for bundle in models.bundles)


def test_the_pooled_bundles_share_their_members_and_nothing_else(trained):
    one, other = load_models(trained).pooled
    beat, row = np.zeros((1, 12, 400)), one.reference_person[None]
    np.testing.assert_array_equal(one.members_g(beat, row), other.members_g(beat, row))
    assert one.manifest["training"]["n_train"] == other.manifest["training"]["n_train"]
    assert not np.allclose(one.reference_person, other.reference_person)
    assert not np.allclose(one.reference_beat_mv, other.reference_beat_mv)
    assert one.calibration.intervals != other.calibration.intervals
    assert "men and women together" in one.card


def test_the_card_and_manifest_hold_the_figures_and_their_intervals(trained):
    for bundle in load_models(trained).bundles:
        test = bundle.manifest["training"]["test"]
        assert set(test["coverage"]) == set(PATTERNS)
        assert test["model"]["mae_low_g"] <= test["model"]["mae_g"] <= test["model"]["mae_high_g"]
        assert f"prevalence of {100 * bundle.calibration.platt.prevalence:.0f} %" in bundle.card
        assert bundle.card.count("prevalence") == 1  # the page shows the same one
        assert "eLVMass-Net, our re-implementation (these weights)" in bundle.card
        for words in ("mean of the sex", "ridge on", "age, height and weight only", "c-statistic", "unseen patients"):
            assert words in bundle.card


def test_a_stopped_training_goes_on_with_the_members_that_are_missing(trained, table, others):
    members = sorted((trained / ".work").glob("*/member-*.safetensors"))
    kept = {path: path.stat().st_mtime_ns for path in members[1:]}
    members[0].unlink()
    train_tiny(table, others, trained)
    assert members[0].is_file()
    assert {path: path.stat().st_mtime_ns for path in members[1:]} == kept


def test_too_few_patients_of_a_sex_are_refused_in_a_sentence(table, others, tmp_path):
    with pytest.raises(TableError, match="are needed"):
        train_bundles(table, tmp_path, calibration=others[0], effort=Effort(epochs=1, workers=1), source=SOURCE)


def test_the_c_statistic_is_the_share_of_pairs_ranked_right():
    assert c_statistic(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])) == 1.0
    assert c_statistic(np.array([1.0, 3.0, 2.0, 4.0]), np.array([False, False, True, True])) == 0.75
    assert c_statistic(np.array([1.0, 1.0]), np.array([False, True])) == 0.5
    assert c_statistic(np.array([1.0, 2.0]), np.array([True, True])) is None


def test_scores_of_a_constant_and_of_a_perfect_predictor():
    mass, bsa = np.array([80.0, 100.0, 120.0, 140.0]), np.full(4, 1.6)
    perfect = scores(mass, mass, bsa, 70.0)
    assert (perfect.mae_g, perfect.r, perfect.lvh_c_statistic) == (0.0, pytest.approx(1.0), 1.0)
    constant = scores(np.full(4, 110.0), mass, bsa, 70.0)
    assert constant.mae_g == 20.0
    assert constant.r is None


def test_the_same_recording_may_not_stand_in_two_parts(table, tmp_path):
    with pytest.raises(TableError, match="more than one"):
        train_bundles(table, tmp_path, calibration=table, effort=Effort(epochs=1, workers=1), source=SOURCE)


def test_weights_from_another_source_are_not_overwritten(trained, table, others):
    source = Source(name="another", description="", simulated=True, prefix=SOURCE.prefix)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(TableError, match="another source"):
        patch.setattr(build, "MIN_PATIENTS", 4)
        effort = Effort(epochs=1, members=2, workers=1)
        train_bundles(table, trained, calibration=others[0], effort=effort, source=source)
