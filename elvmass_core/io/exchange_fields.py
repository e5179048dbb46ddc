"""What the XML formats of cardiographs say of patient and filters: an allow-list, read from the checked tree.

Read here and not by ``ecgdatakit``, which gives ages in whole years only (a child of 9 months would be 0, that is
unknown), cannot tell "no filter" from "not said", and would first have to be handed names and dates.
"""

import math
from xml.etree.ElementTree import Element

from elvmass_core.domain import DeviceFilters, Finding, Patient
from elvmass_core.io.dates import age_between, date_or_none, years_between
from elvmass_core.io.stated import number_or_none, stated_patient

YEARS_PER = {
    "years": 1.0, "year": 1.0, "a": 1.0, "yr": 1.0, "y": 1.0,
    "months": 1 / 12, "month": 1 / 12, "mo": 1 / 12,
    "weeks": 7 / 365.25, "week": 7 / 365.25, "wk": 7 / 365.25,
    "days": 1 / 365.25, "day": 1 / 365.25, "d": 1 / 365.25,
    "hours": 1 / 8766, "hour": 1 / 8766, "h": 1 / 8766,
}  # fmt: skip
"""Years in one of each unit of age: GE's words and the UCUM codes of HL7."""
CM_PER = {"cm": 1.0, "m": 100.0, "mm": 0.1, "in": 2.54, "inch": 2.54, "inches": 2.54, "[in_i]": 2.54}
KG_PER = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "lbs": 0.45359237, "[lb_av]": 0.45359237}
_ORDERED_DATES = ("%Y-%m-%d", "%Y%m%d", "%d-%b-%Y")
"""Dates that can be read in one way only."""
_DATES = (("%m-%d-%Y", "%m/%d/%Y", *_ORDERED_DATES), ("%d-%m-%Y", "%d/%m/%Y", *_ORDERED_DATES))
"""Month first as the devices' makers write it, and day first as an export elsewhere may."""
_HL7_AGE = "21612-7"
_HL7_HEIGHTS, _HL7_WEIGHTS = ("8302-2", "3137-7"), ("29463-7", "3141-9")
"""LOINC codes: reported age; body height, measured height; body weight, measured weight."""
_PERSON = "componentOf/timepointEvent/componentOf/subjectAssignment/subject/trialSubject/subjectDemographicPerson"

PatientAndFindings = tuple[Patient, tuple[Finding, ...]]


def text_at(element: Element | None, path: str) -> str:
    """Return the stripped text of the first element at a path, empty when there is none."""
    return "" if element is None else (element.findtext(path) or "").strip()


def positive_or_none(text: str) -> float | None:
    """Return a finite number above zero, or None."""
    value = number_or_none(text)
    return value if value is not None and 0 < value < math.inf else None


def scaled(text: str, unit: str, factors: dict[str, float]) -> float | None:
    """Return a number in the wanted unit; None when it is not above zero or its unit is not known."""
    value, factor = positive_or_none(text), factors.get(unit.strip().lower())
    return None if value is None or factor is None else value * factor


def muse_patient(root: Element) -> PatientAndFindings:
    """Patient of a GE MUSE file: a stated age with its unit, else from the dates; centimetres or inches, kg or lb."""
    person, test = root.find("PatientDemographics"), root.find("TestDemographics")
    age = scaled(text_at(person, "PatientAge"), text_at(person, "AgeUnits"), YEARS_PER)
    return stated_patient(
        sex=text_at(person, "Gender"),
        age_years=age or age_between(text_at(person, "DateofBirth"), text_at(test, "AcquisitionDate"), _DATES),
        height_cm=_either(person, {"HeightCM": 1.0, "HeightIN": CM_PER["in"]}),
        weight_kg=_either(person, {"WeightKG": 1.0, "WeightLBS": KG_PER["lb"]}),
    )


def muse_filters(waveform: Element) -> DeviceFilters:
    """Filters of a GE MUSE waveform; its high-pass is in hundredths of a hertz, 0 is taken for "not said".

    The unit is in no public document: real files hold 5, 16, 32 and 56, GE's cut-offs of 0.05, 0.16, 0.32 and 0.56 Hz.
    """
    highpass = positive_or_none(text_at(waveform, "HighPassFilter"))
    mains = [(element.text or "").strip() for element in waveform.findall("ACFilter")]
    numbers = [value for value in map(positive_or_none, mains) if value]
    off = any(word.upper() in ("NONE", "OFF") for word in mains)
    return DeviceFilters(
        highpass_hz=highpass / 100 if highpass else None,
        lowpass_hz=positive_or_none(text_at(waveform, "LowPassFilter")),
        notch_hz=numbers[0] if numbers else 0.0 if off else None,
    )


def sierra_patient(root: Element) -> PatientAndFindings:
    """Patient of a Philips file; ``defaultage`` is a setting of the device and never an age."""
    person = root.find("patient/generalpatientdata")
    birth = text_at(person, "age/dateofbirth") or text_at(person, "dateofbirth")
    acquisition = root.find("dataacquisition")
    recorded = "" if acquisition is None else acquisition.get("date", "")
    return stated_patient(
        sex=text_at(person, "sex"),
        age_years=positive_or_none(text_at(person, "age/years")) or age_between(birth, recorded, _DATES),
        height_cm=_either(person, {"height/cm": 1.0, "height/inch": CM_PER["in"]}),
        weight_kg=_either(person, {"weight/kg": 1.0, "weight/lb": KG_PER["lb"]}),
    )


def sierra_filters(root: Element) -> DeviceFilters:
    """Filters of the stored waveform of a Philips file, whose own attributes go before those of the acquisition."""
    waveform, acquired = root.find("waveforms/parsedwaveforms"), root.find("dataacquisition/signalcharacteristics")

    def said(name: str) -> str:
        return ("" if waveform is None else waveform.get(name, "")) or text_at(acquired, name)

    low, _, high = text_at(acquired, "signalbandwidth").partition("-")  # version 1.03: "0.05-150"
    frequencies = [value for value in map(positive_or_none, said("notchfilterfreqs").split()) if value]
    is_on = {"true": True, "yes": True, "false": False, "no": False}.get(said("notchfiltered").lower())
    return DeviceFilters(
        highpass_hz=positive_or_none(said("hipass") or low),
        lowpass_hz=positive_or_none(said("lowpass") or high),
        notch_hz=0.0 if is_on is False else frequencies[0] if frequencies else None,
    )


def aecg_patient(root: Element) -> PatientAndFindings:
    """Patient of an HL7 aECG: a reported age (LOINC 21612-7) goes before the dates; a sex of UN is unknown."""
    person = root.find(_PERSON)
    facts: dict[str, Element] = {}
    for fact in root.findall("controlVariable/relatedObservation"):
        value = fact.find("value")
        if value is not None:
            facts.setdefault(_attribute(fact, "code", "code"), value)
    dates = [_attribute(root, f"effectiveTime/{end}", "value") for end in ("low", "center")]
    dates += [_attribute(root, f"component/series/effectiveTime/{end}", "value") for end in ("low", "center")]
    recorded = next((day for text in dates if (day := date_or_none(text[:8], ("%Y%m%d",)))), None)
    born = date_or_none(_attribute(person, "birthTime", "value")[:8], ("%Y%m%d",))
    return stated_patient(
        sex=_attribute(person, "administrativeGenderCode", "code"),
        age_years=_fact(facts, (_HL7_AGE,), YEARS_PER) or years_between(born, recorded),
        height_cm=_fact(facts, _HL7_HEIGHTS, CM_PER),
        weight_kg=_fact(facts, _HL7_WEIGHTS, KG_PER),
    )


def aecg_filters(series: Element) -> DeviceFilters:
    """Filters of an aECG series: the control variables whose code ends with the kind of filter."""
    cutoffs: dict[str, float] = {}
    for variable in series.findall("controlVariable/controlVariable"):
        kind = _attribute(variable, "code", "code").upper().rpartition("FILTER_")[2]
        for part in variable.findall("component/controlVariable"):
            if _attribute(part, "code", "code").upper().endswith(("_CUTOFF_FREQ", "_NOTCH_FREQ")):
                unit = _attribute(part, "value", "unit") or "Hz"
                value = scaled(_attribute(part, "value", "value"), unit, {"hz": 1.0, "khz": 1000.0})
                cutoffs |= {kind: value} if value else {}
    return DeviceFilters(
        highpass_hz=cutoffs.get("HIGH_PASS"), lowpass_hz=cutoffs.get("LOW_PASS"), notch_hz=cutoffs.get("NOTCH")
    )


def _either(person: Element | None, factors: dict[str, float]) -> float | None:
    """First of several fields that holds a number above zero, times its factor."""
    values = ((positive_or_none(text_at(person, path)), factor) for path, factor in factors.items())
    return next((value * factor for value, factor in values if value), None)


def _attribute(element: Element | None, path: str, name: str) -> str:
    """Attribute of the first element at a path, empty when there is none."""
    found = None if element is None else element.find(path)
    return "" if found is None else found.get(name, "").strip()


def _fact(facts: dict[str, Element], codes: tuple[str, ...], factors: dict[str, float]) -> float | None:
    """First of several observations, in the wanted unit."""
    values = (facts[code] for code in codes if code in facts)
    return next((scaled(value.get("value", ""), value.get("unit", ""), factors) for value in values), None)
