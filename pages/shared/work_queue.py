"""One line for the heavy work of all visitors: a few are at work, the others wait in order and know their place.

A burst then slows instead of having everybody compute at once. The work itself stays in the thread that asked for it;
only the permission to begin is handed out here. No Streamlit in this file.
"""

import bisect
import itertools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

HEAD_START_S = 10.0
"""Short work overtakes long work that came at most this much earlier: bounded, so that long work has its turn too."""
LONGEST = 64
"""Waiting at one time; whoever comes then is told so and asks again."""


class Work(Enum):
    """How long it takes: an estimate well under a second, an explanation or a cohort longer."""

    SHORT = "short"
    LONG = "long"


class LineFullError(Exception):
    """As many are waiting as may wait."""


@dataclass(slots=True, kw_only=True, eq=False)
class Ticket:
    """One place in the line or at work; `rank` orders the line, smallest first."""

    work: Work
    rank: tuple[float, int]


class Line:
    """First come, first served within a kind of work, short before long; safe for threads.

    Parameters
    ----------
    slots : int
        At work at one time.
    longest : int
        Waiting at one time.
    clock : callable () -> float
        Seconds.
    """

    def __init__(self, slots: int, *, longest: int = LONGEST, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots, self._longest, self._clock = slots, longest, clock
        self._changed = threading.Condition()
        self._waiting: list[Ticket] = []
        self._working: list[Ticket] = []
        self._numbers = itertools.count()

    def join(self, work: Work) -> Ticket:
        """Come to the line; at work at once where a slot is free.

        Raises
        ------
        LineFullError
            No slot is free and the line has its full length.
        """
        with self._changed:
            ticket = Ticket(work=work, rank=self._rank(work))
            self._line_up(ticket)
            if len(self._waiting) > self._longest and ticket in self._waiting:
                self._waiting.remove(ticket)
                raise LineFullError
            return ticket

    def place(self, ticket: Ticket) -> int:
        """Place in the line from 1; 0 at work."""
        with self._changed:
            return self._place(ticket)

    def wait(self, ticket: Ticket, place: int, timeout_s: float) -> int:
        """Wait until the place is another than `place`, or the time is over; the place then."""
        with self._changed:
            self._changed.wait_for(lambda: self._place(ticket) != place, timeout_s)
            return self._place(ticket)

    def give_way(self, ticket: Ticket) -> None:
        """Between two parts of long work: go back to the line, at its end, if somebody waits."""
        with self._changed:
            if self._waiting and ticket in self._working:
                self._working.remove(ticket)
                ticket.rank = self._rank(ticket.work)
                self._line_up(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Give up the place, waiting or at work."""
        with self._changed:
            for held in (self._waiting, self._working):
                if ticket in held:
                    held.remove(ticket)
            self._admit()

    @property
    def counts(self) -> tuple[int, int]:
        """How many are at work and how many wait."""
        with self._changed:
            return len(self._working), len(self._waiting)

    def _rank(self, work: Work) -> tuple[float, int]:
        return self._clock() + (HEAD_START_S if work is Work.LONG else 0.0), next(self._numbers)

    def _line_up(self, ticket: Ticket) -> None:
        bisect.insort(self._waiting, ticket, key=lambda one: one.rank)
        self._admit()

    def _place(self, ticket: Ticket) -> int:
        return self._waiting.index(ticket) + 1 if ticket in self._waiting else 0

    def _admit(self) -> None:
        """Let those begin whose turn it is."""
        while self._waiting and len(self._working) < self._slots:
            self._working.append(self._waiting.pop(0))
        self._changed.notify_all()


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, …, 11th, …, 21st."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


SLOTS = cores()
LINE = Line(SLOTS)
"""Of this process, for all visitors."""
