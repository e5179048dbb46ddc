"""What is compared: how much a segment moves the answer, in four units.

Grams alone would call every segment of the larger heart more important. Per cent of the estimate takes the size of the
heart away, the share of the map what the whole ECG is worth to a model, grams per mV the size of the deflection.
"""

from collections.abc import Sequence

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.sexes.maps import CELLS, RunMaps

QUANTITIES = {
    "grams": "g",
    "percent": "% of the estimate",
    "share": "% of the map",
    "per_mv": "g/mV",
}
"""Name and unit; all of the absolute grams on a cell."""
PRIMARY = "share"
"""What the answer is given on: it knows neither the size of the heart nor that of the deflections of a whole ECG."""
ST_T = tuple(k for k, (_, segment) in enumerate(CELLS) if segment in ("ST", "T"))
QRS = tuple(k for k, (_, segment) in enumerate(CELLS) if segment == "QRS")


def importance(maps: RunMaps, deviation_mv: FloatArray, who: np.ndarray) -> dict[str, FloatArray]:
    """Mean importance of every cell to one run on some ECGs, in each of `QUANTITIES`; arrays (n_cells,)."""
    size = np.abs(maps.cells_g[who])
    mean = size.mean(axis=0)
    return {
        "grams": mean,
        "percent": 100.0 * (size / maps.estimate_g[who, None]).mean(axis=0),
        "share": 100.0 * mean / mean.sum(),
        "per_mv": mean / deviation_mv[who].mean(axis=0),
    }


def per_ecg(maps: Sequence[RunMaps], quantity: str, deviation_mv: FloatArray) -> FloatArray:
    """The same for single ECGs, averaged over the runs, (n, n_cells)."""
    each = []
    for one in maps:
        size = np.abs(one.cells_g)
        scale = {
            "grams": np.ones((len(size), 1)),
            "percent": one.estimate_g[:, None] / 100.0,
            "share": size.sum(axis=1, keepdims=True) / 100.0,
            "per_mv": np.maximum(deviation_mv, 0.005),
        }[quantity]
        each.append(size / scale)
    return np.mean(each, axis=0)
