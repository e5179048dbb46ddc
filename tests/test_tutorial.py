"""The tutorial as a reader follows it: every block of its text, in order, in a folder of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from elvmass_core.models.bundle import load_models

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.M | re.S)


def steps():
    """What follows "python" in each command, and each block of Python as one; training is as short as it can be."""
    for kind, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "python":
            yield ["-c", text]
            continue
        for line in text.strip().splitlines():
            first, *words = line.replace("--fine-tune", "--fine-tune --epochs 1").split()
            assert first == "python"
            yield words


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder after the last step; trained for one epoch only, as the tutorial offers for a try."""
    folder = tmp_path_factory.mktemp("tutorial")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for words in steps():
        done = subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, f"{words}\n{done.stderr[-2000:]}"
    return folder


def test_every_step_runs_and_leaves_what_the_text_says(followed):
    assert pd.read_parquet(followed / "work" / "scores.parquet")["record"].nunique() == 150
    for name in ("report.html", "report.json", "cross_validation.csv"):
        assert (followed / "work" / "mine" / name).stat().st_size > 0
    assert load_models(followed / "work" / "mine").problems == ()
    assert (followed / "work" / "external.csv").read_text().startswith("record,sex,")
    assert (followed / "work" / "maps.npz").is_file()


def test_the_table_for_the_paper_has_a_line_for_each_model_and_sex(followed):
    table = pd.read_csv(followed / "work" / "table.csv")
    assert set(table["sex"]) == {"men", "women"}
    assert (table.groupby("model")["sex"].nunique() == 2).all()
    assert len(table) >= 10
    assert table["MAE, g"].str.fullmatch(r"[\d.]+ \([\d.]+–[\d.]+\)").all()
