"""The running app and a visitor's browser."""

from pathlib import Path

import pytest

from benchmarks.running_app import BROWSER_FLAGS, AppNotStartedError, browser_path, running_app
from tests.app.visitor import visiting


@pytest.fixture(scope="module")
def app_url():
    """The app on a free port, as a user starts it."""
    try:
        with running_app() as app:
            yield app.url
    except AppNotStartedError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def browser():
    """The system's Chromium, else Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    found = browser_path()
    with playwright.sync_playwright() as driver:
        if found is None and not Path(driver.chromium.executable_path).is_file():
            pytest.skip("no Chromium: install one, or run `playwright install chromium`")
        opened = driver.chromium.launch(executable_path=found, args=list(BROWSER_FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser, app_url):
    """A fresh visitor; fails afterwards on a console error or a request to another machine."""
    with visiting(browser, app_url) as opened:
        yield opened
