"""From a recording to one synchronized, averaged heartbeat with its borders."""

from elvmass_core.signal.average import EXTRACTION_VERSION, extract_beat
from elvmass_core.signal.corrected import with_fiducials

__all__ = ["EXTRACTION_VERSION", "extract_beat", "with_fiducials"]
