"""Comparison of made-up samples whose difference is known."""

import re

import numpy as np
import pytest

from elvmass_core.realism import classifier, compare, components
from elvmass_core.realism.report import findings
from elvmass_core.realism.tables import in_words, markdown
from elvmass_core.units import LEADS
from tests.realism.tables import patients


@pytest.fixture(autouse=True)
def few_repeats(monkeypatch):
    monkeypatch.setattr(classifier, "REPEATS", 2)


def test_samples_of_one_distribution_cannot_be_told_apart():
    found = classifier.classify(patients(40, 1), patients(120, 2, matches=40), seed=0)
    assert all(abs(one.auc.value - 0.5) < 0.15 for one in found.separations)


def test_a_shifted_measure_is_found_and_named():
    found = classifier.classify(patients(40, 1), patients(120, 2, shift={"t_mv_V3": 4.0}, matches=40), seed=0)
    assert found.separations[1].auc.value > 0.9
    assert found.keys["measure"].iloc[0] == "t_mv_V3"
    assert found.groups.set_index("group")["alone"].idxmax() == "ST-T"
    assert found.groups.set_index("group")["fall_when_shuffled"].idxmax() == "ST-T"


def test_a_difference_in_noise_alone_does_not_count_without_noise():
    shift = {f"noise_mv_{lead}": 3.0 for lead in LEADS}
    found = classifier.classify(patients(40, 1), patients(120, 2, shift=shift, matches=40), seed=0)
    everything, quiet, _ = found.separations
    assert everything.auc.value > 0.97
    assert abs(quiet.auc.value - 0.5) < 0.15


def test_no_fold_splits_a_real_patient_from_those_matched_to_it():
    task = classifier._task(patients(20, 1), patients(60, 2, matches=20))
    for _, fit, judge in classifier._folds(task, seed=0, repeats=2):
        assert not set(task.match[fit]) & set(task.match[judge])


def test_the_number_of_components_follows_variance_and_sample_size_only():
    explained = np.array([0.5, 0.3, 0.08, 0.05, 0.04, 0.03])
    assert components.n_components(explained, 1000) == 4
    assert components.n_components(explained, 11) == 2
    assert components.n_components(explained, 3) == 1


def test_beats_of_one_distribution_cover_one_another_and_moved_ones_do_not():
    real, simulated = patients(40, 1), patients(200, 2)
    moved = components.BeatTable(table=simulated.table, beats_mv=simulated.beats_mv + 3.0 * real.beats_mv[:1])
    same = {(one.region_of, one.points_of): one.share for one in components.coverages(real, simulated, 0)}
    apart = {(one.region_of, one.points_of): one.share for one in components.coverages(real, moved, 0)}
    assert same["simulated", "real, all"].value > 0.94
    assert same["real, all", "simulated"].value > 0.94
    assert apart["real, all", "simulated"].value < 0.5
    assert apart["simulated", "simulated, held out"].value > 0.94


def test_doubling_the_spread_of_a_log_amplitude_shows_as_ratio_two():
    real, simulated = patients(60, 1), patients(300, 2)
    for lead in LEADS:
        real.table[f"pp_mv_{lead}"] = np.exp(np.random.default_rng(3).normal(0.0, 0.2, 60))
        simulated.table[f"pp_mv_{lead}"] = np.exp(np.random.default_rng(4).normal(0.0, 0.4, 300))
    row = compare.summarise_log_sd(real, simulated).set_index("wave").loc["pp"]
    assert row["low"] < 2.0 < row["high"]
    assert row["low"] > 1.3


def test_correlations_of_spans_differ_when_one_sample_moves_together():
    real, simulated = patients(60, 1), patients(300, 2)
    common = np.exp(np.random.default_rng(3).normal(0.0, 0.2, 300))
    for lead in LEADS:
        simulated.table[f"pp_mv_{lead}"] = common
    assert compare.correlation_difference(real, simulated).value == pytest.approx(1.0, abs=0.15)
    assert compare.correlation_difference(real, patients(300, 3)).value < 0.2


def test_the_words_hold_every_section_and_no_error_in_grams():
    comparison = compare.compare(patients(24, 1), patients(48, 2, matches=24), seed=0)
    text = in_words(comparison) + "\n".join(findings(comparison))
    assert text.count("### ") >= 12
    assert "cannot be told apart" in text
    assert not re.search(r"\d g\b|MAE|error", text)


def test_markdown_rows_have_as_many_cells_as_the_head():
    lines = markdown(compare.count_patients(patients(4, 1), patients(8, 2))).splitlines()
    assert len({line.count("|") for line in lines}) == 1
