"""The device's beat is laid where it belongs, whatever its length, rate, place and offset."""

import numpy as np
import pytest

from elvmass_core.domain import DeviceBeat
from elvmass_core.signal import extract_beat
from elvmass_core.signal.device_beat import align_device_beat
from tests import synthetic


@pytest.fixture(scope="module")
def beat():
    return extract_beat(synthetic.recording())


@pytest.mark.parametrize("before", [0, 37, 150])
@pytest.mark.parametrize("offset_mv", [0.0, 0.4])
def test_a_copy_of_our_beat_placed_elsewhere_is_found_and_agrees(beat, before, offset_mv):
    padded = np.pad(beat.signal_mv, ((0, 0), (before, 30)), mode="edge") + offset_mv
    aligned = align_device_beat(beat, DeviceBeat(signal_mv=padded, fs_hz=500.0))
    np.testing.assert_allclose(aligned.signal_mv, beat.signal_mv, atol=1e-9)
    assert aligned.rms_mv < 1e-9
    assert aligned.correlation == pytest.approx(1.0)


def test_a_beat_of_another_rate_is_resampled_first(beat):
    twice = np.repeat(beat.signal_mv, 2, axis=1)
    aligned = align_device_beat(beat, DeviceBeat(signal_mv=twice, fs_hz=1000.0))
    assert aligned.correlation > 0.99
    assert aligned.rms_mv < 0.05


def test_a_wrong_gain_shows_as_a_difference_and_not_in_the_correlation(beat):
    aligned = align_device_beat(beat, DeviceBeat(signal_mv=2 * beat.signal_mv, fs_hz=500.0))
    assert aligned.correlation == pytest.approx(1.0)
    assert aligned.rms_mv > 0.1


def test_a_beat_with_missing_leads_or_too_short_is_not_compared(beat):
    missing = beat.signal_mv.copy()
    missing[3] = np.nan
    assert align_device_beat(beat, DeviceBeat(signal_mv=missing, fs_hz=500.0)) is None
    assert align_device_beat(beat, DeviceBeat(signal_mv=beat.signal_mv[:, :50], fs_hz=500.0)) is None
