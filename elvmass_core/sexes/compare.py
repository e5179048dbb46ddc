"""The comparison: matched ECGs of men and women through runs trained on either."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.processes import Progress
from elvmass_core.sexes.maps import (
    CELLS,
    INPUTS,
    STEPS,
    Ecgs,
    RunMaps,
    deviation_mv,
    explain_all,
    references_of,
    whole,
)
from elvmass_core.sexes.matching import Pairs, match
from elvmass_core.sexes.measures import PRIMARY, QRS, QUANTITIES, ST_T, importance, per_ecg
from elvmass_core.sexes.run_set import load_runs, stored_runs
from elvmass_core.sexes.runs import RUNS, Run, disjoint_groups, train_runs
from elvmass_core.sexes.statistics import Effect, PairEffect, labels_effect, pairs_effect
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.train import Effort

HELD_OUT = 4
"""One of so many patients of each sex learns nothing and is explained; nobody is both."""
PER_ECG = ("cells_g", "inputs_g", "estimates_g", "lvm_g", "male_ecg")
"""Arrays with an axis over the ECGs: large."""
SUMMARIES = {"ST–T, all leads": ST_T, "QRS, all leads": QRS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """One cohort compared: plain values for JSON, and arrays.

    Attributes
    ----------
    result : dict
        Sizes, balance, and by quantity the effects of model, input and both (`statistics.Effect` as lists over
        ``cells``).
    arrays : mapping of name to array
        Everything behind it: `PER_ECG` of every run and ECG, mean maps (2, 12, 400) of the runs of either sex over all
        ECGs of men and of women, and ``importance`` (quantity, sex of the ECGs, run, cell).
    runs : tuple of Run
        What was compared.
    """

    result: dict[str, object]
    arrays: Mapping[str, np.ndarray]
    runs: tuple[Run, ...]


def compare_sexes(
    data: Dataset, work: Path, effort: Effort, *, runs: int = RUNS, progress: Progress | None = None
) -> Comparison:
    """Train runs on one part of a cohort, explain matched ECGs of the other through all of them, and test.

    Raises
    ------
    TableError
        Too few patients to train `runs` of each sex, or to match.
    """
    held = _held_out(data)
    learners = data.take(~held)
    ecgs, pairs = _matched(data.take(held), learners)
    groups = disjoint_groups(learners, runs)
    tasks = train_runs(learners, groups, work, effort)
    maps = explain_all(tasks, ecgs, work, effort.workers, progress)
    facts = {"patients_per_run": len(groups[Sex.MALE][0]), "epochs": effort.epochs}
    return summarise([task.load() for task in tasks], maps, ecgs, pairs, facts)


def compare_with_stored(
    data: Dataset, folder: Path, work: Path, workers: int = 2, progress: Progress | None = None
) -> Comparison:
    """Explain matched ECGs of a cohort through runs that are there already; nothing is trained.

    Parameters
    ----------
    data : Dataset
        Its masses serve to match and to leave LVH out of the reference: an estimate will do.
    folder : Path
        See `elvmass_core.sexes.run_set`.

    Raises
    ------
    BundleError, TableError
        The runs cannot be used, or too few patients can be matched.
    """
    stored = stored_runs(folder)
    ecgs, pairs = _matched(data, data)
    maps = explain_all(stored, ecgs, work, workers, progress)
    known = load_runs(folder)
    facts = {name: int(str(known.facts[name])) for name in ("patients_per_run", "epochs")}
    return summarise(known.runs, maps, ecgs, pairs, facts)


def _matched(data: Dataset, healthy: Dataset) -> tuple[Ecgs, Pairs]:
    """ECGs with every segment, men's first, each with its partner; references from the patients of `healthy`."""
    usable, masks = whole(data)
    data, masks = data.take(usable), masks[usable]
    pairs = match(data)
    order = np.concatenate([pairs.men, pairs.women])
    return Ecgs(data=data.take(order), masks=masks[order], references=references_of(healthy)), pairs


def _held_out(data: Dataset) -> np.ndarray:
    """Every `HELD_OUT`-th patient of each sex, (n,) bool."""
    held = np.zeros(len(data), dtype=bool)
    for sex in (Sex.MALE, Sex.FEMALE):
        held[np.flatnonzero(data.sex == sex.value)[::HELD_OUT]] = True
    return held


def summarise(
    runs: Sequence[Run], maps: Sequence[RunMaps], ecgs: Ecgs, pairs: Pairs, facts: Mapping[str, float]
) -> Comparison:
    """Effects of the model, of the input, and of both together, in every quantity."""
    male_run = np.array([run.sex is Sex.MALE for run in runs])
    deviation = deviation_mv(ecgs)
    on = {
        who: [importance(one, deviation, mask) for one in maps]
        for who, mask in (("men", ecgs.male), ("women", ~ecgs.male))
    }
    quantities = {
        name: _effects(
            np.stack([one[name] for one in on["men"]]), np.stack([one[name] for one in on["women"]]), male_run
        )
        | {"unit": unit, "input": _plain(_input_effect(maps, name, deviation, ecgs.male))}
        for name, unit in QUANTITIES.items()
    }
    result: dict[str, object] = {
        **facts,
        "runs": int(male_run.sum()),
        "pairs": len(pairs),
        "balance": list(pairs.balance),
        "steps": STEPS,
        "cells": [list(cell) for cell in CELLS],
        "primary": PRIMARY,
        "quantities": quantities,
        "errors": _errors(maps, ecgs, male_run),
        "completeness_g": [float(np.quantile(np.abs([one.delta_g for one in maps]), q)) for q in (0.5, 0.95, 1.0)],
    }
    per_run = np.array([[[one[name] for one in some] for some in on.values()] for name in QUANTITIES])
    arrays = _arrays(maps, ecgs, male_run) | {"importance": per_run.astype(np.float32)}
    return Comparison(result=result, arrays=arrays, runs=tuple(runs))


def _effects(on_men: FloatArray, on_women: FloatArray, male_run: np.ndarray) -> dict[str, object]:
    """Model effect and interaction of one quantity, per cell and summed over leads; arrays (runs, cells)."""
    both, apart = 0.5 * (on_men + on_women), on_men - on_women
    sums = np.stack([both[:, list(cells)].sum(axis=1) for cells in SUMMARIES.values()], axis=1)
    return {
        "model": _plain(labels_effect(both, male_run)),
        "interaction": _plain(labels_effect(apart, male_run)),
        "summary": {"names": list(SUMMARIES), "model": _plain(labels_effect(sums, male_run))},
    }


def _input_effect(maps: Sequence[RunMaps], name: str, deviation: FloatArray, male: np.ndarray) -> PairEffect:
    """Men's against women's ECGs through the same runs."""
    values = per_ecg(maps, name, deviation)
    return pairs_effect(values[male], values[~male])


def _plain(effect: Effect | PairEffect) -> dict[str, list[float]]:
    return {name: [float(x) for x in values] for name, values in asdict(effect).items()}


def _errors(maps: Sequence[RunMaps], ecgs: Ecgs, male_run: np.ndarray) -> dict[str, float]:
    """Mean absolute error in g of single runs, at home and crossed."""
    miss = np.abs([one.estimate_g - ecgs.data.lvm_g for one in maps])
    return {
        f"{run_name} on {ecg_name}": float(miss[runs][:, ecg].mean())
        for run_name, runs in (("men's runs", male_run), ("women's runs", ~male_run))
        for ecg_name, ecg in (("men", ecgs.male), ("women", ~ecgs.male))
    }


def _arrays(maps: Sequence[RunMaps], ecgs: Ecgs, male_run: np.ndarray) -> dict[str, np.ndarray]:
    """float32: grams of every run, ECG and cell; mean maps of the runs of each sex and their SD between runs."""
    beats, sexes_of_runs = ecgs.data.beats_mv, (male_run, ~male_run)
    absolute, signed = (np.stack([getattr(one, name) for one in maps]) for name in ("absolute_g", "signed_g"))
    arrays = {
        "cells_g": np.stack([one.cells_g for one in maps]),
        "inputs_g": np.stack([one.inputs_g for one in maps]),
        "estimates_g": np.stack([one.estimate_g for one in maps]),
        "lvm_g": ecgs.data.lvm_g,
        "mean_beats_mv": np.stack([beats[ecgs.male].mean(axis=0), beats[~ecgs.male].mean(axis=0)]),
        "absolute_maps_g": np.stack([absolute[who].mean(axis=0) for who in sexes_of_runs]),
        "absolute_maps_sd_g": np.stack(
            [absolute[male_run].std(axis=0, ddof=1), absolute[~male_run].std(axis=0, ddof=1)]
        ),
        "signed_maps_g": np.stack([signed[who].mean(axis=0) for who in sexes_of_runs]),
    }
    stored = {name: values.astype(np.float32) for name, values in arrays.items()}
    return stored | {
        "male_run": male_run,
        "male_ecg": ecgs.male,
        "cell_names": np.array([f"{group} {segment}" for group, segment in CELLS]),
        "input_names": np.array(INPUTS),
    }
