"""The borders of the averaged beat as numbers that can be corrected."""

import streamlit as st

from elvmass_core.domain import BEAT_FIRST_MS, BEAT_LAST_MS, FIDUCIAL_NAMES, Beat, Fiducials
from elvmass_core.errors import FiducialError
from elvmass_core.signal import with_fiducials
from elvmass_core.signal.corrected import WORDS
from pages.shared import render
from pages.shared.fields import clearable_number
from pages.shared.state import visit


def borders_editor(beat: Beat) -> None:
    """Seven numbers in ms from R; measurements, segments and estimate follow them when they are taken over."""
    now = visit()
    by_hand = " — set by hand" if now.fiducials is not None else ""
    with st.expander(f"Borders of the beat in ms from R{by_hand}"), st.form("borders", border=False):
        st.markdown(
            "Negative: before R. Leave empty what is not there. The averaged beat itself stays; durations, amplitudes, "
            "criteria, segments and what the models take from them are computed again."
        )
        values = {name: _number(column, name, beat) for name, column in _columns()}
        with st.container(horizontal=True):
            taken = st.form_submit_button("Recompute with these borders", key="borders_take")
            found = st.form_submit_button("Back to those found", disabled=now.fiducials is None, key="borders_back")
        if taken:
            _take(beat, Fiducials(**values))
        if found:
            _set(None)


def _columns() -> list[tuple[str, object]]:
    return list(zip(FIDUCIAL_NAMES, st.columns(len(FIDUCIAL_NAMES)), strict=True))


def _number(column: object, name: str, beat: Beat) -> float | None:
    now = visit()
    with column:  # type: ignore[attr-defined]
        return clearable_number(
            WORDS[name],
            getattr(beat.fiducials, name),
            min_value=BEAT_FIRST_MS,
            max_value=BEAT_LAST_MS,
            step=2.0,
            format="%.0f",
            placeholder="absent",
            key=f"border_{name}_{now.number}_{now.border_changes}",
        )


def _take(beat: Beat, fiducials: Fiducials) -> None:
    """Take over what was typed, unless it is impossible or what stands already."""
    if fiducials == beat.fiducials:
        return
    try:
        with_fiducials(beat, fiducials)
    except FiducialError as error:
        st.error(render.plain(str(error)))
        return
    _set(fiducials)


def _set(fiducials: Fiducials | None) -> None:
    """New borders, new fields, and the whole page anew: the result card stands outside this panel."""
    now = visit()
    now.fiducials, now.border_changes = fiducials, now.border_changes + 1
    st.rerun()
