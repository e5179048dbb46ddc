"""What is fitted after training, on other patients: intervals, the demographics-only line, the probability of LVH."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.models.inputs import PATTERNS, column

COVERAGE = 0.90
DEMOGRAPHIC_INPUTS = ("age_years", "height_cm", "weight_kg")
MIN_SPREAD_G = 3.0
"""Floor of the predicted spread (assumed), so that five agreeing members do not promise the impossible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """An LVH cut-off: index, the modality it belongs to, and where it was published."""

    name: str
    modality: str
    source: str
    men_g_m2: float
    women_g_m2: float

    def __post_init__(self) -> None:
        if not (0 < self.men_g_m2 < math.inf and 0 < self.women_g_m2 < math.inf):
            raise ValueError(f"cut-off {self.men_g_m2}/{self.women_g_m2} g/m² is not usable")

    def g_m2(self, sex: Sex) -> float:
        """The number for a sex."""
        return self.men_g_m2 if sex is Sex.MALE else self.women_g_m2


CT_FUCHS = Cutoff(
    name="CT, DuBois BSA",
    modality="coronary CT angiography",
    source="Fuchs et al., 97.5th percentile of 569 healthy adults (188 men), one software; other CT normals are higher",
    men_g_m2=80.0,
    women_g_m2=65.0,
)
CMR_LVM_AI = Cutoff(
    name="CMR, DuBois BSA",
    modality="cardiovascular magnetic resonance",
    source="as coded by the authors of LVM-AI (Khurshid et al. 2021, doi 10.1161/CIRCIMAGING.120.012281)",
    men_g_m2=72.0,
    women_g_m2=55.0,
)
ECHO_ASE = Cutoff(
    name="echocardiography, DuBois BSA",
    modality="echocardiography, linear method",
    source="ASE and EACVI recommendations (Lang et al. 2015, doi 10.1016/j.echo.2014.10.003)",
    men_g_m2=115.0,
    women_g_m2=95.0,
)
CUTOFFS: Mapping[str, Cutoff] = MappingProxyType({"ct": CT_FUCHS, "mri": CMR_LVM_AI, "echo": ECHO_ASE})
"""By how the mass was measured; masses of two methods are never mixed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Demographics only: ordinary least squares on the body inputs that are known."""

    inputs: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (*self.coefficients, self.intercept)))
        if len(self.inputs) != len(self.coefficients) or not finite:
            raise ValueError(f"line on {self.inputs} with {self.coefficients} is not usable")

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Grams for rows (n, 10) in natural units."""
        columns = [column(name) for name in self.inputs]
        return rows[:, columns] @ np.array(self.coefficients) + self.intercept


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Split conformal interval, scaled by a predicted spread.

    Half-width = ``quantile`` × spread, spread = max(3 g, a + b·estimate + c·SD of the members). `n` patients stand
    behind the quantile.
    """

    a: float
    b: float
    c: float
    quantile: float
    n: int

    def __post_init__(self) -> None:
        numbers = (self.a, self.b, self.c, self.quantile)
        if not all(map(math.isfinite, numbers)) or self.quantile <= 0:
            raise ValueError(f"interval with {numbers} is not usable")

    def spread_g(self, estimate_g: FloatArray, member_sd_g: FloatArray) -> FloatArray:
        """Predicted absolute error before scaling."""
        return np.maximum(MIN_SPREAD_G, self.a + self.b * estimate_g + self.c * member_sd_g)

    def half_width_g(self, estimate_g: FloatArray, member_sd_g: FloatArray) -> FloatArray:
        """Half the interval."""
        return self.quantile * self.spread_g(estimate_g, member_sd_g)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """P(LVH) = 1 / (1 + exp(−(intercept + slope · (index ÷ cut-off − 1)))) in a population with `prevalence`."""

    intercept: float
    slope: float
    prevalence: float

    def __call__(self, index_ratio: FloatArray) -> FloatArray:
        """Probability for index ÷ cut-off."""
        return 1.0 / (1.0 + np.exp(-(self.intercept + self.slope * (index_ratio - 1.0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Everything fitted after training, for one sex."""

    intervals: Mapping[str, Interval]
    lines: Mapping[str, Line]
    platt: Platt
    coverage: float = COVERAGE

    def as_dict(self) -> dict[str, object]:
        """For the manifest."""
        return {
            "coverage": self.coverage,
            "intervals": {pattern: asdict(interval) for pattern, interval in self.intervals.items()},
            "lines": {pattern: asdict(line) for pattern, line in self.lines.items()},
            "platt": asdict(self.platt),
        }

    @classmethod
    def from_dict(cls, stored: Mapping) -> "Calibration":
        """From a manifest; KeyError or TypeError when it is of another layout."""
        lines = {
            pattern: Line(
                inputs=tuple(line["inputs"]),
                coefficients=tuple(line["coefficients"]),
                intercept=line["intercept"],
            )
            for pattern, line in stored["lines"].items()
        }
        intervals = {pattern: Interval(**interval) for pattern, interval in stored["intervals"].items()}
        missing = set(PATTERNS) - (set(lines) & set(intervals))
        if missing:
            raise KeyError(f"calibration lacks {sorted(missing)}")
        return cls(intervals=intervals, lines=lines, platt=Platt(**stored["platt"]), coverage=stored["coverage"])


def fit_line(rows: FloatArray, lvm_g: FloatArray, pattern: str) -> Line:
    """Least squares of mass on age and the known body sizes; rows (n, 10) must know both."""
    inputs = tuple(name for name in DEMOGRAPHIC_INPUTS if name == "age_years" or name.split("_")[0] in pattern)
    design = np.column_stack([rows[:, [column(name) for name in inputs]], np.ones(len(rows))])
    solution, *_ = np.linalg.lstsq(design, lvm_g, rcond=None)
    return Line(inputs=inputs, coefficients=tuple(map(float, solution[:-1])), intercept=float(solution[-1]))


def fit_interval(lvm_g: FloatArray, estimate_g: FloatArray, member_sd_g: FloatArray) -> Interval:
    """Fit the spread on every fifth patient, the quantile on the others.

    Raises
    ------
    ValueError
        Too few patients for the coverage to be promised.

    Notes
    -----
    Source: split conformal prediction with a normalised score (Lei et al. 2018, doi 10.1080/01621459.2017.1307116).
    """
    error = np.abs(lvm_g - estimate_g)
    design = np.column_stack([np.ones_like(error), estimate_g, member_sd_g])
    for_spread = np.arange(len(error)) % 5 == 0
    (a, b, c), *_ = np.linalg.lstsq(design[for_spread], error[for_spread], rcond=None)
    shape = Interval(a=float(a), b=float(b), c=float(c), quantile=1.0, n=0)
    scores = np.sort((error / shape.spread_g(estimate_g, member_sd_g))[~for_spread])
    rank = int(np.ceil(COVERAGE * (len(scores) + 1)))
    if rank > len(scores):
        raise ValueError(f"{len(scores)} patients are too few for a {100 * COVERAGE:.0f} % interval")
    return replace(shape, quantile=float(scores[rank - 1]), n=len(scores))


def fit_platt(index_ratio: FloatArray, has_lvh: np.ndarray) -> Platt:
    """Logistic regression of LVH on index ÷ cut-off."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit((index_ratio - 1.0)[:, None], has_lvh)
    return Platt(
        intercept=float(fitted.intercept_[0]), slope=float(fitted.coef_[0, 0]), prevalence=float(np.mean(has_lvh))
    )
