"""The drawings of the page: the sheet of ECG paper, the averaged beat, the scale in grams."""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import Attribution, Beat, Estimate, Fiducials, FloatArray
from elvmass_core.figures.beat import group_range_mv
from elvmass_core.figures.paper import LABEL_MM, Sheet, Strip
from elvmass_core.figures.saliency import SALIENCY_LEGEND, grams_per_10_ms, limit_g, step_colors, steps
from elvmass_core.figures.style import PALETTES
from elvmass_core.report.canvas import Canvas, Rgb, line_mm, rgb
from elvmass_core.segments import beat_times_ms
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, PRECORDIAL_LEADS
from elvmass_core.wording import MODEL_REFERENCE, crowd_words

_PALETTE = PALETTES["light"]
INK, MUTED = rgb(_PALETTE.ink), rgb(_PALETTE.muted)
RAISES, LOWERS = rgb(_PALETTE.raises), rgb(_PALETTE.lowers)
_MINOR, _MAJOR = rgb(_PALETTE.grid_minor), rgb(_PALETTE.grid_major)
_SHADE, _BORDER, _BAND = rgb(_PALETTE.shade), rgb(_PALETTE.line), rgb(_PALETTE.band)
TRACE_MM, _THIN_MM, _MINOR_MM, _MAJOR_MM = 0.22, 0.12, 0.06, 0.14
SMALL_PT = 6.2
"""The smallest letters on the page."""
_LABEL_PT = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on the page, in mm."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


# --- ECG --------------------------------------------------------------------------------------------------------------


def draw_sheet(canvas: Canvas, sheet: Sheet, box: Box) -> None:
    """ECG paper true to scale, cut where the box ends."""
    with canvas.inside(box.x, box.y, box.width, box.height):
        _grid(canvas, box)
        offset = np.array([box.x, box.y])
        for pulse in sheet.pulses_mm:
            canvas.polyline(pulse + offset, INK, TRACE_MM)
        for strip in sheet.strips:
            _draw_strip(canvas, sheet, strip, offset)
        _seconds(canvas, sheet, box)


def _grid(canvas: Canvas, box: Box) -> None:
    """Lines every 1 mm and every 5 mm, from the upper left corner."""
    for every, color, width in ((1.0, _MINOR, _MINOR_MM), (5.0, _MAJOR, _MAJOR_MM)):
        for x in np.arange(0.0, box.width + 0.01, every):
            canvas.line(box.x + x, box.y, box.x + x, box.bottom, color, width)
        for y in np.arange(0.0, box.height + 0.01, every):
            canvas.line(box.x, box.y + y, box.right, box.y + y, color, width)


def _draw_strip(canvas: Canvas, sheet: Sheet, strip: Strip, offset: FloatArray) -> None:
    """The trace, its name, and a tick where it follows another lead."""
    x, base = offset + np.array([strip.x0_mm, strip.baseline_y_mm])
    canvas.line(x, base - 3.0, x, base + 3.0, MUTED, _THIN_MM)
    if not strip.missing:
        canvas.polyline(sheet.line_mm(strip) + offset, INK, TRACE_MM)
    words = f"{strip.label} lead missing" if strip.missing else strip.label
    label_x, label_y = offset + np.array([strip.label_x_mm, strip.label_y_mm])
    canvas.text(label_x, label_y - LABEL_MM, words, _LABEL_PT, INK, bold=True)


def _seconds(canvas: Canvas, sheet: Sheet, box: Box) -> None:
    """Whole seconds at the foot of the sheet."""
    top = box.bottom - line_mm(SMALL_PT) - 0.3
    for second in sheet.seconds_s:
        x = box.x + float(sheet.x_mm(second))
        canvas.text(x, top, f"{second:g} s", SMALL_PT, MUTED, align="center")


# --- Averaged beat ----------------------------------------------------------------------------------------------------

_COLUMNS = (LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12])
_SCALE_MM, _GAP_MM, _ROW_GAP_MM = 7.0, 1.5, 1.0
_SALIENCY_MM = 1.1


def draw_beat(canvas: Canvas, beat: Beat, attribution: Attribution | None, box: Box) -> None:
    """The averaged beat in twelve panels, ST–T shaded, with grams as the colour of the trace where they are known."""
    legend_mm = 2.0 * line_mm(SMALL_PT) + 0.5
    grams = None if attribution is None else grams_per_10_ms(attribution)
    limit = limit_g(grams)
    width = (box.width - 2.0 * _SCALE_MM - 2.0 * _GAP_MM) / 4.0
    height = (box.height - legend_mm - 2.0 * _ROW_GAP_MM) / 3.0
    for column, leads in enumerate(_COLUMNS):
        group = LIMB_LEADS if column < 2 else PRECORDIAL_LEADS
        x = box.x + _SCALE_MM * (1 + column // 2) + column * width + _GAP_MM * ((column + 1) // 2)
        for row, lead in enumerate(leads):
            panel = Box(x=x, y=box.y + row * (height + _ROW_GAP_MM), width=width, height=height)
            frame = _Panel(panel, group_range_mv([beat], group))
            _draw_panel(canvas, beat, lead, frame, None if grams is None else grams[LEAD_INDEX[lead]], limit)
            if column % 2 == 0 and row == 0:
                _amplitude_scale(canvas, frame)
    _beat_legend(canvas, box, box.bottom - legend_mm + 0.5, None if grams is None else limit)


class _Panel:
    """From ms and mV to the page."""

    def __init__(self, box: Box, range_mv: list[float]) -> None:
        times = beat_times_ms()
        self.box, self.low_mv, self.high_mv = box, range_mv[0], range_mv[1]
        self.start_ms, self.end_ms = float(times[0]), float(times[-1])

    @property
    def mm_per_mv(self) -> float:
        """Height of 1 mV."""
        return self.box.height / (self.high_mv - self.low_mv)

    def x(self, time_ms: FloatArray | float) -> FloatArray | float:
        """Place of a time after R."""
        return self.box.x + (time_ms - self.start_ms) / (self.end_ms - self.start_ms) * self.box.width

    def y(self, mv: FloatArray | float) -> FloatArray | float:
        """Height of an amplitude."""
        return self.box.y + (self.high_mv - mv) * self.mm_per_mv


def _draw_panel(canvas: Canvas, beat: Beat, lead: str, panel: _Panel, grams: FloatArray | None, limit: float) -> None:
    box, mean, sd = panel.box, beat.signal_mv[LEAD_INDEX[lead]], beat.sd_mv[LEAD_INDEX[lead]]
    missing = not np.isfinite(mean).any()
    with canvas.inside(box.x, box.y, box.width, box.height):
        _borders(canvas, beat.fiducials, panel)
        x = np.asarray(panel.x(beat_times_ms()))
        for edge in (mean - sd, mean + sd):
            canvas.polyline(np.column_stack([x, panel.y(edge)]), _BAND, _THIN_MM)
        points = np.column_stack([x, panel.y(mean)])
        if grams is not None:
            colors = step_colors(_PALETTE)
            for step, inside in steps(grams, limit):
                canvas.polyline(np.where(inside[:, None], points, np.nan), colors[step], _SALIENCY_MM)
        canvas.polyline(points, INK, TRACE_MM)
    canvas.text(box.x + 0.5, box.y, f"{lead} missing" if missing else lead, SMALL_PT, INK, bold=True)


def _borders(canvas: Canvas, fiducials: Fiducials, panel: _Panel) -> None:
    """ST–T shaded, the borders of QRS as lines and of P and T as dots, and the level of 0 mV."""
    box = panel.box
    if fiducials.qrs_off is not None and fiducials.t_end is not None:
        left, right = float(panel.x(fiducials.qrs_off)), float(panel.x(fiducials.t_end))
        canvas.area(left, box.y, right - left, box.height, _SHADE)
    zero = float(panel.y(0.0))
    canvas.line(box.x, zero, box.right, zero, _BAND, _THIN_MM)
    for name, value in fiducials.as_dict().items():
        if value is not None:
            x = float(panel.x(value))
            dash = None if name.startswith("qrs") else 0.4
            canvas.line(x, box.y, x, box.bottom, _BORDER, _THIN_MM, dash)


def _amplitude_scale(canvas: Canvas, panel: _Panel) -> None:
    """A bar of 1 mV (0.5 mV where 1 does not fit) before the first panel of a group."""
    mv = 1.0 if panel.mm_per_mv < 0.8 * panel.box.height else 0.5
    x, bottom = panel.box.x - 1.2, panel.box.bottom
    canvas.line(x, bottom, x, bottom - mv * panel.mm_per_mv, INK, 2.0 * _THIN_MM)
    top = bottom - 0.5 * mv * panel.mm_per_mv - 0.5 * line_mm(SMALL_PT)
    canvas.text(x - 0.8, top - 0.4 * line_mm(SMALL_PT), f"{mv:g}", SMALL_PT, MUTED, align="right")
    canvas.text(x - 0.8, top + 0.4 * line_mm(SMALL_PT), "mV", SMALL_PT, MUTED, align="right")


def _beat_legend(canvas: Canvas, box: Box, top: float, limit: float | None) -> None:
    """What the marks mean, and the colours in grams."""
    words = "−280 to 518 ms around R · shaded: ST–T · lines: QRS · dots: P, T · grey: ± 1 SD"
    canvas.text(box.x, top, words, SMALL_PT, MUTED)
    if limit is None:
        return
    top += line_mm(SMALL_PT)
    end = f"{limit:.{2 if limit < 1 else 1}f}"
    x = box.x + canvas.text_width(f"−{end} ", SMALL_PT)
    canvas.text(box.x, top, f"−{end}", SMALL_PT, MUTED)
    for color in step_colors(_PALETTE):
        canvas.area(x, top + 0.3, 2.0, line_mm(SMALL_PT) - 0.6, color)
        x += 2.0
    canvas.text(x + 0.8, top, f"+{end} {SALIENCY_LEGEND.removeprefix('colour: ')}", SMALL_PT, MUTED)


# --- Scale in grams ---------------------------------------------------------------------------------------------------

_ROW_MM, _LABELS_MM, _VALUES_MM = 2.9, 33.0, 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    label: str
    grams: float
    sign: str
    color: Rgb


def draw_scale(canvas: Canvas, estimate: Estimate, box: Box, *, bsa_m2: float | None, outside: bool) -> float:
    """The mass with its interval above what to compare it with, in the rows and words of the page's scale.

    These are the cut-off for this body, body alone, model reference, and where nine of ten training patients of the
    sex lie. Returns where the page goes on.
    """
    marks = _marks(estimate, None if outside else bsa_m2, MUTED if outside else LOWERS)
    crowd = estimate.reference_range_g
    values = [*estimate.interval_g, *crowd, *(mark.grams for mark in marks)]
    span = max(values) - min(values)
    low, high = min(values) - 0.06 * span, max(values) + 0.06 * span
    height = (len(marks) + 1) * _ROW_MM
    axis = Box(x=box.x + _LABELS_MM, y=box.y, width=box.width - _LABELS_MM - _VALUES_MM, height=height)

    def place(grams: float) -> float:
        return axis.x + (grams - low) / (high - low) * axis.width

    _gram_axis(canvas, axis, low, high)
    for row, ends, color in ((0, estimate.interval_g, marks[0].color), (len(marks), crowd, MUTED)):
        left, right = map(place, ends)
        canvas.area(left, _row_top(box, row) + 0.5, right - left, _ROW_MM - 1.0, _pale(color))
    for row, mark in enumerate(marks):
        _draw_mark(canvas, mark, place(mark.grams), box, axis, row)
    _label_row(canvas, box, len(marks), crowd_words(estimate), "{:.0f}–{:.0f} g".format(*crowd))
    canvas.text(box.x, axis.bottom + 0.3, "LV mass, g", SMALL_PT, MUTED)
    return axis.bottom + 0.3 + line_mm(SMALL_PT)


def _marks(estimate: Estimate, bsa_m2: float | None, color: Rgb) -> list[_Mark]:
    """The rows of the scale that are single masses; without a body surface there is no cut-off in grams."""
    marks = [_Mark(label="this ECG", grams=estimate.lvm_g, sign="●", color=color)]
    if bsa_m2 is not None:
        marks.append(_Mark(label="LVH cut-off", grams=estimate.cutoff_g_m2 * bsa_m2, sign="|", color=RAISES))
    marks.append(_Mark(label="without the ECG", grams=estimate.demographics_only_g, sign="▲", color=MUTED))
    return [*marks, _Mark(label=MODEL_REFERENCE, grams=estimate.reference_g, sign="◇", color=MUTED)]


def _pale(color: Rgb) -> Rgb:
    red, green, blue = (round(255 - 0.35 * (255 - channel)) for channel in color)
    return red, green, blue


def _row_top(box: Box, row: int) -> float:
    return box.y + row * _ROW_MM


def _label_row(canvas: Canvas, box: Box, row: int, label: str, value: str) -> float:
    """What a row is, and its grams at the right; returns the top of its words."""
    top = _row_top(box, row) + 0.5 * (_ROW_MM - line_mm(SMALL_PT))
    canvas.text(box.x, top, label, SMALL_PT, INK)
    canvas.text(box.right, top, value, SMALL_PT, INK, align="right")
    return top


def _draw_mark(canvas: Canvas, mark: _Mark, x: float, box: Box, axis: Box, number: int) -> None:
    """One row: its name, its sign on the axis, its grams."""
    top = _label_row(canvas, box, number, mark.label, f"{mark.grams:.0f} g")
    if mark.sign == "|":
        # down from the interval that it judges to its own row, as on the page
        canvas.line(x, axis.y, x, _row_top(box, number + 1), mark.color, 0.35, 0.7)
    else:
        canvas.text(x, top, mark.sign, SMALL_PT + 1.0, mark.color, align="center")


def _gram_axis(canvas: Canvas, axis: Box, low: float, high: float) -> None:
    """Thin lines at round grams with their numbers below."""
    every = next(step for step in (5.0, 10.0, 20.0, 50.0, 100.0, 1000.0) if (high - low) / step <= 6)
    for grams in np.arange(np.ceil(low / every) * every, high, every):
        x = axis.x + (float(grams) - low) / (high - low) * axis.width
        canvas.line(x, axis.y, x, axis.bottom, _BAND, _THIN_MM)
        canvas.text(x, axis.bottom + 0.3, f"{grams:.0f}", SMALL_PT, MUTED, align="center")
