"""Injected faults and what they lead to: ``python benchmarks/inject_faults.py [--n 10000] [--workers 2] [--out …]``.

Each fault of `benchmarks.faults` is put into sound recordings; the report is compared with the sound recording's.

refused     a STOP, or a typed error
cautioned   a CAUTION that the sound recording did not have
no/unc      no new STOP or CAUTION, LVH uncertain or no result, the grams within the tolerance
harmless    no new STOP or CAUTION, the same definite answer, the grams within the tolerance
edge        no new STOP or CAUTION, not definite before and definite now, the grams within the tolerance
SILENT      a definite answer without a new CAUTION or STOP that is not the definite answer of the sound recording, or
            whose grams moved by more than the tolerance; also a number of a report that is not finite, and any
            untyped error
silent g    LVH not definite, no new finding of any severity, and grams that moved by more than the tolerance

The tolerance is the half-width of the sound recording's 90 % interval: what a reader was told to expect. As it is wide,
``>10%`` counts, over all answers without a new CAUTION or STOP, grams that moved by more than 10 %. "harmless" does not
mean "noticed": it means that not noticing did not change the answer of these models.

Base recordings are chosen by the answer to the sound recording: none is refused, and half of the simulated ones have a
definite answer (fewer would in an unselected group). Simulated: preset taiwan-like, a seed of their own. Real: the
public recordings (ELVMASS_ECG_DATA), where they are; a person is made up where the file states none. The faults and all
their draws depend on the seed and the number alone, not on the workers. Exit code 1 when a flag was silent.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import multiprocessing  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from collections import Counter, defaultdict  # noqa: E402
from collections.abc import Iterable, Iterator, Sequence  # noqa: E402
from concurrent.futures import ProcessPoolExecutor  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from functools import cache, partial  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.faults import FAULTS, ROWS, Case  # noqa: E402
from benchmarks.record import write  # noqa: E402
from elvmass_core.domain import Estimate, Lvh, Report, Severity, Sex  # noqa: E402
from elvmass_core.errors import ElvmassError  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_recording  # noqa: E402

DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
REAL = ("ludb/*_uv.hea", "ptbxl/*.hea", "georgia/*.hea", "ningbo/*.hea", "cpsc2018/*.hea", "ptb/*.hea")
TWINS = ("E07510",)
"""Georgia holds this signal twice."""
BASE_SEED, N_CANDIDATES, N_SIMULATED = 606, 320, 200
"""A cohort of its own: no patient of it trains, calibrates or tests a model."""
RATE_HZ = 500.0
MADE_UP = {"M": (55.0, 170.0, 70.0), "F": (55.0, 158.0, 58.0)}
"""Age in years, height in cm and weight in kg of a real recording's person where the file does not state them."""
MOVED = 0.10
"""The stricter reading of "moved", as a share of the grams."""
DEFINITE = (Lvh.FLAGGED, Lvh.NOT_FLAGGED)
OUTCOMES = ("refused", "cautioned", "no/unc", "harmless", "edge", "SILENT", "silent g")
SILENT = "SILENT"
WILSON_Z = 1.96
N_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Base:
    """A sound recording with its person; `definite` is the answer to it."""

    name: str
    case: Case
    definite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one fault led to; `delta_g` is None without grams or after a warning that was given."""

    number: int
    fault: str
    base: str
    base_is_definite: bool
    outcome: str
    delta_g: float | None = None
    moved: bool = False
    detail: str = ""


# --- base recordings --------------------------------------------------------------------------------------------------


@cache
def _models() -> Models:
    """The shipped models, once in each process, with one thread."""
    torch.set_num_threads(1)
    return load_models(ROOT / "weights")


def report_of(case: Case, models: Models) -> Report:
    """The way of an upload; raises `ElvmassError`."""
    return analyse(case.recording(), case.patient(), models if case.has_weights else Models())


def simulated_case(index: int, seed: int = BASE_SEED) -> Case:
    """One virtual patient."""
    rng = np.random.default_rng([seed, index])
    patient = sample_patient(rng, "taiwan-like")
    return Case(
        signal_mv=simulate_recording(patient, rng),
        fs_hz=RATE_HZ,
        sex=Sex(patient.sex),
        age_years=float(int(patient.age_years)),
        height_cm=round(patient.height_cm, 1),
        weight_kg=round(patient.weight_kg, 1),
    )


def real_case(header: Path) -> Case:
    """One public recording; raises `ElvmassError`."""
    recording = read_recording(load_files([header]))
    stated = recording.stated
    sex = Sex.MALE if stated.sex is Sex.UNKNOWN else stated.sex
    age, height, weight = MADE_UP[sex.value]
    return Case(
        signal_mv=np.array(recording.signal_mv),
        fs_hz=recording.fs_hz,
        sex=sex,
        age_years=stated.age_years or age,
        height_cm=stated.height_cm or height,
        weight_kg=stated.weight_kg or weight,
    )


def judged_base(source: int | Path, models: Models | None = None) -> Base | None:
    """A simulated (by index) or real (by header) recording with its answer; None when it is refused."""
    name = f"simulated {source}" if isinstance(source, int) else f"{source.parent.name}/{source.stem}"
    try:
        case = simulated_case(source) if isinstance(source, int) else real_case(source)
        report = report_of(case, _models() if models is None else models)
    except ElvmassError:
        return None
    if report.estimate is None:
        return None
    return Base(name=name, case=case, definite=report.estimate.lvh in DEFINITE)


def half_definite(bases: Iterable[Base], n: int) -> list[Base]:
    """The first `n`, half of them (or as many as there are) with a definite answer."""
    groups: dict[bool, list[Base]] = {True: [], False: []}
    for base in bases:
        groups[base.definite].append(base)
    definite = groups[True][: n // 2]
    return definite + groups[False][: n - len(definite)]


def real_headers() -> list[Path]:
    """The public recordings, when they are there."""
    return [header for pattern in REAL for header in sorted(DATA.glob(pattern)) if header.stem not in TWINS]


# --- one fault --------------------------------------------------------------------------------------------------------


def outcome_of(number: int, name: str, base: Base, clean: Report, seed: int, models: Models) -> Result:
    """Inject one fault and compare."""
    rng = np.random.default_rng([seed, number])
    say = partial(Result, number=number, fault=name, base=base.name, base_is_definite=base.definite)
    try:
        found = report_of(FAULTS[name].apply(base.case, rng), models)
    except ElvmassError as error:
        return say(outcome="refused", detail=type(error).__name__)
    except Exception as error:  # noqa: BLE001  # An untyped error is what is looked for.
        return say(outcome=SILENT, detail=f"untyped {type(error).__name__}: {error}")
    if broken := not_finite(found):
        return say(outcome=SILENT, detail=f"not finite: {broken}")
    if found.refused:
        return say(outcome="refused", detail=_new(clean, found, Severity.STOP))
    if warned := _new(clean, found, Severity.STOP, Severity.CAUTION):
        return say(outcome="cautioned", detail=warned)
    return _unannounced(say, clean, found)


def _unannounced(say: partial, clean: Report, found: Report) -> Result:
    """Outcome of a fault that no STOP, CAUTION or error tells of."""
    before, after = _one(clean, clean), _one(found, clean)
    delta = after.lvm_g - before.lvm_g
    half_width = (before.interval_g[1] - before.interval_g[0]) / 2.0
    changed = before.lvh in DEFINITE and after.lvh is not before.lvh
    far, definite = abs(delta) > half_width, after.lvh in DEFINITE
    if definite:
        outcome = SILENT if far or changed else "harmless" if before.lvh in DEFINITE else "edge"
    else:
        outcome = "silent g" if far and not _new(clean, found, *Severity) else "no/unc"
    detail = f"{before.lvm_g:.0f} ± {half_width:.0f} g {before.lvh} → {after.lvm_g:.0f} g {after.lvh}"
    return say(outcome=outcome, delta_g=delta, moved=abs(delta) > MOVED * before.lvm_g, detail=detail)


def _one(report: Report, clean: Report) -> Estimate:
    """The estimate by the model of the sound recording."""
    return next(one for one in report.estimates if one.sex is clean.patient.sex)


def _new(clean: Report, found: Report, *severities: Severity) -> str:
    """Codes of findings that the sound recording did not have at this severity."""
    known = {(one.code, one.severity) for one in clean.findings}
    new = [one for one in found.findings if one.severity in severities and (one.code, one.severity) not in known]
    return ", ".join(sorted({one.code for one in new}))


def not_finite(report: Report) -> str:
    """Where a number of a report (other than the recording itself) is NaN or infinite; empty when nowhere."""
    parts: dict[str, object] = {"criteria": [one.value for one in report.criteria]}
    for one in report.estimates:
        numbers = asdict(one)
        parts |= {f"{one.model}.{name}": value for name, value in numbers.items()}
    if report.beat is not None:
        names = ("signal_mv", "sd_mv", "beats_mv", "r_times_s", "rate_bpm")
        parts |= {name: getattr(report.beat, name) for name in names}
        parts["fiducials"] = list(report.beat.fiducials.as_dict().values())
    if report.features is not None:
        parts |= {name: one.value for name, one in report.features.values.items()}
    return ", ".join(name for name, value in parts.items() if not all(map(math.isfinite, _numbers(value))))


def _numbers(value: object) -> Iterator[float]:
    """Every number inside a value."""
    if isinstance(value, np.ndarray):
        yield float(value.sum())
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, (int, float)):
        yield float(value)


# --- many faults ------------------------------------------------------------------------------------------------------


def plan(n: int, seed: int, n_bases: int) -> dict[int, list[tuple[int, str]]]:
    """Base → (number, fault): every fault equally often, each with a drawn base."""
    names = list(FAULTS)
    drawn = np.random.default_rng([seed, n_bases]).integers(n_bases, size=n)
    jobs: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for number, base in enumerate(drawn):
        jobs[int(base)].append((number, names[number % len(names)]))
    return jobs


def run_base(base: Base, jobs: Sequence[tuple[int, str]], seed: int, models: Models | None = None) -> list[Result]:
    """All faults of one base recording."""
    models = _models() if models is None else models
    # Infinite samples and damaged numbers make numpy warn; what counts is what the report says.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        clean = report_of(base.case, models)
        return [outcome_of(number, name, base, clean, seed, models) for number, name in jobs]


def run(bases: Sequence[Base], n: int, seed: int, pool: ProcessPoolExecutor) -> list[Result]:
    """Inject `n` faults; in order of their number."""
    jobs = plan(n, seed, len(bases))
    futures = [pool.submit(run_base, bases[k], todo, seed) for k, todo in jobs.items()]
    results: list[Result] = []
    for done, future in enumerate(futures, start=1):
        results += future.result()
        if sys.stderr.isatty():
            print(f"\r{done} of {len(futures)} recordings", end="", file=sys.stderr)
    return sorted(results, key=lambda result: result.number)


def choose_bases(pool: ProcessPoolExecutor, n_simulated: int, n_candidates: int) -> list[Base]:
    """Simulated recordings, half of them definite, and every real one that is not refused."""
    candidates = [base for base in pool.map(judged_base, range(n_candidates), chunksize=8) if base is not None]
    real = [base for base in pool.map(judged_base, real_headers(), chunksize=8) if base is not None]
    return half_definite(candidates, n_simulated) + real


# --- the table --------------------------------------------------------------------------------------------------------


def wilson_upper(k: int, n: int) -> float:
    """Upper end of the 95 % Wilson interval of k in n."""
    share, z2 = k / n, WILSON_Z**2
    spread = WILSON_Z * math.sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n))
    return (share + z2 / (2.0 * n) + spread) / (1.0 + z2 / n)


def summary_line(title: str, results: Sequence[Result]) -> str:
    """Counts of one group."""
    counts = Counter(result.outcome for result in results)
    moves = [result.delta_g for result in results if result.delta_g is not None]
    worst = f"{max(moves, key=abs):+8.0f}" if moves else f"{'–':>8s}"
    columns = "".join(f"{counts[name]:10d}" for name in OUTCOMES)
    return f"{title:42s}{len(results):6d}{columns}{sum(result.moved for result in results):7d}{worst}"


def print_table(results: Sequence[Result]) -> None:
    """One line per kind, by row of the table of faults, then the totals."""
    header = f"{'':42s}{'n':>6s}" + "".join(f"{name:>10s}" for name in OUTCOMES) + f"{'>10%':>7s}{'worst g':>8s}"
    by_fault = defaultdict(list)
    for result in results:
        by_fault[result.fault].append(result)
    print(header)
    for row, words in ROWS.items():
        print(f"[{words}]")
        for name, fault in FAULTS.items():
            if fault.row == row and by_fault[name]:
                print(summary_line(f"  {name}", by_fault[name]))
    print(header)
    for title, group in groups_of(results).items():
        print(summary_line(title if title == "total" else f"  {title}", group))
        silent = sum(one.outcome == SILENT for one in group)
        print(f"    silent flags {silent} of {len(group)}, at most {100 * wilson_upper(silent, len(group)):.2f} %")


def groups_of(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The groups that are totalled; an empty one is left out."""
    groups = {
        "total": list(results),
        "definite before the fault": [one for one in results if one.base_is_definite],
        "simulated": [one for one in results if one.base.startswith("simulated")],
        "real": [one for one in results if not one.base.startswith("simulated")],
    }
    return {title: group for title, group in groups.items() if group}


def summary(results: Sequence[Result]) -> dict[str, object]:
    """Outcomes of each group, how many flags were silent, and the upper end of the 95 % Wilson interval."""
    found: dict[str, object] = {}
    for title, group in groups_of(results).items():
        outcomes = Counter(one.outcome for one in group)
        found[title] = {
            "n": len(group),
            "silent_flags": outcomes[SILENT],
            "silent_at_most": wilson_upper(outcomes[SILENT], len(group)),
            "outcomes": {name: outcomes[name] for name in OUTCOMES},
        }
    return found


def print_examples(results: Sequence[Result]) -> None:
    """A few of each kind that were silent; the number and the seed make them again."""
    for outcome in (SILENT, "silent g"):
        seen: Counter[str] = Counter()
        for result in results:
            if result.outcome == outcome and seen[result.fault] < N_EXAMPLES:
                seen[result.fault] += 1
                print(f"{outcome}: {result.fault}, number {result.number}, {result.base}: {result.detail}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write; 1 when a flag was silent, 2 without weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=10_000, help="faults")
    parser.add_argument("--seed", type=int, default=1, help="of the faults; the base recordings stay")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, help="JSON file for the totals")
    parser.add_argument("--results", type=Path, help="JSON file for every result")
    options = parser.parse_args(arguments)
    if _models().problems:
        print(*_models().problems, sep="\n")
        return 2
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        bases = choose_bases(pool, N_SIMULATED, N_CANDIDATES)
        results = run(bases, options.n, options.seed, pool)
    definite = sum(base.definite for base in bases)
    n_real = sum(not base.name.startswith("simulated") for base in bases)
    print(f"{len(bases)} base recordings, {n_real} of them real; {definite} have a definite answer")
    print_table(results)
    print_examples(results)
    if options.out:
        write(options.out, {"seed": options.seed, "bases": len(bases), "real_bases": n_real, **summary(results)})
    if options.results:
        content = json.dumps([asdict(result) for result in results], indent=0)
        options.results.write_text(content + "\n", encoding="utf-8")
    return int(any(result.outcome == SILENT for result in results))


if __name__ == "__main__":
    sys.exit(main())
