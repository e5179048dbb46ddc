"""Every task answered exactly once, whatever happens to workers.

Only a few tasks are out at one time, so memory does not grow with the archive. A task whose worker died, or which
raised what nobody foresaw, is done again recording by recording, each alone; the one on which this happens twice gets a
row that says so, and the others their own.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from elvmass_core.batch.executors import Workers
from elvmass_core.batch.work import Answer, Settings, Task, lost_row, score_task
from elvmass_core.errors import ArchiveError, ElvmassError

AHEAD = 3
"""Tasks out for each that can run: the next lies ready when one is done."""
DIED = "died"

Scorer = Callable[[Task, Settings], Answer]


def run_tasks(
    tasks: Iterable[Task], settings: Settings, workers: Workers, score: Scorer = score_task
) -> Iterator[tuple[Task, Answer]]:
    """Answer every task, in the order in which they are done.

    Raises
    ------
    ElvmassError
        The job itself cannot go on: a worker with other weights or versions.
    """
    runner = _Runner(settings, workers, score)
    for task in tasks:
        yield from runner.answers(leave=AHEAD * workers.slots - 1)
        runner.start(task)
    yield from runner.answers(leave=0)


class _Runner:
    def __init__(self, settings: Settings, workers: Workers, score: Scorer) -> None:
        self._settings, self._workers, self._score = settings, workers, score
        self._out: dict[Future[Answer], Task] = {}

    def start(self, task: Task) -> None:
        """Hand a task out."""
        self._out[self._submitted(task)] = task

    def _submitted(self, task: Task) -> Future[Answer]:
        """A future in any case: to a pool that broke meanwhile it is one that was lost."""
        try:
            return self._workers.submit(self._score, task, self._settings)
        except self._workers.lost as error:
            lost: Future[Answer] = Future()
            lost.set_exception(error)
            return lost

    def answers(self, leave: int) -> Iterator[tuple[Task, Answer]]:
        """Wait until only so many tasks are out."""
        while len(self._out) > max(leave, 0):
            done, _ = wait(self._out, return_when=FIRST_COMPLETED)
            suspects = []
            for future in done:
                task = self._out.pop(future)
                answer = self._result(future)
                if answer is None:
                    suspects.append(task)
                else:
                    yield task, answer
            if suspects:
                yield from self._after_loss(suspects)

    def _result(self, future: Future[Answer]) -> Answer | None:
        """The answer; None when its worker died or broke; an error of our own, or a lost cluster, ends the job."""
        if future.cancelled():
            raise ArchiveError("The scheduler dropped the work or went away: the same command with --resume goes on.")
        error = future.exception()
        if isinstance(error, ElvmassError):
            raise error
        return future.result() if error is None else None

    def _after_loss(self, suspects: list[Task]) -> Iterator[tuple[Task, Answer]]:
        """Let what is out end, then do what was lost again, one recording at a time."""
        out, self._out = self._out, {}
        wait(out)
        for future, task in out.items():
            answer = self._result(future)
            if answer is None:
                suspects.append(task)
            else:
                yield task, answer
        self._workers.restart()
        for task in sorted(suspects, key=lambda one: (one.part, one.number)):
            yield task, self._one_by_one(task)

    def _one_by_one(self, task: Task) -> Answer:
        parts = [
            self._alone(Task(part=task.part, number=task.number, items=(item,), given=(given,)))
            for item, given in zip(task.items, task.given, strict=True)
        ]
        return Answer(
            rows=tuple(row for part in parts for row in part.rows),
            maps=tuple(one for part in parts for one in part.maps),
        )

    def _alone(self, task: Task) -> Answer:
        future = self._submitted(task)
        answer, error = self._result(future), future.exception()
        if answer is not None:
            return answer
        if isinstance(error, self._workers.lost):
            self._workers.restart()
        why = DIED if isinstance(error, self._workers.lost) else f"broke ({type(error).__name__})"
        return Answer(rows=(lost_row(task.items[0], task.given[0], self._settings, why),), maps=(None,))
