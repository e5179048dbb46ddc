"""The counting behind docs/placement.json, on numbers whose answer is known."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import f_oneway

from benchmarks.placement_repeatability import (
    Row,
    groups_of,
    plan,
    read_rows,
    share_of_pairs,
    slope_with_mass,
    spread,
    within_sd,
)
from elvmass_core.domain import Lvh, Sex

ROW = Row(sex=Sex.MALE, patient=0, placement=0, recording=0, lvm_true_g=100.0)


def recorded(patient, placement, recording, lvm_g, **more):
    return replace(
        ROW, patient=patient, placement=placement, recording=recording, lvm_g=lvm_g, index_g_m2=lvm_g / 2.0, **more
    )


def toys(sizes=(3, 4, 6, 2), seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(100.0 + 10.0 * k, 3.0, n) for k, n in enumerate(sizes)]


def test_within_patient_sd_is_the_pooled_variance_of_a_one_way_analysis_of_variance():
    groups = toys()
    every = np.concatenate(groups)
    between = sum(len(one) * (one.mean() - every.mean()) ** 2 for one in groups) / (len(groups) - 1)
    within = between / f_oneway(*groups).statistic  # F = between ÷ within
    assert within_sd(groups)[0] == pytest.approx(np.sqrt(within))


def test_within_patient_sd_is_the_root_mean_square_over_patients_measured_equally_often():
    groups = toys(sizes=(5, 5, 5))
    assert within_sd(groups)[0] == pytest.approx(np.sqrt(np.mean([one.var(ddof=1) for one in groups])))


def test_within_patient_sd_does_not_see_how_patients_differ_from_each_other():
    groups = toys()
    moved = [one + 50.0 * k for k, one in enumerate(groups)]
    np.testing.assert_allclose(within_sd(moved), within_sd(groups))


def test_the_interval_holds_the_true_sd_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = []
    for _ in range(60):
        _, low, high = within_sd(list(rng.normal(0.0, 2.0, (40, 5))))
        inside.append(low < 2.0 < high)
    assert np.mean(inside) > 0.85


def test_shares_of_pairs_are_counted_over_all_pairs_and_not_over_patients():
    share, low, high = share_of_pairs([(3, 3), (0, 15), (1, 6)])
    assert share == pytest.approx(4 / 24)
    assert low <= share <= high


def test_each_condition_holds_what_was_made_again_and_nothing_else():
    rows = [recorded(0, one, other, 100.0, wide=wide) for one, other, wide in plan(4)]
    assert len(rows) == len(set(rows)) == 4 + 2 * 3 + 4
    of = {name: [row for row in rows if row.is_of(name)] for name in ("placement", "recording", "both", "wide")}
    assert {row.recording for row in of["placement"]} == {0}
    assert {row.placement for row in of["recording"]} == {0}
    assert [(row.placement, row.recording) for row in of["both"]] == [(k, k) for k in range(4)]
    assert all(len(some) == 4 for some in of.values())


def test_refused_recordings_and_those_outside_the_scope_are_left_out():
    rows = [
        recorded(0, 0, 0, 100.0), recorded(0, 1, 0, 104.0), recorded(0, 2, 0, 90.0, outside_scope=True),
        replace(ROW, placement=3, stopped="lead_noisy"),
        recorded(1, 0, 0, 80.0), recorded(1, 1, 0, 81.0, outside_scope=True),
    ]  # fmt: skip
    assert [[row.lvm_g for row in some] for some in groups_of(rows, "placement")] == [[100.0, 104.0]]


def test_changes_of_the_answer_are_counted_in_pairs():
    answers = (Lvh.FLAGGED, Lvh.NOT_FLAGGED, Lvh.UNCERTAIN)
    some = [recorded(0, k, 0, 100.0 + k, lvh=answer, above_cutoff=k > 1) for k, answer in enumerate(answers)]
    same = [recorded(1, k, 0, 120.0 + k, lvh=Lvh.UNCERTAIN) for k in range(3)]
    found = spread([some, same])
    assert (found.n_patients, found.n_recordings, found.n_pairs) == (2, 6, 6)
    assert found.answers_differ[0] == pytest.approx(3 / 6)
    assert found.answers_flip[0] == pytest.approx(1 / 6)
    assert found.index_crosses[0] == pytest.approx(2 / 6)
    assert found.sd_g[0] == pytest.approx(1.0)
    assert found.sd_index_g_m2[0] == pytest.approx(0.5)


def test_one_in_twenty_pairs_of_normal_estimates_lies_beyond_the_coefficient():
    rng = np.random.default_rng(2)
    groups = [[recorded(k, 0, 0, 100.0 * np.exp(rng.normal(0.0, 0.03))) for _ in range(6)] for k in range(150)]
    found = spread(groups)
    assert found.sd_log[0] == pytest.approx(0.03, rel=0.1)
    assert found.pairs_beyond[0] == pytest.approx(0.05, abs=0.02)
    assert found.coefficient_log(0.0) == pytest.approx(1.96 * np.sqrt(2.0) * found.sd_log[0])


def test_the_third_with_the_largest_estimates_is_counted_by_itself():
    groups = [[recorded(k, 0, 0, mass - step), recorded(k, 1, 1, mass + step)] for k, (mass, step) in enumerate(
        [(100.0, 1.0), (140.0, 4.0), (90.0, 1.0), (120.0, 1.0), (150.0, 4.0), (110.0, 1.0)]
    )]  # fmt: skip
    found = spread(groups)
    assert found.heavy_from_g == pytest.approx(140.0)
    assert found.sd_log_heavy[0] == pytest.approx(within_sd([np.log([136, 144]), np.log([146, 154])])[0])
    assert found.sd_log_heavy[0] > found.sd_log[0]


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_the_slope_tells_constant_grams_from_constant_per_cent(power):
    rng = np.random.default_rng(3)
    groups = []
    for k, mass in enumerate(rng.uniform(60.0, 180.0, 400)):
        sd = 3.0 * (mass / 110.0) ** power
        groups.append([recorded(k, 0, 0, mass + rng.normal(0.0, sd)) for _ in range(6)])
    slope, low, high = slope_with_mass(groups)
    assert slope == pytest.approx(power, abs=0.25)
    assert low < slope < high


def test_rows_are_read_back_as_they_were_kept(tmp_path: Path):
    rows = [recorded(0, 1, 2, 100.0, lvh=Lvh.UNCERTAIN), replace(ROW, stopped="lead_flat")]
    (tmp_path / "rows.json").write_text(json.dumps([asdict(row) for row in rows]))
    assert read_rows(tmp_path / "rows.json") == rows
