"""What a visit keeps belongs to one recording and no other, even of the same samples."""

from elvmass_core.domain import Fiducials, Finding, Patient, Recording, Severity, Sex
from pages.shared import cache
from pages.shared.state import Visit
from tests import synthetic

PATIENT = Patient(sex=Sex.FEMALE, age_years=60.0)
BY_HAND = Fiducials(qrs_on=-50.0, qrs_off=48.0, t_end=300.0)


def visit(**fields):
    signal_mv, fs_hz = synthetic.signal(fs_hz=500.0, duration_s=10.0)[0], 500.0
    damaged = Finding(code="checksum_mismatch", severity=Severity.STOP, message="Damaged.")
    return Visit(
        recording=Recording(signal_mv=signal_mv, fs_hz=fs_hz, format="first"),
        second=Recording(signal_mv=signal_mv, fs_hz=fs_hz, format="second", findings=(damaged,)),
        **fields,
    )


def test_a_second_file_of_the_same_samples_keeps_its_own_findings():
    now = visit()
    first, second = (cache.report(one, PATIENT, now=now) for one in (now.recording, now.second))
    assert (first.recording.format, second.recording.format) == ("first", "second")
    assert second.refused
    assert cache.report(now.recording, PATIENT, now=now) is first


def test_borders_set_by_hand_stay_with_the_ecg_they_were_set_on():
    now = visit(fiducials=BY_HAND)
    assert cache.report(now.recording, PATIENT, now=now).beat.fiducials == BY_HAND
    assert cache.report(now.second, PATIENT, now=now).beat.fiducials != BY_HAND


def test_the_saved_borders_of_a_second_ecg_are_used():
    now = visit(second_fiducials=BY_HAND)
    assert cache.report(now.recording, PATIENT, now=now).beat.fiducials != BY_HAND
    assert cache.report(now.second, PATIENT, now=now).beat.fiducials == BY_HAND
