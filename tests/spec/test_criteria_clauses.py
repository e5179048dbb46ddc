"""Each classical criterion against the clause that published it: formula, cut-off, strictness, sex rule.

10 mm = 1 mV. Every oracle is a number computed by hand from the named source, in mm where the source prints mm.
"""

import pytest

from elvmass_core.criteria import CRITERIA, EVERY_CRITERION, apply_criteria
from elvmass_core.domain import Features, Measurement, Sex
from elvmass_core.features import FEATURE_NAMES

BOTH = (Sex.MALE, Sex.FEMALE)
EACH_SEX = pytest.mark.parametrize("sex", BOTH)


def features(**values):
    """A flat ECG with a QRS of 80 ms and an axis of 30°, unless given."""
    plain = dict.fromkeys(FEATURE_NAMES, 0.0) | {"qrs_ms": 80.0, "qrs_axis_deg": 30.0} | values
    return Features(values={name: Measurement(value=value, unit="") for name, value in plain.items()})


def result(name, sex, patterns=frozenset(), **values):
    return next(one for one in apply_criteria(features(**values), sex, patterns=patterns) if one.name == name)


def met(name, sex, **values):
    return result(name, sex, **values).met


@EACH_SEX
def test_pmc4750022_table_1_sokolow_lyon_is_s_v1_plus_r_v5_or_v6_of_at_least_35_mm(sex):
    assert met("Sokolow–Lyon voltage", sex, s_mv_V1=1.2, r_mv_V5=2.3, r_mv_V6=0.0) is True
    assert met("Sokolow–Lyon voltage", sex, s_mv_V1=1.2, r_mv_V5=0.0, r_mv_V6=2.3) is True
    assert met("Sokolow–Lyon voltage", sex, s_mv_V1=1.2, r_mv_V5=2.29, r_mv_V6=2.29) is False
    assert met("Sokolow–Lyon voltage", sex, s_mv_V2=9.0, r_mv_V4=9.0) is False


@EACH_SEX
def test_science_section_5_sokolow_lyon_product_is_voltage_times_qrs_of_at_least_371_mv_ms(sex):
    # PMC4750022, table 1 prints ≥ 3710 mm · ms: 3.5 mV × 106 ms = 371 mV·ms.
    assert met("Sokolow–Lyon product", sex, s_mv_V1=1.5, r_mv_V6=2.0, qrs_ms=106.0) is True
    assert met("Sokolow–Lyon product", sex, s_mv_V1=1.5, r_mv_V6=2.0, qrs_ms=105.9) is False


def test_casale_1987_cornell_voltage_is_above_28_mm_in_men_and_above_20_mm_in_women():
    # A published calculator has the sexes swapped: 24 mm must be met by a woman and not by a man.
    assert met("Cornell voltage", Sex.MALE, r_mv_aVL=1.0, s_mv_V3=1.4) is False
    assert met("Cornell voltage", Sex.FEMALE, r_mv_aVL=1.0, s_mv_V3=1.4) is True
    assert result("Cornell voltage", Sex.MALE).cutoff == 2.8
    assert result("Cornell voltage", Sex.FEMALE).cutoff == 2.0


@pytest.mark.parametrize(("sex", "s_v3"), [(Sex.MALE, 1.6), (Sex.FEMALE, 0.8)])
def test_casale_1987_cornell_voltage_at_the_cutoff_is_not_met(sex, s_v3):
    # 1.2 + 1.6 is 2.8000000000000003 in binary: the boundary must hold in decimal.
    assert met("Cornell voltage", sex, r_mv_aVL=1.2, s_mv_V3=s_v3) is False
    assert met("Cornell voltage", sex, r_mv_aVL=1.2, s_mv_V3=s_v3 + 0.01) is True


def test_pmc4750022_table_1_cornell_product_adds_08_mv_in_women_before_multiplying_by_qrs():
    # 2440 mm·ms. Man: 2.44 mV × 100 ms. Woman: (1.64 + 0.8) mV × 100 ms.
    assert met("Cornell product", Sex.MALE, r_mv_aVL=1.0, s_mv_V3=1.44, qrs_ms=100.0) is True
    assert met("Cornell product", Sex.MALE, r_mv_aVL=1.0, s_mv_V3=1.43, qrs_ms=100.0) is False
    assert met("Cornell product", Sex.FEMALE, r_mv_aVL=1.0, s_mv_V3=0.64, qrs_ms=100.0) is True
    assert met("Cornell product", Sex.FEMALE, r_mv_aVL=1.0, s_mv_V3=0.63, qrs_ms=100.0) is False


def test_pmc4750022_table_1_the_womens_term_belongs_to_the_product_alone():
    same = {"r_mv_aVL": 1.0, "s_mv_V3": 1.0, "qrs_ms": 100.0}
    for name, women_less_men in (("Cornell voltage", 0.0), ("Cornell product", 80.0)):
        values = [result(name, sex, **same).value for sex in (Sex.FEMALE, Sex.MALE)]
        assert values[0] - values[1] == pytest.approx(women_less_men)


@EACH_SEX
def test_esc_esh_2018_r_avl_of_at_least_11_mm(sex):
    assert met("R aVL", sex, r_mv_aVL=1.1) is True
    assert met("R aVL", sex, r_mv_aVL=1.09) is False


def test_jacc_2017_peguero_is_the_deepest_s_of_any_lead_plus_s_v4_of_at_least_28_mm_in_men_and_23_mm_in_women():
    for lead in ("V1", "V2", "III", "aVR"):
        assert met("Peguero–Lo Presti", Sex.MALE, **{f"s_mv_{lead}": 1.9, "s_mv_V4": 0.9}) is True
        assert met("Peguero–Lo Presti", Sex.MALE, **{f"s_mv_{lead}": 1.9, "s_mv_V4": 0.89}) is False
        assert met("Peguero–Lo Presti", Sex.FEMALE, **{f"s_mv_{lead}": 1.4, "s_mv_V4": 0.9}) is True
        assert met("Peguero–Lo Presti", Sex.FEMALE, **{f"s_mv_{lead}": 1.4, "s_mv_V4": 0.89}) is False
    # S V4 counts twice where it is the deepest.
    assert result("Peguero–Lo Presti", Sex.MALE, s_mv_V4=1.4).value == pytest.approx(2.8)


@EACH_SEX
def test_aha_accf_hrs_2009_part_v_gubner_is_r_i_plus_s_iii_of_at_least_25_mm(sex):
    assert met("Gubner–Ungerleider", sex, r_mv_I=1.5, s_mv_III=1.0) is True
    assert met("Gubner–Ungerleider", sex, r_mv_I=1.5, s_mv_III=0.99) is False


# --- Romhilt–Estes: the table of points -------------------------------------------------------------------------------

VOLTAGE, AXIS = {"r_mv_V5": 3.0}, {"qrs_axis_deg": -30.0}
STRAIN = {"r_mv_V6": 1.0, "stj_mv_V6": -0.1, "t_mv_V6": -0.2}
LEFT_ATRIUM = {"p_terminal_mv_V1": 0.1, "p_terminal_ms_V1": 40.0}


@pytest.mark.parametrize(
    ("values", "points"),
    [
        # Merck table, row by row, each at its boundary and just below.
        ({"r_mv_I": 2.0}, 3), ({"s_mv_III": 2.0}, 3), ({"s_mv_aVR": 2.0}, 3), ({"r_mv_I": 1.99}, 0),
        ({"s_mv_V1": 3.0}, 3), ({"s_mv_V2": 3.0}, 3), ({"s_mv_V2": 2.99}, 0), ({"s_mv_V3": 5.0}, 0),
        ({"r_mv_V5": 3.0}, 3), ({"r_mv_V6": 3.0}, 3), ({"r_mv_V6": 2.99}, 0), ({"r_mv_V4": 5.0}, 0),
        (STRAIN, 3), (STRAIN | {"t_mv_V6": 0.2}, 0), (STRAIN | {"stj_mv_V6": 0.0}, 0), (STRAIN | {"s_mv_V6": 1.1}, 0),
        (LEFT_ATRIUM, 3), (LEFT_ATRIUM | {"p_terminal_mv_V1": 0.09}, 0), (LEFT_ATRIUM | {"p_terminal_ms_V1": 38.0}, 0),
        (AXIS, 2), ({"qrs_axis_deg": -29.0}, 0), ({"qrs_axis_deg": -90.0}, 2), ({"qrs_axis_deg": -120.0}, 0),
        ({"qrs_ms": 90.0}, 1), ({"qrs_ms": 89.0}, 0),
        ({"intrinsicoid_ms_V5": 50.0}, 1), ({"intrinsicoid_ms_V6": 50.0}, 1), ({"intrinsicoid_ms_V6": 48.0}, 0),
        (VOLTAGE | {"r_mv_I": 2.5, "s_mv_V1": 3.5}, 3),
        (VOLTAGE | STRAIN | LEFT_ATRIUM | AXIS | {"qrs_ms": 90.0, "intrinsicoid_ms_V5": 50.0}, 13),
    ],
)  # fmt: skip
def test_romhilt_estes_1968_points(values, points):
    assert result("Romhilt–Estes", Sex.MALE, **values).value == points


@EACH_SEX
def test_romhilt_estes_1968_five_points_are_definite_and_four_only_probable(sex):
    five = result("Romhilt–Estes", sex, **VOLTAGE, **AXIS)
    four = result("Romhilt–Estes", sex, **VOLTAGE, qrs_ms=90.0)
    assert (five.value, five.met, five.unit) == (5.0, True, "points")
    assert (four.value, four.met) == (4.0, False)
    assert "probable LVH" in four.reason
    assert "voltage 3" in five.reason
    assert "left axis 2" in five.reason


def test_romhilt_estes_1968_says_that_st_t_scores_as_without_digitalis():
    found = result("Romhilt–Estes", Sex.MALE, **STRAIN)
    assert "digitalis" in found.formula
    assert "digitalis" in found.reason


NO_P = {"p_terminal_mv_V1": None, "p_terminal_ms_V1": None}


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        (VOLTAGE | AXIS, True),  # 5 without P
        (AXIS, None),  # 2, and P could bring 3
        ({"qrs_ms": 90.0}, False),  # 1, and P could bring no more than 4
    ],
    ids=["already reached", "undecided", "out of reach"],
)
def test_romhilt_estes_without_a_p_wave_is_judged_only_where_p_cannot_change_the_answer(values, answer):
    found = result("Romhilt–Estes", Sex.MALE, **values, **NO_P)
    assert found.met is answer
    if answer is None:
        assert "P terminal force" in found.reason


def test_romhilt_estes_with_nothing_measured_has_no_points():
    found = result("Romhilt–Estes", Sex.MALE, **dict.fromkeys(FEATURE_NAMES))
    assert (found.value, found.met, found.reason) == (None, None, "could not be measured")


# --- Where they do not apply ------------------------------------------------------------------------------------------

TALL = {f"{wave}_mv_{lead}": 4.0 for wave in "rs" for lead in ("I", "III", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")}


def silent(patterns, **values):
    """Names of the criteria that do not answer on an ECG that would meet them all."""
    answers = apply_criteria(features(**(TALL | AXIS | values)), Sex.MALE, patterns=patterns)
    assert all(one.met or (one.met is None and one.reason) for one in answers)
    return {one.name for one in answers if one.met is None}


ALL = {criterion.name for criterion in CRITERIA}


@pytest.mark.parametrize("code", ["paced", "lbbb", "wpw"])
def test_aha_accf_hrs_2009_part_v_no_criterion_in_pacing_left_bundle_branch_block_or_preexcitation(code):
    assert silent(frozenset({code})) == ALL
    assert code in EVERY_CRITERION


def test_a_wide_qrs_without_a_name_silences_every_criterion():
    assert silent(frozenset({"wide_qrs"}), qrs_ms=124.0) == ALL
    assert silent(frozenset(), qrs_ms=120.0) == ALL
    assert silent(frozenset(), qrs_ms=119.0) == set()


def test_aha_accf_hrs_2009_part_v_right_bundle_branch_block_lowers_s_v1():
    silenced = silent(frozenset({"wide_qrs", "rbbb"}), qrs_ms=140.0)
    assert silenced >= {"Sokolow–Lyon voltage", "Sokolow–Lyon product"}
    # Ours: what multiplies by or scores the lengthened QRS.
    assert silenced == {"Sokolow–Lyon voltage", "Sokolow–Lyon product", "Cornell product", "Romhilt–Estes"}
    why = result("Sokolow–Lyon voltage", Sex.MALE, patterns=frozenset({"wide_qrs", "rbbb"})).reason
    assert why == "not applicable: right bundle branch block lowers S V1"


def test_aha_accf_hrs_2009_part_v_left_anterior_fascicular_block_raises_r_i_r_avl_and_s_iii():
    silenced = silent(frozenset({"lafb"}))
    assert silenced >= {"R aVL", "Cornell voltage", "Cornell product", "Gubner–Ungerleider"}
    # Ours: S III may be the deepest S, and the axis scores 2 points.
    assert ALL - silenced == {"Sokolow–Lyon voltage", "Sokolow–Lyon product"}


def test_pacing_is_named_before_what_it_imitates():
    why = result("R aVL", Sex.MALE, patterns=frozenset({"paced", "lbbb", "wide_qrs"})).reason
    assert why == "not applicable: the ventricles are paced"


def test_other_findings_forbid_nothing():
    assert silent(frozenset({"irbbb", "noisy", "irregular_rhythm"})) == set()


def test_an_unknown_sex_silences_the_criteria_with_a_sex_rule_and_no_other():
    answers = {one.name: one.met for one in apply_criteria(features(**TALL, **AXIS), Sex.UNKNOWN)}
    silenced = {name for name, answer in answers.items() if answer is None}
    assert silenced == {"Cornell voltage", "Cornell product", "Peguero–Lo Presti"}


# --- Borders of the points, and what they are made of -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "points"),
    [
        (STRAIN | {"stj_mv_V6": -0.05}, 3), (STRAIN | {"stj_mv_V6": -0.049}, 0), (STRAIN | {"t_mv_V6": 0.0}, 0),
        (STRAIN | {"s_mv_V6": 1.0}, 0), ({"qrs_axis_deg": -91.0}, 0),
        ({"r_mv_V1": 2.5}, 0), ({"s_mv_V3": 2.5}, 0),  # 2.0 mV are enough in limb leads alone
        ({"p_terminal_ms_V1": 60.0}, 0), ({"p_terminal_mv_V1": 0.2}, 0),  # the force needs depth and duration
    ],
)  # fmt: skip
def test_romhilt_estes_1968_points_at_their_borders(values, points):
    assert result("Romhilt–Estes", Sex.MALE, **values).value == points


def test_romhilt_estes_says_what_could_not_be_measured_lead_by_lead():
    found = result("Romhilt–Estes", Sex.MALE, **(AXIS | STRAIN | {"s_mv_V6": None}))
    assert (found.value, found.met) == (2.0, None)
    assert "ST–T" in found.reason


def test_romhilt_estes_tells_its_points_also_when_it_is_one():
    assert result("Romhilt–Estes", Sex.MALE, qrs_ms=90.0).reason == "QRS ≥ 90 ms 1"


def test_a_voltage_has_no_reason_and_no_points_whatever_its_size():
    # 4 points would be "probable"; 4 mV are not.
    for r_v5 in (4.0, 3.0, 0.0):
        assert result("Sokolow–Lyon voltage", Sex.MALE, r_mv_V5=r_v5).reason == ""


def test_the_deepest_s_is_not_known_while_one_lead_is_not():
    found = result("Peguero–Lo Presti", Sex.MALE, s_mv_V4=2.0, s_mv_aVR=None)
    assert (found.value, found.met, found.reason) == (None, None, "could not be measured")


def test_an_unknown_sex_is_the_reason_also_where_only_the_formula_differs_by_sex():
    unknown = {one.name: one for one in apply_criteria(features(**TALL), Sex.UNKNOWN)}
    for name in ("Cornell voltage", "Cornell product", "Peguero–Lo Presti"):
        assert unknown[name].reason == "not applicable: the formula or cut-off depends on sex"
        assert unknown[name].cutoff == result(name, Sex.MALE).cutoff  # the higher one
