"""How many data elements a DICOM file holds, counted on its bytes before a library makes an object of each.

Headers are followed as pydicom follows them (PS3.5 7.1), values are skipped unread, and sequences are entered, so that
the elements of every nesting count once. Where the bytes make no sense the count ends: the library judges the rest.
"""

import struct
from collections.abc import Iterator

PREAMBLE = 132
"""128 bytes that mean nothing and the mark "DICM"."""
_UNDEFINED = 0xFFFFFFFF
_ITEM_GROUP = 0xFFFE
_META_GROUP = 0x0002
_TRANSFER_SYNTAX, _IMPLICIT = (0x0002, 0x0010), b"1.2.840.10008.1.2"
_WAVEFORM_DATA = (0x5400, 0x1010)
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
"""Value representations whose length has 32 bits after two reserved bytes (PS3.5 table 7.1-1)."""
_ITEM_MARK = b"\xfe\xff\x00\xe0"
_SHORT = struct.Struct("<HH2sH")
_LENGTH = struct.Struct("<L")


def has_more_elements(data: bytes, most: int) -> bool:
    """Whether a DICOM part-10 file holds more than so many data elements; at most so many are looked at."""
    return any(number > most for number, _ in enumerate(_elements(data), start=1))


def _elements(data: bytes) -> Iterator[int]:
    """Where each element begins, in the order of the file."""
    at, is_implicit = PREAMBLE, False
    while at + 8 <= len(data):
        group, element, _, _ = _SHORT.unpack_from(data, at)
        value, length, enters = _header(data, at, is_implicit and group != _META_GROUP)
        yield at
        if (group, element) == _TRANSFER_SYNTAX:
            is_implicit = data[value : value + length].rstrip(b"\0 ") == _IMPLICIT
        at = value if enters else value + length


def _header(data: bytes, at: int, is_implicit: bool) -> tuple[int, int, bool]:
    """Where the value of an element begins, how long it is, and whether it holds further elements."""
    group, element, vr, short_length = _SHORT.unpack_from(data, at)
    value, is_unknown = at + 8, vr == b"UN"
    if group == _ITEM_GROUP:
        return value, 0, True
    if is_implicit or not b"AA" <= vr <= b"ZZ":
        (length,) = _LENGTH.unpack_from(data, at + 4)
        is_unknown, vr = (group, element) != _WAVEFORM_DATA, b""
    elif vr in _LONG_VRS and at + 12 <= len(data):
        value += 4
        (length,) = _LENGTH.unpack_from(data, at + 8)
    else:
        length = short_length
    # Without a representation only the value tells a sequence; samples may look like one.
    is_sequence = vr == b"SQ" or (is_unknown and data[value : value + 4] == _ITEM_MARK)
    return value, length, is_sequence or length == _UNDEFINED
