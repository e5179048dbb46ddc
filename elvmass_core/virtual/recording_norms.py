"""What the atria, the rhythms and the recorders of a cohort are drawn from: the recording's part of a preset."""

from dataclasses import dataclass

Shares = tuple[tuple[float, float], ...]
"""Values and how often each is drawn; the shares add up to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtriaNorms:
    """Atria at the reference age; nothing here depends on LV mass.

    Durations as global P duration and P onset-to-QRS in the tuning half of the real recordings (`noise`); spreads
    assumed within published limits (P < 120 ms, axis 0…75°).

    Parameters
    ----------
    pr_ms, pr_sd_ms, pr_ms_per_decade : float
    duration_ms, duration_sd_ms, duration_ms_per_decade : float
    amplitude_log_sd : float
        Spread of the strength of both atria.
    left_log_sd, left_log_per_decade : float
        Spread and ageing of the left atrium's strength over the right one's.
    axis_sd_deg : float
        Spread of the direction of each atrium, about each of two axes.
    fibrillation_hz, fibrillation_sd_hz : float
        Dominant frequency in atrial fibrillation, mostly 4–9 Hz (Stridh & Sörnmo 2001, doi 10.1109/10.900266).
    fibrillation_log_sd : float
        Spread of the size of the f waves (coarse and fine).
    """

    pr_ms: float = 160.0
    pr_sd_ms: float = 19.0
    pr_ms_per_decade: float = 3.0
    duration_ms: float = 114.0
    duration_sd_ms: float = 9.0
    duration_ms_per_decade: float = 2.0
    amplitude_log_sd: float = 0.20
    left_log_sd: float = 0.20
    left_log_per_decade: float = 0.04
    axis_sd_deg: float = 12.0
    fibrillation_hz: float = 6.2
    fibrillation_sd_hz: float = 0.8
    fibrillation_log_sd: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class RhythmNorms:
    """How often each rhythm is met at the reference age, and how much sinus rhythm varies.

    Parameters
    ----------
    fibrillation_share, fibrillation_log_per_decade, fibrillation_log_men : float
        Atrial fibrillation: Taiwanese from 35 years on 1.4 % of men and 0.7 % of women (Chien et al. 2010, doi
        10.1016/j.ijcard.2008.10.045); it doubles with each decade (assumed); men have it more often by this log-odds.
    premature_atrial_share, premature_ventricular_share, premature_log_per_decade : float
        At least one such beat in 10 s. 1.9 % and 2.2 % in 15 s of a population of 58 years without heart disease (Orini
        et al. 2023, doi 10.1093/ehjdh/ztad007), more with age; more in a hospital (assumed).
    respiratory_share, slow_share, beat_share : float
        RR moved by breathing, by the baroreflex (0.1 Hz) and at random, as shares of it at the reference age.
    variability_log_sd, variability_log_per_decade, variability_stops_decades : float
        Spread of the three; they fall with age and stay level from 60 years on (Tegegne et al. 2020, 10 s ECGs of
        89 000 people, doi 10.1177/2047487319872567: median RMSSD 67 ms at 13 years, 15–16 ms above 75).
    breathing_hz, breathing_sd_hz : float
    fibrillation_rate_bpm, fibrillation_rate_sd_bpm : float
        Ventricular rate in atrial fibrillation, mostly under treatment (assumed).
    fibrillation_cv : float
        SD over mean of its RR intervals (assumed from published 0.2–0.25 at rest).
    """

    fibrillation_share: float = 0.011
    fibrillation_log_per_decade: float = 0.69
    fibrillation_log_men: float = 0.35
    premature_atrial_share: float = 0.035
    premature_ventricular_share: float = 0.024
    premature_log_per_decade: float = 0.35
    respiratory_share: float = 0.020
    slow_share: float = 0.014
    beat_share: float = 0.0065
    variability_log_sd: float = 0.45
    variability_log_per_decade: float = -0.27
    variability_stops_decades: float = 0.2
    breathing_hz: float = 0.25
    breathing_sd_hz: float = 0.05
    fibrillation_rate_bpm: float = 78.0
    fibrillation_rate_sd_bpm: float = 13.0
    fibrillation_cv: float = 0.21


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderNorms:
    """Noise at the electrodes and the devices in use.

    The medians and log-SDs of noise are fitted to the tuning half of real recordings (`noise`).

    Parameters
    ----------
    noise_scale : float
        Scales all noise; 1 is a cooperative resting patient.
    muscle_uv, muscle_log_sd, amplifier_uv, wander_uv, wander_log_sd, breathing_uv, mains_uv, mains_log_sd : float
        Median level of an electrode, and how much it differs between recordings. Muscle, amplifier, wander and
        breathing as RMS, mains as amplitude.
    motion_share, motion_uv, motion_log_sd : float
        Recordings with an electrode that moves, and how far its potential jumps.
    high_pass_hz, low_pass_hz, resolution_uv : Shares
        Devices; shares assumed, values those of common makers.
    mains_hz : float
    """

    noise_scale: float = 1.0
    muscle_uv: float = 3.3
    muscle_log_sd: float = 0.55
    amplifier_uv: float = 1.1
    wander_uv: float = 24.0
    wander_log_sd: float = 0.65
    breathing_uv: float = 42.0
    mains_uv: float = 0.5
    mains_log_sd: float = 1.2
    motion_share: float = 0.20
    motion_uv: float = 300.0
    motion_log_sd: float = 0.6
    high_pass_hz: Shares = ((0.05, 1.0),)
    low_pass_hz: Shares = ((150.0, 0.60), (100.0, 0.25), (40.0, 0.15))
    resolution_uv: Shares = ((1.0, 0.10), (2.5, 0.20), (4.8828125, 0.35), (5.0, 0.35))
    mains_hz: float = 60.0
