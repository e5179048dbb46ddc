"""Figures of a validation, from plain arrays: error and ranking by model, agreement, ROC, calibration, net benefit.

Men are squares and women are circles throughout, in two colours that stay apart without colour vision; orange and blue
keep their meaning for mass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from elvmass_core.figures.style import PALETTES, Theme, float32, themed

Floats = NDArray[np.floating]
SERIES_COLORS: Mapping[str, tuple[str, ...]] = {
    "light": ("#007a59", "#a8437f", "#0072b2"),
    "dark": ("#2cc79d", "#e79ac6", "#56b4e9"),
}
"""Men, women and a spare: of the Okabe–Ito set, darker on white and lighter on black for contrast."""
LINE_COLORS: Mapping[str, tuple[str, ...]] = {
    "light": ("#0072b2", "#b25000", "#5b5f66", "#1b1b1b", "#8a6d00"),
    "dark": ("#56b4e9", "#f5943a", "#b4b8bf", "#f1f1f1", "#f0e442"),
}
"""Models: other colours than the sexes have, and a dash and a symbol each."""
SYMBOLS = ("square", "circle", "diamond", "triangle-up", "x")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_ROW_PX, _POINT_PX = 40, 7
_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "title": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A figure with its interval; None where there is none."""

    value: float | None
    interval: tuple[float, float] | None = None


def dots(
    series: Mapping[str, Sequence[Dot]],
    labels: Sequence[str],
    *,
    axis: str,
    digits: int,
    bold: Sequence[int] = (),
    at: float | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Dots with intervals, one line per label (written above it, so that it fits a phone), one symbol per series.

    Parameters
    ----------
    series : mapping
        Name (men, women) to as many dots as there are labels.
    axis : str
        Title of the axis, with its unit.
    bold : sequence of int
        Labels to stress.
    at : float, optional
        Where a vertical line stands, e.g. 0.5 for a c-statistic.
    """
    figure = go.Figure([
        _dots_of(name, place, one, labels, (axis, digits), len(series), theme)
        for place, (name, one) in enumerate(series.items())
    ])  # fmt: skip
    figure.update_layout(annotations=[_label(row, text, row in bold, theme) for row, text in enumerate(labels)])
    _axes(figure, theme, x=axis, y=None)
    figure.update_yaxes(range=[len(labels) - 0.35, -0.75], showticklabels=False, showgrid=False)
    if at is not None:
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=_thin(theme), layer="below")
    return _framed(figure, theme, height=96 + _ROW_PX * len(labels))


def _dots_of(
    name: str, place: int, row: Sequence[Dot], labels: Sequence[str], axis: tuple[str, int], n: int, theme: Theme
) -> go.Scatter:
    """One series, a little above or below the middle of its lines."""
    known = [(number, one, one.value) for number, one in enumerate(row) if one.value is not None]
    middle = np.array([value for *_, value in known])
    ends = np.array([one.interval or (value, value) for _, one, value in known]).reshape(-1, 2)
    color, shift = SERIES_COLORS[theme][place], 0.22 * (place - 0.5 * (n - 1))
    return go.Scatter(
        x=float32(middle), y=float32(np.array([number + 0.08 + shift for number, *_ in known])),
        name=name, mode="markers",
        marker={"symbol": SYMBOLS[place], "size": 8, "color": color},
        error_x={
            "type": "data", "symmetric": False, "color": color, "thickness": 1.5, "width": 3,
            "array": float32(ends[:, 1] - middle), "arrayminus": float32(middle - ends[:, 0]),
        },
        text=[_hover(labels[number], name, one, axis[1]) for number, one, _ in known],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _hover(label: str, name: str, one: Dot, digits: int) -> str:
    interval = "" if one.interval is None else f" ({one.interval[0]:.{digits}f} to {one.interval[1]:.{digits}f})"
    return f"{label}<br>{name}: {one.value:.{digits}f}{interval}"


def _label(row: int, text: str, stressed: bool, theme: Theme) -> dict[str, Any]:
    return {
        "text": f"<b>{text}</b>" if stressed else text, "x": 0, "xref": "paper", "xanchor": "left", "y": row - 0.36,
        "yref": "y", "yanchor": "middle", "showarrow": False, "align": "left", "xshift": 4,
        "bgcolor": PALETTES[theme].panel, "borderpad": 0, "font": {"size": 11.5, "color": PALETTES[theme].ink},
    }  # fmt: skip


# --- One model against the known mass ---------------------------------------------------------------------------------


def scatter_masses(known_g: Floats, estimate_g: Floats, *, who: str, known: str, theme: Theme = "light") -> go.Figure:
    """Estimated against known mass of one sex, arrays (n,) in g, with the line of identity; both axes alike."""
    ends = _span(known_g, estimate_g)
    figure = go.Figure([_line(ends, ends, theme), _points(known_g, estimate_g, who, theme, (known, "estimated"))])
    _axes(figure, theme, x=f"{known} LV mass, {who}, g", y="estimated LV mass, g")
    figure.update_xaxes(range=ends)
    figure.update_yaxes(range=ends)
    return _framed(figure, theme, height=400, legend=False)


def bland_altman(
    mean_g: Floats, difference_g: Floats, bias_g: float, limits_g: tuple[float, float], *, who: str,
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Difference against mean of one sex, arrays (n,) in g, with bias and limits of agreement."""
    figure = go.Figure(_points(mean_g, difference_g, who, theme, ("mean", "difference")))
    marks = {f"bias {_signed(bias_g)} g": (bias_g, "solid")}
    marks |= {f"limit {_signed(limit)} g": (limit, "dash") for limit in limits_g}
    for text, (grams, dash) in marks.items():
        figure.add_shape(
            type="line", x0=0, x1=1, xref="paper", y0=grams, y1=grams, line=_thin(theme, dash), layer="above"
        )
        figure.add_annotation(_side_note(text, grams, theme))
    _axes(figure, theme, x=f"mean of estimated and known LV mass, {who}, g", y="estimated − known, g")
    largest = 1.08 * max(float(np.abs(difference_g).max()), abs(limits_g[0]), abs(limits_g[1]))
    figure.update_yaxes(range=[-largest, largest])
    return _framed(figure, theme, height=400, legend=False)


def roc_curves(
    curves: Mapping[str, tuple[Floats, Floats]],
    *,
    points: Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """ROC for LVH, one line per name (a sex with its c), and classical criteria as labelled points.

    Parameters
    ----------
    curves : mapping
        Name to (1 − specificity, sensitivity), arrays (k,).
    points : mapping, optional
        Sex to criterion to (1 − specificity, sensitivity).
    """
    figure = go.Figure([_line((0.0, 1.0), (0.0, 1.0), theme)])
    for place, (name, (false, hit)) in enumerate(curves.items()):
        line = {"color": SERIES_COLORS[theme][place], "width": 2.5, "dash": DASHES[place]}
        figure.add_scatter(x=float32(100 * false), y=float32(100 * hit), name=name, mode="lines", line=line)
    for place, (who, named) in enumerate((points or {}).items()):
        figure.add_trace(_criteria_points(who, place, named, theme))
    figure.data[0].update(x=[0, 100], y=[0, 100])
    figure.update_traces(hovertemplate="%{y:.0f} % of LVH found at %{x:.0f} % false alarms<extra></extra>", text=None)
    _axes(figure, theme, x="without LVH but flagged (1 − specificity), %", y="with LVH and flagged (sensitivity), %")
    figure.update_xaxes(range=[-2, 102])
    figure.update_yaxes(range=[-2, 102])
    return _framed(figure, theme, height=460)


def _criteria_points(who: str, place: int, named: Mapping[str, tuple[float, float]], theme: Theme) -> go.Scatter:
    return go.Scatter(
        x=float32(100 * np.array([false for false, _ in named.values()])),
        y=float32(100 * np.array([hit for _, hit in named.values()])),
        name=f"criteria, {who}", mode="markers", customdata=list(named),
        marker={"symbol": f"{SYMBOLS[place]}-open", "size": 9, "color": SERIES_COLORS[theme][place]},
    )  # fmt: skip


def calibration_curves(
    curves: Mapping[str, tuple[Floats, Floats, Floats]], *, known: str, theme: Theme = "light"
) -> go.Figure:
    """Mean known mass against mean estimate in tenths of the estimate: per sex (estimate, known, half interval), g."""
    ends = _span(
        *(values for estimate, mass, half in curves.values() for values in (estimate, mass - half, mass + half))
    )
    figure = go.Figure([_line(ends, ends, theme)])
    for place, (who, (estimate, mass, half)) in enumerate(curves.items()):
        color = SERIES_COLORS[theme][place]
        figure.add_scatter(
            x=float32(estimate), y=float32(mass), name=who, mode="lines+markers",
            line={"color": color, "width": 1, "dash": DASHES[place]},
            marker={"symbol": SYMBOLS[place], "size": 8, "color": color},
            error_y={"type": "data", "array": float32(half), "color": color, "thickness": 1.2, "width": 3},
            hovertemplate=who + ": estimated %{x:.0f} g, known %{y:.0f} g<extra></extra>",
        )  # fmt: skip
    _axes(figure, theme, x="mean estimate of a tenth of the patients, g", y=f"mean {known} LV mass, g")
    return _framed(figure, theme, height=440)


# --- Several models ---------------------------------------------------------------------------------------------------


def decision_curves(
    thresholds: Sequence[float], benefits: Mapping[str, Sequence[float]], *, theme: Theme = "light"
) -> go.Figure:
    """Net benefit (true minus weighted false positives per 100 patients) against the probability one acts from."""
    figure = lines(
        {name: (np.array(thresholds) * 100.0, np.array(values) * 100.0) for name, values in benefits.items()},
        x="probability of LVH from which one would act, %", y="net benefit per 100 patients", digits=1, theme=theme,
    )  # fmt: skip
    largest = 100.0 * max(max(values) for values in benefits.values())
    figure.update_yaxes(range=[-0.25 * max(largest, 1.0), 1.12 * max(largest, 1.0)])
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=0, y1=0, line=_thin(theme, "dot"), layer="below")
    return figure


def lines(
    curves: Mapping[str, tuple[Floats, Floats]], *, x: str, y: str, digits: int, log_x: bool = False,
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Named lines with markers; axis titles hold the units. At most five, so that each keeps its dash and symbol."""
    figure = go.Figure()
    for place, (name, (along, values)) in enumerate(curves.items()):
        color = LINE_COLORS[theme][place % len(SYMBOLS)]
        figure.add_scatter(
            x=float32(along), y=float32(values), name=name, mode="lines+markers",
            line={"color": color, "width": 2, "dash": DASHES[place % len(DASHES)]},
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7, "color": color},
            hovertemplate=f"{name}: %{{y:.{digits}f}} at %{{x:.0f}}<extra></extra>",
        )  # fmt: skip
    _axes(figure, theme, x=x, y=y)
    if log_x:
        seen = sorted({float(value) for along, _ in curves.values() for value in along})
        figure.update_xaxes(type="log", tickvals=seen, ticktext=[f"{value:.0f}" for value in seen])
    return _framed(figure, theme, height=440)


def pairs(points: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    """A line of `lines` from its points, in the order of their first number."""
    along, values = zip(*sorted(points), strict=True)
    return np.array(along, dtype=float), np.array(values, dtype=float)


# --- Common -----------------------------------------------------------------------------------------------------------


def _points(x: Floats, y: Floats, who: str, theme: Theme, words: tuple[str, str]) -> go.Scatter:
    """A cloud of patients of one sex."""
    place = int(who == "women")
    return go.Scatter(
        x=float32(x), y=float32(y), name=who, mode="markers",
        marker={"symbol": SYMBOLS[place], "size": _POINT_PX, "color": SERIES_COLORS[theme][place], "opacity": 0.4},
        hovertemplate=f"{words[0]} %{{x:.0f}} g, {words[1]} %{{y:.0f}} g<extra></extra>",
    )  # fmt: skip


def _line(x: Sequence[float], y: Sequence[float], theme: Theme) -> go.Scatter:
    """A thin line that is not in the legend: identity, or chance."""
    return go.Scatter(x=list(x), y=list(y), mode="lines", line=_thin(theme, "dash"), hoverinfo="skip", showlegend=False)


def _thin(theme: Theme, dash: str = "dash") -> dict[str, Any]:
    return {"color": PALETTES[theme].muted, "width": 1.3, "dash": dash}


def _side_note(text: str, y: float, theme: Theme) -> dict[str, Any]:
    """Words at the right end of a horizontal line, on a ground that covers the points behind."""
    palette = PALETTES[theme]
    return {
        "text": text, "x": 1, "xref": "paper", "xanchor": "right", "y": y, "yref": "y", "yanchor": "bottom",
        "showarrow": False, "bgcolor": palette.panel, "font": {"size": 11.5, "color": palette.ink},
    }  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")


def _span(*values: Floats) -> tuple[float, float]:
    """From the least to the largest of all, with a margin."""
    low, high = min(float(np.min(one)) for one in values), max(float(np.max(one)) for one in values)
    margin = 0.04 * max(high - low, 1.0)
    return low - margin, high + margin


def _axes(figure: go.Figure, theme: Theme, *, x: str, y: str | None) -> None:
    palette = PALETTES[theme]
    common = {"showgrid": True, "gridcolor": palette.faint, "zeroline": False, "automargin": True}
    figure.update_xaxes(title={"text": x, "standoff": 6, "font": {"size": 12}}, nticks=8, **common)
    figure.update_yaxes(title=None if y is None else {"text": y, "standoff": 6, "font": {"size": 12}}, **common)


def _framed(figure: go.Figure, theme: Theme, *, height: int, legend: bool = True) -> go.Figure:
    """Common layout; the legend above the plot takes the lines it needs."""
    return themed(
        figure, theme, height=height, showlegend=legend, legend=_LEGEND | {"font": {"size": 11.5}},
        margin={"l": 8, "r": 12, "t": 30 if legend else 12, "b": 44}, dragmode=False,
    )  # fmt: skip
