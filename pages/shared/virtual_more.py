"""Below the live part: one dial through its range, two patients side by side, and the ECG as files."""

from collections.abc import Callable

import streamlit as st

from elvmass_core.figures.sweep import sweep_curve, swept_beats, two_beats
from elvmass_core.live import (
    PAIRS,
    SWEEPS,
    Pair,
    Shown,
    csv_file,
    dicom_file,
    run_sweep,
    show,
    wfdb_zip,
)
from elvmass_core.units import LIMB_LEADS, PRECORDIAL_LEADS
from pages.shared import cache, render
from pages.shared.download import download
from pages.shared.frame import text, theme
from pages.shared.pictures import pictures
from pages.shared.virtual_dials import standing_words
from pages.shared.virtual_live import anatomy
from pages.shared.virtual_state import Desk, desk, shown

_RUNNING = "Simulating …"
_TABS = ("Sweep one dial", "Two patients", "Save")


def more() -> None:
    """Three tabs; nothing in them is computed before it is asked for."""
    for tab, fill in zip(st.tabs(_TABS), (_sweeps, _pairs, _files), strict=True):
        with tab:
            fill()


@st.fragment
def _sweeps() -> None:
    now = desk()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox(
            "Turn", list(SWEEPS), format_func=lambda key: SWEEPS[key].words, key="sweep_name", width=340
        )
        asked = st.button("Draw the curve", key="sweep_run", type="primary")
    if asked:
        _sweep(now, name)
    if now.swept is None or now.swept_from is None:
        st.caption("Everything else stays as it is dialled above.")
        return
    swept = now.swept
    st.caption(f"{swept.sweep.words}, all else as in: {standing_words(now.swept_from)}.")
    curve, beats = st.columns(2, gap="medium")
    with curve:
        figure = sweep_curve(
            swept.values,
            swept.truth_g,
            swept.estimate_g,
            (swept.low_g, swept.high_g),
            swept.body_only_g,
            axis=swept.sweep.axis,
            theme=theme(),
        )
        render.chart(figure, key="virtual_sweep", alt=f"{swept.sweep.words}: true mass and estimate in grams.")
    with beats:
        figure = swept_beats(swept.values, swept.beats_mv, axis=swept.sweep.axis, theme=theme())
        render.chart(figure, key="virtual_swept_beats", alt="Averaged beats over the sweep, from pale to dark.")
        st.caption("The averaged beat at each point of the curve, from pale (first) to dark (last).")


def _sweep(now: Desk, name: str) -> None:
    """Run a sweep from where the dials stand, with a bar."""
    bar = st.progress(0.0, text=_RUNNING)

    def advance(done: int, of: int) -> None:
        bar.progress(done / of, text=_RUNNING)

    now.swept, now.swept_from = run_sweep(SWEEPS[name], now.dials, cache.models(), advance), now.dials
    bar.empty()


@st.fragment
def _pairs() -> None:
    now = desk()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.selectbox(
            "Compare", list(PAIRS), format_func=lambda key: PAIRS[key].words, key="pair_name", width=400
        )
        if st.button("Show both", key="pair_run", type="primary"):
            now.pair_from = now.dials
    if now.pair_from is None:
        st.caption("Both start from the patient dialled above.")
        return
    _pair(now, PAIRS[name])


def _pair(now: Desk, pair: Pair) -> None:
    if now.pair_from is None:
        return
    both = [shown(now, make(now.pair_from)) for make in (pair.left, pair.right)]
    found = [one for one in both if one is not None]
    if len(found) < 2:
        return
    st.markdown(pair.same)
    for column, key, name, one in zip(
        st.columns(2, gap="large"), ("pair_left", "pair_right"), pair.names, found, strict=True
    ):
        with column:
            _answer(name, one, key)
    first, second = (one.report.beat for one in found)
    if first is None or second is None:
        return
    for column, (group, leads) in zip(
        st.columns(2, gap="xsmall"), {"limb": LIMB_LEADS, "precordial": PRECORDIAL_LEADS}.items(), strict=True
    ):
        with column:
            figure = two_beats(first, second, pair.names, leads=leads, theme=theme())
            render.chart(figure, key=f"virtual_pair_{group}", alt=f"Averaged beats of both, {group} leads.")
    st.caption(f"Solid: {pair.names[0]}. Dashed: {pair.names[1]}. Borders are those of the first.")


def _answer(name: str, one: Shown, key: str) -> None:
    """One of two patients."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"##### {name}")
        estimate = one.report.estimate
        true, guessed = st.columns(2)
        with true.container(gap=None):
            st.metric("True LV mass", render.grams(one.truth_g))
            st.markdown(render.true_index_words(one.true_index_g_m2, estimate))
        with guessed.container(gap=None):
            if estimate is None:
                st.metric("Estimate", "—")
            else:
                st.metric("Estimate", render.grams(estimate.lvm_g))
                st.markdown(render.interval_words(estimate))
        if estimate is not None:
            st.markdown(
                f"Body size alone: **{render.grams(estimate.demographics_only_g)}** · {render.lvh_badge(estimate.lvh)}"
            )
        render.criteria_line(one.report.criteria)
        pictures(anatomy(one), key=f"virtual_{key}")


@st.fragment
def _files() -> None:
    now = desk()
    kinds = (
        ("WFDB (zip)", wfdb_zip, "zip", "application/zip"),
        ("CSV", csv_file, "csv", "text/csv"),
        ("DICOM", dicom_file, "dcm", "application/dicom"),
    )
    with st.container(horizontal=True, gap="small"):
        for words, write, suffix, mime in kinds:
            download(
                f"Save as {words}", _writer(now, write), f"virtual-patient.{suffix}", mime, key=f"virtual_{suffix}"
            )
    st.caption(text("virtual_files"))


def _writer(now: Desk, write: Callable[[Shown], bytes]) -> Callable[[], bytes]:
    """What makes a file when its button is pressed."""
    return lambda: write(_present(now))


def _present(now: Desk) -> Shown:
    """The patient as dialled at the moment of the click, outside of any page run."""
    return now.kept[now.dials] if now.dials in now.kept else show(now.dials, cache.models())
