"""Which ECGs the models do not know: the one rule behind page, command line and JSON.

An ECG outside the scope still gets grams and an interval, because its CAUTION says how to read them; LVH is not judged
and no probability is given, because both were fitted on sinus rhythm with a narrow QRS.
"""

from collections.abc import Mapping, Sequence

from elvmass_core.domain import Finding
from elvmass_core.quality.order import in_reading_order

OUTSIDE_SCOPE: Mapping[str, str] = {
    "wide_qrs": "the QRS is wide (bundle branch block, pre-excitation or pacing)",
    "wpw": "PR is short and the QRS begins slurred (pre-excitation)",
    "paced": "the heart is paced",
    "atrial_fibrillation": "the rhythm is probably atrial fibrillation",
    "irregular_rhythm": "the rhythm is irregular",
    "p_wave_not_found": "no P wave stands out, so the rhythm may not be sinus",
}
"""Codes of the findings that put an ECG outside the scope, and the reason in words."""


def outside_scope(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that put an ECG outside what the models know, in reading order; empty for one inside."""
    return tuple(finding for finding in in_reading_order(findings) if finding.code in OUTSIDE_SCOPE)


def why_not_judged(findings: Sequence[Finding]) -> str:
    """Why LVH is not judged on this ECG, in words; empty when it is."""
    reasons = _reasons(findings)
    return f"not judged, because {reasons}" if reasons else ""


def scope_words(findings: Sequence[Finding]) -> str:
    """What must stand above the number of an ECG outside the scope; empty for one inside."""
    reasons = _reasons(findings)
    if not reasons:
        return ""
    return f"Outside what the models know: {reasons}. The grams are unreliable here, and LVH is not judged."


def _reasons(findings: Sequence[Finding]) -> str:
    return "; ".join(dict.fromkeys(OUTSIDE_SCOPE[finding.code] for finding in outside_scope(findings)))
