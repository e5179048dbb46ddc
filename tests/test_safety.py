"""Every test that docs/safety.md names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
HAZARDS = [line for line in PAGE.splitlines() if line.startswith("| **")]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_page_names_exists(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", HAZARDS, ids=lambda line: line.split("**")[1][:40])
def test_every_hazard_has_a_control_and_a_test(line):
    _, _hazard, control, tests, _ = re.split(r" ?\| ?", line)
    assert len(control.split()) >= 3
    assert re.fullmatch(r"`tests/[\w/]+\.py::\w+`(, `tests/[\w/]+\.py::\w+`)*", tests)


def test_nothing_that_looks_like_a_test_is_written_in_another_way():
    assert PAGE.count("::") == len(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE))
    assert len(HAZARDS) >= 15
