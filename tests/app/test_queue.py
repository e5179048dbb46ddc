"""The line for heavy work: order, bound, places given up; alone, in the pages, and in a browser."""

import threading
import time
from contextlib import contextmanager

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

from pages.shared.work_queue import HEAD_START_S, LINE, LONGEST, SLOTS, Line, LineFullError, Work, ordinal
from tests.app.held_line import held_app
from tests.app.visitor import DICOM, ROOT, WAIT_MS, grams, upload, visiting

TIMEOUT_S = 60
SHORT, LONG = Work.SHORT, Work.LONG
needs_weights = pytest.mark.skipif(
    not any((ROOT / "weights").glob("*/manifest.json")), reason="weights/ holds no bundle: no grams to look for"
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def line_of(slots=1, **options) -> tuple[Line, Clock]:
    clock = Clock()
    return Line(slots, clock=clock, **options), clock


# --- The line itself --------------------------------------------------------------------------------------------------


def test_work_begins_at_once_where_a_slot_is_free():
    line, _ = line_of(slots=2)
    assert [line.place(line.join(SHORT)) for _ in range(3)] == [0, 0, 1]
    assert line.counts == (2, 1)


def test_who_comes_first_is_served_first():
    line, _ = line_of()
    first, second, third = (line.join(SHORT) for _ in range(3))
    line.leave(first)
    assert (line.place(second), line.place(third)) == (0, 1)
    line.leave(second)
    assert line.place(third) == 0


def test_short_work_overtakes_long_work_that_waits():
    line, _ = line_of()
    line.join(SHORT)
    long, short = line.join(LONG), line.join(SHORT)
    assert (line.place(short), line.place(long)) == (1, 2)


def test_long_work_is_not_overtaken_for_ever():
    line, clock = line_of()
    line.join(SHORT)
    long = line.join(LONG)
    clock.now_s = HEAD_START_S + 0.1
    short = line.join(SHORT)
    assert (line.place(long), line.place(short)) == (1, 2)


def test_a_full_line_turns_away_and_keeps_nothing_of_who_was_turned_away():
    line, _ = line_of(longest=2)
    held = [line.join(SHORT) for _ in range(3)]
    for work in Work:
        with pytest.raises(LineFullError):
            line.join(work)
    assert line.counts == (1, 2)
    line.leave(held[1])
    assert line.place(line.join(SHORT)) == 2


def test_who_leaves_the_line_lets_the_others_move_up():
    line, _ = line_of()
    _, second, third = (line.join(SHORT) for _ in range(3))
    line.leave(second)
    assert line.place(third) == 1
    line.leave(second)  # once more does no harm
    assert line.counts == (1, 1)


def test_very_long_work_gives_way_between_its_parts_and_comes_back():
    line, _ = line_of()
    cohort = line.join(LONG)
    line.give_way(cohort)
    assert line.place(cohort) == 0, "nobody waits"
    other = line.join(LONG)
    line.give_way(cohort)
    assert (line.place(other), line.place(cohort)) == (0, 1)
    line.leave(other)
    assert line.place(cohort) == 0


def test_a_place_is_said_as_an_english_ordinal():
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 42, 111)
    assert " ".join(map(ordinal, numbers)) == "1st 2nd 3rd 4th 11th 12th 13th 21st 42nd 111th"


def test_many_threads_never_work_together_beyond_the_slots_and_leave_nothing_behind():
    line = Line(3, longest=200)
    lock, at_work, most, served = threading.Lock(), [], [], []

    def visitor(number: int) -> None:
        ticket = line.join(LONG if number % 3 == 0 else SHORT)
        try:
            place = line.place(ticket)
            if place and number % 7 == 0:
                return  # has no patience
            while place:
                place = line.wait(ticket, place, 1.0)
            with lock:
                at_work.append(number)
                most.append(len(at_work))
            time.sleep(0.001)
            with lock:
                at_work.remove(number)
                served.append(number)
        finally:
            line.leave(ticket)

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert not any(thread.is_alive() for thread in threads)
    assert {number for number in range(150) if number % 7} <= set(served)
    assert max(most) <= 3
    assert line.counts == (0, 0)


# --- In the pages -----------------------------------------------------------------------------------------------------


@contextmanager
def others_at_work(waiting: int = 0):
    """Other visitors hold all slots of the app's line, and so many wait; gives back what lets them go."""
    tickets = [LINE.join(SHORT) for _ in range(SLOTS + waiting)]

    def let_go() -> None:
        while tickets:
            LINE.leave(tickets.pop())

    try:
        yield let_go
    finally:
        let_go()
    assert LINE.counts == (0, 0), "a place leaked"


def start() -> AppTest:
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S).run()


def upload_to(at: AppTest) -> AppTest:
    return at.file_uploader(key="ecg_files").upload("ecg", DICOM.read_bytes(), "application/octet-stream").run()


def until_somebody_waits() -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while LINE.counts[1] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_result(at: AppTest) -> bool:
    return any("Averaged beat" in one.value for one in at.markdown)


def test_a_page_waits_for_its_turn_and_then_shows_what_it_would_have_shown():
    at = start()
    with others_at_work() as let_go:
        helper = threading.Thread(target=lambda: (until_somebody_waits(), let_go()))
        helper.start()
        upload_to(at)
        helper.join(TIMEOUT_S)
    assert not at.exception
    assert has_result(at)
    assert "Waiting" not in " ".join(str(one.proto) for one in at.get("html"))


def test_a_full_line_is_said_in_a_sentence_and_a_button_gets_the_answer_later():
    at = start()
    with others_at_work(waiting=LONGEST) as let_go:
        upload_to(at)
        assert not at.exception
        assert any("Nothing is lost" in one.value for one in at.warning)
        assert not has_result(at)
        let_go()
        at.button(key="line_again").click().run()
    assert has_result(at)
    assert not any("Nothing is lost" in one.value for one in at.warning)


@pytest.mark.parametrize("ending", [StopException(), RuntimeError("broken")])
def test_work_that_ends_in_any_way_gives_its_slot_back(ending):
    from pages.shared.waiting import silent_turn

    with others_at_work() as let_go:
        let_go()
        with pytest.raises(type(ending)), silent_turn(LONG):
            raise ending


# --- In a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url_and_line(browser, tmp_path_factory):
    with held_app(browser, tmp_path_factory.mktemp("line")) as (url, line):
        yield url, line


@pytest.fixture
def line_and_url(url_and_line):
    url, line = url_and_line
    yield line, url
    line.release()
    line.wait_for("waiting", lambda waiting: waiting == 0)
    line.wait_for("working", lambda working: working == 0)


def choose_file(page) -> None:
    page.wait_for_function("document.querySelectorAll('input[type=file]').length === 1")
    page.locator('input[type="file"]').set_input_files(str(DICOM))


def place(page, words: str):
    return page.get_by_role("status").filter(has_text=f"{words} in line")


@needs_weights
def test_the_place_in_the_line_stands_on_the_page_moves_up_and_goes(browser, line_and_url):
    line, url = line_and_url
    with visiting(browser, url) as first, visiting(browser, url) as second:
        line.hold()
        choose_file(first)
        place(first, "1st").wait_for(timeout=WAIT_MS)
        choose_file(second)
        place(second, "2nd").wait_for(timeout=WAIT_MS)
        first.close()
        place(second, "1st").wait_for(timeout=WAIT_MS)
        line.wait_for("waiting", lambda waiting: waiting == 1)
        line.release()
        assert 30 < grams(second) < 500
        second.get_by_text("in line").wait_for(state="detached", timeout=WAIT_MS)


@needs_weights
def test_a_visitor_who_clicks_on_while_waiting_gives_up_the_place(browser, line_and_url):
    line, url = line_and_url
    with visiting(browser, url) as page:
        line.hold()
        choose_file(page)
        place(page, "1st").wait_for(timeout=WAIT_MS)
        page.get_by_role("link", name="Model card").click()
        page.get_by_role("heading", name="Model card").first.wait_for(timeout=WAIT_MS)
        line.wait_for("waiting", lambda waiting: waiting == 0)


@needs_weights
def test_work_that_begins_at_once_shows_no_place(browser, line_and_url):
    _, url = line_and_url
    with visiting(browser, url) as page:
        page.evaluate(
            "new MutationObserver(() => { if (document.body.innerText.includes('in line')) window.saidPlace = true; })"
            ".observe(document.body, {childList: true, subtree: true, characterData: true})"
        )
        upload(page, [DICOM])
        assert 30 < grams(page) < 500
        assert page.evaluate("window.saidPlace") is None
