"""Work spread over processes of one thread each: for many small networks and recordings the best use of a machine."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from types import ModuleType
from typing import TypeVar

from threadpoolctl import threadpool_limits

CHUNK = 25
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Read when libraries are loaded; the last is that of Arrow, which pandas loads."""
Progress = Callable[[int, int], None]
"""Called with (done, all)."""


Item = TypeVar("Item")
Result = TypeVar("Result")

_hiding = threading.Lock()


def map_processes(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, chunk: int = CHUNK
) -> Iterator[Result]:
    """Map over processes, in this one for one worker. Answers come in order, as they are ready.

    Each process computes with one thread: processes are the better use of cores, and the last bits of a matrix product
    depend on how it is split. They are spawned, not forked: the caller may run threads (Streamlit, BLAS), which a fork
    would copy in any state. The function must be that of a module that can be imported, not of a script.
    """
    if workers <= 1 or len(items) <= 1:
        with threadpool_limits(1):
            yield from map(function, items)
        return
    processes = min(workers, len(items))
    with ProcessPoolExecutor(processes, mp_context=WithoutMainSpawned(), initializer=_use_one_thread) as pool:
        yield from pool.map(function, items, chunksize=chunk)


def _use_one_thread() -> None:
    """Limit the linear algebra of this process to one thread, for good: that loaded already, and that to come."""
    os.environ.update(ONE_THREAD)
    threadpool_limits(1)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Show the processes that are started no main module.

    A child runs its parent's main module again, for the functions it may hold. Under Streamlit that is the page someone
    looks at: to run it in every child costs its time, and fails where it needs a visitor.
    """
    with _hiding:
        main, empty = sys.modules["__main__"], ModuleType("__main__")
        sys.modules["__main__"] = empty
        try:
            yield
        finally:
            if sys.modules["__main__"] is empty:  # else Streamlit has begun the run of another page
                sys.modules["__main__"] = main


class _SpawnedWithoutMain(SpawnProcess):
    def start(self) -> None:
        with _main_hidden():
            super().start()


class _ForkedWithoutMain(ForkServerProcess):
    def start(self) -> None:
        with _main_hidden():
            super().start()


class WithoutMainSpawned(SpawnContext):
    """Children that load what they need anew, and never the main module of their parent."""

    Process = _SpawnedWithoutMain


class WithoutMainForked(ForkServerContext):
    """Children forked from a server of one thread, which never run the main module of their parent."""

    Process = _ForkedWithoutMain


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
