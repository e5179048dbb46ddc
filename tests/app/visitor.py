"""What the browser tests of the app share: the file they open, and what a visitor does with it."""

import re
from contextlib import contextmanager
from pathlib import Path

from pydicom.data import get_testdata_file

ROOT = Path(__file__).parents[2]
DICOM = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))
WAIT_MS = 60_000


@contextmanager
def visiting(browser, app_url: str, size: tuple[int, int] = (1440, 900)):
    """A fresh visitor; fails afterwards on a console error or a request to another machine.

    Without animations: what unfolds moves the buttons below it, and a click that ends beside its button is none.
    """
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    opened = context.new_page()
    errors, outside = [], []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("request", lambda request: outside.append(request.url) if _is_outside(request.url, app_url) else None)
    opened.goto(app_url)
    opened.get_by_text("not for diagnosis").wait_for(timeout=WAIT_MS)
    yield opened
    context.close()
    assert errors == []
    assert outside == []


def _is_outside(url: str, app_url: str) -> bool:
    return not url.startswith((app_url, app_url.replace("http", "ws"), "data:", "blob:"))


def upload(page, files: list[Path]) -> None:
    page.wait_for_function("document.querySelectorAll('input[type=file]').length === 1")  # a redraw may show two
    page.locator('input[type="file"]').set_input_files([str(path) for path in files])
    page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=WAIT_MS)


def grams(page) -> int:
    """LV mass as the result card shows it."""
    card = page.locator(".st-key-result_card")
    card.get_by_text("Model output (trained on simulated patients)").wait_for(timeout=WAIT_MS)
    shown = card.locator('[data-testid="stMetric"]', has_text="LV mass").locator('[data-testid="stMetricValue"]')
    match = re.fullmatch(r"(\d+) g", shown.first.inner_text().strip())
    assert match, "the LV mass is not a whole number of grams"
    return int(match.group(1))


def wait_for_saliency(page) -> None:
    for group in ("limb", "precordial"):
        page.locator(f".st-key-beat_{group}").get_by_text("g per 10 ms").wait_for(timeout=WAIT_MS)


def at_rest(page) -> None:
    """Wait until the app has drawn what it was asked for: a field that is being redrawn may lose what is typed."""
    page.wait_for_timeout(200)
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'", timeout=WAIT_MS
    )


def open_tab(page, name: str) -> None:
    """Turn to a tab of the page, once nothing moves it away."""
    at_rest(page)
    page.get_by_role("tab", name=name).click()
    page.get_by_role("tab", name=name, selected=True).wait_for(timeout=WAIT_MS)


def forget(page) -> None:
    """Drop the open ECG."""
    at_rest(page)
    page.get_by_text("— change").click()
    page.get_by_role("button", name="Forget this ECG").click()
    page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
