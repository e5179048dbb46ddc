"""A report as FHIR R4 (4.0.1): a Bundle with Observations, the software as Devices, and a Patient with nothing but sex.

Everything is marked as test health data and as preliminary: nothing here may be read as a measured mass. LV mass
carries the LOINC code that DICOM PS3.16 lists without a method (CID 12203, "Left Ventricle Mass"); the LOINC codes for
an indexed mass all name an ultrasound method, so the index and the LVH answer have codes of our own and words only.
Neither a date nor an identifier of the patient is in it: R4 lets `Observation.effective` be absent. Ids follow from the
ECG's digest and the content, so the same report gives the same bundle.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from elvmass_core.domain import Estimate, Lvh, Patient, Report, Sex
from elvmass_core.quality import scope_words
from elvmass_core.report.words import (
    BOTH_MODELS,
    LVH_WORDS,
    SEX_WORDS,
    finding_words,
    lvh_words,
    method_words,
    probability_words,
    stops,
)
from elvmass_core.wording import alone_words, known_words, lvh_in_test_words

Resource = dict[str, Any]

CODES = "urn:uuid:8ae960fc-5f6f-55a7-8f26-b7a2e4fb3aed"
"""Our own code system: it names what no published code names without claiming an imaging method."""
_NAMESPACE = uuid.UUID(CODES.removeprefix("urn:uuid:"))
_UCUM = "http://unitsofmeasure.org"
_TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
_CATEGORY = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "procedure"}
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
LOINC_LV_MASS = {"system": "http://loinc.org", "code": "18087-7", "display": "Left Ventricle Mass"}
_MASS, _INDEX, _LVH = "lv-mass", "lv-mass-index", "lvh"
_NAMES = {
    _MASS: "Left ventricular mass, estimated from a 12-lead ECG",
    _INDEX: "Left ventricular mass ÷ body surface area (DuBois), estimated from a 12-lead ECG",
    _LVH: "Left ventricular hypertrophy, judged from the estimated mass index and its interval",
}
_GENDER = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.UNKNOWN: "unknown"}


def to_fhir(report: Report) -> Resource:
    """The report as a Bundle of type ``collection``, in plain values.

    Returns
    -------
    dict
        Patient, one Device per model, then Observations: mass, index and LVH of a known sex; the mass by both models
        of an unknown one; all three with the reason why they are absent after a refusal.
    """
    seed = report.recording.digest
    patient = _entry({"resourceType": "Patient", "gender": _GENDER[report.patient.sex]}, seed)
    estimates: Sequence[Estimate | None] = report.estimates or (None,)
    devices = [_entry(_device(estimate, report.versions), seed) for estimate in estimates]
    entries = [patient, *devices]
    for estimate, device in zip(estimates, devices, strict=True):
        for observation in _observations(report, estimate):
            links = {"subject": _reference(patient), "device": _reference(device)}
            entries.append(_entry(observation | links, seed))
    ids = " ".join(entry["resource"]["id"] for entry in entries)
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid5(_NAMESPACE, ids)),
        "meta": _meta(),
        "type": "collection",
        "entry": entries,
    }


def fhir_json(report: Report) -> bytes:
    """The bundle as indented UTF-8 JSON."""
    return orjson.dumps(to_fhir(report), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


# --- Bundle -----------------------------------------------------------------------------------------------------------


def _entry(resource: Resource, seed: str) -> Resource:
    """A resource with its marks and the id that follows from its content."""
    content = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS).decode()
    name = str(uuid.uuid5(_NAMESPACE, f"{seed}\n{content}"))
    head = {"resourceType": resource["resourceType"], "id": name, "meta": _meta()}
    return {"fullUrl": f"urn:uuid:{name}", "resource": head | resource}


def _meta() -> Resource:
    """Test health data: as the tag to filter by, and as the security label the code was made for."""
    return {"security": [_TEST_DATA], "tag": [_TEST_DATA]}


def _reference(entry: Mapping[str, Any]) -> Resource:
    return {"reference": entry["fullUrl"]}


def _device(estimate: Estimate | None, versions: Mapping[str, str]) -> Resource:
    """The software, and the model with its hash when one answered."""
    stated = [{"type": {"text": name}, "value": value} for name, value in versions.items()]
    names = [{"name": "ELVMass", "type": "user-friendly-name"}]
    if estimate is not None:
        names.append({"name": estimate.model, "type": "model-name"})
        stated.append({"type": {"text": "SHA-256 of the weight bundle"}, "value": estimate.bundle_sha256})
    kind = "Research software that estimates LV mass from a 12-lead ECG; not a medical device"
    return {"resourceType": "Device", "deviceName": names, "type": {"text": kind}, "version": stated}


# --- Observations -----------------------------------------------------------------------------------------------------


def _observations(report: Report, estimate: Estimate | None) -> list[Resource]:
    if estimate is None:
        why = _absent("not-performed", " ".join(finding.message for finding in stops(report)) or "No estimate.")
        return [_observation(report, code, why) for code in _NAMES]
    mass = _observation(report, _MASS, _mass(estimate, report.patient), estimate)
    if report.estimate is None:
        return [mass]
    return [
        mass,
        _observation(report, _INDEX, _index(estimate), estimate),
        _observation(report, _LVH, _lvh(estimate), estimate),
    ]


def _observation(report: Report, code: str, answer: Resource, estimate: Estimate | None = None) -> Resource:
    """What all Observations share, around one answer."""
    method = method_words(report.estimates)
    if estimate is not None:
        method += f" ({SEX_WORDS[estimate.sex]})"
    return {
        "resourceType": "Observation",
        "status": "preliminary",
        "category": [{"coding": [_CATEGORY]}],
        "code": _code(code),
        **answer,
        "note": [{"text": text} for text in _notes(report, estimate)],
        "method": {"text": method},
    }


def _code(code: str) -> Resource:
    ours = {"system": CODES, "code": code, "display": _NAMES[code]}
    return {"coding": [ours, LOINC_LV_MASS] if code == _MASS else [ours], "text": _NAMES[code]}


def _notes(report: Report, estimate: Estimate | None) -> list[str]:
    """The disclaimer, what stands in the way of believing the number, and what it is made of."""
    texts = [report.disclaimer]
    if report.estimates:
        texts.append(scope_words(report.findings))
    if len(report.estimates) > 1:
        texts.append(BOTH_MODELS)
    if estimate is not None and report.estimate is not None:
        outside = bool(scope_words(report.findings))
        texts.append(alone_words(estimate, report.patient, outside=outside))
        texts.append("" if estimate.lvh is Lvh.NO_RESULT else lvh_in_test_words(estimate))
    texts += [f"{finding.severity.value}: {finding_words(finding)}" for finding in report.findings]
    return [text for text in texts if text]


def _mass(estimate: Estimate, patient: Patient) -> Resource:
    low, high = estimate.interval_g
    return {
        "valueQuantity": _quantity(estimate.lvm_g, "g"),
        "component": [
            _component("interval-low", "Lower end of the prediction interval", low, "g"),
            _component("interval-high", "Upper end of the prediction interval", high, "g"),
            _component("coverage", "Nominal coverage of the interval", 100.0 * estimate.coverage, "%"),
            _component("demographics-only", f"From {known_words(patient)} alone", estimate.demographics_only_g, "g"),
        ],
    }


def _index(estimate: Estimate) -> Resource:
    if estimate.lvmi_g_m2 is None:
        return _absent("unknown", "Height and weight are needed for an index.")
    return {"valueQuantity": _quantity(estimate.lvmi_g_m2, "g/m2")}


def _lvh(estimate: Estimate) -> Resource:
    """The answer, the cut-off it was judged by, and the probability; the reason where there is none."""
    if estimate.lvh is Lvh.NO_RESULT:
        return _absent("not-performed", lvh_words(estimate))
    coding = {"system": CODES, "code": estimate.lvh.value, "display": LVH_WORDS[estimate.lvh]}
    answer = {"coding": [coding], "text": lvh_words(estimate)}
    cutoff = f"LVH cut-off: {estimate.cutoff_source}"
    components = [_component("cutoff", cutoff, estimate.cutoff_g_m2, "g/m2")]
    if estimate.p_lvh is not None:
        components.append(_component("p-lvh", probability_words(estimate), 100.0 * estimate.p_lvh, "%"))
        prevalence = "Prevalence of LVH for which the probability holds"
        components.append(_component("prevalence", prevalence, 100.0 * estimate.prevalence, "%"))
    return {"valueCodeableConcept": answer, "component": components}


def _absent(code: str, words: str) -> Resource:
    """Why there is no value: R4 forbids it beside one (obs-6)."""
    return {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": code}], "text": words}}


def _component(code: str, words: str, value: float, unit: str) -> Resource:
    coding = {"system": CODES, "code": code}
    return {"code": {"coding": [coding], "text": words}, "valueQuantity": _quantity(value, unit)}


def _quantity(value: float, unit: str) -> Resource:
    """A number to one decimal, with its UCUM unit."""
    return {"value": round(value, 1), "unit": unit.replace("m2", "m²"), "system": _UCUM, "code": unit}
