"""How much another cardiograph moves the estimate: ``python benchmarks/device_differences.py``.

The same simulated heart, electrodes, heartbeats and noise through other filters (from 0.05–150 Hz at 500 Hz) and at
lower sampling rates, each through the whole pipeline with the shipped weights. Printed: change of the estimate in g,
mean ± SD and 95th percentile of its size. What `elvmass_core.followup` says of filters and rates rests on it.
"""

import sys
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import signal as sps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import Recording, Sex  # noqa: E402
from elvmass_core.models.bundle import load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.processes import map_processes  # noqa: E402
from elvmass_core.truth.twins import person  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_beat, simulate_recording  # noqa: E402
from elvmass_core.virtual.recording import RECORDING_FS_HZ  # noqa: E402

SEED, N, WORKERS = 3109, 100, 2
USUAL = (0.05, 150.0, 1)
DEVICES = {
    "low-pass 100 Hz": (0.05, 100.0, 1),
    "low-pass 40 Hz": (0.05, 40.0, 1),
    "high-pass 0.5 Hz without phase shift": (0.5, 150.0, 1),
    "250 Hz": (0.05, 150.0, 2),
    "125 Hz": (0.05, 150.0, 4),
}
"""High-pass and low-pass in Hz, and every how many-th sample is kept."""
_models = lru_cache(maxsize=1)(load_models)


def estimates_g(index: int) -> list[float]:
    """One patient through the usual device and each of `DEVICES`; NaN where refused."""
    patient = sample_patient(np.random.default_rng([SEED, index]), sex=Sex.FEMALE if index % 2 else Sex.MALE)
    beat, found = simulate_beat(patient), []
    for high_pass_hz, low_pass_hz, every in (USUAL, *DEVICES.values()):
        recorder = replace(patient.recorder, high_pass_hz=high_pass_hz, low_pass_hz=low_pass_hz)
        rng = np.random.default_rng([SEED, index, 1])
        signal = simulate_recording(replace(patient, recorder=recorder), rng, beat=beat)
        signal = sps.resample_poly(signal, 1, every, axis=1) if every > 1 else signal
        recording = Recording(signal_mv=signal, fs_hz=RECORDING_FS_HZ / every, format="simulated")
        one = analyse(recording, person(patient), _models(ROOT / "weights")).estimate
        found.append(float("nan") if one is None else one.lvm_g)
    return found


def main() -> None:
    """Print one row for each device."""
    usual, *others = np.array(list(map_processes(estimates_g, range(N), WORKERS, chunk=1))).T
    print(f"{np.isfinite(usual).sum()} of {N} simulated patients have an estimate")
    for name, other in zip(DEVICES, others, strict=True):
        change = (other - usual)[np.isfinite(other - usual)]
        size = np.quantile(np.abs(change), 0.95)
        print(f"  {name:38} {change.mean():+.1f} ± {change.std(ddof=1):.1f} g, 95 % within {size:.1f} g")
        print(f"    refused {np.isnan(other).sum() - np.isnan(usual).sum()} more")


if __name__ == "__main__":
    from benchmarks import device_differences  # its processes find the functions by this name

    device_differences.main()
