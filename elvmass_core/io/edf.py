"""EDF and EDF+ (European Data Format), read in memory by the clauses of edfplus.info.

Our own reader and not ``ecgdatakit``: that one rounds rates to whole hertz, reads a truncated file as if it were whole,
joins the pieces of an interrupted EDF+D file, and keeps the patient's name. Here every declared size is checked against
the bytes, leads of different rates are refused, and annotations are skipped. Tests compare each sample with `pyedflib`.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import DeviceFilters, Finding, Patient, Severity
from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError
from elvmass_core.io.dates import date_or_none, years_between
from elvmass_core.io.limits import check_channels
from elvmass_core.io.normal_form import Channel, RawRecording
from elvmass_core.io.stated import stated_patient
from elvmass_core.units import standard_lead, standard_unit

MAX_SIGNALS = 64
"""Assumed; polysomnography has about 30. Only the ECG leads among them are kept."""
MAX_RECORDS = 100_000
"""Assumed; a data record usually lasts 1 s."""
_FIXED_BYTES = 256
_FIELD_BYTES = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
"""Label, transducer, dimension, physical min and max, digital min and max, prefilter, samples per record, reserved."""
_ANNOTATIONS = "EDF Annotations"
_EDF_DATES = ("%d-%b-%Y",)
_START = re.compile(rb"([+-]\d{1,12}(?:\.\d{0,12})?)(?:\x15[\d.]*)?\x14\x14")
"""Time-keeping annotation at the start of a data record (EDF+ 2.2.4)."""
_HERTZ = r"\s*:?\s*(\d{1,5}(?:\.\d{1,6})?|\.\d{1,6}|DC)"
_PREFILTERS = {
    kind: re.compile(rf"\b{name}{_HERTZ}") for kind, name in {"HP": "HP", "LP": "LP", "N": "N(?:OTCH)?"}.items()
}
_PREFIX = re.compile(r"^(?:ECG|EKG)[\s_:-]+", re.IGNORECASE)
_TIME_TOLERANCE_S = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signal:
    """One signal of the header; `per_record` samples in each data record, from `offset` on."""

    label: str
    dimension: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    prefilter: str
    per_record: int
    offset: int


def read_edf(data: bytes) -> RawRecording:
    """Return the ECG leads of an EDF or EDF+ file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawRecording
        Digital values mapped to the physical range of each signal, in its physical dimension.

    Raises
    ------
    UnreadableError
        Damaged, truncated, interrupted, or with leads of different rates.
    UnsupportedError
        BDF, the 24-bit variant.
    LimitError
        Too many signals.
    """
    if data[:8] == b"\xffBIOSEMI":
        raise UnsupportedError("The file is BDF, the 24-bit variant of EDF: export it as EDF or EDF+.")
    n_signals = _whole(data[252:256], 1)
    if n_signals > MAX_SIGNALS:
        raise LimitError(f"The EDF file holds {n_signals} signals and at most {MAX_SIGNALS} are read: export the ECG.")
    signals = _signals(data, n_signals)
    records, findings = _records(data, signals)
    if data[192:197] == b"EDF+D":
        _refuse_gaps(records, signals, _seconds(data))
    leads = [signal for signal in signals if _lead(signal.label)]
    check_channels(len(leads))
    patient, patient_findings = _patient(data)
    n_other = len([signal for signal in signals if signal.label != _ANNOTATIONS]) - len(leads)
    return RawRecording(
        format="EDF",
        channels=tuple(_channel(signal, records) for signal in leads),
        fs_hz=_rate(leads, _seconds(data)),
        stated=patient,
        notes=(f"{n_other} signals that are none of the 12 leads were left out.",) if n_other else (),
        findings=(*findings, *patient_findings),
        filters=_filters(leads),
    )


def _damaged() -> UnreadableError:
    """Return the refusal of a header that is not as the format says."""
    return UnreadableError("The EDF header is damaged: export the recording again.")


def _number(field: bytes | str) -> float:
    """A finite number of the header."""
    text = field.decode("latin-1") if isinstance(field, bytes) else field
    if not re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", text.strip(" \0"), re.ASCII):
        raise _damaged()
    return float(text.strip(" \0"))


def _whole(field: bytes | str, least: int) -> int:
    """A whole number of the header, not below `least`."""
    value = _number(field)
    if value != int(value) or value < least:
        raise _damaged()
    return int(value)


def _seconds(data: bytes) -> float:
    """Duration of a data record, above zero."""
    seconds = _number(data[244:252])
    if seconds <= 0:
        raise _damaged()
    return seconds


def _signals(data: bytes, n_signals: int) -> list[_Signal]:
    """Signals of the header, which lists each field for all signals in turn."""
    columns, at = [], _FIXED_BYTES
    for width in _FIELD_BYTES:
        ends = range(at, at + width * n_signals, width)
        columns.append([data[end : end + width].decode("latin-1").strip(" \0") for end in ends])
        at += width * n_signals
    if len(data) < at or _number(data[184:192]) != at:
        raise _damaged()
    signals, offset = [], 0
    for label, _, dimension, low, high, first, last, prefilter, count, _ in zip(*columns, strict=True):
        signals.append(
            _Signal(
                label=label,
                dimension=dimension,
                physical=(_number(low), _number(high)) if label != _ANNOTATIONS else (-1, 1),
                digital=(_number(first), _number(last)) if label != _ANNOTATIONS else (-1, 1),
                prefilter=prefilter,
                per_record=_whole(count, 1),
                offset=offset,
            )
        )
        offset += signals[-1].per_record
    return signals


def _records(data: bytes, signals: list[_Signal]) -> tuple[NDArray[np.int16], tuple[Finding, ...]]:
    """Return the data records (n_records, samples of all signals), checked against the bytes that are there."""
    start, width = _FIXED_BYTES * (len(signals) + 1), sum(signal.per_record for signal in signals)
    available, rest = divmod(len(data) - start, 2 * width)
    n_records = _whole(data[236:244], -1)
    is_open = n_records == -1
    n_records = available if is_open else n_records
    if n_records > MAX_RECORDS:
        raise LimitError(f"The EDF file holds more than {MAX_RECORDS} data records: export one resting ECG.")
    if n_records == 0 or n_records > available:
        raise UnreadableError(
            f"The EDF file holds {available} data records and its header says {n_records or 'at least 1'}: "
            "it was cut off, export it again."
        )
    records = np.frombuffer(data, "<i2", count=n_records * width, offset=start).reshape(n_records, width)
    return records, (_other_length(),) if is_open or available > n_records or rest else ()


def _other_length() -> Finding:
    """Return the finding that the file was not closed, or goes on behind its declared end."""
    return Finding(
        code="data_longer_than_header",
        severity=Severity.CAUTION,
        message="The EDF file does not end where its header says, or was never closed: whole data records are read.",
    )


def _refuse_gaps(records: NDArray[np.int16], signals: list[_Signal], seconds: float) -> None:
    """Refuse an EDF+D file unless each data record begins where the one before it ends."""
    keeper = next((signal for signal in signals if signal.label == _ANNOTATIONS), None)
    if keeper is None:
        raise UnreadableError("The EDF+D file does not say when its pieces begin: export it as EDF+C.")
    texts = [row.tobytes() for row in records[:, keeper.offset : keeper.offset + keeper.per_record]]
    starts = [_START.match(text) for text in texts]
    times = np.array([float(start[1]) if start else math.nan for start in starts])
    if not (np.abs(np.diff(times) - seconds) <= _TIME_TOLERANCE_S).all() or np.isnan(times).any():
        raise UnreadableError("The EDF+D file is interrupted: export one stretch without gaps as EDF+C.")


def _lead(label: str) -> str | None:
    """Standard name of a signal ("ECG II", "EKG-V1", "aVR")."""
    return standard_lead(_PREFIX.sub("", label))


def _rate(leads: Sequence[_Signal], seconds: float) -> float | None:
    """The one rate of all leads in Hz; None when there are none."""
    counts = {signal.per_record for signal in leads}
    if len(counts) > 1:
        raise UnreadableError("The leads of the EDF file differ in sampling rate: export all leads at one rate.")
    return round(counts.pop() / seconds, 6) if counts else None


def _channel(signal: _Signal, records: NDArray[np.int16]) -> Channel:
    """Digital → physical values by the two ranges, which need not be symmetrical (EDF 2.1.3)."""
    (low, high), (first, last) = signal.physical, signal.digital
    if last <= first or high == low:
        raise UnreadableError(
            f"The EDF file states no amplitude range for lead {_lead(signal.label)}: export it again."
        )
    digital = records[:, signal.offset : signal.offset + signal.per_record].ravel().astype(np.float64)
    gain = (high - low) / (last - first)
    samples = gain * (digital + (high / gain - last))
    return Channel(lead=_lead(signal.label), samples=samples, unit=standard_unit(signal.dimension))


def _filters(leads: Sequence[_Signal]) -> DeviceFilters:
    """Filters that the prefilter text of every lead agrees on; "HP:DC" is no high-pass."""
    found = {}
    for kind, pattern in _PREFILTERS.items():
        values = {match[1] if (match := pattern.search(signal.prefilter.upper())) else None for signal in leads}
        text = values.pop() if len(values) == 1 else None
        found[kind] = None if text is None else 0.0 if text == "DC" else float(text)
    return DeviceFilters(highpass_hz=found["HP"], lowpass_hz=found["LP"], notch_hz=found["N"])


def _patient(data: bytes) -> tuple[Patient, tuple[Finding, ...]]:
    """Sex and the age between birth and recording, of EDF+ only: in plain EDF the field is free text."""
    if data[192:196] != b"EDF+":
        return stated_patient()
    person, recording = data[8:88].decode("latin-1").split(), data[88:168].decode("latin-1").split()
    born = date_or_none(person[2], _EDF_DATES) if len(person) > 2 else None
    is_dated = len(recording) > 1 and recording[0] == "Startdate"
    recorded = date_or_none(recording[1], _EDF_DATES) if is_dated else None
    return stated_patient(sex=person[1] if len(person) > 1 else None, age_years=years_between(born, recorded))
