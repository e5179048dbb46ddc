"""The command line: ``python -m elvmass_core estimate | inspect | score | simulate | train | study | verify | …``.

Exit codes: 0 an answer, 3 refused by a STOP finding, 2 unreadable input or bad usage (one sentence on stderr).
"""

import argparse
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from elvmass_core.batch.command import add_score
from elvmass_core.domain import (
    DISCLAIMER,
    Attribution,
    Estimate,
    Finding,
    Lvh,
    Patient,
    Recording,
    Report,
    Sex,
    age_in_words,
)
from elvmass_core.errors import ElvmassError
from elvmass_core.explaining import add_commands as add_explaining
from elvmass_core.io.saved import Opened
from elvmass_core.processes import Pace
from elvmass_core.realism.command import add_commands as add_realism
from elvmass_core.study.command import add_evaluate, add_train

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS, EXAMPLES = ROOT / "weights", ROOT / "examples"
ANSWERED, UNUSABLE, REFUSED = 0, 2, 3
PRESETS = ("taiwan-like", "shifted", "uniform")
SIZE_HELP = "default: as the file states; without it no index and no LVH answer"
JSON_HELP = (
    "print one JSON object: mV, ms, g, cm, kg; fiducials_ms count from R (largest RMS of the leads), before it negative"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, dispatch, and turn every error raised on purpose into one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ElvmassError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"A file or folder cannot be used: {error.strerror or type(error).__name__}.", file=sys.stderr)
    return UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="elvmass_core", description=f"LV mass from a 12-lead ECG. {DISCLAIMER}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (
        _add_estimate,
        _add_inspect,
        _add_simulate,
        _add_retrain,
        _add_study,
        _add_examples,
        _add_verify,
    ):
        add(commands)
    add_score(commands, _say, WEIGHTS)
    add_train(commands, _say, WEIGHTS)
    add_evaluate(commands, _say, WEIGHTS)
    add_realism(commands, _say)
    add_explaining(commands, _say, WEIGHTS)
    return parser


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """Options of every command that reads an ECG."""
    parser.add_argument("file", nargs="+", type=Path, help="one ECG: a file, or a WFDB header with its data file")
    parser.add_argument("--unit", choices=("mV", "uV"), help="amplitude unit, where the file states none")
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate, where the file states none")


def _add_estimate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("estimate", help="LV mass of one ECG")
    _add_reading(parser)
    parser.add_argument(
        "--sex",
        choices=[sex.value for sex in Sex],
        help="chooses the model; unknown: both answer; default: as the file states",
    )
    parser.add_argument("--age", type=float, metavar="YEARS", help="needed; default: as the file states")
    parser.add_argument("--height-cm", type=float, metavar="CM", help=SIZE_HELP)
    parser.add_argument("--weight-kg", type=float, metavar="KG", help=SIZE_HELP)
    parser.add_argument("--explain", action="store_true", help="add integrated gradients in grams")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="the report as one A4 page; --explain colours it")
    parser.add_argument("--fhir", type=Path, metavar="FILE", help="the report as a FHIR R4 bundle")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of weight bundles")
    parser.set_defaults(command=_estimate)


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("inspect", help="what was read, from where, with every finding")
    _add_reading(parser)
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    parser.set_defaults(command=_inspect)


def _add_simulate(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("simulate", help="a virtual cohort with known LV mass")
    parser.add_argument("--n", type=int, required=True, help="number of patients")
    parser.add_argument("--seed", type=int, required=True, help="the same seed gives the same patients")
    parser.add_argument("--preset", choices=PRESETS, default="taiwan-like", help="population (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="folder for patients.csv and the records; resumable")
    parser.add_argument(
        "--format",
        choices=("wfdb", "npz", "dicom", "csv"),
        default="wfdb",
        help="of each record (default: %(default)s); train reads all of them",
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.set_defaults(command=_simulate)


def _add_retrain(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser(
        "retrain", help="make the shipped weights from nothing: simulate, train, calibrate, test"
    )
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="folder for cohorts and checkpoints (resumable)"
    )
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--quick", action="store_true", help="a tiny cohort and one epoch: checks the path, not the weights"
    )
    _add_workers(parser)
    parser.set_defaults(command=_retrain)


def _add_study(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("study", help="every model on the same simulated patients: docs/study.md")
    parser.add_argument(
        "--work", type=Path, default=Path("work"), help="folder for cohorts and results so far (resumable)"
    )
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of study.json and study.md")
    parser.add_argument("--quick", action="store_true", help="tiny cohorts and one epoch: checks the path")
    _add_workers(parser)
    parser.set_defaults(command=_study)


def _add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workers", type=int, default=2)


def _add_examples(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("examples", help="make the simulated examples of the app anew")
    parser.add_argument("--out", type=Path, default=EXAMPLES)
    parser.set_defaults(command=_examples)


def _add_verify(commands: argparse._SubParsersAction) -> None:
    parser = commands.add_parser("verify", help="weights against their hashes and contracts")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.set_defaults(command=_verify)


def _open(options: argparse.Namespace) -> Opened:
    from elvmass_core.io import load_files
    from elvmass_core.io.sandbox import open_safely

    return open_safely(load_files(options.file), unit=options.unit, fs_hz=options.fs)


def _estimate(options: argparse.Namespace) -> int:
    from elvmass_core.io.sandbox import warm_up

    warm_up()  # its libraries load while torch does
    from elvmass_core.models.bundle import load_models
    from elvmass_core.pipeline import analyse
    from elvmass_core.report import to_json

    _one_thread()
    opened = _open(options)
    patient = _patient(options, opened.patient or opened.recording.stated)
    models = load_models(options.weights)
    report = analyse(opened.recording, patient, models, explain=options.explain, fiducials=opened.fiducials)
    _write_reports(options, report)
    if options.json:
        sys.stdout.write(to_json(report).decode())
    else:
        print(_in_words(report))
    return REFUSED if report.refused else ANSWERED


def _write_reports(options: argparse.Namespace, report: Report) -> None:
    """The files asked for, also of a refused ECG."""
    if options.pdf is not None:
        from elvmass_core.report.pdf import to_pdf

        options.pdf.write_bytes(to_pdf(report))
    if options.fhir is not None:
        from elvmass_core.report import fhir_json

        options.fhir.write_bytes(fhir_json(report))


def _one_thread() -> None:
    """One ECG is small work: a second thread costs more than it brings."""
    import torch

    torch.set_num_threads(1)


def _patient(options: argparse.Namespace, stated: Patient) -> Patient:
    """The command line wins over the file, field by field."""
    return Patient(
        sex=stated.sex if options.sex is None else Sex(options.sex),
        age_years=stated.age_years if options.age is None else options.age,
        height_cm=stated.height_cm if options.height_cm is None else options.height_cm,
        weight_kg=stated.weight_kg if options.weight_kg is None else options.weight_kg,
    )


def _in_words(report: Report) -> str:
    """A few lines for a person; what makes the number unreliable comes before it."""
    from elvmass_core.quality import scope_words

    outside = scope_words(report.findings)
    lines = [f"CAUTION: {outside}"] if outside and report.estimates else []
    for estimate in report.estimates:
        lines += _estimate_words(estimate, report.patient, outside=bool(outside))
    lines = lines or ["No estimate."]
    if report.attribution is not None and report.estimate is not None:
        lines += _attribution_words(report.attribution, report.estimate)
    met = [result.name for result in report.criteria if result.met]
    judged = [result for result in report.criteria if result.met is not None]
    if judged:
        lines.append(f"Classical criteria met: {len(met)} of {len(judged)}" + (f" ({', '.join(met)})" if met else ""))
    return "\n".join([*lines, *map(_finding_words, report.findings), report.disclaimer])


def _estimate_words(estimate: Estimate, patient: Patient, *, outside: bool) -> list[str]:
    """Mass, LVH answer with its cut-off and probability, and what sex, age and body size alone would say."""
    from elvmass_core.wording import SEX_NAMES, alone_words, lvh_in_test_words, percent

    low, high = estimate.interval_g
    index = "" if estimate.lvmi_g_m2 is None else f", {estimate.lvmi_g_m2:.0f} g/m²"
    lines = [
        f"LV mass {estimate.lvm_g:.0f} g ({percent(estimate.coverage)} interval {low:.0f}–{high:.0f} g){index}. "
        f"Model for {SEX_NAMES[estimate.sex]}: {estimate.model}.",
        f"LVH {estimate.lvh.value.replace('_', ' ')}: {estimate.lvh_reason}.",
    ]
    if estimate.lvh is not Lvh.NO_RESULT:
        lines.append(f"Cut-off {estimate.cutoff_g_m2:g} g/m², {estimate.cutoff_source}.")
    if estimate.p_lvh is not None:
        kind = "simulated" if estimate.simulated else "calibration"
        prevalence = percent(estimate.prevalence)
        lines.append(f"P(LVH) {percent(estimate.p_lvh)} in {kind} patients, prevalence {prevalence}.")
    if estimate.lvh is not Lvh.NO_RESULT and estimate.lvh_in_test is not None:
        lines.append(lvh_in_test_words(estimate))
    return [*lines, alone_words(estimate, patient, outside=outside)]


def _rho(value: float | None) -> str:
    return "not measurable" if value is None else f"ρ {value:.2f}"


def _attribution_words(attribution: Attribution, estimate: Estimate) -> list[str]:
    """From the reference to the estimate in grams, and the two figures that say how far to believe it."""
    from elvmass_core.figures.grams import waterfall_steps
    from elvmass_core.wording import percent

    steps = [f"  {grams:+6.1f} g  {name}" for name, grams in waterfall_steps(attribution).items()]
    share = "not measurable" if attribution.st_t_share is None else percent(attribution.st_t_share)
    agreement = "" if attribution.agreement is None else f"; agreement of the members r {attribution.agreement:.2f}"
    start, end = f"{estimate.reference_g:.0f} g", f"{estimate.lvm_g:.0f} g"
    return [
        f"Why, from {start} (the answer for the {attribution.baseline}) to {end}:",
        *steps,
        f"Share of ST–T in the beat's attribution: {share}{agreement}.",
        *(f"Rank agreement with {other.method}: {_rho(other.agreement)}." for other in attribution.others),
    ]


def _finding_words(finding: Finding) -> str:
    numbers = f" [{finding.observed}; expected {finding.expected}]" if finding.expected else ""
    return f"{finding.severity.value} {finding.code}: {finding.message}{numbers}"


def _inspect(options: argparse.Namespace) -> int:
    from elvmass_core.figures import filter_words
    from elvmass_core.models.bundle import Models
    from elvmass_core.pipeline import analyse
    from elvmass_core.report import to_json

    recording = _open(options).recording
    report = analyse(recording, recording.stated, Models())
    ours = {"no_weights", "age_missing", "sex_unknown", "body_size_unknown"}
    report = replace(report, findings=tuple(one for one in report.findings if one.code not in ours))
    if options.json:
        sys.stdout.write(to_json(report).decode())
        return ANSWERED
    lines = [
        f"{recording.format}, {recording.fs_hz:g} Hz, {recording.duration_s:.1f} s",
        f"Leads: {' '.join(recording.leads_present)}",
        _stated_words(recording.stated),
        f"Filters: {filter_words(recording.filters)}",
        *_device_beat_words(recording),
        f"Digest: {recording.digest}",
        *recording.notes,
        *map(_finding_words, report.findings),
    ]
    print("\n".join(lines))
    return ANSWERED


def _device_beat_words(recording: Recording) -> list[str]:
    """The device's own median beat, where the file holds one."""
    beat = recording.device_beat
    return [] if beat is None else [f"Median beat of the device: {1000 * beat.signal_mv.shape[1] / beat.fs_hz:.0f} ms"]


def _stated_words(stated: Patient) -> str:
    """The person as the file has it; an age over 89 is written 90+."""
    sizes = (("height", stated.height_cm, "cm"), ("weight", stated.weight_kg, "kg"))
    known = [f"{word} {value:.0f} {unit}" for word, value, unit in sizes if value is not None]
    words = [f"sex {stated.sex.value}", f"age {age_in_words(stated.age_years)}", *known]
    return f"Patient, as the file states: {', '.join(words)}"


def _simulate(options: argparse.Namespace) -> int:
    from elvmass_core.virtual import simulate_cohort

    table = simulate_cohort(
        options.n,
        options.seed,
        options.out,
        preset=options.preset,
        fmt=options.format,
        workers=options.workers,
        progress=_progress("simulated"),
    )
    print(table)
    return ANSWERED


def _progress(word: str) -> Callable[[int, int], None]:
    """A counter with rate and time left on stderr: one changing line on a terminal, else every tenth and minute."""
    on_terminal = sys.stderr.isatty()
    pace, said = Pace(word), {"tenth": 0.0, "minute": time.monotonic() // 60}

    def show(done: int, total: int) -> None:
        words, now = pace.words(done, total), {"tenth": 10 * done // max(total, 1), "minute": time.monotonic() // 60}
        if on_terminal:
            print(f"\r{words:<78}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif now != said:
            print(words, file=sys.stderr, flush=True)
        said.update(now)

    return show


def _retrain(options: argparse.Namespace) -> int:
    from elvmass_core.retrain import retrain

    bundles = retrain(
        options.work,
        options.out,
        quick=options.quick,
        workers=options.workers,
        progress=_progress("done"),
    )
    print("\n".join(str(path) for path in bundles))
    return ANSWERED


def _study(options: argparse.Namespace) -> int:
    from elvmass_core.comparison import run_study

    page = run_study(
        options.work,
        options.out,
        quick=options.quick,
        workers=options.workers,
        progress=_progress("done"),
    )
    print(page)
    return ANSWERED


def _say(options: argparse.Namespace) -> int:
    """Run a sub-command of `batch`, `realism` or `explaining` and print its words."""
    print(options.words(options, _progress))
    return ANSWERED


def _examples(options: argparse.Namespace) -> int:
    from elvmass_core.examples import make_examples

    print(make_examples(options.out, progress=_progress("simulated")))
    return ANSWERED


def _verify(options: argparse.Namespace) -> int:
    from elvmass_core.models.bundle import load_models, weight_sets
    from elvmass_core.retrain import verify_figures

    sets = [load_models(folder) for folder in weight_sets(options.weights).values()]
    bundles = [bundle for models in sets for bundle in models.bundles + models.pooled]
    problems = [problem for models in sets for problem in models.problems]
    for bundle in bundles:
        print(f"{bundle.model_id}: good, {bundle.sha256[:12]}, {len(bundle.ensemble.members)} members")
    for problem in problems:
        print(problem, file=sys.stderr)
    figures = verify_figures(bundles)
    for one in figures:
        verdict = "as stored" if one.holds else f"but {one.stored_g:.2f} g is stored"
        print(f"{one.model_id}: error on {one.n} test patients, simulated again, {one.found_g:.2f} g, {verdict}")
    return UNUSABLE if problems or not all(one.holds for one in figures) else ANSWERED


if __name__ == "__main__":
    sys.exit(main())
