"""From the members' answers to mass, interval, index, LVH and probability, with numbers worked out by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from elvmass_core.domain import Lvh, Patient, Severity, Sex
from elvmass_core.errors import EstimateError
from elvmass_core.models.calibration import COVERAGE, Calibration, Cutoff, Interval, Line, Platt
from elvmass_core.models.estimate import check_trained_range, estimate
from elvmass_core.models.inputs import PATTERNS
from tests.quality.drawn import beat, features

CUTOFF = Cutoff(name="toy", modality="scales", source="nobody", men_g_m2=80.0, women_g_m2=65.0)
TRAINING = {
    "lvm_mean_g": 120.0,
    "lvm_sd_g": 20.0,
    "range": {"age_years": [30.0, 80.0], "height_cm": [150.0, 190.0], "weight_kg": [45.0, 110.0]},
}
WIDTHS = {"height+weight": 10.0, "height": 12.0, "weight": 14.0, "neither": 16.0}


def toy(*members_g, sex=Sex.FEMALE, training=TRAINING, intervals=None):
    """A bundle whose members answer these grams whatever they see."""
    chosen = intervals or {name: Interval(a=width, b=0.0, c=0.0, quantile=2.0, n=99) for name, width in WIDTHS.items()}
    lines = {name: Line(inputs=(), coefficients=(), intercept=80.0 + k) for k, name in enumerate(PATTERNS)}
    platt = Platt(intercept=-1.0, slope=4.0, prevalence=0.2)
    return SimpleNamespace(
        model_id="toy", sha256="0" * 64, sex=sex, simulated=True, cutoff=CUTOFF, manifest={"training": training},
        calibration=Calibration(intervals=chosen, lines=lines, platt=platt), reference_g=lambda row: 77.0,
        members_g=lambda beats, rows: np.array(members_g, dtype=float)[:, None],
    )  # fmt: skip


SIZE = {"height_cm": 160.0, "weight_kg": 60.0}
BSA_M2 = 0.007184 * 160.0**0.725 * 60.0**0.425


def answer(bundle, *, sex=Sex.FEMALE, not_judged="", **sizes):
    patient = Patient(sex=sex, age_years=60.0, **(SIZE | sizes))
    return estimate(bundle, beat(), features(), patient, not_judged=not_judged)


def test_the_mass_is_the_mean_of_the_members_and_the_interval_lies_around_it():
    one = answer(toy(100.0, 110.0, 132.0))
    assert one.lvm_g == pytest.approx(114.0)
    assert one.members_g == (100.0, 110.0, 132.0)
    assert one.interval_g == pytest.approx((94.0, 134.0))
    assert (one.coverage, one.prevalence, one.reference_g) == (COVERAGE, 0.2, 77.0)
    assert one.cutoff_source == "scales: nobody"


def test_the_interval_widens_with_the_mass_and_the_spread_of_the_members():
    grows = dict.fromkeys(PATTERNS, Interval(a=1.0, b=0.05, c=2.0, quantile=1.5, n=99))
    one = answer(toy(90.0, 110.0, intervals=grows))
    # Half = 1.5 · (1 + 0.05 · 100 + 2 · 10): the SD of 90 and 110 is 10.
    assert one.interval_g == pytest.approx((100.0 - 39.0, 100.0 + 39.0))


@pytest.mark.parametrize(
    ("sizes", "pattern"),
    [({}, "height+weight"), ({"weight_kg": None}, "height"), ({"height_cm": None}, "weight"),
     ({"height_cm": None, "weight_kg": None}, "neither")],
)  # fmt: skip
def test_interval_and_line_are_those_of_what_is_known_of_the_body(sizes, pattern):
    one = answer(toy(100.0), **sizes)
    assert one.interval_g[1] - 100.0 == pytest.approx(2.0 * WIDTHS[pattern])
    assert one.demographics_only_g == 80.0 + PATTERNS.index(pattern)


@pytest.mark.parametrize("mass_g", [30.0, 500.0])
def test_an_adult_heart_has_30_to_500_g(mass_g):
    assert answer(toy(mass_g)).lvm_g == mass_g


@pytest.mark.parametrize("mass_g", [29.9, 500.1, -5.0, math.nan, math.inf])
def test_any_other_mass_is_refused(mass_g):
    with pytest.raises(EstimateError, match="no mass"):
        answer(toy(mass_g))


def test_no_interval_reaches_below_nothing():
    wide = dict.fromkeys(PATTERNS, Interval(a=50.0, b=0.0, c=0.0, quantile=1.0, n=99))
    assert answer(toy(40.0, intervals=wide)).interval_g == (0.0, 90.0)


def test_the_index_is_on_dubois_body_surface_and_needs_both_sizes():
    assert answer(toy(100.0)).lvmi_g_m2 == pytest.approx(100.0 / BSA_M2)
    assert answer(toy(100.0), height_cm=None).lvmi_g_m2 is None


AT_CUTOFF_G = 65.0 * BSA_M2


@pytest.mark.parametrize(
    ("mass_g", "lvh"),
    [
        (AT_CUTOFF_G + 20.1, Lvh.FLAGGED), (AT_CUTOFF_G + 19.9, Lvh.UNCERTAIN), (AT_CUTOFF_G, Lvh.UNCERTAIN),
        (AT_CUTOFF_G - 19.9, Lvh.UNCERTAIN), (AT_CUTOFF_G - 20.1, Lvh.NOT_FLAGGED),
    ],
)  # fmt: skip
def test_lvh_is_told_where_the_whole_interval_lies_on_one_side_of_the_womens_cutoff(mass_g, lvh):
    # The half-width is 20 g.
    assert answer(toy(mass_g)).lvh is lvh


def test_an_interval_that_touches_the_cutoff_is_uncertain():
    class Exact:
        """An interval of no width: low and high are the mass itself."""

        def half_width_g(self, mass, spread):
            return np.zeros(1)

    bundle = toy(100.0, intervals=dict.fromkeys(PATTERNS, Exact()))
    bundle.cutoff = SimpleNamespace(g_m2=lambda sex: 100.0 / BSA_M2, modality="", source="")
    touching = answer(bundle)
    assert touching.lvmi_g_m2 == touching.cutoff_g_m2
    assert touching.lvh is Lvh.UNCERTAIN


def test_men_have_the_cutoff_of_men():
    one = answer(toy(AT_CUTOFF_G + 20.1, sex=Sex.MALE), sex=Sex.MALE)
    assert (one.lvh, one.cutoff_g_m2) == (Lvh.UNCERTAIN, 80.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"sex": Sex.UNKNOWN}, "sex needed"), ({"height_cm": None}, "height and weight"), ({"weight_kg": None}, "height")],
)
def test_without_sex_or_size_there_is_no_result_with_the_reason_and_no_probability(changes, reason):
    one = answer(toy(100.0), **changes)
    assert (one.lvh, one.p_lvh) == (Lvh.NO_RESULT, None)
    assert reason in one.lvh_reason


def test_what_is_not_judged_has_grams_and_an_index_but_no_answer():
    one = answer(toy(300.0), not_judged="not judged, because it is paced")
    assert (one.lvh, one.lvh_reason, one.p_lvh) == (Lvh.NO_RESULT, "not judged, because it is paced", None)
    assert one.lvmi_g_m2 == pytest.approx(300.0 / BSA_M2)


@pytest.mark.parametrize(("ratio", "probability"), [(1.0, 1 / (1 + math.e)), (1.25, 0.5), (1.5, 1 / (1 + 1 / math.e))])
def test_the_probability_is_logistic_in_the_index_over_the_cutoff(ratio, probability):
    assert answer(toy(ratio * AT_CUTOFF_G)).p_lvh == pytest.approx(probability)


def test_the_reference_range_is_the_middle_90_percent_of_a_normal_distribution():
    # scipy.stats.norm.ppf(0.95) = 1.6449
    assert answer(toy(100.0)).reference_range_g == pytest.approx((120 - 32.9, 120 + 32.9), abs=0.01)
    broad = TRAINING | {"lvm_sd_g": 100.0}
    assert answer(toy(100.0, training=broad)).reference_range_g == pytest.approx((0.0, 284.5), abs=0.01)


def test_the_answers_of_the_test_are_flagged_uncertain_and_not_flagged():
    counts = {"flagged": 1, "uncertain": 2, "not_flagged": 3}
    tested = TRAINING | {"test": {"judged": {"with_lvh": counts}}}
    assert answer(toy(100.0, training=tested)).lvh_in_test == (1, 2, 3)
    assert answer(toy(100.0)).lvh_in_test is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"age_years": 30.0}, ""), ({"age_years": 29.9}, "age"), ({"age_years": 80.0}, ""),
        ({"age_years": 80.1}, "age"),
        ({"height_cm": 150.0}, ""), ({"height_cm": 149.9}, "height"), ({"height_cm": 190.1}, "height"),
        ({"weight_kg": 110.0}, ""), ({"weight_kg": 110.1}, "weight"), ({"weight_kg": 44.9}, "weight"),
        ({"height_cm": None, "weight_kg": None}, ""),
    ],
)  # fmt: skip
def test_a_patient_outside_the_training_patients_is_a_caution_that_names_why(changes, code):
    patient = Patient(**({"sex": Sex.FEMALE, "age_years": 60.0} | SIZE | changes))
    found = check_trained_range(toy(100.0), features(), patient)
    assert [one.code for one in found] == ([f"{code}_outside_training"] if code else [])
    assert all(one.severity is Severity.CAUTION for one in found)


def test_an_age_over_89_outside_the_training_is_not_written_down():
    (found,) = check_trained_range(toy(100.0), features(), Patient(age_years=95.0))
    assert found.observed == "90+ years"
    (other,) = check_trained_range(toy(100.0), features(), Patient(age_years=60.0, weight_kg=120.5))
    assert other.observed.startswith("120.5")
