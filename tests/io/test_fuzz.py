"""Mutated files give a recording or one typed sentence, never another exception."""

import random

import pytest

from elvmass_core.domain import Recording
from elvmass_core.errors import RecordingError
from elvmass_core.io import read_recording

LIES = [
    b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"-1", b"99999999999", b"nan", b"1e308", b"1e-308", b"0",
    b"/", b" ", b"\n", b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0", b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\xff",
]  # fmt: skip
HEAD_BYTES = 4000


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Bit flips, replaced bytes, lying lengths, cuts and insertions, mostly in the head; sometimes a truncation."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        place = rng.randrange(min(len(changed), HEAD_BYTES) if rng.random() < 0.8 else len(changed))
        lie, kind = rng.choice(LIES), rng.randrange(5)
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place] = rng.randrange(256)
        elif kind == 2:
            changed[place : place + len(lie)] = lie
        elif kind == 3:
            del changed[place : place + rng.choice([1, 2, 8])]
        else:
            changed[place:place] = lie
    if rng.random() < 0.2:
        del changed[rng.randrange(len(changed)) :]
    return bytes(changed)


@pytest.mark.parametrize("kind", ["wfdb", "dicom", "csv", "zip"])
def test_two_hundred_mutated_files_are_read_or_refused_in_one_sentence(
    kind, wfdb_files, dicom_bytes, csv_bytes, zipped
):
    files = {
        "wfdb": wfdb_files,
        "dicom": {"a": dicom_bytes},
        "csv": {"a": csv_bytes},
        "zip": {"a": zipped(wfdb_files)},
    }[kind]
    read = refused = 0
    for seed in range(200):
        rng = random.Random(f"{kind}-{seed}")
        name = rng.choice(list(files))
        try:
            assert isinstance(read_recording({**files, name: mutated(files[name], rng)}), Recording)
            read += 1
        except RecordingError as error:
            assert 20 < len(str(error)) < 300
            assert str(error).count("\n") == 0
            assert str(error).endswith(".")
            refused += 1
    assert read + refused == 200
    assert refused > 20
