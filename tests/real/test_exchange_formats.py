"""The public exchange files at hand, decoded a second time here and compared; the same ECG through three formats."""

import base64
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Severity, Sex
from elvmass_core.io.dicom import read_dicom
from elvmass_core.io.exchange import read_aecg, read_muse
from elvmass_core.io.normal_form import einthoven_residual, to_recording
from elvmass_core.io.scp import read_scp
from elvmass_core.io.sierra import read_sierra
from elvmass_core.units import INDEPENDENT_ROWS, LEAD_INDEX

MUSE = ("guangxi_teaching_sinus_rhythm.xml", "synthetic_muse.xml")
SIERRA = ("129DYPRG.XML", "3191723_ZZDEMOPTONLY_1-04_orig.xml")
HL7 = "{urn:hl7-org:v3}"


def read(reader, path):
    return to_recording(reader(path.read_bytes()))


def test_one_ecg_in_three_formats_is_one_recording_sample_by_sample(ecg_data):
    scp = read(read_scp, ecg_data / "scp" / "Example.scp")
    aecg = read(read_aecg, ecg_data / "hl7_aecg" / "Example.xml")
    dicom = read(read_dicom, ecg_data / "dicom" / "Example.dcm")
    np.testing.assert_allclose(scp.signal_mv, dicom.signal_mv, rtol=0, atol=0.001)
    np.testing.assert_allclose(aecg.signal_mv, dicom.signal_mv, rtol=0, atol=0.001)
    assert scp.digest == aecg.digest == dicom.digest
    np.testing.assert_allclose(scp.device_beat.signal_mv, aecg.device_beat.signal_mv, rtol=0, atol=0.001)
    assert scp.findings == aecg.findings == ()
    assert scp.stated.sex is aecg.stated.sex is Sex.MALE


def test_scp_with_redundancy_reduction_is_its_raw_twin_within_two_microvolts_rms(ecg_data):
    recording = read(read_scp, ecg_data / "scp" / "PFE105_redred.scp")
    truth_uv = np.fromfile(ecg_data / "scp" / "PFE105.dat", "<i2").reshape(-1, 8).T
    error_uv = recording.signal_mv[INDEPENDENT_ROWS] * 1000 - truth_uv
    # the file keeps steps of 5 µV: rounding alone is 5 / √12 = 1.44 µV
    assert np.sqrt((error_uv**2).mean(axis=1)).max() < 2
    stated = recording.stated
    assert (stated.age_years, stated.height_cm, stated.weight_kg) == (62.0, 175.0, 78.0)
    assert [finding.code for finding in recording.findings] == ["leads_derived"]


@pytest.mark.parametrize("name", MUSE)
def test_muse_is_base64_counts_times_units_per_bit(ecg_data, name):
    path = ecg_data / "ge_muse" / name
    recording = read(read_muse, path)
    text = re.sub(r"<!DOCTYPE[^>]*>", "", path.read_text(encoding="utf-8", errors="replace"))
    root = ET.fromstring(re.sub(r"<\?xml[^>]*\?>", "", text))
    for waveform in root.iter("Waveform"):
        signal_mv = recording.signal_mv
        if waveform.findtext("WaveformType") == "Median":
            signal_mv = recording.device_beat.signal_mv
        for lead in waveform.iter("LeadData"):
            counts = np.frombuffer(base64.b64decode(lead.findtext("WaveFormData")), "<i2")
            oracle_mv = counts * float(lead.findtext("LeadAmplitudeUnitsPerBit")) / 1000
            np.testing.assert_allclose(signal_mv[LEAD_INDEX[lead.findtext("LeadID")]], oracle_mv, rtol=0, atol=1e-9)
    assert (recording.fs_hz, recording.duration_s, recording.stated.sex) == (500.0, 10.0, Sex.MALE)
    assert [finding.code for finding in recording.findings] == ["leads_derived"]


def test_the_muse_child_is_eleven_of_unknown_size(ecg_data):
    recording = read(read_muse, ecg_data / "ge_muse" / MUSE[0])
    stated = recording.stated
    assert (stated.age_years, stated.height_cm, stated.weight_kg) == (11.0, None, None)
    assert recording.filters == DeviceFilters(highpass_hz=0.56, lowpass_hz=150.0, notch_hz=50.0)
    assert not re.search("Anonymous|Doctor|1900|2024", repr(recording))


@pytest.mark.parametrize(("name", "age"), [("Example.xml", 46.0), ("hl7aecg_example.xml", None)])
def test_aecg_is_origin_plus_scale_times_digits(ecg_data, name, age):
    path = ecg_data / "hl7_aecg" / name
    recording = read(read_aecg, path)
    series = ET.fromstring(path.read_bytes()).find(f"{HL7}component/{HL7}series")
    beat = series.find(f"{HL7}derivation/{HL7}derivedSeries")
    pairs = [(series, recording.signal_mv)]
    if recording.device_beat is not None:
        pairs.append((beat, recording.device_beat.signal_mv))
    assert len(pairs) == (1 if age is None else 2)  # the derived series of the invented file lasts 5 s: no beat
    for source, signal_mv in pairs:
        n_leads = 0
        for sequence in source.find(f"{HL7}component/{HL7}sequenceSet").iter(f"{HL7}sequence"):
            code = sequence.find(f"{HL7}code").get("code")
            if not code.startswith("MDC_ECG_LEAD_"):
                continue
            n_leads += 1
            lead = next(lead for lead in LEAD_INDEX if lead.upper() == code.removeprefix("MDC_ECG_LEAD_").upper())
            value = sequence.find(f"{HL7}value")
            origin, scale = (float(value.find(f"{HL7}{tag}").get("value")) for tag in ("origin", "scale"))
            digits = np.array(value.findtext(f"{HL7}digits").split(), dtype=int)
            oracle_mv = (origin + scale * digits) / 1000
            np.testing.assert_allclose(signal_mv[LEAD_INDEX[lead]], oracle_mv, rtol=0, atol=1e-9)
        assert n_leads == 12
    assert recording.stated.age_years == age
    assert recording.stated.sex is (Sex.UNKNOWN if age is None else Sex.MALE)


def test_the_invented_leads_of_the_aecg_example_are_stopped_by_einthoven(ecg_data):
    recording = read(read_aecg, ecg_data / "hl7_aecg" / "hl7aecg_example.xml")
    assert [(f.code, f.severity) for f in recording.findings] == [("einthoven_residual", Severity.STOP)]
    assert (recording.fs_hz, recording.duration_s) == (100.0, 10.0)
    assert recording.filters == DeviceFilters(highpass_hz=0.56, lowpass_hz=35.0, notch_hz=50.0)


@pytest.mark.parametrize(("name", "age"), [(SIERRA[0], 50.0), (SIERRA[1], 60.0)])
def test_sierra_files_obey_einthoven_and_end_before_their_calibration_pulse(ecg_data, name, age):
    recording = read(read_sierra, ecg_data / "philips_sierra" / name)
    assert (recording.fs_hz, recording.duration_s) == (500.0, 10.0)
    assert einthoven_residual(recording.signal_mv) < 0.001
    assert (recording.stated.sex, recording.stated.age_years) == (Sex.MALE, age)
    assert any("calibration pulse" in note for note in recording.notes)
    assert recording.findings == ()
    assert (recording.filters.highpass_hz, recording.filters.lowpass_hz) == (0.05, 150.0)
    assert not re.search("ZZDEMO|ADULT|1950|2010|2011", repr(recording))


def test_the_sierra_beat_is_an_ecg_and_looks_like_the_rhythm(ecg_data):
    recording = read(read_sierra, ecg_data / "philips_sierra" / SIERRA[1])
    beat_mv = recording.device_beat.signal_mv
    assert einthoven_residual(beat_mv) < 0.01
    spans = [np.nanmax(signal, axis=1) - np.nanmin(signal, axis=1) for signal in (beat_mv, recording.signal_mv)]
    np.testing.assert_allclose(spans[0], spans[1], rtol=0.4)
