"""From tables of patients who stand apart to bundles: train for men, for women and for both, calibrate, test, write."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from elvmass_core import __version__
from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import CARD_FILE, MANIFEST_FILE, Bundle, save_bundle
from elvmass_core.models.calibration import CT_FUCHS, Calibration, Cutoff, fit_interval, fit_line, fit_platt
from elvmass_core.models.inputs import PATTERNS, Normaliser
from elvmass_core.models.tcn import ElvMassNet
from elvmass_core.processes import Progress
from elvmass_core.signal_space import Density, Space, covariance_of
from elvmass_core.study.card import card_markdown
from elvmass_core.study.dataset import Dataset, load_dataset, write_dataset
from elvmass_core.study.evaluate import evaluate_bundle
from elvmass_core.study.train import (
    TRAINING_VERSION,
    Effort,
    MemberTask,
    Recipe,
    load_member,
    reference_beat,
    reference_set,
    train_members,
)
from elvmass_core.study.train import trained_range as range_of
from elvmass_core.study.unseen import Unseen, by_all
from elvmass_core.wording import SEX_NAMES

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
    calibration: Path,
    source: Source,
    test: Path | None = None,
    shifted: Path | None = None,
    effort: Effort = Effort(),  # noqa: B008 - frozen
    work: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Train bundles for men, for women, and from both, from tables of recordings with a known LV mass.

    Parameters
    ----------
    table, calibration, test, shifted : Path
        CSV tables (`elvmass_core.study.dataset.TABLE_COLUMNS`). The bundles are tested on `test` and, as patients of
        another kind, on `shifted`.
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
    require_disjoint(parts.train, parts.calibration, *parts.tests.values())
    recipe = Recipe()
    folder = work / run_key(parts.train, effort.epochs, recipe)
    for sex in (Sex.MALE, Sex.FEMALE):
        for part in (parts.train.of(sex), parts.calibration.of(sex)):
            require_enough(part, sex, CT_FUCHS)
    kinds = kinds_of(source, out)
    tasks = {who: _tasks(learners_of(parts.train, who), who, effort, recipe, folder) for who in TRAINED_ON}
    train_members([task for some in tasks.values() for task in some], effort.workers)
    members = {who: [load_member(task) for task in some] for who, some in tasks.items()}
    return [_build(kind, parts, members[kind.trained_on], out, source, effort) for kind in kinds]


def kinds_of(source: Source, out: Path) -> tuple[Kind, ...]:
    """The bundles to be made.

    Raises
    ------
    TableError
        A folder of this name holds weights from another source.
    """
    kinds = tuple(
        Kind(model_id=_model_id(who, sex, source), trained_on=who, sex=sex)
        for who, sexes in TRAINED_ON.items()
        for sex in sexes
    )
    for kind in kinds:
        _require_own_folder(out / kind.model_id, source)
    return kinds


def learners_of(train: Dataset, trained_on: str) -> Dataset:
    """The patients an ensemble learns from."""
    return train.take(np.isin(train.sex, [sex.value for sex in TRAINED_ON[trained_on]]))


def _parts(
    table: Path,
    calibration: Path,
    tests: Mapping[str, Path],
    work: Path,
    effort: Effort,
    progress: Progress | None,
) -> Parts:
    def load(path: Path) -> Dataset:
        return load_dataset(path, cache=work / "datasets", workers=effort.workers, progress=progress)

    return Parts(
        train=load(table), calibration=load(calibration), tests={name: load(path) for name, path in tests.items()}
    )


def require_disjoint(*parts: Dataset) -> None:
    """No recording may stand in two parts: its error would be known beforehand."""
    seen: set[bytes] = set()
    for part in parts:
        mine = set(beat_digests(part))
        if seen & mine:
            raise TableError("The same recording stands in more than one of training, calibration and test.")
        seen |= mine


def beat_digests(data: Dataset) -> list[bytes]:
    """SHA-256 of each averaged beat: the same for the same recording under another name."""
    return [hashlib.sha256(beat.tobytes()).digest() for beat in data.beats_mv]


def require_enough(data: Dataset, sex: Sex, cutoff: Cutoff) -> None:
    """Patients of one sex, and some with and some without LVH."""
    if len(data) < MIN_PATIENTS:
        raise TableError(f"Only {len(data)} usable {SEX_NAMES[sex]} in a part of the table; {MIN_PATIENTS} are needed.")
    has_lvh = data.lvm_g / data.bsa_m2 > cutoff.g_m2(sex)
    if has_lvh.all() or not has_lvh.any():
        raise TableError(
            f"The {SEX_NAMES[sex]} of a table need some with and some without LVH (above {cutoff.g_m2(sex):g} g/m²)."
        )


def run_key(train: Dataset, *facts: object) -> str:
    """Checkpoints of other beats and masses, or of other epochs, recipe or whatever counts, are not taken up."""
    digest = hashlib.sha256(repr((TRAINING_VERSION, *facts)).encode())
    for array in (train.beats_mv, train.rows, train.measured, train.lvm_g, train.sex):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


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


def calibrate(sex: Sex, train: Dataset, unseen: Unseen, cutoff: Cutoff) -> Calibration:
    """Intervals per pattern of known body sizes, demographics-only lines, and P(LVH), for one sex."""
    data, index = unseen.data, unseen.estimate_g[PATTERNS[0]] / unseen.data.bsa_m2
    limit = cutoff.g_m2(sex)
    return Calibration(
        intervals={
            pattern: fit_interval(data.lvm_g, unseen.estimate_g[pattern], unseen.spread_g[pattern])
            for pattern in PATTERNS
        },
        lines={pattern: fit_line(train.rows, train.lvm_g, pattern) for pattern in PATTERNS},
        platt=fit_platt(index / limit, data.lvm_g / data.bsa_m2 > limit),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ingredients:
    """What a bundle is written from.

    Attributes
    ----------
    members, normaliser : the networks and how their inputs are scaled
    own : Dataset
        The training patients of the bundle's sex.
    calibration : Calibration
    space : Space
    cutoff : Cutoff
    """

    members: list[ElvMassNet]
    normaliser: Normaliser
    own: Dataset
    calibration: Calibration
    space: Space
    cutoff: Cutoff = CT_FUCHS


def write_bundle(
    kind: Kind, made: Ingredients, out: Path, training: dict[str, object], tested: Callable[[Bundle], dict[str, object]]
) -> Path:
    """Write, test, and write again with the figures on the card.

    Parameters
    ----------
    training : dict
        Facts about the training for manifest and card.
    tested : callable
        From the written bundle to figures, which join those facts.
    """
    facts = {
        "model_id": kind.model_id,
        "sex": kind.sex.value,
        "pooled": len(TRAINED_ON[kind.trained_on]) > 1,
        "architecture": made.members[0].config.as_dict(),
        "normaliser": {"mean": made.normaliser.mean.tolist(), "sd": made.normaliser.sd.tolist()},
        "calibration": made.calibration.as_dict(),
        "cutoff": asdict(made.cutoff),
        "reference_person": np.nanmean(made.own.rows, axis=0).tolist(),
        "training": training,
    }
    folder = out / kind.model_id
    references = (reference_beat(made.own, kind.sex, made.cutoff), reference_set(made.own, kind.sex, made.cutoff))
    bundle = save_bundle(folder, made.members, *references, made.space, facts, card="")
    training |= tested(bundle)
    bundle = save_bundle(folder, made.members, *references, made.space, facts, card="")
    (folder / CARD_FILE).write_text(card_markdown(bundle), encoding="utf-8")
    return folder


def _build(kind: Kind, everybody: Parts, members: list[ElvMassNet], out: Path, source: Source, effort: Effort) -> Path:
    """Calibrate on patients apart, and write."""
    learners, parts = learners_of(everybody.train, kind.trained_on), everybody.of(kind.sex)
    normaliser = Normaliser.fit(learners.rows)
    unseen = by_all(members, normaliser, parts.calibration)
    density = density_of(parts.train.descriptions())
    made = Ingredients(
        members=members,
        normaliser=normaliser,
        own=parts.train,
        calibration=calibrate(kind.sex, parts.train, unseen, CT_FUCHS),
        space=Space(density=density, crowd=distances(density, parts.calibration.descriptions())),
    )
    refused = {
        name: part.refused
        for name, part in {"train": parts.train, "calibration": parts.calibration, **parts.tests}.items()
    }
    training = training_facts(learners, len(parts.calibration), refused, source, effort.epochs)
    return write_bundle(kind, made, out, training, lambda bundle: _figures(bundle, everybody))


def density_of(descriptions: np.ndarray) -> Density:
    """Where the beats of training patients lie, from their descriptions (n, 8, 14)."""
    whole = descriptions[np.isfinite(descriptions).all(axis=(1, 2))]
    if len(whole) < (least := MIN_PATIENTS // 2):  # of four folds of five, some without P; the covariance is shrunk
        raise TableError(f"Only {len(whole)} of these patients have P, QRS and T; {least} of each sex are needed.")
    shrink = descriptions[0].size / (descriptions[0].size + len(whole))
    return Density(
        mean=whole.reshape(len(whole), -1).mean(axis=0), covariance=covariance_of(whole, shrink), tails=SPACE_TAILS
    )


def distances(density: Density, descriptions: np.ndarray) -> np.ndarray:
    """How far beats lie from the training patients, sorted: the crowd to which another beat is compared."""
    return np.sort([density.distance(row) for row in descriptions])


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


def training_facts(
    learners: Dataset, n_calibration: int, refused: Mapping[str, Mapping[str, int]], source: Source, epochs: int
) -> dict[str, object]:
    """For the manifest and the card: whom the members learned from, and how long."""
    return {
        "source": asdict(source),
        "n_train": len(learners),
        "n_calibration": n_calibration,
        "epochs": epochs,
        "range": range_of(learners.rows),
        "lvm_mean_g": float(learners.lvm_g.mean()),
        "lvm_sd_g": float(learners.lvm_g.std()),
        "refused_recordings": {name: dict(counts) for name, counts in refused.items()},
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
