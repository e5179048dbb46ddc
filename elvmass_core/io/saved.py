"""An opened ECG as plain values, and back: what a saved analysis holds, and what a reading child hands to its parent.

A saved analysis is a report in JSON with one more key, `KEY`: the samples, what reading found, and what the user
entered. Reopened, the analysis is made anew from them; nothing that was computed is read back.
"""

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson

from elvmass_core.domain import (
    BEAT_FIRST_MS,
    BEAT_LAST_MS,
    FIDUCIAL_NAMES,
    N_LEADS,
    DeviceBeat,
    DeviceFilters,
    Fiducials,
    Finding,
    FloatArray,
    Patient,
    Recording,
    Severity,
)
from elvmass_core.errors import LimitError, PatientError, UnreadableError
from elvmass_core.io.limits import MAX_DURATION_S, MAX_FS_HZ, MIN_DURATION_S, MIN_FS_HZ, is_beat
from elvmass_core.io.normal_form import MAX_ABS_MV

KEY = "reopen"
VERSION = 1
_MAX_SAMPLES = int(MAX_FS_HZ * MAX_DURATION_S)
_MAX_ARRAYS = 2
"""The signal and the device's beat: more would only cost memory."""
_VALUE_ERRORS = (
    LookupError, TypeError, ValueError, AttributeError, OverflowError, PatientError, binascii.Error, zlib.error,
)  # fmt: skip
"""What taking a damaged structure apart raises."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """What was opened: the recording, and from a saved analysis what its user had entered.

    Parameters
    ----------
    recording : Recording
    patient : Patient or None
        As entered when the analysis was saved; None for every other format.
    fiducials : Fiducials or None
        As corrected by hand when the analysis was saved; None where nobody had.
    """

    recording: Recording
    patient: Patient | None = None
    fiducials: Fiducials | None = None


def looks_saved(data: bytes) -> bool:
    """Whether bytes may be a saved analysis: a JSON object that has the key."""
    return data[:64].lstrip().startswith(b"{") and f'"{KEY}"'.encode() in data


def to_saved(opened: Opened) -> dict[str, Any]:
    """Return the value of `KEY` in a saved analysis: JSON values only, arrays as base64 of zlib of float64."""
    values, arrays = to_parts(opened)
    content = {"version": VERSION, **values, "arrays": [_packed(array) for array in arrays]}
    return {**content, "seal": seal(content)}


def seal(content: Mapping[str, Any]) -> str:
    """Return what shows that nothing was changed by hand: a finding taken out would open the way to an estimate.

    It protects against slips, not against forgery: whoever reads this can make one.
    """
    return hashlib.sha256(orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_saved(data: bytes) -> Opened:
    """Return what a saved analysis holds.

    Parameters
    ----------
    data : bytes
        The JSON file.

    Raises
    ------
    UnreadableError
        No JSON, or not as `to_saved` writes it.
    LimitError
        More samples than a recording may have.
    """
    try:
        saved = orjson.loads(data)[KEY]
        if saved["version"] != VERSION:
            raise UnreadableError("The saved analysis is of another version: open the ECG file itself again.")
        if saved.pop("seal") != seal(saved):
            raise UnreadableError("The saved analysis is not as it was saved: open the ECG file itself again.")
        return from_parts(saved, [_unpacked(packed) for packed in saved["arrays"][:_MAX_ARRAYS]])
    except _VALUE_ERRORS:
        raise UnreadableError("The saved analysis is damaged: open the ECG file itself again.") from None


def to_parts(opened: Opened) -> tuple[dict[str, Any], list[FloatArray]]:
    """Return an opened ECG as JSON values and its arrays (the signal, then the device's beat where there is one)."""
    recording = opened.recording
    beat = recording.device_beat
    values = {
        "fs_hz": recording.fs_hz,
        "format": recording.format,
        "stated": asdict(recording.stated),
        "notes": list(recording.notes),
        "findings": [asdict(finding) for finding in recording.findings],
        "filters": asdict(recording.filters),
        "device_beat_fs_hz": None if beat is None else beat.fs_hz,
        "patient": None if opened.patient is None else asdict(opened.patient),
        "fiducials_ms": None if opened.fiducials is None else opened.fiducials.as_dict(),
    }
    return values, [recording.signal_mv] if beat is None else [recording.signal_mv, beat.signal_mv]


def from_parts(values: Mapping[str, Any], arrays: Sequence[FloatArray]) -> Opened:
    """Return the opened ECG of JSON values and arrays; raises one of `_VALUE_ERRORS` when they are not as written."""
    _check_signal(arrays[0], values["fs_hz"])
    beat_fs_hz = values["device_beat_fs_hz"]
    recording = Recording(
        signal_mv=arrays[0],
        fs_hz=values["fs_hz"],
        format=str(values["format"]),
        stated=Patient(**values["stated"]),
        notes=tuple(map(str, values["notes"])),
        findings=tuple(_finding(**finding) for finding in values["findings"]),
        filters=DeviceFilters(**{name: _number(value) for name, value in values["filters"].items()}),
        device_beat=None if beat_fs_hz is None else _beat(arrays[1], float(beat_fs_hz)),
    )
    patient, fiducials = values["patient"], values["fiducials_ms"]
    return Opened(
        recording=recording,
        patient=None if patient is None else Patient(**patient),
        fiducials=None if fiducials is None else _fiducials(fiducials),
    )


def _check_signal(signal_mv: FloatArray, fs_hz: float) -> None:
    """Refuse what no reader gives: a rate or a length outside the limits, or a sample that is no potential."""
    if not MIN_FS_HZ <= fs_hz <= MAX_FS_HZ or not MIN_DURATION_S <= signal_mv.shape[1] / fs_hz <= MAX_DURATION_S:
        raise ValueError("rate or length is outside the limits")
    if (np.abs(signal_mv) > MAX_ABS_MV).any():
        raise ValueError("a sample is no potential")


def _beat(signal_mv: FloatArray, fs_hz: float) -> DeviceBeat:
    if not is_beat(signal_mv.shape[1], fs_hz):
        raise ValueError("rate or length of the device's beat is outside the limits")
    return DeviceBeat(signal_mv=signal_mv, fs_hz=fs_hz)


def _finding(*, code: str, severity: str, message: str, observed: str, expected: str) -> Finding:
    return Finding(
        code=str(code),
        severity=Severity(severity),
        message=str(message),
        observed=str(observed),
        expected=str(expected),
    )


def _fiducials(values: Mapping[str, Any]) -> Fiducials:
    """Borders in ms from R within the averaged beat, each after the one before it, or None."""
    borders = {name: _number(values[name]) for name in FIDUCIAL_NAMES}
    known = [BEAT_FIRST_MS, *(value for value in borders.values() if value is not None), BEAT_LAST_MS]
    if known != sorted(known) or len(set(known[1:-1])) < len(known[1:-1]):
        raise ValueError("the borders are outside the beat or not in order")
    return Fiducials(**borders)


def _number(value: object) -> float | None:
    """Return a finite number, or None for null."""
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def _packed(array: FloatArray) -> dict[str, Any]:
    content = zlib.compress(np.ascontiguousarray(array, dtype="<f8").tobytes(), level=6)
    return {"n_samples": array.shape[1], "float64": base64.b64encode(content).decode("ascii")}


def _unpacked(packed: Mapping[str, Any]) -> FloatArray:
    """Array of a saved analysis; never more bytes than its shape says."""
    n_samples = int(packed["n_samples"])
    if not 0 < n_samples <= _MAX_SAMPLES:
        raise LimitError("The saved analysis holds more samples than a recording may have: open the ECG file itself.")
    n_bytes = N_LEADS * n_samples * 8
    content = zlib.decompressobj().decompress(base64.b64decode(packed["float64"], validate=True), n_bytes + 1)
    if len(content) != n_bytes:
        raise ValueError("the samples do not fill the shape")
    return np.frombuffer(content, "<f8").reshape(N_LEADS, n_samples)
