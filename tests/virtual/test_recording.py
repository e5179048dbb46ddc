"""Ten seconds: rhythm, quantised leads, noise."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import SimulatedBeat, VirtualPatient, sample_patient, simulate_beat, simulate_recording
from elvmass_core.virtual.noise import device_band, electrode_noise
from elvmass_core.virtual.rhythm import beat_onsets_s

FS_HZ = 500.0


@pytest.fixture(scope="module")
def patient() -> VirtualPatient:
    return sample_patient(np.random.default_rng([5, 1]))


@pytest.fixture(scope="module")
def beat(patient: VirtualPatient) -> SimulatedBeat:
    return simulate_beat(patient)


def _silent(patient: VirtualPatient) -> VirtualPatient:
    return replace(patient, recorder=replace(patient.recorder, noise_scale=0.0))


def test_a_recording_is_twelve_leads_of_ten_seconds_at_500_hz(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    recording = simulate_recording(patient, np.random.default_rng(1), beat=beat)
    assert recording.shape == (12, 5000)
    assert simulate_recording(patient, np.random.default_rng(1), duration_s=4.0, beat=beat).shape == (12, 2000)


def test_einthoven_and_goldberger_are_exact_in_whole_microvolts(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    microvolts = simulate_recording(patient, np.random.default_rng(2), beat=beat) * 1000.0
    counts = np.rint(microvolts).astype(int)
    np.testing.assert_allclose(counts, microvolts, atol=1e-6)
    i, ii, iii, avr, avl, avf = counts[:6]
    assert np.array_equal(i + iii, ii)
    assert np.array_equal(2 * avr, -(i + ii))
    assert np.array_equal(2 * avl, 2 * i - ii)
    assert np.array_equal(2 * avf, 2 * ii - i)


def test_the_same_stream_gives_the_same_recording(patient: VirtualPatient) -> None:
    first, second = (simulate_recording(patient, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, simulate_recording(patient, np.random.default_rng(4)))


def test_there_are_as_many_qrs_complexes_as_the_rate_says(patient: VirtualPatient, beat: SimulatedBeat) -> None:
    recording = simulate_recording(_silent(patient), np.random.default_rng(5), beat=beat)
    steep = np.abs(np.gradient(recording[LEAD_INDEX["V5"]]))
    above = steep > 0.4 * steep.max()
    starts = np.flatnonzero(above[1:] & ~above[:-1])
    complexes = 1 + np.count_nonzero(np.diff(starts) > 0.3 * FS_HZ)
    assert abs(complexes - patient.rhythm.rate_bpm / 6.0) <= 1.5


def test_without_noise_and_breathing_a_beat_of_the_recording_is_the_beat(
    patient: VirtualPatient, beat: SimulatedBeat
) -> None:
    recording = simulate_recording(_silent(patient), np.random.default_rng(6), beat=beat)
    lead = LEAD_INDEX["V5"]
    assert np.ptp(recording[lead]) == pytest.approx(np.ptp(beat.signal_mv[lead]), rel=0.12)


@pytest.mark.parametrize("rate_bpm", [45.0, 105.0])
def test_no_step_separates_one_beat_from_the_next(
    patient: VirtualPatient, beat: SimulatedBeat, rate_bpm: float
) -> None:
    other = replace(_silent(patient), rhythm=replace(patient.rhythm, rate_bpm=rate_bpm))
    recording = simulate_recording(other, np.random.default_rng(7), beat=beat)
    assert np.abs(np.diff(recording)).max() <= 1.15 * np.abs(np.diff(beat.signal_mv)).max() + 0.01


def test_rr_intervals_have_the_mean_of_the_rate_and_some_spread(patient: VirtualPatient) -> None:
    rhythm = replace(patient.rhythm, rate_bpm=60.0, respiratory_share=0.03)
    breathing = np.sin(2.0 * np.pi * 0.25 * np.arange(50000) / FS_HZ)
    onsets, intervals = beat_onsets_s(np.random.default_rng(8), rhythm, 100.0, breathing)
    assert onsets[0] < -1.0 and onsets[-1] > 99.5
    np.testing.assert_allclose(np.diff(onsets), intervals[1:], atol=1e-12)
    assert np.diff(onsets).mean() == pytest.approx(1.0, abs=0.01)
    assert 0.01 < np.diff(onsets).std() < 0.05


def test_noise_is_finite_has_no_common_part_and_grows_with_its_scale() -> None:
    noise = [
        electrode_noise(
            np.random.default_rng(9), 5000, FS_HZ, scale=scale, mains_hz=60.0, breathing=np.zeros(5000)
        )
        for scale in (1.0, 2.0)
    ]  # fmt: skip
    assert noise[0].shape == (9, 5000)
    np.testing.assert_allclose(noise[1], 2.0 * noise[0])
    assert 0.01 < np.median(noise[0].std(axis=1)) < 0.1
    correlation = np.corrcoef(noise[0])[np.triu_indices(9, 1)]
    assert abs(np.median(correlation)) < 0.5


def test_the_device_passes_10_hz_and_stops_what_lies_outside_its_band() -> None:
    time = np.arange(30000) / FS_HZ
    gains = []
    for frequency in (0.005, 10.0, 240.0):
        wave = np.sin(2.0 * np.pi * frequency * time)[None]
        gains.append(np.abs(device_band(wave, FS_HZ)[0, 5000:]).max())
    assert gains[0] < 0.15 and gains[1] == pytest.approx(1.0, abs=0.02) and gains[2] < 0.1


def test_an_offset_of_the_electrodes_is_gone_from_the_first_sample() -> None:
    assert np.abs(device_band(np.full((9, 1000), 3.0), FS_HZ)).max() < 1e-9
