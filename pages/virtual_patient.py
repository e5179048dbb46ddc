"""Virtual patient: a heart whose mass is known, its ECG, and what the model makes of it, as sliders move."""

import streamlit as st

from pages.shared.frame import begin_page, text
from pages.shared.tour import VIRTUAL, tour_box
from pages.shared.virtual_dials import mechanisms
from pages.shared.virtual_live import live
from pages.shared.virtual_more import more
from pages.shared.weights_choice import weights_choice

begin_page("Virtual patient: what an ECG knows about LV mass")
weights_choice()
tour_box(VIRTUAL)
st.markdown(text("virtual_patient"))
live()
mechanisms()
more()
