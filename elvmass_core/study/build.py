"""From tables to bundles: train members for men, for women and for both, calibrate, test, write the cards."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from elvmass_core import __version__
from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import CARD_FILE, MANIFEST_FILE, Bundle, save_bundle
from elvmass_core.models.calibration import CT_FUCHS, Calibration, Interval, fit_interval, fit_line, fit_platt
from elvmass_core.models.inputs import PATTERNS, Normaliser, without
from elvmass_core.models.tcn import ElvMassNet
from elvmass_core.processes import Progress
from elvmass_core.signal_space import Density, Space, covariance_of
from elvmass_core.study.card import card_markdown
from elvmass_core.study.dataset import Dataset, load_dataset, write_dataset
from elvmass_core.study.evaluate import SEX_NAMES, evaluate_bundle
from elvmass_core.study.train import (
    TRAINING_VERSION,
    Effort,
    MemberTask,
    Recipe,
    load_member,
    predict,
    reference_beat,
    reference_set,
    train_members,
)
from elvmass_core.study.train import trained_range as range_of

MIN_PATIENTS = 50
"""Fewer of one sex than this in any part give no bundle (five folds, an interval and a probability need them)."""
SPACE_TAILS = 8.0
"""Degrees of freedom of the density of the training beats (assumed; only its distances are used)."""
TRAINED_ON: Mapping[str, tuple[Sex, ...]] = {
    "men": (Sex.MALE,),
    "women": (Sex.FEMALE,),
    "both": (Sex.MALE, Sex.FEMALE),
}
"""The ensembles; the one trained on both sexes has a bundle for each, with a calibration and a reference of its own."""
VERIFIED = 40
"""Test patients whose error stands in the manifest so that it can be computed again."""
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
    test_seed: int | None = None
    """Of the simulated test patients, so that anybody can make them again (`verify`)."""


OWN_TABLE = Source(
    name="own table",
    description="A table of recordings with measured LV mass.",
    simulated=False,
    prefix="own",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Which bundle: its name, the patients its members learned from, and the patients it is for."""

    model_id: str
    trained_on: str
    sex: Sex


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The groups of patients, which share nobody; `tests` are "test" and "shifted", as far as they were given."""

    train: Dataset
    calibration: Dataset
    tests: Mapping[str, Dataset]

    def of(self, sex: Sex) -> "Parts":
        """The patients of one sex."""
        tests = {name: test.of(sex) for name, test in self.tests.items()}
        return Parts(train=self.train.of(sex), calibration=self.calibration.of(sex), tests=tests)


def train_bundles(
    table: Path,
    out: Path,
    *,
    calibration: Path | None = None,
    test: Path | None = None,
    shifted: Path | None = None,
    effort: Effort = Effort(),  # noqa: B008 - frozen
    source: Source = OWN_TABLE,
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Train bundles for men, for women, and from both, from tables of recordings with a known LV mass.

    Parameters
    ----------
    table, calibration, test, shifted : Path
        CSV tables (`elvmass_core.study.dataset.TABLE_COLUMNS`). Without `calibration` a fifth of `table` is used. The
        bundles are tested on `test` and, as patients of another kind, on `shifted`.
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
    tests = {name: path for name, path in (("test", test), ("shifted", shifted)) if path is not None}
    parts = _parts(table, calibration, tests, work, effort, progress)
    _require_disjoint(parts)
    recipe = Recipe()
    folder = work / _run_key(parts.train, effort, recipe)
    ids = {(who, sex): _model_id(who, sex, source) for who, sexes in TRAINED_ON.items() for sex in sexes}
    for sex in (Sex.MALE, Sex.FEMALE):
        _require_enough(parts.of(sex), sex)
    for model_id in ids.values():
        _require_own_folder(out / model_id, source)
    tasks = {who: _tasks(_learners(parts, who), who, effort, recipe, folder) for who in TRAINED_ON}
    train_members([task for some in tasks.values() for task in some], effort.workers)
    members = {who: [load_member(task) for task in some] for who, some in tasks.items()}
    return [
        _build(Kind(model_id=model_id, trained_on=who, sex=sex), parts, members[who], out, source, effort)
        for (who, sex), model_id in ids.items()
    ]


def _learners(parts: Parts, trained_on: str) -> Dataset:
    """The patients an ensemble learns from."""
    return parts.train.take(np.isin(parts.train.sex, [sex.value for sex in TRAINED_ON[trained_on]]))


def _parts(
    table: Path,
    calibration: Path | None,
    tests: Mapping[str, Path],
    work: Path,
    effort: Effort,
    progress: Progress | None,
) -> Parts:
    def load(path: Path) -> Dataset:
        return load_dataset(path, cache=work / "datasets", workers=effort.workers, progress=progress)

    train = load(table)
    if calibration is None:
        held = np.arange(len(train)) % CALIBRATION_SHARE == 0
        train, calibrating = train.take(~held), replace(train.take(held), refused={})
    else:
        calibrating = load(calibration)
    return Parts(train=train, calibration=calibrating, tests={name: load(path) for name, path in tests.items()})


def _require_disjoint(parts: Parts) -> None:
    """No recording may stand in two parts: its error would be known beforehand."""
    seen: set[bytes] = set()
    for part in (parts.train, parts.calibration, *parts.tests.values()):
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


def _run_key(train: Dataset, effort: Effort, recipe: Recipe) -> str:
    """Checkpoints of other beats, masses, effort or recipe are not taken up."""
    facts = hashlib.sha256(repr((TRAINING_VERSION, effort.epochs, recipe)).encode())
    for array in (train.beats_mv, train.rows, train.measured, train.lvm_g, train.sex):
        facts.update(np.ascontiguousarray(array).tobytes())
    return facts.hexdigest()[:12]


def _tasks(data: Dataset, trained_on: str, effort: Effort, recipe: Recipe, folder: Path) -> list[MemberTask]:
    """The members of one ensemble, and the file they learn from."""
    path, first = folder / f"train-{trained_on}.npz", list(TRAINED_ON).index(trained_on) + 1
    write_dataset(data, path)
    return [
        MemberTask(
            seed=1000 * number + first,
            epochs=effort.epochs,
            recipe=recipe,
            data=path,
            checkpoint=folder / f"member-{trained_on}-{number}.safetensors",
        )
        for number in range(effort.members)
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


def _build(kind: Kind, everybody: Parts, members: list[ElvMassNet], out: Path, source: Source, effort: Effort) -> Path:
    """Calibrate, write, test, and write again with the figures on the card."""
    learners, parts = _learners(everybody, kind.trained_on), everybody.of(kind.sex)
    normaliser = Normaliser.fit(learners.rows)
    training = _training_facts(learners, parts, source, effort)
    facts = {
        "model_id": kind.model_id,
        "sex": kind.sex.value,
        "pooled": len(TRAINED_ON[kind.trained_on]) > 1,
        "architecture": members[0].config.as_dict(),
        "normaliser": {"mean": normaliser.mean.tolist(), "sd": normaliser.sd.tolist()},
        "calibration": calibrate(kind.sex, parts, members, normaliser).as_dict(),
        "cutoff": asdict(CT_FUCHS),
        "reference_person": np.nanmean(parts.train.rows, axis=0).tolist(),
        "training": training,
    }
    folder, space = out / kind.model_id, _space(parts)
    references = reference_beat(parts.train, kind.sex), reference_set(parts.train, kind.sex)
    bundle = save_bundle(folder, members, *references, space, facts, card="")
    training |= _figures(bundle, everybody)
    bundle = save_bundle(folder, members, *references, space, facts, card="")
    (folder / CARD_FILE).write_text(card_markdown(bundle), encoding="utf-8")
    return folder


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


def _model_id(trained_on: str, sex: Sex, source: Source) -> str:
    pooled = f"{trained_on}-" if len(TRAINED_ON[trained_on]) > 1 else ""
    return f"{source.prefix}-{pooled}{SEX_NAMES[sex]}-{__version__}"


def _require_own_folder(folder: Path, source: Source) -> None:
    """Weights from one source never overwrite those from another."""
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        return
    stored = json.loads(manifest.read_text(encoding="utf-8"))["training"]["source"]["name"]
    if stored != source.name:
        raise TableError("The folder holds weights from another source: choose another --out.")


def _training_facts(learners: Dataset, parts: Parts, source: Source, effort: Effort) -> dict[str, object]:
    return {
        "source": asdict(source),
        "n_train": len(learners),
        "n_calibration": len(parts.calibration),
        "epochs": effort.epochs,
        "range": range_of(learners.rows),
        "lvm_mean_g": float(learners.lvm_g.mean()),
        "lvm_sd_g": float(learners.lvm_g.std()),
        "refused_recordings": {
            name: part.refused
            for name, part in {"train": parts.train, "calibration": parts.calibration, **parts.tests}.items()
        },
    }


def _figures(bundle: Bundle, everybody: Parts) -> dict[str, object]:
    """On the test patients and on those of another kind, and what `verify` computes again; nothing without any."""
    found: dict[str, object] = {
        name: evaluate_bundle(bundle, test, everybody.train.of(bundle.sex))
        for name, test in everybody.tests.items()
        if len(test.of(bundle.sex))
    }
    if "test" in found:
        found["verified"] = verified_figure(bundle, everybody.tests["test"])
    return found


def verified_figure(bundle: Bundle, test: Dataset) -> dict[str, float]:
    """Number and error of those of the bundle's sex among the first `VERIFIED` test patients."""
    mine = test.take(np.arange(min(VERIFIED, len(test)))).of(bundle.sex)
    miss = np.abs(bundle.members_g(mine.beats_mv, mine.rows).mean(axis=0) - mine.lvm_g)
    return {"n": len(mine), "mae_g": float(miss.mean())}
