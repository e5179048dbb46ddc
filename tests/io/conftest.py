"""A synthetic 12-lead ECG and the files that hold it, all made here."""

import io
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.io.child import CPU_S
from elvmass_core.io.wfdb_writer import write_wfdb
from elvmass_core.units import LEADS

FS_HZ = 500.0


def _zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _table(signal_mv, names, delimiter=",", times=None, scale=1.0) -> bytes:
    columns = [np.asarray(signal_mv) * scale] if times is None else [np.asarray(times)[None], signal_mv * scale]
    rows = np.concatenate(columns).T
    lines = [delimiter.join(names)] + [delimiter.join("" if np.isnan(v) else f"{v:.10g}" for v in row) for row in rows]
    return "\n".join(lines).encode()


@pytest.fixture
def in_a_childs_time():
    """Holds when a test takes no more of a processor than a reading child may, however busy the machine is."""
    before = time.process_time()
    yield
    assert time.process_time() - before < CPU_S


@pytest.fixture(scope="session")
def zipped():
    return _zipped


@pytest.fixture(scope="session")
def table():
    return _table


@pytest.fixture(scope="session")
def make_dicom():
    return _make_dicom


@pytest.fixture(scope="session")
def ecg_mv() -> np.ndarray:
    """(12, 3000): smooth, distinct leads in whole microvolts that obey Einthoven and Goldberger to the microvolt."""
    times = np.arange(3000) / FS_HZ
    beat = np.exp(-0.5 * (((times % 0.8) - 0.3) / 0.012) ** 2)
    wave = 0.15 * np.sin(2 * np.pi * 1.25 * times)
    one, two = 0.6 * beat + wave, 1.0 * beat - 0.5 * wave
    one, two = np.round(one, 2), np.round(two, 2)
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    chest = [np.round((k - 2.5) * 0.3 * beat + wave * (k + 1) / 6, 3) for k in range(6)]
    return np.array(limb + chest)


@pytest.fixture
def wfdb_files(tmp_path: Path, ecg_mv: np.ndarray) -> dict[str, bytes]:
    write_wfdb(tmp_path, "made", ecg_mv, FS_HZ, ["Age: 63", "Sex: Female"])
    return {name: (tmp_path / name).read_bytes() for name in ("made.hea", "made.dat")}


@pytest.fixture
def csv_bytes(ecg_mv: np.ndarray) -> bytes:
    names = ["time (s)", *(f"{lead} (mV)" for lead in LEADS)]
    return _table(ecg_mv, names, times=np.arange(ecg_mv.shape[1]) / FS_HZ)


@pytest.fixture
def dicom_bytes(ecg_mv: np.ndarray) -> bytes:
    return _make_dicom(ecg_mv)


def _make_dicom(signal_mv, *, sensitivity=2.5, unit="uV", drop=(), **patient) -> bytes:
    """A DICOM 12-lead ECG with one multiplex group, written by pydicom."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    def code(value, meaning, scheme):
        item = Dataset()
        item.CodeValue, item.CodeMeaning, item.CodingSchemeDesignator = value, meaning, scheme
        return item

    numbers = (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8)
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels = "ORIGINAL", 12
    group.NumberOfWaveformSamples, group.SamplingFrequency = signal_mv.shape[1], FS_HZ
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence = []
    for number, lead in zip(numbers, LEADS, strict=True):
        channel = Dataset()
        channel.ChannelSourceSequence = [code(f"2:{number}", f"Lead {lead}", "MDC")]
        channel.WaveformBitsStored = 16
        if "ChannelSensitivity" not in drop:
            channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = sensitivity, 1
            channel.ChannelBaseline = 0
            channel.ChannelSensitivityUnitsSequence = [code(unit, "unit", "UCUM")]
        group.ChannelDefinitionSequence.append(channel)
    counts = np.round(signal_mv * (1000 if unit == "uV" else 1) / sensitivity).astype("<i2")
    group.WaveformData = counts.T.tobytes()
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.9.1.1"
    dataset.SOPInstanceUID = "2.25.1"
    for name, value in patient.items():
        setattr(dataset, name, value)
    dataset.WaveformSequence = [group]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
