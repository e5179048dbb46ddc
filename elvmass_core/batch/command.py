"""The sub-command ``score``: its options, and what is said of the table."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from elvmass_core.batch.executors import warm_up
from elvmass_core.errors import ArchiveError

if TYPE_CHECKING:
    from elvmass_core.batch.archive import Scored

Counter = Callable[[str], Callable[[int, int], None]]
"""From a word to a progress counter."""
SHOWN = 8
"""Reasons of refusal named in words; the table has them all."""


def add_score(commands: argparse._SubParsersAction, run: Callable[[argparse.Namespace], int], weights: Path) -> None:
    """Add it; `run` gets the options, whose ``words(options, counter)`` does the work and says what came of it."""
    parser = commands.add_parser("score", help="one row for every ECG of an archive: a Parquet table")
    parser.add_argument(
        "paths", nargs="+", metavar="PATH",
        help="files, folders (with their sub-folders), zips, patterns, or a CSV or Parquet manifest with a column path",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="TABLE", help="the Parquet table to write")
    parser.add_argument(
        "--patients", type=Path, metavar="TABLE",
        help="CSV or Parquet: record (the file's name without suffix), sex, age, height_cm, weight_kg; wins over files",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="local processes (default: %(default)s)")
    parser.add_argument("--scheduler", metavar="tcp://…", help="a Dask scheduler whose workers are used instead")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--unit", choices=("mV", "uV"), help="amplitude unit, where a file states none")
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate, where a file states none")
    parser.add_argument("--saliency", type=Path, metavar="DIR", help="write integrated gradients here, as npz shards")
    parser.add_argument("--parts", action="store_true", help="leave the table as a folder of parts")
    parser.add_argument(
        "--part-size", type=int, default=500, metavar="N", help="recordings of a part (default: %(default)s)"
    )
    parser.add_argument("--weights", type=Path, default=weights, help="folder of weight bundles")
    parser.set_defaults(command=run, words=_score)


def _score(options: argparse.Namespace, counter: Counter) -> str:
    if options.scheduler is None:
        warm_up()
    from elvmass_core.batch.archive import Options, score_archive

    chosen = Options(
        weights=options.weights, patients=options.patients, workers=options.workers, scheduler=options.scheduler,
        resume=options.resume, unit=options.unit, fs_hz=options.fs, saliency=options.saliency, parts=options.parts,
        part_size=options.part_size,
    )  # fmt: skip
    try:
        return in_words(score_archive(options.paths, options.out, chosen, progress=counter("scored")))
    except KeyboardInterrupt:
        raise ArchiveError("Stopped: the same command with --resume goes on from the last complete part.") from None


def in_words(scored: "Scored") -> str:
    """A few lines: rows, refusals with their reasons, and what of the files and the table was not used."""
    n_refused = sum(scored.refused.values())
    new = scored.n - scored.kept
    pace = f", {new / scored.seconds:.1f} a second" if scored.seconds and new else ""
    lines = [
        f"{scored.out}: {scored.n} recordings, {scored.n - n_refused} with an estimate, {n_refused} refused{pace}",
        *(f"  {n} {code}" for code, n in list(scored.refused.items())[:SHOWN]),
    ]
    if len(scored.refused) > SHOWN:
        lines.append(f"  … and {len(scored.refused) - SHOWN} other reasons")
    return "\n".join([*lines, *_notes(scored), *scored.problems])


def _notes(scored: "Scored") -> list[str]:
    found, joined = scored.found, scored.joined
    notes = [f"{scored.kept} rows were there already."] if scored.kept else []
    if found.n_twice:
        notes.append(f"{found.n_twice} recordings were named more than once and stand once.")
    apart = sum("/" in item.record for item in found.items)
    if apart:
        notes.append(f"{apart} recordings share their name with another and are told apart by folder or suffix.")
    if found.left_out:
        kinds = ", ".join(f"{n} {suffix}" for suffix, n in found.left_out.items())
        notes.append(f"Files of the folders that are no recordings and were left out: {kinds}.")
    return notes + joined.notes()
