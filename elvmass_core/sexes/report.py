"""The comparison in words and tables: what was found, how it was done."""

import re
from collections.abc import Mapping, Sequence

from elvmass_core.sexes.statistics import LEVEL

NO_FINDING = (
    "In simulated patients a difference between the sexes is planted by us. A map that recovers it shows that the "
    "method can; it is no finding about men and women."
)
PLANTED = {"neutral": 0, "strain in men": 1, "strain in women": -1}
"""Worlds with a known answer: the sign of men's less women's share of ST and T."""
QUANTITY_WORDS = {
    "grams": "grams",
    "percent": "per cent of the estimate (size of the heart taken out)",
    "share": "share of the whole map",
    "per_mv": "grams per mV of deviation (size of the deflection taken out)",
}


def found_cells(effect: Mapping[str, Sequence[float]], cells: Sequence[Sequence[str]], test: str = "q") -> list[int]:
    """Cells with a difference at 5 %, the largest standardised one first."""
    some = [k for k in range(len(cells)) if effect[test][k] <= LEVEL]
    return sorted(some, key=lambda k: -abs(effect["size"][k] if "size" in effect else effect["difference"][k]))


def answer(result: Mapping) -> str:
    """What the comparison says, in a few sentences."""
    primary = result["quantities"][result["primary"]]
    summary = primary["summary"]["model"]
    st_t = f"{summary['men'][0]:.0f} % in men's runs and {summary['women'][0]:.0f} % in women's"
    change = f"{summary['difference'][0]:+.1f} points (95 % {summary['low'][0]:.1f} to {summary['high'][0]:.1f})"
    least = f"{summary['detectable'][0]:.1f}"
    return _with_minus(
        f"ST and T hold {st_t} of the map on the same ECGs: {change}, p {_p(summary['p'][0])} (with these runs a "
        f"difference of {least} points is found four times in five). "
        + _cells_sentence(primary["model"], result["cells"], primary["unit"])
    )


def _cells_sentence(effect: Mapping, cells: Sequence[Sequence[str]], unit: str) -> str:
    some = found_cells(effect, cells)
    if not some:
        return f"None of the {len(cells)} lead groups × segments differs at a false discovery rate of 5 %."
    named = ", ".join(
        f"{' '.join(cells[k])} ({effect['difference'][k]:+.1f} {unit}, q {_p(effect['q'][k])})" for k in some[:6]
    )
    strict = len(found_cells(effect, cells, "p_max_t"))
    more = "" if len(some) <= 6 else f" and {len(some) - 6} more"
    return (
        f"{len(some)} of {len(cells)} lead groups × segments differ at a false discovery rate of 5 % ({strict} by "
        f"max-T), men's runs less women's: {named}{more}."
    )


def worlds_answer(worlds: Mapping[str, Mapping]) -> str:
    """Whether the planted difference is recovered, reversed and absent where it should be."""
    words = []
    for name, expected in PLANTED.items():
        if name not in worlds:
            continue
        summary = worlds[name]["quantities"][worlds[name]["primary"]]["summary"]["model"]
        difference, significant = summary["difference"][0], summary["p"][0] <= LEVEL
        sign = (difference > 0) - (difference < 0) if significant else 0
        right = "as planted" if sign == expected else "NOT as planted"
        seen = {0: "no difference", 1: "more ST–T in men's runs", -1: "more ST–T in women's runs"}[sign]
        words.append(f"{name}: {seen} ({difference:+.1f} points, p {_p(summary['p'][0])}), {right}")
    return _with_minus("; ".join(words) + ".")


def _with_minus(words: str) -> str:
    """A true minus before every number."""
    return re.sub(r"(?<![\w–])-(?=\d)", "−", words)


def methods_paragraph(result: Mapping) -> str:
    """How it was done, for a paper."""
    return (
        f"{result['runs']} temporal convolutional networks were trained on men and as many on women, each on "
        f"{result['patients_per_run']} patients of its own, so that no two training runs share a patient "
        f"({result['epochs']} epochs, one recipe and one seed per run). {result['pairs']} men and as many women who "
        "took no part in training were matched on LV mass index over the cut-off of their own sex, age, heart rate and "
        "QRS duration (caliper 0.5 SD, optimal assignment). Every averaged beat of either went through every run; "
        f"integrated gradients ({result['steps']} Gauss–Legendre steps) started from the mean beat and mean person of "
        "the patient's sex without LVH, the same for all runs. Absolute attributions were summed over four lead groups "
        "(six limb leads, V1–V2, V3–V4, V5–V6) × five segments (P, PR, QRS, ST, T) and averaged over ECGs, in grams, "
        "per cent of the estimate, share of the map, and grams per mV of deviation. The training run is the unit: the "
        "labels of the runs were permuted in every possible way (or 200 000 at random); p values are given per cell, "
        "by max-T over all cells, and as false discovery rate (Benjamini–Hochberg). The effect of the input compares "
        "matched ECGs through the same runs (sign flips of pairs); the interaction is the men's runs' difference "
        "between ECGs of men and women less the women's runs'."
    )


def markdown(document: Mapping) -> str:
    """The whole page for docs/sexes.md."""
    lines = ["# Men and women: does the method find what is there?", "", NO_FINDING, ""]
    worlds = document.get("worlds", {})
    if document.get("quick"):
        lines += ["**Quick run on tiny cohorts: the figures are worthless.**", ""]
    if any(name in worlds for name in PLANTED):
        lines += ["## Answer", "", worlds_answer(worlds), ""]
    for name, result in worlds.items():
        lines += _world_lines(name, result)
    if "null" in document:
        lines += _null_lines(document["null"])
    if worlds:
        lines += ["## Methods", "", methods_paragraph(next(iter(worlds.values()))), ""]
    return "\n".join(lines)


def _world_lines(name: str, result: Mapping) -> list[str]:
    lines = [f"## World: {name}", "", result.get("description", ""), "", answer(result), ""]
    lines += ["| matched on | men | women | difference, SD (before) |", "|---|---|---|---|"]
    lines += [
        f"| {row['variable']} | {row['men']:.2f} | {row['women']:.2f} | {row['difference_sd']:+.2f} "
        f"({row['difference_before_sd']:+.2f}) |"
        for row in result["balance"]
    ]
    each = result["patients_per_run"]
    sizes = f"{result['pairs']} pairs; {result['runs']} runs of either sex on {each} patients each."
    lines += ["", sizes, ""]
    lines += summary_table(result)
    lines += ["", *cells_table(result), "", *_errors_lines(result["errors"]), ""]
    return lines


def summary_table(result: Mapping) -> list[str]:
    """ST–T and QRS summed over the leads, in every quantity."""
    lines = [
        "| summed over the leads | men's runs | women's runs | difference (95 %) | g | p |",
        "|---|---|---|---|---|---|",
    ]
    for name, quantity in result["quantities"].items():
        effect = quantity["summary"]["model"]
        for k, what in enumerate(quantity["summary"]["names"]):
            lines.append(
                f"| {what}, {QUANTITY_WORDS[name]} | {effect['men'][k]:.2f} | {effect['women'][k]:.2f} | "
                f"{effect['difference'][k]:+.2f} ({effect['low'][k]:.2f} to {effect['high'][k]:.2f}) | "
                f"{effect['size'][k]:+.1f} | {_p(effect['p'][k])} |"
            )
    return lines


def cells_table(result: Mapping) -> list[str]:
    """Model effect, input effect and interaction of every cell, in the primary quantity."""
    quantity = result["quantities"][result["primary"]]
    model, source, both = quantity["model"], quantity["input"], quantity["interaction"]
    lines = [
        f"Men less women, {quantity['unit']}; q: false discovery rate.",
        "",
        "| lead group, segment | model (95 %) | g | q | max-T p | detectable | input (95 %) | q | interaction | q |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for k, cell in enumerate(result["cells"]):
        lines.append(
            f"| {' '.join(cell)} | {_interval(model, k)} | {model['size'][k]:+.1f} | {_p(model['q'][k])} | "
            f"{_p(model['p_max_t'][k])} | {model['detectable'][k]:.2f} | {_interval(source, k)} | "
            f"{_p(source['q'][k])} | {both['difference'][k]:+.2f} | {_p(both['q'][k])} |"
        )
    return lines


def _errors_lines(errors: Mapping[str, float]) -> list[str]:
    return ["Mean absolute error of single runs: " + ", ".join(f"{k} {v:.1f} g" for k, v in errors.items()) + "."]


def _null_lines(null: Mapping) -> list[str]:
    lines = [
        "## Where there is nothing to find",
        "",
        f"Two sets of trainings on halves of the men ({null['patients_per_run']} patients a run, {null['epochs']} "
        f"epochs, {null['ecgs']} ECGs). Repeats in which any cell differs at a false discovery rate of 5 % (by max-T):",
        "",
        "| design | repeats | " + " | ".join(QUANTITY_WORDS[name].split(" (")[0] for name in QUANTITY_WORDS) + " |",
        "|---|---|" + "---|" * len(QUANTITY_WORDS),
    ]
    words = {
        "disjoint": "every run has patients of its own",
        "resampled": "runs are bootstrap resamples of one small cohort each",
    }
    for design, what in words.items():
        if design in null:
            cells = " | ".join(
                f"{null[design][name]['fdr']} ({null[design][name]['max_t']})" for name in QUANTITY_WORDS
            )
            lines.append(f"| {what} | {null[design]['repeats']} from {null[design]['trainings']} trainings | {cells} |")
    lines += [
        "",
        "The repeats divide each training of twenty runs in ten ways, so they check the counting more than they sample "
        "trainings; that runs without a common patient may be exchanged follows from how their patients were drawn.",
    ]
    return [*lines, ""]


def _interval(effect: Mapping, k: int) -> str:
    return f"{effect['difference'][k]:+.2f} ({effect['low'][k]:.2f} to {effect['high'][k]:.2f})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
