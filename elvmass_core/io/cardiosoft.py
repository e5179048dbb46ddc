"""GE CardioSoft and CASE XML (``CardiologyXML``), the format of the UK Biobank's resting ECGs (field 20205).

No public specification and no public file: written after what four open readers agree on (BIOSIG ``t210``,
BRAVEHEART ``load_cardiosoftxml``, and two readers of UK Biobank files). The rhythm is ``StripData``: comma-separated
whole numbers in units of ``Resolution`` (µV per step); the median beat is ``MedianSamples``. An exercise test
(``FullDisclosure`` only) has no such strip and is refused.
"""

import re
from xml.etree.ElementTree import Element

import numpy as np

from elvmass_core.domain import DeviceFilters, FloatArray
from elvmass_core.errors import UnreadableError
from elvmass_core.io.exchange import MAX_LEAD_CHARS, expected_root, no_rhythm, too_long
from elvmass_core.io.exchange_fields import (
    CM_PER,
    KG_PER,
    YEARS_PER,
    PatientAndFindings,
    positive_or_none,
    scaled,
    text_at,
)
from elvmass_core.io.limits import check_channels
from elvmass_core.io.normal_form import Channel, RawBeat, RawRecording
from elvmass_core.io.stated import stated_patient
from elvmass_core.units import standard_lead

_NAME = "GE CardioSoft XML"
_UNITS = {"uvperlsb": "uV", "mvperlsb": "mV", "nvperlsb": "nV"}
_SEPARATORS = re.compile(r"[,;\s]+")
_WHOLE = re.compile(r"[+-]?\d{1,7}", re.ASCII)


def read_cardiosoft(data: bytes) -> RawRecording:
    """Return the rhythm leads of a GE CardioSoft file, its median beat as `device_beat`.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    RawRecording
        Counts times ``Resolution``; without its unit the channels have none.

    Raises
    ------
    UnreadableError, UnsupportedError, LimitError
        Damaged, without a rhythm strip, or beyond a limit.
    """
    root = expected_root(data, "CardiologyXML", "GE CardioSoft")
    strip = root.find("StripData")
    if strip is None or strip.find("WaveformData") is None:
        raise no_rhythm(_NAME)
    patient, findings = _patient(root.find("PatientInfo"))
    return RawRecording(
        format=_NAME,
        channels=_channels(strip),
        fs_hz=_rate(strip),
        stated=patient,
        findings=findings,
        filters=_filters(root.find("FilterSetting")),
        device_beat=_beat(root),
    )


def _rate(block: Element) -> float | None:
    """Sampling rate in Hz, None when it is not stated in hertz."""
    element = block.find("SampleRate")
    if element is None or element.get("units", "Hz").strip().lower() != "hz":
        return None
    return positive_or_none(text_at(block, "SampleRate"))


def _channels(block: Element) -> tuple[Channel, ...]:
    """Leads of a strip or a beat, each as long as the block says."""
    elements = block.findall("WaveformData")
    check_channels(len(elements))
    resolution = block.find("Resolution")
    unit = _UNITS.get("" if resolution is None else resolution.get("units", "").strip().lower())
    scale = positive_or_none(text_at(block, "Resolution"))
    if scale is None and resolution is not None:
        raise UnreadableError(f"The {_NAME} file states a resolution that is not above zero: export it again.")
    n_samples = positive_or_none(text_at(block, "ChannelSampleCountTotal") or text_at(block, "NumSamples"))
    channels = []
    if any(len(element.text or "") > MAX_LEAD_CHARS for element in elements):
        raise too_long(_NAME)
    for element in elements:
        samples = _samples(element.text or "")
        if n_samples is not None and samples.size != n_samples:
            raise UnreadableError(
                f"A lead of the {_NAME} file holds {samples.size} samples and its header says {n_samples:g}: "
                "export it again."
            )
        lead = standard_lead(element.get("lead", ""))
        with np.errstate(over="ignore"):  # what is no potential becomes NaN in the normal form
            samples = samples * (scale or 1.0)
        channels.append(Channel(lead=lead, samples=samples, unit=unit if scale else None))
    return tuple(channels)


def _samples(text: str) -> FloatArray:
    """Whole numbers between commas or white space; an empty one between two commas is refused."""
    words = _SEPARATORS.split(text.strip(" \t\r\n,;"))
    if re.search(r"[,;]\s*[,;]", text) or not all(map(_WHOLE.fullmatch, words)):
        raise UnreadableError(f"The {_NAME} file holds samples that are no whole numbers: export it again.")
    return np.array(words, dtype=np.float64)


def _beat(root: Element) -> RawBeat | None:
    """The median beat, None when there is none that can be read."""
    block = next((found for path in _BEAT_PATHS if (found := root.find(path)) is not None), None)
    rate = None if block is None else _rate(block)
    if block is None or rate is None:
        return None
    try:
        return RawBeat(channels=_channels(block), fs_hz=rate)
    except UnreadableError:
        return None


_BEAT_PATHS = ("RestingECGMeasurements/MedianSamples", "MedianSamples")


def _patient(person: Element | None) -> PatientAndFindings:
    """Sex, and age, height and weight in the unit beside each."""
    fields = {"Age": (YEARS_PER, "years"), "Height": (CM_PER, ""), "Weight": (KG_PER, "")}
    values = {}
    for name, (factors, usual) in fields.items():
        element = None if person is None else person.find(name)
        unit = usual if element is None else element.get("units", usual)
        values[name] = scaled(text_at(person, name), unit, factors)
    return stated_patient(
        sex=text_at(person, "Gender"),
        age_years=values["Age"],
        height_cm=values["Height"],
        weight_kg=values["Weight"],
    )


def _filters(setting: Element | None) -> DeviceFilters:
    """Cut-offs in Hz; the mains filter is a yes or no for each of 50 and 60 Hz."""
    mains = {hertz: text_at(setting, f"Filter{hertz}Hz").lower() for hertz in (50, 60)}
    on = [float(hertz) for hertz, said in mains.items() if said == "yes"]
    return DeviceFilters(
        highpass_hz=positive_or_none(text_at(setting, "HighPass")),
        lowpass_hz=positive_or_none(text_at(setting, "LowPass")),
        notch_hz=on[0] if on else 0.0 if set(mains.values()) == {"no"} else None,
    )
