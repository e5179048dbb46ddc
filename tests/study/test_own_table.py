"""Training on a user's own table: folds, calibration out of fold, fine-tuning, resuming, the report."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from elvmass_core.domain import Severity, Sex
from elvmass_core.errors import BundleError, TableError
from elvmass_core.models.bundle import load_models
from elvmass_core.models.calibration import CMR_LVM_AI, CT_FUCHS, ECHO_ASE
from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study import build, fold_members, own_table
from elvmass_core.study.fold_members import FOLDS, patient_folds
from elvmass_core.study.own_report import GIVEN, OWN, POOLED, compare, in_plain_words, write_report
from elvmass_core.study.own_table import cutoff_of, train_own_table
from elvmass_core.study.scored_table import read_scored_table
from elvmass_core.study.train import Recipe, fit_member, predict
from elvmass_core.study.unseen import by_all, out_of_fold
from elvmass_core.virtual import simulate_cohort
from tests.cohorts import patients, written_in_the_beat

TINY = Recipe(config=TcnConfig(channels=4, encoding=4))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Seventy simulated patients on disk, half of them women, many with LVH."""
    return simulate_cohort(70, 77, tmp_path_factory.mktemp("hospital"), preset="uniform", workers=1)


def small(patch):
    """Networks and limits small enough for seconds."""
    patch.setattr(build, "MIN_PATIENTS", 15)
    patch.setattr(fold_members, "Recipe", lambda: TINY)
    patch.setattr(fold_members, "FINE", replace(TINY, learning_rate=1e-4))


def train(table, out, **options):
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        return train_own_table(table, out, epochs=1, workers=1, **options)


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    """Worthless weights, complete."""
    out = tmp_path_factory.mktemp("mine")
    return out, train(table, out, measured_by="mri")


def test_each_patient_is_in_one_fold_and_folds_are_alike_in_mass_index():
    data = patients(300, seed=2)
    data = data.take(np.repeat(np.arange(0, 300, 2), 2))  # everybody twice
    fold = patient_folds(data)
    assert (fold[::2] == fold[1::2]).all()
    index = data.lvm_g / data.bsa_m2
    for sex in ("M", "F"):
        means = [index[(fold == k) & (data.sex == sex)].mean() for k in range(FOLDS)]
        assert np.ptp(means) < 0.25 * index[data.sex == sex].std()


def test_out_of_fold_only_the_member_that_has_not_seen_a_patient_answers():
    data = written_in_the_beat(60)
    fold = np.arange(60) % 2
    members = [fit_member(data.take(fold != k), TINY, 1, k) for k in range(2)]
    normaliser = fold_members.Normaliser.fit(data.rows)
    found = out_of_fold(members, normaliser, data, fold).estimate_g["height+weight"]
    alone = [predict(member, data.beats_mv, normaliser(data.rows)) for member in members]
    np.testing.assert_allclose(found, np.where(fold == 0, alone[0], alone[1]), rtol=1e-6)
    both = by_all(members, normaliser, data)
    np.testing.assert_allclose(both.estimate_g["height+weight"], np.mean(alone, axis=0), rtol=1e-6)
    assert (both.spread_g["height+weight"] > 0).any()


def test_a_table_becomes_bundles_that_load_with_the_cut_off_of_its_method(trained):
    out, training = trained
    models = load_models(out)
    assert models.problems == ()
    assert (
        {bundle.sex for bundle in models.bundles} == {bundle.sex for bundle in models.pooled} == {Sex.MALE, Sex.FEMALE}
    )
    for bundle in models.bundles:
        assert bundle.cutoff == CMR_LVM_AI
        assert not bundle.simulated
        assert len(bundle.ensemble.members) == FOLDS
        assert "magnetic resonance" in bundle.card
        assert "answered by the network of the other four folds" in bundle.card
        figures = bundle.manifest["training"]["cross_validation"]
        assert figures["model"]["n"] == len(training.data.of(bundle.sex))


def test_figures_out_of_fold_are_those_of_the_patients_file(trained, tmp_path):
    _, training = trained
    write_report(training, tmp_path)
    stored = pd.read_csv(tmp_path / "cross_validation.csv")
    men = stored[stored["sex"] == "M"]
    mae = (men["lvm_g"] - men["lvm_measured_g"]).abs().mean()
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["models"][OWN]["accuracy"]["men"]["mae_g"] == pytest.approx(mae, abs=0.01)
    inside = men["lvm_measured_g"].between(men["low_g"] - 0.01, men["high_g"] + 0.01).mean()
    assert report["models"][OWN]["coverage"]["men"]["covered"] == pytest.approx(inside, abs=0.03)
    assert np.mean(report["mae_by_fold_g"]["men"]) == pytest.approx(mae, rel=0.1)


def test_the_patients_file_opens_on_the_validation_page_with_its_cut_off(trained, tmp_path):
    _, training = trained
    write_report(training, tmp_path)
    read = read_scored_table((tmp_path / "cross_validation.csv").read_bytes()).scored
    assert read.truth.cutoff == CMR_LVM_AI
    assert len(read) == len(training.data)


def test_the_report_needs_nothing_from_outside_and_sets_every_model_beside_the_others(trained, tmp_path):
    out, training = trained
    page = write_report(training, tmp_path, load_models(out)).read_text()
    assert 'src="http' not in page
    assert "not for diagnosis" in page.lower()
    for words in (OWN, POOLED, GIVEN, "age, height and weight only", "limits of agreement", "MAE by fold"):
        assert words in page
    found = compare(training, load_models(out))
    assert next(iter(found.models)) == OWN
    assert f"{OWN}: MAE" in in_plain_words(training, found)


def test_a_second_call_trains_nothing_again_and_a_missing_network_alone(trained, table):
    out, _ = trained
    members = sorted((out / ".work").glob("*/member-*.safetensors"))
    assert len(members) == 3 * FOLDS
    kept = {path: path.stat().st_mtime_ns for path in members[1:]}
    members[0].unlink()
    train(table, out, measured_by="mri")
    assert members[0].is_file()
    assert {path: path.stat().st_mtime_ns for path in members[1:]} == kept


def test_fine_tuning_starts_from_the_weights_on_the_line_of_the_table(trained, table, tmp_path):
    out, training = trained
    frame = pd.read_csv(table)
    frame["lvm_g"] = (1.5 * frame["lvm_g"]).round(1)
    frame["record"] = [str(table.parent / record) for record in frame["record"]]
    frame.to_csv(tmp_path / "larger.csv", index=False)
    fine = train(tmp_path / "larger.csv", tmp_path / "fine", start=load_models(out), measured_by="echo")
    assert "Fine-tuned from own-men" in load_models(tmp_path / "fine").bundles[0].card
    before = np.concatenate([one.unseen.estimate_g["height+weight"] for one in training.answered[:2]])
    after = np.concatenate([one.unseen.estimate_g["height+weight"] for one in fine.answered[:2]])
    assert np.median(after / before) == pytest.approx(1.5, abs=0.15)


def test_fine_tuning_from_incomplete_weights_is_refused(table, tmp_path):
    with pytest.raises(BundleError, match="lack a model"):
        train(table, tmp_path, start=load_models(tmp_path / "nothing"))


def test_the_method_is_declared_by_option_or_column_and_otherwise_assumed_with_a_caution(table, tmp_path):
    frame = pd.DataFrame({"measured_by": ["echo", "Echo "]})
    assert cutoff_of(frame) == ECHO_ASE
    assert cutoff_of(frame, "ct") == CT_FUCHS
    assert cutoff_of(pd.DataFrame()) is None
    with pytest.raises(TableError, match="use one method"):
        cutoff_of(pd.DataFrame({"measured_by": ["ct", "mri"]}))
    with pytest.raises(TableError, match="no cut-off here"):
        cutoff_of(pd.DataFrame({"measured_by": ["guess"]}))
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        findings, verdict = own_table.check_table(table, tmp_path, workers=1)
    assert "with LVH) can be used: enough to train." in verdict
    assert {one.code: one.severity for one in findings}["method_assumed"] is Severity.CAUTION


def test_a_table_with_a_stop_is_refused_before_a_recording_is_read(table, tmp_path):
    frame = pd.read_csv(table)
    frame["height_cm"] /= 100.0
    frame["record"] = "nowhere"
    frame.to_csv(tmp_path / "metres.csv", index=False)
    with pytest.raises(TableError, match="metres"):
        train_own_table(tmp_path / "metres.csv", tmp_path)


def test_too_few_with_lvh_are_refused_with_their_number(table, tmp_path):
    frame = pd.read_csv(table)
    frame["lvm_g"] *= np.where(frame["lvmi_g_m2"] > 60, 0.5, 1.0)
    frame["record"] = [str(table.parent / record) for record in frame["record"]]
    frame.to_csv(tmp_path / "light.csv", index=False)
    with pytest.raises(TableError, match=r"LVH"):
        train(tmp_path / "light.csv", tmp_path)
