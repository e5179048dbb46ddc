"""Can a classifier tell real from simulated, and by what? Logistic regression and a kernel machine, no network."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from elvmass_core.realism.components import beat_vectors, n_components
from elvmass_core.realism.measures import GROUPS, MEASURES, SHAPES, BeatTable, group_of
from elvmass_core.realism.statistics import Interval, auc, percentile_interval, resample

FOLDS, REPEATS = 5, 10
PENALTY_C = 0.1
"""Inverse L2 penalty on standardised measures: fixed, not chosen by the AUC (assumed)."""
N_KEYS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How well one classifier tells real from simulated: 0.5 not at all, 1 always; interval over patients."""

    classifier: str
    on: str
    auc: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classified:
    """The classifiers and what the first keys on.

    Parameters
    ----------
    separations : list of Separation
    keys : DataFrame
        ``measure``, ``group``, ``coefficient`` per SD (positive: more in the simulated), and ``auc`` of the measure
        alone (above 0.5: higher in the simulated).
    groups : DataFrame
        ``group``, the AUC of the group alone, and the fall of the AUC when it is shuffled among the patients.
    """

    separations: list[Separation]
    keys: pd.DataFrame
    groups: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """Real (0) and simulated (1) patients in one order, with the groups that a fold may not split."""

    measures: pd.DataFrame
    vectors: np.ndarray
    label: np.ndarray
    match: np.ndarray


def classify(real: BeatTable, simulated: BeatTable, seed: int) -> Classified:
    """Tell real from simulated by cross-validation.

    `REPEATS` times `FOLDS` stratified folds that keep a real patient and the ones matched to it together; a patient's
    score is the mean over the repeats, the interval resamples patients, the classes apart.
    """
    task = _task(real, simulated)
    names = list(task.measures)
    quiet = [name for name in names if group_of(name) != "noise"]
    full = _scores(_linear, task.measures[names].to_numpy(), task, seed)
    without = _scores(_linear, task.measures[quiet].to_numpy(), task, seed)
    kernel = _scores(_kernel, task.vectors, task, seed)
    separations = [
        _separation("logistic regression", "all measures", full, task, seed),
        _separation("logistic regression", "measures without noise", without, task, seed),
        _separation("RBF kernel machine", "principal components of the beat", kernel, task, seed),
    ]
    return Classified(separations=separations, keys=_keys(task, quiet), groups=_groups(task, quiet, seed))


def _task(real: BeatTable, simulated: BeatTable) -> _Task:
    names = [*MEASURES, *SHAPES]
    measures = pd.concat([table.table[names].astype(float) for table in (real, simulated)], ignore_index=True)
    known = measures.columns[measures.max() > measures.min()]
    return _Task(
        measures=measures[known],
        vectors=np.vstack([beat_vectors(real), beat_vectors(simulated)]),
        label=np.repeat([0, 1], [len(real), len(simulated)]),
        match=np.concatenate([real.table["match"], simulated.table["match"]]),
    )


def _linear(features: np.ndarray) -> Pipeline:
    model = LogisticRegression(C=PENALTY_C, class_weight="balanced", max_iter=2000)
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), model)


def _kernel(vectors: np.ndarray) -> Pipeline:
    """PCA with as many components as 90 % of the variance of these beats needs, then an RBF kernel of usual width."""
    explained = PCA(svd_solver="full").fit(vectors).explained_variance_ratio_
    pca = PCA(n_components=n_components(explained, len(vectors)), svd_solver="full")
    return make_pipeline(pca, StandardScaler(), SVC(C=1.0, gamma="scale", class_weight="balanced"))


def _folds(task: _Task, seed: int, repeats: int) -> Iterable[tuple[int, np.ndarray, np.ndarray]]:
    """Repeat, indices to fit on, indices to judge."""
    n_folds = min(FOLDS, len(np.unique(task.match[task.label == 0])))
    for repeat in range(repeats):
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed + repeat)
        for fit, judge in splitter.split(task.vectors, task.label, task.match):
            yield repeat, fit, judge


def _scores(make: Callable[[np.ndarray], Pipeline], features: np.ndarray, task: _Task, seed: int) -> np.ndarray:
    """Score of each patient by models that have not seen it, mean over the repeats."""
    scores = np.zeros((REPEATS, len(features)))
    for repeat, fit, judge in _folds(task, seed, REPEATS):
        model = make(features[fit]).fit(features[fit], task.label[fit])
        scores[repeat, judge] = model.decision_function(features[judge])
    return np.asarray(scores.mean(axis=0))


def _separation(classifier: str, on: str, scores: np.ndarray, task: _Task, seed: int) -> Separation:
    real, simulated = scores[task.label == 0], scores[task.label == 1]
    rng = np.random.default_rng(seed)
    draws = zip(resample(rng, real.size), resample(rng, simulated.size), strict=True)
    replicates = np.array([auc(simulated[there], real[here]) for here, there in draws])
    interval = percentile_interval(auc(simulated, real), replicates)
    return Separation(classifier=classifier, on=on, auc=interval)


def _keys(task: _Task, names: list[str]) -> pd.DataFrame:
    """The largest coefficients of the model fitted on everybody, and what each measure does alone."""
    model = _linear(task.vectors).fit(task.measures[names].to_numpy(), task.label)
    coefficients = model[-1].coef_[0]
    strongest = np.argsort(-np.abs(coefficients))[:N_KEYS]
    chosen = [names[index] for index in strongest]
    return pd.DataFrame(
        {
            "measure": chosen,
            "group": [group_of(name) for name in chosen],
            "coefficient": coefficients[strongest],
            "auc": [_alone(task, name) for name in chosen],
        }
    )


def _alone(task: _Task, name: str) -> float:
    """AUC of one measure; a missing value stands in the middle."""
    values = task.measures[name].fillna(task.measures[name].median()).to_numpy()
    return auc(values[task.label == 1], values[task.label == 0])


def _groups(task: _Task, quiet: list[str], seed: int) -> pd.DataFrame:
    """AUC of each group of measures alone, and what the AUC without noise loses when the group is shuffled."""
    rows = []
    for group in GROUPS:
        names = [name for name in task.measures if group_of(name) == group]
        alone = _scores(_linear, task.measures[names].to_numpy(), task, seed)
        row = {"group": group, "measures": len(names), "alone": auc(alone[task.label == 1], alone[task.label == 0])}
        rows.append(row | {"fall_when_shuffled": np.nan if group == "noise" else _fall(task, quiet, names, seed)})
    return pd.DataFrame(rows)


def _fall(task: _Task, quiet: list[str], shuffled: list[str], seed: int) -> float:
    """Fall of the AUC when the group's columns change places among the judged patients, all together."""
    features = task.measures[quiet].to_numpy()
    columns = [quiet.index(name) for name in shuffled]
    rng = np.random.default_rng(seed)
    kept, mixed = np.zeros((2, len(features)))
    for _, fit, judge in _folds(task, seed, 3):
        model = _linear(features[fit]).fit(features[fit], task.label[fit])
        kept[judge] += model.decision_function(features[judge])
        other = features[judge].copy()
        other[:, columns] = other[rng.permutation(len(judge))][:, columns]
        mixed[judge] += model.decision_function(other)
    real, simulated = task.label == 0, task.label == 1
    return auc(kept[simulated], kept[real]) - auc(mixed[simulated], mixed[real])
