"""Averaged beats, measurements and recordings with exactly the size, noise or time that a test asks for."""

import numpy as np

from elvmass_core.domain import Beat, DeviceFilters, Features, Fiducials, Measurement, Recording
from elvmass_core.features import FEATURE_NAMES
from elvmass_core.signal import EXTRACTION_VERSION
from elvmass_core.units import LEAD_INDEX

R, SAMPLES = 140, 400
BORDERS = Fiducials(p_on=-200.0, p_off=-100.0, qrs_on=-40.0, qrs_off=50.0, t_on=200.0, t_peak=250.0, t_end=300.0)
P, QRS, T = slice(40, 90), slice(120, 165), slice(240, 290)
"""Samples of the waves of `BORDERS`: R is sample 140, a sample lasts 2 ms."""
DIAGNOSTIC = DeviceFilters(highpass_hz=0.0, lowpass_hz=0.0, notch_hz=0.0)


def beat(signal_mv=None, *, sd_mv=0.0, n_used=12, n_rejected=0, rate_bpm=60.0, fiducials=BORDERS, **changes):
    """A beat of these leads (12, 400), and as many like it, one a second, as were used and rejected."""
    signal = np.zeros((12, SAMPLES)) if signal_mv is None else np.asarray(signal_mv)
    n = n_used + n_rejected
    facts = {
        "signal_mv": signal,
        "sd_mv": np.broadcast_to(np.asarray(sd_mv, dtype=float), (12, SAMPLES)),
        "beats_mv": np.repeat(signal[None], n, axis=0),
        "r_times_s": np.arange(n) * 60.0 / rate_bpm,
        "used": (True,) * n_used + (False,) * n_rejected,
        "reasons": ("",) * n,
        "rate_bpm": rate_bpm,
        "fiducials": fiducials,
        "extraction": EXTRACTION_VERSION,
    }
    return Beat(**(facts | changes))


def spans(values_mv):
    """Leads (12, 400) that reach these heights within the QRS, each for a time of its own."""
    signal = np.zeros((12, SAMPLES))
    for row, height in enumerate(np.broadcast_to(values_mv, 12)):
        signal[row, QRS.start + row : QRS.start + row + 8] = height
    return signal


def leads(**values_mv):
    """A span for each lead named, 1 mV for the others."""
    heights = np.ones(12)
    for name, value in values_mv.items():
        heights[LEAD_INDEX[name]] = value
    return spans(heights)


def features(**values):
    """Measurements of a usual beat unless given."""
    usual = {"rate_bpm": 60.0, "p_ms": 100.0, "pr_ms": 160.0, "qrs_ms": 90.0, "qt_ms": 390.0, "qrs_axis_deg": 40.0}
    known = dict.fromkeys(FEATURE_NAMES) | usual | values
    return Features(values={name: Measurement(value=value, unit="") for name, value in known.items()})


def recording(signal_mv, fs_hz=500.0, filters=DIAGNOSTIC):
    """A recording of these leads (12, n)."""
    return Recording(signal_mv=signal_mv, fs_hz=fs_hz, format="drawn", filters=filters)


def severity(findings, code):
    """Severity of the one finding with this code, in small letters; empty without it."""
    return "".join(finding.severity.name.lower() for finding in findings if finding.code == code)
