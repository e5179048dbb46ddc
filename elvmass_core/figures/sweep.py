"""One dial through its range, and two patients on the same axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from elvmass_core.domain import Beat, FloatArray
from elvmass_core.figures.beat import averaged_beat
from elvmass_core.figures.style import PALETTES, Palette, Theme, float32, themed
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import LEAD_INDEX

SWEPT_LEADS = ("II", "aVL", "V1", "V3", "V5", "V6")
_COLUMNS, _WIDTH, _HEIGHT, _ROW = 3, 0.30, 0.45, 0.53
_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "title": None}


def sweep_curve(
    values: FloatArray,
    truth_g: FloatArray,
    estimate_g: FloatArray,
    band_g: tuple[FloatArray, FloatArray],
    body_only_g: FloatArray,
    *,
    axis: str,
    height: int = 360,
    theme: Theme = "light",
) -> go.Figure:
    """Truth, estimate with its interval, and what body size alone says, against one dial.

    Parameters
    ----------
    values : array (n,)
        Of the dial; `axis` is its title with the unit.
    truth_g, estimate_g, body_only_g : arrays (n,)
        NaN breaks a line where there was no estimate.
    band_g : (array (n,), array (n,))
        Ends of the interval.
    """
    palette = PALETTES[theme]
    lines = (
        ("true", truth_g, palette.ink, "solid", "star"),
        ("estimate with 90 % interval", estimate_g, palette.lowers, "solid", "circle"),
        ("body size alone", body_only_g, palette.muted, "dot", "triangle-up"),
    )
    traces = [_band(values, band_g, palette), *(_line(values, *one) for one in lines)]
    grid = {"gridcolor": palette.faint, "zeroline": False, "fixedrange": True}
    figure = themed(
        go.Figure(traces), theme, height=height, showlegend=True, legend=_LEGEND, dragmode=False, hovermode="x unified",
        margin={"l": 52, "r": 12, "t": 30, "b": 44},
    )  # fmt: skip
    figure.update_xaxes(grid | {"title": {"text": axis, "standoff": 4}})
    return figure.update_yaxes(grid | {"title": {"text": "LV mass, g", "standoff": 4}, "rangemode": "tozero"})


def _band(values: FloatArray, band_g: tuple[FloatArray, FloatArray], palette: Palette) -> go.Scatter:
    known = np.isfinite(band_g[0])
    low, high = (end[known] for end in band_g)
    x = values[known]
    return go.Scatter(
        x=float32(np.concatenate([x, x[::-1]])), y=float32(np.concatenate([low, high[::-1]])), mode="none",
        fill="toself", fillcolor=palette.lowers, opacity=0.18, name="interval", hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _line(values: FloatArray, name: str, grams: FloatArray, color: str, dash: str, symbol: str) -> go.Scatter:
    return go.Scatter(
        x=float32(values), y=float32(grams), mode="lines+markers", name=name, connectgaps=False,
        line={"color": color, "width": 2, "dash": dash}, marker={"color": color, "size": 7, "symbol": symbol},
        hovertemplate="%{y:.0f} g",
    )  # fmt: skip


def swept_beats(
    values: FloatArray,
    beats_mv: FloatArray,
    *,
    axis: str,
    leads: Sequence[str] = SWEPT_LEADS,
    height: int = 360,
    theme: Theme = "light",
) -> go.Figure:
    """The averaged beats of a sweep over each other in six leads, from pale (first value) to dark (last).

    Parameters
    ----------
    values : array (n,)
    beats_mv : array (n, 12, 400)
        NaN where there was no beat.
    axis : str
        What `values` are, for the hover.
    """
    palette = PALETTES[theme]
    rows = beats_mv[:, [LEAD_INDEX[lead] for lead in leads]]
    range_mv = (float(np.nanmin(rows)) - 0.1, float(np.nanmax(rows)) + 0.1)
    traces = [
        _one_beat(beat, lead, number, palette.lowers, 0.2 + 0.8 * share, f"{axis}: {value:g}")
        for number, lead in enumerate(leads, start=1)
        for value, beat, share in zip(values, beats_mv, np.linspace(0.0, 1.0, len(values)), strict=True)
    ]
    layout: dict[str, Any] = {}
    for number in range(1, len(leads) + 1):
        layout |= _panel_axes(number, range_mv, palette)
    notes = [_name(lead, number, palette) for number, lead in enumerate(leads, start=1)]
    foot = {"text": "mV against ms after R", "x": 0.5, "y": 0, "yshift": -34, "showarrow": False}
    notes.append(foot | {"xref": "paper", "yref": "paper", "font": {"size": 12, "color": palette.muted}})
    margin = {"l": 36, "r": 8, "t": 8, "b": 44}
    return themed(
        go.Figure(traces), theme, height=height, annotations=notes, margin=margin, dragmode=False, **layout
    )  # fmt: skip


def _one_beat(beat_mv: FloatArray, lead: str, number: int, color: str, opacity: float, words: str) -> go.Scatter:
    inside = slice(None, None, 2)
    return go.Scatter(
        x=float32(beat_times_ms()[inside]), y=float32(beat_mv[LEAD_INDEX[lead], inside]), mode="lines", opacity=opacity,
        line={"color": color, "width": 1.3}, xaxis=f"x{number}", yaxis=f"y{number}",
        hovertemplate=f"{words}<br>%{{y:.2f}} mV<extra>{lead}</extra>",
    )  # fmt: skip


def _place(number: int) -> tuple[float, float, int, int]:
    """Left and top of a panel as shares of the figure, its row and column."""
    row, column = divmod(number - 1, _COLUMNS)
    return column / _COLUMNS, 1.0 - _ROW * row, row, column


def _panel_axes(number: int, range_mv: tuple[float, float], palette: Palette) -> dict[str, Any]:
    left, top, row, column = _place(number)
    font = {"size": 11, "color": palette.muted}
    common = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "outside", "ticklen": 3}
    across = {"domain": [left, left + _WIDTH], "anchor": f"y{number}", "tickvals": [0, 400], "tickfont": font}
    up = {"domain": [top - _HEIGHT, top], "anchor": f"x{number}", "range": list(range_mv), "tickfont": font}
    return {
        f"xaxis{number}": common | across | {"showticklabels": row == 1},
        f"yaxis{number}": common | up | {"showticklabels": column == 0, "nticks": 5},
    }


def _name(lead: str, number: int, palette: Palette) -> dict[str, Any]:
    left, top, _, _ = _place(number)
    corner = {"x": left, "y": top, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top", "xshift": 4}
    return corner | {"text": f"<b>{lead}</b>", "showarrow": False, "font": {"size": 13, "color": palette.ink}}


def two_beats(
    first: Beat,
    second: Beat,
    names: tuple[str, str],
    *,
    leads: Sequence[str],
    height: int = 400,
    theme: Theme = "light",
) -> go.Figure:
    """Two averaged beats on the same axes: the first solid with its borders, the second dashed.

    Parameters
    ----------
    first, second : Beat
    names : (str, str)
        What they are called on hover.
    leads : sequence of str
        As many as six fit a phone.
    """
    figure = averaged_beat(
        first, leads=leads, show_beats=False, device_mv=second.signal_mv, height=height, theme=theme
    )  # fmt: skip
    figure.for_each_trace(lambda trace: _renamed(trace, names))
    rows = np.concatenate([first.signal_mv, second.signal_mv], axis=1)[[LEAD_INDEX[lead] for lead in leads]]
    return figure.update_yaxes(range=[float(rows.min()) - 0.1, float(rows.max()) + 0.1])


def _renamed(trace: go.Scatter, names: tuple[str, str]) -> None:
    """The names of the two lines in place of "device" and of none."""
    words = trace.hovertemplate or ""
    if words.startswith("device"):
        trace.update(hovertemplate=words.replace("device", names[1]))
    elif (trace.name or "").startswith("average"):
        trace.update(hovertemplate=f"{names[0]}<br>{words}")
