"""Where the real recordings lie and into which halves they are split; light, for the command line."""

import os
from pathlib import Path

PARTS = ("tuning", "reporting")
"""The simulator may be improved on the first half; what is said about it is said on the second."""


def default_folder() -> Path:
    """Folder of the public recordings: ELVMASS_ECG_DATA, or the one beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "ecg"
    return Path(os.environ.get("ELVMASS_ECG_DATA", beside))
