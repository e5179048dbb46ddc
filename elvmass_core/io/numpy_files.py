"""NumPy arrays (``.npy``) and archives of them (``.npz``), without pickles and by their real size.

The header is matched by a pattern and not evaluated as Python, which NumPy does and which fails in ways of its own on
damaged text. The samples are taken from the bytes that are there, so a lying shape is a refusal and never an
allocation. An array of objects would need a pickle, which can run any code: refused.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.matrix import Value, named_arrays_recording
from elvmass_core.io.normal_form import RawRecording

NPY_MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"
_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
"""Size of the field that holds the length of the header, by version."""
_MAX_HEADER_BYTES = 10_000
_HEADER = re.compile(
    r"\{'descr': '(?P<type>[<>=|]?[biufcOSUVmM]\d{0,5})', 'fortran_order': (?P<in_columns>True|False), "
    r"'shape': \((?P<shape>[\d, ]{0,200})\),? ?\}\s*"
)
_MAX_AXES, _MAX_DIGITS = 8, 12
_MAX_WORDS, _MAX_WORD_BYTES = 64, 1024
_NUMBERS, _TEXT, _OBJECT = "iuf", "U", "O"
_MAX_ITEM_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """What a ``.npy`` file says of its numbers, and where they start."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    start: int


def read_npy(content: bytes) -> RawRecording:
    """Return the channels of one NumPy array.

    Parameters
    ----------
    content : bytes
        A ``.npy`` file with 12 leads by samples, either way round.

    Returns
    -------
    RawRecording
        Without unit and rate: an array has no place for them.

    Raises
    ------
    UnreadableError
        Damaged, or a shape that is no ECG of 12 leads.
    UnsupportedError
        An array of objects, records, complex numbers or words.
    """
    value = _array(content)
    if value is None or isinstance(value, tuple):
        raise UnsupportedError("The NumPy array holds no plain numbers: save 12 leads by samples as numbers.")
    return named_arrays_recording("NumPy array", {"signal": np.atleast_2d(value)})


def is_npz(files: Mapping[str, bytes]) -> bool:
    """Whether the files of an unpacked archive are those of a NumPy archive."""
    return bool(files) and all(
        name.endswith(_SUFFIX) and content.startswith(NPY_MAGIC) for name, content in files.items()
    )


def read_arrays(files: Mapping[str, bytes]) -> RawRecording:
    """Return the channels of a NumPy archive that was unpacked by `archive.expand`.

    Parameters
    ----------
    files : mapping of name to bytes
        ``signal_mv.npy`` and others; the names that count are those of `matrix.named_arrays_recording`.

    Returns
    -------
    RawRecording

    Raises
    ------
    UnreadableError
        Damaged, no ECG inside, several, or contradictions.
    UnsupportedError
        The ECG is an array of objects, records or complex numbers.
    """
    arrays: dict[str, Value] = {}
    for name, content in files.items():
        value = _array(content)
        if value is not None:
            arrays[name.removesuffix(_SUFFIX).lower()] = value
    if not arrays:
        raise UnsupportedError("The NumPy archive holds no plain numbers: save the ECG as an array of numbers.")
    return named_arrays_recording("NumPy archive", arrays)


def _array(content: bytes) -> Value | None:
    """Numbers or words of one ``.npy`` file; None for complex numbers, records, dates and too many words."""
    header = _header(content)
    if header is None:
        return None
    dtype, count = header.dtype, math.prod(header.shape)
    if dtype.kind == _OBJECT:
        raise UnsupportedError("The NumPy file holds Python objects, which can run code: save plain numbers instead.")
    if count * dtype.itemsize != len(content) - header.start:
        raise UnreadableError("The NumPy file is truncated or holds more than one array: save the recording again.")
    if dtype.kind == _TEXT and 0 < count <= _MAX_WORDS and 0 < dtype.itemsize <= _MAX_WORD_BYTES:
        return _words(content[header.start :], dtype)
    if dtype.kind not in _NUMBERS or dtype.itemsize > _MAX_ITEM_BYTES or not count:
        return None
    values = np.frombuffer(content, dtype, count=count, offset=header.start)
    return values.reshape(header.shape, order=header.order)


def _words(letters: bytes, dtype: np.dtype) -> tuple[str, ...]:
    """Words of NumPy's fixed-width text: UTF-32, filled up with zeros."""
    encoding = "utf-32-be" if dtype.str.startswith(">") else "utf-32-le"
    width = dtype.itemsize
    cells = (letters[at : at + width] for at in range(0, len(letters), width))
    return tuple(cell.decode(encoding, errors="replace").rstrip("\0") for cell in cells)


def _header(content: bytes) -> _Header | None:
    """Header of a ``.npy`` file; None when it describes records or anything else that is no plain array."""
    length_at = len(NPY_MAGIC) + 2
    n_length = _LENGTH_BYTES.get(content[len(NPY_MAGIC) : length_at])
    if not content.startswith(NPY_MAGIC) or n_length is None:
        raise _damaged()
    n_header = int.from_bytes(content[length_at : length_at + n_length], "little")
    start = length_at + n_length + n_header
    if n_header > _MAX_HEADER_BYTES or start > len(content):
        raise _damaged()
    match = _HEADER.fullmatch(content[length_at + n_length : start].decode("latin-1"))
    if match is None:
        return None
    lengths = [length for length in re.split(r"[, ]+", match["shape"]) if length]
    if len(lengths) > _MAX_AXES or any(len(length) > _MAX_DIGITS for length in lengths):
        raise _damaged()
    try:
        dtype = np.dtype(match["type"])
    except TypeError:
        raise _damaged() from None
    shape = tuple(map(int, lengths))
    return _Header(dtype=dtype, shape=shape, order="F" if match["in_columns"] == "True" else "C", start=start)


def _damaged() -> UnreadableError:
    """Return the error that a header cannot be read."""
    return UnreadableError("The NumPy file is damaged or of an unknown version: save the recording again.")
