"""The shipped weights from nothing: simulate, train, calibrate, test.

The only place where the simulator and the study meet; they meet through files.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elvmass_core.models.bundle import Bundle
from elvmass_core.study.build import VERIFIED, Source, train_bundles, verified_figure
from elvmass_core.study.dataset import Dataset, load_dataset
from elvmass_core.study.train import Effort
from elvmass_core.virtual import simulate_cohort

PRESET, SHIFTED = "taiwan-like", "shifted"
MORE_THAN_VERIFIED = 20
"""Of the test patients made again for `verify` so many may be refused."""
VERIFY_TOLERANCE_G = 0.05
"""Of the mean error between machines (float32 sums; last bits of the simulator)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPlan:
    """One cohort: how many patients, from which seed and preset."""

    name: str
    n: int
    seed: int
    preset: str = PRESET

    def simulate(self, work: Path, workers: int, progress: Callable[[int, int], None] | None = None) -> Path:
        """The table of the cohort, made in `work` unless it is there."""
        folder = work / f"{self.preset}-{self.n}-{self.seed}"
        return simulate_cohort(self.n, self.seed, folder, preset=self.preset, workers=workers, progress=progress)


TRAINING = CohortPlan(name="train", n=12000, seed=101)
EXTERNAL = CohortPlan(name="shifted", n=2579, seed=2002, preset=SHIFTED)
QUICK_EXTERNAL = CohortPlan(name="shifted", n=90, seed=2002, preset=SHIFTED)
"""Patients of another kind: those of the study."""
FULL = (
    TRAINING,
    CohortPlan(name="calibration", n=5800, seed=202),
    CohortPlan(name="test", n=1400, seed=303),
    EXTERNAL,
)
"""Calibration leaves 2 000 of each sex behind the interval; no patient is in two."""
QUICK = (
    CohortPlan(name="train", n=320, seed=101),
    CohortPlan(name="calibration", n=240, seed=202),
    CohortPlan(name="test", n=120, seed=303),
    QUICK_EXTERNAL,
)


def retrain(
    work: Path,
    out: Path,
    *,
    quick: bool = False,
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
    tables = {plan.name: plan.simulate(work, workers, progress) for plan in plans}
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
        test_seed=next(plan.seed for plan in plans if plan.name == "test"),
    )
    return train_bundles(
        tables["train"],
        out,
        calibration=tables["calibration"],
        test=tables["test"],
        shifted=tables["shifted"],
        effort=Effort(epochs=1 if quick else Effort().epochs, workers=workers),
        source=source,
        work=work,
        progress=progress,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The error of a bundle on a few test patients, as its manifest has it and computed again."""

    model_id: str
    n: int
    stored_g: float
    found_g: float

    @property
    def holds(self) -> bool:
        """Whether both are the same."""
        return abs(self.stored_g - self.found_g) <= VERIFY_TOLERANCE_G


def verify_figures(bundles: Sequence[Bundle], workers: int = 2) -> list[Verified]:
    """Simulate the first test patients of each bundle again and compare its error on them with the stored one.

    Bundles that were not trained on simulated patients, or not tested, are passed over.
    """
    cohorts: dict[int, Dataset] = {}
    answers = []
    for bundle in bundles:
        training = bundle.manifest["training"]
        seed, stored = training["source"].get("test_seed"), training.get("verified")
        if seed is None or stored is None:
            continue
        if seed not in cohorts:
            with tempfile.TemporaryDirectory() as folder:
                table = simulate_cohort(
                    VERIFIED + MORE_THAN_VERIFIED, seed, Path(folder), preset=PRESET, workers=workers
                )
                cohorts[seed] = load_dataset(table, workers=workers)
        found = verified_figure(bundle, cohorts[seed])
        answers.append(
            Verified(model_id=bundle.model_id, n=stored["n"], stored_g=stored["mae_g"], found_g=found["mae_g"])
        )
    return answers
