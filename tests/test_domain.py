"""The frozen types refuse what would become a silent wrong answer."""

import dataclasses

import numpy as np
import pytest

from elvmass_core.domain import Estimate, Fiducials, Finding, Lvh, Patient, Recording, Report, Severity, Sex
from elvmass_core.errors import PatientError
from elvmass_core.segments import beat_times_ms, segment_masks
from elvmass_core.units import body_surface_area_m2, standard_lead, standard_unit
from tests import synthetic


def test_arrays_are_copied_and_read_only():
    source = np.zeros((12, 5000))
    recording = Recording(signal_mv=source, fs_hz=500.0, format="test")
    source[0, 0] = 9.0
    assert recording.signal_mv[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        recording.signal_mv[0, 0] = 1.0


def test_a_recording_has_twelve_leads_and_a_positive_rate():
    with pytest.raises(ValueError, match="shape"):
        Recording(signal_mv=np.zeros((8, 5000)), fs_hz=500.0, format="test")
    with pytest.raises(ValueError, match="fs_hz"):
        Recording(signal_mv=np.zeros((12, 5000)), fs_hz=0.0, format="test")


def test_the_digest_follows_the_signal_and_nothing_else():
    recording = synthetic.recording()
    assert recording.digest == dataclasses.replace(recording, format="another", notes=("note",)).digest
    moved = recording.signal_mv + np.eye(12, recording.n_samples) * 1e-3
    assert recording.digest != dataclasses.replace(recording, signal_mv=moved).digest
    assert recording.digest != dataclasses.replace(recording, fs_hz=499.0).digest


@pytest.mark.parametrize(
    "field, value", [("age_years", -1.0), ("age_years", float("nan")), ("height_cm", 1.75), ("weight_kg", 0.0)]
)
def test_an_impossible_patient_is_refused_with_the_field_and_its_limits(field, value):
    word = field.split("_")[0]
    with pytest.raises(PatientError, match=word):
        Patient(**{field: value})


def test_body_surface_area_matches_dubois_for_a_textbook_person():
    assert body_surface_area_m2(170.0, 70.0) == pytest.approx(1.81, abs=0.005)
    assert Patient(height_cm=170.0).bsa_m2 is None


def test_segments_do_not_overlap_and_cover_the_beat():
    fiducials = Fiducials(p_on=-200, p_off=-100, qrs_on=-40, qrs_off=50, t_on=180, t_peak=260, t_end=340)
    masks = segment_masks(fiducials)
    total = np.sum(list(masks.values()), axis=0)
    assert np.all(total == 1)
    assert masks["QRS"].sum() == 45
    assert beat_times_ms()[masks["T"]].min() == 180.0


def test_an_absent_wave_has_no_segment_and_its_samples_are_in_rest():
    masks = segment_masks(Fiducials(qrs_on=-40, qrs_off=50))
    assert masks["P"] is None
    assert masks["T"] is None
    assert masks["rest"].sum() == 400 - 45


def estimate(**changes):
    facts = {
        "model": "m", "bundle_sha256": "0", "sex": Sex.FEMALE, "lvm_g": 90.0, "members_g": (90.0,),
        "interval_g": (70.0, 110.0), "coverage": 0.9, "lvmi_g_m2": 55.0, "p_lvh": 0.1, "prevalence": 0.1,
        "lvh": Lvh.UNCERTAIN, "lvh_reason": "", "demographics_only_g": 88.0, "cutoff_g_m2": 65.0, "cutoff_source": "",
        "reference_g": 85.0, "reference_range_g": (60.0, 110.0),
    }  # fmt: skip
    return Estimate(**(facts | changes))


@pytest.mark.parametrize(
    "changes", [{"lvm_g": float("nan")}, {"interval_g": (95.0, 110.0)}, {"reference_g": float("inf")}]
)
def test_an_estimate_that_is_not_finite_or_outside_its_interval_cannot_exist(changes):
    with pytest.raises(ValueError, match="finite"):
        estimate(**changes)


def test_a_report_with_a_stop_cannot_hold_an_estimate_and_lists_the_worst_first():
    stop = Finding(code="x", severity=Severity.STOP, message="no")
    note = Finding(code="y", severity=Severity.NOTE, message="yes")
    facts = {
        "recording": synthetic.recording(), "patient": synthetic.patient(), "beat": None, "features": None,
        "criteria": (), "attribution": None, "versions": {},
    }  # fmt: skip
    report = Report(**facts, estimates=(), findings=(note, stop))
    assert report.refused
    assert report.findings == (stop, note)
    with pytest.raises(ValueError, match="STOP"):
        Report(**facts, estimates=(estimate(),), findings=(stop,))


@pytest.mark.parametrize("name", ["avr", "aVR", "Lead aVR", "MDC_ECG_LEAD_aVR", " AVR "])
def test_common_spellings_of_a_lead_are_one_lead(name):
    assert standard_lead(name) == "aVR"


def test_an_unknown_lead_or_unit_is_none_and_never_a_guess():
    assert standard_lead("V7") is None
    assert standard_unit("counts") is None
    assert standard_unit("µV") == "uV"
