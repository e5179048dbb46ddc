"""Measurements on the averaged beat: intervals, frontal axis, and amplitudes per lead.

Amplitudes are in mV from the level just before QRS onset. R is the tallest positive and S the deepest negative
deflection of the QRS (a QS complex counts as S), the convention of the LVH criteria.
"""

import math

import numpy as np

from elvmass_core.domain import Beat, Features, Fiducials, FloatArray, Measurement
from elvmass_core.segments import beat_times_ms, segment_masks
from elvmass_core.units import LEAD_INDEX, LEADS

INTERVALS = ("rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg")
AMPLITUDES = ("r", "s", "t", "stj")
FEATURE_NAMES = INTERVALS + tuple(f"{wave}_mv_{lead}" for wave in AMPLITUDES for lead in LEADS)
"""Every feature, in the order they are reported."""

MIN_AXIS_MV_MS = 2.0
"""A QRS net area below this in both I and aVF leaves the axis undefined (assumed)."""


def measure(beat: Beat) -> Features:
    """Measure an averaged beat.

    Returns
    -------
    Features
        One `Measurement` for each of `FEATURE_NAMES`; ``value`` is None where the wave or border is absent.
    """
    values = _intervals(beat)
    for lead in LEADS:
        for wave, amplitude in _amplitudes(beat.signal_mv[LEAD_INDEX[lead]], beat.fiducials).items():
            values[f"{wave}_mv_{lead}"] = Measurement(value=amplitude, unit="mV")
    return Features(values={name: values[name] for name in FEATURE_NAMES})


def _intervals(beat: Beat) -> dict[str, Measurement]:
    """Rate, durations and axis."""
    f = beat.fiducials
    qt = _between(f.qrs_on, f.t_end)
    durations = {
        "p_ms": _between(f.p_on, f.p_off),
        "pr_ms": _between(f.p_on, f.qrs_on),
        "qrs_ms": _between(f.qrs_on, f.qrs_off),
        "qt_ms": qt,
        "qtc_fridericia_ms": None if qt is None else qt / (60.0 / beat.rate_bpm) ** (1 / 3),
    }
    values = {name: Measurement(value=duration, unit="ms") for name, duration in durations.items()}
    values["rate_bpm"] = Measurement(value=beat.rate_bpm, unit="bpm")
    values["qrs_axis_deg"] = Measurement(value=_frontal_axis_deg(beat), unit="°")
    return values


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def _frontal_axis_deg(beat: Beat) -> float | None:
    """Frontal QRS axis from the net QRS areas of I and aVF, −180…180°; aVF is scaled by 2/√3 to a lead of length I."""
    mask = segment_masks(beat.fiducials)["QRS"]
    if mask is None:
        return None
    area_i, area_avf = (float(beat.signal_mv[LEAD_INDEX[lead], mask].sum() * 2.0) for lead in ("I", "aVF"))
    if max(abs(area_i), abs(area_avf)) < MIN_AXIS_MV_MS:
        return None
    return math.degrees(math.atan2(area_avf * 2 / math.sqrt(3), area_i))


def _amplitudes(lead_mv: FloatArray, fiducials: Fiducials) -> dict[str, float | None]:
    """R, S, T and J-point amplitude of one lead."""
    masks = segment_masks(fiducials)
    qrs, t = masks["QRS"], masks["T"]
    j_mv = None if fiducials.qrs_off is None else float(np.interp(fiducials.qrs_off, beat_times_ms(), lead_mv))
    return {
        "r": None if qrs is None else max(float(lead_mv[qrs].max()), 0.0),
        "s": None if qrs is None else max(float(-lead_mv[qrs].min()), 0.0),
        "t": None if t is None else float(lead_mv[t][np.argmax(np.abs(lead_mv[t]))]),
        "stj": j_mv,
    }


def qrs_peak_to_peak_mv(beat: Beat) -> FloatArray:
    """QRS span of each lead in mV, shape (12,); over R ± 80 ms where the borders are absent."""
    mask = segment_masks(beat.fiducials)["QRS"]
    if mask is None:
        mask = np.abs(beat_times_ms()) <= 80.0
    return np.ptp(beat.signal_mv[:, mask], axis=1)
