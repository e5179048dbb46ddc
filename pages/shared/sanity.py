"""The sanity panel on the Model card page: what each test asks and found, then its figures."""

import streamlit as st

from elvmass_core.errors import BundleError
from elvmass_core.figures import sanity as draw
from elvmass_core.models.bundle import Bundle
from elvmass_core.sanity.consistency import PUBLISHED_R, PUBLISHED_SOURCE
from elvmass_core.sanity.panel import Panel, read_panel
from elvmass_core.sanity.shown import cascade_curves, consistency_dots, exchange_curves
from pages.shared import cache
from pages.shared.frame import text, theme
from pages.shared.study_figures import chart

BADGES = {
    "good": ":green-badge[✓ Good]",
    "mixed": ":orange-badge[○ Mixed]",
    "bad": ":red-badge[✗ Bad]",
}


def sanity_panel(bundle: Bundle) -> None:
    """The tests of one bundle's explanations, or why there are none."""
    st.subheader("Can its explanations be trusted?", anchor=False)
    try:
        panel = read_panel(cache.weights_folder() / bundle.model_id, bundle)
    except BundleError as error:
        st.info(str(error))
        return
    if panel.quick:
        st.error("**Quick run: few patients, one epoch. The figures say nothing; only the path is checked.**")
    st.markdown(text("sanity").format(n=panel.facts["cases"]))
    for test in panel.tests:
        st.markdown(f"{BADGES[test.verdict]} **{test.title}** {test.sentence}", help=test.criterion)
    with st.expander("Figures of these tests"):
        _figures(panel)


def _figures(panel: Panel) -> None:
    model = panel.model_id
    st.markdown("##### The network's layers made random, one after the other")
    stages, curves = cascade_curves(panel)
    chart(draw.cascade(stages, curves, theme=theme()), key=f"cascade_{model}", alt="Likeness to the true map.")
    st.markdown("##### Would other patients, or another random start, have given the same?")
    labels, series = consistency_dots(panel)
    figure = draw.consistency(labels, series, PUBLISHED_R, theme=theme())
    chart(figure, key=f"consistency_{model}", alt="Likeness of the maps of retrained networks.")
    st.caption(f"Grey band: {PUBLISHED_R[0]}–{PUBLISHED_R[1]}, published for another model: {PUBLISHED_SOURCE}.")
    st.markdown("##### Cells of the table exchanged between the patient's beat and the reference beat")
    for column, (kind, what) in zip(st.columns(2), EXCHANGES.items(), strict=True):
        with column:
            share, curves = exchange_curves(panel, kind)
            figure = draw.exchange_curves(share, curves, what=what, theme=theme())
            chart(figure, key=f"{kind}_{model}", alt=f"Way of the estimate as cells are {what}.")


EXCHANGES = {"insertion": "put into the reference beat", "deletion": "taken out of the patient's beat"}
