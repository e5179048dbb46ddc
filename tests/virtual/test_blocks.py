"""Bundle branch blocks and scars against what an electrocardiographer expects of them."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import sample_patient, simulate_beat
from elvmass_core.virtual.blocks import LAFB, LBBB, RBBB, Block, BlockNorms, draw_block, draw_scar
from elvmass_core.virtual.patient import VirtualPatient
from elvmass_core.virtual.presets import preset_named
from elvmass_core.virtual.scar import Scar, follow_living, scarred_nodes

NAMES = tuple(name for name, _ in preset_named("taiwan-like").reference.roots)
ANTERIOR = Scar(theta_deg=-55.0, height=0.38, half_angle_deg=45.0, half_height=0.3, transmurality=1.0)


@pytest.fixture(scope="module")
def patients() -> list[VirtualPatient]:
    healthy = replace(preset_named("taiwan-like"), blocks=BlockNorms(**dict.fromkeys(_shares(), (0.0, 0.0))))
    return [sample_patient(np.random.default_rng(seed), healthy) for seed in range(6)]


def _shares() -> tuple[str, ...]:
    return ("lafb", "irbbb", "rbbb", "lbbb", "scar")


def _lead(patient: VirtualPatient, name: str) -> tuple[np.ndarray, float]:
    """A lead from QRS onset, every 2 ms, and the QRS duration."""
    beat = simulate_beat(patient)
    return beat.signal_mv[LEAD_INDEX[name], beat.times_ms >= 0.0], beat.qrs_ms


def _with(patient: VirtualPatient, block: Block) -> VirtualPatient:
    return replace(patient, conduction=block.apply(patient.conduction, NAMES))


def test_right_bundle_branch_block_ends_with_r_in_v1_and_s_in_v6(patients: list[VirtualPatient]) -> None:
    for patient in patients:
        v1, qrs_ms = _lead(_with(patient, RBBB), "V1")
        v6, _ = _lead(_with(patient, RBBB), "V6")
        late = slice(int(0.65 * qrs_ms / 2), int(0.95 * qrs_ms / 2))
        assert v1[late].mean() > 0.0
        assert v6[late].mean() < 0.0


def test_left_bundle_branch_block_widens_qrs_and_takes_the_septal_q_from_v6(patients: list[VirtualPatient]) -> None:
    for patient in patients:
        v1, _ = _lead(_with(patient, LBBB), "V1")
        v6, qrs_ms = _lead(_with(patient, LBBB), "V6")
        usual = simulate_beat(patient).qrs_ms
        assert qrs_ms > usual + 20.0
        assert v6[: int(qrs_ms / 2)].min() > -0.12
        assert v1[: int(qrs_ms / 2)].mean() < 0.05


def test_left_anterior_fascicular_block_turns_the_axis_to_the_left(patients: list[VirtualPatient]) -> None:
    turned = [_axis_deg(_with(patient, LAFB)) - _axis_deg(patient) for patient in patients]
    assert np.median(turned) < -30.0


def _axis_deg(patient: VirtualPatient) -> float:
    (i, qrs_ms), (avf, _) = _lead(patient, "I"), _lead(patient, "aVF")
    qrs = slice(0, int(qrs_ms / 2))
    return float(np.degrees(np.arctan2(avf[qrs].sum() * 2.0 / np.sqrt(3.0), i[qrs].sum())))


def test_complete_blocks_are_wide_on_average(patients: list[VirtualPatient]) -> None:
    for block in (RBBB, LBBB):
        assert np.mean([simulate_beat(_with(patient, block)).qrs_ms for patient in patients]) > 120.0


def test_an_anterior_scar_takes_r_from_the_leads_over_it(patients: list[VirtualPatient]) -> None:
    change = []
    for patient in patients:
        scarred = replace(patient, conduction=replace(patient.conduction, scar=ANTERIOR))
        change.append(_lead(scarred, "V3")[0][:40].mean() - _lead(patient, "V3")[0][:40].mean())
    assert max(change) < 0.0


def test_a_scar_leaves_the_uniformly_excited_heart_silent(patients: list[VirtualPatient]) -> None:
    """Nothing flows at the plateau: ST stays where it was."""
    patient = patients[0]
    scarred = replace(patient, conduction=replace(patient.conduction, scar=ANTERIOR))
    before, after = (simulate_beat(one) for one in (patient, scarred))
    plateau = np.flatnonzero(before.times_ms >= 140.0)[0]
    assert np.abs(after.signal_mv[:, plateau] - before.signal_mv[:, plateau]).max() < 0.15


def test_a_scar_follows_the_nearest_living_muscle() -> None:
    points = np.random.default_rng(0).normal(size=scarred_nodes(ANTERIOR).shape + (3,))
    dead = scarred_nodes(ANTERIOR)
    times = follow_living(points, ANTERIOR, np.where(dead, 999.0, 1.0))
    assert dead.any() and (times == 1.0).all()


def test_shares_follow_sex_and_age() -> None:
    norms = BlockNorms(rbbb=(0.2, 0.1), log_per_decade=0.5, lafb=(0, 0), irbbb=(0, 0), lbbb=(0, 0), scar=(0.1, 0.0))
    rng = np.random.default_rng(0)
    men = np.mean([draw_block(rng, norms, Sex.MALE, 0.0).name == "rbbb" for _ in range(3000)])
    old_women = np.mean([draw_block(rng, norms, Sex.FEMALE, 1.0).name == "rbbb" for _ in range(3000)])
    assert men == pytest.approx(0.2, abs=0.03)
    assert old_women == pytest.approx(0.1 * np.exp(0.5), abs=0.03)
    assert all(draw_scar(rng, norms, Sex.FEMALE, 0.0) is None for _ in range(50))
