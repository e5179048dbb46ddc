"""Borders of the averaged beat against LUDB's cardiologists: ``python benchmarks/ludb_delineation.py``.

The reference of a border is, per beat, a quantile over the leads that were marked (the first quarter for an onset, the
last quarter for an end, the median for a peak), then the median over the beats used. Even subjects (in order of their
number) were used for tuning, odd ones only for reporting. Needs the public recordings (ELVMASS_ECG_DATA) and ``wfdb``.
"""

import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import FIDUCIAL_NAMES, Beat  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402

DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
STEP_MS = 2.0
MIN_LEADS = 4
WAVE_OF = {"p": "p", "qrs": "N", "t": "t"}
SIDE = {"on": 0, "peak": 1, "off": 2, "end": 2}
QUANTILE = {"on": 0.25, "peak": 0.5, "off": 0.75, "end": 0.75}
NEAR_R = {"p": (-150, 0), "N": (-30, 30), "t": (30, 300)}
"""Where the peak of a wave may lie, in samples from R."""


def headers(data: Path) -> list[Path]:
    """The LUDB headers whose amplitudes are right, in order of the subject's number."""
    return sorted(data.glob("ludb/*_uv.hea"), key=lambda path: int(path.stem.split("_")[0]))


def marks(header: Path) -> dict[tuple[str, str], list[np.ndarray]]:
    """(lead, wave) → onset, peak and end samples of every marked wave."""
    import wfdb

    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for lead in LEADS:
        annotation = wfdb.rdann(str(header.with_name(header.stem.removesuffix("_uv"))), lead)
        symbols, samples = annotation.symbol, annotation.sample
        for k in range(1, len(symbols) - 1):
            if symbols[k - 1] == "(" and symbols[k + 1] == ")":
                found.setdefault((lead, symbols[k]), []).append(samples[k - 1 : k + 2])
    return found


def reference_ms(found: dict[tuple[str, str], list[np.ndarray]], beat: Beat, name: str) -> float | None:
    """The cardiologists' border in ms from R; None where fewer than four leads were marked."""
    part, side = name.rsplit("_", 1)
    wave = WAVE_OF[part]
    low, high = NEAR_R[wave]
    per_beat = []
    for r in beat.r_times_s[np.array(beat.used)] * 1000.0 / STEP_MS:
        near = [
            (mark[SIDE[side]] - r) * STEP_MS
            for lead in LEADS
            for mark in found.get((lead, wave), [])
            if low < mark[1] - r < high
        ]
        if len(near) >= MIN_LEADS:
            per_beat.append(np.quantile(near, QUANTILE[side]))
    return float(np.median(per_beat)) if per_beat else None


def errors(paths: list[Path]) -> dict[str, list[float]]:
    """Ours − reference in ms, by border, over recordings."""
    differences: dict[str, list[float]] = {name: [] for name in FIDUCIAL_NAMES}
    for path in paths:
        beat, found = extract_beat(read_recording(load_files([path]))), marks(path)
        for name, have in beat.fiducials.as_dict().items():
            want = reference_ms(found, beat, name)
            if have is not None and want is not None:
                differences[name].append(have - want)
    return differences


def main() -> None:
    """Print bias, SD and median absolute error of both halves."""
    paths = headers(DATA)
    if not paths:
        sys.exit("No LUDB recordings: set ELVMASS_ECG_DATA to the folder that holds ludb/.")
    for half, chosen in (("tuning", paths[::2]), ("reporting", paths[1::2])):
        print(f"{half} half, {len(chosen)} recordings")
        for name, values in errors(chosen).items():
            array = np.array(values)
            middle = np.median(np.abs(array))
            spread = f"bias {array.mean():+6.1f}  SD {array.std():5.1f}  median |error| {middle:4.1f} ms"
            print(f"  {name:8s} n {array.size:2d}  {spread}")


if __name__ == "__main__":
    main()
