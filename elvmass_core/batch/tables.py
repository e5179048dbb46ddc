"""CSV and Parquet tables of paths or patients, read as text by column."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from elvmass_core.batch.names import columns_of
from elvmass_core.batch.rows import COLUMNS, Row, schema
from elvmass_core.errors import TableError

PARQUET = (".parquet", ".pq")
_MAGIC = b"PAR1"
_MAX_LINE = 1_000_000
_UNKNOWN = ("", "nan", "na", "n/a", "none", "null", "<na>")
Columns = dict[str, list[str]]


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """Rows as CSV; findings as ``SEVERITY code`` in one cell, separated by semicolons."""
    flat = [row | {"findings": _findings_words(row)} for row in rows]
    return pd.DataFrame(flat, columns=list(COLUMNS)).to_csv(index=False).encode()


def _findings_words(row: Row) -> str:
    return "; ".join(f"{one['severity']} {one['code']}" for one in row["findings"])


def parquet_bytes(rows: Sequence[Row]) -> bytes:
    """Rows as Parquet, with the columns of `score`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema()), buffer)
    return bytes(buffer.getvalue())


def columns_in(path: Path) -> list[str]:
    """Names of the columns of a table, in small letters; empty when it is none."""
    with path.open("rb") as file:
        first = file.readline(_MAX_LINE)
    if not first.startswith(_MAGIC):
        return [] if b"\0" in first else columns_of(first)
    return [name.lower() for name in _parquet_names(path)]


def read_columns(path: Path, wanted: Sequence[str]) -> Columns:
    """The wanted columns that the table has, as stripped text; an unknown value is an empty text.

    Raises
    ------
    TableError
        It is neither CSV nor Parquet, or names a column twice.
    """
    present = columns_in(path)
    twice = sorted({name for name in wanted if present.count(name) > 1})
    if twice:
        raise TableError(
            f"The table {path.name} names {', '.join(twice)} more than once: keep one column of each name."
        )
    used = [name for name in wanted if name in present]
    if not used:
        return {}
    frame = _parquet(path, used) if path.read_bytes()[:4] == _MAGIC else _csv(path, present, used)
    return {name: [_text(cell) for cell in frame[name].tolist()] for name in used}


def _csv(path: Path, present: list[str], used: list[str]) -> pd.DataFrame:
    text = path.read_bytes().decode("utf-8-sig", "replace")
    first = text.lstrip().split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, header=0, names=present, usecols=used, dtype=str, index_col=False,
            keep_default_na=False,
        )  # fmt: skip
    except (ValueError, pd.errors.ParserError):
        raise TableError(f"The table {path.name} cannot be read as CSV: its lines differ from its first.") from None
    return frame


def _parquet_names(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, ValueError):
        raise TableError(f"The table {path.name} is a damaged Parquet file.") from None


def _parquet(path: Path, used: list[str]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = {name.lower(): name for name in _parquet_names(path)}
    try:
        frame = pq.read_table(path, columns=[names[name] for name in used]).to_pandas()
    except (pa.ArrowException, ValueError):
        raise TableError(f"The table {path.name} is a damaged Parquet file.") from None
    return frame.rename(columns=str.lower)


def _text(cell: object) -> str:
    """A cell as text: a whole number without its point, an unknown value empty."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    return "" if text.lower() in _UNKNOWN else text
