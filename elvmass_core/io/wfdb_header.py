"""Text of a WFDB header (``.hea``) as checked data, after PhysioNet's header(5)."""

import math
import re
from dataclasses import dataclass

from elvmass_core.domain import DeviceFilters
from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.limits import check_channels
from elvmass_core.io.stated import number_or_none

_DEFAULT_UNIT = "mV"
"""header(5): "If this field is missing, mV may be assumed" — where a gain is given."""
_MAX_DIGITS = 12
"""A count in a header has fewer digits; longer ones would only cost time."""
_MAX_HEADER_BYTES = 100_000
_RECORD_LINE = re.compile(r"(?P<name>[^\s/]+)(?P<segments>/\d+)?\s+(?P<signals>\d+)(?P<rest>\s.*)?")
_SIGNAL_FORMAT = re.compile(r"(?P<format>\d+)(?:x(?P<per_frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?")
_GAIN = re.compile(r"(?P<gain>[-+0-9.eE]+)(?:\((?P<baseline>[-+]?\d+)\))?(?:/(?P<unit>\S+))?")
_FILTER_COMMENT = re.compile(r"^#\s*Filter:(.{1,100})$", re.MULTILINE)
_FILTER = re.compile(r"(high-pass|low-pass|notch)\s+(none|\d{1,4}(?:\.\d{1,4})?)", re.IGNORECASE)
_FIELD = re.compile(
    r"(?:^|<)\s*(?P<field>age|sex)>?\s*:\s*(?P<value>[^\s<]*(?:\s+(?:mo|months?|wk|weeks?|days?|hours?)\b)?)",
    re.IGNORECASE,
)
"""The unit of a child's age stays with the value, which is no number then: "20 months" is not 20 years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalLine:
    """One signal of a header; `gain` is None when the header states none, `unit` is then None too."""

    file_name: str
    format: int
    offset: int
    gain: float | None
    unit: str | None
    unit_is_default: bool
    baseline: int
    initial: int | None
    checksum: int | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A single-segment record: `fs_hz` and `n_samples` are None when the header does not state them."""

    fs_hz: float | None
    n_samples: int | None
    signals: tuple[SignalLine, ...]
    fields: dict[str, tuple[str, ...]]
    filters: DeviceFilters


def looks_like_header(data: bytes) -> bool:
    """Whether bytes are the text of a WFDB header: a record line, then a signal line (or segments)."""
    head = data[:4096]
    if b"\0" in head:
        return False
    lines = _content_lines(head.decode("latin-1"))
    record = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if record is None or len(lines) < 2:
        return False
    fields = lines[1].split()
    names_a_file = len(fields) >= 2 and re.search(r"[A-Za-z~]", fields[0]) is not None
    return bool(record["segments"]) or (names_a_file and _SIGNAL_FORMAT.fullmatch(fields[1]) is not None)


def parse_header(data: bytes) -> Header:
    """Return the checked content of a header.

    Raises
    ------
    UnreadableError
        A line is damaged, or signals and lines disagree in number.
    UnsupportedError
        Several segments, several samples per frame, or skewed signals.
    LimitError
        More channels than are read.
    """
    if len(data) > _MAX_HEADER_BYTES or b"\0" in data:
        raise UnreadableError("The WFDB header is not a short text: give the .hea file as it was exported.")
    text = data.decode("latin-1")
    lines = _content_lines(text)
    record = _RECORD_LINE.fullmatch(lines[0]) if lines else None
    if record is None:
        raise _damaged("its first line")
    if record["segments"]:
        raise UnsupportedError("The WFDB record has several segments: export it as one segment.")
    n_signals = _whole_number(record["signals"], "the number of signals")
    check_channels(n_signals)
    if not 0 < n_signals <= len(lines) - 1:
        raise _damaged("the number of signals")
    fs_hz, n_samples = _rate_and_length((record["rest"] or "").split())
    signals = tuple(_signal_line(line, index) for index, line in enumerate(lines[1 : n_signals + 1], start=1))
    return Header(
        fs_hz=fs_hz, n_samples=n_samples, signals=signals, fields=_patient_fields(text), filters=_filters(text)
    )


def _content_lines(text: str) -> list[str]:
    """Lines that are neither empty nor comments."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _damaged(where: str) -> UnreadableError:
    """Return the error that the header is broken at a place."""
    return UnreadableError(f"The WFDB header is damaged in {where}: export the record again.")


def _whole_number(text: str, where: str) -> int:
    """Return an integer of a header."""
    if not re.fullmatch(r"[-+]?[0-9]+", text) or len(text) > _MAX_DIGITS:
        raise _damaged(where)
    return int(text)


def _finite(text: str, where: str) -> float:
    """Return a finite number of a header."""
    try:
        value = float(text)
    except ValueError:
        raise _damaged(where) from None
    if not math.isfinite(value):
        raise _damaged(where)
    return value


def _rate_and_length(fields: list[str]) -> tuple[float | None, int | None]:
    """Sampling rate and samples per signal; what follows (time, date) is the patient's business and not read."""
    if not fields:
        return None, None
    fs_hz = _finite(re.split(r"[/(]", fields[0])[0], "its sampling rate")
    n_samples = _whole_number(fields[1], "its number of samples") if len(fields) > 1 else 0
    if n_samples < 0:
        raise _damaged("its number of samples")
    return fs_hz, n_samples or None


def _signal_line(line: str, index: int) -> SignalLine:
    """Return one checked signal line."""
    where = f"the line of signal {index}"
    fields = line.split(maxsplit=8)
    kind = _SIGNAL_FORMAT.fullmatch(fields[1]) if len(fields) > 1 else None
    if kind is None:
        raise _damaged(where)
    if int(kind["per_frame"] or 1) != 1 or int(kind["skew"] or 0) != 0:
        raise UnsupportedError("The WFDB record has signals of several rates or skewed in time: export them aligned.")
    gain, baseline, unit = _gain(fields[2], where) if len(fields) > 2 else (None, None, None)
    numbers = [_whole_number(field, where) for field in fields[4:7]]
    given = dict(zip(("zero", "initial", "checksum"), numbers, strict=False))
    return SignalLine(
        file_name=fields[0],
        format=_whole_number(kind["format"], where),
        offset=_whole_number(kind["offset"] or "0", where),
        gain=gain,
        unit=unit or (_DEFAULT_UNIT if gain is not None else None),
        unit_is_default=gain is not None and unit is None,
        baseline=baseline if baseline is not None else given.get("zero", 0),
        initial=given.get("initial"),
        checksum=given.get("checksum"),
        description=fields[8] if len(fields) > 8 else "",
    )


def _gain(text: str, where: str) -> tuple[float | None, int | None, str | None]:
    """Counts per unit (None: 0, "uncalibrated"), baseline in counts and unit."""
    match = _GAIN.fullmatch(text)
    if match is None:
        raise _damaged(where)
    gain = _finite(match["gain"], where)
    if gain < 0:
        raise _damaged(where)
    baseline = _whole_number(match["baseline"], where) if match["baseline"] else None
    return (gain or None), baseline, match["unit"] if gain else None


def _filters(text: str) -> DeviceFilters:
    """Filters of the device from a comment as `wfdb_writer.filter_comment` writes it: WFDB has no place for them."""
    comment = _FILTER_COMMENT.search(text)
    found = {} if comment is None else {kind.lower(): value for kind, value in _FILTER.findall(comment[1])}
    numbers = {kind: 0.0 if value.lower() == "none" else number_or_none(value) for kind, value in found.items()}
    return DeviceFilters(
        highpass_hz=numbers.get("high-pass"), lowpass_hz=numbers.get("low-pass"), notch_hz=numbers.get("notch")
    )


def _patient_fields(text: str) -> dict[str, tuple[str, ...]]:
    """Return the distinct values of age and sex in the comments, from ``#Age: 63`` or ``#<age>: 63  <sex>: F``."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            continue
        for match in _FIELD.finditer(line.lstrip().lstrip("#")):
            name, value = match["field"].lower(), match["value"]
            if value not in found.get(name, ()):
                found[name] = (*found.get(name, ()), value)
    return found
