"""DICOM ECG waveforms (PS3.3 C.10.9), read with pydicom behind guards.

pydicom finds the elements; decoding the samples is ours, so that every declared size is checked against the bytes that
are there. Only the elements of `_TAGS` are ever looked at, a dataset is never printed, and pydicom's own warnings,
which may quote a value of the file, are silenced. Nesting: sequences of stated length outside `_TAGS` are skipped
unread; those of undefined length, which pydicom follows to their end, are counted before it sees a byte, and what hides
from the count ends in pydicom's recursion limit, which is a refusal too.
"""

import math
import re
import struct
import warnings
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from pydicom.errors import BytesLengthException, InvalidDicomError

from elvmass_core.domain import DeviceFilters, Finding, FloatArray, Patient, Severity
from elvmass_core.errors import LimitError, RecordingError, UnreadableError, UnsupportedError
from elvmass_core.io.dicom_elements import has_more_elements
from elvmass_core.io.limits import MAX_FS_HZ, WORKING_FORMATS, check_channels, is_beat
from elvmass_core.io.normal_form import Channel, RawBeat, RawRecording
from elvmass_core.io.stated import number_or_none, stated_patient
from elvmass_core.units import LEADS, standard_lead, standard_unit

MAX_ITEMS = 10_000
"""Sequence items in the whole file; assumed. The recordings at hand have below 1 000, and each costs 20 µs and 1 kB."""
MAX_ELEMENTS = 20_000
"""Data elements in the whole file, at every nesting; assumed. The recordings at hand have below 2 000. pydicom makes an
object of each: 1.2 million in 9.6 MB kept it for 15 s."""
MAX_GROUPS = 16
MAX_NESTING = 8
"""Sequences within sequences; the recordings at hand have 3."""
_NESTING_MARKS = re.compile(rb"(\xff\xff\xff\xff\xfe\xff\x00\xe0)|\xfe\xff\xdd\xe0")
"""A sequence of undefined length with its first item, and the end of one."""
_ITEM_TAG = b"\xfe\xff\x00\xe0"
_DEFLATED = b"1.2.840.10008.1.2.1.99"
"""Transfer syntax that pydicom inflates without a limit (1 MB grew to 2.1 GB): looked for before it sees a byte."""
_DICOMDIR = b"1.2.840.10008.1.3.10"
_LITTLE_ENDIAN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_TAGS = ["SOPClassUID", "WaveformSequence", "PatientSex", "PatientAge", "PatientSize", "PatientWeight"]
_SOP_NAMES = {
    "1.2.840.10008.5.1.4.1.1.9.1.1": "DICOM 12-lead ECG",
    "1.2.840.10008.5.1.4.1.1.9.1.2": "DICOM General ECG",
    "1.2.840.10008.5.1.4.1.1.9.1.3": "DICOM Ambulatory ECG",
    "1.2.840.10008.5.1.4.1.1.9.1.4": "DICOM General 32-bit ECG",
}
_DTYPES = {("SS", 16): "<i2", ("US", 16): "<u2", ("SL", 32): "<i4", ("UL", 32): "<u4", ("SB", 8): "i1", ("UB", 8): "u1"}
_CODE_NUMBERS = {1: "I", 2: "II", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF"} | {3 + i: f"V{i + 1}" for i in range(6)}
"""Lead numbers shared by SCP-ECG ("5.6.3-9-61") and ISO/IEEE 11073-10101 ("2:61"), DICOM PS3.16 CID 3001."""
_CODE = re.compile(r"(?:5\.6\.3-9-|2:)(\d{1,3})")
_FILTER_KEYWORDS = {
    "highpass_hz": "FilterLowFrequency",
    "lowpass_hz": "FilterHighFrequency",
    "notch_hz": "NotchFilterFrequency",
}
_BEAT_LABEL = re.compile(r"median|average|representative", re.IGNORECASE)
MIN_BEAT_LEADS = 8
"""A device's own beat is kept when it holds this many of the 12 leads: those that are measured."""
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS_PER = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_LIBRARY_ERRORS = (
    InvalidDicomError, BytesLengthException, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
    EOFError, OSError, NotImplementedError, AssertionError, struct.error, zlib.error,
)  # fmt: skip
"""What pydicom raises on damaged files, found by fuzzing."""


def read_dicom(data: bytes) -> RawRecording:
    """Return the channels of the rhythm waveform of a DICOM file.

    Parameters
    ----------
    data : bytes
        A DICOM part-10 file.

    Returns
    -------
    RawRecording
        The multiplex group that is not labelled a median beat, with most of the 12 leads and, among those, the longest;
        the device's filters where its leads agree, and its median beat where another group holds one. The SOP class
        only gives the format its name: 12 leads of any waveform class are read.

    Raises
    ------
    UnreadableError
        Damaged, or without an ECG waveform.
    UnsupportedError
        Deflated, DICOMDIR, big-endian, companded, or nested too deeply.
    LimitError
        Too many channels, groups or items.
    """
    _guard(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(data)
    except RecursionError:
        raise _too_deep() from None
    except _LIBRARY_ERRORS:
        raise UnreadableError("The DICOM file is damaged: export it again.") from None


def _guard(data: bytes) -> None:
    """Refuse what would cost time or memory inside pydicom."""
    if _DEFLATED in data:
        raise UnsupportedError("The DICOM file is deflated: export it uncompressed (Explicit VR Little Endian).")
    if _DICOMDIR in data[:4096]:
        raise UnsupportedError("The file is a DICOMDIR, a table of contents: give the ECG file itself.")
    if data.count(_ITEM_TAG) > MAX_ITEMS:
        raise LimitError(f"The DICOM file holds more than {MAX_ITEMS} items: export the ECG waveform alone.")
    if has_more_elements(data, MAX_ELEMENTS):
        raise LimitError(f"The DICOM file holds more than {MAX_ELEMENTS} data elements: export the ECG waveform alone.")
    depth = 0
    for mark in _NESTING_MARKS.finditer(data):
        depth = depth + 1 if mark[1] else max(depth - 1, 0)
        if depth > MAX_NESTING:
            raise _too_deep()


def _too_deep() -> RecordingError:
    """Return the refusal of sequences within sequences."""
    return UnsupportedError("The DICOM file is nested too deeply: export the ECG waveform alone.")


def _read(data: bytes) -> RawRecording:
    """Read with pydicom; its exceptions are the caller's."""
    from pydicom import dcmread

    dataset = dcmread(BytesIO(data), specific_tags=_TAGS)
    if str(dataset.file_meta.TransferSyntaxUID) not in _LITTLE_ENDIAN:
        raise UnsupportedError("The DICOM file is compressed or big-endian: export it as Explicit VR Little Endian.")
    groups = list(dataset.get("WaveformSequence") or ())
    if not groups:
        raise UnreadableError(f"The DICOM file holds no ECG waveform (a picture or a report?): give {WORKING_FORMATS}.")
    if len(groups) > MAX_GROUPS:
        raise LimitError(f"The DICOM file holds more than {MAX_GROUPS} waveform groups: export the rhythm strip alone.")
    group = max(groups, key=_preference)
    channels, findings = _channels(group)
    patient, patient_findings = _patient(dataset)
    beat = _device_beat([other for other in groups if other is not group])
    return RawRecording(
        format=_SOP_NAMES.get(str(dataset.get("SOPClassUID")), "DICOM waveform"),
        channels=channels,
        fs_hz=_rate(group),
        stated=patient,
        notes=_notes(len(groups) - 1, beat),
        findings=(*findings, *patient_findings),
        filters=_filters(group),
        device_beat=beat,
    )


def _notes(n_others: int, beat: RawBeat | None) -> tuple[str, ...]:
    """Say what became of the other waveform groups."""
    kept = ("The device's own median beat was read for comparison only.",) if beat else ()
    n_left_out = n_others - len(kept)
    return (*kept, f"{n_left_out} other waveform group(s) were left out.") if n_left_out else kept


def _rate(group: Any) -> float | None:
    """Sampling rate of a group in Hz, None when not stated."""
    value = number_or_none(group.get("SamplingFrequency"))
    return value if value and math.isfinite(value) else None


def _seconds(group: Any) -> float:
    """Length of a group; at the highest rate when it states none."""
    return int(group.NumberOfWaveformSamples) / (_rate(group) or MAX_FS_HZ)


def _n_leads(group: Any) -> int:
    """How many of the 12 leads a group names."""
    definitions = list(group.get("ChannelDefinitionSequence") or ())[: len(LEADS) * 2]
    return len({_lead(definition) for definition in definitions} - {None})


def _is_labelled_beat(group: Any) -> bool:
    """Whether a group calls itself a median beat."""
    return _BEAT_LABEL.search(str(group.get("MultiplexGroupLabel") or "")) is not None


def _preference(group: Any) -> tuple[bool, int, float]:
    """A rhythm before a median beat, then more of the 12 leads, then the longer."""
    return not _is_labelled_beat(group), _n_leads(group), _seconds(group)


def _device_beat(others: list[Any]) -> RawBeat | None:
    """The device's median beat among the groups that are not the rhythm; None where there is no sound one."""
    for group in others:
        try:
            rate = _rate(group)
            if rate and is_beat(int(group.NumberOfWaveformSamples), rate) and _n_leads(group) >= MIN_BEAT_LEADS:
                return RawBeat(channels=_channels(group)[0], fs_hz=rate)
        except (RecordingError, *_LIBRARY_ERRORS):
            continue
    return None


def _filters(group: Any) -> DeviceFilters:
    """Filters that all of the 12 leads of a group state alike (PS3.3 C.10.9.1.4)."""
    leads = [definition for definition in group.ChannelDefinitionSequence if _lead(definition)]
    found = {name: {number_or_none(lead.get(word)) for lead in leads} for name, word in _FILTER_KEYWORDS.items()}
    agreed = {name: values.pop() for name, values in found.items() if len(values) == 1}
    return DeviceFilters(**{name: hz for name, hz in agreed.items() if hz is not None and 0 <= hz < math.inf})


def _channels(group: Any) -> tuple[tuple[Channel, ...], tuple[Finding, ...]]:
    """Return the channels of a group in their stated units."""
    definitions = list(group.ChannelDefinitionSequence)
    n_channels, n_samples = int(group.NumberOfWaveformChannels), int(group.NumberOfWaveformSamples)
    check_channels(n_channels)
    if n_channels != len(definitions) or n_channels < 1 or n_samples < 1:
        raise UnreadableError("The DICOM waveform describes more or fewer channels than it holds: export it again.")
    raw = _samples(group, n_channels, n_samples)
    return tuple(_channel(*pair) for pair in zip(definitions, raw, strict=True)), _skew_findings(definitions)


def _samples(group: Any, n_channels: int, n_samples: int) -> FloatArray:
    """Return raw numbers (n_channels, n_samples), padding as NaN."""
    kind = (str(group.WaveformSampleInterpretation), int(group.WaveformBitsAllocated))
    if kind not in _DTYPES:
        raise UnsupportedError("The DICOM waveform is companded or of an unusual sample type: export 16-bit integers.")
    dtype = np.dtype(_DTYPES[kind])
    content = bytes(group.WaveformData)
    if len(content) < n_channels * n_samples * dtype.itemsize:
        raise UnreadableError("The DICOM waveform holds fewer samples than it says: export it again.")
    raw = np.frombuffer(content, dtype, count=n_channels * n_samples).reshape(n_samples, n_channels).T
    padding = group.get("WaveformPaddingValue")
    values = raw.astype(np.float64)
    if isinstance(padding, bytes) and len(padding) >= dtype.itemsize:
        padding = int(np.frombuffer(padding, dtype, count=1)[0])
    if isinstance(padding, int) and padding != 0:
        values[raw == padding] = np.nan  # a padding of 0 is in real files, where 0 is also a potential
    return values


def _channel(definition: Any, raw: FloatArray) -> Channel:
    """Raw numbers → the channel's unit, or plain numbers when it states no sensitivity (PS3.3 C.10.9.1.4.2)."""
    sensitivity = number_or_none(definition.get("ChannelSensitivity"))
    units = list(definition.get("ChannelSensitivityUnitsSequence") or ())
    unit = standard_unit(str(units[0].CodeValue)) if units and sensitivity is not None else None
    if sensitivity is None:
        return Channel(lead=_lead(definition), samples=raw, unit=None)
    factor = number_or_none(definition.get("ChannelSensitivityCorrectionFactor", 1.0))
    baseline = number_or_none(definition.get("ChannelBaseline", 0.0))
    if factor is None or baseline is None or not math.isfinite(sensitivity * factor + baseline):
        raise UnreadableError("The DICOM waveform states a sensitivity that is no number: export it again.")
    if sensitivity * factor <= 0:
        raise UnreadableError("The DICOM waveform states a sensitivity that is not above zero: export it again.")
    return Channel(lead=_lead(definition), samples=raw * (sensitivity * factor) + baseline, unit=unit)


def _lead(definition: Any) -> str | None:
    """Standard name of a channel, from its code and its words, which must not contradict each other."""
    sources = list(definition.get("ChannelSourceSequence") or ())
    if not sources:
        return standard_lead(str(definition.get("ChannelLabel") or ""))
    code = str(sources[0].get("CodeValue") or "")
    numbered = _CODE.fullmatch(code)
    by_code = _CODE_NUMBERS.get(int(numbered[1])) if numbered else standard_lead(code)
    words = re.split(r"[,(]", str(sources[0].get("CodeMeaning") or ""))[0]
    by_words = standard_lead(words)
    if by_code and by_words and by_code != by_words:
        raise UnreadableError("A DICOM channel's code and its name are different leads: export the recording again.")
    return by_code or (None if numbered else by_words)


def _skew_findings(definitions: list[Any]) -> tuple[Finding, ...]:
    """Say when channels were not sampled at the same instant."""
    skews = [definition.get(name, 0) for definition in definitions for name in ("ChannelTimeSkew", "ChannelSampleSkew")]
    if not any(number_or_none(skew) for skew in skews):
        return ()
    message = "The DICOM file says its leads were sampled at different instants: that shift is not corrected."
    return (Finding(code="channel_skew", severity=Severity.CAUTION, message=message),)


def _patient(dataset: Any) -> tuple[Patient, tuple[Finding, ...]]:
    """Sex, age, size and weight, nothing else."""
    age = _AGE.fullmatch(str(dataset.get("PatientAge") or "").strip())
    size_m = number_or_none(dataset.get("PatientSize"))
    return stated_patient(
        sex=str(dataset.get("PatientSex") or ""),
        age_years=int(age[1]) * _YEARS_PER[age[2]] if age else None,
        height_cm=None if size_m is None else size_m * 100,
        weight_kg=number_or_none(dataset.get("PatientWeight")),
    )
