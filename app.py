"""Start of the app: which screens there are. ``streamlit run app.py``."""

import streamlit as st

st.navigation(
    [
        st.Page("pages/estimate.py", title="Estimate", default=True),
        st.Page("pages/sexes.py", title="Men and women"),
        st.Page("pages/cohort.py", title="Cohort"),
        st.Page("pages/virtual_patient.py", title="Virtual patient"),
        st.Page("pages/validation.py", title="Validation"),
        st.Page("pages/model_card.py", title="Model card"),
    ],
    position="top",
).run()
