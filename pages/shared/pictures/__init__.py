"""SVG pictures on the page, swapped in place: a slider's next picture costs the browser a few milliseconds."""

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "elvmass_pictures",
    css=(_FOLDER / "pictures.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "pictures.js").read_text(encoding="utf-8"),
)


def pictures(markup: str, *, key: str) -> None:
    """Show pictures made by `elvmass_core.figures`; each carries its own description.

    Parameters
    ----------
    markup : str
        From our own figures only: it is not sanitised.
    key : str
    """
    with st.container(key=key):
        _component(key=f"{key}_picture", data={"markup": markup})
