"""The golden recordings: how each one is made, and the answer to it.

A recording is made anew from its recipe each time: simulated patients by preset, seed and index, in four formats; the
same with a fault of `benchmarks.faults`; the examples of the app; and the public recordings, where they are.
Every one takes the way of `elvmass_core score` with one thread, but is read in this process: the limited child of an
upload has seconds to answer, which a busy machine may not have.
"""

import csv
import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from pydicom.data import get_testdata_file
from threadpoolctl import threadpool_limits

from benchmarks.faults import FAULTS, Case
from elvmass_core.batch.discover import Item
from elvmass_core.batch.patients import NOTHING, Given
from elvmass_core.batch.rows import Row, error_row
from elvmass_core.batch.work import load_item, score_recording
from elvmass_core.domain import Patient, Sex
from elvmass_core.errors import PatientError, RecordingError
from elvmass_core.io import load_files, read_recording
from elvmass_core.models.bundle import Models, load_models
from elvmass_core.pipeline import versions
from elvmass_core.virtual.cohort import FORMATS, CohortJob, simulate_one

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS, EXAMPLES = ROOT / "weights", ROOT / "examples"
DATA = Path(os.environ.get("ELVMASS_ECG_DATA", ROOT.parent / "shared" / "data" / "ecg"))
GOLDEN = Path(__file__).with_name("golden.csv")

SIMULATED, FAULTY, EXAMPLE, REAL = "simulated", "faulty", "example", "real"
SEED, EACH = 81_000, 48
"""Patients no training has seen; so many in each of the four cohorts, whose seeds count on from `SEED`."""
HEAVY_SEED, HEAVY_PRESET = SEED + 5, "uniform"
HEAVY = (
    3877, 407, 5723, 2613, 3858, 3575, 1432, 3787, 4903, 4680, 2193, 3283, 2204, 509, 4945, 4134, 3434, 5197, 4943,
    1671, 798, 4829, 1722, 2340, 5866, 4110, 1511, 3855, 2273, 4761, 1724, 5667, 4550, 4356, 5148, 5320, 3327, 2388,
    1830, 3065,
)  # fmt: skip
"""Of the first 6 000 patients of a seed the 20 women and the 20 men with the largest LV mass index among those without
a block and in sinus rhythm (`sample_patient`): among the others hardly any is flagged."""
COHORTS = {"wfdb": "taiwan-like", "npz": "shifted", "dicom": "uniform", "csv": "taiwan-like"}
BODIES = {"known": (), "no weight": ("weight_kg",), "no height": ("height_cm",), "unknown": ("height_cm", "weight_kg")}
"""What is not told of the body; DICOM states it in the file, so there it is always known."""
BODIES_IN_TURN = ("known", "known", "known", "no weight", "no height", "unknown")
FAULTS_USED = (
    "RA–LA exchanged", "RA–RL exchanged", "limb electrodes rotated clockwise", "chest leads reversed",
    "whole recording inverted", "chest leads inverted", "pure noise", "sine waves", "one lead in all chest channels",
    "two persons' groups of leads", "half replaced by noise", "half replaced by zeros", "all leads held for a while",
    "one lead flat", "2–6 leads flat", "one lead missing", "2–6 leads missing", "NaN run, one lead",
    "NaN run, all leads", "one NaN sample", "few seconds", "ectopic beats", "pacing spikes",
    "sampling rate stated half", "sampling rate stated twice", "leads in wrong order", "one limb lead inverted",
    "all gains too high", "all gains too low", "uV read as mV, or the reverse", "unit not stated", "random bytes",
    "picture or PDF", "age missing", "age under 18", "sex unknown", "height or weight missing", "height in metres",
    "weight in grams", "height and weight exchanged",
)  # fmt: skip
MADE_UP = {Sex.MALE: (60.0, 170.0, 70.0), Sex.FEMALE: (60.0, 158.0, 58.0)}
"""Age in years, height in cm and weight in kg of a public recording's person where the catalogue states none."""
SHORT = 12
"""Characters of a hash that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a recording is made.

    Attributes
    ----------
    source : str
        Preset, fault, name of an example, or path below ELVMASS_ECG_DATA.
    seed, index : str
        Of the simulated patient; empty for files.
    fmt : str
        One of `FORMATS`; empty for files.
    body : str
        One of `BODIES`; empty where fault, file or catalogue say what is known.
    """

    kind: str
    source: str
    seed: str = ""
    index: str = ""
    fmt: str = ""
    body: str = ""

    def __str__(self) -> str:
        said = (self.kind, self.source, self.seed and f"{self.seed}-{self.index}", self.fmt, self.body)
        return " · ".join(filter(None, said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said of a recording, as text; empty where nothing is.

    Attributes
    ----------
    lvm_g, low_g, high_g, women_lvm_g, men_lvm_g : str
        Grams; the last two for an unknown sex.
    lvh : str
        A value of `elvmass_core.domain.Lvh`.
    refusal : str
        Codes of what refuses it, sorted.
    model, weights : str
        Bundle and start of its SHA-256.
    digest : str
        Start of the digest of the samples: tells a changed recording from a changed answer. Not compared, as the last
        bits of a simulation differ between processors.
    """

    lvm_g: str = ""
    low_g: str = ""
    high_g: str = ""
    women_lvm_g: str = ""
    men_lvm_g: str = ""
    lvh: str = ""
    refusal: str = ""
    model: str = ""
    weights: str = ""
    digest: str = ""


RECIPE_COLUMNS, ANSWER_COLUMNS = ([field.name for field in fields(kind)] for kind in (Recipe, Answer))
GRAMS = tuple(name for name in ANSWER_COLUMNS if name.endswith("_g"))


# --- the set ----------------------------------------------------------------------------------------------------------


def plan(data: Path = DATA) -> list[Recipe]:
    """Every recording of the set; without the public ones where they are not."""
    return [*_simulated(), *_faulty(), *_examples(), *_real(data)]


def _simulated() -> list[Recipe]:
    cohorts = [
        _patient(preset, SEED + number, index, fmt, BODIES_IN_TURN[index % len(BODIES_IN_TURN)])
        for number, (fmt, preset) in enumerate(COHORTS.items())
        for index in range(EACH)
    ]
    formats = list(COHORTS)
    heavy = [
        _patient(HEAVY_PRESET, HEAVY_SEED, index, formats[turn % len(formats)], "known")
        for turn, index in enumerate(HEAVY)
    ]
    return cohorts + heavy


def _patient(preset: str, seed: int, index: int, fmt: str, body: str) -> Recipe:
    stated = "" if fmt == "dicom" else body
    return Recipe(kind=SIMULATED, source=preset, seed=str(seed), index=str(index), fmt=fmt, body=stated)


def _faulty() -> list[Recipe]:
    seed = str(SEED + len(COHORTS))
    return [
        Recipe(kind=FAULTY, source=name, seed=seed, index=str(index), fmt="wfdb")
        for index, name in enumerate(FAULTS_USED)
    ]


def _examples() -> list[Recipe]:
    return [Recipe(kind=EXAMPLE, source=name) for name in [*_examples_table(), _REAL_EXAMPLE]]


def _real(data: Path) -> list[Recipe]:
    return [Recipe(kind=REAL, source=name) for name in catalogue(data)]


_REAL_EXAMPLE = "waveform_ecg.dcm"
"""Ships inside pydicom."""


@lru_cache(maxsize=1)
def _examples_table() -> dict[str, dict[str, str]]:
    with (EXAMPLES / "examples.csv").open(encoding="utf-8", newline="") as table:
        return {line["id"]: line for line in csv.DictReader(table)}


@lru_cache(maxsize=1)
def catalogue(data: Path = DATA) -> dict[str, dict[str, str]]:
    """Lines of the catalogue of public recordings by path; LUDB by the headers whose gain is right; none without it."""
    if not (data / "catalog.csv").is_file():
        return {}
    with (data / "catalog.csv").open(encoding="utf-8", newline="") as table:
        lines = [(Path(line["file"]), line) for line in csv.DictReader(table)]
    found = {}
    for path, line in lines:
        header = path.with_name(f"{path.stem}_uv.hea") if path.parent.name == "ludb" else path.with_suffix(".hea")
        found[(header if (data / header).is_file() else path).as_posix()] = line
    return found


# --- the answers ------------------------------------------------------------------------------------------------------


def answer(recipe: Recipe) -> Answer:
    """Make a recording and answer it; a pure function of the recipe, the code and the weights."""
    row = _ROWS[recipe.kind](recipe, _prepared())
    grams = {name: "" if row[name] is None else f"{row[name]:.2f}" for name in GRAMS}
    return Answer(
        **grams,
        lvh=row["lvh"],
        refusal=" ".join(sorted((row["refusal_code"] or "").split())),
        model=row["model"] or "",
        weights=" ".join(name[:SHORT] for name in (row["model_sha256"] or "").split()),
        digest=(row["digest"] or "")[:SHORT],
    )


@lru_cache(maxsize=1)
def _prepared() -> Models:
    """Models of this process, which computes with one thread from now on."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    return load_models(WEIGHTS)


def _scored(item: Item, given: Given, models: Models) -> Row:
    """The row of a file."""
    try:
        recording = read_recording(load_item(item))
    except RecordingError as error:
        return error_row(item.record, Patient(), versions(), error)
    return score_recording(item.record, recording, given, models)[0]


def _of_simulated(recipe: Recipe, models: Models) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        item, truth = _simulate(recipe, Path(folder))
        given = NOTHING if recipe.fmt == "dicom" else _person(truth, BODIES[recipe.body])
        return _scored(item, given, models)


def _simulate(recipe: Recipe, folder: Path, preset: str = "") -> tuple[Item, dict]:
    """One patient as `simulate_cohort` writes it, and what is true of him or her."""
    job = CohortJob(out=folder, seed=int(recipe.seed), preset=preset or recipe.source, fmt=recipe.fmt)
    for name in ("records", "truth"):
        (folder / name).mkdir()
    simulate_one(job, int(recipe.index))
    truth = json.loads(job.truth_path(int(recipe.index)).read_text(encoding="utf-8"))
    path = folder / f"{truth['record']}{FORMATS[recipe.fmt][-1]}"
    return Item(record=truth["id"], path=str(path)), truth


def _person(truth: dict, untold: tuple[str, ...]) -> Given:
    told = {"age_years": truth["age"], "height_cm": truth["height_cm"], "weight_kg": truth["weight_kg"]}
    numbers = {name: None if name in untold else float(value) for name, value in told.items()}
    return Given(sex=Sex(truth["sex"]), **numbers)


def _of_faulty(recipe: Recipe, models: Models) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        item, truth = _simulate(recipe, Path(folder), COHORTS["wfdb"])
        sound = read_recording(load_files([Path(item.path)]))
    person = _person(truth, ())
    case = Case(signal_mv=sound.signal_mv, fs_hz=sound.fs_hz, **asdict(person))
    faulty = FAULTS[recipe.source].apply(case, np.random.default_rng([int(recipe.seed), int(recipe.index)]))
    try:
        recording, patient = faulty.recording(), faulty.patient()
    except (RecordingError, PatientError) as error:
        return error_row(item.record, Patient(), versions(), error)
    return score_recording(item.record, recording, _all_of(patient), models)[0]


def _all_of(patient: Patient) -> Given:
    return Given(**{field.name: getattr(patient, field.name) for field in fields(Given)})


def _of_example(recipe: Recipe, models: Models) -> Row:
    if recipe.source == _REAL_EXAMPLE:
        path, given = str(get_testdata_file(_REAL_EXAMPLE, download=False)), NOTHING
    else:
        line = _examples_table()[recipe.source]
        path, given = str(EXAMPLES / f"{recipe.source}.hea"), _person(line, ())
    return _scored(Item(record=recipe.source, path=path), given, models)


def _of_real(recipe: Recipe, models: Models) -> Row:
    """With a made-up age and body where the catalogue has none, so that LVH is judged; a sex is not made up."""
    line = catalogue()[recipe.source]
    age, height, weight = MADE_UP[Sex.MALE if line["sex"].lower().startswith("m") else Sex.FEMALE]
    given = Given(
        age_years=None if line["age"] else age,
        height_cm=None if line["height_cm"] else height,
        weight_kg=None if line["weight_kg"] else weight,
    )
    item = Item(record=recipe.source, path=str(DATA / recipe.source))
    return _scored(item, given, models)


_ROWS = {SIMULATED: _of_simulated, FAULTY: _of_faulty, EXAMPLE: _of_example, REAL: _of_real}


# --- the file ---------------------------------------------------------------------------------------------------------


def read_golden(path: Path = GOLDEN) -> dict[Recipe, Answer]:
    """What `write_golden` stored."""
    with path.open(encoding="utf-8", newline="") as table:
        lines = list(csv.DictReader(table))
    return {
        Recipe(**{name: line[name] for name in RECIPE_COLUMNS}): Answer(**{name: line[name] for name in ANSWER_COLUMNS})
        for line in lines
    }


def write_golden(golden: dict[Recipe, Answer], path: Path = GOLDEN) -> None:
    """One line a recording: its recipe, then its answer."""
    with path.open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, [*RECIPE_COLUMNS, *ANSWER_COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(recipe) | asdict(one) for recipe, one in golden.items())
