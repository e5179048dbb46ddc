"""The sanity panel on the Model card page."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.domain import Sex
from elvmass_core.models.bundle import Models
from elvmass_core.sanity.panel import PANEL_FILE, write_panel
from pages.shared import cache
from tests import bundles
from tests.sanity import panels

PAGE = Path(__file__).parents[2] / "pages" / "model_card.py"


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    made = bundles.write(tmp_path, Sex.FEMALE)
    monkeypatch.setattr(cache, "WEIGHTS", tmp_path)
    monkeypatch.setattr(cache, "models", lambda *_: Models(bundles=(made,)))
    return made


def page() -> AppTest:
    at = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return " ".join(element.value for kind in (at.markdown, at.info, at.error) for element in kind)


def test_every_verdict_is_a_word_before_its_sentence_and_its_limits_are_at_hand(bundle):
    write_panel(cache.WEIGHTS / bundle.model_id, panels.panel(bundle, rank=0.1, floor=0.55))
    at = page()
    lines = [element for element in at.markdown if "-badge[" in element.value]
    assert len(lines) == 9
    assert sum("Good" in line.value for line in lines) == 7
    assert sum("Mixed" in line.value for line in lines) == sum("Bad" in line.value for line in lines) == 1
    assert all(line.help for line in lines)
    assert len(at.get("plotly_chart")) == 4
    assert "60 simulated patients" in words(at)


def test_a_panel_of_other_weights_is_not_shown(bundle):
    path = write_panel(cache.WEIGHTS / bundle.model_id, panels.panel(bundle))
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"manifest_sha256": "0"}))
    at = page()
    assert "for other weights than these" in words(at)
    assert "-badge[" not in words(at)
    assert not at.get("plotly_chart")


def test_without_a_panel_the_page_says_how_to_make_one(bundle):
    assert not (cache.WEIGHTS / bundle.model_id / PANEL_FILE).exists()
    assert "have not been tested" in words(page())


def test_a_quick_panel_says_first_that_it_means_nothing(bundle):
    write_panel(cache.WEIGHTS / bundle.model_id, panels.panel(bundle, quick=True))
    assert "say nothing" in page().error[0].value
