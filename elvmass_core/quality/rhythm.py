"""The rhythm, told by the times and the shapes of the beats."""

import numpy as np

from elvmass_core.domain import Beat
from elvmass_core.quality.findings import Findings, caution

MIN_BEATS = 5
"""Fewer beats say nothing of the rhythm."""
RR_SPREAD = 0.15
"""Coefficient of variation of RR that suggests atrial fibrillation or frequent ectopy (assumed)."""


def check_rhythm(beat: Beat) -> Findings:
    """Irregular rhythm."""
    return _irregular(beat)


def _irregular(beat: Beat) -> Findings:
    if len(beat.r_times_s) < MIN_BEATS:
        return ()
    rr = np.diff(beat.r_times_s)
    spread = float(rr.std() / rr.mean())
    if spread <= RR_SPREAD:
        return ()
    message = "The rhythm is irregular (atrial fibrillation or ectopy): the models know sinus rhythm only."
    return caution("irregular_rhythm", message, f"RR varies by {100 * spread:.0f} %", f"≤ {100 * RR_SPREAD:.0f} %")
