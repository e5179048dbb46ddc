"""Are attributions complete, and how fast are they: ``python benchmarks/explanations.py``.

200 simulated patients of the test cohort (seed 303) and every real recording that gets an estimate, through the shipped
models. Writes explanations.json beside this file. Real recordings: ELVMASS_ECG_DATA; left out where they are absent.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from real_recordings import DATA, load_real  # noqa: E402

from elvmass_core.attribution.explain import explain  # noqa: E402
from elvmass_core.attribution.many import ManyMaps, explain_many  # noqa: E402
from elvmass_core.domain import Patient, Report, Sex  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.retrain import PRESET  # noqa: E402
from elvmass_core.study.dataset import Dataset, load_dataset  # noqa: E402
from elvmass_core.virtual import simulate_cohort  # noqa: E402

RESULT = Path(__file__).with_suffix(".json")
N, SEED = 215, 303
"""Simulated patients; a few are refused, 200 are explained."""
WORKERS = 2


def simulated() -> Dataset:
    """200 test patients that get an estimate."""
    with tempfile.TemporaryDirectory() as folder:
        table = simulate_cohort(N, SEED, Path(folder), preset=PRESET, workers=WORKERS)
        data = load_dataset(table, workers=WORKERS)
    return data.take(np.arange(min(200, len(data))))


def explained_simulated(models: Models) -> dict[str, object]:
    """Completeness of the simulated, and beats a second on `WORKERS` processes, starting them included."""
    data, parts, seconds = simulated(), [], 0.0
    for sex in (Sex.MALE, Sex.FEMALE):
        mine, folder = data.of(sex), ROOT / "weights" / models.for_sex(sex)[0].model_id
        start = time.perf_counter()
        parts.append(explain_many(folder, mine.beats_mv, mine.rows, workers=WORKERS))
        seconds += time.perf_counter() - start
    return {"n": len(data), "beats_per_second": len(data) / seconds} | completeness(parts)


def completeness(parts: list[ManyMaps]) -> dict[str, object]:
    """Error in g: quantiles, and how many are within 1 % of the difference or 0.5 g."""
    delta = np.abs(np.concatenate([part.delta_g for part in parts]))
    return {
        "delta_g": {f"{q:g}": float(np.quantile(delta, q)) for q in (0.5, 0.95, 1.0)},
        "complete": int(sum(part.complete.sum() for part in parts)),
    }


def explained_real(models: Models) -> dict[str, object]:
    """Every real recording that gets one estimate: completeness, and agreement of the three methods."""
    delta, agreement, n = [], {"expected gradients": [], "occlusion": []}, 0
    for report in answered(models):
        found = explain(models.for_sex(report.patient.sex)[0], report.beat, report.features, report.patient)
        n += 1
        delta.append(abs(found.delta_g))
        for name, other in zip(agreement, found.others, strict=True):
            agreement[name].append(other.agreement)
    if not n:
        return {"n": 0}
    return {
        "n": n,
        "delta_g": {f"{q:g}": float(np.quantile(delta, q)) for q in (0.5, 0.95, 1.0)},
        "complete": int((np.array(delta) <= 0.5).sum()),
        "agreement": {
            name: [float(np.quantile([v for v in values if v is not None], q)) for q in (0.25, 0.5, 0.75)]
            for name, values in agreement.items()
        },
    }


def answered(models: Models) -> Iterator[Report]:
    """Reports with one estimate; what a recording does not state of its person is filled in."""
    for real in load_real() if DATA.is_dir() else []:
        stated = real.recording.stated
        person = Patient(
            sex=Sex.FEMALE if stated.sex is Sex.UNKNOWN else stated.sex,
            age_years=stated.age_years or 60.0,
            height_cm=stated.height_cm or 168.0,
            weight_kg=stated.weight_kg or 68.0,
        )
        report = analyse(real.recording, person, models)
        if report.estimate is not None:
            yield report


def main() -> None:
    """Print and write."""
    models = load_models(ROOT / "weights")
    result = {"simulated": explained_simulated(models), "real": explained_real(models)}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
