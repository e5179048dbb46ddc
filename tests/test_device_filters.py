"""What the file states of the cardiograph's filters, against the AHA's limits."""

from dataclasses import replace

import pytest

from elvmass_core.domain import DeviceFilters, Severity
from elvmass_core.quality import check_recording
from tests import synthetic

CODES = {"filters_not_stated", "filter_lowpass", "filter_highpass"}


def codes(**filters):
    recording = replace(synthetic.recording(), filters=DeviceFilters(**filters))
    return {finding.code: finding.severity for finding in check_recording(recording) if finding.code in CODES}


def test_a_file_that_states_no_filter_is_a_caution():
    assert codes() == {"filters_not_stated": Severity.CAUTION}
    assert codes(lowpass_hz=150.0) == {"filters_not_stated": Severity.CAUTION}


@pytest.mark.parametrize(("lowpass_hz", "cautioned"), [(40.0, True), (100.0, True), (150.0, False), (0.0, False)])
def test_a_low_pass_below_150_hz_is_cautioned(lowpass_hz, cautioned):
    assert ("filter_lowpass" in codes(lowpass_hz=lowpass_hz, highpass_hz=0.05)) is cautioned


@pytest.mark.parametrize(("highpass_hz", "cautioned"), [(0.5, True), (0.15, True), (0.05, False), (0.0, False)])
def test_a_high_pass_above_0_05_hz_is_cautioned(highpass_hz, cautioned):
    assert ("filter_highpass" in codes(lowpass_hz=150.0, highpass_hz=highpass_hz)) is cautioned


def test_diagnostic_filters_raise_nothing():
    assert codes(lowpass_hz=150.0, highpass_hz=0.05) == {}
