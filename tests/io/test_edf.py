"""EDF and EDF+ against `pyedflib`, an independent reader, and against lies about their size."""

import datetime
import tempfile
from pathlib import Path

import numpy as np
import pyedflib
import pytest

from elvmass_core.domain import DeviceFilters, Severity, Sex
from elvmass_core.errors import ElvmassError, LimitError, UnitNeededError, UnreadableError, UnsupportedError
from elvmass_core.io.edf import read_edf
from elvmass_core.io.normal_form import to_recording
from elvmass_core.units import LEADS
from tests.io import made


def by_pyedflib(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.edf"
        path.write_bytes(content)
        with pyedflib.EdfReader(str(path)) as reader:
            return [reader.readSignal(row) for row in range(reader.signals_in_file)]


def read(signal_mv, *args, **options):
    return to_recording(read_edf(made.edf_bytes(signal_mv, *args, **options)))


def patched(content, at, text, width=8):
    return content[:at] + text.encode().ljust(width) + content[at + width :]


def field(content, name, row=0):
    """Where a field of a signal stands in the header of 12 leads (and an annotation signal)."""
    n_signals = int(content[252:256])
    widths = {
        "label": 16,
        "transducer": 80,
        "dimension": 8,
        "pmin": 8,
        "pmax": 8,
        "dmin": 8,
        "dmax": 8,
        "pre": 80,
        "n": 8,
    }
    at = 256
    for key, width in widths.items():
        if key == name:
            return at + width * row
        at += width * n_signals
    raise KeyError(name)


UNEVEN = tuple((-5000.0 - 100 * k, 9000.0 + 300 * k) for k in range(12))
UNEVEN_DIGITAL = tuple((-2000 - k, 30000 + 7 * k) for k in range(12))


@pytest.mark.parametrize("plus", [True, False])
@pytest.mark.parametrize("ranges", [{}, {"physical": UNEVEN, "digital": UNEVEN_DIGITAL}, {"physical": (9000, -9000)}])
def test_samples_are_those_of_pyedflib_with_any_baseline_and_gain_of_each_lead(ecg_mv, plus, ranges):
    content = made.edf_bytes(ecg_mv, plus=plus, **ranges)
    raw = read_edf(content)
    assert [channel.lead for channel in raw.channels] == list(LEADS)
    for channel, oracle in zip(raw.channels, by_pyedflib(content), strict=True):
        assert channel.unit == "uV"
        np.testing.assert_allclose(channel.samples, oracle, rtol=0, atol=1e-9)
    assert np.abs(to_recording(raw).signal_mv - ecg_mv).max() < 0.001


@pytest.mark.parametrize("fs_hz", [250, 1000])
def test_the_rate_is_the_files(ecg_mv, fs_hz):
    assert read(np.tile(ecg_mv, 2), fs_hz).fs_hz == fs_hz


def test_millivolts_are_read_as_such_and_an_unknown_dimension_is_asked_for(ecg_mv):
    np.testing.assert_allclose(read(ecg_mv, dimension="mV", physical=(-10, 10)).signal_mv, ecg_mv, atol=0.0004)
    content = made.edf_bytes(ecg_mv)
    for row in range(12):
        content = patched(content, field(content, "dimension", row), "")
    with pytest.raises(UnitNeededError):
        to_recording(read_edf(content))


def test_other_signals_of_other_rates_are_left_out(ecg_mv):
    recording = read(ecg_mv, extra=[("Resp chest", np.zeros(6 * 50), 50)])
    assert recording.digest == read(ecg_mv).digest
    assert any("1 signals" in note for note in recording.notes)


def test_leads_of_different_rates_are_refused(ecg_mv):
    with pytest.raises(UnreadableError, match="rate"):
        read(ecg_mv, rates=[500] * 11 + [250])


@pytest.mark.parametrize(
    ("prefilter", "expected"),
    [
        ("HP:0.05Hz LP:150Hz N:50Hz", DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=50.0)),
        ("HP:DC LP:40Hz", DeviceFilters(highpass_hz=0.0, lowpass_hz=40.0)),
        ("hp: .5 Hz notch:60Hz", DeviceFilters(highpass_hz=0.5, notch_hz=60.0)),
        ("", DeviceFilters()),
        ("none", DeviceFilters()),
    ],
)
def test_the_prefilter_text_is_read(ecg_mv, prefilter, expected):
    assert read(ecg_mv, prefilter=prefilter).filters == expected


def test_a_filter_on_which_the_leads_disagree_is_not_said(ecg_mv):
    content = made.edf_bytes(ecg_mv, prefilter="LP:150Hz")
    other = patched(content, field(content, "pre", 3), "LP:40Hz", 80)
    assert read_edf(other).filters.lowpass_hz is None


def test_sex_and_age_come_out_and_neither_name_nor_dates(ecg_mv):
    recording = read(ecg_mv, sex="Female", birth=datetime.date(1950, 1, 31))
    assert (recording.stated.sex, recording.stated.age_years) == (Sex.FEMALE, 70.0)
    assert made.CANARY not in repr(recording)
    assert "1950" not in repr(recording)
    assert read(ecg_mv, plus=False).stated.sex is Sex.UNKNOWN


def with_gap(content, at_record):
    """EDF+D whose data records from `at_record` on begin a second late, by their time-keeping annotations."""
    n_signals, start = int(content[252:256]), int(content[184:192])
    counts = [int(content[field(content, "n", row) :][:8]) for row in range(n_signals)]
    width, keeper = 2 * sum(counts), 2 * sum(counts[:-1])
    changed = bytearray(content.replace(b"EDF+C", b"EDF+D", 1))
    for record in range(at_record, int(content[236:244])):
        stamp = f"+{record + 1}\x14\x14\0".encode()
        at = start + record * width + keeper
        changed[at : at + len(stamp)] = stamp
    return bytes(changed)


def test_an_interrupted_recording_is_refused_and_an_uninterrupted_edf_d_is_read(ecg_mv):
    content = made.edf_bytes(ecg_mv)
    whole = to_recording(read_edf(content.replace(b"EDF+C", b"EDF+D", 1)))
    assert whole.digest == to_recording(read_edf(content)).digest
    with pytest.raises(UnreadableError, match="interrupted"):
        read_edf(with_gap(content, 3))


def test_a_file_that_was_never_closed_is_read_with_a_caution(ecg_mv):
    content = patched(made.edf_bytes(ecg_mv), 236, "-1")
    recording = to_recording(read_edf(content))
    assert [(f.code, f.severity) for f in recording.findings] == [("data_longer_than_header", Severity.CAUTION)]
    assert recording.digest == read(ecg_mv).digest


def test_truncated_files_are_refused(ecg_mv):
    content = made.edf_bytes(ecg_mv)
    for part in (0.0, 0.001, 0.03, 0.5, 0.99):
        with pytest.raises(UnreadableError):
            read_edf(content[: int(len(content) * part)])


@pytest.mark.parametrize(
    ("at", "width", "text", "error"),
    [
        (236, 8, "99999999", LimitError),
        (236, 8, "9999", UnreadableError),
        (236, 8, "0", UnreadableError),
        (236, 8, "-2", UnreadableError),
        (236, 8, "nan", UnreadableError),
        (244, 8, "0", UnreadableError),
        (244, 8, "inf", UnreadableError),
        (252, 4, "9999", LimitError),
        (252, 4, "0", UnreadableError),
        (252, 4, "-1", UnreadableError),
        (252, 4, "1e3", LimitError),
        (184, 8, "256", UnreadableError),
    ],
)
def test_a_header_that_lies_about_itself_is_refused(ecg_mv, at, width, text, error):
    with pytest.raises(error):
        read_edf(patched(made.edf_bytes(ecg_mv), at, text, width))


@pytest.mark.parametrize(
    ("name", "text"), [("n", "99999999"), ("n", "0"), ("dmax", "-32768"), ("pmax", "-10000"), ("pmin", "x")]
)
def test_a_lead_that_lies_about_itself_is_refused(ecg_mv, name, text):
    content = made.edf_bytes(ecg_mv)
    with pytest.raises(UnreadableError):
        read_edf(patched(content, field(content, name), text))


def test_bdf_is_refused_by_name():
    with pytest.raises(UnsupportedError, match="BDF"):
        read_edf(b"\xffBIOSEMI" + bytes(1000))


def test_two_hundred_damaged_files_give_a_recording_or_a_sentence(ecg_mv):
    random = np.random.default_rng(0)
    content = made.edf_bytes(ecg_mv)
    for _ in range(200):
        damaged = bytearray(content)
        for at in random.integers(0, int(random.choice([256, 3600, len(content)])), 3):
            damaged[at] = random.integers(256)
        try:
            to_recording(read_edf(bytes(damaged)))
        except ElvmassError as error:
            assert str(error).endswith(".")
