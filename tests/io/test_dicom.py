"""DICOM against pydicom's own `multiplex_array`, and against the guards that keep pydicom safe."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from elvmass_core.domain import Severity, Sex
from elvmass_core.errors import LimitError, RecordingError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io import read_recording

ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HHI", 0xFFFE, tag, 0) for tag in (0xE000, 0xE00D, 0xE0DD))


def read(content, **answers):
    return read_recording({"IM0001": content}, **answers)


def resaved(content, change):
    dataset = dcmread(BytesIO(content))
    change(dataset)
    return saved(dataset)


def saved(dataset):
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def group_of(dataset):
    return dataset.WaveformSequence[0]


@pytest.fixture(scope="module")
def shipped():
    return Path(get_testdata_file("waveform_ecg.dcm", download=False)).read_bytes()


def test_pydicoms_own_recording_is_sample_exact_against_its_multiplex_array(shipped):
    recording = read(shipped)
    oracle_uv = dcmread(BytesIO(shipped)).waveform_array(0).T
    np.testing.assert_allclose(recording.signal_mv, oracle_uv / 1000, atol=1e-12)
    assert (recording.fs_hz, recording.n_samples, recording.format) == (1000.0, 10000, "DICOM 12-lead ECG")
    assert (recording.stated.sex, recording.stated.age_years) == (Sex.FEMALE, 42.0)
    assert recording.findings == ()
    assert recording.notes == ("The device's own median beat was read for comparison only.",)


@pytest.mark.parametrize(("unit", "sensitivity"), [("uV", 2.5), ("mV", 0.0025)])
def test_a_made_recording_reads_back_within_half_a_count(make_dicom, ecg_mv, unit, sensitivity):
    recording = read(make_dicom(ecg_mv, unit=unit, sensitivity=sensitivity))
    assert np.abs(recording.signal_mv - ecg_mv).max() <= 0.00126


def test_correction_factor_and_baseline_are_applied_as_pydicom_does(dicom_bytes):
    def change(dataset):
        for channel in group_of(dataset).ChannelDefinitionSequence:
            channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = "1.5", "40"

    content = resaved(dicom_bytes, change)
    oracle_uv = dcmread(BytesIO(content)).waveform_array(0).T
    np.testing.assert_allclose(read(content).signal_mv, oracle_uv / 1000, atol=1e-12)


def test_age_sex_size_and_weight_are_read_and_nothing_else(make_dicom, ecg_mv):
    content = make_dicom(
        ecg_mv, PatientAge="063Y", PatientSex="M", PatientSize="1.78", PatientWeight="80.5", PatientName="CANARY^Z",
        PatientID="CANARY", StudyDate="19991231",
    )  # fmt: skip
    recording = read(content)
    stated = recording.stated
    assert (stated.age_years, stated.sex, stated.height_cm, stated.weight_kg) == (63.0, Sex.MALE, 178.0, 80.5)
    assert "CANARY" not in repr(recording)


def test_zero_is_unknown_and_the_impossible_is_said(make_dicom, ecg_mv):
    recording = read(make_dicom(ecg_mv, PatientAge="006M", PatientSize="0", PatientWeight="8050"))
    assert recording.stated.age_years == pytest.approx(0.5)
    assert (recording.stated.height_cm, recording.stated.weight_kg) == (None, None)
    assert [(f.code, f.severity) for f in recording.findings] == [("patient_field_ignored", Severity.NOTE)]


def test_without_sensitivity_the_unit_is_asked_for(make_dicom, ecg_mv):
    content = make_dicom(ecg_mv, sensitivity=1, drop=("ChannelSensitivity",))
    with pytest.raises(UnitNeededError):
        read(content)
    np.testing.assert_allclose(read(content, unit="uV").signal_mv, ecg_mv, atol=0.000501)


def test_padding_is_nan(dicom_bytes):
    def change(dataset):
        group = group_of(dataset)
        group.WaveformData = struct.pack("<h", -32768) + group.WaveformData[2:]
        group.add_new(0x5400100A, "OW", struct.pack("<h", -32768))

    assert np.argwhere(np.isnan(read(resaved(dicom_bytes, change)).signal_mv)).tolist() == [[0, 0]]


def test_a_code_against_its_words_is_refused(dicom_bytes):
    with pytest.raises(UnreadableError, match="different leads"):
        read(dicom_bytes.replace(b"Lead V3", b"Lead V4"))


def test_a_truncated_file_is_refused(dicom_bytes):
    for cut in (100, 60_000, len(dicom_bytes) - 200):
        with pytest.raises(UnreadableError):
            read(dicom_bytes[: len(dicom_bytes) - cut])


@pytest.mark.parametrize(
    ("keyword", "value", "error"),
    [
        ("NumberOfWaveformSamples", 4000, UnreadableError),
        ("NumberOfWaveformChannels", 11, UnreadableError),
        ("NumberOfWaveformChannels", 60000, LimitError),
        ("SamplingFrequency", "20", LimitError),
        ("WaveformSampleInterpretation", "MB", UnsupportedError),
        ("WaveformBitsAllocated", 24, UnsupportedError),
    ],
)
def test_a_waveform_that_lies_about_itself_is_refused(dicom_bytes, keyword, value, error):
    with pytest.raises(error):
        read(resaved(dicom_bytes, lambda dataset: setattr(group_of(dataset), keyword, value)))


def test_a_picture_in_dicom_is_refused_naming_the_formats_that_work(dicom_bytes):
    content = resaved(dicom_bytes, lambda dataset: delattr(dataset, "WaveformSequence"))
    with pytest.raises(UnreadableError, match=r"no ECG waveform.*WFDB"):
        read(content)


def test_deflated_data_is_refused_before_it_is_inflated(dicom_bytes):
    bomb = zlib.compress(bytes(50_000_000))
    content = dicom_bytes.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99") + bomb
    with pytest.raises(UnsupportedError, match="deflated"):
        read(content)


def test_a_dicomdir_is_refused(dicom_bytes):
    content = dicom_bytes.replace(b"1.2.840.10008.5.1.4.1.1.9.1.1", b"1.2.840.10008.1.3.10\0\0\0\0\0\0\0\0\0")
    with pytest.raises(UnsupportedError, match="DICOMDIR"):
        read(content)


def test_nesting_of_stated_length_outside_the_waveform_is_never_entered(dicom_bytes):
    nested = b""
    for _ in range(5_000):
        item = ITEM[:4] + struct.pack("<I", len(nested)) + nested
        nested = struct.pack("<HH2sHI", 0x5411, 0x1010, b"SQ", 0, len(item)) + item
    assert read(dicom_bytes + nested).digest == read(dicom_bytes).digest


@pytest.mark.parametrize("depth", [200, 2_000, 20_000])
def test_deep_nesting_is_refused_at_once(dicom_bytes, depth):
    opening = struct.pack("<HH2sHI", 0x5411, 0x1010, b"SQ", 0, 0xFFFFFFFF) + ITEM[:4] + b"\xff" * 4
    with pytest.raises((UnsupportedError, LimitError)):
        read(dicom_bytes + opening * depth + (ITEM_END + SEQUENCE_END) * depth)


def test_a_million_empty_items_are_refused_before_pydicom_builds_them(dicom_bytes):
    with pytest.raises(LimitError, match="items"):
        read(dicom_bytes + ITEM * 1_000_000)


def test_a_big_endian_file_is_refused(dicom_bytes):
    with pytest.raises(RecordingError, match=r"big-endian|damaged"):
        read(dicom_bytes.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0"))


def test_the_devices_median_beat_is_kept_beside_the_rhythm_as_pydicom_reads_it(shipped):
    recording = read(shipped)
    oracle_uv = dcmread(BytesIO(shipped)).waveform_array(1).T
    np.testing.assert_allclose(recording.device_beat.signal_mv, oracle_uv / 1000, atol=1e-12)
    assert (recording.device_beat.fs_hz, recording.device_beat.signal_mv.shape) == (1000.0, (12, 1200))


def second_group(dataset, *, label=None, n_samples=600, leads=range(12)):
    """Adds a group of some leads before the rhythm and returns it."""
    group = dcmread(BytesIO(saved(dataset))).WaveformSequence[0]
    counts = np.frombuffer(group.WaveformData, "<i2").reshape(-1, 12)
    counts = np.tile(counts, (3, 1))[:n_samples, list(leads)]
    group.WaveformData = counts.tobytes()
    group.NumberOfWaveformSamples, group.NumberOfWaveformChannels = counts.shape
    group.ChannelDefinitionSequence = [group.ChannelDefinitionSequence[lead] for lead in leads]
    if label is not None:
        group.MultiplexGroupLabel = label
    dataset.WaveformSequence = [group, *dataset.WaveformSequence]
    return group


@pytest.mark.parametrize(("label", "n_samples"), [("MEDIAN BEAT", 600), (None, 600), ("Average", 2000)])
def test_a_median_beat_is_told_by_its_label_or_its_length_and_never_taken_for_the_rhythm(dicom_bytes, label, n_samples):
    content = resaved(dicom_bytes, lambda dataset: second_group(dataset, label=label, n_samples=n_samples))
    recording = read(content)
    assert recording.digest == read(dicom_bytes).digest
    assert recording.device_beat.signal_mv.shape == (12, n_samples)
    np.testing.assert_allclose(recording.device_beat.signal_mv[:, :600], recording.signal_mv[:, :600], atol=1e-12)


def test_a_median_beat_longer_than_the_rhythm_is_neither_the_rhythm_nor_kept(dicom_bytes):
    recording = read(resaved(dicom_bytes, lambda dataset: second_group(dataset, label="Median", n_samples=9000)))
    assert recording.digest == read(dicom_bytes).digest
    assert recording.device_beat is None
    assert recording.notes == ("1 other waveform group(s) were left out.",)


def test_a_beat_of_the_eight_measured_leads_is_completed_and_one_of_fewer_left_out(dicom_bytes):
    eight = resaved(dicom_bytes, lambda dataset: second_group(dataset, label="MEDIAN", leads=[0, 1, *range(6, 12)]))
    recording = read(eight)
    np.testing.assert_allclose(recording.device_beat.signal_mv, recording.signal_mv[:, :600], atol=2e-3)
    three = read(resaved(dicom_bytes, lambda dataset: second_group(dataset, label="MEDIAN", leads=[0, 1, 6])))
    assert three.device_beat is None
    assert three.notes == ("1 other waveform group(s) were left out.",)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("NumberOfWaveformSamples", 60_000), ("SamplingFrequency", "0"), ("WaveformBitsAllocated", 24),
     ("NumberOfWaveformChannels", 60_000)],
)  # fmt: skip
def test_a_damaged_median_beat_costs_the_beat_and_not_the_recording(dicom_bytes, keyword, value):
    def change(dataset):
        setattr(second_group(dataset, label="MEDIAN BEAT"), keyword, value)

    recording = read(resaved(dicom_bytes, change))
    assert recording.device_beat is None
    assert recording.digest == read(dicom_bytes).digest


def test_the_filters_of_the_device_are_those_in_the_file(shipped, ecg_data):
    def named(path):
        channel = dcmread(path).WaveformSequence[0].ChannelDefinitionSequence[0]
        words = ("FilterLowFrequency", "FilterHighFrequency", "NotchFilterFrequency")
        return tuple(None if channel.get(word) is None else float(channel.get(word)) for word in words)

    found = []
    for path in (ecg_data / "dicom" / "guangxi_teaching_sinus_rhythm.dcm", ecg_data / "dicom" / "Example.dcm"):
        filters = read(path.read_bytes()).filters
        found.append((filters.highpass_hz, filters.lowpass_hz, filters.notch_hz))
        assert found[-1] == named(path)
    assert found == [(0.56, 150.0, 50.0), (None, None, None)]
    assert read(shipped).filters.notch_hz == 0.0  # stated, and off


def test_a_filter_that_is_not_alike_on_all_leads_or_no_number_is_not_taken(dicom_bytes):
    def change(dataset):
        for index, channel in enumerate(group_of(dataset).ChannelDefinitionSequence):
            channel.FilterLowFrequency = "0.05" if index else "0.5"
            channel.FilterHighFrequency = "150"
            if index:
                channel.NotchFilterFrequency = "50"

    filters = read(resaved(dicom_bytes, change)).filters
    assert (filters.highpass_hz, filters.lowpass_hz, filters.notch_hz) == (None, 150.0, None)
    lying = resaved(dicom_bytes, change).replace(b"\x21\x02DS\x04\x00150 ", b"\x21\x02DS\x04\x00-150")
    assert lying != resaved(dicom_bytes, change)
    assert read(lying).filters.lowpass_hz is None


@pytest.mark.parametrize(
    "sop_class",
    ["1.2.840.10008.5.1.4.1.1.9.1.3", "1.2.840.10008.5.1.4.1.1.9.2.1", "1.2.840.10008.5.1.4.1.1.7", "1.2.3", None],
)
def test_twelve_leads_in_the_wrong_sop_class_still_open(dicom_bytes, sop_class):
    def change(dataset):
        dataset.SOPClassUID = sop_class
        if sop_class is None:
            del dataset.SOPClassUID

    recording = read(resaved(dicom_bytes, change))
    assert recording.digest == read(dicom_bytes).digest
    assert recording.format in ("DICOM Ambulatory ECG", "DICOM waveform")


@pytest.mark.usefixtures("in_a_childs_time")
@pytest.mark.parametrize("hidden", [b"", SEQUENCE_END])
@pytest.mark.parametrize(("depth", "refused"), [(8, False), (9, True), (2_000, True)])
def test_nesting_deeper_than_eight_is_refused(dicom_bytes, depth, refused, hidden):
    opening = struct.pack("<HH2sHI", 0x5411, 0x1010, b"SQ", 0, 0xFFFFFFFF) + ITEM[:4] + b"\xff" * 4
    if hidden and depth > 8:  # ends that are no ends: only pydicom's own limit is left
        opening += struct.pack("<HH2sH", 0x5411, 0x1001, b"LO", 8) + hidden
        depth = max(depth, 1_000)
    content = dicom_bytes + opening * depth + (ITEM_END + SEQUENCE_END) * depth
    if refused:
        with pytest.raises(UnsupportedError, match="nested too deeply"):
            read(content)
    else:
        assert read(content).digest == read(dicom_bytes).digest
