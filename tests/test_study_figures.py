"""Figures of a validation: what is drawn is what was given, every axis has its unit, and no sex hides the other."""

import numpy as np
import pytest

from elvmass_core.figures import study as draw

MASS = np.linspace(60.0, 200.0, 40)
GUESS = MASS + 5.0 * np.sin(np.arange(40.0))
CURVE = (np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.7, 1.0]))
TENTHS = (MASS[::4], GUESS[::4], np.full(10, 4.0))


def some_dots(theme="light"):
    rows = [draw.Dot(value=14.0, interval=(13.0, 15.5)), draw.Dot(value=None), draw.Dot(value=9.0)]
    return draw.dots({"men": rows, "women": rows}, ["a", "b", "c"], axis="error, g", digits=1, bold=[2], theme=theme)


def all_figures(theme):
    return {
        "dots": some_dots(theme),
        "scatter": draw.scatter_masses(MASS, GUESS, who="men", known="true", theme=theme),
        "bland": draw.bland_altman(MASS, GUESS - MASS, 0.2, (-9.0, 9.4), who="women", theme=theme),
        "roc": draw.roc_curves({"men, c 0.80": CURVE}, points={"men": {"Cornell": (0.05, 0.2)}}, theme=theme),
        "calibration": draw.calibration_curves({"men": TENTHS, "women": TENTHS}, known="true", theme=theme),
        "decision": draw.decision_curves([0.1, 0.2], {"model": [0.1, 0.05], "everybody": [0.1, -0.3]}, theme=theme),
        "lines": draw.lines({"a": draw.pairs([(600, 2), (300, 3)])}, x="patients", y="error, g", digits=1, log_x=True),
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_is_transparent_svg_and_travels_as_32_bit_numbers(theme):
    for name, figure in all_figures(theme).items():
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        for trace in figure.data:
            assert trace.type == "scatter", name
            if isinstance(trace.y, np.ndarray):
                assert trace.y.dtype == np.float32, name


def test_every_axis_says_what_it_shows_in_which_unit():
    for name, figure in all_figures("light").items():
        titles = [figure.layout.xaxis.title.text] + ([] if name == "dots" else [figure.layout.yaxis.title.text])
        for title in titles:
            assert title.endswith((", g", ", %", "estimated − known, g", "per 100 patients", "patients")), (name, title)


def test_the_sexes_differ_by_symbol_and_dash_and_not_only_by_colour():
    men, women = some_dots().data
    assert men.marker.symbol != women.marker.symbol
    both = draw.roc_curves({"men": CURVE, "women": CURVE}).data[1:]
    assert both[0].line.dash != both[1].line.dash
    _, men, women = draw.calibration_curves({"men": TENTHS, "women": TENTHS}, known="true").data
    assert men.marker.symbol != women.marker.symbol


def test_more_lines_than_symbols_still_differ_in_pairs():
    made = draw.lines({str(k): CURVE for k in range(5)}, x="x", y="y", digits=0).data
    assert len({(one.line.dash, one.marker.symbol, one.line.color) for one in made}) == 5


def test_a_row_without_a_figure_keeps_its_label_and_has_no_dot():
    figure = some_dots()
    assert [note.text for note in figure.layout.annotations] == ["a", "b", "<b>c</b>"]
    men = figure.data[0]
    np.testing.assert_allclose(men.x, [14.0, 9.0])
    np.testing.assert_allclose(men.error_x.array, [1.5, 0.0])
    np.testing.assert_allclose(men.error_x.arrayminus, [1.0, 0.0])
    assert men.text[0] == "a<br>men: 14.0 (13.0 to 15.5)"


def test_labels_stand_above_their_own_dots_and_below_those_of_the_row_before():
    figure = some_dots()
    heights = [note.y for note in figure.layout.annotations]
    for trace in figure.data:
        assert heights[0] < trace.y[0] < heights[1]
        assert heights[2] < trace.y[1]


def test_estimated_and_known_mass_share_one_scale():
    figure = draw.scatter_masses(MASS, GUESS + 40.0, who="men", known="measured")
    assert figure.layout.xaxis.range == figure.layout.yaxis.range
    assert figure.layout.xaxis.title.text == "measured LV mass, men, g"


def test_bias_and_limits_stand_at_their_lines():
    figure = draw.bland_altman(MASS, GUESS - MASS, -6.4, (-33.6, 20.8), who="men")
    notes = {note.y: note.text for note in figure.layout.annotations}
    assert notes == {-6.4: "bias −6 g", -33.6: "limit −34 g", 20.8: "limit +21 g"}
    assert {shape.y0 for shape in figure.layout.shapes} == set(notes)
    assert figure.layout.yaxis.range[0] == -figure.layout.yaxis.range[1]


def test_criteria_are_points_only_where_they_are_known():
    assert len(draw.roc_curves({"men": CURVE}).data) == 2
    *_, points = draw.roc_curves({"men": CURVE}, points={"men": {"Cornell": (0.05, 0.2)}}).data
    np.testing.assert_allclose((points.x[0], points.y[0]), (5.0, 20.0))
    assert points.mode == "markers"


def test_acting_on_everybody_does_not_stretch_the_decision_curve():
    figure = draw.decision_curves([0.1, 0.5], {"model": [0.1, 0.05], "everybody": [0.1, -3.0]})
    assert figure.layout.yaxis.range[0] > -10.0
