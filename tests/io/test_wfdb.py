"""WFDB against the `wfdb` package, an independent reader and writer."""

import numpy as np
import pytest
import wfdb

from elvmass_core.domain import Severity, Sex
from elvmass_core.errors import LimitError, RateNeededError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.wfdb_samples import checksum_16
from elvmass_core.io.wfdb_writer import write_wfdb
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


BITS = {"80": 8, "212": 12, "16": 16, "24": 24, "32": 32, "61": 16, "160": 16, "310": 10, "311": 10}
GAINS = [(0.4 + 0.05 * lead) * 100 for lead in range(12)]
BASELINES = [7 * lead - 40 for lead in range(12)]


def counts_of(signal_mv, bits):
    """Counts with a gain and a baseline for each lead, the extremes of the format, and a lost sample."""
    counts = np.round(signal_mv * np.array(GAINS)[:, None] * 2 ** max(bits - 12, -2)) + np.array(BASELINES)[:, None]
    counts = np.clip(counts, 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(np.int64)
    counts[0, 7], counts[1, 7], counts[11, -1] = 2 ** (bits - 1) - 1, 1 - 2 ** (bits - 1), -(2 ** (bits - 1))
    return counts


def packed(counts, fmt):
    """Samples of the formats that the `wfdb` package reads and does not write, bit by bit as in signal(5)."""
    values = [int(value) % 2**16 for value in counts.T.ravel()]
    if fmt == "61":
        return b"".join(value.to_bytes(2, "big") for value in values)
    if fmt == "160":
        return b"".join(((value + 2**15) % 2**16).to_bytes(2, "little") for value in values)
    values = [value % 2**10 for value in values]
    content = b""
    for one, two, three in zip(values[::3], values[1::3], values[2::3], strict=True):
        if fmt == "311":
            content += (one + (two << 10) + (three << 20)).to_bytes(4, "little")
        else:
            words = (one << 1) + ((three % 32) << 11), (two << 1) + ((three // 32) << 11)
            content += b"".join(word.to_bytes(2, "little") for word in words)
    return content


@pytest.mark.parametrize("fmt", BITS)
def test_every_format_is_sample_exact_with_gains_baselines_and_lost_samples_of_its_own(tmp_path, ecg_mv, fmt):
    counts = counts_of(ecg_mv[:, :2999], BITS[fmt])
    written = fmt if fmt in ("80", "212", "16", "24", "32") else "32"
    wfdb.wrsamp(
        "other", fs=500, units=["mV"] * 12, sig_name=list(LEADS), d_signal=counts.T, fmt=[written] * 12,
        adc_gain=[gain * 2 ** max(BITS[fmt] - 16, 0) for gain in GAINS], baseline=BASELINES, write_dir=str(tmp_path),
    )  # fmt: skip
    if written != fmt:
        header = tmp_path / "other.hea"
        header.write_text(header.read_text().replace(".dat 32 ", f".dat {fmt} "))
        (tmp_path / "other.dat").write_bytes(packed(counts, fmt))
    recording = read_recording(load_files([tmp_path / "other.hea"]))
    oracle = wfdb.rdrecord(str(tmp_path / "other")).p_signal.T
    assert recording.n_samples == 2999
    assert np.argwhere(np.isnan(oracle)).tolist() == [[11, 2998]]
    np.testing.assert_array_equal(recording.signal_mv, oracle)
    assert {"checksum_mismatch", "data_of_another_header", "data_longer_than_header"}.isdisjoint(codes(recording))


@pytest.mark.parametrize("fmt", ["24", "212", "310", "311"])
def test_one_lead_per_file_is_read_whatever_is_left_of_its_last_block(tmp_path, ecg_mv, fmt):
    counts = counts_of(ecg_mv, BITS[fmt])
    for n_samples in (2998, 2999, 3000):
        header, files = f"one 12 500 {n_samples}\n", {}
        for lead, row in zip(LEADS, counts[:, :n_samples], strict=True):
            if fmt in ("61", "160", "310", "311"):
                content = packed(np.append(row, [0] * (-n_samples % 3))[None], fmt)
            else:
                wfdb.wrsamp("x", fs=500, units=["mV"], sig_name=["x"], d_signal=row[:, None], fmt=[fmt],
                            adc_gain=[100], baseline=[0], write_dir=str(tmp_path))  # fmt: skip
                content = (tmp_path / "x.dat").read_bytes()
            files[f"{lead}.dat"] = content[: -(-n_samples * 4 // 3)] if fmt == "311" else content
            header += f"{lead}.dat {fmt} 100/mV 16 0 0 0 0 {lead}\n"
        recording = read_recording({"one.hea": header.encode(), **files})
        expected = np.where(counts == -(2 ** (BITS[fmt] - 1)), np.nan, counts / 100)[:, :n_samples]
        np.testing.assert_array_equal(recording.signal_mv, expected)
        assert "data_longer_than_header" not in codes(recording)
        short = {**files, "V6.dat": files["V6.dat"][:-4]}
        with pytest.raises(UnreadableError, match="truncated"):
            read_recording({"one.hea": header.encode(), **short})


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
        (b".dat 16 ", b".dat 8 ", UnsupportedError),
        (b".dat 16 ", b".dat 516 ", UnsupportedError),
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
        (b"#Age: 20 months\n", None, Sex.UNKNOWN, []),
        (b"#<age>: 30 days  <sex>: F\n", None, Sex.FEMALE, []),
        (b"#Age: 63 years\n#Sex: M\n", 63.0, Sex.MALE, []),
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
