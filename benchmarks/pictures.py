"""The pictures of the app in `docs/`: the Estimate page at a desk and on a phone, the page on paper, a virtual patient.

    python benchmarks/pictures.py [--out docs]

Needs a Chromium and `requirements-test.txt`. Everything shown is an example that ships with the app.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from benchmarks.running_app import BROWSER_FLAGS, browser_path, running_app  # noqa: E402

EXAMPLE = "Simulated man, LVH with strain"
DESK, PHONE = (1440, 900), (390, 844)
WAIT_MS = 60_000


def main() -> None:
    """Start the app, take the pictures, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    out = parser.parse_args().out
    with running_app() as app, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path(), args=list(BROWSER_FLAGS))
        _desk(browser, app.url, out)
        _phone(browser, app.url, out)
        _virtual(browser, app.url, out)
        browser.close()


def _open(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> Page:
    """The example on a fresh page, its saliency drawn."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    page.get_by_label("Or open an example").click()
    page.get_by_role("option", name=EXAMPLE).first.click()
    page.locator(".st-key-beat_precordial").get_by_text("g per 10 ms").wait_for(timeout=WAIT_MS)
    page.wait_for_timeout(2500)
    return page


def _whole(page: Page, path: Path) -> None:
    """A picture of the whole page, however long."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(int(height) + 20, 5000)})  # type: ignore[index]
    page.wait_for_timeout(2500)
    page.screenshot(path=path)


def _desk(browser: Browser, url: str, out: Path) -> None:
    page = _open(browser, url, DESK, "light")
    _whole(page, out / "estimate.png")
    page.get_by_role("tab", name="Report").click()
    button = page.get_by_role("button", name="Download the page (PDF)")
    button.wait_for(timeout=WAIT_MS)
    with page.expect_download(timeout=WAIT_MS) as download:
        button.click()
    _paper(Path(download.value.path()), out / "report.png")
    page.context.close()


def _phone(browser: Browser, url: str, out: Path) -> None:
    page = _open(browser, url, PHONE, "dark")
    _whole(page, out / "phone.png")
    page.context.close()


def _virtual(browser: Browser, url: str, out: Path) -> None:
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}, color_scheme="light")
    page = context.new_page()
    page.goto(url)
    page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
    page.get_by_role("link", name="Virtual patient").first.click()
    page.get_by_test_id("ecg-viewer").wait_for(timeout=WAIT_MS)
    page.wait_for_timeout(2500)
    _whole(page, out / "virtual.png")
    context.close()


def _paper(pdf: Path, path: Path) -> None:
    """The PDF page as a picture, 150 dots an inch."""
    import pypdfium2

    pypdfium2.PdfDocument(pdf)[0].render(scale=150 / 72).to_pil().save(path)


if __name__ == "__main__":
    main()
