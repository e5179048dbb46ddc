"""Estimates on real recordings: nothing crashes, what is refused has a reason, what is explained is complete."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.errors import ElvmassError
from elvmass_core.io import load_files, read_recording
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse

WEIGHTS = Path(__file__).parents[2] / "weights"
PATTERNS = ("ludb/*_uv.hea", "ptbxl/*.hea", "georgia/*.hea", "ningbo/*.hea", "dicom/*.dcm")


@pytest.fixture(scope="module")
def models():
    return load_models(WEIGHTS)


@pytest.fixture(scope="module")
def catalog(ecg_data):
    """Rows of the catalogue by file."""
    with (ecg_data / "catalog.csv").open(encoding="utf-8") as table:
        return {row["file"]: row for row in csv.DictReader(table)}


def row_of(catalog, ecg_data, path):
    name = str(path.relative_to(ecg_data)).replace("_uv.hea", ".hea")
    candidates = [name, name.replace(".hea", ".dat"), name.replace(".hea", ".mat")]
    return next(catalog[candidate] for candidate in candidates if candidate in catalog)


def is_sinus(row):
    """Sinus rhythm by the words or codes of the catalogue; ectopy, fibrillation and pacing are not."""
    words = row["diagnosis"].lower()
    if words.startswith("rhythm"):
        paced_or_block = ("pac" in words and "pacemaker" in words) or "av-block" in words or "pacing" in words
        return "rhythm: sinus" in words and not paced_or_block
    codes = set(row["labels"].split(";"))
    return not codes & {"AF", "AFIB", "PAC", "PVC"}


def answer(path, models, explain=False):
    """A report, or the sentence of a typed error."""
    try:
        recording = read_recording(load_files([path]))
    except ElvmassError as error:
        return str(error)
    stated = recording.stated
    patient = dataclasses.replace(
        stated, age_years=stated.age_years or 60.0, height_cm=stated.height_cm or 168.0, weight_kg=70.0
    )
    return analyse(recording, patient, models, explain=explain)


def test_nine_in_ten_adult_sinus_recordings_give_grams_and_every_other_a_reason(ecg_data, catalog, models):
    sinus, refusals = [], {}
    for path in sorted(path for pattern in PATTERNS for path in ecg_data.glob(pattern)):
        report = answer(path, models)
        given = not isinstance(report, str) and bool(report.estimates)
        if not given:
            reasons = report if isinstance(report, str) else [one.code for one in report.findings if report.refused]
            assert reasons, path.name
            refusals[path.name] = reasons
        row = row_of(catalog, ecg_data, path)
        adult = not row["age"].isdigit() or int(row["age"]) >= 18
        if adult and is_sinus(row):
            sinus.append(given)
    assert len(sinus) >= 80
    assert np.mean(sinus) >= 0.9, refusals


@pytest.mark.parametrize("name", ["HR00001", "HR00002", "S0001"])
def test_recordings_with_a_wrong_gain_are_stopped(ecg_data, models, name):
    report = answer(ecg_data / "wrong_gain" / f"{name}.hea", models)
    assert report.refused
    assert "amplitude_implausible" in [finding.code for finding in report.findings]


def test_their_right_twins_are_not(ecg_data, models):
    for name in ("HR00001", "HR00002"):
        assert answer(ecg_data / "ptbxl" / f"{name}.hea", models).estimates


def test_attributions_of_ten_real_recordings_are_complete_within_half_a_gram(ecg_data, models):
    paths = [ecg_data / f"ludb/{n}_uv.hea" for n in (102, 113, 118, 126, 139, 151, 163)]
    paths += [ecg_data / "ptbxl" / f"HR0600{n}.hea" for n in (0, 1, 4)]
    for path in paths:
        report = answer(path, models, explain=True)
        attribution, estimate = report.attribution, report.estimate
        beat = sum(grams for row in attribution.segments_g.values() for grams in row.values() if grams is not None)
        total = beat + sum(attribution.tabular_g.values())
        assert total == pytest.approx(estimate.lvm_g - estimate.reference_g, abs=0.5), path.name


def test_a_recording_and_its_copy_at_half_the_rate_agree(ecg_data, models):
    recording = read_recording(load_files([ecg_data / "ludb/113_uv.hea"]))
    patient = dataclasses.replace(recording.stated, height_cm=170.0, weight_kg=70.0)
    halved = dataclasses.replace(recording, signal_mv=recording.signal_mv[:, ::2], fs_hz=250.0)
    whole, half = (analyse(one, patient, models).estimate.lvm_g for one in (recording, halved))
    assert half == pytest.approx(whole, rel=0.06)
