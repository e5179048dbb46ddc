"""Figures of the truth experiment: what the maps of each method make of a change whose cause is known."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from elvmass_core.domain import Sex
from elvmass_core.figures.study import Dot, dots
from elvmass_core.figures.style import PALETTES, Theme, float32
from elvmass_core.wording import SEX_NAMES

SHOWN_METHODS = ("integrated gradients", "occlusion", "random weights")
"""Expected gradients lie on integrated gradients; the table has them all."""
AXES = {
    "own": ("Which way and how much", "rank correlation with exchanging the cell, ρ", 2, 1.0),
    "placed": ("Where", "share of the map's change where the mechanism acts, %", 0, 100.0),
}
"""Score → heading, axis, digits, factor."""
_RANGES = {"own": (-0.45, 1.0), "placed": (0.0, 100.0)}
"""Wide enough for the labels to stand clear of the dots."""
CHANCE = {"placed": "placed_chance"}
"""Score → what the patient's usual map reaches."""


def blame(result: Mapping, score: str, *, theme: Theme = "light") -> go.Figure:
    """One score of three methods for every mechanism and sex, with 95 % intervals.

    Parameters
    ----------
    result : mapping
        Content of ``truth.json``.
    score : {"own", "placed"}
        How far each map accounts for the network it is of, or how much of its change lies where the mechanism must act
        (mechanisms that act on every cell have no line). A short upright line is chance: the usual map of that patient.
    """
    _, axis, digits, factor = AXES[score]
    experiments = [
        (name, sex) for name in result["mechanisms"] for sex in result["sexes"]
        if result["sexes"][sex][name]["methods"][SHOWN_METHODS[0]][score] is not None
    ]  # fmt: skip
    series = {
        method: [_dot(result["sexes"][sex][name]["methods"][method][score], factor) for name, sex in experiments]
        for method in SHOWN_METHODS
    }
    labels = [f"{name}, {SEX_NAMES[Sex(sex)]}" for name, sex in experiments]
    figure = dots(series, labels, axis=axis, digits=digits, at=0.0 if score == "own" else None, theme=theme)
    if score in CHANCE:
        figure.add_trace(_chance(result, experiments, CHANCE[score], factor, theme))
    return figure.update_xaxes(range=_RANGES[score])


def _dot(value: list[float] | None, factor: float) -> Dot:
    if value is None:
        return Dot(value=None)
    mean, low, high = (factor * one for one in value)
    return Dot(value=mean, interval=(low, high))


def _chance(
    result: Mapping, experiments: Sequence[tuple[str, str]], score: str, factor: float, theme: Theme
) -> go.Scatter:
    """An upright mark on each line where the usual map of integrated gradients stands."""
    found = [result["sexes"][sex][name]["methods"][SHOWN_METHODS[0]][score] for name, sex in experiments]
    known = [(number, factor * value[0]) for number, value in enumerate(found) if value is not None]
    return go.Scatter(
        x=float32(np.array([value for _, value in known])), y=float32(np.array([number + 0.08 for number, _ in known])),
        name="chance", mode="markers", hovertemplate="chance: %{x:.0f} %<extra></extra>",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 2.5, "color": PALETTES[theme].muted}},
    )  # fmt: skip
