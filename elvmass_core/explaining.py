"""The sub-commands about explanations: ``attribute | sexes | sanity | truth``."""

import argparse
from collections.abc import Callable
from pathlib import Path

Counter = Callable[[str], Callable[[int, int], None]]
"""From a word to a progress counter."""
Runner = Callable[[argparse.Namespace], int]


def add_commands(commands: argparse._SubParsersAction, run: Runner, weights: Path) -> None:
    """Add them; `run` gets the options, whose ``words(options, counter)`` does the work and says what came of it."""
    for name, sentence, add, words in (
        ("attribute", "integrated gradients in grams of every ECG of a table, as arrays", _add_attribute, _attribute),
        ("sexes", "models of men against models of women: in simulated worlds (docs/sexes.md), or on your own table",
         _add_sexes, _sexes),
        ("sanity", "test the explanations of every bundle: weights/<model-id>/sanity.json", _add_sanity, _sanity),
        ("truth", "do the maps blame what was changed in a virtual patient: docs/truth.md", _add_truth, _truth),
    ):  # fmt: skip
        parser = commands.add_parser(name, help=sentence)
        add(parser)
        parser.add_argument("--weights", type=Path, default=weights)
        parser.add_argument("--workers", type=int, default=2)
        parser.set_defaults(command=run, words=words)


def _add_attribute(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", type=Path, required=True, help="CSV: record, sex, age, height_cm, weight_kg, lvm_g")
    parser.add_argument("--out", type=Path, required=True, help="an .npz file")


def _attribute(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.study.attribute import attribute_table

    n = attribute_table(
        options.table, options.weights, options.out, workers=options.workers, progress=counter("explained")
    )
    return f"{options.out}: {n} ECGs"


def _add_sexes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", type=Path, help="CSV as for train; without it the simulated worlds are compared")
    parser.add_argument(
        "--shipped-runs", action="store_true", help="with --table: train nothing; lvm_g may be an estimate, to match by"
    )
    parser.add_argument("--runs", type=int, default=10, help="training runs of each sex (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder for cohorts and fits (resumable)")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of sexes.json, .md, .npz and arrays")
    parser.add_argument("--quick", action="store_true", help="one tiny world, one epoch: checks the path")


def _sexes(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.planted import run_planted, run_table
    from elvmass_core.sexes.run_set import FOLDER
    from elvmass_core.study.train import Effort

    work, out, progress = options.work, options.out, counter("done")
    if options.table is None:
        keep = None if options.quick else options.weights
        return str(
            run_planted(work, out, weights=keep, quick=options.quick, workers=options.workers, progress=progress)
        )
    effort = Effort(epochs=options.epochs, workers=options.workers)
    stored = options.weights / FOLDER if options.shipped_runs else None
    return str(run_table(options.table, work, out, effort, options.runs, stored=stored, progress=progress))


def _add_sanity(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder for cohorts and fits (resumable)")
    parser.add_argument("--quick", action="store_true", help="tiny cohorts, one epoch, few draws: checks the path")


def _sanity(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.retrain import FULL, QUICK
    from elvmass_core.sanity.run import make_panels

    plans = {plan.name: plan for plan in (QUICK if options.quick else FULL)}
    train, test = (plans[name].simulate(options.work, options.workers) for name in ("train", "test"))
    panels = make_panels(
        options.weights, train, test, options.work, quick=options.quick, workers=options.workers,
        progress=counter("done"),
    )  # fmt: skip
    return "\n".join(map(str, panels))


def _add_truth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=60, help="patients of each sex (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two patients of each sex: checks the path")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of truth.json and truth.md")


def _truth(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.truth.experiment import QUICK_N, run_truth

    n = QUICK_N if options.quick else options.n
    return str(
        run_truth(
            options.out, options.weights, n=n, seed=options.seed, workers=options.workers, progress=counter("done")
        )
    )
