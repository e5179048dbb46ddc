"""Rhythms made by hand are told apart by when the beats come, by their shape and by the P wave before them."""

import numpy as np
import pytest

from elvmass_core.domain import Recording, Severity
from elvmass_core.features import OF_P
from elvmass_core.models.bundle import Models
from elvmass_core.pipeline import analyse
from elvmass_core.quality.pacing import check_pacing, spike_times_s
from elvmass_core.quality.rhythm import ATRIAL_FIBRILLATION, BeatClass, check_rhythm, classify_beats
from elvmass_core.quality.scope import outside_scope, why_not_judged
from elvmass_core.signal import extract_beat
from tests import synthetic
from tests.synthetic import R_GAIN, S_GAIN, T_GAIN, wave

FS_HZ, DURATION_S = 500.0, 12.0
TIMES_S = np.arange(round(FS_HZ * DURATION_S)) / FS_HZ
WIDE_GAIN = {"I": -0.6, "II": 1.3, "V1": -1.2, "V2": -1.5, "V3": -0.9, "V4": 0.5, "V5": 0.9, "V6": 0.8}
"""A ventricular ectopic beat: another axis than the usual one."""


def twelve(leads):
    """Eight leads by name → (12, n)."""
    one, two = leads["I"], leads["II"]
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    return np.stack([*limb, *(leads[f"V{n}"] for n in range(1, 7))])


def usual_beat(name, r_s):
    shape = R_GAIN[name] * wave(TIMES_S, r_s, 0.010) - S_GAIN[name] * wave(TIMES_S, r_s + 0.025, 0.010)
    return shape + T_GAIN[name] * wave(TIMES_S, r_s + 0.27, 0.045)


def wide_beat(name, r_s):
    gain = WIDE_GAIN[name]
    return gain * wave(TIMES_S, r_s, 0.035) - 0.4 * gain * wave(TIMES_S, r_s + 0.28, 0.055)


def recording(r_times_s, *, wide=(), has_p=True, f_waves_mv=0.0, noise_mv=0.005, seed=0):
    """A recording with QRS at `r_times_s`; beats in `wide` are ventricular and have no P."""
    rng = np.random.default_rng(seed)
    phase = 2.0 * np.pi * (6.3 * TIMES_S + np.cumsum(rng.normal(0.0, 0.03, TIMES_S.size)))
    leads = {}
    for name in R_GAIN:
        lead = noise_mv * rng.standard_normal(TIMES_S.size) + f_waves_mv * np.sin(phase)
        for index, r_s in enumerate(r_times_s):
            lead += wide_beat(name, r_s) if index in wide else usual_beat(name, r_s)
            if has_p and index not in wide:
                lead += 0.12 * wave(TIMES_S, r_s - 0.16, 0.022)
        leads[name] = lead
    return Recording(signal_mv=twelve(leads), fs_hz=FS_HZ, format="synthetic")


def regular(rr_s=0.85):
    return np.arange(0.5, DURATION_S - 0.6, rr_s)


def with_early(place, coupling=0.6, rr_s=0.85):
    """Regular but for one early beat with a compensatory pause."""
    r_times = regular(rr_s)
    r_times[place] -= (1.0 - coupling) * rr_s
    return r_times


def fibrillation(seed):
    """Independent RR intervals: SD over mean 0.2, not below 0.45 s."""
    rr = np.maximum(np.random.default_rng(seed).normal(0.80, 0.16, 30), 0.45)
    r_times = 0.5 + np.cumsum(rr)
    return r_times[r_times < DURATION_S - 0.6]


def breathing(depth, rr_s=0.85):
    """RR that swings with a breath every four seconds."""
    r_times = [0.5]
    while r_times[-1] < DURATION_S - 1.6:
        r_times.append(r_times[-1] + rr_s * (1.0 + depth * np.sin(2.0 * np.pi * 0.25 * r_times[-1])))
    return np.array(r_times)


def found(one):
    return {finding.code: finding for finding in check_rhythm(extract_beat(one))}


def test_a_regular_sinus_rhythm_has_no_finding():
    assert found(recording(regular())) == {}


@pytest.mark.parametrize("seed", range(8))
def test_irregular_beats_without_a_p_wave_are_suspected_to_be_atrial_fibrillation(seed):
    codes = found(recording(fibrillation(seed), has_p=False, f_waves_mv=0.05, seed=seed))
    assert codes["atrial_fibrillation"].severity is Severity.CAUTION
    assert "irregular_rhythm" not in codes


@pytest.mark.parametrize("seed", range(8))
def test_the_same_times_with_a_p_wave_before_every_beat_are_no_atrial_fibrillation(seed):
    assert "atrial_fibrillation" not in found(recording(fibrillation(seed), seed=seed))


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_strong_irregularity_with_p_waves_is_an_irregular_rhythm(seed):
    irregular = found(recording(fibrillation(seed), seed=seed))["irregular_rhythm"]
    assert irregular.severity is Severity.CAUTION
    assert "irregular_rhythm" not in found(recording(breathing(0.12)))


@pytest.mark.parametrize("depth", [0.08, 0.12, 0.18])
@pytest.mark.parametrize("noise_mv", [0.005, 0.03])
def test_sinus_arrhythmia_of_the_young_is_no_atrial_fibrillation(depth, noise_mv):
    assert "atrial_fibrillation" not in found(recording(breathing(depth), noise_mv=noise_mv))


def test_in_atrial_fibrillation_nothing_of_p_is_reported():
    sinus, fibrillating = (
        analyse(one, synthetic.patient(), Models())
        for one in (recording(regular()), recording(fibrillation(1), has_p=False, f_waves_mv=0.08, seed=1))
    )
    assert ATRIAL_FIBRILLATION in {one.code for one in fibrillating.findings}
    assert all(sinus.features[name] is not None for name in OF_P)
    assert [fibrillating.features[name] for name in OF_P] == [None] * len(OF_P)
    assert fibrillating.features["qrs_ms"] is not None


def test_regular_beats_without_p_are_not_called_atrial_fibrillation():
    assert "atrial_fibrillation" not in found(recording(regular(), has_p=False, f_waves_mv=0.05))


def test_an_early_wide_beat_is_counted_as_wide_and_an_early_usual_one_as_premature():
    wide = extract_beat(recording(with_early(6), wide=(6,)))
    early = extract_beat(recording(with_early(6)))
    assert classify_beats(wide).count(BeatClass.WIDE) == 1
    assert classify_beats(wide).count(BeatClass.USUAL) == len(wide.used) - 1
    assert classify_beats(early).count(BeatClass.PREMATURE) == 1
    (finding,) = check_rhythm(wide)
    assert (finding.code, "1 wide ectopic beat " in finding.message) == ("ectopy", True)
    assert "1 premature beat " in found(recording(with_early(6)))["ectopy"].message


def test_a_single_ectopic_beat_is_a_note_inside_the_scope_and_three_are_a_caution():
    one = found(recording(with_early(6), wide=(6,)))["ectopy"]
    r_times = regular()
    r_times[[3, 7, 11]] -= 0.3
    three = found(recording(r_times, wide=(3, 7, 11)))["ectopy"]
    assert (one.severity, three.severity) == (Severity.NOTE, Severity.CAUTION)
    assert outside_scope((one, three)) == ()


def test_bigeminy_leaves_no_basic_rhythm_and_is_irregular():
    r_times = regular()
    r_times[1::2] -= 0.25
    assert "irregular_rhythm" in found(recording(r_times))


def test_fibrillation_irregularity_and_pacing_are_outside_the_scope():
    fibrillates = tuple(found(recording(fibrillation(0), has_p=False, f_waves_mv=0.05)).values())
    irregular = tuple(found(recording(fibrillation(3))).values())
    assert "atrial fibrillation" in why_not_judged(fibrillates)
    assert "irregular" in why_not_judged(irregular)
    assert "paced" in why_not_judged(check_pacing(spiked(regular())))


def spiked(r_times_s, *, amplitude_mv=1.0, lead_s=0.06):
    """One sample of `amplitude_mv` before every QRS, in leads I, II and V1–V6."""
    one = recording(regular(), noise_mv=0.01)
    signal = np.array(one.signal_mv)
    for r_s in r_times_s:
        signal[[0, 1, 6, 7, 8, 9, 10, 11], round((r_s - lead_s) * FS_HZ)] += amplitude_mv
    return Recording(signal_mv=signal, fs_hz=FS_HZ, format="synthetic")


def test_spikes_before_the_beats_are_found_where_they_are():
    r_times = regular()
    assert [finding.code for finding in check_pacing(spiked(r_times))] == ["paced"]
    np.testing.assert_allclose(spike_times_s(spiked(r_times)), r_times - 0.06, atol=0.005)


def test_a_sharp_qrs_noise_and_a_few_spikes_are_no_pacing():
    assert check_pacing(recording(regular())) == ()
    assert check_pacing(recording(regular(), noise_mv=0.1)) == ()
    assert check_pacing(spiked(regular()[:3])) == ()
