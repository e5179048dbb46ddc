"""Borders: against the times the ECG was made with, and against cardiologists."""

import numpy as np
import pytest

from elvmass_core.domain import Recording
from elvmass_core.io import load_files, read_recording
from elvmass_core.signal import extract_beat
from tests import synthetic

LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")


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


def marks(folder, record):
    """Cardiologists' global borders relative to each R: median over leads of onset and end, in samples."""
    import wfdb

    found = {}
    for lead in LEADS:
        annotation = wfdb.rdann(str(folder / record), lead)
        symbols, samples = annotation.symbol, annotation.sample
        for k in range(1, len(symbols) - 1):
            if symbols[k - 1] == "(" and symbols[k + 1] == ")":
                found.setdefault((lead, symbols[k]), []).append(samples[k - 1 : k + 2])
    return found


def test_borders_agree_with_cardiologists_on_the_half_of_ludb_that_was_not_used_for_tuning(ecg_data):
    errors = {"qrs_on": [], "qrs_off": [], "t_end": []}
    headers = sorted(ecg_data.glob("ludb/*_uv.hea"), key=lambda path: int(path.stem.split("_")[0]))
    for header in headers[1::2]:
        beat = extract_beat(read_recording(load_files([header])))
        truth = marks(header.parent, header.stem.removesuffix("_uv"))
        for name, symbol, side, share in (("qrs_on", "N", 0, 25), ("qrs_off", "N", 2, 75), ("t_end", "t", 2, 75)):
            per_beat = []
            for r in beat.r_times_s[np.array(beat.used)] * 500.0:
                window = (0, 30) if symbol == "N" else (30, 300)
                near = [
                    (wave[side] - r) * 2.0
                    for lead in LEADS
                    for wave in truth.get((lead, symbol), [])
                    if (abs(wave[1] - r) < 30 if symbol == "N" else window[0] < wave[1] - r < window[1])
                ]
                if len(near) >= 4:
                    per_beat.append(np.percentile(near, share))
            have = getattr(beat.fiducials, name)
            if per_beat and have is not None:
                errors[name].append(have - np.median(per_beat))
    medians = {name: float(np.median(np.abs(values))) for name, values in errors.items()}
    assert all(len(values) >= 25 for values in errors.values())
    assert medians["qrs_on"] <= 8.0
    assert medians["qrs_off"] <= 8.0
    assert medians["t_end"] <= 20.0
