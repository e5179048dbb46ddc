"""Many uploads in a row through the running app: errors, memory, open files, what is left, waiting times.

    python benchmarks/soak.py [--uploads 2000] [--clients 4] [--parts start session soak] [--out benchmarks/soak.json]

start    from the start of the process to a page in the browser that takes an upload: once with the files of the
         environment dropped from the system's memory first (as far as it lets go of them), then again
session  memory of the idle app, with the models, and of each further visitor, without and with an open ECG
soak     visitors without a browser (`benchmarks.wire`), each at work without a pause, with a new session every 25
         uploads: another recording in another format each time, one in ten broken, some downloads, second ECGs and
         "Forget this ECG"; a share of the masses on the page is compared with the core's

The app has a folder for temporary files of its own, so that what is left can be counted. Every upload and every look at
the process is also a line of ``--lines`` (JSON), written as it happens; a run that is stopped early (Ctrl-C or SIGTERM)
still writes its figures, of the uploads it made. Memory counts as flat when the median of the last quarter after
warm-up (the first fifth of the uploads) is within 5 % of that of the first.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import psutil  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.record import spread, stamp, write  # noqa: E402
from benchmarks.running_app import BROWSER_FLAGS, RunningApp, browser_path, running_app  # noqa: E402
from benchmarks.soak_client import (  # noqa: E402
    BAD,
    CHECK_EVERY,
    FORGET_EVERY,
    SEED,
    WITH_FACTS,
    Client,
    Outcome,
)
from benchmarks.upload_files import FORMATS, files_of, simulated_case  # noqa: E402
from benchmarks.wire import PATIENCE_S, Visitor, open_sessions  # noqa: E402

N_CASES = 40
LOOK_S, SETTLE_S = 5.0, 130.0
"""Streamlit keeps a session that lost its connection for two minutes."""
WARM_UP, FLAT = 0.2, 0.05
N_SESSIONS, N_STARTS = 10, 3
KB, MB = 1024, 1e6
MEMORY = ("app_mb", "app_own_mb", "reader_mb", "reader_own_mb")
WAIT_MS = 180_000


# --- the process ------------------------------------------------------------------------------------------------------


def memory_mb(pid: int | None) -> tuple[float, float]:
    """Resident memory of a process and the part of it that no file backs, in MB; 0 when there is none.

    Pages of libraries come and go with the system's wishes; what a program keeps is in the second.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if pid else []
    except OSError:
        lines = []
    kb = {line.split(":")[0]: float(line.split()[1]) for line in lines if line.startswith(("VmRSS", "RssAnon"))}
    return round(kb.get("VmRSS", 0.0) * KB / MB, 1), round(kb.get("RssAnon", 0.0) * KB / MB, 1)


def look(app: RunningApp, folder: Path) -> dict[str, float]:
    """The app's process, its reading server and its temporary files, now."""
    process, reader = psutil.Process(app.pid), app.reader_pid()
    (app_mb, app_own_mb), (reader_mb, reader_own_mb) = memory_mb(app.pid), memory_mb(reader)
    return {
        "app_mb": app_mb,
        "app_own_mb": app_own_mb,
        "reader_mb": reader_mb,
        "reader_own_mb": reader_own_mb,
        "open_files": process.num_fds(),
        "reader_open_files": psutil.Process(reader).num_fds() if reader else 0,
        "threads": process.num_threads(),
        "temporary_files": sum(path.is_file() for path in folder.rglob("*")),
        "sessions": open_sessions(app.url),
    }


@dataclass
class Diary:
    """Outcomes and looks as they happen."""

    lines: Path | None
    total: int
    outcomes: list[Outcome] = field(default_factory=list)
    looks: list[dict[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    started: float = field(default_factory=time.perf_counter)

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome; a line of progress after every twentieth of all."""
        with self.lock:
            self.outcomes.append(outcome)
            self._line({"upload": asdict(outcome)})
            done = len(self.outcomes)
            if done % max(1, self.total // 20) == 0:
                minutes = (time.perf_counter() - self.started) / 60
                kinds = dict(Counter(one.kind for one in self.outcomes))
                last = self.looks[-1] if self.looks else {}
                print(f"{done} of {self.total} uploads, {minutes:.1f} min, {kinds}, {last}", flush=True)

    def see(self, found: dict[str, float]) -> None:
        """Keep a look at the process, with the number of uploads made by then."""
        with self.lock:
            self.looks.append({"uploads": len(self.outcomes), **found})
            self._line({"look": self.looks[-1]})

    def _line(self, content: dict[str, object]) -> None:
        if self.lines is not None:
            with self.lines.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(content) + "\n")


# --- the parts --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def app_with_own_folder(log: Path | None = None) -> Iterator[tuple[RunningApp, Path]]:
    """The running app and its folder for temporary files."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name) / "tmp"
        folder.mkdir()
        told = log or Path(name) / "log"
        with running_app(environment={"TMPDIR": str(folder)}, log=told) as app:
            yield app, folder


def soak(n: int, n_clients: int, lines: Path | None, patience_s: float) -> dict[str, object]:
    """`n` uploads by `n_clients` visitors at once."""
    cases = [simulated_case(SEED, index) for index in range(N_CASES)]
    diary, numbers = Diary(lines, n), _Shared(n)
    with tempfile.TemporaryDirectory(prefix="soak-log-") as where:
        log = Path(where) / "log"
        with app_with_own_folder(log) as (app, folder):
            before = look(app, folder)
            clients = [_worker(Client(app.url, cases, SEED, patience_s), app, numbers, diary) for _ in range(n_clients)]
            try:
                while any(client.is_alive() for client in clients) and app.is_running():
                    diary.see(look(app, folder))
                    time.sleep(LOOK_S)
            except KeyboardInterrupt:
                numbers.stop()
            for client in clients:
                client.join()
            if not app.is_running():
                sys.exit(f"The app ended by itself after {len(diary.outcomes)} uploads.\n{log.read_text()[-2000:]}")
            closed = look(app, folder)
            time.sleep(SETTLE_S)
            after = look(app, folder)
            left = sorted(path.name for path in folder.rglob("*"))
        said = log.read_text(encoding="utf-8", errors="replace")
    result = _figures(diary, n_clients) | {"before": before, "closed": closed, "after": after, "left": left}
    return result | {"exceptions_in_the_log": dict(Counter(raised(said)).most_common(10))}


def raised(said: str) -> list[str]:
    """The last line of every traceback in a log."""
    blocks = said.split("Traceback (most recent call last)")[1:]
    lines = [[line for line in block.splitlines()[1:] if line and not line.startswith((" ", "\t"))] for block in blocks]
    return [found[0][:200] for found in lines if found]


class _Shared:
    """Numbers handed out to several threads."""

    def __init__(self, n: int) -> None:
        self._numbers, self._lock = iter(range(n)), threading.Lock()

    def __iter__(self) -> "Iterator[int]":
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._numbers)

    def stop(self) -> None:
        """No more."""
        with self._lock:
            self._numbers = iter(())


def _worker(client: Client, app: RunningApp, numbers: _Shared, diary: Diary) -> threading.Thread:
    """A thread that goes from session to session; a session that breaks is an error, and the next one begins."""

    def work() -> None:
        more = True
        while more and app.is_running():
            try:
                more = client.session(numbers, diary.note)
            except Exception as error:  # noqa: BLE001  # Whatever a visitor meets is what is counted.
                words = f"{type(error).__name__}: {error}"[:300]
                nan = float("nan")
                diary.note(Outcome(number=-1, fmt="", kind="broken session", grams_s=nan, rest_s=nan, detail=words))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _figures(diary: Diary, n_clients: int) -> dict[str, object]:
    """All figures of the uploads."""
    outcomes = diary.outcomes
    bad = [one for one in outcomes if one.kind in BAD]
    quick = [one.grams_s for one in outcomes if one.grams_s == one.grams_s and one.number % FORGET_EVERY]
    return {
        "uploads": sum(one.kind != "broken session" for one in outcomes),
        "clients": n_clients,
        "minutes": round((time.perf_counter() - diary.started) / 60, 1),
        "errors": len(bad),
        "errors_in_words": [f"{one.number} {one.fmt} {one.kind}: {one.detail}" for one in bad[:20]],
        "outcomes": dict(Counter(one.kind for one in outcomes)),
        "by_format": {
            fmt: dict(Counter(one.kind for one in outcomes if one.fmt == fmt)) for fmt in (*FORMATS, "broken")
        },
        "masses_compared_with_the_core": sum(
            one.number % CHECK_EVERY == 0 and one.fmt in WITH_FACTS and one.kind in ("grams", "wrong")
            for one in outcomes
        ),
        "upload_to_grams": spread(quick),
        "upload_to_rest": spread([one.rest_s for one in outcomes if one.rest_s == one.rest_s]),
        "memory": {name: trend(diary.looks, name, len(outcomes)) for name in MEMORY},
        "most": {
            name: max((one[name] for one in diary.looks), default=0)
            for name in (*MEMORY, "open_files", "reader_open_files", "threads", "temporary_files")
        },
        "looks": diary.looks[:: max(1, len(diary.looks) // 100)],
    }


def trend(looks: Sequence[dict[str, float]], name: str, n: int) -> dict[str, object]:
    """Medians of the quarters after warm-up, the change from the first to the last, and the slope of all."""
    kept = [one for one in looks if one["uploads"] >= WARM_UP * n]
    if len(kept) < 8:
        return {"quarters": [], "change": None, "flat": None}
    values, done = [one[name] for one in kept], [one["uploads"] for one in kept]
    size = len(values) // 4
    quarters = [statistics.median(values[k * size : (k + 1) * size]) for k in range(4)]
    change = quarters[3] / quarters[0] - 1.0 if quarters[0] else 0.0
    slope = statistics.linear_regression(done, values).slope if len(set(done)) > 1 else 0.0
    return {
        "quarters": quarters,
        "change": round(change, 4),
        "mb_per_1000_uploads": round(1000 * slope, 2),
        "flat": change <= FLAT,
    }


def session_memory() -> dict[str, object]:
    """Memory of the idle app, with the models, and of each further visitor."""
    with app_with_own_folder() as (app, folder), contextlib.ExitStack() as stack:
        steps = {"started": look(app, folder)}
        first = stack.enter_context(Visitor(app.url))
        steps["first page"] = look(app, folder)
        case = simulated_case(SEED, 0)
        for number in range(12):  # what is made once, and the allocator's reserves
            first.upload("ecg_files", files_of("dicom", case.scaled(1.0 + 1e-3 * number), f"warm{number}"))
        steps["models loaded, one visitor"] = look(app, folder)
        visitors = [stack.enter_context(Visitor(app.url)) for _ in range(N_SESSIONS)]
        steps[f"{N_SESSIONS} more visitors"] = look(app, folder)
        for number, visitor in enumerate(visitors):
            visitor.upload("ecg_files", files_of("dicom", case.scaled(1.1 + 1e-3 * number), f"open{number}"))
        steps["each with an ECG open"] = look(app, folder)
    own = [one["app_own_mb"] for one in steps.values()]
    return {
        "steps": steps,
        "idle_mb": steps["started"]["app_mb"],
        "loaded_mb": steps["models loaded, one visitor"]["app_mb"],
        "per_session_mb": round((own[3] - own[2]) / N_SESSIONS, 2),
        "per_session_with_ecg_mb": round((own[4] - own[2]) / N_SESSIONS, 2),
    }


def let_go_of(folder: Path) -> None:
    """Ask the system to drop the files of a folder from its memory; those in use stay."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                handle = os.open(path, os.O_RDONLY)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(handle)


def start_up() -> dict[str, object]:
    """Seconds from the start of the process to a page that takes an upload, and to the grams of the first."""
    from playwright.sync_api import sync_playwright

    runs: list[dict[str, float]] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=list(BROWSER_FLAGS))
        for index in range(N_STARTS):
            if index == 0:
                let_go_of(Path(sys.prefix))
                let_go_of(ROOT / "weights")
            runs.append(_one_start(browser))
        browser.close()
    return {"cold": runs[:1], "warm": runs[1:], "load_average": round(os.getloadavg()[0], 1)}


def _one_start(browser: object) -> dict[str, float]:
    started = time.perf_counter()
    with app_with_own_folder() as (app, _):
        page = browser.new_page()  # type: ignore[attr-defined]
        page.goto(app.url)
        page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
        page.locator('input[type="file"]').first.wait_for(state="attached", timeout=WAIT_MS)
        page_s = time.perf_counter() - started
        (name, content), *_ = files_of("dicom", simulated_case(SEED, 0), "first").items()
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.locator('input[type="file"]').first.set_input_files(file)
        grams = page.locator('[data-testid="stMetricValue"]:has-text(" g")').first
        grams.wait_for(timeout=WAIT_MS)
        grams_s = time.perf_counter() - started
        page.close()
    return {"health_s": round(app.health_s, 2), "page_s": round(page_s, 2), "first_grams_s": round(grams_s, 2)}


PARTS = ("start", "session", "soak")


def main() -> int:
    """Run the parts, print, write; 1 when an upload went wrong or a file was left."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--uploads", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="s that one answer may take")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--lines", type=Path, help="a JSON line for every upload and look, as they happen")
    parser.add_argument("--out", type=Path, help="JSON file; parts that are not run stay as they are in it")
    options = parser.parse_args()
    for stop in (signal.SIGINT, signal.SIGTERM):  # also where a shell let a job in the background ignore them
        signal.signal(stop, signal.default_int_handler)
    made = {
        "start": start_up,
        "session": session_memory,
        "soak": lambda: soak(options.uploads, options.clients, options.lines, options.patience),
    }
    known = json.loads(options.out.read_text()) if options.out and options.out.is_file() else {}
    result = {name: known[name] for name in PARTS if name in known}
    for name in options.parts:
        result[name] = {"measured": stamp(), **made[name]()}
        print(json.dumps({name: {key: one for key, one in result[name].items() if key != "looks"}}, indent=1))
        if options.out:
            write(options.out, result)
    done = result.get("soak", {})
    return int(bool(done.get("errors") or done.get("left")))


if __name__ == "__main__":
    sys.exit(main())
