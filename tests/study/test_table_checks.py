"""What is said of a table of patients before anything is learned from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from elvmass_core.domain import Severity
from elvmass_core.study.table_checks import check_lines, check_patients
from tests.cohorts import patients


def table(n=40, **columns):
    """Lines of ordinary adults, as text; a column may be replaced."""
    rng = np.random.default_rng(3)
    lines = {
        "record": [f"r{k}" for k in range(n)],
        "sex": ["M", "F"] * (n // 2),
        "age": rng.uniform(40, 80, n).round(),
        "height_cm": rng.normal(168, 8, n).round(1),
        "weight_kg": rng.normal(72, 9, n).round(1),
        "lvm_g": rng.normal(125, 20, n).round(1),
        "patient": [f"p{k}" for k in range(n)],
    }
    return pd.DataFrame({name: map(str, values) for name, values in (lines | columns).items()})


def found(frame):
    return {finding.code: finding for finding in check_lines(frame)}


def test_an_ordinary_table_has_no_finding():
    assert check_lines(table()) == ()


@pytest.mark.parametrize(
    ("column", "factor", "code", "word"),
    [
        ("height_cm", 0.01, "unit_height_cm", "metres"),
        ("height_cm", 1 / 2.54, "unit_height_cm", "inches"),
        ("weight_kg", 2.2046, "unit_weight_kg", "pounds"),
        ("lvm_g", 0.001, "unit_lvm_g", "kilograms"),
    ],
)
def test_a_column_in_another_unit_stops_and_the_unit_is_named(column, factor, code, word):
    frame = table()
    frame[column] = (frame[column].astype(float) * factor).astype(str)
    finding = found(frame)[code]
    assert finding.severity is Severity.STOP
    assert word in finding.message


def test_a_few_impossible_values_are_named_and_left_out_and_many_stop():
    few, many = table(), table()
    few.loc[3, "lvm_g"] = "9999"
    many.loc[:9, "age"] = "1950"
    one, other = found(few)["impossible_lvm_g"], found(many)["impossible_age"]
    assert one.severity is Severity.CAUTION
    assert "r3" in one.message
    assert other.severity is Severity.STOP
    assert "10 of 40" in other.message


def test_an_age_of_90_and_more_is_no_impossible_value():
    frame = table()
    frame.loc[0, "age"] = "90+"
    assert check_lines(frame) == ()


def test_sexes_in_another_coding_stop_and_the_words_found_are_shown():
    finding = found(table(sex=["1", "2"] * 20))["sex_labels"]
    assert finding.severity is Severity.STOP
    assert "'1'" in finding.message


def test_a_record_in_two_lines_stops():
    frame = table()
    frame.loc[1, "record"] = "r0"
    assert found(frame)["record_twice"].severity is Severity.STOP


def test_a_patient_who_is_man_and_woman_stops_and_one_with_two_recordings_does_not():
    both, same = table(), table()
    both.loc[1, "patient"] = "p0"
    same.loc[2, "patient"] = "p0"
    assert found(both)["patient_of_both_sexes"].severity is Severity.STOP
    assert set(found(same)) == {"several_recordings"}


def test_a_table_without_patients_says_what_that_may_cost():
    finding = found(table().drop(columns="patient"))["patients_not_named"]
    assert finding.severity is Severity.NOTE
    assert "fold" in finding.message


@pytest.fixture
def cohort():
    """Men and women whose mass follows body size."""
    data = patients(120, seed=9)
    spread = np.exp(0.06 * np.random.default_rng(8).standard_normal(len(data)))
    return replace(data, lvm_g=np.where(data.sex == "M", 70.0, 57.0) * data.bsa_m2 * spread)


def codes(data):
    return {finding.code: finding for finding in check_patients(data)}


def test_an_ordinary_cohort_has_no_finding(cohort):
    assert check_patients(cohort) == ()


def test_the_same_recording_of_two_patients_stops_and_of_one_patient_does_not(cohort):
    beats = np.array(cohort.beats_mv)
    beats[7] = beats[3]
    twice = replace(cohort, beats_mv=beats)
    assert codes(twice)["same_recording"].severity is Severity.STOP
    patient = cohort.patient.copy()
    patient[7] = patient[3]
    assert "same_recording" not in codes(replace(twice, patient=patient))


def test_exchanged_sexes_stop(cohort):
    exchanged = replace(cohort, sex=np.where(cohort.sex == "M", "F", "M"))
    assert codes(exchanged)["sexes_exchanged"].severity is Severity.STOP


def test_masses_that_are_an_index_stop(cohort):
    index = replace(cohort, lvm_g=np.random.default_rng(1).normal(60.0, 9.0, len(cohort)))
    assert "g/m²" in codes(index)["unit_lvm_g"].message


def test_shuffled_masses_and_single_ones_far_off_are_cautions(cohort):
    shuffled = replace(cohort, lvm_g=np.random.default_rng(4).permutation(np.where(cohort.sex == "M", 131.0, 132.0)
                       + np.random.default_rng(5).normal(0, 15, len(cohort))))  # fmt: skip
    assert {"mass_unrelated_men", "mass_unrelated_women"} & set(codes(shuffled))
    mass = np.array(cohort.lvm_g)
    mass[0] *= 6.0
    far = [finding for code, finding in codes(replace(cohort, lvm_g=mass)).items() if code.startswith("mass_far_off")]
    assert len(far) == 1
    assert "(0)" in far[0].message
    assert far[0].severity is Severity.CAUTION


def test_files_of_the_other_sex_are_said_and_many_of_them_stop(cohort):
    few = tuple((f"x{k}", "sex_differs_from_file") for k in range(3))
    many = tuple((f"x{k}", "sex_differs_from_file") for k in range(30))
    assert "the file states the other sex 3" in codes(replace(cohort, left_out=few))["left_out"].message
    assert "sexes_differ_from_files" not in codes(replace(cohort, left_out=few))
    assert codes(replace(cohort, left_out=many))["sexes_differ_from_files"].severity is Severity.STOP
