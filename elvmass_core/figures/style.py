"""What every figure shares: the two palettes, the Plotly settings, and 32-bit arrays.

Backgrounds are transparent and colours come from the Okabe–Ito set, so each figure reads on a light and a dark page and
without colour vision: orange always raises the mass, blue always lowers it, and a sign or a label says the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one theme."""

    ink: str
    muted: str
    faint: str
    band: str
    shade: str
    line: str
    grid_minor: str
    grid_major: str
    raises: str
    lowers: str
    neutral: str
    panel: str


PALETTES: Mapping[str, Palette] = {
    "light": Palette(
        ink="#1b1b1b",
        muted="#5b5f66",
        faint="rgba(70,80,95,0.16)",
        band="rgba(70,80,95,0.16)",
        shade="rgba(0,114,178,0.07)",
        line="rgba(27,27,27,0.30)",
        grid_minor="rgba(200,70,70,0.16)",
        grid_major="rgba(200,70,70,0.42)",
        raises="#d55e00",
        lowers="#0072b2",
        neutral="#efefef",
        panel="#ffffff",
    ),
    "dark": Palette(
        ink="#f1f1f1",
        muted="#b4b8bf",
        faint="rgba(210,215,225,0.16)",
        band="rgba(210,215,225,0.18)",
        shade="rgba(86,180,233,0.12)",
        line="rgba(241,241,241,0.32)",
        grid_minor="rgba(255,140,140,0.13)",
        grid_major="rgba(255,140,140,0.32)",
        raises="#f5943a",
        lowers="#56b4e9",
        neutral="#4a4d52",
        panel="#14171c",
    ),
}

PLOT_CONFIG = {"displaylogo": False, "showSendToCloud": False, "responsive": True}
"""What every chart is shown with: nothing that could send data elsewhere."""


def themed(figure: go.Figure, theme: Theme, *, height: int, **layout: Any) -> go.Figure:
    """Apply what all figures share: transparent ground, font colour, no legend unless asked."""
    palette = PALETTES[theme]
    common = {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "closest",
        "font": {"color": palette.ink, "family": "Source Sans, Source Sans Pro, sans-serif", "size": 12},
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hoverlabel": {"bgcolor": palette.panel, "font": {"color": palette.ink}},
    }
    return figure.update_layout(**(common | layout))


def signed_ticks(limit: float) -> dict[str, Any]:
    """Ticks of a diverging colour bar from −limit to +limit: signed ends and halves, and a plain 0."""
    decimals = max(0, 2 - math.floor(math.log10(limit)) - 1) if limit > 0 else 1
    shown = [round(share * limit, decimals) for share in (-0.9, -0.45, 0.0, 0.45, 0.9)]
    words = [f"{value:+.{decimals}f}".replace("-", "−") if value else "0" for value in shown]
    return {"tickmode": "array", "tickvals": shown, "ticktext": words}


def signed(value: float) -> str:
    """A contribution to one decimal with its sign, a true minus, and none on zero."""
    words = f"{value:+.1f}"
    return "0.0" if words in ("+0.0", "-0.0") else words.replace("-", "−")


def float32(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Half the bytes on the wire; a screen has no use for more digits."""
    return np.asarray(values, dtype=np.float32)
