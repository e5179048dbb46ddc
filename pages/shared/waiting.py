"""A visitor's turn at heavy work: the place in the line stands on the page, and is given up when the visitor goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.work_queue import LINE, Line, LineFullError, Ticket, Work, ordinal

_PATIENCE_S = 0.5
"""A shorter wait is not worth a word; Streamlit's spinner begins as late."""
_TICK_S = 0.25
"""How soon a visitor who left, or clicked on, gives up the place."""
_NO_KEY = "line_looks_into_the_session"
_FULL = (
    "**Very many visitors are asking for an answer at this moment, so this one was not begun.** Nothing is lost: what "
    "you opened and typed is still here. Try again in a few seconds."
)


@contextmanager
def turn(work: Work, doing: str = "", *, line: Line = LINE) -> Iterator[Callable[[], None]]:
    """Wait for a turn at heavy work, with the place on the page, and hold it for the block.

    Parameters
    ----------
    work : Work
    doing : str
        What a spinner says once the work has begun.
    line : Line

    Yields
    ------
    callable ()
        To call between the parts of very long work: it lets others go first.

    Notes
    -----
    Keep the result inside the block: leaving it may end the script run. When the line is full, a sentence and a button
    stand on the page and the run stops.
    """
    sign = st.empty()  # also where nobody waits: what follows on the page then never changes its place
    try:
        ticket = line.join(work)
    except LineFullError:
        _say_full()
        st.stop()
    try:
        _wait(line, ticket, sign)
        with st.spinner(doing) if doing else nullcontext():
            yield lambda: _let_others_go(line, ticket, sign)
    finally:
        line.leave(ticket)


@contextmanager
def silent_turn(work: Work, *, line: Line = LINE) -> Iterator[None]:
    """The same where no page can be written to, as for a download.

    Raises
    ------
    LineFullError
        As many are waiting as may wait.
    """
    ticket = line.join(work)
    try:
        place = line.place(ticket)
        while place:
            place = line.wait(ticket, place, _TICK_S)
        yield
    finally:
        line.leave(ticket)


def _wait(line: Line, ticket: Ticket, sign: DeltaGenerator) -> None:
    """Wait until the ticket is at work; after a moment of patience the place is written, and again when it changes."""
    place, said, patient_until = line.place(ticket), 0, time.monotonic() + _PATIENCE_S
    while place:
        if place != said and time.monotonic() >= patient_until:
            sign.html(_place_words(place))
            said = place
        place = line.wait(ticket, place, _TICK_S)
        _may_end_here()
    if said:
        sign.empty()


def _may_end_here() -> None:
    """Any look into the session lets Streamlit end a run whose visitor has gone or asked for something else."""
    st.session_state.get(_NO_KEY)


def _let_others_go(line: Line, ticket: Ticket, sign: DeltaGenerator) -> None:
    line.give_way(ticket)
    _wait(line, ticket, sign)


def _place_words(place: int) -> str:
    """The place in words that a screen reader reads out when they change."""
    return (
        '<p role="status" aria-live="polite" style="margin:0; padding:0.5rem 0.75rem; border-left:4px solid">'
        f"Waiting: <strong>{ordinal(place)} in line</strong>. Others are being served; short work goes first. "
        "This page goes on by itself; what stands below in grey is from before.</p>"
    )


def _say_full() -> None:
    st.warning(_FULL)
    if st.button("Try again", key="line_again"):
        st.rerun()
