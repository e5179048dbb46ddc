"""CSV and TSV: lead names in the first line, one row per sample, an optional time column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.errors import LimitError, RecordingError, UnreadableError
from elvmass_core.io.limits import WORKING_FORMATS, check_channels
from elvmass_core.io.normal_form import Channel, RawRecording
from elvmass_core.units import standard_lead, standard_unit

MAX_COLUMNS = 64
"""Counted in the first line before parsing: two million columns in 4 MB took pandas 33 s."""
MIN_LEAD_NAMES = 2
_MAX_COMMENT_LINES = 20
_DELIMITERS = (",", ";", "\t")
_NAME_AND_UNIT = re.compile(r"(?P<name>[^(\[/]*?)\s*(?:[(\[]\s*(?P<unit>[^)\]]*)[)\]]|[/_ ](?P<suffix>[munµμ]?[vV]))?")
_TIME_NAMES = ("time", "t", "seconds", "sec", "milliseconds", "ms", "time_s", "time_ms", "time_sec", "t_s", "t_ms")
_SECONDS_PER = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3}
_MAX_STEP_ERROR = 0.5
"""Largest distance of a time from the regular grid and of a step from the mean step, in steps: more is a gap."""
_SNAP = 5e-4
"""A rate this close to a whole number (relative) is that number: times are printed with few decimals."""
_MIN_STEP_S, _MAX_STEP_S = 1 / 2000, 1 / 100
_PARSE_ERRORS = (ValueError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One name of the first line: a lead with its unit, or the time with its unit, or neither."""

    lead: str | None = None
    unit: str | None = None
    is_time: bool = False
    seconds: float | None = None


def read_delimited(data: bytes) -> RawRecording:
    """Return the channels of a delimited text.

    Parameters
    ----------
    data : bytes
        UTF-8, UTF-16 with a byte-order mark, or Latin-1; separated by commas, semicolons or tabs; decimal points, or
        decimal commas where the separator is another.

    Returns
    -------
    RawRecording
        The unit of a lead from its name ("I (mV)", "I [uV]", "I_mV"), the rate from the time column; None where absent.

    Raises
    ------
    UnreadableError
        No lead names, rows of different length, cells that are no number, or a time column with gaps.
    LimitError
        More than `MAX_COLUMNS` columns.
    """
    text = decoded(data)
    names, delimiter, body = _split(text)
    columns = [_column(name) for name in names]
    check_channels(sum(column.lead is not None for column in columns))
    used = [index for index, column in enumerate(columns) if column.lead or column.is_time]
    table = _numbers(body, delimiter, len(columns), used)
    fs_hz, notes = _rate([columns[index] for index in used], table)
    if len(used) < len(columns):
        notes = (*notes, f"{len(columns) - len(used)} columns that are none of the 12 leads were left out.")
    channels = tuple(
        Channel(lead=columns[index].lead, samples=row, unit=columns[index].unit)
        for index, row in zip(used, table, strict=True)
        if columns[index].lead
    )
    return RawRecording(format="TSV" if delimiter == "\t" else "CSV", channels=channels, fs_hz=fs_hz, notes=notes)


def decoded(data: bytes) -> str:
    """Return the bytes of a text file as text, without byte-order mark and quotes."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise UnreadableError(f"The file is not recognised as an ECG: give {WORKING_FORMATS}.")
    return text.replace('"', "")


def _split(text: str) -> tuple[list[str], str, list[str]]:
    """Names of the first line, the delimiter, and the lines of numbers; comment lines before the names are skipped."""
    lines = text.splitlines()
    for index, line in enumerate(lines[: _MAX_COMMENT_LINES + 1]):
        plain = line.strip("# \r\n")
        delimiter = max(_DELIMITERS, key=plain.count)
        if plain.count(delimiter) >= MAX_COLUMNS:
            raise LimitError(f"The table has more than {MAX_COLUMNS} columns: export the 12 leads only.")
        names = [name.strip() for name in plain.split(delimiter)]
        if sum(_column(name).lead is not None for name in names) >= MIN_LEAD_NAMES:
            return names, delimiter, lines[index + 1 :]
        if plain and not line.lstrip().startswith("#"):
            break
    raise UnreadableError(
        f"The first line names fewer than two leads, so no column can be told from another: give {WORKING_FORMATS}."
    )


def names_leads(text: str) -> bool:
    """Whether one of the first lines of a text names leads, separated by commas, semicolons or tabs."""
    try:
        return bool(_split(text))
    except RecordingError:
        return False


def _column(name: str) -> _Column:
    """Return what one name of the first line says."""
    if len(name) > 64 or (match := _NAME_AND_UNIT.fullmatch(name)) is None:
        return _Column()
    plain, unit = match["name"].strip(), (match["unit"] or match["suffix"] or "").strip()
    lead = standard_lead(plain) or standard_lead(name)
    if lead is not None:
        return _Column(lead=lead, unit=standard_unit(unit))
    if plain.lower() not in _TIME_NAMES:
        return _Column()
    word = unit.lower() or plain.lower().split("_")[-1]
    return _Column(is_time=True, seconds=_SECONDS_PER.get(word))


def _numbers(lines: Sequence[str], delimiter: str, n_columns: int, used: Sequence[int]) -> FloatArray:
    """Rows of numbers → (n_used, n_rows), the columns of `used` only; an empty cell is NaN."""
    import pandas as pd  # heavy: only when a table is read

    places = [at for at, line in enumerate(lines) if line.strip(" ") and not line.lstrip().startswith("#")]
    rows = [lines[at] for at in places]
    if not rows:
        raise UnreadableError("The table has lead names but no numbers: export the recording again.")
    check_unbroken(places)
    for number, row in enumerate(rows, start=1):
        if row.count(delimiter) != n_columns - 1:
            raise UnreadableError(
                f"Row {number} of the table has {row.count(delimiter) + 1} columns and the first line {n_columns}: "
                "the file is damaged, export it again."
            )
    try:
        table = pd.read_csv(
            StringIO("\n".join(rows)), sep=delimiter, header=None, usecols=list(used), quoting=3,
            dtype=np.float64, decimal=decimal_mark(rows, delimiter), float_precision="round_trip",
            skip_blank_lines=False, engine="c",
        )  # fmt: skip
    except _PARSE_ERRORS:
        raise UnreadableError(
            "The table holds cells that are not numbers: leave only numbers below the names."
        ) from None
    return np.ascontiguousarray(table.to_numpy(dtype=np.float64).T)


def check_unbroken(places: Sequence[int]) -> None:
    """Refuse numbers with empty or comment lines in between, which may stand for samples; every second line is none."""
    if len(set(np.diff(places).tolist())) > 1:
        raise UnreadableError(
            "The table has empty or comment lines between its numbers, where samples may be missing: export it without."
        )


def decimal_mark(rows: Sequence[str], delimiter: str) -> str:
    """Return "." or "," for rows separated by another character; refuse commas that could as well mark thousands."""
    if delimiter == "," or not any("," in row for row in rows):
        return "."
    cells = [cell.strip() for row in rows[:1000] for cell in row.split(delimiter) if "," in cell]
    is_decimal = any(re.match(r"[-+]?0?,", cell) or not re.search(r",\d{3}$", cell) for cell in cells)
    if any("." in row for row in rows) or not is_decimal or any(cell.count(",") > 1 for cell in cells):
        raise UnreadableError("The commas in the table may mark decimals or thousands: export it with decimal points.")
    return ","


def _rate(columns: Sequence[_Column], table: FloatArray) -> tuple[float | None, tuple[str, ...]]:
    """Sampling rate from the time column; None (it will be asked) without one, or when its unit is not plain."""
    times = [(column, table[index]) for index, column in enumerate(columns) if column.is_time]
    if len(times) != 1 or table.shape[1] < 2:
        return None, ()
    column, values = times[0]
    steps = values.size - 1
    step = float((values[-1] - values[0]) / steps) if np.isfinite(values).all() else np.nan
    drift = np.abs(values - values[0] - step * np.arange(values.size))
    jumps = np.abs(np.diff(values) - step)
    if not (step > 0 and max(drift.max(), jumps.max()) < _MAX_STEP_ERROR * step):
        raise UnreadableError("The time column has gaps or does not rise evenly: export the recording without gaps.")
    seconds = column.seconds
    if seconds is None and _MIN_STEP_S * (1 - _SNAP) <= step <= _MAX_STEP_S * (1 + _SNAP):
        seconds = 1.0  # a step of 0.5 to 10 ms: it cannot be milliseconds, nor a count of rows
    if seconds is None:
        return None, ("The time column states no unit: the sampling rate was not taken from it.",)
    fs_hz = 1 / (step * seconds)
    whole = round(fs_hz)
    fs_hz = float(whole) if whole and abs(fs_hz - whole) < _SNAP * whole else fs_hz
    return fs_hz, (f"{fs_hz:g} Hz from the time column.",)
