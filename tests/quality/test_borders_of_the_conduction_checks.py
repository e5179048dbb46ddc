"""The waves of a drawn QRS, and each limit of a conduction pattern on both sides."""

import numpy as np
import pytest

from elvmass_core.domain import Fiducials
from elvmass_core.quality.conduction import check_conduction
from elvmass_core.quality.qrs_shape import lead_shape
from elvmass_core.units import LEAD_INDEX, LEADS
from tests.quality.drawn import QRS, beat, features


def drawn(leads, *, qrs_ms, pr_ms=160.0):
    """A beat whose QRS consists of straight-sided waves (ms, mV), each with its peak in its second sample."""
    signal = np.zeros((12, 400))
    for lead, waves in leads.items():
        at = QRS.start
        for width_ms, peak_mv in waves:
            n = round(width_ms / 2)
            signal[LEAD_INDEX[lead], at : at + n] = 0.9 * peak_mv
            signal[LEAD_INDEX[lead], at + min(1, n - 1)] = peak_mv
            at += n
    on = (QRS.start - 140) * 2.0
    borders = Fiducials(p_on=on - pr_ms, p_off=on - pr_ms + 60.0, qrs_on=on, qrs_off=on + qrs_ms)
    return beat(signal, fiducials=borders)


def codes(leads, *, qrs_ms, pr_ms=160.0, axis_deg=40.0):
    found = check_conduction(
        drawn(leads, qrs_ms=qrs_ms, pr_ms=pr_ms), features(qrs_ms=qrs_ms, pr_ms=pr_ms, qrs_axis_deg=axis_deg)
    )
    return [one.code for one in found]


def waves(*drawn_waves, qrs_ms=160.0):
    shape = lead_shape(drawn({"II": drawn_waves}, qrs_ms=qrs_ms), "II")
    return shape, [(one.mv, one.peak_ms, one.duration_ms) for one in shape.waves]


# --- waves ------------------------------------------------------------------------------------------------------------


def test_a_wave_has_its_signed_peak_its_time_and_its_duration():
    _, found = waves((20, -0.2), (40, 1.0), (30, -0.5))
    assert found == [(-0.2, 2.0, 20.0), (1.0, 22.0, 40.0), (-0.5, 62.0, 30.0)]


@pytest.mark.parametrize(
    ("wave", "n"), [((6, 0.1), 1), ((4, 0.1), 0), ((20, 0.02), 1), ((20, 0.019), 0), ((20, -0.02), 1)]
)
def test_a_wave_lasts_6_ms_and_reaches_20_microvolts(wave, n):
    assert len(waves(wave)[1]) == n


@pytest.mark.parametrize(
    ("drawn_waves", "q", "r", "s", "begins_positive"),
    [
        (((20, -0.2), (40, 1.0), (30, -0.5)), -0.2, 1.0, -0.5, False),
        (((40, 1.0), (30, -0.5)), None, 1.0, -0.5, True),
        (((60, -1.0),), -1.0, None, None, False),
        (((60, 1.0),), None, 1.0, None, True),
        (((20, 0.2), (30, -1.0), (40, 0.5)), -1.0, 0.5, -1.0, True),
        (((20, 0.5), (30, -1.0), (40, 0.2)), None, 0.5, -1.0, True),
        (((20, -0.1), (20, 0.1), (20, -0.3), (20, 0.8), (20, -0.2)), -0.3, 0.8, -0.3, False),
        ((), None, None, None, False),
    ],
    ids=["qRS", "RS", "QS", "R", "rSR", "RSr", "qrsRs", "nothing"],
)
def test_waves_are_named_as_a_reader_does(drawn_waves, q, r, s, begins_positive):
    shape, _ = waves(*drawn_waves)
    named = [None if one is None else one.mv for one in (shape.q, shape.r, shape.s)]
    assert (named, shape.r_mv, shape.begins_positive) == ([q, r, s], r or 0.0, begins_positive)
    assert shape.deepest_mv == max([0.0, *(-mv for _, mv in drawn_waves)])


@pytest.mark.parametrize(
    ("drawn_waves", "qrs_ms", "terminal"),
    [
        (((20, 0.2), (30, -1.0), (40, 0.5)), 120.0, 0.5),
        (((20, 0.2), (30, -1.0), (40, 0.5), (20, -0.5)), 120.0, 0.5),  # as deep: it still ends the QRS
        (((20, 0.2), (30, -1.0), (40, 0.5), (20, -0.51)), 120.0, None),
        (((60, -1.0),), 120.0, None),
    ],
)
def test_the_last_positive_wave_ends_the_qrs_unless_a_deeper_one_follows(drawn_waves, qrs_ms, terminal):
    found = waves(*drawn_waves, qrs_ms=qrs_ms)[0].terminal_r()
    assert (None if found is None else found.mv) == terminal


def test_a_lead_without_waves_has_neither_height_nor_depth():
    shape, found = waves()
    assert (found, shape.r_mv, shape.deepest_mv, shape.terminal_r()) == ([], 0.0, 0.0, None)


def test_a_wave_whose_peak_is_the_last_sample_runs_into_st():
    signal = np.zeros((12, 400))
    signal[1, QRS.start : QRS.start + 20] = 0.3
    signal[1, QRS.start + 20 : QRS.start + 60] = np.linspace(-0.2, -0.1, 40)
    signal[1, QRS.start + 60 : QRS.start + 80] = np.linspace(0.1, 0.6, 20)
    on = (QRS.start - 140) * 2.0
    shape = lead_shape(beat(signal, fiducials=Fiducials(qrs_on=on, qrs_off=on + 160.0)), "II")
    assert [one.cut_off for one in shape.waves] == [False, False, True]
    assert shape.terminal_r().mv == 0.3


# --- left bundle branch block -----------------------------------------------------------------------------------------

BROAD = ((66.0, 0.5), (64.0, 0.6))
"""A notched R of 130 ms whose taller part peaks at 68 ms; both parts are one wave of 130 ms."""
RS = ((20.0, 0.1), (100.0, -1.0))
LBBB = dict.fromkeys(LEADS, RS) | dict.fromkeys(("I", "V5", "V6"), BROAD)


def late(peak_ms, width_ms):
    """An R that peaks at a time."""
    return ((peak_ms - 2.0, 0.5), (width_ms - peak_ms + 2.0, 0.6))


@pytest.mark.parametrize(
    ("qrs_ms", "expected"), [(118.0, []), (120.0, ["wide_qrs", "lbbb"]), (160.0, ["wide_qrs", "lbbb"])]
)
def test_left_bundle_branch_block_starts_at_120_ms(qrs_ms, expected):
    leads = LBBB | dict.fromkeys(("I", "V5", "V6"), late(64.0, 100.0))
    assert codes(leads, qrs_ms=qrs_ms) == expected


@pytest.mark.parametrize(
    ("lead", "width_ms", "named"), [("I", 58.0, False), ("I", 60.0, True), ("V6", 58.0, False), ("V6", 60.0, True)]
)
def test_a_broad_r_lasts_60_ms_in_i_and_v6(lead, width_ms, named):
    assert ("lbbb" in codes(LBBB | {lead: ((width_ms, 0.6),)}, qrs_ms=150.0)) is named


@pytest.mark.parametrize(("v5_ms", "v6_ms", "named"), [(60.0, 60.0, False), (62.0, 40.0, True), (40.0, 62.0, True)])
def test_r_peaks_after_60_ms_in_v5_or_v6(v5_ms, v6_ms, named):
    leads = LBBB | {"V5": late(v5_ms, 130.0), "V6": late(v6_ms, 130.0)}
    assert ("lbbb" in codes(leads, qrs_ms=150.0)) is named


@pytest.mark.parametrize("lead", ["I", "V5", "V6"])
@pytest.mark.parametrize("wave", [((10.0, -0.1), *BROAD), ((130.0, -0.6),)], ids=["q", "no R"])
def test_a_q_or_no_r_in_a_lateral_lead_speaks_against_it(lead, wave):
    assert codes(LBBB | {lead: wave}, qrs_ms=150.0) == ["wide_qrs"]


@pytest.mark.parametrize("lead", ["I", "V6"])
@pytest.mark.parametrize(("s_mv", "named"), [(-0.59, True), (-0.6, False)])
def test_r_is_taller_than_s_is_deep_in_i_and_v6(lead, s_mv, named):
    assert ("lbbb" in codes(LBBB | {lead: (*BROAD, (20.0, s_mv))}, qrs_ms=152.0)) is named


@pytest.mark.parametrize(
    ("v1", "named"),
    [
        (((20.0, 0.5), (60.0, -0.51)), True), (((20.0, 0.5), (60.0, -0.5)), False), (((100.0, -1.0),), True),
        (((20.0, 0.1), (60.0, -1.0), (30.0, 0.3), (10.0, -0.05)), False),
    ],
    ids=["rS", "RS", "QS", "rSr′"],
)  # fmt: skip
def test_v1_is_rs_or_qs(v1, named):
    assert ("lbbb" in codes(LBBB | {"V1": v1}, qrs_ms=150.0)) is named


# --- right bundle branch block ----------------------------------------------------------------------------------------

WITH_S = ((40.0, 0.8), (50.0, -0.3))
RSR = ((20.0, 0.2), (30.0, -0.4), (60.0, 0.6), (6.0, -0.05))
RBBB = dict.fromkeys(LEADS, ((40.0, 0.8), (30.0, -0.1))) | dict.fromkeys(("I", "V6"), WITH_S) | {"V1": RSR}


@pytest.mark.parametrize(
    ("qrs_ms", "expected"),
    [(108.0, []), (110.0, ["irbbb"]), (118.0, ["irbbb"]), (120.0, ["wide_qrs", "rbbb"])],
)
def test_right_bundle_branch_block_is_incomplete_from_110_and_complete_from_120_ms(qrs_ms, expected):
    leads = RBBB | {"V1": ((20.0, 0.2), (20.0, -0.4), (50.0, 0.6), (6.0, -0.05))}
    assert codes(leads, qrs_ms=qrs_ms) == expected


@pytest.mark.parametrize("lead", ["V1", "V2"])
@pytest.mark.parametrize(
    ("wave", "named"), [((20.0, 0.1), True), ((18.0, 0.1), False), ((20.0, 0.099), False), ((40.0, 0.5), True)]
)
def test_r_prime_in_v1_or_v2_lasts_20_ms_and_reaches_100_microvolts(lead, wave, named):
    leads = RBBB | {"V1": RS, lead: ((20.0, 0.2), (30.0, -0.05), wave, (8.0, -0.04))}
    assert ("rbbb" in codes(leads, qrs_ms=136.0)) is named


@pytest.mark.parametrize(("peak_ms", "named"), [(50.0, False), (52.0, True)])
def test_a_pure_r_in_v1_peaks_after_50_ms(peak_ms, named):
    assert ("rbbb" in codes(RBBB | {"V1": late(peak_ms, 100.0)}, qrs_ms=136.0)) is named


@pytest.mark.parametrize(("s_mv", "named"), [(-0.59, True), (-0.6, False)])
def test_a_pure_r_in_v1_has_no_s_as_deep(s_mv, named):
    assert ("rbbb" in codes(RBBB | {"V1": (*late(56.0, 90.0), (20.0, s_mv))}, qrs_ms=136.0)) is named


@pytest.mark.parametrize("lead", ["I", "V6"])
@pytest.mark.parametrize(
    ("r_ms", "s_ms", "named"), [(50.0, 40.0, False), (50.0, 42.0, True), (36.0, 38.0, True), (38.0, 38.0, False)]
)
def test_s_in_i_and_v6_lasts_40_ms_or_longer_than_r(lead, r_ms, s_ms, named):
    assert ("rbbb" in codes(RBBB | {lead: ((r_ms, 0.8), (s_ms, -0.3))}, qrs_ms=136.0)) is named


@pytest.mark.parametrize("lead", ["I", "V6"])
def test_without_s_in_i_or_v6_it_is_not_named(lead):
    assert codes(RBBB | {lead: ((90.0, 0.8),)}, qrs_ms=136.0) == ["wide_qrs"]


# --- left anterior fascicular block -----------------------------------------------------------------------------------

LAFB = dict.fromkeys(LEADS, ((40.0, 0.8), (30.0, -0.1)))
LAFB |= {"aVL": ((20.0, -0.1), (28.0, 0.5), (40.0, 0.6))} | dict.fromkeys(("II", "III", "aVF"), RS)


@pytest.mark.parametrize(
    ("axis_deg", "named"), [(-44.0, False), (-45.0, True), (-90.0, True), (-91.0, False), (None, False)]
)
def test_the_axis_of_a_left_anterior_block_lies_from_minus_45_to_minus_90_degrees(axis_deg, named):
    assert ("lafb" in codes(LAFB, qrs_ms=100.0, axis_deg=axis_deg)) is named


@pytest.mark.parametrize(
    ("avl", "named"),
    [
        (((20.0, -0.1), (22.0, 0.5), (30.0, 0.6)), False),  # peak at 44 ms
        (((20.0, -0.1), (24.0, 0.5), (30.0, 0.6)), True),  # peak at 46 ms
        (((70.0, 0.6),), False),
        (((20.0, -0.6), (26.0, 0.5), (30.0, 0.6)), False),
        (((20.0, -0.59), (26.0, 0.5), (30.0, 0.6)), True),
        (((80.0, -0.6),), False),
    ],
    ids=["peak at 44 ms", "peak at 46 ms", "no q", "q as deep as R", "q less deep", "no R"],
)
def test_avl_is_qr_with_r_from_45_ms_on(avl, named):
    assert ("lafb" in codes(LAFB | {"aVL": avl}, qrs_ms=100.0, axis_deg=-60.0)) is named


@pytest.mark.parametrize("lead", ["II", "III", "aVF"])
def test_every_inferior_lead_has_s_deeper_than_r(lead):
    leads = LAFB | {lead: ((20.0, 1.0), (60.0, -1.0))}
    assert codes(leads, qrs_ms=100.0, axis_deg=-60.0) == []


def test_one_inferior_lead_that_begins_with_r_is_enough():
    qs = ((90.0, -1.0),)
    for kept in ("II", "III", "aVF"):
        leads = LAFB | dict.fromkeys(("II", "III", "aVF"), qs) | {kept: RS}
        assert codes(leads, qrs_ms=100.0, axis_deg=-60.0) == ["lafb"]


@pytest.mark.parametrize(("qrs_ms", "expected"), [(118.0, ["lafb"]), (120.0, ["wide_qrs"])])
def test_a_left_anterior_block_alone_is_narrow(qrs_ms, expected):
    assert codes(LAFB, qrs_ms=qrs_ms, axis_deg=-60.0) == expected


# --- pre-excitation ---------------------------------------------------------------------------------------------------


def slurred(slow_samples=26, reached=0.2):
    """Every lead creeps to a share of its R, then rises and falls fast."""
    creep = np.linspace(0.0, reached, slow_samples)
    rise = np.linspace(reached, 1.0, 8)
    return np.concatenate([creep, rise, rise[::-1], np.linspace(reached, 0.0, 40)])


def preexcited(course, *, pr_ms=100.0, qrs_ms=124.0):
    """What is found of a QRS of this course, of another size in each lead."""
    signal = np.zeros((12, 400))
    signal[:, QRS.start : QRS.start + course.size] = np.linspace(0.5, 1.5, 12)[:, None] * course
    on = (QRS.start - 140) * 2.0
    one = beat(signal, fiducials=Fiducials(qrs_on=on, qrs_off=on + qrs_ms))
    return {found.code: found for found in check_conduction(one, features(qrs_ms=qrs_ms, pr_ms=pr_ms))}


def with_qrs(course, **options):
    return list(preexcited(course, **options))


@pytest.mark.parametrize(
    ("pr_ms", "qrs_ms", "named"),
    [(100.0, 124.0, True), (118.0, 124.0, True), (120.0, 124.0, False), (None, 124.0, False), (100.0, 110.0, True),
     (100.0, 108.0, False)],
)  # fmt: skip
def test_preexcitation_has_pr_below_120_and_qrs_from_110_ms(pr_ms, qrs_ms, named):
    assert ("wpw" in with_qrs(slurred(), pr_ms=pr_ms, qrs_ms=qrs_ms)) is named


def test_preexcitation_says_its_pr_and_qrs():
    assert preexcited(slurred())["wpw"].observed == "PR 100 ms, QRS 124 ms"


@pytest.mark.parametrize(("slow_samples", "named"), [(26, True), (12, False)])
def test_a_delta_wave_lasts_40_ms(slow_samples, named):
    assert ("wpw" in with_qrs(slurred(slow_samples))) is named


@pytest.mark.parametrize(("reached", "named"), [(0.05, False), (0.2, True), (0.8, False)])
def test_a_delta_wave_gets_somewhere_and_stays_slow(reached, named):
    assert ("wpw" in with_qrs(slurred(reached=reached))) is named


def creeping(slow_samples, slope, peak):
    """A straight start of this slope, then in 15 samples up to the peak, as fast down again, and slowly to nothing."""
    start = slope * np.arange(slow_samples + 1)
    rise = np.linspace(start[-1], peak, 16)[1:]
    return np.concatenate([start, rise, rise[::-1], np.linspace(start[-1], 0.0, 80)])


@pytest.mark.parametrize(("share", "named"), [(0.48, True), (0.52, False)])
def test_a_delta_wave_changes_by_less_than_half_of_the_fastest_change(share, named):
    slope = 0.5
    peak = 30 * slope + 15 * slope / share
    assert ("wpw" in with_qrs(creeping(30, slope, peak))) is named


@pytest.mark.parametrize(("share", "named"), [(0.095, False), (0.105, True)])
def test_a_delta_wave_reaches_a_tenth_of_the_largest_magnitude_after_40_ms(share, named):
    # 40 ms are 20 samples.
    assert ("wpw" in with_qrs(creeping(24, 0.1, 2.0 / share))) is named


@pytest.mark.parametrize(("slow_samples", "named"), [(18, False), (23, True)])
def test_a_delta_wave_is_slow_for_all_of_its_40_ms(slow_samples, named):
    # The change is smoothed over five samples.
    assert ("wpw" in with_qrs(creeping(slow_samples, 0.1, 10.0))) is named


def test_without_a_qrs_duration_nothing_is_named():
    assert check_conduction(drawn(LBBB, qrs_ms=150.0), features(qrs_ms=None)) == ()
