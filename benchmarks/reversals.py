"""Electrodes exchanged on purpose: ``python benchmarks/reversals.py COHORT COHORT [--out …]`` (folders of `simulate`).

Real recordings (the half that the density was not fitted on) and 2000 simulated ones (of cohorts that it was not fitted
on) get every wrong connection that is looked for, and those with the right leg. Printed: how many are stopped, how many
of these for the right connection, and how many unchanged recordings are stopped; with Wilson's 95 % intervals.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.real_recordings import REPORTING, load_real  # noqa: E402
from benchmarks.record import write  # noqa: E402
from elvmass_core.domain import Beat, FloatArray  # noqa: E402
from elvmass_core.errors import BeatError  # noqa: E402
from elvmass_core.features import measure  # noqa: E402
from elvmass_core.io import load_files, read_recording  # noqa: E402
from elvmass_core.quality.conduction import WIDE_QRS  # noqa: E402
from elvmass_core.quality.electrodes import check_electrodes, connections  # noqa: E402
from elvmass_core.quality.pacing import check_pacing  # noqa: E402
from elvmass_core.quality.rhythm import check_rhythm  # noqa: E402
from elvmass_core.signal import extract_beat  # noqa: E402
from elvmass_core.units import INDEPENDENT_ROWS  # noqa: E402

N_SIMULATED = 2000
RL_LIKE_LL = 0.97
"""The right leg's potential: nearly the left leg's, the rest the right arm's (assumed)."""
ALARMS = {one.code for one in connections()} | {"right_leg_exchanged"}
NOT_SINUS = {"atrial_fibrillation", "irregular_rhythm", "paced", WIDE_QRS}
Z = 1.959964


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if n == 0:
        return 0.0, 1.0
    share, scale = hits / n, 1.0 + Z**2 / n
    middle, half = (share + Z**2 / (2 * n)) / scale, Z / scale * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the leads, and the codes and words that would be right."""

    name: str
    matrix: FloatArray
    code: str
    message: str = ""


def _right_leg(cable: str) -> FloatArray:
    """I, II and V1–V6 with one arm cable on the right leg and its own place empty."""
    arms = {"RA": np.array([-1.0, -1.0]) / 3.0, "LA": np.array([2.0, -1.0]) / 3.0, "LL": np.array([-1.0, 2.0]) / 3.0}
    leg = RL_LIKE_LL * arms["LL"] + (1.0 - RL_LIKE_LL) * arms["RA"]
    at = arms | {cable: leg}
    matrix = np.eye(8)
    matrix[:2, :2] = at["LA"] - at["RA"], at["LL"] - at["RA"]
    matrix[2:, :2] = -sum(at.values()) / 3.0
    return matrix


def changes() -> list[Change]:
    """Every wrong connection."""
    known = [Change(one.message, one.matrix, one.code, one.message) for one in connections()]
    legs = [Change(f"{arm} and RL exchanged", _right_leg(arm), "right_leg_exchanged") for arm in ("RA", "LA")]
    return known + legs


def changed(beat: Beat, matrix: FloatArray) -> Beat:
    """The averaged beat as the wrong connection would record it; borders stay (they are of all leads together)."""
    leads = matrix @ beat.signal_mv[INDEPENDENT_ROWS]
    one, two = leads[:2]
    limb = [one, two, two - one, -(one + two) / 2.0, one - two / 2.0, two - one / 2.0]
    return replace(beat, signal_mv=np.vstack([*limb, leads[2:]]))


def verdicts(beat: Beat) -> list[tuple[bool, bool]]:
    """(alarm, right connection named) of the unchanged beat and of each change."""
    answers = []
    for change in [Change("", np.eye(8), ""), *changes()]:
        found = [one for one in check_electrodes(changed(beat, change.matrix)) if one.code in ALARMS]
        named = any(one.code == change.code and _tail(change.message) in one.message for one in found)
        answers.append((bool(found), named))
    return answers


def _tail(message: str) -> str:
    """A message without its first letter, whose case depends on what stands before it."""
    return message[1:]


def simulated(path: Path) -> list[tuple[bool, bool]] | None:
    """Verdicts of one simulated recording; None without a beat."""
    try:
        return verdicts(extract_beat(read_recording(load_files([path]))))
    except BeatError:
        return None


def is_sinus(beat: Beat, findings: Iterable) -> bool:
    """A narrow QRS in a regular rhythm with a P wave."""
    return beat.fiducials.p_on is not None and not {one.code for one in findings} & NOT_SINUS


def table(rows: Sequence[list[tuple[bool, bool]]]) -> dict[str, dict[str, object]]:
    """Counts by change."""
    names = ["unchanged", *(change.name for change in changes())]
    grid = np.array(rows)
    return {
        name: {
            "n": len(grid),
            "alarms": int(grid[:, k, 0].sum()),
            "named": int(grid[:, k, 1].sum()),
            "wilson": wilson(int(grid[:, k, 0].sum()), len(grid)),
        }
        for k, name in enumerate(names)
    }


def main(cohorts: list[Path], out: Path) -> None:
    """Print the tables and write them."""
    real = load_real()
    groups: dict[str, list[list[tuple[bool, bool]]]] = {
        "real, reporting half, sinus": [],
        "real, both halves, sinus": [],
    }
    others = []
    for one in real:
        features = measure(one.beat)
        found = [*check_pacing(one.recording), *check_rhythm(one.beat)]
        wide = (features["qrs_ms"] or 0.0) >= 120.0
        answer = verdicts(one.beat)
        if wide or not is_sinus(one.beat, found):
            others.append((one.name, answer[0][0]))
            continue
        groups["real, both halves, sinus"].append(answer)
        if one.half == REPORTING:
            groups["real, reporting half, sinus"].append(answer)
    paths = [path for cohort in cohorts for path in sorted(cohort.rglob("*.hea"))][:N_SIMULATED]
    with ProcessPoolExecutor(2) as pool:
        groups["simulated"] = [one for one in pool.map(simulated, paths, chunksize=25) if one is not None]
    result = {name: table(rows) for name, rows in groups.items()}
    for name, rows in result.items():
        print(name)
        for change, row in rows.items():
            low, high = row["wilson"]  # type: ignore[misc]
            share = f"{row['alarms']}/{row['n']}"
            print(f"  {share:>10}  {100 * low:5.1f}–{100 * high:5.1f} %  named {row['named']:>5}  {change[:75]}")
    print("not sinus or wide:", len(others), "alarms in", [name for name, alarm in others if alarm])
    write(out, result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cohorts", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = parser.parse_args()
    main(chosen.cohorts, chosen.out)
