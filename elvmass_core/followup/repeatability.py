"""How far the estimate of one simulated patient moves when nothing but the recording is made again.

Measured by ``benchmarks/placement_repeatability.py``, kept in ``docs/placement.json`` with the hash of the weights.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle

FOLDER = Path(__file__).parents[2] / "docs"
RESULT = "placement.json"
VERSION = 1
"""Changes with anything that changes what the figures mean: a file of another version is not read."""
COEFFICIENT = 1.96 * math.sqrt(2.0)
"""Repeatability coefficient over within-subject SD: 95 % of pairs differ by less if differences are normal (Bland and
Altman 1999, doi 10.1177/096228029900800204)."""
CONDITIONS = ("placement", "recording", "both", "wide")
"""What is made again: the electrodes put on anew and nothing else, only the 10 s, both as in a second ECG, or both
with the electrodes further off than in the cohort that the models learned from."""
_REMEDY = ": run `python benchmarks/placement_repeatability.py` to measure it"
Ranged = tuple[float, float, float]
"""A figure and its 95 % bootstrap interval over patients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How much the estimates of one patient differ under one of `CONDITIONS`.

    Parameters
    ----------
    n_patients, n_recordings, n_pairs : int
        Patients with at least two estimates, their estimates, and all pairs within a patient.
    sd_log : Ranged
        Within-patient SD of the natural logarithm of the estimate: 0.05 is about 5 %.
    sd_log_heavy : Ranged
        The same in the third of the patients with the largest estimates, whose mean is `heavy_from_g` or more: even in
        per cent the estimates of large hearts differ more.
    sd_g, sd_index_g_m2 : Ranged
        The same of grams and of the index.
    pairs_beyond : Ranged
        Share of pairs that differ by more than the coefficient; 0.05 where differences are normal.
    answers_differ, answers_flip : Ranged
        Share of pairs with another answer on LVH, and with flagged in one and not flagged in the other.
    index_crosses : Ranged
        Share of pairs whose index lies above the cut-off in one and below it in the other.
    """

    n_patients: int
    n_recordings: int
    n_pairs: int
    sd_log: Ranged
    sd_log_heavy: Ranged
    heavy_from_g: float
    sd_g: Ranged
    sd_index_g_m2: Ranged
    pairs_beyond: Ranged
    answers_differ: Ranged
    answers_flip: Ranged
    index_crosses: Ranged

    def __post_init__(self) -> None:
        for name in ("sd_log", "sd_log_heavy"):
            value = getattr(self, name)[0]
            if not (math.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} is {value}, expected a positive number")

    def coefficient_log(self, larger_g: float) -> float:
        """95 % repeatability coefficient of the logarithm, for two estimates of which this is the larger."""
        heavy = larger_g >= self.heavy_from_g
        return COEFFICIENT * (max(self.sd_log[0], self.sd_log_heavy[0]) if heavy else self.sd_log[0])

    def limit_g(self, first_g: float, second_g: float) -> float:
        """How far from the first estimate a second in the direction of this one lies at the coefficient, in g.

        Less downwards than upwards, so that the order of the two does not matter.
        """
        coefficient = self.coefficient_log(max(first_g, second_g))
        return first_g * (math.expm1(coefficient) if second_g > first_g else -math.expm1(-coefficient))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """The figures of one bundle.

    Parameters
    ----------
    manifest_sha256 : str
        Of the weights that they were measured with.
    placement, recording, both, wide : Spread
        By what was made again, see `CONDITIONS`.
    law, source : str
        How electrodes were placed, and where that law comes from.
    wide_law : str
        How they were placed in `wide`.
    """

    model_id: str
    manifest_sha256: str
    sex: Sex
    placement: Spread
    recording: Spread
    both: Spread
    wide: Spread
    law: str
    source: str
    wide_law: str

    @property
    def second_ecg(self) -> Spread:
        """What a second ECG is judged by: `both` or `wide`, whichever differs more."""
        return max(self.both, self.wide, key=lambda one: one.sd_log[0])


def read_repeatability(bundle: Bundle, folder: Path | None = None) -> Repeatability:
    """The figures of a bundle.

    Parameters
    ----------
    bundle : Bundle
    folder : Path, optional
        Holds ``placement.json``; `FOLDER` when not given.

    Raises
    ------
    BundleError
        There are none, or they are of other weights or of another version.
    """
    stored = _stored(bundle, FOLDER if folder is None else folder)
    if not isinstance(stored, dict) or stored.get("version") != VERSION:
        raise _refused(bundle, "was measured by another version of ELVMass")
    try:
        if stored["weights"].get(bundle.model_id) != bundle.sha256:
            raise _refused(bundle, "was measured for other weights than these")
        return _repeatability(stored, bundle)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _refused(bundle, "was measured, but the file is not whole") from error


def _stored(bundle: Bundle, folder: Path) -> Any:
    try:
        return json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(bundle, "has not been measured") from error
    except ValueError as error:
        raise _refused(bundle, "was measured, but the file cannot be read") from error


def _repeatability(stored: Mapping[str, Any], bundle: Bundle) -> Repeatability:
    """KeyError, TypeError or ValueError where something is missing."""
    conditions = stored["sexes"][bundle.sex.value]["conditions"]
    return Repeatability(
        model_id=bundle.model_id,
        manifest_sha256=bundle.sha256,
        sex=bundle.sex,
        law=str(stored["law"]),
        source=str(stored["source"]),
        wide_law=str(stored["wide_law"]),
        **{name: spread_of(conditions[name]) for name in CONDITIONS},
    )


def spread_of(stored: Mapping[str, Any]) -> Spread:
    """A `Spread` from its fields as stored; KeyError, TypeError or ValueError where one is missing or no number."""
    values: dict[str, Any] = {}
    for name in (one.name for one in fields(Spread)):
        value = stored[name]
        values[name] = _ranged(value) if isinstance(value, list) else int(value) if name[:2] == "n_" else float(value)
    return Spread(**values)


def _ranged(values: list[float]) -> Ranged:
    figure, low, high = map(float, values)
    return figure, low, high


def _refused(bundle: Bundle, what: str) -> BundleError:
    return BundleError(f"The repeatability of {bundle.model_id} {what}{_REMEDY}.")
