"""Attributions of thousands of beats: in processes, with progress, each complete."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from elvmass_core.attribution.methods import Maps, Points, integrated_gradients
from elvmass_core.domain import FloatArray
from elvmass_core.models.bundle import Bundle, load_bundle
from elvmass_core.models.inputs import GROUPS, columns
from elvmass_core.processes import Progress, map_processes

STEPS = 32
MORE_STEPS = 256
"""For the few beats whose maps do not add up with `STEPS`."""
SHARE = 0.01
LEAST_G = 0.5
"""A map adds up when its error is within 1 % of the difference from the reference, or within 0.5 g."""
CHUNK = 16
Task = tuple[Path, NDArray[Any], FloatArray, int]
"""Weights, beats in single precision to send half as much, rows and steps."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyMaps:
    """Ensemble-mean integrated gradients of many beats.

    Attributes
    ----------
    beat_g : float32 array (n, 12, 400)
    tabular_g : array (n, n_groups)
        On the non-waveform inputs, in the order of `models.inputs.GROUPS`.
    estimate_g, reference_g : arrays (n,)
        The answer, and that for the reference it is explained from.
    """

    beat_g: NDArray[np.float32]
    tabular_g: FloatArray
    estimate_g: FloatArray
    reference_g: FloatArray

    @property
    def delta_g(self) -> FloatArray:
        """Sum of all attributions less the difference from the reference, (n,)."""
        total = self.beat_g.sum(axis=(1, 2), dtype=np.float64) + self.tabular_g.sum(axis=1)
        return total - (self.estimate_g - self.reference_g)

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Whose error is small enough, (n,)."""
        allowed = np.maximum(LEAST_G, SHARE * np.abs(self.estimate_g - self.reference_g))
        return np.abs(self.delta_g) <= allowed


def explain_many(
    bundle: Path,
    beats_mv: FloatArray,
    rows: FloatArray,
    *,
    steps: int = STEPS,
    workers: int = 2,
    progress: Progress | None = None,
) -> ManyMaps:
    """Integrated gradients of every beat through all members.

    Parameters
    ----------
    bundle : Path
        Folder of the weights; every process loads it once.
    beats_mv : array (n, 12, 400)
    rows : array (n, 10)
        Non-waveform inputs in natural units, NaN where unknown.
    progress : callable, optional
        Called with (beats done, n).

    Raises
    ------
    BundleError
        The weights cannot be used.
    """
    load_bundle(bundle)
    tasks: list[Task] = [
        (bundle, np.asarray(beats_mv[start : start + CHUNK], dtype=np.float32), rows[start : start + CHUNK], steps)
        for start in range(0, len(rows), CHUNK)
    ]
    parts: list[ManyMaps] = []
    for part in map_processes(_explain_task, tasks, workers, chunk=1):
        parts.append(part)
        if progress is not None:
            progress(sum(len(one.estimate_g) for one in parts), len(rows))
    names = ("beat_g", "tabular_g", "estimate_g", "reference_g")
    return ManyMaps(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


_loaded = lru_cache(maxsize=2)(load_bundle)


def _explain_task(task: Task) -> ManyMaps:
    torch.set_num_threads(1)
    folder, beats_mv, rows, steps = task
    return explain_beats(_loaded(folder), beats_mv, rows, steps)


def explain_beats(bundle: Bundle, beats_mv: FloatArray, rows: FloatArray, steps: int = STEPS) -> ManyMaps:
    """The same for a few beats, in this process; those that do not add up are done again with more steps."""
    references = np.stack([bundle.reference_row(row) for row in rows])
    starts = np.repeat(bundle.reference_beat_mv[None], len(rows), axis=0)
    estimate = bundle.members_g(beats_mv, rows).mean(axis=0)
    reference = bundle.members_g(starts, references).mean(axis=0)
    first = _mean_maps(bundle, beats_mv, rows, references, steps)
    found = _collect(first, estimate, reference)
    again = np.flatnonzero(~found.complete)
    if len(again):
        better = _mean_maps(bundle, beats_mv[again], rows[again], references[again], MORE_STEPS)
        first.beat_g[again], first.inputs_g[again] = better.beat_g, better.inputs_g
        found = _collect(first, estimate, reference)
    return found


def _mean_maps(bundle: Bundle, beats_mv: FloatArray, rows: FloatArray, references: FloatArray, steps: int) -> Maps:
    """Mean over the members."""
    points = Points.of(beats_mv, bundle.normaliser(rows))
    starts = Points.of(np.repeat(bundle.reference_beat_mv[None], len(rows), axis=0), bundle.normaliser(references))
    return Maps.mean([integrated_gradients(member, points, starts, steps) for member in bundle.ensemble.members])


def _collect(maps: Maps, estimate_g: FloatArray, reference_g: FloatArray) -> ManyMaps:
    tabular = np.stack([maps.inputs_g[:, columns(parts)].sum(axis=1) for parts in GROUPS.values()], axis=1)
    return ManyMaps(
        beat_g=maps.beat_g.astype(np.float32), tabular_g=tabular, estimate_g=estimate_g, reference_g=reference_g
    )
