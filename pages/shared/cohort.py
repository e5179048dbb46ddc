"""Many ECGs on one page: upload, score, filter, look at one, download, and the command that does it for an archive."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from elvmass_core.batch.rows import Row
from elvmass_core.batch.tables import csv_bytes, parquet_bytes
from elvmass_core.batch.uploads import Cohort, score_uploads
from elvmass_core.errors import ElvmassError
from elvmass_core.figures.cohort import cohort_distributions
from pages.shared import cache, render
from pages.shared.cohort_rows import cohort_counts, cohort_rows, enough_to_draw
from pages.shared.download import download
from pages.shared.frame import text, theme
from pages.shared.intake import open_files_of
from pages.shared.state import Origin
from pages.shared.waiting import turn
from pages.shared.work_queue import Work

MAX_UPLOAD_MB = 10
"""A file; the server takes no more (`server.maxUploadSize`), whatever an uploader asks for."""
_KEY = "elvmass_cohort"
_COMMAND = "python -m elvmass_core score FOLDER --patients patients.csv --out scores.parquet --workers 8"
_ANSWERS = {"flagged": "LVH flagged", "uncertain": "uncertain", "not_flagged": "not flagged", "no_result": "no result"}
_SEXES = {"F": "women", "M": "men", "unknown": "sex unknown"}


@dataclass(slots=True, kw_only=True)
class Desk:
    """What this visitor has scored, or why nothing was."""

    cohort: Cohort | None = None
    error: str = ""


def desk() -> Desk:
    """State of the page in this session only."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Desk()
    found: Desk = st.session_state[_KEY]
    return found


def cohort() -> None:
    """Upload and score; then table, figures, downloads."""
    st.markdown(text("cohort"))
    _ask()
    now = desk()
    if now.error:
        st.error(render.plain(now.error))
    if now.cohort is not None:
        _found(now.cohort)
    with st.expander("The same for an archive, on the command line"):
        st.code(_COMMAND, language="bash")
        st.markdown(text("cohort_command"))


def _ask() -> None:
    """Files, table, and what a file may leave open."""
    left, right = st.columns([3, 2])
    uploads = left.file_uploader(
        "ECGs: many files, or a zip of them",
        accept_multiple_files=True,
        max_upload_size=MAX_UPLOAD_MB,
        key="cohort_files",
        help="In any of the formats of the Estimate page. A WFDB header goes together with its data file.",
    )
    table = right.file_uploader(
        "Table of patients (optional)", max_upload_size=5, key="cohort_table", help=text("cohort_table_help")
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.selectbox("Unit where a file states none", ["—", "mV", "uV"], key="cohort_unit", width=240)
        rate = st.number_input(
            "Rate where a file states none, Hz", value=None, min_value=100, max_value=2000, key="cohort_rate", width=280
        )
        wanted = st.button("Score", type="primary", disabled=not uploads, key="cohort_score")
    if wanted:
        _score(uploads or [], table, None if unit == "—" else unit, rate)


def _score(uploads: Sequence[UploadedFile], table: UploadedFile | None, unit: str | None, rate: float | None) -> None:
    """Score what was uploaded, with a bar that says how far; others have their turn between two recordings."""
    now, loaded = desk(), cache.models()
    try:
        with turn(Work.LONG) as let_others_go:
            now.cohort, now.error = None, ""
            bar = st.progress(0.0, "Reading …")

            def show(done: int, total: int) -> None:
                bar.progress(done / total, f"{done} of {total} recordings")
                let_others_go()

            now.cohort = score_uploads(
                {upload.name: upload.getvalue() for upload in uploads},
                loaded,
                patients=None if table is None else table.getvalue(),
                unit=unit,
                fs_hz=rate,
                progress=show,
            )
            bar.empty()
    except ElvmassError as error:
        now.error = str(error)
        bar.empty()


def _found(found: Cohort) -> None:
    """Counts, filters, table, distributions and downloads."""
    for column, (label, value) in zip(st.columns(3), cohort_counts(found.rows).items(), strict=True):
        column.metric(label, value)
    for note in found.notes:
        st.caption(render.plain(note))
    rows = _filtered(found.rows)
    chosen = st.dataframe(
        cohort_rows(rows),
        hide_index=True,
        key="cohort_rows",
        on_select="rerun",
        selection_mode="single-row",
        alt="One row for each recording",
    )
    picked = chosen["selection"]["rows"]
    if picked:
        record = rows[picked[0]]["record"]
        if st.button(f"Open {record} on the Estimate page", key="cohort_open"):
            open_files_of(Origin(words="the file", title=record), dict(found.files[record]))
            st.switch_page("pages/estimate.py")
    if enough_to_draw(rows):
        render.chart(cohort_distributions(rows, theme=theme()), key="cohort_figure", alt="Mass and index by sex")
        st.caption(text("cohort_figure"))
    _downloads(rows)


def _filtered(rows: Sequence[Row]) -> list[Row]:
    """Rows of the chosen sexes and answers."""
    with st.container(horizontal=True):
        sexes = st.pills(
            "Sex", list(_SEXES), selection_mode="multi", format_func=_SEXES.__getitem__, key="cohort_sexes"
        )
        answers = st.pills(
            "Answer", list(_ANSWERS), selection_mode="multi", format_func=_ANSWERS.__getitem__, key="cohort_answers"
        )
    return [row for row in rows if (not sexes or row["sex"] in sexes) and (not answers or row["lvh"] in answers)]


def _downloads(rows: Sequence[Row]) -> None:
    with st.container(horizontal=True):
        download("Download as CSV", lambda: csv_bytes(rows), "elvmass-cohort.csv", "text/csv", key="cohort_csv")
        download(
            "Download as Parquet", lambda: parquet_bytes(rows), "elvmass-cohort.parquet",
            "application/vnd.apache.parquet", key="cohort_parquet",
        )  # fmt: skip
    st.caption("All columns: estimate, interval, measurements, criteria, findings, versions.")
