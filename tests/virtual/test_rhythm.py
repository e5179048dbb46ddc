"""When the heart fires: published statistics of each rhythm, and the rules of premature beats."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.virtual import PRESETS
from elvmass_core.virtual.patient import Rhythm, RhythmKind
from elvmass_core.virtual.recording_norms import RhythmNorms
from elvmass_core.virtual.recording_sampling import draw_rhythm
from elvmass_core.virtual.rhythm import LEAST_COUPLING_S, Schedule, draw_breathing, draw_schedule, most_premature

PR_S = 0.16


def _rhythm(kind: RhythmKind = RhythmKind.SINUS, **changes: object) -> Rhythm:
    usual = Rhythm(
        kind=kind, rate_bpm=66.0, respiratory_share=0.02, breathing_hz=0.25, irregularity=0.21, n_premature=2
    )
    return replace(usual, **changes)


def _schedule(rhythm: Rhythm, seed: int, stop_s: float = 10.0) -> Schedule:
    rng = np.random.default_rng(seed)
    breathing = draw_breathing(rng, rhythm)
    return draw_schedule(rng, rhythm, breathing, pr_s=PR_S, start_s=-1.0, stop_s=stop_s)


def _draw_many(norms: RhythmNorms, n: int, *, decades: float, is_man: bool = True) -> list[Rhythm]:
    rng = np.random.default_rng(23)
    return [draw_rhythm(rng, norms, rate_bpm=66.0, rate_sd_bpm=9.5, decades=decades, is_man=is_man) for _ in range(n)]


def _rmssd_ms(rhythm: Rhythm, seed: int) -> float:
    onsets = np.array([firing.onset_s for firing in _schedule(rhythm, seed).ventricles])
    kept = onsets[(onsets >= 0.0) & (onsets <= 10.0)]
    return float(1e3 * np.sqrt(np.mean(np.diff(np.diff(kept)) ** 2)))


def _median_rmssd_ms(decades: float) -> float:
    rhythms = _draw_many(RhythmNorms(), 400, decades=decades)
    sinus = [rhythm for rhythm in rhythms if rhythm.kind is RhythmKind.SINUS]
    return float(np.median([_rmssd_ms(rhythm, seed) for seed, rhythm in enumerate(sinus)]))


def test_rmssd_of_ten_seconds_is_that_of_the_lifelines_cohort_and_falls_until_sixty() -> None:
    # Tegegne et al. 2020 (doi 10.1177/2047487319872567): men 14.9 ms above 75, more before, level from 60 years on.
    young, middle, old = (_median_rmssd_ms(decades) for decades in (-2.5, 0.2, 2.0))
    assert 15.0 < middle < 25.0
    assert young > 1.6 * middle
    assert old == pytest.approx(middle, rel=0.15)


def test_every_cycle_of_sinus_rhythm_has_its_p_wave_one_pr_before_the_qrs() -> None:
    schedule = _schedule(_rhythm(), 1)
    onsets, p_onsets = ([firing.onset_s for firing in chamber] for chamber in (schedule.ventricles, schedule.atria))
    np.testing.assert_allclose(np.subtract(onsets, p_onsets), PR_S)
    assert onsets[0] < -1.0 and onsets[-1] > 10.0
    intervals = [firing.interval_s for firing in schedule.ventricles]
    np.testing.assert_allclose(np.diff(onsets), intervals[1:])
    assert np.mean(intervals) == pytest.approx(60.0 / 66.0, rel=0.03)


def test_atrial_fibrillation_is_irregular_without_correlation_and_without_p() -> None:
    schedule = _schedule(_rhythm(RhythmKind.ATRIAL_FIBRILLATION), 2, stop_s=2000.0)
    intervals = np.array([firing.interval_s for firing in schedule.ventricles[1:]])
    assert schedule.atria == ()
    assert intervals.std() / intervals.mean() == pytest.approx(0.21, abs=0.02)
    assert intervals.mean() == pytest.approx(60.0 / 66.0, rel=0.02)
    assert abs(np.corrcoef(intervals[1:], intervals[:-1])[0, 1]) < 0.06
    assert intervals.min() > 0.3


def _around_first_ectopic(schedule: Schedule, early: list[bool]) -> tuple[float, float]:
    """Time from the beat before a premature one to it, and from the beat before to the beat after."""
    place = early.index(True)
    before, at, after = (schedule.ventricles[place + step].onset_s for step in (-1, 0, 1))
    return at - before, after - before


@pytest.mark.parametrize("seed", range(6))
def test_the_pause_after_a_premature_ventricular_beat_is_compensatory(seed: int) -> None:
    steady = _rhythm(
        RhythmKind.PREMATURE_VENTRICULAR, respiratory_share=0.0, slow_share=0.0, beat_share=0.0, n_premature=1
    )
    schedule = _schedule(steady, seed)
    coupling, both = _around_first_ectopic(schedule, [firing.ectopic for firing in schedule.ventricles])
    usual = 60.0 / steady.rate_bpm
    assert both == pytest.approx(2.0 * usual)
    assert coupling == pytest.approx(steady.coupling * usual)
    assert not any(firing.ectopic for firing in schedule.atria)


@pytest.mark.parametrize("seed", range(6))
def test_the_pause_after_a_premature_atrial_beat_is_not_compensatory(seed: int) -> None:
    steady = _rhythm(RhythmKind.PREMATURE_ATRIAL, respiratory_share=0.0, slow_share=0.0, beat_share=0.0, n_premature=1)
    schedule = _schedule(steady, seed)
    assert not any(firing.ectopic for firing in schedule.ventricles)
    coupling, both = _around_first_ectopic(schedule, [firing.ectopic for firing in schedule.atria])
    usual = 60.0 / steady.rate_bpm
    assert both < 1.95 * usual
    assert both - coupling > usual


@pytest.mark.parametrize("kind", [RhythmKind.PREMATURE_ATRIAL, RhythmKind.PREMATURE_VENTRICULAR])
@pytest.mark.parametrize("rate_bpm", [45.0, 66.0, 105.0])
def test_the_recording_holds_as_many_premature_beats_as_the_patient_says(kind: RhythmKind, rate_bpm: float) -> None:
    wanted = min(3, most_premature(rate_bpm))
    for seed in range(8):
        schedule = _schedule(_rhythm(kind, rate_bpm=rate_bpm, n_premature=wanted), seed)
        chamber = schedule.atria if kind is RhythmKind.PREMATURE_ATRIAL else schedule.ventricles
        early = [firing.onset_s for firing in chamber if firing.ectopic]
        assert len(early) == wanted
        assert min(early) > 0.0 and max(early) < 10.0
        shortest = min(firing.interval_s for firing in schedule.ventricles)
        assert shortest > min(LEAST_COUPLING_S, 0.8 * 60.0 / rate_bpm) - 1e-9


def _shares(rhythms: list[Rhythm]) -> dict[RhythmKind, float]:
    return {kind: float(np.mean([rhythm.kind is kind for rhythm in rhythms])) for kind in RhythmKind}


def test_rhythms_are_as_frequent_as_in_published_populations_and_rise_with_age() -> None:
    norms = PRESETS["taiwan-like"].rhythm
    middle, old = (_shares(_draw_many(norms, 6000, decades=decades)) for decades in (0.0, 2.0))
    assert 0.007 < middle[RhythmKind.ATRIAL_FIBRILLATION] < 0.022
    assert 0.02 < middle[RhythmKind.PREMATURE_ATRIAL] < 0.05
    assert 0.015 < middle[RhythmKind.PREMATURE_VENTRICULAR] < 0.035
    assert all(old[kind] > 1.4 * middle[kind] for kind in RhythmKind if kind is not RhythmKind.SINUS)
    shifted = _shares(_draw_many(PRESETS["shifted"].rhythm, 6000, decades=0.0))
    assert shifted[RhythmKind.SINUS] < middle[RhythmKind.SINUS] - 0.02
    assert PRESETS["uniform"].rhythm == norms


def test_only_premature_rhythms_have_premature_beats_and_only_ventricular_ones_a_root() -> None:
    norms = replace(
        RhythmNorms(), fibrillation_share=0.25, premature_atrial_share=0.25, premature_ventricular_share=0.25
    )
    for rhythm in _draw_many(norms, 200, decades=0.0):
        premature = rhythm.kind in (RhythmKind.PREMATURE_ATRIAL, RhythmKind.PREMATURE_VENTRICULAR)
        assert (rhythm.n_premature > 0) == premature
        assert (rhythm.ectopic_root is not None) == (rhythm.kind is RhythmKind.PREMATURE_VENTRICULAR)
        assert np.linalg.norm(rhythm.ectopic_axis) == pytest.approx(1.0)
