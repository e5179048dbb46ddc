"""The study as one command, small: from simulated patients to the tables."""

import json

from elvmass_core.__main__ import main
from elvmass_core.study.compare import MODELS


def test_the_quick_study_writes_every_table_and_says_that_it_means_nothing(tmp_path, capsys):
    assert main(["study", "--quick", "--work", str(tmp_path / "work"), "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip().endswith("study.md")
    result = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    page = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert result["quick"] is True
    assert "figures say nothing" in page
    for model in MODELS:
        assert page.count(f"| {model.words} |") == 2
        for where in ("internal", "external"):
            for sex in ("men", "women"):
                assert result["models"][model.name][where]["accuracy"][sex]["n"] > 20
