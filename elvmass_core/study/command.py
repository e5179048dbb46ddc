"""The sub-commands ``train`` and ``evaluate``: a user's own table of ECGs with a measured LV mass."""

import argparse
from collections.abc import Callable
from pathlib import Path

import orjson

from elvmass_core.errors import BundleError

Counter = Callable[[str], Callable[[int, int], None]]
"""From a word to a progress counter."""
Run = Callable[[argparse.Namespace], int]
"""Gets the options, whose ``words(options, counter)`` does the work and says what came of it."""
METHODS = ("ct", "mri", "echo")
TABLE_HELP = "CSV: record, sex, age, height_cm, weight_kg, lvm_g; if you like patient, measured_by"
MEASURED_HELP = "how mass was measured: chooses the cut-off of LVH (default: the table's column measured_by, else "


def add_train(commands: argparse._SubParsersAction, run: Run, weights: Path) -> None:
    """Add ``train``."""
    parser = commands.add_parser("train", help="your own weights from a table of ECGs with measured LV mass")
    parser.add_argument("--table", type=Path, required=True, help=TABLE_HELP)
    parser.add_argument("--out", type=Path, required=True, help="folder for bundles and report, such as weights/mine")
    parser.add_argument("--measured-by", choices=METHODS, default="", help=f"{MEASURED_HELP}ct, with a caution)")
    parser.add_argument(
        "--fine-tune", type=Path, nargs="?", const=weights, metavar="WEIGHTS",
        help="go on from trained weights (without a folder: the shipped ones) instead of from scratch",
    )  # fmt: skip
    parser.add_argument("--test", type=Path, metavar="TABLE", help="other patients, for more figures on the model card")
    parser.add_argument("--check", action="store_true", help="check the table and stop")
    parser.add_argument("--epochs", type=int, metavar="N", help="default: 20, fine-tuned 10")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: %(default)s)")
    parser.set_defaults(command=run, words=_train, weights=weights)


def add_evaluate(commands: argparse._SubParsersAction, run: Run, weights: Path) -> None:
    """Add ``evaluate``."""
    parser = commands.add_parser("evaluate", help="external validation: weights against measured LV mass")
    parser.add_argument("--table", type=Path, required=True, help=TABLE_HELP)
    parser.add_argument("--bundle", type=Path, default=weights, help="folder of weight bundles; default: the shipped")
    parser.add_argument("--measured-by", choices=METHODS, default="", help=f"{MEASURED_HELP}that of the weights)")
    parser.add_argument("--out", type=Path, metavar="CSV", help="one line a patient, as the Validation page reads it")
    parser.add_argument(
        "--recalibrate", action="store_true", help="fit a line to mass for each sex on this table, in five folds"
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: %(default)s)")
    parser.set_defaults(command=run, words=_evaluate)


def _train(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.models.bundle import load_models
    from elvmass_core.study.own_report import compare, in_plain_words, write_report
    from elvmass_core.study.own_table import check_table, train_own_table
    from elvmass_core.study.table_checks import in_words

    read = {"workers": options.workers, "progress": counter("recordings read")}
    if options.check:
        findings, verdict = check_table(options.table, options.out, measured_by=options.measured_by, **read)
        return "\n".join(filter(None, [in_words(findings), verdict]))
    start = None if options.fine_tune is None else load_models(options.fine_tune)
    trained = train_own_table(
        options.table, options.out, measured_by=options.measured_by, start=start, test=options.test,
        epochs=options.epochs, trained=counter("networks trained"), **read,
    )  # fmt: skip
    given = load_models(options.weights)
    page = write_report(trained, options.out, given)
    bundles = "\n".join(str(one.folder) for one in trained.answered)
    return f"{in_plain_words(trained, compare(trained, given))}\n{bundles}\n{page}"


def _evaluate(options: argparse.Namespace, counter: Counter) -> str:
    from elvmass_core.models.bundle import load_models
    from elvmass_core.study.dataset import load_dataset, read_table
    from elvmass_core.study.external import evaluate_dataset, result, scored_csv, words
    from elvmass_core.study.own_table import cutoff_of

    models = load_models(options.bundle)
    if not models.bundles:
        raise BundleError(" ".join(models.problems) or "The folder holds no weight bundle: give one made by train.")
    cutoff = cutoff_of(read_table(options.table), options.measured_by)
    data = load_dataset(options.table, workers=options.workers, progress=counter("recordings read"))
    found = evaluate_dataset(data, models, recalibrate=options.recalibrate, cutoff=cutoff)
    if options.out is not None:
        options.out.write_bytes(scored_csv(found))
    return orjson.dumps(result(found), option=orjson.OPT_INDENT_2).decode() if options.json else words(found)
