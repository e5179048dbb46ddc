"""The three sub-commands, from the options to what is printed and written."""

import re

import pytest

from elvmass_core.__main__ import main
from elvmass_core.realism import classifier, reference, report, sensitivity, simulated
from tests.realism.tables import cohort, patients


def test_a_preset_that_does_not_exist_is_one_sentence_and_exit_code_2(capsys):
    assert main(["population", "--preset", "nowhere", "--n", "4"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_population_prints_the_page_it_writes(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(simulated, "simulate_population", lambda n, seed, **options: cohort(n, seed))
    assert main(["population", "--n", "120", "--seed", "3", "--out", str(tmp_path / "p" / "population.md")]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == (tmp_path / "p" / "population.md").read_text(encoding="utf-8").strip()
    assert "120 simulated patients" in printed


def test_sensitivity_prints_the_page_it_writes(monkeypatch, capsys, tmp_path):
    few = [sensitivity.Parameter(path=("source", "gain"), spread={"M": (5.0,), "F": (5.0,)}, source="assumed")]
    monkeypatch.setattr(sensitivity, "parameters", lambda *arguments: few)
    assert main(["sensitivity", "--n", "1", "--workers", "1", "--out", str(tmp_path / "s.md")]) == 0
    assert capsys.readouterr().out.strip() == (tmp_path / "s.md").read_text(encoding="utf-8").strip()


def test_realism_writes_the_page_with_all_its_pictures_and_no_grams(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(classifier, "REPEATS", 1)
    monkeypatch.setattr(report, "PAPERS_PER_SEX", 1)
    monkeypatch.setattr(reference, "load_reference", lambda folder: [])
    monkeypatch.setattr(reference, "reference_table", lambda found, part: patients(24, 1))
    monkeypatch.setattr(simulated, "simulate_matched", lambda real, n, **options: patients(n, 2, matches=24))
    assert main(["realism", "--out", str(tmp_path), "--n", "48", "--part", "reporting", "--seed", "4"]) == 0
    page = (tmp_path / "realism.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\((realism/[^)]+\.png)\)", page))
    assert linked == {f"realism/{path.name}" for path in (tmp_path / "realism").glob("*.png")}
    assert len(linked) == 4
    assert all(path.stat().st_size < 400_000 for path in (tmp_path / "realism").glob("*.png"))
    assert "the reporting half;" in page
    assert "seed 4" in page
    assert not re.search(r"\d g\b|MAE", page + capsys.readouterr().out)


@pytest.mark.parametrize("part", ["all", "both"])
def test_only_the_two_halves_can_be_asked_for(part):
    with pytest.raises(SystemExit):
        main(["realism", "--out", "x", "--part", part])
