"""Samples of a WFDB data file: counts from packed bytes, in the formats of PhysioNet's signal(5).

Each format packs a few samples into a block of a few bytes; `unpack` puts their bits in place and one shift of the
32-bit words gives all formats their sign. First differences (8) and FLAC (508, 516, 524) are not here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int32]
WORD_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFormat:
    """How one format packs its samples.

    Parameters
    ----------
    bits : int
        Of one sample.
    samples, octets : int
        Of one block.
    unpack : callable
        Blocks (n, octets) → unsigned samples (n, samples) in the low bits.
    step : int
        Bytes that belong together: a last block may be cut only between them.
    """

    bits: int
    samples: int
    octets: int
    unpack: Callable[[Words], Words]
    step: int = 1

    @property
    def invalid(self) -> int:
        """The sample value that means "no valid sample": the lowest."""
        return -(2 ** (self.bits - 1))

    def samples_in(self, n_bytes: int) -> int:
        """Samples that so many bytes hold."""
        return n_bytes // self.step * self.step * self.samples // self.octets

    def decode(self, data: memoryview, total: int) -> Words:
        """Return the first `total` samples; the caller has checked `samples_in`."""
        n_bytes = -(-total // self.samples) * self.octets
        blocks = np.frombuffer(bytes(data[:n_bytes]).ljust(n_bytes, b"\0"), np.uint8).reshape(-1, self.octets)
        unsigned = self.unpack(blocks.astype(np.int32)).ravel()[:total]
        return (unsigned << (WORD_BITS - self.bits)) >> (WORD_BITS - self.bits)


def _whole(n_bytes: int, *, high_first: bool = False, offset: int = 0) -> SampleFormat:
    """A sample in whole bytes; `offset` is the highest bit where the file holds offset binary."""
    places = list(reversed(range(n_bytes))) if high_first else list(range(n_bytes))

    def unpack(blocks: Words) -> Words:
        word = np.full((len(blocks), 1), offset, dtype=np.int32)
        for column, place in enumerate(places):
            word ^= blocks[:, column : column + 1] << (8 * place)
        return word

    return SampleFormat(bits=8 * n_bytes, samples=1, octets=n_bytes, unpack=unpack)


def _unpack_212(blocks: Words) -> Words:
    """Two 12-bit samples in three bytes; the middle one holds the high bits of both."""
    low, middle, high = blocks.T
    return np.stack([low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4], axis=1)


def _unpack_310(blocks: Words) -> Words:
    """Three 10-bit samples in two 16-bit words: one in each above the lowest bit, the third in what is left."""
    first, second = blocks[:, 0] | blocks[:, 1] << 8, blocks[:, 2] | blocks[:, 3] << 8
    return np.stack([first >> 1, second >> 1, first >> 11 | (second >> 11) << 5], axis=1)


def _unpack_311(blocks: Words) -> Words:
    """Three 10-bit samples in a row in one 32-bit word."""
    word = blocks[:, 0] | blocks[:, 1] << 8 | blocks[:, 2] << 16 | blocks[:, 3] << 24
    return np.stack([word, word >> 10, word >> 20], axis=1)


FORMATS = {
    16: _whole(2),
    24: _whole(3),
    32: _whole(4),
    61: _whole(2, high_first=True),
    80: _whole(1, offset=2**7),
    160: _whole(2, offset=2**15),
    212: SampleFormat(bits=12, samples=2, octets=3, unpack=_unpack_212),
    310: SampleFormat(bits=10, samples=3, octets=4, unpack=_unpack_310, step=2),
    311: SampleFormat(bits=10, samples=3, octets=4, unpack=_unpack_311),
}


def checksum_16(counts: NDArray[np.integer]) -> int:
    """Sum of the samples as a signed 16-bit integer, WFDB's checksum of one signal."""
    return (int(counts.sum(dtype=np.int64)) + 2**15) % 2**16 - 2**15
