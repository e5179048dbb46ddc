"""The files of a comparison: written by the command, read by the page."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.domain import BEAT_SAMPLES, N_LEADS
from elvmass_core.errors import TableError
from elvmass_core.sexes.compare import PER_ECG, SUMMARIES, Comparison
from elvmass_core.sexes.maps import CELLS
from elvmass_core.sexes.measures import QUANTITIES, ST_T
from elvmass_core.sexes.report import markdown
from elvmass_core.sexes.statistics import half_width_in_sd
from elvmass_core.study.results import rounded

RESULT, PAGE, MAPS = "sexes.json", "sexes.md", "sexes.npz"
ARRAYS = "sexes-arrays"
"""Folder of the arrays with an axis over the ECGs."""
DIGITS = 5
"""Significant digits in ``sexes.json``."""
MAX_BYTES, MAX_UNPACKED_BYTES = 10_000_000, 50_000_000
_AGAIN = "run the command `sexes` again and give its sexes.json and sexes.npz."
_SHOWN = ("men", "women", "difference", "low", "high", "p", "p_max_t", "q")
_SIZES = ("pairs", "runs", "patients_per_run", "epochs", "steps")
_LARGEST = 1_000_000_000
_BALANCE = ("men", "women", "difference_sd", "difference_before_sd")
_UNREADABLE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError, EOFError, OSError, MemoryError,
    zipfile.BadZipFile, zlib.error, NotImplementedError, OverflowError,
)  # fmt: skip
"""What damaged files, or others, make the code below raise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stored:
    """A comparison as read from its files.

    Attributes
    ----------
    document : mapping
        ``worlds``: name → result (`compare.Comparison.result` with ``answer`` and ``description``); ``null``.
    maps : mapping of name to mapping of name to array
        By world: mean maps, mean beats, importance.
    """

    document: Mapping
    maps: Mapping[str, Mapping[str, np.ndarray]]


def write(out: Path, document: Mapping, maps: Mapping[str, np.ndarray]) -> Path:
    """Write result, page and mean maps."""
    out.mkdir(parents=True, exist_ok=True)
    (out / RESULT).write_bytes(_json(document))
    (out / MAPS).write_bytes(_npz(maps))
    page = out / PAGE
    page.write_text(markdown(document), encoding="utf-8")
    return page


def write_arrays(out: Path, world: str, found: Comparison) -> dict[str, np.ndarray]:
    """Write everything to the folder of arrays; return what is small, under ``world/name``."""
    folder = out / ARRAYS
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{world.replace(' ', '-')}.npz", allow_pickle=False, **found.arrays)
    return {f"{world}/{name}": values for name, values in found.arrays.items() if name not in PER_ECG}


def to_bytes(stored: Stored, world: str) -> tuple[bytes, bytes]:
    """One world as the content of the two files: what `read_bytes` reads."""
    document = {"quick": stored.document.get("quick", False), "worlds": {world: stored.document["worlds"][world]}}
    return _json(document), _npz({f"{world}/{name}": values for name, values in stored.maps[world].items()})


def run_shares(arrays: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float, float]]:
    """Share of ST and T in the maps of men's runs and of women's, in %: mean and 95 % interval over the runs.

    Parameters
    ----------
    arrays : mapping
        One of `Stored.maps`: ``importance`` (quantity, sex of the ECGs, run, cell) and ``male_run`` (run,).
    """
    share = arrays["importance"][list(QUANTITIES).index("share")].mean(axis=0)[:, list(ST_T)].sum(axis=1)
    male = np.asarray(arrays["male_run"], dtype=bool)
    return {who: _mean_interval(share[mine]) for who, mine in (("men's runs", male), ("women's runs", ~male))}


def _mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    mean, half = float(values.mean()), float(values.std(ddof=1)) * half_width_in_sd(len(values))
    return mean, mean - half, mean + half


def _json(document: Mapping) -> bytes:
    return (json.dumps(rounded(document, DIGITS), indent=1) + "\n").encode()


def _npz(maps: Mapping[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **maps)
    return content.getvalue()


def read(folder: Path) -> Stored:
    """Read a comparison.

    Raises
    ------
    TableError
        A file is missing or is not what the command wrote.
    """
    try:
        return read_bytes((folder / RESULT).read_bytes(), (folder / MAPS).read_bytes())
    except OSError as error:
        raise TableError(f"The comparison cannot be read: {_AGAIN}") from error


def read_bytes(result: bytes, maps: bytes) -> Stored:
    """The same from the content of ``sexes.json`` and ``sexes.npz``, which may come from anywhere.

    Raises
    ------
    TableError
        Too large, damaged, or another layout.
    """
    if max(len(result), len(maps)) > MAX_BYTES:
        raise TableError(f"The comparison is larger than {MAX_BYTES // 1_000_000} MB: {_AGAIN}")
    try:
        document = json.loads(result)
        arrays = _arrays_of(maps)
        for name, world in document["worlds"].items():
            _check_world(world)
            _check_maps(arrays[name])
        if not document["worlds"]:
            raise ValueError("no world")
    except _UNREADABLE as error:
        raise TableError(f"The comparison cannot be read: {_AGAIN}") from error
    return Stored(document=document, maps=arrays)


def _arrays_of(maps: bytes) -> dict[str, dict[str, np.ndarray]]:
    """Arrays by world and name; sizes are looked at before anything is unpacked."""
    with zipfile.ZipFile(io.BytesIO(maps)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise ValueError("too large")
    found: dict[str, dict[str, np.ndarray]] = {}
    with np.load(io.BytesIO(maps), allow_pickle=False) as stored:
        for name in stored.files:
            world, _, what = name.rpartition("/")
            found.setdefault(world, {})[what] = stored[name]
    return found


def _check_world(world: Mapping) -> None:
    """KeyError, TypeError or ValueError unless everything is there that is shown."""
    cells = len(world["cells"])
    for name in QUANTITIES:
        quantity = world["quantities"][name]
        effects = [quantity["model"], quantity["interaction"], quantity["input"]]
        numbers = [_numbers(effect[key]) for effect in effects for key in _SHOWN]
        numbers += [_numbers(quantity["model"][key]) for key in ("size", "detectable")]
        if any(values.shape != (cells,) or not np.isfinite(values).all() for values in numbers):
            raise ValueError(name)
        if quantity["unit"] != QUANTITIES[name] or quantity["summary"]["names"] != list(SUMMARIES):
            raise ValueError("names")
        summary = [_numbers(quantity["summary"]["model"][key]) for key in (*_SHOWN, "detectable")]
        if any(values.shape != (len(SUMMARIES),) or not np.isfinite(values).all() for values in summary):
            raise ValueError("summary")
    if world["primary"] not in QUANTITIES or [tuple(cell) for cell in world["cells"]] != list(CELLS):
        raise ValueError("cells")
    if not all(type(world[name]) is int and 0 < world[name] < _LARGEST for name in _SIZES) or world["runs"] < 2:
        raise ValueError("sizes")
    for row in world["balance"]:
        if not isinstance(row["variable"], str) or not np.isfinite(_numbers([row[name] for name in _BALANCE])).all():
            raise ValueError("balance")


def _numbers(values: object) -> np.ndarray:
    """Plain numbers only: NumPy would also read a number written as text, which cannot be rounded later."""
    if not isinstance(values, list) or not all(type(value) in (int, float) for value in values):
        raise TypeError("numbers")
    return np.array(values, dtype=float)


def _check_maps(arrays: Mapping[str, np.ndarray]) -> None:
    shapes = {
        "absolute_maps_g": (2, 2, N_LEADS, BEAT_SAMPLES),
        "absolute_maps_sd_g": (2, 2, N_LEADS, BEAT_SAMPLES),
        "mean_beats_mv": (2, N_LEADS, BEAT_SAMPLES),
    }
    for name, shape in shapes.items():
        real = np.issubdtype(arrays[name].dtype, np.floating)
        if not real or arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(name)
