"""The sub-commands ``realism``, ``population`` and ``sensitivity``: their options, and what is to be printed."""

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path

from elvmass_core.realism.parts import PARTS, default_folder

Progress = Callable[[str], Callable[[int, int], None]]


def add_commands(commands: argparse._SubParsersAction, run: Callable[[argparse.Namespace], int]) -> None:
    """Add the three sub-commands; each sets ``words``, a function (options, progress) → text, which `run` prints."""
    for add in (_add_realism, _add_population, _add_sensitivity):
        add(commands).set_defaults(command=run)


def _add_realism(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    parser = commands.add_parser("realism", help="simulated ECGs against real ones: docs/realism.md and pictures")
    parser.add_argument("--data", type=Path, default=default_folder(), help="real recordings with their catalog.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=600, help="about how many patients are simulated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--part", choices=PARTS, default="tuning", help="half of the real recordings (default: %(default)s)"
    )
    parser.add_argument("--preset", default="taiwan-like")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(words=_realism)
    return parser


def _realism(options: argparse.Namespace, progress: Progress) -> str:
    from elvmass_core.realism.compare import compare
    from elvmass_core.realism.reference import load_reference, reference_table
    from elvmass_core.realism.report import Compared, write_report
    from elvmass_core.realism.simulated import simulate_matched
    from elvmass_core.realism.tables import in_words

    real = reference_table(load_reference(options.data), options.part)
    simulated = simulate_matched(
        real, n=options.n, seed=options.seed, preset=options.preset, workers=options.workers,
        progress=progress("simulated"),
    )  # fmt: skip
    comparison = compare(real, simulated, seed=options.seed)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    compared = Compared(
        real=real, simulated=simulated, comparison=comparison, preset=options.preset, part=options.part,
        seed=options.seed, date=today,
    )  # fmt: skip
    path = write_report(options.out, compared)
    return f"{in_words(comparison)}\n{path}"


def _add_population(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    parser = commands.add_parser("population", help="mass, body and criteria in a simulated population, with targets")
    parser.add_argument("--preset", default="taiwan-like", help='a preset, or one of its variants: "taiwan-like@rich"')
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the text here as well")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(words=_population)
    return parser


def _population(options: argparse.Namespace, progress: Progress) -> str:
    from elvmass_core.realism.documents import population_text
    from elvmass_core.realism.population import demographics_only, describe
    from elvmass_core.realism.simulated import simulate_population

    cohort = simulate_population(
        options.n, options.seed, preset=options.preset, workers=options.workers, progress=progress("simulated")
    )
    rows, bar = describe(cohort, seed=options.seed), demographics_only(cohort)
    text = population_text(options.preset, options.seed, cohort, rows, bar)
    return _kept(text, options.out)


def _kept(text: str, path: Path | None) -> str:
    """Write the text to a file, when one is given, and return it."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return text


def _add_sensitivity(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    parser = commands.add_parser("sensitivity", help="what each physical parameter does to the ECG")
    parser.add_argument("--preset", default="taiwan-like")
    parser.add_argument("--n", type=int, default=12, help="patients of each sex (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the text here as well")
    parser.add_argument("--workers", type=int, default=2)
    parser.set_defaults(words=_sensitivity)
    return parser


def _sensitivity(options: argparse.Namespace, progress: Progress) -> str:
    from elvmass_core.realism.documents import sensitivity_text
    from elvmass_core.realism.sensitivity import sensitivity
    from elvmass_core.virtual.sources import SOURCES

    table = sensitivity(
        options.preset, n=options.n, seed=options.seed, sources=SOURCES, workers=options.workers,
        progress=progress("measured"),
    )  # fmt: skip
    return _kept(sensitivity_text(options.preset, options.seed, options.n, table), options.out)
