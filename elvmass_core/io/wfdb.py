"""WFDB records (a ``.hea`` header with its ``.dat`` or ``.mat``), read in memory.

Our own reader and not ``ecgdatakit``: that one takes paths only and follows whatever path a header names, while here a
data file is only ever one of the given files, by its plain name, and each declared size is checked against the bytes
that are there. The formats of `wfdb_samples` and the PhysioNet/CinC Challenge's MAT4 files (``16+24``) are read, others
refused by name. Tests compare every sample with the ``wfdb`` package.
"""

import re
from collections.abc import Mapping

import numpy as np

from elvmass_core.domain import Finding, Patient, Severity
from elvmass_core.errors import UnreadableError, UnsupportedError
from elvmass_core.io.normal_form import Channel, RawRecording
from elvmass_core.io.stated import field_ignored, number_or_none, stated_patient
from elvmass_core.io.wfdb_header import Header, SignalLine, parse_header
from elvmass_core.io.wfdb_samples import FORMATS, Words, checksum_16
from elvmass_core.units import standard_lead, standard_unit

_MAT4_INT16 = (30).to_bytes(4, "little")
"""First bytes of a MATLAB level-4 matrix of little-endian 16-bit integers."""
_MAT4_HEADER_BYTES = 20
_AGE_OVER_89, _AGE_SHOWN = 300.0, 90.0
"""PTB-XL writes an age above 89 as 300 (doi 10.1038/s41597-020-0495-6)."""


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
        A sample format that is not in `wfdb_samples.FORMATS`.
    """
    parsed = parse_header(header)
    counts: dict[int, Words] = {}
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
        filters=parsed.filters,
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


def _decode(data: bytes, header: Header, rows: list[int]) -> tuple[Words, bool]:
    """Return counts (n_rows, n_samples) of one data file, and whether it holds more than the header says."""
    signal = header.signals[rows[0]]
    if any((header.signals[row].format, header.signals[row].offset) != (signal.format, signal.offset) for row in rows):
        raise UnreadableError("The WFDB header gives one data file several sample formats: export the record again.")
    packing = FORMATS.get(signal.format)
    if packing is None:
        raise UnsupportedError(f"WFDB sample format {signal.format} is not read: export the record in format 16.")
    _check_mat4(data, signal.offset, len(rows))
    body = memoryview(data)[signal.offset :]
    held = packing.samples_in(len(body))
    n_samples = held // len(rows) if header.n_samples is None else header.n_samples
    total = n_samples * len(rows)
    if not 0 < total <= held:
        raise UnreadableError(
            f"The WFDB data file holds {held // len(rows)} samples per lead and its header says "
            f"{n_samples or 'at least 1'}: the file is truncated or belongs to another header, export it again."
        )
    goes_on = held - total >= max(len(rows), packing.samples)  # less is the padding of the last block
    return packing.decode(body, total).reshape(n_samples, len(rows)).T, goes_on


def _check_mat4(data: bytes, offset: int, n_rows: int) -> None:
    """Refuse a MATLAB file that is not the little-endian 16-bit level-4 matrix of as many rows as the header has."""
    if data.startswith(b"MATLAB"):
        raise UnsupportedError("The .mat file is MATLAB 5 or newer: export the record in WFDB format 16.")
    if offset < _MAT4_HEADER_BYTES or not data.startswith(_MAT4_INT16):
        return
    if int.from_bytes(data[4:8], "little") != n_rows:
        raise UnreadableError("The .mat file and the WFDB header differ in the number of leads: export them again.")


def _channel(signal: SignalLine, counts: Words) -> Channel:
    """Counts → the header's unit, or counts from the baseline when it states no gain."""
    samples = np.where(counts == FORMATS[signal.format].invalid, np.nan, counts.astype(np.float64) - signal.baseline)
    with np.errstate(over="ignore"):
        samples = samples / (signal.gain or 1.0)
    return Channel(lead=_lead(signal), samples=samples, unit=standard_unit(signal.unit or ""))


def _lead(signal: SignalLine) -> str | None:
    """Standard name of a signal."""
    return standard_lead(signal.description)


def _integrity_findings(header: Header, counts: Mapping[int, Words]) -> list[Finding]:
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
