"""The sub-command ``evaluate``: weights on a table of patients they have never seen."""

import argparse
from collections.abc import Callable
from pathlib import Path

import orjson

from elvmass_core.errors import BundleError

Counter = Callable[[str], Callable[[int, int], None]]
"""From a word to a progress counter."""


def add_evaluate(commands: argparse._SubParsersAction, run: Callable[[argparse.Namespace], int], weights: Path) -> None:
    """Add it; `run` gets the options, whose ``words(options, counter)`` does the work and says what came of it."""
    parser = commands.add_parser("evaluate", help="external validation: weights against measured LV mass")
    parser.add_argument("--table", type=Path, required=True, help="CSV: record, sex, age, height_cm, weight_kg, lvm_g")
    parser.add_argument("--bundle", type=Path, default=weights, help="folder of weight bundles; default: the shipped")
    parser.add_argument("--out", type=Path, metavar="CSV", help="one line a patient, as the Validation page reads it")
    parser.add_argument(
        "--recalibrate", action="store_true", help="fit a line to mass for each sex on this table, in five folds"
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: %(default)s)")
    parser.set_defaults(command=run, words=_evaluate)


def _evaluate(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.models.bundle import load_models
    from elvmass_core.study.dataset import load_dataset
    from elvmass_core.study.external import evaluate_dataset, result, scored_csv, words

    models = load_models(options.bundle)
    if not models.bundles:
        raise BundleError(" ".join(models.problems) or "The folder holds no weight bundle: give one made by train.")
    data = load_dataset(options.table, workers=options.workers, progress=counter("recordings read"))
    found = evaluate_dataset(data, models, recalibrate=options.recalibrate)
    if options.out is not None:
        options.out.write_bytes(scored_csv(found))
    return orjson.dumps(result(found), option=orjson.OPT_INDENT_2).decode() if options.json else words(found)
