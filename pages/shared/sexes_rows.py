"""Rows and sentences of the Men and women page, from what the core found."""

from collections.abc import Mapping, Sequence

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.figures.sexes import PASSES, PASSES_STRICTLY, WITHIN
from elvmass_core.sexes.one_ecg import OneEcg
from elvmass_core.sexes.statistics import LEVEL
from pages.shared.render import grams, plain

_DESIGNS = {
    "disjoint": "Every run has patients of its own (as here)",
    "resampled": "Runs are resamples of one small cohort",
}
COLUMN_WORDS = {
    "Men's runs": "Mean over men's runs, on the ECGs of both sexes.",
    "Women's runs": "Mean over women's runs, on the ECGs of both sexes.",
    "Model effect": "Men's runs less women's, on the same ECGs.",
    "Hedges g": "The model effect in SD between training runs: 0.8 is usually called large.",
    "q": "False discovery rate: of the cells with q up to 0.05, at most 5 % are expected to be there by chance.",
    "max-T p": "Chance that any cell at all would differ as much if men's and women's runs were alike.",
    "Detectable": "The difference that these runs would find in this cell alone four times in five.",
    "ECG effect": "ECGs of men less those of their matched women, through the same runs.",
    "q of ECG": "False discovery rate of the ECG effect.",
    "Interaction": "How much more men's runs make of a man's ECG over a woman's than women's runs do.",
    "q of interaction": "False discovery rate of the interaction.",
}
"""Column of the table of effects → what it says."""
PROBABILITIES = ("q", "max-T p", "q of ECG", "q of interaction")
_QUANTITIES = {"share": "share of the map", "grams": "grams", "percent": "% of the estimate", "per_mv": "g/mV"}


def answer_rows(found: OneEcg, sex: Sex) -> list[dict[str, str]]:
    """What each model answers, and how far single trainings scatter."""
    roles = {
        True: "crossed: learned from the other sex only; a control, not an answer",
        False: "this patient's own sex",
    }
    spread = dict(zip(("men's model", "women's model"), (Sex.MALE, Sex.FEMALE), strict=True))
    return [
        {
            "Model": view.name,
            "LV mass": grams(view.lvm_g),
            "For the reference beat": grams(view.reference_g),
            "Independent trainings": _range(found.runs_g[spread[view.name]]) if view.name in spread else "–",
            "Role": "learned from both; for comparison" if view.name not in spread else roles[view.crossed],
        }
        for view in found.views
    ]


def _range(values: FloatArray) -> str:
    return f"{values.min():.0f}–{values.max():.0f} g"


def standing(q: Sequence[float] | FloatArray, p_max_t: Sequence[float] | FloatArray) -> list[int]:
    """How each cell stands against chance."""
    return [
        PASSES_STRICTLY if strict <= LEVEL else PASSES if found <= LEVEL else WITHIN
        for found, strict in zip(q, p_max_t, strict=True)
    ]


def passing_words(q: Sequence[float] | FloatArray, p_max_t: Sequence[float] | FloatArray, n: int) -> str:
    """How many cells are beyond chance."""
    how = standing(q, p_max_t)
    some, strict = len(how) - how.count(WITHIN), how.count(PASSES_STRICTLY)
    if not some:
        return f"**In none of {n} lead groups × segments** do men's and women's runs differ by more than chance."
    return (
        f"**In {some} of {n} lead groups × segments** men's and women's runs differ by more than chance (false "
        f"discovery rate of 5 %, or max-T), in {strict} of them by the stricter max-T."
    )


def effect_rows(result: Mapping, name: str) -> list[dict[str, object]]:
    """Every cell: effects of the model, of the ECG and of both together."""
    quantity = result["quantities"][name]
    model, source, both = quantity["model"], quantity["input"], quantity["interaction"]
    return [
        {
            "Lead group": cell[0],
            "Segment": cell[1],
            "Men's runs": model["men"][k],
            "Women's runs": model["women"][k],
            "Model effect": model["difference"][k],
            "95 %": _interval(model, k),
            "Hedges g": model["size"][k],
            "q": model["q"][k],
            "max-T p": model["p_max_t"][k],
            "Detectable": model["detectable"][k],
            "ECG effect": source["difference"][k],
            "q of ECG": source["q"][k],
            "Interaction": both["difference"][k],
            "q of interaction": both["q"][k],
        }
        for k, cell in enumerate(result["cells"])
    ]


def _interval(effect: Mapping, k: int) -> str:
    return f"{effect['low'][k]:.2f} to {effect['high'][k]:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def summary_rows(result: Mapping) -> list[dict[str, str]]:
    """ST–T and QRS summed over the leads, in every quantity."""
    rows = []
    for name, quantity in result["quantities"].items():
        effect = quantity["summary"]["model"]
        for k, what in enumerate(quantity["summary"]["names"]):
            rows.append(
                {
                    "Summed over the leads": f"{plain(what)}, {_QUANTITIES[name]}",
                    "Men's runs / women's": f"{effect['men'][k]:.1f} / {effect['women'][k]:.1f}",
                    "Difference (95 %)": f"{_signed(effect['difference'][k])} ({_interval(effect, k)})",
                    "p": f"{effect['p'][k]:.3f}",
                    "Detectable": f"{effect['detectable'][k]:.1f}",
                }
            )
    return rows


def balance_rows(result: Mapping) -> list[dict[str, str]]:
    """What the pairs were matched on."""
    return [
        {
            "Matched on": plain(row["variable"]),
            "Men": f"{row['men']:.{0 if row['men'] >= 10 else 2}f}",
            "Women": f"{row['women']:.{0 if row['men'] >= 10 else 2}f}",
            "Difference, SD": _signed(row["difference_sd"]),
            "Before matching, SD": _signed(row["difference_before_sd"]),
        }
        for row in result["balance"]
    ]


def null_words(null: Mapping) -> str:
    """How often the comparison as made here found something where there is nothing."""
    mine = null["disjoint"]
    most = max(mine[name][test] for name in _QUANTITIES for test in ("fdr", "max_t"))
    return f"**In at most {most} of {mine['repeats']} repeats something was found where there is nothing.**"


def null_rows(null: Mapping) -> list[dict[str, str]]:
    """In how many repeats something was found where there is nothing."""
    return [
        {"Design": words, "Repeats": f"{null[design]['repeats']} from {null[design]['trainings']} trainings"}
        | {
            f"Found, {label}": f"{null[design][name]['fdr']} (max-T {null[design][name]['max_t']})"
            for name, label in _QUANTITIES.items()
        }
        for design, words in _DESIGNS.items()
        if design in null
    ]
