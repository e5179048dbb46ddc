"""What may be read at all, checked before work is done, and the sentence that names the formats that work."""

from elvmass_core.errors import LimitError

MAX_UPLOAD_BYTES = 10_000_000
"""All files of one recording together; assumed, 60 s of 16 channels at 2000 Hz in 16 bits is 3.8 MB."""
MAX_CHANNELS = 16
"""PTB Diagnostic has 15: twelve leads and three Frank leads (doi 10.13026/C28C71)."""
MIN_FS_HZ, MAX_FS_HZ = 100.0, 2000.0
MIN_DURATION_S, MAX_DURATION_S = 5.0, 60.0
CUT_DURATION_S = 10.0
"""Of a recording longer than `MAX_DURATION_S` this much is used, the length of a resting ECG: the first stretch of the
best quality (`best_stretch`)."""


def is_beat(n_samples: int, fs_hz: float) -> bool:
    """Whether a device's own beat is one: not empty, shorter than a rhythm, of a rate that a recording may have."""
    return MIN_FS_HZ <= fs_hz <= MAX_FS_HZ and 0 < n_samples < MIN_DURATION_S * fs_hz


WORKING_FORMATS = (
    "DICOM ECG, GE MUSE or CardioSoft XML, Philips XML, HL7 aECG, SCP-ECG, EDF, WFDB (.hea with its data), MATLAB, "
    "NumPy, or CSV with lead names in the first line"
)
"""Ends every refusal of a format."""


def check_size(n_bytes: int) -> None:
    """Raise LimitError when the files together are larger than `MAX_UPLOAD_BYTES`."""
    if n_bytes > MAX_UPLOAD_BYTES:
        raise LimitError(
            f"The files hold {n_bytes / 1e6:.1f} MB and at most {MAX_UPLOAD_BYTES / 1e6:.0f} MB are read: "
            "export one recording of 5 to 60 s."
        )


def check_channels(n_channels: int) -> None:
    """Raise LimitError when a recording has more than `MAX_CHANNELS` channels."""
    if n_channels > MAX_CHANNELS:
        raise LimitError(
            f"The file holds {n_channels} channels and at most {MAX_CHANNELS} are read: export the 12 leads only."
        )
