"""Which set of weights answers: asked only where there is more than the shipped one."""

import streamlit as st

from elvmass_core.models.bundle import SHIPPED, weight_sets
from pages.shared import cache
from pages.shared.state import visit
from pages.shared.virtual_state import forget_answers


def weights_choice() -> None:
    """A field for the set of weights, on every page whose numbers depend on it."""
    names = list(weight_sets(cache.WEIGHTS))
    if len(names) == 1:
        return
    now = visit()
    chosen = st.selectbox(
        "Weights",
        names,
        index=names.index(now.weights) if now.weights in names else 0,
        help="The shipped weights learned from simulated patients; the others were made here by `train` from a table.",
        width=280,
    )
    wanted = "" if chosen == SHIPPED else chosen
    if wanted != now.weights:
        now.weights = wanted
        now.reports.clear()
        now.comparisons.clear()
        forget_answers()
        st.rerun()
