"""The comparison: nothing of a scored patient reaches the model that scores it, and a stopped run goes on."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.study import rows
from elvmass_core.study.compare import FOLDS, Source, compare, folds_by_sex
from elvmass_core.study.report import PLACES, null_answer, study_markdown
from elvmass_core.study.results import PRIMARY, cohort_result, criteria_result, study_result
from elvmass_core.study.rows import MODELS, Cohort, Fit, named, shuffled
from elvmass_core.study.statistics import (
    SCORES,
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
from elvmass_core.study.train import Effort
from elvmass_core.study.unaveraged import TEN_SECONDS, Unaveraged, load_unaveraged
from elvmass_core.virtual import simulate_cohort
from tests.cohorts import patients

EFFORT = Effort(epochs=1, workers=1)
CHEAP = named(["sex_mean", "demographics_ridge", "measurements_ridge", "measurements_ridge_log"])


def raw(n):
    """Nothing to see but the shape."""
    rng = np.random.default_rng(7)
    return Unaveraged(
        ten_seconds_mv=rng.normal(size=(n, 12, TEN_SECONDS)).astype(np.float16),
        single_mv=rng.normal(size=(n, 12, 400)).astype(np.float16),
    )


@pytest.fixture(scope="module")
def cohorts():
    return patients(150, 1), patients(60, 2)


@pytest.fixture
def sources(cohorts, monkeypatch, tmp_path):
    """The cohorts as if they had recordings."""
    monkeypatch.setattr("elvmass_core.study.compare.load_unaveraged", lambda _, data, *__: raw(len(data)))
    return [Source(data=data, folder=tmp_path) for data in cohorts]


def test_every_model_is_fitted_and_taken_up_again_and_has_its_line_on_the_page(sources, tmp_path):
    sources = [replace(source, data=source.data.take(np.arange(50))) for source in sources]
    models = [replace(model, repeats=min(model.repeats, 2)) for model in MODELS]
    said = []
    estimates = compare(sources, models, tmp_path, EFFORT, lambda done, n: said.append((done, n)))
    files = sorted(tmp_path.rglob("*-[0-4]-[0-1].npz"))
    assert len(files) == FOLDS * sum(model.repeats for model in models) == len(said)
    times = [path.stat().st_mtime_ns for path in files]
    again = compare(sources, models, tmp_path, EFFORT)
    assert [path.stat().st_mtime_ns for path in files] == times
    for first, second in zip(estimates, again, strict=True):
        np.testing.assert_array_equal(first.inside, second.inside)
        assert np.isfinite(first.inside).all()
        assert np.isfinite(first.outside).all()
    result = study_result(sources[0].data, sources[1].data, estimates)
    facts = {"cohort_version": "0", "quick": True, "epochs": 1, "worlds": {"a@b": result["internal"]}}
    page = study_markdown({**facts, **result})
    assert "figures say nothing" in page
    assert all(page.count(f"| {model.words} |") >= 2 * len(PLACES) for model in MODELS)
    assert all(result["internal"]["contrasts"][words]["p_holm"] > 0 for words in PRIMARY)


def test_trainings_from_other_seeds_differ(sources, tmp_path):
    (one,) = compare(sources, [replace(named(["tcn_pooled"])[0], repeats=2)], tmp_path, EFFORT)
    assert not np.allclose(*one.inside)


def test_what_carries_the_mass_wins(sources, tmp_path):
    truth = Truth.of(sources[1].data)
    mae = {
        one.model.name: accuracy(one.outside.mean(axis=0), truth) for one in compare(sources, CHEAP, tmp_path, EFFORT)
    }
    for sex in ("men", "women"):
        assert mae["measurements_ridge_log"][sex]["mae_g"] < 0.5 * mae["demographics_ridge"][sex]["mae_g"]


def test_the_mass_of_a_scored_patient_does_not_reach_its_own_estimate(sources, tmp_path):
    """A patient's mass may change his fold only through the order of masses, so it moves within its rank."""
    internal = sources[0].data
    order = np.argsort(internal.lvm_g)
    heaviest = order[-1] if internal.sex[order[-1]] == "M" else order[-2]
    lvm = np.array(internal.lvm_g)
    lvm[heaviest] += 500.0
    seen = []
    for data in (internal, replace(internal, lvm_g=lvm)):
        estimates = compare([replace(sources[0], data=data), sources[1]], CHEAP, tmp_path, EFFORT)
        seen.append([one.inside[0, heaviest] for one in estimates])
    assert seen[0] == pytest.approx(seen[1])
    np.testing.assert_array_equal(folds_by_sex(internal), folds_by_sex(replace(internal, lvm_g=lvm)))


def test_shuffling_gives_everybody_the_beat_of_somebody_alike(cohorts):
    data = cohorts[0]
    other = shuffled(data, np.random.default_rng(0))
    same = (other.beats_mv == data.beats_mv).all(axis=(1, 2))
    assert same.mean() < 0.1
    np.testing.assert_array_equal(other.lvm_g, data.lvm_g)
    np.testing.assert_array_equal(other.rows[:, :6], data.rows[:, :6])
    for sex in ("M", "F"):
        mine = data.sex == sex
        assert sorted(other.beats_mv[mine, 0, 200]) == pytest.approx(sorted(data.beats_mv[mine, 0, 200]))
    assert abs(np.corrcoef(other.beats_mv[:, 0, 200], data.lvm_g / data.bsa_m2)[0, 1]) < 0.35


def test_permuted_masses_stay_within_the_sex_and_reach_the_training_alone(cohorts, tmp_path, monkeypatch):
    seen = []

    def note(data, *others):
        seen.append(data)
        raise InterruptedError

    monkeypatch.setattr(rows, "fit_member", note)
    data = cohorts[0]
    (row,) = named(["tcn_mass_permuted"])
    fit = Fit(train=Cohort(data=data), others=[Cohort(data=cohorts[1])], seed=3, effort=EFFORT, progress=tmp_path / "x")
    with pytest.raises(InterruptedError):
        row.fit(fit)
    men = data.of(Sex.MALE)
    assert sorted(seen[0].lvm_g) == sorted(men.lvm_g)
    assert (seen[0].lvm_g != men.lvm_g).mean() > 0.9
    np.testing.assert_array_equal(seen[0].beats_mv, men.beats_mv)


def test_an_ablation_takes_away_what_its_name_says(cohorts):
    cohort = Cohort(data=cohorts[0], unaveraged=raw(150))
    without = rows._without_ecg_inputs(cohort).rows
    assert not without[:, -4:].any()
    np.testing.assert_array_equal(without[:, :-4], cohort.data.rows[:, :-4])
    np.testing.assert_array_equal(rows._single_beat(cohort).beats_mv, cohort.unaveraged.single_mv.astype(np.float32))


def test_half_a_cohort_is_half_of_it(cohorts, tmp_path):
    cohort = Cohort(data=cohorts[0], unaveraged=raw(150))
    sizes = []
    fit = Fit(train=cohort, others=[], seed=0, effort=EFFORT, progress=tmp_path / "p")
    rows._half(lambda given: sizes.append(len(given.train)) or [])(fit)
    assert sizes == [75]


def test_ranking_grams_over_both_sexes_differs_from_ranking_over_the_own_cutoff(cohorts):
    truth = Truth.of(cohorts[0])
    c = c_statistics(truth.lvm_g, truth, truth.resamples(20))
    assert accuracy(truth.lvm_g, truth)["men"]["mae_g"] == 0.0
    for group in ("men", "women", "pooled"):
        assert c[group]["index_over_cutoff"]["c"] == 1.0
    assert c["pooled"]["grams"]["c"] < 1.0
    assert set(c["men"]) == set(SCORES)
    for one in (c[group][score] for group in c for score in SCORES):
        assert one["interval"][0] <= one["c"] + 1e-9
        assert one["c"] - 1e-9 <= one["interval"][1]


def test_only_pairs_of_one_fold_count():
    score, positive = np.array([1.0, 2.0, 10.0, 20.0]), np.array([False, True, False, True])
    assert c_within_folds(score, positive, np.array([0, 0, 1, 1])) == 1.0
    assert c_within_folds(score, positive, np.zeros(4)) == 0.75
    assert c_within_folds(score, ~positive, np.array([0, 0, 1, 1])) == 0.0
    assert c_within_folds(score, np.ones(4, dtype=bool), np.zeros(4)) is None


def test_a_better_model_gains_and_itself_gains_nothing(cohorts):
    truth = Truth.of(cohorts[0])
    rng = np.random.default_rng(0)
    poor, good = (truth.lvm_g + sd * rng.standard_normal(len(truth)) for sd in (20.0, 5.0))
    gain = contrast(poor, good, truth, truth.resamples(200))
    for who in ("men", "women", "both"):
        assert gain["mae_g"][who]["interval"][0] > 0
        assert gain["c"][who]["gain"] > 0
    assert gain["mae_g"]["both"]["p"] == pytest.approx(2 / 201)
    nothing = contrast(good, good, truth, truth.resamples(50))["mae_g"]["both"]
    assert (nothing["gain"], nothing["p"]) == (0.0, 1.0)


def test_holm_of_a_worked_example():
    """Three p-values 0.01, 0.04, 0.03 become 0.03, 0.06, 0.06."""
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


def test_net_benefit_of_a_good_model_is_above_that_of_acting_on_everybody(cohorts):
    truth = Truth.of(cohorts[0])
    good = truth.lvm_g + np.random.default_rng(0).standard_normal(len(truth))
    model, everybody = net_benefit(good, truth), net_benefit_of_all(truth)
    assert all(mine >= other for mine, other in zip(model, everybody, strict=True))
    assert everybody[0] == pytest.approx(truth.has_lvh.mean() - (1 - truth.has_lvh.mean()) * 0.05 / 0.95)


def test_the_noise_of_a_recording_is_that_of_its_neighbouring_samples_and_not_of_its_heartbeat():
    rng = np.random.default_rng(1)
    beats = np.zeros((2, 12, TEN_SECONDS))
    beats[:, :, ::250] = 1.5
    noise = np.array([0.005, 0.02])[:, None, None] * rng.normal(size=beats.shape)
    whole = (beats + noise).astype(np.float16)
    found = Unaveraged(ten_seconds_mv=whole, single_mv=whole[:, :, :400]).noise_uv()
    np.testing.assert_allclose(found, [5.0, 20.0], rtol=0.1)


def test_error_by_thirds_holds_everybody_once(cohorts):
    truth = Truth.of(cohorts[0])
    thirds = [error_by(truth.lvm_g, truth.lvm_g + 3.0, truth, truth.group(who)) for who in ("men", "women")]
    assert sum(third["n"] for third in thirds[0] + thirds[1]) == len(truth)
    assert {round(third["bias_g"], 9) for third in thirds[0] + thirds[1]} == {3.0}
    assert all(abs(third["n"] - truth.male.sum() / 3) <= 1 for third in thirds[0])


def test_without_anybody_with_lvh_the_page_has_dashes():
    data = replace(patients(30, 3), lvm_g=np.full(30, 50.0))
    result = cohort_result({"sex_mean": data.lvm_g[None] + 1.0}, Truth.of(data))
    assert result["models"]["sex_mean"]["c_statistic"]["men"]["index"]["c"] is None
    assert result["models"]["sex_mean"]["accuracy"]["men"]["sensitivity"] is None
    assert result["n_lvh"] == 0
    assert Sex.MALE.value in set(data.sex)


def test_the_whole_recording_and_one_beat_of_it_are_read_again(tmp_path):
    from elvmass_core.study.dataset import load_dataset

    table = simulate_cohort(2, 5, tmp_path / "cohort", workers=1)
    data = load_dataset(table, workers=1)
    found = load_unaveraged(table.parent, data, tmp_path / "cache", workers=1)
    assert found.ten_seconds_mv.shape == (len(data), 12, TEN_SECONDS)
    for single, beat in zip(found.single_mv, data.beats_mv, strict=True):
        peak = int(np.abs(single.astype(float)).sum(axis=0).argmax())
        assert abs(peak - 140) < 75
        assert np.abs(single).max() == pytest.approx(np.abs(beat).max(), rel=0.5)
    (stored,) = (tmp_path / "cache").glob("unaveraged-*.npz")
    written = stored.stat().st_mtime_ns
    load_unaveraged(table.parent, data, tmp_path / "cache", workers=1)
    assert stored.stat().st_mtime_ns == written


def test_a_criterion_met_by_all_with_lvh_and_by_no_other_is_perfect():
    data = patients(60, 4)
    lvh = Truth.of(data).has_lvh
    measured = np.zeros((60, len(FEATURE_NAMES)))
    measured[:, FEATURE_NAMES.index("qrs_ms")] = 90.0
    measured[lvh, FEATURE_NAMES.index("s_mv_V1")] = 2.0
    measured[lvh, FEATURE_NAMES.index("r_mv_V5")] = 2.0
    found = criteria_result(replace(data, measured=measured))
    for who in ("men", "women"):
        assert found["Sokolow–Lyon voltage"][who]["sensitivity"] == 1.0
        assert found["Sokolow–Lyon voltage"][who]["specificity"] == 1.0
        assert found["R aVL"][who]["sensitivity"] == 0.0
    unknown = np.full_like(measured, np.nan)
    assert criteria_result(replace(data, measured=unknown))["R aVL"] == {}


def test_where_the_ecg_knows_nothing_the_page_says_who_gains_and_who_loses(cohorts):
    truth = Truth.of(cohorts[0])
    noise = np.random.default_rng(0).standard_normal(len(truth))
    estimates = {
        "demographics_ridge": truth.lvm_g + 20.0 * noise, "measurements_ridge_log": truth.lvm_g + 5.0 * noise,
        "tcn_sex_specific": truth.lvm_g + 40.0 * noise, "tcn_pooled": truth.lvm_g + 20.0 * noise,
    }  # fmt: skip
    words = null_answer(cohort_result({name: grams[None] for name, grams in estimates.items()}, truth))
    assert "pooled over age, height, weight: +0.00 g, within" in words
    assert "ridge on measurements over age, height, weight: +" in words
    assert "**gains more than**" in words
    assert "loses more than" in words
