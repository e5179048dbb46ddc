"""GE MUSE XML and HL7 aECG, and what they share with Philips Sierra and SCP-ECG: ``ecgdatakit`` decodes the waveforms.

`xml_guard` reads a file first; what ``ecgdatakit`` gets is a new document of the waveform elements alone, so that no
name, date or statement reaches it or the temporary file it insists on, and its walk over annotations (quadratic in
their number) has nothing to walk over. Patient and filters come from `exchange_fields`.

Differences from ``ecgdatakit`` 2.0.3, each a test: exact rates instead of whole hertz; a lead that is there twice is
not renamed but refused; a MUSE checksum of 0 means that there is none; a scale that is no number is refused, not 1.
"""

import importlib
import math
import struct
import tempfile
import warnings
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, tostring
from xml.parsers.expat import ExpatError

import numpy as np

from elvmass_core.domain import DeviceFilters, Finding, Severity
from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError
from elvmass_core.io.exchange_fields import (
    PatientAndFindings,
    aecg_filters,
    aecg_patient,
    muse_filters,
    muse_patient,
    text_at,
)
from elvmass_core.io.limits import MAX_CHANNELS, check_channels
from elvmass_core.io.normal_form import Channel, RawBeat, RawRecording
from elvmass_core.io.xml_guard import checked_root, pruned
from elvmass_core.units import standard_lead, standard_unit

_LIBRARY_ERRORS = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError, OSError, RecursionError, MemoryError,
    struct.error, ParseError, ExpatError,
)  # fmt: skip
"""What ``ecgdatakit`` raises on damaged files beside its own errors, found by fuzzing."""

_MUSE_TAGS = frozenset(
    {
        "Waveform", "WaveformType", "SampleBase", "SampleExponent", "LeadData", "LeadByteCountTotal",
        "LeadSampleCountTotal", "LeadAmplitudeUnitsPerBit", "LeadAmplitudeUnits", "LeadID", "LeadSampleSize",
        "LeadOffsetFirstSample", "LeadTimeOffset", "LeadDataCRC32", "WaveFormData",
    }
)  # fmt: skip
_AECG_TAGS = frozenset(
    {
        "component", "series", "code", "sequenceSet", "sequence", "value", "increment", "origin", "scale", "digits",
        "derivation", "derivedSeries",
    }
)  # fmt: skip

MAX_LEAD_CHARS = 2_000_000
"""Digits and spaces of one lead written as text; a resting ECG needs about 25 000. Each number costs 60 bytes."""


def read_muse(data: bytes) -> RawRecording:
    """Return the rhythm leads of a GE MUSE XML file (``RestingECG``), its median beat as `device_beat`.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawRecording
        Counts times units per bit; usually I, II and V1–V6 only.

    Raises
    ------
    UnreadableError, UnsupportedError, LimitError
        Damaged, without a rhythm waveform, or beyond a limit.
    """
    root = expected_root(data, "RestingECG", "GE MUSE")
    rhythms = [waveform for waveform in root.findall("Waveform") if _is_rhythm(waveform)]
    if not rhythms:
        raise no_rhythm("GE MUSE XML")
    document = pruned(root, _MUSE_TAGS)
    for lead in document.iter("LeadData"):
        for checksum in [part for part in lead if part.tag == "LeadDataCRC32" and text_at(part, ".") == "0"]:
            lead.remove(checksum)
    record, has_bad_checksum = parsed("ge_muse_xml", "GEMuseXMLParser", tostring(document), "GE MUSE XML")
    return assembled(
        record,
        "GE MUSE XML",
        muse_patient(root),
        muse_filters(rhythms[0]),
        notes=_left_out(len(rhythms) - 1, "GE MUSE XML"),
        has_bad_checksum=has_bad_checksum,
    )


def read_aecg(data: bytes) -> RawRecording:
    """Return the rhythm leads of an HL7 annotated ECG (``AnnotatedECG``), a derived beat as `device_beat`.

    Parameters, errors as `read_muse`.

    Returns
    -------
    RawRecording
        Origin plus scale times digits, of the first rhythm series and its first sequence set.
    """
    root = expected_root(data, "AnnotatedECG", "HL7 aECG")
    series = [one for one in root.findall("component/series") if _code(one) != "REPRESENTATIVE_BEAT"]
    if not series:
        raise no_rhythm("HL7 aECG")
    if any(len(digits.text or "") > MAX_LEAD_CHARS for digits in root.iter("digits")):
        raise too_long("HL7 aECG")
    record, _ = parsed("hl7_aecg", "HL7aECGParser", tostring(pruned(root, _AECG_TAGS)), "HL7 aECG")
    n_more = len(series) - 1 + max(len(series[0].findall("component/sequenceSet")) - 1, 0)
    notes = _left_out(n_more, "HL7 aECG")
    rate = record.raw_metadata.get("rhythm_time", {}).get("sampling_rate_exact")
    return assembled(record, "HL7 aECG", aecg_patient(root), aecg_filters(series[0]), notes=notes, fs_hz=rate)


def parsed(module: str, parser: str, content: bytes, name: str) -> tuple[Any, bool]:
    """Return what a parser of ``ecgdatakit`` makes of a file, and whether it found a wrong checksum.

    Parameters
    ----------
    module, parser : str
        Module of ``ecgdatakit.parsing.parsers`` and its class: the format is known here and never guessed there.
    content : bytes
        The file, without anything that names a person.
    name : str
        The format, for the error.

    Returns
    -------
    ecgdatakit.ECGRecord, bool

    Raises
    ------
    UnreadableError, UnsupportedError
        The parser raised.
    """
    errors = importlib.import_module("ecgdatakit.exceptions")
    reader = getattr(importlib.import_module(f"ecgdatakit.parsing.parsers.{module}"), parser)()
    try:
        with warnings.catch_warnings(record=True) as caught, tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("always")
            path = Path(folder) / "recording"
            path.write_bytes(content)
            record = reader.parse(path)
    except errors.UnsupportedFormatError:
        raise UnsupportedError(f"The {name} file is of a variant that is not read: export it uncompressed.") from None
    except (errors.ECGDataKitError, *_LIBRARY_ERRORS):
        raise UnreadableError(f"The {name} file is damaged or incomplete: export it again.") from None
    return record, any(issubclass(warning.category, errors.ChecksumWarning) for warning in caught)


def assembled(
    record: Any,
    name: str,
    patient: PatientAndFindings,
    filters: DeviceFilters,
    *,
    notes: tuple[str, ...] = (),
    fs_hz: float | None = None,
    has_bad_checksum: bool = False,
) -> RawRecording:
    """Return the leads of an ``ecgdatakit`` record with all that was read beside it.

    Parameters
    ----------
    record : ecgdatakit.ECGRecord
    name : str
        The format.
    patient : Patient and its findings
    filters : DeviceFilters
    notes : tuple of str
    fs_hz : float or None
        The exact rate, where the record's is rounded.
    has_bad_checksum : bool
        Adds the CAUTION ``checksum_mismatch``.

    Returns
    -------
    RawRecording

    Raises
    ------
    UnreadableError
        The leads differ in rate, or hold what is no number.
    LimitError
        Too many leads.
    """
    check_channels(len(record.leads))
    rate = _rate(record.leads, name)
    stated, patient_findings = patient
    findings = (checksum_mismatch(name),) if has_bad_checksum else ()
    return RawRecording(
        format=name,
        channels=tuple(_channel(lead, name) for lead in record.leads),
        fs_hz=round(fs_hz or rate, 6),
        stated=stated,
        notes=notes,
        findings=(*findings, *_skew_findings(record.leads, name), *patient_findings),
        filters=filters,
        device_beat=_beat(record.median_beats),
    )


def checksum_mismatch(name: str) -> Finding:
    """Return the finding that a stored checksum does not fit the data."""
    return Finding(
        code="checksum_mismatch",
        severity=Severity.CAUTION,
        message=f"A checksum in the {name} file does not fit its data: the file may be damaged, export it again.",
    )


def expected_root(data: bytes, tag: str, name: str) -> Element:
    """Return the checked root element of an XML file; UnreadableError when it is not `tag`, that of the format."""
    root = checked_root(data)
    if root.tag != tag:
        raise UnreadableError(f"The XML file does not begin as a {name} file does: export the ECG again.")
    return root


def no_rhythm(name: str) -> UnreadableError:
    """Return the refusal of a file that holds an averaged beat at most."""
    return UnreadableError(
        f"The {name} file holds no rhythm recording, at most an averaged beat: export the waveforms of all 10 s."
    )


def too_long(name: str) -> LimitError:
    """Return the refusal of a file that holds more than any resting ECG."""
    return LimitError(f"The {name} file holds far more than 60 s of ECG: export one resting ECG.")


def _left_out(n_more: int, name: str) -> tuple[str, ...]:
    """Say how many stretches of ECG beside the first were not read."""
    return (f"{n_more} further stretch(es) of ECG in the {name} file were left out.",) if n_more > 0 else ()


def _is_rhythm(waveform: Element) -> bool:
    """Whether a MUSE waveform is a rhythm recording, which is also what one without a type is."""
    return (text_at(waveform, "WaveformType") or "rhythm").lower() == "rhythm"


def _code(series: Element) -> str:
    """Code of an aECG series."""
    found = series.find("code")
    return "" if found is None else found.get("code", "").upper()


def _rate(leads: list[Any], name: str) -> float:
    """The one rate of all leads."""
    rates = {float(lead.sampling_rate) for lead in leads}
    if len(rates) != 1:
        raise UnreadableError(f"The leads of the {name} file differ in sampling rate: export all leads at one rate.")
    return rates.pop()


def _channel(lead: Any, name: str) -> Channel:
    """One lead, whose scale and samples must be numbers."""
    if not (_states_scale(lead) and 0 < lead.resolution < math.inf and math.isfinite(lead.offset)):
        raise UnreadableError(f"The {name} file states a scale that is not above zero: export it again.")
    if not np.isfinite(lead.samples).all():
        raise UnreadableError(f"The {name} file holds samples that are no numbers: export it again.")
    return _scaled(lead)


def _states_scale(lead: Any) -> bool:
    """Whether a lead that has a unit has a number beside it: ``ecgdatakit`` reads a scale of "2,5 µV" as 1 µV."""
    return not lead.resolution_unit or lead.adc_resolution > 0


def _scaled(lead: Any) -> Channel:
    """Counts → the unit of the file; without a unit counts times what the file calls their scale."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is no potential becomes NaN in the normal form
        samples = np.asarray(lead.samples, dtype=np.float64) * float(lead.resolution) + float(lead.offset)
    return Channel(lead=_lead(lead.label), samples=samples, unit=standard_unit(lead.resolution_unit))


def _lead(label: str) -> str | None:
    """Standard name of a lead; ``ecgdatakit`` calls a second lead II "II_2", which is undone so that it is refused."""
    stem, _, number = label.rpartition("_")
    return standard_lead(stem if stem and number.isdigit() else label)


def _beat(leads: list[Any]) -> RawBeat | None:
    """The device's own beat, None when there is none of one rate and of known scale."""
    rates = {float(lead.sampling_rate) for lead in leads}
    if len(rates) != 1 or len(leads) > MAX_CHANNELS or not all(map(_states_scale, leads)):
        return None
    return RawBeat(channels=tuple(_scaled(lead) for lead in leads), fs_hz=rates.pop())


def _skew_findings(leads: list[Any], name: str) -> tuple[Finding, ...]:
    """Say when MUSE leads do not begin at the same instant."""
    offsets = {
        tuple(str(lead.annotations.get(field, "0")) for field in ("LeadOffsetFirstSample", "LeadTimeOffset"))
        for lead in leads
    }
    if len(offsets) <= 1:
        return ()
    message = f"The {name} file says its leads were sampled at different instants: that shift is not corrected."
    return (Finding(code="channel_skew", severity=Severity.CAUTION, message=message),)
