"""How far the estimate moves when nothing about the heart does: ``python benchmarks/stability.py [--out …]``.

Every recording is analysed as it is and again with the noise of IEC 60601-2-25 (25 µV rms above 40 Hz, mains of 50 µV,
1 mV at 0.3 Hz; together and one by one, random phases), with R times off by up to ±20 ms a beat, at twice its sampling
rate and back, and from half a beat later. Printed: |change| of LV mass in per cent (median, p95, largest) and how often
the answer was refused. Needs the public recordings (ELVMASS_ECG_DATA); age 60, 170 cm, 70 kg where the file says
nothing. ``--simulated N`` adds simulated patients of a seed that no training uses.
"""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import sys  # noqa: E402

import numpy as np  # noqa: E402
from scipy import signal as sps  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.record import write  # noqa: E402
from elvmass_core.domain import Patient, Recording, Sex  # noqa: E402
from elvmass_core.errors import ElvmassError  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.signal import average  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_recording  # noqa: E402

DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
FOLDERS = {"ludb": "*_uv.hea", "ptbxl": "*.hea", "georgia": "*.hea"}
HIGH_MV, HIGH_HZ, MAINS_MV, WANDER_MV, WANDER_HZ = 0.025, 40.0, 0.050, 1.0, 0.3
JITTER_S = 0.020
SEED = 2707
Change = Callable[[Recording, np.random.Generator], Recording]


def changed(recording: Recording, signal_mv: np.ndarray, fs_hz: float | None = None) -> Recording:
    """The same recording with other samples."""
    return Recording(
        signal_mv=signal_mv, fs_hz=fs_hz or recording.fs_hz, format=recording.format, stated=recording.stated
    )


def _leads(independent: np.ndarray) -> np.ndarray:
    """All twelve leads from I, II, V1–V6."""
    one, two = independent[0], independent[1]
    return np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, *independent[2:]])


def high_frequency(recording: Recording, rng: np.random.Generator) -> Recording:
    """White noise above 40 Hz, independent in each electrode."""
    band = sps.butter(2, HIGH_HZ, "highpass", fs=recording.fs_hz, output="sos")
    noise = sps.sosfilt(band, rng.standard_normal((8, recording.n_samples)), axis=1)
    return changed(recording, recording.signal_mv + _leads(HIGH_MV * noise / noise.std(axis=1, keepdims=True)))


def _sine(recording: Recording, rng: np.random.Generator, hz: float, peak_mv: float) -> np.ndarray:
    phase = rng.uniform(0, 2 * np.pi, (8, 1))
    return _leads(peak_mv * np.sin(2 * np.pi * hz * np.arange(recording.n_samples) / recording.fs_hz + phase))


def mains(recording: Recording, rng: np.random.Generator) -> Recording:
    """A 50 Hz line."""
    return changed(recording, recording.signal_mv + _sine(recording, rng, 50.0, MAINS_MV))


def wander(recording: Recording, rng: np.random.Generator) -> Recording:
    """A baseline that goes up and down by 1 mV peak to peak at 0.3 Hz."""
    return changed(recording, recording.signal_mv + _sine(recording, rng, WANDER_HZ, WANDER_MV / 2))


def iec_noise(recording: Recording, rng: np.random.Generator) -> Recording:
    """All three at once."""
    return wander(mains(high_frequency(recording, rng), rng), rng)


def twice_the_rate(recording: Recording, rng: np.random.Generator) -> Recording:
    """Resampled to twice the rate."""
    return changed(recording, sps.resample_poly(recording.signal_mv, 2, 1, axis=1), 2 * recording.fs_hz)


def half_a_beat_later(recording: Recording, rng: np.random.Generator) -> Recording:
    """Without its first 0.3–0.7 s."""
    return changed(recording, recording.signal_mv[:, round(rng.uniform(0.3, 0.7) * recording.fs_hz) :])


CHANGES: dict[str, Change] = {
    "IEC noise, all": iec_noise,
    "  high frequency": high_frequency,
    "  mains": mains,
    "  wander": wander,
    "R ±20 ms": lambda recording, rng: recording,
    "500 ↔ 1000 Hz": twice_the_rate,
    "half a beat later": half_a_beat_later,
}


def jittered(rng: np.random.Generator) -> Callable[[np.ndarray], np.ndarray]:
    """R detection that is off by up to ±20 ms in every beat."""
    found = average.detect_r

    def detect(signal_mv: np.ndarray) -> np.ndarray:
        r = found(signal_mv)
        return r + np.round(rng.uniform(-JITTER_S, JITTER_S, len(r)) * 500.0).astype(r.dtype)

    return detect


def mass_g(recording: Recording, patient: Patient, models: Models) -> float:
    """The estimate; NaN after a refusal."""
    report = analyse(recording, patient, models)
    return float("nan") if report.estimate is None else report.estimate.lvm_g


def real_cases() -> list[tuple[Recording, Patient]]:
    """Public recordings with a known sex."""
    cases = []
    for folder, pattern in FOLDERS.items():
        for header in sorted((DATA / folder).glob(pattern)):
            try:
                recording = read_recording(load_files([header]))
            except ElvmassError:
                continue
            who = recording.stated
            if who.sex is not Sex.UNKNOWN:
                cases.append((recording, _person(who)))
    return cases


def _person(who: Patient) -> Patient:
    return Patient(
        sex=who.sex,
        age_years=who.age_years or 60.0,
        height_cm=who.height_cm or 170.0,
        weight_kg=who.weight_kg or 70.0,
    )


def simulated_cases(n: int) -> list[tuple[Recording, Patient]]:
    """Simulated patients of an unused seed."""
    cases = []
    for k in range(n):
        rng = np.random.default_rng([SEED, k])
        patient = sample_patient(rng, "taiwan-like")
        recording = Recording(signal_mv=simulate_recording(patient, rng), fs_hz=500.0, format="simulated")
        person = Patient(
            sex=Sex(patient.sex), age_years=patient.age_years, height_cm=patient.height_cm, weight_kg=patient.weight_kg
        )
        cases.append((recording, person))
    return cases


def table(cases: list[tuple[Recording, Patient]], models: Models, repeats: int) -> dict[str, object]:
    """Print one row for each change; |change| in per cent."""
    plain = [mass_g(recording, patient, models) for recording, patient in cases]
    print(f"{np.isfinite(plain).sum()} of {len(cases)} recordings have an estimate")
    found: dict[str, object] = {"recordings": len(cases), "with_estimate": int(np.isfinite(plain).sum())}
    for name, change in CHANGES.items():
        moved = []
        for k, ((recording, patient), before) in enumerate(zip(cases, plain, strict=True)):
            if not np.isfinite(before):
                continue
            for repeat in range(repeats):
                rng = np.random.default_rng([SEED, k, repeat])
                if name.startswith("R "):
                    with patch.object(average, "detect_r", jittered(rng)):
                        after = mass_g(recording, patient, models)
                else:
                    after = mass_g(change(recording, rng), patient, models)
                moved.append(100.0 * abs(after / before - 1.0))
        kept = np.array(moved)[np.isfinite(moved)]
        refused = np.mean(~np.isfinite(moved))
        print(
            f"  {name:18s} median {np.median(kept):5.2f} %  p95 {np.quantile(kept, 0.95):5.2f} %  "
            f"largest {kept.max():5.1f} %  refused {100 * refused:.0f} %",
            flush=True,
        )
        found[name.strip()] = {
            "n": len(moved),
            "median_percent": float(np.median(kept)),
            "p95_percent": float(np.quantile(kept, 0.95)),
            "largest_percent": float(kept.max()),
            "refused": float(refused),
        }
    return found


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=int, default=60, metavar="N")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON file")
    chosen = parser.parse_args()
    result = {}
    torch.set_num_threads(1)
    models = load_models(ROOT / "weights")
    cases = real_cases()
    if cases:
        print("Real recordings")
        result["real"] = table(cases, models, chosen.repeats)
    else:
        print("No real recordings: set ELVMASS_ECG_DATA.")
    print("Simulated patients")
    result["simulated"] = table(simulated_cases(chosen.simulated), models, chosen.repeats)
    if chosen.out:
        write(chosen.out, result)


if __name__ == "__main__":
    main()
