"""The virtual patient on the page, where simulator and models meet: dials → heart → ECG → estimate beside the truth."""

from elvmass_core.live.drawing import chest_views_of, heart_sections_of
from elvmass_core.live.files import csv_file, dicom_file, wfdb_zip
from elvmass_core.live.pairs import PAIRS, Pair
from elvmass_core.live.show import Shown, person, show
from elvmass_core.live.sweeps import SWEEPS, Sweep, Swept, run_sweep

__all__ = [
    "PAIRS",
    "SWEEPS",
    "Pair",
    "Shown",
    "Sweep",
    "Swept",
    "chest_views_of",
    "csv_file",
    "dicom_file",
    "heart_sections_of",
    "person",
    "run_sweep",
    "show",
    "wfdb_zip",
]
