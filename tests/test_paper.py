"""The ECG paper against what is printed on any ECG paper: 25 mm a second, 10 mm a millivolt, squares of 5 mm."""

import numpy as np
import pytest

from elvmass_core.domain import DeviceFilters, Recording
from elvmass_core.figures import LEAD_ORDERS, PAPER_LAYOUTS, filter_words, lay_out
from elvmass_core.figures.paper import LABEL_MM, LEFT_MM, MARKS_MM
from elvmass_core.units import LEADS

FS_HZ = 500.0
ALL_PAPERS = [(layout, order) for layout in PAPER_LAYOUTS for order in LEAD_ORDERS]


def beats_mv(seconds: float = 10.0, fs_hz: float = FS_HZ) -> np.ndarray:
    """A QRS and a T wave every 0.8 s, of different size in each lead."""
    phase = (np.arange(round(seconds * fs_hz)) / fs_hz) % 0.8
    shape = np.exp(-(((phase - 0.3) / 0.015) ** 2)) + 0.3 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    return np.linspace(-0.8, 1.6, len(LEADS))[:, None] * shape


def recorded(signal_mv: np.ndarray, fs_hz: float = FS_HZ, **more) -> Recording:
    return Recording(signal_mv=signal_mv, fs_hz=fs_hz, format="test", **more)


RECORDING = recorded(beats_mv())


def strips_of(sheet, lead):
    return [strip for strip in sheet.strips if strip.lead == lead]


def beside(one, other) -> bool:
    return one.x0_mm < other.x0_mm + other.width_mm - 1e-6 and other.x0_mm < one.x0_mm + one.width_mm - 1e-6


# --- Scale ------------------------------------------------------------------------------------------------------------


def test_ten_seconds_at_25_mm_s_are_250_mm_and_one_millivolt_at_10_mm_mv_is_10_mm():
    signal = np.zeros((12, 5001))
    signal[1, 2500:2510] = 1.0  # 1 mV in lead II, 5 s after the beginning
    sheet = lay_out(recorded(signal), layout="12x1")
    (strip,) = strips_of(sheet, "II")
    x, y = sheet.line_mm(strip).T
    assert x[0] == LEFT_MM
    assert sheet.x_mm(10.0) - sheet.x_mm(0.0) == 250.0
    assert x[2500] - x[0] == pytest.approx(125.0)
    assert y[2500] == pytest.approx(strip.baseline_y_mm - 10.0)  # upwards
    assert y[0] == strip.baseline_y_mm


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 5.0), (25.0, 20.0), (50.0, 10.0)])
def test_the_trace_is_the_signal_about_its_median_at_any_speed_and_gain(speed, gain):
    sheet = lay_out(RECORDING, layout="12x1", speed_mm_s=speed, gain_mm_mv=gain, start_s=1.0)
    for row, lead in enumerate(LEADS):
        (strip,) = strips_of(sheet, lead)
        x, y = sheet.line_mm(strip).T
        shown = slice(500, 500 + x.size)
        want = RECORDING.signal_mv[row] - np.median(RECORDING.signal_mv[row])
        np.testing.assert_allclose((strip.baseline_y_mm - y) / gain, want[shown], atol=1e-9)
        np.testing.assert_allclose((x - LEFT_MM) / speed, np.arange(5000)[shown] / FS_HZ - 1.0, atol=1e-9)


@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
@pytest.mark.parametrize(("layout", "rows"), [("3x4+II", 4), ("6x2", 6), ("12x1", 12)])
def test_each_row_has_a_calibration_pulse_of_1_mv_and_5_mm_before_its_traces(layout, rows, gain):
    sheet = lay_out(RECORDING, layout=layout, gain_mm_mv=gain)
    assert len(sheet.pulses_mm) == rows
    for pulse in sheet.pulses_mm:
        x, y = pulse.T
        raised = x[y == y.min()]
        assert np.ptp(raised) == 5.0
        assert np.ptp(y) == gain
        assert x.max() < LEFT_MM


@pytest.mark.parametrize(("layout", "order"), ALL_PAPERS)
def test_sheet_and_baselines_lie_on_the_5_mm_grid_and_the_sheet_fits_a4_across(layout, order):
    sheet = lay_out(RECORDING, layout=layout, order=order, r_times_s=(0.3, 1.1))
    edges = [sheet.width_mm, sheet.height_mm, *(strip.baseline_y_mm for strip in sheet.strips)]
    assert all(edge % 5.0 == 0.0 for edge in edges)
    assert sheet.width_mm < 297.0


# --- Leads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layout", "n_strips"), [("3x4+II", 13), ("6x2", 12), ("12x1", 12)])
@pytest.mark.parametrize("order", LEAD_ORDERS)
def test_every_lead_is_on_the_sheet(layout, order, n_strips):
    sheet = lay_out(RECORDING, layout=layout, order=order)
    assert len(sheet.strips) == n_strips
    assert {strip.lead for strip in sheet.strips} == set(LEADS)


def test_three_rows_of_four_leads_follow_each_other_every_2_5_s():
    sheet = lay_out(RECORDING)
    names = [strip.label for strip in sheet.strips]
    assert names == ["I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6", "II"]
    assert [strip.start_s for strip in sheet.strips[:4]] == [0.0, 2.5, 5.0, 7.5]
    assert [strip.x0_mm - LEFT_MM for strip in sheet.strips[:4]] == [0.0, 62.5, 125.0, 187.5]
    assert all(strip.times_s[0] == strip.start_s for strip in sheet.strips)
    assert sheet.strips[-1].samples_mv.size == 5000  # the rhythm strip


def test_two_columns_follow_each_other_after_5_s():
    sheet = lay_out(RECORDING, layout="6x2")
    assert {strip.start_s for strip in sheet.strips if strip.lead.startswith("V")} == {5.0}
    assert {strip.start_s for strip in sheet.strips if not strip.lead.startswith("V")} == {0.0}


@pytest.mark.parametrize(
    ("layout", "limb"),
    [("3x4+II", ["aVL", "II", "I", "aVF", "−aVR", "III"]), ("12x1", ["aVL", "I", "−aVR", "II", "aVF", "III"])],
)
def test_cabrera_goes_around_the_frontal_plane_with_avr_inverted(layout, limb):
    sheet = lay_out(RECORDING, layout=layout, order="cabrera")
    drawn = [strip.label for strip in sheet.strips if not strip.lead.startswith("V")]
    assert drawn[:6] == limb
    (inverted,) = [strip for strip in sheet.strips if strip.inverted]
    (upright,) = strips_of(lay_out(RECORDING, layout="12x1"), "aVR")  # in three rows it stands at other seconds
    np.testing.assert_array_equal(inverted.samples_mv, -upright.samples_mv[: inverted.samples_mv.size])
    assert inverted.first_index == 0


def test_minus_avr_is_the_mean_of_i_and_ii_as_einthoven_has_it():
    signal = beats_mv()
    signal[2], signal[3] = signal[1] - signal[0], -(signal[0] + signal[1]) / 2.0
    sheet = lay_out(recorded(signal), layout="12x1", order="cabrera")
    one, two, minus_avr = (strips_of(sheet, lead)[0].samples_mv for lead in ("I", "II", "aVR"))
    np.testing.assert_allclose(minus_avr, (one + two) / 2.0, atol=0.01)  # each centred on its own median


@pytest.mark.parametrize("layout", PAPER_LAYOUTS)
def test_a_missing_lead_is_marked_missing_and_has_no_trace(layout):
    signal = beats_mv()
    signal[LEADS.index("V3")] = np.nan
    sheet = lay_out(recorded(signal), layout=layout)
    assert [strip.lead for strip in sheet.strips if strip.missing] == ["V3"]
    assert np.isnan(strips_of(sheet, "V3")[0].samples_mv).all()


def test_columns_of_a_short_recording_share_what_there_is():
    sheet = lay_out(recorded(beats_mv(8.0)))
    assert [strip.start_s for strip in sheet.strips[:4]] == [0.0, 2.0, 4.0, 6.0]
    assert {strip.samples_mv.size for strip in sheet.strips[:12]} == {1000}


@pytest.mark.parametrize("fs_hz", [240.0, 257.0, 1000.0])
def test_no_sample_is_lost_or_drawn_twice_between_columns(fs_hz):
    sheet = lay_out(recorded(beats_mv(10.0, fs_hz), fs_hz))
    row = sheet.strips[:4]
    assert row[0].first_index == 0
    for left, right in zip(row[:-1], row[1:], strict=True):
        assert left.first_index + left.samples_mv.size == right.first_index
    assert row[-1].first_index + row[-1].samples_mv.size == round(10 * fs_hz)
    assert all(np.ptp(sheet.line_mm(strip)[:, 0]) <= strip.width_mm for strip in row)


# --- Room -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layout", "order"), ALL_PAPERS)
@pytest.mark.parametrize(("times", "gain"), [(0.3, 10.0), (1.0, 5.0), (2.0, 10.0), (2.0, 20.0)])
def test_traces_and_names_keep_clear_of_each_other_and_of_the_edge(layout, order, times, gain):
    beats_s = np.arange(0.3, 10.0, 0.8)
    sheet = lay_out(recorded(beats_mv() * times), layout=layout, order=order, gain_mm_mv=gain, r_times_s=beats_s)
    for strip in sheet.strips:
        y = sheet.line_mm(strip)[:, 1]
        name_top = strip.label_y_mm - LABEL_MM
        assert min(y.min(), name_top) > 0.0
        assert y.max() < sheet.height_mm
        lower = [o for o in sheet.strips if o.baseline_y_mm > strip.baseline_y_mm and beside(strip, o)]
        for other in lower:
            assert y.max() < min(sheet.line_mm(other)[:, 1].min(), other.label_y_mm - LABEL_MM)


@pytest.mark.parametrize(("layout", "order"), ALL_PAPERS)
def test_the_name_of_a_lead_does_not_touch_its_trace(layout, order):
    sheet = lay_out(RECORDING, layout=layout, order=order)
    for strip in sheet.strips:
        x, y = sheet.line_mm(strip).T
        under = x < strip.label_x_mm + 2.0 * len(strip.label)
        assert y[under].min() >= strip.label_y_mm + 0.5


def test_an_impossibly_large_ecg_still_gets_a_sheet_of_finite_height():
    assert lay_out(recorded(beats_mv() * 1000.0), layout="12x1").height_mm < 1000.0


# --- Beats and words --------------------------------------------------------------------------------------------------


def test_beats_stand_at_their_time_with_the_interval_to_the_next():
    sheet = lay_out(RECORDING, start_s=0.0, r_times_s=(0.4, 1.2, 2.3))
    assert [mark.x_mm - LEFT_MM for mark in sheet.beats] == pytest.approx([10.0, 30.0, 57.5])
    assert [mark.rr_ms for mark in sheet.beats[:2]] == pytest.approx([800.0, 1100.0])
    assert sheet.beats[-1].rr_ms is None


def test_only_beats_of_the_shown_seconds_are_marked():
    sheet = lay_out(RECORDING, speed_mm_s=50.0, start_s=2.0, r_times_s=(1.0, 3.0, 6.9, 7.1))
    assert [mark.time_s for mark in sheet.beats] == [3.0, 6.9]
    assert sheet.beats[-1].rr_ms == pytest.approx(200.0)


@pytest.mark.parametrize(("layout", "order"), ALL_PAPERS)
def test_the_band_of_beats_touches_no_trace(layout, order):
    sheet = lay_out(RECORDING, layout=layout, order=order, r_times_s=np.arange(0.3, 10.0, 0.8))
    top, bottom = sheet.beats_y_mm, sheet.beats_y_mm + MARKS_MM
    assert top >= 0.0
    for strip in sheet.strips:
        y = sheet.line_mm(strip)[:, 1]
        assert y.max() <= top or y.min() >= bottom


def test_speed_gain_rate_seconds_and_filters_are_in_the_footer():
    words = lay_out(RECORDING, speed_mm_s=50.0, gain_mm_mv=20.0).footer
    parts = ("50 mm/s · 20 mm/mV", "500 Hz", "0–5 s of 10 s", "device filter not stated", "no filter added")
    assert all(part in words for part in parts)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (DeviceFilters(), "device filter not stated"),
        (DeviceFilters(highpass_hz=0.05, lowpass_hz=150.0, notch_hz=50.0), "device filter 0.05–150 Hz, notch 50 Hz"),
        (DeviceFilters(lowpass_hz=40.0), "device filter up to 40 Hz"),
        (DeviceFilters(highpass_hz=0.5, notch_hz=0.0), "device filter from 0.5 Hz, notch off"),
        (DeviceFilters(highpass_hz=0.0, lowpass_hz=0.0), "device filter none"),
    ],
)
def test_filters_of_the_cardiograph_are_named_as_far_as_the_file_states_them(filters, words):
    assert filter_words(filters) == words
    assert words in lay_out(recorded(beats_mv(), filters=filters)).footer
