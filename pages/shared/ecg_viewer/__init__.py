"""The ECG paper in the browser: zoom, calipers and read-outs, drawn from a `Sheet` by JavaScript beside this file.

Nothing comes back to the server: what the reader measures stays in his browser, under the key of the recording.
"""

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from elvmass_core.figures.paper import LABEL_MM, LEFT_MM, MARKS_MM, SECONDS_MM, Sheet, Strip
from elvmass_core.figures.style import Theme

_FOLDER = Path(__file__).parent
_SCRIPTS = ("paper.js", "calipers.js", "grips.js", "viewer.js")
"""One module in four files, joined in this order."""
_FINEST_MV, _LARGEST_COUNT, _NO_SIGNAL = 1e-3, 32_000, -32_768
"""Samples travel as 16-bit counts of 1 µV, or coarser where a lead is larger than 32 mV."""


def _read(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


_component = st.components.v2.component("elvmass_ecg_viewer", css=_read("viewer.css"), js=_read(*_SCRIPTS))


def ecg_viewer(sheet: Sheet, *, key: str, theme: Theme, alt: str) -> None:
    """Show a sheet of ECG paper with calipers.

    Parameters
    ----------
    sheet : Sheet
    key : str
        One for each recording, whatever its layout: zoom and calipers are kept under it in the browser.
    theme : {"light", "dark"}
    alt : str
        What the picture shows, for those who cannot see it.
    """
    _component(key=key, data=payload(sheet) | {"key": key, "theme": theme, "alt": alt})


def payload(sheet: Sheet) -> dict[str, Any]:
    """A sheet as JSON: millimetres as they are, samples as base64 of little-endian int16, −32768 for none."""
    unit_mv = _unit_mv(sheet)
    return {
        "width": sheet.width_mm,
        "height": sheet.height_mm,
        "left": LEFT_MM,
        "speed": sheet.speed_mm_s,
        "gain": sheet.gain_mm_mv,
        "start": sheet.start_s,
        "unit_mv": unit_mv,
        "label_mm": LABEL_MM,
        "strips": [_strip(strip, unit_mv) for strip in sheet.strips],
        "pulses": [pulse.tolist() for pulse in sheet.pulses_mm],
        "beats": [asdict(beat) for beat in sheet.beats],
        "beats_y": sheet.beats_y_mm,
        "beats_mm": MARKS_MM,
        "seconds": sheet.seconds_s,
        "seconds_mm": SECONDS_MM,
        "footer": sheet.footer,
    }


def _unit_mv(sheet: Sheet) -> float:
    largest = max((np.nanmax(np.abs(s.samples_mv)) for s in sheet.strips if np.isfinite(s.samples_mv).any()), default=0)
    return max(_FINEST_MV, float(largest) / _LARGEST_COUNT)


def _strip(strip: Strip, unit_mv: float) -> dict[str, Any]:
    counts = np.where(np.isfinite(strip.samples_mv), np.round(strip.samples_mv / unit_mv), _NO_SIGNAL).astype("<i2")
    return {
        "lead": strip.lead,
        "label": strip.label,
        "sign": -1 if strip.inverted else 1,
        "missing": strip.missing,
        "x0": strip.x0_mm,
        "width": strip.width_mm,
        "baseline": strip.baseline_y_mm,
        "label_x": strip.label_x_mm,
        "label_y": strip.label_y_mm,
        "first": strip.first_index,
        "fs": strip.fs_hz,
        "samples": base64.b64encode(counts.tobytes()).decode("ascii"),
    }
