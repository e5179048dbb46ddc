"""Twins differ in what was changed alone; scores find what they should on maps made by hand; the command runs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.__main__ import main
from elvmass_core.domain import Sex
from elvmass_core.figures.truth import SHOWN_METHODS, blame
from elvmass_core.truth.experiment import METHODS, SCORES
from elvmass_core.truth.report import lesson, markdown
from elvmass_core.truth.scores import changed_cells, localisation, mean_with_interval, placing
from elvmass_core.truth.twins import MECHANISMS, MORE_MASS, draw_patient, see
from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import simulate_beat


@pytest.fixture(scope="module")
def patient():
    return draw_patient(5, 0, Sex.MALE)


@pytest.fixture(scope="module")
def untouched(patient):
    return simulate_beat(patient)


def change(name, patient, untouched):
    """Largest change of each lead during QRS, and after it, in mV."""
    twin = simulate_beat(MECHANISMS[name].change(patient))
    n = min(twin.signal_mv.shape[1], untouched.signal_mv.shape[1])
    difference = np.abs(twin.signal_mv[:, :n] - untouched.signal_mv[:, :n])
    during = (untouched.times_ms[:n] >= 0.0) & (untouched.times_ms[:n] <= untouched.qrs_ms)
    after = untouched.times_ms[:n] > untouched.qrs_ms + 10.0
    return difference[:, during].max(axis=1), difference[:, after].max(axis=1)


def test_more_mass_is_more_wall_around_the_same_cavity(patient):
    twin = MECHANISMS["mass"].change(patient)
    assert twin.heart.lvm_g == pytest.approx(MORE_MASS * patient.heart.lvm_g)
    assert replace(twin.heart, lvm_g=patient.heart.lvm_g) == patient.heart
    assert replace(twin, heart=patient.heart, lvm_true_g=patient.lvm_true_g) == patient


@pytest.mark.parametrize("name", ["strain", "transmural"])
def test_changed_repolarisation_changes_st_t_and_hardly_the_qrs(name, patient, untouched):
    qrs, st_t = change(name, patient, untouched)
    assert st_t.max() > 0.05
    assert qrs.max() < 0.6 * st_t.max()


def test_higher_electrodes_change_v1_and_v2_alone(patient, untouched):
    qrs, st_t = change("electrode height", patient, untouched)
    moved = [LEAD_INDEX["V1"], LEAD_INDEX["V2"]]
    assert qrs[moved].min() > 0.03
    others = np.delete(np.maximum(qrs, st_t), moved)
    assert others.max() < 0.02


def test_more_fat_changes_chest_leads_more_than_limb_leads(patient, untouched):
    """Fat blurs what a chest electrode sees of the near heart; a limb electrode is far from it anyhow."""
    twin = simulate_beat(MECHANISMS["fat"].change(patient))
    change = np.abs(np.log(np.ptp(twin.signal_mv, axis=1) / np.ptp(untouched.signal_mv, axis=1)))
    assert change[6:].max() > change[:6].max()
    assert twin.wall_mm == untouched.wall_mm and twin.qrs_ms == untouched.qrs_ms


@pytest.mark.parametrize("index", [2, 5])
def test_more_fat_leaves_the_heart_behind_the_ribs_and_raises_no_chest_lead(index):
    """Without its clearance raised the heart follows the skin outwards by the whole centimetre."""
    patient = draw_patient(5, index, Sex.MALE)
    usual, twin = simulate_beat(patient), simulate_beat(MECHANISMS["fat"].change(patient))
    moved_cm = twin.heart_points_cm.mean(axis=0) - usual.heart_points_cm.mean(axis=0)
    assert np.abs(moved_cm).max() < 0.35
    assert (np.ptp(twin.signal_mv[6:], axis=1) < np.ptp(usual.signal_mv[6:], axis=1)).all()


def test_an_unchanged_twin_has_the_same_recording(patient):
    one, other = see(patient, 5, 0), see(patient, 5, 0)
    np.testing.assert_array_equal(one.beat.signal_mv, other.beat.signal_mv)
    noisy = see(patient, 5, 0, noise=1)
    assert np.abs(noisy.beat.signal_mv - one.beat.signal_mv).max() > 0.0


ENERGY = np.array([9.0, 0.6, 0.3, 0.1])


def test_the_fewest_cells_with_nine_tenths_of_the_change_are_those_that_changed():
    np.testing.assert_array_equal(changed_cells(ENERGY), [True, False, False, False])
    np.testing.assert_array_equal(changed_cells(np.array([5.0, 0.5, 4.5, 0.0])), [True, False, True, False])


def test_a_map_that_moves_where_the_ecg_moves_scores_fully_and_another_nothing():
    usual, swap = np.ones(4), np.array([-4.0, 1.0, 0.5, 0.1])
    right = localisation(swap, swap, ENERGY, usual, np.zeros(2))
    assert right["share"] == pytest.approx(4.0 / 5.6) and right["pointing"] == 1.0 and right["swap"] == 1.0
    assert right["chance"] == pytest.approx(0.25) and right["inputs"] == 0.0
    wrong = localisation(np.array([0.0, 0.0, 0.0, 3.0]), swap, ENERGY, usual, np.array([3.0, 0.0]))
    assert wrong["share"] == 0.0 and wrong["pointing"] == 0.0 and wrong["inputs"] == 0.5


def test_a_map_that_does_not_move_has_no_score():
    assert all(
        math.isnan(value) for value in localisation(np.zeros(4), np.ones(4), ENERGY, np.ones(4), np.ones(2)).values()
    )


def test_the_interval_holds_the_mean_and_forgets_the_unknown():
    assert mean_with_interval(np.array([np.nan])) is None
    mean, low, high = mean_with_interval(np.array([1.0, 2.0, np.nan, 3.0]))
    assert mean == pytest.approx(2.0) and low <= 2.0 <= high


def test_blame_where_a_mechanism_acts_has_no_score_for_one_that_acts_everywhere():
    place = np.array([True, True, False, False])
    assert placing(np.array([3.0, -3.0, 2.0, 0.0]), np.ones(4), place) == {"placed": 0.75, "placed_chance": 0.5}
    assert all(math.isnan(value) for value in placing(np.ones(4), np.ones(4), np.ones(4, dtype=bool)).values())
    assert not MECHANISMS["fat"].is_local and MECHANISMS["electrode height"].acts_on("V1", "T")
    assert not MECHANISMS["electrode height"].acts_on("V3", "T") and not MECHANISMS["strain"].acts_on("V3", "QRS")


def test_the_lesson_is_counted_from_paired_differences():
    methods = {name: {"own": [rho, rho, rho]} for name, rho in (("integrated gradients", 0.8), ("random weights", 0.6))}
    less = {"share": [-0.1, -0.2, -0.05], "placed": [0.1, 0.05, 0.2], "own": [0.2, -0.1, 0.3]}
    found = {"strain": {"methods": methods, "map_less_random": less, "estimate_moves_g": [15.0, 12.0, 17.0]}}
    nowhere = {"fat": {"methods": methods, "map_less_random": less | {"placed": None}}}
    words = lesson({"mechanisms": {"strain": "", "fat": ""}, "sexes": {"M": found | nowhere}})
    assert "more in 0 and less in 2 of 2" in words and "more in 1 and less in 0 of 1" in words
    assert "more in 0 and less in 0 of 2" in words and "+15 g in men" in words


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_shows_each_method_with_chance_and_leaves_out_a_line_without_a_place(theme):
    scores = {"placed": [0.7, 0.6, 0.8], "placed_chance": [0.3, 0.2, 0.4], "own": [0.8, 0.7, 0.9]}
    methods = dict.fromkeys(METHODS, scores)
    nowhere = dict.fromkeys(METHODS, scores | {"placed": None, "placed_chance": None})
    result = {
        "mechanisms": {"strain": "", "fat": ""},
        "sexes": {"M": {"strain": {"methods": methods}, "fat": {"methods": nowhere}}},
    }
    figure = blame(result, "placed", theme=theme)
    assert [trace.name for trace in figure.data] == [*SHOWN_METHODS, "chance"]
    assert [len(trace.x) for trace in figure.data] == [1] * 4 and figure.data[-1].x[0] == pytest.approx(30.0)
    assert [note.text for note in figure.layout.annotations] == ["strain, men"]
    assert "%" in figure.layout.xaxis.title.text and "ρ" in blame(result, "own").layout.xaxis.title.text


def test_the_quick_command_writes_every_mechanism_method_and_score(tmp_path):
    assert main(["truth", "--quick", "--workers", "1", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    for found in result["sexes"].values():
        assert set(found) == set(MECHANISMS)
        for one in found.values():
            assert one["n"] >= 1
            assert set(one["methods"]) == set(METHODS)
            assert all(set(scores) == set(SCORES) for scores in one["methods"].values())
    assert (tmp_path / "truth.md").read_text(encoding="utf-8") == markdown(result)
