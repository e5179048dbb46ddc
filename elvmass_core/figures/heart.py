"""The heart in two sections and the chest with its electrodes, to scale; who knows the anatomy gives the outlines."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.figures.style import PALETTES, Palette, Theme
from elvmass_core.figures.svg import Drawing, Point, beside

_HEART_PX_CM, _CHEST_PX_CM = 11.0, 3.4
_SHORT_AXIS_CM, _LONG_AXIS_CM = (-9.6, 5.4), (-9.6, 5.4)
_HEART_TOP_CM, _HEART_BOTTOM_CM = 7.6, -9.2
_CHEST_HALF_CM, _CHEST_TOP_CM, _CHEST_BOTTOM_CM = 24.5, 21.0, -23.0
"""Frames that hold every heart and chest that can be dialled; they never move, so that growth is seen as growth."""
_BAR_CM = 2.0
_LABEL_PX = 12.0
_THICKNESS_X_CM = (-4.6, 3.2)
"""Where the thicknesses of septum and free wall are written, below the heart."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """One plane through the ventricles, in cm: x to the right of the viewer, y up.

    Parameters
    ----------
    lv_inner, lv_outer : array (n, 2)
        Endocardium and epicardium of the left ventricle, in the same sense.
    rv_inner, rv_outer : array (m, 2)
    closed : bool
        Whether the outlines of the left ventricle are rings (short axis) or open at the base (long axis).
    septum, free_wall : (point, point)
        Where the two thicknesses are measured, from inside out.
    """

    lv_inner: FloatArray
    lv_outer: FloatArray
    rv_inner: FloatArray
    rv_outer: FloatArray
    closed: bool
    septum: tuple[Point, Point]
    free_wall: tuple[Point, Point]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChestView:
    """The trunk from one side, in cm: its outline, those of the ventricles, and the electrodes by name."""

    trunk: FloatArray
    lv: FloatArray
    rv: FloatArray
    electrodes: Mapping[str, Point]


def heart_sections(
    short_axis: Section, long_axis: Section, *, septum_mm: float, free_wall_mm: float, theme: Theme = "light"
) -> str:
    """Short axis (seen from the apex) and long axis of the ventricles beside each other, to one scale, walls in mm.

    Parameters
    ----------
    short_axis, long_axis : Section
    septum_mm, free_wall_mm : float
        Thickness half way down.
    theme : {"light", "dark"}

    Returns
    -------
    str
        Two SVG pictures.
    """
    palette = PALETTES[theme]
    walls = f"septum {septum_mm:.3g} mm, free wall {free_wall_mm:.3g} mm"
    short, long = (
        _heart(section, frame, palette) for section, frame in ((short_axis, _SHORT_AXIS_CM), (long_axis, _LONG_AXIS_CM))
    )
    for place, thickness, side in ((short_axis.septum, septum_mm, -1), (short_axis.free_wall, free_wall_mm, 1)):
        _thickness(short, place, f"{thickness:.3g} mm", side, palette)
    _caption(short, "short axis", palette)
    _caption(long, "long axis", palette)
    left, _ = _SHORT_AXIS_CM
    short.drawing.segment(short.at((left + 0.4, 7.0)), short.at((left + 0.4 + _BAR_CM, 7.0)), palette.ink, width=2)
    short.words(f"{_BAR_CM:g} cm", (left + 0.4, 5.6), palette.muted, anchor="start")
    short.words("RV", (0.5 * (short_axis.rv_inner[:, 0].min() + short_axis.septum[1][0]), -0.3), palette.muted)
    short.words("LV", (0.0, -0.3), palette.muted)
    return beside(
        [short.drawing.markup(f"Short axis: {walls}."), long.drawing.markup(f"Long axis: {walls}.")], "heart"
    )  # fmt: skip


def chest_views(front: ChestView, across: ChestView, *, theme: Theme = "light") -> str:
    """The chest from the front and in a horizontal section, to one scale, with heart and electrodes: two SVG pictures.

    Parameters
    ----------
    front, across : ChestView
        The patient's left is on the viewer's right in both, and in the second the front is up, as on a CT.
    """
    palette = PALETTES[theme]
    views = [_chest(view, palette) for view in (front, across)]
    for view, words in zip(views, ("from the front", "at the height of V4"), strict=True):
        _caption(view, words, palette)
    alts = ("Chest from the front with heart and electrodes.", "Chest in horizontal section at the height of V4.")
    return beside([view.drawing.markup(alt) for view, alt in zip(views, alts, strict=True)], "chest")


# --- Parts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Frame:
    """A drawing in centimetres."""

    drawing: Drawing
    left_cm: float
    top_cm: float
    px_cm: float

    def at(self, place: Point) -> Point:
        return (place[0] - self.left_cm) * self.px_cm, (self.top_cm - place[1]) * self.px_cm

    def area(self, points: FloatArray, color: str, fill: str, width: float = 1.0) -> None:
        seen = np.column_stack([points[:, 0] - self.left_cm, self.top_cm - points[:, 1]]) * self.px_cm
        self.drawing.line(seen, color, width=width, fill=fill)

    def words(self, words: str, place: Point, color: str, *, anchor: str = "middle", size: float = _LABEL_PX) -> None:
        self.drawing.text(words, self.at(place), color, anchor=anchor, size=size)


def _frame(left_cm: float, right_cm: float, bottom_cm: float, top_cm: float, px_cm: float) -> _Frame:
    return _Frame(Drawing((right_cm - left_cm) * px_cm, (top_cm - bottom_cm) * px_cm), left_cm, top_cm, px_cm)


def _caption(frame: _Frame, words: str, palette: Palette) -> None:
    """What a picture shows, at its foot."""
    drawing = frame.drawing
    drawing.text(words, (0.5 * drawing.width, drawing.height - 4), palette.muted, size=_LABEL_PX)


def _heart(section: Section, across_cm: tuple[float, float], palette: Palette) -> _Frame:
    """Walls of both ventricles."""
    frame = _frame(*across_cm, _HEART_BOTTOM_CM, _HEART_TOP_CM, _HEART_PX_CM)
    frame.area(_between(section.rv_inner, section.rv_outer, False), palette.muted, palette.shade)
    wall = _between(section.lv_inner, section.lv_outer, section.closed)
    frame.area(wall, palette.raises, _muscle(palette), 1.4)
    return frame


def _muscle(palette: Palette) -> str:
    """Ground colour of the wall whose mass is asked for."""
    red, green, blue = (int(palette.raises[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.35)"


def _between(inner: FloatArray, outer: FloatArray, closed: bool) -> FloatArray:
    """Outline of the wall between two lines: two rings, or one line there and back."""
    if closed:
        apart = np.full((1, 2), np.nan)
        return np.vstack([outer, outer[:1], apart, inner, inner[:1]])
    return np.vstack([outer, inner[::-1], outer[:1]])


def _thickness(frame: _Frame, place: tuple[Point, Point], words: str, side: int, palette: Palette) -> None:
    """A thickness at its wall: a bar through it, and the words below with a thin line to it."""
    inner, outer = place
    frame.drawing.segment(frame.at(inner), frame.at(outer), palette.ink, width=2.5)
    middle = (0.5 * (inner[0] + outer[0]), 0.5 * (inner[1] + outer[1]))
    foot = (_THICKNESS_X_CM[side > 0], -6.0)
    frame.drawing.segment(frame.at(middle), frame.at(foot), palette.ink, width=0.8)
    frame.drawing.text(words, frame.at((foot[0], -7.2)), palette.ink, size=13, bold=True)


def _chest(view: ChestView, palette: Palette) -> _Frame:
    """Trunk, ventricles, electrodes."""
    frame = _frame(-_CHEST_HALF_CM, _CHEST_HALF_CM, _CHEST_BOTTOM_CM, _CHEST_TOP_CM, _CHEST_PX_CM)
    frame.area(view.trunk, palette.line, palette.shade)
    frame.area(view.rv, palette.muted, palette.band)
    frame.area(view.lv, palette.raises, _muscle(palette))
    for name, place in view.electrodes.items():
        frame.drawing.dot(frame.at(place), 3.4, palette.lowers, ring=palette.panel)
        aside, up, anchor = _BESIDE.get(name, (0.0, -3.8, "middle"))
        frame.words(name, (place[0] + aside, place[1] + up), palette.ink, anchor=anchor, size=10.5)
    return frame


_BESIDE = {
    "V1": (-0.4, 1.4, "end"),
    "V2": (0.4, 1.4, "start"),
    "V3": (0.0, -3.8, "end"),
    "V6": (1.2, -0.7, "start"),
    "RA": (0.0, 1.4, "end"),
    "LA": (0.0, 1.4, "start"),
}
"""Where the name of an electrode is clear of its neighbours, in cm from it."""
