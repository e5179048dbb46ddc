"""When atria and ventricles fire: sinus rhythm and its variability, premature beats, atrial fibrillation; breathing."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.patient import Rhythm, RhythmKind

RECORDING_FS_HZ = 500.0
SLOW_HZ = 0.10
"""The baroreflex wave in RR."""
LEAST_COUPLING_S = 0.42
"""No premature beat follows sooner: the ventricles are still excited."""
_LATE_AV = 1.08
"""PR of a premature atrial beat over the usual one: the node has not recovered (assumed)."""
_RETURN = (0.03, 0.15)
"""How much longer than usual the sinus node takes after a premature atrial beat has reset it, so that the pause is not
compensatory (assumed)."""
_LEAST_AF_SHARE = 0.5
"""Refractoriness of the AV node: shortest RR in atrial fibrillation over the mean (assumed)."""
_FREE_AT_ENDS = (1, 2)
"""Beats at the start and at the end of a recording that are never premature."""
_BREATH_SHARPNESS, _BREATH_WANDER, _BREATH_WANDER_HZ = 0.3, 0.5, 0.06
"""Inspiration is shorter than expiration, and the rate of breathing wanders by some percent (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breathing:
    """The respiratory wave: 1 at full inspiration, −1 at full expiration of quiet breathing."""

    rate_hz: float
    phase: float
    wander_phase: float

    def at(self, times_s: FloatArray) -> FloatArray:
        """Value at each time."""
        wander = _BREATH_WANDER * np.sin(2.0 * np.pi * _BREATH_WANDER_HZ * times_s + self.wander_phase)
        turn = 2.0 * np.pi * self.rate_hz * times_s + self.phase + wander
        return np.asarray(np.sin(turn + _BREATH_SHARPNESS * np.sin(turn)))


class Firing(NamedTuple):
    """One activation of the ventricles or the atria: when, time since the one before, and whether it is ectopic."""

    onset_s: float
    interval_s: float
    ectopic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What fires during a recording, from before its start to after its end.

    Parameters
    ----------
    ventricles : tuple of Firing
        By QRS onset.
    atria : tuple of Firing
        By P onset; none in atrial fibrillation.
    """

    ventricles: tuple[Firing, ...]
    atria: tuple[Firing, ...]


def draw_breathing(rng: np.random.Generator, rhythm: Rhythm) -> Breathing:
    """Breathing with a random start."""
    phase, wander = rng.uniform(0.0, 2.0 * np.pi, 2)
    return Breathing(rate_hz=rhythm.breathing_hz, phase=float(phase), wander_phase=float(wander))


def draw_schedule(
    rng: np.random.Generator, rhythm: Rhythm, breathing: Breathing, *, pr_s: float, start_s: float, stop_s: float
) -> Schedule:
    """Draw when the heart fires.

    Parameters
    ----------
    rng : numpy Generator
    rhythm : Rhythm
    breathing : Breathing
    pr_s : float
        P onset to QRS onset.
    start_s, stop_s : float
        The first beats fall before ``start_s`` (not positive), the last after ``stop_s``; premature beats lie between 0
        and ``stop_s``.
    """
    if rhythm.kind is RhythmKind.ATRIAL_FIBRILLATION:
        return Schedule(ventricles=_fibrillation(rng, rhythm, start_s, stop_s), atria=())
    return _sinus(rng, rhythm, breathing, pr_s, start_s, stop_s)


def most_premature(rate_bpm: float, duration_s: float = 10.0) -> int:
    """How many premature beats a recording can hold without two in a row."""
    return max((_candidates(rate_bpm, duration_s) + 1) // 2, 0)


def _fibrillation(rng: np.random.Generator, rhythm: Rhythm, start_s: float, stop_s: float) -> tuple[Firing, ...]:
    """Independent RR intervals with a refractory minimum and a long tail.

    Notes
    -----
    RR intervals in atrial fibrillation at rest are not correlated (Bootsma et al. 1970, doi 10.1161/01.CIR.41.5.783)
    and have an exponential tail (Hennig et al. 2006, arXiv cond-mat/0605295): a shifted gamma distribution.
    """
    mean = 60.0 / rhythm.rate_bpm
    least, spread = _LEAST_AF_SHARE * mean, rhythm.irregularity * mean
    shape = ((mean - least) / spread) ** 2
    onset, interval, firings = start_s - mean * rng.uniform(1.0, 2.0), mean, []
    while onset < stop_s + mean:
        firings.append(Firing(onset, interval, False))
        interval = least + float(rng.gamma(shape, (mean - least) / shape))
        onset += interval
    return tuple(firings)


def _sinus(
    rng: np.random.Generator, rhythm: Rhythm, breathing: Breathing, pr_s: float, start_s: float, stop_s: float
) -> Schedule:
    """The sinus node, with premature beats at chosen places.

    A premature atrial beat resets the node. A premature ventricular beat does not reach it: the node's P wave comes on
    time, finds the ventricles refractory and is lost, and the pause is compensatory.
    """
    mean = 60.0 / rhythm.rate_bpm
    slow_phase = float(rng.uniform(0.0, 2.0 * np.pi))
    early = _premature_places(rng, rhythm, stop_s)
    due = start_s - mean * float(rng.uniform(1.0, 2.0))
    last, number = due - mean, 0
    ventricles: list[Firing] = []
    atria: list[Firing] = []
    while due < stop_s + mean:
        interval = mean * (1.0 + _variation(rng, rhythm, breathing, due, slow_phase))
        onset, ectopic_atrium = due, False
        ectopic = due >= 0.0 and number in early
        if ectopic:
            onset = last + max(rhythm.coupling * (due - last), min(LEAST_COUPLING_S, 0.9 * (due - last)))
        if ectopic and rhythm.kind is RhythmKind.PREMATURE_ATRIAL:
            due, ectopic, ectopic_atrium = onset, False, True
            interval *= 1.0 + float(rng.uniform(*_RETURN))
        number += due >= 0.0
        atrial_onset = due - pr_s * (_LATE_AV if ectopic_atrium else 1.0)
        atria.append(Firing(atrial_onset, atrial_onset - atria[-1].onset_s if atria else mean, ectopic_atrium))
        ventricles.append(Firing(onset, onset - last, ectopic))
        last, due = onset, due + interval
    return Schedule(ventricles=tuple(ventricles), atria=tuple(atria))


def _variation(
    rng: np.random.Generator, rhythm: Rhythm, breathing: Breathing, time_s: float, slow_phase: float
) -> float:
    """Share by which the next RR is longer: shorter in inspiration, a slow wave, and chance."""
    inspiration = float(breathing.at(np.array(time_s)))
    slow = np.sin(2.0 * np.pi * SLOW_HZ * time_s + slow_phase)
    chance = rng.normal(0.0, rhythm.beat_share)
    return float(-rhythm.respiratory_share * inspiration + rhythm.slow_share * slow + chance)


def _premature_places(rng: np.random.Generator, rhythm: Rhythm, duration_s: float) -> set[int]:
    """Which beats of the recording, counted from 0, are premature: any but the outer ones, no two in a row."""
    if rhythm.kind is RhythmKind.SINUS:
        return set()
    wanted = min(rhythm.n_premature, most_premature(rhythm.rate_bpm, duration_s))
    places = _candidates(rhythm.rate_bpm, duration_s) - (wanted - 1)
    chosen = np.sort(rng.choice(places, wanted, replace=False)) + np.arange(wanted) + _FREE_AT_ENDS[0]
    return {int(place) for place in chosen}


def _candidates(rate_bpm: float, duration_s: float) -> int:
    """Beats of a recording that may be premature."""
    return int(duration_s * rate_bpm / 60.0) - sum(_FREE_AT_ENDS)
