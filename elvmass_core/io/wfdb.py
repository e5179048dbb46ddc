"""WFDB records (a ``.hea`` header with its ``.dat`` or ``.mat``), read and written in memory.

Our own reader and not ``ecgdatakit``: that one takes paths only and follows whatever path a header names, while here a
data file is only ever one of the given files, by its plain name, and each declared size is checked against the bytes
that are there. Formats 16 and 212 and the PhysioNet/CinC Challenge's MAT4 files (``16+24``) are read, others refused by
name. Tests compare every sample with the ``wfdb`` package.
"""

import math
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from elvmass_core.domain import Finding, Patient, Severity, frozen_array
from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.normal_form import Channel, RawRecording
from elvmass_core.io.stated import field_ignored, number_or_none, stated_patient
from elvmass_core.io.wfdb_header import Header, SignalLine, parse_header
from elvmass_core.units import LEADS, standard_lead, standard_unit

UV_PER_MV = 1000
INVALID_16 = -(2**15)
INVALID_212 = -(2**11)
"""Sample values that WFDB formats 16 and 212 reserve for "no valid sample" (PhysioNet, signal(5))."""
_INVALID = {16: INVALID_16, 212: INVALID_212}
_MAT4_INT16 = (30).to_bytes(4, "little")
"""First bytes of a MATLAB level-4 matrix of little-endian 16-bit integers."""
_MAT4_HEADER_BYTES = 20
_AGE_OVER_89, _AGE_SHOWN = 300.0, 90.0
"""PTB-XL writes an age above 89 as 300 (doi 10.1038/s41597-020-0495-6)."""
_RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_wfdb(header: bytes, files: Mapping[str, bytes]) -> RawRecording:
    """Return the channels of a WFDB record.

    Parameters
    ----------
    header : bytes
        Content of the ``.hea`` file.
    files : mapping of plain file name to bytes
        The data files that the header may name.

    Returns
    -------
    RawRecording
        Counts divided by the stated gain; without a gain plain counts with no unit.

    Raises
    ------
    UnreadableError
        Header or data are damaged, or a data file is absent or shorter than the header says.
    UnsupportedError
        A sample format other than 16 and 212.
    """
    parsed = parse_header(header)
    counts: dict[int, NDArray[np.int16]] = {}
    findings: list[Finding] = []
    for name, rows in _rows_by_file(parsed).items():
        if name not in files:
            _refuse_absent_leads([parsed.signals[row] for row in rows])
            continue
        decoded, extra = _decode(files[name], parsed, rows)
        counts.update(zip(rows, decoded, strict=True))
        findings += [_longer_than_header()] if extra else []
    findings += _integrity_findings(parsed, counts)
    patient, patient_notes, patient_findings = _patient(parsed)
    return RawRecording(
        format="WFDB",
        channels=tuple(_channel(parsed.signals[row], samples) for row, samples in sorted(counts.items())),
        fs_hz=parsed.fs_hz,
        stated=patient,
        notes=(*_notes(parsed, len(counts)), *patient_notes),
        findings=(*findings, *patient_findings),
    )


def data_file_names(header: bytes) -> tuple[str, ...]:
    """Return the plain names of the data files that a header names, each once."""
    return tuple(_rows_by_file(parse_header(header)))


def _rows_by_file(header: Header) -> dict[str, list[int]]:
    """Rows of the header by data file; a name with a folder is refused."""
    rows: dict[str, list[int]] = {}
    for row, signal in enumerate(header.signals):
        if re.search(r"[/\\]|^\.{0,2}$", signal.file_name):
            raise UnreadableError(
                "The WFDB header names a data file in another folder: put both side by side and name it plainly."
            )
        rows.setdefault(signal.file_name, []).append(row)
    return rows


def _refuse_absent_leads(signals: list[SignalLine]) -> None:
    """Raise when a data file that is not there holds one of the 12 leads."""
    if any(_lead(signal) for signal in signals):
        raise UnreadableError(
            "The data file that the WFDB header names was not given: give the .hea together with its .dat or .mat, "
            "under the names they were exported with."
        )


def _decode(data: bytes, header: Header, rows: list[int]) -> tuple[NDArray[np.int16], bool]:
    """Return counts (n_rows, n_samples) of one data file, and whether it holds more than the header says."""
    signal = header.signals[rows[0]]
    if any((header.signals[row].format, header.signals[row].offset) != (signal.format, signal.offset) for row in rows):
        raise UnreadableError("The WFDB header gives one data file several sample formats: export the record again.")
    if signal.format not in _INVALID:
        raise UnsupportedError(f"WFDB sample format {signal.format} is not read: export the record in format 16.")
    _check_mat4(data, signal.offset, len(rows))
    body = memoryview(data)[signal.offset :]
    available = (len(body) // 2 if signal.format == 16 else len(body) * 2 // 3) // len(rows)
    n_samples = header.n_samples if header.n_samples is not None else available
    if n_samples == 0 or n_samples > available:
        raise UnreadableError(
            f"The WFDB data file holds {available} samples per lead and its header says {n_samples or 'at least 1'}: "
            "the file is truncated or belongs to another header, export it again."
        )
    total = n_samples * len(rows)
    values = np.frombuffer(body, "<i2", count=total) if signal.format == 16 else _unpack_212(bytes(body), total)
    return values.reshape(n_samples, len(rows)).T, available > n_samples


def _check_mat4(data: bytes, offset: int, n_rows: int) -> None:
    """Refuse a MATLAB file that is not the little-endian 16-bit level-4 matrix of as many rows as the header has."""
    if data.startswith(b"MATLAB"):
        raise UnsupportedError("The .mat file is MATLAB 5 or newer: export the record in WFDB format 16.")
    if offset < _MAT4_HEADER_BYTES or not data.startswith(_MAT4_INT16):
        return
    if int.from_bytes(data[4:8], "little") != n_rows:
        raise UnreadableError("The .mat file and the WFDB header differ in the number of leads: export them again.")


def _unpack_212(body: bytes, total: int) -> NDArray[np.int16]:
    """Two 12-bit samples in three bytes (signal(5)), `total` samples."""
    n_bytes = math.ceil(total / 2) * 3
    packed = np.frombuffer(body[:n_bytes].ljust(n_bytes, b"\0"), np.uint8).reshape(-1, 3).astype(np.int16)
    first = packed[:, 0] | ((packed[:, 1] & 0x0F) << 8)
    second = packed[:, 2] | ((packed[:, 1] & 0xF0) << 4)
    unsigned = np.stack([first, second], axis=1).ravel()[:total]
    return np.where(unsigned >= 2**11, unsigned - 2**12, unsigned).astype(np.int16)


def _channel(signal: SignalLine, counts: NDArray[np.int16]) -> Channel:
    """Counts → the header's unit, or counts from the baseline when it states no gain."""
    samples = np.where(counts == _INVALID[signal.format], np.nan, counts.astype(np.float64) - signal.baseline)
    with np.errstate(over="ignore"):
        samples = samples / (signal.gain or 1.0)
    return Channel(lead=_lead(signal), samples=samples, unit=standard_unit(signal.unit or ""))


def _lead(signal: SignalLine) -> str | None:
    """Standard name of a signal."""
    return standard_lead(signal.description)


def _integrity_findings(header: Header, counts: Mapping[int, NDArray[np.int16]]) -> list[Finding]:
    """Compare first samples and checksums, where the header states them, with the data."""
    stated = [(header.signals[row], samples) for row, samples in counts.items()]
    stated = [(signal, samples) for signal, samples in stated if signal.checksum is not None]
    if not any(signal.checksum for signal, _ in stated):
        return []
    bad_sums = [(signal, row) for signal, row in stated if ((signal.checksum or 0) - checksum_16(row)) % 2**16]
    bad_starts = [signal for signal, row in bad_sums if signal.initial != int(row[0])]
    if not bad_sums:
        return []
    foreign = 2 * len(bad_starts) > len(stated)
    return [
        Finding(
            code="data_of_another_header" if foreign else "checksum_mismatch",
            severity=Severity.STOP if foreign else Severity.CAUTION,
            message="The data are not those the WFDB header was written for: give the header and data of one recording."
            if foreign
            else "The WFDB header's checksum does not fit the data: the file may be damaged, export it again.",
            observed=f"{len(bad_sums)} of {len(stated)} leads differ",
            expected="none",
        )
    ]


def _longer_than_header() -> Finding:
    """Return the finding that the data file goes on after the declared end."""
    return Finding(
        code="data_longer_than_header",
        severity=Severity.CAUTION,
        message="The WFDB data file holds more samples than its header says: only the declared ones are read.",
    )


def _notes(header: Header, n_read: int) -> tuple[str, ...]:
    """Say where the unit comes from, and what was left out."""
    notes = []
    if any(signal.unit_is_default for signal in header.signals):
        notes.append("The WFDB header gives a gain without a unit: mV, by the WFDB convention.")
    if n_read < len(header.signals):
        notes.append(f"{len(header.signals) - n_read} channels whose data file was not given were left out.")
    return tuple(notes)


def _patient(header: Header) -> tuple[Patient, tuple[str, ...], tuple[Finding, ...]]:
    """Age and sex of the comments; a field with two different values is left out."""
    single = {name: values[0] for name, values in header.fields.items() if len(values) == 1}
    age = number_or_none(single.get("age", ""))
    over_89 = age == _AGE_OVER_89
    notes = ("The file gives the age as 300, PTB-XL's way of writing above 89: read as 90.",) if over_89 else ()
    patient, findings = stated_patient(sex=single.get("sex"), age_years=_AGE_SHOWN if over_89 else age)
    doubled = tuple(field_ignored(name) for name in header.fields if name not in single)
    return patient, notes, (*findings, *doubled)


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
    _write_whole(directory / f"{record}.dat", counts.T.tobytes())
    _write_whole(directory / f"{record}.hea", _header_text(record, counts, fs_hz, comments, counts_per_mv).encode())


def checksum_16(counts: NDArray[np.integer]) -> int:
    """Sum of the samples as a signed 16-bit integer, WFDB's checksum of one signal."""
    return (int(counts.sum(dtype=np.int64)) + 2**15) % 2**16 - 2**15


def _counts(signal_mv: NDArray[np.float64], counts_per_mv: float) -> NDArray[np.int16]:
    """Millivolts → little-endian counts, NaN → `INVALID_16`."""
    counts = np.round(signal_mv * counts_per_mv)
    limit = 2**15 - 1
    if np.nanmax(np.abs(counts), initial=0.0) > limit:
        raise ValueError(
            f"signal_mv passes ±{limit / counts_per_mv:.3f} mV, the range of WFDB format 16 at {counts_per_mv:g}/mV"
        )
    return np.where(np.isnan(counts), INVALID_16, counts).astype("<i2")


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
