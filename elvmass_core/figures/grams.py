"""Where the grams come from: the estimate on its scale, the lead-by-segment table, and the waterfall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from elvmass_core.attribution.tables import COLUMNS, LIMB_GROUP, SegmentTable
from elvmass_core.domain import Attribution, Estimate
from elvmass_core.figures.style import PALETTES, Palette, Theme, signed, signed_ticks, themed
from elvmass_core.segments import REST, SEGMENT_NAMES
from elvmass_core.units import LIMB_LEADS, PRECORDIAL_LEADS
from elvmass_core.wording import crowd_words, percent

PRECORDIAL_GROUP = "precordial leads"
OTHER_SAMPLES = "other samples"
"""What `REST` is called where people read it."""
_SEGMENT_WORDS = {name: name for name in SEGMENT_NAMES} | {REST: "samples outside P, PR, QRS, ST and T"}
_VALUES_PX = 68
"""Room for the grams at the right of the scale: as wide on a phone as on a desk."""
_BODY_INPUTS = ("age", "sex", "height", "weight", "bsa", "bmi")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """One labelled row of the scale."""

    label: str
    grams: float
    symbol: str
    color: str


def estimate_scale(
    estimate: Estimate,
    *,
    bsa_m2: float | None = None,
    truth_g: float | None = None,
    beside: Sequence[Estimate] = (),
    theme: Theme = "light",
    muted: bool = False,
) -> go.Figure:
    """LV mass with its interval, and beside it what it should be compared with, one row each, in grams.

    Parameters
    ----------
    estimate : Estimate
        Mass, interval, reference and cut-off.
    bsa_m2 : float, optional
        With it the LVH cut-off (g/m²) is drawn in grams for this body.
    truth_g : float, optional
        True mass of a simulated patient.
    beside : sequence of Estimate
        Estimates on scales of their own beside this one: the axis holds them all, so that places can be compared.
    theme : {"light", "dark"}
        Page the figure stands on.
    muted : bool
        For an ECG outside the models' scope: the estimate in grey, and no cut-off to judge it by.
    """
    palette = PALETTES[theme]
    color = palette.muted if muted else palette.lowers
    bsa_m2 = None if muted else bsa_m2
    marks = _scale_marks(estimate, bsa_m2, truth_g, palette, color)
    crowd = crowd_words(estimate)
    figure = go.Figure()
    words = f"{percent(estimate.coverage)} interval"
    figure.add_trace(_scale_band(marks[0].label, estimate.interval_g, words, color, 0.35))
    figure.add_trace(_scale_band(crowd, estimate.reference_range_g, crowd, palette.muted, 0.25))
    figure.add_annotation(_scale_value(crowd, "{:.0f}–{:.0f} g".format(*estimate.reference_range_g), palette))
    for mark in marks:
        figure.add_trace(_scale_point(mark))
        figure.add_annotation(_scale_value(mark.label, f"{mark.grams:.0f} g", palette))
    if bsa_m2 is not None:
        cutoff = estimate.cutoff_g_m2 * bsa_m2
        line = {"color": palette.raises, "width": 1.5, "dash": "dash"}
        figure.add_shape(type="line", x0=cutoff, x1=cutoff, y0=-0.5, y1=1.3, line=line, layer="below")
    values = [mark.grams for mark in marks]
    for one in (estimate, *beside):
        values += [*one.interval_g, *one.reference_range_g, one.demographics_only_g, one.reference_g]
    margin = 0.05 * (max(values) - min(values))
    figure.update_xaxes(
        title={"text": "LV mass, g", "standoff": 4, "font": {"size": 12}},
        range=[min(values) - margin, max(values) + margin],
        showgrid=True,
        gridcolor=palette.faint,
        zeroline=False,
        nticks=4,
        tickangle=0,
    )
    figure.update_yaxes(
        range=[len(marks) + 0.5, -0.5],
        categoryorder="array",
        categoryarray=[*(mark.label for mark in marks), crowd],
        showgrid=False,
        automargin=True,
        ticklabelstandoff=6,
        type="category",
    )
    margins = {"l": 8, "r": _VALUES_PX, "t": 4, "b": 36}
    return themed(figure, theme, height=74 + 24 * len(marks), margin=margins, dragmode=False)


def _scale_marks(
    estimate: Estimate, bsa_m2: float | None, truth_g: float | None, palette: Palette, color: str
) -> list[_Mark]:
    """The rows of the scale: the estimate, the cut-off its interval is judged by, then what to compare with."""
    marks = [_Mark(label="this ECG", grams=estimate.lvm_g, symbol="circle", color=color)]
    if bsa_m2 is not None:
        cutoff = estimate.cutoff_g_m2 * bsa_m2
        marks.append(_Mark(label="LVH cut-off", grams=cutoff, symbol="line-ns-open", color=palette.raises))
    marks += [
        _Mark(label="without the ECG", grams=estimate.demographics_only_g, symbol="triangle-up", color=palette.muted),
        _Mark(label="model reference", grams=estimate.reference_g, symbol="diamond-open", color=palette.muted),
    ]
    if truth_g is not None:
        marks.append(_Mark(label="true (simulated)", grams=truth_g, symbol="star", color=palette.ink))
    return marks


def _scale_band(label: str, ends: tuple[float, float], words: str, color: str, opacity: float) -> go.Scatter:
    """A range on one row."""
    low, high = ends
    return go.Scatter(
        x=[low, high],
        y=[label] * 2,
        mode="lines",
        line={"color": color, "width": 12},
        opacity=opacity,
        hovertemplate=f"{words}: {low:.0f}–{high:.0f} g<extra></extra>",
    )


def _scale_point(mark: _Mark) -> go.Scatter:
    """The marker of one row."""
    return go.Scatter(
        x=[mark.grams],
        y=[mark.label],
        mode="markers",
        marker={"symbol": mark.symbol, "size": 11, "color": mark.color, "line": {"color": mark.color, "width": 2}},
        hovertemplate=f"{mark.label}: {mark.grams:.0f} g<extra></extra>",
        cliponaxis=False,
    )


def _scale_value(label: str, words: str, palette: Palette) -> dict[str, object]:
    """Grams of a row, in a column of their own at the right, clear of every marker."""
    return {
        "text": words,
        "x": 1.0,
        "xref": "paper",
        "xanchor": "right",
        "xshift": _VALUES_PX - 4,
        "y": label,
        "yref": "y",
        "showarrow": False,
        "font": {"size": 12, "color": palette.ink},
    }


# --- Attributions -----------------------------------------------------------------------------------------------------


def segment_table(rows: SegmentTable, *, limit_g: float | None = None, theme: Theme = "light") -> go.Figure:
    """Grams by lead group and segment as a heatmap with the numbers in it; the limb leads stand as one row.

    Parameters
    ----------
    rows : mapping row → segment → g or None
        As from `elvmass_core.attribution.tables.grouped`.
    limit_g : float, optional
        End of the colours, to compare tables by; default: the largest cell.

    Notes
    -----
    III, aVR, aVL and aVF follow from I and II, so a share of one limb lead means nothing by itself.
    """
    palette = PALETTES[theme]
    values = np.array(
        [[np.nan if cell is None else cell for cell in row.values()] for row in rows.values()], dtype=float
    )
    largest = max(0.1, float(np.nanmax(np.abs(values)))) if np.isfinite(values).any() else 1.0
    limit = largest if limit_g is None else limit_g
    text = [["absent" if np.isnan(cell) else signed(cell) for cell in row] for row in values]
    scale = [[0.0, palette.lowers], [0.5, palette.panel], [1.0, palette.raises]]
    heatmap = go.Heatmap(
        z=values,
        x=["other<br>samples" if name == REST else name for name in COLUMNS],
        y=list(rows),
        text=text,
        texttemplate="%{text}",
        colorscale=scale,
        zmin=-limit,
        zmax=limit,
        xgap=2,
        ygap=2,
        colorbar={"title": {"text": "g"}, "thickness": 10} | signed_ticks(limit),
        customdata=[[_SEGMENT_WORDS[name] for name in COLUMNS]] * len(rows),
        hovertemplate="%{y}, %{customdata}: %{text} g<extra></extra>",
        hoverongaps=False,
    )
    figure = go.Figure(heatmap)
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True, ticks="", ticklabelstandoff=6)
    figure.update_xaxes(
        side="top", showgrid=False, ticks="", title={"text": "grams by segment of the beat", "standoff": 4}
    )
    return themed(figure, theme, height=330, margin={"l": 8, "r": 8, "t": 52, "b": 8}, dragmode=False)


def waterfall(attribution: Attribution, estimate: Estimate, *, theme: Theme = "light") -> go.Figure:
    """From the reference mass over body size, ECG parameters and segments to the estimate, in grams.

    Notes
    -----
    The last step before the estimate is what the integration left over (`Attribution.delta_g` with its sign turned), so
    that the bars end exactly where the estimate stands.
    """
    palette = PALETTES[theme]
    steps = waterfall_steps(attribution)
    labels = ["reference", *steps, "estimate"]
    changes = list(steps.values())
    text = [
        f"{estimate.reference_g:.0f} g",
        *(f"{signed(change)} g" for change in changes),
        f"{estimate.lvm_g:.0f} g",
    ]
    levels = estimate.reference_g + np.cumsum([0.0, *changes])
    span = max(1.0, float(levels.max() - levels.min()))
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            y=labels,
            x=[estimate.reference_g, *changes, 0.0],
            text=text,
            textposition="outside",
            measure=["absolute", *(["relative"] * len(changes)), "total"],
            cliponaxis=False,
            increasing={"marker": {"color": palette.raises}},
            decreasing={"marker": {"color": palette.lowers}},
            totals={"marker": {"color": palette.muted}},
            connector={"line": {"color": palette.line, "width": 1}},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True, type="category")
    figure.update_xaxes(
        title={"text": "LV mass, g", "standoff": 4},
        range=[levels.min() - 0.35 * span, levels.max() + 0.35 * span],
        showgrid=True,
        gridcolor=palette.faint,
        zeroline=False,
    )
    return themed(figure, theme, height=70 + 24 * len(labels), margin={"l": 8, "r": 8, "t": 4, "b": 44}, dragmode=False)


def waterfall_steps(attribution: Attribution) -> dict[str, float]:
    """Signed grams of each step, in the order drawn; an absent segment is left out."""
    tabular: Mapping[str, float] = attribution.tabular_g
    body = sum(grams for name, grams in tabular.items() if name.lower().startswith(_BODY_INPUTS))
    steps = {"age and body size": float(body), "QRS duration, axis, rate": float(sum(tabular.values()) - body)}
    for name in COLUMNS:
        word = OTHER_SAMPLES if name == REST else name
        for group, leads in ((LIMB_GROUP, LIMB_LEADS), (PRECORDIAL_GROUP, PRECORDIAL_LEADS)):
            known = [grams for lead in leads if (grams := attribution.segments_g[lead][name]) is not None]
            if known:
                steps[f"{word}, {group}"] = float(sum(known))
    steps["integration error"] = -attribution.delta_g
    return steps
