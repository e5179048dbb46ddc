"""The parts of the Estimate page that redraw by themselves: the beat beside the card, and the tabs."""

from collections.abc import Sequence

import streamlit as st

from elvmass_core.attribution.tables import grouped
from elvmass_core.domain import Attribution, Beat, FloatArray, OtherAttribution, Patient, Recording, Report
from elvmass_core.figures import (
    LEAD_ORDERS,
    PAPER_LAYOUTS,
    Sheet,
    lay_out,
    segment_table,
    sheet_seconds,
    waterfall,
)
from elvmass_core.signal.device_beat import align_device_beat
from elvmass_core.units import LEADS
from elvmass_core.wording import percent
from pages.shared import cache, render
from pages.shared.beat_charts import beat_charts
from pages.shared.borders import borders_editor
from pages.shared.ecg_viewer import ecg_viewer
from pages.shared.frame import text, theme
from pages.shared.report_tab import report_tab
from pages.shared.second_ecg import second_tab

_TABS = ("12 leads", "Averaged beat", "Measurements and criteria", "Second ECG", "Report")


@st.fragment
def beat_panel(recording: Recording, patient: Patient) -> None:
    """The averaged beat, with saliency or plain."""
    report = cache.report(recording, patient)
    if report.beat is None:
        st.markdown("##### Averaged beat")
        st.markdown("No averaged beat could be formed; the recording itself is below.")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"##### Averaged beat {_beats_words(report.beat)}", width="content")
        wanted = report.estimate is not None and st.toggle(
            "Saliency on the beat (ST–T shaded)", value=True, key="saliency", help=text("saliency_help")
        )
    attribution = None
    if wanted:
        attribution = cache.report(recording, patient, explain=True).attribution
    beat_charts(report.beat, attribution, key="beat", show_beats=False, height=490)
    if attribution is not None:
        st.caption(f"{saliency_words(attribution, patient)} {text('saliency_caution')}")
    elif len(report.estimates) > 1:
        st.caption("Saliency needs one model: choose the sex above.")


def _beats_words(beat: Beat) -> str:
    return f":small[{beat.n_used} beats used, {beat.n_rejected} left out, {beat.rate_bpm:.0f} bpm]"


def saliency_words(attribution: Attribution, patient: Patient) -> str:
    """Shares and agreement of a map, beside what networks that learned nothing reach."""
    known = attribution.st_t_share
    share = "" if known is None else f"ST–T carries **{percent(known)}** of the saliency. "
    if attribution.agreement is None:
        return share
    floor = cache.floor(patient.sex)
    chance = (
        "" if floor is None else f" (networks with random weights: about ±{floor[0]:.2f}; without signs {floor[1]:.2f})"
    )
    return f"{share}Agreement of the members: r {attribution.agreement:.2f}{chance}."


def agreement_words(other: OtherAttribution) -> str:
    """Rank agreement of another method with integrated gradients."""
    if other.agreement is None:
        return "Its agreement with integrated gradients cannot be measured."
    return f"Rank agreement with integrated gradients: ρ {other.agreement:.2f} (1: the same order of segments)."


@st.fragment
def tabs(recording: Recording, patient: Patient) -> None:
    """Everything below the first view; only the open tab is computed."""
    report = cache.report(recording, patient)
    leads, beat, numbers, second, download = st.tabs(_TABS, on_change="rerun", key="tabs")
    if leads.open:
        with leads:
            _leads_tab(report)
    if beat.open:
        with beat:
            _beat_tab(report)
    if numbers.open:
        with numbers:
            _numbers_tab(report)
    if second.open:
        with second:
            second_tab(report)
    if download.open:
        with download:
            report_tab(report)


def _leads_tab(report: Report) -> None:
    recording = report.recording
    with st.container(horizontal=True, gap="medium"):
        layout = st.segmented_control(
            "Layout", list(PAPER_LAYOUTS), default="3x4+II", required=True, key="paper_layout"
        )
        order = st.segmented_control(
            "Order", list(LEAD_ORDERS), default="standard", required=True, key="paper_order", format_func=str.capitalize
        )
        speed = st.segmented_control("Speed, mm/s", [25, 50], default=25, required=True, key="paper_speed")
        gain = st.segmented_control("Gain, mm/mV", [5, 10, 20], default=10, required=True, key="paper_gain")
        start = _start_slider(recording, float(speed or 25))
    sheet = lay_out(
        recording,
        layout=layout or "3x4+II",
        order=order or "standard",
        speed_mm_s=float(speed or 25),
        gain_mm_mv=float(gain or 10),
        start_s=start,
        r_times_s=() if report.beat is None else report.beat.r_times_s,
    )
    ecg_viewer(sheet, key=f"paper_{recording.digest[:16]}", theme=theme(), alt=_paper_words(report, layout, sheet))
    for note in recording.notes:
        st.caption(render.plain(note))


def _paper_words(report: Report, layout: str | None, sheet: Sheet) -> str:
    """The picture of the twelve leads in words."""
    rate = "" if report.beat is None else f" Heart rate {report.beat.rate_bpm:.0f} bpm."
    missing = ", ".join(strip.lead for strip in sheet.strips if strip.missing)
    gone = f" Missing: {missing}." if missing else ""
    return f"Twelve-lead ECG on paper with a 1 mm and 5 mm grid, {layout}: {sheet.footer}.{rate}{gone}"


def _start_slider(recording: Recording, speed_mm_s: float) -> float:
    """Where the sheet begins, when the recording is longer than one sheet."""
    last = recording.duration_s - sheet_seconds(speed_mm_s)
    if last < 0.5:
        return 0.0
    return float(
        st.slider("Sheet begins at, s", 0.0, float(round(last, 1)), 0.0, 0.5, key=f"start_{speed_mm_s:.0f}", width=260)
    )


def _beat_tab(report: Report) -> None:
    if report.beat is None:
        st.markdown("No averaged beat could be formed.")
        return
    st.markdown(_used_words(report.beat))
    device_mv = _device_beat(report.beat, report.recording)
    beat_charts(report.beat, None, key="beats", show_beats=True, device_mv=device_mv, height=600)
    borders_editor(report.beat)
    if report.estimate is None:
        return
    explained = cache.report(report.recording, report.patient, explain=True)
    if explained.attribution is not None and explained.estimate is not None:
        _explanation(explained.attribution, explained)


def _device_beat(beat: Beat, recording: Recording) -> FloatArray | None:
    """The cardiograph's own beat to lay over ours, on demand, with how far the two agree."""
    if recording.device_beat is None:
        return None
    if not st.toggle("Lay the cardiograph's own median beat over it", key="device_beat"):
        return None
    aligned = align_device_beat(beat, recording.device_beat)
    if aligned is None:
        st.caption("The median beat in the file cannot be compared: leads are missing, or it is too short.")
        return None
    st.caption(render.device_beat_words(aligned))
    return aligned.signal_mv


def _used_words(beat: Beat) -> str:
    reasons = sorted({reason for reason in beat.reasons if reason})
    why = f" Left out: {render.plain('; '.join(reasons))}." if reasons else ""
    cut = "Beats cut off by the ends of the recording are neither counted nor marked."
    return f"**{beat.n_used}** beats averaged, **{beat.n_rejected}** left out.{why} {cut}"


def _explanation(attribution: Attribution, report: Report) -> None:
    estimate = report.estimate
    if estimate is None:
        return
    st.markdown("##### From the model's reference to this estimate")
    left, right = st.columns(2)
    with left:
        render.chart(waterfall(attribution, estimate, theme=theme()), key="waterfall", alt="Waterfall in grams.")
    with right:
        rows = grouped(attribution.segments_g)
        render.chart(segment_table(rows, theme=theme()), key="segments", alt="Grams by lead group and segment.")
        st.caption(text("limb_leads"))
    st.markdown(
        f"Method: {render.plain(attribution.method)}. Starts from: {render.plain(attribution.baseline)}. "
        f"{render.delta_words(attribution.delta_g)} {saliency_words(attribution, report.patient)}"
    )
    st.caption(text("saliency_caution"))
    with st.expander("The same estimate explained by two other methods"):
        _other_methods(attribution.others)


def _other_methods(others: Sequence[OtherAttribution]) -> None:
    """A table of each, and how far it ranks the segments as the first method does."""
    for column, other in zip(st.columns(max(1, len(others))), others, strict=False):
        with column:
            st.markdown(f"**{render.plain(other.method.split(' on ')[0].split(' of ')[0].capitalize())}**")
            alt = f"Grams by lead group and segment, {other.method}."
            render.chart(segment_table(other.rows_g, theme=theme()), key=f"segments_{other.method}", alt=alt)
            st.caption(f"Starts from: {render.plain(other.baseline)}. {agreement_words(other)}")
    st.caption(text("other_methods"))


def _numbers_tab(report: Report) -> None:
    if report.features is None:
        st.markdown("Nothing could be measured.")
        return
    st.markdown("##### Classical LVH criteria")
    st.table(render.criteria_rows(report.criteria, report.patient.sex), hide_index=True, alt="Classical LVH criteria")
    st.caption(text("criteria"))
    left, right = st.columns(2)
    with left:
        st.markdown("##### Intervals and axis, from the averaged beat")
        st.table(
            render.interval_rows(report.features, report.patient.sex, report.patient.age_years),
            hide_index=True,
            alt="Intervals",
        )
        st.caption(text("usual_values"))
    with right:
        st.markdown("##### Amplitudes, from the averaged beat")
        st.table(render.amplitude_rows(report.features, LEADS), hide_index=True, alt="Amplitudes")
