"""The crowd of real ECGs, as statistics: no recording can be got back from them.

Made by `benchmarks/fit_signal_space.py` from the public recordings named in `docs/data.md`.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from elvmass_core.signal_space import Density, Space

FILE = Path(__file__).with_name("real_ecgs.npz")
TAILS = 8.0
"""Degrees of freedom of both densities (assumed; 30 changes no decision among the recordings they were fitted on)."""


@lru_cache(maxsize=1)
def real_ecgs() -> Space:
    """Where real ECGs lie in signal space."""
    with np.load(FILE, allow_pickle=False) as stored:
        return Space.from_arrays(stored)


@lru_cache(maxsize=1)
def real_durations() -> Density:
    """Logs of P, PR, QRS, QT and RR of real ECGs (`elvmass_core.quality.timing.log_durations`)."""
    with np.load(FILE, allow_pickle=False) as stored:
        return Density(mean=stored["durations_mean"], covariance=stored["durations_covariance"], tails=TAILS)
