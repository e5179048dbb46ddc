"""How a check says what it found."""

import math
from collections.abc import Sequence

from elvmass_core.domain import Finding, Severity
from elvmass_core.units import LEADS

Findings = tuple[Finding, ...]
MOST_TIMES = "10 000"
MOST_TIMES_LOG = math.log(10_000.0)


def stop(code: str, message: str, observed: str = "", expected: str = "") -> Findings:
    """One finding that blocks the estimate."""
    return (Finding(code=code, severity=Severity.STOP, message=message, observed=observed, expected=expected),)


def caution(code: str, message: str, observed: str = "", expected: str = "") -> Findings:
    """One finding that weakens the estimate."""
    return (Finding(code=code, severity=Severity.CAUTION, message=message, observed=observed, expected=expected),)


def note(code: str, message: str) -> Findings:
    """One finding that explains the estimate."""
    return (Finding(code=code, severity=Severity.NOTE, message=message),)


def likelier(log_ratio: float) -> str:
    """A log likelihood ratio in words: "about 50 times likelier"."""
    if log_ratio > MOST_TIMES_LOG:
        return f"over {MOST_TIMES} times likelier"
    return f"about {float(f'{math.exp(log_ratio):.1g}'):.0f} times likelier"


def listed(leads: Sequence[str]) -> str:
    """Leads in words: "lead V3", "leads I, II", "all leads"."""
    if len(leads) == len(LEADS):
        return "all leads"
    return f"lead{'s' if len(leads) > 1 else ''} {', '.join(leads)}"
