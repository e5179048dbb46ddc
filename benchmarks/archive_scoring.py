"""How fast an archive is scored, and in how much memory: ``python benchmarks/archive_scoring.py``.

Simulated recordings in four formats are scored by the command line with one worker and with two, reading included and
without explanation; then a manifest that repeats them stands for an archive of ``--n`` recordings while the memory of
all processes is sampled. The load average stands beside every figure: where others use the machine, compare the time of
the processor, in which a worker can be measured alone. Prints, and writes ``benchmarks/archive_scoring.json``; with
``--only`` the other figures of that file stay.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import ctypes  # noqa: E402
import datetime  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import resource  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402

from elvmass_core.batch.archive import TASK_SIZE  # noqa: E402
from elvmass_core.batch.discover import discover  # noqa: E402
from elvmass_core.batch.patients import join  # noqa: E402
from elvmass_core.batch.work import load_item, score_recording  # noqa: E402
from elvmass_core.io import load_files, read_recording, sandbox  # noqa: E402
from elvmass_core.io.sandbox import Reader, read_safely  # noqa: E402
from elvmass_core.models.bundle import load_models  # noqa: E402
from elvmass_core.virtual import simulate_cohort  # noqa: E402

FORMATS = ("wfdb", "npz", "dicom", "csv")
GOAL_PER_S = 20.0
CORE_HOUR_PRICE = 0.045
"""USD for one core of a general-purpose machine for an hour, on demand (assumed; spot prices are about a third)."""
MILLION = 1_000_000
SAMPLE_S = 2.0
PR_SET_CHILD_SUBREAPER = 36
"""Of Linux: what outlives its parent becomes a child of this process, so that its processor time is counted here."""
ENDED_S = 10.0
COUNTED_SERVER = """
import resource, signal, socket, sys
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
import os
import elvmass_core.io.child as child
child.signal.signal = lambda *_: None  # so that children stay to be counted
child._import_readers()
before = resource.getrusage(resource.RUSAGE_SELF)
child.serve(socket.socket(fileno=int(sys.argv[1])))
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
after, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime + children.ru_utime + children.ru_stime
Path(OUT).write_text(str(spent))
"""
"""The server of `io.sandbox`, which also says how much processor its children took."""


def make_archive(folder: Path, n: int, workers: int) -> Path:
    """`n` recordings in four formats, and one table of all patients; complete ones are kept."""
    tables = []
    for seed, fmt in enumerate(FORMATS, start=901):
        table = simulate_cohort(n // len(FORMATS), seed, folder / fmt, fmt=fmt, workers=workers)
        tables.append(pd.read_csv(table, dtype=str)[["record", "sex", "age", "height_cm", "weight_kg"]])
    patients = folder / "patients.csv"
    pd.concat(tables).to_csv(patients, index=False)
    return patients


def scored(
    arguments: Sequence[object], out: Path, workers: int, watch: Callable[[int], None] | None = None
) -> dict[str, object]:
    """Run `score` as a process; times, and the load of the machine before and after."""
    command = [sys.executable, "-m", "elvmass_core", "score", *arguments, "--out", out, "--workers", workers]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours = set(children(os.getpid()))
    load, before, start = os.getloadavg()[0], resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen([*map(str, command)], cwd=ROOT, stderr=told, stdout=subprocess.DEVNULL)
        while process.poll() is None:
            time.sleep(SAMPLE_S if watch is not None else 0.05)
            if watch is not None:
                watch(process.pid)
        wall = time.monotonic() - start
        bury(ours)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        told.seek(0)
        errors = told.read()
    if process.returncode:
        sys.exit(errors)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    table = pd.read_parquet(out, columns=["refusal"])
    return {
        "workers": workers,
        "recordings": len(table),
        "refused": int(table["refusal"].notna().sum()),
        "seconds": round(wall, 1),
        "per_s": round(len(table) / wall, 2),
        "per_s_without_start": _without_start(errors),
        "cpu_s": round(cpu, 1),
        "load_average": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def _without_start(progress: str) -> float | None:
    """Rate between a tenth of the recordings and the end: what a long job has, from the words of progress."""
    counts = [
        (int(done), float(rate)) for done, rate in re.findall(r"(\d+) of \d+ scored, ([\d.]+) a second", progress)
    ]
    if len(counts) < 2:
        return None
    (first, early), (last, late) = counts[0], counts[-1]
    return round((last - first) / (last / late - first / early), 2)


def reading(folder: Path, n: int = 25) -> dict[str, dict[str, float]]:
    """Milliseconds to read one recording of each format: in this process, in a child each, and in one for all."""
    found: dict[str, dict[str, float]] = {}
    for fmt in FORMATS:
        files = [load_files([Path(item.path)]) for item in discover([folder / fmt / "records"]).items[:n]]
        reader = Reader()
        ways = (("here_ms", read_recording), ("in_child_ms", read_safely), ("in_shared_child_ms", reader.read))
        for name, read in ways:
            read(files[0])
            start = time.perf_counter()
            for one in files:
                read(one)
            found.setdefault(fmt, {})[name] = round(1000 * (time.perf_counter() - start) / len(files), 1)
        reader.close()
        start = time.process_time()
        for one in files:
            read_recording(one)
        found[fmt]["here_cpu_ms"] = round(1000 * (time.process_time() - start) / len(files), 1)
    return found


def children(pid: int) -> list[int]:
    """Direct children of a process; none when it has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def bury(ours: set[int]) -> None:
    """Wait for what a run left to end by itself, so that its processor time counts; `ours` were there before."""
    end = time.monotonic() + ENDED_S
    while not set(children(os.getpid())) <= ours and time.monotonic() < end:
        os.waitpid(-1, os.WNOHANG)
        time.sleep(0.05)


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident memory of one process, and its share of it where forks share pages; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return 0.0, 0.0
    kb = {name: float(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return kb.get("Rss", 0.0) / 1000, kb.get("Pss", 0.0) / 1000


def memory(folder: Path, patients: Path, n: int, work: Path) -> dict[str, object]:
    """Memory of all processes while `n` recordings are scored, each file under many names."""
    items = discover([folder / fmt / "records" for fmt in FORMATS]).items
    manifest, table = work / "manifest.csv", work / "repeated.csv"
    rows = [(items[k % len(items)].path, f"{k:07d}") for k in range(n)]
    pd.DataFrame(rows, columns=["path", "record"]).to_csv(manifest, index=False)
    known = pd.read_csv(patients, dtype=str).assign(
        record=lambda frame: frame["record"].map(lambda one: Path(one).name)
    )
    by_stem = known.set_index("record")
    repeated = by_stem.loc[[items[k % len(items)].record for k in range(n)]].reset_index(drop=True)
    repeated.insert(0, "record", [record for _, record in rows])
    repeated.to_csv(table, index=False)
    samples: list[tuple[float, float, float]] = []

    def watch(pid: int) -> None:
        parent, *others = [memory_mb(one) for one in family(pid)]
        samples.append((parent[0], sum(rss for rss, _ in others), parent[1] + sum(pss for _, pss in others)))

    told = scored([manifest, "--patients", table], work / "many.parquet", 2, watch)
    return told | by_quarter(np.array(samples)) | {
        "distinct_files": len(items),
        "samples": len(samples),
        "table_mb": round((work / "many.parquet").stat().st_size / 1e6, 2),
    }  # fmt: skip


def by_quarter(samples: np.ndarray) -> dict[str, object]:
    """Medians over each quarter of a run; flat is the last against the second, the first being the start."""
    found: dict[str, object] = {}
    for name, column in zip(("parent_rss", "workers_rss", "all_shared_once"), samples.T, strict=True):
        quarters = [round(float(np.median(quarter)), 1) for quarter in np.array_split(column, 4)]
        found[f"{name}_mb_by_quarter"] = quarters
        found[f"{name}_growth_mb"] = round(quarters[3] - quarters[1], 1)
    return found


def processor(folder: Path, patients: Path, work: Path, n: int = 100) -> dict[str, float]:
    """Milliseconds of processor for one recording, the reading child included: what a busy machine changes little."""
    torch.set_num_threads(1)
    told = work / "reading.txt"
    sandbox._server = sandbox.Server(program=("-c", f"OUT = {str(told)!r}\n{COUNTED_SERVER}"))
    models = load_models(ROOT / "weights")
    items = discover([folder / fmt / "records" for fmt in FORMATS]).items
    given, step = join(items, patients).given, max(1, len(items) // n)
    chosen = list(zip(items, given, strict=True))[::step]
    score_recording("first", read_recording(load_item(chosen[0][0])), chosen[0][1], models)  # pays for what is kept
    start = time.process_time()
    recordings = []
    for first in range(0, len(chosen), TASK_SIZE):
        with Reader() as reader:
            recordings += [reader.read(load_item(item)) for item, _ in chosen[first : first + TASK_SIZE]]
    middle = time.process_time()
    for (item, patient), recording in zip(chosen, recordings, strict=True):
        score_recording(item.record, recording, patient, models)
    end = time.process_time()
    sandbox._server.stop()
    parts = {"reading_ms": middle - start + float(told.read_text()), "scoring_ms": end - middle}
    return {name: round(1000 * seconds / len(chosen), 1) for name, seconds in parts.items()}


def cost(per_core_s: float, price: float, whence: str) -> dict[str, object]:
    """What a million ECGs take at so many a second and core."""
    hours = MILLION / per_core_s / 3600
    return {
        "core_hours": round(hours, 1),
        "usd": round(hours * price, 2),
        "hours_on_64_cores": round(hours / 64, 2),
        "assumes": f"{per_core_s:.1f} ECGs a second and core ({whence}), linear in cores, {price} USD a core and hour, "
        "storage that keeps up (0.06 to 0.6 MB an ECG), no explanation, the start of workers not counted",
    }


def main() -> None:
    """Print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=400, help="simulated, in four formats (default: %(default)s)")
    parser.add_argument("--n", type=int, default=20_000, help="rows of the memory run; 0: none (default: %(default)s)")
    parser.add_argument("--work", type=Path, help="keep the simulated recordings here (default: a temporary folder)")
    parser.add_argument("--price", type=float, default=CORE_HOUR_PRICE, help="USD a core and hour")
    parser.add_argument("--only", choices=("rate", "memory"), help="measure this alone")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "archive_scoring.json")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="elvmass-archive-"))
    folder, results = work / "archive", work / "results"
    patients = make_archive(folder, options.recordings, workers=2)
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    found = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    date = {"date": datetime.datetime.now(tz=datetime.UTC).date().isoformat()}
    if options.only != "memory":
        found |= date | rates(folder, patients, results, options.price)
    if options.only != "rate" and options.n:
        found[f"memory_{options.n}"] = date | memory(folder, patients, options.n, results)
    if options.work is None:
        shutil.rmtree(work)
    text = json.dumps(found, indent=1)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def rates(folder: Path, patients: Path, results: Path, price: float) -> dict[str, object]:
    """Rate with one worker and with two, what reading and scoring take, and what that costs for a million."""
    paths = [folder / fmt for fmt in FORMATS]
    runs = [scored([*paths, "--patients", patients], results / f"{k}.parquet", k) for k in (1, 2)]
    per_s = [float(str(run["per_s"])) for run in runs]
    running = [float(str(run["per_s_without_start"] or run["per_s"])) for run in runs]
    spent = processor(folder, patients, results)
    return {
        "cores": os.cpu_count(),
        "goal_per_s_on_2_cores": GOAL_PER_S,
        "rate": runs,
        "scaling_1_to_2": round(per_s[1] / per_s[0], 2),
        "same_bytes_by_1_and_2_workers": (results / "1.parquet").read_bytes() == (results / "2.parquet").read_bytes(),
        "reading": reading(folder),
        "processor": spent,
        "million": {
            "as_measured": cost(max(running[0], running[1] / 2), price, "wall clock on this machine under its load"),
            "by_processor": cost(1000 / sum(spent.values()), price, "processor time, on cores of one's own"),
        },
    }


if __name__ == "__main__":
    main()
