"""Model card: what the weights are, what they were trained on, and how to recognise them."""

import streamlit as st

from pages.shared import cache, render, weight_facts
from pages.shared.frame import begin_page, text
from pages.shared.sanity import sanity_panel
from pages.shared.weights_choice import weights_choice

begin_page("Model card")
weights_choice()
st.markdown(text("model_card"))
models = cache.models()
for problem in models.problems:
    st.error(render.plain(problem))
if not models.bundles:
    st.info("No weights available: ELVMass reads and measures ECGs, but gives no estimate.")
    st.stop()

bundles = models.bundles + models.pooled
for bundle, tab in zip(bundles, st.tabs([bundle.model_id for bundle in bundles]), strict=True):
    with tab:
        st.markdown(
            f"For **{render.sex_words(bundle.sex)}**. SHA-256 of the manifest, which holds that of the weights:"
        )
        st.code(bundle.sha256, language=None, wrap_lines=True)
        st.info(weight_facts.training_words(bundle))
        st.markdown(bundle.card)
        with st.expander("Facts from the manifest"):
            st.table(weight_facts.manifest_rows(bundle), hide_index=True, alt="Facts about the weights")
        sanity_panel(bundle)
if any(bundle.simulated for bundle in models.bundles):
    with st.expander("What the simulated patients do not contain"):
        st.markdown(text("not_simulated"))
