"""The model card of a bundle: Model Facts layout and TRIPOD+AI items, written from its manifest.

Sources of the layout: Sendak et al. 2020 (doi 10.1038/s41746-020-0253-3); Collins et al. 2024 (TRIPOD+AI,
doi 10.1136/bmj-2023-078378), of which the items about development and evaluation are answered.
"""

from collections.abc import Mapping, Sequence

from elvmass_core.domain import DISCLAIMER
from elvmass_core.models.bundle import Bundle
from elvmass_core.models.inputs import PATTERNS
from elvmass_core.study.names import KINDS
from elvmass_core.wording import SEX_NAMES, percent

USE = """## Uses and directions
- **Use:** research and teaching on adults with a 10 s resting 12-lead ECG. Not for diagnosis, screening or follow-up of
  anyone, and for no decision about a person.
- **Read with the answer:** its interval, the findings above it, and what body size alone gives.
- **Do not use** with pacing, a QRS of 120 ms or more, or without sinus rhythm: LVH is not judged there.
"""
SIMULATED_WARNINGS = """## Warnings
- The link between ECG and mass is the simulator's assumption. No figure on this card says how the model does in people.
- Not simulated: pacing, WPW, atrial flutter, acute infarction, drugs, anisotropic skeletal muscle, papillary
  muscles, body positions. Only an irregular rhythm, a missing P wave and a QRS of 120 ms or more are recognised: LVH is
  not judged then. The others are not recognised and get an answer that has no basis.
- The interval was fitted on simulated patients of the same kind. Among those with LVH, and in patients of another kind,
  it may hold less: see the figures.
- A gain wrong by up to about two times may pass unnoticed.
"""
ROWS = {
    "model": "eLVMass-Net, our re-implementation (these weights)",
    "ridge_measurements": "ridge on age, height, weight and measurements",
    "demographics_only": "age, height and weight only",
    "sex_mean": "mean of the sex",
}


def card_markdown(bundle: Bundle) -> str:
    """Markdown of `CARD.md`: facts, use, figures on unseen patients, warnings, items, identity."""
    training = bundle.manifest["training"]
    simulated = training["source"]["simulated"]
    parts = [
        f"# {bundle.model_id}\n\nLV mass of **{SEX_NAMES[bundle.sex]}** from a 12-lead ECG{_learned(bundle)}. "
        f"{_disclaimer(simulated)}\n",
        _facts(bundle, training),
        *(_figures(training[kind], words, bundle) for kind, words in KINDS.items() if kind in training),
        "" if set(KINDS) & set(training) else "## Figures\nNobody was left out, so no figure can be shown.\n",
        USE,
        SIMULATED_WARNINGS if simulated else "",
        _items(bundle, training),
        f"## Identity\nWeights SHA-256 `{bundle.manifest['weights_sha256']}`  \nManifest SHA-256 `{bundle.sha256}`\n",
    ]
    return "\n".join(part for part in parts if part)


def _learned(bundle: Bundle) -> str:
    return ", by networks trained on men and women together" if bundle.pooled else ""


def _disclaimer(simulated: bool) -> str:
    return DISCLAIMER if simulated else "Trained on a user's own table; validate before any use. Not for diagnosis."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _facts(bundle: Bundle, training: Mapping) -> str:
    """What it is, in the order of Model Facts."""
    architecture = bundle.manifest["architecture"]
    rows = [
        ("Outcome", "LV mass in g; LVH: mass ÷ body surface (DuBois) above "
         f"{bundle.cutoff.g_m2(bundle.sex):g} g/m² ({bundle.cutoff.modality})"),
        ("Output", f"estimate, {100 * bundle.calibration.coverage:.0f} % interval, P(LVH) at a prevalence of "
         f"{percent(bundle.calibration.platt.prevalence)} (that of the calibration patients)"),
        ("Population", f"{_people(bundle)}, age {_range(training, 'age_years')} years, height "
         f"{_range(training, 'height_cm')} cm, weight {_range(training, 'weight_kg')} kg"),
        ("Input", "one synchronized, averaged beat (12 leads, 500 Hz, 400 samples, mV); age, height, weight "
         "(either may be unknown), QRS duration, QRS axis, heart rate"),
        ("Model", f"{len(bundle.ensemble.members)} temporal convolutional networks, each with {architecture['groups']} "
         f"encoder(s) for lead groups ({architecture['levels']} levels, {architecture['channels']} channels); a line "
         "from encodings and inputs to the logarithm of mass; mean in g"),
        ("Training data", f"{training['source']['description']}"),
        ("Patients", f"{training['n_train']} for training (mass {training['lvm_mean_g']:.0f} ± "
         f"{training['lvm_sd_g']:.0f} g), {training['n_calibration']} {SEX_NAMES[bundle.sex]} for intervals and P(LVH) "
         f"({_apart(training)}four in five behind the quantile)"),
        ("Origin", "open re-implementation of the method named eLVMass-Net (Eur Heart J Digit Health 2026, ztaf122); "
         "sizes, loss, window and cut-off are our choices. Not by, nor endorsed by, the authors of that paper"),
    ]  # fmt: skip
    return "## Facts\n" + _table(["", ""], rows)


def _apart(training: Mapping) -> str:
    """Who the patients behind the intervals are."""
    folds = training.get("folds")
    return f"each answered by the one network of {folds} that had not seen the patient; " if folds else ""


def _people(bundle: Bundle) -> str:
    return "men and women" if bundle.pooled else SEX_NAMES[bundle.sex]


def _range(training: Mapping, name: str) -> str:
    low, high = training["range"][name]
    return f"{low:.0f}–{high:.0f}"


def _figures(test: Mapping, words: str, bundle: Bundle) -> str:
    gain, low, high = test["gain_over_demographics_g"]
    coverage, with_lvh = test["coverage"], test["coverage_with_lvh"]
    header = ["predictor", "MAE, g (95 % interval)", "MAPE, %", "r", "c-statistic for LVH"]
    return f"""## Figures on {test["model"]["n"]} unseen {words}
{_table(header, [_row(name, test[key]) for key, name in ROWS.items()])}
The c-statistic ranks estimate ÷ body surface area within the sex; a constant mass still ranks by body surface area.

{_gain(gain, low, high)} (95 % interval {low:.1f} to {high:.1f} g less, paired
bootstrap). The nominal {100 * bundle.calibration.coverage:.0f} % interval, on average \
{test["interval_width_g"]:.0f} g wide, holds the mass of
{_percents([coverage[PATTERNS[0]]])} of them; {_missing(coverage)};
by thirds of the estimate {_percents(test["coverage_by_estimate"])}, by thirds of the mass \
{_percents(test["coverage_by_mass"])};
of those with LVH {"none were tested" if with_lvh is None else _percents([with_lvh])}. \
When all voltages are doubled the estimate falls in {100 * test["falls_when_doubled"]:.0f} % of them.

Answers on LVH: {_judged(test["judged"])} Here {percent(test["prevalence"])} have it. \
P(LVH) by fifths, predicted and observed: {_calibrated(test["calibration"])}.
"""


def _gain(gain: float, low: float, high: float) -> str:
    if low > 0:
        return f"With the ECG the error is {gain:.1f} g less than from age, height and weight alone"
    if high < 0:
        return f"**With the ECG the error is {-gain:.1f} g more** than from age, height and weight alone"
    return "With the ECG the error is not clearly less than from age, height and weight alone"


def _row(name: str, scores: Mapping) -> tuple[str, ...]:
    c = "–" if scores["lvh_c_statistic"] is None else f"{scores['lvh_c_statistic']:.2f}"
    r = "–" if scores["r"] is None else f"{scores['r']:.2f}"
    interval = f"{scores['mae_g']:.1f} ({scores['mae_low_g']:.1f}–{scores['mae_high_g']:.1f})"
    return name, interval, f"{scores['mape_percent']:.1f}", r, c


def _percents(shares: Sequence[float]) -> str:
    return ", ".join(f"{100 * share:.1f}" for share in shares) + " %"


def _missing(coverage: Mapping) -> str:
    return (
        f"without weight {_percents([coverage['height']])}, without height {_percents([coverage['weight']])}, "
        f"without both {_percents([coverage['neither']])}"
    )


def _calibrated(fifths: Sequence[Sequence[float]]) -> str:
    return ", ".join(f"{100 * predicted:.0f} and {100 * observed:.0f} %" for predicted, observed in fifths)


def _judged(judged: Mapping) -> str:
    words = {"with_lvh": "with LVH", "without_lvh": "without LVH"}
    return (
        "; ".join(
            f"of {sum(counts.values())} {words[group]}, {counts['flagged']} flagged, {counts['uncertain']} uncertain, "
            f"{counts['not_flagged']} not flagged"
            for group, counts in judged.items()
        )
        + "."
    )


def _items(bundle: Bundle, training: Mapping) -> str:
    """TRIPOD+AI items that concern a model that is handed on."""
    refused = {
        part: sum(counts.values()) for part, counts in training["refused_recordings"].items() if sum(counts.values())
    }
    left_out = ", ".join(f"{count} of {part}" for part, count in refused.items()) or "none"
    rows = [
        ("Source of data, dates (5)", training["source"]["description"]),
        ("Participants (6)", "those whose recording gets an estimate; recordings refused: " + left_out),
        ("Outcome (8)", "LV mass as the table of patients states it"),
        ("Predictors (9)", "see Input; all are known when the ECG is read"),
        ("Sample size (10)", f"{training['n_train']} for training, {training['n_calibration']} for calibration; "
         "see the learning curve of the study"),
        ("Missing data (11)", "unknown height or weight is a mask the network learned, with an interval of its own; "
         "other unknown inputs take their mean"),
        ("Methods (12)", f"{training['epochs']} epochs, fixed seeds, nothing held out to stop; {_interval(training)} "
         "scaled by predicted spread; P(LVH) by Platt scaling"),
        ("Class imbalance (13)", f"none corrected; {percent(bundle.calibration.platt.prevalence)} of the calibration "
         "patients have LVH"),
        ("Fairness (14)", "figures by sex; origin and ethnicity are not in the data"),
        ("Training against evaluation (16)", "no recording stands in two parts; " + _evaluated(training)),
        ("Model (22)", "weights and manifest beside this card; code under Apache-2.0"),
        ("Limitations (26)", "see Warnings and the figures above"),
    ]  # fmt: skip
    return "## TRIPOD+AI items\n" + _table(["item", "answer"], rows)


def _interval(training: Mapping) -> str:
    if not training.get("folds"):
        return "split conformal interval"
    return "interval from errors out of fold (as CV+: at least 80 % are guaranteed, about 90 % is usual)"


def _evaluated(training: Mapping) -> str:
    kinds = [words for kind, words in KINDS.items() if kind in training]
    return "tested on " + " and on ".join(kinds) if kinds else "not tested"
