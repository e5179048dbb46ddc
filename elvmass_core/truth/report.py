"""The experiment in words and tables."""

from collections.abc import Mapping

RESULT, PAGE = "truth.json", "truth.md"
SEX_WORDS = {"M": "men", "F": "women"}
COLUMNS = {
    "share": "blame on what changed, %",
    "chance": "chance, %",
    "pointing": "most blamed cell is one that changed, %",
    "swap": "ρ with exchanging the cell",
    "ecg": "ρ with the change of the ECG",
    "inputs": "blame on other inputs, %",
}
IN_PERCENT = ("share", "chance", "pointing", "inputs")


def markdown(result: Mapping) -> str:
    """The page."""
    lines = [
        "# Do the maps blame what was changed?",
        "",
        "In a virtual patient one mechanism is changed and nothing else: body, electrodes, heartbeats and noise stay. "
        "Both go through the whole path, and the change of the map is compared with the change of the ECG, cell by "
        "cell (limb leads, V1–V6 × P, PR, QRS, ST, T, rest). Simulated hearts only: this tests the maps, not medicine.",
        "",
        "- *Blame on what changed*: share of the change of the map on the fewest cells that hold 90 % of the change of "
        "the ECG. *Chance*: the share of the patient's usual map on the same cells.",
        "- *ρ with exchanging the cell*: rank correlation, with sign, with what the model's answer does when that cell "
        "of the changed twin alone is put into the untouched one.",
        "- *From twin to twin* starts at the untouched twin, which no reader of one ECG has: what a map could reach. "
        "*Random weights*: a network that learned nothing; what a map reaches without knowledge.",
        "",
        f"{result['n']} patients of each sex, seed {result['seed']}, cohort version {result['cohort_version']}; 95 % "
        "intervals over patients.",
        "",
        "## In short",
        "",
        *short(result),
        "",
        lesson(result),
        "",
    ]
    for name, words in result["mechanisms"].items():
        lines += [f"## {name.capitalize()}: {words}", ""]
        for sex, found in result["sexes"].items():
            lines += _table(SEX_WORDS[sex], found[name])
    return "\n".join(lines)


def short(result: Mapping) -> list[str]:
    """One line a mechanism and sex."""
    return [
        _sentence(name, SEX_WORDS[sex], found[name]) for name in result["mechanisms"] for sex, found in
        result["sexes"].items()
    ]  # fmt: skip


def lesson(result: Mapping) -> str:
    """Where a map lies against which way it points: what trained networks have over random ones."""
    pairs = [
        (found[name]["methods"]["integrated gradients"], found[name]["methods"]["random weights"])
        for found in result["sexes"].values()
        for name in result["mechanisms"]
    ]
    further = sum(mine["share"][1] > random["share"][2] for mine, random in pairs)
    pointed = sum(mine["swap"][1] > random["swap"][2] for mine, random in pairs)
    mine, random = ([pair[k]["swap"][0] for pair in pairs] for k in (0, 1))
    return (
        f"In {further} of {len(pairs)} experiments the trained network laid more of its change on what changed than a "
        "network that learned nothing: attributions are a gradient times a change of the input, so any map changes "
        f"where the ECG does, and its place alone is little evidence. In {pointed} of {len(pairs)} its map ranked the "
        "cells, with their sign, more as the model's own answer does when single cells are exchanged "
        f"(ρ {min(mine):.2f} to {max(mine):.2f}) than the map of a random network did ({min(random):.2f} to "
        f"{max(random):.2f}): the map tells what this model does. Whether the model is right is another question: "
        f"{_moved_by_strain(result)}"
    )


def _moved_by_strain(result: Mapping) -> str:
    """What strain alone does to the estimate, though no mass is added."""
    moves = [
        f"{found['strain']['estimate_moves_g'][0]:+.0f} g in {SEX_WORDS[sex]}"
        for sex, found in result["sexes"].items()
        if "strain" in found
    ]
    return f"strain alone, with no gram of muscle more, moves the estimate by {' and '.join(moves)}."


def _sentence(name: str, who: str, found: Mapping) -> str:
    mine, random = found["methods"]["integrated gradients"], found["methods"]["random weights"]
    share, low, high = (100.0 * value for value in mine["share"])
    chance, floor = 100.0 * mine["chance"][0], 100.0 * random["share"][0]
    moved, mass = found["estimate_moves_g"], found["mass_moves_g"][0]
    truth = f"the true mass by {mass:+.0f} g" if abs(mass) > 0.5 else "the true mass not at all"
    return (
        f"- **{name}, {who}** (n {found['n']}): {100.0 * found['st_t_of_change'][0]:.0f} % of the change of the ECG is "
        f"on ST and T. The estimate moves by {moved[0]:+.1f} g ({moved[1]:+.1f} to {moved[2]:+.1f}), {truth}. "
        f"Integrated gradients: {share:.0f} % ({low:.0f}–{high:.0f}) of their change lies on what changed, "
        f"{_against(low, high, chance)} ({chance:.0f} %); random weights reach {floor:.0f} %. Which way and how much: "
        f"ρ {mine['swap'][0]:.2f} ({mine['swap'][1]:.2f} to {mine['swap'][2]:.2f}), random weights "
        f"{random['swap'][0]:.2f}."
    )


def _against(low: float, high: float, chance: float) -> str:
    return "more than chance" if low > chance else "less than chance" if high < chance else "no more than chance"


def _table(who: str, found: Mapping) -> list[str]:
    head = [f"{who.capitalize()}, n {found['n']}:", "", "| method | " + " | ".join(COLUMNS.values()) + " |"]
    rows = [
        f"| {method} | " + " | ".join(cell(scores, score) for score in COLUMNS) + " |"
        for method, scores in found["methods"].items()
    ]
    return [*head, "|---" * (1 + len(COLUMNS)) + "|", *rows, ""]


def cell(scores: Mapping[str, list[float]], score: str) -> str:
    """One score with its interval."""
    mean, low, high = (100.0 * one if score in IN_PERCENT else one for one in scores[score])
    if score in IN_PERCENT:
        return f"{mean:.0f} ({low:.0f}–{high:.0f})"
    return f"{mean:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
