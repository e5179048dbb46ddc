"""Conduction variants: what a block of a bundle branch or a fascicle does to the breakthroughs and to the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.virtual.activation import Conduction
from elvmass_core.virtual.draws import clipped_normal
from elvmass_core.virtual.scar import Scar

LV_ROOTS = ("septal", "anterior", "posterior", "anterolateral", "posterolateral")
RV_ROOTS = ("right_septal", "right")
_IRBBB_DELAY_MS = (8.0, 18.0)
_RETROGRADE_NETWORK = 0.6
"""Velocity of a network that is entered backwards over the usual one (assumed)."""
_DISTAL_NETWORK = 2.5
"""The same of the LV behind a blocked anterior fascicle: its twigs, entered from the posterior one, carry the
activation at the speed of Purkinje fibres, about 2 m/s; without that the axis would not turn left."""
_DISEASED_MUSCLE = 0.85
"""Velocity of LV muscle where the left bundle is diseased (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockNorms:
    """How often each variant is met at the reference age, by sex, and how it rises.

    Bundle branch blocks: Copenhagen City Heart Study (Bussink et al. 2013, doi 10.1093/eurheartj/ehs291: RBBB 1.4 % of
    men and 0.5 % of women, IRBBB 4.7 and 2.3 %), more in a hospital; LBBB, LAFB and old infarcts assumed.

    Parameters
    ----------
    lafb, irbbb, rbbb, lbbb, scar : (float, float)
        Share of men and of women.
    log_per_decade : float
        Rise of every share with age.
    """

    lafb: tuple[float, float] = (0.030, 0.022)
    irbbb: tuple[float, float] = (0.047, 0.025)
    rbbb: tuple[float, float] = (0.025, 0.010)
    lbbb: tuple[float, float] = (0.005, 0.005)
    scar: tuple[float, float] = (0.025, 0.010)
    log_per_decade: float = 0.30

    def share(self, name: str, sex: Sex, decades: float) -> float:
        """Share of people of this sex and age (in decades from the reference)."""
        men, women = getattr(self, name)
        return float((women if sex is Sex.FEMALE else men) * np.exp(self.log_per_decade * decades))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What a variant changes: delays in ms, roots that fall silent, velocities of each network and of LV muscle."""

    name: str
    delays_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    silent: tuple[str, ...] = ()
    lv_network: float = 1.0
    rv_network: float = 1.0
    lv_muscle: float = 1.0

    def apply(self, conduction: Conduction, names: tuple[str, ...]) -> Conduction:
        """Conduction with this block; ``names`` are those of its roots."""
        roots = tuple(
            replace(root, delay_ms=root.delay_ms + self.delays_ms.get(name, 0.0))
            for name, root in zip(names, conduction.roots, strict=True)
            if name not in self.silent
        )
        return replace(
            conduction, roots=roots, lv_endo_cm_ms=conduction.lv_endo_cm_ms * self.lv_network,
            rv_endo_cm_ms=conduction.rv_endo_cm_ms * self.rv_network,
            lv_velocity_factor=conduction.lv_velocity_factor * self.lv_muscle,
        )  # fmt: skip


LAFB = Block(
    name="lafb", silent=("anterior", "anterolateral"), lv_network=_DISTAL_NETWORK, lv_muscle=_DISEASED_MUSCLE
)  # fmt: skip
RBBB = Block(name="rbbb", silent=RV_ROOTS, rv_network=_RETROGRADE_NETWORK)
LBBB = Block(name="lbbb", silent=LV_ROOTS, lv_network=_RETROGRADE_NETWORK, lv_muscle=_DISEASED_MUSCLE)


def draw_block(rng: np.random.Generator, norms: BlockNorms, sex: Sex, decades: float) -> Block:
    """Which variant a patient has; at most one."""
    draw, late_ms = rng.random(), rng.uniform(*_IRBBB_DELAY_MS)
    below = 0.0
    for block in (LAFB, Block(name="irbbb", delays_ms=MappingProxyType(dict.fromkeys(RV_ROOTS, late_ms))), RBBB, LBBB):
        below += norms.share(block.name, sex, decades)
        if draw < below:
            return block
    return Block(name="none")


_TERRITORIES = ((-55.0, 0.38, 0.45), (85.0, 0.60, 0.40), (150.0, 0.55, 0.15))
"""Middle (angle, height) and share of infarcts of the left anterior descending, right and circumflex artery; shares and
places assumed."""


def draw_scar(rng: np.random.Generator, norms: BlockNorms, sex: Sex, decades: float) -> Scar | None:
    """The scar of a patient, mostly none."""
    present = rng.random() < norms.share("scar", sex, decades)
    theta, height, _ = _TERRITORIES[int(rng.choice(3, p=[share for *_, share in _TERRITORIES]))]
    scar = Scar(
        theta_deg=rng.normal(theta, 12.0), height=rng.normal(height, 0.06), half_angle_deg=rng.uniform(22.0, 50.0),
        half_height=rng.uniform(0.15, 0.32), transmurality=clipped_normal(rng, 0.75, 0.25, 0.25, 1.0),
    )  # fmt: skip
    return scar if present else None
