"""Figures of the comparison of men's with women's models: effects by cell, mean maps, worlds beside each other."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from elvmass_core.domain import FloatArray
from elvmass_core.figures.study import SERIES_COLORS, SYMBOLS, Dot, dots
from elvmass_core.figures.style import PALETTES, Theme, float32, signed, signed_ticks, themed
from elvmass_core.segments import beat_times_ms

WITHIN, PASSES, PASSES_STRICTLY = 0, 1, 2
"""How a cell stands: within what two trainings differ by; beyond it at a false discovery rate of 5 %; by max-T too."""
_MARKS = {WITHIN: "({})", PASSES: "<b>{}</b><br>●", PASSES_STRICTLY: "<b>{}</b><br>◆"}
"""Below the number: beside it they would not fit a cell on a phone, and Plotly would shrink all of them."""
EFFECT_LEGEND = (
    "◆ beyond what two trainings differ by, in every cell at once (max-T); ● at a false discovery rate of 5 %; "
    "grey, in brackets: within it."
)
_SMOOTHED_SAMPLES = 5
_PER_10_MS = 5.0


def effect_map(
    values: Sequence[float] | FloatArray,
    standing: Sequence[int],
    cells: Sequence[Sequence[str]],
    *,
    unit: str,
    theme: Theme = "light",
) -> go.Figure:
    """Men's runs less women's by lead group and segment, with a mark on what is beyond chance.

    Parameters
    ----------
    values : sequence (n_cells,)
        In `unit`.
    standing : sequence (n_cells,)
        `WITHIN`, `PASSES` or `PASSES_STRICTLY`.
    cells : sequence of (lead group, segment)

    Notes
    -----
    Colour is for what is beyond chance: the largest difference of a map is often one that two trainings of the same sex
    would show too, and a loud colour would make a finding of it.
    """
    palette = PALETTES[theme]
    rows, columns = (list(dict.fromkeys(cell[k] for cell in cells)) for k in (0, 1))
    size = len(rows), len(columns)
    grid, text, chance = np.full(size, np.nan), np.full(size, "", dtype=object), np.zeros(size, dtype=bool)
    for (row, column), value, how in zip(cells, values, standing, strict=True):
        place = rows.index(row), columns.index(column)
        grid[place], text[place], chance[place] = value, _MARKS[how].format(signed(value)), how == WITHIN
    limit = max(0.1, float(np.nanmax(np.abs(grid))))
    bar = {"title": {"text": unit.split(" ")[0]}, "thickness": 10} | signed_ticks(limit)
    figure = go.Figure()
    for shown, ends, scale in (
        (~chance, (palette.lowers, palette.raises), {"colorbar": bar}),
        (chance, (palette.neutral, palette.neutral), {"showscale": False}),
    ):
        figure.add_heatmap(
            z=np.where(shown, grid, np.nan), x=columns, y=rows, zmin=-limit, zmax=limit, xgap=2, ygap=2,
            text=np.where(shown, text, ""), texttemplate="%{text}", hoverongaps=False, **scale,
            textfont={"size": 11},
            colorscale=[[0.0, ends[0]], [0.5, palette.panel], [1.0, ends[1]]],
            hovertemplate="%{y}, %{x}: %{text} " + unit + "<extra></extra>",
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True, ticks="", ticklabelstandoff=6)
    title = f"men's runs less women's, {unit}"
    figure.update_xaxes(side="top", showgrid=False, ticks="", title={"text": title, "standoff": 4})
    return themed(figure, theme, height=70 + 52 * len(rows), margin={"l": 8, "r": 8, "t": 56, "b": 8}, dragmode=False)


def worlds_shares(
    worlds: Mapping[str, Mapping[str, tuple[float, float, float]]], *, theme: Theme = "light"
) -> go.Figure:
    """Share of ST and T in men's runs and in women's in every world: (mean, low, high) in %, of either."""
    series = {
        who: [Dot(value=mean, interval=(low, high)) for mean, low, high in (shares[who] for shares in worlds.values())]
        for who in ("men's runs", "women's runs")
    }
    return dots(series, list(worlds), axis="share of ST and T in the map, %", digits=1, theme=theme)


def worlds_overview(worlds: Mapping[str, Mapping], *, theme: Theme = "light") -> go.Figure:
    """Difference of the share of ST and T in every world, with its 95 % interval."""
    found = []
    for result in worlds.values():
        effect = result["quantities"][result["primary"]]["summary"]["model"]
        found.append(Dot(value=effect["difference"][0], interval=(effect["low"][0], effect["high"][0])))
    figure = dots(
        {"men's runs less women's": found}, list(worlds), axis="share of ST and T in the map, points", digits=1, at=0.0,
        theme=theme,
    )  # fmt: skip
    color, symbol = SERIES_COLORS[theme][2], SYMBOLS[2]  # neither that of men nor that of women
    return figure.update_traces(marker={"color": color, "symbol": symbol}, error_x={"color": color})


def mean_maps(
    groups: Mapping[str, Sequence[int]],
    absolute_g: FloatArray,
    sd_g: FloatArray,
    beat_mv: FloatArray,
    half_width: float,
    *,
    theme: Theme = "light",
) -> go.Figure:
    """How many grams each moment of the beat moves the answer by, in men's runs and in women's.

    Parameters
    ----------
    groups : mapping of lead group to rows of its leads
        One panel each.
    absolute_g, sd_g : arrays (2, 12, 400)
        Mean over the ECGs of the absolute grams per sample, of the runs of men and of women, and its SD between runs.
    beat_mv : array (12, 400)
        Mean beat of the ECGs, drawn faintly: the lead of the group with the largest deflection.
    half_width : float
        Half of the 95 % interval of a mean of the runs, in SD between runs.

    Notes
    -----
    Grams are summed over the leads of a group, and so are the SD: the band is as wide as if the leads moved together.
    """
    figure = make_subplots(rows=len(groups), cols=1, shared_xaxes=True, vertical_spacing=0.05,
                           specs=[[{"secondary_y": True}]] * len(groups), subplot_titles=list(groups))  # fmt: skip
    for row, leads in enumerate(groups.values(), start=1):
        chosen = list(leads)
        _add_beat(figure, row, beat_mv[chosen], theme)
        for k, name in enumerate(("men's runs", "women's runs")):
            mean, sd = (_smoothed(_PER_10_MS * one[k][chosen].sum(axis=0)) for one in (absolute_g, sd_g))
            _add_band(figure, row, name, mean, half_width * sd, SERIES_COLORS[theme][k])
    palette = PALETTES[theme]
    figure.update_yaxes(secondary_y=False, title_text="g per 10 ms", rangemode="tozero", gridcolor=palette.faint,
                        automargin=True)  # fmt: skip
    figure.update_yaxes(secondary_y=True, showticklabels=False, showgrid=False, zeroline=False)
    figure.update_xaxes(showgrid=False, zeroline=False)
    figure.update_xaxes(title_text="time from R, ms", row=len(groups), col=1)
    legend = {"orientation": "h", "x": 0, "y": 1.05, "yanchor": "bottom"}
    return themed(figure, theme, height=150 * len(groups) + 90, margin={"l": 8, "r": 8, "t": 64, "b": 44},
                  showlegend=True, legend=legend)  # fmt: skip


def _smoothed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Moving mean over 10 ms."""
    return np.convolve(values, np.ones(_SMOOTHED_SAMPLES) / _SMOOTHED_SAMPLES, "same")


def _add_beat(figure: go.Figure, row: int, beat_mv: FloatArray, theme: Theme) -> None:
    """The mean beat of the lead with the largest deflection, faint, on an axis without numbers."""
    lead = beat_mv[np.argmax(np.ptp(beat_mv, axis=1))]
    trace = go.Scatter(
        x=float32(beat_times_ms()), y=float32(lead), mode="lines", hoverinfo="skip", showlegend=row == 1,
        name="mean beat (mV, no scale)", line={"color": PALETTES[theme].line, "width": 1}, legendgroup="beat",
    )  # fmt: skip
    figure.add_trace(trace, row=row, col=1, secondary_y=True)


def _add_band(
    figure: go.Figure, row: int, name: str, mean: NDArray[np.floating], half: NDArray[np.floating], color: str
) -> None:
    """A line with its 95 % interval."""
    times = beat_times_ms()
    around = np.concatenate([mean + half, np.maximum(mean - half, 0.0)[::-1]])
    figure.add_trace(
        go.Scatter(
            x=float32(np.concatenate([times, times[::-1]])), y=float32(around), fill="toself", mode="none",
            fillcolor=color, opacity=0.22, hoverinfo="skip", showlegend=False, legendgroup=name,
        ),
        row=row, col=1, secondary_y=False,
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=float32(times), y=float32(mean), mode="lines", name=name, legendgroup=name, showlegend=row == 1,
            line={"color": color, "width": 2, "dash": "solid" if name.startswith("men") else "dash"},
            hovertemplate=f"{name}, %{{x:.0f}} ms: %{{y:.2f}} g per 10 ms<extra></extra>",
        ),
        row=row, col=1, secondary_y=False,
    )  # fmt: skip
