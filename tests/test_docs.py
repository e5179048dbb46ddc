"""The documents say what is there: paths exist, commands run, every criterion, measurement and finding is listed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import reference
from elvmass_core.__main__ import _parser

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
HISTORY = "CHANGELOG.md"
"""Names what was there once."""
MADE_BY_THE_READER = ("weights/mine",)
PATH = re.compile(r"`((?:elvmass_core|pages|tests|benchmarks|docs|weights|deploy|examples|\.ci|\.streamlit)/[\w./-]+)`")
COMMAND = re.compile(r"python3? -m elvmass_core (\w+)((?: +[^\n`#|]+)?)")
API = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def text(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    targets = LINK.findall(text(page))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != HISTORY], ids=lambda path: path.name)
def test_every_path_named_exists(page):
    paths = set(PATH.findall(text(page))) - set(MADE_BY_THE_READER)
    if page.name == "proof.md":  # names the result of every command, also of one that was not run yet
        paths = {path for path in paths if not path.endswith(".json")}
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_command_shown_is_one_that_the_command_line_knows():
    known = next(action for action in _parser()._actions if getattr(action, "choices", None)).choices
    for page in PAGES:
        if page.name == HISTORY:
            continue
        for name, options in COMMAND.findall(text(page)):
            assert name in known, f"{page.name}: {name}"
            flags = set(re.findall(r"(?<!\S)--[a-z-]+", options))
            unknown = flags - set(known[name]._option_string_actions)
            assert not unknown, f"{page.name}: {name} has no {unknown}"


def test_every_command_stands_in_the_readme_or_its_help_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "elvmass_core", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in ("estimate", "inspect", "score", "train", "evaluate", "simulate", "verify"):
        assert name in done.stdout
        assert f"elvmass_core {name}" in text(ROOT / "README.md")


def test_the_examples_of_the_api_run_as_they_stand(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("examples", "weights"):
        (tmp_path / name).symlink_to(ROOT / name)
    names: dict[str, object] = {}
    for block in API.findall(text(ROOT / "docs" / "api.md")):
        exec(compile(block, "docs/api.md", "exec"), names)
    assert "elvmass-tcn-women" in capsys.readouterr().out
    assert names["report"].estimate.interval_g[0] < names["report"].estimate.lvm_g


def test_the_example_of_the_readme_runs_as_it_stands(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (block,) = API.findall(text(ROOT / "README.md"))
    exec(compile(block, "README.md", "exec"), {})
    assert "lvm_g" in capsys.readouterr().out


def test_the_reference_is_what_the_code_says():
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == reference.page()


def test_the_handbook_for_contributors_is_short():
    assert len(text(ROOT / "CONTRIBUTING.md").splitlines()) < 90
