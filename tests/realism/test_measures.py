"""Shapes of hand-drawn beats whose names every reader of ECGs knows."""

import numpy as np
import pytest

from elvmass_core.domain import Beat, Fiducials
from elvmass_core.features import measure
from elvmass_core.realism.measures import GROUPS, MEASURES, SHAPES, deflections_mv, group_of, measures_of
from elvmass_core.signal import EXTRACTION_VERSION, extract_beat
from elvmass_core.units import LEAD_INDEX, PRECORDIAL_LEADS
from tests import synthetic

BORDERS = Fiducials(p_on=-160.0, p_off=-80.0, qrs_on=-40.0, qrs_off=60.0, t_on=200.0, t_peak=260.0, t_end=340.0)


def drawn(waves, t_mv=None, p_mv=None, fiducials=BORDERS):
    """A beat with triangular QRS waves of 20 ms each, from QRS onset on, per lead."""
    signal = np.zeros((12, 400))
    triangle = 1.0 - np.abs(np.linspace(-1.0, 1.0, 11))[:-1]
    for lead, peaks in waves.items():
        for place, peak in enumerate(peaks):
            start = 120 + 10 * place
            signal[LEAD_INDEX[lead], start : start + 10] = peak * triangle / triangle.max()
    for lead, height in (t_mv or {}).items():
        signal[LEAD_INDEX[lead], 250:300] = height
    for lead, course in (p_mv or {}).items():
        signal[LEAD_INDEX[lead], 60:100] = course
    return Beat(
        signal_mv=signal, sd_mv=np.full((12, 400), 0.01), beats_mv=np.zeros((1, 12, 400)), r_times_s=[0.5],
        used=(True,), reasons=("",), rate_bpm=60.0, fiducials=fiducials, extraction=EXTRACTION_VERSION,
    )  # fmt: skip


def measured(*args, **options):
    beat = drawn(*args, **options)
    return measures_of(beat, measure(beat))


def test_every_measure_is_there_and_belongs_to_a_group():
    found = measured({"V5": (1.0,)})
    assert list(found) == [*MEASURES, *SHAPES] or set(found) == {*MEASURES, *SHAPES}
    assert {group_of(name) for name in found} == set(GROUPS)


def test_waves_of_a_qrs_in_order():
    beat = drawn({"V1": (0.2, -0.8, 0.3)})
    qrs = beat.signal_mv[LEAD_INDEX["V1"], 120:170]
    np.testing.assert_allclose(deflections_mv(qrs), [0.2, -0.8, 0.3])


def test_ripples_below_20_microvolts_and_spikes_under_6_ms_are_no_waves():
    assert deflections_mv(np.array([0.015] * 10 + [-0.5] * 10)) == [-0.5]
    assert deflections_mv(np.array([0.5] * 2 + [-0.5] * 10)) == [-0.5]


def test_r_first_in_v1_and_qs_in_v1():
    assert measured({"V1": (0.2, -0.8)})["v1_begins_r"] == 1.0
    assert measured({"V1": (-0.8,)})["v1_begins_r"] == 0.0
    assert np.isnan(measured({})["v1_begins_r"])


def test_a_septal_q_needs_an_r_after_it():
    found = measured({"V6": (-0.1, 1.0), "I": (-0.9,), "II": (1.0, -0.2)})
    assert (found["septal_q_V6"], found["septal_q_I"], found["septal_q_II"]) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("r_mv", "s_mv", "normal"),
    [
        ((0.2, 0.4, 0.8, 1.2, 1.2, 1.0), (0.9, 1.2, 0.9, 0.4, 0.2, 0.1), 1.0),
        ((1.0, 1.0, 1.0, 1.2, 1.2, 1.0), (0.3, 0.3, 0.3, 0.3, 0.2, 0.1), 0.0),
        ((0.1, 0.1, 0.1, 0.15, 0.3, 0.6), (0.9, 1.2, 0.9, 0.8, 0.6, 0.1), 0.0),
        ((0.3, 0.3, 0.9, 0.2, 0.9, 0.9), (0.9, 1.2, 0.4, 0.4, 0.2, 0.1), 0.0),
    ],
    ids=["usual", "dominant R in V1", "transition at V6", "R lost in V4"],
)
def test_r_progression(r_mv, s_mv, normal):
    waves = {lead: (r, -s) for lead, r, s in zip(PRECORDIAL_LEADS, r_mv, s_mv, strict=True)}
    assert measured(waves)["r_progression"] == normal


def test_notches_are_counted_from_50_microvolts_on():
    smooth = measured({"V5": (-0.1, 1.0, -0.3)})["turns_V5"]
    notched = drawn({"V5": (-0.1, 1.0, -0.3)})
    signal = notched.signal_mv.copy()
    signal[LEAD_INDEX["V5"], 137] -= 0.3
    beat = drawn({})
    object.__setattr__(beat, "signal_mv", signal)
    assert smooth == 3.0
    assert measures_of(beat, measure(beat))["turns_V5"] == 5.0


def test_direction_of_t():
    found = measured({"II": (1.0,)}, t_mv={"II": 0.3, "V5": -0.2, "aVL": -0.1})
    assert (found["t_upright_II"], found["t_upright_V5"], found["t_negative_aVL"]) == (1.0, 0.0, 1.0)


def test_terminal_p_in_v1_and_height_of_p_in_ii_stand_on_the_line_between_the_ends():
    biphasic = 0.08 * np.sin(np.linspace(0.0, 2.0 * np.pi, 40))
    arch = 0.15 * np.sin(np.linspace(0.0, np.pi, 40)) + np.linspace(0.0, 0.2, 40)
    found = measured({"II": (1.0,)}, p_mv={"V1": biphasic, "II": arch})
    assert found["p_terminal_mv_V1"] == pytest.approx(0.08, abs=0.002)
    assert found["p_mv_II"] == pytest.approx(0.15, abs=0.002)
    assert found["p_terminal_negative_V1"] == 1.0


def test_framingham_qtc_equals_qt_at_60_bpm():
    found = measured({"V5": (1.0,)})
    assert found["qtc_framingham_ms"] == pytest.approx(found["qt_ms"]) == pytest.approx(380.0)


def test_without_borders_shapes_are_unknown_not_absent():
    found = measured({"V1": (0.2, -0.8)}, fiducials=Fiducials())
    assert np.isnan([found[name] for name in SHAPES]).all()


def test_a_recording_through_the_usual_extraction_has_what_it_was_drawn_with():
    beat = extract_beat(synthetic.recording())
    found = measures_of(beat, measure(beat))
    assert found["v1_begins_r"] == 1.0
    assert found["r_progression"] == 1.0
    assert found["pp_mv_V2"] == pytest.approx(found["r_mv_V2"] + found["s_mv_V2"], abs=0.01)
    assert found["noise_mv_V1"] == pytest.approx(0.005, rel=0.4)
