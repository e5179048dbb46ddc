"""What a simulated population should be like: published ranges, each with its source. Fixed before any network."""

from dataclasses import dataclass

COHORT = "Asian CT/CMR cohorts (docs/protocol.md)"
CRITERIA_PERFORMANCE = "published performance of the criteria (docs/protocol.md)"
NORMAL_ECG = "normal limits of the adult ECG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A range that a quantity of one sex ("M", "F") or of "all" should lie in."""

    quantity: str
    sex: str
    low: float
    high: float
    source: str


def _both(quantity: str, low: float, high: float, source: str) -> tuple[Target, ...]:
    return tuple(Target(quantity=quantity, sex=sex, low=low, high=high, source=source) for sex in ("M", "F"))


def _one(quantity: str, sex: str, low: float, high: float, source: str) -> Target:
    return Target(quantity=quantity, sex=sex, low=low, high=high, source=source)


TARGETS = (
    _one("LV mass, mean, g", "M", 121.0, 145.0, COHORT),
    _one("LV mass, mean, g", "F", 86.0, 108.0, COHORT),
    _one("LV mass, SD, g", "M", 20.0, 30.0, COHORT),
    _one("LV mass, SD, g", "F", 15.0, 21.0, COHORT),
    *_both("LVH (> 80 / 65 g/m²), %", 10.0, 25.0, COHORT),
    _one("r(LV mass, BSA)", "all", 0.55, 0.75, "below the root of the R² of all four, 0.63–0.77 (assumed)"),
    _one("R² of sex, age, height, weight on LV mass", "all", 0.40, 0.60, COHORT),
    *_both("r(Sokolow–Lyon voltage, LVMI)", 0.15, 0.45, CRITERIA_PERFORMANCE),
    *_both("r(Cornell voltage, LVMI)", 0.15, 0.45, CRITERIA_PERFORMANCE),
    *_both("sensitivity of Sokolow–Lyon voltage, %", 10.0, 30.0, CRITERIA_PERFORMANCE),
    *_both("specificity of Sokolow–Lyon voltage, %", 88.0, 99.0, CRITERIA_PERFORMANCE),
    *_both("sensitivity of Cornell voltage, %", 10.0, 30.0, CRITERIA_PERFORMANCE),
    *_both("specificity of Cornell voltage, %", 88.0, 99.0, CRITERIA_PERFORMANCE),
    *_both("healthy with QRS of 80–110 ms, %", 90.0, 100.0, NORMAL_ECG),
    _one("QRS in the healthy, mean, ms", "M", 90.0, 100.0, "95 ± 10 ms in published normal ECGs; ± half an SD"),
    _one("QRS in the healthy, mean, ms", "F", 82.5, 91.5, "87 ± 9 ms in published normal ECGs; ± half an SD"),
    *_both("QT in the healthy, mean, ms", 350.0, 450.0, NORMAL_ECG),
    _one(
        "QTc (Framingham) in the healthy, mean, ms",
        "M",
        390.0,
        410.0,
        "400 ± 20 ms in published normal ECGs; ± half an SD",
    ),
    _one(
        "QTc (Framingham) in the healthy, mean, ms",
        "F",
        405.0,
        425.0,
        "415 ± 20 ms in published normal ECGs; ± half an SD",
    ),
    *_both("healthy with axis in −30…90°, %", 90.0, 100.0, NORMAL_ECG),
    *(
        target
        for lead in ("I", "II", "V3", "V4", "V5", "V6")
        for target in _both(f"healthy with T upright in {lead}, %", 90.0, 100.0, NORMAL_ECG)
    ),
    *_both("healthy with normal R-progression, %", 90.0, 100.0, NORMAL_ECG),
    _one("R V5 in the healthy, mean, mV", "M", 1.2, 1.6, "1.4 mV in published normal ECGs; ± 0.2 assumed"),
    _one("R V5 in the healthy, mean, mV", "F", 0.9, 1.3, "1.1 mV in published normal ECGs; ± 0.2 assumed"),
    _one("S V1 in the healthy, mean, mV", "M", 0.7, 1.1, "0.9 mV in published normal ECGs; ± 0.2 assumed"),
    _one("S V1 in the healthy, mean, mV", "F", 0.5, 0.9, "0.7 mV in published normal ECGs; ± 0.2 assumed"),
    _one("visible strain, %", "all", 1.5, 4.5, "about 3 %, chosen; ± half assumed"),
    _one("visible strain in LVH, %", "all", 10.0, 20.0, "about 15 %, chosen; ± a third assumed"),
)
"""Where the document names a number and no range, the tolerance stands in the source."""
