"""What is loaded once for all visitors (models) and what is computed once per visitor (reports)."""

import gc
from pathlib import Path

import streamlit as st
import torch

from elvmass_core.domain import Patient, Recording, Report, Sex
from elvmass_core.errors import BundleError
from elvmass_core.io.sandbox import warm_up
from elvmass_core.models.bundle import Models, load_models
from elvmass_core.pipeline import analyse
from elvmass_core.sanity.panel import read_panel
from elvmass_core.sexes.one_ecg import OneEcg, compare_models, has_all_models
from elvmass_core.sexes.run_set import FOLDER, RunSet, load_runs
from pages.shared.state import Visit, visit

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights"
KEPT_REPORTS = 8
"""Of one visitor: every typed digit of a height is another patient."""


@st.cache_resource(max_entries=1, show_spinner="Loading the models …")
def models() -> Models:
    """The shipped weights; read-only, so that every visitor may share them."""
    warm_up()  # the reading server starts while the weights load
    torch.set_num_threads(1)  # several visitors on few cores: more threads in each made all of them slower
    loaded = load_models(WEIGHTS)
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
    """One ECG through the models of men, women and both; None when models or runs are missing."""
    found, kept = runs(), visit().comparisons
    if report.beat is None or report.features is None or found is None:
        return None
    if not has_all_models(models(), report.patient.sex):
        return None
    key = (report.patient, visit().fiducials)
    if key not in kept:
        while len(kept) >= KEPT_REPORTS:
            kept.pop(next(iter(kept)))
        kept[key] = compare_models(models(), found.runs, report.beat, report.features, report.patient)
    return kept[key]


@st.cache_resource(max_entries=4, show_spinner=False)
def floor(sex: Sex) -> tuple[float, float] | None:
    """How far the table of a random network is like the true one, with its signs and without; None when not tested."""
    bundle = models().for_sex(sex)[0]
    try:
        found = read_panel(WEIGHTS / bundle.model_id, bundle)["seeds"].values["floor"]
    except BundleError:
        return None
    return float(found["table"]["typical"]), float(found["table, sign dropped"]["mean"])


def report(recording: Recording, patient: Patient, *, explain: bool = False, now: Visit | None = None) -> Report:
    """Analyse the open ECG, once per patient entry and set of borders; kept in this visitor's session only.

    `now` is the visit to work for where the session cannot be reached: a download is made outside of it.
    """
    now = now or visit()
    reports, fiducials = now.reports, now.second_fiducials if recording is now.second else now.fiducials
    key = (recording, patient, fiducials, explain)  # the recording itself: files of one digest may differ in findings
    if key not in reports:
        while len(reports) >= KEPT_REPORTS:
            reports.pop(next(iter(reports)))
        reports[key] = analyse(recording, patient, models(), explain=explain, fiducials=fiducials)
    return reports[key]
