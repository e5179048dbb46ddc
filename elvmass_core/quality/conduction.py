"""Conduction disorders, told by the width and the shape of the QRS.

The definitions are those of AHA/ACCF/HRS 2009, part III (doi 10.1161/CIRCULATIONAHA.108.191095), on the averaged beat.
`wide_qrs` says that the QRS is wide; a second finding names the pattern where the shape fits a definition. A shape that
fits none stays unnamed, and then no criterion is judged.

Left bundle branch block starts at 120 ms. Strauss 2011 (doi 10.1016/j.amjcard.2010.11.010) asks for 140 ms in men and
130 ms in women with a mid-QRS notch: better for choosing pacemakers, but sex is not known here, and below those widths
the answer on LVH is the same.
"""

from collections.abc import Mapping

import numpy as np

from elvmass_core.criteria import LAFB, LBBB, RBBB, WIDE_QRS, WIDE_QRS_MS, WPW
from elvmass_core.domain import Beat, Features, FloatArray
from elvmass_core.quality.findings import Findings, caution, note
from elvmass_core.quality.qrs_shape import SAMPLE_MS, LeadShape, Wave, lead_shape
from elvmass_core.segments import segment_masks
from elvmass_core.units import LEAD_INDEX, LEADS
from elvmass_core.wording import beyond

INCOMPLETE_QRS_MS = 110.0
"""Incomplete right bundle branch block: 110 ms to below 120 ms; above 110 ms an adult QRS is widened."""
LATE_R_LBBB_MS, LATE_R_RBBB_MS, LATE_R_LAFB_MS = 60.0, 50.0, 45.0
"""R peak time: above 60 ms in V5 or V6 (LBBB), above 50 ms in V1 (pure R in RBBB), from 45 ms in aVL (LAFB)."""
BROAD_R_MS = 60.0
"""A broad R lasts at least this long (assumed; the definition gives no width)."""
BROAD_S_MS = 40.0
"""S in I and V6 lasts longer than R, or longer than this."""
R_PRIME_MV, R_PRIME_MS = 0.1, 20.0
"""Smallest r′ in V1 or V2 (assumed; the end of QRS may rise into ST)."""
LAFB_AXIS_DEG = (-90.0, -45.0)
SHORT_PR_MS = 120.0
DELTA_MS, DELTA_SPEED, DELTA_SHARE = 40.0, 0.5, 0.1
"""Delta wave: for this long after QRS onset the leads together change by less than this share of their fastest, and by
its end they have reached this share of the largest magnitude (assumed; the definition says "slurred")."""
SPEED_SMOOTH_SAMPLES = 5
INDEPENDENT_LEADS = [LEAD_INDEX[lead] for lead in LEADS if lead not in ("III", "aVR", "aVL", "aVF")]

Shapes = Mapping[str, LeadShape]


def check_conduction(beat: Beat, features: Features) -> Findings:
    """Wide QRS, and the pattern by name where its shape fits a definition.

    Returns
    -------
    tuple of Finding
        Codes ``wide_qrs`` (always from 120 ms on), ``lbbb``, ``rbbb``, ``lafb``, ``wpw`` (CAUTION), ``irbbb`` (NOTE).
    """
    qrs_ms = features["qrs_ms"]
    if qrs_ms is None:
        return ()
    shapes = {lead: lead_shape(beat, lead) for lead in LEADS}
    named = _named(beat, features, shapes, qrs_ms)
    return (*_wide(qrs_ms, named=bool(named)), *named)


def _wide(qrs_ms: float, *, named: bool) -> Findings:
    if qrs_ms < WIDE_QRS_MS:
        return ()
    message = "The QRS is wide, so voltage says little about mass."
    if not named:
        message = (
            "The QRS is wide without the shape of a bundle branch block or of pre-excitation (pacing is possible): "
            "voltage then says little about mass, and the classical criteria do not apply."
        )
    return caution(WIDE_QRS, message, f"{qrs_ms:.0f} ms", f"< {WIDE_QRS_MS:g} ms")


def _named(beat: Beat, features: Features, shapes: Shapes, qrs_ms: float) -> Findings:
    """The pattern: pre-excitation before a block, which it imitates."""
    if is_preexcited(beat, features):
        return _wpw(features)
    if qrs_ms >= WIDE_QRS_MS and has_lbbb_shape(shapes):
        return _lbbb(shapes)
    right = _rbbb(shapes, qrs_ms) if has_rbbb_shape(shapes) else ()
    narrow_or_right = qrs_ms < WIDE_QRS_MS or bool(right)
    left = _lafb(features, shapes) if narrow_or_right and has_lafb_shape(features, shapes) else ()
    return (*right, *left)


def has_lbbb_shape(shapes: Shapes) -> bool:
    """Broad R without q in I, V5 and V6, peaking late in V5 or V6; QS or rS in V1."""
    lateral = [shapes[lead] for lead in ("I", "V5", "V6")]
    if any(shape.q is not None or shape.r is None for shape in lateral):
        return False
    broad = all(_lasts(shapes[lead].r, BROAD_R_MS) for lead in ("I", "V6"))
    late = any(shape.r is not None and shape.r.peak_ms > LATE_R_LBBB_MS for shape in lateral[1:])
    dominant = all(shapes[lead].r_mv > shapes[lead].deepest_mv for lead in ("I", "V6"))
    return broad and late and dominant and _is_rs_or_qs(shapes["V1"])


def _is_rs_or_qs(shape: LeadShape) -> bool:
    """A small r and a deep S, or QS."""
    return shape.deepest_mv > shape.r_mv and _r_prime(shape) is None


def has_rbbb_shape(shapes: Shapes) -> bool:
    """r′ in V1 or V2, or a broad late R in V1; S in I and V6 that is broad or outlasts R."""
    pure = shapes["V1"].r is not None and shapes["V1"].deepest_mv < shapes["V1"].r_mv
    late = shapes["V1"].r is not None and shapes["V1"].r.peak_ms > LATE_R_RBBB_MS
    r_prime = any(_r_prime(shapes[lead]) is not None for lead in ("V1", "V2"))
    return (r_prime or (pure and late)) and all(_has_broad_s(shapes[lead]) for lead in ("I", "V6"))


def _r_prime(shape: LeadShape) -> Wave | None:
    """A positive wave that ends the QRS after an earlier positive one."""
    last = shape.terminal_r()
    if last is None or last.mv < R_PRIME_MV or last.duration_ms < R_PRIME_MS:
        return None
    return last if any(wave.mv > 0.0 for wave in shape.waves[: shape.waves.index(last)]) else None


def _has_broad_s(shape: LeadShape) -> bool:
    if shape.s is None:
        return False
    outlasts = shape.r is not None and shape.s.duration_ms > shape.r.duration_ms
    return outlasts or shape.s.duration_ms > BROAD_S_MS


def _lasts(wave: Wave | None, at_least_ms: float) -> bool:
    return wave is not None and wave.duration_ms >= at_least_ms


def has_lafb_shape(features: Features, shapes: Shapes) -> bool:
    """Axis of −45° to −90°, qR with a late R in aVL, S above R in II, III and aVF, of which one begins with r."""
    axis_deg, avl = features["qrs_axis_deg"], shapes["aVL"]
    if axis_deg is None or not LAFB_AXIS_DEG[0] <= axis_deg <= LAFB_AXIS_DEG[1]:
        return False
    if avl.r is None or avl.q is None or avl.r_mv <= avl.deepest_mv or avl.r.peak_ms < LATE_R_LAFB_MS:
        return False
    inferior = [shapes[lead] for lead in ("II", "III", "aVF")]
    # All three QS is an inferior scar.
    return all(shape.deepest_mv > shape.r_mv for shape in inferior) and any(one.begins_positive for one in inferior)


def is_preexcited(beat: Beat, features: Features) -> bool:
    """PR below 120 ms, a widened QRS and a delta wave: all three."""
    pr_ms, qrs_ms = features["pr_ms"], features["qrs_ms"]
    if pr_ms is None or qrs_ms is None or pr_ms >= SHORT_PR_MS or qrs_ms < INCOMPLETE_QRS_MS:
        return False
    qrs = segment_masks(beat.fiducials)["QRS"]
    return qrs is not None and _begins_slurred(beat.signal_mv[INDEPENDENT_LEADS][:, qrs])


def _begins_slurred(qrs_mv: FloatArray) -> bool:
    """Whether QRS (8, n) begins slowly and yet gets somewhere."""
    speed = np.sqrt(np.mean(np.gradient(qrs_mv, axis=1) ** 2, axis=0))
    speed = np.convolve(speed, np.ones(SPEED_SMOOTH_SAMPLES) / SPEED_SMOOTH_SAMPLES, mode="same")
    magnitude = np.sqrt(np.mean(qrs_mv**2, axis=0))
    delta = round(DELTA_MS / SAMPLE_MS)
    slow = speed[:delta].max() < DELTA_SPEED * speed.max()
    return bool(slow and magnitude[delta] >= DELTA_SHARE * magnitude.max())


def _wpw(features: Features) -> Findings:
    message = (
        "Pre-excitation is likely (short PR and a slurred start of the QRS, as in Wolff–Parkinson–White): no classical "
        "criterion applies."
    )
    pr_ms, qrs_ms = features["pr_ms"], features["qrs_ms"]
    observed = "" if pr_ms is None else f"PR {beyond(pr_ms, SHORT_PR_MS)} ms, QRS {qrs_ms:.0f} ms"
    return caution(WPW, message, observed, f"PR ≥ {SHORT_PR_MS:g} ms, no delta wave")


def _lbbb(shapes: Shapes) -> Findings:
    message = (
        "The shape is that of left bundle branch block (right ventricular pacing can look the same): no classical "
        "criterion applies."
    )
    peaks = {lead: shape.r.peak_ms for lead in ("V5", "V6") if (shape := shapes[lead]).r is not None}
    latest = max(peaks, key=lambda lead: peaks[lead])
    peak = beyond(peaks[latest], high=LATE_R_LBBB_MS)
    observed = f"no q in I, V5 and V6; R peak in {latest} at {peak} ms"
    return caution(LBBB, message, observed, f"≤ {LATE_R_LBBB_MS:g} ms")


def _rbbb(shapes: Shapes, qrs_ms: float) -> Findings:
    """Complete from 120 ms, incomplete from 110 ms, nothing below."""
    if qrs_ms < INCOMPLETE_QRS_MS:
        return ()
    if qrs_ms < WIDE_QRS_MS:
        return note(
            "irbbb", "The shape is that of incomplete right bundle branch block; nothing is judged differently."
        )
    message = (
        "The shape is that of right bundle branch block: it lowers S in V1 and lengthens the QRS, so the criteria that "
        "rest on these do not apply."
    )
    s = shapes["V6"].s
    return caution(RBBB, message, "" if s is None else f"late R in V1 or V2; S in V6 of {s.duration_ms:.0f} ms")


def _lafb(features: Features, shapes: Shapes) -> Findings:
    message = (
        "Left anterior fascicular block is likely: it raises R in I and aVL and S in III, so the criteria that rest on "
        "these do not apply."
    )
    r = shapes["aVL"].r
    peak = "" if r is None else f", R peak in aVL at {r.peak_ms:.0f} ms"
    return caution(LAFB, message, f"axis {features['qrs_axis_deg']:.0f}°{peak}", "axis above −45°")
