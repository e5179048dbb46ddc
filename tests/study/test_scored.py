"""A user's scored table: the same numbers as the study's, and every doubt about the table in words."""

import io

import numpy as np
import pandas as pd
import pytest

from elvmass_core.errors import TableError
from elvmass_core.study.scored import (
    Scored,
    agreement,
    calibration,
    coverage,
    points_of,
    roc,
    scored_result,
)
from elvmass_core.study.scored_table import MAX_BYTES, MAX_PATIENTS, TEMPLATE, read_scored_table
from elvmass_core.study.statistics import Truth, accuracy
from tests.study_folder import patients, scored_csv


def frame(**changes):
    return pd.read_csv(io.StringIO(scored_csv())).assign(**changes)


def read(table):
    return read_scored_table(table.to_csv(index=False).encode())


def scored(n=200):
    data = patients(n, 5)
    guess = data.lvm_g + np.random.default_rng(0).normal(2.0, 10.0, n)
    return Scored(truth=Truth.of(data), estimate_g=guess)


# --- Numbers and curves -----------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_study_on_the_same_patients():
    one = scored()
    result = scored_result(one)
    assert result["accuracy"] == accuracy(one.estimate_g, one.truth)
    assert result["coverage"] == {"men": None, "women": None}
    assert result["n"] == 200


def test_bias_and_limits_of_a_worked_example():
    """Bland & Altman: differences 1, 2, 3 have mean 2 and SD 1, so the limits are 2 ± 1.96."""
    truth = Truth(lvm_g=np.array([100.0, 110.0, 120.0]), bsa_m2=np.ones(3), male=np.ones(3, bool), fold=np.zeros(3))
    found = agreement(Scored(truth=truth, estimate_g=truth.lvm_g + [1.0, 2.0, 3.0]), "men")
    assert found.bias_g == pytest.approx(2.0)
    assert found.limits_g == pytest.approx((0.04, 3.96))


def test_the_area_under_the_curve_is_the_c_statistic_and_scikit_learn_draws_the_same():
    from sklearn.metrics import roc_curve

    one = scored()
    for who in ("men", "women"):
        found, mask = roc(one, who), one.truth.group(who)
        assert np.trapezoid(found.sensitivity, found.false_positive) == pytest.approx(found.c)
        false, hit, _ = roc_curve(
            one.truth.has_lvh[mask], (one.estimate_g / one.truth.bsa_m2)[mask], drop_intermediate=False
        )
        np.testing.assert_allclose(found.false_positive, false)
        np.testing.assert_allclose(found.sensitivity, hit)


def test_equal_scores_make_a_slanted_step():
    truth = Truth(lvm_g=np.array([90.0, 50.0, 90.0, 50.0]), bsa_m2=np.ones(4), male=np.ones(4, bool), fold=np.zeros(4))
    found = roc(Scored(truth=truth, estimate_g=np.full(4, 70.0)), "men")
    np.testing.assert_array_equal(found.false_positive, [0, 1])
    np.testing.assert_array_equal(found.sensitivity, [0, 1])
    assert found.c == 0.5


def test_without_lvh_there_is_no_curve():
    one = scored()
    flat = Truth(lvm_g=np.full(200, 40.0), bsa_m2=one.truth.bsa_m2, male=one.truth.male, fold=one.truth.fold)
    assert roc(Scored(truth=flat, estimate_g=one.estimate_g), "men") is None


def test_a_perfect_estimate_lies_on_the_line_of_calibration():
    one = scored()
    found = calibration(Scored(truth=one.truth, estimate_g=one.truth.lvm_g), "women")
    np.testing.assert_allclose(found.estimate_g, found.known_g)
    assert len(found.known_g) == 10
    assert (np.diff(found.estimate_g) > 0).all()


def test_coverage_counts_patients_with_both_ends():
    one = scored(40)
    mass = one.truth.lvm_g
    low, high = np.where(np.arange(40) < 4, np.nan, mass - 5.0), np.where(np.arange(40) < 20, mass - 1.0, mass + 5.0)
    found = coverage(Scored(truth=one.truth, estimate_g=mass, low_g=low, high_g=high), "men")
    assert (found["n"], found["covered"]) == (18, pytest.approx(10 / 18))


def test_criteria_without_an_answer_have_no_point():
    both = {"men": {"sensitivity": 0.2, "specificity": 0.9}}
    assert points_of({"a": both, "b": {"men": {"sensitivity": None, "specificity": 0.9}}}, "men") == {
        "a": (pytest.approx(0.1), 0.2)
    }
    assert points_of({"a": both}, "women") == {}


# --- Reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "semicolon", "tab", "latin-1", "upper case", "parquet", "parquet, category"])
def test_every_way_to_write_the_table_gives_the_same_patients(kind):
    table, want = frame(), read(frame()).scored
    content = {
        "csv": lambda: table.to_csv(index=False).encode("utf-8-sig"),
        "semicolon": lambda: table.to_csv(index=False, sep=";", decimal=",").encode(),
        "tab": lambda: table.to_csv(index=False, sep="\t").encode(),
        "latin-1": lambda: table.assign(name="Müller").to_csv(index=False).encode("latin-1"),
        "upper case": lambda: table.rename(columns=str.upper).assign(SEX=table.sex.str.lower()).to_csv().encode(),
        "parquet": lambda: table.to_parquet(),
        "parquet, category": lambda: table.astype({"sex": "category"}).assign(when=pd.Timestamp(0)).to_parquet(),
    }[kind]()
    found = read_scored_table(content)
    assert found.notes == ()
    np.testing.assert_allclose(found.scored.estimate_g, want.estimate_g)
    np.testing.assert_allclose(found.scored.low_g, want.low_g)
    np.testing.assert_array_equal(found.scored.truth.male, want.truth.male)


def test_body_surface_is_dubois_from_height_and_weight_where_it_is_not_stated():
    """DuBois: 170 cm and 70 kg are 1.81 m²."""
    table = frame(height_cm=170.0, weight_kg=70.0)
    table.loc[:39, "bsa_m2"] = np.nan
    found = read(table).scored.truth.bsa_m2
    np.testing.assert_allclose(found[:40], 1.81, atol=0.005)
    np.testing.assert_allclose(found[40:], table.bsa_m2[40:])
    np.testing.assert_allclose(read(table.drop(columns="bsa_m2")).scored.truth.bsa_m2, found[0])


@pytest.mark.parametrize("missing", ["sex", "lvm_measured_g", "lvm_g", "bsa_m2"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_missing_column_is_named(missing, kind):
    table = frame().drop(columns=missing)
    with pytest.raises(TableError, match=f"lacks {missing}"):
        read_scored_table(table.to_parquet() if kind == "parquet" else table.to_csv(index=False).encode())


def test_another_unit_is_suspected():
    with pytest.raises(TableError, match=r"80 of 80 values of lvm_measured_g are not 20–600 g: check the unit"):
        read(frame(lvm_measured_g=0.1))


def test_single_impossible_values_are_left_out_with_a_sentence():
    table = frame().astype({"lvm_g": object})
    table.loc[[0, 1, 2, 3], "lvm_g"] = [9999, "abc", None, "inf"]
    found = read(table)
    assert len(found.scored) == 76
    assert "3 values of lvm_g are not 20–600 g and count as unknown." in found.notes
    assert any("4 of 80 patients have no estimate" in note for note in found.notes)


def test_too_few_of_one_sex_leave_the_other():
    table = frame()
    table = pd.concat([table[table.sex == "M"], table[table.sex == "F"].head(19)])
    found = read(table)
    assert found.scored.sexes == ("men",)
    assert found.notes == ("19 women are fewer than 20 and are left out.",)
    assert set(scored_result(found.scored)["accuracy"]) == {"men"}
    with pytest.raises(TableError, match="Only 19 men and 19 women are usable"):
        read(frame().groupby("sex").head(19))


def test_a_patient_without_sex_is_left_out():
    table = frame()
    table.loc[:1, "sex"] = ["unknown", None]
    assert read(table).notes == ("2 of 80 patients have no sex (F or M) and are left out.",)


def test_an_interval_the_wrong_way_round_is_not_counted():
    table = frame()
    table.loc[0, ["low_g", "high_g"]] = [120.0, 80.0]
    found = read(table)
    assert found.notes == ("In 1 patients low_g lies above high_g; their interval is not counted.",)
    assert coverage(found.scored, "men")["n"] == 39


def test_without_intervals_there_is_no_coverage():
    assert read_scored_table(scored_csv(intervals=False).encode()).scored.low_g is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "lacks sex"),
        (b"\x89PNG\0\0", "neither a CSV nor a Parquet"),
        (b"PAR1 and then nothing", "damaged"),
        (TEMPLATE.encode(), "holds no patient"),
        (b"sex,lvm_g,lvm_g,lvm_measured_g,bsa_m2\nF,1,2,3,4\n", "lvm_g more than once"),
        (b"x" * (MAX_BYTES + 1), "at most 5 MB"),
        ((",".join(map(str, range(501))) + "\n").encode(), "501 columns"),
        ((TEMPLATE + "F,90,90,80,99,160,60\n" * (MAX_PATIENTS + 1)).encode(), "more than 10000 patients"),
        (b'sex,lvm_measured_g,lvm_g,bsa_m2\n"F,90,80,1.7\n', "cannot be read"),
        (b"sex,lvm_measured_g,lvm_g,bsa_m2\nF\nM\n", "Only 0 men"),
    ],
)  # fmt: skip
def test_what_is_no_scored_table_is_refused_in_words(content, words):
    with pytest.raises(TableError, match=words):
        read_scored_table(content)


def test_the_rows_of_a_parquet_are_counted_before_it_is_unpacked():
    many = pd.concat([frame()] * 130)
    with pytest.raises(TableError, match="more than 10000"):
        read_scored_table(many.to_parquet())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lvm_g": "ninety"}, "lvm_g holds (large_)?string: it must hold numbers"),
        ({"sex": 1}, "sex holds int64: it must hold text"),
        ({"lvm_g": [[1.0]] * 80}, "lvm_g holds list"),
    ],
)
def test_a_parquet_column_of_another_kind_is_named(change, words):
    with pytest.raises(TableError, match=words):
        read_scored_table(frame(**change).to_parquet())
