"""A user's scored table: CSV or Parquet bytes to patients with measured mass and estimate, checked in words."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from elvmass_core.domain import PATIENT_LIMITS, FloatArray
from elvmass_core.errors import TableError
from elvmass_core.models.calibration import CT_FUCHS, CUTOFFS, Cutoff
from elvmass_core.study.dataset import LVM_LIMITS_G
from elvmass_core.study.scored import MIN_OF_A_SEX, SEXES, Scored
from elvmass_core.study.statistics import Truth
from elvmass_core.units import body_surface_area_m2

MAX_BYTES, MAX_PATIENTS, MAX_COLUMNS = 5_000_000, 10_000, 500
MASSES = ("lvm_measured_g", "lvm_g")
INTERVAL = ("low_g", "high_g")
SIZE = ("height_cm", "weight_kg")
NEEDED = ("sex", *MASSES)
LIMITS = {
    "lvm_measured_g": LVM_LIMITS_G, "lvm_g": LVM_LIMITS_G, "bsa_m2": (0.8, 3.5),
    "height_cm": PATIENT_LIMITS["height_cm"], "weight_kg": PATIENT_LIMITS["weight_kg"],
}  # fmt: skip
"""What a column may hold; outside it the unit is another or the number a typing error (assumed)."""
WORDS = ("sex", "measured_by")
"""The columns of words."""
UNITS = {"lvm_measured_g": "g", "lvm_g": "g", "bsa_m2": "m²", "height_cm": "cm", "weight_kg": "kg"}
MAX_IMPOSSIBLE = 0.10
"""With a larger share of impossible values the column has another unit, and the table is refused."""
MEASURED_BY = "measured_by"
"""How the masses were measured (ct, mri, echo), the same in every line; without it CT."""
TEMPLATE = "sex,lvm_measured_g,lvm_g,low_g,high_g,height_cm,weight_kg\n"
_SEX = {"f": "women", "female": "women", "m": "men", "male": "men"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredTable:
    """The usable patients of a table, and in plain sentences what was left out."""

    scored: Scored
    notes: tuple[str, ...]


def read_scored_table(content: bytes) -> ScoredTable:
    """Read, check and keep the patients with sex, body surface, measured mass and estimate.

    Parameters
    ----------
    content : bytes
        CSV (comma, semicolon or tab; first line the names) or Parquet. Columns ``sex`` (F or M), ``lvm_measured_g``,
        ``lvm_g`` (the estimate), ``bsa_m2`` or ``height_cm`` with ``weight_kg``; ``low_g`` and ``high_g`` if there are
        intervals; ``measured_by``. Other columns are not read.

    Raises
    ------
    TableError
        Not such a table, too large, a column of another unit, or fewer than 20 patients of either sex.
    """
    if len(content) > MAX_BYTES:
        raise TableError(f"The table holds {len(content) / 1e6:.1f} MB and at most {MAX_BYTES / 1e6:.0f} MB are read.")
    frame = _parquet(content) if content[:4] == b"PAR1" else _csv(content)
    if not len(frame):
        raise TableError("The table holds no patient.")
    notes: list[str] = []
    numbers = {name: _numbers(frame[name], name, notes) for name in frame.columns if name not in WORDS}
    who = frame["sex"].astype(str).str.strip().str.lower().map(_SEX).fillna("").to_numpy(dtype=str)
    bsa = _bsa_m2(numbers)
    kept = _kept({"sex (F or M)": who != "", "body size": np.isfinite(bsa)} | _known(numbers), notes)
    kept &= _enough(who, kept, notes)
    scored = _scored(numbers, bsa, who == "men", kept, _cutoff(frame), notes)
    return ScoredTable(scored=scored, notes=tuple(notes))


def write_scored_table(columns: Mapping[str, Any]) -> bytes:
    """Columns of equal length as CSV; masses and other numbers to two digits, body surface to four."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for line in zip(*columns.values(), strict=True):
        writer.writerow([_cell(name, value) for name, value in zip(columns, line, strict=True)])
    return text.getvalue().encode()


def _cell(name: str, value: str | float) -> str:
    if isinstance(value, str | np.str_ | int | np.integer):
        return str(value)
    return f"{value:.4f}" if name == "bsa_m2" else f"{value:.2f}"


def _cutoff(frame: pd.DataFrame) -> Cutoff:
    """Of the method that the table states."""
    if MEASURED_BY not in frame.columns:
        return CT_FUCHS
    stated = sorted({str(cell).strip().lower() for cell in frame[MEASURED_BY]})
    if len(stated) > 1 or stated[0] not in CUTOFFS:
        raise TableError(f"The column {MEASURED_BY} must hold one of {', '.join(CUTOFFS)}, the same in every line.")
    return CUTOFFS[stated[0]]


# --- From bytes to columns --------------------------------------------------------------------------------------------


def _csv(content: bytes) -> pd.DataFrame:
    """The named columns as text, so that one unreadable cell spoils no other."""
    text = _decoded(content)
    head = text.split("\n", 1)[0].strip("\r")
    separator = max((";", "\t", ","), key=head.count)
    names = [name.strip().strip('"').lower() for name in head.split(separator)]
    used = _wanted(names)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, header=0, names=names, usecols=used, dtype=str, nrows=MAX_PATIENTS + 1,
            index_col=False, keep_default_na=False,
        )  # fmt: skip
    except (ValueError, pd.errors.ParserError):
        raise TableError("The table cannot be read: its lines do not hold as many cells as its first.") from None
    _check_rows(len(frame))
    return frame if separator == "," else frame.apply(lambda cells: cells.str.replace(",", ".", regex=False))


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise TableError("This is neither a CSV nor a Parquet table.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _parquet(content: bytes) -> pd.DataFrame:
    """The named columns; the file's own statement of its rows and types is checked before anything is unpacked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(io.BytesIO(content))
        names = {name: name.lower() for name in schema.names}
        used = set(_wanted([name.lower() for name in schema.names]))
        wanted = [name for name, lower in names.items() if lower in used]
        _check_types({names[name]: schema.field(name).type for name in wanted})
        words = [name for name in wanted if names[name] in WORDS]  # as a dictionary: a long text is not repeated
        file = pq.ParquetFile(io.BytesIO(content), read_dictionary=words)
        _check_rows(file.metadata.num_rows)
        frame = file.read(wanted, use_threads=False).to_pandas()
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise TableError("The Parquet file is damaged or of a kind that is not read.") from None
    return frame.rename(columns=str.lower).reset_index(drop=True)


def _check_types(types: Mapping[str, Any]) -> None:
    """A Parquet column says what it holds; numbers must be numbers."""
    from pyarrow import types as kinds

    number = (kinds.is_integer, kinds.is_floating, kinds.is_decimal, kinds.is_null)
    text = (kinds.is_string, kinds.is_large_string, kinds.is_dictionary)
    for name, one in types.items():
        if not any(is_kind(one) for is_kind in (text if name in WORDS else number)):
            raise TableError(f"The column {name} holds {one}: it must hold {'text' if name in WORDS else 'numbers'}.")


def _wanted(names: Sequence[str]) -> list[str]:
    """The columns to read, or a sentence about what is missing."""
    if len(names) > MAX_COLUMNS:
        raise TableError(f"The table has {len(names)} columns and at most {MAX_COLUMNS} are read.")
    missing = [name for name in NEEDED if name not in names]
    if "bsa_m2" not in names and not set(SIZE) <= set(names):
        missing.append("bsa_m2 (or height_cm and weight_kg)")
    if missing:
        raise TableError(
            f"The table lacks {', '.join(missing)}: its first line must name sex (F or M), lvm_measured_g (measured), "
            "lvm_g (estimated), and bsa_m2 or height_cm and weight_kg."
        )
    used = [name for name in (*NEEDED, "bsa_m2", *SIZE, *INTERVAL, MEASURED_BY) if name in names]
    twice = [name for name in used if list(names).count(name) > 1]
    if twice:
        raise TableError(f"The table names {', '.join(twice)} more than once: keep one column of each name.")
    return used


def _check_rows(n: int) -> None:
    if n > MAX_PATIENTS:
        raise TableError(f"The table has more than {MAX_PATIENTS} patients: draw a random part of it.")


# --- From columns to patients -----------------------------------------------------------------------------------------


def _numbers(cells: pd.Series, name: str, notes: list[str]) -> FloatArray:
    """A column as numbers; NaN, with a sentence, where it holds none or one that cannot be."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    filled = (cells.notna() & ~cells.astype(str).str.fullmatch(r"\s*(nan|na|none|null)?\s*", flags=re.I)).to_numpy()
    low, high = LIMITS.get(name, (-np.inf, np.inf))
    wrong = filled & ~(np.isfinite(numbers) & (low <= numbers) & (numbers <= high))
    if not wrong.any():
        return numbers
    what = f"{low:g}–{high:g} {UNITS[name]}" if name in UNITS else "a number"
    if wrong.sum() > MAX_IMPOSSIBLE * filled.sum():
        raise TableError(f"{wrong.sum()} of {filled.sum()} values of {name} are not {what}: check the unit.")
    notes.append(f"{wrong.sum()} values of {name} are not {what} and count as unknown.")
    return np.where(wrong, np.nan, numbers)


def _bsa_m2(numbers: dict[str, FloatArray]) -> FloatArray:
    """As the table states it, else by DuBois from height and weight."""
    n = len(numbers["lvm_g"])
    stated, height, weight = (numbers.get(name, np.full(n, np.nan)) for name in ("bsa_m2", *SIZE))
    by_size = np.array([body_surface_area_m2(*both) for both in zip(height, weight, strict=True)])
    return np.where(np.isfinite(stated), stated, by_size)


def _known(numbers: dict[str, FloatArray]) -> dict[str, np.ndarray]:
    words = {"lvm_measured_g": "measured mass", "lvm_g": "estimate (refused recordings)"}
    return {words[name]: np.isfinite(numbers[name]) for name in MASSES}


def _kept(known: dict[str, np.ndarray], notes: list[str]) -> np.ndarray:
    """Patients of whom everything is known, and a sentence for each thing that is not."""
    for what, mask in known.items():
        if not mask.all():
            notes.append(f"{(~mask).sum()} of {len(mask)} patients have no {what} and are left out.")
    return np.logical_and.reduce(list(known.values()))


def _enough(who: np.ndarray, kept: np.ndarray, notes: list[str]) -> np.ndarray:
    """Patients of a sex that has at least 20."""
    counts = {sex: int(((who == sex) & kept).sum()) for sex in SEXES}
    if max(counts.values()) < MIN_OF_A_SEX:
        said = " ".join([f"Only {counts['men']} men and {counts['women']} women are usable.", *notes])
        raise TableError(f"{said} At least {MIN_OF_A_SEX} of one sex are needed.")
    few = [sex for sex in SEXES if counts[sex] < MIN_OF_A_SEX]
    notes.extend(f"{counts[sex]} {sex} are fewer than {MIN_OF_A_SEX} and are left out." for sex in few if counts[sex])
    return ~np.isin(who, few)


def _scored(
    numbers: dict[str, FloatArray],
    bsa_m2: FloatArray,
    male: np.ndarray,
    kept: np.ndarray,
    cutoff: Cutoff,
    notes: list[str],
) -> Scored:
    """The kept patients; intervals only when the table has both ends."""
    low_g, high_g = (numbers[name][kept] if set(INTERVAL) <= set(numbers) else None for name in INTERVAL)
    if low_g is not None and high_g is not None and (turned := low_g > high_g).any():
        notes.append(f"In {turned.sum()} patients low_g lies above high_g; their interval is not counted.")
        low_g, high_g = np.where(turned, np.nan, low_g), np.where(turned, np.nan, high_g)
    truth = Truth(
        lvm_g=numbers["lvm_measured_g"][kept], bsa_m2=bsa_m2[kept], male=male[kept],
        fold=np.zeros(int(kept.sum()), dtype=int), cutoff=cutoff,
    )  # fmt: skip
    return Scored(truth=truth, estimate_g=numbers["lvm_g"][kept], low_g=low_g, high_g=high_g)
