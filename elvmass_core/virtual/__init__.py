"""The virtual cohort: simulated patients whose LV mass is known, and their 12-lead ECGs.

    sample_patient → VirtualPatient → simulate_beat → SimulatedBeat → simulate_recording → (12, 5000) mV

`simulate_cohort` does that for many and writes them to a folder. LV mass reaches the ECG only through the physics
(geometry of the wall) and through the couplings listed in `presets.Couplings`.
"""

from elvmass_core.virtual.beat import SimulatedBeat, simulate_beat
from elvmass_core.virtual.cohort import simulate_cohort
from elvmass_core.virtual.patient import VirtualPatient
from elvmass_core.virtual.presets import COHORT_VERSION, PRESETS, CohortPreset
from elvmass_core.virtual.recording import simulate_recording
from elvmass_core.virtual.sampling import sample_patient

__all__ = [
    "COHORT_VERSION",
    "PRESETS",
    "CohortPreset",
    "SimulatedBeat",
    "VirtualPatient",
    "sample_patient",
    "simulate_beat",
    "simulate_cohort",
    "simulate_recording",
]
