"""What the averaged beat leaves behind: the whole ten seconds, and one beat as it comes, for comparator networks."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from elvmass_core.domain import BEAT_FS_HZ, BEAT_R_INDEX, BEAT_SAMPLES, FloatArray
from elvmass_core.processes import map_processes
from elvmass_core.signal import EXTRACTION_VERSION
from elvmass_core.signal.filters import clean, resample
from elvmass_core.signal.rpeaks import detect_r
from elvmass_core.study.dataset import Dataset, read_record
from elvmass_core.units import INDEPENDENT_ROWS

TEN_SECONDS_HZ = 250
TEN_SECONDS = 10 * TEN_SECONDS_HZ
MAX_OFFSET = 30
"""A single beat is cut up to 60 ms beside its R: no synchronisation."""


UNAVERAGED_FOLDER = "unaveraged"
"""Of the caches, below the folder in which a study works."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unaveraged:
    """Of the patients of a `Dataset`, in their order.

    Attributes
    ----------
    ten_seconds_mv : float16 array (n, 12, 2500)
        250 Hz, filtered as for the averaged beat.
    single_mv : float16 array (n, 12, 400)
        One beat, 500 Hz, neither averaged nor aligned.
    """

    ten_seconds_mv: np.ndarray
    single_mv: np.ndarray

    def take(self, index: np.ndarray) -> "Unaveraged":
        """The patients at `index` (integers or a mask)."""
        return Unaveraged(ten_seconds_mv=self.ten_seconds_mv[index], single_mv=self.single_mv[index])

    def noise_uv(self) -> FloatArray:
        """Noise of each recording in µV, (n,): median over the independent leads of a robust SD between neighbouring
        samples (4 ms), of which the heartbeat takes too few to matter.
        """
        steps = 1000.0 * np.diff(self.ten_seconds_mv[:, INDEPENDENT_ROWS].astype(np.float32), axis=2)
        spread = np.median(np.abs(steps - np.median(steps, axis=2, keepdims=True)), axis=2)
        noise: FloatArray = np.median(1.4826 * spread / np.sqrt(2.0), axis=1).astype(np.float64)
        return noise


def load_unaveraged(folder: Path, data: Dataset, cache: Path, workers: int) -> Unaveraged:
    """Read the recordings of a dataset again; kept in `cache`.

    Parameters
    ----------
    folder : Path
        Of the table the dataset was read from.
    """
    facts = hashlib.sha256(f"{EXTRACTION_VERSION} {TEN_SECONDS} {MAX_OFFSET}".encode())
    for array in (data.record, data.lvm_g, data.beats_mv):
        facts.update(np.ascontiguousarray(array).tobytes())
    stored = cache / f"unaveraged-{facts.hexdigest()[:16]}.npz"
    if not stored.is_file():
        items = [(folder, str(record), number) for number, record in enumerate(data.record)]
        whole, single = zip(*map_processes(_read, items, workers), strict=True)
        cache.mkdir(parents=True, exist_ok=True)
        draft = stored.with_suffix(".part.npz")
        np.savez(draft, ten_seconds_mv=np.stack(whole), single_mv=np.stack(single))
        draft.replace(stored)
    with np.load(stored, allow_pickle=False) as arrays:
        return Unaveraged(ten_seconds_mv=arrays["ten_seconds_mv"], single_mv=arrays["single_mv"])


def _read(item: tuple[Path, str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Ten seconds and one beat of a recording that gave an averaged beat before."""
    folder, record, number = item
    recording = read_record(folder, record)
    cleaned = clean(resample(recording.signal_mv, recording.fs_hz))
    slow = resample_poly(cleaned, 1, round(BEAT_FS_HZ / TEN_SECONDS_HZ), axis=1)[:, :TEN_SECONDS]
    ten_seconds = np.pad(slow, ((0, 0), (0, TEN_SECONDS - slow.shape[1])))
    rng = np.random.default_rng([number, 41])
    start = detect_r(cleaned) - BEAT_R_INDEX
    whole = start[(start >= MAX_OFFSET) & (start + BEAT_SAMPLES + MAX_OFFSET <= cleaned.shape[1])]
    begin = int(rng.choice(whole)) + int(rng.integers(-MAX_OFFSET, MAX_OFFSET + 1))
    single = cleaned[:, begin : begin + BEAT_SAMPLES]
    return ten_seconds.astype(np.float16), (single - np.median(single, axis=1, keepdims=True)).astype(np.float16)
