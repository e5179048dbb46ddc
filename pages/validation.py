"""Validation: the study on simulated patients beside what was published, and the same for a user's own cohort."""

import streamlit as st

from pages.shared import study
from pages.shared.frame import begin_page, text

begin_page("Validation")
st.markdown(text("validation"))
study.tabs(study.study_or_sentence())
