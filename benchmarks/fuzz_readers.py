"""Mutated files of every format: deaths, tracebacks, typed refusals, time and memory.

    python benchmarks/fuzz_readers.py [--per-format 1000] [--workers 2] [--out benchmarks/fuzz_readers.json]

Workers are fresh processes that import the readers alone (no Streamlit, no torch) and read in-process, so that any
exception that is not of `RecordingError` is seen with its name. Then a share of the same files goes through the
sandbox, as in the app. Seeds are generated recordings of each format, and the real ones of ELVMASS_ECG_DATA.
Exit status 1 when a worker died or an exception was not typed.
"""

import argparse
import json
import multiprocessing
import os
import random
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.errors import ReaderStoppedError, RecordingError  # noqa: E402
from elvmass_core.io import open_files  # noqa: E402
from elvmass_core.io.sandbox import open_safely  # noqa: E402
from tests.io.mutants import mutated_files  # noqa: E402
from tests.io.seeds import seeds_by_format  # noqa: E402

ANSWERS = {"unit": "mV", "fs_hz": 500.0}
SANDBOX_SHARE = 10
"""Every so many-th file also goes through the sandbox."""


@dataclass(frozen=True)
class Outcome:
    """What one mutated file did."""

    kind: str
    seconds: float
    sentence_ok: bool = True
    detail: str = ""


def attempt(fmt: str, seed: int, *, sandboxed: bool) -> Outcome:
    """Read one mutated file."""
    rng = random.Random(f"{fmt}-{seed}")
    files = mutated_files(rng.choice(seeds_by_format()[fmt]), rng)
    answers = ANSWERS if rng.random() < 0.5 else {}
    started = time.perf_counter()
    try:
        (open_safely if sandboxed else open_files)(files, **answers)
        kind, sentence, detail = "read", "A sentence.", ""
    except ReaderStoppedError as error:
        kind, sentence, detail = "stopped", str(error), f"{fmt}-{seed}"
    except RecordingError as error:
        kind, sentence, detail = type(error).__name__, str(error), ""
    except Exception as error:  # noqa: BLE001 - what is looked for
        kind, sentence, detail = "traceback", "", f"{fmt}-{seed}: {type(error).__name__}: {error}"[:300]
    ok = kind == "traceback" or (sentence.endswith((".", ")")) and "\n" not in sentence and len(sentence) < 400)
    return Outcome(kind=kind, seconds=time.perf_counter() - started, sentence_ok=ok, detail=detail)


def work(task: tuple[str, range]) -> tuple[list[dict], float]:
    """Attempt a range of seeds; the outcomes and the growth of this process's peak memory in MB."""
    fmt, seeds = task
    attempt(fmt, -1, sandboxed=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = [asdict(attempt(fmt, seed, sandboxed=False)) for seed in seeds]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return outcomes, (after - before) / 1024


def summary(outcomes: list[dict], growth_mb: float) -> dict:
    """Figures of one format."""
    seconds = sorted(outcome["seconds"] for outcome in outcomes)
    kinds = Counter(outcome["kind"] for outcome in outcomes)
    return {
        "files": len(outcomes),
        "kinds": dict(sorted(kinds.items())),
        "tracebacks": [outcome["detail"] for outcome in outcomes if outcome["kind"] == "traceback"],
        "bad_sentences": sum(not outcome["sentence_ok"] for outcome in outcomes),
        "p50_ms": round(1000 * seconds[len(seconds) // 2], 1),
        "p99_ms": round(1000 * seconds[int(0.99 * len(seconds))], 1),
        "max_ms": round(1000 * seconds[-1], 1),
        "memory_growth_mb": round(growth_mb),
    }


def fuzz(fmt: str, n: int, workers: int) -> dict:
    """All files of one format over a pool of fresh processes."""
    step = max(1, n // (2 * workers))
    tasks = [(fmt, range(start, min(start + step, n))) for start in range(0, n, step)]
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            parts = list(pool.map(work, tasks))
    except BrokenProcessPool:
        return {"files": n, "deaths": 1}
    figures = summary([one for part, _ in parts for one in part], max(growth for _, growth in parts))
    sandboxed = [asdict(attempt(fmt, seed, sandboxed=True)) for seed in range(0, n, SANDBOX_SHARE)]
    return figures | {"deaths": 0, "sandboxed": summary(sandboxed, 0.0)}


def main() -> int:
    """Fuzz every format, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-format", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--formats", nargs="*")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = {}
    for fmt in options.formats or sorted(seeds_by_format()):
        results[fmt] = figures = fuzz(fmt, options.per_format, options.workers)
        stopped = figures.get("sandboxed", {}).get("kinds", {}).get("stopped", 0)
        print(
            f"{fmt:12} {figures['files']} files, deaths {figures['deaths']}, "
            f"tracebacks {len(figures.get('tracebacks', []))}, stopped in the sandbox {stopped}, "
            f"p99 {figures.get('p99_ms')} ms, max {figures.get('max_ms')} ms, +{figures.get('memory_growth_mb')} MB",
            flush=True,
        )
        for line in figures.get("tracebacks", [])[:10]:
            print("   ", line)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    total = sum(figures["files"] for figures in results.values())
    broken = sum(figures["deaths"] + len(figures.get("tracebacks", [])) for figures in results.values())
    print(f"{total} files of {len(results)} formats, {broken} deaths or tracebacks")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
