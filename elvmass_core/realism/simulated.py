"""Simulated recordings for comparison: matched to real people, or a population; through the same path as an upload."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from elvmass_core.domain import Beat, Features, Recording, Sex, blocks
from elvmass_core.errors import BeatError, CohortError
from elvmass_core.features import measure
from elvmass_core.processes import Progress, map_processes
from elvmass_core.quality import check_beat, check_recording
from elvmass_core.realism.measures import BeatTable, beat_table, measures_of
from elvmass_core.realism.reference import MAX_QRS_MS, NOT_SINUS_FINDINGS, RATE_LIMITS_BPM
from elvmass_core.signal import extract_beat
from elvmass_core.virtual import CohortPreset, VirtualPatient, sample_patient, simulate_recording
from elvmass_core.virtual.presets import preset_named
from elvmass_core.virtual.rhythm import RECORDING_FS_HZ

CHUNK = 4
LVH_G_M2 = {Sex.MALE: 80.0, Sex.FEMALE: 65.0}
"""Upper limits of LV mass / BSA (DuBois) by coronary CT (Fuchs et al.), the default cut-off of the app."""
AGE_JITTER_YEARS = 2.0
SINUS_BLOCKS = ("none", "lafb", "irbbb")
MAX_DRAWS = 400
MAX_RECORDINGS = 20
"""A patient that cannot be drawn in so many tries means that preset and request do not fit (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom to simulate: anybody where sex and age are None; ``healthy`` as in `is_healthy`."""

    match: str
    seed: tuple[int, ...]
    sex: Sex | None = None
    age: float | None = None
    healthy: bool = True


def is_sinus(patient: VirtualPatient) -> bool:
    """Whether the patient is in sinus rhythm without a complete bundle branch block (LAFB and IRBBB may be)."""
    return patient.block in SINUS_BLOCKS and getattr(patient.rhythm, "kind", "sinus") == "sinus"


def index_g_m2(patient: VirtualPatient) -> float:
    """True LV mass over body surface area."""
    return patient.lvm_true_g / patient.bsa_m2


def has_scar(patient: VirtualPatient) -> bool:
    """Whether an old infarct is in the wall, wherever the patient keeps it."""
    stages = (patient, patient.heart, patient.conduction, patient.source)
    return any(getattr(stage, "scar", None) is not None for stage in stages)


def has_lvh(patient: VirtualPatient) -> bool:
    """Whether the true index is over the limit of the patient's sex."""
    return index_g_m2(patient) > LVH_G_M2[Sex(patient.sex)]


def is_healthy(patient: VirtualPatient) -> bool:
    """Whether the patient could stand among the real recordings: sinus rhythm, no LVH."""
    return is_sinus(patient) and not has_lvh(patient)


def simulate_matched(
    real: BeatTable, *, n: int, seed: int, preset: str | CohortPreset = "taiwan-like", workers: int = 1,
    progress: Progress | None = None,
) -> BeatTable:  # fmt: skip
    """Simulate about `n` patients like the real ones: the same sex, age ± 2 years, no LVH, sinus, QRS < 124 ms.

    Each real person gets the same number k = max(1, round(n / number of real)); patient j of person i has a random
    stream of its own, so the result depends on neither `workers` nor on the other people.

    Parameters
    ----------
    real : BeatTable
    n : int
    seed : int
    preset : str or CohortPreset
    workers : int
        Processes.
    progress : callable, optional
        Called with (patients done, patients in all).

    Returns
    -------
    BeatTable
        Rows in the order of the real people; ``match`` is the real person's, and the truth of the virtual patient
        stands beside the measures.
    """
    each = max(1, round(n / len(real)))
    people = real.table[["match", "sex", "age"]].itertuples(index=False)
    wanted = [
        Wanted(match=match, seed=(seed, row, copy), sex=Sex(sex), age=float(age))
        for row, (match, sex, age) in enumerate(people)
        for copy in range(each)
    ]
    return simulate_all(wanted, preset=preset, workers=workers, progress=progress)


def simulate_population(
    n: int, seed: int, *, preset: str | CohortPreset = "taiwan-like", workers: int = 1,
    progress: Progress | None = None,
) -> BeatTable:  # fmt: skip
    """Simulate `n` patients as the preset draws them, LVH and all; every patient is its own ``match``."""
    wanted = [Wanted(match=str(index), seed=(seed, index), healthy=False) for index in range(n)]
    return simulate_all(wanted, preset=preset, workers=workers, progress=progress)


def simulate_all(
    wanted: Sequence[Wanted], *, preset: str | CohortPreset, workers: int = 1, progress: Progress | None = None
) -> BeatTable:
    """Simulate, extract and measure everybody in `wanted`, in order; who cannot be measured is left out.

    Only a population (``healthy`` False) can lose patients: their number is ``refused`` in the table's ``attrs``.
    """
    preset = preset_named(preset) if isinstance(preset, str) else preset
    rows, beats = [], []
    for done, result in enumerate(map_processes(partial(_simulate, preset=preset), wanted, workers, CHUNK), start=1):
        if result is not None:
            rows.append(result[0])
            beats.append(result[1])
        if progress is not None:
            progress(done, len(wanted))
    table = beat_table(rows, beats)
    table.table.attrs["refused"] = len(wanted) - len(rows)
    return table


Simulated = tuple[dict[str, object], np.ndarray] | None


def _simulate(wanted: Wanted, preset: CohortPreset) -> Simulated:
    """Row and averaged beat (12, 400) of one patient; None when a patient of a population cannot be measured."""
    rng = np.random.default_rng(wanted.seed)
    for _ in range(MAX_RECORDINGS):
        patient = _draw(rng, wanted, preset)
        taken = record(patient, rng)
        if taken is not None and (not wanted.healthy or is_comparable(*taken[1:])):
            _, beat, features = taken
            return {**_truth(patient, wanted), **measures_of(beat, features)}, beat.signal_mv.astype(np.float32)
        if not wanted.healthy:
            return None
    raise CohortError(f"No comparable recording in {MAX_RECORDINGS} simulated patients: check the preset.")


def _draw(rng: np.random.Generator, wanted: Wanted, preset: CohortPreset) -> VirtualPatient:
    """A patient as wanted; a matched one is redrawn until healthy."""
    for _ in range(MAX_DRAWS):
        age = None if wanted.age is None else max(18.0, wanted.age + rng.uniform(-AGE_JITTER_YEARS, AGE_JITTER_YEARS))
        patient = sample_patient(rng, preset, sex=wanted.sex, age_years=age)
        if not wanted.healthy or is_healthy(patient):
            return patient
    raise CohortError(f"None of {MAX_DRAWS} patients of the preset {preset.name} is without LVH and in sinus rhythm.")


def record(patient: VirtualPatient, rng: np.random.Generator) -> tuple[Recording, Beat, Features] | None:
    """A 10 s recording of the patient with its averaged beat and measurements; None where none can be had."""
    recording = Recording(signal_mv=simulate_recording(patient, rng), fs_hz=RECORDING_FS_HZ, format="simulated")
    try:
        beat = extract_beat(recording)
    except BeatError:
        return None
    features = measure(beat)
    if blocks([*check_recording(recording), *check_beat(beat, features)]):
        return None
    return recording, beat, features


def is_comparable(beat: Beat, features: Features) -> bool:
    """Whether a beat meets what the real ones were selected by: QRS, rate, regular sinus P."""
    qrs_ms = features["qrs_ms"]
    codes = {finding.code for finding in check_beat(beat, features)}
    regular = not codes.intersection(NOT_SINUS_FINDINGS)
    return qrs_ms is not None and qrs_ms < MAX_QRS_MS and regular and _within_rate(beat.rate_bpm)


def _within_rate(rate_bpm: float) -> bool:
    return RATE_LIMITS_BPM[0] <= rate_bpm <= RATE_LIMITS_BPM[1]


def _truth(patient: VirtualPatient, wanted: Wanted) -> dict[str, object]:
    """Who the patient is, with the truth; the seed that draws it again is its name."""
    return {
        "name": "-".join(map(str, wanted.seed)),
        "match": wanted.match,
        "source": "simulated",
        "sex": Sex(patient.sex).value,
        "age": patient.age_years,
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "bsa_m2": patient.bsa_m2,
        "lvm_g": patient.lvm_true_g,
        "lvm_measured_g": patient.lvm_measured_g,
        "lvmi_g_m2": index_g_m2(patient),
        "lvh": has_lvh(patient),
        "sinus": is_sinus(patient),
        "block": patient.block,
        "scar": has_scar(patient),
        "strain": patient.repolarisation.strain,
    }


def columns(table: BeatTable, names: Sequence[str]) -> pd.DataFrame:
    """The measures of these names as floats."""
    return table.table[list(names)].astype(float)
