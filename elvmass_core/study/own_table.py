"""Training on a user's own table: five folds for men, for women and for both, from scratch or from trained weights.

Each fold's network is a member of the ensemble, and each patient is answered by the one network that has not seen him:
intervals, P(LVH) and the figures rest on these answers, so that no patient is given away for calibration.

Notes
-----
The intervals are those of CV+ (Barber et al. 2021, doi 10.1214/20-AOS1965), centred on the mean of the members: of such
intervals at least 1 − 2α = 80 % is guaranteed, about 90 % is what they hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from elvmass_core.domain import Finding, FloatArray, Severity, Sex, blocks
from elvmass_core.errors import TableError
from elvmass_core.models.bundle import Bundle, Models
from elvmass_core.models.calibration import CT_FUCHS, CUTOFFS, Cutoff
from elvmass_core.models.inputs import PATTERNS
from elvmass_core.processes import Progress
from elvmass_core.signal_space import Space
from elvmass_core.study.build import (
    Ingredients,
    Kind,
    Source,
    calibrate,
    density_of,
    distances,
    kinds_of,
    learners_of,
    require_disjoint,
    require_enough,
    training_facts,
    write_bundle,
)
from elvmass_core.study.dataset import Dataset, load_dataset, read_table
from elvmass_core.study.evaluate import Judged, evaluate_bundle, figures, judged
from elvmass_core.study.fold_members import FOLDS, Trained, patient_folds, start_bundle, train_folds
from elvmass_core.study.names import CROSS_VALIDATION
from elvmass_core.study.scored_table import MEASURED_BY
from elvmass_core.study.table_checks import check_lines, check_patients, in_words
from elvmass_core.study.unseen import Unseen, out_of_fold
from elvmass_core.wording import SEX_NAMES

MIN_WITH_LVH = 5
"""Of each sex, with and without: fewer cannot stand in every fold."""
WORK = ".work"
"""Folder inside the output: recordings read and networks trained so far."""
METHOD_ASSUMED = Finding(
    code="method_assumed",
    severity=Severity.CAUTION,
    message=(
        "How the masses were measured was not declared: CT and its cut-offs are assumed. Declare it with --measured-by "
        "or a column measured_by (ct, mri, echo)."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """A model and what it says of each patient of the table without having learned from him."""

    kind: Kind
    folder: Path
    unseen: Unseen
    said: Judged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnTraining:
    """What training on a table gave.

    Attributes
    ----------
    data : Dataset
        The usable patients.
    fold : array (n,)
    cutoff : Cutoff
    answered : tuple of Answered
        One for each bundle.
    findings : tuple of Finding
        The checks of the table.
    started_from : str
        Name of the weights that were fine-tuned; empty from scratch.
    """

    data: Dataset
    fold: np.ndarray
    cutoff: Cutoff
    answered: tuple[Answered, ...]
    findings: tuple[Finding, ...]
    started_from: str


def train_own_table(
    table: Path,
    out: Path,
    *,
    measured_by: str = "",
    start: Models | None = None,
    test: Path | None = None,
    epochs: int | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    trained: Progress | None = None,
) -> OwnTraining:
    """Check a table, train in five folds, and write bundles; a second call goes on where the first was.

    Parameters
    ----------
    table : Path
        CSV with `elvmass_core.study.dataset.TABLE_COLUMNS`, and, if you like, ``patient`` and ``measured_by``.
    measured_by : {"ct", "mri", "echo"}, optional
        How the masses were measured; chooses the cut-off of LVH. Default: the table's column, else CT, with a CAUTION.
    start : Models, optional
        Weights to go on from (fine-tuning).
    test : Path, optional
        A second table, of other patients, for figures on the card.
    epochs : int, optional
        How often each patient is seen; default: 20, fine-tuned 10.
    progress, trained : callable, optional
        Called with (done, all) recordings read and networks trained.

    Raises
    ------
    TableError
        The table cannot be used: the sentence holds every check that stops it.
    BundleError
        The weights to go on from are not whole.
    """
    data, cutoff, findings = _checked(table, out, measured_by, workers, progress)
    tested = None if test is None else load_dataset(test, cache=out / WORK / "datasets", workers=workers)
    _require_usable(data, tested, cutoff)
    fold, source = patient_folds(data), _source(cutoff, data, start)
    kinds = kinds_of(source, out)
    ensembles = train_folds(data, fold, start, epochs, workers, out / WORK, trained)
    cohort = _Cohort(data=data, fold=fold, cutoff=cutoff, source=source, tested=tested)
    answered = [_write(kind, ensembles[kind.trained_on], cohort, out) for kind in kinds]
    return OwnTraining(
        data=data, fold=fold, cutoff=cutoff, answered=tuple(answered), findings=findings,
        started_from="" if start is None else start_bundle(start, "men").model_id,
    )  # fmt: skip


def check_table(
    table: Path, out: Path, *, measured_by: str = "", workers: int = 2, progress: Progress | None = None
) -> tuple[tuple[Finding, ...], str]:
    """What `train_own_table` would find before it trains, and how many it would learn from, in words.

    The recordings read are kept for it in `out`.

    Raises
    ------
    TableError
        As `train_own_table`.
    """
    data, cutoff, findings = _checked(table, out, measured_by, workers, progress)
    _require_usable(data, None, cutoff)
    counts = []
    for sex, word in SEX_NAMES.items():
        mine = data.of(sex)
        n_lvh = int((mine.lvm_g / mine.bsa_m2 > cutoff.g_m2(sex)).sum())
        counts.append(f"{len(mine)} {word} ({n_lvh} with LVH)")
    return findings, f"{' and '.join(counts)} can be used: enough to train."


def _checked(
    table: Path, out: Path, measured_by: str, workers: int, progress: Progress | None
) -> tuple[Dataset, Cutoff, tuple[Finding, ...]]:
    """The usable patients, the cut-off of how mass was measured, and every finding; raises for a STOP."""
    frame = read_table(table)
    cutoff = cutoff_of(frame, measured_by)
    lines = check_lines(frame)
    _stop(lines)
    data = load_dataset(table, cache=out / WORK / "datasets", workers=workers, progress=progress)
    patients = check_patients(data)
    _stop(patients)
    assumed = () if cutoff else (METHOD_ASSUMED,)
    return data, cutoff or CT_FUCHS, (*assumed, *lines, *patients)


def cutoff_of(frame: pd.DataFrame, measured_by: str = "") -> Cutoff | None:
    """That of how the masses were measured, as declared by the option, else by the table; None: not declared.

    Raises
    ------
    TableError
        The table holds masses of several methods, or of one without a cut-off.
    """
    stated = sorted({cell.strip().lower() for cell in frame.get(MEASURED_BY, ())})
    chosen = [measured_by] if measured_by else stated
    if len(chosen) > 1:
        raise TableError(f"The masses were measured by {', '.join(chosen)}: use one method, their cut-offs differ.")
    if chosen and chosen[0] not in CUTOFFS:
        raise TableError(f"Masses measured by '{chosen[0]}' have no cut-off here: it must be {', '.join(CUTOFFS)}.")
    return CUTOFFS[chosen[0]] if chosen else None


def _stop(findings: Sequence[Finding]) -> None:
    """One sentence for each check that stops."""
    stops = [finding for finding in findings if blocks((finding,))]
    if stops:
        raise TableError(in_words(stops))


def _require_usable(data: Dataset, tested: Dataset | None, cutoff: Cutoff) -> None:
    if tested is not None:
        require_disjoint(data, tested)
    for sex, word in SEX_NAMES.items():
        mine = data.of(sex)
        require_enough(mine, sex, cutoff)
        n_lvh = int((mine.lvm_g / mine.bsa_m2 > cutoff.g_m2(sex)).sum())
        if min(n_lvh, len(mine) - n_lvh) < MIN_WITH_LVH:
            raise TableError(
                f"{n_lvh} of {len(mine)} {word} have LVH (above {cutoff.g_m2(sex):g} g/m²): at least {MIN_WITH_LVH} "
                "with it and without are needed."
            )


def _source(cutoff: Cutoff, data: Dataset, start: Models | None) -> Source:
    people = len(np.unique(data.patient))
    begun = "" if start is None else f" Fine-tuned from {start_bundle(start, 'men').model_id} and its companions."
    return Source(
        name="own table",
        description=f"A user's own table of {people} men and women with LV mass by {cutoff.modality}.{begun}",
        simulated=False,
        prefix="own",
    )


# --- Bundles ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cohort:
    """The patients, their folds, and what is said of them; `tested` are others, if there are any."""

    data: Dataset
    fold: np.ndarray
    cutoff: Cutoff
    source: Source
    tested: Dataset | None


def _write(kind: Kind, trained: Trained, cohort: _Cohort, out: Path) -> Answered:
    """Calibrate on the answers out of fold, and write."""
    own, fold = cohort.data.of(kind.sex), cohort.fold[cohort.data.sex == kind.sex.value]
    cutoff, tested = cohort.cutoff, cohort.tested
    unseen = out_of_fold(trained.members, trained.normaliser, own, fold)
    said = _cross_judged(kind.sex, own, unseen, fold, cutoff)
    made = Ingredients(
        members=trained.members,
        normaliser=trained.normaliser,
        own=own,
        calibration=calibrate(kind.sex, own, unseen, cutoff),
        space=_space(own, fold),
        cutoff=cutoff,
    )
    refused = {"table": cohort.data.refused} | ({} if tested is None else {"test": tested.refused})
    learners = learners_of(cohort.data, kind.trained_on)
    facts = training_facts(learners, len(own), refused, cohort.source, trained.epochs)
    facts |= {"folds": FOLDS, CROSS_VALIDATION: figures(unseen, said, cutoff.g_m2(kind.sex))}

    def on_test(bundle: Bundle) -> dict[str, object]:
        return {} if tested is None else {"test": evaluate_bundle(bundle, tested, own)}

    return Answered(kind=kind, folder=write_bundle(kind, made, out, facts, on_test), unseen=unseen, said=said)


def _cross_judged(sex: Sex, own: Dataset, unseen: Unseen, fold: np.ndarray, cutoff: Cutoff) -> Judged:
    """Intervals, probabilities and comparators of each fold, fitted on the other four."""
    parts: list[tuple[np.ndarray, Judged]] = []
    for k in range(FOLDS):
        others, here = fold != k, fold == k
        calibration = calibrate(sex, own.take(others), unseen.take(others), cutoff)
        parts.append((here, judged(unseen.take(here), calibration, cutoff.g_m2(sex), own.take(others))))

    def whole(pieces: Sequence[FloatArray]) -> FloatArray:
        values = np.empty(len(own))
        for (here, _), piece in zip(parts, pieces, strict=True):
            values[here] = piece
        return values

    said = [one for _, one in parts]
    return Judged(
        half_g={pattern: whole([one.half_g[pattern] for one in said]) for pattern in PATTERNS},
        probability=whole([one.probability for one in said]),
        others_g={name: whole([one.others_g[name] for one in said]) for name in said[0].others_g},
    )


def _space(own: Dataset, fold: np.ndarray) -> Space:
    """Density of all, and how far each patient lies from that of the other folds."""
    rows = own.descriptions()
    crowd = [distances(density_of(rows[fold != k]), rows[fold == k]) for k in range(FOLDS)]
    return Space(density=density_of(rows), crowd=np.sort(np.concatenate(crowd)))
