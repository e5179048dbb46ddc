"""A page in millimetres from its upper left corner, y down: lines, areas, and text that knows its width.

A thin layer over fpdf2. Text is set in the DejaVu Sans that matplotlib ships, whose letters are embedded, so that
"≥", "−" and "▲" print everywhere. Nothing in the file tells when it was made: the same page gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import matplotlib
import numpy as np
from fpdf import FPDF
from fpdf.enums import StrokeCapStyle, StrokeJoinStyle
from fpdf.fonts import TTFFont
from fpdf.prefs import ViewerPreferences

from elvmass_core.domain import FloatArray

Rgb = tuple[int, int, int]

PAGE_MM = (297.0, 210.0)
"""A4 on its side: the only way that 10 s at 25 mm/s fit."""
_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
_MM_PER_PT = 25.4 / 72.0
_LINE = 1.22
"""Distance of two lines ÷ size of the letters."""
_ASCENT = 0.93
"""Top of a line to its baseline ÷ size, of DejaVu Sans."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN_LETTER = "?"


def line_mm(size_pt: float) -> float:
    """Height of one line of text."""
    return size_pt * _MM_PER_PT * _LINE


def rgb(code: str) -> Rgb:
    """A colour of a palette on white paper: ``"#d55e00"`` or ``"rgba(200,70,70,0.16)"``."""
    if code.startswith("#"):
        red, green, blue = (int(code[start : start + 2], 16) for start in (1, 3, 5))
        return red, green, blue
    *channels, alpha = (float(part) for part in code[code.index("(") + 1 : -1].split(","))
    red, green, blue = (round(255.0 - alpha * (255.0 - channel)) for channel in channels)
    return red, green, blue


class Canvas:
    """One A4 page on its side."""

    def __init__(self, title: str) -> None:
        self._pdf = FPDF(orientation="landscape", unit="mm", format="A4")
        self._pdf.set_auto_page_break(False)
        self._pdf.set_title(title)
        self._pdf.set_creator("ELVMass")
        self._pdf.set_lang("en")
        self._pdf.set_creation_date(_EPOCH)
        self._pdf.viewer_preferences = ViewerPreferences(display_doc_title=True, print_scaling="None")
        self._pdf.add_font("sans", "", _FONTS / "DejaVuSans.ttf")
        self._pdf.add_font("sans", "B", _FONTS / "DejaVuSans-Bold.ttf")
        self._pdf.add_page()

    def pdf_bytes(self) -> bytes:
        """The finished file."""
        return bytes(self._pdf.output())

    # --- Text -----------------------------------------------------------------------------------------------------

    def printable(self, words: str) -> str:
        """Words on one line, with "?" for every letter the font does not hold."""
        font = self._pdf.fonts["sans"]
        known = font.cmap if isinstance(font, TTFFont) else {}
        one_line = " ".join(words.split())
        return "".join(letter if ord(letter) in known else _UNKNOWN_LETTER for letter in one_line)

    def text_width(self, words: str, size_pt: float, *, bold: bool = False) -> float:
        """Width of one line in mm."""
        self._font(size_pt, bold=bold)
        return float(self._pdf.get_string_width(words))

    def text(
        self,
        x: float,
        top: float,
        words: str,
        size_pt: float,
        color: Rgb,
        *,
        bold: bool = False,
        align: str = "left",
    ) -> None:
        """One line whose top is at `top`; `align` says what `x` is: left, center or right."""
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
        x -= share * self.text_width(words, size_pt, bold=bold)
        self._pdf.set_text_color(*color)
        self._pdf.text(x, top + _ASCENT * size_pt * _MM_PER_PT, words)

    def wrapped(self, words: str, width: float, size_pt: float, *, bold: bool = False) -> list[str]:
        """Words cut into lines of this width; a word that is wider than a line is cut too."""
        lines: list[str] = []
        line = ""
        for word in self._short_words(words, width, size_pt, bold):
            longer = f"{line} {word}" if line else word
            if line and self.text_width(longer, size_pt, bold=bold) > width:
                lines.append(line)
                longer = word
            line = longer
        return [*lines, line] if line else lines

    def _short_words(self, words: str, width: float, size_pt: float, bold: bool) -> Iterator[str]:
        for word in words.split():
            while self.text_width(word, size_pt, bold=bold) > width:
                head = word
                while len(head) > 1 and self.text_width(head, size_pt, bold=bold) > width:
                    head = head[:-1]
                yield head
                word = word[len(head) :]
                if not word:
                    break
            if word:
                yield word

    def shortened(
        self, words: str, width: float, size_pt: float, *, max_lines: int = 1, bold: bool = False
    ) -> list[str]:
        """As `wrapped`, with "…" where lines are left out."""
        lines = self.wrapped(words, width, size_pt, bold=bold)
        if len(lines) <= max_lines:
            return lines
        last = lines[max_lines - 1]
        while last and self.text_width(f"{last} …", size_pt, bold=bold) > width:
            last = last[:-1].rstrip()
        return [*lines[: max_lines - 1], f"{last} …"]

    def lines(
        self, x: float, top: float, lines: Sequence[str], size_pt: float, color: Rgb, *, bold: bool = False
    ) -> float:
        """Lines below each other; returns where the next one would begin."""
        for line in lines:
            self.text(x, top, line, size_pt, color, bold=bold)
            top += line_mm(size_pt)
        return top

    def paragraph(
        self, x: float, top: float, words: str, width: float, size_pt: float, color: Rgb, *, bold: bool = False
    ) -> float:
        """Words as lines of this width; returns where the next line would begin."""
        return self.lines(x, top, self.wrapped(words, width, size_pt, bold=bold), size_pt, color, bold=bold)

    def _font(self, size_pt: float, *, bold: bool) -> None:
        self._pdf.set_font("sans", "B" if bold else "", size_pt)

    # --- Lines and areas ------------------------------------------------------------------------------------------

    def line(
        self, x0: float, y0: float, x1: float, y1: float, color: Rgb, width: float, dash_mm: float | None = None
    ) -> None:
        """A straight line, dotted when `dash_mm` says how."""
        self._stroke(color, width)
        if dash_mm is not None:
            self._pdf.set_dash_pattern(dash=dash_mm, gap=dash_mm)
        self._pdf.line(x0, y0, x1, y1)
        if dash_mm is not None:
            self._pdf.set_dash_pattern()

    def polyline(self, points: FloatArray, color: Rgb, width: float) -> None:
        """A line through (n, 2) x, y; NaN breaks it. Joins are round: an R wave keeps its height."""
        self._stroke(color, width)
        known = np.isfinite(points).all(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
        with self._pdf.local_context(stroke_join_style=StrokeJoinStyle.ROUND, stroke_cap_style=StrokeCapStyle.BUTT):
            for begin, end in zip(edges[::2], edges[1::2], strict=True):
                if end - begin > 1:
                    self._pdf.polyline([(float(x), float(y)) for x, y in points[begin:end]])

    def area(self, x: float, y: float, width: float, height: float, color: Rgb) -> None:
        """A filled rectangle."""
        self._pdf.set_fill_color(*color)
        self._pdf.rect(x, y, width, height, style="F")

    def frame(self, x: float, y: float, width: float, height: float, color: Rgb, line_width: float) -> None:
        """The outline of a rectangle."""
        self._stroke(color, line_width)
        self._pdf.rect(x, y, width, height, style="D")

    @contextmanager
    def inside(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Draw nothing outside this rectangle; colours and fonts set inside are forgotten after it."""
        with self._pdf.local_context(), self._pdf.rect_clip(x, y, width, height):
            yield

    def _stroke(self, color: Rgb, width: float) -> None:
        self._pdf.set_draw_color(*color)
        self._pdf.set_line_width(width)
