"""What makes eLVMass-Net better: ``python benchmarks/search_tcn.py work/taiwan-like-12000-101/patients.csv``.

Each variant is trained three times, on three times 1 459 different patients (one network for men, one for women), and
scored on 2 500 others; none of them is a patient of the study. Written to `search_tcn.json`: error, and its difference
to the recipe that is used, paired by training patients.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import FloatArray, Sex  # noqa: E402
from elvmass_core.models.calibration import CT_FUCHS  # noqa: E402
from elvmass_core.models.tcn import TcnConfig  # noqa: E402
from elvmass_core.study.dataset import Dataset, load_dataset  # noqa: E402
from elvmass_core.study.evaluate import c_statistic, ridge_g  # noqa: E402
from elvmass_core.study.train import Effort, Recipe  # noqa: E402
from elvmass_core.study.trials import Trial, per_sex, run_trials, scored  # noqa: E402

N, TRAININGS = 1459, 3
RESULT = Path(__file__).with_name("search_tcn.json")
USED = "as used"


def _sized(**sizes: float) -> Trial:
    return replace(BASE, recipe=Recipe(config=replace(TcnConfig(), **sizes)))


def _trained(**training: float) -> Trial:
    return replace(BASE, recipe=replace(Recipe(), **training))


BASE = Trial(name=USED, start=0, stop=N, epochs=Effort().epochs)
VARIANTS: Mapping[str, Trial] = {
    USED: BASE,
    "250 Hz, 5 levels": _sized(stride=2, levels=5, stem_kernel=7),
    "10 epochs": replace(BASE, epochs=10),
    "40 epochs": replace(BASE, epochs=40),
    "learning rate 1e-3": _trained(learning_rate=1e-3),
    "learning rate 4e-3": _trained(learning_rate=4e-3),
    "electrodes moved by 10 %": _trained(placement_sd=0.1),
    "electrodes moved by 25 %": _trained(placement_sd=0.25),
    "gain disturbed by 10 %": _trained(gain_sd=0.1),
    "dropout 0.2": _sized(dropout=0.2),
    "second task, weight 3": _trained(measurements=3.0),
    "20 stretches": _sized(pooled=20),
    "5 stretches": _sized(pooled=5),
    "noise of 30 µV": _trained(noise_mv=0.03),
    "one for both sexes": replace(BASE, pooled=True),
    "one for both sexes, 10 epochs": replace(BASE, pooled=True, epochs=10),
    "one for both sexes, 40 epochs": replace(BASE, pooled=True, epochs=40),
}
"""Ablations (lead groups, width, depth, causality, the second task) are rows of the study."""


def _score(grams: FloatArray, data: Dataset) -> dict[str, float]:
    """MAE in g and c-statistic, by sex and the mean of both."""
    found = {}
    for name, sex in (("men", Sex.MALE), ("women", Sex.FEMALE)):
        mine = data.sex == sex.value
        lvh = data.lvm_g[mine] / data.bsa_m2[mine] > CT_FUCHS.g_m2(sex)
        found[f"mae_{name}"] = float(np.abs(grams[mine] - data.lvm_g[mine]).mean())
        found[f"c_{name}"] = c_statistic(grams[mine] / data.bsa_m2[mine], lvh) or float("nan")
    return found | {what: 0.5 * (found[f"{what}_men"] + found[f"{what}_women"]) for what in ("mae", "c")}


def _summary(each: list[dict[str, float]], used: list[dict[str, float]]) -> dict[str, object]:
    """Means over the trainings, and what changes against the recipe in use with its standard error."""
    mean = {name: round(float(np.mean([one[name] for one in each])), 4) for name in each[0]}
    change = {}
    for what in ("mae", "mae_men", "mae_women", "c", "c_men", "c_women"):
        difference = np.array([one[what] - base[what] for one, base in zip(each, used, strict=True)])
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        change[what] = [round(float(difference.mean()), 4), round(float(error), 4)]
    return {**mean, "change": change}


def main(table: Path, workers: int = 2) -> None:
    """Run what has not been run and write the result."""
    work = table.parents[1]
    data = load_dataset(table, cache=work / "datasets", workers=workers)
    truth = scored(data)
    trials = [
        replace(variant, name=name, start=k * N, stop=(k + 1) * N)
        for name, variant in VARIANTS.items()
        for k in range(TRAININGS)
    ]

    def said(done: int, n: int) -> None:
        print(f"{done} of {n}", file=sys.stderr, flush=True)

    answers = run_trials(data, trials, work, workers, said)
    by_name: dict[str, list[FloatArray]] = {name: [] for name in VARIANTS}
    for trial, grams in zip(trials, answers, strict=True):
        by_name[trial.name].append(grams)
    by_name["ridge on measurements"] = [
        per_sex(truth, lambda sex, part=part: ridge_g(part.of(sex), truth.of(sex)))
        for part in (data.take(np.arange(k * N, (k + 1) * N)) for k in range(TRAININGS))
    ]
    score = {name: [_score(grams, truth) for grams in each] for name, each in by_name.items()}
    result = {name: _summary(each, score[USED]) for name, each in score.items()}
    facts = {"n_train": N, "trainings": TRAININGS, "n_scored": len(truth), "variants": result}
    RESULT.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    for name, row in sorted(result.items(), key=lambda item: item[1]["mae"]):
        print(f"{name:30}", *(f"{what} {row[what]:.3f} ({_with_error(row['change'][what])})" for what in row["change"]))


def _with_error(change: list[float]) -> str:
    return f"{change[0]:+.3f} ± {change[1]:.3f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
