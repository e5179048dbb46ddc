"""What is loaded once for all visitors (models) and what is computed once per visitor (reports)."""

import gc
from pathlib import Path
from typing import TypeVar

import streamlit as st
import torch

from elvmass_core.domain import Patient, Recording, Report, Sex
from elvmass_core.errors import BundleError
from elvmass_core.io.sandbox import warm_up
from elvmass_core.models.bundle import Models, load_models, weight_sets
from elvmass_core.pipeline import analyse
from elvmass_core.sanity.panel import read_panel
from elvmass_core.sexes.one_ecg import OneEcg, compare_models, has_all_models
from elvmass_core.sexes.run_set import FOLDER, RunSet, load_runs
from pages.shared.state import Visit, visit
from pages.shared.waiting import silent_turn, turn
from pages.shared.work_queue import Work

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights"
KEPT_REPORTS = 8
"""Of one visitor: every typed digit of a height is another patient."""
_EXPLAINING = "Explaining the estimate …"
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def models(now: Visit | None = None) -> Models:
    """The weights that this visitor has chosen; shared by all who chose them, so read-only."""
    return _models(weights_folder(now))


def weights_folder(now: Visit | None = None) -> Path:
    """Folder of the chosen set of weights; the shipped ones where it is no longer there."""
    chosen = (now or visit()).weights
    return weight_sets(WEIGHTS).get(chosen, WEIGHTS) if chosen else WEIGHTS


@st.cache_resource(max_entries=4, show_spinner="Loading the models …")
def _models(folder: Path) -> Models:
    warm_up()  # the reading server starts while the weights load
    torch.set_num_threads(1)  # several visitors on few cores: more threads in each made all of them slower
    loaded = load_models(folder)
    gc.collect()
    gc.freeze()  # Streamlit collects garbage after every run: 0.2 s each time among the objects of torch and Plotly
    return loaded


@st.cache_resource(max_entries=1, show_spinner="Loading the training runs …")
def runs() -> RunSet | None:
    """The independent training runs of both sexes; None when they cannot be used."""
    try:
        return load_runs(WEIGHTS / FOLDER)
    except BundleError:
        return None


def comparison(report: Report) -> OneEcg | None:
    """One ECG through the models of men, women and both; None when models or runs are missing.

    The runs are those of the shipped weights, so other weights are not compared.
    """
    found, kept = None if visit().weights else runs(), visit().comparisons
    if report.beat is None or report.features is None or found is None:
        return None
    if not has_all_models(models(), report.patient.sex):
        return None
    key = (report.patient, visit().fiducials)
    if key not in kept:
        with turn(Work.LONG, "Explaining the ECG by every model …"):
            one = compare_models(models(), found.runs, report.beat, report.features, report.patient)
            _keep(kept, key, one)
    return kept[key]


def floor(sex: Sex) -> tuple[float, float] | None:
    """How far the table of a random network is like the true one, with its signs and without; None when not tested."""
    return _floor(weights_folder(), sex)


@st.cache_resource(max_entries=8, show_spinner=False)
def _floor(folder: Path, sex: Sex) -> tuple[float, float] | None:
    bundle = _models(folder).for_sex(sex)[0]
    try:
        found = read_panel(folder / bundle.model_id, bundle)["seeds"].values["floor"]
    except BundleError:
        return None
    return float(found["table"]["typical"]), float(found["table, sign dropped"]["mean"])


def report(recording: Recording, patient: Patient, *, explain: bool = False, now: Visit | None = None) -> Report:
    """Analyse the open ECG, once per patient entry and set of borders; kept in this visitor's session only.

    `now` is the visit to work for where neither session nor page can be reached: a download is made outside of them.
    """
    may_write = now is None
    now = now or visit()
    reports, fiducials = now.reports, now.second_fiducials if recording is now.second else now.fiducials
    key = (recording, patient, fiducials, explain)  # the recording itself: files of one digest may differ in findings
    if key in reports:
        return reports[key]
    loaded, work = models(now), Work.LONG if explain else Work.SHORT  # loaded before: nobody waits for that in the line
    with turn(work, _EXPLAINING if explain else "") if may_write else silent_turn(work):
        found = analyse(recording, patient, loaded, explain=explain, fiducials=fiducials)
        _keep(reports, key, found)
    return found


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    """Add to what one visitor keeps; the oldest goes."""
    while len(kept) >= KEPT_REPORTS:
        kept.pop(next(iter(kept)))
    kept[key] = value
