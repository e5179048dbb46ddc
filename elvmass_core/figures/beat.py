"""The averaged beat in twelve panels, with saliency in grams on the trace.

Panels, borders and shading go into the layout in one piece: Plotly's ``add_vline`` and ``add_trace(row, col)`` take
four seconds for twelve panels, this takes a fifth of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from elvmass_core.domain import Attribution, Beat, Fiducials, FloatArray
from elvmass_core.figures.saliency import SALIENCY_LEGEND, grams_per_10_ms, limit_g, step_colors, steps
from elvmass_core.figures.style import PALETTES, Palette, Theme, float32, signed_ticks, themed
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, PRECORDIAL_LEADS

_PANELS_PER_COLUMN = 3
_GAP, _GROUP_GAP, _ROW_GAP = 0.025, 0.075, 0.075
_LEFT_PX, _RIGHT_PX = 48, 8
_TIME_LEGEND = "ms after R"
BEAT_LEGEND = "Shaded: ST–T. Lines: borders of P, QRS (solid) and T. Grey band: ± 1 SD over the beats."
"""What the marks mean: stands once, under all panels, because it is wider than a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """Where one lead stands, as fractions of the figure."""

    lead: str
    number: int
    x_domain: tuple[float, float]
    y_domain: tuple[float, float]
    shows_mv: bool
    shows_ms: bool

    @property
    def group(self) -> tuple[str, ...]:
        """The leads that share this panel's amplitude scale."""
        return LIMB_LEADS if self.lead in LIMB_LEADS else PRECORDIAL_LEADS

    @property
    def axes(self) -> dict[str, str]:
        """Axis names of a trace or shape in this panel."""
        suffix = "" if self.number == 1 else str(self.number)
        return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def averaged_beat(
    beat: Beat,
    attribution: Attribution | None = None,
    *,
    leads: Sequence[str] = LEADS,
    show_beats: bool = True,
    device_mv: FloatArray | None = None,
    scaled_to: Sequence[Beat] = (),
    height: int = 560,
    theme: Theme = "light",
) -> go.Figure:
    """The averaged beat in small panels, columns I–III, aVR–aVF, V1–V3, V4–V6, with saliency in grams when given.

    Parameters
    ----------
    beat : Beat
        Each panel shows every beat used (faint), ± 1 SD (band), the average, and the fiducials as thin lines; the ST–T
        interval is shaded.
    attribution : Attribution, optional
        Colours a band behind the trace by grams per 10 ms; the trace itself stays on top.
    leads : sequence of str
        Which leads to draw, in columns of three: six of them fit the width of a phone.
    show_beats : bool
        Whether the single beats are drawn behind the average.
    device_mv : array (12, 400), optional
        The cardiograph's own median beat on the same axis, drawn as a dashed line.
    scaled_to : sequence of Beat
        Beats that are shown beside this one: the amplitude axes hold them all, so that heights can be compared.
    height : int
        Height in pixels.
    theme : {"light", "dark"}
        Page the figure stands on.

    Notes
    -----
    Limb and precordial leads each share one amplitude scale, marked in mV at the left of each group.
    """
    palette, panels = PALETTES[theme], _panels(leads)
    grams = None if attribution is None else grams_per_10_ms(attribution)
    limit = limit_g(grams)
    traces: list[go.Scatter] = []
    for panel in panels:
        traces += _beats_and_band(beat, panel, show_beats, palette)
        if grams is not None:
            traces += _saliency(beat, grams, limit, panel, palette)
        traces.append(_average(beat, grams, panel, palette))
        if device_mv is not None:
            traces.append(_device(device_mv, panel, palette))
    if grams is not None:
        traces.append(_color_bar(limit, palette))
    layout = _axes(scaled_to or (beat,), panels, palette) | {
        "shapes": [shape for panel in panels for shape in _intervals(beat.fiducials, panel, palette)],
        "annotations": [_title(beat, panel, palette) for panel in panels] + [_legend(grams is not None, palette)],
        "margin": {"l": _LEFT_PX, "r": _RIGHT_PX, "t": 24, "b": 114 if grams is not None else 52},
        "dragmode": False,
    }
    return themed(go.Figure(traces), theme, height=height, **layout)


# --- Panels -----------------------------------------------------------------------------------------------------------


def _panels(leads: Sequence[str]) -> list[_Panel]:
    """Columns of three leads; a wider gap before the precordial leads makes room for their own scale."""
    columns = [leads[start : start + _PANELS_PER_COLUMN] for start in range(0, len(leads), _PANELS_PER_COLUMN)]
    starts_group = [(column[0] in LIMB_LEADS) != (before in LIMB_LEADS) for before, column in _with_previous(columns)]
    gaps = [_GROUP_GAP if starts else _GAP for starts in starts_group]
    width = (1.0 - sum(gaps)) / len(columns)
    n_rows = max(len(column) for column in columns)
    row_height = (1.0 - (n_rows - 1) * _ROW_GAP) / n_rows
    panels: list[_Panel] = []
    for index, column in enumerate(columns):
        left = index * width + sum(gaps[:index])
        for row, lead in enumerate(column):
            top = 1.0 - row * (row_height + _ROW_GAP)
            panel = _Panel(
                lead=lead,
                number=len(panels) + 1,
                x_domain=(left, min(1.0, left + width)),
                y_domain=(max(0.0, top - row_height), top),
                shows_mv=index == 0 or starts_group[index - 1],
                shows_ms=row == len(column) - 1,
            )
            panels.append(panel)
    return panels


def _with_previous(columns: Sequence[Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """Each column after the first with the first lead of the one before."""
    return [(before[0], column) for before, column in zip(columns[:-1], columns[1:], strict=True)]


def _axes(beats: Sequence[Beat], panels: Sequence[_Panel], palette: Palette) -> dict[str, Any]:
    """Time axis of all panels, amplitude axis shared within the limb and within the precordial leads."""
    times = beat_times_ms()
    common = {"showgrid": False, "ticks": "outside", "ticklen": 3, "tickfont": {"size": 11, "color": palette.muted}}
    axes: dict[str, Any] = {}
    for panel in panels:
        names = panel.axes
        axes[names["xaxis"].replace("x", "xaxis")] = common | {
            "domain": panel.x_domain,
            "anchor": names["yaxis"],
            "range": [float(times[0]), float(times[-1])],
            "tickvals": [-200, 0, 200, 400],
            "showticklabels": panel.shows_ms,
            "tickangle": 0,
            "zeroline": False,
        }
        axes[names["yaxis"].replace("y", "yaxis")] = common | {
            "domain": panel.y_domain,
            "anchor": names["xaxis"],
            "range": group_range_mv(beats, panel.group),
            "nticks": 6,
            "ticksuffix": " mV",
            "showticksuffix": "last",
            "showticklabels": panel.shows_mv,
            "zeroline": True,
            "zerolinecolor": palette.faint,
        }
    return axes


def group_range_mv(beats: Sequence[Beat], group: Sequence[str]) -> list[float]:
    """Amplitude range of a lead group over these beats with a margin, at least 1 mV wide."""
    rows = np.stack([beat.signal_mv[[LEAD_INDEX[lead] for lead in group]] for beat in beats])
    if not np.isfinite(rows).any():
        return [-0.5, 0.5]
    low, high = float(np.nanmin(rows)), float(np.nanmax(rows))
    margin = max(0.08 * (high - low), (1.0 - (high - low)) / 2)
    return [low - margin, high + margin]


def _title(beat: Beat, panel: _Panel, palette: Palette) -> dict[str, Any]:
    """Lead name above its panel."""
    missing = "" if np.isfinite(beat.signal_mv[LEAD_INDEX[panel.lead]]).any() else " lead missing"
    return {
        "text": f"<b>{panel.lead}</b>{missing}",
        "x": panel.x_domain[0],
        "y": panel.y_domain[1],
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": palette.ink},
    }


def _legend(with_scale: bool, palette: Palette) -> dict[str, Any]:
    """The unit of the time axis, and of the colours."""
    font = {"size": 12, "color": palette.muted}
    place = {"x": 0.5, "y": 0, "xref": "paper", "yref": "paper", "yshift": -22, "yanchor": "top", "showarrow": False}
    place |= {"xshift": (_RIGHT_PX - _LEFT_PX) / 2}  # the middle of the figure
    colors = f"<br>{SALIENCY_LEGEND.replace(' · ', '<br>')}" if with_scale else ""  # two lines: half a tablet is narrow
    return place | {"text": f"{_TIME_LEGEND}{colors}", "font": font}


def _intervals(fiducials: Fiducials, panel: _Panel, palette: Palette) -> list[dict[str, Any]]:
    """ST–T shaded and each border as a thin line: QRS solid, P and T dotted."""
    axes = {"xref": panel.axes["xaxis"], "yref": f"{panel.axes['yaxis']} domain", "y0": 0, "y1": 1, "layer": "below"}
    shapes: list[dict[str, Any]] = []
    if fiducials.qrs_off is not None and fiducials.t_end is not None:
        ends = {"x0": fiducials.qrs_off, "x1": fiducials.t_end}
        shapes.append(axes | ends | {"type": "rect", "fillcolor": palette.shade, "line": {"width": 0}})
    for name, value in fiducials.as_dict().items():
        if value is not None:
            dash = "solid" if name.startswith("qrs") else "dot"
            line = {"color": palette.line, "width": 1, "dash": dash}
            shapes.append(axes | {"type": "line", "x0": value, "x1": value, "line": line})
    return shapes


# --- Traces -----------------------------------------------------------------------------------------------------------


def _beats_and_band(beat: Beat, panel: _Panel, show_beats: bool, palette: Palette) -> list[go.Scatter]:
    """All used beats as one faint trace, and the SD band."""
    times, lead = beat_times_ms(), LEAD_INDEX[panel.lead]
    mean, sd = beat.signal_mv[lead], beat.sd_mv[lead]
    quiet = {"hoverinfo": "skip", **panel.axes}
    traces = []
    used = beat.beats_mv[np.asarray(beat.used, dtype=bool), lead, ::2]
    if show_beats and used.size:
        gap = np.full((used.shape[0], 1), np.nan)
        y = np.hstack([used, gap]).ravel()
        x = np.tile(np.append(times[::2], np.nan), used.shape[0])
        faint = {"color": palette.faint, "width": 0.8}
        traces.append(go.Scatter(x=float32(x), y=float32(y), mode="lines", line=faint, name="beats", **quiet))
    x = np.concatenate([times, times[::-1]])
    y = np.concatenate([mean + sd, (mean - sd)[::-1]])
    fill = {"fill": "toself", "fillcolor": palette.band, "mode": "none"}
    traces.append(go.Scatter(x=float32(x), y=float32(y), name="± 1 SD", **fill, **quiet))
    return traces


def _device(device_mv: FloatArray, panel: _Panel, palette: Palette) -> go.Scatter:
    """The cardiograph's own beat."""
    return go.Scatter(
        x=float32(beat_times_ms()),
        y=float32(device_mv[LEAD_INDEX[panel.lead]]),
        mode="lines",
        line={"color": palette.raises, "width": 1.4, "dash": "dash"},
        hovertemplate="device %{y:.2f} mV<extra>" + panel.lead + "</extra>",
        showlegend=False,
        **panel.axes,
    )


def _average(beat: Beat, grams: FloatArray | None, panel: _Panel, palette: Palette) -> go.Scatter:
    """The average itself, with time, amplitude and (when known) grams on hover."""
    lead = LEAD_INDEX[panel.lead]
    hover = "%{x:.0f} ms<br>%{y:.2f} mV"
    if grams is not None:
        hover += "<br>%{customdata:+.2f} g per 10 ms"
    return go.Scatter(
        x=float32(beat_times_ms()),
        y=float32(beat.signal_mv[lead]),
        mode="lines",
        name=f"average {panel.lead}",
        line={"color": palette.ink, "width": 1.4},
        hovertemplate=hover + f"<extra>{panel.lead}</extra>",
        customdata=None if grams is None else float32(grams[lead]),
        **panel.axes,
    )


def _saliency(beat: Beat, grams: FloatArray, limit: float, panel: _Panel, palette: Palette) -> list[go.Scatter]:
    """The coloured band behind one trace: one line per colour step."""
    lead, times, colors = LEAD_INDEX[panel.lead], float32(beat_times_ms()), _css_colors(palette)
    traces = []
    for index, inside in steps(grams[lead], limit):
        y = float32(np.where(inside, beat.signal_mv[lead], np.nan))
        line = {"color": colors[index], "width": 7}
        traces.append(
            go.Scatter(x=times, y=y, mode="lines", line=line, hoverinfo="skip", name="saliency", **panel.axes)
        )
    return traces


def _css_colors(palette: Palette) -> list[str]:
    """One colour per step, as CSS has it."""
    return [f"rgb({red},{green},{blue})" for red, green, blue in step_colors(palette)]


def _color_bar(limit: float, palette: Palette) -> go.Scatter:
    """An invisible point that carries the scale."""
    scale: Mapping[str, Any] = {
        "orientation": "h",
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yref": "container",
        "ypad": 2,
        "yanchor": "bottom",
        "len": 0.8,
        "tickangle": 0,
        "thickness": 10,
    } | {name: one if name == "tickmode" else one[::2] for name, one in signed_ticks(limit).items()}
    css = _css_colors(palette)
    stops = [[index / (len(css) - 1), color] for index, color in enumerate(css)]
    marker = {"color": [0.0], "cmin": -limit, "cmax": limit, "colorscale": stops, "showscale": True, "opacity": 0}
    return go.Scatter(
        x=[0], y=[0], mode="markers", marker=marker | {"colorbar": scale}, hoverinfo="skip", name="colour bar"
    )
