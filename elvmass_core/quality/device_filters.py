"""What the cardiograph filtered before it stored the samples: a low-pass lowers R and S, a high-pass bends ST."""

from elvmass_core.domain import Recording
from elvmass_core.quality.findings import Findings, caution
from elvmass_core.wording import beyond

MIN_LOWPASS_HZ = 150.0
"""AHA/ACC/HRS 2007, part I (doi 10.1161/CIRCULATIONAHA.106.180200): at least 150 Hz for adults. At 40 Hz R and S lose
height, notches vanish and QRS widens."""
MAX_HIGHPASS_HZ = 0.05
"""The same statement: at most 0.05 Hz, or 0.67 Hz for a filter without phase distortion, which no file states."""


def check_filters(recording: Recording) -> Findings:
    """Say what the file states of filters that change what is measured, or that it states nothing."""
    filters = recording.filters
    if filters.lowpass_hz is None or filters.highpass_hz is None:
        return caution(
            "filters_not_stated",
            "The file does not say how the cardiograph filtered the signal: a 40 Hz muscle filter would lower R and S, "
            "a baseline filter of 0.5 Hz would bend ST. Check the print-out or the export settings.",
        )
    return (*_lowpass(filters.lowpass_hz), *_highpass(filters.highpass_hz))


def _lowpass(cutoff_hz: float) -> Findings:
    if cutoff_hz == 0 or cutoff_hz >= MIN_LOWPASS_HZ:
        return ()
    message = (
        "The cardiograph's low-pass filter lowers R and S and widens QRS: mass and voltage criteria may come out too "
        "low. Export the recording with 150 Hz."
    )
    return caution(
        "filter_lowpass", message, f"{beyond(cutoff_hz, MIN_LOWPASS_HZ, decimals=None)} Hz", f"≥ {MIN_LOWPASS_HZ:g} Hz"
    )


def _highpass(cutoff_hz: float) -> Findings:
    if cutoff_hz <= MAX_HIGHPASS_HZ:
        return ()
    message = (
        "The cardiograph's high-pass filter may bend ST and T, on which the model leans. Export the recording with "
        "0.05 Hz, unless the filter is known to keep the phase."
    )
    observed = beyond(cutoff_hz, high=MAX_HIGHPASS_HZ, decimals=None)
    return caution("filter_highpass", message, f"{observed} Hz", f"≤ {MAX_HIGHPASS_HZ:g} Hz")
