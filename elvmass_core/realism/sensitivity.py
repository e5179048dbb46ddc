"""What each physical parameter of a virtual patient does to the ECG: one standard deviation up and down.

Parameters are found by walking through the patient, so a new field of the simulator appears here by itself.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from elvmass_core.domain import Features, Sex
from elvmass_core.errors import CohortError
from elvmass_core.processes import Progress, map_processes
from elvmass_core.realism.simulated import CHUNK, is_healthy, record
from elvmass_core.virtual import CohortPreset, VirtualPatient, sample_patient
from elvmass_core.virtual.presets import preset_named

N_SPREAD = 100
"""Patients of each sex that the spread of every parameter is taken from."""
SKIPPED = ("age_years", "height_cm", "weight_kg", "lvm_true_g", "lvm_measured_g", "recorder")
"""Fields that change nothing in a patient already drawn, and noise, which is off here."""
OUTCOMES = {
    "Sokolow–Lyon, mV": lambda f: _sum(f, "s_mv_V1") + max(_sum(f, "r_mv_V5"), _sum(f, "r_mv_V6")),
    "Cornell, mV": lambda f: _sum(f, "r_mv_aVL", "s_mv_V3"),
    "QRS, ms": lambda f: _sum(f, "qrs_ms"),
    "T V4–V6, mV": lambda f: _sum(f, "t_mv_V4", "t_mv_V5", "t_mv_V6") / 3.0,
}
"""Name → function of the features; NaN where a wave is absent."""
Path = tuple[str, ...]
EACH = "[]"
"""Step of a path into every element of a tuple, which move together."""


def _sum(features: Features, *names: str) -> float:
    values = [features[name] for name in names]
    return float("nan") if None in values else float(sum(value for value in values if value is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number of the patient, or a tuple of numbers that move together.

    Parameters
    ----------
    path : tuple of str
        Field names from the patient down; `EACH` for every element of a tuple.
    spread : mapping of Sex to tuple of float
        SD within each sex, one per element.
    source : str
        Where the spread comes from, or "assumed".
    """

    path: Path
    spread: Mapping[Sex, tuple[float, ...]]
    source: str

    @property
    def name(self) -> str:
        """For example ``conduction.roots[].delay_ms``."""
        return ".".join(self.path).replace(f".{EACH}", EACH)


def numbers(value: object, path: Path = ()) -> Iterator[tuple[Path, float]]:
    """Every float of a patient with its path, tuple elements under one path in order; integers and text are left out.

    Parameters
    ----------
    value : object
        A frozen dataclass, a tuple or a float.
    """
    if isinstance(value, float):
        yield path, value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.init and (path or field.name not in SKIPPED):
                yield from numbers(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, tuple):
        for element in value:
            yield from numbers(element, (*path, EACH))


def grouped(patient: VirtualPatient) -> dict[Path, list[float]]:
    """The floats of a patient by path."""
    found: dict[Path, list[float]] = {}
    for path, value in numbers(patient):
        found.setdefault(path, []).append(value)
    return found


def shifted(patient: VirtualPatient, path: Path, by: Sequence[float]) -> VirtualPatient:
    """The patient with the floats under a path moved, each by its own amount."""
    moved = _shift(patient, path, iter(by))
    if not isinstance(moved, VirtualPatient):
        raise TypeError("a path leads from the patient to a float")
    return moved


def _shift(value: object, path: Path, by: Iterator[float]) -> object:
    if not path:
        return float(str(value)) + float(next(by))
    if path[0] == EACH and isinstance(value, tuple):
        return tuple(_shift(element, path[1:], by) for element in value)
    return replace(value, **{path[0]: _shift(getattr(value, path[0]), path[1:], by)})  # type: ignore[type-var]


def parameters(
    preset: CohortPreset, seed: int, sources: Mapping[str, str] | None = None, n: int = N_SPREAD
) -> list[Parameter]:
    """Every parameter that varies among healthy patients of a preset, with its spread.

    Parameters
    ----------
    preset : CohortPreset
    seed : int
    sources : mapping of parameter name to source, optional
        "assumed" where it says nothing.
    n : int
        Patients of each sex.
    """
    drawn = {sex: [grouped(one) for one in healthy_patients(preset, seed, sex, n)] for sex in (Sex.MALE, Sex.FEMALE)}
    first = drawn[Sex.MALE][0]
    everyone = [one for sample in drawn.values() for one in sample]
    shared = [path for path in first if all(len(one.get(path, ())) == len(first[path]) for one in everyone)]
    found = []
    for path in shared:
        spread = {sex: _sds([one[path] for one in sample]) for sex, sample in drawn.items()}
        if any(sd > 1e-9 for sds in spread.values() for sd in sds):
            parameter = Parameter(path=path, spread=spread, source="assumed")
            found.append(replace(parameter, source=(sources or {}).get(parameter.name, "assumed")))
    return found


def _sds(values: list[list[float]]) -> tuple[float, ...]:
    """SD of each element over the patients (n, elements)."""
    return tuple(float(sd) for sd in np.std(values, axis=0, ddof=1))


def healthy_patients(preset: CohortPreset, seed: int, sex: Sex, n: int) -> list[VirtualPatient]:
    """The first `n` patients of this sex without LVH and block, of the preset's own ages."""
    rng, found = np.random.default_rng([seed, int(sex is Sex.MALE)]), []
    for _ in range(20 * n):
        patient = sample_patient(rng, preset, sex=sex)
        if is_healthy(patient) and patient.block == "none":
            found.append(patient)
        if len(found) == n:
            return found
    raise CohortError(f"Too few of the patients of the preset {preset.name} are healthy.")


def outcomes(patient: VirtualPatient) -> dict[str, float]:
    """`OUTCOMES` of the patient's noise-free recording; NaN where the patient cannot be simulated or measured."""
    silent = replace(patient, recorder=replace(patient.recorder, noise_scale=0.0))
    try:
        taken = record(silent, np.random.default_rng(0))
    except CohortError:
        taken = None
    measured: dict[str, Callable[[Features], float]] = OUTCOMES
    return {name: np.nan if taken is None else outcome(taken[2]) for name, outcome in measured.items()}


def sensitivity(
    preset: str | CohortPreset = "taiwan-like", *, n: int = 12, seed: int = 0, sources: Mapping[str, str] | None = None,
    workers: int = 1, progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Mean change of each outcome over healthy patients when one parameter moves by ± 1 SD within the sex.

    Parameters
    ----------
    preset : str or CohortPreset
    n : int
        Patients of each sex, the same for every parameter.
    seed : int
    sources : mapping, optional
        Parameter name → source of its spread.
    workers : int
        Processes.
    progress : callable, optional

    Returns
    -------
    DataFrame
        One row a parameter, the strongest on Sokolow–Lyon voltage first: ``parameter, elements, sd_men, sd_women,
        source``, and for each outcome the change "… +" and "… −". Elements of a tuple move together.
    """
    preset = preset_named(preset) if isinstance(preset, str) else preset
    found = parameters(preset, seed, sources)
    patients = [one for sex in (Sex.MALE, Sex.FEMALE) for one in healthy_patients(preset, seed + 1, sex, n)]
    jobs = [(parameter, patient) for parameter in (None, *found) for patient in patients]
    changes, total = [], len(jobs)
    for done, change in enumerate(map_processes(_both_ways, jobs, workers, CHUNK), start=1):
        changes.append(change)
        if progress is not None:
            progress(done, total)
    base = pd.DataFrame([up for up, _ in changes[: len(patients)]])
    rows = [
        _row(parameter, base, changes[start : start + len(patients)])
        for parameter, start in zip(found, range(len(patients), total, len(patients)), strict=True)
    ]
    table = pd.DataFrame(rows)
    strength = table[[f"{next(iter(OUTCOMES))} {sign}" for sign in "+−"]].abs().max(axis=1)
    return table.loc[strength.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


Change = tuple[dict[str, float], dict[str, float]]


def _both_ways(job: tuple[Parameter | None, VirtualPatient]) -> Change:
    """Outcomes with the parameter one SD up and one down; without a parameter those of the patient, twice."""
    parameter, patient = job
    if parameter is None:
        plain = outcomes(patient)
        return plain, plain
    spread = parameter.spread[Sex(patient.sex)]
    down = [-sd for sd in spread]
    return outcomes(shifted(patient, parameter.path, spread)), outcomes(shifted(patient, parameter.path, down))


def _row(parameter: Parameter, base: pd.DataFrame, changes: Sequence[Change]) -> dict[str, object]:
    men, women = (parameter.spread[sex] for sex in (Sex.MALE, Sex.FEMALE))
    row: dict[str, object] = {"parameter": parameter.name, "elements": len(men)}
    row |= {"sd_men": float(np.mean(men)), "sd_women": float(np.mean(women)), "source": parameter.source}
    for index, sign in enumerate("+−"):
        change = (pd.DataFrame([both[index] for both in changes]) - base).mean()
        row |= {f"{name} {sign}": float(change[name]) for name in OUTCOMES}
    return row
