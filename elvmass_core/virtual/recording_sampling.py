"""Draw what a recording needs besides the heart and the trunk: atria, rhythm, recorder."""

from collections.abc import Sequence

import numpy as np

from elvmass_core.virtual.activation import Root
from elvmass_core.virtual.draws import clipped_normal, log_normal
from elvmass_core.virtual.patient import Atria, Recorder, Rhythm, RhythmKind
from elvmass_core.virtual.recording_norms import AtriaNorms, RecorderNorms, RhythmNorms
from elvmass_core.virtual.rhythm import most_premature

_RATE_LIMITS_BPM = (45.0, 105.0)
_FIBRILLATION_LIMITS_BPM = (50.0, 120.0)
_PR_LIMITS_MS, _DURATION_LIMITS_MS = (115.0, 230.0), (80.0, 150.0)
_PR_SEGMENT_MS = 15.0
"""Shortest pause between the end of P and QRS."""
_N_PREMATURE = (1, 2, 3), (0.70, 0.20, 0.10)
_COUPLING = (0.66, 0.07, 0.50, 0.82)
"""RR before a premature beat over the usual: mean, SD, limits (prematurity is usually defined as below 0.8)."""
_OUTFLOW_SHARE = 0.6
"""Of premature ventricular beats from the right ventricle, mostly its outflow tract; the others start in the left one
(assumed from idiopathic ones)."""
_ECTOPIC_AXES = ((0.30, -0.10, 0.95), (-0.70, -0.65, -0.30), (0.40, 0.85, -0.35), (0.60, -0.10, -0.80))
_ECTOPIC_SPREAD = 0.25
"""Where P points when it comes from the low atria, the left pulmonary veins, the right appendage and the upper crista
(assumed; left, back and up positive), and how much each component varies."""


def draw_atria(rng: np.random.Generator, norms: AtriaNorms, *, decades: float) -> Atria:
    """Draw the atria; ``decades`` is the age over the reference age."""
    duration = norms.duration_ms + norms.duration_ms_per_decade * decades
    duration = clipped_normal(rng, duration, norms.duration_sd_ms, *_DURATION_LIMITS_MS)
    pr = clipped_normal(rng, norms.pr_ms + norms.pr_ms_per_decade * decades, norms.pr_sd_ms, *_PR_LIMITS_MS)
    turns = rng.normal(0.0, norms.axis_sd_deg, 4)
    return Atria(
        pr_ms=max(pr, duration + _PR_SEGMENT_MS),
        amplitude=log_normal(rng, norms.amplitude_log_sd),
        left_share=log_normal(rng, norms.left_log_sd) * float(np.exp(norms.left_log_per_decade * decades)),
        duration_ms=duration,
        turns_deg=(float(turns[0]), float(turns[1]), float(turns[2]), float(turns[3])),
        fibrillation_hz=clipped_normal(rng, norms.fibrillation_hz, norms.fibrillation_sd_hz, 4.0, 9.0),
        fibrillation_amplitude=log_normal(rng, norms.fibrillation_log_sd),
    )


def draw_rhythm(
    rng: np.random.Generator, norms: RhythmNorms, *, rate_bpm: float, rate_sd_bpm: float, decades: float, is_man: bool
) -> Rhythm:
    """Draw the rhythm; ``rate_bpm`` and ``rate_sd_bpm`` are those of sinus rhythm."""
    kind = _draw_kind(rng, norms, decades, is_man)
    sinus_bpm = clipped_normal(rng, rate_bpm, rate_sd_bpm, *_RATE_LIMITS_BPM)
    fast_bpm = clipped_normal(
        rng, norms.fibrillation_rate_bpm, norms.fibrillation_rate_sd_bpm, *_FIBRILLATION_LIMITS_BPM
    )
    fibrillates = kind is RhythmKind.ATRIAL_FIBRILLATION
    rate = fast_bpm if fibrillates else sinus_bpm
    variability = norms.variability_log_per_decade * min(decades, norms.variability_stops_decades)
    shares = np.exp(variability + norms.variability_log_sd * (0.7 * rng.normal() + 0.7 * rng.normal(size=3)))
    n_premature = min(int(rng.choice(_N_PREMATURE[0], p=_N_PREMATURE[1])), most_premature(rate))
    axis = np.asarray(_ECTOPIC_AXES[rng.integers(len(_ECTOPIC_AXES))]) + rng.normal(0.0, _ECTOPIC_SPREAD, 3)
    x, y, z = axis / np.linalg.norm(axis)
    root = _draw_ectopic_root(rng)
    return Rhythm(
        rate_bpm=rate,
        respiratory_share=norms.respiratory_share * float(shares[0]),
        breathing_hz=clipped_normal(rng, norms.breathing_hz, norms.breathing_sd_hz, 0.13, 0.40),
        kind=kind,
        slow_share=norms.slow_share * float(shares[1]),
        beat_share=norms.beat_share * float(shares[2]),
        irregularity=norms.fibrillation_cv * log_normal(rng, 0.15) if fibrillates else 0.0,
        n_premature=0 if fibrillates or kind is RhythmKind.SINUS else n_premature,
        coupling=clipped_normal(rng, *_COUPLING),
        ectopic_axis=(float(x), float(y), float(z)),
        ectopic_root=root if kind is RhythmKind.PREMATURE_VENTRICULAR else None,
    )


def draw_recorder(rng: np.random.Generator, norms: RecorderNorms) -> Recorder:
    """Draw how noisy the recording is, and the device."""
    motion, jump = rng.random(), norms.motion_uv * log_normal(rng, norms.motion_log_sd)
    return Recorder(
        noise_scale=norms.noise_scale,
        mains_hz=norms.mains_hz,
        muscle_uv=norms.muscle_uv * log_normal(rng, norms.muscle_log_sd),
        amplifier_uv=norms.amplifier_uv * log_normal(rng, 0.3),
        wander_uv=norms.wander_uv * log_normal(rng, norms.wander_log_sd),
        breathing_uv=norms.breathing_uv * log_normal(rng, norms.wander_log_sd),
        mains_uv=norms.mains_uv * log_normal(rng, norms.mains_log_sd),
        motion_uv=jump if motion < norms.motion_share else 0.0,
        high_pass_hz=_draw_share(rng, norms.high_pass_hz),
        low_pass_hz=_draw_share(rng, norms.low_pass_hz),
        resolution_uv=_draw_share(rng, norms.resolution_uv),
    )


def _draw_kind(rng: np.random.Generator, norms: RhythmNorms, decades: float, is_man: bool) -> RhythmKind:
    """Rhythm kind: each other than sinus has odds that grow with age."""
    men = norms.fibrillation_log_men * (0.5 if is_man else -0.5)
    shares = {
        RhythmKind.ATRIAL_FIBRILLATION: _aged(
            norms.fibrillation_share, norms.fibrillation_log_per_decade * decades + men
        ),
        RhythmKind.PREMATURE_ATRIAL: _aged(norms.premature_atrial_share, norms.premature_log_per_decade * decades),
        RhythmKind.PREMATURE_VENTRICULAR: _aged(
            norms.premature_ventricular_share, norms.premature_log_per_decade * decades
        ),
    }
    draw = rng.random()
    for kind, share in shares.items():
        draw -= share
        if draw < 0.0:
            return kind
    return RhythmKind.SINUS


def _aged(share: float, log_odds: float) -> float:
    """A share whose odds have changed by ``log_odds``."""
    odds = share / (1.0 - share) * float(np.exp(log_odds))
    return odds / (1.0 + odds)


def _draw_ectopic_root(rng: np.random.Generator) -> Root:
    """Where premature ventricular beats start: the right outflow tract more often than the left ventricle."""
    right = rng.random() < _OUTFLOW_SHARE
    height, theta = rng.uniform(0.60, 0.95), rng.normal(-25.0, 20.0)
    left_height, left_theta = rng.uniform(0.35, 0.95), rng.uniform(-180.0, 180.0)
    if right:
        return Root(site="rv", height=float(height), theta_deg=float(theta), delay_ms=0.0)
    return Root(site="lv", height=float(left_height), theta_deg=float(left_theta), delay_ms=0.0)


def _draw_share(rng: np.random.Generator, shares: Sequence[tuple[float, float]]) -> float:
    """One of the values, each as often as its share."""
    values, weights = zip(*shares, strict=True)
    return float(rng.choice(values, p=weights))
