"""Men and women: one ECG through the models of either, cohorts with a known answer, and one's own."""

from pages.shared import sexes
from pages.shared.frame import begin_page

begin_page("Men and women")
sexes.tabs()
