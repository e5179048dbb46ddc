"""Each fault is found, and a sound ECG is left alone."""

import dataclasses
import re

import numpy as np
import pytest

from elvmass_core.domain import Patient, Recording, Severity, Sex
from elvmass_core.features import measure
from elvmass_core.quality import check_beat, check_conflicts, check_patient, check_recording
from elvmass_core.signal import extract_beat
from tests import synthetic


def codes(findings, severity=None):
    return {finding.code for finding in findings if severity in (None, finding.severity)}


def findings_of(recording):
    beat = extract_beat(recording)
    return (*check_recording(recording), *check_beat(beat, measure(beat)))


def changed(change):
    signal = np.array(synthetic.signal()[0])
    return Recording(signal_mv=change(signal), fs_hz=500.0, format="synthetic")


def test_a_sound_ecg_has_no_finding():
    assert findings_of(synthetic.recording()) == ()
    assert check_patient(synthetic.patient()) == ()


@pytest.mark.parametrize("factor", [1000.0, 5.0, 1 / 10, 1 / 1000])
def test_a_common_gain_error_is_stopped_and_the_factor_named(factor):
    found = findings_of(changed(lambda signal: signal * factor))
    stop = next(one for one in found if one.code == "amplitude_implausible")
    assert stop.severity is Severity.STOP
    named = float(re.search(r"about (\d+) times", stop.message).group(1))
    assert max(factor, 1 / factor) / 2 < named < max(factor, 1 / factor) * 2


def test_a_flat_lead_and_a_saturated_lead_are_named():
    def flat(signal):
        signal[8] = 0.1
        return signal

    def saturated(signal):
        signal[9] = np.clip(signal[9], -0.25, 0.5)
        return signal

    assert "V3" in next(one.message for one in check_recording(changed(flat)) if one.code == "lead_flat")
    assert "V4" in next(one.message for one in check_recording(changed(saturated)) if one.code == "lead_clipped")


def test_padding_at_the_end_of_a_file_is_not_saturation():
    def padded(signal):
        signal[:, -40:] = signal.max(axis=1, keepdims=True)
        return signal

    assert "lead_clipped" not in codes(check_recording(changed(padded)))


def test_missing_samples_are_bridged_with_a_caution_or_stopped():
    def gap(n):
        def change(signal):
            signal[2, 2000 : 2000 + n] = np.nan
            return signal

        return changed(change)

    assert codes(check_recording(gap(10)), Severity.CAUTION) == {"gaps_filled"}
    assert codes(check_recording(gap(200)), Severity.STOP) == {"samples_missing"}


def test_exchanged_arm_electrodes_are_stopped():
    def swap(signal):  # RA and LA exchanged: I inverts, II and III exchange, aVR and aVL exchange
        signal[[0, 1, 2, 3, 4]] = np.stack([-signal[0], signal[2], signal[1], signal[4], signal[3]])
        return signal

    assert "arm_electrodes_swapped" in codes(findings_of(changed(swap)), Severity.STOP)


def test_noise_is_a_caution_and_then_a_stop():
    assert codes(findings_of(synthetic.recording(noise_mv=0.09))) >= {"noisy"}
    tall_and_noisy = changed(lambda signal: 3.0 * synthetic.signal(noise_mv=0.08)[0])
    assert "noisy" in codes(findings_of(tall_and_noisy), Severity.STOP)


@pytest.mark.parametrize("rr_s, severity", [(1.8, Severity.CAUTION), (0.46, Severity.CAUTION), (0.36, Severity.STOP)])
def test_rates_outside_what_was_simulated_are_said(rr_s, severity):
    found = findings_of(synthetic.recording(rr_s=rr_s, duration_s=12.0))
    assert "rate_outside_limits" in codes(found, severity)


def test_four_beats_are_too_few():
    assert "few_beats" in codes(findings_of(synthetic.recording(duration_s=4.2)), Severity.STOP)


def test_children_and_unknown_ages_are_stopped():
    assert codes(check_patient(synthetic.patient(age_years=11.0)), Severity.STOP) == {"not_adult"}
    assert codes(check_patient(synthetic.patient(age_years=None)), Severity.STOP) == {"age_missing"}


def test_pounds_for_kilograms_and_the_like_are_stopped_when_the_body_becomes_impossible():
    assert codes(check_patient(synthetic.patient(weight_kg=180.0)), Severity.STOP) == {"body_size_implausible"}


def test_unknown_sex_and_size_are_notes():
    patient = Patient(age_years=50.0)
    assert codes(check_patient(patient), Severity.NOTE) == {"sex_unknown", "body_size_unknown"}
    assert codes(check_patient(patient), Severity.STOP) == set()


def test_a_file_that_states_another_person_is_a_caution():
    stated = Patient(sex=Sex.MALE, age_years=40.0, height_cm=160.0)
    assert codes(check_conflicts(stated, synthetic.patient()), Severity.CAUTION) == {"sex_conflict", "age_conflict"}
    assert check_conflicts(Patient(), synthetic.patient()) == ()


def test_a_wide_qrs_is_a_caution():
    beat = extract_beat(synthetic.recording())
    wide = dataclasses.replace(beat, fiducials=dataclasses.replace(beat.fiducials, qrs_off=100.0))
    assert "wide_qrs" in codes(check_beat(wide, measure(wide)), Severity.CAUTION)
