"""Numbers without a first line of lead names: what a matrix, with or without companions, says of an ECG.

A matrix of which one side is 12 is read in the standard order of the leads, and that is said: the limb leads are
checked against one another later, the order of the chest leads cannot be. Unit and rate are taken where they are
stated, else asked for.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import Finding, FloatArray, Severity
from elvmass_core.errors import RecordingError, UnreadableError
from elvmass_core.io.delimited import MAX_COLUMNS, MIN_LEAD_NAMES, check_unbroken, decimal_mark, decoded, names_leads
from elvmass_core.io.limits import WORKING_FORMATS, check_channels
from elvmass_core.io.normal_form import Channel, RawRecording
from elvmass_core.io.stated import stated_patient
from elvmass_core.units import LEADS, standard_lead, standard_unit

Value = NDArray[np.number] | tuple[str, ...]
"""What a file of named arrays may hold: numbers of any shape, or words."""
SIGNAL_UNITS = {
    "signal_mv": "mV", "ecg_mv": "mV", "signal_uv": "uV", "ecg_uv": "uV",
    "signal": None, "ecg": None, "ecg_data": None, "data": None, "val": None,
}  # fmt: skip
"""Names under which an ECG is stored, in small letters, and the unit that such a name states."""
RATE_NAMES = ("fs_hz", "fs", "sampling_rate", "sampling_rate_hz", "sampling_frequency", "samplingrate", "sfreq")
UNIT_NAMES = ("unit", "units")
LEAD_NAMES = ("leads", "lead_names", "lead_name", "sig_name")
PATIENT_NAMES = {
    "sex": ("sex", "gender"), "age_years": ("age_years", "age"), "height_cm": ("height_cm",),
    "weight_kg": ("weight_kg",),
}  # fmt: skip
MIN_COLUMNS = 8
"""Fewer columns cannot be an ECG without names: the leads that are measured are eight."""
_MAX_PREAMBLE_LINES = 20
_SEEN_CELLS = MAX_COLUMNS
"""Cells of a line that are looked at to tell numbers from words."""
_NUMBER = re.compile(r"[-+]?(?:\d{1,20}[.,]?\d{0,20}|[.,]\d{1,20})(?:[eE][-+]?\d{1,3})?|nan", re.IGNORECASE)


def matrix_channels(
    matrix: NDArray[np.number], names: Sequence[str] | None, unit: str | None
) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Return the leads of a matrix.

    Parameters
    ----------
    matrix : array (n_leads, n_samples) or (n_samples, n_leads)
        Further axes of length 1 are dropped.
    names : sequence of str or None
        Names of all its leads; None: 12 in standard order.
    unit : str or None
        A key of `units.MILLIVOLTS_PER`.

    Returns
    -------
    tuple of Channel, tuple of Finding
        CAUTION ``lead_order_assumed`` without names.

    Raises
    ------
    UnreadableError
        Several recordings, or no side, or both, as long as there are leads.
    LimitError
        More leads than are read.
    """
    flat = matrix[tuple(0 if length == 1 and matrix.ndim > 2 else slice(None) for length in matrix.shape)]
    if flat.ndim > 2:
        raise UnreadableError("The file holds several recordings or beats in one array: give one recording at a time.")
    words = LEADS if names is None else names
    check_channels(len(words))
    if flat.ndim < 2 or (flat.shape[0] == len(words)) == (flat.shape[1] == len(words)):
        raise _not_of_this_shape(flat.shape, None if names is None else len(words))
    rows = np.asarray(flat if flat.shape[0] == len(words) else flat.T, dtype=np.float64)
    channels = tuple(
        Channel(lead=standard_lead(word), samples=np.ascontiguousarray(row), unit=unit)
        for word, row in zip(words, rows, strict=True)
    )
    return channels, (_order_assumed(),) if names is None else ()


def _not_of_this_shape(shape: tuple[int, ...], n_named: int | None) -> RecordingError:
    """Return the refusal of a matrix whose leads cannot be told from its samples."""
    size = " × ".join(map(str, shape)) or "1"
    if n_named is not None:
        return UnreadableError(f"The file names {n_named} leads and its matrix is {size}: export the recording again.")
    if shape == (len(LEADS), len(LEADS)):
        return UnreadableError(f"The matrix is {size}, so its leads cannot be told from its samples: name the leads.")
    return UnreadableError(
        f"The matrix is {size} and names no leads, which works with exactly 12 rows or columns only: give a table with "
        "the lead names in its first line."
    )


def _order_assumed() -> Finding:
    """Return the finding that the standard order stands for names that are not there."""
    return Finding(
        code="lead_order_assumed",
        severity=Severity.CAUTION,
        message="The file names no leads: the order I, II, III, aVR, aVL, aVF, V1–V6 was assumed. The limb leads are "
        "checked against one another, the order of the chest leads cannot be checked: look at V1 to V6.",
    )


def named_arrays_recording(format_name: str, arrays: Mapping[str, Value]) -> RawRecording:
    """Return the recording that a file of named arrays holds.

    Parameters
    ----------
    format_name : str
        What the file is, for `RawRecording.format`.
    arrays : mapping of name in small letters to value
        The ECG under a name of `SIGNAL_UNITS`, or the only matrix with a side of 12; sampling rate, unit, lead names,
        sex, age, height and weight under the names above, all else is ignored.

    Returns
    -------
    RawRecording

    Raises
    ------
    UnreadableError
        No ECG, or more than one; units that contradict each other; a shape that `matrix_channels` refuses.
    LimitError
        More leads than are read.
    """
    name, matrix = _the_signal(arrays)
    channels, findings = matrix_channels(matrix, _words(arrays, LEAD_NAMES) or None, _unit(name, arrays))
    sex = _words(arrays, PATIENT_NAMES["sex"])
    numbers = {field: _number(arrays, PATIENT_NAMES[field]) for field in ("age_years", "height_cm", "weight_kg")}
    patient, patient_findings = stated_patient(sex=sex[0] if len(sex) == 1 else None, **numbers)
    return RawRecording(
        format=format_name,
        channels=channels,
        fs_hz=_number(arrays, RATE_NAMES),
        stated=patient,
        findings=(*findings, *patient_findings),
    )


def _the_signal(arrays: Mapping[str, Value]) -> tuple[str, NDArray[np.number]]:
    """Name and values of the one array that is the ECG."""
    numeric = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray) and value.ndim >= 2}
    named = [name for name in numeric if name in SIGNAL_UNITS and numeric[name].size > 1]
    found = named or [name for name, value in numeric.items() if _may_be_leads(value)]
    if len(found) > 1:
        raise UnreadableError("The file holds more than one matrix that may be the ECG: leave one, named signal_mv.")
    if not found:
        raise UnreadableError(
            "The file holds no matrix that is an ECG: store 12 leads by samples under the name signal_mv (in mV) or "
            "signal_uv, and the rate under fs_hz."
        )
    return found[0], numeric[found[0]]


def _may_be_leads(value: NDArray[np.number]) -> bool:
    """Whether one side is 12 and the matrix is longer than wide."""
    return len(LEADS) in value.shape and value.size > len(LEADS) ** 2


def _words(arrays: Mapping[str, Value], names: Sequence[str]) -> tuple[str, ...]:
    """Words under the first of these names that holds any."""
    return next((value for name in names if isinstance(value := arrays.get(name), tuple)), ())


def _number(arrays: Mapping[str, Value], names: Sequence[str]) -> float | None:
    """The number under these names; None when there is none, no single one, or two that differ."""
    found = {
        float(value.ravel()[0])
        for name in names
        if isinstance(value := arrays.get(name), np.ndarray) and value.size == 1
    }
    return found.pop() if len(found) == 1 and all(map(np.isfinite, found)) else None


def _unit(name: str, arrays: Mapping[str, Value]) -> str | None:
    """Unit from the name of the signal and from a word beside it."""
    beside = {standard_unit(word) for word in _words(arrays, UNIT_NAMES)}
    stated = ({SIGNAL_UNITS.get(name)} | (set() if None in beside else beside)) - {None}
    if len(stated) > 1:
        raise UnreadableError("The file states two amplitude units for one signal: state one of them.")
    return stated.pop() if stated else None


def is_text_matrix(content: bytes) -> bool:
    """Whether a text is a matrix for `read_text_matrix`.

    Within its first lines two in a row hold equally many numbers and nothing else, `MIN_COLUMNS` or more, and no line
    names leads the way `read_delimited` reads them.
    """
    try:
        text = decoded(content)
    except UnreadableError:
        return False
    return _body(text) is not None and not names_leads(text)


def read_text_matrix(content: bytes) -> RawRecording:
    """Return the channels of a text of numbers.

    Parameters
    ----------
    content : bytes
        One sample or one lead in a line; separated by spaces, commas, semicolons or tabs; up to 20 lines of words
        before. A last line of words that names as many leads as there are columns gives the names.

    Returns
    -------
    RawRecording
        Without unit and rate: a text has no place for them.

    Raises
    ------
    UnreadableError
        Lines of different length, words among the numbers, or a shape that `matrix_channels` refuses.
    """
    body = _body(decoded(content))
    if body is None:
        raise UnreadableError(f"The text holds no table of numbers: give {WORKING_FORMATS}.")
    title, rows, places = body
    check_unbroken(places)
    matrix = _numbers(rows)
    channels, findings = matrix_channels(matrix, _names(title, matrix.shape[1]), None)
    return RawRecording(format="Text matrix", channels=channels, fs_hz=None, findings=findings)


def _names(title: str, n_columns: int) -> list[str] | None:
    """Lead names in the line before the numbers; None when it names none."""
    words = [word for word in re.split(r"[\s,;]+", title) if word]
    if sum(standard_lead(word) is not None for word in words) < MIN_LEAD_NAMES:
        return None
    if len(words) != n_columns:
        raise UnreadableError(
            f"The line before the numbers names leads, but not one name for each of the {n_columns} columns: export "
            "the recording as a table with the lead names in its first line."
        )
    return words


def _body(text: str) -> tuple[str, list[str], list[int]] | None:
    """The line before the numbers, the lines of numbers and their places; None when no such block is near the start."""
    places = [at for at, line in enumerate(text.splitlines()) if line.strip()]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    widths = [_width(line) for line in lines[: _MAX_PREAMBLE_LINES + 2]]
    for index, (width, following) in enumerate(zip(widths, widths[1:], strict=False)):
        if width >= MIN_COLUMNS and width == following:
            return (lines[index - 1] if index else ""), lines[index:], places[index:]
    return None


def _width(line: str) -> int:
    """Numbers in a line, up to `_SEEN_CELLS`; 0 when a cell is none."""
    cells = _cells(line, _separator(line))[:_SEEN_CELLS]
    return len(cells) if all(_NUMBER.fullmatch(cell.strip()) for cell in cells) else 0


def _separator(line: str) -> str | None:
    """What separates the numbers of a line; None: spaces."""
    return next((mark for mark in (";", "\t", ",") if mark in line), None)


def _cells(line: str, separator: str | None) -> list[str]:
    """First cells of a line; a separator at its end makes no cell."""
    return line.rstrip(separator).split(separator, _SEEN_CELLS)


def _numbers(rows: Sequence[str]) -> FloatArray:
    """Lines of numbers → (n_lines, n_columns)."""
    separator = _separator(rows[0])
    if separator in (";", "\t") and decimal_mark(rows, str(separator)) == ",":
        rows = [row.replace(",", ".") for row in rows]
    try:
        return np.loadtxt(
            [row.rstrip(separator) for row in rows], dtype=np.float64, delimiter=separator, comments=None, ndmin=2
        )
    except (ValueError, OverflowError):
        raise UnreadableError(
            "The lines of the table differ in length or hold words among the numbers: export the recording again."
        ) from None
