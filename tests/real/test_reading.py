"""Every public recording at hand is read, and right: against `wfdb`, against its twins, and against the catalogue."""

import csv
from pathlib import Path

import numpy as np
import pytest
import wfdb
from pydicom import dcmread

from elvmass_core.domain import Patient, Severity, Sex
from elvmass_core.errors import RateNeededError, UnitNeededError, UnreadableError
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.normal_form import einthoven_residual
from elvmass_core.io.sandbox import read_safely
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse
from elvmass_core.signal import extract_beat
from elvmass_core.signal.device_beat import align_device_beat
from elvmass_core.units import LEADS

SOUND_FOLDERS = ("ptbxl", "ptbxl_100hz", "georgia", "ningbo", "cpsc2018", "ptb")


def read(path, **answers):
    return read_recording(load_files([path]), **answers)


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings}


def sound_headers(ecg_data):
    found = sorted((ecg_data / "ludb").glob("*_uv.hea"))
    for folder in SOUND_FOLDERS:
        found += sorted((ecg_data / folder).glob("*.hea"))
    assert len(found) >= 100
    return found


def test_every_sound_wfdb_record_is_sample_exact_against_wfdb_and_without_findings(ecg_data):
    for header in sound_headers(ecg_data):
        recording = read(header)
        oracle = wfdb.rdrecord(str(header.with_suffix("")), channels=list(range(12)))
        assert [name.lower() for name in oracle.sig_name] == [lead.lower() for lead in LEADS]
        np.testing.assert_array_equal(recording.signal_mv, oracle.p_signal.T, err_msg=header.name)
        assert recording.fs_hz == oracle.fs
        assert recording.findings == (), header.name
        assert einthoven_residual(recording.signal_mv) < 0.001


def test_sex_and_age_agree_with_the_catalogue(ecg_data):
    with (ecg_data / "catalog.csv").open(encoding="utf-8") as file:
        rows = [
            row for row in csv.DictReader(file) if row["file"].split("/")[0] in ("ludb", "georgia", "ningbo", "ptbxl")
        ]
    assert len(rows) > 100
    for row in rows:
        stated = read((ecg_data / row["file"]).with_suffix(".hea")).stated
        assert stated.sex.value == row["sex"][0], row["file"]
        assert stated.age_years == float(row["age"]), row["file"]


def test_every_ludb_record_with_its_wrong_gains_is_flagged_and_most_are_stopped(ecg_data):
    headers = [path for path in (ecg_data / "ludb").glob("*.hea") if not path.stem.endswith("_uv")]
    severities = [codes(read(header)).get("einthoven_residual") for header in headers]
    assert None not in severities
    assert severities.count(Severity.STOP) >= 0.9 * len(headers)
    assert codes(read(ecg_data / "ludb" / "1.hea"))["einthoven_residual"] is Severity.STOP


def test_a_header_with_the_date_before_the_time_is_read_although_wfdb_refuses_it(ecg_data):
    header = ecg_data / "malformed_header" / "E00010.hea"
    with pytest.raises(wfdb.io.header.HeaderSyntaxError):
        wfdb.rdrecord(str(header.with_suffix("")))
    counts = np.frombuffer(header.with_suffix(".mat").read_bytes(), "<i2", offset=24).reshape(-1, 12).T
    recording = read(header)
    np.testing.assert_allclose(recording.signal_mv, counts / 4880, rtol=1e-12)
    assert (recording.fs_hz, recording.stated.age_years) == (500.0, 76.0)


@pytest.mark.parametrize(("folder", "factor"), [("HR00001", 5.0), ("HR00002", 5.0)])
def test_a_wrong_common_gain_is_read_as_stated_and_left_to_the_amplitude_check(ecg_data, folder, factor):
    wrong = read(ecg_data / "wrong_gain" / f"{folder}.hea")
    right = read(ecg_data / "ptbxl" / f"{folder}.hea")
    np.testing.assert_allclose(wrong.signal_mv, right.signal_mv * factor, rtol=1e-12)
    assert wrong.findings == ()


@pytest.mark.parametrize("name", ["Example.dcm", "guangxi_teaching_sinus_rhythm.dcm"])
def test_dicom_recordings_are_sample_exact_against_pydicom(ecg_data, name):
    recording = read(ecg_data / "dicom" / name)
    oracle_uv = dcmread(ecg_data / "dicom" / name).waveform_array(0).T
    np.testing.assert_allclose(recording.signal_mv, oracle_uv / 1000, atol=1e-12)
    assert (recording.fs_hz, recording.duration_s, recording.findings) == (500.0, 10.0, ())


def test_the_matrix_without_lead_names_is_read_in_standard_order_and_that_is_said(ecg_data):
    path = ecg_data / "text" / "testing_ecg.txt"
    recording = read(path, unit="uV", fs_hz=500)
    rows = [line.split() for line in path.read_text(encoding="latin-1").splitlines() if len(line.split()) == 12]
    np.testing.assert_allclose(recording.signal_mv, np.array(rows, dtype=float).T / 1000, atol=1e-12)
    assert codes(recording) == {"lead_order_assumed": Severity.CAUTION}
    with pytest.raises(RateNeededError):
        read(path, unit="uV")
    with pytest.raises(UnitNeededError, match="say whether that is mV or uV"):
        read(path, fs_hz=500)


def test_every_recording_at_hand_opens(ecg_data):
    """Each file of the catalogue, alone and with its neighbours as the command line adds them."""
    asked = {"text/testing_ecg.txt": {"unit": "uV", "fs_hz": 500}}
    with (ecg_data / "catalog.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert len(names) > 130
    for name in names:
        if name == "scp/PFE105.dat":  # the raw truth of the SCP beside it, not a recording anybody exports
            continue
        recording = read(ecg_data / name, **asked.get(name, {}))
        assert len(recording.leads_present) == 12, name


def test_the_raw_data_without_a_header_are_refused(ecg_data):
    with pytest.raises(UnreadableError, match=r"needs its \.hea"):
        read(ecg_data / "scp" / "PFE105.dat")


def test_through_the_sandbox_every_format_reads_as_without_it(ecg_data):
    for name in ("dicom/Example.dcm", "scp/PFE105_redred.scp", "ge_muse/synthetic_muse.xml", "ludb/1_uv.hea"):
        files = load_files([ecg_data / name])
        here, there = read_recording(files), read_safely(files)
        assert there.digest == here.digest
        assert (there.device_beat is None) == (here.device_beat is None)


def test_the_three_formats_of_one_recording_give_the_same_grams(ecg_data):
    models = load_models(Path(__file__).parents[2] / "weights")
    patient = Patient(sex=Sex.MALE, age_years=49, height_cm=175, weight_kg=80)
    names = ("dicom/Example.dcm", "scp/Example.scp", "hl7_aecg/Example.xml")
    grams = [analyse(read(ecg_data / name), patient, models).estimate.lvm_g for name in names]
    assert max(grams) - min(grams) <= 0.1


def test_the_devices_own_median_beat_resembles_ours(ecg_data):
    for name in ("dicom/Example.dcm", "scp/Example.scp", "hl7_aecg/Example.xml"):
        recording = read(ecg_data / name)
        aligned = align_device_beat(extract_beat(recording), recording.device_beat)
        assert aligned.correlation > 0.98, name
        assert aligned.rms_mv < 0.1, name
