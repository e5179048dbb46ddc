"""What moved against the golden set, in sentences that a log of CI shows whole."""

from collections.abc import Mapping

from tests.golden.recordings import GRAMS, Answer, Recipe

TOLERANCE_G = 0.5
"""More than this is another answer: a displayed gram may change."""
_MADE_WITH = 0.01
"""Grams are stored to two decimals."""
_WORDS = {"lvm_g": "mass", "low_g": "low", "high_g": "high", "women_lvm_g": "women's model", "men_lvm_g": "men's model"}
ADVICE = (
    "If the change is meant: `python -m tests.golden.make` makes the set anew; commit tests/golden/golden.csv and name "
    'the change in CHANGELOG.md under "Changes that alter a displayed value".'
)


def differences(wanted: Answer, found: Answer) -> list[str]:
    """What is another answer: grams by more than the tolerance, the LVH answer, what refuses it."""
    said = [_grams(name, getattr(wanted, name), getattr(found, name)) for name in GRAMS]
    said.append("" if wanted.lvh == found.lvh else f"LVH {wanted.lvh} → {found.lvh}")
    if wanted.refusal != found.refusal:
        said.append(f"refusal {wanted.refusal or 'none'} → {found.refusal or 'none'}")
    return list(filter(None, said))


def _grams(name: str, wanted: str, found: str) -> str:
    """One number that moved; empty when it did not."""
    if not wanted or not found:
        return "" if wanted == found else f"{_WORDS[name]} {_unit(wanted)} → {_unit(found)}"
    moved = float(found) - float(wanted)
    within = abs(moved) <= TOLERANCE_G + _MADE_WITH / 2
    return "" if within else f"{_WORDS[name]} {_unit(wanted)} → {_unit(found)} ({moved:+.1f} g)"


def _unit(number: str) -> str:
    return f"{number} g" if number else "none"


def largest_g(wanted: Mapping[Recipe, Answer], found: Mapping[Recipe, Answer]) -> float:
    """The largest change of a mass where both have one, in g."""
    pairs = [(getattr(wanted[key], name), getattr(one, name)) for key, one in found.items() for name in GRAMS]
    return max((abs(float(one) - float(other)) for one, other in pairs if one and other), default=0.0)


def n_flips(wanted: Mapping[Recipe, Answer], found: Mapping[Recipe, Answer]) -> int:
    """How many have another LVH answer or another refusal."""
    return sum((wanted[key].lvh, wanted[key].refusal) != (one.lvh, one.refusal) for key, one in found.items())


def report(wanted: Mapping[Recipe, Answer], found: Mapping[Recipe, Answer]) -> str:
    """The list of recordings whose answer is another one, what may be behind it, and what to do; empty when none is.

    Parameters
    ----------
    wanted : mapping
        The golden set.
    found : mapping
        Answers to recordings of it, not necessarily to all.
    """
    moved = {key: said for key, one in found.items() if (said := differences(wanted[key], one))}
    if not moved:
        return ""
    lines = [f"{len(moved)} of {len(found)} recordings are answered in another way than the golden set says:"]
    lines += [f"  {key}: {'; '.join(said)}{_samples(wanted[key], found[key])}" for key, said in moved.items()]
    return "\n".join([*lines, *changed_weights(wanted, found), ADVICE])


def _samples(wanted: Answer, found: Answer) -> str:
    """Whether the recording itself is another one: then look at the simulator, the fault or the reader first.

    Another processor simulates other last bits, which also make another digest.
    """
    return "" if wanted.digest == found.digest else " [other samples, too, if only in their last bits]"


def changed_weights(wanted: Mapping[Recipe, Answer], found: Mapping[Recipe, Answer]) -> list[str]:
    """A sentence for each model whose weights are not those of the golden set."""
    old, new = _weights(wanted), _weights(found)
    return [
        f"The weights have changed: {name} is {new[name]}, in the golden set {old.get(name, 'absent')}."
        for name in sorted(new)
        if new[name] != old.get(name)
    ]


def _weights(answers: Mapping[Recipe, Answer]) -> dict[str, str]:
    """Start of the hash by model; an unknown sex names two."""
    pairs = [zip(one.model.split(), one.weights.split(), strict=True) for one in answers.values()]
    return dict(pair for several in pairs for pair in several)
