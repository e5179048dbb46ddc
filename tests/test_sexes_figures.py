"""Figures of the comparison of the sexes: marks, signs, units, and every panel."""

import numpy as np
import pytest

from elvmass_core.figures import sexes as draw

CELLS = [(group, segment) for group in ("limb leads", "V1–V2") for segment in ("QRS", "ST", "T")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cells_within_chance_are_grey_and_bracketed_and_only_the_others_have_a_colour(theme):
    standing = [draw.WITHIN, draw.PASSES, draw.PASSES_STRICTLY, 0, 0, 0]
    figure = draw.effect_map([1.0, -2.0, 3.0, 0.0, -0.04, 0.2], standing, CELLS, unit="g", theme=theme)
    found, chance = figure.data
    assert tuple(found.text[0]) == ("", "<b>−2.0</b><br>●", "<b>+3.0</b><br>◆")
    assert found.textfont.size == chance.textfont.size  # or a phone shrinks the cells that count
    assert tuple(chance.text[0]) == ("(+1.0)", "", "") and tuple(chance.text[1][:2]) == ("(0.0)", "(0.0)")
    np.testing.assert_array_equal(np.isnan(np.array(found.z)), ~np.isnan(np.array(chance.z)))
    assert chance.colorscale[0][1] == chance.colorscale[2][1]  # no direction, so no colour
    assert found.colorscale[0][1] != found.colorscale[2][1]
    for heatmap in figure.data:
        assert list(heatmap.y) == ["limb leads", "V1–V2"] and list(heatmap.x) == ["QRS", "ST", "T"]
        assert heatmap.zmin == -heatmap.zmax == -3.0
    assert "men's runs less women's, g" in figure.layout.xaxis.title.text


def test_the_worlds_stand_with_their_intervals_around_zero():
    def world(difference):
        effect = {"difference": [difference, 0.0], "low": [difference - 1, 0], "high": [difference + 2, 0]}
        return {"primary": "share", "quantities": {"share": {"summary": {"model": effect}}}}

    figure = draw.worlds_overview({"neutral": world(0.0), "strain in men": world(12.0)})
    (trace,) = figure.data
    np.testing.assert_allclose(trace.x, [0.0, 12.0])
    assert "points" in figure.layout.xaxis.title.text
    assert (trace.marker.color, trace.marker.symbol) not in {("#007a59", "square"), ("#a8437f", "circle")}


def test_shares_of_mens_and_womens_runs_stand_beside_each_other_with_their_intervals():
    one = {"men's runs": (40.0, 36.0, 44.0), "women's runs": (30.0, 27.0, 33.0)}
    men, women = draw.worlds_shares({"neutral": one, "strain in men": one}).data
    np.testing.assert_allclose(men.x, [40.0, 40.0])
    np.testing.assert_allclose(women.error_x.array, [3.0, 3.0])
    assert men.marker.symbol != women.marker.symbol


def test_mean_maps_have_a_panel_for_every_group_with_both_sexes_of_runs_and_a_unit():
    maps = np.ones((2, 12, 400)) * np.array([1.0, 0.5])[:, None, None]
    groups = {"limb leads": range(6), "V1–V2": (6, 7)}
    figure = draw.mean_maps(groups, maps, 0.1 * maps, np.zeros((12, 400)), 0.7)
    lines = [trace for trace in figure.data if trace.name == "men's runs"]
    assert len(lines) == 2
    # 1 g per 2 ms sample and lead: 5 g per 10 ms and lead, away from the ends of the moving mean
    assert lines[0].y[200] == pytest.approx(30.0) and lines[1].y[200] == pytest.approx(10.0)
    titles = [axis.title.text for axis in figure.select_yaxes(secondary_y=False)]
    assert titles == ["g per 10 ms"] * 2
