"""A set of weights of one's own, beside the shipped one: offered, used, and never said to be simulated."""

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.domain import OWN_WEIGHTS_DISCLAIMER
from elvmass_core.models.bundle import MANIFEST_FILE, manifest_hash
from pages.shared import cache
from tests.app.visitor import ROOT

pytestmark = pytest.mark.skipif(not any((ROOT / "weights").glob("*/manifest.json")), reason="no weights are shipped")


def own_set(folder):
    """The shipped bundles under names of their own, said to come from a user's table."""
    for source in (ROOT / "weights").glob("elvmass-tcn-*"):
        copy = shutil.copytree(source, folder / source.name.replace("elvmass-tcn", "own"))
        path = copy / MANIFEST_FILE
        manifest = json.loads(path.read_text())
        manifest["model_id"] = copy.name
        manifest["training"]["source"] |= {"name": "own table", "description": "Few.", "simulated": False}
        path.write_text(json.dumps(manifest | {"manifest_sha256": manifest_hash(manifest)}))


@pytest.fixture
def app(tmp_path, monkeypatch):
    """The Estimate page with two sets of weights and an example open."""
    weights = tmp_path / "weights"
    shutil.copytree(ROOT / "weights", weights)
    own_set(weights / "mine")
    monkeypatch.setattr(cache, "WEIGHTS", weights)
    page = AppTest.from_file(str(ROOT / "pages" / "estimate.py"), default_timeout=120).run()
    assert not page.exception
    return page


def choice(page):
    return next(box for box in page.selectbox if box.label == "Weights")


def test_the_set_is_offered_and_its_bundles_answer_without_the_word_simulated(app):
    assert choice(app).options == ["shipped", "mine"]
    choice(app).select("mine").run()
    app.button(key="open_woman_normal").click().run()
    assert not app.exception
    words = " ".join(one.value for one in [*app.warning, *app.markdown, *app.caption, *app.info])
    assert OWN_WEIGHTS_DISCLAIMER in words
    assert "patients of a user's own table" in words
    assert "trained on simulated patients" not in words.lower()
    choice(app).select("shipped").run()
    words = " ".join(one.value for one in [*app.warning, *app.markdown])
    assert "Trained on simulated patients" in words


def test_with_the_shipped_weights_alone_nothing_is_asked():
    page = AppTest.from_file(str(ROOT / "pages" / "estimate.py"), default_timeout=120).run()
    assert [box for box in page.selectbox if box.label == "Weights"] == []
