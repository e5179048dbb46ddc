"""The comparison: every model on the same folds, inside and on a shifted cohort, one small file a model and fold.

Each patient of the internal cohort is predicted by the model that was fitted on the other folds; the external cohort by
the mean of the fold models. A model that stops early chooses its epoch on a part of its own training folds, never on
the fold that is scored. A stopped run goes on where it was.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.models.calibration import CT_FUCHS
from elvmass_core.models.inputs import Normaliser
from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study.dataset import Dataset, Progress, map_processes, read_dataset, write_dataset
from elvmass_core.study.evaluate import c_statistic, ridge_g, scores
from elvmass_core.study.train import Effort, FoldTask, fit_member, folds, predict

COMPARISON_VERSION = 1
"""Changes with anything below that changes an estimate: files of another version are not taken up."""
FOLDS = 5
SCORES = ("grams", "index", "index_over_cutoff")
"""What a c-statistic ranks: g, g/m², or g/m² over the cut-off of the patient's own sex."""
STRATA = 4
"""Shuffled beats come from patients of the same sex, quarter of BSA and quarter of age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a model is given: patients to learn from, patients to predict, a seed, and where to write progress."""

    train: Dataset
    others: Sequence[Dataset]
    seed: int
    effort: Effort
    progress: Path


Fitter = Callable[[Fit], list[FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of the comparison."""

    name: str
    words: str
    fit: Fitter


def sex_means(data: Dataset, train: Dataset) -> FloatArray:
    """Mean training mass of each patient's sex, shape (n,)."""
    mean = {sex.value: float(train.of(sex).lvm_g.mean()) for sex in (Sex.MALE, Sex.FEMALE)}
    return np.array([mean[sex] for sex in data.sex])


def _sex_mean(fit: Fit) -> list[FloatArray]:
    return [sex_means(data, fit.train) for data in fit.others]


def _per_sex(fitter: Fitter) -> Fitter:
    """One model for men and one for women."""

    def both(fit: Fit) -> list[FloatArray]:
        answers = [np.full(len(data), np.nan) for data in fit.others]
        for sex in (Sex.MALE, Sex.FEMALE):
            mine = Fit(
                train=fit.train.of(sex), others=[data.of(sex) for data in fit.others], seed=fit.seed,
                effort=fit.effort, progress=fit.progress.with_name(f"{fit.progress.name}-{sex.value}"),
            )  # fmt: skip
            for answer, data, part in zip(answers, fit.others, fitter(mine), strict=True):
                answer[data.sex == sex.value] = part
        return answers

    return both


def _demographics_ridge(fit: Fit) -> list[FloatArray]:
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 16)))
    model.fit(fit.train.rows[:, :3], fit.train.lvm_g)
    return [model.predict(data.rows[:, :3]) for data in fit.others]


def _demographics_boosting(fit: Fit) -> list[FloatArray]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    def inputs(data: Dataset) -> FloatArray:
        return np.column_stack([data.rows[:, :3], data.sex == Sex.MALE.value])

    model = HistGradientBoostingRegressor(max_depth=3, learning_rate=0.05, max_iter=150, random_state=fit.seed)
    model.fit(inputs(fit.train), fit.train.lvm_g)
    return [model.predict(inputs(data)) for data in fit.others]


def _measurements_ridge(fit: Fit) -> list[FloatArray]:
    return [ridge_g(fit.train, data) for data in fit.others]


def _tcn(fit: Fit) -> list[FloatArray]:
    """One network; every fifth of its training patients chooses the epoch. Sex is an offset: its mean mass."""
    offset = sex_means(fit.train, fit.train) if len(set(fit.train.sex)) > 1 else np.zeros(len(fit.train))
    centre = float(offset.mean())
    target = fit.train.lvm_g - offset + centre
    held_out = folds(target, FOLDS, fit.seed) == 0
    task = FoldTask(sex=Sex.UNKNOWN, fold=fit.seed, effort=fit.effort, config=TcnConfig(), checkpoint=fit.progress)
    member, _ = fit_member(fit.train.beats_mv, fit.train.rows, target, held_out, task)
    normaliser = Normaliser.fit(fit.train.rows)
    answers = []
    for data in fit.others:
        back = sex_means(data, fit.train) - centre if offset.any() else 0.0
        answers.append(predict(member, data.beats_mv, normaliser(data.rows)) + back)
    return answers


def _tcn_shuffled(fit: Fit) -> list[FloatArray]:
    """The network when the beat belongs to somebody else of the same sex, size and age."""
    rng = np.random.default_rng([fit.seed, 29])
    changed = Fit(
        train=shuffled(fit.train, rng), others=[shuffled(data, rng) for data in fit.others], seed=fit.seed,
        effort=fit.effort, progress=fit.progress,
    )  # fmt: skip
    return _tcn(changed)


def shuffled(data: Dataset, rng: np.random.Generator) -> Dataset:
    """Beats, measurements and ECG inputs exchanged between patients of the same sex, quarter of BSA and of age."""

    def quarter(values: FloatArray) -> np.ndarray:
        return np.searchsorted(np.quantile(values, np.arange(1, STRATA) / STRATA), values)

    stratum = np.char.add(data.sex.astype(str), (10 * quarter(data.bsa_m2) + quarter(data.rows[:, 0])).astype(str))
    source = np.arange(len(data))
    for one in np.unique(stratum):
        mine = np.flatnonzero(stratum == one)
        source[mine] = rng.permutation(mine)
    rows = np.array(data.rows)
    rows[:, 5:] = data.rows[source, 5:]
    return Dataset(
        beats_mv=data.beats_mv[source], rows=rows, measured=data.measured[source], lvm_g=data.lvm_g,
        bsa_m2=data.bsa_m2, sex=data.sex, refused=data.refused,
    )  # fmt: skip


MODELS: tuple[Model, ...] = (
    Model(name="sex_mean", words="mean of the sex", fit=_sex_mean),
    Model(name="demographics_ridge", words="age, height, weight (ridge per sex)", fit=_per_sex(_demographics_ridge)),
    Model(name="demographics_boosting", words="age, height, weight, sex (boosting)", fit=_demographics_boosting),
    Model(name="measurements_ridge", words="these and measurements (ridge per sex)", fit=_per_sex(_measurements_ridge)),
    Model(name="tcn_shuffled", words="eLVMass-Net per sex, somebody else's ECG", fit=_per_sex(_tcn_shuffled)),
    Model(name="tcn_pooled", words="eLVMass-Net, one for both sexes", fit=_tcn),
    Model(name="tcn_sex_specific", words="eLVMass-Net, one per sex", fit=_per_sex(_tcn)),
)


def compare(
    internal: Dataset, external: Dataset, work: Path, effort: Effort, progress: Progress | None = None
) -> dict[str, object]:
    """Fit every model on every fold and score it.

    Parameters
    ----------
    work : Path
        Where the estimates of every model and fold are kept.

    Returns
    -------
    dict
        ``n``, ``n_external``, ``epochs`` and for each of `MODELS` ``words, internal, external``: MAE with its 95 %
        interval, MAPE and r within men and women, and c-statistics for LVH by group and score.
    """
    folder = work / f"comparison-{_key(internal, external, effort)}"
    for name, data in (("internal", internal), ("external", external)):
        if not (folder / f"{name}.npz").is_file():
            write_dataset(data, folder / f"{name}.npz")
    jobs = [(model.name, k, folder, effort) for model in MODELS for k in range(FOLDS)]
    jobs = [job for job in jobs if not _path(*job[:3]).is_file()]
    for done, _ in enumerate(map_processes(_run, jobs, effort.workers, chunk=1)):
        if progress is not None:
            progress(done + 1, len(jobs))
    fold = _folds_by_sex(internal)
    models = {}
    for model in MODELS:
        inside, outside = np.full(len(internal), np.nan), []
        for k in range(FOLDS):
            with np.load(_path(model.name, k, folder), allow_pickle=False) as stored:
                inside[fold == k] = stored["inside"]
                outside.append(stored["outside"])
        models[model.name] = {
            "words": model.words,
            "internal": figures(inside, internal),
            "external": figures(np.mean(outside, axis=0), external),
        }
    return {"n": len(internal), "n_external": len(external), "epochs": effort.epochs, "models": models}


def _path(name: str, k: int, folder: Path) -> Path:
    """Where the estimates of one model and fold are kept."""
    return folder / f"{name}-{k}.npz"


def _run(job: tuple[str, int, Path, Effort]) -> None:
    """Fit one model on all folds but one; store its estimates for that fold and for the external cohort."""
    name, k, folder, effort = job
    torch.set_num_threads(1)
    internal, external = (read_dataset(folder / f"{part}.npz") for part in ("internal", "external"))
    fold = _folds_by_sex(internal)
    (model,) = [one for one in MODELS if one.name == name]
    fit = Fit(
        train=internal.take(fold != k), others=(internal.take(fold == k), external), seed=k, effort=effort,
        progress=folder / f"{name}-{k}",
    )  # fmt: skip
    inside, outside = model.fit(fit)
    draft = folder / f"{name}-{k}.part.npz"
    np.savez(draft, inside=inside, outside=outside)
    draft.replace(_path(name, k, folder))


def _folds_by_sex(data: Dataset) -> np.ndarray:
    """Folds stratified by sex and mass."""
    fold = np.empty(len(data), dtype=int)
    for sex in (Sex.MALE, Sex.FEMALE):
        mine = data.sex == sex.value
        fold[mine] = folds(data.lvm_g[mine], FOLDS, seed=0)
    return fold


def _key(internal: Dataset, external: Dataset, effort: Effort) -> str:
    """Files of other patients or another effort are not taken up."""
    facts = hashlib.sha256(repr((COMPARISON_VERSION, effort.epochs, TcnConfig())).encode())
    for data in (internal, external):
        for array in (data.beats_mv, data.rows, data.measured, data.lvm_g, data.sex):
            facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]


def figures(estimate_g: FloatArray, data: Dataset) -> dict[str, object]:
    """Accuracy within each sex, and c-statistics for LVH within each sex and pooled, for each of `SCORES`."""
    cutoff = np.array([CT_FUCHS.g_m2(Sex(sex)) for sex in data.sex])
    has_lvh = data.lvm_g / data.bsa_m2 > cutoff
    ranked = {
        "grams": estimate_g,
        "index": estimate_g / data.bsa_m2,
        "index_over_cutoff": estimate_g / data.bsa_m2 / cutoff,
    }
    groups = {"men": data.sex == Sex.MALE.value, "women": data.sex == Sex.FEMALE.value}
    groups["pooled"] = groups["men"] | groups["women"]
    accuracy = {
        name: scores(estimate_g[mask], data.lvm_g[mask], data.bsa_m2[mask], float(cutoff[mask][0])).as_dict()
        for name, mask in groups.items()
        if name != "pooled"
    }
    c = {
        name: {score: c_statistic(values[mask], has_lvh[mask]) for score, values in ranked.items()}
        for name, mask in groups.items()
    }
    return {
        "accuracy": accuracy,
        "c_statistic": c,
        "n_lvh": {name: int(has_lvh[m].sum()) for name, m in groups.items()},
    }


def tables_markdown(result: dict) -> str:
    """The comparison as two tables, inside and outside."""
    lines = []
    for where, words, n in (
        ("internal", "Internal", result["n"]),
        ("external", "Shifted simulated cohort", result["n_external"]),
    ):
        lines += [
            f"## {words}, {n} patients",
            "| model | MAE men, g | MAE women, g | c men (g/m²) | c women (g/m²) | c pooled (g) | c pooled (g/m²) "
            "| c pooled (÷ cut-off) |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for row in result["models"].values():
            accuracy, c = row[where]["accuracy"], row[where]["c_statistic"]
            cells = [_mae(accuracy["men"]), _mae(accuracy["women"])]
            cells += [
                _two(c["men"]["index"]),
                _two(c["women"]["index"]),
                *(_two(c["pooled"][score]) for score in SCORES),
            ]
            lines.append(f"| {row['words']} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _mae(accuracy: dict) -> str:
    return f"{accuracy['mae_g']:.1f} ({accuracy['mae_low_g']:.1f}–{accuracy['mae_high_g']:.1f})"


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
