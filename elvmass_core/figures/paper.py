"""The recording laid out on ECG paper in millimetres, for any hand that draws: a browser, a PDF.

Coordinates begin at the upper left corner of the sheet, x to the right and **y down**. Every lead shares one time axis:
at any place of the sheet, ``x_mm`` stands for the same second in every row, as on a cardiograph.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from elvmass_core.domain import DeviceFilters, FloatArray, Recording
from elvmass_core.units import LEAD_INDEX, LEADS, LIMB_LEADS, PRECORDIAL_LEADS

PaperLayout = Literal["3x4+II", "6x2", "12x1"]
LeadOrder = Literal["standard", "cabrera"]
PAPER_LAYOUTS: tuple[PaperLayout, ...] = ("3x4+II", "6x2", "12x1")
LEAD_ORDERS: tuple[LeadOrder, ...] = ("standard", "cabrera")

SHEET_MM = 250.0
"""Length of the traces on one sheet: 10 s at 25 mm/s."""
LEFT_MM, RIGHT_MM = 15.0, 5.0
"""Room for the calibration pulse before the traces, and the edge after them."""
PULSE_MM = 5.0
LABEL_MM = 2.6
"""Height of the capitals of a lead's name."""
MARKS_MM = 5.0
"""Height of the band of beat marks."""
SECONDS_MM = 5.0
"""Height of the band of seconds at the foot of the sheet."""
_LETTER_MM, _CLEAR_MM = 2.4, 1.0
_MIN_UP_MM, _MIN_DOWN_MM = 10.0, 5.0
_MIN_PITCH_MM, _DENSE_PITCH_MM = 25.0, 20.0
_MAX_PITCH_MM, _MAX_PITCH_MV = 60.0, 8.0
"""Rows stand no further apart than the larger of the two: more than a heart makes, less than a wrong unit."""
_BIG_MM = 5.0

_CABRERA_LIMB = ("aVL", "I", "aVR", "II", "aVF", "III")
"""From left to right around the frontal plane, every 30°; aVR is inverted (AHA/ACCF/HRS 2007, part I, doi
10.1161/CIRCULATIONAHA.106.180200)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """One lead on one stretch of the sheet.

    Parameters
    ----------
    lead, label : str
        Standard name, and the name to print: "−aVR" in Cabrera order.
    inverted : bool
        Whether `samples_mv` are the lead turned upside down.
    missing : bool
        The recording does not hold this lead: print "lead missing", draw no trace.
    x0_mm, width_mm, baseline_y_mm : float
        Left edge, width, and the height of 0 mV.
    label_x_mm, label_y_mm : float
        Lower left corner of the name; `LABEL_MM` high, it clears the trace.
    start_s : float
        Second at `x0_mm`.
    first_index : int
        Number of the first sample in the recording: sample i stands at (first_index + i) / fs_hz seconds.
    samples_mv : array (n,)
        Millivolts as drawn, after centring on the median of the whole lead; NaN where there is no signal.
    fs_hz : float
    """

    lead: str
    label: str
    inverted: bool
    missing: bool
    x0_mm: float
    width_mm: float
    baseline_y_mm: float
    label_x_mm: float
    label_y_mm: float
    start_s: float
    first_index: int
    samples_mv: FloatArray
    fs_hz: float

    @property
    def times_s(self) -> FloatArray:
        """Second of each sample in the recording."""
        return (self.first_index + np.arange(self.samples_mv.size)) / self.fs_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatMark:
    """A beat on the time axis; `rr_ms` leads to the next beat, None after the last."""

    x_mm: float
    time_s: float
    rr_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Everything on one sheet of ECG paper, in millimetres from its upper left corner, y down.

    Parameters
    ----------
    width_mm, height_mm : float
        Whole multiples of 5 mm; the grid begins at the corner. Nothing is to be drawn outside.
    speed_mm_s, gain_mm_mv : float
    start_s, end_s : float
        Part of the recording shown.
    strips : tuple of Strip
        Row by row. A strip that does not begin a row is set off by a short tick at its `x0_mm`.
    pulses_mm : tuple of array (6, 2)
        The calibration pulse of each row as a line of x, y: 1 mV high and 5 mm wide.
    beats : tuple of BeatMark
        Detected beats within the sheet, whether averaged or not.
    beats_y_mm : float
        Top of the band of beat marks (`MARKS_MM` high), above the rhythm strip.
    footer : str
        Speed, gain, filters, rate and seconds shown; to be printed below the sheet.
    """

    width_mm: float
    height_mm: float
    speed_mm_s: float
    gain_mm_mv: float
    start_s: float
    end_s: float
    strips: tuple[Strip, ...]
    pulses_mm: tuple[FloatArray, ...]
    beats: tuple[BeatMark, ...]
    beats_y_mm: float
    footer: str

    def x_mm(self, time_s: float | FloatArray) -> float | FloatArray:
        """Place of a second of the recording, the same in every row."""
        return LEFT_MM + (time_s - self.start_s) * self.speed_mm_s

    def line_mm(self, strip: Strip) -> FloatArray:
        """The trace of a strip as (n, 2) x, y; NaN breaks the line."""
        y = strip.baseline_y_mm - strip.samples_mv * self.gain_mm_mv
        return np.column_stack([self.x_mm(strip.times_s), y])

    @property
    def seconds_s(self) -> tuple[float, ...]:
        """Whole seconds to be written at the foot of the sheet."""
        return tuple(float(second) for second in range(math.ceil(self.start_s), math.floor(self.end_s + 1e-6) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A strip before its row has a height; `up_mm` and `down_mm` are what it needs above and below its baseline."""

    lead: str
    label: str
    inverted: bool
    x0_mm: float
    width_mm: float
    start_s: float
    first_index: int
    samples_mv: FloatArray
    label_up_mm: float
    up_mm: float
    down_mm: float

    def beside(self, other: "_Piece") -> bool:
        """Whether the two stand above each other somewhere."""
        return self.x0_mm < other.x0_mm + other.width_mm and other.x0_mm < self.x0_mm + self.width_mm


def sheet_seconds(speed_mm_s: float) -> float:
    """Seconds that fit on one sheet at this paper speed."""
    return SHEET_MM / speed_mm_s


def paper_rows(layout: PaperLayout, order: LeadOrder = "standard") -> tuple[tuple[str, ...], ...]:
    """Leads of each row, from the left."""
    limb = LIMB_LEADS if order == "standard" else _CABRERA_LIMB
    if layout == "12x1":
        return tuple((lead,) for lead in (*limb, *PRECORDIAL_LEADS))
    if layout == "6x2":
        return tuple(zip(limb, PRECORDIAL_LEADS, strict=True))
    leads = (*limb, *PRECORDIAL_LEADS)
    return (*(leads[row::3] for row in range(3)), ("II",))


def lay_out(
    recording: Recording,
    *,
    layout: PaperLayout = "3x4+II",
    order: LeadOrder = "standard",
    speed_mm_s: float = 25.0,
    gain_mm_mv: float = 10.0,
    start_s: float = 0.0,
    r_times_s: Sequence[float] | FloatArray = (),
) -> Sheet:
    """Lay twelve leads out on ECG paper.

    Parameters
    ----------
    recording : Recording
        A lead that is all NaN becomes a strip marked missing.
    layout : {"3x4+II", "6x2", "12x1"}
        Columns follow each other in time, as a cardiograph prints them; "+II" is a rhythm strip.
    order : {"standard", "cabrera"}
        Cabrera: aVL, I, −aVR, II, aVF, III, and aVR is drawn inverted.
    speed_mm_s, gain_mm_mv : float
        Paper speed in mm/s and gain in mm/mV.
    start_s : float
        Where the sheet begins; it holds 250 mm, that is `sheet_seconds` of signal.
    r_times_s : sequence of float
        R times of the beats found; those on the sheet are marked.

    Notes
    -----
    Each lead is centred on its median, which removes an electrode offset and nothing else. The columns of a recording
    shorter than the sheet share what there is. Rows keep clear of each other on the 5 mm grid, up to 8 mV apart.
    """
    rows = [_row(recording, leads, order, start_s, speed_mm_s, gain_mm_mv) for leads in paper_rows(layout, order)]
    marked = _marked_row(rows) if len(r_times_s) else None
    baselines, height_mm = _baselines_mm(rows, gain_mm_mv, marked)
    end_s = min(start_s + sheet_seconds(speed_mm_s), recording.duration_s)
    return Sheet(
        width_mm=LEFT_MM + SHEET_MM + RIGHT_MM,
        height_mm=height_mm,
        speed_mm_s=float(speed_mm_s),
        gain_mm_mv=float(gain_mm_mv),
        start_s=float(start_s),
        end_s=float(end_s),
        strips=tuple(
            _strip(piece, baseline, recording.fs_hz)
            for row, baseline in zip(rows, baselines, strict=True)
            for piece in row
        ),
        pulses_mm=tuple(_pulse_mm(baseline, gain_mm_mv) for baseline in baselines),
        beats=_beats(r_times_s, start_s, end_s, speed_mm_s),
        beats_y_mm=0.0 if marked is None else baselines[marked] - _up_mm(rows[marked], gain_mm_mv) - MARKS_MM,
        footer=_footer(recording, speed_mm_s, gain_mm_mv, start_s, end_s),
    )


# --- Rows -------------------------------------------------------------------------------------------------------------


def _row(
    recording: Recording, leads: Sequence[str], order: LeadOrder, start_s: float, speed: float, gain: float
) -> list[_Piece]:
    """Cut one printed row: its leads share what is shown, one after the other in time."""
    left_mm = (recording.duration_s - start_s) * speed
    shown_mm = max(_BIG_MM, min(SHEET_MM, _BIG_MM * math.ceil(left_mm / _BIG_MM)))
    width_mm = shown_mm / len(leads)
    return [
        _piece(recording, lead, order == "cabrera" and lead == "aVR", column * width_mm, width_mm, start_s, speed, gain)
        for column, lead in enumerate(leads)
    ]


def _piece(
    recording: Recording,
    lead: str,
    inverted: bool,
    offset_mm: float,
    width_mm: float,
    start_s: float,
    speed: float,
    gain: float,
) -> _Piece:
    whole = recording.signal_mv[LEAD_INDEX[lead]]
    centre = float(np.nanmedian(whole)) if np.isfinite(whole).any() else 0.0
    begin_s = start_s + offset_mm / speed
    first, last = (math.ceil(round(s * recording.fs_hz, 6)) for s in (begin_s, begin_s + width_mm / speed))
    samples = (whole[first:last] - centre) * (-1.0 if inverted else 1.0)
    samples.setflags(write=False)
    label = f"−{lead}" if inverted else lead
    head_mm = _LETTER_MM * len(label) + 2.0 * _CLEAR_MM
    label_up = _highest_mm(samples[: max(1, round(head_mm / speed * recording.fs_hz))], gain) + _CLEAR_MM
    return _Piece(
        lead=lead,
        label=label,
        inverted=inverted,
        x0_mm=LEFT_MM + offset_mm,
        width_mm=width_mm,
        start_s=begin_s,
        first_index=first,
        samples_mv=samples,
        label_up_mm=label_up,
        up_mm=max(_highest_mm(samples, gain), label_up + LABEL_MM) + _CLEAR_MM,
        down_mm=_highest_mm(-samples, gain) + _CLEAR_MM,
    )


def _highest_mm(samples_mv: FloatArray, gain: float) -> float:
    """Highest point above the baseline, the baseline included."""
    return max(0.0, float(np.nanmax(samples_mv)) * gain) if np.isfinite(samples_mv).any() else 0.0


def _marked_row(rows: Sequence[Sequence[_Piece]]) -> int:
    """Where the beats are marked: above the last row that shows lead II throughout, else above the first."""
    long = [number for number, row in enumerate(rows) if [piece.lead for piece in row] == ["II"]]
    return long[-1] if long else 0


def _up_mm(row: Sequence[_Piece], gain: float) -> float:
    return min(_most_mm(gain), max(gain + _CLEAR_MM, *(piece.up_mm for piece in row)))


def _most_mm(gain: float) -> float:
    return max(_MAX_PITCH_MM, _MAX_PITCH_MV * gain)


def _baselines_mm(rows: Sequence[Sequence[_Piece]], gain: float, marked: int | None) -> tuple[list[float], float]:
    """Baseline of each row and the height of the sheet; rows keep clear of each other, on the 5 mm grid."""
    band = [MARKS_MM if number == marked else 0.0 for number in range(len(rows))]
    baselines = [_on_grid(max(_MIN_UP_MM, _up_mm(rows[0], gain)) + band[0])]
    for (above, below), marks in zip(pairwise(rows), band[1:], strict=True):
        needed = [up.down_mm + low.up_mm for up in above for low in below if up.beside(low)]
        if marks:
            needed.append(max(piece.down_mm for piece in above) + _up_mm(below, gain))
        least = _DENSE_PITCH_MM if len(rows) == len(LEADS) else _MIN_PITCH_MM
        pitch = min(_most_mm(gain), max(least, gain + _BIG_MM, *needed)) + marks
        baselines.append(baselines[-1] + _on_grid(pitch))
    down = min(_most_mm(gain), max(_MIN_DOWN_MM, *(piece.down_mm for piece in rows[-1])))
    return baselines, baselines[-1] + _on_grid(down + SECONDS_MM)


def _on_grid(mm: float) -> float:
    return _BIG_MM * math.ceil(round(mm / _BIG_MM, 6))


def _strip(piece: _Piece, baseline_mm: float, fs_hz: float) -> Strip:
    return Strip(
        lead=piece.lead,
        label=piece.label,
        inverted=piece.inverted,
        missing=not np.isfinite(piece.samples_mv).any() and piece.samples_mv.size > 0,
        x0_mm=piece.x0_mm,
        width_mm=piece.width_mm,
        baseline_y_mm=baseline_mm,
        label_x_mm=piece.x0_mm + _CLEAR_MM,
        label_y_mm=baseline_mm - piece.label_up_mm,
        start_s=piece.start_s,
        first_index=piece.first_index,
        samples_mv=piece.samples_mv,
        fs_hz=fs_hz,
    )


# --- Marks and words --------------------------------------------------------------------------------------------------


def _pulse_mm(baseline_mm: float, gain: float) -> FloatArray:
    """A pulse of 1 mV and 5 mm, its edges on the 5 mm grid."""
    x = np.array([_BIG_MM - 2.0, _BIG_MM, _BIG_MM, _BIG_MM + PULSE_MM, _BIG_MM + PULSE_MM, _BIG_MM + PULSE_MM + 2.0])
    line = np.column_stack([x, baseline_mm - np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0]) * gain])
    line.setflags(write=False)
    return line


def _beats(r_times_s: Sequence[float] | FloatArray, start_s: float, end_s: float, speed: float) -> tuple[BeatMark, ...]:
    times = np.sort(np.asarray(r_times_s, dtype=float))
    to_next: list[float | None] = [*(float(rr) for rr in np.diff(times) * 1000.0), None]
    return tuple(
        BeatMark(x_mm=LEFT_MM + (float(time) - start_s) * speed, time_s=float(time), rr_ms=rr)
        for time, rr in zip(times, to_next, strict=False)
        if start_s <= time <= end_s
    )


def _footer(recording: Recording, speed: float, gain: float, start_s: float, end_s: float) -> str:
    return " · ".join(
        (
            f"{speed:g} mm/s",
            f"{gain:g} mm/mV",
            "calibration pulse 1 mV",
            filter_words(recording.filters),
            "no filter added, each lead centred on its median",
            f"{recording.fs_hz:g} Hz",
            f"{start_s:g}–{end_s:.3g} s of {recording.duration_s:.3g} s",
        )
    )


_CUT_OFF: Mapping[tuple[bool, bool], str] = {
    (True, True): "{high:g}–{low:g} Hz",
    (True, False): "from {high:g} Hz",
    (False, True): "up to {low:g} Hz",
}


def filter_words(filters: DeviceFilters) -> str:
    """What the cardiograph did to the signal before it was stored, as far as the file says."""
    parts = []
    bounds = _CUT_OFF.get((bool(filters.highpass_hz), bool(filters.lowpass_hz)))
    if bounds is not None:
        parts.append(bounds.format(high=filters.highpass_hz, low=filters.lowpass_hz))
    elif filters.highpass_hz == 0.0 and filters.lowpass_hz == 0.0:
        parts.append("none")
    if filters.notch_hz is not None:
        parts.append(f"notch {filters.notch_hz:g} Hz" if filters.notch_hz else "notch off")
    return f"device filter {', '.join(parts)}" if parts else "device filter not stated"
