"""The same ECG through every format that is read: ``python benchmarks/formats.py [--n 20] [--out …]``.

Simulated ECGs whose samples lie on a grid that every format holds, written in each format and estimated with the same
patient. Printed for each format: the largest difference of LV mass from that of the array which was written.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from benchmarks.record import write  # noqa: E402
from benchmarks.upload_files import FORMATS, FS_HZ, Case, files_of, simulated_case  # noqa: E402
from elvmass_core.domain import Recording  # noqa: E402
from elvmass_core.io import open_files  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402

SEED = 3301
ANSWERS: dict[str, dict[str, Any]] = {"text": {"unit": "uV", "fs_hz": FS_HZ}, "matlab": {"unit": "mV"}}
"""What the page asks about these two."""


def mass_g(recording: Recording, case: Case, models: Models) -> float | None:
    """LV mass, None when refused."""
    estimate = analyse(recording, case.patient, models).estimate
    return None if estimate is None else estimate.lvm_g


def main() -> None:
    """Print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    models, apart, n = load_models(ROOT / "weights"), dict.fromkeys(FORMATS, 0.0), 0
    refused: list[str] = []
    for index in range(options.n):
        case = simulated_case(SEED, index).on_a_grid()
        expected = mass_g(case.recording, case, models)
        if expected is None:
            continue
        n += 1
        for fmt in FORMATS:
            recording = open_files(files_of(fmt, case, "same"), **ANSWERS.get(fmt, {})).recording
            found = mass_g(recording, case, models)
            if found is None:
                refused.append(f"{index} as {fmt}")
            else:
                apart[fmt] = max(apart[fmt], abs(found - expected))
    for fmt, grams in apart.items():
        print(f"{fmt:12s} largest difference {grams:.4f} g")
    print(f"{n} ECGs, refused in one format only: {refused}")
    if options.out:
        write(options.out, {"ecgs": n, "largest_difference_g": apart, "refused_in_one_format": refused})


if __name__ == "__main__":
    main()
