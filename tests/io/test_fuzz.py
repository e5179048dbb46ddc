"""Mutated files give a recording or one typed sentence, never another exception (see `benchmarks/fuzz_readers.py`)."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elvmass_core.domain import Recording
from elvmass_core.errors import RecordingError
from elvmass_core.io import open_files
from elvmass_core.io.detect import Kind, detect
from tests.io.mutants import mutated_files
from tests.io.seeds import seeds_by_format

FORMATS = sorted(seeds_by_format())
PER_FORMAT = 60


def attempt(files, **answers):
    """Whether the files were read; anything but a recording or one sentence fails."""
    try:
        recording = open_files(files, **answers).recording
    except RecordingError as error:
        assert 20 < len(str(error)) < 400
        assert "\n" not in str(error)
        assert str(error).endswith(".")
        return False
    assert isinstance(recording, Recording)
    return True


@pytest.mark.parametrize("fmt", FORMATS)
def test_mutated_files_are_read_or_refused_in_one_sentence(fmt):
    read = 0
    for seed in range(PER_FORMAT):
        rng = random.Random(f"{fmt}-{seed}")
        read += attempt(mutated_files(rng.choice(seeds_by_format()[fmt]), rng), unit="mV", fs_hz=500.0)
    assert read < PER_FORMAT


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_seed_is_read_before_it_is_mutated(fmt):
    for files in seeds_by_format()[fmt]:
        answers = {"unit": "mV", "fs_hz": 500.0} if fmt in ("matlab", "numpy", "text") else {}
        if "129DYPRG.XML" not in files:
            assert attempt(files, **answers)


@given(st.binary(max_size=2000))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_in_one_sentence(content):
    attempt({"a": content})


MARKS = [
    b"", b" " * 128 + b"DICM", b"PK\x03\x04", b"<RestingECG>", b"<AnnotatedECG xmlns='urn:hl7-org:v3'>",
    b"<restingecgdata>", b"<CardiologyXML>", b"\x93NUMPY\x01\x00v\x00", b"MATLAB 5.0 MAT-file",
    b"0       " + b" " * 300, bytes(16) + b"SCPECG", b'{"reopen": ', b"a 12 500 5000\na.dat 16\n", b"I,II,III\n",
    b"1 2 3 4 5 6 7 8 9 10 11 12\n",
]  # fmt: skip


@given(st.sampled_from(MARKS), st.binary(max_size=600))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_after_the_mark_of_a_format_are_refused_in_one_sentence(mark, content):
    attempt({"a": mark + content}, unit="uV", fs_hz=250.0)


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_some_kind_of_file_or_refused(text):
    try:
        assert detect(text.encode()) in Kind
    except RecordingError as error:
        assert str(error).endswith(".")
