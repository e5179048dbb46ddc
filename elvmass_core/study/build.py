"""From tables to bundles: train the members of both sexes, calibrate, test, write the card."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from elvmass_core import __version__
from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import CARD_FILE, MANIFEST_FILE, Bundle, save_bundle
from elvmass_core.models.calibration import CT_FUCHS, Calibration, Interval, fit_interval, fit_line, fit_platt
from elvmass_core.models.inputs import PATTERNS, Normaliser, without
from elvmass_core.models.tcn import ElvMassNet, TcnConfig
from elvmass_core.signal_space import Density, Space, covariance_of
from elvmass_core.study.card import card_markdown
from elvmass_core.study.dataset import Dataset, Progress, load_dataset
from elvmass_core.study.evaluate import SEX_NAMES, evaluate_bundle
from elvmass_core.study.train import (
    TRAINING_VERSION,
    Effort,
    FoldTask,
    folds,
    load_member,
    predict,
    reference_beat,
    train_members,
)
from elvmass_core.study.train import trained_range as range_of

MIN_PATIENTS = 50
"""Fewer of one sex than this in any part give no bundle (five folds, an interval and a probability need them)."""
SPACE_TAILS = 8.0
"""Degrees of freedom of the density of the training beats (assumed; only its distances are used)."""
CALIBRATION_SHARE = 5
"""Without a second table, every fifth patient calibrates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the patients come from, for the manifest and the card."""

    name: str
    description: str
    simulated: bool
    prefix: str
    """How the model's identifier begins."""


OWN_TABLE = Source(
    name="own table",
    description="A table of recordings with measured LV mass.",
    simulated=False,
    prefix="own",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The three groups of patients, which share nobody."""

    train: Dataset
    calibration: Dataset
    test: Dataset | None

    def of(self, sex: Sex) -> "Parts":
        """The patients of one sex."""
        test = None if self.test is None else self.test.of(sex)
        return Parts(train=self.train.of(sex), calibration=self.calibration.of(sex), test=test)


def train_bundles(
    table: Path,
    out: Path,
    *,
    calibration: Path | None = None,
    test: Path | None = None,
    effort: Effort = Effort(),  # noqa: B008 - frozen
    source: Source = OWN_TABLE,
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Train a male and a female bundle from tables of recordings with a known LV mass.

    Parameters
    ----------
    table, calibration, test : Path
        CSV tables (`elvmass_core.study.dataset.TABLE_COLUMNS`). Without `calibration` a fifth of `table` is used.
    out : Path
        The bundles are written to ``out/<model-id>/``.
    work : Path, optional
        Checkpoints; a call that was stopped goes on from there. Default ``out/.work``.

    Returns
    -------
    list of Path
        Folders of the bundles.

    Raises
    ------
    TableError
        A table is unusable or holds too few patients of a sex.
    """
    work = out / ".work" if work is None else work
    parts = _parts(table, calibration, test, work, effort, progress)
    _require_disjoint(parts)
    config = TcnConfig()
    key = _run_key(parts.train, effort, config)
    files, tasks = {}, []
    for sex in (Sex.MALE, Sex.FEMALE):
        mine = parts.of(sex)
        _require_enough(mine, sex)
        _require_own_folder(out / _model_id(sex, source), source)
        files[sex] = _training_file(mine.train, sex, effort, work / key)
        tasks += _tasks(sex, effort, config, work / key)
    train_members(tasks, files, effort.workers)
    return [
        _build(sex, parts.of(sex), [load_member(task) for task in tasks if task.sex is sex], out, source, effort)
        for sex in (Sex.MALE, Sex.FEMALE)
    ]


def _parts(
    table: Path, calibration: Path | None, test: Path | None, work: Path, effort: Effort, progress: Progress | None
) -> Parts:
    def load(path: Path) -> Dataset:
        return load_dataset(path, cache=work / "datasets", workers=effort.workers, progress=progress)

    train = load(table)
    if calibration is None:
        held = np.arange(len(train)) % CALIBRATION_SHARE == 0
        train, calibrating = train.take(~held), train.take(held)
    else:
        calibrating = load(calibration)
    return Parts(train=train, calibration=calibrating, test=None if test is None else load(test))


def _require_disjoint(parts: Parts) -> None:
    """No recording may stand in two parts: its error would be known beforehand."""
    seen: set[bytes] = set()
    for part in filter(None, (parts.train, parts.calibration, parts.test)):
        mine = {hashlib.sha256(beat.tobytes()).digest() for beat in part.beats_mv}
        if seen & mine:
            raise TableError("The same recording stands in more than one of training, calibration and test.")
        seen |= mine


def _require_enough(parts: Parts, sex: Sex) -> None:
    smallest = min(len(parts.train), len(parts.calibration))
    if smallest < MIN_PATIENTS:
        raise TableError(f"Only {smallest} usable {SEX_NAMES[sex]} in a part of the table; {MIN_PATIENTS} are needed.")
    has_lvh = parts.calibration.lvm_g / parts.calibration.bsa_m2 > CT_FUCHS.g_m2(sex)
    if has_lvh.all() or not has_lvh.any():
        raise TableError(f"The {SEX_NAMES[sex]} used for calibration need some with and some without LVH.")


def _run_key(train: Dataset, effort: Effort, config: TcnConfig) -> str:
    """Checkpoints of other beats, masses, effort or architecture are not taken up."""
    facts = hashlib.sha256(repr((TRAINING_VERSION, effort.epochs, effort.members, config)).encode())
    for array in (train.beats_mv, train.rows, train.lvm_g, train.sex):
        facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]


def _training_file(data: Dataset, sex: Sex, effort: Effort, folder: Path) -> Path:
    """Arrays of one sex with their folds, for the worker processes."""
    path = folder / f"train-{sex.value}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    fold = folds(data.lvm_g, effort.members, seed=0)
    np.savez(path, beats_mv=data.beats_mv, rows=data.rows, lvm_g=data.lvm_g, fold=fold)
    return path


def _tasks(sex: Sex, effort: Effort, config: TcnConfig, folder: Path) -> list[FoldTask]:
    return [
        FoldTask(
            sex=sex,
            fold=fold,
            effort=effort,
            config=config,
            checkpoint=folder / f"member-{sex.value}-{fold}.safetensors",
        )
        for fold in range(effort.members)
    ]


def calibrate(sex: Sex, parts: Parts, members: list[ElvMassNet], normaliser: Normaliser) -> Calibration:
    """Intervals per pattern of known body sizes, demographics-only lines, and P(LVH)."""
    data = parts.calibration
    intervals: dict[str, Interval] = {}
    for pattern in PATTERNS:
        inputs = normaliser(without(data.rows, pattern))
        each = np.stack([predict(member, data.beats_mv, inputs) for member in members])
        intervals[pattern] = fit_interval(data.lvm_g, each.mean(axis=0), each.std(axis=0))
        if pattern == PATTERNS[0]:
            index = each.mean(axis=0) / data.bsa_m2
    cutoff = CT_FUCHS.g_m2(sex)
    return Calibration(
        intervals=intervals,
        lines={pattern: fit_line(parts.train.rows, parts.train.lvm_g, pattern) for pattern in PATTERNS},
        platt=fit_platt(index / cutoff, data.lvm_g / data.bsa_m2 > cutoff),
    )


def _build(sex: Sex, parts: Parts, members: list[ElvMassNet], out: Path, source: Source, effort: Effort) -> Path:
    """Calibrate, write, test, and write again with the figures on the card."""
    normaliser = Normaliser.fit(parts.train.rows)
    model_id = _model_id(sex, source)
    training = _training_facts(parts, source, effort)
    facts = {
        "model_id": model_id,
        "sex": sex.value,
        "architecture": members[0].config.as_dict(),
        "normaliser": {"mean": normaliser.mean.tolist(), "sd": normaliser.sd.tolist()},
        "calibration": calibrate(sex, parts, members, normaliser).as_dict(),
        "cutoff": asdict(CT_FUCHS),
        "training": training,
    }
    reference, space = reference_beat(parts.train, sex), _space(parts)
    bundle = save_bundle(out / model_id, members, reference, space, facts, card="")
    training["test"] = _figures(bundle, parts)
    bundle = save_bundle(out / model_id, members, reference, space, facts, card="")
    (out / model_id / CARD_FILE).write_text(card_markdown(bundle), encoding="utf-8")
    return out / model_id


def _space(parts: Parts) -> Space:
    """Density of the training beats, and how far those used for calibration lie from it."""
    rows = parts.train.descriptions()
    whole = rows[np.isfinite(rows).all(axis=(1, 2))]
    if len(whole) < MIN_PATIENTS:
        raise TableError(f"Only {len(whole)} training patients have P, QRS and T; {MIN_PATIENTS} are needed.")
    shrink = rows[0].size / (rows[0].size + len(whole))
    density = Density(
        mean=whole.reshape(len(whole), -1).mean(axis=0), covariance=covariance_of(whole, shrink), tails=SPACE_TAILS
    )
    return Space(density=density, crowd=np.sort([density.distance(row) for row in parts.calibration.descriptions()]))


def _model_id(sex: Sex, source: Source) -> str:
    return f"{source.prefix}-{SEX_NAMES[sex]}-{__version__}"


def _require_own_folder(folder: Path, source: Source) -> None:
    """Weights from one source never overwrite those from another."""
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        return
    stored = json.loads(manifest.read_text(encoding="utf-8"))["training"]["source"]["name"]
    if stored != source.name:
        raise TableError("The folder holds weights from another source: choose another --out.")


def _training_facts(parts: Parts, source: Source, effort: Effort) -> dict[str, object]:
    return {
        "source": asdict(source),
        "n_train": len(parts.train),
        "n_calibration": len(parts.calibration),
        "epochs": effort.epochs,
        "range": range_of(parts.train.rows),
        "lvm_mean_g": float(parts.train.lvm_g.mean()),
        "lvm_sd_g": float(parts.train.lvm_g.std()),
        "refused_recordings": {
            name: part.refused
            for name, part in (("train", parts.train), ("calibration", parts.calibration), ("test", parts.test))
            if part is not None
        },
    }


def _figures(bundle: Bundle, parts: Parts) -> Mapping[str, object] | None:
    """On the test patients; None without any."""
    if parts.test is None or len(parts.test) == 0:
        return None
    return evaluate_bundle(bundle, parts.test, parts.train)
