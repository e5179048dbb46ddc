"""The training loop: five fold members per sex, calibration on other patients, a bundle at the end."""

import json
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from elvmass_core.domain import Sex
from elvmass_core.models.calibration import CT_FUCHS
from elvmass_core.models.inputs import PATTERNS, RANGE_INPUTS, TABULAR_INPUTS, Normaliser, without
from elvmass_core.models.tcn import ElvMassNet, TcnConfig, frozen
from elvmass_core.study.dataset import Dataset

TRAINING_VERSION = 1
"""Changes with anything below that changes what a member learns: checkpoints of another version are not taken up."""
MEMBERS = 5
BATCH = 32
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-3
HUBER_DELTA = 1.0
PATTERN_CHANCES = (0.70, 0.10, 0.10, 0.10)
"""How often a training patient knows both, height, weight, neither."""
GAIN_SD, NOISE_MV, MAX_ROLL = 0.03, 0.01, 3
"""Augmentation: common gain, white noise, and a shift of up to 6 ms (all assumed)."""
PATIENCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to train and on how many processes of one thread each."""

    epochs: int = 30
    members: int = MEMBERS
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTask:
    """One member of one ensemble; everything a worker process needs."""

    sex: Sex
    fold: int
    effort: Effort
    config: TcnConfig
    checkpoint: Path


def folds(lvm_g: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Fold of each patient, balanced over mass; shape (n,)."""
    rng = np.random.default_rng(seed)
    order = np.argsort(lvm_g, kind="stable")
    fold = np.empty(len(lvm_g), dtype=int)
    for start in range(0, len(order), members):
        block = order[start : start + members]
        fold[block] = rng.permutation(members)[: len(block)]
    return fold


def train_members(tasks: list[FoldTask], datasets: dict[Sex, Path], workers: int) -> None:
    """Train every unfinished member, each in a process with one thread; finished ones are kept."""
    todo = [(task, datasets[task.sex]) for task in tasks if not task.checkpoint.is_file()]
    if workers <= 1:
        for task, data in todo:
            _train_task(task, data)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for future in [pool.submit(_train_task, task, data) for task, data in todo]:
            future.result()


def _train_task(task: FoldTask, data: Path) -> None:
    """Train one member and store it, its normaliser excepted (that is refitted from the data)."""
    torch.set_num_threads(1)
    with np.load(data, allow_pickle=False) as stored:
        beats, rows, lvm_g, fold = (stored[name] for name in ("beats_mv", "rows", "lvm_g", "fold"))
    member, log = fit_member(beats, rows, lvm_g, fold == task.fold, task)
    task.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    draft = task.checkpoint.with_suffix(".part")
    save_file(member.state_dict(), draft)
    task.checkpoint.with_suffix(".json").write_text(json.dumps(log, indent=1))
    draft.replace(task.checkpoint)


def load_member(task: FoldTask) -> ElvMassNet:
    """A finished member, frozen."""
    member = ElvMassNet(task.config)
    member.load_state_dict(load_file(task.checkpoint))
    frozen(member)
    return member


def fit_member(
    beats: np.ndarray, rows: np.ndarray, lvm_g: np.ndarray, held_out: np.ndarray, task: FoldTask
) -> tuple[ElvMassNet, list[dict[str, float]]]:
    """Train on the patients that are not held out; the held-out ones choose the epoch.

    Returns
    -------
    ElvMassNet, list of dict
        The member at its best epoch, and ``epoch, train_loss, held_out_mae_g, seconds`` for each epoch.
    """
    torch.manual_seed(1000 * task.fold + (1 if task.sex is Sex.MALE else 2))
    rng = np.random.default_rng([task.fold, 17])
    normaliser = Normaliser.fit(rows)
    member = _new_member(task.config, lvm_g[~held_out])
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    optimiser = torch.optim.AdamW(member.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = task.effort.epochs * int(np.ceil(len(train) / BATCH))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    loss_of = nn.HuberLoss(delta=HUBER_DELTA)
    best, best_mae, log = {}, np.inf, []
    for epoch in range(task.effort.epochs):
        start, losses = time.monotonic(), []
        member.train()
        for batch in _batches(train, rng):
            beat, tabular = _augmented(beats[batch], rows[batch], normaliser, rng)
            want = torch.as_tensor(lvm_g[batch], dtype=torch.float32)
            loss = loss_of((member(beat, tabular) - want) / member.target_sd_g, torch.zeros(len(batch)))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(member.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        mae = float(np.abs(predict(member, beats[test], normaliser(rows[test])) - lvm_g[test]).mean())
        log.append(_log(task, epoch, losses, mae, time.monotonic() - start))
        if mae < best_mae:
            best_mae, best = mae, {name: tensor.clone() for name, tensor in member.state_dict().items()}
        elif epoch - int(np.argmin([entry["held_out_mae_g"] for entry in log])) >= PATIENCE:
            break
    member.load_state_dict(best)
    frozen(member)
    return member, log


def _new_member(config: TcnConfig, lvm_g: np.ndarray) -> ElvMassNet:
    """A fresh network whose output starts at the mean mass."""
    member = ElvMassNet(config)
    member.target_mean_g.fill_(float(lvm_g.mean()))
    member.target_sd_g.fill_(float(lvm_g.std()))
    return member


def _log(task: FoldTask, epoch: int, losses: list[float], mae: float, seconds: float) -> dict[str, float]:
    """One epoch; also appended to a progress file beside the checkpoint."""
    entry = {
        "epoch": epoch,
        "train_loss": round(float(np.mean(losses)), 5),
        "held_out_mae_g": round(mae, 3),
        "seconds": round(seconds, 1),
    }
    task.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    with task.checkpoint.with_suffix(".log").open("a") as progress:
        progress.write(json.dumps(entry) + "\n")
    return entry


def _batches(index: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Shuffled batches."""
    order = rng.permutation(index)
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _augmented(
    beats: np.ndarray, rows: np.ndarray, normaliser: Normaliser, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Shift, scale and disturb beats; hide body sizes at random."""
    n = len(beats)
    moved = np.stack([np.roll(beat, roll, axis=1) for beat, roll in zip(beats, _rolls(n, rng), strict=True)])
    gain = 1.0 + GAIN_SD * rng.standard_normal((n, 1, 1))
    noisy = moved * gain + NOISE_MV * rng.standard_normal(moved.shape)
    patterns = rng.choice(len(PATTERNS), size=n, p=PATTERN_CHANCES)
    hidden = np.concatenate([without(row[None], PATTERNS[which]) for row, which in zip(rows, patterns, strict=True)])
    return torch.as_tensor(noisy, dtype=torch.float32), torch.as_tensor(normaliser(hidden), dtype=torch.float32)


def _rolls(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-MAX_ROLL, MAX_ROLL + 1, size=n)


def predict(member: ElvMassNet, beats: np.ndarray, tabular: np.ndarray, batch: int = 256) -> np.ndarray:
    """Grams of one member for beats (n, 12, 400) and standardised inputs (n, 9)."""
    member.eval()
    answers = []
    with torch.no_grad():
        for start in range(0, len(beats), batch):
            beat = torch.as_tensor(beats[start : start + batch], dtype=torch.float32)
            inputs = torch.as_tensor(tabular[start : start + batch], dtype=torch.float32)
            answers.append(member(beat, inputs).numpy())
    return np.concatenate(answers).astype(np.float64)


def reference_beat(data: Dataset, sex: Sex) -> np.ndarray:
    """Mean beat (12, 400) of the patients without LVH by the cut-off the bundle uses."""
    healthy = data.lvm_g / data.bsa_m2 < CT_FUCHS.g_m2(sex)
    return data.beats_mv[healthy].mean(axis=0)


def trained_range(rows: np.ndarray) -> dict[str, list[float]]:
    """Smallest and largest age, height and weight seen."""
    columns = {name: rows[:, TABULAR_INPUTS.index(name)] for name in RANGE_INPUTS}
    return {name: [float(np.nanmin(values)), float(np.nanmax(values))] for name, values in columns.items()}
