"""What each test asks, how it is judged, and its result in a plain sentence.

The limits below are ours and were set before any panel had been computed; where something was published, it is the
limit. The test of networks that share no patient came after the first panel, and has the limits of its neighbours. A
judgement asks for the good case: what cannot be computed comes out bad.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from elvmass_core.sanity.consistency import PUBLISHED_R

Verdict = Literal["good", "mixed", "bad"]
Values = Mapping[str, Any]

COMPLETE_GOOD, COMPLETE_MIXED = 0.99, 0.90
"""Share of patients whose map adds up."""
RANDOM_GOOD, RANDOM_MIXED = 0.2, 0.4
"""Size of the signed correlation that one random network typically has with the true map (its mean over many random
networks is near 0 by symmetry, which would be no test)."""
FLOOR_GOOD = 0.3
"""Correlation of maps without signs under random weights; more than this and only signs carry what was learned."""
LABELS_GOOD, LABELS_MIXED = 0.25, 0.6
"""Likeness under exchanged masses as a share of that under the true ones."""
GAIN_GOOD = 0.1
"""Part of the way that the map's order saves on average; a fifth of what a straight line leaves."""
INFIDELITY_GOOD, INFIDELITY_MIXED = 0.2, 0.5
METHODS_GOOD, METHODS_MIXED = 0.7, 0.4
"""Rank correlation of the tables of two methods, median over patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One test: what it asks, when it is good or mixed (bad otherwise), and how its values are put."""

    title: str
    criterion: str
    judge: Callable[[Values], Verdict]
    say: Callable[[Values], str]


def _verdict(good: bool, mixed: bool) -> Verdict:
    return "good" if good else "mixed" if mixed else "bad"


def signed(value: float) -> str:
    """Two decimals with a sign."""
    return f"{value:+.2f}".replace("-", "−")


# --- Judgements -------------------------------------------------------------------------------------------------------


def _judge_completeness(found: Values) -> Verdict:
    return _verdict(found["share_within"] >= COMPLETE_GOOD, found["share_within"] >= COMPLETE_MIXED)


def _judge_weights(found: Values) -> Verdict:
    typical, floor = found["all"]["rho"]["typical"], found["all"]["rho_absolute"]["mean"]
    above = found["all"]["r_absolute"]["mean"] < found["seeds_r_absolute"]
    return _verdict(typical <= RANDOM_GOOD and floor <= FLOOR_GOOD and above, typical <= RANDOM_MIXED and above)


def _judge_labels(found: Values) -> Verdict:
    own, exchanged = found["own"]["r"]["mean"], found["exchanged"]["r"]["typical"]
    return _verdict(0 <= exchanged <= LABELS_GOOD * own, 0 <= exchanged <= LABELS_MIXED * own)


def _judge_consistency(found: Values) -> Verdict:
    r, (low, high) = found["variants"]["samples"]["mean"], PUBLISHED_R
    return _verdict(r > high, r >= low)


def _judge_curves(found: Values) -> Verdict:
    gains = [found[kind]["gain"] for kind in ("insertion", "deletion")]
    beyond = all(gain.get("low", -1.0) > 0 for gain in gains)
    return _verdict(beyond and all(gain["mean"] >= GAIN_GOOD for gain in gains), beyond)


def _judge_infidelity(found: Values) -> Verdict:
    each = {name: one["mean"] for name, one in found["values"].items()}
    worst = max(each["integrated gradients"], each["expected gradients"])
    beyond = worst < min(each["shuffled"], each["even"])
    return _verdict(beyond and worst <= INFIDELITY_GOOD, beyond and worst <= INFIDELITY_MIXED)


def _judge_methods(found: Values) -> Verdict:
    least = min(one.get("median", -1.0) for one in found["pairs"].values())
    return _verdict(least >= METHODS_GOOD, least >= METHODS_MIXED)


# --- Sentences --------------------------------------------------------------------------------------------------------


def _say_completeness(found: Values) -> str:
    return (
        f"The grams of an explanation add up to the difference they explain, within 0.5 g or 1 %, in "
        f"{round(found['share_within'] * found['n'])} of {found['n']} patients; the largest error is "
        f"{found['largest_g']:.2f} g."
    )


def _say_weights(found: Values) -> str:
    rho, floor = found["all"]["rho"], found["all"]["rho_absolute"]["mean"]
    return (
        f"With everything the network learned replaced by random numbers, its explanation is like the true one by "
        f"{signed(rho['mean'])} on average, and by about ±{rho['typical']:.2f} in any one try (1 would be the same). "
        f"Without plus and minus even random networks reach {floor:.2f}: that much comes from the shape of the "
        f"heartbeat alone."
    )


def _say_labels(found: Values) -> str:
    own, exchanged = found["own"]["r"], found["exchanged"]["r"]
    return (
        f"Networks that learned from masses exchanged between patients explain like the shipped model by "
        f"{signed(exchanged['mean'])} (about ±{exchanged['typical']:.2f} in any one); those that learned the true "
        f"masses of the same patients, by {signed(own['mean'])}."
    )


def _say_consistency(found: Values) -> str:
    variants, floor, (low, high) = found["variants"], found["floor"], PUBLISHED_R
    plain, dropped = variants["samples"]["mean"], variants["samples, sign dropped"]["mean"]
    return (
        f"Any two agree by {plain:.2f} on single moments of the heartbeat and by {variants['table']['mean']:.2f} on "
        f"the table (1 is the same; published for retrained networks: {low:.2f}–{high:.2f}). To be read beside random "
        f"networks: they are like the shipped model by about ±{floor['samples']['typical']:.2f}; without plus and "
        f"minus by {floor['samples, sign dropped']['mean']:.2f}, where these agree by {dropped:.2f}."
    )


def _say_folds(found: Values) -> str:
    return (
        f"Five networks, each trained on four fifths of {found['n_sample']} patients as published: any two share three "
        f"quarters of them. {_say_consistency(found)} {_say_with_shipped(found)}"
    )


def _say_others(found: Values) -> str:
    return (
        f"{found['n_networks']} networks of as many patients each, none in two of them: what the folds cannot show. "
        f"{_say_consistency(found)} {_say_with_shipped(found)}"
    )


def _say_with_shipped(found: Values) -> str:
    samples, table = (found["with_shipped"][name]["mean"] for name in ("samples", "table"))
    return f"With the shipped model, which learned from more, they agree by {samples:.2f}; on the table, {table:.2f}."


def _say_seeds(found: Values) -> str:
    return (
        f"The {found['n_members']} shipped networks, all trained on the same {found['n_train']} patients from another "
        f"random start. {_say_consistency(found)}"
    )


def _say_curves(found: Values) -> str:
    if not found["n"]:
        return f"No patient's beat changes the estimate by {found['least_g']:.0f} g, so this could not be tested."
    parts = []
    for kind, words in (("insertion", "put into the reference beat"), ("deletion", "taken out of the patient's")):
        one = found[kind]
        gain = f"{signed(one['gain']['low'])} to {signed(one['gain']['high'])}"
        parts.append(
            f"{words}, {100 * one['left_map']:.0f} % of the way is left on average, against "
            f"{100 * one['left_random']:.0f} % in random order (95 % interval of the gain {gain})"
        )
    return f"With the cells of most grams first {'; '.join(parts)}. {found['n']} patients."


def _say_infidelity(found: Values) -> str:
    each = {name: one["mean"] for name, one in found["values"].items()}
    return (
        f"Asked what replacing a random part of the beat would do, the explanation misses by "
        f"{each['integrated gradients']:.2f} (0 is perfect, 1 as bad as saying nothing), expected gradients by "
        f"{each['expected gradients']:.2f}; the same grams in shuffled places miss by {each['shuffled']:.2f}, spread "
        f"evenly by {each['even']:.2f}."
    )


def _say_methods(found: Values) -> str:
    pairs = "; ".join(
        f"{name} {one['median']:.2f} ({one['q25']:.2f}–{one['q75']:.2f})" for name, one in found["pairs"].items()
    )
    return f"How alike the methods rank the cells of the table, median and middle half of the patients: {pairs}."


_LOW, _HIGH = PUBLISHED_R
QUESTIONS: Mapping[str, Question] = {
    "completeness": Question(
        title="Do the grams add up?",
        criterion=f"Good: in {COMPLETE_GOOD:.0%} of patients; mixed: {COMPLETE_MIXED:.0%}.",
        judge=_judge_completeness,
        say=_say_completeness,
    ),
    "weights": Question(
        title="Does it depend on what the network learned?",
        criterion=(
            f"Good: one random network is like the true one by ±{RANDOM_GOOD} at most, without signs by {FLOOR_GOOD} "
            f"at most; mixed: ±{RANDOM_MIXED}; either way less than retrained ones are without signs."
        ),
        judge=_judge_weights,
        say=_say_weights,
    ),
    "labels": Question(
        title="Does it depend on the masses it learned from?",
        criterion=(
            f"Good: likeness under exchanged masses at most {LABELS_GOOD} of that under true ones; mixed: "
            f"{LABELS_MIXED}."
        ),
        judge=_judge_labels,
        say=_say_labels,
    ),
    "folds": Question(
        title="Would leaving out a fifth of the patients have given the same?",
        criterion=f"At single moments, as published. Good: above {_HIGH}; mixed: from {_LOW}.",
        judge=_judge_consistency,
        say=_say_folds,
    ),
    "others": Question(
        title="Would other patients altogether have given the same?",
        criterion=f"The same. Good: above {_HIGH}; mixed: from {_LOW}.",
        judge=_judge_consistency,
        say=_say_others,
    ),
    "seeds": Question(
        title="Would another random start have given the same?",
        criterion=f"At single moments, as published. Good: above {_HIGH}; mixed: from {_LOW}.",
        judge=_judge_consistency,
        say=_say_seeds,
    ),
    "curves": Question(
        title="Does the estimate follow the parts that are said to matter?",
        criterion=f"Good: {GAIN_GOOD:.0%} of the way gained, both ways; mixed: a gain beyond chance.",
        judge=_judge_curves,
        say=_say_curves,
    ),
    "infidelity": Question(
        title="Does it foretell what happens when a part is replaced?",
        criterion=(
            f"Good: misses by {INFIDELITY_GOOD} at most; mixed: {INFIDELITY_MIXED}; either way less than shuffled or "
            "evenly spread grams."
        ),
        judge=_judge_infidelity,
        say=_say_infidelity,
    ),
    "methods": Question(
        title="Do other methods say the same?",
        criterion=f"Good: every pair {METHODS_GOOD} or more; mixed: {METHODS_MIXED}.",
        judge=_judge_methods,
        say=_say_methods,
    ),
}
