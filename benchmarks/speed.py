"""How fast one recording is measured, estimated and explained: ``python benchmarks/speed.py [--out …]``.

Extraction is compared with NeuroKit2's per-lead pipeline (clean, R peaks, wavelet delineation) on the same simulated
recordings in the same run. One thread.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.record import write  # noqa: E402
from elvmass_core.domain import Patient, Recording  # noqa: E402
from elvmass_core.features import measure  # noqa: E402
from elvmass_core.models.bundle import load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.virtual import sample_patient, simulate_beat, simulate_recording  # noqa: E402

N = 12


def per_call_ms(function: Callable[[int], object], n: int = N) -> float:
    """Median time of `function(k)` for k in range(n), in ms."""
    function(0)
    times = []
    for k in range(n):
        start = time.perf_counter()
        function(k)
        times.append(time.perf_counter() - start)
    return 1000.0 * float(np.median(times))


def neurokit(recording: Recording) -> None:
    """NeuroKit2, lead by lead."""
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for lead in recording.signal_mv:
            cleaned = neurokit2.ecg_clean(lead, sampling_rate=500)
            _, info = neurokit2.ecg_peaks(cleaned, sampling_rate=500)
            neurokit2.ecg_delineate(cleaned, info["ECG_R_Peaks"], sampling_rate=500, method="dwt")


def main() -> None:
    """Print medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="JSON file")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    patients = [sample_patient(np.random.default_rng([1, k]), "taiwan-like") for k in range(N)]
    signals = [simulate_recording(patient, np.random.default_rng([2, k])) for k, patient in enumerate(patients)]
    recordings = [Recording(signal_mv=signal, fs_hz=500.0, format="simulated") for signal in signals]
    person = Patient(sex="F", age_years=60.0, height_cm=160.0, weight_kg=60.0)  # type: ignore[arg-type]
    models = load_models(ROOT / "weights")
    steps: dict[str, tuple[Callable[[int], object], int]] = {
        "beat, borders and measurements": (lambda k: measure(extract_beat(recordings[k])), N),
        "NeuroKit2 per lead (dwt)": (lambda k: neurokit(recordings[k]), 3),
        "estimate, without explanation": (lambda k: analyse(recordings[k], person, models), N),
        "estimate with explanation": (lambda k: analyse(recordings[k], person, models, explain=True), N),
        "virtual patient, noise-free beat": (lambda k: simulate_beat(patients[k]), N),
    }
    found = {}
    for words, (step, n) in steps.items():
        found[words] = per_call_ms(step, n)
        print(f"{words:36s}{found[words]:7.0f} ms", flush=True)
    ratio = found["NeuroKit2 per lead (dwt)"] / found["beat, borders and measurements"]
    print(f"NeuroKit2 takes {ratio:.0f} times as long")
    if out:
        write(out, {"ms": found, "neurokit_times_as_long": ratio})


if __name__ == "__main__":
    main()
