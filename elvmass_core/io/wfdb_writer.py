"""A 12-lead recording as a WFDB record in format 16: one ``.dat`` and one ``.hea``."""

import math
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elvmass_core.domain import DeviceFilters, frozen_array
from elvmass_core.io.wfdb_samples import FORMATS, checksum_16
from elvmass_core.units import LEADS

UV_PER_MV = 1000
_INVALID = FORMATS[16].invalid
_RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def write_wfdb(
    directory: Path,
    record: str,
    signal_mv: ArrayLike,
    fs_hz: float,
    comments: Sequence[str] = (),
    *,
    counts_per_mv: float = UV_PER_MV,
) -> None:
    """Write a 12-lead recording as a WFDB record: format 16, one ``.dat`` and one ``.hea``.

    Each file is written under a temporary name and then renamed, data before header, so that a reader never meets
    half a record.

    Parameters
    ----------
    directory : Path
        An existing folder.
    record, signal_mv, fs_hz, comments, counts_per_mv
        As for `record_files`.

    Raises
    ------
    ValueError
        As for `record_files`; no file is left then.
    """
    for name, content in record_files(record, signal_mv, fs_hz, comments, counts_per_mv=counts_per_mv).items():
        _write_whole(directory / name, content)


def filter_comment(filters: DeviceFilters) -> tuple[str, ...]:
    """Return the comment that states the filters of the device, for example "Filter: high-pass 0.05 Hz, low-pass none".

    Empty when nothing is known of them.
    """
    named = (("high-pass", filters.highpass_hz), ("low-pass", filters.lowpass_hz), ("notch", filters.notch_hz))
    words = [f"{kind} {f'{hz:g} Hz' if hz else 'none'}" for kind, hz in named if hz is not None]
    return (f"Filter: {', '.join(words)}",) if words else ()


def record_files(
    record: str,
    signal_mv: ArrayLike,
    fs_hz: float,
    comments: Sequence[str] = (),
    *,
    counts_per_mv: float = UV_PER_MV,
) -> dict[str, bytes]:
    """Return the files of a record by name, data before header.

    Parameters
    ----------
    record : str
        Record name: letters, digits, ``_`` and ``-``.
    signal_mv : array (12, n_samples)
        Millivolts, standard lead order; NaN is written as WFDB's "no valid sample".
    fs_hz : float
        Sampling rate.
    comments : sequence of str
        Lines without ``#`` or line breaks, for example ``"Age: 63"``.
    counts_per_mv : float
        Resolution of the file; 1000, as by default, is 1 µV.

    Returns
    -------
    dict of name to bytes

    Raises
    ------
    ValueError
        The record name, shape, rate, range (±32 767 counts) or a comment cannot be written.
    """
    if not _RECORD_NAME.fullmatch(record):
        raise ValueError("record must be 1-64 letters, digits, '_' or '-'")
    if not (math.isfinite(fs_hz) and fs_hz > 0):
        raise ValueError(f"fs_hz is {fs_hz}, expected a positive rate")
    if any(len(comment.splitlines()) > 1 for comment in comments):
        raise ValueError("a comment holds a line break: give one string per line")
    counts = _counts(frozen_array(signal_mv, (len(LEADS), None), "signal_mv"), counts_per_mv)
    header = _header_text(record, counts, fs_hz, comments, counts_per_mv)
    return {f"{record}.dat": counts.T.tobytes(), f"{record}.hea": header.encode()}


def _counts(signal_mv: NDArray[np.float64], counts_per_mv: float) -> NDArray[np.int16]:
    """Millivolts → little-endian counts, NaN → "no valid sample"."""
    counts = np.round(signal_mv * counts_per_mv)
    limit = 2**15 - 1
    if np.nanmax(np.abs(counts), initial=0.0) > limit:
        raise ValueError(
            f"signal_mv passes ±{limit / counts_per_mv:.3f} mV, the range of WFDB format 16 at {counts_per_mv:g}/mV"
        )
    return np.where(np.isnan(counts), _INVALID, counts).astype("<i2")


def _header_text(
    record: str, counts: NDArray[np.int16], fs_hz: float, comments: Sequence[str], counts_per_mv: float
) -> str:
    """Return the text of the ``.hea`` file."""
    rate = int(fs_hz) if float(fs_hz).is_integer() else fs_hz
    lines = [f"{record} {len(counts)} {rate} {counts.shape[1]}"]
    for lead, row in zip(LEADS, counts, strict=True):
        initial = int(row[0]) if row.size else 0
        lines.append(f"{record}.dat 16 {counts_per_mv:.10g}(0)/mV 16 0 {initial} {checksum_16(row)} 0 {lead}")
    lines += [f"# {comment}" for comment in comments]
    return "\n".join(lines) + "\n"


def _write_whole(path: Path, content: bytes) -> None:
    """Write under a temporary name in the same folder, then rename: whole file or none."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".elvmass-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
