"""A second ECG of the same patient beside the first, with how far the estimate moves when nothing in the heart does."""

from collections.abc import Mapping

import streamlit as st

from elvmass_core.domain import Report
from elvmass_core.errors import BundleError, RateNeededError, RecordingError, UnitNeededError
from elvmass_core.followup import Change, Repeatability, compare_recordings, read_repeatability
from elvmass_core.io.sandbox import open_safely
from elvmass_core.io.saved import Opened
from pages.shared import cache, render
from pages.shared.beat_charts import beat_charts
from pages.shared.frame import text
from pages.shared.intake import to_try
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
    st.button("Take the second ECG away", on_click=_drop, key="second_drop")
    other = cache.report(now.second, report.patient)
    change = compare_recordings(report, other, _repeatability(report))
    _verdict(change)
    beats = [one.beat for one in (report, other) if one.beat is not None]
    for column, name, one in zip(st.columns(2, gap="large"), ("First ECG", "Second ECG"), (report, other), strict=True):
        with column:
            render.compared(name, one)
            if one.beat is not None:
                key = f"beat_{name.split()[0].lower()}"
                beat_charts(one.beat, None, key=key, show_beats=False, height=360, scaled_to=beats)
    st.caption("Both beats are drawn on one amplitude scale, limb and precordial leads each on their own.")


def _key() -> str:
    """Key of the uploader: the files of the former first ECG, or of the former second one, are not those of this."""
    now = visit()
    return f"second_files_{now.number}" + (f"_{now.second_changes}" if now.second_changes else "")


def _drop() -> None:
    """No second ECG, and an empty uploader."""
    now = visit()
    now.second, now.second_fiducials, now.second_error = None, None, ""
    now.second_changes += 1


def _take() -> None:
    """Read what was uploaded."""
    now = visit()
    uploads = st.session_state.get(_key()) or []
    now.second, now.second_fiducials, now.second_error = None, None, ""
    for files in to_try(uploads, now.second_tried) if uploads else ():
        opened, now.second_error = _read(files)
        if opened is not None:
            now.second, now.second_fiducials = opened.recording, opened.fiducials
            now.second_changes, now.second_tried = now.second_changes + 1, frozenset()
            return
    now.second_tried = frozenset(upload.file_id for upload in uploads)


def _read(files: Mapping[str, bytes]) -> tuple[Opened | None, str]:
    """What was opened, or the sentence why nothing was."""
    try:
        return open_safely(files), ""
    except (UnitNeededError, RateNeededError):
        return None, (
            "The file does not state its unit or its sampling rate: open it by itself, answer the question, save the "
            "analysis as JSON, and give that file here."
        )
    except RecordingError as error:
        return None, str(error)


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
