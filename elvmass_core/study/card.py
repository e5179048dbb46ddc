"""The model card of a bundle, written from its manifest."""

from collections.abc import Mapping

from elvmass_core.domain import DISCLAIMER
from elvmass_core.models.bundle import Bundle
from elvmass_core.study.evaluate import SEX_NAMES
from elvmass_core.wording import percent

USE = """## Intended use
Research and teaching on adults with a 10 s resting 12-lead ECG. Not for diagnosis, screening or follow-up of anyone.

## How it works
One synchronized, averaged beat (500 Hz, 400 samples) goes through two temporal convolutional encoders, one for the
limb and one for the precordial leads; with age, height, weight, QRS duration, QRS axis and heart rate a head gives LV
mass in grams. {members} members, each trained without one fold, are averaged. An open re-implementation of the method
named eLVMass-Net (Eur Heart J Digit Health 2026, ztaf122); sizes, loss, window and cut-off are our choices. Not by, nor
endorsed by, the authors of that paper.
"""
SIMULATED_LIMITS = """## Limits
- The link between ECG and mass is the simulator's assumption. No figure on this card says how the model does in people.
- Not simulated: pacing, WPW, atrial flutter, acute infarction, drugs, anisotropic skeletal muscle, papillary
  muscles, body positions. Only an irregular rhythm, a missing P wave and a QRS of 120 ms or more are recognised: LVH is
  not judged then. The others are not recognised and get an answer that has no basis.
- The interval holds its coverage among simulated patients of the same kind; among those with LVH it holds less (above).
- A gain wrong by up to about two times is not noticed.
"""


def card_markdown(bundle: Bundle) -> str:
    """Markdown of `CARD.md`: use, data, figures on unseen patients, limits."""
    training = bundle.manifest["training"]
    simulated = training["source"]["simulated"]
    parts = [
        f"# {bundle.model_id}\n\nLV mass of **{SEX_NAMES[bundle.sex]}** from a 12-lead ECG. {_disclaimer(simulated)}\n",
        USE.format(members=len(bundle.ensemble.members)),
        _data(training),
        _figures(training.get("test"), bundle),
        SIMULATED_LIMITS if simulated else "",
        f"## Identity\nWeights SHA-256 `{bundle.manifest['weights_sha256']}`  \nManifest SHA-256 `{bundle.sha256}`\n",
    ]
    return "\n".join(part for part in parts if part)


def _disclaimer(simulated: bool) -> str:
    return DISCLAIMER if simulated else "Trained on a user's own table; validate before any use. Not for diagnosis."


def _data(training: Mapping) -> str:
    return f"""## Training patients
{training["source"]["description"]}
{training["n_train"]} patients for training (mass {training["lvm_mean_g"]:.0f} ± {training["lvm_sd_g"]:.0f} g), \
{training["n_calibration"]} others for the intervals (four in five behind the quantile). \
Age {_range(training, "age_years")} years, \
height {_range(training, "height_cm")} cm, weight {_range(training, "weight_kg")} kg.
"""


def _range(training: Mapping, name: str) -> str:
    low, high = training["range"][name]
    return f"{low:.0f}–{high:.0f}"


def _figures(test: Mapping | None, bundle: Bundle) -> str:
    if test is None:
        return "## Figures\nNo test table was given, so no figure can be shown.\n"
    gain, low, high = test["gain_over_demographics_g"]
    coverage = test["coverage"]
    with_lvh = test["coverage_with_lvh"]
    return f"""## Figures on {test["model"]["n"]} unseen patients
| predictor | MAE, g (95 % interval) | MAPE, % | r | c-statistic for LVH |
|---|---|---|---|---|
{_row("eLVMass-Net, our re-implementation (these weights)", test["model"])}
{_row("ridge on age, height, weight and measurements", test["ridge_measurements"])}
{_row("age, height and weight only", test["demographics_only"])}
{_row("mean of the sex", test["sex_mean"])}

The c-statistic ranks estimate ÷ body surface area within the sex; a constant mass still ranks by body surface area.

The ECG lowers the error of demographics alone by {gain:.1f} g (95 % interval {low:.1f} to {high:.1f} g, paired
bootstrap). The nominal {100 * bundle.calibration.coverage:.0f} % interval, on average \
{test["interval_width_g"]:.0f} g wide, holds the mass of
{100 * coverage["height+weight"]:.1f} % of them; {_missing(coverage)};
of those with LVH {"none were tested" if with_lvh is None else f"{100 * with_lvh:.1f} %"}. \
When all voltages are doubled the estimate falls in {100 * test["falls_when_doubled"]:.0f} % of them.

LVH by {bundle.cutoff.g_m2(bundle.sex):g} g/m² ({bundle.cutoff.modality}): {_judged(test["judged"])}

P(LVH) holds for a prevalence of {percent(bundle.calibration.platt.prevalence)}, that of the calibration patients.
"""


def _row(name: str, scores: Mapping) -> str:
    c = "–" if scores["lvh_c_statistic"] is None else f"{scores['lvh_c_statistic']:.2f}"
    r = "–" if scores["r"] is None else f"{scores['r']:.2f}"
    interval = f"{scores['mae_g']:.1f} ({scores['mae_low_g']:.1f}–{scores['mae_high_g']:.1f})"
    return f"| {name} | {interval} | {scores['mape_percent']:.1f} | {r} | {c} |"


def _missing(coverage: Mapping) -> str:
    return (
        f"without weight {100 * coverage['height']:.1f} %, without height {100 * coverage['weight']:.1f} %, "
        f"without both {100 * coverage['neither']:.1f} %"
    )


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
