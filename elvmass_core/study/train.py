"""The training loop: every member learns from all training patients for a fixed number of epochs, from its own seed.

Nothing is held out to stop early: a fifth of a few hundred patients is much to give for the choice of an epoch.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from elvmass_core.domain import N_LEADS, FloatArray, Sex
from elvmass_core.models.bundle import ReferenceSet
from elvmass_core.models.calibration import CT_FUCHS, Cutoff
from elvmass_core.models.inputs import (
    MASK_INPUTS,
    PATTERNS,
    RANGE_INPUTS,
    TABULAR_INPUTS,
    Normaliser,
    columns,
    without,
)
from elvmass_core.models.tcn import ElvMassNet, TcnConfig, frozen
from elvmass_core.processes import Progress, map_processes
from elvmass_core.study.dataset import Dataset, read_dataset
from elvmass_core.study.networks import MassNetwork

TRAINING_VERSION = 2
"""Changes with anything below that changes what a member learns: checkpoints of another version are not taken up."""
MEMBERS = 5
BATCH = 32
HUBER_DELTA = 1.0
PATTERN_CHANCES = (0.70, 0.10, 0.10, 0.10)
"""How often a training patient knows both, height, weight, neither."""
MAX_ROLL = 3
"""Augmentation: a shift of up to 6 ms (assumed)."""
BODY_RIDGE = 10.0
"""Penalty of the straight line on age, body size and sex that training starts from."""
START_SHARE = 0.1
"""The untrained encodings start with this share of the usual weight in the head."""
MAX_MEASURED_SD = 4.0
"""Measurements as training targets are cut off here."""
REFERENCES = 12
"""Patients in a reference set."""
N_CHEST = 6
CHEST = slice(N_LEADS - N_CHEST, N_LEADS)
BODY_COLUMNS = columns(("age_years", "height_cm", "weight_kg", "male"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to train and on how many processes of one thread each."""

    epochs: int = 20
    members: int = MEMBERS
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a member is and how it learns: what the search varied.

    Attributes
    ----------
    measurements : float
        Weight of the second task: the encodings must also give the hand-made measurements
        (`elvmass_core.features.FEATURE_NAMES`). Only mass is kept after training.
    gain_sd, noise_mv : float
        Augmentation: common gain, white noise.
    placement_sd : float
        Augmentation: each chest electrode moved towards a neighbour by this share of their distance.
    """

    config: TcnConfig = field(default_factory=TcnConfig)
    measurements: float = 1.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    gain_sd: float = 0.03
    noise_mv: float = 0.01
    placement_sd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTask:
    """One member of one ensemble; everything a worker process needs.

    Attributes
    ----------
    start : Path, optional
        Stored weights to go on from, with the `normaliser` they were trained with; else training starts from body size.
    normaliser : Normaliser, optional
        Of the non-waveform inputs; default: fitted to the member's own patients.
    """

    seed: int
    epochs: int
    recipe: Recipe
    data: Path
    checkpoint: Path
    start: Path | None = None
    normaliser: Normaliser | None = None


def folds(lvm_g: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Fold of each patient, balanced over mass; shape (n,)."""
    rng = np.random.default_rng(seed)
    order = np.argsort(lvm_g, kind="stable")
    fold = np.empty(len(lvm_g), dtype=int)
    for start in range(0, len(order), count):
        block = order[start : start + count]
        fold[block] = rng.permutation(count)[: len(block)]
    return fold


def train_members(tasks: list[MemberTask], workers: int, progress: Progress | None = None) -> None:
    """Train every unfinished member, each in a process with one thread; finished ones are kept."""
    todo = [task for task in tasks if not task.checkpoint.is_file()]
    for done, _ in enumerate(map_processes(_train_task, todo, workers, chunk=1)):
        if progress is not None:
            progress(len(tasks) - len(todo) + done + 1, len(tasks))


def _train_task(task: MemberTask) -> None:
    """Train one member and store it, its normaliser excepted (that is refitted from the data)."""
    torch.set_num_threads(1)
    task.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    member = fit_member(
        read_dataset(task.data), task.recipe, task.epochs, task.seed, progress=task.checkpoint.with_suffix(".log"),
        normaliser=task.normaliser, start=None if task.start is None else load_file(task.start),
    )  # fmt: skip
    draft = task.checkpoint.with_suffix(".part")
    save_file(member.state_dict(), draft)
    draft.replace(task.checkpoint)


def load_member(task: MemberTask) -> ElvMassNet:
    """A finished member, frozen."""
    member = ElvMassNet(task.recipe.config)
    member.load_state_dict(load_file(task.checkpoint))
    frozen(member)
    return member


def fit_member(
    data: Dataset,
    recipe: Recipe,
    epochs: int,
    seed: int,
    progress: Path | None = None,
    *,
    normaliser: Normaliser | None = None,
    start: Mapping[str, Tensor] | None = None,
) -> ElvMassNet:
    """Train one network on all of these patients.

    Parameters
    ----------
    progress : Path, optional
        A line ``epoch, loss, seconds`` is appended for each epoch.
    normaliser : Normaliser, optional
        Of the non-waveform inputs; default: fitted to these patients.
    start : mapping of str to Tensor, optional
        State of a trained member to go on from (fine-tuning); then `normaliser` is the one it was trained with.

    Returns
    -------
    ElvMassNet
        Frozen.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 17])
    normaliser = normaliser or Normaliser.fit(data.rows)
    if start is None:
        member = _new_member(recipe.config, data, normaliser)
    else:
        member = _trained_member(recipe.config, start, data, normaliser)
    measured, known = _measured(data)
    second = nn.Linear(recipe.config.encoded, measured.shape[1])
    target = (torch.as_tensor(np.log(data.lvm_g), dtype=torch.float32) - member.log_mean) / member.log_scale
    huber = nn.HuberLoss(delta=HUBER_DELTA)

    def loss_of(batch: np.ndarray) -> Tensor:
        beat, tabular = augmented(data.beats_mv[batch], data.rows[batch], normaliser, recipe, rng)
        encoded = member.encode(beat)
        loss: Tensor = huber(member.score(encoded, tabular), target[batch])
        if recipe.measurements:
            miss = (second(encoded) - measured[batch]) ** 2 * known[batch]
            loss = loss + recipe.measurements * miss.mean()
        return loss

    descend(nn.ModuleList([member, second]), loss_of, len(data), recipe, epochs, rng, progress)
    frozen(member)
    return member


def descend(
    module: nn.Module,
    loss_of: Callable[[np.ndarray], Tensor],
    n: int,
    recipe: Recipe,
    epochs: int,
    rng: np.random.Generator,
    progress: Path | None = None,
) -> None:
    """AdamW with one cycle of the learning rate over shuffled batches of `n` patients; the same for every network."""
    optimiser = torch.optim.AdamW(module.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = epochs * int(np.ceil(n / BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    for epoch in range(epochs):
        start, losses = time.monotonic(), []
        module.train()
        for batch in _batches(n, rng):
            loss = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        if progress is not None:
            entry = {"epoch": epoch, "loss": float(np.mean(losses)), "seconds": time.monotonic() - start}
            with progress.open("a") as lines:
                lines.write(json.dumps(entry) + "\n")


def _new_member(config: TcnConfig, data: Dataset, normaliser: Normaliser) -> ElvMassNet:
    """A fresh network that knows what age, body size and sex tell of mass, and nearly nothing of the ECG."""
    member = ElvMassNet(config)
    start_from_body(member, member.head, data, normaliser)
    return member


def _trained_member(
    config: TcnConfig, start: Mapping[str, Tensor], data: Dataset, normaliser: Normaliser
) -> ElvMassNet:
    """A trained network whose answers lie on these patients' line: the scale of another scanner is learned at once."""
    member = ElvMassNet(config)
    member.load_state_dict(dict(start))
    inputs = normaliser(data.rows)
    log_guess = np.log(predict(member, data.beats_mv, inputs))
    slope, intercept = np.polyfit(log_guess, np.log(data.lvm_g), 1)
    mean, scale = float(member.log_mean), float(member.log_scale)
    with torch.no_grad():
        member.head.weight *= slope
        member.head.bias.copy_(slope * member.head.bias + (intercept + (slope - 1.0) * mean) / scale)
    return member


def start_from_body(network: ElvMassNet | MassNetwork, line: nn.Linear, data: Dataset, normaliser: Normaliser) -> None:
    """Set the scale of the target, and a line whose last inputs are the non-waveform ones to a ridge on body size."""
    from sklearn.linear_model import Ridge

    log_mass, body = np.log(data.lvm_g), normaliser(data.rows)[:, BODY_COLUMNS]
    ridge = Ridge(BODY_RIDGE).fit(body, log_mass)
    scale = float((log_mass - ridge.predict(body)).std())
    with torch.no_grad():
        network.log_mean.fill_(float(log_mass.mean()))
        network.log_scale.fill_(scale)
        weight, encoded = line.weight[0], line.in_features - len(TABULAR_INPUTS)
        weight[:encoded] *= START_SHARE
        weight[encoded:] = 0.0
        weight[[encoded + k for k in BODY_COLUMNS]] = torch.as_tensor(ridge.coef_ / scale, dtype=torch.float32)
        line.bias.fill_((float(ridge.intercept_) - float(log_mass.mean())) / scale)


def _measured(data: Dataset) -> tuple[Tensor, Tensor]:
    """Standardised measurements (n, n_features), 0 where unknown, and which are known."""
    known = np.isfinite(data.measured)
    some = np.where(known.any(axis=0), data.measured, 0.0)
    mean, sd = np.nanmean(some, axis=0), np.nanstd(some, axis=0)
    scaled = np.clip((data.measured - mean) / np.maximum(sd, 1e-6), -MAX_MEASURED_SD, MAX_MEASURED_SD)
    tensors = (torch.as_tensor(part, dtype=torch.float32) for part in (np.where(known, scaled, 0.0), known))
    values, mask = tensors
    return values, mask


def _batches(n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Shuffled batches."""
    order = rng.permutation(n)
    for start in range(0, n, BATCH):
        yield order[start : start + BATCH]


def augmented(
    beats: np.ndarray, rows: np.ndarray, normaliser: Normaliser, recipe: Recipe, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Shift, scale and disturb beats; hide body sizes at random."""
    n = len(beats)
    rolls = rng.integers(-MAX_ROLL, MAX_ROLL + 1, size=n)
    moved = np.stack([np.roll(beat, roll, axis=1) for beat, roll in zip(beats, rolls, strict=True)])
    if recipe.placement_sd:
        moved[:, CHEST] = _displaced(moved[:, CHEST], recipe.placement_sd * rng.standard_normal((n, N_CHEST, 1)))
    gain = 1.0 + recipe.gain_sd * rng.standard_normal((n, 1, 1))
    noisy = moved * gain + recipe.noise_mv * rng.standard_normal(moved.shape)
    return torch.as_tensor(noisy, dtype=torch.float32), hidden_at_random(rows, normaliser, rng)


def _displaced(chest: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Chest leads (n, 6, samples) as if each electrode stood `share` (n, 6, 1) of the way to the next or the last."""
    after = np.concatenate([chest[:, 1:], chest[:, -1:]], axis=1) - chest
    before = np.concatenate([chest[:, :1], chest[:, :-1]], axis=1) - chest
    return chest + np.maximum(share, 0.0) * after + np.maximum(-share, 0.0) * before


def hidden_at_random(rows: np.ndarray, normaliser: Normaliser, rng: np.random.Generator) -> Tensor:
    """Standardised inputs (n, 10) with height and weight hidden as `PATTERN_CHANCES` says."""
    patterns = rng.choice(len(PATTERNS), size=len(rows), p=PATTERN_CHANCES)
    hidden = np.concatenate([without(row[None], PATTERNS[which]) for row, which in zip(rows, patterns, strict=True)])
    return torch.as_tensor(normaliser(hidden), dtype=torch.float32)


def predict(member: nn.Module, beats: np.ndarray, tabular: np.ndarray, batch: int = 256) -> FloatArray:
    """Grams of one member for beats (n, 12, samples) and standardised inputs (n, 10)."""
    member.eval()
    answers = []
    with torch.no_grad():
        for start in range(0, len(beats), batch):
            beat = torch.as_tensor(np.asarray(beats[start : start + batch], dtype=np.float32))
            inputs = torch.as_tensor(tabular[start : start + batch], dtype=torch.float32)
            answers.append(member(beat, inputs).numpy())
    return np.concatenate(answers).astype(np.float64)


def reference_beat(data: Dataset, sex: Sex, cutoff: Cutoff = CT_FUCHS) -> np.ndarray:
    """Mean beat (12, 400) of the patients without LVH by the cut-off the bundle uses."""
    return data.beats_mv[_without_lvh(data, sex, cutoff)].mean(axis=0)


def reference_set(data: Dataset, sex: Sex, cutoff: Cutoff = CT_FUCHS) -> ReferenceSet:
    """Single patients without LVH whose body size is known, evenly spread over the mass index."""
    sized = data.rows[:, columns(MASK_INPUTS)].min(axis=1) > 0.5
    candidates = np.flatnonzero(_without_lvh(data, sex, cutoff) & sized)
    ordered = candidates[np.argsort(data.lvm_g[candidates] / data.bsa_m2[candidates], kind="stable")]
    chosen = ordered[np.linspace(0, len(ordered) - 1, min(REFERENCES, len(ordered))).round().astype(int)]
    return ReferenceSet(beats_mv=data.beats_mv[chosen], rows=np.nan_to_num(data.rows[chosen], nan=0.0))


def _without_lvh(data: Dataset, sex: Sex, cutoff: Cutoff) -> np.ndarray:
    return data.lvm_g / data.bsa_m2 < cutoff.g_m2(sex)


def trained_range(rows: np.ndarray) -> dict[str, list[float]]:
    """Smallest and largest age, height and weight seen."""
    known = {name: rows[:, TABULAR_INPUTS.index(name)] for name in RANGE_INPUTS}
    return {name: [float(np.nanmin(values)), float(np.nanmax(values))] for name, values in known.items()}
