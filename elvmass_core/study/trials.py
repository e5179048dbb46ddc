"""Trainings on parts of one large cohort, scored on its last patients: the learning curve, and the search for a recipe.

No patient of the comparison has a part in them, so nothing that is chosen here has seen a patient of the study.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.models.inputs import Normaliser
from elvmass_core.processes import Progress, map_processes
from elvmass_core.study.dataset import Dataset, read_dataset, write_dataset
from elvmass_core.study.evaluate import ridge_g
from elvmass_core.study.train import TRAINING_VERSION, Recipe, fit_member, predict

SCORED, SCORED_SHARE = 2500, 4
"""The last patients of the cohort, at most a quarter; no trial learns from them."""
CURVE_SIZES = (365, 730, 1459, 2918, 5836)
"""Patients to learn from; the largest point of the curve is every patient that is not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network for men and one for women, or one for both, trained on the patients from `start` to `stop`."""

    name: str
    start: int
    stop: int
    epochs: int
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    pooled: bool = False

    @property
    def key(self) -> str:
        """Of everything that decides the answer."""
        facts = (TRAINING_VERSION, self.start, self.stop, self.epochs, self.recipe, self.pooled)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def run_trials(
    data: Dataset, trials: Sequence[Trial], folder: Path, workers: int, progress: Progress | None = None
) -> list[FloatArray]:
    """Grams of every trial for the scored patients; a stopped call goes on where it was.

    Returns
    -------
    list of arrays (n scored,)
    """
    facts = hashlib.sha256(repr((SCORED, SCORED_SHARE)).encode())
    for array in (data.beats_mv, data.rows, data.measured, data.lvm_g, data.sex):
        facts.update(np.ascontiguousarray(array).tobytes())
    folder = folder / f"trials-{facts.hexdigest()[:12]}"
    cohort = folder / "cohort.npz"
    if not cohort.is_file():
        write_dataset(data, cohort)
    jobs = [(trial, cohort) for trial in trials if not _path(trial, folder).is_file()]
    for done, _ in enumerate(map_processes(_run, jobs, workers, chunk=1)):
        if progress is not None:
            progress(done + 1, len(jobs))
    return [np.load(_path(trial, folder), allow_pickle=False) for trial in trials]


def scored(data: Dataset) -> Dataset:
    """The patients that trials are scored on."""
    return data.take(np.arange(_first_scored(data), len(data)))


def _first_scored(data: Dataset) -> int:
    return len(data) - min(SCORED, len(data) // SCORED_SHARE)


def learning_curve(
    data: Dataset, folder: Path, epochs: int, workers: int, sizes: Sequence[int] = CURVE_SIZES
) -> list[dict[str, object]]:
    """Error of one network per sex, and of the ridge on measurements, against the number of patients learned from.

    Returns
    -------
    list of dict
        ``n``, and ``network, ridge`` → ``men, women`` → MAE in g on the scored patients.
    """
    most = _first_scored(data)
    sizes = [*(n for n in sizes if n < most), most]
    trials = [Trial(name=f"n={n}", start=0, stop=n, epochs=epochs) for n in sizes]
    answers, truth = run_trials(data, trials, folder, workers), scored(data)
    curve = []
    for n, network in zip(sizes, answers, strict=True):
        part = data.take(np.arange(n))
        ridge = per_sex(truth, lambda sex, part=part: ridge_g(part.of(sex), truth.of(sex)))  # type: ignore[misc]
        curve.append({"n": n, "network": mae_by_sex(network, truth), "ridge": mae_by_sex(ridge, truth)})
    return curve


def mae_by_sex(estimate_g: FloatArray, truth: Dataset) -> dict[str, float]:
    """Mean absolute error in g of men and of women."""
    miss = np.abs(estimate_g - truth.lvm_g)
    return {
        name: float(miss[truth.sex == sex.value].mean()) for name, sex in (("men", Sex.MALE), ("women", Sex.FEMALE))
    }


def per_sex(data: Dataset, answer: Callable[[Sex], FloatArray]) -> FloatArray:
    """Put the answers for men and for women into the order of the patients."""
    grams = np.full(len(data), np.nan)
    for sex in (Sex.MALE, Sex.FEMALE):
        grams[data.sex == sex.value] = answer(sex)
    return grams


def _path(trial: Trial, folder: Path) -> Path:
    return folder / f"{trial.key}.npy"


def _run(job: tuple[Trial, Path]) -> None:
    """Train both networks of a trial and store their answers."""
    torch.set_num_threads(1)
    trial, cohort = job
    data = read_dataset(cohort)
    train, truth = data.take(np.arange(trial.start, trial.stop)), scored(data)

    def answer(mine: Dataset, others: Dataset, number: int) -> FloatArray:
        member = fit_member(mine, trial.recipe, trial.epochs, seed=trial.start + number)
        return predict(member, others.beats_mv, Normaliser.fit(mine.rows)(others.rows))

    if trial.pooled:
        grams = answer(train, truth, 3)
    else:
        grams = per_sex(truth, lambda sex: answer(train.of(sex), truth.of(sex), 1 if sex is Sex.MALE else 2))
    draft = _path(trial, cohort.parent).with_suffix(".part.npy")
    np.save(draft, grams)
    draft.replace(_path(trial, cohort.parent))
