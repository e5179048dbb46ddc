"""The parts of the Men and women page: one ECG, cohorts in which the answer is known, and a user's own cohort."""

from pathlib import Path

import streamlit as st

from elvmass_core.attribution.tables import flat
from elvmass_core.domain import Report, Severity, Sex
from elvmass_core.errors import TableError
from elvmass_core.figures import BEAT_LEGEND, averaged_beat, segment_table
from elvmass_core.figures import sexes as draw
from elvmass_core.quality import scope_words
from elvmass_core.sexes.files import MAX_BYTES, Stored, read, read_bytes
from elvmass_core.sexes.one_ecg import OneEcg
from elvmass_core.units import LIMB_LEADS, PRECORDIAL_LEADS
from pages.shared import cache, render
from pages.shared.frame import text, theme
from pages.shared.intake import intake, question_or_error
from pages.shared.patient_form import patient_form
from pages.shared.sexes_cohort import QUICK, cohort_view, worlds_view
from pages.shared.sexes_rows import answer_rows, passing_words, standing
from pages.shared.state import visit
from pages.shared.truth import truth_tab

FOLDER = Path(__file__).parents[2] / "docs"
"""Of the comparison that ships."""
_TABS = ("One ECG", "Cohorts", "Do maps blame the cause?", "Your own cohort")


def tabs() -> None:
    """One tab for each question; only the open one is computed."""
    one, cohorts, truth, own = st.tabs(list(_TABS), on_change="rerun", key="sexes_tabs")
    if one.open:
        with one:
            _one_ecg_tab()
    if cohorts.open:
        with cohorts:
            _cohorts_tab()
    if truth.open:
        with truth:
            truth_tab(FOLDER)
    with own:
        _own_tab(show=bool(own.open))


# --- One ECG ----------------------------------------------------------------------------------------------------------


def _one_ecg_tab() -> None:
    st.markdown(text("sexes_one"))
    intake()
    question_or_error()
    now = visit()
    if now.recording is None:
        return
    patient = patient_form(now)
    if patient is None:
        return
    report = cache.report(now.recording, patient)
    if report.estimate is None:
        _why_not(report)
        return
    _doubts(report)
    _plain_beat(report)
    with st.spinner("Explaining the ECG by every model …"):
        found = cache.comparison(report)
    if found is None:
        st.info("The training runs or one of the models cannot be used, so this ECG cannot be compared.")
        return
    _views(found, report.patient.sex)
    _difference(found)


def _why_not(report: Report) -> None:
    """A refused ECG, or a patient whose sex is unknown."""
    if report.estimates:
        st.info("Choose a sex: the comparison needs to know which model is the patient's own and which is crossed.")
        return
    render.findings_list(report.findings, "No estimate, so nothing to compare.")


def _doubts(report: Report) -> None:
    """What the Estimate page says of this ECG holds for its comparison too."""
    outside = scope_words(report.findings)
    if outside:
        st.warning(f"**{render.plain(outside)}**")
    loud = [finding for finding in report.findings if finding.severity is not Severity.NOTE]
    if loud:
        render.findings_list(loud, heading="Read the maps with this in mind:")


def _plain_beat(report: Report) -> None:
    """The averaged beat without any colour on it: the ECG comes first."""
    if report.beat is None:
        return
    with st.expander("The averaged beat, plain", expanded=True):
        groups = {"limb": LIMB_LEADS, "precordial": PRECORDIAL_LEADS}
        for column, (group, leads) in zip(st.columns(2, gap="xsmall"), groups.items(), strict=True):
            with column:
                figure = averaged_beat(report.beat, None, leads=leads, show_beats=False, height=420, theme=theme())
                alt = f"Averaged beat of the {group} leads in mV against ms."
                render.chart(figure, key=f"sexes_beat_{group}", alt=alt)
        st.caption(BEAT_LEGEND)


def _views(found: OneEcg, sex: Sex) -> None:
    st.markdown("##### What each model answers")
    st.table(answer_rows(found, sex), hide_index=True, alt="Answers of the three models")
    st.caption(text("sexes_answers"))
    limit = max(0.1, *(float(abs(flat(view.rows_g)).max()) for view in found.views))
    for column, view in zip(st.columns(len(found.views)), found.views, strict=True):
        with column:
            st.markdown(f"**{view.name[0].upper()}{view.name[1:]}**")
            figure = segment_table(view.rows_g, limit_g=limit, theme=theme())
            alt = f"Grams by lead group and segment, {view.name}."
            render.chart(figure, key=f"sexes_{view.name}", alt=alt)
    st.caption(f"One colour scale for all three. {text('limb_leads')}")


def _difference(found: OneEcg) -> None:
    st.markdown("##### Where they differ by more than two trainings do", help=text("sexes_words"))
    st.markdown(passing_words(found.effect.q, found.effect.p_max_t, len(found.cells)))
    marks = standing(found.effect.q, found.effect.p_max_t)
    figure = draw.effect_map(found.effect.difference, marks, found.cells, unit="g", theme=theme())
    render.chart(figure, key="sexes_difference", alt="Difference of the maps, men's runs less women's, in grams.")
    st.caption(draw.EFFECT_LEGEND)
    st.caption(text("sexes_caution"))
    st.caption(text("saliency_caution"))


# --- Cohorts ----------------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=2, show_spinner="Reading the comparison …")
def _stored(folder: Path) -> Stored:
    return read(folder)


def _cohorts_tab() -> None:
    try:
        stored = _stored(FOLDER)
    except TableError as error:
        st.info(str(error))
        return
    worlds_view(stored)


# --- Own cohort -------------------------------------------------------------------------------------------------------


def _own_tab(*, show: bool) -> None:
    """The uploader stands here also while another tab is open, so that the files are not lost."""
    st.markdown(text("sexes_own"))
    uploads = st.file_uploader(
        "sexes.json and sexes.npz",
        type=None,  # judged by content
        accept_multiple_files=True,
        max_upload_size=MAX_BYTES // 1_000_000,
        key="sexes_files",
        help="What the command wrote. Nothing is kept on disk.",
    )
    if not show or not uploads:
        return
    contents = [upload.getvalue() for upload in uploads]
    results = [content for content in contents if content.lstrip()[:1] == b"{"]
    arrays = [content for content in contents if content[:2] == b"PK"]
    if len(results) != 1 or len(arrays) != 1:
        st.info("Give both files that the command wrote: sexes.json and sexes.npz.")
        return
    try:
        stored = read_bytes(results[0], arrays[0])
    except TableError as error:
        st.error(str(error))
        return
    if stored.document.get("quick"):
        st.error(f"**{QUICK}**")
    names = list(stored.document["worlds"])
    name = st.selectbox("Cohort", names, key="own_cohort") if len(names) > 1 else names[0]
    cohort_view(stored, str(name), key="own")
