"""Fit the crowd of real ECGs: ``python benchmarks/fit_signal_space.py work/taiwan-like-12000-101``.

Fifty-five recordings cannot tell a covariance of 112 values. It is therefore shrunk towards that of simulated beats,
and a little towards its own diagonal; mean, tails and crowd are those of the real recordings alone. The three numbers
were chosen by leaving each recording of the tuning half out in turn. Writes `elvmass_core/quality/real_ecgs.npz`: a
mean and a covariance of real and simulated shapes, from which no recording can be got back.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.real_recordings import TUNING, load_real  # noqa: E402
from elvmass_core.domain import Beat, FloatArray  # noqa: E402
from elvmass_core.features import measure  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.quality.real_ecgs import FILE, TAILS  # noqa: E402
from elvmass_core.quality.timing import log_durations  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.signal_space import Density, Space, describe  # noqa: E402

REAL_SHARE = 0.3
"""Weight of the real covariance against the simulated one."""
DURATIONS_REAL_SHARE = 0.5
SHRINK = 0.03
Pair = tuple[FloatArray, FloatArray]


def values_of(beat: Beat) -> Pair:
    """Description (8, 14) and log durations (5,)."""
    return describe(beat), log_durations(measure(beat))


def simulated(path: Path) -> Pair:
    """The same of one simulated recording."""
    return values_of(extract_beat(read_recording(load_files([path]))))


def blended(real: FloatArray, simulated_rows: FloatArray, share: float, shrink: float) -> Density:
    """Mean of the real rows; covariance between theirs and that of the simulated ones."""
    real, other = (rows.reshape(len(rows), -1) for rows in (real, simulated_rows))
    real, other = (rows[np.isfinite(rows).all(axis=1)] for rows in (real, other))
    covariance = share * np.cov(real.T, bias=True) + (1.0 - share) * np.cov(other.T)
    covariance = (1.0 - shrink) * covariance + shrink * np.diag(np.diag(covariance))
    return Density(mean=real.mean(axis=0), covariance=covariance, tails=TAILS)


def main(cohort: Path) -> None:
    """Fit on the tuning half and write."""
    real = [values_of(one.beat) for one in load_real() if one.half == TUNING]
    with ProcessPoolExecutor(2) as pool:
        made = list(pool.map(simulated, sorted(cohort.rglob("*.hea")), chunksize=50))
    shapes, sim_shapes = (np.stack([one[0] for one in rows]) for rows in (real, made))
    durations, sim_durations = (np.stack([one[1] for one in rows]) for rows in (real, made))
    crowd = [
        blended(np.delete(shapes, k, axis=0), sim_shapes, REAL_SHARE, SHRINK).distance(shape)
        for k, shape in enumerate(shapes)
    ]
    space = Space(density=blended(shapes, sim_shapes, REAL_SHARE, SHRINK), crowd=np.sort(crowd))
    times = blended(durations, sim_durations, DURATIONS_REAL_SHARE, 0.0)
    stored = space.arrays() | {"durations_mean": times.mean, "durations_covariance": times.covariance}
    np.savez_compressed(FILE, **{name: values.astype(np.float32) for name, values in stored.items()})
    print(f"{len(shapes)} real, {len(made)} simulated; crowd median {np.median(crowd):.2f}, max {max(crowd):.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
