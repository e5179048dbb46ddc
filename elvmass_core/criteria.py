"""Classical ECG criteria for LVH, as data: formula, cut-off by sex, source, and when not to apply them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elvmass_core.domain import CriterionResult, Features, Sex

Rule = Callable[[Features, Sex], float | None]

WIDE_QRS_MS = 120.0
"""Bundle branch block or pre-excitation: voltage criteria are not validated (AHA/ACCF/HRS 2009 part V)."""

REVIEW = "PMC4750022, table 1"
GUIDELINE = "ESC/ESH 2018 hypertension guideline"
AHA_2009 = "AHA/ACCF/HRS 2009, part V"


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
    """

    name: str
    formula: str
    unit: str
    cutoffs: Mapping[Sex, float]
    strict: bool
    source: str
    rule: Rule


def _both(value: float) -> dict[Sex, float]:
    return {Sex.MALE: value, Sex.FEMALE: value}


def _sum(*names: str) -> Rule:
    def rule(features: Features, sex: Sex) -> float | None:
        values = [features[name] for name in names]
        return None if None in values else sum(value for value in values if value is not None)

    return rule


def _times_qrs(voltage: Rule) -> Rule:
    def rule(features: Features, sex: Sex) -> float | None:
        mv, qrs_ms = voltage(features, sex), features["qrs_ms"]
        return None if mv is None or qrs_ms is None else mv * qrs_ms

    return rule


def _sokolow_lyon(features: Features, sex: Sex) -> float | None:
    s_v1, r_v5, r_v6 = features["s_mv_V1"], features["r_mv_V5"], features["r_mv_V6"]
    return None if s_v1 is None or r_v5 is None or r_v6 is None else s_v1 + max(r_v5, r_v6)


def _cornell_adjusted(features: Features, sex: Sex) -> float | None:
    voltage = _sum("r_mv_aVL", "s_mv_V3")(features, sex)
    return None if voltage is None else voltage + (0.8 if sex is Sex.FEMALE else 0.0)


def _peguero(features: Features, sex: Sex) -> float | None:
    depths = [value.value for name, value in features.values.items() if name.startswith("s_mv_")]
    s_v4 = features["s_mv_V4"]
    if s_v4 is None or None in depths:
        return None
    return max(depth for depth in depths if depth is not None) + s_v4


CRITERIA = (
    Criterion(
        name="Sokolow–Lyon voltage",
        formula="S V1 + max(R V5, R V6)",
        unit="mV",
        cutoffs=_both(3.5),
        strict=False,
        source=REVIEW,
        rule=_sokolow_lyon,
    ),
    Criterion(
        name="Sokolow–Lyon product",
        formula="Sokolow–Lyon voltage × QRS duration",
        unit="mV·ms",
        cutoffs=_both(371.0),
        strict=False,
        source=REVIEW,
        rule=_times_qrs(_sokolow_lyon),
    ),
    Criterion(
        name="Cornell voltage",
        formula="R aVL + S V3",
        unit="mV",
        cutoffs={Sex.MALE: 2.8, Sex.FEMALE: 2.0},
        strict=True,
        source=REVIEW,
        rule=_sum("r_mv_aVL", "s_mv_V3"),
    ),
    Criterion(
        name="Cornell product",
        formula="(R aVL + S V3 [+ 0.8 mV in women]) × QRS duration",
        unit="mV·ms",
        cutoffs=_both(244.0),
        strict=False,
        source=REVIEW,
        rule=_times_qrs(_cornell_adjusted),
    ),
    Criterion(
        name="R aVL",
        formula="R aVL",
        unit="mV",
        cutoffs=_both(1.1),
        strict=False,
        source=GUIDELINE,
        rule=_sum("r_mv_aVL"),
    ),
    Criterion(
        name="Peguero–Lo Presti",
        formula="deepest S in any lead + S V4",
        unit="mV",
        cutoffs={Sex.MALE: 2.8, Sex.FEMALE: 2.3},
        strict=False,
        source="JACC 2017;69:1694",
        rule=_peguero,
    ),
    Criterion(
        name="Gubner–Ungerleider",
        formula="R I + S III",
        unit="mV",
        cutoffs=_both(2.5),
        strict=False,
        source=AHA_2009,
        rule=_sum("r_mv_I", "s_mv_III"),
    ),
)
"""Every criterion that is applied, in the order of the table."""


def apply_criteria(features: Features, sex: Sex, *, usable: bool = True) -> tuple[CriterionResult, ...]:
    """Apply every criterion.

    Parameters
    ----------
    usable : bool
        False when the recording is refused (a wrong gain, a dead lead, …): then no criterion is judged.

    Returns
    -------
    tuple of CriterionResult
        ``met`` is None, with a reason, where a criterion does not apply or cannot be measured.
    """
    return tuple(_apply(criterion, features, sex, usable) for criterion in CRITERIA)


def _apply(criterion: Criterion, features: Features, sex: Sex, usable: bool) -> CriterionResult:
    value = criterion.rule(features, sex)
    reason = _why_not(criterion, features, sex, value) if usable else "not judged: the recording is refused"
    cutoff = criterion.cutoffs.get(sex, max(criterion.cutoffs.values()))
    met = None
    if not reason and value is not None:
        met = value > cutoff if criterion.strict else value >= cutoff
    return CriterionResult(
        name=criterion.name,
        value=value,
        unit=criterion.unit,
        cutoff=cutoff,
        comparison=">" if criterion.strict else "≥",
        met=met,
        reason=reason,
        formula=criterion.formula,
        source=criterion.source,
    )


def _why_not(criterion: Criterion, features: Features, sex: Sex, value: float | None) -> str:
    """Why a criterion gives no answer; empty when it does."""
    qrs_ms = features["qrs_ms"]
    if value is None:
        return "could not be measured"
    if qrs_ms is not None and qrs_ms >= WIDE_QRS_MS:
        return f"not applicable: QRS of {qrs_ms:.0f} ms (bundle branch block, pre-excitation or pacing)"
    if sex is Sex.UNKNOWN and len(set(criterion.cutoffs.values())) > 1:
        return "not applicable: the cut-off depends on sex"
    if sex is Sex.UNKNOWN and "women" in criterion.formula:
        return "not applicable: the formula depends on sex"
    return ""
