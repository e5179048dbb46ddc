"""The recording on ECG paper, true to scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from elvmass_core.domain import FloatArray, Recording
from elvmass_core.figures.style import PALETTES, Palette, Theme, float32, themed
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, PRECORDIAL_LEADS

PaperLayout = Literal["3x4+II", "6x2", "12x1"]
SHEET_MM = 250.0
"""Width of one printed sheet: 10 s at 25 mm/s."""
_PULSE_MM, _EDGE_MM = 11.0, 2.0
_PX_PER_MM = 5.2
_MIN_PITCH_MM, _MAX_PITCH_MM = 20.0, 60.0

PAPER_LAYOUTS: Mapping[PaperLayout, tuple[tuple[str, ...], ...]] = {
    "3x4+II": (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",)),
    "6x2": tuple(zip(LIMB_LEADS, PRECORDIAL_LEADS, strict=True)),
    "12x1": tuple((lead,) for lead in LEADS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strip:
    """One lead on one stretch of the sheet."""

    lead: str
    times_s: FloatArray
    signal_mv: FloatArray
    start_s: float

    @property
    def extent_mv(self) -> tuple[float, float]:
        """Lowest and highest point, the baseline included."""
        if not np.isfinite(self.signal_mv).any():
            return 0.0, 0.0
        return min(0.0, float(np.nanmin(self.signal_mv))), max(0.0, float(np.nanmax(self.signal_mv)))

    @property
    def label_mv(self) -> float:
        """Height that clears the first half second of the trace."""
        head = self.signal_mv[self.times_s < self.start_s + 0.5]
        return max(0.0, float(np.nanmax(head))) if np.isfinite(head).any() else 0.0


def sheet_seconds(speed_mm_s: float) -> float:
    """Seconds that fit on one sheet at this paper speed."""
    return SHEET_MM / speed_mm_s


def ecg_paper(
    recording: Recording,
    *,
    layout: PaperLayout = "3x4+II",
    speed_mm_s: float = 25.0,
    gain_mm_mv: float = 10.0,
    start_s: float = 0.0,
    theme: Theme = "light",
) -> go.Figure:
    """Twelve leads on ECG paper, true to scale at any zoom.

    Parameters
    ----------
    recording : Recording
        A lead that is all NaN is written as "lead missing".
    layout : {"3x4+II", "6x2", "12x1"}
        Columns follow each other in time, as a cardiograph prints them; "+II" is a rhythm strip.
    speed_mm_s, gain_mm_mv : float
        Paper speed in mm/s and gain in mm/mV; both only change the ratio of the axes and the 1 mm and 5 mm grid.
    start_s : float
        Where the sheet begins; it holds 250 mm, that is `sheet_seconds` of signal.
    theme : {"light", "dark"}
        Page the figure stands on.

    Notes
    -----
    Each lead is centred on its median, which removes an electrode offset and nothing else. Time and amplitude axes are
    locked together (``scaleanchor``), so a square of 5 mm stays a square.
    """
    palette, rows = PALETTES[theme], PAPER_LAYOUTS[layout]
    strips = [_row_strips(recording, row, start_s, sheet_seconds(speed_mm_s)) for row in rows]
    baselines, top, bottom = _baselines_mv(strips, gain_mm_mv)
    figure = go.Figure()
    for row, baseline in zip(strips, baselines, strict=True):
        for strip in row:
            _draw_strip(figure, strip, baseline, gain_mm_mv, palette)
    figure.add_trace(_calibration(baselines, start_s, speed_mm_s, palette))
    _paper_axes(figure, palette, start_s, speed_mm_s, gain_mm_mv, (bottom, top))
    end_s = min(start_s + sheet_seconds(speed_mm_s), recording.duration_s)
    shown = f"{start_s:g}–{end_s:.3g} s of {recording.duration_s:.3g} s"
    footer = (
        f"{speed_mm_s:g} mm/s · {gain_mm_mv:g} mm/mV · calibration pulse 1 mV · {recording.fs_hz:g} Hz · {shown} · "
        "no filter added, each lead centred on its median"
    )
    figure.add_annotation(
        text=footer,
        x=start_s - _PULSE_MM / speed_mm_s,
        y=bottom,
        xanchor="left",
        yanchor="top",
        yshift=-22,
        showarrow=False,
        font={"size": 12, "color": palette.muted},
    )
    height = int((top - bottom) * gain_mm_mv * _PX_PER_MM) + 54
    return themed(figure, theme, height=height, margin={"l": 4, "r": 4, "t": 6, "b": 48}, dragmode="pan")


def _row_strips(recording: Recording, leads: Sequence[str], start_s: float, sheet_s: float) -> list[_Strip]:
    """Cut one printed row: its leads share the sheet, one after the other in time."""
    times = np.arange(recording.n_samples) / recording.fs_hz
    width_s = sheet_s / len(leads)
    strips = []
    for column, lead in enumerate(leads):
        begin = start_s + column * width_s
        inside = (times >= begin) & (times < begin + width_s)
        whole = recording.signal_mv[LEAD_INDEX[lead]]
        centre = float(np.nanmedian(whole)) if np.isfinite(whole).any() else 0.0
        strips.append(_Strip(lead=lead, times_s=times[inside], signal_mv=whole[inside] - centre, start_s=begin))
    return strips


def _baselines_mv(rows: Sequence[Sequence[_Strip]], gain_mm_mv: float) -> tuple[list[float], float, float]:
    """Baseline of each row, top and bottom of the sheet, in mV; rows keep clear of each other, on the 5 mm grid."""
    lows = [min(strip.extent_mv[0] for strip in row) * gain_mm_mv for row in rows]
    highs = [max(strip.extent_mv[1] for strip in row) * gain_mm_mv + 6.0 for row in rows]
    baselines_mm = [0.0]
    for low, high in zip(lows[:-1], highs[1:], strict=True):
        pitch = np.clip(high - low, _MIN_PITCH_MM, _MAX_PITCH_MM)
        baselines_mm.append(baselines_mm[-1] - 5.0 * np.ceil(pitch / 5.0))
    top = 5.0 * np.ceil(min(max(highs[0], 15.0), _MAX_PITCH_MM) / 5.0)
    bottom = baselines_mm[-1] - 5.0 * np.ceil(min(max(-lows[-1], 10.0), _MAX_PITCH_MM) / 5.0)
    return [mm / gain_mm_mv for mm in baselines_mm], float(top / gain_mm_mv), float(bottom / gain_mm_mv)


def _draw_strip(figure: go.Figure, strip: _Strip, baseline: float, gain_mm_mv: float, palette: Palette) -> None:
    """The trace of one strip, or the words that it is missing, and its name."""
    missing = not np.isfinite(strip.signal_mv).any()
    name = f"<b>{strip.lead}</b>" + (" lead missing" if missing and strip.times_s.size else "")
    figure.add_annotation(
        x=strip.start_s,
        y=baseline + strip.label_mv + 1.0 / gain_mm_mv,
        text=name,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 13, "color": palette.ink},
        borderpad=0,
    )
    if missing:
        return
    figure.add_trace(
        go.Scatter(
            x=float32(strip.times_s),
            y=float32(strip.signal_mv + baseline),
            customdata=float32(strip.signal_mv),
            mode="lines",
            line={"color": palette.ink, "width": 1.3},
            name=strip.lead,
            hovertemplate="%{x:.3f} s<br>%{customdata:.2f} mV<extra>" + strip.lead + "</extra>",
        )
    )
    tick = np.array([-3.0, 3.0]) / gain_mm_mv + baseline
    figure.add_trace(
        go.Scatter(
            x=[strip.start_s] * 2, y=tick, mode="lines", line={"color": palette.muted, "width": 1}, hoverinfo="skip"
        )
    )


def _calibration(baselines: Sequence[float], start_s: float, speed_mm_s: float, palette: Palette) -> go.Scatter:
    """A pulse of 1 mV and 5 mm before each row."""
    shape_mm = np.array([0.0, 1.0, 1.0, 6.0, 6.0, 7.0, np.nan]) - _PULSE_MM + 2.0
    shape_mv = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, np.nan])
    x = np.tile(start_s + shape_mm / speed_mm_s, len(baselines))
    y = np.concatenate([shape_mv + baseline for baseline in baselines])
    return go.Scatter(
        x=float32(x),
        y=float32(y),
        mode="lines",
        line={"color": palette.ink, "width": 1.3},
        name="calibration 1 mV",
        hovertemplate="calibration pulse 1 mV<extra></extra>",
    )


def _paper_axes(
    figure: go.Figure, palette: Palette, start_s: float, speed: float, gain: float, range_mv: tuple[float, float]
) -> None:
    """The 1 mm and 5 mm grid, with both axes locked to the ratio of speed and gain."""
    grid = {
        "showgrid": True,
        "gridcolor": palette.grid_major,
        "gridwidth": 1,
        "zeroline": False,
        "constrain": "domain",
        "minor": {"showgrid": True, "gridcolor": palette.grid_minor, "gridwidth": 1},
    }
    x_range = [start_s - _PULSE_MM / speed, start_s + sheet_seconds(speed) + _EDGE_MM / speed]
    figure.update_xaxes(
        grid,
        dtick=5.0 / speed,
        tick0=0.0,
        minor_dtick=1.0 / speed,
        range=x_range,
        ticklabelstep=5,
        ticksuffix=" s",
        tickfont={"size": 11, "color": palette.muted},
        constraintoward="left",
    )
    figure.update_yaxes(
        grid,
        dtick=5.0 / gain,
        tick0=0.0,
        minor_dtick=1.0 / gain,
        range=list(range_mv),
        showticklabels=False,
        scaleanchor="x",
        scaleratio=gain / speed,
        constraintoward="top",
    )
