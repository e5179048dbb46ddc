"""Each dial moves the ECG the way physiology says, and nothing else: directions from outside, not from our numbers."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.units import LEAD_INDEX, PRECORDIAL_LEADS
from elvmass_core.virtual import SimulatedBeat, simulate_beat
from elvmass_core.virtual.anatomy import MYOCARDIAL_DENSITY_G_ML, wall_volume_ml
from elvmass_core.virtual.dial import BLOCKS, DIAL, DIALS, TYPICAL, Dials, virtual_patient
from elvmass_core.virtual.norms import MEN, WOMEN

SEXES = (Sex.MALE, Sex.FEMALE)
both_sexes = pytest.mark.parametrize("sex", SEXES)


def beat_of(sex: Sex, **turned) -> SimulatedBeat:
    return simulate_beat(virtual_patient(replace(TYPICAL[sex], **turned)))


def qrs(beat: SimulatedBeat, lead: str) -> np.ndarray:
    return beat.signal_mv[LEAD_INDEX[lead]][(beat.times_ms >= 0.0) & (beat.times_ms <= beat.qrs_ms + 5.0)]


def t_wave(beat: SimulatedBeat, lead: str) -> float:
    late = beat.signal_mv[LEAD_INDEX[lead]][beat.times_ms > beat.qrs_ms + 100.0]
    return float(late[np.abs(late).argmax()])


def st_segment(beat: SimulatedBeat, lead: str) -> float:
    """60 ms after J, where ST depression is read."""
    return float(beat.signal_mv[LEAD_INDEX[lead], np.searchsorted(beat.times_ms, beat.qrs_ms + 60.0)])


def p_wave(beat: SimulatedBeat, lead: str) -> np.ndarray:
    return beat.signal_mv[LEAD_INDEX[lead]][(beat.times_ms > -170.0) & (beat.times_ms < -20.0)]


def sokolow_lyon_mv(beat: SimulatedBeat) -> float:
    return float(max(qrs(beat, "V5").max(), qrs(beat, "V6").max()) - qrs(beat, "V1").min())


def chest_rms_mv(beat: SimulatedBeat) -> float:
    return float(np.sqrt(np.mean([np.mean(qrs(beat, lead) ** 2) for lead in PRECORDIAL_LEADS])))


def axis_deg(beat: SimulatedBeat) -> float:
    """Frontal axis from the net area of QRS in I and aVF, which does not jump with a peak."""
    return float(np.degrees(np.arctan2(2.0 / np.sqrt(3.0) * qrs(beat, "aVF").sum(), qrs(beat, "I").sum())))


def transition(beat: SimulatedBeat) -> float:
    """Where along V1–V6 R grows larger than S, between leads by a straight line."""
    excess = [qrs(beat, lead).max() + qrs(beat, lead).min() for lead in PRECORDIAL_LEADS]
    first = next(k for k in range(1, 6) if excess[k - 1] <= 0.0 < excess[k])
    return first + 1 - excess[first] / (excess[first] - excess[first - 1])


# --- The typical person -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sex", "norms"), [(Sex.MALE, MEN), (Sex.FEMALE, WOMEN)])
def test_the_typical_person_is_the_mean_of_the_cohorts_law(sex, norms):
    dials = TYPICAL[sex]
    assert dials.height_cm == pytest.approx(norms.height_cm, abs=0.6)
    assert dials.weight_kg == pytest.approx(norms.bmi * (norms.height_cm / 100) ** 2, abs=0.6)
    assert dials.age_years == norms.age_mean
    assert dials.cavity_ml == pytest.approx(norms.edv_ml, abs=DIAL["cavity_ml"].step)
    assert dials.shape.lvm_g == pytest.approx(norms.lvm_g, rel=0.02)


@both_sexes
def test_the_typical_ecg_lies_inside_published_normal_limits(sex):
    beat = beat_of(sex)
    assert 80.0 < beat.qrs_ms < 110.0
    assert -30.0 < axis_deg(beat) < 90.0
    assert sokolow_lyon_mv(beat) < 3.5
    for lead in ("I", "II", "V3", "V4", "V5", "V6"):
        assert t_wave(beat, lead) > 0.0, lead


def test_the_same_dials_give_the_same_patient():
    assert virtual_patient(TYPICAL[Sex.MALE]) == virtual_patient(replace(TYPICAL[Sex.MALE]))


# --- Mass -------------------------------------------------------------------------------------------------------------


@both_sexes
@pytest.mark.parametrize(
    ("septum_mm", "free_wall_mm", "cavity_ml"), [(9.0, 8.0, 110), (18.0, 9.0, 90), (6.0, 12.0, 200)]
)
def test_the_mass_is_the_volume_of_the_drawn_wall_times_its_density(sex, septum_mm, free_wall_mm, cavity_ml):
    dials = replace(TYPICAL[sex], septum_mm=septum_mm, free_wall_mm=free_wall_mm, cavity_ml=cavity_ml)
    patient = virtual_patient(dials)
    beat = simulate_beat(patient)
    middle = beat.heart_points_cm[beat.heart_triangles].mean(axis=(0, 1))
    volume = wall_volume_ml((beat.heart_points_cm - middle) @ patient.pose.rotation)
    assert patient.lvm_true_g == pytest.approx(MYOCARDIAL_DENSITY_G_ML * volume, rel=1e-6)


@both_sexes
def test_more_mass_at_a_fixed_body_raises_voltage_and_duration_of_qrs(sex):
    beats = [beat_of(sex, septum_mm=wall, free_wall_mm=wall) for wall in (7.0, 10.0, 13.0, 16.0)]
    assert np.all(np.diff([sokolow_lyon_mv(beat) for beat in beats]) > 0.1)
    assert np.all(np.diff([beat.qrs_ms for beat in beats]) > 1.0)


def test_only_walls_and_cavity_make_the_mass():
    for sex in SEXES:
        usual = virtual_patient(TYPICAL[sex]).lvm_true_g
        for dial in DIALS:
            kind = type(getattr(TYPICAL[sex], dial.name))
            mass = virtual_patient(replace(TYPICAL[sex], **{dial.name: kind(dial.high)})).lvm_true_g
            assert (mass > usual) == (dial.name in ("septum_mm", "free_wall_mm", "cavity_ml")), dial.name
        assert virtual_patient(replace(TYPICAL[sex], sex=SEXES[sex is Sex.MALE])).lvm_true_g == usual


# --- Directions -------------------------------------------------------------------------------------------------------


@both_sexes
@pytest.mark.parametrize(("name", "values"), [("fat_cm", (0.0, 1.0, 2.5)), ("weight_kg", (50, 75, 100))])
def test_more_fat_under_the_electrodes_lowers_the_voltage(sex, name, values):
    assert np.all(np.diff([chest_rms_mv(beat_of(sex, **{name: value})) for value in values]) < 0.0)


@both_sexes
def test_a_more_horizontal_heart_turns_the_axis_left(sex):
    """A transverse heart has a leftward axis, a vertical one a rightward axis (Grant 1953, 10.1161/01.CIR.7.6.890)."""
    axes = [axis_deg(beat_of(sex, tilt_deg=tilt)) for tilt in (-24, -12, 0, 12, 24)]
    assert np.all(np.diff(axes) > 3.0)


@both_sexes
def test_an_apex_turned_to_the_left_moves_the_transition_to_the_left(sex):
    transitions = [transition(beat_of(sex, turn_deg=turn)) for turn in (-20, 0, 20)]
    assert np.all(np.diff(transitions) > 0.4)


@both_sexes
def test_v1_and_v2_put_on_too_high_lose_r_and_turn_p_negative(sex):
    """AHA/ACCF/HRS 2007, part I (doi 10.1161/CIRCULATIONAHA.106.180200): superior displacement lowers r; Garcia-Niebla
    et al. 2009 (doi 10.1111/j.1542-474X.2009.00328.x): it makes P negative or biphasic."""
    right, high = beat_of(sex), beat_of(sex, v12_up_cm=5.0)
    assert qrs(high, "V1").max() < qrs(right, "V1").max()
    assert qrs(high, "V2").max() < qrs(right, "V2").max()
    for lead in ("V1", "V2"):
        assert p_wave(high, lead).max() < p_wave(right, lead).max()
        assert p_wave(high, lead).min() < p_wave(right, lead).min()


@both_sexes
def test_electrodes_move_no_lead_but_their_own(sex):
    right, high = beat_of(sex), beat_of(sex, v12_up_cm=2.5)
    for lead in ("I", "II", "III", "aVR", "aVL", "aVF", "V4", "V5", "V6"):
        np.testing.assert_allclose(high.signal_mv[LEAD_INDEX[lead]], right.signal_mv[LEAD_INDEX[lead]], atol=0.005)


@both_sexes
def test_strain_lowers_st_and_turns_t_in_the_lateral_leads(sex):
    usual, strained = beat_of(sex), beat_of(sex, strain=1.6)
    for lead in ("I", "aVL", "V5", "V6"):
        assert st_segment(strained, lead) < st_segment(usual, lead) - 0.03, lead
        assert t_wave(strained, lead) < t_wave(usual, lead) - 0.03, lead
    for lead in ("I", "V5", "V6"):
        assert t_wave(strained, lead) < 0.0, lead
    assert t_wave(strained, "V2") > 0.0
    np.testing.assert_array_equal(strained.activation_ms, usual.activation_ms)


@both_sexes
@pytest.mark.parametrize("block", ["rbbb", "lbbb"])
def test_a_bundle_branch_block_makes_qrs_wide(sex, block):
    assert beat_of(sex, conduction=block).qrs_ms > 120.0


@both_sexes
def test_in_right_bundle_branch_block_v1_ends_upright_and_in_left_it_is_negative(sex):
    usual, right = (np.array_split(qrs(beat_of(sex, conduction=name), "V1"), 2)[1] for name in ("none", "rbbb"))
    assert usual.max() < 0.1
    assert right.max() > 0.2
    left = qrs(beat_of(sex, conduction="lbbb"), "V1")
    assert -left.min() > 2.0 * left.max()


@both_sexes
def test_noise_is_not_in_the_heart(sex):
    np.testing.assert_array_equal(beat_of(sex, noise=8.0).signal_mv, beat_of(sex, noise=0.0).signal_mv)


# --- Limits -----------------------------------------------------------------------------------------------------------


@both_sexes
@pytest.mark.parametrize("seed", range(6))
def test_every_corner_of_the_dials_is_a_heart(sex, seed):
    rng = np.random.default_rng(seed)
    ends = {dial.name: (dial.low, dial.high)[rng.integers(2)] for dial in DIALS}
    kinds = {name: type(getattr(TYPICAL[sex], name)) for name in ends}
    turned = {name: kinds[name](value) for name, value in ends.items()}
    beat = beat_of(sex, **turned, conduction=list(BLOCKS)[rng.integers(len(BLOCKS))])
    assert np.isfinite(beat.signal_mv).all()
    assert np.abs(beat.signal_mv).max() < 12.0


def test_a_value_outside_its_dial_is_refused_with_its_limits():
    with pytest.raises(CohortError, match="Septum is 40 mm: choose 5 to 18"):
        replace(TYPICAL[Sex.MALE], septum_mm=40.0)
    with pytest.raises(CohortError, match="conduction 'none at all'"):
        replace(TYPICAL[Sex.MALE], conduction="none at all")
    with pytest.raises(CohortError, match="a man or a woman"):
        replace(TYPICAL[Sex.MALE], sex=Sex.UNKNOWN)


def test_every_dial_stands_on_one_of_its_steps():
    for dials in TYPICAL.values():
        for dial in DIALS:
            steps = (getattr(dials, dial.name) - dial.low) / dial.step
            assert steps == pytest.approx(round(steps)), dial.name


def test_every_number_of_the_patient_has_a_dial_or_a_reason():
    undialled = set(Dials.__slots__) - {dial.name for dial in DIALS}
    assert undialled == {"sex", "conduction", "rv_ml"}
