"""The experiment in words and tables."""

from collections.abc import Mapping, Sequence

from elvmass_core.domain import Sex
from elvmass_core.wording import SEX_NAMES

RESULT, PAGE = "truth.json", "truth.md"
COLUMNS = {
    "share": "blame on what changed, %",
    "chance": "chance, %",
    "placed": "blame where the mechanism acts, %",
    "placed_chance": "chance there, %",
    "pointing": "most blamed cell is one that changed, %",
    "swap": "ρ with exchanging the cell",
    "size": "the same without signs",
    "own": "ρ with exchanging the cell in the map's own network",
    "ecg": "ρ with the change of the ECG",
    "inputs": "blame on other inputs, %",
}
IN_PERCENT = ("share", "chance", "placed", "placed_chance", "pointing", "inputs")


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
        "- *Blame where the mechanism acts*: the same on the cells that it must change by its nature (mass: QRS, ST "
        "and T; strain, transmural: ST and T; electrode height: V1 and V2). Which these are does not depend on the "
        "beat's alignment: another QRS in V1 and V2 can move R by a few ms, and then every lead changes with it.",
        "- *ρ with exchanging the cell*: rank correlation, with sign, with what the model's answer does when that cell "
        "of the changed twin alone is put into the untouched one. *In the map's own network*: for random weights, the "
        "random network's answer; scored against the trained network's, a random map can only be blind.",
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
            lines += _table(SEX_NAMES[Sex(sex)], found[name])
    return "\n".join(lines)


def short(result: Mapping) -> list[str]:
    """One line a mechanism and sex."""
    return [
        _sentence(name, SEX_NAMES[Sex(sex)], found[name]) for name in result["mechanisms"] for sex, found in
        result["sexes"].items()
    ]  # fmt: skip


def lesson(result: Mapping) -> str:
    """What trained networks have over random ones: by place, and as an account of what the network does."""
    found = [(name, of[name]) for of in result["sexes"].values() for name in result["mechanisms"]]
    share, placed, own = (_paired([one["map_less_random"][score] for _, one in found]) for score in LESSONS)
    mine, random = (
        [one["methods"][method]["own"][0] for _, one in found] for method in ("integrated gradients", "random weights")
    )
    return (
        "Compared with a network that learned nothing, patient by patient: on the cells that hold most of the change "
        f"of the ECG the trained network laid {share}; on those that the mechanism must act on, {placed}. Attributions "
        "are a gradient times a change of the input, so any map changes where the ECG does, and place alone is weak "
        "evidence. As an account of its own network (ρ with exchanging single cells, with sign) the trained map "
        f"reaches {min(mine):.2f} to {max(mine):.2f}, a random network's {min(random):.2f} to {max(random):.2f} "
        f"({own}). The map tells what this model does. Whether the model is right is another question: "
        f"{_moved_by_strain(result)}"
    )


LESSONS = ("share", "placed", "own")
"""Scores whose paired difference, trained less random, the lesson counts."""


def _paired(differences: Sequence[list[float] | None]) -> str:
    """In how many experiments the interval of the paired difference is above 0, and below."""
    known = [one for one in differences if one is not None]
    more, less = sum(low > 0 for _, low, _ in known), sum(high < 0 for *_, high in known)
    return f"more in {more} and less in {less} of {len(known)} experiments"


def _moved_by_strain(result: Mapping) -> str:
    """What strain alone does to the estimate, though no mass is added."""
    moves = [
        f"{found['strain']['estimate_moves_g'][0]:+.0f} g in {SEX_NAMES[Sex(sex)]}"
        for sex, found in result["sexes"].items()
        if "strain" in found
    ]
    return f"strain alone, with no gram of muscle more, moves the estimate by {' and '.join(moves)}."


def _sentence(name: str, who: str, found: Mapping) -> str:
    mine, random = found["methods"]["integrated gradients"], found["methods"]["random weights"]
    moved, mass = found["estimate_moves_g"], found["mass_moves_g"][0]
    truth = f"the true mass by {mass:+.0f} g" if abs(mass) > 0.5 else "the true mass not at all"
    return (
        f"- **{name}, {who}** (n {found['n']}): {100.0 * found['st_t_of_change'][0]:.0f} % of the change of the ECG is "
        f"on ST and T. The estimate moves by {moved[0]:+.1f} g ({moved[1]:+.1f} to {moved[2]:+.1f}), {truth}. "
        f"Integrated gradients: {_placed('share', 'on what changed', mine, random)}"
        f"{_placed('placed', 'where the mechanism acts', mine, random)}. Another noise alone moves the map "
        f"{100.0 * found['noise_share'][0]:.0f} % as far. Which way and how much: ρ {mine['swap'][0]:.2f} "
        f"({mine['swap'][1]:.2f} to {mine['swap'][2]:.2f}); a random map for its own network {random['own'][0]:.2f}. "
        f"Without signs ρ {mine['size'][0]:.2f}; the change of the ECG itself, no map, {found['ecg_alone'][0]:.2f}."
    )


def _placed(score: str, where: str, mine: Mapping, random: Mapping) -> str:
    """Share of the map's change at a place, beside chance and random weights; nothing where there is no place."""
    if mine[score] is None:
        return ""
    share, low, high = (100.0 * value for value in mine[score])
    chance = 100.0 * mine["chance" if score == "share" else "placed_chance"][0]
    lead = "" if score == "share" else "; "
    return (
        f"{lead}{share:.0f} % ({low:.0f}–{high:.0f}) of their change lies {where}, {_against(low, high, chance)} "
        f"({chance:.0f} %), random weights {100.0 * random[score][0]:.0f} %"
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


def cell(scores: Mapping[str, list[float] | None], score: str) -> str:
    """One score with its interval; a dash where there is none."""
    value = scores[score]
    if value is None:
        return "–"
    mean, low, high = (100.0 * one if score in IN_PERCENT else one for one in value)
    if score in IN_PERCENT:
        return f"{mean:.0f} ({low:.0f}–{high:.0f})"
    return f"{mean:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
