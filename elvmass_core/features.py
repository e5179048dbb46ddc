"""Measurements on the averaged beat: intervals, frontal axis, amplitudes per lead, and what Romhilt–Estes asks for.

R, S, T and the J point are in mV from the PR level, just before QRS onset (`Beat.signal_mv` is zero there). R is the
tallest positive and S the deepest negative deflection of the QRS (a QS complex counts as S), both as positive numbers:
the convention of the LVH criteria. T and the J point keep their sign. QTc is Fridericia's, QT ÷ cube root of RR in
seconds (Fridericia 1920). Borders are global over the leads.
"""

import math
from dataclasses import replace

import numpy as np

from elvmass_core.domain import BEAT_FS_HZ, Beat, Features, Fiducials, FloatArray, Measurement
from elvmass_core.segments import beat_times_ms, segment_masks
from elvmass_core.units import LEAD_INDEX, LEADS

INTERVALS = ("rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg")
AMPLITUDES = ("r", "s", "t", "stj")
SCORED = ("p_terminal_mv_V1", "p_terminal_ms_V1", "intrinsicoid_ms_V5", "intrinsicoid_ms_V6")
"""Depth and duration of the terminal negative part of P in V1; QRS onset to the peak of R in V5 and V6."""
OF_P = ("p_ms", "pr_ms", "p_terminal_mv_V1", "p_terminal_ms_V1")
"""What needs a P wave that belongs to the QRS."""
FEATURE_NAMES = INTERVALS + tuple(f"{wave}_mv_{lead}" for wave in AMPLITUDES for lead in LEADS) + SCORED
"""Every feature, in the order they are reported."""

MIN_AXIS_MV_MS = 2.0
"""A QRS net area below this in both I and aVF leaves the axis undefined (assumed)."""
SAMPLE_MS = 1000.0 / BEAT_FS_HZ
MIN_P_SAMPLES = 4
"""A P wave of fewer samples has no second half to measure."""


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
    values |= _p_terminal(beat)
    for lead in ("V5", "V6"):
        values[f"intrinsicoid_ms_{lead}"] = Measurement(value=r_peak_ms(beat, lead), unit="ms")
    return Features(values={name: values[name] for name in FEATURE_NAMES})


def without_p(features: Features) -> Features:
    """The same measurements with those of P absent: in atrial fibrillation a border of P is one of an f wave."""
    values = {name: replace(one, value=None) if name in OF_P else one for name, one in features.values.items()}
    return Features(values=values)


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
    area_i, area_avf = (float(beat.signal_mv[LEAD_INDEX[lead], mask].sum() * SAMPLE_MS) for lead in ("I", "aVF"))
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


def r_peak_ms(beat: Beat, lead: str) -> float | None:
    """Time from QRS onset to the peak of R in one lead (intrinsicoid deflection), in ms; None without an R.

    Notes
    -----
    AHA/ACCF/HRS 2009, part III (doi 10.1161/CIRCULATIONAHA.108.191095) measures to the peak of R, or of R′ in a notched
    one. Here the tallest of them counts, and the onset is that of all leads, a few ms before that of the lead itself.
    """
    mask = segment_masks(beat.fiducials)["QRS"]
    if mask is None or beat.fiducials.qrs_on is None:
        return None
    qrs_mv = beat.signal_mv[LEAD_INDEX[lead], mask]
    if qrs_mv.max() <= 0.0:
        return None
    return float(beat_times_ms()[mask][np.argmax(qrs_mv)] - beat.fiducials.qrs_on)


def _p_terminal(beat: Beat) -> dict[str, Measurement]:
    """Terminal negative part of P in V1 (Morris 1964): depth as a positive number, 0 where there is none, and duration.

    The level is the straight line between the ends of P, because PR may slope. The depth is that of the second half of
    P; the duration is that of the run below the line around it.
    """
    p = segment_masks(beat.fiducials)["P"]
    depth_mv = duration_ms = None
    if p is not None and np.count_nonzero(p) >= MIN_P_SAMPLES:
        depth_mv, duration_ms = _terminal_part(_over_its_ends(beat.signal_mv[LEAD_INDEX["V1"], p]))
    return {
        "p_terminal_mv_V1": Measurement(value=depth_mv, unit="mV"),
        "p_terminal_ms_V1": Measurement(value=duration_ms, unit="ms"),
    }


def _over_its_ends(wave_mv: FloatArray) -> FloatArray:
    """A wave over the straight line between its ends."""
    return wave_mv - np.linspace(wave_mv[0], wave_mv[-1], wave_mv.size)


def _terminal_part(wave_mv: FloatArray) -> tuple[float, float]:
    """Depth in mV and duration in ms of the negative run around the lowest sample of the second half."""
    half = wave_mv.size // 2
    lowest = half + int(np.argmin(wave_mv[half:]))
    depth_mv = max(float(-wave_mv[lowest]), 0.0)
    if depth_mv == 0.0:
        return 0.0, 0.0
    above = np.flatnonzero(wave_mv >= 0.0)
    start, stop = above[above < lowest].max(), above[above > lowest].min()
    return depth_mv, float((stop - start) * SAMPLE_MS)


def qrs_peak_to_peak_mv(beat: Beat) -> FloatArray:
    """QRS span of each lead in mV, shape (12,); over R ± 80 ms where the borders are absent."""
    mask = segment_masks(beat.fiducials)["QRS"]
    if mask is None:
        mask = np.abs(beat_times_ms()) <= 80.0
    return np.ptp(beat.signal_mv[:, mask], axis=1)
