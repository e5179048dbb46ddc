"""The study on simulated patients, as one command: simulate the cohorts, compare the models, write the tables.

Like `elvmass_core.retrain`, a place where the simulator and the study meet, through files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.processes import Progress
from elvmass_core.retrain import EXTERNAL, QUICK_EXTERNAL, TRAINING, CohortPlan
from elvmass_core.study.compare import Estimates, Source, compare, folds_by_sex
from elvmass_core.study.dataset import load_dataset
from elvmass_core.study.names import DEMOGRAPHICS, ESTIMATES, MEASUREMENTS, PAGE, POOLED, RESULT, SEX_SPECIFIC
from elvmass_core.study.replicates import replicates
from elvmass_core.study.report import contrast_answer, study_markdown
from elvmass_core.study.results import cohort_result, rounded, study_result
from elvmass_core.study.rows import MODELS, REPEATS, Model, named
from elvmass_core.study.statistics import Truth
from elvmass_core.study.train import Effort
from elvmass_core.study.trials import learning_curve
from elvmass_core.study.unaveraged import UNAVERAGED_FOLDER, load_unaveraged
from elvmass_core.virtual import COHORT_VERSION

DIGITS = 6
"""Significant digits in ``study.json``."""
WORLD_MODELS = (
    "sex_mean", DEMOGRAPHICS, "demographics_boosting", "measurements_ridge", MEASUREMENTS, POOLED, SEX_SPECIFIC,
    "ten_seconds", "median_beat",
)  # fmt: skip
WORLDS = ("null", "sparse", "central")
"""Where the ECG knows nothing, little, or less of mass; `WORLD_MODELS` are fitted there. The internal cohort is the
world in which it knows most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Cohorts, epochs, trainings of a model (at most) and replicates."""

    internal: CohortPlan
    external: CohortPlan
    large: CohortPlan
    epochs: int
    repeats: int
    world_repeats: int
    replicates: int
    replicate_epochs: int


FULL = Size(
    internal=CohortPlan(name="internal", n=1459, seed=2001), external=EXTERNAL, large=TRAINING,
    epochs=Effort().epochs, repeats=REPEATS, world_repeats=1, replicates=20, replicate_epochs=6,
)  # fmt: skip
"""Patients inside and outside as the publication had."""
QUICK = Size(
    internal=CohortPlan(name="internal", n=110, seed=2001), external=QUICK_EXTERNAL,
    large=CohortPlan(name="train", n=120, seed=101),
    epochs=1, repeats=1, world_repeats=1, replicates=2, replicate_epochs=1,
)  # fmt: skip
"""Enough to see every table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One call: where it works, where it writes, how large it is."""

    work: Path
    out: Path
    size: Size
    effort: Effort
    progress: Progress | None

    def source(self, plan: CohortPlan) -> Source:
        """A cohort, simulated and read unless it is there."""
        table = plan.simulate(self.work, self.effort.workers, self.progress)
        cache = self.work / "datasets"
        data = load_dataset(table, cache=cache, workers=self.effort.workers, progress=self.progress)
        return Source(data=data, folder=table.parent)

    def compare(self, sources: Sequence[Source], models: Sequence[Model], repeats: int) -> list[Estimates]:
        """Fit the models, each at most so many times."""
        some = [replace(model, repeats=min(model.repeats, repeats)) for model in models]
        return compare(sources, some, self.work, self.effort, self.progress)


def run_study(
    work: Path, out: Path, *, quick: bool = False, workers: int = 2, progress: Progress | None = None
) -> Path:
    """Simulate, compare and write; a stopped call goes on where it was.

    Parameters
    ----------
    work : Path
        Cohorts, extracted beats, and the estimates of every fit.
    out : Path
        Folder of ``study.json``, ``study.md`` and ``study.npz`` (mass, size, sex and estimates of every patient); they
        are written after each part.
    quick : bool
        Tiny cohorts and one epoch, to check the path; the figures are worthless, and the page says so.

    Returns
    -------
    Path
        The page.
    """
    size = QUICK if quick else FULL
    effort = Effort(epochs=size.epochs, workers=workers)
    study = Study(work=work, out=out, size=size, effort=effort, progress=progress)
    result: dict[str, object] = {"cohort_version": COHORT_VERSION, "quick": quick, "epochs": size.epochs}
    out.mkdir(parents=True, exist_ok=True)
    for part in (_main, _curve, _replicates):
        result |= part(study)
        _write(out, result)
    worlds: dict[str, object] = {}
    for world in WORLDS:
        worlds |= _world(study, world)
        _write(out, result | {"worlds": worlds})
    return out / PAGE


def _write(out: Path, result: dict[str, object]) -> None:
    (out / RESULT).write_text(json.dumps(rounded(result, DIGITS), indent=1) + "\n", encoding="utf-8")
    (out / PAGE).write_text(study_markdown(result), encoding="utf-8")


def _main(study: Study) -> dict[str, object]:
    """Every model, inside and on the shifted cohort."""
    sources = [study.source(plan) for plan in (study.size.internal, study.size.external)]
    estimates = study.compare(sources, MODELS, study.size.repeats)
    _write_estimates(study.out / ESTIMATES, sources, estimates)
    cache = study.work / UNAVERAGED_FOLDER
    inside, outside = (
        load_unaveraged(source.folder, source.data, cache, study.effort.workers).noise_uv() for source in sources
    )
    result = study_result(sources[0].data, sources[1].data, estimates, (inside, outside))
    return result | {"answer": contrast_answer(result)}


def _world(study: Study, world: str) -> dict[str, object]:
    """`WORLD_MODELS` where the ECG knows less."""
    plan = replace(study.size.internal, preset=f"{study.size.internal.preset}@{world}")
    source = study.source(plan)
    estimates = study.compare([source], named(WORLD_MODELS), study.size.world_repeats)
    truth = Truth.of(source.data, folds_by_sex(source.data))
    found = cohort_result({one.model.name: one.inside for one in estimates}, truth)
    return {plan.preset: found}


def _curve(study: Study) -> dict[str, object]:
    large = study.source(study.size.large).data
    return {"learning_curve": learning_curve(large, study.work, study.size.epochs, study.effort.workers)}


def _replicates(study: Study) -> dict[str, object]:
    size, large = study.size, study.source(study.size.large).data
    effort = replace(study.effort, epochs=size.replicate_epochs)
    n = min(size.internal.n, len(large) // 2)
    return {"replicates": replicates(large, n, size.replicates, study.work, effort, study.progress)}


def _write_estimates(path: Path, sources: list[Source], estimates: list[Estimates]) -> None:
    """Every patient's mass, body surface and sex, and the ensemble estimate of every model, for the figures."""
    arrays: dict[str, np.ndarray] = {"models": np.array([one.model.name for one in estimates])}
    for place, source in zip(("internal", "external"), sources, strict=True):
        data = source.data
        arrays[f"{place}_lvm_g"] = data.lvm_g.astype(np.float32)
        arrays[f"{place}_bsa_m2"] = data.bsa_m2.astype(np.float32)
        arrays[f"{place}_male"] = data.sex == Sex.MALE.value
        arrays[f"{place}_fold"] = folds_by_sex(data) if place == "internal" else np.zeros(len(data), dtype=int)
        each = [one.inside if place == "internal" else one.outside for one in estimates]
        arrays[f"{place}_estimates_g"] = np.stack([grams.mean(axis=0) for grams in each]).astype(np.float32)
    np.savez_compressed(path, allow_pickle=False, **arrays)
