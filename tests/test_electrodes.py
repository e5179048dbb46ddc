"""Wrong connections are found, right ones are left in peace, on ECGs that nobody fitted anything on."""

import dataclasses

import numpy as np
import pytest

from benchmarks.reversals import ALARMS, changed, changes, wilson
from elvmass_core.domain import Recording, Severity
from elvmass_core.quality.electrodes import LEFT_ARM_LEG, check_electrodes, connected, connections, log_ratios
from elvmass_core.signal import extract_beat
from elvmass_core.signal_space import describe, rescaled
from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import sample_patient, simulate_recording
from tests import synthetic

LEAD_I, LEAD_II = 0, 1


@pytest.fixture(scope="module")
def beat():
    return extract_beat(synthetic.recording())


def alarms(beat):
    return [finding for finding in check_electrodes(beat) if finding.code in ALARMS]


def test_the_right_connection_is_left_in_peace(beat):
    assert not alarms(beat)


@pytest.mark.parametrize(
    "change", [one for one in changes() if one.code != LEFT_ARM_LEG], ids=lambda one: one.name[:60]
)
def test_every_wrong_connection_of_a_hand_made_ecg_is_stopped(beat, change):
    (found,) = alarms(changed(beat, change.matrix))
    assert found.severity is Severity.STOP
    assert "record again" in found.message.lower()


def test_arms_exchanged_invert_lead_i_and_exchange_ii_and_iii():
    matrix = connected({"RA": "LA", "LA": "RA"})
    one, two = np.array([0.7, 0.0]), np.array([0.0, 1.1])
    leads = np.array([one.sum(), two.sum(), *np.zeros(6)])
    after = matrix @ leads
    assert after[LEAD_I] == pytest.approx(-leads[LEAD_I])
    assert after[LEAD_II] == pytest.approx(leads[LEAD_II] - leads[LEAD_I])


def test_left_arm_and_leg_exchange_i_and_ii():
    after = connected({"LA": "LL", "LL": "LA"}) @ np.arange(1.0, 9.0)
    assert after[:2].tolist() == pytest.approx([2.0, 1.0])
    assert after[2:].tolist() == pytest.approx(np.arange(3.0, 9.0).tolist())


def test_an_exchange_done_twice_is_none():
    for one in connections():
        times = np.linalg.matrix_power(one.matrix, 3 if "rotated" in one.message else 2)
        np.testing.assert_allclose(times, np.eye(8), atol=1e-12)


def test_the_ratio_of_a_connection_turns_its_sign_when_it_is_made(beat):
    """What speaks against an exchange in the right ECG speaks for it in the exchanged one."""
    described = describe(beat)
    before = log_ratios(described)
    for k, one in enumerate(connections()[:2]):
        after = log_ratios(rescaled(one.matrix @ described))
        assert after[k] == pytest.approx(-before[k], rel=1e-6)


def test_a_connection_below_its_own_threshold_does_not_hide_another_above_its_own(beat, monkeypatch):
    """Left arm and left leg need more evidence than the rest."""
    ratios = np.array([12.0 if one.code == LEFT_ARM_LEG else 0.0 for one in connections()])
    ratios[1] = 9.0
    monkeypatch.setattr("elvmass_core.quality.electrodes.log_ratios", lambda _: ratios)
    (found,) = alarms(beat)
    assert connections()[1].message[:30] in found.message


def test_a_beat_without_p_is_judged_by_the_rest(beat):
    without = dataclasses.replace(beat, fiducials=dataclasses.replace(beat.fiducials, p_on=None, p_off=None))
    assert not alarms(without)
    upside_down = next(one for one in changes() if one.code == "recording_inverted")
    assert alarms(changed(without, upside_down.matrix))


def test_a_p_wave_upside_down_alone_is_a_caution(beat):
    signal = np.array(beat.signal_mv)
    start, stop = (round(140 + ms / 2) for ms in (beat.fiducials.p_on, beat.fiducials.p_off))
    signal[:, start:stop] *= -1.0
    found = check_electrodes(dataclasses.replace(beat, signal_mv=signal))
    assert {one.code for one in found} <= {"p_inverted", "limb_electrodes_exchanged"}
    assert found
    assert signal[LEAD_INDEX["II"], start:stop].mean() < 0


@pytest.mark.parametrize("seed", [71001, 71002, 71003, 71004])
def test_simulated_patients_are_left_in_peace_and_their_exchanged_arms_are_not(seed):
    rng = np.random.default_rng(seed)
    signal_mv = simulate_recording(sample_patient(rng), rng)
    beat = extract_beat(Recording(signal_mv=signal_mv, fs_hz=500.0, format="simulated"))
    assert not alarms(beat)
    assert alarms(changed(beat, connected({"RA": "LA", "LA": "RA"})))


def test_wilson_is_wilson():
    low, high = wilson(81, 263)
    assert (low, high) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
