"""What adults' intervals usually are, by sex, beside what was measured: for the reader, never for the models."""

from dataclasses import dataclass

from elvmass_core.domain import Sex
from elvmass_core.wording import ADULT_YEARS

AXIS = "AHA/ACCF/HRS 2009, part III (doi 10.1161/CIRCULATIONAHA.108.191095)"
QT = "AHA/ACCF/HRS 2009, part IV (doi 10.1161/CIRCULATIONAHA.108.191096)"
BRADYCARDIA = "ACC/AHA/HRS 2018, bradycardia (doi 10.1161/CIR.0000000000000628)"
CONVENTION = "Convention of adult electrocardiography"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRange:
    """Usual values of one measurement: a bound that is None is not set; `source` is the publication."""

    low: float | None
    high: float | None
    unit: str
    source: str

    def words(self) -> str:
        """The range with its unit: "120–200 ms", "≤ 450 ms"."""
        if self.low is None:
            return f"≤ {self.high:g} {self.unit}"
        if self.high is None:
            return f"≥ {self.low:g} {self.unit}"
        joint = " to " if self.low < 0 else "–"
        space = "" if self.unit == "°" else " "
        return f"{self.low:g}{joint}{self.high:g}{space}{self.unit}".replace("-", "−")

    def holds(self, value: float) -> bool:
        """Whether a value lies within the bounds."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


_BOTH: dict[str, ReferenceRange] = {
    "rate_bpm": ReferenceRange(low=50, high=100, unit="bpm", source=BRADYCARDIA),
    "p_ms": ReferenceRange(low=None, high=120, unit="ms", source=CONVENTION),
    "pr_ms": ReferenceRange(low=120, high=200, unit="ms", source=CONVENTION),
    "qrs_ms": ReferenceRange(low=None, high=110, unit="ms", source=AXIS),
    "qrs_axis_deg": ReferenceRange(low=-30, high=90, unit="°", source=AXIS),
}
_QTC_HIGH_MS = {Sex.MALE: 450.0, Sex.FEMALE: 460.0}
_QTC_LOW_MS = 390.0
"""Part IV: QTc is long from 450 ms in men and 460 ms in women, short at 390 ms or below."""


def is_child(age_years: float | None) -> bool:
    """Whether adult ranges certainly do not apply; an unknown age is none."""
    return age_years is not None and age_years < ADULT_YEARS


def reference_range(name: str, sex: Sex, age_years: float | None = None) -> ReferenceRange | None:
    """Return the usual range of a feature for adults of this sex.

    None where there is none, where it needs the sex, and for a child: children's intervals follow other rules.
    """
    if is_child(age_years):
        return None
    if name == "qtc_fridericia_ms":
        high = _QTC_HIGH_MS.get(sex)
        return None if high is None else ReferenceRange(low=_QTC_LOW_MS, high=high, unit="ms", source=QT)
    return _BOTH.get(name)
