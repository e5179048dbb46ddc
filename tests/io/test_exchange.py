"""GE MUSE, Philips Sierra, HL7 aECG and SCP-ECG on files made by `made`, which knows nothing of the readers."""

import base64
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Severity, Sex
from elvmass_core.errors import ElvmassError, LimitError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io.exchange import read_aecg, read_muse
from elvmass_core.io.normal_form import to_recording
from elvmass_core.io.scp import MAX_QRS, read_scp
from elvmass_core.io.sierra import MAX_XLI_BYTES, read_sierra, unpacked_bytes
from elvmass_core.units import LEADS
from tests.io import made

FORMATS = {
    "muse": (read_muse, made.muse_xml, 4.88),
    "aecg": (read_aecg, made.aecg_xml, 2.5),
    "sierra": (read_sierra, made.sierra_xml, 5.0),
    "scp": (read_scp, made.scp_bytes, 2.5),
}
EVERY = pytest.mark.parametrize("name", FORMATS)


def recording_of(name, signal_mv, *args, **options):
    read, write, _ = FORMATS[name]
    return to_recording(read(write(signal_mv, *args, **options)))


def codes(recording):
    return {finding.code: finding.severity for finding in recording.findings}


@pytest.fixture(scope="module")
def beat_mv(ecg_mv):
    return ecg_mv[:, :400]


@EVERY
def test_a_made_file_reads_back_within_half_a_count_with_its_beat(name, ecg_mv, beat_mv):
    step_mv = FORMATS[name][2] / 1000
    recording = recording_of(name, ecg_mv, beat_mv=beat_mv)
    # a derived lead adds the rounding of two
    assert np.abs(recording.signal_mv - ecg_mv).max() <= step_mv + 1e-9
    assert recording.fs_hz == 500.0
    assert recording.device_beat.fs_hz == 500.0
    assert np.abs(recording.device_beat.signal_mv - beat_mv).max() <= step_mv + 1e-9
    assert set(codes(recording)) <= {"leads_derived"}


@EVERY
def test_the_rhythm_is_taken_and_never_the_longer_beat(name, ecg_mv):
    recording = recording_of(name, ecg_mv, beat_mv=np.tile(ecg_mv, 1)[:, ::-1])
    assert np.abs(recording.signal_mv - ecg_mv).max() < 0.01


@EVERY
@pytest.mark.parametrize("fs_hz", [250, 1000])
def test_the_rate_is_the_files(name, ecg_mv, fs_hz):
    assert recording_of(name, np.tile(ecg_mv, 2), fs_hz).fs_hz == fs_hz


@EVERY
def test_nothing_but_four_facts_comes_out_or_is_written_to_disk(name, ecg_mv, monkeypatch, tmp_path):
    written = []
    original = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: (written.append(bytes(data)), original(path, data))[1])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recording = recording_of(name, ecg_mv, beat_mv=ecg_mv[:, :400])
    assert made.CANARY not in repr(recording)
    assert written
    assert not [data for data in written if made.CANARY.encode() in data or b"2020" in data]
    assert list(tmp_path.iterdir()) == []


@EVERY
def test_truncated_files_are_refused(name, ecg_mv):
    read, write, _ = FORMATS[name]
    content = write(ecg_mv)
    for part in (0.0, 0.02, 0.5, 0.9, 0.999):
        with pytest.raises(UnreadableError):
            read(content[: int(len(content) * part)])


@EVERY
def test_a_hundred_damaged_files_give_a_recording_or_a_sentence(name, ecg_mv):
    read, write, _ = FORMATS[name]
    random = np.random.default_rng(0)
    content = write(ecg_mv, beat_mv=ecg_mv[:, :300])
    for _ in range(100):
        damaged = bytearray(content)
        for at in random.integers(0, min(len(content), int(random.choice([400, 4000, 10**9]))), 3):
            damaged[at] = random.integers(256)
        try:
            to_recording(read(bytes(damaged)))
        except ElvmassError as error:
            assert str(error).endswith(".") and made.CANARY not in str(error)


@pytest.mark.parametrize("read", [read_muse, read_aecg, read_sierra])
def test_another_xml_is_refused_by_what_it_is_not(read):
    with pytest.raises(UnreadableError, match="does not begin as"):
        read(b"<svg/>")
    with pytest.raises(UnsupportedError, match="entities"):
        read(b'<!DOCTYPE a [<!ENTITY e "x">]><RestingECG>&e;</RestingECG>')


@pytest.mark.parametrize("name", ["muse", "aecg"])
def test_a_file_of_a_beat_alone_is_refused(name, beat_mv):
    with pytest.raises(UnreadableError, match="averaged beat"):
        recording_of(name, None, beat_mv=beat_mv)


@pytest.mark.parametrize("name", ["muse", "aecg", "scp"])
def test_a_lead_that_is_there_twice_is_refused_and_not_renamed(name, ecg_mv):
    with pytest.raises(UnreadableError, match="more than once"):
        recording_of(name, ecg_mv, leads=("I", "II", "V1", "II"))


# --- GE MUSE


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"age": "9", "age_units": "MONTHS"}, 0.75),
        ({"age": "63", "age_units": "YEARS"}, 63.0),
        ({"age": None, "age_units": None}, 70.0),
        ({"age": "0"}, 70.0),
        ({"age": "63", "age_units": None, "birth": None}, None),
        ({"age": None, "birth": "06-16-1950"}, 69.0),
        ({"age": None, "birth": "nonsense"}, None),
    ],
)
def test_muse_age_is_the_stated_one_in_its_unit_else_from_the_dates(ecg_mv, fields, expected):
    assert recording_of("muse", ecg_mv, **fields).stated.age_years == expected


def test_muse_height_and_weight_come_in_either_system(ecg_mv):
    metric = recording_of("muse", ecg_mv, height_cm="170", weight_kg="70.5").stated
    assert (metric.height_cm, metric.weight_kg) == (170.0, 70.5)
    imperial = recording_of("muse", ecg_mv, height_in="67", weight_lbs="154").stated
    assert imperial.height_cm == pytest.approx(170.18)
    assert imperial.weight_kg == pytest.approx(69.853, abs=1e-3)
    absent = recording_of("muse", ecg_mv, height_cm="0", weight_kg="0", sex="UNKNOWN").stated
    assert (absent.height_cm, absent.weight_kg, absent.sex) == (None, None, Sex.UNKNOWN)


def test_muse_filters_are_hundredths_of_a_hertz_and_hertz(ecg_mv):
    assert recording_of("muse", ecg_mv, filters=(16, 150, "NONE")).filters == DeviceFilters(
        highpass_hz=0.16, lowpass_hz=150.0, notch_hz=0.0
    )
    assert recording_of("muse", ecg_mv, filters=("", "nan", "")).filters == DeviceFilters()


def test_a_muse_checksum_that_does_not_fit_is_a_caution_and_one_of_zero_is_none(ecg_mv):
    content = made.muse_xml(ecg_mv)
    at = content.index(b"<WaveFormData>") + 20
    changed = content[:at] + (b"B" if content[at : at + 1] == b"A" else b"A") + content[at + 1 :]
    assert codes(to_recording(read_muse(changed)))["checksum_mismatch"] is Severity.CAUTION
    assert "checksum_mismatch" not in codes(recording_of("muse", ecg_mv, crc=False))


def test_a_muse_unit_that_is_not_stated_is_asked_for(ecg_mv):
    for unit in (None, "LSB"):
        with pytest.raises(UnitNeededError):
            recording_of("muse", ecg_mv, unit=unit)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_muse_in_other_encodings_is_the_same(ecg_mv, encoding):
    assert recording_of("muse", ecg_mv, encoding=encoding).digest == recording_of("muse", ecg_mv).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<LeadSampleCountTotal>3000", b"<LeadSampleCountTotal>9999999999"),
        (b"<LeadByteCountTotal>6000", b"<LeadByteCountTotal>60"),
        (b"<SampleBase>500", b"<SampleBase>nan"),
        (b"<SampleBase>500", b"<SampleBase>1e999"),
        (b"<SampleBase>500", b"<SampleBase>0"),
        (b"<SampleExponent>0", b"<SampleExponent>400"),
        (b"<LeadAmplitudeUnitsPerBit>4.88", b"<LeadAmplitudeUnitsPerBit>0"),
        (b"<LeadAmplitudeUnitsPerBit>4.88", b"<LeadAmplitudeUnitsPerBit>inf"),
        (b"<LeadSampleSize>2", b"<LeadSampleSize>inf"),
    ],
)
def test_a_muse_file_that_lies_about_itself_is_refused(ecg_mv, old, new):
    with pytest.raises(UnreadableError):
        read_muse(made.muse_xml(ecg_mv).replace(old, new))


def test_muse_leads_of_different_starts_are_a_caution_and_more_strips_a_note(ecg_mv):
    content = made.muse_xml(ecg_mv)
    late = content.replace(b"<LeadTimeOffset>0", b"<LeadTimeOffset>8", 1)
    assert codes(to_recording(read_muse(late)))["channel_skew"] is Severity.CAUTION
    strip = content[content.index(b"<Waveform>") : content.index(b"</RestingECG>")]
    twice = to_recording(read_muse(content.replace(b"</RestingECG>", strip + b"</RestingECG>")))
    assert any("further stretch" in note for note in twice.notes)


def test_more_leads_than_the_limit_are_refused(ecg_mv):
    with pytest.raises(LimitError, match="channels"):
        recording_of("muse", ecg_mv, leads=LEADS + LEADS)


# --- HL7 aECG


def test_aecg_is_origin_plus_scale_times_digits_in_the_unit_it_states(ecg_mv):
    shifted = recording_of("aecg", ecg_mv, origin_uv=100.0)
    np.testing.assert_allclose(shifted.signal_mv, recording_of("aecg", ecg_mv).signal_mv, atol=1e-12)
    small = to_recording(read_aecg(made.aecg_xml(ecg_mv, uv_per_count=2.5).replace(b'unit="uV"', b'unit="mV"')))
    np.testing.assert_allclose(small.signal_mv, recording_of("aecg", ecg_mv).signal_mv * 1000)
    with pytest.raises(UnitNeededError):
        recording_of("aecg", ecg_mv, unit=None)


@pytest.mark.parametrize("scale", [b'value="2,5" unit="uV"', b'unit="uV"', b'value="" unit="uV"'])
def test_an_aecg_scale_that_is_no_number_is_refused_and_not_read_as_one_microvolt(ecg_mv, beat_mv, scale):
    stated = b'<scale value="2.5" unit="uV"/>'
    with pytest.raises(UnreadableError, match="scale that is not above zero"):
        read_aecg(made.aecg_xml(ecg_mv).replace(stated, b"<scale " + scale + b"/>"))
    head, mark, beat = made.aecg_xml(ecg_mv, beat_mv=beat_mv).partition(b"<derivedSeries>")
    recording = to_recording(read_aecg(head + mark + beat.replace(stated, b"<scale " + scale + b"/>")))
    assert recording.device_beat is None
    np.testing.assert_allclose(recording.signal_mv, ecg_mv, atol=0.0026)


def test_aecg_rates_are_exact_and_not_whole_hertz(ecg_mv):
    assert recording_of("aecg", ecg_mv, 256.5).fs_hz == pytest.approx(256.5, abs=1e-5)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"age": 46}, 46.0),
        ({"age": 18, "age_unit": "mo"}, 1.5),
        ({}, 70.0),
        ({"birth": ""}, None),
        ({"birth": "1950"}, None),
        ({"birth": "195312"}, None),
    ],
)
def test_aecg_age_is_the_reported_one_else_from_whole_dates(ecg_mv, fields, expected):
    assert recording_of("aecg", ecg_mv, **fields).stated.age_years == expected


def test_aecg_sex_un_is_unknown_and_size_is_read_by_its_loinc_code(ecg_mv):
    stated = recording_of("aecg", ecg_mv, sex="UN", height_cm=170, weight_kg=70).stated
    assert (stated.sex, stated.height_cm, stated.weight_kg) == (Sex.UNKNOWN, 170.0, 70.0)


@pytest.mark.parametrize("digit", [b"nan", b"inf", b"1e400", b"x"])
def test_aecg_digits_that_are_no_numbers_are_refused(ecg_mv, digit):
    content = made.aecg_xml(ecg_mv)
    with pytest.raises(UnreadableError):
        read_aecg(content.replace(b"<digits>", b"<digits>" + digit + b" ", 2))


def test_a_lead_of_millions_of_digits_is_refused_before_it_is_split(ecg_mv):
    with pytest.raises(LimitError, match="60 s"):
        read_aecg(made.aecg_xml(ecg_mv).replace(b"<digits>", b"<digits>" + b"1 " * 1_000_000, 1))


def test_aecg_leads_of_different_length_are_refused(ecg_mv):
    with pytest.raises(UnreadableError, match="length"):
        to_recording(read_aecg(made.aecg_xml(ecg_mv).replace(b"<digits>", b"<digits>1 ", 1)))


def test_twenty_thousand_statements_never_reach_ecgdatakit(ecg_mv):
    code = b'<code code="MDC_ECG_INTERPRETATION_STATEMENT"/>'
    statement = b"<component><annotation>" + code + b"<value>%d</value></annotation></component>"
    many = b"".join(statement % number for number in range(20_000))
    content = made.aecg_xml(ecg_mv).replace(b"<annotationSet>", b"<annotationSet>" + many)
    assert to_recording(read_aecg(content)).digest == recording_of("aecg", ecg_mv).digest


# --- Philips Sierra


def test_xli_compression_changes_no_sample(ecg_mv):
    assert recording_of("sierra", ecg_mv, compression="XLI").digest == recording_of("sierra", ecg_mv).digest


@pytest.mark.parametrize("compression", ["", "XLI"])
def test_the_calibration_pulse_is_cut_and_said(ecg_mv, compression):
    recording = recording_of("sierra", ecg_mv, pulse=True, compression=compression)
    assert recording.digest == recording_of("sierra", ecg_mv).digest
    assert any("calibration pulse" in note for note in recording.notes)


def test_an_ecg_without_the_pulse_is_whole_even_when_it_ends_flat_or_at_one_millivolt(ecg_mv):
    flat = ecg_mv.copy()
    flat[:, -600:] = 0
    assert recording_of("sierra", flat).n_samples == ecg_mv.shape[1]
    flat[1, -600:] = 1.0
    assert recording_of("sierra", flat).n_samples == ecg_mv.shape[1]


def test_the_padding_of_a_representative_beat_is_no_potential(ecg_mv, beat_mv):
    beat = recording_of("sierra", ecg_mv, beat_mv=beat_mv, padding=50).device_beat
    assert beat.signal_mv.shape == beat_mv.shape
    assert np.abs(beat.signal_mv - beat_mv).max() <= 0.0013


def test_sierra_default_age_is_no_age(ecg_mv):
    assert recording_of("sierra", ecg_mv, age=None).stated.age_years is None
    assert recording_of("sierra", ecg_mv, age=None, birth="1950-01-31").stated.age_years == 70.0
    stated = recording_of("sierra", ecg_mv, age="63", height_in="67", weight_lb="154").stated
    assert (stated.sex, stated.age_years) == (Sex.FEMALE, 63.0)
    assert (stated.height_cm, stated.weight_kg) == (pytest.approx(170.18), pytest.approx(69.853, abs=1e-3))


def test_sierra_filters_are_those_of_the_stored_waveform(ecg_mv):
    filters = recording_of("sierra", ecg_mv, filters=("0.15", "100", "True", "60 120")).filters
    assert filters == DeviceFilters(highpass_hz=0.15, lowpass_hz=100.0, notch_hz=60.0)
    assert recording_of("sierra", ecg_mv, filters=("0.05", "150", "False", "0")).filters.notch_hz == 0.0


@pytest.mark.parametrize("version", ["1.02", "2.0"])
def test_other_sierra_versions_are_refused(ecg_mv, version):
    with pytest.raises(UnsupportedError, match="variant"):
        recording_of("sierra", ecg_mv, version=version)


def test_sierra_in_utf_16_is_the_same(ecg_mv):
    assert recording_of("sierra", ecg_mv, encoding="utf-16").digest == recording_of("sierra", ecg_mv).digest


def test_unpacked_bytes_counts_what_lzw_really_stands_for(ecg_mv):
    for content in (ecg_mv.tobytes()[:5000], bytes(10_000), b"ab" * 3000, b"x"):
        assert unpacked_bytes(made.lzw_10(content)) >= len(content)
        assert unpacked_bytes(made.lzw_10(content)) <= len(content) + 2**10


def test_an_lzw_bomb_is_refused_before_it_is_unpacked(ecg_mv):
    bomb = made.lzw_10(bytes(MAX_XLI_BYTES + 2000))
    assert len(bomb) < 5000
    content = made.sierra_xml(ecg_mv, compression="XLI")
    packed = struct.pack("<iHh", len(bomb), 0, 0) + bomb
    start, end = content.index(b">", content.index(b"<parsedwaveforms")) + 1, content.index(b"</parsedwaveforms")
    with pytest.raises(LimitError, match="60 s"):
        read_sierra(content[:start] + base64.b64encode(packed * 12) + content[end:])


def test_a_bomb_beside_the_waveform_is_found_too(ecg_mv):
    bomb = made.lzw_10(bytes(MAX_XLI_BYTES + 2000))
    packed = base64.b64encode(struct.pack("<iHh", len(bomb), 0, 0) + bomb).decode()
    hidden = f'<repbeats><parsedwaveforms compression="XLI" dataencoding="Base64">{packed}</parsedwaveforms></repbeats>'
    content = made.sierra_xml(ecg_mv).replace(b"<waveforms>", f"<waveforms>{hidden}</waveforms><waveforms>".encode(), 1)
    with pytest.raises(LimitError, match="60 s"):
        read_sierra(content)


@pytest.mark.parametrize("duration", ["1e12", "-1", "nan", "99999"])
def test_a_sierra_duration_that_lies_is_refused(ecg_mv, duration):
    content = made.sierra_xml(ecg_mv).replace(b'durationperchannel="6000"', f'durationperchannel="{duration}"'.encode())
    with pytest.raises(UnreadableError):
        read_sierra(content)


# --- SCP-ECG


def test_scp_first_differences_give_the_same_samples(ecg_mv):
    assert recording_of("scp", ecg_mv, difference=1).digest == recording_of("scp", ecg_mv).digest


def test_scp_facts_are_read_with_their_units(ecg_mv):
    stated = recording_of("scp", ecg_mv, age=(9, 2), sex=1, height=(67, 2), weight=(154, 3)).stated
    assert (stated.sex, stated.age_years) == (Sex.MALE, 0.75)
    assert (stated.height_cm, stated.weight_kg) == (pytest.approx(170.18), pytest.approx(69.853, abs=1e-3))
    unknown = recording_of("scp", ecg_mv, age=None, sex=9, height=(170, 0)).stated
    assert (unknown.sex, unknown.age_years, unknown.height_cm) == (Sex.UNKNOWN, None, None)
    assert recording_of("scp", ecg_mv, age=None, birth=(1950, 1, 31)).stated.age_years == 70.0
    assert recording_of("scp", ecg_mv, age=None, birth=(1950, 13, 31)).stated.age_years is None


@pytest.mark.parametrize(("bits", "notch_hz"), [(0, 0.0), (1, 60.0), (2, 50.0)])
def test_scp_filters_are_tags_27_to_29(ecg_mv, bits, notch_hz):
    filters = recording_of("scp", ecg_mv, filters=(5, 150, bits)).filters
    assert filters == DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=notch_hz)


def test_scp_damage_that_leaves_the_structure_whole_is_a_caution(ecg_mv):
    content = bytearray(made.scp_bytes(ecg_mv))
    content[5000] ^= 1
    assert codes(to_recording(read_scp(bytes(content))))["checksum_mismatch"] is Severity.CAUTION


def test_scp_rates_follow_the_interval(ecg_mv):
    assert recording_of("scp", ecg_mv, interval_us=3906).fs_hz == 256.0
    assert recording_of("scp", np.tile(ecg_mv, 2), interval_us=1500).fs_hz == pytest.approx(1e6 / 1500)


def test_scp_without_an_amplitude_multiplier_is_asked_for_its_unit(ecg_mv):
    content = made.scp_bytes(ecg_mv)
    at = content.index(struct.pack("<HH", 2500, 2000))
    with pytest.raises(UnitNeededError):
        to_recording(read_scp(content[:at] + bytes(2) + content[at + 2 :]))


def test_scp_leads_that_are_not_simultaneous_are_refused(ecg_mv):
    with pytest.raises(UnreadableError, match="simultaneous"):
        recording_of("scp", ecg_mv, starts=[1] * 7 + [1251])


def test_scp_without_rhythm_data_is_refused():
    with pytest.raises(UnreadableError, match="no rhythm"):
        read_scp(made.scp_record([(1, b"\xff\0\0"), (3, bytes([0, 0]))]))


def huffman_record(n_leads, n_samples, content=b"", n_qrs=0, interval_us=2000):
    """Section 2 names the default table, section 3 says `n_samples`, section 6 holds `content` for each lead."""
    leads = b"".join(struct.pack("<IIB", 1, n_samples, code) for code in range(1, n_leads + 1))
    lengths = struct.pack(f"<{n_leads}H", *[len(content)] * n_leads)
    rhythm = struct.pack("<HHBB", 2500, interval_us, 0, 0) + lengths + content * n_leads
    sections = [(2, struct.pack("<H", 19999)), (3, bytes([n_leads, 4]) + leads)]
    if n_qrs:
        sections.append((4, struct.pack("<HHH", 0, 0, n_qrs)))
    return made.scp_record([*sections, (6, rhythm)])


def test_scp_default_huffman_codes_are_decoded_as_the_standard_spells_them():
    # EN 1064 annex C: 0 → 0; 100, 101 → ±1; 1100, 1101 → ±2; ten bits 1111111110 → 8-bit value
    bits = "0" + "100" + "101" + "1100" + "1101" + "1111111110" + f"{100:08b}"
    content = int(bits.ljust(40, "0"), 2).to_bytes(5, "big")
    raw = read_scp(huffman_record(1, 6, content))
    np.testing.assert_array_equal(raw.channels[0].samples, np.array([0, 1, -1, 2, -2, 100]) * 2.5)


@pytest.mark.usefixtures("in_a_childs_time")
def test_a_hundred_thousand_pointers_to_one_section_cost_one_checksum():
    rhythm = made.scp_section(6, bytes(2_000_000))
    length = 16 + 10 * 100_001
    pointer = struct.pack("<HII", 6, len(rhythm), 6 + length + 1)
    head = (
        struct.pack("<HHIBB", 0, 0, length, 20, 20) + b"SCPECG" + struct.pack("<HII", 0, length, 7) + pointer * 100_000
    )
    record = struct.pack("<HI", 0, 6 + len(head) + len(rhythm)) + head + rhythm
    with pytest.raises(UnreadableError, match="no rhythm"):
        read_scp(record)


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (huffman_record(2, 2**32 - 1, b"\0" * 10), LimitError),
        (huffman_record(2, 5000, b"\0" * 10), UnreadableError),
        (huffman_record(200, 100, b"\0" * 100), LimitError),
        (huffman_record(2, 80, b"\0" * 10, n_qrs=MAX_QRS + 1), LimitError),
        (huffman_record(2, 80, b"\0" * 10, interval_us=1), LimitError),
        (huffman_record(2, 80, b"\0" * 10, interval_us=0), LimitError),
        (b"\0" * 100, UnreadableError),
        (b"\xff" * 100, UnreadableError),
    ],
)
def test_scp_records_that_lie_about_their_size_are_refused(record, error):
    with pytest.raises(error):
        read_scp(record)
