"""Noise, baseline, breathing and P waves of real and simulated recordings: ``python benchmarks/recording_realism.py``.

The levels of `elvmass_core.virtual.noise`, of the breathing in `recording` and of the P wave in `atria` were set on the
recordings whose name has an even SHA-256; the others are for comparison only. No mass is looked at. Needs the public
recordings (ELVMASS_ECG_DATA). Devices differ: about half of LUDB is low-passed near 40 Hz, some of it high-passed.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import signal as sps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import BEAT_R_INDEX, Recording  # noqa: E402
from elvmass_core.errors import ElvmassError  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.io.wfdb_writer import write_wfdb  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.signal.filters import clean  # noqa: E402
from elvmass_core.signal.rpeaks import detect_r  # noqa: E402
from elvmass_core.units import INDEPENDENT_ROWS, LEAD_INDEX  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_recording  # noqa: E402
from elvmass_core.virtual.device import counts_per_mv  # noqa: E402

DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
SETS = ("ptbxl/HR*.hea", "georgia/E*.hea", "ningbo/JS*.hea", "ludb/*_uv.hea")
TWINS = ("E07510",)
"""Georgia holds this signal twice."""
FS_HZ = 500.0
N_SIMULATED, SEED = 90, 77
PERCENTILES = (10, 25, 50, 75, 90)
LIMB, CHEST = slice(0, 2), slice(2, 8)
BANDS_HZ = {
    "noise 20-45 Hz, uV": (20.0, 45.0),
    "noise 65-95 Hz, uV": (65.0, 95.0),
    "noise 105-145 Hz, uV": (105.0, 145.0),
}
PRESENT_MV = 0.02
MOST_IRREGULAR = 0.12


def is_for_tuning(name: str) -> bool:
    """Which half a recording belongs to."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 0


def real(tuning: bool) -> Iterator[Recording]:
    """One half of the recordings at 500 Hz."""
    for pattern in SETS:
        for header in sorted(DATA.glob(pattern)):
            name = header.stem.removesuffix("_uv")
            if is_for_tuning(name) == tuning and name not in TWINS:
                yield read_recording(load_files([header]))


def simulated() -> Iterator[Recording]:
    """Patients of the preset taiwan-like, read back as a file."""
    with tempfile.TemporaryDirectory() as folder:
        for index in range(N_SIMULATED):
            rng = np.random.default_rng([SEED, index])
            patient = sample_patient(rng)
            counts = counts_per_mv(patient.recorder.resolution_uv)
            write_wfdb(Path(folder), "r", simulate_recording(patient, rng), FS_HZ, counts_per_mv=counts)
            yield read_recording(load_files([Path(folder) / "r.hea"]))


def quiet_windows(r_samples: np.ndarray) -> list[slice]:
    """Between the end of T and the next P, where there is room."""
    windows = []
    for first, second in zip(r_samples[:-1], r_samples[1:], strict=True):
        rr_s = (second - first) / FS_HZ
        start, stop = int(first + (0.40 * np.sqrt(rr_s) + 0.02) * FS_HZ), int(second - 0.22 * FS_HZ)
        if stop - start >= 0.04 * FS_HZ:
            windows.append(slice(start, stop))
    return windows


def noise_of(recording: Recording) -> dict[str, np.ndarray] | None:
    """Levels per independent lead; None when beats or pauses are missing."""
    leads = recording.signal_mv[INDEPENDENT_ROWS]
    r_samples = detect_r(clean(recording.signal_mv))
    windows = quiet_windows(r_samples) if len(r_samples) > 3 else []
    if len(windows) < 3:
        return None
    values = {}
    for name, band_hz in BANDS_HZ.items():
        band = sps.sosfiltfilt(sps.butter(4, band_hz, "bandpass", fs=FS_HZ, output="sos"), leads, axis=1)
        values[name] = 1e3 * np.sqrt(np.mean(np.concatenate([band[:, w] for w in windows], axis=1) ** 2, axis=1))
    level = np.stack([leads[:, r - 37 : r - 27].mean(axis=1) for r in r_samples if r > 60], axis=1)
    values["PR level, SD over beats, uV"] = 1e3 * level.std(axis=1)
    values["PR level, largest step, uV"] = 1e3 * np.abs(np.diff(level, axis=1)).max(axis=1)
    values["QRS size, SD over beats, %"], turn = qrs_variation(leads, r_samples)
    values["frontal QRS axis, SD over beats, deg"] = np.full(len(leads), turn)
    return values


def qrs_variation(leads: np.ndarray, r_samples: np.ndarray) -> tuple[np.ndarray, float]:
    """Relative SD of the size of each lead's QRS, and the SD of the turn of the frontal loop, over beats in time."""
    band = sps.sosfiltfilt(sps.butter(2, (2.0, 45.0), "bandpass", fs=FS_HZ, output="sos"), leads, axis=1)
    early = np.concatenate([[False], np.diff(r_samples) < 0.8 * np.median(np.diff(r_samples))])
    inside = (r_samples > 60) & (r_samples < leads.shape[1] - 60) & ~early
    beats = np.stack([band[:, r - 40 : r + 41] for r in r_samples[inside]])
    size = np.ptp(beats, axis=2)
    frontal = np.stack([beats[:, 0], (2.0 * beats[:, 1] - beats[:, 0]) / np.sqrt(3.0)], axis=1)
    mean = frontal.mean(axis=0)
    across = np.stack([-mean[1], mean[0]])
    turn = np.einsum("bkt,kt->b", frontal - mean, across) / np.sum(across**2)
    return 100.0 * size.std(axis=0) / np.maximum(size.mean(axis=0), 1e-6), float(np.degrees(turn).std())


def p_wave_of(recording: Recording) -> dict[str, float] | None:
    """The P wave of the averaged beat of a regular rhythm."""
    try:
        beat = extract_beat(recording)
    except ElvmassError:
        return None
    rr_s, marks = np.diff(beat.r_times_s), beat.fiducials
    if rr_s.std() > MOST_IRREGULAR * rr_s.mean() or marks.p_on is None or marks.p_off is None or marks.qrs_on is None:
        return None
    times = 2.0 * (np.arange(beat.signal_mv.shape[1]) - BEAT_R_INDEX)
    wave = beat.signal_mv[:, (times >= marks.p_on - 6.0) & (times <= min(marks.p_off + 6.0, marks.qrs_on - 4.0))]
    before = beat.signal_mv[:, (times >= marks.p_on - 16.0) & (times <= marks.p_on - 4.0)].mean(axis=1)
    wave = wave - np.outer(before, np.linspace(1.0, 0.0, wave.shape[1]))
    v1 = wave[LEAD_INDEX["V1"]]
    area = wave.sum(axis=1)
    return {
        "P duration, ms": marks.p_off - marks.p_on,
        "PR, ms": marks.qrs_on - marks.p_on,
        "P in II, mV": wave[LEAD_INDEX["II"]].max(),
        "P in V1 at most, mV": v1.max(),
        "P in V1 at the end, mV": v1[v1.argmax() :].min(),
        "P axis, deg": float(np.degrees(np.arctan2(2.0 / np.sqrt(3.0) * area[LEAD_INDEX["aVF"]], area[0]))),
        "biphasic in V1": float(v1.max() > PRESENT_MV and v1.min() < -PRESENT_MV),
        "negative only in V1": float(v1.max() <= PRESENT_MV and v1.min() < -PRESENT_MV),
        "positive only in V1": float(v1.max() > PRESENT_MV and v1.min() >= -PRESENT_MV),
    }


def show(title: str, recordings: Iterator[Recording]) -> None:
    """Print the percentiles of one group."""
    every = list(recordings)
    noises = [noise for noise in map(noise_of, every) if noise is not None]
    waves = [wave for wave in map(p_wave_of, every) if wave is not None]
    print(f"\n{title}: {len(every)} recordings, {len(noises)} with pauses, {len(waves)} with a regular P")
    for name in noises[0]:
        parts = [[np.mean(noise[name][LIMB]) for noise in noises], [np.median(noise[name][CHEST]) for noise in noises]]
        print(f"  {name:38}" + " | ".join(" ".join(f"{v:7.2f}" for v in np.percentile(p, PERCENTILES)) for p in parts))
    for name in waves[0]:
        values = [wave[name] for wave in waves]
        if name.endswith("in V1"):
            print(f"  {name:38}{100.0 * np.mean(values):6.0f} %")
        else:
            print(f"  {name:38}" + " ".join(f"{v:7.2f}" for v in np.percentile(values, PERCENTILES)))


def main() -> None:
    """Print both halves and the simulation; limb leads left, chest leads right."""
    print("percentiles", PERCENTILES)
    show("real, for tuning", real(tuning=True))
    show("real, for comparison", real(tuning=False))
    show("simulated, taiwan-like", simulated())


if __name__ == "__main__":
    main()
