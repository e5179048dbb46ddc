"""Beat extraction: synchronous, aligned, robust, and independent of what does not matter."""

import dataclasses

import numpy as np
import pytest

from elvmass_core.domain import BEAT_R_INDEX, Recording
from elvmass_core.errors import BeatError
from elvmass_core.segments import beat_times_ms
from elvmass_core.signal import extract_beat
from elvmass_core.signal.average import _tail_weight
from tests import synthetic

INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]


def test_every_r_wave_of_a_clean_ecg_is_found_to_the_sample():
    signal, r_times = synthetic.signal()
    beat = extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))
    inside = r_times[(r_times > 0.35) & (r_times < 9.4)]
    assert len(beat.r_times_s) == len(inside)
    offsets = beat.r_times_s - inside
    assert np.ptp(offsets) < 0.001
    assert abs(offsets.mean()) < 0.02  # R is the tallest RMS, a little after or before the Gaussian "R"


def test_r_is_the_largest_rms_of_the_independent_leads():
    beat = extract_beat(synthetic.recording())
    rms = np.sqrt(np.square(beat.signal_mv[INDEPENDENT]).mean(axis=0))
    assert abs(int(np.argmax(rms)) - BEAT_R_INDEX) <= 1


def test_the_average_keeps_the_amplitudes_of_a_clean_ecg():
    beat = extract_beat(synthetic.recording(noise_mv=0.0))
    v5 = beat.signal_mv[10]
    expected = (synthetic.signal(noise_mv=0.0)[0][10]).max()
    assert v5.max() == pytest.approx(expected, rel=0.05)


def test_the_rate_is_sixty_over_the_rr_interval():
    assert extract_beat(synthetic.recording(rr_s=0.75)).rate_bpm == pytest.approx(80.0, abs=0.5)


@pytest.mark.parametrize("fs_hz", [250.0, 360.0, 977.0, 1000.0])
def test_the_beat_hardly_depends_on_the_sampling_rate(fs_hz):
    base = extract_beat(synthetic.recording(noise_mv=0.0))
    other = extract_beat(synthetic.recording(noise_mv=0.0, fs_hz=fs_hz))
    difference = np.sqrt(np.square(base.signal_mv - other.signal_mv).mean())
    assert difference < 0.03 * np.sqrt(np.square(base.signal_mv).mean())


def test_amplitude_scales_through_and_a_constant_offset_does_not_matter():
    recording = synthetic.recording(noise_mv=0.0)
    base = extract_beat(recording)
    moved = dataclasses.replace(recording, signal_mv=2.0 * recording.signal_mv + 0.7)
    np.testing.assert_allclose(extract_beat(moved).signal_mv, 2.0 * base.signal_mv, atol=2e-3)


def test_limb_leads_of_the_average_still_obey_einthoven():
    beat = extract_beat(synthetic.recording(noise_mv=0.0)).signal_mv
    np.testing.assert_allclose(beat[2], beat[1] - beat[0], atol=5e-3)


def test_a_premature_beat_of_another_shape_is_left_out_with_its_reason():
    signal, r_times = synthetic.signal(noise_mv=0.0)
    times = np.arange(signal.shape[1]) / 500.0
    early = r_times[5] + 0.45
    signal[6:] += -1.5 * synthetic.wave(times, early, 0.04)
    beat = extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))
    rejected = [r for r, used in zip(beat.r_times_s, beat.used, strict=True) if not used]
    assert any(abs(r - early) < 0.1 for r in rejected)
    assert all(bool(reason) != used for reason, used in zip(beat.reasons, beat.used, strict=True))
    clean = extract_beat(synthetic.recording(noise_mv=0.0))
    assert np.abs(beat.signal_mv - clean.signal_mv).max() < 0.12


def test_at_fast_rates_the_samples_of_the_next_beat_are_at_the_pr_level():
    beat = extract_beat(synthetic.recording(rr_s=0.56, noise_mv=0.0))
    after = beat.signal_mv[:, BEAT_R_INDEX + int((0.56 - 0.24 + 0.03) * 500) + 1 :]
    assert np.all(after == 0.0)


@pytest.mark.parametrize("what", ["zeros", "two beats", "missing lead", "long gap"])
def test_what_cannot_be_averaged_says_why(what):
    signal, _ = synthetic.signal()
    if what == "zeros":
        signal[:] = 0.0
    if what == "two beats":
        signal = signal[:, :800]
    if what == "missing lead":
        signal[4] = np.nan
    if what == "long gap":
        signal[:, 1000:1400] = np.nan
    with pytest.raises(BeatError, match=r"heartbeat|missing"):
        extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))


def test_a_gap_of_thirty_milliseconds_is_bridged():
    signal, _ = synthetic.signal(noise_mv=0.0)
    whole = extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))
    signal[3, 1000:1015] = np.nan
    bridged = extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))
    assert np.abs(whole.signal_mv - bridged.signal_mv).max() < 0.05


def test_with_a_long_pr_the_next_p_wave_is_masked_from_its_own_onset():
    usual, long = _tail_weight(640.0, -200.0), _tail_weight(640.0, -270.0)
    times = beat_times_ms()
    assert np.all(usual[times >= 640.0 - 240.0] == 0.0)
    assert np.all(usual[times <= 640.0 - 270.0] == 1.0)
    assert np.all(long[times >= 640.0 - 280.0] == 0.0)
    np.testing.assert_array_equal(_tail_weight(640.0, None), usual)
