"""MATLAB files of level 4 and 5: the numbers, words and one struct of them that an ECG needs.

Our own reader and not ``scipy.io``: that one follows cells within cells until the stack ends (a file of 1 MB killed the
process) and runs forever on a level-4 matrix of negative width (32 bytes). Here nothing nests deeper than a struct with
cells of words, every declared size is checked against the bytes that are there, and a compressed variable is inflated
no further than `MAX_UPLOAD_BYTES` for the whole file. Level 7.3 is HDF5 and refused by name. Tests compare with
``scipy.io``.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from elvmass_core.errors import LimitError, RecordingError, UnreadableError, UnsupportedError
from elvmass_core.io.limits import MAX_UPLOAD_BYTES, check_size
from elvmass_core.io.matrix import SIGNAL_UNITS, Value, named_arrays_recording
from elvmass_core.io.normal_form import RawRecording

MAX_VARIABLES = 64
_MAX_WORDS = 64
_MAX_AXES = 8
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_HDF5_AT = 512
_LEVEL_5, _LEVEL_7_3 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_LEVEL_5_HEADER = 128
_ORDERS = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_NUMBER_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT_TYPES = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX_FLAG = 0x08
_LEVEL_4_TYPES = {0: "f8", 1: "f4", 2: "i4", 3: "i2", 4: "u2", 5: "u1"}
_LEVEL_4_USES = {0: False, 1: True}
"""Whether the numbers are letters; sparse matrices (2) are not read."""
_LEVEL_4_HEADER = 20
_LEVEL_4_BIG_ENDIAN = 1000
_MAX_NAME_BYTES = 64
_PARSE_ERRORS = (struct.error, zlib.error, ValueError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level4Head:
    """One level-4 matrix, and where its numbers start in the file."""

    name: str
    dtype: np.dtype
    shape: tuple[int, int]
    is_text: bool
    is_complex: bool
    start: int

    @property
    def end(self) -> int:
        """Place behind the numbers."""
        return self.start + math.prod(self.shape) * (2 if self.is_complex else 1) * self.dtype.itemsize


@dataclass(frozen=True, slots=True, kw_only=True)
class _Array:
    """The head of one level-5 array, and where its content starts in `data`."""

    data: memoryview
    kind: int
    is_complex: bool
    shape: tuple[int, ...]
    name: str
    start: int

    @property
    def count(self) -> int:
        """Elements of the array."""
        return math.prod(self.shape)


def is_matlab(content: bytes) -> bool:
    """Whether bytes are a MATLAB file: by the mark of level 5 or 7.3, or by a sound first header of level 4."""
    return content.startswith(_LEVEL_5) or _is_level_7_3(content) or _level_4_head(content, 0) is not None


def read_matlab(content: bytes) -> RawRecording:
    """Return the channels of a MATLAB file.

    Parameters
    ----------
    content : bytes
        A ``.mat`` file of level 4 or 5 (``save -v4``, ``-v6``, ``-v7``). The names that count are those of
        `matrix.named_arrays_recording`; a struct under one of the names of an ECG is read as if its fields were
        variables (CPSC 2018: ``ECG`` with ``sex``, ``age`` and ``data``).

    Returns
    -------
    RawRecording

    Raises
    ------
    UnreadableError
        Damaged, no ECG inside, several, or contradictions.
    UnsupportedError
        Level 7.3 (HDF5).
    LimitError
        Too many variables, or too large when inflated.
    """
    if _is_level_7_3(content):
        raise UnsupportedError("The file is MATLAB 7.3 (HDF5), which is not read: save it with the option -v7.")
    try:
        arrays = _level_5(content) if content.startswith(_LEVEL_5) else _level_4(content)
    except _PARSE_ERRORS:
        raise _damaged() from None
    return named_arrays_recording("MATLAB", arrays)


def _is_level_7_3(content: bytes) -> bool:
    """Whether a file is HDF5 behind MATLAB's first 512 bytes."""
    return content.startswith(_LEVEL_7_3) or content[_HDF5_AT : _HDF5_AT + len(_HDF5_MAGIC)] == _HDF5_MAGIC


def _damaged() -> RecordingError:
    """Return the error that a file does not hold what it declares."""
    return UnreadableError("The MATLAB file is damaged or truncated: save it again.")


def _too_many() -> RecordingError:
    """Return the refusal of a crowded file."""
    return LimitError(f"The MATLAB file holds more than {MAX_VARIABLES} variables: save the ECG alone.")


def _level_4(content: bytes) -> dict[str, Value]:
    """Real matrices of numbers and words of a level-4 file, by name in small letters."""
    arrays: dict[str, Value] = {}
    start = 0
    for _ in range(MAX_VARIABLES):
        head = _level_4_head(content, start)
        if head is None:
            raise _damaged()
        values = np.frombuffer(content, head.dtype, count=math.prod(head.shape), offset=head.start)
        values = values.reshape(head.shape, order="F")
        if not head.is_complex:
            arrays[head.name] = _rows_of_text(values) if head.is_text else values
        start = head.end
        if start == len(content):
            return arrays
    raise _too_many()


def _level_4_head(content: bytes, start: int) -> _Level4Head | None:
    """Return the head of the level-4 matrix at a place, None when there is no sound one."""
    fields = content[start : start + _LEVEL_4_HEADER]
    if len(fields) < _LEVEL_4_HEADER:
        return None
    order, first = (
        ("<", 0) if int.from_bytes(fields[:4], "little") < _LEVEL_4_BIG_ENDIAN else (">", _LEVEL_4_BIG_ENDIAN)
    )
    kind, n_rows, n_columns, complexity, n_name = struct.unpack(f"{order}5i", fields)
    number, use = divmod(kind - first, 10)
    sound = number in _LEVEL_4_TYPES and use in _LEVEL_4_USES and complexity in (0, 1) and min(n_rows, n_columns) >= 0
    if not (sound and 1 < n_name <= _MAX_NAME_BYTES):
        return None
    name_at = start + _LEVEL_4_HEADER
    head = _Level4Head(
        name=content[name_at : name_at + n_name].removesuffix(b"\0").decode("latin-1").lower(),
        dtype=np.dtype(order + _LEVEL_4_TYPES[number]),
        shape=(n_rows, n_columns),
        is_text=_LEVEL_4_USES[use],
        is_complex=bool(complexity),
        start=name_at + n_name,
    )
    return head if head.name.isidentifier() and head.end <= len(content) else None


def _rows_of_text(values: np.ndarray) -> tuple[str, ...]:
    """Rows of character codes → words."""
    if values.ndim != 2 or len(values) > _MAX_WORDS:
        return ()
    return tuple("".join(chr(int(code) & 0xFFFF) for code in row[:_MAX_NAME_BYTES]).strip("\0 ") for row in values)


def _level_5(content: bytes) -> dict[str, Value]:
    """Numbers and words of a level-5 file by name in small letters, a struct that is the ECG laid open."""
    order = _ORDERS.get(content[_LEVEL_5_HEADER - 2 : _LEVEL_5_HEADER])
    if order is None:
        raise _damaged()
    arrays: dict[str, Value] = {}
    for data in _matrices(content, order):
        array = _head(data, order)
        name = array.name.lower()
        if array.kind == _STRUCT and name in SIGNAL_UNITS:
            arrays |= _fields(array, order)
        elif (value := _value(array, order)) is not None:
            arrays.setdefault(name, value)
    return arrays


def _matrices(content: bytes, order: str) -> Iterator[memoryview]:
    """Content of each array of the file, inflated where it is compressed, within the limits of the whole file."""
    left = MAX_UPLOAD_BYTES
    at = _LEVEL_5_HEADER
    for _ in range(MAX_VARIABLES + 1):
        if at >= len(content):
            return
        kind, data, at = _element(memoryview(content), at, order)
        if kind == _COMPRESSED:
            plain = zlib.decompressobj().decompress(data, left + 1)
            left -= len(plain)
            if left < 0:
                check_size(MAX_UPLOAD_BYTES + 1)
            kind, data, _ = _element(memoryview(plain), 0, order)
        if kind == _MATRIX and len(data):
            yield data
    raise _too_many()


def _element(data: memoryview, at: int, order: str) -> tuple[int, memoryview, int]:
    """Type and content of the element at a place, and the place of the next."""
    kind, n_bytes = struct.unpack_from(f"{order}2I", data, at)
    start, end = at + 8, at + 8 + n_bytes
    following = end if kind == _COMPRESSED else end + -n_bytes % 8
    if kind >> 16:  # a small element: its length beside its type, its content in the same eight bytes
        kind, n_bytes = kind & 0xFFFF, kind >> 16
        start, end, following = at + 4, at + 4 + min(n_bytes, 4), at + 8
    if end > len(data):
        raise _damaged()
    return kind, data[start:end], following


def _head(data: memoryview, order: str) -> _Array:
    """Class, shape and name of an array (the content of a matrix element)."""
    _, flags, at = _element(data, 0, order)
    (word,) = struct.unpack_from(f"{order}I", flags)
    _, axes, at = _element(data, at, order)
    shape = tuple(int(length) for length in np.frombuffer(axes, f"{order}i4"))
    _, name, at = _element(data, at, order)
    if not 2 <= len(shape) <= _MAX_AXES or min(shape) < 0:
        raise _damaged()
    return _Array(
        data=data,
        kind=word & 0xFF,
        is_complex=bool(word >> 8 & _COMPLEX_FLAG),
        shape=shape,
        name=bytes(name[:_MAX_NAME_BYTES]).decode("latin-1"),
        start=at,
    )


def _value(array: _Array, order: str) -> Value | None:
    """Numbers or words of an array; None for what an ECG does not need."""
    if array.kind in _NUMERIC_CLASSES and not array.is_complex and array.count:
        return _numbers(array, order)
    if array.kind == _CHAR and array.count:
        return _text(array, order)
    if array.kind == _CELL and 0 < array.count <= _MAX_WORDS:
        return _cell_of_words(array, order)
    return None


def _numbers(array: _Array, order: str) -> np.ndarray:
    """Numbers of an array, in whatever smaller type they are stored."""
    kind, data, _ = _element(array.data, array.start, order)
    if kind not in _NUMBER_TYPES:
        raise _damaged()
    values = np.frombuffer(data, order + _NUMBER_TYPES[kind])
    if values.size != array.count:
        raise _damaged()
    return values.reshape(array.shape, order="F")


def _text(array: _Array, order: str) -> tuple[str, ...]:
    """Rows of a character array."""
    kind, data, _ = _element(array.data, array.start, order)
    if array.count > _MAX_WORDS * _MAX_NAME_BYTES:
        return ()
    encoding = _TEXT_TYPES.get(kind, "latin-1")
    if encoding in ("utf-16", "utf-32"):
        encoding += "-le" if order == "<" else "-be"
    letters = bytes(data).decode(encoding, errors="replace")
    if len(array.shape) != 2 or len(letters) != array.count:
        return ()
    codes = np.array([ord(letter) for letter in letters]).reshape(array.shape, order="F")
    return _rows_of_text(codes)


def _parts(array: _Array, at: int, count: int, order: str) -> Iterator[_Array | None]:
    """Arrays inside a cell or a struct; None where one is empty."""
    for _ in range(count):
        kind, data, at = _element(array.data, at, order)
        if kind != _MATRIX:
            raise _damaged()
        yield _head(data, order) if len(data) else None


def _cell_of_words(array: _Array, order: str) -> tuple[str, ...] | None:
    """Words of a cell, one each; None when it holds anything else."""
    parts = list(_parts(array, array.start, array.count, order))
    words = [_text(part, order) for part in parts if part is not None and part.kind == _CHAR]
    return tuple(word[0] for word in words if word) if len(words) == len(parts) else None


def _fields(array: _Array, order: str) -> dict[str, Value]:
    """Fields of a struct that stands once; several are several recordings."""
    if array.count != 1:
        raise UnreadableError("The MATLAB file holds several recordings in one struct: give one recording at a time.")
    _, length, at = _element(array.data, array.start, order)
    _, content, at = _element(array.data, at, order)
    (width,) = struct.unpack_from(f"{order}i", length)
    if not 0 < width <= _MAX_NAME_BYTES or len(content) > width * MAX_VARIABLES:
        raise _damaged()
    names = [bytes(content[k : k + width]).split(b"\0")[0].decode("latin-1") for k in range(0, len(content), width)]
    values: dict[str, Value] = {}
    for name, part in zip(names, _parts(array, at, len(names), order), strict=True):
        if part is not None and (value := _value(part, order)) is not None:
            values[name.lower()] = value
    return values
