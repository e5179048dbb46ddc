"""Borders: against the times the ECG was made with, and against cardiologists."""

import numpy as np
import pytest

from benchmarks import ludb_delineation
from elvmass_core.domain import Recording
from elvmass_core.signal import extract_beat
from tests import synthetic

CSE_SD_MS = {"qrs_on": 6.5, "qrs_off": 11.6, "t_end": 30.6}
"""Two standard deviations between referees (CSE Working Party 1985), taken as the largest SD of the error."""


@pytest.fixture(scope="module")
def fiducials():
    signal, _ = synthetic.signal(noise_mv=0.002)
    return extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic")).fiducials


def test_borders_come_in_order(fiducials):
    values = list(fiducials.as_dict().values())
    assert None not in values
    assert values == sorted(values)


def test_waves_made_of_gaussians_are_bounded_within_two_to_four_standard_deviations(fiducials):
    s_ms = 25.0
    assert 2 * 10 <= fiducials.qrs_off - s_ms + (s_ms - 5) <= 80  # S ends 2–4 SD after its centre
    assert -50 <= fiducials.qrs_on <= -15
    assert 2 * 45 <= fiducials.t_end - fiducials.t_peak <= 4 * 45
    assert 2 * 22 <= fiducials.p_off - fiducials.p_on <= 8 * 22


def test_without_a_p_wave_none_is_reported():
    signal, r_times = synthetic.signal(noise_mv=0.0)
    times = np.arange(signal.shape[1]) / 500.0
    p = sum(0.12 * synthetic.wave(times, r - 0.16, 0.022) for r in r_times)
    signal[6:] -= p
    signal[:2] -= p
    signal[2], signal[3] = signal[1] - signal[0], -(signal[0] + signal[1]) / 2
    signal[4], signal[5] = signal[0] - signal[1] / 2, signal[1] - signal[0] / 2
    beat = extract_beat(Recording(signal_mv=signal, fs_hz=500.0, format="synthetic"))
    assert beat.fiducials.p_on is None
    assert beat.fiducials.p_off is None


def test_borders_agree_with_cardiologists_on_the_half_of_ludb_that_was_not_used_for_tuning(ecg_data):
    half = ludb_delineation.Half(methods=())
    for path in ludb_delineation.headers(ecg_data)[1::2]:
        half.add(path)
    for name, tolerance_ms in CSE_SD_MS.items():
        errors = np.array(half.errors[ludb_delineation.OURS, name])
        assert errors.size >= 25
        assert errors.std() <= tolerance_ms
        assert abs(float(np.median(errors))) <= 10.0
    found, marked = np.sum(half.beats[ludb_delineation.OURS], axis=0)
    assert found >= 0.98 * marked
