"""Does training on one's own table pay? A simulated hospital, n = 200 and 1500, from scratch and fine-tuned.

    python benchmarks/own_cohort.py [--work work/hospital] [--out benchmarks/own_cohort.json]

The hospital is not the shipped weights' kind: older, heavier patients, more hypertrophy and conduction defects, other
recorders, electrodes placed worse (preset "shifted"). A second hospital, with the same ECGs, outlines the
myocardium more generously: every measured mass is 12 % higher (papillary muscles and trabeculae counted; assumed).
Test patients are from another seed and have no part in any choice. Resumable: what is there is not made again.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import Sex  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.study.dataset import Dataset, load_dataset  # noqa: E402
from elvmass_core.study.external import evaluate_dataset  # noqa: E402
from elvmass_core.study.own_table import train_own_table  # noqa: E402
from elvmass_core.study.scored import SEXES, scored_result  # noqa: E402
from elvmass_core.virtual import simulate_cohort  # noqa: E402

SIZES = (200, 1500)
TRAIN, TEST = (1500, 7101), (1200, 7102)
HOSPITALS = {"other patients": 1.0, "other patients, masses 12 % higher": 1.12}


def cohort(spec: tuple[int, int], work: Path) -> Path:
    """The table of a simulated cohort."""
    n, seed = spec
    return simulate_cohort(n, seed, work / f"shifted-{n}-{seed}", preset="shifted", workers=2)


def own_table(source: Path, n: int, factor: float) -> Path:
    """The first `n` patients, with masses as this hospital measures them."""
    frame = pd.read_csv(source).head(n)
    frame["lvm_g"] = (frame["lvm_g"] * factor).round(2)
    table = source.parent / f"first-{n}-by-{factor:g}.csv"
    frame.to_csv(table, index=False)
    return table


def judged(data: Dataset, models: Models) -> dict[str, dict[str, object]]:
    """Error, bias, rank of LVH and coverage by sex."""
    found = scored_result(evaluate_dataset(data, models).scored)
    return {
        who: {
            "n": found["accuracy"][who]["n"],
            "mae_g": round(found["accuracy"][who]["mae_g"], 2),
            "mae_interval_g": [round(value, 2) for value in found["accuracy"][who]["mae_interval_g"]],
            "bias_g": round(found["accuracy"][who]["bias_g"], 2),
            "c": round(found["c_statistic"][who]["index"]["c"], 3),
            "covered": round(found["coverage"][who]["covered"], 3),
        }
        for who in SEXES
    }


def moved_to(line: Dataset, data: Dataset, models: Models) -> dict[str, float]:
    """Error of the shipped weights on a line for each sex, fitted to the training table: the least one would do."""
    found = {}
    for who, sex in (("men", Sex.MALE), ("women", Sex.FEMALE)):
        bundle = models.for_sex(sex)[0]
        mine, theirs = line.of(sex), data.of(sex)
        answers = [bundle.members_g(part.beats_mv, part.rows).mean(axis=0) for part in (mine, theirs)]
        moved = np.polyval(np.polyfit(answers[0], mine.lvm_g, 1), answers[1])
        found[who] = round(float(np.abs(moved - theirs.lvm_g).mean()), 2)
    return found


def main() -> None:
    """Train four times for each hospital, test on the same patients, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("work/hospital"))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    shipped, results = load_models(ROOT / "weights"), {}
    train, test = cohort(TRAIN, options.work), cohort(TEST, options.work)
    cache = options.work / "cache"
    for hospital, factor in HOSPITALS.items():
        tested = load_dataset(own_table(test, TEST[0], factor), cache=cache)
        rows: dict[str, object] = {"shipped weights, unchanged": judged(tested, shipped)}
        for n in SIZES:
            table = own_table(train, n, factor)
            line = moved_to(load_dataset(table, cache=cache), tested, shipped)
            rows[f"shipped weights, line fitted to {n}"] = {who: {"mae_g": value} for who, value in line.items()}
            for name, start in (("from scratch", None), ("fine-tuned", shipped)):
                out = options.work / f"weights-{n}-{factor:g}-{name.split()[-1]}"
                train_own_table(table, out, measured_by="ct", start=start)
                rows[f"{name}, {n}"] = judged(tested, load_models(out))
        results[hospital] = rows
        for name, row in rows.items():
            print(hospital, "|", name, "|", row, flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
