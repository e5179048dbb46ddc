"""A scored cohort at a glance: mass and index of men and women, with their cut-offs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from elvmass_core.domain import FloatArray
from elvmass_core.figures.style import PALETTES, Theme, float32, themed

_WHO = {"F": "women", "M": "men"}
_WHAT = {"lvm_g": "LV mass, g", "lvmi_g_m2": "LV mass index, g/m²"}
_BINS = 24


def cohort_distributions(rows: Sequence[Mapping[str, Any]], *, theme: Theme = "light") -> go.Figure:
    """Histograms of mass and index by sex, with the LVH cut-off of the index as a dashed line.

    Parameters
    ----------
    rows : sequence of mapping
        As `elvmass_core.batch.rows`; those without an estimate are left out.
    theme : {"light", "dark"}
        Page the figure stands on.
    """
    palette = PALETTES[theme]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.09)
    colors = {"F": palette.raises, "M": palette.lowers}
    for column, (name, title) in enumerate(_WHAT.items(), start=1):
        edges = _edges(_values(rows, name, None))
        for sex, who in _WHO.items():
            values = _values(rows, name, sex)
            counts, _ = np.histogram(values, edges)
            figure.add_trace(
                go.Bar(
                    x=float32(0.5 * (edges[1:] + edges[:-1])), y=counts, width=np.diff(edges), name=who,
                    marker={"color": colors[sex], "opacity": 0.55, "line": {"width": 0}}, showlegend=column == 1,
                    hovertemplate=f"{who}, %{{x:.0f}}: %{{y}} recordings<extra></extra>",
                ),
                row=1, col=column,
            )  # fmt: skip
        figure.update_xaxes(title=title, row=1, col=column)
    for sex, cutoff in _cutoffs(rows).items():
        figure.add_vline(x=cutoff, line={"color": colors[sex], "dash": "dash", "width": 1.5}, row=1, col=2)
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(rangemode="tozero", tickformat="d", nticks=5, automargin=True)
    figure.update_yaxes(title="recordings", row=1, col=1)
    legend = {"orientation": "h", "y": 1.12, "x": 0.0}
    margin = {"l": 56, "r": 12, "t": 34, "b": 48}
    return themed(
        figure, theme, height=320, barmode="overlay", legend=legend, showlegend=True, dragmode=False, margin=margin
    )


def _values(rows: Sequence[Mapping[str, Any]], name: str, sex: str | None) -> FloatArray:
    return np.array([row[name] for row in rows if row[name] is not None and sex in (None, row["sex"])], dtype=float)


def _edges(values: FloatArray) -> FloatArray:
    """Round bins that hold all values."""
    if not values.size:
        return np.linspace(0.0, 1.0, 2)
    low, high = np.floor(values.min() / 5) * 5, np.ceil(values.max() / 5) * 5 + 5
    return np.linspace(low, high, min(_BINS, max(4, int((high - low) / 5))) + 1)


def _cutoffs(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The index cut-off of each sex that was judged."""
    return {row["sex"]: row["cutoff_g_m2"] for row in rows if row["cutoff_g_m2"] is not None and row["sex"] in _WHO}
