"""Noise of the raw recording, by its spectrum: mains, muscle, baseline wander, jumps of an electrode's potential.

CAUTION starts at the noise that IEC 60601-2-25 adds when it tests measurements (25 µV rms of high frequency, 50 µV of
mains, 1 mV at 0.3 Hz): above it no accuracy is claimed. STOP limits are assumed. Of 119 real recordings 1 lies above a
STOP limit (mains of 0.97 mV).
"""

from collections.abc import Sequence

import numpy as np
from scipy import signal as sps

from elvmass_core.domain import FloatArray, Recording
from elvmass_core.quality.findings import Findings, caution, listed, stop
from elvmass_core.signal.filters import MAINS_HZ, fill_gaps
from elvmass_core.units import LEADS
from elvmass_core.wording import beyond

MAINS_MV = (0.05, 0.5)
"""Amplitude at 50 or 60 Hz: CAUTION, STOP. The notch removes it, but not what swings with it nearby."""
LINE_HALF_HZ, BESIDE_HZ = 1.0, (2.0, 6.0)
"""The line, and where its background is taken, as distances from 50 or 60 Hz."""
MUSCLE_MV = (0.025, 0.1)
"""RMS at 40–100 Hz between the beats: CAUTION, STOP. The worst lead of real recordings: median 7 µV, 95 % below 26."""
MUSCLE_BAND_HZ = (40.0, 100.0)
MUSCLE_WINDOW_S = 0.1
"""The median over windows of this length lies between the QRS complexes."""
WANDER_MV, WANDER_HZ = 1.0, 0.5
"""Half the span below 0.5 Hz; CAUTION only, because the averaged beat is filtered from 0.5 Hz."""
JUMP_MV, JUMP_WINDOW_S, JUMP_STEP_S = 2.0, 0.8, 0.1
"""Difference of the medians before and after a moment; CAUTION only, because the beats it crosses are left out
(assumed; two of the real recordings exceed it)."""
_NYQUIST_SHARE = 0.9
_TRIM_PERCENT = (1.0, 99.0)


def check_noise(recording: Recording) -> Findings:
    """Mains, muscle, wander and jumps in the leads that are there; nothing where samples stay missing."""
    filled, _, _ = fill_gaps(recording.signal_mv, recording.fs_hz)
    rows = np.flatnonzero(np.isfinite(filled).all(axis=1))
    if not rows.size:
        return ()
    names, signal, fs_hz = [LEADS[row] for row in rows], filled[rows], recording.fs_hz
    signal = signal - np.median(signal, axis=1, keepdims=True)
    return (
        *_mains(names, mains_mv(signal, fs_hz)),
        *_muscle(names, muscle_mv(signal, fs_hz)),
        *_wander(names, wander_mv(signal, fs_hz)),
        *_jump(names, jump_mv(signal, fs_hz)),
    )


def mains_mv(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Amplitude of the larger of the 50 and the 60 Hz line above its neighbourhood, shape (n_leads,)."""
    frequency, power = sps.periodogram(signal_mv, fs=fs_hz, window="hann", axis=-1)
    lines = [_line_power(frequency, power, line) for line in MAINS_HZ if line + BESIDE_HZ[1] < fs_hz / 2.0]
    return np.sqrt(2.0 * np.max([np.zeros(len(signal_mv)), *lines], axis=0))


def _line_power(frequency_hz: FloatArray, power: FloatArray, line_hz: float) -> FloatArray:
    """Power within the line, less the median of its neighbourhood; mV², shape (n_leads,)."""
    distance = np.abs(frequency_hz - line_hz)
    beside = power[:, (distance >= BESIDE_HZ[0]) & (distance <= BESIDE_HZ[1])]
    above = power[:, distance <= LINE_HALF_HZ] - np.median(beside, axis=1, keepdims=True)
    return np.asarray(above.sum(axis=1) * frequency_hz[1])


def muscle_mv(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """RMS of 40–100 Hz without mains, median over windows of 100 ms, shape (n_leads,)."""
    high = min(MUSCLE_BAND_HZ[1], _NYQUIST_SHARE * fs_hz / 2.0)
    band = sps.butter(4, (MUSCLE_BAND_HZ[0], high), "bandpass", fs=fs_hz, output="sos")
    rough = sps.sosfiltfilt(band, signal_mv, axis=-1)
    for line in MAINS_HZ:
        if line < fs_hz / 2.0:
            rough = sps.sosfiltfilt(sps.tf2sos(*sps.iirnotch(line, Q=25.0, fs=fs_hz)), rough, axis=-1)
    return np.asarray(np.median(np.sqrt(np.square(_windows(rough, MUSCLE_WINDOW_S * fs_hz)).mean(axis=2)), axis=1))


def wander_mv(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Half the span of what lies below 0.5 Hz, shape (n_leads,)."""
    low_pass = sps.butter(2, WANDER_HZ, "lowpass", fs=fs_hz, output="sos")
    low, high = np.percentile(sps.sosfiltfilt(low_pass, signal_mv, axis=-1), _TRIM_PERCENT, axis=1)
    return np.asarray((high - low) / 2.0)


def jump_mv(signal_mv: FloatArray, fs_hz: float) -> FloatArray:
    """Largest difference between the medians of the 0.8 s before and after a tenth of a second, shape (n_leads,)."""
    level = np.median(_windows(signal_mv, JUMP_STEP_S * fs_hz), axis=2)
    n = round(JUMP_WINDOW_S / JUMP_STEP_S)
    medians = np.median(np.lib.stride_tricks.sliding_window_view(level, n, axis=1), axis=2)
    return np.asarray(np.abs(medians[:, n + 1 :] - medians[:, : -n - 1]).max(axis=1))


def _windows(signal_mv: FloatArray, length: float) -> FloatArray:
    """Whole windows of each lead, shape (n_leads, n_windows, n)."""
    n = max(round(length), 1)
    return signal_mv[:, : signal_mv.shape[1] // n * n].reshape(len(signal_mv), -1, n)


def _over(names: Sequence[str], levels: FloatArray, limit: float) -> list[str]:
    return [name for name, level in zip(names, levels, strict=True) if level > limit]


def _level(levels: FloatArray, limit: float) -> str:
    """The largest level, in mV."""
    return beyond(float(levels.max()), high=limit, decimals=1)


def _mains(names: Sequence[str], levels: FloatArray) -> Findings:
    advice = "switch off or move away electrical devices, check the electrodes and record again."
    return _graded("mains_noise", "Mains (50 or 60 Hz) disturbs", advice, names, levels, MAINS_MV)


def _muscle(names: Sequence[str], levels: FloatArray) -> Findings:
    advice = "let the patient lie warm and relaxed, check the electrodes and record again."
    return _graded("muscle_noise", "Muscle tremor or other fast noise disturbs", advice, names, levels, MUSCLE_MV)


def _graded(
    code: str, what: str, advice: str, names: Sequence[str], levels: FloatArray, limits: tuple[float, float]
) -> Findings:
    """CAUTION above the first limit, STOP above the second, with the leads above it named."""
    limit, too_much = limits
    say, over = (stop, too_much) if levels.max() > too_much else (caution, limit)
    leads = _over(names, levels, over)
    if not leads:
        return ()
    observed = f"{beyond(1000 * float(levels.max()), high=1000 * limit)} µV"
    expected = f"≤ {1000 * limit:g} µV"
    return say(code, f"{what} {listed(leads)}: {advice}", observed, expected)


def _wander(names: Sequence[str], levels: FloatArray) -> Findings:
    leads = _over(names, levels, WANDER_MV)
    if not leads:
        return ()
    message = f"The baseline wanders strongly in {listed(leads)}: check the electrodes, let the patient breathe calmly."
    return caution("baseline_wander", message, f"± {_level(levels, WANDER_MV)} mV", f"≤ ± {WANDER_MV:g} mV")


def _jump(names: Sequence[str], levels: FloatArray) -> Findings:
    leads = _over(names, levels, JUMP_MV)
    if not leads:
        return ()
    message = f"The baseline jumps in {listed(leads)}: an electrode has moved or loses contact. Fix it, record again."
    return caution("electrode_jump", message, f"{_level(levels, JUMP_MV)} mV", f"≤ {JUMP_MV:g} mV")
