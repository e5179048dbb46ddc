"""Electrodes on the wrong limb, and recordings upside down, told by P and QRS."""

import numpy as np

from elvmass_core.criteria import WIDE_QRS_MS
from elvmass_core.domain import Beat, Fiducials, FloatArray
from elvmass_core.quality.findings import Findings, caution, stop
from elvmass_core.segments import segment_masks
from elvmass_core.units import LEAD_INDEX

P_DOWN_MV = 0.01
"""Mean height of a P wave over the line between its ends, below whose negative it counts as inverted (assumed; sinus
rhythm has an upright P in II, and of the real recordings used for tests only a paced one falls below it)."""
_VENTRICULAR = "The QRS is wide: pacing or a ventricular rhythm is likely. If it is neither: "
"""Comes before a suspicion of electrodes when the QRS is wide: of the three paced recordings used for tests one has P
and QRS negative in II."""


def check_electrodes(beat: Beat) -> Findings:
    """Arm electrodes exchanged, or P upside down in II; nothing without a P wave to judge by."""
    masks = segment_masks(beat.fiducials)
    p, qrs = masks["P"], masks["QRS"]
    if p is None or qrs is None:
        return ()
    lead = {name: beat.signal_mv[row] for name, row in LEAD_INDEX.items()}
    p_mv = {name: _above_its_ends_mv(lead[name][p]) for name in ("I", "II", "aVR")}
    down = {name: _points_down(lead[name][qrs]) for name in ("I", "II", "V6")}
    wide = _is_wide(beat.fiducials)
    if p_mv["II"] < -P_DOWN_MV and p_mv["aVR"] > P_DOWN_MV / 2:
        return _upside_down(wide, qrs_too=down["II"])
    if p_mv["I"] < -P_DOWN_MV and down["I"] and not down["V6"]:
        message = "Lead I is upside down: the arm electrodes are probably exchanged. Reconnect and record again."
        return stop(
            "arm_electrodes_swapped", _rhythm_first(wide, message), "P and QRS negative in I, QRS positive in V6"
        )
    return ()


def _is_wide(fiducials: Fiducials) -> bool:
    """Whether the QRS lasts as long as in a bundle branch block or a paced beat."""
    if fiducials.qrs_on is None or fiducials.qrs_off is None:
        return False
    return fiducials.qrs_off - fiducials.qrs_on >= WIDE_QRS_MS


def _rhythm_first(wide: bool, message: str) -> str:
    """Put the likelier reason before the electrodes when the QRS is wide."""
    return f"{_VENTRICULAR}{message[0].lower()}{message[1:]}" if wide else message


def _upside_down(wide: bool, *, qrs_too: bool) -> Findings:
    """P inverted in II: with the QRS it is the recording, alone it may be an ectopic atrial rhythm."""
    message = _rhythm_first(wide, "The P wave is upside down in II and upright in aVR: ")
    if qrs_too:
        message += "right arm and left leg are probably exchanged, or the recording is inverted. Record again."
        return stop("lead_ii_inverted", message, "P and QRS negative in II")
    message += "limb electrodes may be exchanged, or the rhythm comes from low in the atria."
    return caution("p_inverted", message, "P negative in II")


def _points_down(qrs_mv: FloatArray) -> bool:
    """Whether the deepest deflection exceeds the tallest."""
    return bool(-qrs_mv.min() > qrs_mv.max())


def _above_its_ends_mv(wave_mv: FloatArray) -> float:
    """Mean height of a wave over the straight line between its ends."""
    return float(np.mean(wave_mv - np.linspace(wave_mv[0], wave_mv[-1], wave_mv.size)))
