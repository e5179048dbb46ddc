"""Two virtual patients who differ in one thing, to be seen side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from scipy.optimize import brentq

from elvmass_core.domain import Sex
from elvmass_core.virtual.dial import DIAL, Dials

_SMALL, _LARGE = (155, 50), (182, 100)
"""Height in cm and weight in kg of the two bodies."""
_NARROW, _WIDE = 0.7, 1.4
"""Cavities over the dialled one."""
_MARKED_STRAIN = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is shown, the names of both, and how each is made from the dials as they stand."""

    words: str
    same: str
    names: tuple[str, str]
    left: Callable[[Dials], Dials]
    right: Callable[[Dials], Dials]


def _body(height_cm: int, weight_kg: int) -> Callable[[Dials], Dials]:
    return lambda dials: replace(dials, height_cm=height_cm, weight_kg=weight_kg)


def _sex(sex: Sex) -> Callable[[Dials], Dials]:
    return lambda dials: replace(dials, sex=sex)


def with_cavity(dials: Dials, factor: float) -> Dials:
    """The same mass and the same septum over free wall around a cavity ``factor`` times as large.

    Cavity and walls are kept inside their dials, even where the mass can then no longer be the same.
    """
    mass, dial = dials.shape.lvm_g, DIAL["cavity_ml"]
    cavity_ml = int(min(max(dials.cavity_ml * factor, dial.low), dial.high))
    low = max(DIAL[name].low / getattr(dials, name) for name in ("septum_mm", "free_wall_mm"))
    high = min(DIAL[name].high / getattr(dials, name) for name in ("septum_mm", "free_wall_mm"))

    def scaled(walls: float) -> Dials:
        return replace(
            dials, cavity_ml=cavity_ml, septum_mm=walls * dials.septum_mm, free_wall_mm=walls * dials.free_wall_mm
        )  # fmt: skip

    def excess_g(walls: float) -> float:
        return scaled(walls).shape.lvm_g - mass

    if excess_g(low) >= 0.0:
        return scaled(low)
    return scaled(high if excess_g(high) <= 0.0 else float(brentq(excess_g, low, high, xtol=1e-4)))


PAIRS: Mapping[str, Pair] = {
    "bodies": Pair(
        words="The same heart, different body",
        same="One left ventricle, gram for gram: only height and weight differ.",
        names=(f"{_SMALL[0]} cm, {_SMALL[1]} kg", f"{_LARGE[0]} cm, {_LARGE[1]} kg"),
        left=_body(*_SMALL),
        right=_body(*_LARGE),
    ),
    "sexes": Pair(
        words="The same heart in a man's and a woman's chest",
        same="One left ventricle, one height and weight: chest, lie of the heart, source strength and repolarisation "
        "are those of a man and of a woman, and so is the model that answers.",
        names=("man", "woman"),
        left=_sex(Sex.MALE),
        right=_sex(Sex.FEMALE),
    ),
    "shapes": Pair(
        words="The same mass, thick or wide",
        same="One mass: thick walls around a small cavity, or thinner ones around a large one.",
        names=("small cavity, thick walls", "large cavity, thin walls"),
        left=lambda dials: with_cavity(dials, _NARROW),
        right=lambda dials: with_cavity(dials, _WIDE),
    ),
    "strain": Pair(
        words="The same mass, without and with strain",
        same="One left ventricle: only its repolarisation differs. Strain adds no muscle.",
        names=("no strain", "marked strain"),
        left=lambda dials: replace(dials, strain=0.0),
        right=lambda dials: replace(dials, strain=_MARKED_STRAIN),
    ),
}
"""Key → pair; each starts from the dials as they stand."""
