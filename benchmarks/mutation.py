"""Would the tests notice a wrong line? ``python benchmarks/mutation.py [MODULE …] [--sample N | --again]``.

Small faults are made one at a time in the syntax tree of the modules that judge an ECG (`benchmarks/mutants.py`): a
comparison moves over its border or turns round, a number changes by a quarter, a sum becomes a difference, "and"
becomes "or", an answer is lost. The tests named in `TESTS` are collected once and run in a forked child for every
fault, until one fails; no file changes. A fault that no test notices has survived: it needs a test, or a reason in
`mutation_equivalent.json` why it changes no answer.

mutmut leaves the numbers of a module alone, and the thresholds here are such numbers; cosmic-ray changes the files
themselves and starts Python anew for every fault, which takes longer than the tests.
"""

import argparse
import contextlib
import datetime
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is loaded: the children share the cores already
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import orjson  # noqa: E402
import pytest  # noqa: E402

from benchmarks.mutants import Mutant, make, mutants_of  # noqa: E402

OUT = ROOT / "benchmarks" / "mutation.json"
EQUIVALENT = ROOT / "benchmarks" / "mutation_equivalent.json"
"""Faults that change no answer: module → {fault: why}."""
QUALITY = "elvmass_core/quality"
NEAR = "tests/quality/test_borders_of_the"
TESTS = {
    "elvmass_core/criteria.py": ["tests/test_criteria.py", "tests/spec/test_criteria_clauses.py"],
    "elvmass_core/models/estimate.py": ["tests/models/test_estimate.py", "tests/models/test_estimated_range.py"],
    "elvmass_core/models/calibration.py": ["tests/models/test_calibration.py"],
    f"{QUALITY}/beat.py": [f"{NEAR}_beat_checks.py", "tests/test_quality.py"],
    f"{QUALITY}/conduction.py": [f"{NEAR}_conduction_checks.py", "tests/test_conduction.py"],
    f"{QUALITY}/device_filters.py": [f"{NEAR}_recording_checks.py", "tests/test_device_filters.py"],
    f"{QUALITY}/electrodes.py": [f"{NEAR}_electrode_checks.py", "tests/test_electrodes.py", "tests/test_quality.py"],
    f"{QUALITY}/findings.py": [f"{NEAR}_person_checks.py"],
    f"{QUALITY}/likeness.py": [f"{NEAR}_person_checks.py", "tests/test_signal_space.py"],
    f"{QUALITY}/noise.py": [f"{NEAR}_recording_checks.py", "tests/test_noise.py"],
    f"{QUALITY}/pacing.py": [f"{NEAR}_recording_checks.py", "tests/test_rhythm.py"],
    f"{QUALITY}/person.py": [f"{NEAR}_person_checks.py", "tests/test_quality.py"],
    f"{QUALITY}/qrs_shape.py": [f"{NEAR}_conduction_checks.py", "tests/test_conduction.py"],
    f"{QUALITY}/real_ecgs.py": ["tests/test_signal_space.py"],
    f"{QUALITY}/recording.py": [f"{NEAR}_recording_checks.py", "tests/test_quality.py"],
    f"{QUALITY}/rhythm.py": [f"{NEAR}_rhythm_checks.py", "tests/test_rhythm.py"],
    f"{QUALITY}/scope.py": [f"{NEAR}_person_checks.py", "tests/test_quality.py"],
    f"{QUALITY}/timing.py": [f"{NEAR}_timing_check.py", "tests/test_signal_space.py"],
}
"""The tests that each module is held against, quickest first. Real recordings are not used."""
CPU_LIMIT, CPU_MORE_S = 5.0, 10.0
"""A child is stopped after so many times the processor time of the sound module, and so many seconds more."""
KILLED, SURVIVED = "killed", "survived"
PASSED, NOTICED = 0, 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one mutant."""

    mutant: Mutant
    fate: str


class Judge:
    """A pytest plugin that runs the collected tests once as they are, and once for every mutant.

    Parameters
    ----------
    module : str
        Path of the module from the project folder.
    mutants : sequence of Mutant
    workers : int
        Children at a time.
    """

    def __init__(self, module: str, mutants: Sequence[Mutant], workers: int) -> None:
        self._module, self._mutants, self._workers = module, mutants, workers
        self._source = (ROOT / module).read_text(encoding="utf-8")
        self.answers: list[Answer] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests: run them in children."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _, status = os.waitpid(self._start(session, None, None), 0)
        if status:
            raise session.Failed(f"{self._module}: the tests fail on the module as it is")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        sound_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        for answer in self._judge(session, CPU_LIMIT * sound_s + CPU_MORE_S):
            self.answers.append(answer)
            if answer.fate == SURVIVED:
                print(f"  {answer.mutant.words}", file=sys.stderr, flush=True)
        return True

    def _judge(self, session: pytest.Session, limit_s: float) -> Iterator[Answer]:
        running: dict[int, Mutant] = {}
        left = list(reversed(self._mutants))
        while left or running:
            while left and len(running) < self._workers:
                mutant = left.pop()
                running[self._start(session, mutant, limit_s)] = mutant
            child, status = os.wait()
            yield Answer(running.pop(child), KILLED if status else SURVIVED)

    def _start(self, session: pytest.Session, mutant: Mutant | None, limit_s: float | None) -> int:
        """Fork a child that ends with 0 when every test passes, and return its process id."""
        child = os.fork()
        if child:
            return child
        end = NOTICED
        with contextlib.suppress(BaseException):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            if limit_s is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (round(limit_s), round(limit_s)))
            if mutant is not None:
                make(mutant, self._source, self._module.removesuffix(".py").replace("/", "."))
            end = NOTICED if _any_fails(session) else PASSED
        os._exit(end)


def _any_fails(session: pytest.Session) -> bool:
    """Run the collected tests until one fails."""
    for item, following in zip(session.items, [*session.items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return True
    return False


def report_of(module: str, answers: Sequence[Answer], n_all: int) -> dict[str, object]:
    """What is kept of one module."""
    known = json_of(EQUIVALENT).get(module, {})
    survived = sorted(one.mutant.words for one in answers if one.fate == SURVIVED)
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "mutants": n_all,
        "tried": len(answers),
        KILLED: Counter(one.fate for one in answers)[KILLED],
        SURVIVED: [words for words in survived if words not in known],
        "equivalent": {words: known[words] for words in survived if words in known},
    }


def json_of(path: Path) -> dict:
    """A JSON file, empty where there is none."""
    return orjson.loads(path.read_bytes()) if path.is_file() else {}


def chosen(module: str, everything: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """All, those that survived the last time, or so many drawn by a fixed seed."""
    if options.again:
        last = json_of(OUT)[module]
        return [one for one in everything if one.words in {*last[SURVIVED], *last["equivalent"]}]
    if options.sample is None or options.sample >= len(everything):
        return list(everything)
    return random.Random(module).sample(list(everything), options.sample)


def with_the_last(module: str, found: dict) -> dict:
    """What was found among the survivors of the last time, together with what was noticed then."""
    last = json_of(OUT)[module]
    return found | {"mutants": last["mutants"], "tried": last["tried"], KILLED: last[KILLED] + found[KILLED]}


def work_on(module: str, options: argparse.Namespace) -> None:
    """Judge one module in this process, say so and keep the answer."""
    everything = mutants_of((ROOT / module).read_text(encoding="utf-8"))
    tried = chosen(module, everything, options)
    print(f"{module}: {len(tried)} of {len(everything)} mutants, survivors:", flush=True)
    judge, started = Judge(module, tried, options.workers), time.monotonic()
    arguments = ["-qq", "-s", "-o", f"cache_dir={tempfile.gettempdir()}", *TESTS[module]]
    if pytest.main([*arguments], plugins=[judge]) != pytest.ExitCode.OK:
        sys.exit(f"{module}: the tests could not be run")
    killed = sum(one.fate == KILLED for one in judge.answers)
    print(f"  {killed} of {len(tried)} noticed, {time.monotonic() - started:.0f} s", flush=True)
    found = report_of(module, judge.answers, len(everything))
    kept = json_of(OUT) | {module: with_the_last(module, found) if options.again else found}
    OUT.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")


def main() -> int:
    """Judge the modules named, or all, each in a process of its own, and keep the answers in `mutation.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--sample", type=int, help="mutants per module at most (drawn with a fixed seed)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="only what survived the last time, after a new test")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.environ["ELVMASS_ECG_DATA"] = os.devnull
    worst = 0
    for module in options.modules:
        child = os.fork()
        if child == 0:
            work_on(module, options)
            return 0
        worst = max(worst, os.waitpid(child, 0)[1])
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
