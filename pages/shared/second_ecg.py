"""A second ECG of the same patient beside the first, with how far the estimate moves when nothing in the heart does."""

import streamlit as st

from elvmass_core.domain import Report
from elvmass_core.errors import BundleError, RateNeededError, RecordingError, UnitNeededError
from elvmass_core.followup import Change, Repeatability, compare_recordings, read_repeatability
from elvmass_core.io.sandbox import open_safely
from pages.shared import cache, render
from pages.shared.beat_charts import beat_charts
from pages.shared.frame import text
from pages.shared.state import visit


def second_tab(report: Report) -> None:
    """Uploader, and both answers side by side."""
    now = visit()
    st.markdown(text("second_ecg"))
    st.file_uploader(
        "Upload a second ECG of the same patient",
        type=None,
        accept_multiple_files=True,
        key=_key(),
        on_change=_take,
        help="In any of the formats of the first. The entries of the form above are used for both.",
    )
    if now.second_error:
        st.error(render.plain(now.second_error))
    if now.second is None:
        return
    other = cache.report(now.second, report.patient)
    change = compare_recordings(report, other, _repeatability(report))
    _verdict(change)
    for column, name, one in zip(st.columns(2, gap="large"), ("First ECG", "Second ECG"), (report, other), strict=True):
        with column:
            render.compared(name, one)
            if one.beat is not None:
                beat_charts(one.beat, None, key=f"beat_{name.split()[0].lower()}", show_beats=False, height=360)


def _key() -> str:
    """Key of the uploader: the files of the former first ECG are not those of this one."""
    return f"second_files_{visit().number}"


def _take() -> None:
    """Read what was uploaded."""
    now = visit()
    uploads = st.session_state.get(_key()) or []
    now.second, now.second_error = None, ""
    if not uploads:
        return
    try:
        now.second = open_safely({upload.name: upload.getvalue() for upload in uploads}).recording
    except (UnitNeededError, RateNeededError):
        now.second_error = (
            "The file does not state its unit or its sampling rate: open it by itself, answer the question, save the "
            "analysis as JSON, and give that file here."
        )
    except RecordingError as error:
        now.second_error = str(error)


def _repeatability(report: Report) -> Repeatability | None:
    """How far placing the electrodes anew moves the estimate; None when it was not measured with these weights."""
    bundles = cache.models().for_sex(report.patient.sex)
    try:
        return read_repeatability(bundles[0]) if len(bundles) == 1 else None
    except BundleError:
        return None


def _verdict(change: Change) -> None:
    """The sentence, what weakens it, and that nobody has tested it."""
    with st.container(border=True, key="second_verdict"):
        st.markdown(f"**{render.plain(change.sentence)}**")
        render.findings_list(change.findings, heading="About this comparison")
