"""The study as one command, small: from simulated patients to the tables."""

import json

import numpy as np
import pytest

from elvmass_core.__main__ import main
from elvmass_core.comparison import WORLDS
from elvmass_core.study.published import read_published
from elvmass_core.study.rows import MODELS


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """What the quick study writes."""
    folder = tmp_path_factory.mktemp("study")
    assert main(["study", "--quick", "--work", str(folder / "work"), "--out", str(folder)]) == 0
    return folder


def test_the_quick_study_writes_every_table_and_says_that_it_means_nothing(out):
    result = json.loads((out / "study.json").read_text(encoding="utf-8"))
    page = (out / "study.md").read_text(encoding="utf-8")
    assert result["quick"] is True
    assert "figures say nothing" in page
    for model in MODELS:
        assert f"| {model.words} |" in page
        for where in ("internal", "external"):
            assert all(result[where]["models"][model.name]["accuracy"][sex]["n"] > 20 for sex in ("men", "women"))
    assert {name.split("@")[1] for name in result["worlds"]} == set(WORLDS)
    for heading in ("Classical criteria", "Decision curve", "Other worlds", "Learning curve", "The same study 2 times"):
        assert heading in page


def test_what_it_writes_can_be_read_back_patient_by_patient(out):
    study = read_published(out)
    assert study.quick
    assert set(study.models) == {model.name for model in MODELS}
    for place, truth in study.truths.items():
        assert len(truth) == study.cohort(place)["n"]
        assert np.isfinite(study.estimates_g[place]).all()
    assert study.answer()
