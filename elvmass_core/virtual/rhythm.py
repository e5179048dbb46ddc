"""A 10 s recording from one beat: sinus rhythm, breathing, noise, the recorder's band and its resolution."""

import numpy as np
from scipy.interpolate import CubicSpline

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.beat import LEFT_ARM, LEFT_LEG, RIGHT_ARM, SimulatedBeat, simulate_beat, twelve_leads
from elvmass_core.virtual.noise import N_ELECTRODES, device_band, electrode_noise
from elvmass_core.virtual.patient import Rhythm, VirtualPatient

RECORDING_FS_HZ = 500.0
RESOLUTION_MV = 0.004
"""Step of the recorder. 4 µV, because the augmented leads (halves of it) are then whole microvolts as well."""
SETTLING_S = 1.0
"""Recorded before the kept part, so that the filter has settled."""
_SLOW_SHARE, _SLOW_HZ, _BEAT_SHARE = 0.010, 0.10, 0.006
"""Baroreflex and beat-to-beat variability of RR as shares of it (assumed, for rest in middle age)."""
_QT_EXPONENT = 0.25
"""QT of a beat follows the RR before it with this power: less than the steady state, as QT lags (assumed)."""
_BREATHING_GAIN, _BREATHING_GAIN_SD = 0.02, 0.015
"""How much breathing changes the amplitude of all electrodes, and of single ones (axis)."""


def simulate_recording(
    patient: VirtualPatient,
    rng: np.random.Generator,
    *,
    duration_s: float = 10.0,
    beat: SimulatedBeat | None = None,
) -> FloatArray:
    """Simulate a 12-lead recording.

    Parameters
    ----------
    patient : VirtualPatient
    rng : numpy Generator
        Rhythm and noise.
    duration_s : float
    beat : SimulatedBeat, optional
        The patient's beat, when it is already there.

    Returns
    -------
    array (12, n_samples)
        Millivolts at 500 Hz in standard order; III, aVR, aVL, aVF follow exactly from I and II.
    """
    beat = simulate_beat(patient) if beat is None else beat
    n_settling = round(SETTLING_S * RECORDING_FS_HZ)
    n_samples = n_settling + round(duration_s * RECORDING_FS_HZ)
    times = np.arange(n_samples) / RECORDING_FS_HZ
    breathing = np.sin(2.0 * np.pi * (patient.rhythm.breathing_hz * times + rng.random()))
    onsets, intervals = beat_onsets_s(rng, patient.rhythm, times[-1], breathing)
    electrodes = _repeat_beat(beat, onsets, intervals, times, 60.0 / patient.rhythm.rate_bpm)
    gain = _BREATHING_GAIN + rng.normal(0.0, _BREATHING_GAIN_SD, N_ELECTRODES)
    electrodes *= 1.0 + gain[:, None] * breathing
    electrodes += electrode_noise(
        rng, n_samples, RECORDING_FS_HZ, scale=patient.recorder.noise_scale, mains_hz=patient.recorder.mains_hz,
        breathing=breathing,
    )  # fmt: skip
    return _digitise(device_band(electrodes, RECORDING_FS_HZ)[:, n_settling:])


def beat_onsets_s(
    rng: np.random.Generator, rhythm: Rhythm, last_s: float, breathing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """QRS onsets from before 0 to after ``last_s`` and the RR interval that ends at each, both (n_beats,) in s.

    RR varies with breathing, slowly, and from beat to beat; the first beat falls anywhere between the samples.
    """
    mean_rr = 60.0 / rhythm.rate_bpm
    slow_phase = rng.uniform(0.0, 2.0 * np.pi)
    onset = -rng.uniform(1.0, 2.0) * mean_rr
    onsets, intervals, previous = [], [], mean_rr
    while onset < last_s + mean_rr:
        onsets.append(onset)
        intervals.append(previous)
        breath = breathing[int(np.clip(onset * RECORDING_FS_HZ, 0, breathing.size - 1))]
        slow = np.sin(2.0 * np.pi * _SLOW_HZ * onset + slow_phase)
        varied = rhythm.respiratory_share * breath + _SLOW_SHARE * slow + rng.normal(0.0, _BEAT_SHARE)
        previous = mean_rr * (1.0 + varied)
        onset += previous
    return np.array(onsets), np.array(intervals)


def _repeat_beat(
    beat: SimulatedBeat, onsets_s: FloatArray, intervals_s: FloatArray, times_s: FloatArray, mean_rr_s: float
) -> FloatArray:
    """Add the beat at every onset, its part after QRS stretched with the RR before it; shape (9, n_samples)."""
    course = CubicSpline(beat.times_ms, beat.electrode_mv, axis=1)
    first_ms, last_ms = beat.times_ms[0], beat.times_ms[-1]
    electrodes = np.zeros((N_ELECTRODES, times_s.size))
    for onset, stretch in zip(onsets_s, (intervals_s / mean_rr_s) ** _QT_EXPONENT, strict=True):
        end_ms = beat.qrs_ms + (last_ms - beat.qrs_ms) * stretch
        start, stop = np.searchsorted(times_s, [onset + first_ms / 1e3, onset + end_ms / 1e3])
        since_ms = (times_s[start:stop] - onset) * 1e3
        late = since_ms > beat.qrs_ms
        since_ms[late] = beat.qrs_ms + (since_ms[late] - beat.qrs_ms) / stretch
        electrodes[:, start:stop] += course(since_ms)
    return electrodes


def _digitise(electrode_mv: FloatArray) -> FloatArray:
    """Round the eight measured leads to the resolution and derive the other four from I and II."""
    right, left, leg = electrode_mv[[RIGHT_ARM, LEFT_ARM, LEFT_LEG]]
    central = (right + left + leg) / 3.0
    steps = np.rint(np.vstack([left - right, leg - right, electrode_mv[:6] - central]) / RESOLUTION_MV)
    # Whole microvolts in a double, so that the limb-lead sums are exact before the one division.
    microvolts = steps * round(RESOLUTION_MV * 1000.0)
    return twelve_leads(microvolts[0], microvolts[1], microvolts[2:]) / 1000.0
