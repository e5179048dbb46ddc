"""What the shipped weights were measured to do: ``python benchmarks/shipped_weights.py`` (ELVMASS_ECG_DATA).

On simulated patients from the manifests; on real recordings by estimating them, which shows plausibility, not accuracy:
no public recording has a measured mass. What can be asked: do men and women without a statement of LVH get masses that
hearts have, and do LUDB's recordings that a cardiologist read as LVH get higher ones. From 45 years up, since below
that LUDB's label is nearly one of age; no body size is known. Written to ``docs/shipped.json``.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.real_recordings import Real, load_real  # noqa: E402
from elvmass_core.domain import FloatArray, Report, Sex  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.quality import why_not_judged  # noqa: E402
from elvmass_core.study.names import KINDS, SHIPPED  # noqa: E402
from elvmass_core.study.statistics import c_resampled, c_within_folds, interval  # noqa: E402

RESULT = ROOT / "docs" / SHIPPED
LIMITS_G = (60.0, 220.0)
FROM_AGE = 45.0
RESAMPLES = 2000
LVH_WORDS = ("lvh", "left ventricular hypertrophy", "left ventricular overload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is asked of one recording; `lvm_g` is NaN where it was refused."""

    ludb: bool
    male: bool
    age: float
    says_lvh: bool
    lvm_g: float
    by_age_g: float
    sokolow_lyon_mv: float
    outside_scope: bool


def answers(models: Models) -> Iterator[Answer]:
    """Every recording of an adult whose sex and age are stated."""
    for real in load_real():
        stated = real.recording.stated
        if stated.sex is Sex.UNKNOWN or stated.age_years is None or stated.age_years < 18:
            continue
        yield _answer(real, analyse(real.recording, stated, models))


def _answer(real: Real, report: Report) -> Answer:
    labels, stated = real.labels.lower(), real.recording.stated
    voltage = {one.name: one.value for one in report.criteria}.get("Sokolow–Lyon voltage")
    estimate = report.estimates[0] if report.estimates else None
    return Answer(
        ludb=real.name.startswith("ludb"),
        male=stated.sex is Sex.MALE,
        age=float(stated.age_years or 0.0),
        says_lvh=any(words in labels.replace("nolvh", "") for words in LVH_WORDS),
        lvm_g=float("nan") if estimate is None else estimate.lvm_g,
        by_age_g=float("nan") if estimate is None else estimate.demographics_only_g,
        sokolow_lyon_mv=float("nan") if voltage is None else voltage,
        outside_scope=bool(why_not_judged(report.findings)),
    )


def masses(found: Sequence[Answer]) -> list[dict[str, object]]:
    """Distribution by sex of those in sinus rhythm with a narrow QRS and without a statement of LVH."""
    rows = []
    for words, male in (("men", True), ("women", False)):
        mine = [one for one in found if one.male is male and not one.says_lvh and not one.outside_scope]
        grams = np.array([one.lvm_g for one in mine])
        known = grams[np.isfinite(grams)]
        low, middle, high = np.percentile(known, [5, 50, 95])
        outside = float(((known < LIMITS_G[0]) | (known > LIMITS_G[1])).mean())
        rows.append({
            "words": f"{words} in sinus rhythm, no LVH stated: median (5th to 95th percentile)",
            "n": len(known), "value": f"{middle:.0f} g ({low:.0f} to {high:.0f})",
        })  # fmt: skip
        rows.append({
            "words": f"{words}: outside {LIMITS_G[0]:.0f}–{LIMITS_G[1]:.0f} g", "n": len(known),
            "value": f"{100 * outside:.0f} %; {len(grams) - len(known)} refused",
        })  # fmt: skip
    return rows


def ranking(found: Sequence[Answer]) -> list[dict[str, object]]:
    """LUDB from 45 years: how each score ranks those read as LVH, counting pairs of the same sex."""
    mine = [one for one in found if one.ludb and one.age >= FROM_AGE and np.isfinite(one.lvm_g)]
    mine = [one for one in mine if np.isfinite(one.sokolow_lyon_mv)]
    says, sex = np.array([one.says_lvh for one in mine]), np.array([one.male for one in mine])
    scores: dict[str, Callable[[Answer], float]] = {
        "estimate (g, body size unknown)": lambda one: one.lvm_g,
        "Sokolow–Lyon voltage": lambda one: one.sokolow_lyon_mv,
        "age and sex alone": lambda one: one.by_age_g,
    }
    rows = []
    for words, score in scores.items():
        values = np.array([score(one) for one in mine])
        c, drawn = c_within_folds(values, says, sex), _resampled(values, says, sex)
        low, high = interval(drawn)
        rows.append({
            "words": f"LUDB from 45 years, read as LVH or not: c-statistic of {words}",
            "n": len(mine), "value": f"{c:.2f} ({low:.2f} to {high:.2f}); {int(says.sum())} read as LVH",
        })  # fmt: skip
    return rows


def _resampled(values: FloatArray, says: np.ndarray, sex: np.ndarray) -> FloatArray:
    """C of bootstrap samples of the recordings."""
    n = len(values)
    drawn = np.random.default_rng(0).integers(0, n, (RESAMPLES, n))
    return c_resampled(values, says, sex, np.stack([np.bincount(one, minlength=n) for one in drawn]).astype(float))


def on_simulated(models: Models) -> list[dict[str, str]]:
    """Figures of the manifests, men beside women."""
    tests = [models.for_sex(sex)[0].manifest["training"] for sex in (Sex.MALE, Sex.FEMALE)]
    rows: dict[str, list[str]] = {}
    for kind, words in KINDS.items():
        for training in tests:
            for name, value in _figures(training[kind]).items():
                rows.setdefault(f"{words}: {name}", []).append(value)
    return [{"words": words, "men": men, "women": women} for words, (men, women) in rows.items()]


def _figures(test: Mapping) -> dict[str, str]:
    model, (gain, low, high) = test["model"], test["gain_over_demographics_g"]
    answers = test["judged"]["with_lvh"]
    return {
        "patients": str(model["n"]),
        "MAE (95 % interval)": f"{model['mae_g']:.1f} g ({model['mae_low_g']:.1f} to {model['mae_high_g']:.1f})",
        "less than age, height and weight alone by": f"{gain:.1f} g ({low:.1f} to {high:.1f})",
        "c-statistic for LVH": f"{model['lvh_c_statistic']:.2f}",
        "90 % interval covers": f"{100 * test['coverage']['height+weight']:.1f} %",
        "by thirds of the estimate": _percents(test["coverage_by_estimate"]),
        "by thirds of the mass": _percents(test["coverage_by_mass"]),
        "of those with LVH": _percents([test["coverage_with_lvh"]]),
        "with LVH: flagged, uncertain, not flagged": ", ".join(
            str(answers[name]) for name in ("flagged", "uncertain", "not_flagged")
        ),
    }


def _percents(shares: Sequence[float]) -> str:
    return ", ".join(f"{100 * share:.0f}" for share in shares) + " %"


def main() -> None:
    """Print the rows and write them."""
    models = load_models(ROOT / "weights")
    found = list(answers(models))
    result = {
        "weights": {bundle.model_id: bundle.sha256 for bundle in models.bundles},
        "shipped": {"rows": on_simulated(models)},
        "real": {"rows": [*masses(found), *ranking(found)]},
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for row in result["shipped"]["rows"]:
        print(f"{row['words']}: men {row['men']}; women {row['women']}")
    for row in result["real"]["rows"]:
        print(f"{row['words']}: {row['value']}, n = {row['n']}")


if __name__ == "__main__":
    main()
