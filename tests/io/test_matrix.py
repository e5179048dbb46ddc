"""Numbers without lead names: texts, MATLAB files against `scipy.io`, NumPy files against NumPy."""

import io
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from elvmass_core.domain import Severity, Sex
from elvmass_core.errors import (
    LimitError,
    RateNeededError,
    RecordingError,
    UnitNeededError,
    UnreadableError,
    UnsupportedError,
)
from elvmass_core.io import read_recording
from elvmass_core.io.archive import expand
from elvmass_core.io.matlab import is_matlab, read_matlab
from elvmass_core.io.matrix import is_text_matrix, read_text_matrix
from elvmass_core.io.normal_form import RawRecording, to_recording
from elvmass_core.io.numpy_files import is_npz, read_arrays, read_npy
from elvmass_core.units import LEADS
from tests.io.mutants import edited, truncated

ANSWERS = {"unit": "mV", "fs_hz": 500.0}


def read_npz(content):
    """The channels of a NumPy archive."""
    return read_arrays(expand(content))


def codes(found):
    return {finding.code: finding.severity for finding in found.findings}


def same(raw, signal_mv, **answers):
    recording = to_recording(raw, **(answers or ANSWERS))
    np.testing.assert_allclose(recording.signal_mv, signal_mv, atol=1e-9)
    return recording


def text_of(matrix, separator=" ", title="", form="{:.4f}", end=""):
    rows = [separator.join(form.format(value) for value in row) + end for row in matrix]
    return "\n".join([title, *rows] if title else rows).encode()


def saved_npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def saved_npz(*, compressed=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def saved_mat(variables, **options):
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, **options)
    return stream.getvalue()


# --- texts


@pytest.mark.parametrize(
    ("separator", "end"), [(" ", ""), ("  ", " "), ("\t", "\t"), (",", ""), (", ", ""), (";", ";"), (" ; ", "")]
)
@pytest.mark.parametrize("in_rows", [False, True])
def test_twelve_columns_or_rows_of_text_are_read_in_the_standard_order_and_that_is_said(
    ecg_mv, separator, end, in_rows
):
    content = text_of(ecg_mv if in_rows else ecg_mv.T, separator, "Rhythm signal: 3000 X 12", end=end)
    assert is_text_matrix(content)
    recording = same(read_text_matrix(content), ecg_mv)
    assert codes(recording) == {"lead_order_assumed": Severity.CAUTION}
    assert "chest leads cannot be checked" in recording.findings[0].message


def test_a_text_matrix_asks_for_rate_and_unit(ecg_mv):
    raw = read_text_matrix(text_of(ecg_mv.T * 1000, form="{:.0f}"))
    with pytest.raises(RateNeededError):
        to_recording(raw)
    with pytest.raises(UnitNeededError) as caught:
        to_recording(raw, fs_hz=500)
    assert 100 < caught.value.peak_to_peak < 5000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_numbers_of_every_spelling_and_encoding_are_read(ecg_mv, encoding):
    content = text_of(ecg_mv.T, form="{:+.7e}", title="µV, exported").decode().encode(encoding)
    assert is_text_matrix(content)
    same(read_text_matrix(content), ecg_mv)


def test_decimal_commas_are_read_between_semicolons_and_never_guessed_between_spaces(ecg_mv):
    with_commas = text_of(ecg_mv.T, ";").replace(b".", b",")
    assert is_text_matrix(with_commas)
    same(read_text_matrix(with_commas), ecg_mv)
    assert not is_text_matrix(text_of(ecg_mv.T, " ").replace(b".", b","))
    with pytest.raises(UnreadableError, match="thousands"):
        read_text_matrix(text_of(ecg_mv.T + 2, ";", form="{:.3f}").replace(b".", b","))


def test_names_in_the_line_before_the_numbers_give_the_leads(ecg_mv):
    names = list(reversed(LEADS))
    raw = read_text_matrix(text_of(ecg_mv[::-1].T, title=" ".join(names)))
    assert same(raw, ecg_mv).findings == ()
    with_eight = [0, 1, *range(6, 12)]
    raw = read_text_matrix(text_of(ecg_mv[with_eight].T, title="  ".join(LEADS[row] for row in with_eight)))
    assert codes(same(raw, ecg_mv)) == {"leads_derived": Severity.NOTE}
    with pytest.raises(UnreadableError, match="not one name for each of the 12 columns"):
        read_text_matrix(text_of(ecg_mv.T, title="time I II III"))


def test_a_wrong_order_of_the_limb_leads_is_stopped_later(ecg_mv):
    swapped = ecg_mv[[1, 0, *range(2, 12)]]
    recording = to_recording(read_text_matrix(text_of(swapped.T)), **ANSWERS)
    assert codes(recording)["einthoven_residual"] is Severity.STOP


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3000, 8), "name the leads|lead names"), ((3000, 13), "lead names"), ((12, 12), "name the leads")],
)
def test_any_other_number_of_leads_and_a_square_are_refused_in_a_sentence(shape, words):
    with pytest.raises(UnreadableError, match=words):
        read_text_matrix(text_of(np.ones(shape)))
    with pytest.raises(UnreadableError, match=words):
        read_npy(saved_npy(np.ones(shape)))


@pytest.mark.parametrize("fault", ["short row", "word", "empty cell", "second block"])
def test_rows_of_different_length_and_words_among_numbers_are_refused(ecg_mv, fault):
    lines = text_of(ecg_mv.T, ",").split(b"\n")
    lines[1500] = {
        "short row": lines[1500].rsplit(b",", 1)[0],
        "word": lines[1500].replace(b",", b",x", 1),
        "empty cell": b"," + lines[1500].split(b",", 1)[1],
        "second block": b"Median beats: 600 X 12",
    }[fault]
    with pytest.raises(UnreadableError, match="differ in length or hold words"):
        read_text_matrix(b"\n".join(lines))


def test_empty_lines_among_the_numbers_of_a_text_are_refused_and_not_joined(ecg_mv):
    lines = [" ".join(f"{value:.3f}" for value in row) for row in ecg_mv.T]
    lines[500:520] = [""] * 20
    with pytest.raises(UnreadableError, match="between its numbers"):
        read_recording({"a": "\n".join(lines).encode()}, unit="mV", fs_hz=500)


def test_a_matrix_in_columns_of_blanks_that_begins_with_zero_is_not_taken_for_edf(ecg_mv):
    uv = np.round(1000 * (ecg_mv - ecg_mv[:, :1]))
    content = "\n".join("".join(f"{value:<8.0f}" for value in row) for row in uv.T).encode()
    assert content.startswith(b"0       ")
    assert read_recording({"a": content}, unit="uV", fs_hz=500).format == "Text matrix"


def test_a_table_with_lead_names_and_arbitrary_text_are_not_taken_for_a_matrix(csv_bytes, table, ecg_mv):
    assert not is_text_matrix(csv_bytes)
    assert not is_text_matrix(table(ecg_mv, LEADS, "\t"))
    for content in (b"", b"hello", b"1,2,3\n4,5,6\n", b"1 2 3\n" * 50, b"a b c\n" * 50, b"\0\1" * 500, b"1e5\n" * 100):
        assert not is_text_matrix(content)
        with pytest.raises(UnreadableError):
            read_text_matrix(content)


@pytest.mark.usefixtures("in_a_childs_time")
def test_ten_megabytes_of_numbers_are_read_or_refused_quickly():
    for content in (b"0 " * 5_000_000, b"0 " * 12 + b"\n", (b"0 " * 400_000 + b"\n") * 12):
        content *= 10_000_000 // len(content) or 1
        is_text_matrix(content)
        try:
            assert isinstance(read_text_matrix(content), RawRecording)
        except RecordingError as error:
            assert str(error)


# --- MATLAB


@pytest.mark.parametrize("options", [{"format": "4"}, {"format": "5"}, {"format": "5", "do_compression": True}])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "i2", ">f8"])
@pytest.mark.parametrize("name", ["val", "ECG", "Signal_uV", "data"])
def test_a_matrix_that_scipy_saved_is_read_as_scipy_reads_it(ecg_mv, options, dtype, name):
    content = saved_mat({name: np.round(ecg_mv * 1000).astype(dtype)}, **options)
    assert is_matlab(content)
    oracle_uv = scipy.io.loadmat(io.BytesIO(content))[name]
    recording = same(read_matlab(content), oracle_uv / 1000, unit="uV", fs_hz=500)
    assert codes(recording) == {"lead_order_assumed": Severity.CAUTION}
    assert read_matlab(content).channels[0].unit == ("uV" if name == "Signal_uV" else None)


@pytest.mark.parametrize("level", ["4", "5"])
def test_rate_unit_and_lead_names_beside_the_signal_are_used(ecg_mv, level):
    leads = np.array(LEADS[::-1]) if level == "4" else np.array(LEADS[::-1], dtype=object)
    variables = {"ecg": ecg_mv[::-1].T, "Fs": 500.0, "unit": "mV", "leads": leads, "comment": "CANARY", "n": 3.0}
    recording = same(read_matlab(saved_mat(variables, format=level)), ecg_mv, unit=None)
    assert (recording.fs_hz, recording.findings, recording.format) == (500.0, (), "MATLAB")
    assert "CANARY" not in repr(recording)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_struct_of_cpsc_2018_gives_data_sex_and_age_and_nothing_else(ecg_mv, compressed):
    struct_2018 = {"sex": "Male", "age": 63, "data": ecg_mv, "name": "CANARY", "empty": np.zeros((0, 0)), "fs": 500}
    content = saved_mat({"ECG": struct_2018, "patient_name": "CANARY"}, do_compression=compressed)
    recording = same(read_matlab(content), ecg_mv)
    assert (recording.stated.sex, recording.stated.age_years, recording.fs_hz) == (Sex.MALE, 63.0, 500.0)
    assert "CANARY" not in repr(recording)


def test_a_real_challenge_file_without_its_header_is_read_like_scipy(ecg_data):
    for path in (ecg_data / "cpsc2018" / "A0001.mat", ecg_data / "georgia" / "E07500.mat"):
        content = path.read_bytes()
        assert is_matlab(content)
        oracle = scipy.io.loadmat(path)["val"]
        read = np.array([channel.samples for channel in read_matlab(content).channels])
        np.testing.assert_array_equal(read, oracle)


def big_endian(ecg_mv):
    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    small_name = struct.pack(">HH", 3, 1) + b"val\0"
    inner = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(">ii", *ecg_mv.shape)) + small_name
    inner += element(9, ecg_mv.astype(">f8").tobytes(order="F"))
    return b"MATLAB 5.0 MAT-file, made".ljust(124) + struct.pack(">H", 0x0100) + b"MI" + element(14, inner)


def test_a_big_endian_file_is_read_as_scipy_reads_it(ecg_mv):
    content = big_endian(ecg_mv)
    np.testing.assert_array_equal(scipy.io.loadmat(io.BytesIO(content))["val"], ecg_mv)
    same(read_matlab(content), ecg_mv)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"val": np.ones((8, 3000))}, "lead names"),
        ({"val": np.ones((3, 12, 3000))}, "several recordings"),
        ({"val": np.ones((12, 3000)), "data": np.ones((12, 3000))}, "more than one matrix"),
        ({"a": np.ones((12, 3000)), "b": np.ones((12, 3000))}, "more than one matrix"),
        ({"val": np.ones((12, 3000)) * 1j}, "no matrix that is an ECG"),
        ({"val": "I II III"}, "no matrix that is an ECG"),
        ({"val": scipy.sparse.eye_array(12, 3000).tocsc()}, "no matrix that is an ECG"),
        ({"ECG": np.array([{"data": 1}, {"data": 2}], dtype=object)}, "no matrix that is an ECG"),
        ({"val": np.ones((12, 3000)), "leads": np.array(LEADS[:8], dtype=object)}, "names 8 leads"),
        ({"val_uv": 1, "signal_uv": np.ones((12, 3000)), "unit": "mV"}, "two amplitude units"),
    ],
)
def test_what_is_no_single_ecg_is_refused_in_a_sentence(variables, words):
    with pytest.raises(UnreadableError, match=words):
        read_matlab(saved_mat(variables))


def test_one_matrix_of_another_name_is_taken_beside_what_cannot_be_one(ecg_mv):
    variables = {"A0001": ecg_mv, "weights": np.ones((1, 12)), "t": np.arange(3000.0), "notes": "x"}
    same(read_matlab(saved_mat(variables)), ecg_mv)


def test_matlab_7_3_is_refused_by_name():
    for content in (b"MATLAB 7.3 MAT-file".ljust(600), bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(100)):
        assert is_matlab(content)
        with pytest.raises(UnsupportedError, match=r"MATLAB 7\.3"):
            read_matlab(content)


def level_5(*elements):
    return b"MATLAB 5.0 MAT-file, made".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + b"".join(elements)


def array(kind, shape, content, name=b""):
    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, head + element(1, name) + content)


@pytest.mark.usefixtures("in_a_childs_time")
def test_a_compressed_variable_that_grows_is_not_inflated():
    bomb = zlib.compress(bytes(300_000_000), 9)
    content = level_5(struct.pack("<II", 15, len(bomb)) + bomb)
    assert len(content) < 1_000_000
    with pytest.raises(LimitError, match="at most 10 MB"):
        read_matlab(content)
    part = zlib.compress(bytes(6_000_000), 9)
    with pytest.raises(LimitError, match="at most 10 MB"):
        read_matlab(level_5(*[struct.pack("<II", 15, len(part)) + part] * 2))


@pytest.mark.usefixtures("in_a_childs_time")
def test_shapes_that_lie_nesting_and_crowds_are_refused_at_once():
    nested = array(6, (1, 1), struct.pack("<IId", 9, 8, 1.0))
    for _ in range(10_000):  # scipy 1.17 dies of this
        nested = array(1, (1, 1), nested)
    files = {
        "nested": level_5(array(1, (1, 1), nested, b"val")),
        "nested struct": level_5(array(2, (1, 1), struct.pack("<HHi", 5, 4, 8) + nested, b"val")),
        "huge cell": level_5(array(1, (2**30, 2**30), b"", b"leads")),
        "huge matrix": level_5(array(6, (2**30, 12), struct.pack("<IId", 9, 8, 1.0), b"val")),
        "negative": level_5(array(6, (-12, -3000), struct.pack("<IId", 9, 8, 1.0), b"val")),
        "negative level 4": struct.pack("<5i", 0, -1, 3, 0, 4) + b"val\0" + bytes(100),  # scipy 1.17 never ends
        "huge level 4": struct.pack("<5i", 0, 2**31 - 1, 2**31 - 1, 0, 4) + b"val\0" + bytes(100),
        "crowd": level_5(*[array(6, (1, 1), struct.pack("<IId", 9, 8, 1.0), b"x")] * 100),
        "nothing": level_5(),
    }
    for content in files.values():
        with pytest.raises(RecordingError):
            read_matlab(content)


def test_text_dicom_and_noise_are_not_taken_for_matlab(csv_bytes, dicom_bytes):
    noise = random.Random(1).randbytes(5000)
    for content in (b"", bytes(5000), csv_bytes, dicom_bytes, noise, b"MATLAB export\nI,II\n1,2\n", b"\xff" * 300):
        assert not is_matlab(content)


# --- NumPy


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<f2", ">f8", "<i2", ">i4", "<i8", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_numpy_saved_is_read_either_way_round(ecg_mv, dtype, order):
    array = np.asarray(np.round(ecg_mv * (40 if dtype == "u1" else 1000)).clip(0), dtype=dtype, order=order)
    for content in (saved_npy(array), saved_npy(array.T), saved_npy(array[None])):
        recording = same(read_npy(content), array.astype(float) / 1000, unit="uV", fs_hz=500)
        assert codes(recording)["lead_order_assumed"] is Severity.CAUTION
        with pytest.raises(RateNeededError):
            to_recording(read_npy(content))


def test_an_archive_states_unit_rate_leads_and_patient(ecg_mv):
    content = saved_npz(
        signal_mv=ecg_mv[::-1], fs_hz=500, leads=np.array(LEADS[::-1]), sex="F", age_years=63.0, height_cm=170,
        weight_kg=80.5, patient_name="CANARY", compressed=True,
    )  # fmt: skip
    assert is_npz(expand(content))
    recording = same(read_npz(content), ecg_mv, unit=None)
    stated = recording.stated
    assert (stated.sex, stated.age_years, stated.height_cm, stated.weight_kg) == (Sex.FEMALE, 63.0, 170.0, 80.5)
    assert (recording.findings, recording.format) == ((), "NumPy archive")
    assert "CANARY" not in repr(recording)


@pytest.mark.parametrize(
    ("name", "unit", "factor"), [("signal_uv", None, 1000), ("ecg", "µV", 1000), ("data", "mV", 1)]
)
def test_the_unit_comes_from_the_name_or_from_a_word_beside_it(ecg_mv, name, unit, factor):
    beside = {} if unit is None else {"units": unit}
    same(read_npz(saved_npz(**{name: ecg_mv * factor}, fs=500.0, **beside)), ecg_mv, unit=None)


def test_two_rates_or_a_list_of_rates_are_asked_about(ecg_mv):
    for rates in ({"fs": 500.0, "fs_hz": 1000.0}, {"fs": [500.0] * 12}, {"fs": np.nan}, {"fs": "500"}):
        assert read_npz(saved_npz(signal_mv=ecg_mv, **rates)).fs_hz is None


def test_a_patient_field_that_is_impossible_is_said(ecg_mv):
    recording = to_recording(read_npz(saved_npz(signal_mv=ecg_mv, fs=500, age=430, height_cm=0, sex="x")))
    assert (recording.stated.age_years, recording.stated.height_cm, recording.stated.sex) == (None, None, Sex.UNKNOWN)
    assert codes(recording)["patient_field_ignored"] is Severity.NOTE


def test_a_single_array_without_a_known_name_is_read_and_a_cohort_is_refused(ecg_mv):
    stream = io.BytesIO()
    np.savez(stream, ecg_mv)
    same(read_npz(stream.getvalue()), ecg_mv)
    for arrays in ({"beats_mv": np.ones((30, 12, 400))}, {"signal_mv": np.ones((30, 12, 400))}):
        with pytest.raises(UnreadableError, match="several recordings"):
            read_npz(saved_npz(**arrays, sex=np.array(["F"] * 30)))
    with pytest.raises(UnreadableError, match="no matrix that is an ECG"):
        read_npz(saved_npz(a=np.ones(5000)))


def test_a_cohorts_own_records_are_one_recording_each(tmp_path):
    from elvmass_core.virtual import simulate_cohort

    simulate_cohort(1, 7, tmp_path, fmt="npz", workers=1)
    (path,) = (tmp_path / "records").glob("*.npz")
    recording = to_recording(read_npz(path.read_bytes()))
    assert (recording.findings, recording.fs_hz) == ((), 500.0)
    with np.load(path) as archive:
        np.testing.assert_array_equal(recording.signal_mv, archive["signal_mv"].astype(float))


class Trap:
    """Runs code when unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_never_run(tmp_path):
    trap = np.array([Trap(tmp_path / "ran")] * 12, dtype=object)
    np.load(io.BytesIO(saved_npy(trap)), allow_pickle=True)
    (tmp_path / "ran").unlink()  # the trap works
    for read, content in ((read_npy, saved_npy(trap)), (read_npz, saved_npz(signal_mv=trap))):
        with pytest.raises(UnsupportedError, match="can run code"):
            read(content)
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("in_a_childs_time")
def test_an_archive_of_a_megabyte_that_holds_a_gigabyte_is_refused_before_it_is_unpacked():
    bomb = saved_npz(signal_mv=np.zeros((12, 4_000_000)), compressed=True)
    assert len(bomb) < 1_000_000
    with pytest.raises(LimitError, match="at most 10 MB"):
        read_npz(bomb)


def header(text, n_bytes=0, version=1):
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + bytes(n_bytes)


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (12, 99999999999)}", 800),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-12, -10)}", 960),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (12, 10, )}", 968),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': " + str((1,) * 70) + "}", 8),
        ("{'descr': '<f16', 'fortran_order': False, 'shape': (12, 10)}", 1920),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (12, 10)}", 960),
        ("{'descr': '<c8', 'fortran_order': False, 'shape': (12, 10)}", 960),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (12, 10)}", 0),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 8),
        ("{'descr': '<f8'}", 0),
        ("(" * 5000, 0),
        ("[" * 9999, 0),
        ("__import__('os').system('x')", 0),
        ("x" * 60_000, 0),
    ],
)
def test_a_header_that_lies_is_refused_in_a_sentence(text, n_bytes):
    with pytest.raises((UnreadableError, UnsupportedError)):
        read_npy(header(text, n_bytes))


def test_an_unknown_version_and_a_huge_header_are_refused():
    for content in (header("{}", version=4), b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", b"\x93NUMPY", b""):
        with pytest.raises(UnreadableError, match="damaged or of an unknown version"):
            read_npy(content)


# --- damage


@pytest.mark.parametrize("kind", ["text", "matlab 4", "matlab 5", "matlab 7", "npy", "npz"])
def test_three_hundred_damaged_files_are_read_or_refused_in_one_sentence(ecg_mv, kind):
    struct_2018 = {"sex": "Male", "age": 63, "data": ecg_mv[:, :2600], "leads": np.array(LEADS, dtype=object)}
    read, content = {
        "text": (read_text_matrix, text_of(ecg_mv.T, title="rhythm")),
        "matlab 4": (read_matlab, saved_mat({"fs": 500, "val": ecg_mv}, format="4")),
        "matlab 5": (read_matlab, saved_mat({"ECG": struct_2018})),
        "matlab 7": (read_matlab, saved_mat({"ECG": struct_2018}, do_compression=True)),
        "npy": (read_npy, saved_npy(ecg_mv)),
        "npz": (read_npz, saved_npz(signal=ecg_mv, fs=500, unit="mV", leads=np.array(LEADS))),
    }[kind]
    n_read = 0
    for seed in range(300):
        rng = random.Random(f"{kind}-{seed}")
        damaged = (truncated if seed % 5 == 0 else edited)(content, rng)
        is_matlab(damaged)
        is_text_matrix(damaged)
        try:
            to_recording(read(damaged), **ANSWERS)
            n_read += 1
        except RecordingError as error:
            assert 20 < len(str(error)) < 300
            assert str(error).endswith(".")
            assert "\n" not in str(error)
    assert n_read < 290
