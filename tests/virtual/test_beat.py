"""The noise-free beat: invariances of the physics and the plausible range of a 12-lead ECG."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import SimulatedBeat, VirtualPatient, sample_patient, simulate_beat
from elvmass_core.virtual.anatomy import build_heart
from elvmass_core.virtual.beat import leads_from_electrodes, transfer_matrix
from elvmass_core.virtual.lungs import HeartSpace
from elvmass_core.virtual.mesh import reference_mesh
from elvmass_core.virtual.patient import RhythmKind
from elvmass_core.virtual.repolarisation import membrane_voltage, recovery_times_ms
from elvmass_core.virtual.torso import solve_torso

N_PATIENTS = 40


@pytest.fixture(scope="module")
def patients() -> list[VirtualPatient]:
    return [sample_patient(np.random.default_rng([11, index]), "taiwan-like") for index in range(N_PATIENTS)]


@pytest.fixture(scope="module")
def beats(patients: list[VirtualPatient]) -> list[SimulatedBeat]:
    return [simulate_beat(patient) for patient in patients]


def _qrs(beat: SimulatedBeat, lead: str) -> np.ndarray:
    return beat.signal_mv[LEAD_INDEX[lead]][(beat.times_ms >= -6.0) & (beat.times_ms <= beat.qrs_ms + 10.0)]


def _t_wave(beat: SimulatedBeat, lead: str) -> float:
    late = beat.signal_mv[LEAD_INDEX[lead]][beat.times_ms > beat.qrs_ms + 100.0]
    return float(late[np.abs(late).argmax()])


def _sokolow_lyon_mv(beat: SimulatedBeat) -> float:
    return float(max(_qrs(beat, "V5").max(), _qrs(beat, "V6").max()) - _qrs(beat, "V1").min())


def test_einthoven_and_goldberger_hold_in_the_beat(beats: list[SimulatedBeat]) -> None:
    for beat in beats:
        i, ii, iii, avr, avl, avf = beat.signal_mv[:6]
        np.testing.assert_allclose(i + iii, ii, atol=1e-12)
        np.testing.assert_allclose(avr + avl + avf, 0.0, atol=1e-12)
        np.testing.assert_allclose(avl, i - ii / 2.0, atol=1e-12)


def test_the_beat_is_zero_at_both_ends_and_all_finite(beats: list[SimulatedBeat]) -> None:
    for beat in beats:
        assert np.isfinite(beat.signal_mv).all()
        assert np.abs(beat.signal_mv[:, [0, -1]]).max() < 1e-12
        before_taper = np.searchsorted(beat.times_ms, beat.times_ms[-1] - 90.0)
        assert np.abs(beat.signal_mv[:, before_taper]).max() < 0.06


def test_a_uniformly_excited_heart_is_silent(patients: list[VirtualPatient]) -> None:
    patient = patients[0]
    heart = build_heart(patient.heart)
    points = heart.points_cm @ patient.pose.rotation.T + np.array(patient.pose.base_cm) + np.array([0.0, 1.0, 0.0])
    transfer = transfer_matrix(
        patient, heart, points, solve_torso(patient.torso, patient.placement, HeartSpace(points))
    )
    np.testing.assert_allclose(transfer.sum(axis=1), 0.0, atol=1e-12 * np.abs(transfer).sum())


def test_a_thicker_wall_around_the_same_cavity_raises_sokolow_lyon_and_qrs_duration(
    patients: list[VirtualPatient], beats: list[SimulatedBeat]
) -> None:
    chosen = range(0, N_PATIENTS, 4)
    gains, widenings = [], []
    for index in chosen:
        patient = patients[index]
        thick = simulate_beat(replace(patient, heart=replace(patient.heart, lvm_g=1.3 * patient.heart.lvm_g)))
        gains.append(_sokolow_lyon_mv(thick) - _sokolow_lyon_mv(beats[index]))
        widenings.append(thick.qrs_ms - beats[index].qrs_ms)
    assert 0.15 < np.mean(gains) < 0.8
    assert 0.5 < np.mean(widenings) < 8.0


def test_strain_lowers_the_lateral_t_wave_and_st_segment(patients: list[VirtualPatient]) -> None:
    for patient in patients[:4]:
        plain, strained = (
            simulate_beat(replace(patient, repolarisation=replace(patient.repolarisation, strain=strain)))
            for strain in (0.0, 1.2)
        )
        assert _t_wave(strained, "V6") < _t_wave(plain, "V6") - 0.1
        j40 = np.searchsorted(plain.times_ms, plain.qrs_ms + 40.0)
        assert strained.signal_mv[LEAD_INDEX["V6"], j40] < plain.signal_mv[LEAD_INDEX["V6"], j40]


def test_doubling_the_gain_doubles_the_ventricles_and_leaves_the_p_wave(
    patients: list[VirtualPatient], beats: list[SimulatedBeat]
) -> None:
    source = patients[0].source
    doubled = simulate_beat(replace(patients[0], source=replace(source, gain=2.0 * source.gain)))
    np.testing.assert_allclose(doubled.ventricular_mv, 2.0 * beats[0].ventricular_mv, atol=1e-5)
    np.testing.assert_array_equal(doubled.atrial_mv, beats[0].atrial_mv)


def test_qrs_lasts_as_long_as_in_people(patients: list[VirtualPatient], beats: list[SimulatedBeat]) -> None:
    both = zip(patients, beats, strict=True)
    durations = np.array([beat.qrs_ms for patient, beat in both if patient.block not in ("rbbb", "lbbb")])
    assert 82.0 < durations.mean() < 100.0
    assert durations.min() > 60.0 and durations.max() < 135.0


@pytest.mark.parametrize(
    ("lead", "low_mv", "high_mv"),
    [("I", 0.4, 1.0), ("II", 0.6, 1.4), ("V1", 0.1, 0.45), ("V4", 0.8, 1.8), ("V5", 0.95, 1.7), ("V6", 0.8, 1.5)],
)
def test_mean_r_waves_lie_in_the_range_of_normal_ecgs(
    beats: list[SimulatedBeat], lead: str, low_mv: float, high_mv: float
) -> None:
    assert low_mv < np.mean([_qrs(beat, lead).max() for beat in beats]) < high_mv


def test_r_grows_and_s_falls_from_v1_to_v5(beats: list[SimulatedBeat]) -> None:
    means = [(np.mean([_qrs(b, v).max() for b in beats]), -np.mean([_qrs(b, v).min() for b in beats])) for v in
             ("V1", "V2", "V3", "V4", "V5")]  # fmt: skip
    r, s = np.array(means).T
    assert np.all(np.diff(r) > 0.0)
    assert s[0] > 0.6 and np.all(np.diff(s[1:]) < 0.0)


def test_v1_starts_with_an_r_in_most(beats: list[SimulatedBeat]) -> None:
    starts = [wave[np.argmax(np.abs(wave) > 0.03)] for wave in (_qrs(beat, "V1") for beat in beats)]
    assert np.mean(np.array(starts) > 0.0) > 0.75


def test_t_is_upright_where_it_should_be_in_the_healthy(
    patients: list[VirtualPatient], beats: list[SimulatedBeat]
) -> None:
    healthy = [beat for patient, beat in zip(patients, beats, strict=True) if patient.repolarisation.strain < 0.05]
    for lead in ("I", "II", "V4", "V5", "V6"):
        assert np.mean([_t_wave(beat, lead) > -0.05 for beat in healthy]) >= 0.9
    assert np.mean([_t_wave(beat, "aVR") < 0.0 for beat in healthy]) >= 0.9


def _p_waves(patients: list[VirtualPatient], beats: list[SimulatedBeat], lead: str) -> list[np.ndarray]:
    """Potential of the atria alone between P onset and its end, of those whose atria beat."""
    return [
        leads_from_electrodes(beat.atrial_mv)[LEAD_INDEX[lead]][
            (beat.times_ms > -patient.atria.pr_ms) & (beat.times_ms < patient.atria.duration_ms - patient.atria.pr_ms)
        ]
        for patient, beat in zip(patients, beats, strict=True)
        if patient.rhythm.kind is not RhythmKind.ATRIAL_FIBRILLATION
    ]


def test_p_is_upright_in_ii_and_of_normal_height(patients: list[VirtualPatient], beats: list[SimulatedBeat]) -> None:
    waves = _p_waves(patients, beats, "II")
    heights = np.array([wave.max() for wave in waves])
    assert 0.08 < np.median(heights) < 0.16
    assert np.percentile(heights, 95) < 0.30
    assert np.mean([-wave.min() < 0.3 * wave.max() for wave in waves]) > 0.95


def test_p_in_v1_ends_negative_in_most_and_is_biphasic_in_many(
    patients: list[VirtualPatient], beats: list[SimulatedBeat]
) -> None:
    waves = _p_waves(patients, beats, "V1")
    terminal = np.array([wave[wave.argmax() :].min() < -0.02 for wave in waves])
    initial = np.array([wave.max() > 0.02 for wave in waves])
    assert 0.5 < terminal.mean() < 0.95
    assert (terminal & initial).mean() > 0.2


def test_the_axis_of_the_p_wave_lies_between_0_and_75_degrees(
    patients: list[VirtualPatient], beats: list[SimulatedBeat]
) -> None:
    areas = [[wave.sum() for wave in _p_waves(patients, beats, lead)] for lead in ("I", "aVF")]
    axis_deg = np.degrees(np.arctan2(2.0 / np.sqrt(3.0) * np.array(areas[1]), np.array(areas[0])))
    assert np.mean((axis_deg > -5.0) & (axis_deg < 80.0)) > 0.9
    assert 30.0 < np.median(axis_deg) < 65.0


def test_the_p_wave_does_not_see_the_mass_of_the_ventricles(patients: list[VirtualPatient]) -> None:
    patient = patients[0]
    heavy = replace(patient, heart=replace(patient.heart, lvm_g=1.3 * patient.heart.lvm_g))
    light, thick = (leads_from_electrodes(simulate_beat(each).atrial_mv) for each in (patient, heavy))
    assert np.abs(light - thick).max() < 0.15 * np.abs(light).max()


def test_the_heart_lies_inside_the_chest(patients: list[VirtualPatient], beats: list[SimulatedBeat]) -> None:
    for patient, beat in zip(patients, beats, strict=True):
        nearest = np.linalg.norm(beat.heart_points_cm[None] - beat.electrodes_cm[:6, None], axis=2).min()
        assert nearest > 0.8 * patient.pose.clearance_cm


def test_membrane_voltage_rises_at_activation_and_is_half_back_at_recovery(patients: list[VirtualPatient]) -> None:
    repolarisation = replace(patients[0].repolarisation, notch_epi=0.0, notch_endo=0.0, notch_rv=0.0, strain=0.0)
    mesh = reference_mesh()
    activation = 40.0 * mesh.height
    recovery = recovery_times_ms(activation, repolarisation)
    times = np.arange(-10.0, 700.0)
    voltage = membrane_voltage(times, activation, recovery, repolarisation)
    assert voltage.min() >= 0.0 and voltage.max() <= 1.0
    node = mesh.surface_nodes[100]
    course = voltage[100].astype(float)
    plateau = np.interp(activation[node] + 15.0, times, course)
    assert np.interp(activation[node], times, course) == pytest.approx(0.5 * plateau, abs=0.03)
    # Both recovery slopes cross their half at the recovery time: a quarter is left.
    assert np.interp(recovery[node], times, course) == pytest.approx(0.25, abs=0.01)


def test_women_and_men_are_drawn(patients: list[VirtualPatient]) -> None:
    assert {patient.sex for patient in patients} == {Sex.FEMALE, Sex.MALE}
