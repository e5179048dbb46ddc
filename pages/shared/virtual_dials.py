"""The sliders of the Virtual patient page."""

from dataclasses import fields

import streamlit as st

from elvmass_core.domain import Sex
from elvmass_core.virtual.dial import BLOCKS, DIALS, TYPICAL, Dial, Dials
from pages.shared.virtual_state import desk

_WIDTH_PX = 160
"""Two sliders beside each other, on a phone too."""
_SEX_WORDS = {Sex.MALE: "Man", Sex.FEMALE: "Woman"}
_TURNED = ("sex", "conduction", *(dial.name for dial in DIALS))


def dial_board() -> Dials:
    """Draw all dials, grouped, and return where they stand."""
    now = desk()
    for name in _TURNED:  # what another page made Streamlit forget
        st.session_state.setdefault(_key(name), getattr(now.dials, name))
    with st.container(key="dials", gap="small"):
        with st.container(horizontal=True, gap="xsmall"):
            for sex, words in _SEX_WORDS.items():
                st.button(f"Reset: typical {words.lower()}", on_click=_reset, args=(sex,), key=f"reset_{sex.value}")
        _group("Heart", "heart")
        _group("Person", "person")
        _group("Electrodes", "electrodes")
    turned = {name: st.session_state[_key(name)] for name in _TURNED}
    kept = {one.name: getattr(now.dials, one.name) for one in fields(Dials) if one.name not in turned}
    now.dials = Dials(**kept | turned)
    return now.dials


def _key(name: str) -> str:
    return f"dial_{name}"


def _group(words: str, group: str) -> None:
    st.markdown(f"**{words}**")
    with st.container(horizontal=True, gap="small", key=f"dials_{group}"):
        if group == "person":
            _sex()
        for dial in DIALS:
            if dial.group == group:
                _slider(dial)
        if group == "heart":
            _conduction()


def _slider(dial: Dial) -> None:
    kind = type(getattr(TYPICAL[Sex.MALE], dial.name))
    st.slider(
        f"{dial.words}, {dial.unit}" if dial.unit else dial.words,
        min_value=kind(dial.low),
        max_value=kind(dial.high),
        step=kind(dial.step),
        format="%d" if kind is int else "%.1f",
        key=_key(dial.name),
        width=_WIDTH_PX,
    )


def _sex() -> None:
    st.segmented_control(
        "Sex",
        list(_SEX_WORDS),
        format_func=_SEX_WORDS.__getitem__,
        key=_key("sex"),
        required=True,
        width=_WIDTH_PX,
    )


def _conduction() -> None:
    st.selectbox(
        "Conduction",
        list(BLOCKS),
        format_func=lambda name: BLOCKS[name][1].capitalize(),
        key=_key("conduction"),
        width=2 * _WIDTH_PX,
    )


def mechanisms() -> None:
    """What each dial does; apart from the dials, as a help sign on each would have to be redrawn with every move."""
    lines = [
        "- **Sex**: chest, lie of the heart, strength of its sources and repolarisation of a man or a woman, and the "
        "model that answers. The size of the heart stays.",
        "- **Conduction**: which bundle branch or fascicle conducts. It adds no muscle.",
        *(f"- **{dial.words}**: {dial.mechanism}" for dial in DIALS),
    ]
    with st.expander("What each slider does"):
        st.markdown("\n".join(lines))


def _reset(sex: Sex) -> None:
    """Everything as in the typical man or woman, and the trace begins anew."""
    for name in _TURNED:
        st.session_state[_key(name)] = getattr(TYPICAL[sex], name)
    now = desk()
    now.dials, now.swept, now.pair_from = TYPICAL[sex], None, None
    now.answers.clear()


def standing_words(dials: Dials) -> str:
    """Where the dials stand, in a line."""
    who = _SEX_WORDS[dials.sex].lower()
    return (
        f"{who}, {dials.age_years} years, {dials.height_cm} cm, {dials.weight_kg} kg; walls {dials.septum_mm:g} and "
        f"{dials.free_wall_mm:g} mm around {dials.cavity_ml} mL"
    )
