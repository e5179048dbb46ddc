"""The FHIR bundle against the R4 specification (hl7.org/fhir/R4) and another implementation's schemas."""

import dataclasses
import re
import uuid

import orjson
import pytest
from fhir.resources.R4B.bundle import Bundle
from pydicom.sr.codedict import codes

from elvmass_core.domain import Lvh
from elvmass_core.report import fhir_json, to_fhir
from tests.report import reports

R4_ELEMENTS = {
    "Patient": {"gender"},
    "Device": {"deviceName", "type", "version"},
    "Observation": {
        "status", "category", "code", "subject", "device", "valueQuantity", "valueCodeableConcept",
        "dataAbsentReason", "note", "method", "component",
    },
}  # fmt: skip
"""The elements of R4 that are used, beside resourceType, id and meta; whatever else appears must be looked at anew."""
R4_ABSENT = {"unknown", "not-performed"}
R4_GENDERS = {"male", "female", "unknown"}
IDENTIFYING = {"identifier", "name", "birthDate", "telecom", "address", "contact", "effectiveDateTime", "issued"}


@pytest.fixture(params=reports.KINDS, ids=lambda kind: kind.__name__)
def report(request, untrained):
    return request.param(untrained)


def resources(report, kind):
    return [e["resource"] for e in to_fhir(report)["entry"] if e["resource"]["resourceType"] == kind]


def observation(report, code):
    (found,) = [one for one in resources(report, "Observation") if one["code"]["coding"][0]["code"] == code]
    return found


def values(tree, path=()):
    """Every leaf with the names that lead to it."""
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from values(part, (*path, name))
    elif isinstance(tree, list):
        assert tree, f"{path} is an empty list, which FHIR forbids"
        for part in tree:
            yield from values(part, path)
    else:
        yield path, tree


def test_another_implementation_reads_every_kind_of_report(report):
    bundle = Bundle.model_validate_json(fhir_json(report))
    assert bundle.type == "collection"
    assert len(bundle.entry) == len(to_fhir(report)["entry"])


def test_only_known_elements_are_used_and_none_is_empty(report):
    for entry in to_fhir(report)["entry"]:
        resource = entry["resource"]
        extra = set(resource) - {"resourceType", "id", "meta"} - R4_ELEMENTS[resource["resourceType"]]
        assert not extra
    for path, value in values(to_fhir(report)):
        assert value not in (None, ""), path


def test_cardinalities_of_r4_hold(report):
    (patient,) = resources(report, "Patient")
    assert patient["gender"] in R4_GENDERS
    for device in resources(report, "Device"):
        assert all({"name", "type"} == set(name) for name in device["deviceName"])
        assert all(version["value"] for version in device["version"])
    for one in resources(report, "Observation"):
        assert one["status"] == "preliminary"
        assert one["code"]["text"]
        answers = [name for name in one if name.startswith("value")]
        assert len(answers) <= 1
        assert ("dataAbsentReason" in one) != bool(answers)  # obs-6, and never neither
        assert all(note["text"] for note in one["note"])
        own = {coding["code"] for coding in one["code"]["coding"]}
        for component in one.get("component", ()):
            assert own.isdisjoint(coding["code"] for coding in component["code"]["coding"])  # obs-7
            assert component["valueQuantity"]["system"] == "http://unitsofmeasure.org"


def test_references_resolve_and_ids_are_unique(report):
    bundle = to_fhir(report)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    for entry in bundle["entry"]:
        assert entry["fullUrl"] == f"urn:uuid:{uuid.UUID(entry['resource']['id'])}"
    referred = [value for path, value in values(bundle) if path[-1] == "reference"]
    assert set(referred) <= set(urls)


def test_the_same_report_gives_the_same_bundle_and_another_one_other_ids(untrained):
    one, same = (reports.answered(untrained) for _ in range(2))
    assert fhir_json(one) == fhir_json(same)
    other = dataclasses.replace(one, estimates=(dataclasses.replace(one.estimate, lvh=Lvh.UNCERTAIN, p_lvh=0.5),))
    assert to_fhir(one)["id"] != to_fhir(other)["id"]


def test_everything_is_marked_as_test_health_data(report):
    marked = [to_fhir(report), *(entry["resource"] for entry in to_fhir(report)["entry"])]
    for resource in marked:
        (tag,) = resource["meta"]["tag"]
        assert tag["system"] == "http://terminology.hl7.org/CodeSystem/v3-ActReason"
        assert (tag["code"], tag["display"]) == ("HTEST", "test health data")


def test_nothing_names_or_dates_the_patient(report):
    (patient,) = resources(report, "Patient")
    assert set(patient) == {"resourceType", "id", "meta", "gender"}
    for path, value in values(to_fhir(report)):
        assert not IDENTIFYING & set(path) or path[-3:-1] == ("resource", "deviceName"), path
        assert not re.fullmatch(r"\d{4}-\d{2}(-\d{2}.*)?", str(value)), path


def test_no_age_over_89_is_in_it(untrained):
    assert b"96.75" not in fhir_json(reports.answered(untrained, age_years=96.75))


def test_mass_index_and_lvh_hold_the_numbers_of_the_report(untrained):
    report = reports.flagged(untrained)
    estimate = report.estimate
    mass = observation(report, "lv-mass")
    assert mass["valueQuantity"] == {
        "value": round(estimate.lvm_g, 1), "unit": "g", "system": "http://unitsofmeasure.org", "code": "g",
    }  # fmt: skip
    parts = {one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"] for one in mass["component"]}
    low, high = estimate.interval_g
    assert (parts["interval-low"], parts["interval-high"]) == (round(low, 1), round(high, 1))
    assert parts["coverage"] == pytest.approx(100.0 * estimate.coverage)
    index = observation(report, "lv-mass-index")["valueQuantity"]
    assert (index["value"], index["code"]) == (round(estimate.lvmi_g_m2, 1), "g/m2")
    lvh = observation(report, "lvh")
    assert lvh["valueCodeableConcept"]["coding"][0]["code"] == "flagged"
    parts = {one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"] for one in lvh["component"]}
    assert parts["cutoff"] == estimate.cutoff_g_m2
    assert parts["p-lvh"] == 83.0
    assert mass["method"]["text"].startswith("estimated from a 12-lead ECG by a model trained on simulated patients")


def test_the_only_code_of_another_system_for_a_mass_is_the_one_that_dicom_lists_without_a_method(untrained):
    published = codes.LN.LeftVentricleMass
    report = reports.answered(untrained)
    loinc = [
        (coding["code"], coding["display"])
        for one in resources(report, "Observation")
        for coding in one["code"]["coding"]
        if coding["system"] == "http://loinc.org"
    ]
    assert loinc == [(published.value, published.meaning)]


def test_the_device_names_the_software_and_the_model_with_its_hash(untrained):
    report = reports.answered(untrained)
    (device,) = resources(report, "Device")
    assert [name["name"] for name in device["deviceName"]] == ["ELVMass", report.estimate.model]
    assert report.estimate.bundle_sha256 in [version["value"] for version in device["version"]]


@pytest.mark.parametrize("kind", [reports.refused, reports.without_beat])
def test_a_refused_ecg_has_no_value_and_says_why(untrained, kind):
    report = kind(untrained)
    found = resources(report, "Observation")
    assert len(found) == 3
    stop = next(finding.message for finding in report.findings)
    for one in found:
        assert not [name for name in one if name.startswith("value")]
        assert one["dataAbsentReason"]["coding"][0]["code"] in R4_ABSENT
        assert stop in one["dataAbsentReason"]["text"]


def test_an_unknown_sex_gives_both_masses_and_no_flag(untrained):
    report = reports.unknown_sex(untrained)
    found = resources(report, "Observation")
    assert [one["valueQuantity"]["value"] for one in found] == [round(one.lvm_g, 1) for one in report.estimates]
    assert {one["code"]["coding"][0]["code"] for one in found} == {"lv-mass"}
    assert {one["method"]["text"].rsplit("(")[-1] for one in found} == {"women)", "men)"}
    assert resources(report, "Patient")[0]["gender"] == "unknown"


def test_without_body_size_index_and_lvh_are_absent_with_a_reason(untrained):
    report = reports.answered(untrained, height_cm=None)
    assert "valueQuantity" in observation(report, "lv-mass")
    for code in ("lv-mass-index", "lvh"):
        assert observation(report, code)["dataAbsentReason"]["coding"][0]["code"] in R4_ABSENT
        assert "eight and weight" in observation(report, code)["dataAbsentReason"]["text"]


def test_notes_hold_the_disclaimer_and_every_finding(untrained):
    report = reports.many_findings(untrained)
    for one in resources(report, "Observation"):
        notes = [note["text"] for note in one["note"]]
        assert notes[0] == report.disclaimer
        for finding in report.findings:
            assert any(finding.message in note for note in notes)


def test_the_json_is_the_bundle(untrained):
    report = reports.answered(untrained)
    assert orjson.loads(fhir_json(report)) == to_fhir(report)
