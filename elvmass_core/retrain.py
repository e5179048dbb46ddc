"""The shipped weights from nothing: simulate, train, calibrate, test.

The only place where the simulator and the study meet; they meet through files.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.study.build import Source, train_bundles
from elvmass_core.study.train import Effort
from elvmass_core.virtual import simulate_cohort

PRESET = "taiwan-like"


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPlan:
    """One cohort: how many patients and from which seed."""

    name: str
    n: int
    seed: int


FULL = (
    CohortPlan(name="train", n=3000, seed=101),
    CohortPlan(name="calibration", n=5800, seed=202),
    CohortPlan(name="test", n=1400, seed=303),
)
"""Training is small on purpose; calibration leaves 2 000 of each sex behind the interval; no patient is in two."""
QUICK = (
    CohortPlan(name="train", n=320, seed=101),
    CohortPlan(name="calibration", n=240, seed=202),
    CohortPlan(name="test", n=120, seed=303),
)


def retrain(
    work: Path,
    out: Path,
    *,
    quick: bool = False,
    epochs: int = 30,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Make the bundles of `weights/` from nothing; a stopped call goes on where it was.

    Parameters
    ----------
    work : Path
        Cohorts, extracted beats and checkpoints.
    out : Path
        Folder of the bundles.
    quick : bool
        Tiny cohorts and one epoch, to check the path; the weights are worthless.

    Returns
    -------
    list of Path
        Folders of the bundles.
    """
    plans = QUICK if quick else FULL
    tables = {
        plan.name: simulate_cohort(
            plan.n,
            plan.seed,
            work / f"{plan.name}-{plan.seed}",
            preset=PRESET,
            workers=workers,
            progress=progress,
        )
        for plan in plans
    }
    description = json.loads((tables["train"].parent / "cohort.json").read_text())
    seeds = ", ".join(f"{plan.name} {plan.n} (seed {plan.seed})" for plan in plans)
    source = Source(
        name="virtual cohort",
        description=(
            f"Physics-simulated patients, preset {PRESET}, cohort version {description['version']}, parameters "
            f"{description['parameter_sha256'][:12]}: {seeds}. Made {time.strftime('%Y-%m-%d', time.gmtime())}."
        ),
        simulated=True,
        prefix="elvmass-tcn",
    )
    return train_bundles(
        tables["train"],
        out,
        calibration=tables["calibration"],
        test=tables["test"],
        effort=Effort(epochs=1 if quick else epochs, workers=workers),
        source=source,
        work=work,
        progress=progress,
    )
