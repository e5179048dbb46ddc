"""WFDB against the `wfdb` package, an independent reader and writer."""

import numpy as np
import pytest
import wfdb

from elvmass_core.domain import Severity, Sex
from elvmass_core.errors import LimitError, RateNeededError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.wfdb import checksum_16, write_wfdb
from elvmass_core.units import LEADS


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings}


def edited(files, old, new, count=-1):
    return {**files, "made.hea": files["made.hea"].replace(old, new, count)}


def foreign_record(folder, signal_mv, fmt, gain=1000.0):
    wfdb.wrsamp(
        "other", fs=500, units=["mV"] * 12, sig_name=list(LEADS), p_signal=signal_mv.T, fmt=[fmt] * 12,
        adc_gain=[gain] * 12, baseline=[0] * 12, write_dir=str(folder),
    )  # fmt: skip
    return load_files([folder / "other.hea"])


def test_what_is_written_reads_back_within_half_a_microvolt(wfdb_files, ecg_mv):
    recording = read_recording(wfdb_files)
    assert np.abs(recording.signal_mv - ecg_mv).max() <= 0.000501
    assert (recording.fs_hz, recording.format, recording.findings) == (500.0, "WFDB", ())
    assert (recording.stated.age_years, recording.stated.sex) == (63.0, Sex.FEMALE)


def test_the_wfdb_package_reads_what_is_written_with_its_checksums_and_initial_values(tmp_path, ecg_mv):
    signal = ecg_mv.copy()
    signal[4, 17] = np.nan
    write_wfdb(tmp_path, "rec_1", signal, 250.5, ["Age: 63"])
    physical = wfdb.rdrecord(str(tmp_path / "rec_1"))
    digital = wfdb.rdrecord(str(tmp_path / "rec_1"), physical=False)
    np.testing.assert_allclose(physical.p_signal.T, signal, atol=0.000501)
    assert [(a - b) % 2**16 for a, b in zip(digital.checksum, digital.calc_checksum(), strict=True)] == [0] * 12
    assert digital.init_value == digital.d_signal[0].tolist()
    assert (physical.fs, physical.sig_name, physical.comments) == (250.5, list(LEADS), ["Age: 63"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec_1.dat", "rec_1.hea"]


@pytest.mark.parametrize(
    ("record", "fs_hz", "factor", "comments"),
    [("../x", 500, 1, ()), ("", 500, 1, ()), ("r", 0, 1, ()), ("r", 500, 1000, ()), ("r", 500, 1, ["a\nb"])],
)
def test_what_cannot_be_written_is_a_value_error_and_leaves_no_file(tmp_path, ecg_mv, record, fs_hz, factor, comments):
    with pytest.raises(ValueError):
        write_wfdb(tmp_path, record, ecg_mv * factor, fs_hz, comments)
    assert not list(tmp_path.iterdir())


def test_the_checksum_wraps_to_signed_16_bits():
    assert checksum_16(np.array([32767, 1], dtype=np.int16)) == -32768


@pytest.mark.parametrize(("fmt", "gain"), [("16", 1000.0), ("212", 1000.0), ("16", 204.8)])
def test_formats_16_and_212_are_sample_exact_against_the_wfdb_package(tmp_path, ecg_mv, fmt, gain):
    files = foreign_record(tmp_path, ecg_mv[:, :2999], fmt, gain)
    oracle = wfdb.rdrecord(str(tmp_path / "other")).p_signal.T
    np.testing.assert_array_equal(read_recording(files).signal_mv, oracle)


def test_the_reserved_value_of_each_format_is_nan(tmp_path, ecg_mv):
    signal = ecg_mv.copy()
    signal[3, 5] = np.nan
    for fmt in ("16", "212"):
        recording = read_recording(foreign_record(tmp_path, signal, fmt))
        assert np.argwhere(np.isnan(recording.signal_mv)).tolist() == [[3, 5]]


def test_a_matlab_4_record_is_read_like_the_plain_one(wfdb_files):
    header = b"".join(number.to_bytes(4, "little") for number in (30, 12, 3000, 0, 4)) + b"val\0"
    plain = read_recording(wfdb_files)
    text = wfdb_files["made.hea"].replace(b"made.dat 16 ", b"made.mat 16x1+24 ")
    assert read_recording({"made.hea": text, "made.mat": header + wfdb_files["made.dat"]}).digest == plain.digest
    other = header.replace(b"\x0c\0\0\0", b"\x08\0\0\0", 1)
    with pytest.raises(UnreadableError, match="number of leads"):
        read_recording({"made.hea": text, "made.mat": other + wfdb_files["made.dat"]})
    with pytest.raises(UnsupportedError, match="MATLAB 5"):
        read_recording({"made.hea": text, "made.mat": b"MATLAB 5.0 MAT-file" + wfdb_files["made.dat"]})


def test_a_header_without_sample_count_takes_it_from_the_data(wfdb_files):
    for rest in (b" 500", b" 500 0"):
        assert read_recording(edited(wfdb_files, b" 500 3000", rest)).n_samples == 3000


def test_a_header_without_rate_asks_for_it(wfdb_files):
    files = edited(wfdb_files, b"made 12 500 3000", b"made 12")
    with pytest.raises(RateNeededError, match="Hz"):
        read_recording(files)
    assert read_recording(files, fs_hz=500).fs_hz == 500.0


@pytest.mark.parametrize("gain", [b" 0 ", b" 0(0)/mV "])
def test_a_header_without_gain_asks_for_the_unit_and_takes_the_counts_in_it(wfdb_files, ecg_mv, gain):
    files = edited(wfdb_files, b" 1000(0)/mV ", gain)
    with pytest.raises(UnitNeededError) as caught:
        read_recording(files)
    assert caught.value.peak_to_peak > 100
    np.testing.assert_allclose(read_recording(files, unit="uV").signal_mv, ecg_mv, atol=0.000501)


def test_a_gain_without_unit_is_millivolts_by_convention_and_said(wfdb_files):
    recording = read_recording(edited(wfdb_files, b"/mV", b""))
    assert recording.digest == read_recording(wfdb_files).digest
    assert any("convention" in note for note in recording.notes)


def test_leads_of_which_only_some_state_a_unit_are_refused(wfdb_files):
    with pytest.raises(UnreadableError, match="Some leads"):
        read_recording(edited(wfdb_files, b"1000(0)/mV", b"1000(0)/adu", 1), unit="mV")


def test_a_truncated_data_file_is_refused(wfdb_files):
    with pytest.raises(UnreadableError, match="truncated"):
        read_recording({**wfdb_files, "made.dat": wfdb_files["made.dat"][:-2]})


def test_a_data_file_that_goes_on_is_cautioned(wfdb_files):
    longer = {**wfdb_files, "made.dat": wfdb_files["made.dat"] + bytes(24)}
    assert codes(read_recording(longer)) == {"data_longer_than_header": Severity.CAUTION}


def test_a_damaged_sample_is_cautioned_and_a_foreign_data_file_stopped(wfdb_files):
    data = bytearray(wfdb_files["made.dat"])
    data[5000] ^= 4
    assert codes(read_recording({**wfdb_files, "made.dat": bytes(data)})) == {"checksum_mismatch": Severity.CAUTION}
    shifted = data[24 * 150 :] + data[: 24 * 150]
    shifted[100:101] = b"\x33"
    for lead in range(12):  # another recording: other first samples, other sums
        shifted[2 * lead] ^= 0x15
    found = codes(read_recording({**wfdb_files, "made.dat": bytes(shifted)}))
    assert found["data_of_another_header"] is Severity.STOP


@pytest.mark.parametrize("name", [b"../made.dat", b"/etc/passwd", b"a\\made.dat", b".."])
def test_a_header_that_names_another_folder_is_refused(wfdb_files, name):
    with pytest.raises(UnreadableError, match="another folder"):
        read_recording(edited(wfdb_files, b"made.dat", name))


def test_only_the_last_component_of_an_uploaded_name_counts(wfdb_files):
    files = {f"../../{name}" if name.endswith("hea") else f"C:\\x\\{name}": data for name, data in wfdb_files.items()}
    assert read_recording(files).digest == read_recording(wfdb_files).digest


def test_half_a_record_is_refused_naming_the_other_half(wfdb_files):
    with pytest.raises(UnreadableError, match=r"\.dat or \.mat"):
        read_recording({"made.hea": wfdb_files["made.hea"]})
    with pytest.raises(UnreadableError, match=r"\.hea"):
        read_recording({"made.dat": wfdb_files["made.dat"]})


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"made 12", b"made/3 12", UnsupportedError),
        (b"made 12", b"made 13", UnreadableError),
        (b"made 12", b"made 17", LimitError),
        (b"made 12", b"made 0", UnreadableError),
        (b".dat 16 ", b".dat 80 ", UnsupportedError),
        (b".dat 16 ", b".dat 16x4 ", UnsupportedError),
        (b".dat 16 ", b".dat 16:3 ", UnsupportedError),
        (b" 500 3000", b" 50 3000", LimitError),
        (b" 500 3000", b" 2500 3000", LimitError),
        (b" 500 3000", b" 500 2400", LimitError),
        (b" 500 3000", b" nan 3000", UnreadableError),
        (b" 500 3000", b" 500 -3", UnreadableError),
        (b" 500 3000", b" 500 99999999999999999", UnreadableError),
        (b"1000(0)", b"-1000(0)", UnreadableError),
        (b"1000(0)", b"1e400(0)", UnreadableError),
        (b" V2\n", b" V1\n", UnreadableError),
    ],
)
def test_a_header_that_is_damaged_or_beyond_the_limits_is_refused(wfdb_files, old, new, error):
    files = edited(wfdb_files, old, new)
    if new == b" 500 2400":
        files = edited(wfdb_files, old, b" 500 2499")
    with pytest.raises(error):
        read_recording(files)


@pytest.mark.parametrize(
    ("comments", "age", "sex", "found"),
    [
        (b"#<age>: 51  <sex>: M\n", 51.0, Sex.MALE, []),
        (b"# age: 81\n# sex: female\n", 81.0, Sex.FEMALE, []),
        (b"#Age: NaN\n#Sex: Unknown\n", None, Sex.UNKNOWN, []),
        (b"#Age: 0\n", None, Sex.UNKNOWN, []),
        (b"#Age: 300\n", 90.0, Sex.UNKNOWN, []),
        (b"#Age: 430\n", None, Sex.UNKNOWN, ["patient_field_ignored"]),
        (b"#Age: 40\n#Age: 70\n", None, Sex.UNKNOWN, ["patient_field_ignored"]),
        (b"#Gestational age: 30\n#Age at onset: 12\n", None, Sex.UNKNOWN, []),
    ],
)
def test_age_and_sex_come_from_comments_or_stay_unknown(wfdb_files, comments, age, sex, found):
    recording = read_recording(edited(wfdb_files, b"# Age: 63\n# Sex: Female\n", comments))
    assert (recording.stated.age_years, recording.stated.sex) == (age, sex)
    assert [finding.code for finding in recording.findings] == found


def test_a_lone_half_on_the_command_line_finds_the_other_in_its_own_folder_only(tmp_path, wfdb_files):
    for name in wfdb_files:
        assert load_files([tmp_path / name]) == wfdb_files
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "made.hea").write_bytes(wfdb_files["made.hea"].replace(b"made.dat", b"../made.dat"))
    with pytest.raises(UnreadableError, match="another folder"):
        load_files([tmp_path / "sub" / "made.hea"])


def test_missing_and_oversized_paths_are_refused_in_a_sentence(tmp_path):
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(UnreadableError, match="check its path"):
            load_files([path])
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(10_000_001)
    with pytest.raises(LimitError, match="MB"):
        load_files([tmp_path / "big.csv"])
