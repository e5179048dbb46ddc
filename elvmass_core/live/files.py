"""The ECG of a virtual patient as files; each says that it is simulated where its format has room for words."""

import io
import zipfile

from elvmass_core.domain import Sex
from elvmass_core.io.wfdb_writer import filter_comment, record_files
from elvmass_core.io.writers import csv_bytes, dicom_bytes
from elvmass_core.live.show import Shown, person
from elvmass_core.virtual.device import counts_per_mv

RECORD = "virtual-patient"
_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every entry of the zip: equal content gives equal bytes."""


def wfdb_zip(shown: Shown) -> bytes:
    """A WFDB record in a zip, at the resolution of the device, with age and sex in its header."""
    recording = shown.report.recording
    comments = (
        f"Age: {shown.dials.age_years}",
        f"Sex: {'Female' if shown.dials.sex is Sex.FEMALE else 'Male'}",
        *filter_comment(recording.filters),
        "Simulated by ELVMass; not a person",
        f"True LV mass of the simulation: {shown.truth_g:.1f} g",
    )
    files = record_files(
        RECORD, recording.signal_mv, recording.fs_hz, comments,
        counts_per_mv=counts_per_mv(shown.patient.recorder.resolution_uv),
    )  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)
    return stream.getvalue()


def csv_file(shown: Shown) -> bytes:
    """A table of millivolts."""
    return csv_bytes(shown.report.recording)


def dicom_file(shown: Shown) -> bytes:
    """A DICOM 12-lead ECG with sex, age, height and weight."""
    return dicom_bytes(shown.report.recording, person(shown.dials))
