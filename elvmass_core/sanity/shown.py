"""From the numbers of a panel to what its figures draw."""

from collections.abc import Mapping

from elvmass_core.figures.study import Dot
from elvmass_core.sanity.panel import Panel

_CASCADE = {"with signs": "rho", "signs dropped": "rho_absolute", "table, with signs": "cells_rho",
            "table, signs dropped": "cells_rho_absolute"}  # fmt: skip
READINGS: Mapping[str, str] = {
    "samples": "single samples",
    "samples, sign dropped": "single samples, signs dropped",
    "limb leads added up": "limb leads added up",
    "smoothed by 10 ms": "smoothed in time, 10 ms",
    "smoothed by 20 ms": "smoothed in time, 20 ms",
    "samples, expected gradients": "single samples, expected gradients",
    "samples, means of two": "single samples, two networks averaged",
    "samples, expected of five": "single samples, five averaged (calculated)",
    "table": "table",
    "table, sign dropped": "table, signs dropped",
    "table, expected gradients": "table, expected gradients",
    "table, means of two": "table, two networks averaged",
    "table, expected of five": "table, five averaged (calculated)",
}
"""Ways of reading a map, as the panel and as the figure call them."""


def cascade_curves(panel: Panel) -> tuple[list[str], dict[str, list[float]]]:
    """Names of the layers, and likeness to the true map with them random."""
    rows = panel["weights"].values["stages"]
    return [row["name"] for row in rows], {name: [row[key]["mean"] for row in rows] for name, key in _CASCADE.items()}


def consistency_dots(panel: Panel) -> tuple[list[str], dict[str, list[Dot]]]:
    """Ways of reading a map, and the likeness of seeds, folds, networks of other patients; last the floor."""
    parts = {
        "other start": panel["seeds"].values["variants"],
        "a fifth left out": panel["folds"].values["variants"],
        "other patients": panel["others"].values["variants"],
        "random network": panel["seeds"].values["floor"],
    }
    dots = {name: [_dot(found.get(key)) for key in READINGS] for name, found in parts.items()}
    return list(READINGS.values()), dots


def exchange_curves(panel: Panel, kind: str) -> tuple[list[float], dict[str, list[float]]]:
    """Share of the cells, and of the way made, for "insertion" or "deletion"."""
    found = panel["curves"].values
    return found["share"], {"most grams first": found[kind]["map"], "random order": found[kind]["random"]}


def _dot(found: Mapping[str, float] | None) -> Dot:
    if found is None or found.get("mean") is None:
        return Dot(value=None)
    ends = (found["low"], found["high"]) if "low" in found else None
    return Dot(value=found["mean"], interval=ends)
