"""Label side of a cohort against cohorts whose answers are known."""

import numpy as np
import pandas as pd
import pytest

from elvmass_core.errors import CohortError
from elvmass_core.realism import population
from elvmass_core.realism.documents import population_text
from elvmass_core.realism.information import ridge_auc
from elvmass_core.realism.targets import TARGETS
from tests.realism.tables import cohort


@pytest.fixture(scope="module")
def made():
    return cohort(400, 1)


@pytest.fixture(scope="module")
def described(made):
    return population.describe(made)


def value(described, quantity, sex):
    row = described[(described["quantity"] == quantity) & (described["sex"] == sex)]
    assert len(row) == 1
    return float(row["value"].iloc[0])


def test_every_target_is_a_quantity_that_is_described(described):
    known = set(zip(described["quantity"], described["sex"], strict=True))
    assert {(target.quantity, target.sex) for target in TARGETS} <= known
    assert all(target.source and target.low < target.high for target in TARGETS)


def test_means_prevalence_and_correlation_are_those_of_pandas(made, described):
    men = made.table[made.table["sex"] == "M"]
    assert value(described, "LV mass, mean, g", "M") == pytest.approx(men["lvm_g"].mean())
    assert value(described, "LV mass, SD, g", "M") == pytest.approx(men["lvm_g"].std())
    assert value(described, "LVH (> 80 / 65 g/m²), %", "M") == pytest.approx(100 * (men["lvmi_g_m2"] > 80).mean())
    assert value(described, "r(LV mass, BSA)", "M") == pytest.approx(men["lvm_g"].corr(men["bsa_m2"]))


def test_sensitivity_and_specificity_count_patients(made, described):
    men = made.table[made.table["sex"] == "M"]
    met = men["s_mv_V1"] + men[["r_mv_V5", "r_mv_V6"]].max(axis=1) >= 3.5
    assert value(described, "sensitivity of Sokolow–Lyon voltage, %", "M") == pytest.approx(
        100 * met[men["lvh"]].mean()
    )
    assert value(described, "specificity of Sokolow–Lyon voltage, %", "M") == pytest.approx(
        100 * (~met[~men["lvh"]]).mean()
    )


def test_the_ridge_finds_an_index_that_stands_in_one_measure(described):
    assert value(described, "c-statistic of the frozen ridge for LVH", "F") > 0.95


def test_the_ridge_knows_nothing_of_an_index_that_stands_nowhere(made):
    men = population.prepare(made)
    men = men[men["sex"] == "M"].assign(r_mv_V5=1.0)
    shuffled = men.assign(lvm_g=np.random.default_rng(0).permutation(men["lvmi_g_m2"]) * men["bsa_m2"])
    assert ridge_auc(shuffled).value == pytest.approx(0.5, abs=0.13)


def test_a_cohort_without_lvh_has_no_c_statistic(made):
    table = population.prepare(made).assign(cutoff_g_m2=1000.0)
    assert np.isnan(ridge_auc(table).value)


def test_demographics_explain_a_mass_made_of_them_without_error(made):
    table = made.table.copy()
    log_mass = 0.3 * (table["sex"] == "M") + 1.4 * np.log(table["height_cm"]) + 0.6 * np.log(table["weight_kg"])
    table["lvm_g"] = np.exp(log_mass - 4.5 + 0.002 * table["age"])
    bar = population.demographics_only(type(made)(table=table, beats_mv=made.beats_mv))
    assert max(bar.mae_g.values()) < 1e-6


def test_strain_is_visible_when_j_and_t_are_down_in_the_same_lateral_lead():
    table = pd.DataFrame(
        {
            "stj_mv_V5": [-0.10, -0.10, 0.0, -0.05], "t_mv_V5": [-0.1, 0.2, -0.1, -0.01],
            "stj_mv_V6": [0.0, 0.0, -0.10, 0.0], "t_mv_V6": [0.1, -0.1, 0.1, 0.1],
        }
    )  # fmt: skip
    assert population.visible_strain(table).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [(125.0, 120.0, 130.0, "inside"), (118.0, 115.0, 122.0, "undecided"), (110.0, 105.0, 115.0, "outside")],
)
def test_verdict_of_a_value_with_limits(value, low, high, verdict):
    row = pd.DataFrame([{"quantity": "LV mass, mean, g", "sex": "M", "value": value, "low": low, "high": high}])
    assert population.judge(row)["verdict"].tolist() == [verdict]


def test_the_page_names_cohort_and_bar(made, described):
    text = population_text("taiwan-like", 7, made, described, population.demographics_only(made))
    assert "seed 7" in text
    assert "age, height and weight alone" in text


def test_too_few_patients_are_refused_in_words():
    with pytest.raises(CohortError, match="of each sex"):
        population.describe(cohort(12, 1))
