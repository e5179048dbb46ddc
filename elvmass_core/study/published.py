"""What the study wrote, read back for people: ``study.json`` and ``study.npz`` of one folder as one frozen object.

Nothing here needs the networks.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import BadZipFile

import numpy as np

from elvmass_core.domain import FloatArray, frozen_array
from elvmass_core.errors import TableError
from elvmass_core.study.names import DEMOGRAPHICS, ESTIMATES, PLACES, POOLED, RESULT, SEX_SPECIFIC, SHIPPED
from elvmass_core.study.scored import SEXES, Scored
from elvmass_core.study.statistics import GROUPS, SCORES, Truth

FOLDER = Path(__file__).parents[2] / "docs"
"""Where the study of this version lies."""
_AGAIN = "run `python -m elvmass_core study` to write it."
_ACCURACY = (
    "n", "n_lvh", "mae_g", "mae_interval_g", "mape_percent", "r", "bias_g", "limits_of_agreement_g",
    "calibration_slope", "sensitivity", "specificity", "sensitivity_at_90_specificity",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFigure:
    """One published figure."""

    what: str
    one_model: str
    men: str
    women: str


PAPER_SOURCE = "Pan et al., Eur Heart J Digit Health 2026;7(1):ztaf122, doi 10.1093/ehjdh/ztaf122"
PAPER = (
    PaperFigure(what="c-statistic for LVH", one_model="0.70 ± 0.02", men="0.77 ± 0.05", women="0.75 ± 0.05"),
    PaperFigure(what="mean absolute error, g", one_model="14.3 ± 0.7", men="–", women="–"),
    PaperFigure(what="mean absolute error, %", one_model="12.9 ± 1.1", men="–", women="–"),
    PaperFigure(what="best compared method, g", one_model="19.5 ± 0.8", men="–", women="–"),
    PaperFigure(what="best compared method, %", one_model="17.6 ± 0.8", men="–", women="–"),
)
"""As in the abstract (`PAPER_SOURCE`): 1459 patients, mass by coronary CT angiography, five folds; ± as printed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """The study.

    Attributes
    ----------
    facts : mapping
        ``study.json`` as written. Optional keys: ``answer, learning_curve, replicates, real, shipped``; optional in a
        cohort: ``criteria`` {name: {men | women: {sensitivity, specificity}}}.
    models : tuple of str
        Names of the rows, in the order of the tables.
    truths : mapping of place to Truth
    estimates_g : mapping of place to array (models, n)
    """

    facts: Mapping[str, Any]
    models: tuple[str, ...]
    truths: Mapping[str, Truth]
    estimates_g: Mapping[str, FloatArray]

    @property
    def quick(self) -> bool:
        """Whether the run only checked the path."""
        return bool(self.facts["quick"])

    def cohort(self, place: str) -> Mapping[str, Any]:
        """Numbers of one of `PLACES`."""
        return self.facts[place]

    def words(self, model: str) -> str:
        """A row in plain words."""
        return str(self.facts["words"].get(model, model))

    def scored(self, place: str, model: str) -> Scored:
        """Patients of one place with the estimates of one model."""
        return Scored(truth=self.truths[place], estimate_g=self.estimates_g[place][self.models.index(model)])

    def answer(self) -> str:
        """Whether one model per sex gained over one for both; the run's own words, else worked out now."""
        if "answer" in self.facts:
            return str(self.facts["answer"])
        from elvmass_core.study.report import contrast_answer  # loads the networks: only where the run left no words

        return contrast_answer(dict(self.facts))


def read_published(folder: Path | None = None) -> Published:
    """Read a study.

    Parameters
    ----------
    folder : Path, optional
        Holds ``study.json`` and ``study.npz``, and ``shipped.json`` where the shipped weights were measured; `FOLDER`
        when not given.

    Raises
    ------
    TableError
        A file is missing, damaged, or of another layout than this version writes.
    """
    folder = FOLDER if folder is None else folder
    try:
        facts = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        if (folder / SHIPPED).is_file():
            facts |= json.loads((folder / SHIPPED).read_text(encoding="utf-8"))
        _check(facts)
        content = io.BytesIO((folder / ESTIMATES).read_bytes())
        with np.load(content, allow_pickle=False) as stored:
            return _joined(facts, stored)
    except OSError:
        raise TableError(f"The study is not in its folder ({RESULT} and {ESTIMATES}): {_AGAIN}") from None
    except (KeyError, TypeError, ValueError, AttributeError, EOFError, BadZipFile):
        raise TableError(
            f"The study in the folder is damaged or of another layout than this version: {_AGAIN}"
        ) from None


def _check(facts: Mapping[str, Any]) -> None:
    """Touch what the page shows; KeyError or TypeError where it is not."""
    _ = facts["quick"], facts["cohort_version"], facts["repeats"]
    cohorts = [facts[place] for place in PLACES]
    for cohort in (*cohorts, *facts.get("worlds", {}).values()):
        _check_cohort(cohort, facts["words"])
    for cohort in cohorts:
        _ = cohort["error_by"][SEX_SPECIFIC], cohort["error_by"][DEMOGRAPHICS]
        _ = cohort["models"][POOLED], cohort["models"][SEX_SPECIFIC]
    _check_optional(facts)


def _check_cohort(cohort: Mapping[str, Any], words: Mapping[str, str]) -> None:
    _ = cohort["n"], cohort["n_lvh"], cohort["decision"]["thresholds"], cohort["decision"]["everybody"]
    for name, model in cohort["models"].items():
        _ = words[name], [model["accuracy"][who][key] for who in SEXES for key in _ACCURACY]
        _ = [model["c_statistic"][group][score]["interval"] for group in GROUPS for score in SCORES]
    for one in cohort["contrasts"].values():
        _ = one["p_holm"], [one[what][who]["gain"] for what in ("mae_g", "c") for who in (*SEXES, "both")]


def _check_optional(facts: Mapping[str, Any]) -> None:
    for step in facts.get("learning_curve") or ():
        _ = step["n"], [step[name][who] for name in ("network", "ridge") for who in SEXES]
    if replicates := facts.get("replicates"):
        _ = replicates["n_cohorts"], replicates["n"]
        _ = [
            (one["words"], one["share_p_below_001"], one["interval"][1], one["mean_gap"]) for one in replicates["rows"]
        ]
    for key, columns in (("real", ("words", "n", "value")), ("shipped", ("words", "men", "women"))):
        _ = [one[column] for one in (facts.get(key) or {"rows": ()})["rows"] for column in columns]


def _joined(facts: dict[str, Any], stored: Mapping[str, np.ndarray]) -> Published:
    """The numbers and the patients they are of; ValueError when these are others."""
    models = tuple(str(name) for name in stored["models"])
    if set(models) != set(facts["words"]):
        raise ValueError("the two files are of different runs")
    return Published(
        facts=MappingProxyType(facts),
        models=models,
        truths={place: _truth(stored, place, facts[place]["n"]) for place in PLACES},
        estimates_g={
            place: frozen_array(stored[f"{place}_estimates_g"], (len(models), facts[place]["n"]), place)
            for place in PLACES
        },
    )


def _truth(stored: Mapping[str, np.ndarray], place: str, n: int) -> Truth:
    male, fold = np.array(stored[f"{place}_male"], dtype=bool), np.array(stored[f"{place}_fold"], dtype=int)
    if male.shape != (n,) or fold.shape != (n,):
        raise ValueError(f"{place} has {male.shape} patients, expected {n}")
    for array in (male, fold):
        array.setflags(write=False)
    mass, size = (frozen_array(stored[f"{place}_{name}"], (n,), name) for name in ("lvm_g", "bsa_m2"))
    return Truth(lvm_g=mass, bsa_m2=size, male=male, fold=fold)


def gain_words(contrast: Mapping[str, Any]) -> str:
    """A paired contrast in a sentence: what happens to the error in each sex, and how sure that is.

    `contrast` is one of ``contrasts``; p is the bootstrap's, after Holm where the contrast is primary.
    """
    mass = "; ".join(f"{who} {_gain(contrast['mae_g'][who], 'g', 1, ('less', 'more'))}" for who in SEXES)
    rank = "; ".join(f"{who} {_gain(contrast['c'][who], '', 3, ('higher', 'lower'))}" for who in SEXES)
    return f"mean error: {mass}. c-statistic: {rank}. {_verdict(contrast)}"


def _gain(one: Mapping[str, Any], unit: str, digits: int, directions: Sequence[str]) -> str:
    if one["gain"] is None:
        return "too few with LVH"
    low, high = (f"{end:+.{digits}f}".replace("-", "−") for end in one["interval"])
    word = directions[0] if one["gain"] >= 0 else directions[1]
    size = f"{abs(one['gain']):.{digits}f} {unit}".rstrip()
    return f"**{size} {word}** (gain {low} to {high})"


def _verdict(contrast: Mapping[str, Any]) -> str:
    both = contrast["mae_g"]["both"]
    if both["gain"] is None:
        return "No answer."
    low, high = both["interval"]
    verdict = "a gain" if low > 0 else "**a loss**" if high < 0 else "no difference that these patients can show"
    holm = contrast["p_holm"]
    p = f"p {p_words(both['p'])}" if holm is None else f"p {p_words(holm)} after Holm's correction for three contrasts"
    return f"In grams, both sexes together: {verdict} ({p})."


def p_words(p: float) -> str:
    """A p-value to three digits; the bootstrap knows none below a thousandth."""
    return "≤ 0.001" if p <= 0.001 else f"= {p:.3f}"


def ahead_words(study: Published, place: str, who: str) -> str:
    """Which rows err less in one sex than eLVMass-Net with one model per sex, by name, so that none is overlooked."""
    error = {name: one["accuracy"][who]["mae_g"] for name, one in study.cohort(place)["models"].items()}
    ahead = [
        study.words(name) for name in sorted(error, key=lambda name: error[name]) if error[name] < error[SEX_SPECIFIC]
    ]
    return f"{who}: {'; '.join(ahead)}" if ahead else f"{who}: none"
