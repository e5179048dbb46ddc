"""Lead order, derivation, units, rates and limits, whatever the format."""

import numpy as np
import pytest

from elvmass_core.domain import Severity
from elvmass_core.errors import LimitError, RateNeededError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io.normal_form import Channel, RawRecording, einthoven_residual, to_recording
from elvmass_core.units import LEADS


def raw(signal, leads=LEADS, unit="mV", fs_hz=500.0):
    channels = tuple(Channel(lead=lead, samples=row, unit=unit) for lead, row in zip(leads, signal, strict=True))
    return RawRecording(format="test", channels=channels, fs_hz=fs_hz)


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings}


def test_the_order_of_the_leads_in_the_file_does_not_matter(ecg_mv):
    order = np.random.default_rng(1).permutation(12)
    shuffled = to_recording(raw(ecg_mv[order], [LEADS[k] for k in order]))
    assert shuffled.digest == to_recording(raw(ecg_mv)).digest
    assert shuffled.findings == ()


@pytest.mark.parametrize("kept", [(0, 1), (0, 2), (1, 2), (0, 5), (3, 4), (4, 5), (2, 3)])
def test_any_two_limb_leads_give_the_other_four(ecg_mv, kept):
    rows = [*kept, *range(6, 12)]
    recording = to_recording(raw(ecg_mv[rows], [LEADS[row] for row in rows]))
    np.testing.assert_allclose(recording.signal_mv, ecg_mv, atol=1e-12)
    assert codes(recording) == {"leads_derived": Severity.NOTE}
    assert any("derived from" in note for note in recording.notes)


def test_a_lead_of_nan_only_is_derived_like_an_absent_one(ecg_mv):
    signal = ecg_mv.copy()
    signal[2] = np.nan
    np.testing.assert_allclose(to_recording(raw(signal)).signal_mv, ecg_mv, atol=1e-12)


def test_missing_chest_and_limb_leads_stop_and_are_named(ecg_mv):
    rows = [0, 6, 7, 8, 10, 11]
    recording = to_recording(raw(ecg_mv[rows], [LEADS[row] for row in rows]))
    (finding,) = recording.findings
    assert (finding.code, finding.severity) == ("leads_missing", Severity.STOP)
    assert "II, III, aVR, aVL, aVF, V4" in finding.message
    assert recording.leads_present == tuple(LEADS[row] for row in rows)


@pytest.mark.parametrize("lead", range(6))
def test_a_doubled_gain_in_any_limb_lead_stops(ecg_mv, lead):
    signal = ecg_mv.copy()
    signal[lead] *= 2
    assert codes(to_recording(raw(signal)))["einthoven_residual"] is Severity.STOP


def test_the_residual_of_one_wrong_lead_is_its_share_of_the_power(ecg_mv):
    signal = ecg_mv.copy()
    signal[5] *= 1.5
    share = (0.5 * ecg_mv[5]).var() / signal[:6].var(axis=1).mean()
    assert einthoven_residual(signal) == pytest.approx(share)


def test_an_offset_of_a_lead_is_no_contradiction_and_a_common_gain_cannot_be_seen(ecg_mv):
    signal = ecg_mv * 5
    signal[1] += 3
    assert codes(to_recording(raw(signal))) == {}


def test_nan_gaps_stay_and_infinities_become_nan(ecg_mv):
    signal = ecg_mv.copy()
    signal[7, 10], signal[7, 11], signal[7, 12] = np.nan, np.inf, 1e300
    recording = to_recording(raw(signal))
    assert np.argwhere(np.isnan(recording.signal_mv)).tolist() == [[7, 10], [7, 11], [7, 12]]


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1), ("uV", 1000), ("V", 1e-3), ("nV", 1e6)])
def test_every_unit_becomes_millivolts(ecg_mv, unit, factor):
    assert to_recording(raw(ecg_mv * factor, unit=unit)).digest == to_recording(raw(ecg_mv)).digest


def test_an_unstated_unit_or_rate_is_asked_for_and_the_answer_used(ecg_mv):
    with pytest.raises(RateNeededError):
        to_recording(raw(ecg_mv, fs_hz=None), unit="mV")
    with pytest.raises(UnitNeededError) as caught:
        to_recording(raw(ecg_mv * 1000, unit=None))
    spans = np.percentile(ecg_mv * 1000, 99, axis=1) - np.percentile(ecg_mv * 1000, 1, axis=1)
    assert caught.value.peak_to_peak == pytest.approx(np.median(spans))
    answered = to_recording(raw(ecg_mv * 1000, unit=None, fs_hz=None), unit="uV", fs_hz=500)
    assert answered.digest == to_recording(raw(ecg_mv)).digest
    assert answered.findings == ()


def test_a_rate_against_the_file_is_stopped_and_a_unit_against_it_cautioned(ecg_mv):
    recording = to_recording(raw(ecg_mv), unit="uV", fs_hz=250)
    assert codes(recording) == {"rate_overridden": Severity.STOP, "unit_overridden": Severity.CAUTION}
    assert recording.fs_hz == 250
    np.testing.assert_allclose(recording.signal_mv, ecg_mv / 1000)
    assert to_recording(raw(ecg_mv), unit="mV", fs_hz=500).findings == ()


@pytest.mark.parametrize("fs_hz", [99.0, 2001.0, 0.0, -500.0, float("nan"), float("inf")])
def test_rates_outside_100_to_2000_hz_are_refused(ecg_mv, fs_hz):
    with pytest.raises(LimitError, match="Hz"):
        to_recording(raw(ecg_mv), fs_hz=fs_hz)


def test_a_unit_that_is_neither_is_refused(ecg_mv):
    with pytest.raises(UnsupportedError, match="mV or uV"):
        to_recording(raw(ecg_mv), unit="furlong")


def test_durations_five_to_sixty_seconds_are_used_whole_and_longer_ones_for_ten(ecg_mv):
    with pytest.raises(LimitError, match=r"5\.0 s|4\.9|5 s"):
        to_recording(raw(ecg_mv[:, :2499]))
    assert to_recording(raw(ecg_mv[:, :2500])).duration_s == 5
    long = np.tile(ecg_mv, 11)
    assert to_recording(raw(long[:, :30000])).duration_s == 60
    cut = to_recording(raw(long))
    assert cut.duration_s == 10
    assert any("first 10 s" in note for note in cut.notes)


def test_unnamed_doubled_and_unequal_leads_are_refused(ecg_mv):
    with pytest.raises(UnreadableError, match="No channel"):
        to_recording(raw(ecg_mv, [None] * 12))
    with pytest.raises(UnreadableError, match="more than once"):
        to_recording(raw(ecg_mv[:2], ["I", "I"]))
    channels = (*raw(ecg_mv).channels[1:], Channel(lead="I", samples=ecg_mv[0, :2900], unit="mV"))
    with pytest.raises(UnreadableError, match="length"):
        to_recording(RawRecording(format="test", channels=channels, fs_hz=500.0))
