"""A 12-lead recording on ECG paper: 25 mm/s, 10 mm/mV, 3 × 4 leads of 2.5 s and a rhythm strip."""

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from elvmass_core.domain import FloatArray
from elvmass_core.units import LEAD_INDEX

LAYOUT = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
RHYTHM_LEAD = "II"
MM_PER_S, MM_PER_MV = 25.0, 10.0
COLUMN_S, STRIP_S = 2.5, 10.0
LEFT_MM, WIDTH_MM, ROW_MM, TOP_MM = 10.0, 265.0, 32.0, 16.0
SMALL_MM, LARGE_MM = 1.0, 5.0
DPI = 120
COLOURS = 32
PAPER, SMALL_LINE, LARGE_LINE, INK = "#fff9f7", "#f6d5cf", "#e8a79d", "#101010"
MM_PER_INCH = 25.4


def ecg_paper(signal_mv: FloatArray, fs_hz: float, caption: str) -> Figure:
    """Draw a recording as a cardiologist reads it.

    Parameters
    ----------
    signal_mv : array (12, n_samples)
        At least 10 s.
    fs_hz : float
    caption : str

    Returns
    -------
    matplotlib Figure
        One millimetre of paper is one millimetre at `DPI`.
    """
    height_mm = TOP_MM + ROW_MM * (len(LAYOUT) + 1)
    figure = Figure(figsize=(WIDTH_MM / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, WIDTH_MM), ylim=(0.0, height_mm))
    axes.set_axis_off()
    _grid(axes, height_mm)
    for row, leads in enumerate(LAYOUT):
        level = height_mm - TOP_MM - ROW_MM * (row + 0.55)
        _calibration(axes, level)
        for column, lead in enumerate(leads):
            _trace(axes, signal_mv, fs_hz, lead, level, column * COLUMN_S, COLUMN_S)
    level = height_mm - TOP_MM - ROW_MM * (len(LAYOUT) + 0.55)
    _calibration(axes, level)
    _trace(axes, signal_mv, fs_hz, RHYTHM_LEAD, level, 0.0, STRIP_S)
    axes.text(LEFT_MM, height_mm - 6.0, f"{caption}   25 mm/s, 10 mm/mV", fontsize=8, color=INK)
    return figure


def _grid(axes: Axes, height_mm: float) -> None:
    """Lines every 1 and 5 mm."""
    axes.add_patch(Rectangle((0.0, 0.0), WIDTH_MM, height_mm, facecolor=PAPER, zorder=0))
    for step, colour, width in ((SMALL_MM, SMALL_LINE, 0.35), (LARGE_MM, LARGE_LINE, 0.6)):
        upright = [((x, 0.0), (x, height_mm)) for x in np.arange(0.0, WIDTH_MM + step, step)]
        level = [((0.0, y), (WIDTH_MM, y)) for y in np.arange(0.0, height_mm + step, step)]
        axes.add_collection(LineCollection(upright + level, colors=colour, linewidths=width, zorder=1))


def _trace(
    axes: Axes, signal_mv: FloatArray, fs_hz: float, lead: str, level_mm: float, start_s: float, length_s: float
) -> None:
    """One lead from a start on, its median on the level."""
    first, last = (round(time * fs_hz) for time in (start_s, start_s + length_s))
    wave = signal_mv[LEAD_INDEX[lead]]
    x = LEFT_MM + MM_PER_S * np.arange(first, min(last, wave.size)) / fs_hz
    y = level_mm + MM_PER_MV * (wave[first:last] - np.median(wave))
    axes.plot(x, y, color=INK, linewidth=0.7, zorder=3, solid_joinstyle="round")
    axes.text(x[0] + 1.0, level_mm + 0.38 * ROW_MM, lead, fontsize=8, color=INK, zorder=4)
    if start_s:
        axes.plot([x[0], x[0]], [level_mm - 2.0, level_mm + 2.0], color=INK, linewidth=0.5, zorder=3)


def _calibration(axes: Axes, level_mm: float) -> None:
    """A pulse of 1 mV and 0.2 s."""
    axes.plot(
        [2, 3, 3, 8, 8, 9], level_mm + MM_PER_MV * np.array([0, 0, 1, 1, 0, 0]), color=INK, linewidth=0.7, zorder=3
    )


def save_png(figure: Figure, path: Path, *, colours: int = COLOURS) -> Path:
    """Write a figure as a small PNG with a palette."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    buffer.seek(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(buffer).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    return path
