"""What follows the sliders: the averaged beat on a scale that stays, and truth against estimate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import Beat, FloatArray
from elvmass_core.figures.style import PALETTES, Palette, Theme
from elvmass_core.figures.svg import Drawing, Point, beside
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import LEAD_INDEX, LIMB_LEADS, PRECORDIAL_LEADS

_PANEL_PX, _ROW_PX, _LEFT_PX, _TOP_PX, _GAP_PX, _FOOT_PX = 138.0, 116.0, 34.0, 14.0, 10.0, 30.0
_LIMB_MV, _CHEST_MV, _STEP_MV = (-1.0, 1.5), (-2.0, 2.0), 0.5
"""The beat is drawn on at least this range, and on more in whole steps: a tall QRS must look tall."""
_TICKS_MS = (0.0, 200.0, 400.0)
_ROWS = 3

_TRACE_PX, _MARGIN_PX = (330.0, 262.0), (44.0, 10.0, 10.0, 38.0)
_FRAME_G, _GRID_G = (40.0, 220.0), 50.0
"""The trace shows at least this range, so that a small step looks small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Truth and estimate of one setting of the dials, in g."""

    truth_g: float
    estimate_g: float
    interval_g: tuple[float, float]
    body_only_g: float


def live_beat(beat: Beat, *, theme: Theme = "light") -> str:
    """The averaged beat, limb and precordial leads: two SVG pictures on a scale that does not follow the beat.

    Parameters
    ----------
    beat : Beat
        Average, its borders (QRS solid, P and T dotted), and ST–T shaded.
    theme : {"light", "dark"}
    """
    groups = ((LIMB_LEADS, _LIMB_MV, "limb"), (PRECORDIAL_LEADS, _CHEST_MV, "precordial"))
    return beside([_group(beat, leads, least, words, PALETTES[theme]) for leads, least, words in groups], "beat")


def _group(beat: Beat, leads: Sequence[str], least_mv: tuple[float, float], words: str, palette: Palette) -> str:
    """Six leads in two columns."""
    low, high = _range_mv(beat, leads, least_mv)
    drawing = Drawing(
        _LEFT_PX + 2 * (_PANEL_PX + _GAP_PX), _TOP_PX + _ROWS * (_ROW_PX + _TOP_PX) + _FOOT_PX
    )  # fmt: skip
    for place, lead in enumerate(leads):
        column, row = divmod(place, _ROWS)
        corner = (_LEFT_PX + column * (_PANEL_PX + _GAP_PX), _TOP_PX + row * (_ROW_PX + _TOP_PX))
        _panel(drawing, beat, lead, corner, (low, high), palette)
        if column == 0:
            _millivolts(drawing, corner[1], (low, high), palette)
        if row == _ROWS - 1:
            _milliseconds(drawing, corner, palette)
    drawing.text("mV against ms after R", (0.5 * drawing.width, drawing.height - 3), palette.muted, size=11)
    return drawing.markup(f"Averaged beat of the {words} leads in mV against ms.")


def _range_mv(beat: Beat, leads: Sequence[str], least: tuple[float, float]) -> tuple[float, float]:
    rows = beat.signal_mv[[LEAD_INDEX[lead] for lead in leads]]
    low = _STEP_MV * np.floor((float(rows.min()) - 0.05) / _STEP_MV)
    high = _STEP_MV * np.ceil((float(rows.max()) + 0.05) / _STEP_MV)
    return min(least[0], float(low)), max(least[1], float(high))


def _panel(
    drawing: Drawing, beat: Beat, lead: str, corner: Point, range_mv: tuple[float, float], palette: Palette
) -> None:
    """One lead: ST–T shaded, borders, zero line, trace, name."""
    left, top = corner
    fiducials = beat.fiducials
    if fiducials.qrs_off is not None and fiducials.t_end is not None:
        ends = (_x(left, fiducials.qrs_off), top), (_x(left, fiducials.t_end), top + _ROW_PX)
        drawing.box(*ends, palette.shade)
    for name, value in fiducials.as_dict().items():
        if value is not None:
            dash = "" if name.startswith("qrs") else "2 3"
            drawing.segment((_x(left, value), top), (_x(left, value), top + _ROW_PX), palette.line, dash=dash)
    zero = _y(top, 0.0, range_mv)
    drawing.segment((left, zero), (left + _PANEL_PX, zero), palette.faint)
    times = beat_times_ms()
    across = left + (times - times[0]) / (times[-1] - times[0]) * _PANEL_PX
    low, high = range_mv
    up = top + (high - beat.signal_mv[LEAD_INDEX[lead]]) / (high - low) * _ROW_PX
    drawing.line(np.column_stack([across, up]), palette.ink, width=1.5)
    drawing.text(lead, (left + 2, top + 9), palette.ink, size=13, bold=True, anchor="start")


def _x(left: float, ms: float) -> float:
    times = beat_times_ms()
    return left + float((ms - times[0]) / (times[-1] - times[0])) * _PANEL_PX


def _y(top: float, mv: float, range_mv: tuple[float, float]) -> float:
    low, high = range_mv
    return top + (high - mv) / (high - low) * _ROW_PX


def _millivolts(drawing: Drawing, top: float, range_mv: tuple[float, float], palette: Palette) -> None:
    """Whole millivolts at the left of a row."""
    for mv in np.arange(np.ceil(range_mv[0]), np.floor(range_mv[1]) + 0.5):
        at = _y(top, float(mv), range_mv)
        drawing.segment((_LEFT_PX - 4, at), (_LEFT_PX, at), palette.muted)
        words = f"{mv:.0f}".replace("-", "−")
        drawing.text("0" if mv == 0 else words, (_LEFT_PX - 7, at + 4), palette.muted, size=11, anchor="end")


def _milliseconds(drawing: Drawing, corner: Point, palette: Palette) -> None:
    """Times below the last row."""
    foot = corner[1] + _ROW_PX
    for ms in _TICKS_MS:
        at = _x(corner[0], ms)
        drawing.segment((at, foot), (at, foot + 3), palette.muted)
        drawing.text(f"{ms:.0f}", (at, foot + 13), palette.muted, size=11)


# --- The trace --------------------------------------------------------------------------------------------------------


def true_against_estimated(answers: Sequence[Answer], *, theme: Theme = "light") -> str:
    """Where the dials have been: true mass across, estimate up, the last with its interval, on the line if right.

    Parameters
    ----------
    answers : sequence of Answer
        In the order in which they were dialled; the last is the present one. May be empty.

    Returns
    -------
    str
        An SVG picture.
    """
    palette, drawing = PALETTES[theme], Drawing(*_TRACE_PX)
    plane = _plane(answers)
    _axes(drawing, plane, palette)
    ends = np.array([plane.at(value, value) for value in plane.range_g])
    drawing.line(ends, palette.muted, dash="6 5")
    path = np.array([plane.at(one.truth_g, one.estimate_g) for one in answers])
    if len(answers) > 1:
        drawing.line(path, palette.line)
    for place, share in zip(path[:-1], np.linspace(0.3, 0.8, len(path))[:-1], strict=True):
        drawing.dot((place[0], place[1]), 3, palette.muted, opacity=float(share))
    if answers:
        _present(drawing, answers[-1], plane, palette)
    return beside([drawing.markup(_trace_words(answers))], "trace")


def _trace_words(answers: Sequence[Answer]) -> str:
    if not answers:
        return "True LV mass against the estimate: nothing yet."
    last = answers[-1]
    return f"True LV mass {last.truth_g:.0f} g against the estimate of {last.estimate_g:.0f} g, and earlier ones."


@dataclass(frozen=True, slots=True)
class _Plane:
    """Both axes, in g."""

    range_g: tuple[float, float]

    def at(self, truth_g: float, estimate_g: float) -> Point:
        left, right, top, bottom = _MARGIN_PX
        low, high = self.range_g
        width, height = _TRACE_PX[0] - left - right, _TRACE_PX[1] - top - bottom
        across, up = (truth_g - low) / (high - low), (estimate_g - low) / (high - low)
        return left + across * width, top + (1.0 - up) * height


def _plane(answers: Sequence[Answer]) -> _Plane:
    values = [value for one in answers for value in (one.truth_g, *one.interval_g)]
    return _Plane((min([_FRAME_G[0], *values]), max([_FRAME_G[1], *values])))


def _axes(drawing: Drawing, plane: _Plane, palette: Palette) -> None:
    """Grid every `_GRID_G`, with numbers and titles."""
    low, high = plane.range_g
    for grams in np.arange(_GRID_G * np.ceil(low / _GRID_G), high + 1e-6, _GRID_G):
        words, value = f"{grams:.0f}", float(grams)
        drawing.segment(plane.at(value, low), plane.at(value, high), palette.faint)
        drawing.segment(plane.at(low, value), plane.at(high, value), palette.faint)
        x, y = plane.at(value, low)
        drawing.text(words, (x, y + 14), palette.muted, size=11)
        x, y = plane.at(low, value)
        drawing.text(words, (x - 5, y + 4), palette.muted, size=11, anchor="end")
    x, y = plane.at(0.5 * (low + high), low)
    drawing.text("true LV mass, g", (x, y + 31), palette.ink, size=12)
    x, y = plane.at(low, high)
    drawing.text("estimate, g", (x + 4, y + 10), palette.ink, size=12, anchor="start")


def _present(drawing: Drawing, answer: Answer, plane: _Plane, palette: Palette) -> None:
    """The present setting with its interval, and what the body alone says."""
    low, high = (plane.at(answer.truth_g, grams) for grams in answer.interval_g)
    drawing.segment(low, high, palette.lowers, width=2.5)
    for x, y in (low, high):
        drawing.segment((x - 5, y), (x + 5, y), palette.lowers, width=2.5)
    drawing.dot(plane.at(answer.truth_g, answer.estimate_g), 6, palette.lowers, ring=palette.panel)
    x, y = plane.at(answer.truth_g, answer.body_only_g)
    corners: FloatArray = np.array([(x + 10, y), (x + 20, y - 5), (x + 20, y + 5), (x + 10, y)])
    drawing.line(corners, palette.muted, fill=palette.muted)
