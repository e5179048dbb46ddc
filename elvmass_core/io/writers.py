"""A recording as files that other programs read: CSV, DICOM, WFDB. What is written reads back within 1 µV.

No name, number or date of a person is written: `Recording` and `Patient` hold none. DICOM asks for dates and unique
numbers all the same: the dates are a dummy, the numbers follow from the content, so that equal content gives equal
bytes.
"""

import uuid
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from elvmass_core.domain import DeviceFilters, FloatArray, Patient, Recording, Sex, age_in_words
from elvmass_core.io.wfdb_writer import filter_comment, record_files
from elvmass_core.units import LEADS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MAX_COUNT = 2**15 - 1
_UV_PER_MV = 1000.0
_EXACT_UV = 5e-4
"""A resolution holds a signal when no sample is further off: half of what the digest of a recording rounds to."""
_STEPS_UV = tuple(factor * 10.0**power for power in range(-1, 12) for factor in (1, 2, 5))
_LEVEL_DECIMALS = 6
_CSV_DECIMALS = 6
_TIME_DECIMALS = 9

_TWELVE_LEAD, _GENERAL, _AMBULATORY, _GENERAL_32 = (f"1.2.840.10008.5.1.4.1.1.9.1.{kind}" for kind in (1, 2, 3, 4))
_MAX_TWELVE_LEAD_SAMPLES = 16384
_ECG_HZ = (200.0, 1000.0)
"""PS3.3 A.34.3.4 and A.34.4.4: rate and length of the 12-lead and of the General ECG; A.34.5.4: Ambulatory below it."""
_DUMMY_DATE, _DUMMY_TIME = "19000101", "000000"
"""For attributes that may not be empty (PS3.15 E.1.1 replaces such dates by a dummy)."""
_LEAD_NUMBERS = dict(zip(LEADS, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True))
_AUGMENTED = {"aVR": "right", "aVL": "left", "aVF": "foot"}
"""MDC codes "2:n" of the leads and their meanings, PS3.16 CID 3001."""
_PADDING = -(2**15)


def csv_bytes(recording: Recording) -> bytes:
    """Return a recording as a table: a column of seconds, then 12 leads in millivolts.

    Parameters
    ----------
    recording : Recording

    Returns
    -------
    bytes
        UTF-8, commas, decimal points; an empty cell where a sample is absent. Nanovolts are kept, so that the digest
        stays the same where the rate is a whole number.
    """
    times = np.round(np.arange(recording.n_samples) / recording.fs_hz, _TIME_DECIMALS).tolist()
    samples = (np.round(recording.signal_mv, _CSV_DECIMALS) + 0.0).T.tolist()
    lines = [",".join(["time_s", *(f"{lead} (mV)" for lead in LEADS)])]
    lines += [
        ",".join([f"{time!r}", *("" if value != value else f"{value!r}" for value in row)])
        for time, row in zip(times, samples, strict=True)
    ]
    return ("\n".join(lines) + "\n").encode()


def wfdb_files(recording: Recording, patient: Patient, record_name: str) -> dict[str, bytes]:
    """Return a recording as a WFDB record in format 16, age and sex in its comments.

    Parameters
    ----------
    recording : Recording
    patient : Patient
        What is known of the person; unknown fields are left out, an age over 89 is written as 90.
    record_name : str
        Letters, digits, ``_`` and ``-``.

    Returns
    -------
    dict of name to bytes
        ``<record_name>.dat`` and ``<record_name>.hea``.

    Raises
    ------
    ValueError
        The record name cannot be written.
    """
    counts_per_mv = _UV_PER_MV / _step_uv(recording.signal_mv)
    comments = []
    if patient.age_years is not None:
        comments.append(f"Age: {age_in_words(patient.age_years).rstrip('+')}")
    if patient.sex is not Sex.UNKNOWN:
        comments.append(f"Sex: {'Female' if patient.sex is Sex.FEMALE else 'Male'}")
    comments += filter_comment(recording.filters)
    return record_files(record_name, recording.signal_mv, recording.fs_hz, comments, counts_per_mv=counts_per_mv)


def _step_uv(signal_mv: FloatArray) -> float:
    """Microvolts per count: the signal's own resolution where it has one, else the finest decimal one in reach."""
    samples_uv = signal_mv[np.isfinite(signal_mv)] * _UV_PER_MV
    reach_uv = float(np.abs(samples_uv).max(initial=0.0))
    step = _own_step_uv(samples_uv, reach_uv)
    if (
        reach_uv <= _MAX_COUNT * step
        and np.abs(np.round(samples_uv / step) * step - samples_uv).max(initial=0.0) < _EXACT_UV
    ):
        return step
    return next((step for step in _STEPS_UV if reach_uv <= _MAX_COUNT * step), _STEPS_UV[-1])


def _own_step_uv(samples_uv: FloatArray, reach_uv: float) -> float:
    """The smallest distance of two levels, sharpened on the largest sample; 1 µV where there are no two levels."""
    gaps = np.diff(np.unique(np.round(samples_uv, _LEVEL_DECIMALS)))
    if not gaps.size:
        return 1.0
    gap = gaps[gaps < 1.5 * gaps.min()].mean()
    return float(f"{reach_uv / max(round(reach_uv / gap), 1):.10g}")


def dicom_bytes(recording: Recording, patient: Patient) -> bytes:
    """Return a recording as a DICOM ECG (PS3.3 A.34), Explicit VR Little Endian.

    Parameters
    ----------
    recording : Recording
    patient : Patient
        Sex, age, height and weight where they are known; an age over 89 is written as 90.

    Returns
    -------
    bytes
        12-lead ECG where rate and length allow it, else General ECG, below 200 Hz Ambulatory ECG, above 1000 Hz General
        32-bit ECG.

    Notes
    -----
    The UIDs are UUIDs of the content under the root 2.25 (PS3.5 B.2). Names and numbers of the person are empty, dates
    that may not be empty are 1900-01-01.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = _sop_class(recording)
    dataset.SOPInstanceUID = _uid(recording, patient, "instance")
    _add_patient(dataset, patient)
    _add_study(dataset, recording, patient)
    dataset.AcquisitionContextSequence = []
    dataset.WaveformSequence = [_waveform(recording)]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _sop_class(recording: Recording) -> str:
    """SOP class whose constraints a recording meets."""
    low, high = _ECG_HZ
    if recording.fs_hz > high:
        return _GENERAL_32
    if recording.fs_hz < low:
        return _AMBULATORY
    return _TWELVE_LEAD if recording.n_samples <= _MAX_TWELVE_LEAD_SAMPLES else _GENERAL


def _uid(recording: Recording, patient: Patient, role: str) -> str:
    """Unique number that follows from the content."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{recording.digest} {patient!r} {role}').int}"


def _add_patient(dataset: "Dataset", patient: Patient) -> None:
    """Patient and Patient Study modules (PS3.3 C.7.1.1, C.7.2.2)."""
    dataset.PatientName = dataset.PatientID = dataset.PatientBirthDate = ""
    dataset.PatientSex = "" if patient.sex is Sex.UNKNOWN else patient.sex.value
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "ELVMass keeps sex, age, height and weight only"
    if patient.age_years is not None:
        dataset.PatientAge = _age_string(patient.age_years)
    if patient.height_cm is not None:
        dataset.PatientSize = f"{patient.height_cm / 100:.6g}"
    if patient.weight_kg is not None:
        dataset.PatientWeight = f"{patient.weight_kg:.6g}"


def _age_string(age_years: float) -> str:
    """Age in years, below two in months."""
    return f"{int(age_years):03d}Y" if age_years >= 2 else f"{int(age_years * 12):03d}M"


def _add_study(dataset: "Dataset", recording: Recording, patient: Patient) -> None:
    """Study, Series, Equipment and Waveform Identification modules (PS3.3 C.7.2.1, C.7.3.1, C.7.5.1, C.10.8)."""
    dataset.StudyInstanceUID = _uid(recording, patient, "study")
    dataset.SeriesInstanceUID = _uid(recording, patient, "series")
    dataset.StudyDate = dataset.StudyTime = dataset.ReferringPhysicianName = ""
    dataset.StudyID = dataset.AccessionNumber = ""
    dataset.Modality = "ECG"
    dataset.SeriesDescription = f"ELVMass, from {recording.format}"[:64]
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Manufacturer = dataset.ManufacturerModelName = "ELVMass"
    dataset.ContentDate, dataset.ContentTime = _DUMMY_DATE, _DUMMY_TIME
    dataset.AcquisitionDateTime = _DUMMY_DATE + _DUMMY_TIME


def _waveform(recording: Recording) -> "Dataset":
    """One multiplex group of 12 channels (PS3.3 C.10.9)."""
    from pydicom.dataset import Dataset

    n_bits = 32 if recording.fs_hz > _ECG_HZ[1] else 16
    step_uv = _step_uv(recording.signal_mv)
    counts = np.nan_to_num(np.round(recording.signal_mv * (_UV_PER_MV / step_uv)), nan=_PADDING)
    group = Dataset()
    group.MultiplexGroupLabel = "RHYTHM"
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = counts.shape
    group.SamplingFrequency = f"{recording.fs_hz:.10g}"
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = n_bits, "SS" if n_bits == 16 else "SL"
    group.ChannelDefinitionSequence = [_channel(lead, step_uv, n_bits, recording.filters) for lead in LEADS]
    dtype = np.dtype(f"<i{n_bits // 8}")
    if np.isnan(recording.signal_mv).any():
        group.add_new("WaveformPaddingValue", "OW", np.array(_PADDING, dtype=dtype).tobytes())
    group.add_new("WaveformData", "OW", counts.T.astype(dtype).tobytes())
    return group


def _channel(lead: str, step_uv: float, n_bits: int, filters: DeviceFilters) -> "Dataset":
    """Definition of one channel."""
    from pydicom.dataset import Dataset

    meaning = f"{lead}, augmented voltage, {_AUGMENTED[lead]}" if lead in _AUGMENTED else f"Lead {lead}"
    channel = Dataset()
    channel.ChannelSourceSequence = [_code(f"2:{_LEAD_NUMBERS[lead]}", "MDC", meaning)]
    channel.ChannelSensitivity = f"{step_uv:.10g}"
    channel.ChannelSensitivityUnitsSequence = [_code("uV", "UCUM", "microvolt")]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = n_bits
    stated = {
        "FilterLowFrequency": filters.highpass_hz,
        "FilterHighFrequency": filters.lowpass_hz,
        "NotchFilterFrequency": filters.notch_hz,
    }
    for name, hz in stated.items():
        if hz is not None:
            setattr(channel, name, f"{hz:g}")
    return channel


def _code(value: str, scheme: str, meaning: str) -> "Dataset":
    """One coded entry."""
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
