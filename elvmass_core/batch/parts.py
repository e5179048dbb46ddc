"""Parts of the table on disk: each there whole or not at all, checked before it is kept, joined at the end.

    scores.parquet                the table, once it is complete (with `parts` a folder of the parts instead)
    scores.parquet.parts/         part-00000.parquet … while the job runs
    scores.parquet.job.json       what the job is made of, and when complete what it took

A part is a function of its recordings alone; times stand in the job file only.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elvmass_core.batch.rows import Row, schema
from elvmass_core.batch.work import MapG
from elvmass_core.errors import ArchiveError

KEY = b"elvmass"
ROWS_OF_A_GROUP = 20_000
"""Rows of one row group of the joined table: few groups, and no more in memory at one time."""
COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where the parts of one job lie, and the facts that go into each.

    Parameters
    ----------
    folder : Path
        Of the parts.
    facts : mapping
        Versions, weights and options: metadata of every part and of the table.
    saliency : Path or None
        Folder of the shards of maps.
    """

    folder: Path
    facts: Mapping[str, Any]
    saliency: Path | None = None

    def path(self, number: int) -> Path:
        """File of a part."""
        return self.folder / f"part-{number:05d}.parquet"

    def shard(self, number: int) -> Path | None:
        """File of the maps of a part."""
        return None if self.saliency is None else self.saliency / f"part-{number:05d}.npz"

    def holds(self, number: int, records: Sequence[str]) -> bool:
        """Whether a part is there, whole, and of these recordings in this order."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        shard = self.shard(number)
        if not self.path(number).is_file() or (shard is not None and not shard.is_file()):
            return False
        try:
            metadata = pq.read_metadata(self.path(number))
        except (pa.ArrowException, OSError, ValueError):
            return False
        stored = json.loads((metadata.metadata or {}).get(KEY, b"{}"))
        return metadata.num_rows == len(records) and stored.get("records_sha256") == _names_hash(records)

    def write(self, number: int, rows: Sequence[Row], maps: Sequence[MapG | None]) -> None:
        """Write a part, its maps first: a part that is there has them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        records = [str(row["record"]) for row in rows]
        shard = self.shard(number)
        if shard is not None:
            _atomically(shard, lambda draft: _write_maps(draft, records, maps))
        facts = {**self.facts, "records_sha256": _names_hash(records)}
        table = pa.Table.from_pylist(list(rows), schema=_with(facts))
        _atomically(self.path(number), lambda draft: pq.write_table(table, draft, compression=COMPRESSION))

    def join(self, n_parts: int, out: Path) -> None:
        """Write the parts one after the other into one table."""
        _atomically(out, lambda draft: self._join(n_parts, draft))

    def _join(self, n_parts: int, draft: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        joined = _with(self.facts)
        with pq.ParquetWriter(draft, joined, compression=COMPRESSION) as writer:
            for tables in self._groups(n_parts):
                writer.write_table(pa.concat_tables(tables).cast(joined).combine_chunks())

    def _groups(self, n_parts: int) -> Iterator[list[Any]]:
        """Parts as tables, so many together that a row group is full."""
        import pyarrow.parquet as pq

        group: list[Any] = []
        for number in range(n_parts):
            group.append(pq.read_table(self.path(number), use_threads=False).replace_schema_metadata(None))
            if sum(len(table) for table in group) >= ROWS_OF_A_GROUP:
                yield group
                group = []
        if group:
            yield group

    def clear(self) -> None:
        """Remove the parts."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _with(facts: Mapping[str, Any]) -> Any:
    """The columns with what made them."""
    return schema().with_metadata({KEY: json.dumps(dict(facts), sort_keys=True).encode()})


def _names_hash(records: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(records).encode()).hexdigest()


def _write_maps(draft: Path, records: Sequence[str], maps: Sequence[MapG | None]) -> None:
    """Names and maps (n, 12, 400) of the recordings that have one."""
    kept = [(record, one) for record, one in zip(records, maps, strict=True) if one is not None]
    stacked = np.stack([one for _, one in kept]) if kept else np.zeros((0, 12, 400))
    with draft.open("wb") as file:
        np.savez(file, record=np.array([record for record, _ in kept], dtype=str), beat_g=stacked.astype(np.float32))


def _atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write beside a file, to the disk, then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


# --- The job ----------------------------------------------------------------------------------------------------------

WORDS = {
    "inputs_sha256": "the recordings were added to, removed or changed",
    "patients_sha256": "the table of patients is another",
    "bundles": "the weights are others",
    "versions": "the versions are others",
    "options": "the options are others",
}
"""What a difference between two jobs means."""


def read_job(path: Path) -> dict[str, Any]:
    """What a job file says; empty without one or with a damaged one."""
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return job if isinstance(job, dict) else {}


def write_job(path: Path, job: Mapping[str, Any]) -> None:
    """Write a job file."""
    content = json.dumps(job, indent=1) + "\n"
    _atomically(path, lambda draft: _write_text(draft, content))


def _write_text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


def check_same_job(stored: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    """Refuse to mix two jobs in one table.

    Raises
    ------
    ArchiveError
        Says what is not as it was.
    """
    other = [words for name, words in WORDS.items() if stored.get(name) != wanted[name]]
    if other:
        raise ArchiveError(
            f"{where} was begun with something else: {'; '.join(other)}. Give another --out, or remove it."
        )
