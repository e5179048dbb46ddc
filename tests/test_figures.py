"""Invariants of the figures: units, scale, and nothing drawn that is not there."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core import figures
from elvmass_core.attribution.tables import LIMB_GROUP, grouped
from elvmass_core.domain import BEAT_SAMPLES, N_LEADS, Attribution, Beat, Estimate, Fiducials, Lvh, Sex
from elvmass_core.figures.grams import waterfall_steps
from elvmass_core.segments import beat_times_ms, segment_masks
from elvmass_core.units import LEADS

FIDUCIALS = Fiducials(p_on=-190, p_off=-90, qrs_on=-45, qrs_off=50, t_on=150, t_peak=240, t_end=330)


def one_beat_mv() -> np.ndarray:
    """A QRS and a T wave of different size in each lead, (12, 400)."""
    times = beat_times_ms()
    shape = np.exp(-((times / 15.0) ** 2)) + 0.3 * np.exp(-(((times - 240.0) / 50.0) ** 2))
    return np.linspace(-0.8, 1.6, N_LEADS)[:, None] * shape


def make_beat(fiducials: Fiducials = FIDUCIALS) -> Beat:
    mean = one_beat_mv()
    beats = np.stack([mean * scale for scale in (0.95, 1.0, 1.05, 3.0)])
    return Beat(
        signal_mv=mean,
        sd_mv=np.full_like(mean, 0.02),
        beats_mv=beats,
        r_times_s=np.arange(4.0),
        used=(True, True, True, False),
        reasons=("", "", "", "unlike the others"),
        rate_bpm=60.0,
        fiducials=fiducials,
        extraction="test",
    )


def make_estimate(lvm_g: float = 131.4) -> Estimate:
    return Estimate(
        model="test",
        bundle_sha256="0" * 64,
        sex=Sex.FEMALE,
        lvm_g=lvm_g,
        members_g=(lvm_g,) * 5,
        interval_g=(104.0, 163.0),
        coverage=0.9,
        lvmi_g_m2=78.0,
        p_lvh=0.6,
        prevalence=0.3,
        lvh=Lvh.UNCERTAIN,
        lvh_reason="the interval crosses the cut-off",
        demographics_only_g=112.0,
        cutoff_g_m2=65.0,
        cutoff_source="CT: test",
        reference_g=108.0,
        reference_range_g=(80.0, 167.0),
    )


def make_attribution(estimate: Estimate, fiducials: Fiducials = FIDUCIALS, delta_g: float = 0.2) -> Attribution:
    """Grams along the signal that sum, with the inputs, to estimate − reference + delta."""
    tabular = {"age": 1.5, "height": -2.0, "weight": 4.0, "QRS duration": 0.8, "heart rate": -0.3}
    beat_g = one_beat_mv().copy()
    beat_g *= (estimate.lvm_g - estimate.reference_g + delta_g - sum(tabular.values())) / beat_g.sum()
    masks = segment_masks(fiducials)
    segments = {
        lead: {name: None if mask is None else float(row[mask].sum()) for name, mask in masks.items()}
        for lead, row in zip(LEADS, beat_g, strict=True)
    }
    return Attribution(
        method="test",
        baseline="test",
        beat_g=beat_g,
        tabular_g=tabular,
        segments_g=segments,
        delta_g=delta_g,
        st_t_share=0.4,
        agreement=0.6,
    )


def texts(figure) -> str:
    return " | ".join(annotation.text for annotation in figure.layout.annotations)


def traces_named(figure, name: str) -> list:
    return [trace for trace in figure.data if trace.name == name]


# --- Averaged beat ----------------------------------------------------------------------------------------------------


def test_the_beat_has_units_on_both_axes_in_every_group():
    figure = figures.averaged_beat(make_beat())
    assert "ms after R" in texts(figure)
    axes = [figure.layout[f"yaxis{number}" if number > 1 else "yaxis"] for number in range(1, 13)]
    labelled = [number for number, axis in enumerate(axes, start=1) if axis.showticklabels]
    assert labelled == [1, 2, 3, 7, 8, 9]  # I II III and V1 V2 V3: the left edge of each group
    assert all(axes[number - 1].ticksuffix == " mV" for number in labelled)


def test_limb_leads_share_one_scale_and_precordial_leads_another():
    figure = figures.averaged_beat(make_beat())
    ranges = [figure.layout[f"yaxis{number}" if number > 1 else "yaxis"].range for number in range(1, 13)]
    assert len(set(ranges[:6])) == len(set(ranges[6:])) == 1


def test_two_beats_shown_beside_each_other_can_share_one_scale_that_holds_both():
    low = make_beat()
    tall = replace(low, signal_mv=3.0 * low.signal_mv)
    figures_of = [figures.averaged_beat(beat, scaled_to=(low, tall)) for beat in (low, tall)]
    assert [figure.layout.yaxis12.range for figure in figures_of] == [figures_of[0].layout.yaxis12.range] * 2
    assert figures_of[0].layout.yaxis12.range[1] >= np.nanmax(tall.signal_mv[6:])
    assert figures.averaged_beat(low).layout.yaxis12.range != figures_of[0].layout.yaxis12.range


def test_panels_stay_inside_the_figure_and_do_not_overlap():
    figure = figures.averaged_beat(make_beat())
    domains = [figure.layout[f"xaxis{number}" if number > 1 else "xaxis"].domain for number in (1, 4, 7, 10)]
    assert all(left[1] < right[0] for left, right in zip(domains[:-1], domains[1:], strict=True))
    assert domains[0][0] == 0.0
    assert domains[-1][1] == pytest.approx(1.0)


def test_limb_and_precordial_leads_may_stand_in_figures_of_their_own_with_one_colour_scale():
    attribution = make_attribution(make_estimate())
    both = [figures.averaged_beat(make_beat(), attribution, leads=leads) for leads in (LEADS[:6], LEADS[6:])]
    assert [name for figure in both for name in LEADS if f"<b>{name}</b>" in texts(figure)] == list(LEADS)
    limits = {traces_named(figure, "colour bar")[0].marker.cmax for figure in both}
    assert len(limits) == 1


def test_only_the_beats_used_are_drawn():
    figure = figures.averaged_beat(make_beat())
    faint = traces_named(figure, "beats")
    assert len(faint) == 12
    assert np.isnan(np.asarray(faint[0].y)).sum() == 3  # one gap after each beat used


def test_the_plain_trace_lies_on_top_of_the_saliency():
    estimate = make_estimate()
    figure = figures.averaged_beat(make_beat(), make_attribution(estimate))
    names = [trace.name for trace in figure.data]
    for lead in LEADS:
        panel = [trace.name for trace in figure.data if trace.yaxis == traces_named(figure, f"average {lead}")[0].yaxis]
        assert panel[-1] == f"average {lead}" or panel[-2:] == [f"average {lead}", "colour bar"]
    assert "saliency" in names
    assert len(names) < 300


def test_without_an_attribution_nothing_is_coloured():
    figure = figures.averaged_beat(make_beat())
    assert not traces_named(figure, "saliency")
    assert "g per 10 ms" not in texts(figure)


def test_with_an_attribution_the_scale_names_its_unit_and_is_symmetric():
    figure = figures.averaged_beat(make_beat(), make_attribution(make_estimate()))
    assert "g per 10 ms" in texts(figure)
    (bar,) = traces_named(figure, "colour bar")
    assert bar.marker.cmin == -bar.marker.cmax


def test_grams_per_10_ms_is_the_sum_of_five_samples():
    attribution = make_attribution(make_estimate())
    shown = figures.grams_per_10_ms(attribution)
    assert shown.shape == (N_LEADS, BEAT_SAMPLES)
    np.testing.assert_allclose(shown[4, 140], attribution.beat_g[4, 138:143].sum())


def test_borders_that_were_not_found_are_not_drawn():
    figure = figures.averaged_beat(make_beat(Fiducials(qrs_on=-45, qrs_off=50)))
    assert {shape.type for shape in figure.layout.shapes} == {"line"}  # no ST–T without a T end
    assert len(figure.layout.shapes) == 2 * 12


def test_a_missing_lead_of_the_beat_is_written():
    mean = one_beat_mv()
    mean[0] = np.nan
    beat = make_beat()
    hollow = Beat(
        signal_mv=mean,
        sd_mv=beat.sd_mv,
        beats_mv=beat.beats_mv,
        r_times_s=beat.r_times_s,
        used=beat.used,
        reasons=beat.reasons,
        rate_bpm=60.0,
        fiducials=FIDUCIALS,
        extraction="test",
    )
    assert "<b>I</b> lead missing" in texts(figures.averaged_beat(hollow))


# --- Grams ------------------------------------------------------------------------------------------------------------


def test_the_scale_shows_interval_cutoff_and_truth_in_grams():
    figure = figures.estimate_scale(make_estimate(), bsa_m2=1.7, truth_g=127.0)
    assert "g" in figure.layout.xaxis.title.text
    assert list(figure.data[0].x) == [104.0, 163.0]
    assert "110 g" in texts(figure)  # 65 g/m² × 1.7 m² = 110.5 g, rounded to even
    assert "127 g" in texts(figure)
    low, high = figure.layout.xaxis.range
    assert low < 104.0
    assert high > 163.0


def test_the_grams_beside_the_scale_stand_outside_the_bars_on_any_width():
    figure = figures.estimate_scale(make_estimate(), bsa_m2=1.7)
    for one in figure.layout.annotations:
        left_px = one.xshift - 7 * len(one.text)  # from the right end of the bars, 12 px letters
        assert left_px > 0, one.text
        assert one.xshift <= figure.layout.margin.r


def test_the_scales_of_both_models_have_one_axis():
    low = make_estimate()
    high = replace(low, lvm_g=200.0, interval_g=(170.0, 230.0))
    axes = [figures.estimate_scale(one, beside=(low, high)).layout.xaxis.range for one in (low, high)]
    assert axes[0] == axes[1]
    assert axes[0][1] > 230.0


def test_without_a_body_surface_area_no_cutoff_is_drawn():
    figure = figures.estimate_scale(make_estimate())
    assert not figure.layout.shapes
    assert not any("cut-off" in str(trace.y) for trace in figure.data)


def test_the_waterfall_ends_at_the_estimate():
    estimate = make_estimate()
    steps = waterfall_steps(make_attribution(estimate))
    assert estimate.reference_g + sum(steps.values()) == pytest.approx(estimate.lvm_g)
    assert steps["integration error"] == pytest.approx(-0.2)


def test_the_waterfall_names_grams_on_its_axis_and_its_bars():
    estimate = make_estimate()
    figure = figures.waterfall(make_attribution(estimate), estimate)
    assert "g" in figure.layout.xaxis.title.text
    assert all(text.endswith(" g") for text in figure.data[0].text)
    assert figure.data[0].text[0] == "108 g"
    assert figure.data[0].text[-1] == "131 g"


def test_the_table_adds_the_limb_leads_and_keeps_the_precordial_leads_apart():
    attribution = make_attribution(make_estimate())
    rows = grouped(attribution.segments_g)
    assert list(rows) == [LIMB_GROUP, *LEADS[6:]]
    want = sum(attribution.segments_g[lead]["T"] for lead in LEADS[:6])
    assert rows[LIMB_GROUP]["T"] == pytest.approx(want)


def test_an_absent_segment_reads_absent_and_not_zero():
    no_p = Fiducials(qrs_on=-45, qrs_off=50, t_on=150, t_end=330)
    attribution = make_attribution(make_estimate(), no_p)
    figure = figures.segment_table(grouped(attribution.segments_g))
    column = list(figure.data[0].x).index("P")
    assert all(row[column] == "absent" for row in figure.data[0].text)
    assert not any(step.startswith("P,") for step in waterfall_steps(attribution))


def test_samples_outside_the_segments_are_called_other_samples_and_explained():
    attribution = make_attribution(make_estimate())
    figure = figures.segment_table(grouped(attribution.segments_g))
    assert "rest" not in figure.data[0].x
    assert figure.data[0].x[-1] == "other<br>samples"
    assert figure.data[0].customdata[0][-1] == "samples outside P, PR, QRS, ST and T"
    assert "other samples, limb leads" in waterfall_steps(attribution)


def test_outside_the_scope_the_scale_is_grey_and_has_no_cutoff():
    figure = figures.estimate_scale(make_estimate(), bsa_m2=1.7, muted=True)
    assert not figure.layout.shapes
    assert not any("cut-off" in str(trace.y) for trace in figure.data)
    loud = figures.estimate_scale(make_estimate(), bsa_m2=1.7)
    assert figure.data[0].line.color != loud.data[0].line.color


# --- Common -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_is_transparent_and_travels_as_32_bit_numbers(theme):
    estimate = make_estimate()
    attribution = make_attribution(estimate)
    made = [
        figures.averaged_beat(make_beat(), attribution, theme=theme),
        figures.estimate_scale(estimate, bsa_m2=1.7, theme=theme),
        figures.segment_table(grouped(attribution.segments_g), theme=theme),
        figures.waterfall(attribution, estimate, theme=theme),
    ]
    for figure in made:
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        for trace in figure.data:
            if isinstance(trace.y, np.ndarray) and trace.y.size > 10:
                assert trace.y.dtype == np.float32


def test_no_chart_can_send_its_data_to_the_plotly_cloud():
    assert figures.PLOT_CONFIG["showSendToCloud"] is False
    assert figures.PLOT_CONFIG["displaylogo"] is False
