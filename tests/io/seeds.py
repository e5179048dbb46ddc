"""Sound files of every format to begin fuzzing from: made here, and the real ones where they are at hand."""

import functools
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import orjson
import scipy.io

from elvmass_core.domain import Patient, Recording, Sex
from elvmass_core.io.saved import KEY, Opened, to_saved
from elvmass_core.io.writers import csv_bytes, dicom_bytes, wfdb_files
from tests import synthetic
from tests.io.made import aecg_xml, cardiosoft_xml, edf_bytes, muse_xml, scp_bytes, sierra_xml

Files = dict[str, bytes]
DURATION_S, FS_HZ = 6.0, 500.0
REAL = {
    "muse": "ge_muse/*.xml", "sierra": "philips_sierra/*.XML", "aecg": "hl7_aecg/*.xml", "scp": "scp/*.scp",
    "dicom": "dicom/*.dcm", "text": "text/*.txt",
}  # fmt: skip


@functools.cache
def seeds_by_format() -> dict[str, list[Files]]:
    """Format → recordings, each its files by name."""
    made = _made()
    folder = Path(os.environ.get("ELVMASS_ECG_DATA", "../shared/data/ecg"))
    for fmt, pattern in REAL.items():
        made[fmt] += [{path.name: path.read_bytes()} for path in sorted(folder.glob(pattern))]
    for header in sorted(folder.glob("georgia/E0750[0-2].hea")):
        made["wfdb"].append({path.name: path.read_bytes() for path in (header, header.with_suffix(".mat"))})
    return made


def zipped(files: Files) -> bytes:
    """A zip archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _made() -> dict[str, list[Files]]:
    signal_mv, _ = synthetic.signal(fs_hz=FS_HZ, duration_s=DURATION_S)
    recording = Recording(signal_mv=np.round(signal_mv, 3), fs_hz=FS_HZ, format="made")
    patient = Patient(sex=Sex.FEMALE, age_years=63.0, height_cm=165.0, weight_kg=70.0)
    wfdb = wfdb_files(recording, patient, "made")
    median = signal_mv[:, 100:500]
    return {
        "wfdb": [wfdb],
        "dicom": [_one(dicom_bytes(recording, patient))],
        "csv": [_one(csv_bytes(recording))],
        "muse": [_one(muse_xml(signal_mv, height_in=65, weight_lbs=154, beat_mv=median))],
        "sierra": [_one(sierra_xml(signal_mv, pulse=True)), _one(sierra_xml(signal_mv, compression="XLI"))],
        "aecg": [_one(aecg_xml(signal_mv, beat_mv=median))],
        "cardiosoft": [_one(cardiosoft_xml(signal_mv, beat_mv=median))],
        "scp": [_one(scp_bytes(signal_mv, beat_mv=median)), _one(scp_bytes(signal_mv, difference=2))],
        "edf": [_one(edf_bytes(signal_mv)), _one(edf_bytes(signal_mv, plus=False))],
        "matlab": [_one(content) for content in _matlab(signal_mv)],
        "numpy": [_one(content) for content in _numpy(signal_mv)],
        "text": [_one("\n".join(" ".join(f"{v:.0f}" for v in row) for row in 1000 * signal_mv.T).encode())],
        "saved": [_one(orjson.dumps({KEY: to_saved(Opened(recording=recording, patient=patient))}))],
        "zip": [_one(zipped(wfdb)), _one(zipped(_one(dicom_bytes(recording, patient))))],
    }


def _one(content: bytes) -> Files:
    return {"a": content}


def _matlab(signal_mv: np.ndarray) -> list[bytes]:
    """Level 5 packed and not, level 4, and a struct."""
    contents = []
    for value, options in (
        ({"val": signal_mv, "fs": FS_HZ}, {"do_compression": True}),
        ({"signal_mv": signal_mv}, {"do_compression": False}),
        ({"val": np.round(signal_mv * 1000)}, {"format": "4"}),
        ({"ECG": {"data": signal_mv, "sex": "Female", "age": 63.0}}, {}),
    ):
        buffer = io.BytesIO()
        scipy.io.savemat(buffer, value, **options)
        contents.append(buffer.getvalue())
    return contents


def _numpy(signal_mv: np.ndarray) -> list[bytes]:
    """An array alone and an archive."""
    alone, archive = io.BytesIO(), io.BytesIO()
    np.save(alone, signal_mv)
    np.savez_compressed(archive, signal_mv=signal_mv, fs_hz=FS_HZ)
    return [alone.getvalue(), archive.getvalue()]
