"""Whether the same file always gives the same grams: ``python benchmarks/determinism.py [--only NAME …] [--out …]``.

same_file_100_times_g   the same file read and analysed 100 times: largest difference from the first answer
thread_counts_g         in processes with 1, 2 and 4 threads of torch and of OpenMP: largest difference from one thread
eight_threads_g         eight threads on shared models, each with a patient of its own, while a ninth explains
eight_sessions_g        the same file uploaded to the running app by eight browsers at one instant, as each downloads it
…_segments_g            the same for the integrated gradients: lead × segment, in grams
golden                  the golden set of tests/golden: recordings, largest change of a mass, flips of a flag or refusal
other_processor         the golden set computed without AVX2 and AVX-512, as an old processor would

Figures already in the file that are not asked for by ``--only`` stay; each has the date and commit of its own run.
"""

import argparse
import asyncio
import contextlib
import csv
import datetime
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from elvmass_core.domain import Patient, Report, Sex  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402

OUT = Path(__file__).with_suffix(".json")
EXAMPLES = ROOT / "examples"
NAMES = (
    "woman_normal", "man_normal", "woman_concentric_lvh", "man_lvh_strain", "woman_lbbb", "man_atrial_fibrillation",
    "woman_obese_lvh", "man_tall_thin",
)  # fmt: skip
N_TIMES, N_ROUNDS, N_SESSIONS, N_IN_A_PROCESS = 100, 4, 8, 4
THREADS = ((1, 1), (2, 2), (4, 4), (4, 1))
"""Of OpenMP (``OMP_NUM_THREADS``) and of torch."""
OLD_PROCESSOR = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
}
"""Read by torch, oneDNN, OpenBLAS and NumPy when they are loaded."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SALIENCY = ".st-key-beat_precordial .js-plotly-plot :text('g per 10 ms')"
WAIT_MS = 600_000
Grams = dict[str, float]
Figures = dict[str, object]


# --- one answer -------------------------------------------------------------------------------------------------------


@cache
def patients() -> dict[str, Patient]:
    """Who the examples are."""
    with (EXAMPLES / "examples.csv").open(encoding="utf-8", newline="") as table:
        return {
            line["id"]: Patient(
                sex=Sex(line["sex"]),
                age_years=float(line["age"]),
                height_cm=float(line["height_cm"]),
                weight_kg=float(line["weight_kg"]),
            )
            for line in csv.DictReader(table)
        }


def analysed(name: str, models: Models, *, explain: bool = False) -> Report:
    """From the bytes on disk to the report."""
    recording = read_recording(load_files([EXAMPLES / f"{name}.hea"]))
    return analyse(recording, patients()[name], models, explain=explain)


def mass(report: Report) -> Grams:
    """The estimate and its interval."""
    if report.estimate is None:
        raise SystemExit("an example that should have an estimate has none")
    low, high = report.estimate.interval_g
    return {"lvm_g": report.estimate.lvm_g, "low_g": low, "high_g": high}


def segments(report: Report) -> Grams:
    """Integrated gradients by lead and segment; absent segments are left out."""
    if report.attribution is None:
        raise SystemExit("an example that should be explained is not")
    return _flat(report.attribution.segments_g)


def _flat(table: dict[str, dict[str, float | None]]) -> Grams:
    return {f"{lead} {part}": grams for lead, row in table.items() for part, grams in row.items() if grams is not None}


def largest_g(answers: Sequence[Grams], reference: Grams) -> float:
    """The largest difference of any number from the reference, g; infinite when a number is there and not here."""
    if any(one.keys() != reference.keys() for one in answers):
        return float("inf")
    return max(abs(one[name] - value) for one in answers for name, value in reference.items())


# --- again, with other threads, side by side --------------------------------------------------------------------------


def _models_of_the_app() -> Models:
    """The shipped weights, computing with one thread, as the app does."""
    torch.set_num_threads(1)
    return load_models(ROOT / "weights")


def same_file() -> Figures:
    """The same file again and again, every tenth time with its explanation."""
    models = _models_of_the_app()
    reports = [analysed(NAMES[0], models, explain=turn % 10 == 0) for turn in range(N_TIMES)]
    explained = [segments(report) for report in reports if report.attribution is not None]
    masses = [mass(report) for report in reports]
    return {
        "same_file_100_times_g": largest_g(masses, masses[0]),
        "same_file_segments_g": largest_g(explained, explained[0]),
    }


def eight_threads() -> Figures:
    """Eight visitors' threads on shared models while a ninth explains."""
    models, names = _models_of_the_app(), NAMES[:N_SESSIONS]
    alone = {name: mass(analysed(name, models)) for name in names}
    saliency = segments(analysed(NAMES[0], models, explain=True))
    start, done = threading.Barrier(len(names) + 1), threading.Event()

    def visit(name: str) -> float:
        start.wait()
        return largest_g([mass(analysed(name, models)) for _ in range(N_ROUNDS)], alone[name])

    def explain() -> list[Grams]:
        start.wait()
        found = [segments(analysed(NAMES[0], models, explain=True))]
        while not done.is_set():
            found.append(segments(analysed(NAMES[0], models, explain=True)))
        return found

    with ThreadPoolExecutor(len(names) + 1) as pool:
        explaining = pool.submit(explain)
        try:
            apart = max(pool.map(visit, names))
        finally:
            done.set()
        maps = explaining.result()
    return {
        "eight_threads_g": apart,
        "eight_threads_segments_g": largest_g(maps, saliency),
        "explanations_meanwhile": len(maps),
    }


def thread_counts() -> Figures:
    """A process for each number of threads."""
    runs = [_in_a_process(omp, of_torch) for omp, of_torch in THREADS]
    masses, parts = ([run[kind] for run in runs] for kind in ("mass", "segments"))
    return {
        "thread_counts_g": largest_g(masses, masses[0]),
        "thread_counts_segments_g": largest_g(parts, parts[0]),
        "thread_counts": [
            f"OMP_NUM_THREADS {omp}, torch {run['threads']}" for (omp, _), run in zip(THREADS, runs, strict=True)
        ],
    }


def _in_a_process(omp: int, of_torch: int) -> dict:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(omp),
        "OPENBLAS_NUM_THREADS": str(omp),
        "OMP_WAIT_POLICY": "PASSIVE",
    }
    command = [sys.executable, str(Path(__file__)), "--child", str(of_torch)]
    return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def child(of_torch: int) -> None:
    """Print what this process answers with so many threads of torch."""
    torch.set_num_threads(of_torch)
    models = load_models(ROOT / "weights")
    reports = {name: analysed(name, models, explain=name == NAMES[0]) for name in NAMES[:N_IN_A_PROCESS]}
    kinds = {
        "mass": {f"{name} {part}": grams for name, report in reports.items() for part, grams in mass(report).items()},
        "segments": segments(reports[NAMES[0]]),
    }
    print(json.dumps({"threads": torch.get_num_threads(), **kinds}))


# --- the running app --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running_app() -> Iterator[str]:
    """The app on a free port, as a user starts it; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def eight_sessions() -> Figures:
    """Eight browsers upload one file at one instant; what each saves is compared with the first."""
    with running_app() as url:
        saved = asyncio.run(_visitors(url))
    masses = [{name: one["estimate"][name] for name in ("lvm_g", "lvmi_g_m2", "p_lvh")} for one in saved]
    intervals = [dict(zip(("low_g", "high_g"), one["estimate"]["interval_g"], strict=True)) for one in saved]
    masses = [{**mass, **interval} for mass, interval in zip(masses, intervals, strict=True)]
    parts = [_flat(one["attribution"]["segments_g"]) for one in saved]
    return {
        "eight_sessions_g": largest_g(masses, masses[0]),
        "eight_sessions_segments_g": largest_g(parts, parts[0]),
        "sessions_answered": len(saved),
    }


async def _visitors(url: str) -> list[dict]:
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = await driver.chromium.launch(executable_path=found, args=FLAGS)
        pages = [await (await browser.new_context()).new_page() for _ in range(N_SESSIONS)]
        for page in pages:
            page.set_default_timeout(WAIT_MS)
            await page.goto(url, timeout=WAIT_MS)
            await page.get_by_text("Upload a resting 12-lead ECG").wait_for()
        saved = await asyncio.gather(*map(_upload_and_save, pages))
        await browser.close()
    return saved


async def _upload_and_save(page) -> dict:  # noqa: ANN001
    """Upload, wait for the saliency, and download the analysis; height and weight stand in the file."""
    await page.locator('input[type="file"]').first.set_input_files(_file())
    await page.locator(SALIENCY).first.wait_for()
    await page.get_by_role("tab", name="Report").click()
    button = page.get_by_role("button", name="Save this analysis (JSON)")
    await button.wait_for()
    async with page.expect_download(timeout=WAIT_MS) as download:
        await button.click()
    return json.loads(await _bytes(await download.value))


async def _bytes(download) -> bytes:  # noqa: ANN001
    return Path(await download.path()).read_bytes()


def _file() -> dict[str, object]:
    """An example as DICOM, which states the whole person."""
    from elvmass_core.io.writers import dicom_bytes

    recording = read_recording(load_files([EXAMPLES / f"{NAMES[0]}.hea"]))
    content = dicom_bytes(recording, patients()[NAMES[0]])
    return {"name": "IM0001", "mimeType": "application/octet-stream", "buffer": content}


# --- the golden set ---------------------------------------------------------------------------------------------------


def golden() -> Figures:
    """The golden set on this processor."""
    return {"golden": _golden()}


def other_processor() -> Figures:
    """The golden set as an old processor computes it: what another machine may change."""
    before = {name: os.environ.get(name) for name in OLD_PROCESSOR}
    os.environ.update(OLD_PROCESSOR)  # the worker processes read it when they start
    try:
        return {"other_processor": {**_golden(), "environment": OLD_PROCESSOR}}
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _golden() -> Figures:
    from tests.golden.compare import largest_g as largest_of
    from tests.golden.compare import n_flips, report
    from tests.golden.make import answers
    from tests.golden.recordings import REAL, catalogue, read_golden

    stored = read_golden()
    found = answers([recipe for recipe in stored if recipe.kind != REAL or recipe.source in catalogue()])
    print(report(stored, found) or "no recording of the golden set is answered in another way")
    kinds = {kind: sum(recipe.kind == kind for recipe in found) for kind in dict.fromkeys(one.kind for one in found)}
    other = sum(stored[recipe].digest != one.digest for recipe, one in found.items())
    return {
        "n": len(found),
        "largest_g": round(largest_of(stored, found), 2),
        "flips": n_flips(stored, found),
        "other_samples": other,
        **kinds,
    }


# --- all of it --------------------------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[], Figures]] = {
    "same_file": same_file,
    "threads": eight_threads,
    "thread_counts": thread_counts,
    "sessions": eight_sessions,
    "golden": golden,
    "other_processor": other_processor,
}


def stamp() -> Figures:
    """Date and commit."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return {"date": datetime.date.today().isoformat(), "commit": commit.stdout.strip()}


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    content = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    for name in options.only:
        print(f"{name} …", flush=True)
        figures = MEASURES[name]()
        content |= figures | stamp()
        content["measured"] = content.get("measured", {}) | {name: stamp()}
        print(json.dumps(figures, indent=1), flush=True)
        options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
