"""From a recording to one synchronized, averaged heartbeat with its borders."""

from elvmass_core.signal.average import EXTRACTION_VERSION, extract_beat

__all__ = ["EXTRACTION_VERSION", "extract_beat"]
