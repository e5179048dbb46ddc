"""Of a long recording the first 10 s of the best quality are used: its first 10 s where these are sound."""

import numpy as np
import pytest

from elvmass_core.io.best_stretch import best_start_s
from elvmass_core.io.normal_form import Channel, RawRecording, to_recording
from elvmass_core.units import LEADS
from tests import synthetic

FS_HZ, SECONDS = 500.0, 70
SOUND = synthetic.signal(duration_s=SECONDS)[0]
SOUND.setflags(write=False)


def start_of(signal, fs_hz=FS_HZ):
    return best_start_s(list(signal), fs_hz, 10.0)


def until(seconds, change, leads=slice(None)):
    """The sound recording with something wrong in its first seconds."""
    signal, n = np.array(SOUND), round(seconds * FS_HZ)
    signal[leads, :n] = change(signal[leads, :n])
    return signal


def noise(mv):
    return lambda part: part + np.random.default_rng(3).normal(0.0, mv, part.shape)


def wander(part):
    return part + 2.0 * np.sin(2.0 * np.pi * 0.15 * np.arange(part.shape[-1]) / FS_HZ)


def spikes(part):
    return part + 12.0 * (np.arange(part.shape[-1]) % 700 < 20)


def missing(part):
    holed = np.array(part)
    holed[..., 100:600] = np.nan
    return holed


BEGINNINGS = {
    "tremor in all leads": (noise(0.3), slice(None)),
    "tremor in one lead": (noise(0.5), slice(8, 9)),
    "wander": (wander, slice(0, 3)),
    "artefacts": (spikes, slice(6, 7)),
    "a dead lead": (lambda part: 0.0 * part, slice(11, 12)),
    "no number": (lambda part: np.full_like(part, np.inf), slice(5, 6)),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise_mv", [0.0, 0.005, 0.02])
def test_the_first_seconds_of_a_sound_recording_are_used(seed, noise_mv):
    assert start_of(synthetic.signal(duration_s=SECONDS, noise_mv=noise_mv, seed=seed)[0]) == 0.0


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_bad_beginning_is_left_out(name):
    change, leads = BEGINNINGS[name]
    # A few bad seconds at its start stay within the tolerance where noise averages out.
    assert 17.0 <= start_of(until(22.0, change, leads)) <= 23.0


def test_missing_samples_early_move_the_start_behind_them():
    assert start_of(until(22.0, missing)) == 2.0


def test_a_recording_that_is_bad_throughout_is_read_from_its_start():
    assert start_of(until(SECONDS, noise(0.3))) == 0.0
    assert start_of(np.zeros((12, 35000))) == 0.0
    assert start_of(np.full((12, 35000), np.nan)) == 0.0


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1000.0])
def test_the_unit_does_not_matter(factor):
    signal = until(22.0, noise(0.3))
    assert start_of(signal * factor) == start_of(signal)


def test_the_order_of_the_leads_does_not_matter():
    signal = until(22.0, *BEGINNINGS["tremor in one lead"])
    assert start_of(signal[::-1]) == start_of(signal)


@pytest.mark.parametrize("fs_hz", [257.03, 977.0])
def test_an_odd_rate_gives_a_stretch_of_full_length(fs_hz):
    signal = synthetic.signal(fs_hz=fs_hz, duration_s=SECONDS)[0]
    signal[:, : round(22 * fs_hz)] += np.random.default_rng(0).normal(0.0, 0.3, (12, round(22 * fs_hz)))
    assert 17.0 <= start_of(signal, fs_hz) <= 23.0


def read(signal):
    channels = tuple(Channel(lead=lead, samples=row, unit="mV") for lead, row in zip(LEADS, signal, strict=True))
    return to_recording(RawRecording(format="test", channels=channels, fs_hz=FS_HZ))


def test_the_seconds_that_are_used_are_said_and_hold_what_the_file_holds():
    signal = until(22.0, noise(0.3))
    start = start_of(signal)
    recording = read(signal)
    first = round(start * FS_HZ)
    np.testing.assert_array_equal(recording.signal_mv, signal[:, first : first + 5000])
    (note,) = recording.notes
    assert f"only the seconds {start:g} to {start + 10:g} are used" in note and "70 s" in note


def test_a_sound_long_recording_is_read_as_its_first_ten_seconds_alone():
    assert read(SOUND).digest == read(SOUND[:, :5000]).digest
    assert read(SOUND).notes == ("The recording lasts 70 s; only its first 10 s are used.",)


def test_nothing_of_a_recording_of_a_minute_is_left_out():
    signal = until(22.0, noise(0.3))[:, :30000]
    assert read(signal).signal_mv.shape == (12, 30000)
