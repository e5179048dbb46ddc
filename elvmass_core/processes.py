"""Work spread over processes of one thread each: for many small networks and recordings the best use of a machine."""

import multiprocessing
import os
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
