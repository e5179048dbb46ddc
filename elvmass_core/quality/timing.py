"""A sampling rate that was misstated, told by durations that no heart has together.

A wrong rate stretches P, PR, QRS, QT and RR by one factor. The log likelihoods of the durations as they are and divided
by each factor are compared under the density of real ECGs, as for electrodes.
"""

import numpy as np

from elvmass_core.criteria import WIDE_QRS_MS
from elvmass_core.domain import Features, FloatArray
from elvmass_core.quality.findings import Findings, caution, likelier, stop
from elvmass_core.quality.real_ecgs import real_durations

DURATIONS = ("p_ms", "pr_ms", "qrs_ms", "qt_ms")
FACTORS = (0.25, 0.5, 0.6, 0.72, 0.8, 1.25, 1.39, 1.6, 2.0, 2.5, 4.0)
"""Between the rates in use: 240, 250, 257, 360, 400, 500, 977 and 1000 Hz."""
LOG_RATIO_CAUTION, LOG_RATIO_STOP = 3.5, 7.0
"""Log likelihood by which a factor must beat none. Left out in turn, three of 55 real recordings lie above 3.5 (paced,
a child, QRS of 126 ms) and the largest at 6.2; doubled or halved ones lie above 5 in 98 %."""


def log_durations(features: Features) -> FloatArray:
    """Logs of P, PR, QRS, QT and RR in ms, shape (5,); NaN where one is absent."""
    values = [features[name] for name in DURATIONS]
    rate = features["rate_bpm"]
    values.append(None if rate is None else 60000.0 / rate)
    return np.log(np.array([np.nan if value is None or value <= 0.0 else value for value in values]))


def check_timing(features: Features) -> Findings:
    """Durations that would be usual at another sampling rate; a wide QRS is far likelier a block than a wrong rate."""
    durations, density = log_durations(features), real_durations()
    if not np.isfinite(durations).sum() > 1:
        return ()
    ratios = density.log(durations - np.log(FACTORS)[:, None]) - density.log(durations[None])
    best = int(np.argmax(ratios))
    wide = (features["qrs_ms"] or 0.0) >= WIDE_QRS_MS and FACTORS[best] > 1.0
    if ratios[best] <= (LOG_RATIO_STOP if wide else LOG_RATIO_CAUTION):
        return ()
    say = stop if ratios[best] > LOG_RATIO_STOP and not wide else caution
    message = (
        f"All durations would be usual if they were {_change(FACTORS[best])}: the sampling rate may be misstated. "
        "Check it in the file, or what was entered for it."
    )
    return say("timing_implausible", message, likelier(ratios[best]))


def _change(factor: float) -> str:
    return f"{factor:g} times shorter" if factor > 1.0 else f"{1.0 / factor:.2g} times longer"
