"""One ECG through the models of men, of women and of both, and its difference against that of two trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elvmass_core.attribution.methods import Points, answers_g, integrated_gradients
from elvmass_core.attribution.tables import grouped, segment_table
from elvmass_core.domain import Beat, Features, FloatArray, Patient, Sex
from elvmass_core.models.bundle import Bundle, Models
from elvmass_core.models.inputs import tabular_row
from elvmass_core.segments import SEGMENT_NAMES
from elvmass_core.sexes.maps import LEAD_GROUPS
from elvmass_core.sexes.runs import Run
from elvmass_core.sexes.statistics import Effect, labels_effect

STEPS = 32
Table = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelView:
    """What one model says of the ECG: grams, those of the reference it is explained from, and its map.

    ``rows_g`` has the limb leads together and V1–V6; ``crossed`` when the model learned from the other sex alone.
    """

    name: str
    lvm_g: float
    reference_g: float
    rows_g: Table
    crossed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneEcg:
    """The views of the three models, and men's runs less women's.

    Attributes
    ----------
    views : tuple of ModelView
        Men's model, women's model, the pooled one.
    cells : tuple of (lead group, segment)
        Those present in this ECG.
    effect : Effect
        Signed grams of the runs on `cells`: men's less women's.
    runs_g : mapping of Sex to array (runs,)
        What the runs of either sex answer.
    """

    views: tuple[ModelView, ...]
    cells: tuple[tuple[str, str], ...]
    effect: Effect
    runs_g: Mapping[Sex, FloatArray]


def compare_models(models: Models, runs: Sequence[Run], beat: Beat, features: Features, patient: Patient) -> OneEcg:
    """Explain one ECG by every model, each from the reference of the patient's own sex.

    Parameters
    ----------
    models : Models
        Bundles of both sexes, and the pooled one of the patient's sex.
    patient : Patient
        Age and sex known.

    Raises
    ------
    ValueError
        A bundle is missing, the sex is unknown, or there are too few runs.

    Notes
    -----
    One reference for all: maps from different references differ by the references.
    """
    home = _only(models.for_sex(patient.sex) if patient.sex is not Sex.UNKNOWN else ())
    row = tabular_row(patient, features)
    bundles = {
        "men's model": _only(models.for_sex(Sex.MALE)),
        "women's model": _only(models.for_sex(Sex.FEMALE)),
        "model of both": _only([one for one in models.pooled if one.sex is patient.sex]),
    }
    views = tuple(_view(name, bundle, home, row, beat, patient.sex) for name, bundle in bundles.items())
    cells, values = _runs_cells(runs, home, row, beat)
    male = np.array([run.sex is Sex.MALE for run in runs])
    answers = np.array([_answer(run, beat, row) for run in runs])
    return OneEcg(
        views=views,
        cells=cells,
        effect=labels_effect(values, male),
        runs_g={Sex.MALE: answers[male], Sex.FEMALE: answers[~male]},
    )


def has_all_models(models: Models, sex: Sex) -> bool:
    """Whether `compare_models` finds the models of men, of women and, for this sex, of both."""
    return bool(models.for_sex(Sex.UNKNOWN)) and any(bundle.sex is sex for bundle in models.pooled)


def _only(bundles: Sequence[Bundle]) -> Bundle:
    if len(bundles) != 1:
        raise ValueError("the models of men, of women and of both are needed, and a known sex")
    return bundles[0]


def _view(name: str, bundle: Bundle, home: Bundle, row: FloatArray, beat: Beat, sex: Sex) -> ModelView:
    """One bundle, explained from the reference of the patient's own sex."""
    reference = home.reference_row(row)
    point = Points.of(beat.signal_mv, bundle.normaliser(row))
    start = Points.of(home.reference_beat_mv, bundle.normaliser(reference))
    maps = [integrated_gradients(one, point, start, STEPS).beat_g[0] for one in bundle.ensemble.members]
    return ModelView(
        name=name,
        lvm_g=float(bundle.members_g(beat.signal_mv[None], row[None]).mean()),
        reference_g=float(bundle.members_g(home.reference_beat_mv[None], reference[None]).mean()),
        rows_g=grouped(segment_table(np.mean(maps, axis=0), beat.fiducials)),
        crossed=not bundle.pooled and bundle.sex is not sex,
    )


def _answer(run: Run, beat: Beat, row: FloatArray) -> float:
    return float(answers_g(run.network, Points.of(beat.signal_mv, run.normaliser(row)))[0])


def _runs_cells(
    runs: Sequence[Run], home: Bundle, row: FloatArray, beat: Beat
) -> tuple[tuple[tuple[str, str], ...], FloatArray]:
    """Signed grams of every run on every lead group × segment that is there, (runs, cells)."""
    reference = home.reference_row(row)
    tables = []
    for run in runs:
        point = Points.of(beat.signal_mv, run.normaliser(row))
        start = Points.of(home.reference_beat_mv, run.normaliser(reference))
        tables.append(segment_table(integrated_gradients(run.network, point, start, STEPS).beat_g[0], beat.fiducials))
    present = [name for name in SEGMENT_NAMES if tables[0]["I"][name] is not None]
    cells = tuple((group, name) for group in LEAD_GROUPS for name in present)
    return cells, np.array([[_cell(table, *cell) for cell in cells] for table in tables])


def _cell(table: Table, group: str, segment: str) -> float:
    return sum(table[lead][segment] or 0.0 for lead in LEAD_GROUPS[group])
