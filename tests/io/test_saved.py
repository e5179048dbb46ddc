"""A saved analysis gives back what was opened, and a damaged one a sentence."""

import base64
import zlib

import numpy as np
import orjson
import pytest

from elvmass_core.domain import (
    FIDUCIAL_NAMES,
    DeviceBeat,
    DeviceFilters,
    Fiducials,
    Finding,
    Patient,
    Recording,
    Severity,
    Sex,
)
from elvmass_core.errors import LimitError, UnreadableError
from elvmass_core.io import open_files, read_recording
from elvmass_core.io.saved import KEY, Opened, seal, to_saved
from elvmass_core.io.stated import stated_patient


@pytest.fixture
def opened(ecg_mv):
    signal_mv = ecg_mv.copy()
    signal_mv[7, 10:14] = np.nan
    recording = Recording(
        signal_mv=signal_mv,
        fs_hz=500.0,
        format="DICOM 12-lead ECG",
        stated=Patient(sex=Sex.FEMALE, age_years=63.0),
        notes=("III derived.",),
        findings=(Finding(code="channel_skew", severity=Severity.CAUTION, message="Skewed.", observed="1 ms"),),
        filters=DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0),
        device_beat=DeviceBeat(signal_mv=ecg_mv[:, :600], fs_hz=500.0),
    )
    return Opened(
        recording=recording,
        patient=Patient(sex=Sex.FEMALE, age_years=64.0, height_cm=160.0, weight_kg=58.0),
        fiducials=Fiducials(qrs_on=-40.0, qrs_off=50.0, t_end=330.0),
    )


def saved(opened, **changes):
    content = to_saved(opened) | changes
    content.pop("seal")
    return orjson.dumps({"disclaimer": "x", KEY: {**content, "seal": seal(content)}})


def test_reopening_gives_the_same_ecg_patient_and_borders(opened):
    again = open_files({"analysis.json": saved(opened)})
    assert again.patient == opened.patient
    assert again.fiducials == opened.fiducials
    for name in ("digest", "fs_hz", "format", "stated", "notes", "findings", "filters"):
        assert getattr(again.recording, name) == getattr(opened.recording, name), name
    np.testing.assert_array_equal(again.recording.device_beat.signal_mv, opened.recording.device_beat.signal_mv)
    assert read_recording({"x": saved(opened)}).digest == opened.recording.digest


def packed(n_samples, content):
    return [{"n_samples": n_samples, "float64": base64.b64encode(zlib.compress(content)).decode()}]


def borders(**known):
    return dict.fromkeys(FIDUCIAL_NAMES) | known


def samples(n_samples, value=0.0):
    return packed(n_samples, np.full((12, n_samples), value).tobytes()) * 2


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"fs_hz": 0},
        {"fs_hz": "500"},
        {"fs_hz": None},
        {"arrays": []},
        {"arrays": packed(5000, b"short")},
        {"arrays": [{"n_samples": 5000, "float64": "???"}]},
        {"arrays": packed(10, bytes(100_000_000))},
        {"stated": {"name": "Clark"}},
        {"patient": {"age_years": -4}},
        {"findings": [{"code": "x", "severity": "FINE", "message": "", "observed": "", "expected": ""}]},
        {"fiducials_ms": borders(qrs_on=1e9)},
        {"fiducials_ms": borders(t_end=520.0)},
        {"fiducials_ms": borders(qrs_on=50.0, qrs_off=-40.0)},
        {"fiducials_ms": borders(qrs_on=50.0, qrs_off=50.0)},
        {"device_beat_fs_hz": 0.01},
        {"device_beat_fs_hz": 100.0},
        {"arrays": samples(10)},
        {"arrays": samples(3000, 1e300)},
        {"arrays": samples(3000, np.inf)},
        {"filters": {"lowpass_hz": "1e999"}},
    ],
)
def test_a_damaged_saved_analysis_is_refused_in_one_sentence(opened, changes):
    with pytest.raises(UnreadableError, match=r"^The saved analysis is .* open the ECG file itself again\.$"):
        open_files({"a": saved(opened, **changes)})


def test_a_saved_analysis_with_too_many_samples_is_refused_before_they_are_unpacked(opened):
    with pytest.raises(LimitError, match="more samples"):
        open_files({"a": saved(opened, arrays=packed(10**9, b"x"))})


def test_json_that_is_no_saved_analysis_is_not_taken_for_one():
    for content in (b"{}", b'{"reopen": 3}', b'{"reopen": {"version": 1}}', b'{"reopen"'):
        with pytest.raises(UnreadableError):
            open_files({"a": content})


def test_arrays_beyond_the_two_that_are_read_cost_nothing(opened):
    """Six hundred of them, each a hundred kilobytes that grow to 11 MB, cost 10 s and more memory than is given."""
    arrays = [*to_saved(opened)["arrays"], *["no array"] * 600]
    assert open_files({"a": saved(opened, arrays=arrays)}).recording.digest == opened.recording.digest


@pytest.mark.parametrize("age_years", [89.5, 93.0, 104.0])
def test_an_age_over_89_is_one_age_typed_read_and_reopened(ecg_mv, age_years):
    typed = Patient(sex=Sex.MALE, age_years=age_years)
    recording = Recording(signal_mv=ecg_mv, fs_hz=500.0, format="x")
    again = open_files({"a": saved(Opened(recording=recording, patient=typed))}).patient
    read = stated_patient(sex="M", age_years=age_years)[0]
    assert typed == again == read == Patient(sex=Sex.MALE, age_years=90.0)


def test_a_finding_taken_out_by_hand_is_noticed(opened):
    content = orjson.loads(saved(opened))
    content[KEY]["findings"] = []
    with pytest.raises(UnreadableError, match="not as it was saved"):
        open_files({"a": orjson.dumps(content)})


def test_a_saved_analysis_that_was_only_laid_out_anew_still_opens(opened):
    content = orjson.dumps(orjson.loads(saved(opened)), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    assert open_files({"a": content}).patient == opened.patient
