"""Which files of a folder (or members of a zip) are recordings, by their names and, where these say nothing, content.

A WFDB header stands for its record: its data and its annotations (LUDB's ``1.i``, ``1.avr``, …) are no recordings of
their own. What is found by walking a folder may be anything, so a file that cannot be an ECG is left out there and
counted; what is an ECG by its name gets its row even when it is damaged. A file named by itself always gets its row.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from elvmass_core.errors import RecordingError, UnreadableError
from elvmass_core.io.archive import plain_name
from elvmass_core.io.detect import Kind, detect
from elvmass_core.io.wfdb import data_file_names
from elvmass_core.units import LEADS, standard_lead

HEADER = ".hea"
DATA = (".dat", ".mat")
"""The data file of a WFDB record of the same stem; alone, a ``.mat`` is MATLAB's and a ``.dat`` lacks its header."""
OWN = (".dcm", ".dicom", ".xml", ".scp", ".edf", ".npy", ".npz", ".zip")
"""An ECG whatever lies beside it."""
TABLES = (".csv", ".tsv")
"""An ECG, or a table about ECGs."""
OTHER = (".md", ".html", ".htm", ".py", ".sh", ".log", ".parquet", ".atr", ".qrs", ".ann", ".xyz",
         *(f".{lead.lower()}" for lead in LEADS))  # fmt: skip
"""Never a recording of its own; LUDB's annotations have a lead for a suffix."""
_SUFFIXES = (HEADER, *DATA, *OWN, *TABLES, ".txt", ".json")
_TABLE_COLUMNS = frozenset({"path", "record", "id", "sex", "age", "filename", "patient_id", "ecg_id", "lvm_g"})
_HIDDEN = re.compile(r"\.|__MACOSX$|Thumbs\.db$|DICOMDIR$|RECORDS$|SHA256SUMS(\.txt)?$")
_MIN_LEADS = 2
HEAD_BYTES = 4096

Head = Callable[[str], bytes]
"""From a name to its first bytes."""


def stem_of(path: str) -> str:
    """The name of a recording: the last component without its suffix, where it is one of an ECG or of anything short.

    ``records/7-00001.hea`` → ``7-00001``; ``visit.2024-01-31`` stays.
    """
    name = plain_name(path)
    pure = PurePosixPath(name)
    is_suffix = pure.suffix.lower() in _SUFFIXES or re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{0,4}", pure.suffix)
    return pure.stem if is_suffix else name


def suffix_of(name: str) -> str:
    """Suffix in small letters."""
    return PurePosixPath(plain_name(name)).suffix.lower()


def is_hidden(name: str) -> bool:
    """Whether a file or folder is a system's by-product or a list."""
    return _HIDDEN.match(plain_name(name)) is not None


def recordings_in(names: Iterable[str], head: Head) -> tuple[list[str], list[str]]:
    """The recordings among the files of one folder, and what is no part of one.

    Parameters
    ----------
    names : iterable of str
        Plain names, all of one folder.
    head : callable
        Gives the first bytes of a name; asked only where the name does not settle it.

    Returns
    -------
    recordings, left_out : list of str
        Sorted; a WFDB record by its header. What is hidden is in neither.
    """
    visible = sorted(name for name in names if not is_hidden(name))
    headers = [name for name in visible if suffix_of(name) == HEADER]
    stems = {name[: -len(HEADER)] for name in headers}
    rest = [name for name in visible if suffix_of(name) != HEADER and not _belongs(name, stems)]
    if headers and any(suffix_of(name) in DATA for name in rest):
        named = {data for header in headers for data in _data_of(head(header))}
        rest = [name for name in rest if name not in named]
    found = [name for name in rest if _is_recording(name, head)]
    return sorted(headers + found), sorted(set(rest) - set(found))


def header_beside(name: str, names: Sequence[str] | set[str]) -> str | None:
    """The WFDB header among `names` whose record this file is a part of; None for a file that stands for itself."""
    if suffix_of(name) == HEADER:
        return name
    header = PurePosixPath(name).stem + HEADER
    return header if header in names and _belongs(name, {PurePosixPath(name).stem}) else None


def _belongs(name: str, stems: set[str]) -> bool:
    """Whether a file is data or annotation of a WFDB record of the same stem."""
    return suffix_of(name) not in (*OWN, *TABLES) and PurePosixPath(name).stem in stems


def _data_of(header: bytes) -> tuple[str, ...]:
    try:
        return data_file_names(header)
    except RecordingError:
        return ()


def _is_recording(name: str, head: Head) -> bool:
    suffix = suffix_of(name)
    if suffix in (*OWN, *DATA):
        return True
    if suffix in OTHER:
        return False
    return not is_table(head(name)) if suffix in TABLES else _looks_like_ecg(head(name))


def columns_of(head: bytes) -> list[str]:
    """What the first line of a text names, in small letters, whatever separates it."""
    line = head.decode("utf-8-sig", "replace").lstrip().split("\n", 1)[0]
    return [cell.strip().strip('"').lower() for cell in re.split(r"[,;\t]", line.strip())]


def is_table(head: bytes) -> bool:
    """Whether a text is a table about recordings and not a recording: columns of patients, and no leads."""
    columns = columns_of(head)
    return not _names_leads(columns) and bool(_TABLE_COLUMNS.intersection(columns))


def _names_leads(columns: Iterable[str]) -> bool:
    return sum(standard_lead(column.split("(")[0].split("[")[0]) is not None for column in columns) >= _MIN_LEADS


def _looks_like_ecg(head: bytes) -> bool:
    """Whether the first bytes are of a kind that is read, or refused by its name (a PDF, a picture)."""
    try:
        kind = detect(head)
    except UnreadableError:
        return False
    except RecordingError:
        return True
    return kind is not Kind.DELIMITED or _names_leads(columns_of(head))
