"""The files of a comparison: written by the command, read by the page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elvmass_core.errors import TableError
from elvmass_core.sexes.compare import PER_ECG, Comparison
from elvmass_core.sexes.report import markdown

RESULT, PAGE, MAPS = "sexes.json", "sexes.md", "sexes.npz"
ARRAYS = "sexes-arrays"
"""Folder of the arrays with an axis over the ECGs."""


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
    (out / RESULT).write_text(json.dumps(_rounded(document), indent=1) + "\n", encoding="utf-8")
    np.savez_compressed(out / MAPS, allow_pickle=False, **maps)
    page = out / PAGE
    page.write_text(markdown(document), encoding="utf-8")
    return page


def write_arrays(out: Path, world: str, found: Comparison) -> dict[str, np.ndarray]:
    """Write everything to the folder of arrays; return what is small, under ``world/name``."""
    folder = out / ARRAYS
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / f"{world.replace(' ', '-')}.npz", allow_pickle=False, **found.arrays)
    return {f"{world}/{name}": values for name, values in found.arrays.items() if name not in PER_ECG}


def read(folder: Path) -> Stored:
    """Read a comparison.

    Raises
    ------
    TableError
        A file is missing or is not what the command wrote.
    """
    try:
        document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        with np.load(folder / MAPS, allow_pickle=False) as stored:
            maps: dict[str, dict[str, np.ndarray]] = {}
            for name in stored.files:
                world, _, what = name.rpartition("/")
                maps.setdefault(world, {})[what] = stored[name]
    except (OSError, ValueError) as error:
        raise TableError("The comparison cannot be read: run the command `sexes` again.") from error
    return Stored(document=document, maps=maps)


def _rounded(value: object) -> object:
    """Five significant digits: the figures, not the noise of their computation."""
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
