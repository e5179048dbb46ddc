"""CSV and TSV in the shapes that exports have."""

import numpy as np
import pytest

from elvmass_core.errors import LimitError, RateNeededError, UnitNeededError, UnreadableError
from elvmass_core.io import read_recording
from elvmass_core.units import LEADS

FS_HZ = 500.0


@pytest.fixture
def times_s(ecg_mv):
    return np.arange(ecg_mv.shape[1]) / FS_HZ


def read(content, **answers):
    return read_recording({"upload": content}, **answers)


def test_names_units_and_time_in_the_first_line_need_no_question(csv_bytes, ecg_mv):
    recording = read(csv_bytes)
    np.testing.assert_allclose(recording.signal_mv, ecg_mv, atol=1e-9)
    assert (recording.fs_hz, recording.format, recording.findings) == (500.0, "CSV", ())


@pytest.mark.parametrize(
    "pattern", ["{} (mV)", "{} [mV]", "{}_mV", "{}/mV", "{} mV", "Lead {} (mv)", "MDC_ECG_LEAD_{} (mV)"]
)
def test_units_are_found_in_every_usual_spelling(table, ecg_mv, times_s, pattern):
    content = table(ecg_mv, ["Time [s]", *map(pattern.format, LEADS)], times=times_s)
    np.testing.assert_allclose(read(content).signal_mv, ecg_mv, atol=1e-9)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_microvolts_are_read_in_every_encoding(table, ecg_mv, times_s, encoding):
    content = table(ecg_mv, ["time (s)", *(f"{lead} (µV)" for lead in LEADS)], times=times_s, scale=1000)
    np.testing.assert_allclose(read(content.decode().encode(encoding)).signal_mv, ecg_mv, atol=1e-9)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate(table, ecg_mv, times_s, delimiter):
    recording = read(table(ecg_mv, ["time_s", *(f"{lead}_mV" for lead in LEADS)], delimiter, times_s))
    np.testing.assert_allclose(recording.signal_mv, ecg_mv, atol=1e-9)
    assert recording.format == ("TSV" if delimiter == "\t" else "CSV")


def test_decimal_commas_are_read_where_another_character_separates(table, ecg_mv, times_s):
    content = table(ecg_mv, ["time (s)", *(f"{lead} (mV)" for lead in LEADS)], ";", times_s).replace(b".", b",")
    np.testing.assert_allclose(read(content).signal_mv, ecg_mv, atol=1e-9)


def test_commas_that_may_mark_thousands_are_refused():
    rows = [";".join(["1,250"] * 12)] * 3000
    content = "\n".join([";".join(f"{lead} (uV)" for lead in LEADS), *rows]).encode()
    with pytest.raises(UnreadableError, match="thousands"):
        read(content, fs_hz=500)


def test_without_unit_and_time_both_are_asked_for(table, ecg_mv):
    content = table(ecg_mv, LEADS)
    with pytest.raises(RateNeededError):
        read(content)
    with pytest.raises(UnitNeededError) as caught:
        read(content, fs_hz=500)
    assert 0.1 < caught.value.peak_to_peak < 5
    np.testing.assert_allclose(read(content, fs_hz=500, unit="mV").signal_mv, ecg_mv, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "scale", "fs_hz"),
    [("time (s)", 1, 500), ("time_ms", 1000, 500), ("t [ms]", 1000, 500), ("seconds", 1, 500), ("time", 1, 500)],
)
def test_the_rate_comes_from_a_time_column_whose_unit_is_plain(table, ecg_mv, times_s, name, scale, fs_hz):
    content = table(ecg_mv, [name, *(f"{lead} (mV)" for lead in LEADS)], times=times_s * scale)
    assert read(content).fs_hz == fs_hz


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_bare_time_column_that_may_be_milliseconds_or_row_numbers_is_not_guessed(table, ecg_mv, step):
    content = table(ecg_mv, ["time", *(f"{lead} (mV)" for lead in LEADS)], times=np.arange(3000) * step)
    with pytest.raises(RateNeededError):
        read(content)


def test_times_rounded_to_milliseconds_still_give_the_rate(table, ecg_mv):
    times = np.round(np.arange(3000) / 360, 3)
    assert read(table(ecg_mv, ["time (s)", *(f"{lead} (mV)" for lead in LEADS)], times=times)).fs_hz == 360


@pytest.mark.parametrize("fault", ["lost row", "doubled row", "backwards", "missing"])
def test_a_time_column_with_a_gap_is_refused(table, ecg_mv, times_s, fault):
    times, signal = times_s.copy(), ecg_mv
    if fault == "lost row":
        times, signal = np.delete(times, 1500), np.delete(signal, 1500, axis=1)
    elif fault == "doubled row":
        times[1501:] = times[1500:-1]
    elif fault == "backwards":
        times = times[::-1]
    else:
        times[7] = np.nan
    with pytest.raises(UnreadableError, match="time column"):
        read(table(signal, ["time (s)", *(f"{lead} (mV)" for lead in LEADS)], times=times))


def test_an_empty_cell_is_nan_and_an_empty_row_keeps_its_place(table, ecg_mv):
    signal = ecg_mv.copy()
    signal[8, 40] = np.nan
    signal[:, 90] = np.nan
    for delimiter in (",", "\t"):
        recording = read(table(signal, [f"{lead} (mV)" for lead in LEADS], delimiter), fs_hz=500)
        np.testing.assert_array_equal(np.isnan(recording.signal_mv), np.isnan(signal))


def test_eight_leads_and_other_columns_give_twelve_leads(table, ecg_mv, times_s):
    rows = [0, 1, *range(6, 12)]
    names = ["time (s)", *(f"{LEADS[row]} (mV)" for row in rows), "SpO2"]
    recording = read(table(np.vstack([ecg_mv[rows], np.full(3000, 97.0)]), names, times=times_s))
    np.testing.assert_allclose(recording.signal_mv, ecg_mv, atol=1e-9)
    assert any("1 columns that are none" in note for note in recording.notes)


def test_comment_lines_and_a_commented_first_line_are_skipped(csv_bytes, ecg_mv):
    content = b"# exported\n# " + csv_bytes.replace(b"\n", b"\r\n")
    np.testing.assert_allclose(read(content).signal_mv, ecg_mv, atol=1e-9)


@pytest.mark.parametrize(
    "content",
    [b"Rhythm signal: 5000 X 12\n 1 2 3\n", b"1,2,3\n4,5,6\n", b"a,b,c\n1,2,3\n", b"hello", b"I\n1\n2\n"],
)
def test_text_without_lead_names_is_refused_naming_the_formats_that_work(content):
    with pytest.raises(UnreadableError, match=r"fewer than two leads.*DICOM.*WFDB.*CSV"):
        read(content)


def test_rows_of_another_length_words_and_no_rows_are_refused(csv_bytes):
    with pytest.raises(UnreadableError, match=r"Row 3000 .* 5 columns"):
        read(b",".join(csv_bytes.split(b",")[:-8]))
    with pytest.raises(UnreadableError, match="not numbers"):
        read(csv_bytes.replace(b"\n0.1,", b"\n0.1x,"))
    with pytest.raises(UnreadableError, match="no numbers"):
        read(csv_bytes.split(b"\n")[0])


def test_more_than_64_columns_are_refused_before_the_numbers_are_looked_at():
    content = b"I,II," + b"x," * 2_000_000 + b"\n1"
    with pytest.raises(LimitError, match="64 columns"):
        read(content)


@pytest.mark.parametrize("lost", ["", "# lead off"])
def test_lines_that_are_missing_between_the_numbers_are_refused_and_not_joined(table, ecg_mv, lost):
    lines = table(ecg_mv, [f"{lead} (mV)" for lead in LEADS]).decode().split("\n")
    lines[1000:1400] = [lost] * 400
    with pytest.raises(UnreadableError, match="between its numbers"):
        read("\n".join(lines).encode(), fs_hz=500)


def test_comments_before_the_numbers_and_a_blank_second_line_throughout_lose_nothing(table, ecg_mv):
    names, *rows = table(ecg_mv, [f"{lead} (mV)" for lead in LEADS]).decode().split("\n")
    for lines in ([names, "# from a ward", "", *rows, ""], [names, *(part for row in rows for part in (row, ""))]):
        np.testing.assert_allclose(read("\n".join(lines).encode(), fs_hz=500).signal_mv, ecg_mv, atol=1e-9)


def test_the_question_for_the_unit_gives_a_span_that_can_be_answered(table, ecg_mv):
    with pytest.raises(UnitNeededError, match=r"span about 0\.\d+: say"):
        read(table(0.1 * ecg_mv, list(LEADS)), fs_hz=500)
