"""What the network is told besides the beat, and how it is told that something is unknown."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import Features, FloatArray, Patient, Sex

BODY_INPUTS = ("height_cm", "weight_kg")
"""May be unknown; a mask input says which is known."""
TABULAR_INPUTS = (
    "age_years", "height_cm", "weight_kg", "height_known", "weight_known", "male",
    "qrs_ms", "axis_sin", "axis_cos", "rate_bpm",
)  # fmt: skip
"""Order of the non-waveform inputs. ``male`` is 1, 0 or unknown; a model for one sex never sees it change, and takes no
notice of it."""
ECG_INPUTS = ("qrs_ms", "axis_sin", "axis_cos", "rate_bpm")
"""Those that are measured on the ECG."""
RANGE_INPUTS = ("age_years", "height_cm", "weight_kg")
"""Inputs whose range in training is kept and compared."""
MASK_INPUTS = ("height_known", "weight_known")
_COLUMN = {name: index for index, name in enumerate(TABULAR_INPUTS)}
_MASK_OF = {"height_cm": "height_known", "weight_kg": "weight_known"}

PATTERNS = ("height+weight", "height", "weight", "neither")
"""Which of height and weight are known: one calibration each."""

GROUPS = {
    "age": ("age_years",),
    "height": ("height_cm", "height_known"),
    "weight": ("weight_kg", "weight_known"),
    "QRS duration": ("qrs_ms",),
    "QRS axis": ("axis_sin", "axis_cos"),
    "heart rate": ("rate_bpm",),
}
"""How attributions on the inputs are summed for people."""


def column(name: str) -> int:
    """Index of a non-waveform input."""
    return _COLUMN[name]


def columns(names: Iterable[str]) -> list[int]:
    """Indices of non-waveform inputs."""
    return [_COLUMN[name] for name in names]


def tabular_row(patient: Patient, features: Features) -> FloatArray:
    """Non-waveform inputs of one patient in natural units, shape (10,); unknown ones are NaN, masks 0 or 1.

    Raises
    ------
    ValueError
        Age is unknown: an estimate needs it, and a STOP finding should have come first.
    """
    if patient.age_years is None:
        raise ValueError("age is needed for an estimate")
    axis = features["qrs_axis_deg"]
    row = {
        "age_years": patient.age_years,
        "height_cm": _or_nan(patient.height_cm),
        "weight_kg": _or_nan(patient.weight_kg),
        "height_known": float(patient.height_cm is not None),
        "weight_known": float(patient.weight_kg is not None),
        "male": math.nan if patient.sex is Sex.UNKNOWN else float(patient.sex is Sex.MALE),
        "qrs_ms": _or_nan(features["qrs_ms"]),
        "axis_sin": math.nan if axis is None else math.sin(math.radians(axis)),
        "axis_cos": math.nan if axis is None else math.cos(math.radians(axis)),
        "rate_bpm": _or_nan(features["rate_bpm"]),
    }
    return np.array([row[name] for name in TABULAR_INPUTS])


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def without(rows: FloatArray, pattern: str) -> FloatArray:
    """A copy of rows (n, 10) in which only the body sizes of `pattern` stay known."""
    masked = np.array(rows)
    for name in BODY_INPUTS:
        if name.split("_")[0] not in pattern.split("+"):
            masked[:, column(name)] = np.nan
            masked[:, column(_MASK_OF[name])] = 0.0
    return masked


def pattern_of(row: FloatArray) -> str:
    """Which of height and weight this row (10,) knows."""
    known = [name.split("_")[0] for name in BODY_INPUTS if row[column(_MASK_OF[name])] > 0.5]
    return "+".join(known) or "neither"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Normaliser:
    """Mean and SD of each non-waveform input in training; masks pass unchanged and unknowns become 0, the mean."""

    mean: FloatArray
    sd: FloatArray

    def __post_init__(self) -> None:
        shape = (len(TABULAR_INPUTS),)
        if self.mean.shape != shape or self.sd.shape != shape or not (self.sd > 0).all():
            raise ValueError("the normaliser does not fit the inputs")

    @classmethod
    def fit(cls, rows: FloatArray) -> "Normaliser":
        """From training rows (n, 10), ignoring unknowns; what never changes is only centred."""
        mean, sd = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        masks = [column(name) for name in MASK_INPUTS]
        mean[masks], sd[masks] = 0.0, 1.0
        return cls(mean=mean, sd=np.where(sd < 1e-6, 1.0, sd))

    def __call__(self, rows: FloatArray) -> FloatArray:
        """Standardise rows (…, 10)."""
        return np.nan_to_num((rows - self.mean) / self.sd, nan=0.0)
