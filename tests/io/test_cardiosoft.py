"""GE CardioSoft XML on made files only: no public file of the format is at hand."""

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Sex
from elvmass_core.errors import ElvmassError, LimitError, RateNeededError, UnitNeededError, UnreadableError
from elvmass_core.io import read_recording
from elvmass_core.io.cardiosoft import read_cardiosoft
from elvmass_core.io.normal_form import to_recording
from elvmass_core.units import INDEPENDENT_LEADS, LEADS
from tests.io import made


def read(signal_mv, *args, **options):
    return to_recording(read_cardiosoft(made.cardiosoft_xml(signal_mv, *args, **options)))


@pytest.mark.parametrize("separator", [",", ", ", " ", ";"])
def test_a_made_file_reads_back_within_half_a_count(ecg_mv, separator):
    recording = read(ecg_mv, beat_mv=ecg_mv[:, :600], separator=separator)
    assert np.abs(recording.signal_mv - ecg_mv).max() <= 0.0025 + 1e-12
    assert np.abs(recording.device_beat.signal_mv - ecg_mv[:, :600]).max() <= 0.0025 + 1e-12
    assert (recording.fs_hz, recording.findings, recording.format) == (500.0, (), "GE CardioSoft XML")


def test_leads_are_known_in_any_spelling(ecg_mv):
    content = made.cardiosoft_xml(ecg_mv)
    for lead in LEADS:
        content = content.replace(f'lead="{lead}"'.encode(), f'lead="{lead.upper()}"'.encode())
    assert to_recording(read_cardiosoft(content)).digest == read(ecg_mv).digest
    assert np.abs(read(ecg_mv, leads=INDEPENDENT_LEADS).signal_mv - ecg_mv).max() <= 0.005 + 1e-12


def test_four_facts_are_read_in_their_units_and_nothing_else(ecg_mv):
    recording = read(ecg_mv)
    stated = recording.stated
    assert (stated.sex, stated.age_years, stated.height_cm, stated.weight_kg) == (Sex.FEMALE, 63.0, 170.0, 70.0)
    assert made.CANARY not in repr(recording)
    other = read(ecg_mv, age="9", age_units="Months", height="67", height_units="in", weight="154", weight_units="lb")
    assert other.stated.age_years == 0.75
    assert other.stated.height_cm == pytest.approx(170.18)
    assert other.stated.weight_kg == pytest.approx(69.853, abs=1e-3)
    unknown = read(ecg_mv, age=None, sex="UNKNOWN", height="0", weight="7", weight_units="stone").stated
    assert (unknown.sex, unknown.age_years, unknown.height_cm, unknown.weight_kg) == (Sex.UNKNOWN, None, None, None)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("0.05", "150", "no", "no"), DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=0.0)),
        (("0.01", "40", "Yes", "no"), DeviceFilters(highpass_hz=0.01, lowpass_hz=40.0, notch_hz=50.0)),
        (("", "", "no", "yes"), DeviceFilters(notch_hz=60.0)),
        (("", "", "", ""), DeviceFilters()),
    ],
)
def test_filters_are_read_as_the_file_says(ecg_mv, filters, expected):
    assert read(ecg_mv, filters=filters).filters == expected


def test_an_absent_unit_or_rate_is_asked_for(ecg_mv):
    with pytest.raises(UnitNeededError):
        read(ecg_mv, unit=None)
    content = made.cardiosoft_xml(ecg_mv)
    with pytest.raises(RateNeededError):
        to_recording(read_cardiosoft(content.replace(b'<SampleRate units="Hz">500</SampleRate>', b"")))


def test_a_file_of_a_beat_alone_is_refused(ecg_mv):
    with pytest.raises(UnreadableError, match="averaged beat"):
        read(None, beat_mv=ecg_mv[:, :600])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ChannelSampleCountTotal>3000", b"<ChannelSampleCountTotal>4000"),
        (b"<ChannelSampleCountTotal>3000", b"<ChannelSampleCountTotal>1e300"),
        (b'uVperLsb">5', b'uVperLsb">0'),
        (b'uVperLsb">5', b'uVperLsb">nan'),
        (b'lead="I">', b'lead="I">1.5,'),
        (b'lead="I">', b'lead="I">nan,'),
        (b'lead="I">', b'lead="I">99999999999,'),
        (b'lead="I">', b'lead="I">1,,'),
        (b"CardiologyXML", b"OtherXML"),
    ],
)
def test_a_file_that_lies_about_itself_is_refused(ecg_mv, old, new):
    content = made.cardiosoft_xml(ecg_mv)
    assert old in content
    with pytest.raises(UnreadableError):
        read_cardiosoft(content.replace(old, new))


def test_too_many_leads_are_refused(ecg_mv):
    with pytest.raises(LimitError):
        read(ecg_mv, leads=LEADS + LEADS)


def test_a_hundred_damaged_files_give_a_recording_or_a_sentence(ecg_mv):
    random = np.random.default_rng(0)
    content = made.cardiosoft_xml(ecg_mv)
    for _ in range(100):
        damaged = bytearray(content)
        for at in random.integers(0, int(random.choice([1500, len(content)])), 3):
            damaged[at] = random.integers(256)
        try:
            to_recording(read_cardiosoft(bytes(damaged)))
        except ElvmassError as error:
            assert str(error).endswith(".")


@pytest.mark.parametrize("rate", ["0.01", "5", "99999"])
def test_a_median_beat_of_an_impossible_rate_is_left_out(ecg_mv, rate):
    """At 0.01 Hz laying it over ours meant 20 million samples, in the app itself and not in a reading child."""
    head, mark, beat = made.cardiosoft_xml(ecg_mv, beat_mv=ecg_mv[:, :400]).partition(b"<MedianSamples>")
    content = head + mark + beat.replace(b'<SampleRate units="Hz">500', f'<SampleRate units="Hz">{rate}'.encode(), 1)
    assert read_recording({"a": content}).device_beat is None


def test_a_median_beat_without_samples_is_none(ecg_mv):
    assert read_recording({"a": made.sierra_xml(ecg_mv, beat_mv=ecg_mv[:, :0], padding=300)}).device_beat is None


def test_a_median_beat_as_long_as_a_rhythm_is_none(ecg_mv):
    assert read_recording({"a": made.cardiosoft_xml(ecg_mv, beat_mv=ecg_mv)}).device_beat is None
