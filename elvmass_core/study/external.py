"""Weights on patients they have never seen, whose mass was measured: a user's own external validation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import Bundle, Models
from elvmass_core.models.calibration import CUTOFFS, Cutoff
from elvmass_core.models.inputs import PATTERNS
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.scored import MIN_OF_A_SEX, SEXES, Scored, agreement, scored_result
from elvmass_core.study.scored_table import MEASURED_BY, write_scored_table
from elvmass_core.study.statistics import Truth, contrast

FOLDS = 5
RECALIBRATION = "a straight line for each sex, fitted on this table in five folds: no patient's line has seen him"
_SEX_OF = {"men": Sex.MALE, "women": Sex.FEMALE}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class External:
    """What an external validation found.

    Attributes
    ----------
    scored : Scored
        Patients, masses, estimates and intervals.
    alone_g : array (n,)
        What age, sex and body size alone say, by the bundle's own line.
    record : array (n,) of str
    models : mapping of "men" and "women" to the bundle's name
    refused : mapping of reason to count
    recalibrated : str
        How the estimates were recalibrated; empty when they are as the weights give them.
    """

    scored: Scored
    alone_g: FloatArray
    record: np.ndarray
    models: Mapping[str, str]
    refused: Mapping[str, int]
    recalibrated: str = ""


def evaluate_dataset(
    data: Dataset, models: Models, *, recalibrate: bool = False, cutoff: Cutoff | None = None
) -> External:
    """Estimate every patient of a table (`dataset.load_dataset`) and set the estimates beside the measured masses.

    Parameters
    ----------
    data : Dataset
    models : Models
        A bundle for each sex that is to be evaluated; the patients of another sex are left out.
    recalibrate : bool
        Fit a line from estimate to mass on this table, for each sex, in five folds. Intervals keep their width.
    cutoff : Cutoff, optional
        Of LVH, by how the masses were measured; default: that of the weights.

    Raises
    ------
    TableError
        Fewer than 20 usable patients of each sex that has a bundle.
    """
    parts = [(who, *_answers(models, data, who)) for who in SEXES if models.for_sex(_SEX_OF[who])]
    parts = [part for part in parts if len(part[1]) >= MIN_OF_A_SEX]
    if not parts:
        raise TableError(f"The table holds fewer than {MIN_OF_A_SEX} usable patients of any sex the weights are for.")
    people = [part[1] for part in parts]
    estimate, low, high, alone = (np.concatenate([part[2][k] for part in parts]) for k in range(4))
    truth = Truth(
        lvm_g=np.concatenate([one.lvm_g for one in people]),
        bsa_m2=np.concatenate([one.bsa_m2 for one in people]),
        male=np.concatenate([one.sex == Sex.MALE.value for one in people]),
        fold=np.zeros(sum(map(len, people)), dtype=int),
        cutoff=cutoff or models.bundles[0].cutoff,
    )
    if recalibrate:
        moved = _recalibrated(estimate, truth)
        low, high, estimate = low + moved - estimate, high + moved - estimate, moved
    return External(
        scored=Scored(truth=truth, estimate_g=estimate, low_g=low, high_g=high),
        alone_g=alone,
        record=np.concatenate([one.record for one in people]),
        models={who: models.for_sex(_SEX_OF[who])[0].model_id for who, *_ in parts},
        refused=data.refused,
        recalibrated=RECALIBRATION if recalibrate else "",
    )


def _answers(models: Models, data: Dataset, who: str) -> tuple[Dataset, tuple[FloatArray, ...]]:
    """Patients of one sex, and estimate, interval and demographics-only answer of its bundle."""
    mine = data.of(_SEX_OF[who])
    bundle: Bundle = models.for_sex(_SEX_OF[who])[0]
    if not len(mine):
        return mine, (np.empty(0),) * 4
    members = bundle.members_g(mine.beats_mv, mine.rows)
    estimate = members.mean(axis=0)
    half = bundle.calibration.intervals[PATTERNS[0]].half_width_g(estimate, members.std(axis=0))
    return mine, (estimate, estimate - half, estimate + half, bundle.calibration.lines[PATTERNS[0]](mine.rows))


def _recalibrated(estimate: FloatArray, truth: Truth) -> FloatArray:
    """Estimates on the line of the other four fifths of the same sex."""
    moved = np.array(estimate)
    rng = np.random.default_rng(0)
    for who in SEXES:
        rows = np.flatnonzero(truth.group(who))
        fold = rng.permutation(np.arange(len(rows)) % FOLDS)
        for k in range(FOLDS if len(rows) else 0):
            fitted, left = rows[fold != k], rows[fold == k]
            moved[left] = np.polyval(np.polyfit(estimate[fitted], truth.lvm_g[fitted], 1), estimate[left])
    return moved


def result(external: External) -> dict[str, Any]:
    """The numbers, laid out as those of a model in ``study.json``, with the gain over body size alone."""
    truth = external.scored.truth
    drawn = truth.resamples()
    has_both = all(truth.group(who).any() for who in SEXES)
    gain = contrast(external.alone_g, external.scored.estimate_g, truth, drawn)["mae_g"] if has_both else {}
    return {
        **scored_result(external.scored),
        "alone": scored_result(Scored(truth=truth, estimate_g=external.alone_g))["accuracy"],
        "gain_over_demographics": gain,
        "models": dict(external.models),
        "refused": dict(external.refused),
        "recalibrated": external.recalibrated,
    }


def words(external: External) -> str:
    """The paper's table in plain text, one block for each sex."""
    found = result(external)
    cutoff = external.scored.truth.cutoff
    lines = [f"LVH: above {cutoff.men_g_m2:g} g/m² in men, {cutoff.women_g_m2:g} g/m² in women ({cutoff.modality})."]
    lines += [f"Recalibrated: {external.recalibrated}."] if external.recalibrated else []
    for who in external.scored.sexes:
        lines += [_of_sex(external, found, who)]
    if external.refused:
        left = ", ".join(f"{reason} {count}" for reason, count in sorted(external.refused.items()))
        lines.append(f"Left out: {left}.")
    return "\n".join(lines)


def _of_sex(external: External, found: Mapping[str, Any], who: str) -> str:
    one, alone, covered = found["accuracy"][who], found["alone"][who], found["coverage"][who]
    low, high = one["mae_interval_g"]
    limits = agreement(external.scored, who)
    c = found["c_statistic"][who]["index"]
    r = "—" if one["r"] is None else f"{one['r']:.2f}"
    lvh = "no patient with LVH, or only such" if c["c"] is None else f"c {c['c']:.2f} ({_span(c['interval'])})"
    bias, (low_limit, high_limit) = limits.bias_g, limits.limits_g
    lines = (
        f"{who}: {one['n']} patients, {one['n_lvh']} with LVH, model {external.models[who]}",
        f"  mean error {one['mae_g']:.1f} g ({low:.1f}–{high:.1f}), {one['mape_percent']:.1f} %, r {r}; "
        f"body size alone {alone['mae_g']:.1f} g",
        f"  bias {bias:+.1f} g, limits of agreement {low_limit:+.0f} to {high_limit:+.0f} g, slope "
        f"{_two(one['calibration_slope'])}",
        f"  intervals hold {_percent(covered['covered'])} (with LVH {_percent(covered['covered_lvh'])}); "
        f"LVH by g/m²: {lvh}",
    )
    return "\n".join(lines)


def _span(interval: list[float]) -> str:
    return f"{interval[0]:.2f}–{interval[1]:.2f}"


def _two(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.0f} %"


def scored_csv(external: External) -> bytes:
    """The table that the Validation page draws: one line for each patient."""
    scored, truth = external.scored, external.scored.truth
    method = next(name for name, cutoff in CUTOFFS.items() if cutoff == truth.cutoff)
    return write_scored_table(
        {
            "record": external.record,
            "sex": np.where(truth.male, "M", "F"),
            "lvm_measured_g": truth.lvm_g,
            "lvm_g": scored.estimate_g,
            "low_g": scored.low_g,
            "high_g": scored.high_g,
            "bsa_m2": truth.bsa_m2,
            "demographics_only_g": external.alone_g,
            MEASURED_BY: [method] * len(truth),
        }
    )
