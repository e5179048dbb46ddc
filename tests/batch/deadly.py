"""Scorers for tests of the run loop: what a worker may do to a job."""

import os
import time
from pathlib import Path

from elvmass_core.batch.work import Answer


def score(task, settings):
    """Die on "deadly", break on "broken", answer otherwise."""
    for item in task.items:
        if item.record == "deadly":
            os._exit(1)
        if item.record == "broken":
            raise ZeroDivisionError
    return Answer(rows=tuple({"record": item.record} for item in task.items), maps=(None,) * len(task.items))


def die_once(task, settings):
    """Die on the first of all calls: the folder of the weights holds a mark then."""
    mark = Path(settings.weights) / "died"
    if not mark.exists():
        mark.touch()
        os._exit(1)
    time.sleep(0.05)
    return score(task, settings)
