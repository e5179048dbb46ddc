"""Work spread over processes of one thread each: for many small networks and recordings the best use of a machine."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

CHUNK = 25
Progress = Callable[[int, int], None]
"""Called with (done, all)."""


def map_processes(function: Callable, items: Sequence, workers: int, chunk: int = CHUNK) -> Iterator:
    """Map over processes with one thread each; in this process for one worker. Answers come as they are ready."""
    if workers <= 1:
        yield from map(function, items)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(function, items, chunksize=chunk)


class Pace:
    """Words on how far a count is, its rate since the first call, and the time left.

    Parameters
    ----------
    word : str
        What is done to each, for example ``"scored"``.
    """

    def __init__(self, word: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._word, self._clock = word, clock
        self._first: tuple[float, int] | None = None

    def words(self, done: int, total: int) -> str:
        """For example ``"120 of 400 scored, 23.1 a second, 12 s left"``."""
        now = self._clock()
        if self._first is None:
            self._first = (now, done)
        since, before = now - self._first[0], done - self._first[1]
        count = f"{done} of {total} {self._word}"
        if before <= 0 or since <= 0:
            return count
        rate = before / since
        shown = f"{rate:.1f} a second" if rate >= 1 else f"{1 / rate:.1f} s each"
        return f"{count}, {shown}" + ("" if done == total else f", {_duration((total - done) / rate)} left")


def _duration(seconds: float) -> str:
    """The two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
