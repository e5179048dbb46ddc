"""Cohort: many ECGs and a table of patients in, one row for each out."""

from pages.shared.cohort import cohort
from pages.shared.frame import begin_page
from pages.shared.weights_choice import weights_choice

begin_page("Cohort: many ECGs at once")
weights_choice()
cohort()
