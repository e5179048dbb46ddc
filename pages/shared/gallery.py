"""The examples as cards with a line each on what to see, for the page that has no ECG yet."""

from collections.abc import Callable

import streamlit as st

from pages.shared import render
from pages.shared.examples import Example, examples

_COLUMNS = 3


def gallery(open_example: Callable[[Example], None]) -> None:
    """Cards in rows; a button on each opens its example."""
    st.markdown("##### Examples")
    found = list(examples().values())
    for start in range(0, len(found), _COLUMNS):
        for column, example in zip(st.columns(_COLUMNS), found[start : start + _COLUMNS], strict=False):
            with column:
                _card(example, open_example)


def _card(example: Example, open_example: Callable[[Example], None]) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{render.plain(example.origin.title)}**")
        st.markdown(render.plain(example.origin.what_to_see))
        st.button("Open", key=f"open_{example.id}", on_click=open_example, args=(example,), help=example.origin.title)
