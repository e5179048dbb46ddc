"""A broken connection and a lost session, in a browser: what is open stays open, or the page says that it is gone."""

import signal
from contextlib import contextmanager

import pytest

from benchmarks import running_app as running
from tests.app.held_line import COLD_MS, held_app
from tests.app.visitor import DICOM, ROOT, WAIT_MS, at_rest, grams, upload, wait_for_saliency

pytestmark = pytest.mark.skipif(
    not any((ROOT / "weights").glob("*/manifest.json")), reason="weights/ holds no bundle: no grams to look for"
)
GONE = "The ECG that was open here is gone"


class Visitor:
    """A browser tab whose connection can be cut; the browser connects again by itself."""

    def __init__(self, context, url: str) -> None:
        self.page = context.new_page()
        self._routes = []
        self.page.route_web_socket("**/_stcore/stream*", self._connect)
        self.page.goto(url)
        self.page.get_by_text("not for diagnosis").wait_for(timeout=COLD_MS)

    def _connect(self, route) -> None:
        route.connect_to_server()
        self._routes.append(route)

    def pause(self, seconds: float) -> None:
        """Wait while the messages of the connection go on."""
        self.page.wait_for_timeout(1000 * seconds)

    def cut(self) -> None:
        """Close the connection and wait for the next one."""
        before = self.connections
        self._routes[-1].close(code=3001, reason="cut by the test")
        self.wait_for_connection(before)

    @property
    def connections(self) -> int:
        """How often the browser has connected so far."""
        return len(self._routes)

    def wait_for_connection(self, before: int) -> None:
        """Wait until it has connected more often."""
        for _ in range(1200):
            if self.connections > before:
                return
            self.page.wait_for_timeout(100)
        pytest.fail("the browser did not connect again")


@pytest.fixture(scope="module")
def url_and_line(browser, tmp_path_factory):
    with held_app(browser, tmp_path_factory.mktemp("line")) as (url, line):
        yield url, line


@contextmanager
def tab(browser, url: str):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield Visitor(context, url)
    context.close()


def age(page):
    return page.locator("[class*='st-key-age_years_'] input")


def choose_file(page) -> None:
    page.wait_for_function("document.querySelectorAll('input[type=file]').length === 1")
    page.locator('input[type="file"]').set_input_files(str(DICOM))


def test_after_a_broken_connection_the_ecg_and_what_was_typed_are_still_there(browser, url_and_line):
    with tab(browser, url_and_line[0]) as visitor:
        page = visitor.page
        upload(page, [DICOM])
        wait_for_saliency(page)
        at_rest(page)
        age(page).fill("71")
        age(page).press("Enter")
        at_rest(page)
        wait_for_saliency(page)
        before_g = grams(page)
        visitor.cut()
        at_rest(page)
        wait_for_saliency(page)
        assert grams(page) == before_g
        assert age(page).input_value() == "71"
        assert page.get_by_text(GONE).count() == 0


def test_a_connection_that_breaks_in_the_line_gives_up_the_place_and_lines_up_again(browser, url_and_line):
    url, line = url_and_line
    with tab(browser, url) as visitor:
        line.hold()
        try:
            choose_file(visitor.page)
            line.wait_for("waiting", lambda waiting: waiting == 1, visitor.pause)
            visitor.cut()
            visitor.page.get_by_role("status").filter(has_text="1st in line").wait_for(timeout=WAIT_MS)
            line.wait_for("waiting", lambda waiting: waiting == 1, visitor.pause)
        finally:
            line.release()
        assert 30 < grams(visitor.page) < 500
    line.wait_for("waiting", lambda waiting: waiting == 0)


@pytest.fixture
def two_servers(monkeypatch):
    """An app that can be killed and started again at the same address."""
    port = running.free_port()
    monkeypatch.setattr(running, "free_port", lambda: port)
    return running.running_app


def kill(app) -> None:
    app.process.send_signal(signal.SIGKILL)
    app.process.wait()


def test_after_a_restart_the_next_entry_finds_an_empty_page_that_says_why_and_opens_an_ecg_afresh(browser, two_servers):
    with two_servers() as first, tab(browser, first.url) as visitor:
        page = visitor.page
        page.get_by_role("combobox").first.click()
        page.get_by_role("option", name="Simulated man, normal heart").click()
        page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=COLD_MS)
        wait_for_saliency(page)
        at_rest(page)
        given = age(page).input_value()
        page.wait_for_timeout(2000)
        at_rest(page)  # a page that was cut off while it ran would be drawn anew by itself
        before = visitor.connections
        kill(first)
        with two_servers():
            visitor.wait_for_connection(before)
            assert page.locator(".st-key-result_card").count() == 1, "what was shown stays until something is asked"
            age(page).fill("72")
            age(page).press("Enter")
            page.get_by_text(GONE).wait_for(timeout=COLD_MS)
            page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
            at_rest(page)
            assert page.locator(".st-key-result_card").count() == 0
            assert page.get_by_role("combobox").first.input_value() == ""
            page.get_by_role("combobox").first.click()
            page.get_by_role("option", name="Simulated man, normal heart").click()
            page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=COLD_MS)
            wait_for_saliency(page)
            at_rest(page)
            assert age(page).input_value() == given
            assert page.get_by_text(GONE).count() == 0


def test_a_reloaded_page_is_a_clean_start_without_a_word(browser, url_and_line):
    with tab(browser, url_and_line[0]) as visitor:
        page = visitor.page
        upload(page, [DICOM])
        wait_for_saliency(page)
        page.reload()
        page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
        at_rest(page)
        assert page.get_by_text(GONE).count() == 0


def test_a_first_visit_says_nothing_of_a_lost_ecg_and_hides_its_mark(browser, url_and_line):
    with tab(browser, url_and_line[0]) as visitor:
        page = visitor.page
        page.get_by_text("Upload a resting 12-lead ECG").wait_for(timeout=WAIT_MS)
        assert page.get_by_text(GONE).count() == 0
        mark = page.locator(".st-key-open_before input")
        mark.wait_for(state="attached", timeout=WAIT_MS)
        assert not mark.is_visible()
