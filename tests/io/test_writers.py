"""What is written, read back by our readers, by pydicom and by the `wfdb` package."""

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
import wfdb
from pydicom import dcmread
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from elvmass_core.domain import DeviceFilters, Patient, Recording, Sex
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.writers import csv_bytes, dicom_bytes, wfdb_files
from elvmass_core.units import LEADS

PERSON = Patient(sex=Sex.MALE, age_years=63, height_cm=178.5, weight_kg=80.5)
STEPS_UV = (5, 4.8828125, 4.88, 2.5, 1.25, 1, 0.3)
SIGNALS = ("whole microvolts", "no step", "large", "with gaps", *(f"{step} µV" for step in STEPS_UV))


def stepped(ecg_mv, step_mv):
    """Noise on the measured leads in whole steps; what is derived from them is in half steps."""
    noisy = ecg_mv + np.random.default_rng(5).normal(0, 0.01, ecg_mv.shape)
    measured = np.round(noisy / step_mv) * step_mv if step_mv else noisy
    one, two = measured[:2]
    return np.vstack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, measured[6:]])


def recording_of(ecg_mv, kind="whole microvolts", fs_hz=500.0):
    signal = {
        "whole microvolts": ecg_mv,
        "no step": stepped(ecg_mv, None),
        "large": stepped(ecg_mv * 12, None),
        "with gaps": np.where(np.arange(ecg_mv.shape[1]) % 700 == 3, np.nan, ecg_mv),
        **{f"{step} µV": stepped(ecg_mv, step / 1000) for step in STEPS_UV},
    }[kind]
    return Recording(signal_mv=signal, fs_hz=fs_hz, format="made")


def written(recording, fmt, patient=PERSON):
    if fmt == "csv":
        return {"a.csv": csv_bytes(recording)}
    return {"a": dicom_bytes(recording, patient)} if fmt == "dicom" else wfdb_files(recording, patient, "made")


@pytest.mark.parametrize("fmt", ["csv", "dicom", "wfdb"])
@pytest.mark.parametrize("kind", SIGNALS)
def test_what_is_written_reads_back_as_the_same_recording(ecg_mv, fmt, kind):
    recording = recording_of(ecg_mv, kind)
    back = read_recording(written(recording, fmt))
    assert back.fs_hz == recording.fs_hz
    np.testing.assert_array_equal(np.isnan(back.signal_mv), np.isnan(recording.signal_mv))
    assert np.nanmax(np.abs(back.signal_mv - recording.signal_mv)) <= 0.001
    if fmt == "csv" or kind not in ("no step", "large"):
        assert back.digest == recording.digest
    assert back.findings == ()


@pytest.mark.parametrize("kind", SIGNALS)
def test_pydicom_reads_the_same_microvolts(ecg_mv, kind):
    recording = recording_of(ecg_mv, kind)
    dataset = dcmread(BytesIO(dicom_bytes(recording, PERSON)))
    oracle_mv = dataset.waveform_array(0).T / 1000
    known = np.isfinite(recording.signal_mv)
    np.testing.assert_allclose(oracle_mv[known], recording.signal_mv[known], atol=0.001)


@pytest.mark.parametrize("kind", SIGNALS)
def test_the_wfdb_package_reads_the_same_millivolts_and_comments(tmp_path, ecg_mv, kind):
    recording = recording_of(ecg_mv, kind)
    files = wfdb_files(recording, PERSON, "made")
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    record = wfdb.rdrecord(str(tmp_path / "made"))
    np.testing.assert_allclose(record.p_signal.T, recording.signal_mv, atol=0.001)
    assert (record.fs, record.sig_name, record.comments) == (500, list(LEADS), ["Age: 63", "Sex: Male"])
    assert load_files([tmp_path / "made.hea"]) == files


def test_pandas_reads_the_table(ecg_mv):
    recording = recording_of(ecg_mv, "with gaps")
    frame = pd.read_csv(BytesIO(csv_bytes(recording)))
    assert list(frame.columns) == ["time_s", *(f"{lead} (mV)" for lead in LEADS)]
    np.testing.assert_allclose(frame["time_s"], np.arange(3000) / 500, atol=1e-9)
    np.testing.assert_allclose(frame.iloc[:, 1:].to_numpy().T, recording.signal_mv, atol=1e-7)


@pytest.mark.parametrize("fmt", ["csv", "dicom", "wfdb"])
@pytest.mark.parametrize("fs_hz", [100.0, 240.0, 360.0, 997.0, 1000.0, 2000.0])
def test_every_rate_that_is_read_is_written(ecg_mv, fmt, fs_hz):
    signal = np.tile(ecg_mv, (1, 4))
    recording = Recording(signal_mv=signal[:, : min(round(60 * fs_hz), 12_000)], fs_hz=fs_hz, format="made")
    assert read_recording(written(recording, fmt)).digest == recording.digest


@pytest.mark.parametrize("fmt", ["csv", "dicom", "wfdb"])
def test_every_real_recording_survives(ecg_data, fmt):
    paths = [
        ecg_data / "ptb" / "s0010_re.hea", ecg_data / "georgia" / "E07500.hea", ecg_data / "ptbxl" / "HR00001.hea",
        ecg_data / "cpsc2018" / "A0001.hea", ecg_data / "ludb" / "1_uv.hea", ecg_data / "dicom" / "Example.dcm",
        ecg_data / "dicom" / "guangxi_teaching_sinus_rhythm.dcm", next((ecg_data / "ptbxl_100hz").glob("*.hea")),
    ]  # fmt: skip
    for path in paths:
        recording = read_recording(load_files([path]))
        back = read_recording(written(recording, fmt, recording.stated))
        assert np.abs(back.signal_mv - recording.signal_mv).max() <= 0.001, path.name
        if fmt != "csv":
            assert back.stated.sex is recording.stated.sex
            assert (back.stated.age_years or 0) == int(recording.stated.age_years or 0)


@pytest.mark.parametrize(
    ("fs_hz", "n_samples", "name"),
    [
        (500.0, 5000, "DICOM 12-lead ECG"),
        (1000.0, 16_384, "DICOM 12-lead ECG"),
        (1000.0, 16_385, "DICOM General ECG"),
        (100.0, 1000, "DICOM Ambulatory ECG"),
        (2000.0, 12_000, "DICOM General 32-bit ECG"),
    ],
)
def test_the_sop_class_is_the_one_whose_limits_the_recording_keeps(ecg_mv, fs_hz, n_samples, name):
    recording = Recording(signal_mv=np.tile(ecg_mv, (1, 6))[:, :n_samples], fs_hz=fs_hz, format="made")
    back = read_recording({"a": dicom_bytes(recording, PERSON)})
    assert (back.format, back.digest) == (name, recording.digest)


def test_the_lead_codes_are_those_of_cid_3001(ecg_mv):
    known = {
        code: meaning for word in cid_concepts[3001]["MDC"] for code, (meaning, _) in concepts["MDC"][word].items()
    }
    group = dcmread(BytesIO(dicom_bytes(recording_of(ecg_mv), PERSON))).WaveformSequence[0]
    for lead, channel in zip(LEADS, group.ChannelDefinitionSequence, strict=True):
        (source,) = channel.ChannelSourceSequence
        assert known[source.CodeValue] == source.CodeMeaning
        assert source.CodeMeaning.removeprefix("Lead ").split(",")[0] == lead


def test_the_dicom_file_names_nobody_and_states_what_is_known(ecg_mv):
    dataset = dcmread(BytesIO(dicom_bytes(recording_of(ecg_mv), PERSON)))
    assert (dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.StudyDate) == ("", "", "", "")
    assert (dataset.PatientSex, dataset.PatientAge, dataset.PatientSize, dataset.PatientWeight) == (
        "M", "063Y", 1.785, 80.5,
    )  # fmt: skip
    empty = dcmread(BytesIO(dicom_bytes(recording_of(ecg_mv), Patient())))
    assert empty.PatientSex == ""
    assert not {"PatientAge", "PatientSize", "PatientWeight"} & set(empty.dir())


def test_equal_content_gives_equal_bytes_and_other_content_other_numbers(ecg_mv):
    one, again = (dicom_bytes(recording_of(ecg_mv), PERSON) for _ in range(2))
    assert one == again
    others = [
        dicom_bytes(recording_of(ecg_mv), Patient(sex=Sex.MALE)), dicom_bytes(recording_of(ecg_mv * 2), PERSON), one,
    ]  # fmt: skip
    uids = [dcmread(BytesIO(content)) for content in others]
    numbers = {
        uid for dataset in uids for uid in (dataset.SOPInstanceUID, dataset.SeriesInstanceUID, dataset.StudyInstanceUID)
    }
    assert len(numbers) == 9
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in numbers)


@pytest.mark.parametrize(
    ("age", "spelled", "comment"), [(95.0, "090Y", "90"), (0.5, "006M", "0.5"), (2.0, "002Y", "2")]
)
def test_ages_over_89_and_below_two_years_are_written_as_the_readers_expect(ecg_mv, age, spelled, comment):
    person = Patient(age_years=age)
    assert dcmread(BytesIO(dicom_bytes(recording_of(ecg_mv), person))).PatientAge == spelled
    header = wfdb_files(recording_of(ecg_mv), person, "made")["made.hea"].decode()
    assert f"# Age: {comment}\n" in header
    assert "Sex" not in header
    back = read_recording({"a": dicom_bytes(recording_of(ecg_mv), person)}).stated.age_years
    assert back == pytest.approx(min(age, 90))


def test_a_record_name_that_is_a_path_is_not_written(ecg_mv):
    with pytest.raises(ValueError, match="record must be"):
        wfdb_files(recording_of(ecg_mv), PERSON, "../made")


def test_a_lead_that_is_absent_stays_absent(ecg_mv):
    signal = ecg_mv.copy()
    signal[7] = np.nan
    recording = Recording(signal_mv=signal, fs_hz=500.0, format="made")
    for fmt in ("csv", "dicom", "wfdb"):
        back = read_recording(written(recording, fmt))
        assert back.digest == recording.digest
        assert [finding.code for finding in back.findings] == ["leads_missing"]


@pytest.mark.parametrize("fmt", ["dicom", "csv"])
def test_a_cohort_in_another_format_is_the_one_in_wfdb(tmp_path, fmt):
    from elvmass_core.virtual import simulate_cohort

    recordings = []
    for kind in ("wfdb", fmt):
        simulate_cohort(1, 7, tmp_path / kind, fmt=kind, workers=1)
        first = sorted((tmp_path / kind / "records").iterdir())[-1]
        recordings.append(read_recording(load_files([first])))
    assert recordings[0].digest == recordings[1].digest
    if fmt == "dicom":
        assert recordings[0].stated.age_years == recordings[1].stated.age_years
        assert recordings[1].stated.height_cm


def test_the_filters_of_the_device_are_written_and_read_again(ecg_mv):
    filters = DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=0.0)
    recording = Recording(signal_mv=ecg_mv, fs_hz=500.0, format="made", filters=filters)
    assert read_recording({"a": dicom_bytes(recording, Patient())}).filters == filters
    assert read_recording(wfdb_files(recording, Patient(), "made")).filters == filters
    unknown = Recording(signal_mv=ecg_mv, fs_hz=500.0, format="made")
    assert read_recording(wfdb_files(unknown, Patient(), "made")).filters == DeviceFilters()
