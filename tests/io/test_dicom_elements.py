"""A DICOM file of very many data elements is refused on its bytes; one of a cardiograph is counted as pydicom does."""

import struct
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from elvmass_core.errors import LimitError
from elvmass_core.io import read_recording
from elvmass_core.io.dicom import MAX_ELEMENTS
from elvmass_core.io.dicom_elements import has_more_elements

UNDEFINED = 0xFFFFFFFF
EXAMPLE = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))
EMPTY_EXPLICIT = struct.pack("<HH2sH", 0x0011, 0x1000, b"LO", 0)
EMPTY_IMPLICIT = struct.pack("<HHL", 0x0011, 0x1000, 0)
ITEM, ITEM_END, END = (struct.pack("<HHL", 0xFFFE, tag, length) for tag, length in
                       ((0xE000, UNDEFINED), (0xE00D, 0), (0xE0DD, 0)))  # fmt: skip
PRIVATE_SEQUENCE = struct.pack("<HH2sHL", 0x0011, 0x1001, b"SQ", 0, UNDEFINED)


def read(content):
    return read_recording({"IM0001": content})


def in_groups(dataset):
    """Every element of a dataset, its items and their elements, as pydicom sees them."""
    return sum(1 + sum(1 + in_groups(item) for item in (one.value if one.VR == "SQ" else ())) for one in dataset)


def with_implicit_vr(content):
    dataset = pydicom.dcmread(BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, implicit_vr=True, little_endian=True, enforce_file_format=True)
    return buffer.getvalue()


def before_the_waveform(content, extra):
    """The file with more bytes before its first element of group 0028 or higher."""
    mark = content.index(struct.pack("<HH", 0x5400, 0x0100))
    return content[:mark] + extra + content[mark:]


@pytest.mark.parametrize("make", [bytes, with_implicit_vr])
def test_elements_are_counted_as_pydicom_counts_them(dicom_bytes, make):
    content = make(dicom_bytes)
    dataset = pydicom.dcmread(BytesIO(content))
    n = in_groups(dataset) + in_groups(dataset.file_meta)
    assert has_more_elements(content, n - 1)
    assert not has_more_elements(content, n)


def test_a_real_recording_lies_far_below_the_limit():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        n = in_groups(pydicom.dcmread(EXAMPLE))
    assert 500 < n < MAX_ELEMENTS / 10
    assert has_more_elements(EXAMPLE.read_bytes(), n)  # file meta and the ends of sequences count too
    assert not has_more_elements(EXAMPLE.read_bytes(), MAX_ELEMENTS // 10)


MANY = 1_200_000


@pytest.mark.parametrize("where", ["flat", "nested", "behind", "implicit"])
def test_a_million_elements_are_refused_before_pydicom_sees_a_byte(monkeypatch, dicom_bytes, where):
    def seen(*arguments, **options):
        raise AssertionError("pydicom was asked to read the file")

    if where == "flat":
        content = before_the_waveform(dicom_bytes, EMPTY_EXPLICIT * MANY)
    elif where == "nested":
        content = before_the_waveform(dicom_bytes, PRIVATE_SEQUENCE + ITEM + EMPTY_EXPLICIT * MANY + ITEM_END + END)
    elif where == "behind":
        content = dicom_bytes + EMPTY_EXPLICIT * MANY
    else:
        content = before_the_waveform(with_implicit_vr(dicom_bytes), EMPTY_IMPLICIT * MANY)
    monkeypatch.setattr(pydicom, "dcmread", seen)
    with pytest.raises(LimitError, match=str(MAX_ELEMENTS)):
        read(content[:9_999_999])


@pytest.mark.parametrize("n", [MAX_ELEMENTS // 2, MAX_ELEMENTS - 500])
def test_elements_below_the_limit_change_nothing(dicom_bytes, n):
    assert read(before_the_waveform(dicom_bytes, EMPTY_EXPLICIT * n)).digest == read(dicom_bytes).digest


@pytest.mark.parametrize("make", [bytes, with_implicit_vr])
def test_samples_that_look_like_a_sequence_are_samples(make_dicom, ecg_mv, make):
    signal = np.array(ecg_mv)
    signal[0, 0], signal[1, 0] = -2 * 2.5e-3, -8192 * 2.5e-3  # the bytes fe ff 00 e0
    content = make(make_dicom(signal))
    assert b"\xfe\xff\x00\xe0" in bytes(pydicom.dcmread(BytesIO(content)).WaveformSequence[0].WaveformData)[:4]
    assert not has_more_elements(content, 500)
    assert read(content).signal_mv.shape == (12, 3000)


@pytest.mark.parametrize("cut", [0, 100, 132, 139, 141, 300, 1000])
def test_whatever_is_cut_off_ends_the_count(dicom_bytes, cut):
    assert not has_more_elements(dicom_bytes[:cut], 500)
