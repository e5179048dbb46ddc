"""Where tasks run: one interface, local processes or a Dask cluster.

Both are `concurrent.futures` executors underneath. `Workers.lost` names what a future raises when the process that
worked on it died; after that a local pool is broken and `restart` makes another.
"""

import logging
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from typing import Any, Protocol

from elvmass_core.errors import ArchiveError
from elvmass_core.processes import ONE_THREAD, WithoutMainForked, WithoutMainSpawned

CONNECT_S = 15
DASK = 'pip install "dask[distributed]==2026.8.0"'
TEMPLATE = "elvmass_core.batch.template"


class Workers(Protocol):
    """What `run` needs of an executor."""

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a future raises when its worker died."""

    @property
    def slots(self) -> int:
        """How many tasks can run at one time, at this moment."""

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Start one task."""

    def restart(self) -> None:
        """Be ready again after a worker died."""

    def close(self) -> None:
        """End what was started here, without waiting for tasks that nobody wants any more."""


class LocalWorkers:
    """Processes of this machine with one thread each; they end when their parent does, however it ends."""

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ArchiveError("There must be at least one worker.")
        self._n = workers
        self._pool = self._start()

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a future raises when its worker died."""
        return (BrokenProcessPool,)

    @property
    def slots(self) -> int:
        """Processes."""
        return self._n

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Start one task."""
        return self._pool.submit(function, *arguments)

    def restart(self) -> None:
        """Make another pool."""
        self.close()
        self._pool = self._start()

    def close(self) -> None:
        """End the processes after what they are at."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._n, mp_context=_context(), initializer=_end_with_parent)


def warm_up() -> None:
    """Let the process that local workers are forked from load its libraries now, while the caller does other things."""
    if _forks_are_safe():
        from multiprocessing import forkserver  # not everywhere

        _context()
        forkserver.ensure_running()


def _context() -> BaseContext:
    """How workers start: never as a fork of the caller, which may run threads (Streamlit, torch) in any state.

    They are forks of a process that has one thread, loaded the libraries (`elvmass_core.batch.template`) and computed
    nothing, so that a worker starts in milliseconds; elsewhere than on Linux each loads them itself.
    """
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)
    if not _forks_are_safe():
        return WithoutMainSpawned()
    context = WithoutMainForked()
    context.set_forkserver_preload([TEMPLATE])
    return context


def _forks_are_safe() -> bool:
    """Not on macOS, whose own libraries start threads when they are loaded; Windows has none."""
    return sys.platform == "linux"


def _end_with_parent() -> None:
    """Watch the parent: a killed one cannot tell its workers, and they would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


class DaskWorkers:
    """An existing Dask cluster, however it was started; its workers must see the same files and have the same code.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://host:8786``.

    Raises
    ------
    ArchiveError
        Dask is not installed, or no scheduler answers.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client  # type: ignore[import-not-found, unused-ignore]
            from distributed.scheduler import KilledWorker  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise ArchiveError(f"--scheduler needs Dask: {DASK}.") from None
        try:
            self._client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError):
            raise ArchiveError(f"No Dask scheduler answers at {address}: check the address.") from None
        for name in list(logging.root.manager.loggerDict):
            if name.startswith("distributed"):
                logging.getLogger(name).setLevel(logging.CRITICAL)  # what ends a job is said in a sentence
        self._executor = self._client.get_executor()
        self._lost = (KilledWorker,)

    @property
    def lost(self) -> tuple[type[BaseException], ...]:
        """What a future raises when its worker died."""
        return self._lost

    @property
    def slots(self) -> int:
        """Threads of the workers that are there now."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """Start one task."""
        return self._executor.submit(function, *arguments)

    def restart(self) -> None:
        """Nothing to do: the scheduler starts or waits for other workers."""

    def close(self) -> None:
        """Leave the cluster; it goes on."""
        self._executor.shutdown(wait=False)
        self._client.close()


def workers_for(workers: int, scheduler: str | None = None) -> Workers:
    """Local processes, or the cluster at an address."""
    return LocalWorkers(workers) if scheduler is None else DaskWorkers(scheduler)
