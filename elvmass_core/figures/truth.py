"""Figures of the truth experiment: what the maps of each method make of a change whose cause is known."""

from collections.abc import Mapping

import plotly.graph_objects as go

from elvmass_core.figures.study import Dot, dots
from elvmass_core.figures.style import Theme

SHOWN_METHODS = ("integrated gradients", "occlusion", "random weights")
"""Expected gradients lie on integrated gradients; the table has them all."""
AXES = {
    "swap": ("Which way and how much", "rank correlation with exchanging the cell, ρ", 2, 1.0),
    "share": ("Where", "share of the map's change on what changed, %", 0, 100.0),
}
"""Score → heading, axis, digits, factor."""
_RANGES = {"swap": (-0.45, 1.0), "share": (0.0, 100.0)}
"""Wide enough for the labels to stand clear of the dots."""
_SEX_WORDS = {"M": "men", "F": "women"}


def blame(result: Mapping, score: str, *, theme: Theme = "light") -> go.Figure:
    """One score of three methods for every mechanism and sex, with 95 % intervals.

    Parameters
    ----------
    result : mapping
        Content of ``truth.json``.
    score : {"swap", "share"}
    """
    _, axis, digits, factor = AXES[score]
    experiments = [(name, sex) for name in result["mechanisms"] for sex in result["sexes"]]
    series = {
        method: [_dot(result["sexes"][sex][name]["methods"][method][score], factor) for name, sex in experiments]
        for method in SHOWN_METHODS
    }
    labels = [f"{name}, {_SEX_WORDS[sex]}" for name, sex in experiments]
    figure = dots(series, labels, axis=axis, digits=digits, at=0.0 if score == "swap" else None, theme=theme)
    return figure.update_xaxes(range=_RANGES[score])


def _dot(value: list[float], factor: float) -> Dot:
    mean, low, high = (factor * one for one in value)
    return Dot(value=mean, interval=(low, high))
