"""Figures of the sanity panel, from plain numbers: random layers, consistency, insertion and deletion."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from elvmass_core.figures.study import LINE_COLORS, Dot, dots, lines
from elvmass_core.figures.style import PALETTES, Theme, float32


def cascade(stages: Sequence[str], curves: Mapping[str, Sequence[float]], *, theme: Theme = "light") -> go.Figure:
    """Likeness to the true map as ever more layers are random.

    Parameters
    ----------
    stages : sequence of str
        Layers in the order in which they become random, as many as each curve has values; a point where nothing is
        random, and everything alike, is put before them.
    curves : mapping
        Name (with signs, without) to correlation.
    """
    along = np.arange(len(stages) + 1.0)
    drawn = {name: (along, np.array([1.0, *values], dtype=float)) for name, values in curves.items()}
    figure = lines(drawn, x="random from the last layer back to", y="correlation with the true map", digits=2,
                   theme=theme)  # fmt: skip
    figure.update_traces(hovertemplate="%{fullData.name}: %{y:.2f}<extra></extra>")
    figure.update_xaxes(tickvals=along.tolist(), ticktext=["nothing", *stages], tickangle=-40)
    figure.update_yaxes(range=[min(-0.3, *(float(min(values)) - 0.05 for values in curves.values())), 1.05])
    _level(figure, 0.0, theme)
    return figure.update_layout(height=400)


def consistency(
    labels: Sequence[str], series: Mapping[str, Sequence[Dot]], published: tuple[float, float], *,
    theme: Theme = "light",
) -> go.Figure:  # fmt: skip
    """Likeness of maps of retrained networks, one line per way of reading a map, with the published band.

    Parameters
    ----------
    labels : sequence of str
        Ways of reading a map.
    series : mapping
        Name to as many dots as there are labels; the last, of random networks, is the floor. At most three and it.
    published : tuple
        Ends of the published self-consistency.
    """
    *named, (last, floor) = series.items()
    figure = dots(dict(named), labels, axis="correlation (1: the same)", digits=2, theme=theme)
    colors = [LINE_COLORS[theme][place] for place in (0, 1, 3)]  # the third is that of the floor
    for trace, color in zip(figure.data, colors, strict=False):
        trace.update(marker={"color": color}, error_x={"color": color})
    figure.add_trace(_floor(last, floor, theme))
    figure.add_vrect(
        x0=published[0], x1=published[1], fillcolor=PALETTES[theme].band, line_width=0, layer="below"
    )  # fmt: skip
    figure.add_annotation(
        text="published", x=sum(published) / 2, y=1, yref="paper", yanchor="bottom", showarrow=False,
        font={"size": 11, "color": PALETTES[theme].muted},
    )  # fmt: skip
    figure.update_xaxes(range=[-0.25, 1.05])
    return figure.update_layout(margin={"t": 62}, legend={"yref": "container", "y": 1, "yanchor": "top"})


def exchange_curves(
    share: Sequence[float], curves: Mapping[str, Sequence[float]], *, what: str, theme: Theme = "light"
) -> go.Figure:
    """Share of the way the estimate has made as cells are exchanged, in the map's order and in random order.

    Parameters
    ----------
    share : sequence of float
        Of the cells that are exchanged, 0 to 1.
    curves : mapping
        Name of the order to share of the way.
    what : str
        Which way: said under the figure's axis.
    """
    along = 100.0 * np.array(share)
    drawn = {name: (along, 100.0 * np.array(values)) for name, values in curves.items()}
    figure = lines(drawn, x=f"cells {what}, %", y="way of the estimate, %", digits=0, theme=theme)
    figure.update_traces(hovertemplate="%{fullData.name}: %{y:.0f} % at %{x:.0f} %<extra></extra>", marker={"size": 5})
    _level(figure, 100.0, theme)
    return figure.update_layout(height=360)


def _level(figure: go.Figure, at: float, theme: Theme) -> None:
    line = {"color": PALETTES[theme].muted, "width": 1.3, "dash": "dot"}
    figure.add_shape(type="line", x0=0, x1=1, xref="paper", y0=at, y1=at, line=line, layer="below")


def _floor(name: str, row: Sequence[Dot], theme: Theme) -> go.Scatter:
    """A thin upright mark on each line where random networks stand."""
    known = [(number, one.value) for number, one in enumerate(row) if one.value is not None]
    return go.Scatter(
        x=float32(np.array([value for _, value in known])), y=float32(np.array([number + 0.08 for number, _ in known])),
        name=name, mode="markers", hovertemplate=name + ": %{x:.2f}<extra></extra>",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 2.5, "color": PALETTES[theme].muted}},
    )  # fmt: skip
