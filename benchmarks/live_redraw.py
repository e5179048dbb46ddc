"""From a slider to the redrawn page, in a browser and in the core: ``python benchmarks/live_redraw.py [--out …]``.

A move is one press of an arrow key on a slider of the Virtual patient page; the page is redrawn when the last change of
its DOM has passed (grams, anatomy, beat, ECG paper, trace). Every setting is new, so nothing is remembered from an
earlier move. The core's part is measured apart, step by step.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.record import spread, write  # noqa: E402
from benchmarks.running_app import BROWSER_FLAGS, browser_path, running_app  # noqa: E402
from elvmass_core.domain import Sex  # noqa: E402
from elvmass_core.live import show  # noqa: E402
from elvmass_core.live.show import person, record  # noqa: E402
from elvmass_core.models.bundle import load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.virtual import simulate_beat  # noqa: E402
from elvmass_core.virtual.dial import TYPICAL, Dials, virtual_patient  # noqa: E402
from elvmass_core.virtual.torso import solve_torso  # noqa: E402

QUIET_MS, PATIENCE_MS = 500, 15_000
SLIDERS = ("septum_mm", "weight_kg", "strain", "tilt_deg", "v12_up_cm", "cavity_ml")
_WATCH = """
() => {
  window.lastChange = 0;
  new MutationObserver(() => { window.lastChange = performance.now(); }).observe(
    document.querySelector('[data-testid="stMain"]'),
    { subtree: true, childList: true, characterData: true, attributes: true });
}
"""
_WATCH_CARD = """
() => {
  window.firstCard = 0;
  window.cardWatch?.disconnect();
  window.cardWatch = new MutationObserver(() => { window.firstCard ||= performance.now(); });
  window.cardWatch.observe(
    document.querySelector('.st-key-virtual_card'), { subtree: true, childList: true, characterData: true });
}
"""
_STATE = """
() => [performance.now(), window.lastChange, document.querySelectorAll('[data-test-script-state="running"]').length]
"""


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=24)
    parser.add_argument("--part", choices=["core", "browser"], help="only one of the two")
    parser.add_argument("--out", type=Path, help="JSON file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.part != "browser":
        core(arguments.moves)
    if arguments.part != "core":
        with running_app() as app:
            in_browser(app.url, app.pid, arguments.moves)
    if arguments.out:
        write(arguments.out, _FIGURES)


def core(n: int) -> None:
    """Every step of a move, one thread."""
    models = load_models(ROOT / "weights")
    heavier = [replace(TYPICAL[Sex.MALE], septum_mm=6.0 + 0.25 * k) for k in range(n)]
    strained = [replace(TYPICAL[Sex.MALE], strain=round(0.05 * k, 2)) for k in range(min(n, 30))]
    show(heavier[0], models)
    steps = {
        "dials → patient": lambda dials: virtual_patient(dials),
        "patient → beat, new heart or chest": lambda dials: simulate_beat(virtual_patient(dials)),
        "beat → recording": lambda dials: record(*_simulated(dials)),
        "recording → report": lambda dials: analyse(_recorded(dials), person(dials), models),
    }
    report("core, all of a new heart or chest", _times(lambda dials: show(dials, models), heavier))
    report("core, all of another strain (torso remembered)", _times(lambda dials: show(dials, models), strained))
    for words, step in steps.items():
        solve_torso.cache_clear()
        before = _BEFORE.get(words, lambda dials: None)
        report(f"  {words}", _times(step, heavier, before))


def _simulated(dials: Dials) -> tuple:
    if dials not in _SIMULATED:
        patient = virtual_patient(dials)
        _SIMULATED[dials] = (patient, simulate_beat(patient))
    return _SIMULATED[dials]


def _recorded(dials: Dials) -> object:
    if dials not in _RECORDED:
        _RECORDED[dials] = record(*_simulated(dials))
    return _RECORDED[dials]


_FIGURES: dict[str, object] = {}
_SIMULATED: dict = {}
_RECORDED: dict = {}
_BEFORE: dict[str, Callable[[Dials], object]] = {"beat → recording": _simulated, "recording → report": _recorded}


def _times(step: Callable[[Dials], object], settings: list[Dials], before: Callable | None = None) -> np.ndarray:
    """Milliseconds of each setting."""
    found = []
    for dials in settings:
        if before is not None:
            before(dials)
        start = time.perf_counter()
        step(dials)
        found.append(1e3 * (time.perf_counter() - start))
    return np.array(found[1:])


def in_browser(url: str, server: int, moves: int) -> None:
    """Arrow keys on several sliders; every setting is new."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=list(BROWSER_FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
        clock.send("Performance.enable")
        page.goto(f"{url}/virtual_patient")
        page.locator(".st-key-virtual_trace svg").first.wait_for(timeout=120_000)
        page.get_by_test_id("ecg-viewer").wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        page.evaluate(_WATCH)
        rows = np.array([_move(page, clock, server, SLIDERS[move % len(SLIDERS)]) for move in range(moves)])
        browser.close()
    words = (
        "until the card has changed", "until the page has come to rest", "processor time of the server",
        "processor time of the browser's main thread", "processor time of both",
    )  # fmt: skip
    for column, name in enumerate(words):
        report(f"browser, {moves} moves, {name}", rows[:, column])


def _move(page: Any, clock: Any, server: int, name: str) -> tuple[float, float, float, float, float]:
    """Press an arrow key; milliseconds to the card's first change and to the last of the page, and processor times."""
    page.locator(f".st-key-dial_{name} input[type=range]").focus()
    page.wait_for_timeout(300)
    page.evaluate(_WATCH_CARD)
    spent = (_server_ms(server), _browser_ms(clock))
    start = page.evaluate("() => performance.now()")
    page.keyboard.press("ArrowRight")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        page.wait_for_timeout(100)
        now, changed, running = page.evaluate(_STATE)
        if not running and changed > start and now - changed > QUIET_MS:
            break
    on_server, in_page = _server_ms(server) - spent[0], _browser_ms(clock) - spent[1]
    card, changed = page.evaluate("() => [window.firstCard, window.lastChange]")
    return (card or changed) - start, changed - start, on_server, in_page, on_server + in_page


def _server_ms(pid: int) -> float:
    """Processor time of the server so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return 1e3 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _browser_ms(clock: Any) -> float:
    """Processor time of the page's main thread so far."""
    metrics = {one["name"]: one["value"] for one in clock.send("Performance.getMetrics")["metrics"]}
    return 1e3 * metrics["TaskDuration"]


def report(words: str, times_ms: np.ndarray) -> None:
    """One line."""
    _FIGURES[words.strip()] = spread(times_ms.tolist(), "ms", 0)
    p50, p95 = np.percentile(times_ms, [50, 95])
    print(f"{words:64s} p50 {p50:5.0f} ms   p95 {p95:5.0f} ms   most {times_ms.max():5.0f} ms", flush=True)


if __name__ == "__main__":
    main()
