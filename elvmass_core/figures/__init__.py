"""Figures as Plotly objects: pure functions from domain types to ``go.Figure``, every axis with its unit.

The ECG paper is a layout in millimetres (`Sheet`) that the browser and the PDF draw alike.
"""

from elvmass_core.figures.beat import BEAT_LEGEND, averaged_beat
from elvmass_core.figures.grams import estimate_scale, segment_table, waterfall
from elvmass_core.figures.paper import (
    LEAD_ORDERS,
    PAPER_LAYOUTS,
    LeadOrder,
    PaperLayout,
    Sheet,
    Strip,
    filter_words,
    lay_out,
    paper_rows,
    sheet_seconds,
)
from elvmass_core.figures.saliency import grams_per_10_ms
from elvmass_core.figures.style import PLOT_CONFIG, Theme

__all__ = [
    "BEAT_LEGEND",
    "LEAD_ORDERS",
    "PAPER_LAYOUTS",
    "PLOT_CONFIG",
    "LeadOrder",
    "PaperLayout",
    "Sheet",
    "Strip",
    "Theme",
    "averaged_beat",
    "estimate_scale",
    "filter_words",
    "grams_per_10_ms",
    "lay_out",
    "paper_rows",
    "segment_table",
    "sheet_seconds",
    "waterfall",
]
