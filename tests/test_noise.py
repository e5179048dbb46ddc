"""Noise of known size is found and named; what is no ECG at all does not get through."""

import numpy as np
import pytest
from scipy import signal as sps

from elvmass_core.domain import Recording, Severity
from elvmass_core.errors import BeatError
from elvmass_core.features import measure
from elvmass_core.quality import check_beat, check_recording
from elvmass_core.quality.noise import check_noise, jump_mv, mains_mv, muscle_mv, wander_mv
from elvmass_core.signal import extract_beat
from elvmass_core.units import LEAD_INDEX
from tests import synthetic

FS_HZ, N = 500.0, 5000
TIMES_S = np.arange(N) / FS_HZ
INDEPENDENT = 8


def recording(signal):
    return Recording(signal_mv=signal, fs_hz=FS_HZ, format="synthetic")


def added(noise, lead="V3"):
    """The hand-made ECG with `noise` (n,) in one lead."""
    signal = np.array(synthetic.signal()[0])
    signal[LEAD_INDEX[lead]] += noise
    return recording(signal)


def white(rms, seed=0):
    return np.random.default_rng(seed).normal(0.0, rms, N)


def sine(amplitude, hertz):
    return amplitude * np.sin(2.0 * np.pi * hertz * TIMES_S)


def only(findings, code):
    (finding,) = findings
    assert finding.code == code
    return finding


def test_the_quiet_ecg_has_no_noise():
    assert check_noise(synthetic.recording()) == ()


@pytest.mark.parametrize("fs_hz", [250.0, 500.0, 1000.0])
@pytest.mark.parametrize("line", [50.0, 60.0])
def test_the_amplitude_of_a_mains_line_is_measured(fs_hz, line):
    times = np.arange(round(10 * fs_hz)) / fs_hz
    signal = synthetic.signal(fs_hz=fs_hz)[0] + 0.2 * np.sin(2.0 * np.pi * line * times)
    np.testing.assert_allclose(mains_mv(signal, fs_hz), 0.2, rtol=0.1)


def test_the_rms_of_noise_in_the_muscle_band_is_measured_between_the_beats():
    # White noise of 0.1 mV rms at 500 Hz has 60 of 250 Hz inside 40–100 Hz.
    clean, _ = synthetic.signal(noise_mv=0.0)
    noisy = clean + np.random.default_rng(0).normal(0.0, 0.1, clean.shape)
    np.testing.assert_allclose(muscle_mv(noisy, FS_HZ), 0.1 * np.sqrt(60.0 / 250.0), rtol=0.25)
    assert muscle_mv(clean, FS_HZ).max() < 0.003


def test_wander_and_jump_are_measured():
    signal = synthetic.signal()[0]
    np.testing.assert_allclose(wander_mv(signal + sine(1.5, 0.2), FS_HZ), 1.5, rtol=0.15)
    np.testing.assert_allclose(jump_mv(signal + 3.0 * (TIMES_S > 5.0), FS_HZ), 3.0, rtol=0.1)


@pytest.mark.parametrize(
    ("noise", "code", "severity"),
    [
        (sine(0.03, 50.0), None, None),
        (sine(0.1, 50.0), "mains_noise", Severity.CAUTION),
        (sine(0.1, 60.0), "mains_noise", Severity.CAUTION),
        (sine(0.8, 50.0), "mains_noise", Severity.STOP),
        (white(0.03), None, None),
        (white(0.1), "muscle_noise", Severity.CAUTION),
        (white(0.4), "muscle_noise", Severity.STOP),
        (sine(0.8, 0.3), None, None),
        (sine(1.5, 0.2), "baseline_wander", Severity.CAUTION),
    ],
)
def test_noise_above_the_limit_is_said_with_its_lead(noise, code, severity):
    findings = check_noise(added(noise))
    if code is None:
        assert findings == ()
        return
    finding = only(findings, code)
    assert finding.severity is severity
    assert "lead V3" in finding.message


def test_a_jump_of_an_electrode_is_said_with_its_lead():
    findings = check_noise(added(3.0 * (TIMES_S > 5.0), "V6"))
    assert "lead V6" in next(one.message for one in findings if one.code == "electrode_jump")


def test_two_equal_chest_leads_are_stopped_and_named():
    signal = np.array(synthetic.signal()[0])
    signal[LEAD_INDEX["V5"]] = signal[LEAD_INDEX["V4"]] + white(0.002)
    finding = next(one for one in check_recording(recording(signal)) if one.code == "leads_identical")
    assert finding.severity is Severity.STOP
    assert "leads V4, V5" in finding.message


def test_an_electrode_that_is_off_stops_the_recording_whatever_it_shows():
    for noise in (np.zeros(N), np.full(N, 5.0), sine(1.0, 50.0), white(0.5), np.cumsum(white(0.02))):
        signal = np.array(synthetic.signal()[0])
        signal[LEAD_INDEX["V2"]] = noise
        assert stops(signal)


def twelve(eight):
    """Limb leads by Einthoven and Goldberger, so that only the signals themselves betray what they are."""
    one, two = eight[0], eight[1]
    return np.vstack([[one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2], eight[2:]])


def stops(signal):
    """Codes that forbid an estimate."""
    one = recording(signal)
    findings = list(check_recording(one))
    try:
        beat = extract_beat(one)
    except BeatError:
        return {"no_beat"}
    findings += check_beat(beat, measure(beat))
    return {finding.code for finding in findings if finding.severity is Severity.STOP}


def scales(rng):
    return rng.uniform(-1.5, 1.5, (INDEPENDENT, 1))


def coloured(rng, exponent):
    """Noise of power ~ 1/f^exponent in each lead."""
    hertz = np.fft.rfftfreq(N, 1.0 / FS_HZ)
    hertz[0] = hertz[1]
    spectrum = rng.normal(size=(INDEPENDENT, hertz.size)) + 1j * rng.normal(size=(INDEPENDENT, hertz.size))
    lead = np.fft.irfft(spectrum * hertz ** (-exponent / 2.0), N, axis=1)
    return lead / lead.std(axis=1, keepdims=True) * rng.uniform(0.2, 1.5)


def bursts(rng):
    muscle = sps.sosfilt(sps.butter(3, [20, 150], "bandpass", fs=FS_HZ, output="sos"), rng.normal(size=(8, N)), axis=1)
    return muscle * np.exp(-0.5 * ((TIMES_S % 0.8 - 0.4) / 0.05) ** 2) * 2.0


def mains(rng):
    swing = 1.0 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(0.5, 2.0) * TIMES_S)
    return (sine(1.0, 50.0) + sine(0.3, 150.0)) * swing * scales(rng) + 0.005 * rng.normal(size=(8, N))


def waveform(shape):
    def make(rng):
        return shape(2.0 * np.pi * rng.uniform(0.7, 2.5) * TIMES_S) * scales(rng) + 0.005 * rng.normal(size=(8, N))

    return make


def pulses(width_s):
    def make(rng):
        centres = np.cumsum(rng.normal(0.85, 0.02, 11))
        pulse = sum(np.exp(-0.5 * ((TIMES_S - centre) / width_s) ** 2) for centre in centres)
        return pulse * scales(rng) + 0.01 * rng.normal(size=(8, N))

    return make


def one_lead_scaled(rng):
    """A real course in time, but of one lead only."""
    lead = synthetic.signal(seed=int(rng.integers(1000)))[0][rng.integers(12)]
    return lead * scales(rng) + 0.005 * rng.normal(size=(8, N))


NO_ECG = {
    "white noise": lambda rng: coloured(rng, 0.0),
    "pink noise": lambda rng: coloured(rng, 1.0),
    "brown noise": lambda rng: coloured(rng, 2.0),
    "muscle bursts": bursts,
    "mains": mains,
    "sine": waveform(np.sin),
    "sawtooth": waveform(sps.sawtooth),
    "square wave": waveform(sps.square),
    "narrow pulses": pulses(0.008),
    "wide pulses": pulses(0.05),
    "random walk": lambda rng: np.cumsum(rng.normal(0.0, 0.03, (8, N)), axis=1),
    "one lead, scaled": one_lead_scaled,
}


@pytest.mark.parametrize("kind", NO_ECG)
def test_what_is_no_ecg_is_stopped(kind):
    for seed in range(6):
        assert stops(twelve(NO_ECG[kind](np.random.default_rng(seed)))), (kind, seed)


def test_one_lead_copied_to_all_is_stopped_as_copies_and_as_one_source():
    signal = np.repeat(synthetic.signal()[0][[1]], 12, axis=0)
    assert {"leads_identical", "one_source"} <= stops(signal)
