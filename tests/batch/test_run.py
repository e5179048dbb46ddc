"""Every task is answered exactly once, whatever becomes of workers."""

import os
import sys
from pathlib import Path

import pytest

from elvmass_core.batch.discover import Item
from elvmass_core.batch.executors import LocalWorkers
from elvmass_core.batch.patients import Given
from elvmass_core.batch.run import run_tasks
from elvmass_core.batch.work import Settings, Task, facts
from elvmass_core.errors import ArchiveError
from elvmass_core.pipeline import versions
from elvmass_core.processes import Pace
from tests.batch import deadly

SETTINGS = Settings(weights="", bundles=(), versions=facts(versions()))


def tasks(records, size=3):
    for number, start in enumerate(range(0, len(records), size)):
        items = tuple(Item(record=record, path=record) for record in records[start : start + size])
        yield Task(part=0, number=number, items=items, given=(Given(),) * len(items))


@pytest.fixture
def workers():
    made = LocalWorkers(2)
    yield made
    made.close()


def rows(records, workers, settings=SETTINGS, score=deadly.score):
    found = [row for _, answer in run_tasks(tasks(records), settings, workers, score) for row in answer.rows]
    assert sorted(row["record"] for row in found) == sorted(records)
    return {row["record"]: row for row in found}


def test_the_recording_that_kills_its_worker_gets_its_own_refusal_and_the_others_their_rows(workers):
    records = [f"r{n}" for n in range(20)]
    records[4], records[11] = "deadly", "broken"
    found = rows(records, workers)
    refused = {record: row["refusal"] for record, row in found.items() if "refusal" in row}
    assert set(refused) == {"deadly", "broken"}
    assert "died, twice" in refused["deadly"]
    assert "ZeroDivisionError" in refused["broken"]
    assert {found[record]["refusal_code"] for record in refused} == {"worker_lost"}


def test_a_worker_that_dies_once_loses_nothing(workers, tmp_path):
    settings = Settings(weights=str(tmp_path), bundles=(), versions=SETTINGS.versions)
    found = rows([f"r{n}" for n in range(20)], workers, settings, deadly.die_once)
    assert not any("refusal" in row for row in found.values())


def test_a_worker_with_other_weights_ends_the_job_in_a_sentence(workers, untrained):
    settings = Settings(weights=str(untrained), bundles=(("other", "0"),), versions=SETTINGS.versions)
    with pytest.raises(ArchiveError, match="other weights"):
        list(run_tasks(tasks(["a"]), settings, workers))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_workers_are_forks_of_a_process_with_one_thread_that_has_their_libraries(workers):
    parent = workers.submit(os.getppid).result()
    assert parent != os.getpid()
    assert len(list(Path(f"/proc/{parent}/task").iterdir())) == 1
    assert workers.submit(eval, "'elvmass_core.models.bundle' in __import__('sys').modules").result()


def test_there_must_be_a_worker():
    with pytest.raises(ArchiveError):
        LocalWorkers(0)


def test_progress_says_the_rate_since_it_began_and_the_time_left():
    times = iter([0.0, 10.0, 20.0, 40.0])
    pace = Pace("scored", clock=lambda: next(times))
    assert pace.words(100, 400) == "100 of 400 scored"
    assert pace.words(200, 400) == "200 of 400 scored, 10.0 a second, 20 s left"
    assert pace.words(104, 40000) == "104 of 40000 scored, 5.0 s each, 55 h 24 min left"
    assert pace.words(400, 400) == "400 of 400 scored, 7.5 a second"
