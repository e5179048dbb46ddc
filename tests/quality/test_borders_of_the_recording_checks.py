"""Limits of the raw recording: rate, filters, gaps, flat, saturated and equal leads, noise, spikes."""

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters
from elvmass_core.quality import check_recording
from elvmass_core.quality.noise import check_noise, jump_mv, mains_mv, muscle_mv, wander_mv
from elvmass_core.quality.pacing import check_pacing, spike_times_s
from elvmass_core.units import LEAD_INDEX
from tests import synthetic
from tests.quality.drawn import recording, severity

FS_HZ, N = 500.0, 5000
TIMES_S = np.arange(N) / FS_HZ


def ecg(**changed_leads):
    """The hand-made ECG, with leads put in the place of its own."""
    signal = np.array(synthetic.signal()[0])
    for lead, values in changed_leads.items():
        signal[LEAD_INDEX[lead]] = values
    return recording(signal)


def plain(lead):
    """One lead of the hand-made ECG."""
    return np.array(synthetic.signal()[0][LEAD_INDEX[lead]])


def said(one, code):
    return severity(check_recording(one), code)


@pytest.mark.parametrize(("fs_hz", "answer"), [(199.0, "caution"), (200.0, ""), (240.0, "")])
def test_200_samples_a_second_are_enough(fs_hz, answer):
    assert said(recording(synthetic.signal(fs_hz=fs_hz)[0], fs_hz=fs_hz), "sampling_rate_low") == answer


@pytest.mark.parametrize(
    ("highpass_hz", "lowpass_hz", "code"),
    [
        (0.0, 149.0, "filter_lowpass"), (0.0, 150.0, ""), (0.0, 0.0, ""), (0.0, 0.5, "filter_lowpass"),
        (0.051, 150.0, "filter_highpass"), (0.05, 150.0, ""), (None, 150.0, "filters_not_stated"),
        (0.05, None, "filters_not_stated"), (None, None, "filters_not_stated"),
    ],
)  # fmt: skip
def test_diagnostic_filters_keep_005_to_150_hz(highpass_hz, lowpass_hz, code):
    filters = DeviceFilters(highpass_hz=highpass_hz, lowpass_hz=lowpass_hz)
    found = check_recording(recording(synthetic.signal()[0], filters=filters))
    assert [one.code for one in found] == ([code] if code else [])
    assert severity(found, code) == ("caution" if code else "")


def with_holes(n_holes, length=10, lead="V2", absent=()):
    """A lead with holes of 20 ms each; other leads wholly absent."""
    signal = np.array(synthetic.signal()[0])
    for k in range(n_holes):
        signal[LEAD_INDEX[lead], 100 + 100 * k : 100 + 100 * k + length] = np.nan
    signal[[LEAD_INDEX[name] for name in absent]] = np.nan
    return recording(signal)


@pytest.mark.parametrize(("n_holes", "answer"), [(0, ""), (10, "caution"), (11, "stop")])
def test_two_percent_of_a_lead_may_be_bridged(n_holes, answer):
    # 10 holes of 10 samples are 2.0 % of 5000.
    found = check_recording(with_holes(n_holes))
    assert severity(found, "gaps_filled" if answer == "caution" else "samples_missing") == answer
    assert len([one for one in found if one.code in ("gaps_filled", "samples_missing")]) == bool(answer)


@pytest.mark.parametrize(("length", "answer"), [(20, ""), (21, "stop")])
def test_40_ms_are_bridged_and_no_more(length, answer):
    assert said(with_holes(1, length=length), "samples_missing") == answer


def test_an_absent_lead_is_no_gap():
    found = check_recording(with_holes(2, absent=("V5",)))
    assert severity(found, "gaps_filled") == "caution"
    assert severity(found, "samples_missing") == ""


def swinging(span_mv, rest_from=0, rest_to=0):
    """A slow swing of this span that stands still between two samples."""
    swing = 0.5 * span_mv * np.sin(2.0 * np.pi * 2.0 * TIMES_S)
    swing[rest_from:rest_to] = swing[rest_from - 1] if rest_to else 0.0
    return swing


@pytest.mark.parametrize(("span_mv", "answer"), [(0.019, "stop"), (0.0205, "")])
def test_a_lead_is_flat_below_20_microvolts(span_mv, answer):
    # Of a sine the central 98 % span 0.9995 of the whole.
    assert said(ecg(V3=swinging(span_mv)), "lead_flat") == answer


@pytest.mark.parametrize(("rest_s", "answer"), [(2.9, ""), (4.1, "stop")])
def test_a_lead_is_flat_when_it_rests_for_three_seconds(rest_s, answer):
    # Windows of 3 s begin every second: a rest of 4 s holds one, of 2.9 s none.
    assert said(ecg(V3=swinging(1.0, 750, 750 + round(rest_s * FS_HZ))), "lead_flat") == answer


def test_the_rest_is_found_wherever_it_begins():
    for begin_s in (0.9, 1.0, 1.9, 5.9):
        start = round(begin_s * FS_HZ)
        assert said(ecg(V3=swinging(1.0, start, start + 2000)), "lead_flat") == "stop", begin_s


@pytest.mark.parametrize(("span_mv", "answer"), [(0.01, "stop"), (0.5, "")])
def test_a_short_recording_is_judged_as_a_whole(span_mv, answer):
    signal = np.array(synthetic.signal(duration_s=2.5)[0])
    signal[LEAD_INDEX["V3"]] = swinging(span_mv)[: signal.shape[1]]
    assert said(recording(signal), "lead_flat") == answer


def saturated(n_plateaus=3, samples=4, height=1.0, sign=1.0):
    """A swing between −0.25 and 0.25 mV, with plateaus at a height in its place."""
    lead = 0.25 * np.sin(2.0 * np.pi * 1.0 * TIMES_S + 0.3)
    for k in range(n_plateaus):
        lead[400 + 1000 * k : 400 + 1000 * k + samples] = height
    return sign * lead


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({}, "stop"), ({"n_plateaus": 2}, ""), ({"n_plateaus": 4}, "stop"), ({"samples": 3}, ""),
        ({"samples": 5}, "stop"),
    ],
)  # fmt: skip
def test_three_plateaus_of_8_ms_are_saturation(options, answer, sign):
    assert said(ecg(V6=saturated(sign=sign, **options)), "lead_clipped") == answer


@pytest.mark.parametrize(("low_share", "answer"), [(0.39, ""), (0.41, "stop")])
def test_a_plateau_counts_where_it_lies_far_from_the_middle(low_share, answer):
    # Rests at the smallest value; the median is 0, the largest value 1 − share.
    lead = np.where(np.arange(N) % 2 == 0, 1e-3, -1e-3)
    lead[50::500] = 1.0 - low_share
    for k in range(3):
        lead[1000 * k + 200 : 1000 * k + 210] = -low_share
    assert said(ecg(V6=lead + plain("V6") * 0.0), "lead_clipped") == answer


def test_a_lead_of_20_microvolts_is_not_said_to_be_saturated():
    assert said(ecg(V6=0.01 * saturated()), "lead_clipped") == ""


def alike(share, rng_seed=0):
    """V5 is V4 and so much of another signal that their difference has this share of the larger SD."""
    rng = np.random.default_rng(rng_seed)
    v4, noise = plain("V4"), rng.normal(size=N)
    v4 -= v4.mean()
    noise -= noise.mean() + v4 * (noise @ v4) / (v4 @ v4)
    # SD of the difference d over √(SD² + d²).
    wanted = share * v4.std() / np.sqrt(1.0 - share**2)
    return v4 + noise / noise.std() * wanted


@pytest.mark.parametrize(("share", "answer"), [(0.049, "stop"), (0.051, "")])
def test_two_leads_hold_one_signal_below_five_percent_of_difference(share, answer):
    assert said(ecg(V5=alike(share)), "leads_identical") == answer


def test_an_inverted_copy_is_no_copy_and_flat_leads_are_none_either():
    assert said(ecg(V5=-plain("V4")), "leads_identical") == ""
    assert said(ecg(V5=np.zeros(N), V6=np.zeros(N)), "leads_identical") == ""


def test_one_lead_alone_is_like_no_other():
    signal = np.full((12, N), np.nan)
    signal[LEAD_INDEX["V2"]] = plain("V2")
    assert said(recording(signal), "leads_identical") == ""


def test_copies_are_found_between_the_gaps():
    copy = plain("V4")
    copy[1000:1010] = np.nan
    found = [one for one in check_recording(ecg(V5=copy)) if one.code == "leads_identical"]
    assert "leads V4, V5:" in found[0].message


# --- noise ------------------------------------------------------------------------------------------------------------


def sine(amplitude, hertz, fs_hz=FS_HZ, n=N):
    return amplitude * np.sin(2.0 * np.pi * hertz * np.arange(n) / fs_hz)


def only(lead):
    """A recording of one lead, so that nothing else is noisy."""
    signal = np.full((12, lead.size), np.nan)
    signal[LEAD_INDEX["V2"]] = lead
    return recording(signal)


def by_level(code, measured, limits, make):
    """What is said just below and above each limit, from the level that is measured of noise of size 1."""
    size = float(measured(make(1.0)[None], FS_HZ)[0])
    answers = []
    for limit in limits:
        for factor in (0.98, 1.02):
            answers.append(severity(check_noise(only(make(limit * factor / size))), code))
    return answers


def test_mains_of_50_microvolts_is_a_caution_and_of_500_a_stop():
    assert by_level("mains_noise", mains_mv, (0.05, 0.5), lambda size: sine(size, 60.0)) == [
        "",
        "caution",
        "caution",
        "stop",
    ]


def test_muscle_of_25_microvolts_is_a_caution_and_of_100_a_stop():
    assert by_level("muscle_noise", muscle_mv, (0.025, 0.1), lambda size: sine(size, 80.0)) == [
        "",
        "caution",
        "caution",
        "stop",
    ]


def test_wander_of_one_millivolt_is_a_caution():
    assert by_level("baseline_wander", wander_mv, (1.0,), lambda size: sine(size, 0.2)) == ["", "caution"]


def test_a_jump_of_two_millivolts_is_a_caution():
    def step(size):
        return np.clip((TIMES_S - 4.8) / 0.4, 0.0, 1.0) * size  # gradual, so that nothing fast is in it

    assert by_level("electrode_jump", jump_mv, (2.0,), step) == ["", "caution"]


@pytest.mark.parametrize(
    ("fs_hz", "line_hz", "seen"), [(125.0, 50.0, True), (110.0, 50.0, False), (500.0, 57.0, False)]
)
def test_a_line_is_mains_only_where_it_belongs_and_where_its_surroundings_are_sampled(fs_hz, line_hz, seen):
    measured = mains_mv(sine(1.0, line_hz, fs_hz, 2000)[None], fs_hz)[0]
    assert measured == pytest.approx(1.0 if seen else 0.0, abs=0.05)


def test_broad_noise_around_the_line_is_not_mains():
    # White noise of rms 1 has 2 of 250 Hz within the line: with its background an amplitude of 0.13 would stand there.
    noise = np.random.default_rng(0).normal(size=(20, N))
    assert np.median(mains_mv(noise, FS_HZ)) < 0.1


@pytest.mark.parametrize(("hertz", "seen"), [(20.0, 0.0), (80.0, 1.0), (200.0, 0.0), (50.0, 0.0), (60.0, 0.0)])
def test_the_muscle_band_is_40_to_100_hz_without_mains(hertz, seen):
    assert muscle_mv(sine(np.sqrt(2.0), hertz)[None], FS_HZ)[0] == pytest.approx(seen, abs=0.08)


def test_a_slow_recording_has_its_muscle_band_up_to_its_own_limit():
    assert muscle_mv(sine(np.sqrt(2.0), 47.0, 125.0, 1250)[None], 125.0)[0] == pytest.approx(1.0, abs=0.35)


@pytest.mark.parametrize(("hertz", "seen"), [(0.1, 1.0), (0.5, 0.5), (5.0, 0.0)])
def test_wander_is_what_lies_below_half_a_hertz(hertz, seen):
    assert wander_mv(sine(1.0, hertz, n=12 * N)[None], FS_HZ)[0] == pytest.approx(seen, abs=0.1)


def test_a_jump_is_the_difference_of_levels_and_no_single_wave():
    jump = 2.5 * (TIMES_S > 5.0)
    wave = 3.0 * ((TIMES_S > 5.0) & (TIMES_S < 5.3))
    np.testing.assert_allclose(jump_mv(np.stack([jump, -jump, wave]), FS_HZ), [2.5, 2.5, 0.0], atol=1e-9)


def test_nothing_is_said_of_noise_where_no_lead_is_whole():
    assert check_noise(recording(np.full((12, N), np.nan))) == ()


# --- spikes -----------------------------------------------------------------------------------------------------------


def spiked(n_spikes, *, amplitude_mv=1.0, fs_hz=FS_HZ, duration_s=10.0, samples=1, apart_s=0.8, first_s=0.5):
    """A quiet swing with abrupt spikes in the eight independent leads; times of the spikes."""
    n = round(duration_s * fs_hz)
    signal = np.repeat(0.1 * np.sin(2.0 * np.pi * np.arange(n) / fs_hz)[None], 12, axis=0)
    times = first_s + apart_s * np.arange(n_spikes)
    for at in times:
        signal[:, round(at * fs_hz) : round(at * fs_hz) + samples] += amplitude_mv
    return recording(signal, fs_hz=fs_hz), times


@pytest.mark.parametrize(("n_spikes", "answer"), [(3, ""), (4, "caution"), (10, "caution")])
def test_four_spikes_are_pacing(n_spikes, answer):
    one, _ = spiked(n_spikes)
    assert severity(check_pacing(one), "paced") == answer


@pytest.mark.parametrize(("fs_hz", "seen"), [(399.0, 0), (400.0, 10), (1000.0, 10)])
def test_spikes_are_looked_for_from_400_samples_a_second(fs_hz, seen):
    assert len(spike_times_s(spiked(10, fs_hz=fs_hz)[0])) == seen


def test_spikes_are_found_where_they_are():
    one, times = spiked(10)
    np.testing.assert_allclose(spike_times_s(one), times, atol=0.003)


@pytest.mark.parametrize(("duration_s", "seen"), [(1.4, 0), (1.6, 2)])
def test_a_recording_of_less_than_a_second_and_a_half_is_not_judged(duration_s, seen):
    assert len(spike_times_s(spiked(2, duration_s=duration_s, apart_s=0.4)[0])) == seen


@pytest.mark.parametrize("rows", [[1], [6], [11]])
def test_with_a_lead_missing_no_spike_is_looked_for(rows):
    signal = np.array(spiked(10)[0].signal_mv)
    signal[rows] = np.nan
    assert len(spike_times_s(recording(signal))) == 0


def test_derived_leads_may_be_missing():
    signal = np.array(spiked(10)[0].signal_mv)
    signal[2:6] = np.nan
    assert len(spike_times_s(recording(signal))) == 10


@pytest.mark.parametrize(("bend_mv", "seen"), [(0.0595, 0), (0.0605, 10)])
def test_a_spike_is_twelve_times_sharper_than_what_comes_before(bend_mv, seen):
    # On a flat line only the floor of 5 µV lies before: 12 · 0.005 = 0.06 mV.
    signal = np.zeros((12, N))
    signal[:, 250:4000:400] = bend_mv / 2.0  # the second difference at the tip is twice that
    assert len(spike_times_s(recording(signal))) == seen


def test_what_is_not_the_sharpest_of_its_surroundings_is_no_spike_of_its_own():
    one, _ = spiked(10)
    signal = np.array(one.signal_mv)
    for at in 0.5 + 0.8 * np.arange(10):
        signal[:, round((at + 0.035) * FS_HZ)] += 0.7
    assert len(spike_times_s(recording(signal))) == 10


@pytest.mark.parametrize(("later_ms", "seen"), [(40, 0), (42, 10), (60, 10)])
def test_a_spike_is_the_sharpest_within_40_ms(later_ms, seen):
    # The second is sharper, and no spike itself: the first lies in the quiet that it would need.
    one, times = spiked(10, amplitude_mv=0.6)
    signal = np.array(one.signal_mv)
    for at in times:
        signal[:, round(at * FS_HZ) + later_ms // 2] += 0.9
    assert len(spike_times_s(recording(signal))) == seen


@pytest.mark.parametrize("fs_hz", [1000.0, 2000.0])
@pytest.mark.parametrize(("height_mv", "seen"), [(0.029, 0), (0.032, 10)])
def test_a_bend_is_measured_over_2_ms_on_each_side_at_every_rate(fs_hz, height_mv, seen):
    # A triangle whose flanks last 2 ms bends by twice its height: 0.06 mV are needed on a flat line.
    reach = round(0.002 * fs_hz)
    triangle = height_mv * (1.0 - np.abs(np.arange(-reach, reach + 1)) / reach)
    signal = np.zeros((12, round(10 * fs_hz)))
    for at in 0.5 + 0.8 * np.arange(10):
        middle = round(at * fs_hz)
        signal[:, middle - reach : middle + reach + 1] = triangle
    assert len(spike_times_s(recording(signal, fs_hz=fs_hz))) == seen


def test_a_spike_reaches_half_the_typical_sharpness():
    one, _ = spiked(10)
    signal = np.array(one.signal_mv)
    for at, share in zip(0.9 + 0.8 * np.arange(10), [0.45, 0.55] * 5, strict=True):
        signal[:, round(at * FS_HZ)] += share
    assert len(spike_times_s(recording(signal))) == 15


def test_a_spike_follows_60_to_10_ms_of_quiet():
    def with_bump(before_s):
        one, times = spiked(10)
        signal = np.array(one.signal_mv)
        for at in times:
            signal[:, round((at - before_s) * FS_HZ)] += 0.3
        return len(spike_times_s(recording(signal)))

    assert (with_bump(0.004), with_bump(0.055)) == (10, 0)
    assert with_bump(0.070) == 10
