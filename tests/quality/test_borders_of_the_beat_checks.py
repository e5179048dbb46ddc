"""Every limit of the averaged beat holds where it is documented: allowed at the limit, said just beyond it."""

import dataclasses
import re

import numpy as np
import pytest

from elvmass_core.quality import check_beat
from elvmass_core.quality.beat import GAIN_FACTORS, lead_noise_mv
from elvmass_core.units import LEADS
from tests.quality.drawn import BORDERS, QRS, beat, features, leads, severity, spans


def found(one, **measured):
    return check_beat(one, features(**measured))


@pytest.mark.parametrize(
    ("span_mv", "implausible", "unusual"),
    [
        (0.249, "stop", ""), (0.25, "", "caution"), (0.549, "", "caution"), (0.55, "", ""),
        (1.9, "", ""), (1.91, "", "caution"), (2.5, "", "caution"), (2.51, "stop", ""),
    ],
)  # fmt: skip
def test_the_median_qrs_span_is_usual_from_055_to_19_mv_and_plausible_from_025_to_25_mv(span_mv, implausible, unusual):
    findings = found(beat(spans(span_mv)))
    assert (severity(findings, "amplitude_implausible"), severity(findings, "amplitude_unusual")) == (
        implausible,
        unusual,
    )


def named_factor(span_mv):
    (stop,) = [one for one in found(beat(spans(span_mv))) if one.code == "amplitude_implausible"]
    digits = re.search(r"about ([\d\s]+) times", stop.message).group(1)
    return float(re.sub(r"\s", "", digits)), stop.message


@pytest.mark.parametrize("factor", [2000.0, 1000.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0])
def test_a_gain_wrong_by_a_usual_factor_is_named_by_it_in_both_directions(factor):
    large, too_large = named_factor(1.1 * factor)
    small, too_small = named_factor(1.1 / factor)
    assert (large, small) == (factor, factor)
    assert "large" in too_large
    assert "small" in too_small
    assert factor in GAIN_FACTORS


@pytest.mark.parametrize(("span_mv", "factor"), [(4.4, 4.0), (4.87, 4.0), (4.97, 5.0), (0.0, 2000.0)])
def test_between_two_factors_the_nearer_in_the_logarithm_is_named(span_mv, factor):
    # The border between 4 and 5 times the typical 1.1 mV lies at 1.1 · √20 = 4.92 mV.
    assert named_factor(span_mv)[0] == factor


@pytest.mark.parametrize("lead", LEADS[6:])
def test_one_chest_lead_may_be_four_times_the_median_of_the_six(lead):
    assert severity(found(beat(leads(**{lead: 4.0}))), "lead_gain") == ""
    (stop,) = [one for one in found(beat(leads(**{lead: 4.02}))) if one.code == "lead_gain"]
    assert stop.severity.name == "STOP"
    assert f"Lead {lead} " in stop.message


def test_how_far_a_chest_lead_stands_out_is_said_as_a_ratio():
    (stop,) = [one for one in found(beat(2.0 * leads(V3=4.2))) if one.code == "lead_gain"]
    assert stop.observed.startswith("4.2 times")


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(0.079, "stop"), (0.08, "caution"), (0.249, "caution"), (0.25, ""), (1.4, ""), (1.41, "caution"), (2.5, "caution"),
     (2.51, "stop")],
)  # fmt: skip
def test_limb_leads_are_held_against_chest_leads(ratio, said):
    assert severity(found(beat(spans([ratio] * 6 + [1.0] * 6))), "lead_gain") == said


def test_the_two_groups_are_six_limb_and_six_chest_leads():
    # The medians lie between the third and the fourth lead: 0.24 of 1, and 1.06 of 0.75.
    limb = beat(spans([0.2, 0.2, 0.2, 0.28, 0.28, 0.28] + [1.0] * 6))
    chest = beat(spans([1.06] * 6 + [0.5, 0.5, 0.5, 1.0, 1.0, 1.0]))
    assert severity(found(limb), "lead_gain") == severity(found(chest), "lead_gain") == "caution"


def test_without_any_chest_lead_the_groups_are_not_compared():
    assert severity(found(beat(spans([1.0] * 6 + [0.0] * 6))), "lead_gain") == ""


def two_courses(share, offset_mv=0.0):
    """Leads of which this share of the power follows a second time course, orthogonal to the first."""
    phase = 2.0 * np.pi * np.arange(400) / 400
    weights = np.zeros((2, 12))
    weights[0, [0, 1, 6, 7]], weights[1, [8, 9, 10, 11]] = np.sqrt(1.0 - share), np.sqrt(share)
    return weights[0][:, None] * np.sin(phase) + weights[1][:, None] * np.cos(phase) + offset_mv


@pytest.mark.parametrize("offset_mv", [0.0, 3.0])
@pytest.mark.parametrize(("share", "said"), [(0.0075, "stop"), (0.0085, "")])
def test_leads_of_one_course_leave_less_than_eight_thousandths_of_the_power(share, said, offset_mv):
    assert severity(found(beat(two_courses(share, offset_mv))), "one_source") == said


def test_leads_without_any_power_are_not_called_copies():
    assert severity(found(beat()), "one_source") == ""


@pytest.mark.parametrize(("n_used", "n_rejected", "few", "many"), [
    (4, 0, "stop", ""), (5, 0, "", ""), (9, 3, "", ""), (8, 3, "", "caution"), (4, 8, "stop", ""),
])  # fmt: skip
def test_five_similar_beats_are_needed_and_a_quarter_may_be_left_out(n_used, n_rejected, few, many):
    findings = found(beat(spans(1.0), n_used=n_used, n_rejected=n_rejected))
    assert (severity(findings, "few_beats"), severity(findings, "many_beats_rejected")) == (few, many)


@pytest.mark.parametrize(("sd_mv", "said"), [(0.06, ""), (0.0605, "caution"), (0.15, "caution"), (0.1505, "stop")])
def test_beats_may_differ_by_60_microvolts_at_rest_and_must_by_less_than_150(sd_mv, said):
    assert severity(found(beat(spans(1.0), sd_mv=sd_mv)), "noisy") == said


def test_noise_is_that_of_the_rest_and_of_the_samples_that_vary():
    sd = np.full((12, 400), 0.05)
    sd[:, 40:290] = 1.0  # P to T
    sd[:, 300:400] = 0.0  # padding
    np.testing.assert_allclose(lead_noise_mv(beat(sd_mv=sd)), 0.05)
    np.testing.assert_allclose(lead_noise_mv(beat(sd_mv=0.0)), np.zeros(12))


def test_a_lead_may_be_as_noisy_as_half_its_qrs():
    sd = np.zeros((12, 400))
    sd[8] = 0.5
    assert severity(found(beat(spans(1.0), sd_mv=sd)), "lead_noisy") == ""
    sd[8] = 0.505
    (stop,) = [one for one in found(beat(spans(1.0), sd_mv=sd)) if one.code == "lead_noisy"]
    assert "lead V3:" in stop.message


@pytest.mark.parametrize(("bpm", "said"), [
    (39.9, "caution"), (40.0, ""), (120.0, ""), (120.1, "caution"), (150.0, "caution"), (150.1, "stop"),
])  # fmt: skip
def test_rates_from_40_to_120_are_averaged_and_none_above_150(bpm, said):
    assert severity(found(beat(spans(1.0), rate_bpm=bpm)), "rate_outside_limits") == said


@pytest.mark.parametrize(("qrs_ms", "said"), [(48.0, "stop"), (50.0, ""), (220.0, ""), (222.0, "stop"), (None, "stop")])
def test_a_qrs_lasts_from_50_to_220_ms(qrs_ms, said):
    assert severity(found(beat(spans(1.0)), qrs_ms=qrs_ms), "qrs_borders") == said


@pytest.mark.parametrize(("axis_deg", "said"), [(0.0, ""), (None, "caution")])
def test_an_axis_of_zero_is_an_axis(axis_deg, said):
    assert severity(found(beat(spans(1.0)), qrs_axis_deg=axis_deg), "axis_undefined") == said


@pytest.mark.parametrize(
    ("missing", "code", "said"),
    [
        (("p_on",), "p_wave_not_found", "caution"),
        (("t_end",), "t_wave_not_found", "caution"),
        (("p_on", "t_end"), "waves_not_found", "stop"),
    ],
)
def test_each_wave_that_is_missing_is_said_once(missing, code, said):
    borders = dataclasses.replace(BORDERS, **dict.fromkeys(missing))
    findings = found(beat(spans(1.0), fiducials=borders))
    about_waves = [one.code for one in findings if one.code.endswith(("wave_not_found", "waves_not_found"))]
    assert about_waves == [code]
    assert severity(findings, code) == said
    assert not [one for one in found(beat(spans(1.0))) if one.code.endswith("not_found")]


def test_spans_are_measured_within_the_qrs_alone():
    signal = spans(1.0)
    signal[:, QRS.stop + 10] = 9.0
    assert severity(found(beat(signal)), "amplitude_implausible") == ""
