"""What most parameters of a virtual patient are drawn with."""

import numpy as np

from elvmass_core.domain import FloatArray


def log_normal(rng: np.random.Generator, log_sd: float) -> float:
    """A factor with median 1."""
    return float(np.exp(rng.normal(0.0, log_sd)))


def clipped_normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal value kept within limits."""
    return float(np.clip(rng.normal(mean, sd), low, high))


def plain(values: FloatArray) -> tuple[float, ...]:
    """Floats of an array, so that the patient stays hashable."""
    return tuple(float(value) for value in values)
