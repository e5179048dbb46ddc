"""Measurements against the numbers an ECG was made with."""

import dataclasses

import numpy as np
import pytest

from elvmass_core.domain import Beat, Fiducials
from elvmass_core.features import FEATURE_NAMES, INTERVALS, measure, qrs_peak_to_peak_mv
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat
from elvmass_core.units import LEAD_INDEX, LEADS
from tests import synthetic


def square_beat(**amplitudes):
    """R and S as rectangles of known height, borders as marked."""
    signal = np.zeros((12, 400))
    for lead, (r_mv, s_mv, t_mv) in amplitudes.items():
        row = signal[LEAD_INDEX[lead]]
        row[130:145] = r_mv
        row[145:155] = -s_mv
        row[250:300] = t_mv
    borders = Fiducials(p_on=-160.0, p_off=-80.0, qrs_on=-20.0, qrs_off=80.0, t_on=200.0, t_peak=260.0, t_end=340.0)
    return Beat(
        signal_mv=signal, sd_mv=np.zeros((12, 400)), beats_mv=np.zeros((1, 12, 400)), r_times_s=[0.5], used=(True,),
        reasons=("",), rate_bpm=60.0, fiducials=borders, extraction=EXTRACTION_VERSION,
    )  # fmt: skip


def test_amplitudes_and_intervals_of_a_drawn_beat():
    features = measure(square_beat(V5=(1.4, 0.3, 0.4), V1=(0.2, 1.1, -0.2)))
    assert features["r_mv_V5"] == pytest.approx(1.4)
    assert features["s_mv_V1"] == pytest.approx(1.1)
    assert features["t_mv_V1"] == pytest.approx(-0.2)
    assert features["qrs_ms"] == 100.0
    assert features["pr_ms"] == 140.0
    assert features["qt_ms"] == 360.0
    assert features["qtc_fridericia_ms"] == pytest.approx(360.0)  # at 60 bpm nothing is corrected


@pytest.mark.parametrize("i, avf, degrees", [(1.0, 0.0, 0.0), (0.0, 1.0, 90.0), (-1.0, 0.0, 180.0), (0.0, -1.0, -90.0)])
def test_the_axis_points_at_the_lead_that_sees_it(i, avf, degrees):
    features = measure(square_beat(I=(i, 0.0, 0.0), aVF=(avf, 0.0, 0.0)))
    assert features["qrs_axis_deg"] % 360.0 == pytest.approx(degrees % 360.0, abs=0.1)


def test_a_flat_frontal_plane_has_no_axis():
    assert measure(square_beat(V5=(1.0, 0.0, 0.0)))["qrs_axis_deg"] is None


def test_absent_waves_are_none_and_not_zero():
    beat = extract_beat(synthetic.recording())
    bare = Beat(
        signal_mv=beat.signal_mv, sd_mv=beat.sd_mv, beats_mv=beat.beats_mv, r_times_s=beat.r_times_s, used=beat.used,
        reasons=beat.reasons, rate_bpm=beat.rate_bpm, fiducials=Fiducials(), extraction=beat.extraction,
    )  # fmt: skip
    features = measure(bare)
    absent = [name for name in FEATURE_NAMES if name != "rate_bpm"]
    assert all(features[name] is None for name in absent)


def test_every_feature_has_a_unit_and_the_list_is_complete():
    features = measure(extract_beat(synthetic.recording()))
    assert tuple(features.values) == FEATURE_NAMES
    assert all(one.unit in ("mV", "ms", "bpm", "°") for one in features.values.values())


def with_p(v1_mv):
    """A drawn beat with this P in V1, from 160 ms before R on, as long as P lasts."""
    beat = square_beat(V5=(1.0, 0.2, 0.3))
    signal = np.array(beat.signal_mv)
    signal[LEAD_INDEX["V1"], 60:100] = v1_mv
    return dataclasses.replace(beat, signal_mv=signal)


def terminal(v1_mv):
    features = measure(with_p(v1_mv))
    return features["p_terminal_mv_V1"], features["p_terminal_ms_V1"]


def test_the_terminal_part_of_p_in_v1_has_the_depth_and_the_duration_it_was_drawn_with():
    # Morris 1964: 1 mm deep and 40 ms long. P of 80 ms, its second half a half sine 0.12 mV deep.
    half = np.sin(np.linspace(0.0, np.pi, 20))
    depth_mv, duration_ms = terminal(np.concatenate([0.1 * half, -0.12 * half]))
    assert depth_mv == pytest.approx(0.12, abs=0.002)
    assert duration_ms == pytest.approx(40.0, abs=4.0)


def test_a_short_notch_at_the_end_of_p_is_short():
    arch, notch = np.sin(np.linspace(0.0, np.pi, 32)), np.sin(np.linspace(0.0, np.pi, 8))
    depth_mv, duration_ms = terminal(np.concatenate([0.1 * arch, -0.12 * notch]))
    assert depth_mv == pytest.approx(0.12, abs=0.01)
    assert duration_ms == pytest.approx(16.0, abs=4.0)


def test_an_upright_p_has_no_terminal_part_and_a_sloping_pr_makes_none():
    arch = 0.1 * np.sin(np.linspace(0.0, np.pi, 40))
    assert terminal(arch) == (0.0, 0.0)
    assert terminal(arch + np.linspace(0.0, -0.3, 40)) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_the_intrinsicoid_deflection_is_the_time_from_qrs_onset_to_the_tallest_r():
    signal = np.zeros((12, 400))
    signal[LEAD_INDEX["V5"], 150] = 1.0  # 20 ms after R, 40 ms after QRS onset
    signal[LEAD_INDEX["V5"], 135] = 0.6
    signal[LEAD_INDEX["V6"], 135:160] = -0.5
    features = measure(dataclasses.replace(square_beat(), signal_mv=signal))
    assert features["intrinsicoid_ms_V5"] == 40.0
    assert features["intrinsicoid_ms_V6"] is None  # no R


def test_older_measurements_keep_their_place_in_front():
    # Data sets store the columns by position.
    assert FEATURE_NAMES[:7] == INTERVALS
    assert FEATURE_NAMES[7:55] == tuple(f"{wave}_mv_{lead}" for wave in ("r", "s", "t", "stj") for lead in LEADS)
    assert len(FEATURE_NAMES) == len(set(FEATURE_NAMES)) == 59


def test_the_qrs_span_is_r_plus_s():
    assert qrs_peak_to_peak_mv(square_beat(V5=(1.4, 0.3, 0.4)))[10] == pytest.approx(1.7)
