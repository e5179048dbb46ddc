"""No finding prints a value that seems to be allowed by the limit printed beside it.

Faults are put in by small steps around each limit, so that values come that only rounding would bring inside.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elvmass_core.domain import DeviceFilters, Patient, Recording, Sex
from elvmass_core.features import measure
from elvmass_core.io.normal_form import Channel, RawRecording, to_recording
from elvmass_core.quality import check_beat, check_patient, check_recording
from elvmass_core.signal import extract_beat
from elvmass_core.units import LEADS
from elvmass_core.wording import beyond
from tests import synthetic

NUMBER = r"(?<![A-Za-z\d])[+−-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
STEPS = np.linspace(-0.02, 0.04, 13)
"""Shares by which a fault is smaller or larger than what its limit allows."""


def number(text):
    return float(text.replace("−", "-"))


def breaks(observed, expected):
    """Whether the printed value breaks the printed limit; None where the two are no quantities of one unit."""
    expected = expected.replace("–", " ")
    have, limits = re.search(NUMBER, observed), re.findall(NUMBER, expected)
    unit = re.search(r"\d\s*([^\s\d,.]+)", expected)
    if have is None or not limits or re.search(r"[<>≥≤]", observed) or (unit and unit[1] not in observed):
        return None
    value, bounds = number(have[0]), [number(one) for one in limits]
    if re.search(r"≤|at most|within ±", expected):
        return abs(value) > bounds[0]
    if "≥" in expected:
        return value < bounds[0]
    if "<" in expected:
        return value >= bounds[0]
    if "above" in expected:
        return value <= bounds[0]
    if len(bounds) == 2:
        return not bounds[0] <= value <= bounds[1]
    return value != bounds[0]


@pytest.mark.parametrize(
    ("observed", "expected", "broken"),
    [
        ("50 µV", "≤ 50 µV", False),
        ("50.3 µV", "≤ 50 µV", True),
        ("median QRS span 2.5 mV", "0.25–2.5 mV", False),
        ("median QRS span 2.504 mV", "0.25–2.5 mV", True),
        ("PR 120 ms, QRS 121 ms", "PR ≥ 120 ms, no delta wave", False),
        ("no q in I, V5 and V6; R peak in V6 at 60 ms", "≤ 60 ms", False),
        ("−0.6 g", "within ±0.5 g", True),
        ("± 1.0 mV", "≤ ± 1 mV", False),
        ("axis −44°, R peak in aVL at 50 ms", "axis above −45°", False),
        ("3 samples", "gaps ≤ 40 ms", None),
        ("span < 0.02 mV", "≥ 0.02 mV", None),
    ],
)
def test_the_reader_of_this_test_reads_limits_as_people_do(observed, expected, broken):
    assert breaks(observed, expected) is broken


@given(st.floats(1e-3, 1e4), st.floats(1e-9, 1.0), st.integers(0, 3), st.booleans())
def test_a_value_outside_its_limit_is_printed_outside_it(limit, apart, decimals, above):
    printed_limit = float(f"{limit:g}")
    value = printed_limit * (1.0 + apart if above else 1.0 - apart)
    shown = beyond(value, None if above else printed_limit, printed_limit if above else None, decimals=decimals)
    assert number(shown) > printed_limit if above else number(shown) < printed_limit
    assert number(shown) == pytest.approx(value, abs=0.5 * 10.0**-decimals + 1e-12)


def test_digits_are_added_only_where_they_are_needed():
    assert (beyond(51.7, high=50), beyond(50.4, high=50), beyond(50.04, high=50)) == ("52", "50.4", "50.04")
    assert (beyond(0.5, high=0.05, decimals=None), beyond(-0.62, high=-0.65, decimals=1)) == ("0.5", "−0.6")


# --- Faults by small steps --------------------------------------------------------------------------------------------

TIMES_S = np.arange(5000) / 500.0
SOUND = synthetic.signal(noise_mv=0.002)[0]
SPANS_MV = np.ptp(SOUND, axis=1)
SPAN_MV, LIMB_RATIO = float(np.median(SPANS_MV)), float(np.median(SPANS_MV[:6]) / np.median(SPANS_MV[6:]))
NONE = DeviceFilters(highpass_hz=0.0, lowpass_hz=0.0, notch_hz=0.0)


def gapped(share):
    """Short runs of samples are missing, this share of one lead in all."""
    signal = np.array(SOUND)
    for start in range(30, 30 + 40 * round(share * signal.shape[1] / 10), 40):
        signal[9, start : start + 10] = np.nan
    return signal


RECORDINGS = {
    "mains": lambda k: SOUND + 0.0502 * (1.0 + k) * np.sin(2.0 * np.pi * 50.0 * TIMES_S),
    "muscle": lambda k: synthetic.signal(noise_mv=0.0515 * (1.0 + k))[0],
    "wander": lambda k: SOUND + 1.02 * (1.0 + k) * np.sin(2.0 * np.pi * 0.2 * TIMES_S),
    "jump": lambda k: SOUND + 2.0 * (1.0 + k) * (TIMES_S > 5.2),
    "gaps": lambda k: gapped(0.022 * (1.0 + 5.0 * k)),
}
"""Faults of the recording, by how far they lie from their limit."""


def scaled(rows, factor):
    def change(beat):
        signal = np.array(beat.signal_mv)
        signal[rows] *= factor
        return replace(beat, signal_mv=signal)

    return change


def alike(share):
    """All leads one time course but for a share of their own."""

    def change(beat):
        signal = np.array(beat.signal_mv)
        one = np.linspace(0.7, 1.3, 12)[:, None] * signal[1]
        return replace(beat, signal_mv=one + share * (signal - one))

    return change


def noisy(share):
    return lambda beat: replace(beat, sd_mv=np.full_like(beat.sd_mv, 0.06 * (1.0 + share)))


def widened(to_ms):
    return lambda beat: replace(beat, fiducials=replace(beat.fiducials, qrs_off=beat.fiducials.qrs_on + to_ms))


BEATS = {
    "too tall": lambda k: scaled(slice(None), 2.5 / SPAN_MV * (1.0 + k)),
    "far too small": lambda k: scaled(slice(None), 0.25 / SPAN_MV * (1.0 - k)),
    "tall": lambda k: scaled(slice(None), 1.9 / SPAN_MV * (1.0 + k)),
    "small": lambda k: scaled(slice(None), 0.55 / SPAN_MV * (1.0 - k)),
    "limb leads tall": lambda k: scaled(slice(0, 6), 1.4 / LIMB_RATIO * (1.0 + k)),
    "limb leads small": lambda k: scaled(slice(0, 6), 0.25 / LIMB_RATIO * (1.0 - k)),
    "limb leads far too small": lambda k: scaled(slice(0, 6), 0.08 / LIMB_RATIO * (1.0 - k)),
    "one chest lead tall": lambda k: scaled(9, 3.0 * (1.0 + 15.0 * abs(k))),
    "one source": lambda k: alike(0.16 * (1.0 + 10.0 * k)),
    "a flat limb lead": lambda k: scaled(0, 0.1 * (1.0 + 15.0 * k)),
    "noise": noisy,
    "slow": lambda k: lambda beat: replace(beat, rate_bpm=40.0 * (1.0 - k)),
    "fast": lambda k: lambda beat: replace(beat, rate_bpm=120.0 * (1.0 + k)),
    "QRS too long": lambda k: widened(220.0 * (1.0 + k)),
    "QRS too short": lambda k: widened(50.0 * (1.0 - k)),
}
"""The same on the averaged beat."""


@pytest.fixture(scope="module")
def beat():
    return extract_beat(Recording(signal_mv=SOUND, fs_hz=500.0, format="synthetic", filters=NONE))


def seemingly_allowed(findings):
    return [(one.code, one.observed, one.expected) for one in findings if breaks(one.observed, one.expected) is False]


def check_all(findings):
    assert any(breaks(one.observed, one.expected) for one in findings)
    assert seemingly_allowed(findings) == []


@pytest.mark.parametrize("name", RECORDINGS)
def test_no_fault_of_a_recording_is_reported_with_a_value_that_its_limit_allows(name):
    faulty = [
        Recording(signal_mv=RECORDINGS[name](step), fs_hz=500.0, format="synthetic", filters=NONE) for step in STEPS
    ]
    check_all([finding for recording in faulty for finding in check_recording(recording)])


@pytest.mark.parametrize("name", BEATS)
def test_no_fault_of_a_beat_is_reported_with_a_value_that_its_limit_allows(name, beat):
    faulty = [BEATS[name](step)(beat) for step in STEPS]
    check_all([finding for one in faulty for finding in check_beat(one, measure(one))])


@pytest.mark.parametrize("step", STEPS)
def test_no_limb_lead_contradiction_is_reported_as_allowed(step):
    """III carries a wave of its own: the share of power that contradicts Einthoven grows with its square."""
    signal = np.array(SOUND)
    own = np.sin(2.0 * np.pi * 3.0 * TIMES_S)
    signal[2] += np.sqrt(0.0105 * (1.0 + 3.0 * step) * signal[:6].var(axis=1).mean() / own.var()) * own
    channels = tuple(Channel(lead=lead, samples=row, unit="mV") for lead, row in zip(LEADS, signal, strict=True))
    found = to_recording(RawRecording(format="synthetic", channels=channels, fs_hz=500.0)).findings
    assert seemingly_allowed(found) == []


@pytest.mark.parametrize("beside", [0.4, 0.04, 0.004, 1e-6])
def test_nothing_stated_of_device_and_person_is_reported_as_allowed(beside):
    recording = synthetic.recording()
    filters = DeviceFilters(highpass_hz=0.05 + beside, lowpass_hz=150.0 - beside, notch_hz=0.0)
    slow = Recording(signal_mv=SOUND, fs_hz=200.0 - beside, format="synthetic", filters=filters)
    people = [
        Patient(sex=Sex.MALE, age_years=18.0 - beside, height_cm=170.0, weight_kg=70.0),
        Patient(sex=Sex.MALE, age_years=50.0, height_cm=120.0 - beside, weight_kg=70.0),
        Patient(sex=Sex.MALE, age_years=50.0, height_cm=170.0, weight_kg=25.0 - beside),
        Patient(sex=Sex.MALE, age_years=50.0, height_cm=200.0, weight_kg=4.0 * (55.0 + beside)),
    ]
    findings = [*check_recording(slow), *(one for patient in people for one in check_patient(patient))]
    assert len([one for one in findings if breaks(one.observed, one.expected)]) == 3 + len(people)
    assert seemingly_allowed(findings) == []
    assert check_recording(replace(recording, filters=filters))
