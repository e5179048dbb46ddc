"""SCP-ECG (EN 1064, ISO 11073-91064), its rhythm data decoded by ``ecgdatakit``.

Structure, limits and checksums are checked here first. Then a new record is made of sections 2 to 6 (Huffman tables,
leads, beats, rhythm) and only that is handed on: no name, date or statement reaches ``ecgdatakit`` or the temporary
file it insists on, and a damaged statement does not cost the signal. Section 1 is read here, by its allow-list of tags.

Differences from ``ecgdatakit`` 2.0.3, each a test: exact rates from the sample interval instead of whole hertz; ages
below a year; leads that do not begin at the same sample are refused; the lengths that it would allocate are bounded.
"""

import binascii
import struct
from datetime import date

from elvmass_core.domain import DeviceFilters
from elvmass_core.errors import LimitError, UnreadableError
from elvmass_core.io.dates import years_between
from elvmass_core.io.exchange import assembled, parsed
from elvmass_core.io.exchange_fields import PatientAndFindings
from elvmass_core.io.limits import MAX_DURATION_S, MAX_FS_HZ, MIN_FS_HZ, check_channels
from elvmass_core.io.normal_form import RawRecording
from elvmass_core.io.stated import stated_patient

_NAME = "SCP-ECG"
_HEADER_BYTES, _POINTER_BYTES, _LEAD_BYTES = 16, 10, 9
_PREAMBLE_BYTES = 6
_MARK = b"SCPECG"
_SIGNAL_SECTIONS = (2, 3, 4, 5, 6)
MAX_SAMPLES_PER_LEAD = int(MAX_DURATION_S * MAX_FS_HZ)
MAX_QRS = 1000
"""Beats that section 4 may list; 60 s at 300/min have 300."""
_INTERVALS_US = (1e6 / MAX_FS_HZ, 1e6 / MIN_FS_HZ)
_AGE, _BIRTH, _HEIGHT, _WEIGHT, _SEX, _ACQUIRED, _HIGHPASS, _LOWPASS, _FILTERS = 4, 5, 6, 7, 8, 25, 27, 28, 29
"""Tags of section 1 that are read."""
_SEXES = {1: "M", 2: "F"}
_YEARS_PER = {1: 1.0, 2: 1 / 12, 3: 7 / 365.25, 4: 1 / 365.25, 5: 1 / 8766}
_CM_PER = {1: 1.0, 2: 2.54, 3: 0.1}
_KG_PER = {1: 1.0, 2: 0.001, 3: 0.45359237, 4: 0.028349523125}
"""Units of tags 4, 6 and 7 (EN 1064, 5.4): years … hours; cm, inch, mm; kg, g, pound, ounce."""
_NOTCH_60, _NOTCH_50 = 1, 2
"""Bits of tag 29."""


def read_scp(data: bytes) -> RawRecording:
    """Return the rhythm leads of an SCP-ECG record, its reference beat (section 5) as `device_beat`.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawRecording
        Microvolts by the amplitude multiplier; no unit when that is 0.

    Raises
    ------
    UnreadableError
        Damaged, truncated, without rhythm data, or of leads that are not simultaneous.
    UnsupportedError
        Bimodal compression.
    LimitError
        Too many leads, samples or beats, or a rate out of range.
    """
    try:
        sections, protocol, has_bad_checksum = _sections(data)
        tags = _tags(sections.get(1, b""))
        _check_signal(sections)
        record, _ = parsed("scp_ecg", "SCPECGParser", record_of(sections, protocol), _NAME)
        return assembled(
            record, _NAME, _patient(tags), _filters(tags), fs_hz=_rate(sections[6]), has_bad_checksum=has_bad_checksum
        )
    except (struct.error, IndexError):
        raise _damaged() from None


def record_of(sections: dict[int, bytes], protocol: int) -> bytes:
    """Return an SCP-ECG record of sections 2 to 6, with new pointers and checksums.

    Parameters
    ----------
    sections : dict of id to bytes
        Whole sections with their headers; others than 2 to 6 are left out.
    protocol : int
        Protocol version times ten (13: version 1.3), which decides how section 6 is read.

    Returns
    -------
    bytes
    """
    kept = {number: sections[number] for number in _SIGNAL_SECTIONS if number in sections}
    length = _HEADER_BYTES + _POINTER_BYTES * (len(kept) + 1)
    pointers, position = struct.pack("<HII", 0, length, _PREAMBLE_BYTES + 1), _PREAMBLE_BYTES + length
    for number, content in kept.items():
        pointers += struct.pack("<HII", number, len(content), position + 1)
        position += len(content)
    body = struct.pack("<HIBB", 0, length, protocol, protocol) + _MARK + pointers
    record = struct.pack("<I", position) + struct.pack("<H", crc(body)) + body + b"".join(kept.values())
    return struct.pack("<H", crc(record)) + record


def crc(content: bytes) -> int:
    """Return the checksum of SCP-ECG: CRC-CCITT from 0xFFFF (EN 1064, 5.2.7)."""
    return binascii.crc_hqx(content, 0xFFFF)


def _damaged() -> UnreadableError:
    """Return the refusal of a record whose parts do not fit together."""
    return UnreadableError(f"The {_NAME} file is damaged or incomplete: export it again.")


def _sections(data: bytes) -> tuple[dict[int, bytes], int, bool]:
    """Return sections 1 to 6 by number, the protocol version, and whether a checksum is wrong."""
    size, first, length = struct.unpack_from("<I2xHI", data, 2)
    if size > len(data):
        raise UnreadableError(f"The {_NAME} file is shorter than it says: it was cut off, export it again.")
    if first != 0 or not _HEADER_BYTES <= length <= size - _PREAMBLE_BYTES:
        raise _damaged()
    bad = crc(data[2:size]) != struct.unpack_from("<H", data)[0]
    sections: dict[int, bytes] = {}
    for at in range(_PREAMBLE_BYTES + _HEADER_BYTES, _PREAMBLE_BYTES + length - _POINTER_BYTES + 1, _POINTER_BYTES):
        number, n_bytes, index = struct.unpack_from("<HII", data, at)
        if 1 <= number <= max(_SIGNAL_SECTIONS) and n_bytes and number not in sections:
            content = _section(data[:size], number, n_bytes, index - 1)
            bad = bad or crc(content[2:]) != struct.unpack_from("<H", content)[0]
            sections[number] = content
    if not {3, 6} <= sections.keys():
        raise UnreadableError(f"The {_NAME} file holds no rhythm recording: export the waveforms of all 10 s.")
    return sections, data[15], bad


def _section(data: bytes, number: int, n_bytes: int, offset: int) -> bytes:
    """One section with its header; the shorter of its two stated lengths."""
    if n_bytes < _HEADER_BYTES or offset < 0 or offset + n_bytes > len(data):
        raise _damaged()
    stated_number, stated_bytes = struct.unpack_from("<HI", data, offset + 2)
    if stated_number != number:
        raise _damaged()
    return data[offset : offset + max(_HEADER_BYTES, min(n_bytes, stated_bytes))]


def _check_signal(sections: dict[int, bytes]) -> None:
    """Refuse what would cost time or memory in ``ecgdatakit``, and leads that do not begin together."""
    leads = sections[3][_HEADER_BYTES:]
    n_leads = leads[0]
    check_channels(n_leads)
    spans = [struct.unpack_from("<II", leads, 2 + _LEAD_BYTES * row) for row in range(n_leads)]
    if any(end - start >= MAX_SAMPLES_PER_LEAD for start, end in spans):
        raise LimitError(f"The {_NAME} file says it is longer than {MAX_DURATION_S:g} s: export one resting ECG.")
    if len({start for start, _ in spans}) > 1:
        raise UnreadableError(f"The leads of the {_NAME} file are not simultaneous: export all leads at once.")
    if 4 in sections and struct.unpack_from("<H", sections[4], _HEADER_BYTES + 4)[0] > MAX_QRS:
        raise LimitError(f"The {_NAME} file lists more than {MAX_QRS} beats: export one resting ECG.")
    for number in {5, 6} & sections.keys():
        if not _INTERVALS_US[0] <= _interval_us(sections[number]) <= _INTERVALS_US[1]:
            raise LimitError(
                f"The sampling rate in the {_NAME} file is outside {MIN_FS_HZ:g}–{MAX_FS_HZ:g} Hz: export at 500 Hz."
            )


def _interval_us(section: bytes) -> int:
    """Sample interval of section 5 or 6 in microseconds."""
    interval: int = struct.unpack_from("<H", section, _HEADER_BYTES + 2)[0]
    return interval


def _rate(section: bytes) -> float:
    """Rate of section 6 in Hz: the whole number that its rounded interval stands for, else the interval's own."""
    interval = _interval_us(section)
    whole = round(1e6 / interval)
    return float(whole) if round(1e6 / whole) == interval else 1e6 / interval


def _tags(section: bytes) -> dict[int, bytes]:
    """First value of each tag of section 1; a walk that leaves the section ends there."""
    tags: dict[int, bytes] = {}
    body = section[_HEADER_BYTES:]
    at = 0
    while at + 3 <= len(body) and body[at] != 255:
        length = int.from_bytes(body[at + 1 : at + 3], "little")
        tags.setdefault(body[at], body[at + 3 : at + 3 + length])
        at += 3 + length
    return tags


def _patient(tags: dict[int, bytes]) -> PatientAndFindings:
    """Sex, height, weight and the stated age, else the age between the dates."""
    born, recorded = _date(tags.get(_BIRTH, b"")), _date(tags.get(_ACQUIRED, b""))
    return stated_patient(
        sex=_SEXES.get(tags.get(_SEX, b"\0")[:1].ljust(1, b"\0")[0]),
        age_years=_scaled(tags.get(_AGE, b""), _YEARS_PER) or years_between(born, recorded),
        height_cm=_scaled(tags.get(_HEIGHT, b""), _CM_PER),
        weight_kg=_scaled(tags.get(_WEIGHT, b""), _KG_PER),
    )


def _scaled(value: bytes, factors: dict[int, float]) -> float | None:
    """A 16-bit number with a unit behind it; None when it is 0 or its unit is not stated."""
    if len(value) < 3 or value[2] not in factors:
        return None
    return int.from_bytes(value[:2], "little") * factors[value[2]] or None


def _date(value: bytes) -> date | None:
    """Year, month and day in four bytes."""
    if len(value) < 4:
        return None
    try:
        return date(int.from_bytes(value[:2], "little"), value[2], value[3])
    except ValueError:
        return None


def _filters(tags: dict[int, bytes]) -> DeviceFilters:
    """Filters of tags 27 (hundredths of a hertz), 28 (hertz) and 29 (bits); 0 in the first two is "not said"."""
    bits = tags.get(_FILTERS, b"")[:1]
    notch = None
    if bits:
        notch = 60.0 if bits[0] & _NOTCH_60 else 50.0 if bits[0] & _NOTCH_50 else 0.0
    return DeviceFilters(
        highpass_hz=int.from_bytes(tags.get(_HIGHPASS, b"")[:2], "little") / 100 or None,
        lowpass_hz=float(int.from_bytes(tags.get(_LOWPASS, b"")[:2], "little")) or None,
        notch_hz=notch,
    )
