"""The table of patients, joined to the recordings by ``record``; units stand in the names of its columns."""

import collections
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.batch.discover import Item
from elvmass_core.batch.names import stem_of
from elvmass_core.batch.tables import columns_in, read_columns
from elvmass_core.domain import PATIENT_LIMITS, Patient, Sex
from elvmass_core.errors import PatientError, TableError
from elvmass_core.units import CM_PER_INCH, KG_PER_POUND

RECORD = "record"
HEIGHTS = {"height_cm": 1.0, "height_m": 100.0, "height_in": CM_PER_INCH}
WEIGHTS = {"weight_kg": 1.0, "weight_lb": KG_PER_POUND}
FIELDS: dict[str, tuple[str, float]] = {
    "age": ("age_years", 1.0),
    **{name: ("height_cm", factor) for name, factor in HEIGHTS.items()},
    **{name: ("weight_kg", factor) for name, factor in WEIGHTS.items()},
}
"""Column → field of `Patient`, and what one of its units is in ours."""
WITHOUT_UNIT = {"height": tuple(HEIGHTS), "weight": tuple(WEIGHTS)}
MAX_IMPOSSIBLE, MIN_KNOWN = 0.10, 20
"""With a larger share of impossible values, of so many or more, the column has another unit, and the table is refused
(assumed). Fewer are refused row by row."""
NAMED = 3
"""Of names that did not fit, so many are said."""
_SEXES = {"f": Sex.FEMALE, "female": Sex.FEMALE, "m": Sex.MALE, "male": Sex.MALE, "unknown": Sex.UNKNOWN}
_OVER_89 = "90+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the table says of a patient; None where it says nothing and the file is asked."""

    sex: Sex | None = None
    age_years: float | None = None
    height_cm: float | None = None
    weight_kg: float | None = None

    def over(self, stated: Patient) -> Patient:
        """The table wins over the file, field by field, as the command line does.

        Raises
        ------
        PatientError
            A value is impossible.
        """
        return Patient(
            sex=stated.sex if self.sex is None else self.sex,
            age_years=stated.age_years if self.age_years is None else self.age_years,
            height_cm=stated.height_cm if self.height_cm is None else self.height_cm,
            weight_kg=stated.weight_kg if self.weight_kg is None else self.weight_kg,
        )


NOTHING = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What the table says of each recording, in their order, and how the join went.

    `without` are recordings that have no line, `unused` lines that have no recording; no table, none of either.
    """

    given: tuple[Given, ...]
    without: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    sha256: str = ""

    def notes(self) -> list[str]:
        """What did not fit, with a few of the names, so that a wrong column or suffix is seen."""
        notes = []
        if self.without:
            notes.append(f"Without a line in the table, so that their files were asked: {_named(self.without)}.")
        if self.unused:
            notes.append(f"Lines of the table that fit no recording: {_named(self.unused)}.")
        return notes


def _named(names: Sequence[str]) -> str:
    few = ", ".join(names[:NAMED])
    return f"{len(names)} ({few}{', …' if len(names) > NAMED else ''})"


def join(items: Sequence[Item], table: Path | None) -> Joined:
    """Join the table to the recordings by the name of the row, or by the stem of what its ``record`` names.

    Raises
    ------
    TableError
        It is no such table, a unit is not declared, a record has two different lines, most values of a column are
        impossible, or no line fits any recording.
    """
    if table is None:
        return Joined(given=(NOTHING,) * len(items))
    lines = _lines(table)
    by_stem: dict[str, list[str]] = collections.defaultdict(list)
    for record in lines:
        by_stem[stem_of(record)].append(record)
    keys = [_key(item.record, lines, by_stem) for item in items]
    used = {key for key in keys if key is not None}
    if not used:
        raise TableError(
            f"No line of {table.name} fits a recording: its column record must hold the files' names without suffix."
        )
    given = tuple(NOTHING if key is None else lines[key] for key in keys)
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    return Joined(
        given=given,
        without=tuple(item.record for item, key in zip(items, keys, strict=True) if key is None),
        unused=tuple(record for record in lines if record not in used),
        sha256=digest,
    )


def _key(record: str, lines: dict[str, Given], by_stem: dict[str, list[str]]) -> str | None:
    """The line of a recording: by its whole name, else by a stem that one line alone has."""
    if record in lines:
        return record
    fitting = by_stem.get(record, ())
    return fitting[0] if len(fitting) == 1 else None


def _lines(table: Path) -> dict[str, Given]:
    present = columns_in(table)
    _check_columns(table.name, present)
    columns = read_columns(table, (RECORD, "sex", *FIELDS))
    sexes = _sexes(table.name, columns.get("sex"), len(columns[RECORD]))
    numbers = {name: _numbers(table.name, name, cells) for name, cells in columns.items() if name in FIELDS}
    lines: dict[str, Given] = {}
    for index, record in enumerate(columns[RECORD]):
        if not record:
            raise TableError(f"The table {table.name} has a line without a record: fill it or remove it.")
        fields = {FIELDS[name][0]: values[index] for name, values in numbers.items()}
        given = Given(sex=sexes[index], **fields)
        if lines.setdefault(record, given) != given:
            raise TableError(f"The table {table.name} has two different lines for one record: keep one of each.")
    if not lines:
        raise TableError(f"The table {table.name} holds no patient.")
    return lines


def _check_columns(name: str, present: Sequence[str]) -> None:
    if RECORD not in present:
        raise TableError(
            f"The table {name} lacks the column record; it may have sex, age, {', '.join((*HEIGHTS, *WEIGHTS))}."
        )
    for word, units in WITHOUT_UNIT.items():
        declared = [unit for unit in units if unit in present]
        if word in present and not declared:
            raise TableError(f"The column {word} of {name} has no unit: name it {' or '.join(units)}.")
        if len(declared) > 1:
            raise TableError(f"The table {name} has {' and '.join(declared)}: keep one of them.")


def _sexes(name: str, cells: Sequence[str] | None, n: int) -> list[Sex | None]:
    if cells is None:
        return [None] * n
    wrong = {cell for cell in cells if cell and cell.lower() not in _SEXES}
    if wrong:
        raise TableError(f"The column sex of {name} holds words other than F, M and unknown: replace them.")
    return [_SEXES[cell.lower()] if cell else None for cell in cells]


def _numbers(name: str, column: str, cells: Sequence[str]) -> list[float | None]:
    """A column in our units; an impossible value stays, for the row of its recording to refuse."""
    field, factor = FIELDS[column]
    try:
        values = [_number(cell) for cell in cells]
    except ValueError:
        raise TableError(f"The column {column} of {name} holds words: it must hold numbers or nothing.") from None
    scaled = [None if value is None else value * factor for value in values]
    known = [value for value in scaled if value is not None]
    wrong = sum(not _possible(field, value) for value in known)
    if len(known) >= MIN_KNOWN and wrong > MAX_IMPOSSIBLE * len(known):
        raise TableError(f"{wrong} of {len(known)} values of {column} in {name} are no person's: check the unit.")
    return scaled


def _number(cell: str) -> float | None:
    if not cell or cell.lower() == "unknown":
        return None
    return 90.0 if cell == _OVER_89 else float(cell.replace(",", "."))


def _possible(field: str, value: float) -> bool:
    low, high = PATIENT_LIMITS[field]
    return low <= value <= high


def patient_or_unknown(given: Given, stated: Patient) -> tuple[Patient, PatientError | None]:
    """The patient, or an unknown one and why the values given cannot be a person's."""
    try:
        return given.over(stated), None
    except PatientError as error:
        return Patient(), error
