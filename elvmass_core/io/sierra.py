"""Philips Sierra XML (``restingecgdata``), decoded by ``ecgdatakit``: as `exchange`, with Philips' own traps.

Differences from ``ecgdatakit`` 2.0.3, each a test: the 1 mV calibration pulse that many exports carry behind the ECG
is cut off; padding in the representative beats is no potential of 82 mV; what an LZW bomb would unpack to is counted.
"""

import base64
import binascii
from typing import Any
from xml.etree.ElementTree import Element, tostring

import numpy as np

from elvmass_core.errors import UnreadableError
from elvmass_core.io.exchange import MAX_LEAD_CHARS, assembled, expected_root, no_rhythm, parsed, too_long
from elvmass_core.io.exchange_fields import sierra_filters, sierra_patient
from elvmass_core.io.limits import check_channels
from elvmass_core.io.normal_form import RawRecording
from elvmass_core.io.xml_guard import pruned

_NAME = "Philips Sierra XML"
_SIERRA_TAGS = frozenset(
    {
        "documentinfo", "documenttype", "documentversion", "dataacquisition", "signalcharacteristics", "samplingrate",
        "resolution", "signalresolution", "acquisitiontype", "leadset", "signaloffset", "signalsigned",
        "numberchannelsallocated", "numberchannelsvalid", "waveforms", "parsedwaveforms", "repbeats", "repbeat",
        "waveform",
    }
)  # fmt: skip
LZW_BITS, LZW_FIRST_CODE = 10, 256
XLI_HEADER_BYTES = 8
"""A Philips XLI chunk: 4 bytes size, 4 bytes start values, then 10-bit LZW codes (sierra-ecg-tools)."""
MAX_XLI_BYTES = 2 * 120_000
"""60 s at 2000 Hz in 16 bits: what one lead may unpack to."""
_PULSE_S = 1.0
_PULSE_UV, _PULSE_TOLERANCE_UV = 1000.0, 20.0
_PADDING = 2**15 - 1


def read_sierra(data: bytes) -> RawRecording:
    """Return the rhythm leads of a Philips Sierra XML file, versions 1.03 to 1.04.02.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawRecording
        Without the last second where that is the device's 1 mV calibration pulse; representative beats are
        `device_beat`, NaN where the file pads them.

    Raises
    ------
    UnreadableError, UnsupportedError, LimitError
        Damaged, of another version, without a rhythm waveform, or beyond a limit.
    """
    root = expected_root(data, "restingecgdata", "Philips")
    waveforms = list(root.iter("parsedwaveforms"))
    if not waveforms:
        raise no_rhythm(_NAME)
    for waveform in waveforms:
        _check_packed(waveform)
    record, _ = parsed("sierra_xml", "SierraXMLParser", tostring(pruned(root, _SIERRA_TAGS)), _NAME)
    _cut_padding(record.median_beats)
    n_kept = _before_pulse(record.leads)
    notes: tuple[str, ...] = ()
    if n_kept < max(lead.samples.size for lead in record.leads):
        notes = ("The last second is the cardiograph's 1 mV calibration pulse and was left out.",)
        for lead in record.leads:
            lead.samples = lead.samples[:n_kept]
    return assembled(record, _NAME, sierra_patient(root), sierra_filters(root), notes=notes)


def _cut_padding(beats: list[Any]) -> None:
    """Philips pads a beat with 32767: leave out what is padding in all leads, NaN what is padding in one."""
    if not beats or len({beat.samples.size for beat in beats}) > 1:
        return
    is_padding = np.array([beat.samples == _PADDING for beat in beats])
    for beat, padded in zip(beats, is_padding, strict=True):
        beat.samples = np.where(padded, np.nan, beat.samples)[~is_padding.all(axis=0)]


def _before_pulse(leads: list[Any]) -> int:
    """Return the number of samples before Philips' calibration pulse, all of them when there is none.

    Notes
    -----
    No field tells it: real exports last 11 s with the pulse in the last second, or 10 s without (BRAVEHEART issue 5).
    It is known by its shape: from some sample on all leads are the same, to one count, until the end, which Einthoven
    allows real leads only at 0, and they reach 1 mV.
    """
    n_samples = min(lead.samples.size for lead in leads)
    signal = np.array([lead.samples[:n_samples] for lead in leads])
    differs = np.flatnonzero(np.ptp(signal, axis=0) > 1)
    n_own = int(differs[-1]) + 1 if differs.size else 0
    highest_uv = float(signal[0, n_own:].max(initial=0.0)) * float(leads[0].resolution)
    is_pulse = len(leads) > 2 and n_own > 0 and abs(highest_uv - _PULSE_UV) < _PULSE_TOLERANCE_UV
    return n_samples - round(_PULSE_S * leads[0].sampling_rate) if is_pulse else n_samples


def _check_packed(waveform: Element) -> None:
    """Refuse XLI chunks that would unpack to more than a lead can hold, and plain numbers of more than all leads."""
    if waveform.get("dataencoding") == "Plain" and len(waveform.text or "") > 2 * MAX_LEAD_CHARS:
        raise too_long(_NAME)
    if "XLI" not in (waveform.get("compression", "") + waveform.get("compressmethod", "")).upper():
        return
    try:
        payload = base64.b64decode("".join((waveform.text or "").split()))
    except (binascii.Error, ValueError):
        raise UnreadableError("The Philips Sierra XML file is damaged or incomplete: export it again.") from None
    position, n_chunks = 0, 0
    while position + XLI_HEADER_BYTES < len(payload):
        size = int.from_bytes(payload[position : position + 4], "little")
        body = payload[position + XLI_HEADER_BYTES : position + XLI_HEADER_BYTES + size]
        n_chunks += 1
        check_channels(n_chunks)
        if unpacked_bytes(body) > MAX_XLI_BYTES:
            raise too_long(_NAME)
        position += XLI_HEADER_BYTES + size


def unpacked_bytes(body: bytes) -> int:
    """Return how many bytes the 10-bit LZW codes of one XLI chunk stand for, without unpacking them.

    Parameters
    ----------
    body : bytes
        A chunk without its header.

    Returns
    -------
    int
        Never less than what is unpacked; counting stops once above `MAX_XLI_BYTES`.
    """
    lengths = [1] * LZW_FIRST_CODE
    total = previous = 0
    bits = n_bits = 0
    for byte in body:
        bits, n_bits = ((bits << 8) | byte) & 0xFFFFFF, n_bits + 8
        if n_bits < LZW_BITS:
            continue
        n_bits -= LZW_BITS
        code = (bits >> n_bits) & (2**LZW_BITS - 1)
        length = lengths[code] if code < len(lengths) else previous + 1
        if previous and len(lengths) < 2**LZW_BITS - 1:
            lengths.append(previous + 1)
        total, previous = total + length, length
        if total > MAX_XLI_BYTES:
            break
    return total
