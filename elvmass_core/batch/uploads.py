"""A cohort of uploaded files, scored one after the other in this process; for the app, where an archive has `archive`.

The uploads lie in a private folder while they are scored, under their plain names because a WFDB header names its
data, and are gone afterwards.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.batch.discover import Item, discover
from elvmass_core.batch.patients import join
from elvmass_core.batch.rows import Row
from elvmass_core.batch.work import Settings, bundle_hashes, facts, load_item, score_one
from elvmass_core.errors import ArchiveError, RecordingError
from elvmass_core.io.archive import plain_name
from elvmass_core.io.sandbox import Reader, private_folder
from elvmass_core.models.bundle import Models
from elvmass_core.pipeline import versions

MAX_RECORDINGS = 2000
"""More are an archive: `score` does them in several processes and can go on after a stop."""
_NAME = re.compile(r"[^\x00-\x1f/\\]{1,120}")
_TABLE = "patients.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """What came of the uploads.

    Attributes
    ----------
    rows : tuple of Row
        One for each recording, refused ones included; the columns are `rows.COLUMNS`.
    files : mapping of record to the files of that recording by name
        To open one of them by itself.
    notes : tuple of str
        What of files and table was not used, in plain sentences.
    """

    rows: tuple[Row, ...]
    files: Mapping[str, Mapping[str, bytes]]
    notes: tuple[str, ...]


def score_uploads(
    uploads: Mapping[str, bytes],
    models: Models,
    *,
    patients: bytes | None = None,
    unit: str | None = None,
    fs_hz: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Cohort:
    """Score every recording among uploaded files.

    Parameters
    ----------
    uploads : mapping of name to bytes
        Files of any format, WFDB headers with their data, zips of many recordings.
    models : Models
    patients : bytes or None
        CSV or Parquet with record, sex, age, height_cm, weight_kg; it wins over what the files state.
    unit, fs_hz : str or None, float or None
        Where a file states none.
    progress : callable (done, total), optional

    Raises
    ------
    ArchiveError
        No recording among the files, or more than `MAX_RECORDINGS`.
    TableError
        The table of patients cannot be used.
    """
    with private_folder() as folder:
        unusable = _written(folder / "ecg", uploads)
        found = discover([folder / "ecg"])
        if len(found.items) > MAX_RECORDINGS:
            raise ArchiveError(
                f"{len(found.items)} recordings were uploaded and at most {MAX_RECORDINGS} are scored here: use the "
                "command below, which goes on after a stop."
            )
        joined = join(found.items, _table(folder, patients))
        settings = Settings(
            weights="", bundles=bundle_hashes(models), versions=facts(versions()), unit=unit, fs_hz=fs_hz
        )
        rows: list[Row] = []
        files: dict[str, Mapping[str, bytes]] = {}
        with Reader() as reader:
            for done, (item, given) in enumerate(zip(found.items, joined.given, strict=True), start=1):
                rows.append(score_one(item, given, settings, models, reader.read)[0])
                files[item.record] = _files(item)
                if progress is not None:
                    progress(done, len(found.items))
    notes = [f"{unusable} files have a name that cannot be used and were left out."] if unusable else []
    notes += [f"{n} files ({kind}) are no recordings and were left out." for kind, n in found.left_out.items()]
    return Cohort(rows=tuple(rows), files=files, notes=(*notes, *joined.notes()))


def _written(folder: Path, uploads: Mapping[str, bytes]) -> int:
    """Write the uploads under their plain names; the number of those whose name cannot be one."""
    folder.mkdir()
    unusable = 0
    for name, content in uploads.items():
        plain = plain_name(name)
        if _NAME.fullmatch(plain) is None or plain in (".", ".."):
            unusable += 1
            continue
        (folder / plain).write_bytes(content)
    return unusable


def _table(folder: Path, patients: bytes | None) -> Path | None:
    """The table of patients as a file; Parquet is known by its mark."""
    if patients is None:
        return None
    path = folder / (_TABLE if not patients.startswith(b"PAR1") else "patients.parquet")
    path.write_bytes(patients)
    return path


def _files(item: Item) -> Mapping[str, bytes]:
    """The files of a recording; none when they cannot be read, which its row says."""
    try:
        return load_item(item)
    except RecordingError:
        return {}
