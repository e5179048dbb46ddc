"""The recording as it came: missing samples, dead leads, leads that are copies, saturation, noise, pacing."""

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import FloatArray, Recording
from elvmass_core.quality.device_filters import check_filters
from elvmass_core.quality.findings import Findings, caution, listed, stop
from elvmass_core.quality.noise import check_noise
from elvmass_core.quality.pacing import check_pacing
from elvmass_core.signal.filters import MAX_GAP_S, fill_gaps
from elvmass_core.units import LEAD_INDEX, LEADS
from elvmass_core.wording import beyond

LOW_RATE_HZ = 200.0
"""AHA/ACC/HRS 2007, part I (doi 10.1161/CIRCULATIONAHA.106.180200) asks for 500 samples a second. 38 real recordings
resampled to 200 Hz keep QRS within 2 ms and mass within 0.4 % (95th percentiles); at 100 Hz QRS is 19 ms longer and
mass off by 4 %."""
MAX_BRIDGED = 0.02
"""Share of a recording that may be bridged by straight lines (assumed)."""
FLAT_MV, FLAT_WINDOW_S, FLAT_STEP_S = 0.02, 3.0, 1.0
"""A lead whose central 98 % spans less than this in any window carries no ECG there. The window holds a beat above
20 bpm; the smallest span of a live lead in the real recordings used for tests is 0.15 mV."""
CLIP_PLATEAUS, CLIP_RUN_MS, CLIP_DISTANCE = 3, 8.0, 0.4
"""Saturation: this many plateaus, this long, on an extreme value that lies this share of the span from the median
(assumed; coarse resolution alone rests near the baseline, and padding at the ends of a file rests once)."""

IDENTICAL = 0.05
"""SD of the difference of two leads over the larger of their SDs, below which they hold the same signal. Of 119 real
recordings two lie at 0.02, both with two equal chest leads; the others lie above 0.09."""


def check_recording(recording: Recording) -> Findings:
    """Sampling rate, filters, missing samples, dead, saturated or equal leads, noise, pacemaker spikes."""
    return (
        *_rate(recording),
        *check_filters(recording),
        *_gaps(recording),
        *_flat(recording),
        *_clipped(recording),
        *_identical(recording),
        *check_noise(recording),
        *check_pacing(recording),
    )


def _rate(recording: Recording) -> Findings:
    """Too few samples for the tip and the borders of a QRS."""
    if recording.fs_hz >= LOW_RATE_HZ:
        return ()
    message = (
        "The sampling rate is low for a QRS: its duration comes out too long, R and S too small, and spikes of a "
        "pacemaker are not seen. Export the recording at 500 Hz where that is possible."
    )
    return caution(
        "sampling_rate_low",
        message,
        f"{beyond(recording.fs_hz, LOW_RATE_HZ, decimals=None)} Hz",
        f"≥ {LOW_RATE_HZ:g} Hz",
    )


def _gaps(recording: Recording) -> Findings:
    _, n_filled, n_left = fill_gaps(recording.signal_mv, recording.fs_hz)
    if n_left:
        message = "Samples are missing for longer than can be bridged: record again or export without gaps."
        return stop("samples_missing", message, f"{n_left} samples", f"gaps ≤ {1000 * MAX_GAP_S:.0f} ms")
    if not n_filled:
        return ()
    missing = ~np.isfinite(recording.signal_mv[[LEAD_INDEX[lead] for lead in recording.leads_present]])
    share = float(missing.mean(axis=1).max())
    if share > MAX_BRIDGED:
        message = "Too many samples are missing: record again or export without gaps."
        observed = f"{beyond(100 * share, high=100 * MAX_BRIDGED)} % of a lead"
        return stop("samples_missing", message, observed, f"≤ {100 * MAX_BRIDGED:g} %")
    return caution("gaps_filled", "Short gaps were bridged by straight lines.", f"{n_filled} samples")


def _signal(recording: Recording, lead: str) -> FloatArray:
    """Finite samples of one lead."""
    whole = recording.signal_mv[LEAD_INDEX[lead]]
    return whole[np.isfinite(whole)]


def _flat(recording: Recording) -> Findings:
    """Leads that are there and carry nothing for some seconds."""
    flat = [lead for lead in recording.leads_present if _quietest_span_mv(recording, lead) < FLAT_MV]
    if not flat:
        return ()
    message = f"No signal for {FLAT_WINDOW_S:g} s or longer in {listed(flat)}: check the electrode and record again."
    return stop("lead_flat", message, f"span < {FLAT_MV:g} mV", f"≥ {FLAT_MV:g} mV")


def _quietest_span_mv(recording: Recording, lead: str) -> float:
    """Smallest span of a lead over all windows."""
    signal = _signal(recording, lead)
    window, step = (max(round(seconds * recording.fs_hz), 1) for seconds in (FLAT_WINDOW_S, FLAT_STEP_S))
    if signal.size <= window:
        return float(np.ptp(np.percentile(signal, [1.0, 99.0])))
    windows = np.lib.stride_tricks.sliding_window_view(signal, window)[::step]
    low, high = np.percentile(windows, [1.0, 99.0], axis=1)
    return float((high - low).min())


def _clipped(recording: Recording) -> Findings:
    """Leads that rest on their largest or smallest value again and again."""
    clipped = [lead for lead in recording.leads_present if _plateaus(recording, lead) >= CLIP_PLATEAUS]
    if not clipped:
        return ()
    message = f"The amplifier was saturated in {listed(clipped)}: amplitudes are cut off there. Record again."
    return stop("lead_clipped", message, f"≥ {CLIP_PLATEAUS} plateaus at the limit", "none")


def _plateaus(recording: Recording, lead: str) -> int:
    """How often a lead rests for `CLIP_RUN_MS` on an extreme value far from the middle of its signal."""
    signal = _signal(recording, lead)
    span = float(np.ptp(signal)) if signal.size else 0.0
    run = max(round(CLIP_RUN_MS / 1000.0 * recording.fs_hz), 3)
    if signal.size < run or span < FLAT_MV:
        return 0
    middle = np.median(signal)
    rails = [rail for rail in (signal.min(), signal.max()) if abs(rail - middle) > CLIP_DISTANCE * span]
    resting = np.convolve(np.isin(signal, rails), np.ones(run), mode="valid") == run
    return int(np.count_nonzero(resting[1:] & ~resting[:-1]))


def _identical(recording: Recording) -> Findings:
    """Leads that hold the same signal: a copy in the file, or electrodes joined by gel or a wire."""
    live = [lead for lead in recording.leads_present if _quietest_span_mv(recording, lead) >= FLAT_MV]
    rows = [LEAD_INDEX[lead] for lead in live]
    signal = recording.signal_mv[rows][:, np.isfinite(recording.signal_mv[rows]).all(axis=0)]
    if signal.shape[0] < 2 or signal.shape[1] < 2:
        return ()
    alike = [LEADS[rows[index]] for index in np.flatnonzero(_same_signal(signal).any(axis=1))]
    if not alike:
        return ()
    message = (
        f"The same signal stands more than once, in {listed(alike)}: the file holds a copy, or electrodes touch. "
        "Check the electrodes and the export, and record again."
    )
    return stop("leads_identical", message, f"difference < {100 * IDENTICAL:g} %", f"≥ {100 * IDENTICAL:g} %")


def _same_signal(signal_mv: FloatArray) -> NDArray[np.bool_]:
    """Which pairs of leads differ by less than `IDENTICAL`, from their covariances; shape (n, n), diagonal False."""
    covariance = np.cov(signal_mv)
    variance = np.diag(covariance)
    apart = variance[:, None] + variance[None, :] - 2.0 * covariance
    same = apart < IDENTICAL**2 * np.maximum(variance[:, None], variance[None, :])
    return np.asarray(same & ~np.eye(len(signal_mv), dtype=bool))
