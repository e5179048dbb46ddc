"""The panel as a file, its verdicts, its command, and its figures."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from elvmass_core import retrain
from elvmass_core.__main__ import main
from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError
from elvmass_core.figures import sanity as draw
from elvmass_core.models.bundle import load_bundle
from elvmass_core.sanity.consistency import PUBLISHED_R
from elvmass_core.sanity.panel import PANEL_FILE, judged, read_panel, write_panel
from elvmass_core.sanity.run import make_panels
from elvmass_core.sanity.shown import cascade_curves, consistency_dots, exchange_curves
from tests import bundles
from tests.sanity import panels


@pytest.fixture
def bundle(tmp_path):
    return bundles.write(tmp_path, Sex.FEMALE)


@pytest.fixture
def folder(tmp_path, bundle):
    write_panel(tmp_path / bundle.model_id, panels.panel(bundle))
    return tmp_path / bundle.model_id


def test_a_panel_is_read_back_as_it_was_written_and_the_weights_still_load(folder, bundle):
    found = read_panel(folder, load_bundle(folder))
    assert [test.verdict for test in found.tests] == ["good"] * 9
    assert found["folds"].sentence == panels.panel(bundle)["folds"].sentence


def test_a_panel_of_other_weights_is_refused(folder, bundle):
    stored = json.loads((folder / PANEL_FILE).read_text(encoding="utf-8"))
    (folder / PANEL_FILE).write_text(json.dumps(stored | {"manifest_sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(BundleError, match="other weights"):
        read_panel(folder, bundle)


@pytest.mark.parametrize(
    ("content", "why"),
    [("{}", "another version"), ("[1]", "another version"), ("not json", "cannot be read"), (None, "not been tested")],
)
def test_a_file_that_is_no_panel_is_refused_in_one_sentence(folder, bundle, content, why):
    (folder / PANEL_FILE).unlink() if content is None else (folder / PANEL_FILE).write_text(content)
    with pytest.raises(BundleError, match=why):
        read_panel(folder, bundle)


def test_a_panel_that_lacks_a_test_is_refused(folder, bundle):
    stored = json.loads((folder / PANEL_FILE).read_text(encoding="utf-8"))
    del stored["tests"]["labels"]
    (folder / PANEL_FILE).write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(BundleError, match="not whole"):
        read_panel(folder, bundle)


def test_what_is_not_a_number_is_stored_as_null(tmp_path, bundle):
    path = write_panel(tmp_path / bundle.model_id, panels.panel(bundle, miss=float("nan")))
    stored = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert stored["tests"]["infidelity"]["values"]["values"]["integrated gradients"]["mean"] is None


@pytest.mark.parametrize(
    ("name", "mixed", "bad"),
    [
        ("completeness", {"within": 0.95}, {"within": 0.5}),
        ("weights", {"floor": 0.55}, {"floor": 0.85}),
        ("weights", {"typical": 0.3}, {"typical": 0.6}),
        ("labels", {"exchanged": 0.2}, {"exchanged": 0.45}),
        ("folds", {"r": 0.5}, {"r": 0.3}),
        ("others", {"r": 0.5}, {"r": 0.3}),
        ("seeds", {"r": 0.5}, {"r": 0.3}),
        ("curves", {"gain": 0.08}, {"gain": 0.0}),
        ("infidelity", {"miss": 0.3}, {"miss": 0.8}),
        ("methods", {"rank": 0.5}, {"rank": 0.1}),
    ],
)
def test_every_test_can_come_out_good_mixed_and_bad(name, mixed, bad):
    for changed, want in (({}, "good"), (mixed, "mixed"), (bad, "bad")):
        found = {test.name: test for test in judged(panels.values(**changed))}[name]
        assert found.verdict == want
        assert found.sentence.endswith(".") and found.criterion


def test_what_cannot_be_computed_is_not_good():
    found = {test.name: test.verdict for test in judged(panels.values(r=np.nan, miss=np.nan, exchanged=np.nan))}
    assert {found[name] for name in ("folds", "seeds", "infidelity", "labels")} == {"bad"}


def test_every_figure_of_consistency_stands_beside_the_floor():
    found = {test.name: test for test in judged(panels.values(floor=0.57))}
    for name in ("folds", "others", "seeds"):
        assert "0.57" in found[name].sentence and "0.41–0.65" in found[name].sentence


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_draw_what_the_panel_holds(bundle, theme):
    panel = panels.panel(bundle)
    stages, curves = cascade_curves(panel)
    cascade = draw.cascade(stages, curves, theme=theme)
    assert [trace.y[0] for trace in cascade.data] == [1.0] * 4
    assert list(cascade.layout.xaxis.ticktext)[:2] == ["nothing", "head"]
    labels, series = consistency_dots(panel)
    dots = draw.consistency(labels, series, PUBLISHED_R, theme=theme)
    assert [trace.name for trace in dots.data] == [
        "other start",
        "a fifth left out",
        "other patients",
        "random network",
    ]
    assert len({trace.marker.color or trace.marker.line.color for trace in dots.data}) == 4
    assert len({trace.marker.symbol for trace in dots.data}) == 4
    assert any((shape.x0, shape.x1) == PUBLISHED_R for shape in dots.layout.shapes)
    share, ways = exchange_curves(panel, "deletion")
    way = draw.exchange_curves(share, ways, what="taken out", theme=theme)
    np.testing.assert_allclose(way.data[0].y, [0.0, 90.0, 100.0])
    for figure in (cascade, dots, way):
        assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
        assert all(trace.type == "scatter" for trace in figure.data)


def test_the_quick_command_tests_untrained_bundles_and_says_that_it_means_nothing(untrained, tmp_path, monkeypatch):
    sizes = {"train": (90, 101), "test": (20, 303)}
    plans = [retrain.CohortPlan(name=name, n=n, seed=seed) for name, (n, seed) in sizes.items()]
    monkeypatch.setattr(retrain, "QUICK", tuple(plans))
    weights = shutil.copytree(untrained, tmp_path / "weights")
    command = ["sanity", "--quick", "--weights", weights, "--work", tmp_path / "work", "--workers", "1"]
    assert main([*map(str, command)]) == 0
    for sex in "FM":
        folder = weights / f"untrained-{sex}"
        found = read_panel(folder, load_bundle(folder))
        assert found.quick
        assert found["completeness"].values["n"] == 4
        assert found["weights"].values["all"]["rho"]["draws"] == 2
        assert {test.verdict for test in found.tests} <= {"good", "mixed", "bad"}
    made = (weights / "untrained-F" / PANEL_FILE).stat().st_mtime_ns
    assert main([*map(str, command)]) == 0  # a second call finds them
    assert (weights / "untrained-F" / PANEL_FILE).stat().st_mtime_ns == made


def test_without_weights_there_is_nothing_to_test(tmp_path):
    with pytest.raises(BundleError, match="No usable weights"):
        make_panels(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "work")


def test_weights_from_a_users_own_table_have_no_panel(folder, bundle):
    source = bundle.manifest["training"]["source"] | {"simulated": False}
    own = replace(bundle, manifest={"training": bundle.manifest["training"] | {"source": source}})
    with pytest.raises(BundleError, match="your own table"):
        read_panel(folder, own)
