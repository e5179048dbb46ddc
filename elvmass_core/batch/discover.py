"""From what was named on the command line to the list of recordings, each with the name of its row.

Recordings are sorted by path and a path that was named twice counts once, so the list does not depend on the order of
the arguments. A manifest (CSV or Parquet with a column ``path``, relative to its own folder) may name its rows in a
column ``record``; then one file may have several rows, each with a name of its own.
"""

import collections
import glob
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.batch.names import (
    DATA,
    HEAD_BYTES,
    TABLES,
    header_beside,
    is_hidden,
    recordings_in,
    stem_of,
    suffix_of,
)
from elvmass_core.batch.tables import PARQUET, columns_in, read_columns
from elvmass_core.errors import ArchiveError
from elvmass_core.io.archive import plain_name

PATH_COLUMN, RECORD_COLUMN = "path", "record"
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One recording to be scored.

    Parameters
    ----------
    record : str
        Name of its row: the file's stem; with its folders where stems collide.
    path : str
        Absolute path of the file (of the header of a WFDB record), or of the zip that holds it.
    member : str
        Name inside a zip of several recordings; empty for a file.
    """

    record: str
    path: str
    member: str = ""

    @property
    def place(self) -> str:
        """Path and member as one text."""
        return f"{self.path}/{self.member}" if self.member else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The recordings, and how many files of walked folders are none, by suffix; `n_twice` were named more than once."""

    items: tuple[Item, ...]
    left_out: dict[str, int]
    n_twice: int


def discover(paths: Sequence[str | Path], *, excluded: Iterable[Path] = ()) -> Found:
    """List the recordings of files, folders, zips, glob patterns and manifests.

    Parameters
    ----------
    paths : sequence of path or str
        Folders are walked with their sub-folders. A zip of several recordings gives one for each.
    excluded : iterable of Path
        Files and folders without recordings of the archive: the table of patients, what is written.

    Raises
    ------
    ArchiveError
        A path does not exist, nothing was found, or two rows would have one name.
    """
    finder = _Finder({_absolute(path) for path in excluded})
    for path in paths:
        finder.add(str(path))
    return finder.found()


class _Finder:
    """Collects places; a place is (path, member), and what its row was named by a manifest."""

    def __init__(self, excluded: set[str]) -> None:
        self._excluded = excluded
        self._places: dict[tuple[str, str, str], None] = {}
        self._left_out: collections.Counter[str] = collections.Counter()
        self._n_twice = 0

    def found(self) -> Found:
        """Name what was collected."""
        if not self._places:
            raise ArchiveError("No recording was found: give files, folders, zips, patterns or a manifest of paths.")
        places = sorted(self._places)
        return Found(items=_named(places), left_out=dict(sorted(self._left_out.items())), n_twice=self._n_twice)

    def add(self, path: str) -> None:
        """Add what one argument names."""
        if Path(path).is_dir():
            self._add_folder(path)
        elif Path(path).is_file():
            self._add_file(path)
        elif _GLOB.intersection(path):
            self._add_pattern(path)
        else:
            raise ArchiveError(f"{plain_name(path) or path} does not exist: check the path.")

    def _put(self, path: str, member: str = "", record: str = "") -> None:
        place = (_absolute(path), member, record)
        if place[0] in self._excluded:
            return
        self._n_twice += place in self._places
        self._places[place] = None

    def _add_file(self, path: str) -> None:
        """A file that was named by itself: a manifest, a zip, or one recording."""
        if _absolute(path) in self._excluded:
            return
        if suffix_of(path) in (*TABLES, *PARQUET) and PATH_COLUMN in columns_in(Path(path)):
            self._add_manifest(Path(path))
        elif suffix_of(path) == ".zip":
            self._add_zip(path)
        else:
            self._put(_whole(path))

    def _add_manifest(self, manifest: Path) -> None:
        table = read_columns(manifest, (PATH_COLUMN, RECORD_COLUMN))
        paths = table[PATH_COLUMN]
        if not all(paths):
            raise ArchiveError(f"The manifest {manifest.name} has a line without a path: fill it or remove it.")
        for path, record in zip(paths, table.get(RECORD_COLUMN, [""] * len(paths)), strict=True):
            self._put(str(manifest.parent / path), record=record)

    def _add_pattern(self, pattern: str) -> None:
        matches = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207  (a pattern may be absolute)
        if not matches:
            raise ArchiveError(f"Nothing fits the pattern {plain_name(pattern)}: check it.")
        for path in matches:
            if path.is_dir() and "**" not in pattern:
                self._add_folder(str(path))
        files: dict[Path, set[str]] = {}
        for path in matches:
            if path.is_file():
                files.setdefault(path.parent, set()).add(Path(_whole(str(path))).name)
        for folder, names in files.items():
            self._add_names(str(folder), sorted(names))

    def _add_folder(self, top: str) -> None:
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if not self._is_skipped(folder, name))
            self._add_names(folder, names)

    def _is_skipped(self, folder: str, name: str) -> bool:
        return is_hidden(name) or _absolute(Path(folder, name)) in self._excluded

    def _add_names(self, folder: str, names: Sequence[str]) -> None:
        """The recordings among files of one folder; the others are counted."""
        chosen, left_out = recordings_in(names, lambda name: _head(Path(folder, name)))
        for name in chosen:
            path = str(Path(folder, name))
            if suffix_of(name) == ".zip":
                self._add_zip(path)
            else:
                self._put(path)
        self._left_out.update(suffix_of(name) or "without suffix" for name in left_out)

    def _add_zip(self, path: str) -> None:
        """A zip of one recording as a whole; of several, each."""
        members = zip_recordings(path)
        if len(members) < 2:
            self._put(path)
        for member in members if len(members) > 1 else ():
            self._put(path, member)


def zip_recordings(path: str) -> list[str]:
    """Names of the recordings in a zip; none when it is damaged, which its row will say."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not (one.is_dir() or is_hidden(one.filename))]
            if all(suffix_of(name) == ".npy" for name in names):
                return []  # a NumPy archive is one recording
            return sorted(_in_zip(archive, names))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return []


def _in_zip(archive: zipfile.ZipFile, names: Sequence[str]) -> Iterator[str]:
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name[: -len(plain_name(name))], []).append(plain_name(name))
    for where, inside in folders.items():

        def head(name: str, where: str = where) -> bytes:
            with archive.open(where + name) as stream:
                return stream.read(HEAD_BYTES)

        yield from (where + name for name in recordings_in(inside, head)[0])


def _whole(path: str) -> str:
    """The header of the WFDB record that a data or annotation file belongs to; any other file as it is."""
    file = Path(path)
    header = file.with_suffix(".hea").name
    beside = {header} if file.with_name(header).is_file() else set()
    return str(file.with_name(header_beside(file.name, beside) or file.name))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _absolute(path: str | Path) -> str:
    """From the root, without ``..``; links stay, since an archive of links names its recordings by them."""
    return os.path.normpath(Path(path).absolute())


# --- Names of rows ----------------------------------------------------------------------------------------------------


def _named(places: Sequence[tuple[str, str, str]]) -> tuple[Item, ...]:
    """Items in the order of the places; a stem that several have is told apart by its folders."""
    shared: dict[str, list[str]] = {}
    for path, member, record in places:
        if not record:
            place = f"{path}/{member}" if member else path
            shared.setdefault(stem_of(place), []).append(place)
    told_apart = {place: name for several in shared.values() if len(several) > 1 for place, name in _apart(several)}
    items = []
    for path, member, record in places:
        place = f"{path}/{member}" if member else path
        name = record or told_apart.get(place) or stem_of(place)
        items.append(Item(record=_as_text(name), path=path, member=member))
    counts = collections.Counter(item.record for item in items)
    doubled = [record for record, n in counts.items() if n > 1]
    if doubled:
        raise ArchiveError(f"{len(doubled)} names of rows would stand twice: give each line its own in column record.")
    return tuple(items)


def _as_text(name: str) -> str:
    """Without what is no text: Linux allows file names that are not UTF-8, a table does not."""
    return name.encode(errors="replace").decode()


def _apart(places: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names relative to the folder that all of one stem have in common; with suffixes where these make the difference.

    Each holds a slash, so that none is mistaken for a plain stem when patients are joined.
    """
    top = os.path.commonpath([place[: -len(plain_name(place))] for place in places])
    inside = [os.path.relpath(place, top).replace(os.sep, "/") for place in places]
    short = [f"{name[: len(name) - len(plain_name(name))]}{stem_of(name)}" for name in inside]
    names = short if len(set(short)) == len(short) else inside
    for place, name in zip(places, names, strict=True):
        yield place, name if "/" in name else f"./{name}"


def data_beside(path: str) -> list[str]:
    """Files whose change changes a recording: the file, and the data file of a WFDB header."""
    if suffix_of(path) != ".hea":
        return [path]
    return [path, *(path[: -len(".hea")] + suffix for suffix in DATA)]
