"""How much does a second ECG differ by chance alone: ``python benchmarks/placement_repeatability.py``.

Simulated patients of a seed of their own, each recorded again and again with nothing about the heart changed: with the
electrodes put on anew (the same heartbeats and noise), with other heartbeats, breathing and noise (the same
electrodes), with both, and with both under the wider placement law of the shifted cohort. Every recording of 10 s goes
through the whole pipeline with the shipped weights. Printed and written to ``docs/placement.json``: within-patient SD
of the estimate (root mean square over patients) with its 95 % bootstrap interval over patients, 95 % repeatability
coefficient, changes of the answer on LVH.

Refused recordings are counted and left out; so are those outside the models' scope (wide QRS, no sinus rhythm), of
which no comparison is made. Body, mean heart rate and device of a patient stay: people differ by more than this.
"""

import argparse
import json
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from elvmass_core.domain import DeviceFilters, FloatArray, Lvh, Recording, Report, Severity, Sex  # noqa: E402
from elvmass_core.errors import CohortError  # noqa: E402
from elvmass_core.followup.repeatability import COEFFICIENT, CONDITIONS, RESULT, VERSION, Ranged, Spread  # noqa: E402
from elvmass_core.models.bundle import Models, load_models  # noqa: E402
from elvmass_core.pipeline import analyse  # noqa: E402
from elvmass_core.processes import map_processes  # noqa: E402
from elvmass_core.quality import why_not_judged  # noqa: E402
from elvmass_core.truth.twins import person  # noqa: E402
from elvmass_core.virtual import COHORT_VERSION, sample_patient, simulate_beat, simulate_recording  # noqa: E402
from elvmass_core.virtual.chest_sampling import place_anew  # noqa: E402
from elvmass_core.virtual.patient import VirtualPatient  # noqa: E402
from elvmass_core.virtual.presets import CohortPreset, preset_named  # noqa: E402
from elvmass_core.virtual.recording import RECORDING_FS_HZ  # noqa: E402
from elvmass_core.virtual.sources import SOURCES  # noqa: E402

PRESET, WIDE_PRESET, SEED = "taiwan-like", "shifted", 3107
"""Of no training, calibration, test or study; the seeds of those stand in docs/protocol.md and `retrain`."""
N, PLACEMENTS, WORKERS = 100, 6, 2
RESAMPLES = 2000
_PLACEMENT, _RECORDING, _WIDE = 1, 2, 3
"""Random streams of a patient besides the one it is drawn from."""
SEX_WORDS = {Sex.MALE: "men", Sex.FEMALE: "women"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording of one patient; no `lvm_g` where it was refused, and `stopped` says by what.

    `placement` and `recording` number what was made again; equal numbers are the same electrodes, or the same
    heartbeats and noise. `wide` is a placement by the wider law. `half_width_g` is half the interval, `by_body_g` what
    age and body size alone say.
    """

    sex: Sex
    patient: int
    placement: int
    recording: int
    wide: bool = False
    lvm_true_g: float
    lvm_g: float | None = None
    by_body_g: float | None = None
    half_width_g: float | None = None
    index_g_m2: float | None = None
    above_cutoff: bool = False
    lvh: Lvh = Lvh.NO_RESULT
    outside_scope: bool = False
    stopped: str = ""

    def is_of(self, condition: str) -> bool:
        """Whether the recording belongs to a condition: one of the two stays, or both are new."""
        return {
            "placement": self.recording == 0 and not self.wide,
            "recording": self.placement == 0 and not self.wide,
            "both": self.placement == self.recording and not self.wide,
            "wide": self.wide,
        }[condition]


# --- Simulate ---------------------------------------------------------------------------------------------------------


def placement_law(preset: CohortPreset) -> str:
    """The cohort's own law of placement errors, in words."""
    law = preset.nuisance
    return (
        f"V1 and V2 too high by {law.sternal_too_high_cm:g} ± {law.placement_sd_cm:g} cm together; V4–V6 too low by "
        f"{-preset.men.lateral_shift_cm:g} (men) or {-preset.women.lateral_shift_cm:g} (women) ± "
        f"{law.placement_sd_cm:g} cm together; V3 half of each; V2, V5 and V6 ± 0.4 and V3 ± 0.5 cm each; sideways "
        f"± {0.6 * law.placement_sd_cm:.2f} cm each (mean ± SD, normal); limb electrodes do not move"
    )


_models = lru_cache(maxsize=1)(load_models)


def rows_of_patient(task: tuple[Path, Sex, int, int]) -> list[Row]:
    """Every recording of one patient, through the whole pipeline."""
    weights, sex, index, placements = task
    models = _models(weights)
    stream = [SEED, int(sex is Sex.FEMALE), index]
    patient = sample_patient(np.random.default_rng(stream), PRESET, sex=sex)
    known = Row(sex=sex, patient=index, placement=0, recording=0, lvm_true_g=patient.lvm_true_g)
    rows = []
    for placement, recording, wide in plan(placements):
        row = replace(known, placement=placement, recording=recording, wide=wide)
        own = placement == 0 and not wide
        placed = patient if own else _placed_anew(patient, [*stream, _WIDE if wide else _PLACEMENT, placement], wide)
        rows.append(_answered(row, placed, np.random.default_rng([*stream, _RECORDING, recording]), models))
    return rows


def plan(placements: int) -> list[tuple[int, int, bool]]:
    """Placement, recording, and whether the wider law places: those of one placement follow each other."""
    every = range(placements)
    usual = [(one, other, False) for one in every for other in (every if one == 0 else (0, one))]
    return usual + [(one, one, True) for one in every]


def _placed_anew(patient: VirtualPatient, stream: list[int], wide: bool) -> VirtualPatient:
    rng, preset = np.random.default_rng(stream), preset_named(WIDE_PRESET if wide else PRESET)
    return replace(patient, placement=place_anew(rng, preset, patient.sex, patient.placement))


_beat = lru_cache(maxsize=2)(simulate_beat)


def _answered(row: Row, patient: VirtualPatient, rng: np.random.Generator, models: Models) -> Row:
    """The row with the answer to a recording of the patient."""
    try:
        signal = simulate_recording(patient, rng, beat=_beat(patient))
    except CohortError:
        return replace(row, stopped="not_simulated")
    recorder = patient.recorder
    filters = DeviceFilters(highpass_hz=recorder.high_pass_hz, lowpass_hz=recorder.low_pass_hz, notch_hz=0.0)
    recording = Recording(signal_mv=signal, fs_hz=RECORDING_FS_HZ, format="simulated", filters=filters)
    return _with_answer(row, analyse(recording, person(patient), models))


def _with_answer(row: Row, report: Report) -> Row:
    one = report.estimate
    if one is None or one.lvmi_g_m2 is None:
        stopped = next((found.code for found in report.findings if found.severity is Severity.STOP), "no_estimate")
        return replace(row, stopped=stopped)
    return replace(
        row,
        lvm_g=one.lvm_g,
        by_body_g=one.demographics_only_g,
        half_width_g=0.5 * (one.interval_g[1] - one.interval_g[0]),
        index_g_m2=one.lvmi_g_m2,
        above_cutoff=one.lvmi_g_m2 > one.cutoff_g_m2,
        lvh=one.lvh,
        outside_scope=bool(why_not_judged(report.findings)),
    )


def simulate(weights: Path, n: int, placements: int, workers: int) -> list[Row]:
    """Every recording of `n` patients of each sex."""
    tasks = [(weights, sex, index, placements) for sex in SEX_WORDS for index in range(n)]
    rows: list[Row] = []
    start = time.perf_counter()
    for done, found in enumerate(map_processes(rows_of_patient, tasks, workers, chunk=1), start=1):
        rows += found
        if done % 20 == 0:
            print(f"{done}/{len(tasks)} patients, {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return rows


def read_rows(path: Path) -> list[Row]:
    """Rows as ``--rows`` wrote them."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return [Row(**one | {"sex": Sex(one["sex"]), "lvh": Lvh(one["lvh"])}) for one in stored]


# --- Count ------------------------------------------------------------------------------------------------------------


def within_sd(groups: Sequence[FloatArray]) -> Ranged:
    """Within-patient SD, pooled over patients by degrees of freedom, with its bootstrap interval over patients.

    Parameters
    ----------
    groups : sequence of arrays (n_i,)
        The values of each patient, at least two.
    """
    squares = np.array([np.sum((one - one.mean()) ** 2) for one in groups])
    freedom = np.array([len(one) - 1.0 for one in groups])
    return _ratio(squares, freedom, np.sqrt)


def share_of_pairs(counted: Sequence[tuple[int, int]]) -> Ranged:
    """Share of all pairs within patients, from (counted, pairs) of each patient, with its bootstrap interval."""
    hits, pairs = np.array(counted, dtype=float).T
    return _ratio(hits, pairs, lambda share: share)


def _ratio(above: FloatArray, below: FloatArray, shape: Callable[[FloatArray], FloatArray]) -> Ranged:
    """Ratio of sums over patients, and the 2.5th and 97.5th percentile of bootstrap samples of patients."""
    drawn = np.random.default_rng(0).integers(0, len(above), (RESAMPLES, len(above)))
    found = shape(above[drawn].sum(axis=1) / below[drawn].sum(axis=1))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(shape(above.sum() / below.sum())), float(low), float(high)


def groups_of(rows: Sequence[Row], condition: str) -> list[list[Row]]:
    """Recordings with an answer inside the scope, by patient; patients with fewer than two are left out."""
    kept: dict[int, list[Row]] = {}
    for row in rows:
        if row.is_of(condition) and row.lvm_g is not None and not row.outside_scope:
            kept.setdefault(row.patient, []).append(row)
    return [some for some in kept.values() if len(some) > 1]


def _pairs(groups: Sequence[Sequence[Row]], differ: Callable[[Row, Row], bool]) -> Ranged:
    counted = []
    for some in groups:
        pairs = list(combinations(some, 2))
        counted.append((sum(differ(*pair) for pair in pairs), len(pairs)))
    return share_of_pairs(counted)


def spread(groups: Sequence[Sequence[Row]]) -> Spread:
    """What one condition does to the estimates of one sex."""
    grams = [np.array([row.lvm_g for row in some], dtype=float) for some in groups]
    index = [np.array([row.index_g_m2 for row in some], dtype=float) for some in groups]
    sd_log = within_sd([np.log(one) for one in grams])
    heavy = sorted(groups, key=_mean_g)[-math.ceil(len(groups) / 3) :]
    either = {Lvh.FLAGGED, Lvh.NOT_FLAGGED}
    known = Spread(
        n_patients=len(groups),
        n_recordings=sum(map(len, groups)),
        n_pairs=sum(len(some) * (len(some) - 1) // 2 for some in groups),
        sd_log=sd_log,
        sd_log_heavy=within_sd([np.log([row.lvm_g for row in some]) for some in heavy]),
        heavy_from_g=_mean_g(heavy[0]),
        sd_g=within_sd(grams),
        sd_index_g_m2=within_sd(index),
        pairs_beyond=(0.0, 0.0, 0.0),
        answers_differ=_pairs(groups, lambda a, b: a.lvh is not b.lvh),
        answers_flip=_pairs(groups, lambda a, b: {a.lvh, b.lvh} == either),
        index_crosses=_pairs(groups, lambda a, b: a.above_cutoff is not b.above_cutoff),
    )
    beyond = _pairs(groups, lambda a, b: abs(b.lvm_g - a.lvm_g) > known.limit_g(a.lvm_g, b.lvm_g))
    return replace(known, pairs_beyond=beyond)


def _mean_g(rows: Sequence[Row]) -> float:
    return float(np.mean([row.lvm_g for row in rows]))


def slope_with_mass(groups: Sequence[Sequence[Row]]) -> Ranged:
    """How SD in g grows with the mean estimate of the patient, log over log: 0 is constant grams, 1 per cent."""
    grams = [np.array([row.lvm_g for row in some], dtype=float) for some in groups]
    mean = np.log([one.mean() for one in grams])
    variance = np.array([one.var(ddof=1) for one in grams])
    drawn = np.random.default_rng(0).integers(0, len(mean), (RESAMPLES // 4, len(mean)))
    low, high = np.percentile([_gamma_slope(mean[one], variance[one]) for one in drawn], [2.5, 97.5])
    return _gamma_slope(mean, variance), float(low), float(high)


def _gamma_slope(log_mean: FloatArray, variance: FloatArray) -> float:
    """Half the slope of log E(variance) on the log mean: a gamma model, so that no small SD by chance decides it."""
    design = np.stack([np.ones_like(log_mean), log_mean - log_mean.mean()], axis=1)
    beta = np.array([np.log(variance.mean()), 0.0])
    for _ in range(50):
        fitted = np.exp(np.clip(design @ beta, -30.0, 30.0))
        step, *_ = np.linalg.lstsq(design, variance / fitted - 1.0, rcond=None)
        beta = beta + np.clip(step, -1.0, 1.0)
    return float(beta[1] / 2.0)


def of_sex(rows: Sequence[Row]) -> dict[str, object]:
    """Everything said of one sex."""
    stopped = Counter(row.stopped for row in rows if row.stopped)
    answered = [row for row in rows if row.lvm_g is not None]
    inside = [row for row in answered if not row.outside_scope]
    numbers = np.array([(row.lvm_g, row.by_body_g, row.half_width_g) for row in inside], dtype=float)
    mass, by_body, half_width = numbers.T
    return {
        "n_patients": len({row.patient for row in rows}),
        "n_recordings": len(rows),
        "n_refused": sum(stopped.values()),
        "refused_by": dict(stopped.most_common()),
        "n_outside_scope": len(answered) - len(inside),
        "mean_estimate_g": float(mass.mean()),
        "mean_half_width_g": float(half_width.mean()),
        "ecg_part_sd_g": float((mass - by_body).std(ddof=1)),
        "answers": dict(Counter(row.lvh.value for row in inside).most_common()),
        "slope_of_sd_with_mass": slope_with_mass(groups_of(rows, "both")),
        "conditions": {name: asdict(spread(groups_of(rows, name))) for name in CONDITIONS},
    }


def result_of(rows: Sequence[Row], models: Models, n: int, placements: int) -> dict[str, object]:
    """What is written."""
    preset = preset_named(PRESET)
    bundles = [models.for_sex(sex)[0] for sex in SEX_WORDS]
    return {
        "version": VERSION,
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "command": f"python benchmarks/placement_repeatability.py --n {n} --placements {placements}",
        "weights": {bundle.model_id: bundle.sha256 for bundle in bundles},
        "cohort_version": COHORT_VERSION,
        "preset": PRESET,
        "parameter_sha256": preset.parameter_sha256,
        "seed": SEED,
        "n_of_each_sex": n,
        "placements": placements,
        "law": placement_law(preset),
        "wide_law": placement_law(preset_named(WIDE_PRESET)),
        "source": SOURCES["placement.shift_z_cm[]"],
        "constant": "heart, body, mean heart rate, device and its level of noise",
        "sexes": {sex.value: of_sex([row for row in rows if row.sex is sex]) for sex in SEX_WORDS},
    }


# --- Say --------------------------------------------------------------------------------------------------------------


def say(result: Mapping) -> None:
    """Print the figures."""
    for words, name in (("Electrodes", "law"), ("Source", "source"), ("Wider", "wide_law"), ("Constant", "constant")):
        print(f"{words}: {result[name]}.")
    for sex, words in SEX_WORDS.items():
        found = result["sexes"][sex.value]
        slope = _ranged(found["slope_of_sd_with_mass"], 1, 1)
        print(f"\n{found['n_patients']} {words}, {found['n_recordings']} recordings:", end=" ")
        print(f"{found['n_refused']} refused {found['refused_by']}, {found['n_outside_scope']} outside the scope")
        print(f"  mean estimate {found['mean_estimate_g']:.0f} ± {found['mean_half_width_g']:.0f} g (its own interval)")
        print(f"  answers on LVH: {found['answers']}")
        print(f"  what the ECG adds to the body: SD between patients {found['ecg_part_sd_g']:.1f} g")
        print(f"  within-patient SD in g grows with mass to the power {slope}")
        for name, one in found["conditions"].items():
            _say_condition(name, one, found["mean_estimate_g"])


def _say_condition(name: str, one: Mapping, mean_g: float) -> None:
    limit = np.expm1(COEFFICIENT * np.array(one["sd_log"]))
    print(f"  {name}: {one['n_patients']} patients, {one['n_recordings']} recordings, {one['n_pairs']} pairs")
    print(f"    within-patient SD {_ranged(one['sd_g'], 1, 2)} g, {_ranged(one['sd_log'], 100, 2)} %", end=", ")
    print(f"index {_ranged(one['sd_index_g_m2'], 1, 2)} g/m²")
    print(f"    from {one['heavy_from_g']:.0f} g on {_ranged(one['sd_log_heavy'], 100, 2)} %")
    print(f"    95 % coefficient {_ranged(limit, 100, 1)} %, at the mean {limit[0] * mean_g:.1f} g", end=", ")
    print(f"pairs beyond it {_ranged(one['pairs_beyond'], 100, 1)} %")
    print(f"    pairs with another answer on LVH {_ranged(one['answers_differ'], 100, 1)} %", end=", ")
    print(f"flagged against not flagged {_ranged(one['answers_flip'], 100, 2)} %", end=", ")
    print(f"index on the other side of the cut-off {_ranged(one['index_crosses'], 100, 1)} %")


def _ranged(values: Sequence[float], factor: float, digits: int) -> str:
    figure, low, high = (f"{factor * value:.{digits}f}" for value in values)
    return f"{figure} ({low} to {high})"


def _plain(value: object) -> object:
    """Five significant digits in the file."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def main() -> None:
    """Simulate, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=N, help="patients of each sex (default: %(default)s)")
    parser.add_argument("--placements", type=int, default=PLACEMENTS, help="of each patient (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help=f"folder of {RESULT}")
    parser.add_argument("--rows", type=Path, help="JSON of every answer: read when it is there, else written")
    chosen = parser.parse_args()
    weights = ROOT / "weights"
    if chosen.rows is not None and chosen.rows.is_file():
        rows = read_rows(chosen.rows)
    else:
        rows = simulate(weights, chosen.n, chosen.placements, chosen.workers)
        if chosen.rows is not None:
            chosen.rows.write_text(json.dumps([asdict(row) for row in rows]), encoding="utf-8")
    result = result_of(rows, load_models(weights), chosen.n, chosen.placements)
    say(result)
    path = chosen.out / RESULT
    path.write_text(json.dumps(_plain(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{path}")


if __name__ == "__main__":
    from benchmarks import placement_repeatability  # its processes find the functions by this name

    placement_repeatability.main()
