"""A recording from one beat: every activation at its time, breathing, noise, and the recorder."""

import numpy as np
from scipy.interpolate import CubicSpline

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.atria import fibrillation_mv, p_wave_mv
from elvmass_core.virtual.beat import SimulatedBeat, simulate_beat, simulate_ectopic_beat
from elvmass_core.virtual.device import device_band, digitise
from elvmass_core.virtual.noise import electrode_noise
from elvmass_core.virtual.patient import RhythmKind, VirtualPatient
from elvmass_core.virtual.rhythm import RECORDING_FS_HZ, Firing, Schedule, draw_breathing, draw_schedule

SETTLING_S = 1.0
"""Recorded before the kept part, so that the filter has settled."""
_QT_EXPONENT = 0.15
"""QT of a beat follows the RR before it with this power: half of the steady state's third, as QT lags (assumed)."""
_T_VARIATION, _T_VARIATION_RAMP_MS = 0.015, 60.0
"""SD of the size of ST–T from beat to beat, reached this long after QRS (assumed)."""
_TURN_DEG, _TURN_LOG_SD = 4.8, 0.4
_TURN_AXIS = np.array([0.35, 0.90, 0.25])
_LUNG_GAIN, _LUNG_GAIN_SD = -0.030, 0.030
"""Breathing turns the heart about this axis, mostly in the frontal plane and towards the vertical in inspiration, and
the inflated lungs weaken what reaches the electrodes. Turn and gain are fitted to how QRS axis and size vary from beat
to beat in the tuning half of real recordings (`noise`)."""
_P_BEFORE_MS, _P_AFTER_MS = 40.0, 560.0


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
        Millivolts at 500 Hz in standard order; III, aVR, aVL, aVF follow exactly from I and II, and all are whole
        counts of `device.counts_per_mv`.
    """
    beat = simulate_beat(patient) if beat is None else beat
    n_settling = round(SETTLING_S * RECORDING_FS_HZ)
    n_samples = n_settling + round(duration_s * RECORDING_FS_HZ)
    times = (np.arange(n_samples) - n_settling) / RECORDING_FS_HZ
    breathing = draw_breathing(rng, patient.rhythm)
    schedule = draw_schedule(
        rng, patient.rhythm, breathing, pr_s=1e-3 * patient.atria.pr_ms, start_s=float(times[0]), stop_s=duration_s
    )
    electrodes = _ventricles(rng, patient, beat, schedule, times) + _atria(rng, patient, beat, schedule, times)
    breath = breathing.at(times)
    electrodes += _breathing_matrix(rng, beat) @ electrodes * breath
    electrodes += electrode_noise(rng, n_samples, RECORDING_FS_HZ, recorder=patient.recorder, breathing=breath)
    band = device_band(
        electrodes, RECORDING_FS_HZ, high_pass_hz=patient.recorder.high_pass_hz,
        low_pass_hz=patient.recorder.low_pass_hz,
    )  # fmt: skip
    return digitise(band[:, n_settling:], patient.recorder.resolution_uv)


def _ventricles(
    rng: np.random.Generator, patient: VirtualPatient, beat: SimulatedBeat, schedule: Schedule, times_s: FloatArray
) -> FloatArray:
    """Every QRS-T of the schedule, shape (9, n_samples)."""
    usual_s = 60.0 / patient.rhythm.rate_bpm
    beats = [beat]
    if any(firing.ectopic for firing in schedule.ventricles):
        beats.append(simulate_ectopic_beat(patient, beat))
    courses = [CubicSpline(each.times_ms, each.ventricular_mv, axis=1) for each in beats]
    potential = np.zeros((len(beat.ventricular_mv), times_s.size))
    for firing in schedule.ventricles:
        stretch = (firing.interval_s / usual_s) ** _QT_EXPONENT
        size = 1.0 + rng.normal(0.0, _T_VARIATION)
        _add_beat(potential, times_s, firing, beats[firing.ectopic], courses[firing.ectopic], stretch, size)
    return potential


def _add_beat(
    potential: FloatArray,
    times_s: FloatArray,
    firing: Firing,
    beat: SimulatedBeat,
    course: CubicSpline,
    stretch: float,
    size: float,
) -> None:
    """Add one beat in place, what follows its QRS stretched in time and scaled."""
    first_ms, last_ms = beat.times_ms[0], beat.times_ms[-1]
    end_ms = beat.qrs_ms + (last_ms - beat.qrs_ms) * stretch
    start, stop = np.searchsorted(times_s, [firing.onset_s + first_ms / 1e3, firing.onset_s + end_ms / 1e3])
    since_ms = (times_s[start:stop] - firing.onset_s) * 1e3
    late_ms = np.maximum(since_ms - beat.qrs_ms, 0.0)
    weight = 1.0 + (size - 1.0) * np.minimum(late_ms / _T_VARIATION_RAMP_MS, 1.0)
    potential[:, start:stop] += weight * course(since_ms - late_ms * (1.0 - 1.0 / stretch))


def _atria(
    rng: np.random.Generator, patient: VirtualPatient, beat: SimulatedBeat, schedule: Schedule, times_s: FloatArray
) -> FloatArray:
    """Every P wave of the schedule, or the f waves; shape (9, n_samples)."""
    if patient.rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        return fibrillation_mv(rng, beat.atrial_leads, patient.atria, times_s.size, RECORDING_FS_HZ)
    potential = np.zeros((len(beat.atrial_mv), times_s.size))
    for firing in schedule.atria:
        window = [firing.onset_s - _P_BEFORE_MS / 1e3, firing.onset_s + _P_AFTER_MS / 1e3]
        start, stop = np.searchsorted(times_s, window)
        since_ms = (times_s[start:stop] - firing.onset_s) * 1e3
        axis = patient.rhythm.ectopic_axis if firing.ectopic else None
        potential[:, start:stop] += p_wave_mv(beat.atrial_leads, patient.atria, since_ms, axis=axis)
    return potential


def _breathing_matrix(rng: np.random.Generator, beat: SimulatedBeat) -> FloatArray:
    """What full inspiration adds to the electrode potentials, as a matrix (9, 9) that acts on them.

    The part of the potentials that one dipole in the middle of the heart explains turns with the heart; all of it is
    weakened.
    """
    turn = np.radians(_TURN_DEG * np.exp(rng.normal(0.0, _TURN_LOG_SD)))
    x, y, z = turn * _TURN_AXIS / np.linalg.norm(_TURN_AXIS)
    rotation = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    leads = beat.ventricular_leads
    without_common = np.eye(len(leads)) - 1.0 / len(leads)
    turning = leads @ rotation @ np.linalg.pinv(without_common @ leads) @ without_common
    gain = _LUNG_GAIN + rng.normal(0.0, _LUNG_GAIN_SD, len(leads))
    return turning + np.diag(gain)
