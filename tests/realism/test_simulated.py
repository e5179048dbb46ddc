"""Simulated partners of real people, shifts of a patient, and pictures; a handful of real simulations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.realism import sensitivity as sensitivities
from elvmass_core.realism.documents import sensitivity_text
from elvmass_core.realism.measures import MEASURES, SHAPES, BeatTable
from elvmass_core.realism.paper import LEFT_MM, MM_PER_MV, ecg_paper, save_png
from elvmass_core.realism.simulated import has_lvh, is_healthy, is_sinus, simulate_matched, simulate_population
from elvmass_core.virtual import PRESETS, sample_patient
from tests import synthetic

PRESET = PRESETS["taiwan-like"]


def people(*who):
    table = pd.DataFrame([{"match": name, "sex": sex, "age": age} for name, sex, age in who])
    return BeatTable(table=table, beats_mv=np.zeros((len(who), 12, 400), np.float32))


@pytest.fixture(scope="module")
def matched():
    return simulate_matched(people(("a", "F", 40.0), ("b", "M", 70.0)), n=4, seed=5)


def test_partners_have_the_sex_and_age_asked_for_and_no_lvh(matched):
    table = matched.table
    assert table["match"].tolist() == ["a", "a", "b", "b"]
    assert table["sex"].tolist() == ["F", "F", "M", "M"]
    assert (table["age"] - [40, 40, 70, 70]).abs().max() <= 2.0
    assert not table["lvh"].any()
    assert (table["qrs_ms"] < 120).all()
    assert {*MEASURES, *SHAPES} <= set(table)
    assert matched.beats_mv.shape == (4, 12, 400)


def test_a_partner_depends_on_seed_and_place_not_on_who_comes_after(matched):
    again = simulate_matched(people(("a", "F", 40.0)), n=2, seed=5)
    pd.testing.assert_frame_equal(again.table, matched.table.iloc[:2])
    np.testing.assert_array_equal(again.beats_mv, matched.beats_mv[:2])


def test_a_population_counts_whom_it_could_not_measure():
    cohort = simulate_population(3, seed=2)
    assert len(cohort) + cohort.table.attrs["refused"] == 3


def test_lvh_is_judged_by_the_sex_s_own_limit():
    patient = sample_patient(np.random.default_rng(0), PRESET, sex=Sex.MALE)
    at = {sex: replace(patient, sex=sex, lvm_true_g=72.0 * patient.bsa_m2) for sex in (Sex.MALE, Sex.FEMALE)}
    assert not has_lvh(at[Sex.MALE])
    assert has_lvh(at[Sex.FEMALE])


@pytest.mark.parametrize(("block", "sinus"), [("none", True), ("irbbb", True), ("lafb", True), ("lbbb", False)])
def test_complete_blocks_are_no_comparison(block, sinus):
    patient = sample_patient(np.random.default_rng(0), PRESET)
    plain = replace(patient, block=block, rhythm=replace(patient.rhythm, kind="sinus"))
    assert is_sinus(plain) is sinus
    assert not is_sinus(replace(plain, rhythm=replace(plain.rhythm, kind="atrial_fibrillation")))


def test_a_preset_in_which_everybody_has_lvh_is_refused_in_words():
    heavy = replace(PRESET, mass=replace(PRESET.mass, flat_range=(0.8, 0.9)))
    with pytest.raises(CohortError, match="without LVH"):
        simulate_matched(people(("a", "F", 60.0)), n=1, seed=0, preset=heavy)


@pytest.fixture(scope="module")
def healthy():
    return sensitivities.healthy_patients(PRESET, 3, Sex.FEMALE, 1)[0]


def test_every_number_of_a_patient_has_a_path_and_a_shift_moves_it_alone(healthy):
    before = sensitivities.grouped(healthy)
    assert ("heart", "lvm_g") in before
    assert ("conduction", "roots", "[]", "delay_ms") in before
    assert not any(path[0] in sensitivities.SKIPPED for path in before)
    path = ("conduction", "roots", "[]", "delay_ms")
    after = sensitivities.grouped(sensitivities.shifted(healthy, path, [1.0] * len(before[path])))
    assert {name for name in before if before[name] != after[name]} == {path}
    np.testing.assert_allclose(np.subtract(after[path], before[path]), 1.0)


def test_parameters_carry_their_spread_and_their_source():
    found = sensitivities.parameters(PRESET, 0, {"source.gain": "a paper"}, n=40)
    by_name = {one.name: one for one in found}
    assert by_name["source.gain"].source == "a paper"
    assert by_name["heart.lvm_g"].source == "assumed"
    assert all(len(one.spread[Sex.MALE]) == len(one.spread[Sex.FEMALE]) for one in found)
    assert "repolarisation.strain_apd_ms" not in by_name


def test_voltages_follow_the_gain_in_proportion_and_durations_do_not(healthy):
    assert is_healthy(healthy)
    plain = sensitivities.outcomes(healthy)
    louder = sensitivities.shifted(healthy, ("source", "gain"), [0.2 * healthy.source.gain])
    changed = sensitivities.outcomes(louder)
    for name in ("Sokolow–Lyon, mV", "Cornell, mV", "T V4–V6, mV"):
        assert changed[name] == pytest.approx(1.2 * plain[name], rel=0.02, abs=0.01)
    assert changed["QRS, ms"] == pytest.approx(plain["QRS, ms"], abs=6.0)


def test_a_row_of_the_table_is_the_mean_change():
    parameter = sensitivities.Parameter(
        path=("source", "gain"), spread={Sex.MALE: (6.0,), Sex.FEMALE: (5.0,)}, source="assumed"
    )
    base = pd.DataFrame([dict.fromkeys(sensitivities.OUTCOMES, value) for value in (1.0, 2.0)])
    up, down = dict.fromkeys(sensitivities.OUTCOMES, 3.0), dict.fromkeys(sensitivities.OUTCOMES, 0.0)
    row = sensitivities._row(parameter, base, [(up, down), (up, down)])
    assert (row["QRS, ms +"], row["QRS, ms −"]) == (1.5, -1.5)
    text = sensitivity_text("taiwan-like", 0, 1, pd.DataFrame([row]))
    assert "| source.gain" in text
    assert "+1.5 / -1.5" in text


def test_ten_millimetres_are_one_millivolt_and_25_are_a_second():
    signal = np.zeros((12, 5000))
    signal[10, 4000:4010] = 1.0
    axes = ecg_paper(signal, 500.0, "square").axes[0]
    v5 = next(line for line in axes.lines if line.get_xdata().size > 1000 and np.ptp(line.get_ydata()) > 5)
    assert np.ptp(v5.get_ydata()) == pytest.approx(MM_PER_MV)
    assert v5.get_xdata()[np.argmax(v5.get_ydata())] == pytest.approx(LEFT_MM + 8.0 * 25.0)


def test_a_picture_is_small_and_readable(tmp_path):
    path = save_png(ecg_paper(synthetic.signal()[0], 500.0, "synthetic"), tmp_path / "a" / "ecg.png")
    assert path.stat().st_size < 400_000
    with Image.open(path) as image:
        assert min(image.size) > 600
