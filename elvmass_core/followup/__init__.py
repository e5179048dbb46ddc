"""Two recordings of one person compared, beside what chance alone does to the estimate of one simulated patient.

`compare_recordings` takes two reports in order of time and the figures of their weights, which `read_repeatability`
reads. Nothing here has been validated in patients; every sentence says so.
"""

from elvmass_core.followup.compare import NOT_VALIDATED, Change, compare_recordings
from elvmass_core.followup.repeatability import Repeatability, Spread, read_repeatability

__all__ = ["NOT_VALIDATED", "Change", "Repeatability", "Spread", "compare_recordings", "read_repeatability"]
