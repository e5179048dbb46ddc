"""The rows of the comparison: what each model is given and how it is fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.models.inputs import ECG_INPUTS, Normaliser, columns
from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.evaluate import ridge_g
from elvmass_core.study.names import DEMOGRAPHICS, MEASUREMENTS, POOLED, POOLED_HALF, SEX_SPECIFIC
from elvmass_core.study.networks import MassNetwork, log_cosh, median_beat_network, ten_second_network
from elvmass_core.study.train import Effort, Recipe, augmented, descend, fit_member, predict, start_from_body
from elvmass_core.study.unaveraged import Unaveraged

BSA_STRATA, AGE_STRATA = 5, 3
"""Shuffled beats come from another patient of the same sex, fifth of BSA and third of age."""
REPEATS = 5
"""Trainings, from other seeds, of the models the primary contrasts are about; their mean is the ensemble."""
BODY = columns(("age_years", "height_cm", "weight_kg"))
OTHER_NETWORKS = Recipe(weight_decay=1e-4)
"""Of the two comparator networks: the optimiser, schedule and augmentation of eLVMass-Net; not searched."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cohort:
    """Patients, and what only some networks want of them (`Model.unaveraged`)."""

    data: Dataset
    unaveraged: Unaveraged | None = None

    def __len__(self) -> int:
        return len(self.data)

    def take(self, index: np.ndarray) -> "Cohort":
        """The patients at `index` (integers or a mask)."""
        unaveraged = None if self.unaveraged is None else self.unaveraged.take(index)
        return Cohort(data=self.data.take(index), unaveraged=unaveraged)

    def of(self, sex: Sex) -> "Cohort":
        """The patients of one sex."""
        return self.take(self.data.sex == sex.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a model is given: patients to learn from, patients to predict, a seed, and where to write progress."""

    train: Cohort
    others: Sequence[Cohort]
    seed: int
    effort: Effort
    progress: Path


Fitter = Callable[[Fit], list[FloatArray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of the comparison.

    Attributes
    ----------
    repeats : int
        Trainings, each from another seed.
    unaveraged : bool
        Whether it wants more than the averaged beat.
    """

    name: str
    words: str
    fit: Fitter
    repeats: int = 1
    unaveraged: bool = False


def sex_means(data: Dataset, train: Dataset) -> FloatArray:
    """Mean training mass of each patient's sex, shape (n,)."""
    mean = {sex.value: float(train.of(sex).lvm_g.mean()) for sex in (Sex.MALE, Sex.FEMALE)}
    return np.array([mean[sex] for sex in data.sex])


def _sex_mean(fit: Fit) -> list[FloatArray]:
    return [sex_means(cohort.data, fit.train.data) for cohort in fit.others]


def _per_sex(fitter: Fitter) -> Fitter:
    """One model for men and one for women."""

    def both(fit: Fit) -> list[FloatArray]:
        answers = [np.full(len(cohort), np.nan) for cohort in fit.others]
        for sex in (Sex.MALE, Sex.FEMALE):
            mine = replace(
                fit, train=fit.train.of(sex), others=[cohort.of(sex) for cohort in fit.others],
                progress=fit.progress.with_name(f"{fit.progress.name}-{sex.value}"),
            )  # fmt: skip
            for answer, cohort, part in zip(answers, fit.others, fitter(mine), strict=True):
                answer[cohort.data.sex == sex.value] = part
        return answers

    return both


def _demographics_ridge(fit: Fit) -> list[FloatArray]:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 16)))
    model = TransformedTargetRegressor(ridge, func=np.log, inverse_func=np.exp)
    model.fit(fit.train.data.rows[:, BODY], fit.train.data.lvm_g)
    return [model.predict(cohort.data.rows[:, BODY]) for cohort in fit.others]


def _demographics_boosting(fit: Fit) -> list[FloatArray]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    used = [*BODY, *columns(("male",))]
    model = HistGradientBoostingRegressor(max_depth=3, learning_rate=0.05, max_iter=150, random_state=fit.seed)
    model.fit(fit.train.data.rows[:, used], fit.train.data.lvm_g)
    return [model.predict(cohort.data.rows[:, used]) for cohort in fit.others]


def _measurements(*, log: bool) -> Fitter:
    """Ridge on body size and every measurement, for mass or its logarithm."""
    return lambda fit: [ridge_g(fit.train.data, cohort.data, log=log) for cohort in fit.others]


def _tcn(recipe: Recipe = Recipe(), change: Callable[[Cohort], Dataset] = lambda cohort: cohort.data) -> Fitter:  # noqa: B008 - frozen
    """eLVMass-Net; `change` is what the ablation does to the patients."""

    def fit_one(fit: Fit) -> list[FloatArray]:
        train = change(fit.train)
        member = fit_member(train, recipe, fit.effort.epochs, fit.seed, fit.progress.with_suffix(".log"))
        normaliser = Normaliser.fit(train.rows)
        changed = [change(cohort) for cohort in fit.others]
        return [predict(member, data.beats_mv, normaliser(data.rows)) for data in changed]

    return fit_one


def _shuffled(fit: Fit) -> list[FloatArray]:
    """The network when the beat belongs to somebody else of the same sex, size and age."""
    rng = np.random.default_rng([fit.seed, 29])
    return _tcn(change=lambda cohort: shuffled(cohort.data, rng))(fit)


def shuffled(data: Dataset, rng: np.random.Generator) -> Dataset:
    """Beats, measurements and ECG inputs of another patient of the same sex, fifth of BSA and third of age.

    Nobody keeps his own but a patient who is alone in his stratum.
    """

    def part(values: FloatArray, count: int) -> np.ndarray:
        return np.searchsorted(np.quantile(values, np.arange(1, count) / count), values)

    age = data.rows[:, columns(("age_years",))[0]]
    number = 10 * part(data.bsa_m2, BSA_STRATA) + part(age, AGE_STRATA)
    stratum = np.char.add(data.sex.astype(str), number.astype(str))
    source = np.arange(len(data))
    for one in np.unique(stratum):
        order = rng.permutation(np.flatnonzero(stratum == one))
        source[order] = np.roll(order, 1)
    rows = np.array(data.rows)
    measured_inputs = columns(ECG_INPUTS)
    rows[:, measured_inputs] = data.rows[source][:, measured_inputs]
    return replace(data, beats_mv=data.beats_mv[source], rows=rows, measured=data.measured[source])


def _mass_permuted(fit: Fit) -> list[FloatArray]:
    """The network when the mass it learns belongs to somebody else of its training patients (of one sex)."""
    data = fit.train.data
    order = np.random.default_rng([fit.seed, 37]).permutation(len(data))
    return _tcn()(replace(fit, train=replace(fit.train, data=replace(data, lvm_g=data.lvm_g[order]))))


def _half(fitter: Fitter) -> Fitter:
    """Half of the training patients: as many as a model for one sex has."""

    def fit_half(fit: Fit) -> list[FloatArray]:
        order = np.random.default_rng([fit.seed, 31]).permutation(len(fit.train))
        return fitter(replace(fit, train=fit.train.take(np.sort(order[: len(order) // 2]))))

    return fit_half


def _single_beat(cohort: Cohort) -> Dataset:
    return replace(cohort.data, beats_mv=_unaveraged(cohort).single_mv.astype(np.float32))


def _ten_seconds(cohort: Cohort) -> np.ndarray:
    return _unaveraged(cohort).ten_seconds_mv


def _unaveraged(cohort: Cohort) -> Unaveraged:
    if cohort.unaveraged is None:
        raise ValueError("this model needs the recordings themselves: say so in its row")
    return cohort.unaveraged


def _without_ecg_inputs(cohort: Cohort) -> Dataset:
    rows = np.array(cohort.data.rows)
    rows[:, columns(ECG_INPUTS)] = 0.0
    return replace(cohort.data, rows=rows)


def _network(make: Callable[[int], MassNetwork], waveforms: Callable[[Cohort], np.ndarray]) -> Fitter:
    """A comparator network on waveforms (n, 12, samples); target, start and augmentation are those of eLVMass-Net."""

    def fit_one(fit: Fit) -> list[FloatArray]:
        torch.manual_seed(fit.seed)
        rng = np.random.default_rng([fit.seed, 17])
        data, normaliser = fit.train.data, Normaliser.fit(fit.train.data.rows)
        network = make(data.rows.shape[1])
        start_from_body(network, network.line, data, normaliser)
        target = (torch.as_tensor(np.log(data.lvm_g), dtype=torch.float32) - network.log_mean) / network.log_scale
        waves = waveforms(fit.train)

        def loss_of(batch: np.ndarray) -> torch.Tensor:
            wave = waves[batch].astype(np.float32)
            beat, inputs = augmented(wave, data.rows[batch], normaliser, OTHER_NETWORKS, rng)
            return log_cosh(network.score(beat, inputs) - target[batch])

        descend(network, loss_of, len(data), OTHER_NETWORKS, fit.effort.epochs, rng, fit.progress.with_suffix(".log"))
        return [predict(network, waveforms(cohort), normaliser(cohort.data.rows)) for cohort in fit.others]

    return fit_one


def _ablation(name: str, words: str, fitter: Fitter, *, unaveraged: bool = False) -> Model:
    words = f"eLVMass-Net per sex, {words}"
    return Model(name=f"tcn_{name}", words=words, fit=_per_sex(fitter), unaveraged=unaveraged)


MODELS: tuple[Model, ...] = (
    Model(name="sex_mean", words="mean of the sex", fit=_sex_mean),
    Model(name=DEMOGRAPHICS, words="age, height, weight (ridge per sex)", fit=_per_sex(_demographics_ridge)),
    Model(name="demographics_boosting", words="age, height, weight, sex (boosting)", fit=_demographics_boosting),
    Model(
        name="measurements_ridge", words="age, height, weight and measurements (ridge per sex)",
        fit=_per_sex(_measurements(log=False)),
    ),
    Model(
        name=MEASUREMENTS, words="age, height, weight and measurements (ridge for log mass)",
        fit=_per_sex(_measurements(log=True)),
    ),
    Model(
        name="ten_seconds", words="CNN on ten seconds, LVM-AI style",
        fit=_network(ten_second_network, _ten_seconds), unaveraged=True,
    ),
    Model(
        name="median_beat", words="FCN on the median beat",
        fit=_network(median_beat_network, lambda cohort: cohort.data.beats_mv),
    ),
    _ablation("shuffled", "somebody else's ECG", _shuffled),
    _ablation("mass_permuted", "somebody else's mass in training", _mass_permuted),
    Model(name=POOLED, words="eLVMass-Net, one for both sexes", fit=_tcn(), repeats=REPEATS),
    Model(name=SEX_SPECIFIC, words="eLVMass-Net, one per sex", fit=_per_sex(_tcn()), repeats=REPEATS),
    Model(name=POOLED_HALF, words="eLVMass-Net, one for both sexes, half the patients", fit=_half(_tcn())),
    _ablation(
        "one_group", "one encoder for twelve leads",
        _tcn(Recipe(config=TcnConfig(groups=1, encoding=64, channels=20))),
    ),
    _ablation(
        "single_beat", "one unaligned beat (inputs averaged)", _tcn(change=_single_beat),
        unaveraged=True,
    ),
    _ablation("no_ecg_inputs", "no QRS duration, axis, rate", _tcn(change=_without_ecg_inputs)),
    _ablation("causal", "causal convolutions", _tcn(Recipe(config=TcnConfig(causal=True)))),
    _ablation("narrow", "8 channels", _tcn(Recipe(config=TcnConfig(channels=8)))),
    _ablation("wide", "24 channels", _tcn(Recipe(config=TcnConfig(channels=24)))),
    _ablation("deep", "5 levels", _tcn(Recipe(config=TcnConfig(levels=5)))),
    _ablation("one_task", "no measurements as second task", _tcn(Recipe(measurements=0.0))),
)  # fmt: skip
"""Every row; eLVMass-Net with one training unless it says otherwise."""


def named(names: Sequence[str]) -> tuple[Model, ...]:
    """Some of the rows, in the order of `MODELS`."""
    return tuple(model for model in MODELS if model.name in names)
