"""What follows the dials: grams beside the truth, heart and chest, beat, paper, and where the dials have been."""

import streamlit as st

from elvmass_core.domain import Report
from elvmass_core.figures import lay_out
from elvmass_core.figures.heart import chest_views, heart_sections
from elvmass_core.figures.live import live_beat, true_against_estimated
from elvmass_core.live import Shown, chest_views_of, heart_sections_of, person
from elvmass_core.virtual.dial import NO_BLOCK, Dials
from pages.shared import cache, render
from pages.shared.ecg_viewer import ecg_viewer
from pages.shared.frame import text, theme
from pages.shared.intake import open_recording
from pages.shared.pictures import pictures
from pages.shared.state import Origin
from pages.shared.virtual_dials import dial_board, standing_words
from pages.shared.virtual_state import Desk, desk, note, shown
from pages.shared.waiting import turn
from pages.shared.work_queue import Work


@st.fragment
def live() -> None:
    """Dials on the left, what they do in the middle, what the model makes of it on the right."""
    left, middle, right = st.columns([5, 9, 5], gap="medium")
    with left:
        dials = dial_board()
    now = desk()
    with right:
        one = _turned(now, dials)
        if one is None:
            return
        note(now, one)
        _card(one)
    with middle:
        pictures(anatomy(one) + _beat(one), key="virtual_pictures")
        st.caption(text("virtual_pictures") if one.report.beat is not None else "No averaged beat could be formed.")
    with right:
        trace = true_against_estimated(now.answers, theme=theme())
        pictures(trace + render.criteria_html(one.report.criteria), key="virtual_trace")
    _paper(one.report)


def _turned(now: Desk, dials: Dials) -> Shown | None:
    """Simulate and analyse in turn with all visitors; a dial turned back answers at once."""
    if dials in now.kept:
        return shown(now, dials)
    cache.models()  # loaded before: nobody waits for that in the line
    with turn(Work.SHORT):
        return shown(now, dials)


def _card(one: Shown) -> None:
    """True mass and estimate side by side."""
    estimate = one.report.estimate
    with st.container(border=True, key="virtual_card", gap="xsmall"):
        true, guessed = st.columns(2)
        with true.container(gap=None):
            st.metric("True LV mass", render.grams(one.truth_g), help="Volume of the wall × 1.05 g/mL.")
            st.markdown(render.true_index_words(one.true_index_g_m2, estimate))
        with guessed.container(gap=None):
            if estimate is None:
                st.metric("Estimate", "—")
            else:
                st.metric("Estimate", render.grams(estimate.lvm_g), help="From the ECG and the body, as on Estimate.")
                st.markdown(render.interval_words(estimate))
        if estimate is not None:
            st.markdown(
                f"Body size alone: **{render.grams(estimate.demographics_only_g)}** · {render.lvh_badge(estimate.lvh)}"
            )
        if one.report.findings:
            render.findings_list(one.report.findings, heading="Checks of the ECG")
        if one.dials.conduction != NO_BLOCK:
            st.caption(text("virtual_blocks"))
        if st.button("Analyse this ECG", type="primary", key="virtual_analyse", width="stretch"):
            _analyse(one)


def _analyse(one: Shown) -> None:
    """The 10 s behind the picture, on the Estimate page."""
    origin = Origin(
        words="the virtual patient",
        title="Virtual patient",
        what_to_see=f"{standing_words(one.dials)}. Simulated: the true mass is known.",
        patient=person(one.dials),
        truth_g=one.truth_g,
    )
    open_recording(origin, one.report.recording)
    st.switch_page("pages/estimate.py")


def anatomy(one: Shown) -> str:
    """Heart and chest as they are simulated."""
    short, long = heart_sections_of(one.patient, one.beat)
    heart = heart_sections(
        short, long, septum_mm=one.dials.septum_mm, free_wall_mm=one.dials.free_wall_mm, theme=theme()
    )
    return heart + chest_views(*chest_views_of(one.patient, one.beat), theme=theme())


def _beat(one: Shown) -> str:
    return "" if one.report.beat is None else live_beat(one.report.beat, theme=theme())


def _paper(report: Report) -> None:
    """Ten seconds on paper."""
    times = () if report.beat is None else report.beat.r_times_s
    sheet = lay_out(
        report.recording,
        layout="3x4+II",
        order="standard",
        speed_mm_s=25.0,
        gain_mm_mv=10.0,
        start_s=0.0,
        r_times_s=times,
    )
    words = f"Twelve-lead ECG of the virtual patient: {sheet.footer}."
    ecg_viewer(sheet, key="virtual_paper", theme=theme(), alt=words)
