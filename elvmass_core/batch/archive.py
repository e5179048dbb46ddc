"""Scoring of a whole archive: discover, join, score in parts, resume, join the table."""

import collections
import datetime
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elvmass_core.batch.discover import Found, Item, data_beside, discover
from elvmass_core.batch.executors import Workers, workers_for
from elvmass_core.batch.parts import Store, check_same_job, read_job, write_job
from elvmass_core.batch.patients import Joined, join
from elvmass_core.batch.rows import ROW_LAYOUT
from elvmass_core.batch.run import run_tasks
from elvmass_core.batch.work import Answer, Settings, Task, bundle_hashes, facts
from elvmass_core.domain import DISCLAIMER, OWN_WEIGHTS_DISCLAIMER
from elvmass_core.errors import ArchiveError
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import versions
from elvmass_core.processes import Progress

PART_SIZE = 500
"""Recordings of a part: what a kill costs at most."""
TASK_SIZE = 10
"""Recordings of a task: about a second of one worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to score.

    Parameters
    ----------
    weights : Path
        Folder of the bundles.
    patients : Path or None
        Table joined by ``record`` (`elvmass_core.batch.patients`).
    workers : int
        Local processes; without meaning when there is a `scheduler`.
    scheduler : str or None
        Address of a Dask scheduler.
    resume : bool
        Keep the complete parts of the same job.
    unit, fs_hz : str or None, float or None
        Where a file states none.
    saliency : Path or None
        Folder for shards of maps, one ``.npz`` for each part.
    parts : bool
        Leave the table as a folder of parts.
    part_size : int
        Recordings of a part.
    """

    weights: Path
    patients: Path | None = None
    workers: int = 2
    scheduler: str | None = None
    resume: bool = False
    unit: str | None = None
    fs_hz: float | None = None
    saliency: Path | None = None
    parts: bool = False
    part_size: int = PART_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came of it: `kept` rows were there before, `refused` counts rows by the code of their refusal."""

    out: Path
    n: int
    kept: int
    refused: Mapping[str, int]
    seconds: float
    found: Found
    joined: Joined
    problems: tuple[str, ...] = field(default=())


def score_archive(
    paths: Sequence[str | Path], out: Path, options: Options, *, progress: Progress | None = None
) -> Scored:
    """Score every recording and write the table: one row for each, refused ones included.

    Parameters
    ----------
    paths : sequence of path or str
        Files, folders, zips, patterns, manifests (`elvmass_core.batch.discover`).
    out : Path
        The Parquet table. A job file stands beside it.
    progress : callable, optional
        Called with (rows written or known, all).

    Raises
    ------
    ArchiveError, TableError
        Nothing to score, an unfinished job in the way, or one that cannot be resumed as asked.
    """
    job = _Job(paths, Path(out), options)
    if job.is_complete():
        return job.scored(kept=len(job.items), seconds=0.0)
    return job.run(progress)


class _Job:
    """One job, from what was asked to its files."""

    def __init__(self, paths: Sequence[str | Path], out: Path, options: Options) -> None:
        if options.part_size < 1:
            raise ArchiveError("A part holds at least one recording.")
        self.out, self.options = out, options
        self.folder = out if options.parts else out.with_name(f"{out.name}.parts")
        self.job_path = out.with_name(f"{out.name}.job.json")
        ours = [one for one in (options.patients, out, self.folder, options.saliency) if one is not None]
        self.found = discover(paths, excluded=ours)
        self.items = self.found.items
        self.joined = join(self.items, options.patients)
        models = load_models(options.weights)
        if not models.bundles:
            raise ArchiveError(" ".join(["The weights are not available.", *models.problems]))
        self.problems = models.problems
        self.disclaimer = DISCLAIMER if any(one.simulated for one in models.bundles) else OWN_WEIGHTS_DISCLAIMER
        self.settings = Settings(
            weights=str(options.weights.absolute()), bundles=bundle_hashes(models), versions=facts(versions()),
            unit=options.unit, fs_hz=options.fs_hz, saliency=options.saliency is not None,
        )  # fmt: skip
        self.store = Store(folder=self.folder, facts=self._facts(), saliency=options.saliency)
        self.asked = self._asked()

    def _facts(self) -> dict[str, Any]:
        """What made the numbers, for the metadata of the table: nothing of this machine or of now."""
        chosen = self.options
        return {
            "disclaimer": self.disclaimer,
            "row_layout": ROW_LAYOUT,
            "bundles": dict(self.settings.bundles),
            "versions": dict(self.settings.versions),
            "options": {"unit": chosen.unit, "fs_hz": chosen.fs_hz, "saliency": self.settings.saliency},
        }

    def _asked(self) -> dict[str, Any]:
        """What must be the same to go on with a job."""
        options = {**self._facts()["options"], "part_size": self.options.part_size, "parts": self.options.parts}
        return {
            **self._facts(),
            "options": options,
            "n": len(self.items),
            "inputs_sha256": inputs_hash(self.items),
            "patients_sha256": self.joined.sha256,
        }

    def is_complete(self) -> bool:
        """Whether there is nothing left to do; refuses what cannot be resumed or would be overwritten."""
        stored = read_job(self.job_path)
        begun = any(self.folder.glob("part-*.parquet")) if self.folder.is_dir() else False
        if self.options.resume and (stored or begun):
            check_same_job(stored, self.asked, self.out.name)
            return "complete" in stored and (self.out.is_file() or (self.options.parts and begun))
        shards = self.options.saliency is not None and any(self.options.saliency.glob("part-*.npz"))
        if begun or (shards and not self.options.resume):
            where = self.folder.name if begun else "The folder of --saliency"
            raise ArchiveError(f"{where} holds parts of an earlier run: add --resume to go on with it, or remove them.")
        return False

    def run(self, progress: Progress | None) -> Scored:
        """Score what is missing, part by part, and put the table in its place."""
        start = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_drafts()
        write_job(self.job_path, self.asked)
        missing = [number for number in range(self.n_parts) if not self._is_kept(number)]
        kept = len(self.items) - sum(len(self._slice(number, self.items)) for number in missing)
        done = kept
        if progress is not None:
            progress(done, len(self.items))
        for n_rows in self._score(missing) if missing else ():
            done += n_rows
            if progress is not None:
                progress(done, len(self.items))
        if not self.options.parts:
            self.store.join(self.n_parts, self.out)
        seconds = time.monotonic() - start
        write_job(self.job_path, self.asked | {"complete": self._told(seconds, done - kept)})
        if not self.options.parts:
            self.store.clear()
        return self.scored(kept=kept, seconds=seconds)

    @property
    def n_parts(self) -> int:
        return -(-len(self.items) // self.options.part_size)

    def _slice(self, number: int, values: Sequence[Any]) -> Sequence[Any]:
        """Those of a part."""
        return values[number * self.options.part_size : (number + 1) * self.options.part_size]

    def _is_kept(self, number: int) -> bool:
        records = [item.record for item in self._slice(number, self.items)]
        return self.options.resume and self.store.holds(number, records)

    def _remove_drafts(self) -> None:
        """What a killed run was writing."""
        for folder in (self.folder, self.options.saliency):
            for draft in folder.glob(".part-*") if folder is not None and folder.is_dir() else ():
                draft.unlink(missing_ok=True)

    def _score(self, missing: Sequence[int]) -> Iterator[int]:
        """Write the missing parts; yields the number of rows as they come."""
        workers = workers_for(self.options.workers, self.options.scheduler)
        try:
            yield from self._collect(missing, workers)
        finally:
            workers.close()

    def _collect(self, missing: Sequence[int], workers: Workers) -> Iterator[int]:
        answers: dict[int, dict[int, Answer]] = collections.defaultdict(dict)
        tasks = (task for number in missing for task in self._tasks(number))
        for task, answer in run_tasks(tasks, self.settings, workers):
            answers[task.part][task.number] = answer
            if len(answers[task.part]) == self._n_tasks(task.part):
                self._write(task.part, answers.pop(task.part))
            yield len(answer.rows)

    def _tasks(self, number: int) -> Iterator[Task]:
        items, given = self._slice(number, self.items), self._slice(number, self.joined.given)
        for index, start in enumerate(range(0, len(items), TASK_SIZE)):
            end = start + TASK_SIZE
            yield Task(part=number, number=index, items=tuple(items[start:end]), given=tuple(given[start:end]))

    def _n_tasks(self, number: int) -> int:
        return -(-len(self._slice(number, self.items)) // TASK_SIZE)

    def _write(self, number: int, answers: Mapping[int, Answer]) -> None:
        """Write a part in the order of its recordings, after a last look that each has its row."""
        ordered = [answers[index] for index in sorted(answers)]
        rows = [row for answer in ordered for row in answer.rows]
        wanted = [item.record for item in self._slice(number, self.items)]
        if [row["record"] for row in rows] != wanted:
            raise ArchiveError(f"Part {number} came back with other recordings than it was given: report this.")
        self.store.write(number, rows, [one for answer in ordered for one in answer.maps])

    def _told(self, seconds: float, n_rows: int) -> dict[str, Any]:
        """Times, which stand nowhere else."""
        return {
            "finished": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 3),
            "recordings_per_s": round(n_rows / seconds, 3),
            "scored_in_this_run": n_rows,
        }

    def scored(self, kept: int, seconds: float) -> Scored:
        """What is in the table."""
        return Scored(
            out=self.out, n=len(self.items), kept=kept, refused=_refused(self.out), seconds=seconds, found=self.found,
            joined=self.joined, problems=self.problems,
        )  # fmt: skip


def inputs_hash(items: Sequence[Item]) -> str:
    """Changes with the name of any row, with the place of any file, and with its size or time of change."""
    told = hashlib.sha256()
    for item in items:
        told.update(f"{item.record}\t{item.place}".encode("utf-8", "surrogateescape"))
        for path in data_beside(item.path):
            told.update(_state(path))
    return told.hexdigest()


def _state(path: str) -> bytes:
    try:
        status = Path(path).stat()
    except OSError:
        return b"\tabsent"
    return f"\t{status.st_size} {status.st_mtime_ns}".encode()


def _refused(out: Path) -> dict[str, int]:
    """Refusals by code, the most frequent first."""
    import pyarrow.parquet as pq

    codes = pq.read_table(out, columns=["refusal_code"]).column(0).to_pylist()
    return dict(collections.Counter(code for code in codes if code is not None).most_common())
