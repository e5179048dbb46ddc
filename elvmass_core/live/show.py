"""What the dials show: simulate, record, analyse. The path is that of an upload, with no shortcut.

A recording of 10 s is made and goes through `pipeline.analyse`, so that the numbers beside the sliders are those that
the Estimate page gives for the saved file. Beats and noise come from one stream: nothing moves but what was turned.
"""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import DeviceFilters, Patient, Recording, Report
from elvmass_core.models.bundle import Models
from elvmass_core.pipeline import analyse
from elvmass_core.virtual import SimulatedBeat, VirtualPatient, simulate_beat, simulate_recording
from elvmass_core.virtual.dial import Dials, virtual_patient
from elvmass_core.virtual.recording import RECORDING_FS_HZ

SEED = 4201
"""Of heartbeats and noise."""
FORMAT = "virtual patient (simulated)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """A virtual patient and everything said of the ECG."""

    dials: Dials
    patient: VirtualPatient
    beat: SimulatedBeat
    report: Report

    @property
    def truth_g(self) -> float:
        """LV mass by construction: wall volume × density."""
        return self.patient.lvm_true_g

    @property
    def true_index_g_m2(self) -> float:
        """True mass over body surface area (DuBois)."""
        return self.truth_g / self.patient.bsa_m2


def show(dials: Dials, models: Models) -> Shown:
    """Simulate the patient that the dials describe and analyse the ECG.

    Parameters
    ----------
    dials : Dials
    models : Models

    Returns
    -------
    Shown
        The same for the same dials.

    Raises
    ------
    CohortError
        No heart meets the walls and volumes.
    """
    patient = virtual_patient(dials)
    beat = simulate_beat(patient)
    recording = record(patient, beat)
    return Shown(dials=dials, patient=patient, beat=beat, report=analyse(recording, person(dials), models))


def record(patient: VirtualPatient, beat: SimulatedBeat) -> Recording:
    """Ten seconds of this patient."""
    signal = simulate_recording(patient, np.random.default_rng(SEED), beat=beat)
    recorder = patient.recorder
    band = DeviceFilters(highpass_hz=recorder.high_pass_hz, lowpass_hz=recorder.low_pass_hz, notch_hz=0.0)
    return Recording(signal_mv=signal, fs_hz=RECORDING_FS_HZ, format=FORMAT, filters=band)


def person(dials: Dials) -> Patient:
    """What a form would say of the patient."""
    return Patient(
        sex=dials.sex, age_years=dials.age_years, height_cm=dials.height_cm, weight_kg=dials.weight_kg
    )  # fmt: skip
