"""Estimate: one ECG and four facts about a person in; LV mass, its doubts and its reasons out."""

import streamlit as st

from pages.shared import cache, panels, render
from pages.shared.frame import begin_page, text, theme
from pages.shared.gallery import gallery
from pages.shared.intake import intake, open_example, question_or_error
from pages.shared.patient_form import patient_form
from pages.shared.state import visit
from pages.shared.tour import ESTIMATE, tour_box, tour_start
from pages.shared.weights_choice import weights_choice

begin_page("Estimate LV mass from a 12-lead ECG")
weights_choice()
tour_box(ESTIMATE)
intake()
question_or_error()
now = visit()
if now.recording is None:
    if now.question is None:
        st.markdown(text("welcome"))
        tour_start()
        gallery(open_example)
    st.stop()

patient = patient_form(now)
if patient is None:
    st.stop()

report = cache.report(now.recording, patient)
card, beat = st.columns([2, 3], gap="medium")
with card:
    render.result_card(report, now.origin.truth_g, theme())
with beat:
    panels.beat_panel(now.recording, patient)
if not now.weights:
    st.info(text("not_simulated"))
checks, words = st.columns(2)
with checks.expander("What no check looks at"):
    render.not_checked()
with words.expander("The words on this page"):
    st.markdown(text("glossary"))
panels.tabs(now.recording, patient)
