"""Figures as Plotly objects: pure functions from domain types to ``go.Figure``, every axis with its unit."""

from elvmass_core.figures.beat import BEAT_LEGEND, averaged_beat, grams_per_10_ms
from elvmass_core.figures.grams import estimate_scale, segment_table, waterfall
from elvmass_core.figures.paper import PAPER_LAYOUTS, PaperLayout, ecg_paper, sheet_seconds
from elvmass_core.figures.style import PLOT_CONFIG, Theme

__all__ = [
    "BEAT_LEGEND",
    "PAPER_LAYOUTS",
    "PLOT_CONFIG",
    "PaperLayout",
    "Theme",
    "averaged_beat",
    "ecg_paper",
    "estimate_scale",
    "grams_per_10_ms",
    "segment_table",
    "sheet_seconds",
    "waterfall",
]
