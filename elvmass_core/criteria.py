"""Classical ECG criteria for LVH, as data: formula, cut-off by sex, source, and the patterns that forbid them.

Which pattern forbids which criterion. Published (AHA/ACCF/HRS 2009, part V, doi 10.1161/CIRCULATIONAHA.108.191097):
left bundle branch block, pre-excitation and pacing forbid all; left anterior fascicular block raises R I, R aVL and
S III, so criteria built on them give false positives; right bundle branch block lowers S V1, so criteria built on it
give false negatives. Ours, by the same reasoning: Peguero–Lo Presti (S III may be its deepest S) and Romhilt–Estes
(axis and limb voltage) in left anterior fascicular block; the products and Romhilt–Estes in right bundle branch block
(the block lengthens QRS, by which they multiply or score); all in a wide QRS that has no name.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from elvmass_core.domain import CriterionResult, Features, Sex
from elvmass_core.units import LEADS

Rule = Callable[[Features, Sex], float | None]
Sign = Callable[[Features], bool | None]

WIDE_QRS_MS = 120.0
"""Bundle branch block, pre-excitation or pacing: voltage criteria are not validated (AHA/ACCF/HRS 2009 part V)."""
PACED, LBBB, RBBB, LAFB, WPW, WIDE_QRS = "paced", "lbbb", "rbbb", "lafb", "wpw", "wide_qrs"
"""Codes of the findings that a criterion's `not_with` may name."""
NOT_ADULT = "not_adult"
"""Code of the finding that the patient is a child."""
EVERY_CRITERION: Mapping[str, str] = {
    NOT_ADULT: "the cut-offs are those of adults",
    PACED: "the ventricles are paced",
    WPW: "pre-excitation",
    LBBB: "left bundle branch block",
}
"""Patterns in which no criterion applies."""
RBBB_LOWERS = {RBBB: "right bundle branch block lowers S V1"}
RBBB_LENGTHENS = {RBBB: "right bundle branch block lengthens QRS"}
LAFB_R_AVL = {LAFB: "left anterior fascicular block raises R aVL"}
LAFB_R_I_S_III = {LAFB: "left anterior fascicular block raises R I and S III"}
LAFB_S_III = {LAFB: "left anterior fascicular block deepens S III"}
LAFB_AXIS = {LAFB: "left anterior fascicular block turns the axis left and raises limb voltage"}

REVIEW = "PubMed Central article PMC4750022, table 1"
"""Its authors, year and title are not given because they could not be checked: only the table's figures were seen."""
GUIDELINE = "ESC/ESH 2018 hypertension guideline"
AHA_2009 = "AHA/ACCF/HRS 2009, part V"

CORNELL_WOMEN_MV = 0.8
"""Added for women before the Cornell product is formed (PMC4750022; other tables add 0.6 mV)."""
ROUNDING = 9
"""Decimals of a sum, so that 1.2 + 1.6 mV is not above 2.8 mV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a point score; ``sign`` is None where it cannot be measured."""

    words: str
    points: float
    sign: Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion.

    Parameters
    ----------
    cutoffs : mapping of Sex to float
        In `unit`; a criterion without a sex rule names the same number for both.
    strict : bool
        Met above the cut-off (True) or at it and above (False).
    rule : callable (Features, Sex) -> float or None
    not_with : mapping of str to str
        Finding codes with which it does not apply, beside `EVERY_CRITERION`, and why.
    formula_by_sex : bool
        Whether the formula itself, and not only the cut-off, differs between the sexes.
    items : tuple of Item
        Of a point score: `rule` then gives the points that are known.
    """

    name: str
    formula: str
    unit: str
    cutoffs: Mapping[Sex, float]
    strict: bool
    source: str
    rule: Rule
    not_with: Mapping[str, str] = field(default_factory=dict)
    formula_by_sex: bool = False
    items: tuple[Item, ...] = ()

    def cutoff(self, sex: Sex) -> float:
        """The cut-off for this sex; the higher one for an unknown sex."""
        return self.cutoffs.get(sex, max(self.cutoffs.values()))

    def reached(self, value: float, sex: Sex) -> bool:
        """Whether a value meets the criterion."""
        cutoff = self.cutoff(sex)
        return value > cutoff if self.strict else value >= cutoff

    @property
    def needs_sex(self) -> bool:
        """Whether it says nothing without the sex."""
        return self.formula_by_sex or len(set(self.cutoffs.values())) > 1


def _both(value: float) -> dict[Sex, float]:
    return {Sex.MALE: value, Sex.FEMALE: value}


def _sum(*names: str) -> Rule:
    def rule(features: Features, sex: Sex) -> float | None:
        values = [features[name] for name in names]
        known = [value for value in values if value is not None]
        return round(sum(known), ROUNDING) if len(known) == len(values) else None

    return rule


def _times_qrs(voltage: Rule) -> Rule:
    def rule(features: Features, sex: Sex) -> float | None:
        mv, qrs_ms = voltage(features, sex), features["qrs_ms"]
        return None if mv is None or qrs_ms is None else round(mv * qrs_ms, ROUNDING)

    return rule


def _sokolow_lyon(features: Features, sex: Sex) -> float | None:
    s_v1, r_v5, r_v6 = features["s_mv_V1"], features["r_mv_V5"], features["r_mv_V6"]
    return None if s_v1 is None or r_v5 is None or r_v6 is None else round(s_v1 + max(r_v5, r_v6), ROUNDING)


def _cornell_adjusted(features: Features, sex: Sex) -> float | None:
    voltage = None if sex is Sex.UNKNOWN else _sum("r_mv_aVL", "s_mv_V3")(features, sex)
    return None if voltage is None else round(voltage + (CORNELL_WOMEN_MV if sex is Sex.FEMALE else 0.0), ROUNDING)


def _peguero(features: Features, sex: Sex) -> float | None:
    depths = [value.value for name, value in features.values.items() if name.startswith("s_mv_")]
    s_v4 = features["s_mv_V4"]
    if s_v4 is None or None in depths:
        return None
    return round(max(depth for depth in depths if depth is not None) + s_v4, ROUNDING)


# --- Romhilt–Estes ----------------------------------------------------------------------------------------------------

LIMB_MV, CHEST_MV = 2.0, 3.0
STRAIN_STJ_MV = -0.05
"""J point at or below which ST counts as depressed (assumed; the score names no depth)."""
P_TERMINAL_MV, P_TERMINAL_MS = 0.1, 40.0
LEFT_AXIS_DEG = (-90.0, -30.0)
"""Left axis deviation; beyond −90° the axis is no longer left (AHA/ACCF/HRS 2009, part III)."""
SCORED_QRS_MS, INTRINSICOID_MS = 90.0, 50.0
PROBABLE_POINTS, DEFINITE_POINTS = 4.0, 5.0


def _any(signs: Iterable[bool | None]) -> bool | None:
    """True when one is, False when all are known not to be, else None."""
    known = list(signs)
    return True if True in known else (None if None in known else False)


def _all(signs: Iterable[bool | None]) -> bool | None:
    """False when one is, True when all are known to be, else None."""
    known = list(signs)
    return False if False in known else (None if None in known else True)


def _at_least(limit: float, *names: str) -> Sign:
    """Whether any of these measurements reaches a limit."""

    def sign(features: Features) -> bool | None:
        return _any(None if features[name] is None else (features[name] or 0.0) >= limit for name in names)

    return sign


def _high_voltage(features: Features) -> bool | None:
    """R or S of 2.0 mV in a limb lead, S of 3.0 mV in V1 or V2, or R of 3.0 mV in V5 or V6."""
    limb = _at_least(LIMB_MV, *(f"{wave}_mv_{lead}" for wave in "rs" for lead in LEADS[:6]))
    chest = _at_least(CHEST_MV, "s_mv_V1", "s_mv_V2", "r_mv_V5", "r_mv_V6")
    return _any((limb(features), chest(features)))


def _strain(features: Features) -> bool | None:
    """R above S with a depressed J point and a negative T in V5 or V6: ST–T opposite to QRS (leads assumed)."""
    return _any(_strain_in(features, lead) for lead in ("V5", "V6"))


def _strain_in(features: Features, lead: str) -> bool | None:
    r_mv, s_mv, stj_mv, t_mv = (features[f"{wave}_mv_{lead}"] for wave in ("r", "s", "stj", "t"))
    if r_mv is None or s_mv is None:
        return None
    depressed = None if stj_mv is None else stj_mv <= STRAIN_STJ_MV
    return _all((r_mv > s_mv, depressed, None if t_mv is None else t_mv < 0.0))


def _p_terminal(features: Features) -> bool | None:
    deep = _at_least(P_TERMINAL_MV, "p_terminal_mv_V1")(features)
    return _all((deep, _at_least(P_TERMINAL_MS, "p_terminal_ms_V1")(features)))


def _left_axis(features: Features) -> bool | None:
    axis_deg = features["qrs_axis_deg"]
    return None if axis_deg is None else LEFT_AXIS_DEG[0] <= axis_deg <= LEFT_AXIS_DEG[1]


ROMHILT_ESTES = (
    Item(words="voltage", points=3.0, sign=_high_voltage),
    Item(words="ST–T opposite to QRS (1 point on digitalis)", points=3.0, sign=_strain),
    Item(words="P terminal force in V1", points=3.0, sign=_p_terminal),
    Item(words="left axis", points=2.0, sign=_left_axis),
    Item(words="QRS ≥ 90 ms", points=1.0, sign=_at_least(SCORED_QRS_MS, "qrs_ms")),
    Item(
        words="R peak ≥ 50 ms in V5 or V6",
        points=1.0,
        sign=_at_least(INTRINSICOID_MS, "intrinsicoid_ms_V5", "intrinsicoid_ms_V6"),
    ),
)
"""Items of the score. Digitalis is not known to ELVMass, so ST–T scores as without it."""


def _points(items: tuple[Item, ...]) -> Rule:
    """Sum of the points that are known; None when nothing is."""

    def rule(features: Features, sex: Sex) -> float | None:
        signs = [item.sign(features) for item in items]
        if all(sign is None for sign in signs):
            return None
        return sum(item.points for item, sign in zip(items, signs, strict=True) if sign)

    return rule


CRITERIA = (
    Criterion(
        name="Sokolow–Lyon voltage",
        formula="S V1 + max(R V5, R V6)",
        unit="mV",
        cutoffs=_both(3.5),
        strict=False,
        source=REVIEW,
        rule=_sokolow_lyon,
        not_with=RBBB_LOWERS,
    ),
    Criterion(
        name="Sokolow–Lyon product",
        formula="Sokolow–Lyon voltage × QRS duration",
        unit="mV·ms",
        cutoffs=_both(371.0),
        strict=False,
        source=REVIEW,
        rule=_times_qrs(_sokolow_lyon),
        not_with=RBBB_LOWERS,
    ),
    Criterion(
        name="Cornell voltage",
        formula="R aVL + S V3",
        unit="mV",
        cutoffs={Sex.MALE: 2.8, Sex.FEMALE: 2.0},
        strict=True,
        source=f"{REVIEW} (there ≥; > as in Casale 1987)",
        rule=_sum("r_mv_aVL", "s_mv_V3"),
        not_with=LAFB_R_AVL,
    ),
    Criterion(
        name="Cornell product",
        formula="(R aVL + S V3 [+ 0.8 mV in women]) × QRS duration",
        unit="mV·ms",
        cutoffs=_both(244.0),
        strict=False,
        source=REVIEW,
        rule=_times_qrs(_cornell_adjusted),
        not_with=LAFB_R_AVL | RBBB_LENGTHENS,
        formula_by_sex=True,
    ),
    Criterion(
        name="R aVL",
        formula="R aVL",
        unit="mV",
        cutoffs=_both(1.1),
        strict=False,
        source=GUIDELINE,
        rule=_sum("r_mv_aVL"),
        not_with=LAFB_R_AVL,
    ),
    Criterion(
        name="Peguero–Lo Presti",
        formula="deepest S in any lead + S V4",
        unit="mV",
        cutoffs={Sex.MALE: 2.8, Sex.FEMALE: 2.3},
        strict=False,
        source="JACC 2017;69:1694",
        rule=_peguero,
        not_with=LAFB_S_III,
    ),
    Criterion(
        name="Gubner–Ungerleider",
        formula="R I + S III",
        unit="mV",
        cutoffs=_both(2.5),
        strict=False,
        source=f"{AHA_2009} ({REVIEW}: ≥ 2.0 mV)",
        rule=_sum("r_mv_I", "s_mv_III"),
        not_with=LAFB_R_I_S_III,
    ),
    Criterion(
        name="Romhilt–Estes",
        formula=(
            "voltage 3 (limb R or S ≥ 2.0, S V1–V2 ≥ 3.0 or R V5–V6 ≥ 3.0 mV) + ST–T opposite to QRS 3 (digitalis "
            "unknown: as without it; with it 1) + P terminal force in V1 3 (≥ 0.1 mV, ≥ 40 ms) + axis ≤ −30° 2 + "
            "QRS ≥ 90 ms 1 + R peak ≥ 50 ms in V5–V6 1; 5 definite, 4 probable"
        ),
        unit="points",
        cutoffs=_both(DEFINITE_POINTS),
        strict=False,
        source="Romhilt & Estes 1968, as in the Merck table",
        rule=_points(ROMHILT_ESTES),
        not_with=LAFB_AXIS | RBBB_LENGTHENS,
        items=ROMHILT_ESTES,
    ),
)
"""Every criterion that is applied, in the order of the table."""


def apply_criteria(
    features: Features, sex: Sex, *, usable: bool = True, patterns: AbstractSet[str] = frozenset()
) -> tuple[CriterionResult, ...]:
    """Apply every criterion.

    Parameters
    ----------
    usable : bool
        False when the recording is refused (a wrong gain, a dead lead, …): then no criterion is judged.
    patterns : set of str
        Codes of the findings present; those that a criterion knows forbid it, any others are ignored.

    Returns
    -------
    tuple of CriterionResult
        ``met`` is None, with a reason, where a criterion does not apply or cannot be measured. The reason of a point
        score names its points also when it is judged. A score with items that cannot be measured is judged when they
        cannot change the answer.
    """
    return tuple(_apply(criterion, features, sex, usable, patterns) for criterion in CRITERIA)


def cutoffs_in_words(result: CriterionResult, sex: Sex | None) -> str:
    """The cut-off that a result was judged by; those of both sexes where they differ and the sex is unknown."""
    both = next((one.cutoffs for one in CRITERIA if one.name == result.name), {})
    if sex is not Sex.UNKNOWN or len(set(both.values())) < 2:
        return f"{result.comparison} {result.cutoff:g} {result.unit}"
    men, women = both[Sex.MALE], both[Sex.FEMALE]
    return f"men {result.comparison} {men:g}, women {result.comparison} {women:g} {result.unit}"


def _apply(
    criterion: Criterion, features: Features, sex: Sex, usable: bool, patterns: AbstractSet[str]
) -> CriterionResult:
    value = criterion.rule(features, sex)
    reason = _why_not(criterion, features, sex, patterns) if usable else "not judged: the recording is refused"
    met = None
    if not reason:
        met, reason = _judge(criterion, features, sex, value)
    return CriterionResult(
        name=criterion.name,
        value=value,
        unit=criterion.unit,
        cutoff=criterion.cutoff(sex),
        comparison=">" if criterion.strict else "≥",
        met=met,
        reason=reason,
        formula=criterion.formula,
        source=criterion.source,
    )


def _judge(criterion: Criterion, features: Features, sex: Sex, value: float | None) -> tuple[bool | None, str]:
    """Met, not met or None, and the reason."""
    if value is None:
        return None, "could not be measured"
    unknown = [item for item in criterion.items if item.sign(features) is None]
    if criterion.reached(value, sex):
        return True, _points_words(criterion, features, value)
    if criterion.reached(value + sum(item.points for item in unknown), sex):
        names = ", ".join(item.words for item in unknown)
        return None, f"undecided: {value:g} points without what could not be measured ({names})"
    return False, _points_words(criterion, features, value)


def _points_words(criterion: Criterion, features: Features, value: float) -> str:
    """The points of a score, one by one; empty for a voltage."""
    if not criterion.items or value == 0.0:
        return ""
    words = ", ".join(f"{item.words} {item.points:g}" for item in criterion.items if item.sign(features))
    return f"probable LVH: {words}" if value == PROBABLE_POINTS else words


def _why_not(criterion: Criterion, features: Features, sex: Sex, patterns: AbstractSet[str]) -> str:
    """Why a criterion does not apply; empty when it does."""
    for code, why in {**EVERY_CRITERION, **criterion.not_with}.items():
        if code in patterns:
            return f"not applicable: {why}"
    qrs_ms = features["qrs_ms"]
    wide = WIDE_QRS in patterns or (qrs_ms is not None and qrs_ms >= WIDE_QRS_MS)
    if wide and RBBB not in patterns:
        width = "wide QRS" if qrs_ms is None else f"QRS of {qrs_ms:.0f} ms"
        return f"not applicable: {width} without a named pattern (conduction disorder, pre-excitation or pacing)"
    if sex is Sex.UNKNOWN and criterion.needs_sex:
        return "not applicable: the formula or cut-off depends on sex"
    return ""
