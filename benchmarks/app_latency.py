"""How long a visitor waits, measured in the browser: upload to grams, to saliency, one interaction, eight at once.

    python benchmarks/app_latency.py [--n 20] [--users 8] [--rounds 4] [--out benchmarks/app_latency.json]

Starts the app and one Chromium on this machine, so both share its cores; the load average before the run is printed.
Each upload is another recording (a DICOM whose samples are scaled by a hair), so that nothing is answered from a cache.
"""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.async_api import Page, async_playwright
from pydicom.data import get_testdata_file

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.record import spread, write  # noqa: E402
from benchmarks.running_app import BROWSER_FLAGS, browser_path, running_app  # noqa: E402
from elvmass_core.domain import Patient, Sex  # noqa: E402
from elvmass_core.io import read_recording  # noqa: E402
from elvmass_core.io.writers import dicom_bytes  # noqa: E402

WAIT_MS = 60_000
GRAMS = '[data-testid="stMetricValue"]:has-text(" g")'
SALIENCY = ".st-key-beat_precordial .js-plotly-plot :text('g per 10 ms')"
THINK_S = 10.0


def uploads(n: int) -> list[dict[str, object]]:
    """Different recordings of one ECG as DICOM files with sex, age, height and weight."""
    content = Path(str(get_testdata_file("waveform_ecg.dcm", download=False))).read_bytes()
    original = read_recording({"a": content})
    person = Patient(sex=Sex.FEMALE, age_years=63.0, height_cm=165.0, weight_kg=70.0)
    files = []
    for index in range(n):
        signal_mv = np.round(original.signal_mv[:, ::2] * (1 + index * 1e-3), 4)
        buffer = dicom_bytes(replace(original, signal_mv=signal_mv, fs_hz=500.0), person)
        files.append({"name": f"IM{index:04d}", "mimeType": "application/octet-stream", "buffer": buffer})
    return files


async def visit(page: Page, url: str) -> None:
    """Open the Estimate page."""
    await page.goto(url)
    await page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)


async def analyse(page: Page, file: dict[str, object]) -> tuple[float, float]:
    """Upload one file; seconds until the grams and until the saliency are on the page."""
    started = time.perf_counter()
    await page.locator('input[type="file"]').first.set_input_files(file)
    await page.locator(GRAMS).first.wait_for(timeout=WAIT_MS)
    grams_s = time.perf_counter() - started
    await page.locator(SALIENCY).first.wait_for(timeout=WAIT_MS)
    return grams_s, time.perf_counter() - started


async def forget(page: Page) -> None:
    """Drop the ECG."""
    await page.get_by_text("— change").click()
    await page.get_by_role("button", name="Forget this ECG").click()
    await page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)


async def interaction(page: Page, layout: str) -> float:
    """Seconds from a click on another layout to the redrawn paper."""
    viewer = page.get_by_test_id("ecg-viewer")
    height = (await viewer.bounding_box() or {})["height"]
    started = time.perf_counter()
    await (
        page.get_by_role("radio", name=layout, exact=True)
        .or_(page.get_by_role("button", name=layout, exact=True))
        .first.click()
    )
    while time.perf_counter() - started < 30:
        box = await viewer.bounding_box()
        if box and abs(box["height"] - height) > 5:
            break
        await asyncio.sleep(0.01)
    return time.perf_counter() - started


async def one_visitor(browser, url: str, n: int) -> dict[str, dict[str, float]]:  # noqa: ANN001
    """One visitor, n uploads in a row, and the interactions."""
    page = await (await browser.new_context()).new_page()
    await visit(page, url)
    files = uploads(n + 1)
    await analyse(page, files[-1])  # loads the models
    grams, saliency = [], []
    for file in files[:n]:
        await forget(page)
        one, two = await analyse(page, file)
        grams.append(one)
        saliency.append(two)
    await page.wait_for_timeout(1000)
    clicks = [await interaction(page, layout) for layout in ("6x2", "12x1", "3x4+II") * max(1, n // 3)]
    await page.context.close()
    return {"upload to grams": spread(grams), "upload to saliency": spread(saliency), "interaction": spread(clicks)}


async def crowd(browser, url: str, users: int, rounds: int) -> dict[str, dict[str, float]]:  # noqa: ANN001
    """Visitors at one instant, then again and again with a time to think between."""
    pages = [await (await browser.new_context()).new_page() for _ in range(users)]
    for page in pages:
        await visit(page, url)
    files = uploads(users * (rounds + 1))
    at_once = await asyncio.gather(*(analyse(page, files[index]) for index, page in enumerate(pages)))

    async def think_and_go(index: int, page: Page) -> list[float]:
        times = []
        await asyncio.sleep(THINK_S * index / users)
        for turn in range(rounds):
            await forget(page)
            times.append((await analyse(page, files[users * (turn + 1) + index]))[0])
            await asyncio.sleep(THINK_S)
        return times

    thinking = await asyncio.gather(*(think_and_go(index, page) for index, page in enumerate(pages)))
    for page in pages:
        await page.context.close()
    return {
        f"{users} at one instant, to grams": spread([grams for grams, _ in at_once]),
        f"{users} at one instant, to saliency": spread([saliency for _, saliency in at_once]),
        f"{users} with {THINK_S:g} s to think, to grams": spread([one for times in thinking for one in times]),
    }


async def measure(url: str, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """All figures."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=browser_path(), args=list(BROWSER_FLAGS))
        results = await one_visitor(browser, url, options.n)
        results |= await crowd(browser, url, options.users, options.rounds)
        await browser.close()
    return results


def main() -> None:
    """Start the app, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with running_app() as app:
        results = {"start to health": spread([app.health_s])}
        results |= asyncio.run(measure(app.url, options))
    print(f"load average before the run {load:.1f}, {os.cpu_count()} cores, browser on the same machine")
    for name, figures in results.items():
        print(name.ljust(40), "  ".join(f"{kind[:3]} {figures[kind]:5.2f} s" for kind in ("p50_s", "p95_s", "max_s")))
    if options.out:
        write(options.out, {"load_before": round(load, 1), "cores": os.cpu_count(), **results})


if __name__ == "__main__":
    main()
