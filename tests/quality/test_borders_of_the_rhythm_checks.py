"""Beats drawn one by one: each limit of the rhythm on both sides."""

import dataclasses

import numpy as np
import pytest

from elvmass_core.quality.rhythm import BeatClass, check_rhythm, classify_beats, p_likeness, qrs_likeness
from elvmass_core.units import INDEPENDENT_ROWS
from tests.quality.drawn import BORDERS, R, beat, severity

TIMES_MS = (np.arange(400) - R) * 2.0
USUAL, PREMATURE, WIDE, UNLIKE = BeatClass.USUAL, BeatClass.PREMATURE, BeatClass.WIDE, BeatClass.UNLIKE


def bump(at_ms, width_ms):
    return np.exp(-0.5 * ((TIMES_MS - at_ms) / width_ms) ** 2)


def qrs(width_ms=10.0, leads=slice(0, 6), at_ms=0.0):
    """One QRS in half of the leads."""
    signal = np.zeros((12, 400))
    signal[leads] = bump(at_ms, width_ms)
    return signal


def recorded(rr, *, shapes=None, rate_bpm=60.0, average=None):
    """A beat whose single beats come after these RR (in s) and have these shapes, or that of the average."""
    average = qrs() if average is None else average
    beats = np.repeat(average[None], len(rr) + 1, axis=0)
    for index, shape in (shapes or {}).items():
        beats[index] = shape
    n = len(beats)
    return beat(
        average, n_used=n, rate_bpm=rate_bpm, beats_mv=beats, r_times_s=np.concatenate([[0.5], 0.5 + np.cumsum(rr)])
    )


def classes(rr, **options):
    return classify_beats(recorded(rr, **options))


@pytest.mark.parametrize(("rr_s", "expected"), [(0.79, PREMATURE), (0.81, USUAL), (1.3, USUAL)])
def test_a_beat_of_the_usual_shape_is_premature_below_80_percent_of_the_median_rr(rr_s, expected):
    assert classes([1.0, 1.0, rr_s, 1.0, 1.0])[3] is expected


@pytest.mark.parametrize("rate_bpm", [60.0, 90.0])
def test_premature_is_relative_to_the_rate(rate_bpm):
    rr = 60.0 / rate_bpm
    found = classes([rr, rr, 0.79 * rr, 1.21 * rr, rr], rate_bpm=rate_bpm)
    assert found == (USUAL, USUAL, USUAL, PREMATURE, USUAL, USUAL)


LONG = qrs(width_ms=25.0, leads=slice(6, 12))
"""A QRS of other leads, two and a half times as long."""
SHORT = qrs(width_ms=10.0, leads=slice(6, 12))


@pytest.mark.parametrize(
    ("before_s", "after_s", "expected"),
    [(0.89, 1.0, WIDE), (0.91, 1.0, UNLIKE), (1.0, 1.09, UNLIKE), (1.0, 1.11, WIDE)],
)
def test_a_long_qrs_of_another_shape_is_ectopic_when_early_or_before_a_pause(before_s, after_s, expected):
    assert classes([1.0, before_s, after_s, 1.0], shapes={2: LONG})[2] is expected


def test_a_qrs_of_another_shape_but_the_usual_length_is_only_unlike():
    assert classes([1.0, 0.6, 1.4, 1.0], shapes={2: SHORT})[2] is UNLIKE


@pytest.mark.parametrize(
    ("place", "rr", "expected"),
    [
        (0, [1.2, 1.0, 1.0], WIDE),
        (0, [1.0, 1.0, 1.0], UNLIKE),
        (3, [1.0, 1.0, 0.7], WIDE),
        (3, [1.0, 1.0, 1.0], UNLIKE),
    ],
)
def test_the_first_and_the_last_beat_are_judged_by_the_rr_they_have(place, rr, expected):
    assert classes(rr, shapes={place: LONG})[place] is expected


@pytest.mark.parametrize(("ratio", "expected"), [(1.08, UNLIKE), (1.25, WIDE)])
def test_a_qrs_is_wide_from_115_percent_of_the_usual_length(ratio, expected):
    average = qrs(width_ms=20.0)
    wider = qrs(width_ms=20.0 * ratio, leads=slice(6, 12))
    assert classes([1.0, 0.7, 1.3, 1.0], shapes={2: wider}, average=average)[2] is expected


@pytest.mark.parametrize(("at_ms", "expected"), [(130.0, WIDE), (155.0, UNLIKE)])
def test_a_qrs_is_measured_within_140_ms_of_r(at_ms, expected):
    late = SHORT + qrs(width_ms=5.0, leads=slice(6, 12), at_ms=at_ms)
    assert classes([1.0, 0.7, 1.3, 1.0], shapes={2: late})[2] is expected


def mixed(cosine):
    """A QRS whose correlation with the average is known: the rest stands in other leads, of the same shape."""
    other = qrs(leads=slice(6, 12))
    ours, theirs = (np.linalg.norm(one[INDEPENDENT_ROWS]) for one in (qrs(), other))
    return cosine * qrs() / ours + np.sqrt(1.0 - cosine**2) * other / theirs


@pytest.mark.parametrize(("cosine", "expected"), [(0.84, UNLIKE), (0.86, USUAL)])
def test_a_beat_has_the_usual_shape_from_a_correlation_of_085_on(cosine, expected):
    one = recorded([1.0] * 4, shapes={2: mixed(cosine)})
    assert qrs_likeness(one)[2] == pytest.approx(cosine, abs=1e-3)
    assert classify_beats(one)[2] is expected


@pytest.mark.parametrize(("shift_ms", "alike"), [(-12.0, True), (12.0, True), (-20.0, False), (20.0, False)])
def test_a_beat_may_be_12_ms_off(shift_ms, alike):
    likeness = qrs_likeness(
        recorded([1.0] * 4, shapes={2: qrs(width_ms=6.0, at_ms=shift_ms)}, average=qrs(width_ms=6.0))
    )
    assert bool(likeness[2] > 0.99) is alike
    assert likeness[1] == pytest.approx(1.0)


def test_only_80_ms_around_r_are_compared():
    far = qrs() + 5.0 * np.broadcast_to(bump(120.0, 8.0) + bump(-120.0, 8.0), (12, 400))
    assert qrs_likeness(recorded([1.0] * 4, shapes={2: far}))[2] > 0.98
    near = qrs() + 5.0 * np.broadcast_to(bump(60.0, 8.0), (12, 400))
    assert qrs_likeness(recorded([1.0] * 4, shapes={2: near}))[2] < 0.8


def test_a_level_of_the_whole_beat_does_not_count():
    assert qrs_likeness(recorded([1.0] * 4, shapes={2: qrs() + 3.0}))[2] == pytest.approx(1.0)


def test_a_beat_in_which_nothing_moves_is_like_no_other():
    assert qrs_likeness(recorded([1.0] * 4, shapes={2: np.zeros((12, 400))}))[2] == 0.0


# --- P waves ----------------------------------------------------------------------------------------------------------


def with_p(waves):
    """Beats with these P waves (n, 400) before the QRS in every lead."""
    beats = np.repeat(qrs()[None], len(waves), axis=0) + np.asarray(waves)[:, None, :]
    return beat(qrs(), n_used=len(waves), beats_mv=beats)


def every(one):
    return np.ones(len(one.used), dtype=bool)


def test_the_same_p_wave_is_alike_and_waves_of_chance_are_not():
    same = with_p([0.1 * bump(-130.0, 20.0)] * 8)
    assert p_likeness(same, every(same)) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    chance = with_p(rng.normal(size=(40, 400)))
    assert abs(p_likeness(chance, every(chance))) < 0.15


def test_the_line_through_the_ends_of_the_window_does_not_count():
    rng = np.random.default_rng(0)
    ramps = with_p([0.1 * bump(-130.0, 15.0) + a + 1e-3 * b * TIMES_MS for a, b in rng.normal(size=(8, 2))])
    assert p_likeness(ramps, every(ramps)) > 0.999


def test_only_the_180_ms_before_the_qrs_are_compared():
    # QRS begins at −40 ms: the window lies from −226 to −46 ms.
    rng = np.random.default_rng(0)
    p, before, after = 0.1 * bump(-130.0, 15.0), bump(-260.0, 6.0), bump(0.0, 10.0)
    outside = with_p([p + a * before + b * after for a, b in rng.normal(size=(8, 2))])
    assert p_likeness(outside, every(outside)) > 0.99
    inside = with_p([p + a * bump(-200.0, 6.0) for a in rng.normal(size=8)])
    assert p_likeness(inside, every(inside)) < 0.9


def test_without_a_border_the_qrs_is_taken_to_begin_50_ms_before_r():
    one = with_p([0.1 * bump(-140.0, 15.0)] * 8)
    unknown = dataclasses.replace(one, fiducials=dataclasses.replace(BORDERS, qrs_on=None))
    assert p_likeness(unknown, every(unknown)) == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "known"), [(4, False), (5, True)])
def test_five_beats_are_needed_to_compare_p_waves(n, known):
    one = with_p([0.1 * bump(-130.0, 20.0)] * 8)
    assert np.isfinite(p_likeness(one, np.arange(8) < n)) == known


@pytest.mark.parametrize(("qrs_on", "known"), [(-254.0, True), (-256.0, False)])
def test_a_qrs_that_begins_with_the_window_leaves_no_p_to_compare(qrs_on, known):
    # The window ends three samples before: ten samples of it, and nine.
    one = with_p([0.1 * bump(-268.0, 5.0)] * 8)
    early = dataclasses.replace(one, fiducials=dataclasses.replace(BORDERS, qrs_on=qrs_on))
    assert np.isfinite(p_likeness(early, every(early))) == known


# --- findings ---------------------------------------------------------------------------------------------------------


def said(rr, *, shapes=None, has_p=True, rate_bpm=60.0):
    """What is said of beats after these RR; without P, chance stands in its place."""
    one = recorded(rr, shapes=shapes, rate_bpm=rate_bpm)
    rng = np.random.default_rng(0)
    waves = [0.1 * bump(-130.0, 20.0) if has_p else 0.1 * rng.normal(size=400) * (TIMES_MS < -45.0) for _ in one.used]
    found = check_rhythm(dataclasses.replace(one, beats_mv=one.beats_mv + np.asarray(waves)[:, None, :]))
    return {finding.code: finding for finding in found}


def alternating(step, n=12):
    """RR of 1 s that changes by `step` from each to the next."""
    return [1.0 + step / 2.0 * (-1) ** k for k in range(n)]


@pytest.mark.parametrize(("step", "fibrillates"), [(0.055, False), (0.065, True)])
def test_without_p_a_median_change_of_six_percent_of_rr_is_fibrillation(step, fibrillates):
    assert ("atrial_fibrillation" in said(alternating(step), has_p=False)) is fibrillates
    assert "atrial_fibrillation" not in said(alternating(step))


def test_five_beats_are_enough_for_fibrillation():
    assert "atrial_fibrillation" in said(alternating(0.3, n=4), has_p=False)


@pytest.mark.parametrize("rate_bpm", [50.0, 100.0])
def test_the_change_is_relative_to_rr(rate_bpm):
    rr = [value * 60.0 / rate_bpm for value in alternating(0.065)]
    below = [value * 60.0 / rate_bpm for value in alternating(0.055)]
    assert "atrial_fibrillation" in said(rr, has_p=False, rate_bpm=rate_bpm)
    assert "atrial_fibrillation" not in said(below, has_p=False, rate_bpm=rate_bpm)


def drifting(cv, n=12):
    """RR that drifts slowly to this coefficient of variation: no large change from one to the next."""
    line = np.linspace(-1.0, 1.0, n)
    return list(1.0 + cv * line / line.std())


@pytest.mark.parametrize(("cv", "irregular"), [(0.145, False), (0.155, True)])
def test_rr_may_vary_by_15_percent(cv, irregular):
    found = said(drifting(cv, 24))
    assert ("irregular_rhythm" in found) is irregular
    assert "atrial_fibrillation" not in found


def test_a_slow_drift_without_p_waves_is_fibrillation_only_above_15_percent():
    assert "atrial_fibrillation" in said(drifting(0.17, 24), has_p=False)
    assert "atrial_fibrillation" not in said(drifting(0.13, 24), has_p=False)


def with_early_beats(cv):
    """RR that drifts to this coefficient of variation, and three early beats with their pauses."""
    places = [4, 11, 18]
    drift = np.linspace(-1.0, 1.0, 24)
    usual = np.setdiff1d(np.arange(24), [*places, *(k + 1 for k in places)])
    rr = 1.0 + cv * (drift - drift[usual].mean()) / drift[usual].std()
    for k in places:
        rr[k], rr[k + 1] = 0.6, 1.4
    return rr


@pytest.mark.parametrize(("cv", "irregular"), [(0.097, False), (0.103, True)])
def test_early_beats_alone_make_no_irregular_rhythm_while_the_others_vary_by_less_than_10_percent(cv, irregular):
    assert ("irregular_rhythm" in said(with_early_beats(cv))) is irregular


@pytest.mark.parametrize(("n_beats", "answers"), [(4, False), (5, True)])
def test_four_beats_say_nothing_of_the_rhythm(n_beats, answers):
    rr = [1.0, 0.5, 1.5, 0.6][: n_beats - 1]
    assert bool(said(rr)) is answers


@pytest.mark.parametrize(("n_early", "severity_of"), [(3, "NOTE"), (4, "CAUTION")])
def test_more_than_15_percent_of_ectopic_beats_are_a_caution(n_early, severity_of):
    # 3 of 21 beats are 14.3 %, 4 of 21 are 19 %; 15 % exactly, 3 of 20, is still a note.
    rr = [1.0] * 20
    for k in range(n_early):
        rr[4 * k + 2], rr[4 * k + 3] = 0.7, 1.3
    found = said(rr)["ectopy"]
    assert found.severity.name == severity_of
    assert f"Of 21 beats: {n_early} premature beats " in found.message


def test_exactly_15_percent_of_ectopic_beats_are_a_note():
    rr = [1.0] * 19
    for k in range(3):
        rr[5 * k + 2], rr[5 * k + 3] = 0.7, 1.3
    assert said(rr)["ectopy"].severity.name == "NOTE"


def test_one_beat_is_one_beat_and_two_kinds_are_told_apart():
    rr = [1.0] * 20
    rr[3], rr[4], rr[9], rr[10] = 0.7, 1.3, 0.7, 1.3
    message = said(rr, shapes={10: LONG})["ectopy"].message
    assert "1 wide ectopic beat (" in message
    assert "1 premature beat (" in message


def test_short_intervals_in_fibrillation_are_no_ectopic_beats():
    rr = [0.7, 1.3] * 6
    assert set(said(rr, has_p=False)) == {"atrial_fibrillation"}
    assert "ectopy" in said(rr)


@pytest.mark.parametrize(("n_early", "irregular"), [(4, False), (6, True)])
def test_without_half_of_the_rr_between_usual_beats_there_is_no_basic_rhythm(n_early, irregular):
    # Every early beat takes two of the 20 intervals: 4 leave 60 %, 6 leave 40 %.
    rr = [1.0] * 20
    for k in range(n_early):
        rr[3 * k + 1], rr[3 * k + 2] = 0.75, 1.0
    assert ("irregular_rhythm" in said(rr)) is irregular
    assert severity(said(rr).values(), "irregular_rhythm") == ("caution" if irregular else "")


def test_exactly_half_of_the_rr_between_usual_beats_is_enough():
    rr = [1.0] * 20
    for k in range(5):
        rr[4 * k + 1] = 0.79
    assert "irregular_rhythm" not in said(rr)
