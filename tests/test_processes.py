"""Work over processes: in order, and never a second run of what the caller is."""

import math
import sys
from types import ModuleType

import pytest

from elvmass_core.batch.executors import LocalWorkers
from elvmass_core.processes import map_processes


@pytest.fixture
def page_as_main(tmp_path, monkeypatch):
    """The main module that Streamlit makes of a page, which must not run anywhere else."""
    path = tmp_path / "page.py"
    path.write_text("raise SystemExit('the page ran again')")
    page = ModuleType("__main__")
    page.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "__main__", page)
    return page


def test_spawned_children_do_not_run_the_page_again(page_as_main):
    assert list(map_processes(math.sqrt, [1.0, 4.0, 9.0], 2, chunk=1)) == [1.0, 2.0, 3.0]
    assert sys.modules["__main__"] is page_as_main


def test_workers_of_an_archive_do_not_run_the_page_again(page_as_main):
    workers = LocalWorkers(1)
    try:
        assert workers.submit(math.sqrt, 16.0).result(timeout=60) == 4.0
    finally:
        workers.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order(workers):
    assert list(map_processes(abs, range(-60, 0), workers, chunk=7)) == list(range(60, 0, -1))
