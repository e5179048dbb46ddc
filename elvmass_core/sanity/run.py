"""Make the panels of a folder of weights: train what the tests need, then test every bundle."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from elvmass_core.attribution.methods import Maps, answers_g
from elvmass_core.errors import BundleError
from elvmass_core.models.bundle import Bundle, load_bundle, load_models
from elvmass_core.processes import Progress, map_processes
from elvmass_core.sanity import faithful
from elvmass_core.sanity.cases import Cases, Floats32, choose_cases, expected, explained, gradients
from elvmass_core.sanity.consistency import agreement, consistency, with_shipped
from elvmass_core.sanity.learners import PUBLISHED_N, Learner, Learners, learner, members, plan_learners, sexes_of
from elvmass_core.sanity.panel import PANEL_FILE, Panel, judged, read_panel, write_panel
from elvmass_core.sanity.randomise import CASCADE_DRAWS, FULL_DRAWS, label_test, weight_test
from elvmass_core.sanity.words import Values
from elvmass_core.study.dataset import Dataset, load_dataset
from elvmass_core.study.train import Effort, train_members

Likeness = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is spent: patients explained and learned from, steps, epochs, random draws."""

    patients: int
    random_patients: int
    sample: int
    epochs: int
    steps: int
    draws: int
    cascade_draws: int
    orders: int
    replacements: int


FULL = Size(
    patients=60, random_patients=30, sample=PUBLISHED_N, epochs=Effort().epochs, steps=32,
    draws=FULL_DRAWS, cascade_draws=CASCADE_DRAWS, orders=faithful.RANDOM_ORDERS, replacements=faithful.REPLACEMENTS,
)  # fmt: skip
QUICK = Size(
    patients=4, random_patients=3, sample=40, epochs=1, steps=8, draws=2, cascade_draws=1, orders=2, replacements=6
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One bundle; everything a worker process needs."""

    folder: Path
    test: Path
    cache: Path
    learners: Learners
    size: Size


def make_panels(
    weights: Path, train: Path, test: Path, work: Path, *, quick: bool = False, workers: int = 2,
    progress: Progress | None = None,
) -> list[Path]:  # fmt: skip
    """Test the explanations of every bundle that was trained on simulated patients: ``<model-id>/sanity.json``.

    Parameters
    ----------
    train, test : Path
        Tables of patients: to train networks from, and held out from all.
    work : Path
        Trained networks and extracted beats; a stopped call goes on from there, and panels that are there stay.
    quick : bool
        Tiny: checks the path.

    Returns
    -------
    list of Path
        The panels.

    Raises
    ------
    BundleError
        No bundle can be used.
    """
    size, cache = QUICK if quick else FULL, work / "datasets"
    bundles = _bundles(weights)
    todo = [bundle for bundle in bundles if not _is_tested(weights / bundle.model_id, bundle, size)]
    plans = _trained(todo, train, work, size, workers) if todo else []
    load_dataset(test, cache=cache, workers=workers)
    tasks = [
        _Task(folder=weights / bundle.model_id, test=test, cache=cache, learners=plan, size=size)
        for bundle, plan in zip(todo, plans, strict=True)
    ]
    for done, _ in enumerate(map_processes(_write, tasks, workers, chunk=1)):
        if progress is not None:
            progress(done + 1, len(tasks))
    return [weights / bundle.model_id / PANEL_FILE for bundle in bundles]


def _bundles(weights: Path) -> list[Bundle]:
    models = load_models(weights)
    found = [bundle for bundle in models.bundles + models.pooled if bundle.simulated]
    if not found:
        raise BundleError(" ".join(models.problems) or "None of these weights was trained on simulated patients.")
    return found


def _trained(bundles: list[Bundle], train: Path, work: Path, size: Size, workers: int) -> list[Learners]:
    """Train what the tests of these bundles need; bundles may share it."""
    learned = load_dataset(train, cache=work / "datasets", workers=workers)
    plans = [plan_learners(bundle, learned, work, n=size.sample, epochs=size.epochs) for bundle in bundles]
    tasks = {task.checkpoint: task for plan in plans for task in (*plan.folds, *plan.permuted, *plan.others)}
    train_members(list(tasks.values()), workers)
    return plans


def _is_tested(folder: Path, bundle: Bundle, size: Size) -> bool:
    """Whether a stopped call has already tested these very weights as thoroughly."""
    try:
        facts = read_panel(folder, bundle).facts
    except BundleError:
        return False
    return all(facts.get(name) == value for name, value in asdict(size).items())


def _write(task: _Task) -> Path:
    torch.set_num_threads(1)
    bundle = load_bundle(task.folder)
    test = load_dataset(task.test, cache=task.cache, workers=1)
    return write_panel(task.folder, test_bundle(bundle, test, task.learners, task.size))


def test_bundle(bundle: Bundle, test: Dataset, learners: Learners, size: Size) -> Panel:
    """All tests of one bundle on held-out patients."""
    cases = choose_cases(bundle, test, size.patients)
    every = [explained(member, cases, size.steps) for member in members(bundle)]
    other = [expected(member, cases) for member in members(bundle)]
    true = np.mean([one.beat_g for one in every], axis=0).astype(np.float32)
    seeds = consistency([one.beat_g.astype(np.float32) for one in every], other, cases)
    few = min(size.random_patients, len(cases))
    weights = weight_test(bundle, true[:few], cases.first(few), draws=size.draws, cascade_draws=size.cascade_draws)
    floor = _floor(weights["all"])
    values: dict[str, Values] = {
        "completeness": _completeness(bundle, every, cases),
        "weights": weights | {"seeds_r_absolute": seeds["samples, sign dropped"]["mean"]},
        "seeds": {
            "variants": seeds,
            "floor": floor,
            "n_members": len(every),
            "n_train": bundle.manifest["training"]["n_train"],
            "n": len(cases),
        },
        **_retrained(true, learners, cases, floor, size),
        **_faithful(bundle, true, np.mean(other, axis=0), cases, size),
    }
    facts = asdict(size) | {"sexes": [sex.value for sex in sexes_of(bundle)], "cases": len(cases)}
    return Panel(
        model_id=bundle.model_id, manifest_sha256=bundle.sha256, quick=size is QUICK, facts=facts, tests=judged(values)
    )


def _retrained(true: Floats32, learners: Learners, cases: Cases, floor: Likeness, size: Size) -> dict[str, Values]:
    """What asks networks trained for the tests."""
    folds = [learner(task) for task in learners.folds]
    fold_maps = [gradients(one, cases, size.steps) for one in folds]
    exchanged = [gradients(learner(task), cases, size.steps) for task in learners.permuted]
    common = {"floor": floor, "n_sample": learners.n_sample, "n": len(cases)}
    return {
        "labels": label_test(true, fold_maps, exchanged, cases),
        "folds": {
            "variants": consistency(fold_maps, [expected(one, cases) for one in folds], cases),
            "with_shipped": with_shipped(true, fold_maps, cases),
            **common,
        },
        "others": others_test(true, learners, cases, size.steps) | common,
    }


def others_test(true: Floats32, learners: Learners, cases: Cases, steps: int) -> dict[str, object]:
    """Consistency of networks that share no patient, and theirs with the shipped ensemble."""
    some = [learner(task) for task in learners.others]
    maps = [gradients(one, cases, steps) for one in some]
    return {
        "variants": consistency(maps, [], cases),
        "with_shipped": with_shipped(true, maps, cases),
        "n_networks": len(some),
    }


def _floor(likeness: object) -> Likeness:
    """Likeness of random networks' maps to the true ones (Pearson), under the names of `consistency.readings`."""
    names = {
        "samples": "r",
        "samples, sign dropped": "r_absolute",
        "limb leads added up": "limb_r",
        "smoothed by 10 ms": "smoothed_10_r",
        "smoothed by 20 ms": "smoothed_20_r",
        "table": "cells_r",
        "table, sign dropped": "cells_r_absolute",
    }
    return {name: likeness[key] for name, key in names.items()} if isinstance(likeness, dict) else {}


def _completeness(bundle: Bundle, every: list[Maps], cases: Cases) -> Values:
    mean = Maps(
        beat_g=np.mean([one.beat_g for one in every], axis=0), inputs_g=np.mean([one.inputs_g for one in every], axis=0)
    )
    ends = [cases.points(bundle.normaliser), cases.starts(bundle.normaliser)]
    estimate, reference = (answers_g(bundle.ensemble, one) for one in ends)
    return faithful.completeness(mean, estimate - reference)


def _faithful(bundle: Bundle, true: Floats32, other: Floats32, cases: Cases, size: Size) -> dict[str, Values]:
    """What asks the ensemble itself; `true` and `other` are its integrated and expected gradients."""
    ensemble = Learner(network=bundle.ensemble, normaliser=bundle.normaliser)
    tables = faithful.tables(ensemble, true, other, cases)
    return {
        "curves": faithful.curves(ensemble, tables["integrated gradients"], cases, size.orders),
        "infidelity": faithful.infidelity(ensemble, true, other, cases, size.replacements),
        "methods": {"pairs": agreement(tables), "n": len(cases)},
    }
