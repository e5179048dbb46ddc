"""The truth experiment on the Men and women page: one mechanism of a simulated patient changed, is it blamed?"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from elvmass_core.domain import Sex
from elvmass_core.figures import truth as draw
from elvmass_core.truth.report import COLUMNS, RESULT, cell, lesson, short
from elvmass_core.wording import SEX_NAMES
from pages.shared import render
from pages.shared.frame import text, theme


@st.cache_resource(max_entries=2)
def _result(path: Path) -> Mapping[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def truth_tab(folder: Path) -> None:
    """Figures first, then every experiment in a sentence and as a table."""
    st.markdown(text("truth"))
    result = _result(folder / RESULT)
    if result is None:
        st.info("The experiment has not been run: `python -m elvmass_core truth` makes it.")
        return
    st.markdown(render.plain(lesson(result)))
    for column, (score, (heading, *_)) in zip(st.columns(2, gap="medium"), draw.AXES.items(), strict=True):
        with column:
            st.markdown(f"##### {heading}")
            figure = draw.blame(result, score, theme=theme())
            render.chart(figure, key=f"truth_{score}", alt=f"{heading}: score of each method by mechanism and sex.")
    with st.expander("Every experiment in a sentence"):
        st.markdown("\n".join(short(result)))
    names = list(result["mechanisms"])
    chosen = st.segmented_control("Mechanism", names, default=names[0], required=True, key="truth_mechanism")
    name = chosen or names[0]
    st.markdown(render.plain(result["mechanisms"][name]))
    for sex, found in result["sexes"].items():
        st.table(
            _rows(SEX_NAMES[Sex(sex)], found[name]),
            hide_index=True,
            alt=f"Scores of every method, {SEX_NAMES[Sex(sex)]}",
        )


def _rows(who: str, found: Mapping[str, Any]) -> list[dict[str, str]]:
    head = f"{who.capitalize()}, n {found['n']}"
    return [
        {head: method} | {words: cell(scores, score) for score, words in COLUMNS.items()}
        for method, scores in found["methods"].items()
    ]
