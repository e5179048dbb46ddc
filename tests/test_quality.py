"""Each fault is found, and a sound ECG is left alone."""

import dataclasses
import re

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Finding, Patient, Recording, Severity, Sex
from elvmass_core.features import measure
from elvmass_core.quality import (
    NOT_CHECKED,
    check_beat,
    check_conflicts,
    check_patient,
    check_recording,
    outside_scope,
    scope_words,
    why_not_judged,
)
from elvmass_core.quality.electrodes import check_electrodes
from elvmass_core.signal import extract_beat
from elvmass_core.units import LEAD_INDEX
from tests import synthetic

UNFILTERED = DeviceFilters(highpass_hz=0.0, lowpass_hz=0.0, notch_hz=0.0)


def codes(findings, severity=None):
    return {finding.code for finding in findings if severity in (None, finding.severity)}


def findings_of(recording):
    beat = extract_beat(recording)
    return (*check_recording(recording), *check_beat(beat, measure(beat)))


def changed(change):
    signal = np.array(synthetic.signal()[0])
    return Recording(signal_mv=change(signal), fs_hz=500.0, format="synthetic", filters=UNFILTERED)


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


@pytest.mark.parametrize("factor, word", [(1.0, ""), (2.0, "tall"), (0.45, "small")])
def test_a_size_that_a_gain_wrong_by_two_times_makes_is_a_caution_that_names_the_gain(factor, word):
    found = [one for one in findings_of(changed(lambda s: factor * s)) if one.code == "amplitude_unusual"]
    assert [one.severity for one in found] == ([Severity.CAUTION] if word else [])
    assert all(f"unusually {word}" in one.message and "gain" in one.message for one in found)


def test_chest_leads_at_half_gain_are_a_caution_where_limb_leads_are_tall():
    def tall_limb(chest):
        return changed(lambda s: np.vstack([s[:6] * 1.4, s[6:] * chest]))

    assert "lead_gain" not in codes(findings_of(tall_limb(1.0)))
    assert "lead_gain" in codes(findings_of(tall_limb(0.5)), Severity.CAUTION)


def test_a_low_sampling_rate_is_a_caution_because_qrs_comes_out_too_long():
    signal = np.array(synthetic.signal()[0])
    slow = Recording(signal_mv=signal[:, ::4], fs_hz=125.0, format="synthetic", filters=UNFILTERED)
    enough = Recording(signal_mv=signal[:, ::2], fs_hz=250.0, format="synthetic")
    assert codes(check_recording(slow), Severity.CAUTION) == {"sampling_rate_low"}
    assert "sampling_rate_low" not in codes(check_recording(enough))


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


def swapped(signal):
    """RA and LA exchanged: I inverts, II and III exchange, aVR and aVL exchange."""
    signal[[0, 1, 2, 3, 4]] = np.stack([-signal[0], signal[2], signal[1], signal[4], signal[3]])
    return signal


def test_exchanged_arm_electrodes_are_stopped():
    assert "limb_electrodes_exchanged" in codes(findings_of(changed(swapped)), Severity.STOP)


def row(signal, lead, values):
    signal[LEAD_INDEX[lead]] = values
    return signal


def limb(one, two):
    """The six limb leads that follow from I and II."""
    return np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])


@pytest.mark.parametrize(
    "name, change, code",
    [
        ("all inverted", lambda s: -s, "recording_inverted"),
        ("RA and LL exchanged", lambda s: np.vstack([limb(-s[2], -s[1]), s[6:]]), "limb_electrodes_exchanged"),
        ("V5 dead after a second", lambda s: row(s, "V5", np.where(np.arange(5000) < 500, s[10], 0.0)), "lead_flat"),
        ("V5 dead for half", lambda s: row(s, "V5", np.where(np.arange(5000) < 2500, s[10], 0.0)), "lead_flat"),
        ("all leads held for 5 s", lambda s: np.where(np.arange(5000) > 2500, s[:, 2500:2501], s), "lead_flat"),
        (
            "V3 is noise",
            lambda s: row(s, "V3", np.random.default_rng(0).normal(0.0, 0.05, 5000)),
            "lead_noisy",
        ),
        ("V4 ten times", lambda s: row(s, "V4", 10.0 * s[9]), "lead_gain"),
        ("limb leads five times", lambda s: np.vstack([5.0 * s[:6], s[6:]]), "lead_gain"),
        ("chest leads a tenth", lambda s: np.vstack([s[:6], 0.1 * s[6:]]), None),
    ],
)
def test_what_would_be_a_silent_wrong_answer_is_stopped(name, change, code):
    found = findings_of(changed(change))
    assert codes(found, Severity.STOP), name
    assert code is None or code in codes(found, Severity.STOP), name


def test_a_recording_bridged_again_and_again_is_stopped():
    def holes(signal):
        for start in range(0, 5000, 30):
            signal[:, start : start + 15] = np.nan
        return signal

    assert "samples_missing" in codes(check_recording(changed(holes)), Severity.STOP)


def test_without_p_and_t_half_of_the_beat_is_unread_and_that_is_said():
    beat = extract_beat(synthetic.recording())
    bare = dataclasses.replace(beat.fiducials, p_on=None, p_off=None, t_on=None, t_peak=None, t_end=None)
    unread = dataclasses.replace(beat, fiducials=bare)
    assert "waves_not_found" in codes(check_beat(unread, measure(unread)), Severity.STOP)


@pytest.mark.parametrize("changes", [{"weight_kg": 390.0}, {"height_cm": 60.0}, {"height_cm": 60.0, "weight_kg": None}])
def test_a_body_that_no_adult_has_is_stopped_also_when_the_other_size_is_unknown(changes):
    changes = {"height_cm": None, "weight_kg": None} | changes
    assert "body_size_implausible" in codes(check_patient(synthetic.patient(**changes)), Severity.STOP)


def test_an_undefined_axis_is_said():
    beat = extract_beat(synthetic.recording())
    flat = np.array(beat.signal_mv)
    flat[:6] *= 1e-3
    assert "axis_undefined" in codes(check_beat(beat, measure(dataclasses.replace(beat, signal_mv=flat))))


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


def test_the_same_age_over_89_and_a_sex_left_open_are_no_conflict():
    stated = Patient(sex=Sex.FEMALE, age_years=90.0)
    assert check_conflicts(stated, Patient(sex=Sex.FEMALE, age_years=95.0)) == ()
    assert check_conflicts(stated, Patient(age_years=90.0)) == ()


def test_what_is_not_checked_is_listed_for_the_reader():
    assert any("infarction" in words for words in NOT_CHECKED)


def test_unknown_body_size_does_not_promise_a_wider_interval():
    (finding,) = check_patient(synthetic.patient(height_cm=None))
    assert "wider" not in finding.message


@pytest.mark.parametrize(
    ("change", "code"), [(lambda signal: -signal, "recording_inverted"), (swapped, "limb_electrodes_exchanged")]
)
def test_with_a_wide_qrs_pacing_is_named_before_the_electrodes_and_it_stays_a_stop(change, code):
    beat = extract_beat(changed(change))

    def message(qrs_off):
        fiducials = dataclasses.replace(beat.fiducials, qrs_off=beat.fiducials.qrs_on + qrs_off)
        (found,) = [one for one in check_electrodes(dataclasses.replace(beat, fiducials=fiducials)) if one.code == code]
        assert found.severity is Severity.STOP
        return found.message

    assert "pacing" not in message(118.0)
    wide = message(120.0)
    assert 0 <= wide.index("pacing") < wide.index("record again")


def test_what_is_outside_the_scope_is_named_once_and_judged_never():
    def caution(code):
        return Finding(code=code, severity=Severity.CAUTION, message="")

    inside = (caution("noisy"), caution("many_beats_rejected"))
    assert (outside_scope(inside), why_not_judged(inside), scope_words(inside)) == ((), "", "")
    found = (*inside, caution("wide_qrs"), caution("atrial_fibrillation"))
    assert [one.code for one in outside_scope(found)] == ["wide_qrs", "atrial_fibrillation"]
    for sentence in (why_not_judged(found), scope_words(found)):
        assert "QRS is wide" in sentence
        assert "fibrillation" in sentence


def test_a_suspicion_of_electrodes_in_a_paced_recording_names_the_pacing_first_and_stays_a_stop():
    beat = extract_beat(changed(swapped))
    (plain,), (paced,) = check_electrodes(beat), check_electrodes(beat, paced=True)
    assert (paced.code, paced.severity) == (plain.code, Severity.STOP)
    assert paced.message.startswith("Pacemaker spikes are seen")
    assert plain.message[1:] in paced.message


def test_a_wide_qrs_is_a_caution():
    beat = extract_beat(synthetic.recording())
    wide = dataclasses.replace(beat, fiducials=dataclasses.replace(beat.fiducials, qrs_off=100.0))
    assert "wide_qrs" in codes(check_beat(wide, measure(wide)), Severity.CAUTION)
