"""Pictures that follow a slider: plain SVG, as a Plotly chart of twelve leads takes longer than the simulation.

Lengths are CSS pixels of a drawing that is scaled to the width it is given. Text in it is ours, never a user's.
"""

from collections.abc import Sequence
from html import escape

import numpy as np

from elvmass_core.domain import FloatArray

Point = tuple[float, float]
_FINE = 10
"""Points are rounded to a tenth of a pixel and written as whole steps: half the bytes."""


class Drawing:
    """A picture of a given size that is added to from back to front.

    Parameters
    ----------
    width, height : float
        In pixels, before it is scaled.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(self, points: FloatArray, color: str, *, width: float = 1.0, dash: str = "", fill: str = "none") -> None:
        """A line through points (n, 2); with a fill, the area inside it too."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="{_steps(points)}" transform="scale({1 / _FINE:g})" vector-effect="non-scaling-stroke" '
            f'fill="{fill}" fill-rule="evenodd" stroke="{color}" stroke-width="{width:g}" '
            f'stroke-linejoin="round"{dashes}/>'
        )

    def segment(self, start: Point, end: Point, color: str, *, width: float = 1.0, dash: str = "") -> None:
        """A straight line."""
        self.line(np.array([start, end]), color, width=width, dash=dash)

    def box(self, corner: Point, opposite: Point, color: str) -> None:
        """A filled rectangle without border."""
        (x0, y0), (x1, y1) = corner, opposite
        self._parts.append(
            f'<rect x="{min(x0, x1):.1f}" y="{min(y0, y1):.1f}" width="{abs(x1 - x0):.1f}" height="{abs(y1 - y0):.1f}" '
            f'fill="{color}"/>'
        )

    def dot(self, at: Point, radius: float, color: str, *, opacity: float = 1.0, ring: str = "none") -> None:
        """A filled circle."""
        self._parts.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{color}" opacity="{opacity:.2f}" '
            f'stroke="{ring}"/>'
        )

    def text(
        self, words: str, at: Point, color: str, *, size: float = 12.0, anchor: str = "middle", bold: bool = False
    ) -> None:
        """Words whose baseline begins, is centred or ends (``anchor`` start, middle, end) at a point."""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" fill="{color}" font-size="{size:g}" text-anchor="{anchor}"{weight}>'
            f"{escape(words)}</text>"
        )

    def markup(self, alt: str) -> str:
        """The picture as an element of a page; ``alt`` says in words what it shows."""
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" aria-label="{escape(alt)}" '
            f'xmlns="http://www.w3.org/2000/svg">{"".join(self._parts)}</svg>'
        )


def beside(pictures: Sequence[str], name: str) -> str:
    """Pictures beside each other, or below each other on a narrow page; ``name`` is a class for the page's style."""
    return f'<div class="pictures {name}">{"".join(pictures)}</div>'


def _steps(points: FloatArray) -> str:
    """Path data: a start and whole steps from point to point; NaN breaks the line."""
    broken = np.flatnonzero(np.isnan(points[:, 0]))
    stretches = np.split(points, broken)
    return "".join(_stretch(part[1:] if np.isnan(part[0, 0]) else part) for part in stretches if len(part))


def _stretch(points: FloatArray) -> str:
    if len(points) < 2:
        return ""
    whole = np.rint(points * _FINE).astype(int)
    steps = " ".join(f"{x} {y}" for x, y in np.diff(whole, axis=0).tolist())
    return f"M{whole[0, 0]} {whole[0, 1]}l{steps}"
