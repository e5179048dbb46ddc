"""The study on simulated patients, as one command: simulate both cohorts, compare the models, write the tables.

Like `elvmass_core.retrain`, a place where the simulator and the study meet, through files.
"""

import json
import time
from pathlib import Path

from elvmass_core.study.compare import compare, tables_markdown
from elvmass_core.study.dataset import Progress, load_dataset
from elvmass_core.study.train import Effort
from elvmass_core.virtual import COHORT_VERSION, simulate_cohort

INTERNAL_PRESET, EXTERNAL_PRESET = "taiwan-like", "shifted"
INTERNAL_SEED, EXTERNAL_SEED = 1001, 1002
"""Of no cohort that trains, calibrates or tests the shipped weights."""
FULL, QUICK = (1459, 2579), (220, 110)
"""Patients inside and outside: as many as the publication had, or enough to see every table."""
RESULT, PAGE = "study.json", "study.md"


def run_study(
    work: Path,
    out: Path,
    *,
    quick: bool = False,
    epochs: int = 30,
    workers: int = 2,
    progress: Progress | None = None,
) -> Path:
    """Simulate, compare and write; a stopped call goes on where it was.

    Parameters
    ----------
    work : Path
        Cohorts, extracted beats, and the estimates of every model and fold.
    out : Path
        Folder of ``study.json`` and ``study.md``.
    quick : bool
        Tiny cohorts and one epoch, to check the path; the figures are worthless, and the page says so.

    Returns
    -------
    Path
        The page.
    """
    start = time.monotonic()
    n_internal, n_external = QUICK if quick else FULL
    tables = [
        simulate_cohort(n, seed, work / f"{preset}-{n}-{seed}", preset=preset, workers=workers, progress=progress)
        for n, seed, preset in (
            (n_internal, INTERNAL_SEED, INTERNAL_PRESET),
            (n_external, EXTERNAL_SEED, EXTERNAL_PRESET),
        )
    ]
    internal, external = (load_dataset(table, cache=work / "datasets", workers=workers) for table in tables)
    effort = Effort(epochs=1 if quick else epochs, workers=workers)
    result = {"cohort_version": COHORT_VERSION, "quick": quick, **compare(internal, external, work, effort, progress)}
    out.mkdir(parents=True, exist_ok=True)
    (out / RESULT).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    page = out / PAGE
    page.write_text(study_markdown(result, time.monotonic() - start), encoding="utf-8")
    return page


def study_markdown(result: dict, seconds: float) -> str:
    """The page of the study."""
    warning = "**Quick run: tiny cohorts and one epoch. The figures say nothing; only the path is checked.**\n\n"
    return (
        "# Study on simulated patients\n\n"
        + (warning if result["quick"] else "")
        + f"Cohort version {result['cohort_version']}, {result['epochs']} epochs at most; every model on the same "
        "five folds, stratified by sex and mass. The epoch is chosen inside the training folds. The shifted simulated "
        "cohort is predicted by the mean of the five fold models. MAE with a 95 % bootstrap interval over patients; c "
        "is the c-statistic for LVH (index above 80 g/m² in men, 65 g/m² in women), with what it ranks in brackets: "
        "ranking g or g/m² over both sexes is spoiled by the difference between the sexes alone. Simulated patients: "
        "no figure here says how well any model does in people.\n\n"
        + tables_markdown(result)
        + f"\nWritten in {seconds / 60:.0f} min "
        "(less what an earlier call had done) by `python -m elvmass_core study`.\n"
    )
