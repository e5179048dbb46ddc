"""What a file is, by its content; archives by count and size."""

import os
import struct
import zipfile

import pytest

from elvmass_core.errors import LimitError, UnreadableError, UnsupportedError
from elvmass_core.io import read_recording
from elvmass_core.io.detect import Kind, detect
from tests.io.seeds import seeds_by_format


@pytest.mark.parametrize(
    "start",
    [
        b"%PDF-1.7\n", b"\x0a\x0a%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"GIF89a\0",
        b"\0\0\0\x18ftypheic", b"II*\0\x08\0", b"BM\x36\0\x0c\0",
        b"\xffBIOSEMI", b"\x1f\x8b\x08", b"\x89HDF\r\n", b"\xd0\xcf\x11\xe0\xa1\xb1",
        b"<?xml version='1.0'?><Report>", b"\xef\xbb\xbf<html>", b"<svg>",
    ],
)  # fmt: skip
def test_known_formats_that_do_not_work_are_refused_naming_those_that_do(start):
    with pytest.raises(UnsupportedError, match=r"not read: give DICOM ECG, .* or CSV"):
        read_recording({"ecg.csv": start + b"\0rest" * 50})


@pytest.mark.parametrize("content", [b"", os.urandom(16) + bytes(range(256)) * 20, b"\0" * 5000])
def test_nothing_and_noise_are_refused(content):
    with pytest.raises((UnreadableError, UnsupportedError)):
        read_recording({"a.dcm": content})


def test_the_name_of_a_file_does_not_matter(csv_bytes, dicom_bytes):
    for content in (csv_bytes, dicom_bytes):
        assert len({read_recording({name: content}).digest for name in ("x", "x.pdf", "x.hea.png", "../é.zip")}) == 1


def test_a_table_that_begins_like_a_bitmap_is_still_a_table(csv_bytes):
    content = b"\n".join(b"BM," + line if k == 0 else b"1," + line for k, line in enumerate(csv_bytes.split(b"\n")))
    assert read_recording({"a": content}).digest == read_recording({"a": csv_bytes}).digest


def test_a_zip_of_any_format_reads_like_the_files_themselves(zipped, wfdb_files, csv_bytes, dicom_bytes):
    for files in (wfdb_files, {"a.csv": csv_bytes}, {"IM1": dicom_bytes}):
        inside = {f"folder/{name}": content for name, content in files.items()} | {
            "__MACOSX/._x": b"x",
            ".DS_Store": b"x",
        }
        assert read_recording({"a": zipped(inside)}).digest == read_recording(files).digest


def test_the_same_ecg_through_every_format_is_one_recording(wfdb_files, csv_bytes, ecg_mv):
    wfdb, csv = read_recording(wfdb_files), read_recording({"a": csv_bytes})
    assert abs(wfdb.signal_mv - csv.signal_mv).max() <= 0.000501


def test_a_nested_an_empty_and_an_office_archive_are_refused(zipped, csv_bytes):
    with pytest.raises(UnsupportedError, match="another archive"):
        read_recording({"a": zipped({"b.zip": zipped({"c.csv": csv_bytes})})})
    with pytest.raises(UnreadableError, match="no file"):
        read_recording({"a": zipped({})})
    with pytest.raises(UnsupportedError, match="save the table as CSV"):
        read_recording({"a": zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"})})


def test_two_recordings_or_two_files_of_one_name_are_refused(zipped, wfdb_files, csv_bytes):
    with pytest.raises(UnreadableError, match="More than one WFDB header"):
        read_recording(wfdb_files | {"other.hea": wfdb_files["made.hea"]})
    with pytest.raises(UnreadableError, match="Several files"):
        read_recording({"a": csv_bytes, "b": csv_bytes})
    with pytest.raises(UnreadableError, match="same name"):
        read_recording({"a": zipped({"x/a.csv": csv_bytes, "y/a.csv": csv_bytes})})
    with pytest.raises(UnreadableError, match="No file"):
        read_recording({})


def test_crowded_and_bursting_archives_are_refused(zipped):
    with pytest.raises(LimitError, match="32 files"):
        read_recording({"a": zipped({f"{k}.csv": b"" for k in range(33)})})
    bomb = zipped({"a.csv": bytes(10_000_001)})
    assert len(bomb) < 20_000
    with pytest.raises(LimitError, match="MB"):
        read_recording({"a": bomb})


def test_an_archive_that_lies_about_its_size_is_stopped_by_the_real_one(zipped):
    bomb = bytearray(zipped({"a.csv": bytes(50_000_000)}))
    entry = bomb.index(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = struct.pack("<I", 1000)
    with pytest.raises((LimitError, UnreadableError)):
        read_recording({"a": bytes(bomb)})


def test_unusual_compression_and_passwords_are_refused(zipped, csv_bytes):
    with pytest.raises(UnsupportedError, match="unusual"):
        read_recording({"a": zipped({"a.csv": csv_bytes}, zipfile.ZIP_LZMA)})
    locked = bytearray(zipped({"a.csv": csv_bytes}))
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsupportedError, match="password"):
        read_recording({"a": bytes(locked)})


def test_more_than_ten_megabytes_in_all_are_refused(csv_bytes):
    with pytest.raises(LimitError, match="at most 10 MB"):
        read_recording({"a": csv_bytes, "b": bytes(10_000_000)})


@pytest.mark.parametrize("fmt", sorted(seeds_by_format()))
def test_every_format_is_known_by_its_content_under_any_name(fmt):
    kinds = {
        "wfdb": {Kind.WFDB_HEADER}, "dicom": {Kind.DICOM}, "csv": {Kind.DELIMITED}, "muse": {Kind.MUSE},
        "sierra": {Kind.SIERRA}, "aecg": {Kind.AECG}, "cardiosoft": {Kind.CARDIOSOFT}, "scp": {Kind.SCP},
        "edf": {Kind.EDF}, "matlab": {Kind.MATLAB}, "numpy": {Kind.NPY, Kind.ZIP}, "text": {Kind.TEXT_MATRIX},
        "saved": {Kind.SAVED}, "zip": {Kind.ZIP},
    }[fmt]  # fmt: skip
    for files in seeds_by_format()[fmt]:
        content = next((content for name, content in files.items() if name.endswith(".hea")), None)
        assert detect(content or next(iter(files.values()))) in kinds


def test_an_scp_record_without_its_name_is_known_by_its_pointer_table():
    (content,) = seeds_by_format()["scp"][0].values()
    assert detect(content.replace(b"SCPECG", bytes(6), 1)) is Kind.SCP


def test_a_dialect_of_xml_is_known_by_its_outermost_element_and_not_by_words_in_it():
    inside = b"<?xml version='1.0'?><!-- <RestingECG> --><note>AnnotatedECG</note>"
    with pytest.raises(UnsupportedError, match="an XML file of another kind"):
        detect(inside)
    named = '<?xml version="1.0"?><h:AnnotatedECG xmlns:h="urn:hl7-org:v3"/>'
    assert detect(named.encode()) is Kind.AECG
    assert detect(named.encode("utf-16")) is Kind.AECG
    assert detect(named.encode("utf-16-be")) is Kind.AECG


def test_a_zip_of_one_file_of_any_format_is_read_as_that_file(zipped):
    for fmt in ("dicom", "muse", "scp", "csv"):
        files = seeds_by_format()[fmt][0]
        assert read_recording({"x.zip": zipped(files)}).digest == read_recording(files).digest


def test_a_zipped_saved_analysis_is_opened(zipped):
    files = seeds_by_format()["saved"][0]
    assert read_recording({"x": zipped(files)}).digest == read_recording(files).digest
