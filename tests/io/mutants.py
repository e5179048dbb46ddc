"""Files made wrong on purpose: flipped bits, lying lengths, cuts, nesting, bombs, entities, and paths."""

import random
import struct
import zlib
from collections.abc import Callable, Mapping

LIES = [
    b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"-1", b"99999999999", b"nan", b"1e308", b"1e-308", b"0",
    b"/", b" ", b"\n", b"../../etc/passwd", b"/etc/passwd", b"file:///etc/passwd",
    b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0", b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\xff",
    b"<!DOCTYPE a [<!ENTITY b 'cc'>]>", b"&b;", b"<a>" * 100, b"<a><a><a>", b"]]>", b"\x00", b"\x80\x80",
]  # fmt: skip
HEAD_BYTES = 4000


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One of the ways below, drawn."""
    return rng.choices(WAYS, weights=WEIGHTS)[0](content, rng)


def edited(content: bytes, rng: random.Random) -> bytes:
    """Bit flips, replaced bytes, lying lengths, cuts and insertions, mostly in the head."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        if not changed:
            break
        place = rng.randrange(min(len(changed), HEAD_BYTES) if rng.random() < 0.7 else len(changed))
        lie, kind = rng.choice(LIES), rng.randrange(6)
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place] = rng.randrange(256)
        elif kind == 2:
            changed[place : place + len(lie)] = lie
        elif kind == 3:
            del changed[place : place + rng.choice([1, 2, 8, 100])]
        elif kind == 4:
            changed[place:place] = lie
        else:
            number = rng.choice([0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, rng.randrange(2**32)])
            width = rng.choice(["<H", "<I", ">H", ">I"])
            packed = struct.pack(width, number % (2**16 if width[1] == "H" else 2**32))
            changed[place : place + len(packed)] = packed
    return bytes(changed)


def truncated(content: bytes, rng: random.Random) -> bytes:
    """Cut anywhere."""
    return content[: rng.randrange(len(content))]


def number_replaced(content: bytes, rng: random.Random) -> bytes:
    """A run of digits becomes a number that lies: in text formats these are counts, rates and gains."""
    places = [at for at, byte in enumerate(content[: 20 * HEAD_BYTES]) if 48 <= byte <= 57]
    if not places:
        return edited(content, rng)
    start = end = rng.choice(places)
    while end < len(content) and 48 <= content[end] <= 57:
        end += 1
    lie = rng.choice([b"0", b"-1", b"1", b"65536", b"4294967296", b"999999999999999999999", b"1e400", b"nan", b"1.5"])
    return content[:start] + lie + content[end:]


def repeated(content: bytes, rng: random.Random) -> bytes:
    """A stretch comes many times: nesting and counts grow."""
    start = rng.randrange(len(content))
    stretch = content[start : start + rng.choice([4, 16, 64, 400])]
    return content[:start] + stretch * rng.choice([10, 100, 1000]) + content[start:]


def swapped(content: bytes, rng: random.Random) -> bytes:
    """Two stretches change places."""
    first, second = sorted(rng.randrange(len(content)) for _ in range(2))
    length = rng.choice([8, 64, 1000])
    return (
        content[:first]
        + content[second : second + length]
        + content[first + length : second]
        + content[first : first + length]
        + content[second + length :]
    )


def inflated(content: bytes, rng: random.Random) -> bytes:
    """A bomb in the middle: a megabyte of zeros, packed or not."""
    start = rng.randrange(len(content))
    bomb = rng.choice([zlib.compress(bytes(10_000_000)), bytes(1_000_000), b"<b>" * 30_000, b"9" * 1_000_000])
    return content[:start] + bomb + content[start:]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    edited, truncated, number_replaced, repeated, swapped, inflated,
)  # fmt: skip
WEIGHTS = (50, 15, 15, 8, 8, 4)


def mutated_files(files: Mapping[str, bytes], rng: random.Random) -> dict[str, bytes]:
    """One file of a recording is changed."""
    name = rng.choice(sorted(files))
    return {**files, name: mutated(files[name], rng)}
