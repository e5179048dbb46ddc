"""What must be refused and what must not: ``python benchmarks/refusals.py [--out …]``.

Recordings without a heart (white and muscle noise, baseline wander, flat leads, mains, mixtures; many levels) must all
be refused. Real recordings that their cardiologists call normal must not: counted are those that a finding stops.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import signal as sps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.faults import leads_mv  # noqa: E402
from benchmarks.real_recordings import DATA  # noqa: E402
from benchmarks.record import write  # noqa: E402
from benchmarks.reversals import wilson  # noqa: E402
from elvmass_core.domain import FloatArray, Patient, Recording, Severity, Sex  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.realism.reference import headers, is_normal, stated  # noqa: E402

N_EACH, FS_HZ, SECONDS, N_ELECTRODES = 200, 500.0, 10.0, 9
WOMAN = Patient(sex=Sex.FEMALE, age_years=60.0, height_cm=160.0, weight_kg=60.0)
Maker = Callable[[np.random.Generator], FloatArray]


def _noise(rng: np.random.Generator, low_hz: float, high_hz: float) -> FloatArray:
    band = sps.butter(2, [low_hz, high_hz], "bandpass", fs=FS_HZ, output="sos")
    made = sps.sosfilt(band, rng.normal(size=(N_ELECTRODES, round(FS_HZ * SECONDS))), axis=1)
    return made / made.std()


def _size(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(0.02), np.log(3.0))))


def _mains(rng: np.random.Generator) -> FloatArray:
    turns = 2.0 * np.pi * rng.choice([50.0, 60.0]) * np.arange(round(FS_HZ * SECONDS)) / FS_HZ
    return np.outer(rng.normal(size=N_ELECTRODES), np.sin(turns))


MAKERS: dict[str, Maker] = {
    "flat": lambda rng: np.zeros((N_ELECTRODES, round(FS_HZ * SECONDS))) + rng.normal(size=(N_ELECTRODES, 1)),
    "flat with amplifier noise": lambda rng: 0.003 * rng.normal(size=(N_ELECTRODES, round(FS_HZ * SECONDS))),
    "white noise": lambda rng: _size(rng) * rng.normal(size=(N_ELECTRODES, round(FS_HZ * SECONDS))),
    "muscle noise": lambda rng: _size(rng) * _noise(rng, 20.0, 150.0),
    "noise in the band of QRS": lambda rng: _size(rng) * _noise(rng, 5.0, 35.0),
    "noise in the band of P and T": lambda rng: _size(rng) * _noise(rng, 0.5, 10.0),
    "baseline wander": lambda rng: _size(rng) * _noise(rng, 0.05, 0.8),
    "mains": lambda rng: _size(rng) * _mains(rng),
    "mains and muscle noise": lambda rng: _size(rng) * _mains(rng) + _size(rng) * _noise(rng, 20.0, 150.0),
}  # fmt: skip


@lru_cache(maxsize=1)
def _models() -> Models:
    """Loaded once a process."""
    return load_models(ROOT / "weights")


def refused(job: tuple[str, int]) -> tuple[bool, str]:
    """Whether one recording without a heart is refused, and the first reason."""
    kind, seed = job
    rng = np.random.default_rng([seed, *kind.encode()])
    recording = Recording(signal_mv=leads_mv(MAKERS[kind](rng)), fs_hz=FS_HZ, format="noise")
    report = analyse(recording, WOMAN, _models())
    return report.refused and not report.estimates, report.findings[0].code if report.findings else ""


def main() -> int:
    """Print both tables; 1 when anything without a heart got a number."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="JSON file")
    out, passed, noise = parser.parse_args().out, 0, {}
    for kind in MAKERS:
        with ProcessPoolExecutor(2) as pool:
            answers = list(pool.map(refused, [(kind, seed) for seed in range(N_EACH)], chunksize=20))
        n = sum(answer for answer, _ in answers)
        passed += N_EACH - n
        noise[kind] = {"n": N_EACH, "refused": n}
        print(f"{kind:30} refused {n}/{N_EACH}  {dict(Counter(code for _, code in answers).most_common(4))}")
    models = _models()
    normal = [header for header in headers(DATA) if is_normal(stated(header.read_text(errors="replace")))]
    stopped = []
    for header in normal:
        recording = read_recording(load_files([header]))
        sex = recording.stated.sex if recording.stated.sex is not Sex.UNKNOWN else Sex.FEMALE
        found = analyse(recording, replace(WOMAN, sex=sex), models).findings
        stopped += [(header.stem, one.code) for one in found if one.severity is Severity.STOP][:1]
    low, high = wilson(len(stopped), len(normal))
    print(f"real normal stopped: {len(stopped)}/{len(normal)} ({100 * low:.1f}–{100 * high:.1f} %) {stopped}")
    if out:
        real = {"n": len(normal), "stopped": len(stopped), "wilson": [low, high], "which": dict(stopped)}
        write(out, {"without_a_heart": noise, "real_normal": real})
    return int(passed > 0)


if __name__ == "__main__":
    sys.exit(main())
