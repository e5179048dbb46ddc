"""Borders of the averaged beat against LUDB's cardiologists: ``python benchmarks/ludb_delineation.py [--out …]``.

The reference of a border is, per beat, a quantile over the leads that were marked (the first quarter for an onset, the
last quarter for an end, the median for a peak), then the median over the beats used. Even subjects (in order of their
number) were used for tuning ours, odd ones only for reporting. NeuroKit2 was tuned on neither by us. Needs the public
recordings (ELVMASS_ECG_DATA) and ``wfdb``.

NeuroKit2 runs as its manual shows, lead by lead: ``ecg_clean``, ``ecg_peaks``, ``ecg_delineate`` ("dwt" and "cwt"). Its
borders are matched to the beats by time (its arrays can be misaligned by a beat) and reduced over leads and beats by
the same rule as the cardiologists' marks. It marks single beats and we mark the average, so its task is harder; what a
reader of a 12-lead ECG gets is compared.
"""

import argparse
import os
import sys
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.record import write  # noqa: E402
from elvmass_core.domain import FIDUCIAL_NAMES, Beat, Recording  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.signal.filters import clean, fill_gaps, resample  # noqa: E402
from elvmass_core.signal.rpeaks import detect_r  # noqa: E402

DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
STEP_MS = 2.0
MIN_LEADS = 4
WAVE_OF = {"p": "p", "qrs": "N", "t": "t"}
SIDE = {"on": 0, "peak": 1, "off": 2, "end": 2}
QUANTILE = {"on": 0.25, "peak": 0.5, "off": 0.75, "end": 0.75}
NEAR_R = {"p": (-150, 0), "N": (-30, 30), "t": (30, 300)}
"""Where the peak of a wave may lie, in samples from R."""
FS_HZ = 500.0
OURS, METHODS = "ours", ("dwt", "cwt")
NEUROKIT_NAMES = {
    "p_on": "ECG_P_Onsets", "p_off": "ECG_P_Offsets", "qrs_on": "ECG_R_Onsets", "qrs_off": "ECG_R_Offsets",
    "t_on": "ECG_T_Onsets", "t_peak": "ECG_T_Peaks", "t_end": "ECG_T_Offsets",
}  # fmt: skip
NEUROKIT_NEAR_MS = {
    "p_on": (-350.0, -50.0), "p_off": (-300.0, -10.0), "qrs_on": (-150.0, 30.0), "qrs_off": (-30.0, 200.0),
    "t_on": (40.0, 450.0), "t_peak": (60.0, 600.0), "t_end": (100.0, 700.0),
}  # fmt: skip
"""Where a border of NeuroKit2 may lie from R to belong to that beat: wide, so that its errors are kept."""
R_TOLERANCE_MS = 150.0
"""A beat is found when an R lies this close to the marked one (ANSI/AAMI EC57)."""


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
        per_beat.append(near)
    return reduced_ms(per_beat, side)


def reduced_ms(per_beat: list[list[float]], side: str) -> float | None:
    """A quantile over leads, then the median over beats with enough leads; None without such a beat."""
    values = [np.quantile(near, QUANTILE[side]) for near in per_beat if len(near) >= MIN_LEADS]
    return float(np.median(values)) if values else None


@dataclass
class Delineation:
    """What NeuroKit2 finds in one recording: R per lead, borders of every lead together, seconds per method."""

    r_samples: list[np.ndarray] = field(default_factory=list)
    borders: dict[tuple[str, str], list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def neurokit(recording: Recording) -> Delineation:
    """Run NeuroKit2 lead by lead; a lead on which it fails has no border."""
    import neurokit2

    found = Delineation()
    for lead in recording.signal_mv:
        start = time.perf_counter()
        cleaned = neurokit2.ecg_clean(lead, sampling_rate=int(FS_HZ))
        r_samples = neurokit2.ecg_peaks(cleaned, sampling_rate=int(FS_HZ))[1]["ECG_R_Peaks"]
        shared_s = time.perf_counter() - start
        found.r_samples.append(np.asarray(r_samples))
        for method in METHODS:
            start = time.perf_counter()
            try:
                waves = neurokit2.ecg_delineate(cleaned, r_samples, sampling_rate=int(FS_HZ), method=method)[1]
            except Exception:  # noqa: BLE001  # Whatever it raises on a lead it cannot read.
                waves = {}
            found.seconds[method] += shared_s + time.perf_counter() - start
            for name, theirs in NEUROKIT_NAMES.items():
                samples = np.array(waves.get(theirs, []), dtype=float)
                found.borders[method, name].append(samples[np.isfinite(samples)])
    return found


def neurokit_ms(found: Delineation, method: str, beat: Beat, name: str) -> float | None:
    """Its border in ms from our R, by the same rule as the reference."""
    low, high = NEUROKIT_NEAR_MS[name]
    per_beat = []
    for r in beat.r_times_s[np.array(beat.used)] * 1000.0:
        leads = [samples * STEP_MS - r for samples in found.borders[method, name]]
        near = [lead[(low < lead) & (lead < high)] for lead in leads]
        per_beat.append([float(np.median(lead)) for lead in near if lead.size])
    return reduced_ms(per_beat, name.rsplit("_", 1)[1])


def share_found(marked: np.ndarray, r_samples: np.ndarray) -> tuple[int, int]:
    """How many marked beats have an R near them, and how many there are."""
    if not len(r_samples):
        return 0, len(marked)
    distance = np.abs(marked[:, None] - np.asarray(r_samples)[None]).min(axis=1) * STEP_MS
    return int((distance <= R_TOLERANCE_MS).sum()), len(marked)


@dataclass
class Half:
    """Errors in ms by (method, border), references, R found and marked, and seconds of one half."""

    methods: tuple[str, ...] = METHODS
    """Which of NeuroKit2's to run beside ours."""
    errors: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    references: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    beats: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: Path) -> None:
        """Delineate one recording."""
        recording, found = read_recording(load_files([path])), marks(path)
        start = time.perf_counter()
        beat = extract_beat(recording)
        self.seconds[OURS].append(time.perf_counter() - start)
        theirs = neurokit(recording) if self.methods else Delineation()
        self._add_beats(recording, found, theirs)
        for method in self.methods:
            self.seconds[method].append(theirs.seconds[method])
        for name, ours in beat.fiducials.as_dict().items():
            want = reference_ms(found, beat, name)
            if want is None:
                continue
            self.references[name] += 1
            have = {OURS: ours} | {method: neurokit_ms(theirs, method, beat, name) for method in self.methods}
            for method, value in have.items():
                if value is not None:
                    self.errors[method, name].append(value - want)

    def _add_beats(self, recording: Recording, found: dict, theirs: Delineation) -> None:
        """Which of the QRS marked in a lead were found."""
        ours = detect_r(clean(resample(fill_gaps(recording.signal_mv, recording.fs_hz)[0], recording.fs_hz)))
        for k, lead in enumerate(LEADS):
            marked = np.array([mark[1] for mark in found.get((lead, "N"), [])])
            if not marked.size:
                continue
            self.beats[OURS].append(share_found(marked, ours))
            if self.methods:
                self.beats["neurokit2"].append(share_found(marked, theirs.r_samples[k]))
                if lead == "ii":
                    self.beats["neurokit2 in II"].append(share_found(marked, theirs.r_samples[k]))


def print_half(title: str, half: Half, n: int) -> None:
    """Bias, SD and number for each method."""
    methods = (OURS, *METHODS)
    print(f"{title} half, {n} recordings; bias / SD in ms (recordings with the border)")
    print(f"  {'':8s}{'marked':>7s}" + "".join(f"{name:>24s}" for name in methods))
    for name in FIDUCIAL_NAMES:
        cells = []
        for method in methods:
            values = np.array(half.errors[method, name])
            text = f"{values.mean():+.1f} / {values.std():.1f} ({values.size})" if values.size else "–"
            cells.append(f"{text:>24s}")
        print(f"  {name:8s}{half.references[name]:7d}" + "".join(cells))
    shares = {name: np.sum(counts, axis=0) for name, counts in half.beats.items()}
    words = [f"{name} {100.0 * k / m:.1f} % ({k}/{m})" for name, (k, m) in shares.items()]
    print("  R within 150 ms of a QRS marked in a lead: " + ", ".join(words))
    times = [f"{name} {1000.0 * np.median(half.seconds[name]):.0f}" for name in methods]
    print("  ms per recording, median (ours: beat and borders): " + ", ".join(times))


def summary(half: Half, n: int) -> dict[str, object]:
    """Bias, SD (ms) and number for each method and border; milliseconds for each recording."""
    found: dict[str, object] = {"recordings": n}
    for method in (OURS, *METHODS):
        borders = {}
        for name in FIDUCIAL_NAMES:
            if half.errors[method, name]:
                errors = np.array(half.errors[method, name])
                borders[name] = {"bias_ms": float(errors.mean()), "sd_ms": float(errors.std()), "n": errors.size}
        found[method] = {"ms": 1000.0 * float(np.median(half.seconds[method])), "borders": borders}
    return found


def main() -> None:
    """Print both halves."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="JSON file")
    out, result = parser.parse_args().out, {}
    paths = headers(DATA)
    if not paths:
        sys.exit("No LUDB recordings: set ELVMASS_ECG_DATA to the folder that holds ludb/.")
    for title, chosen in (("tuning", paths[::2]), ("reporting", paths[1::2])):
        half = Half()
        with warnings.catch_warnings():
            # NeuroKit2 warns on every lead it cannot read.
            warnings.simplefilter("ignore")
            for path in chosen:
                half.add(path)
        print_half(title, half, len(chosen))
        result[title] = summary(half, len(chosen))
    if out:
        write(out, result)


if __name__ == "__main__":
    main()
