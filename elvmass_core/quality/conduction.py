"""Conduction disorders, told by the width and the shape of the QRS."""

from elvmass_core.criteria import WIDE_QRS_MS
from elvmass_core.domain import Features
from elvmass_core.quality.findings import Findings, caution


def check_conduction(features: Features) -> Findings:
    """Wide QRS."""
    qrs_ms = features["qrs_ms"]
    if qrs_ms is None or qrs_ms < WIDE_QRS_MS:
        return ()
    message = (
        "The QRS is wide (bundle branch block, pre-excitation or pacing): voltage then says little about mass, and the "
        "classical criteria do not apply."
    )
    return caution("wide_qrs", message, f"{qrs_ms:.0f} ms", f"< {WIDE_QRS_MS:g} ms")
