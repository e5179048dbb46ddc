"""The study as it is read back: what was written comes out, and anything else is refused in one sentence."""

import json

import numpy as np
import pytest

from elvmass_core.errors import TableError
from elvmass_core.study.published import (
    PAPER,
    PLACES,
    SEX_SPECIFIC,
    ahead_words,
    gain_words,
    p_words,
    read_published,
)
from elvmass_core.study.report import contrast_answer
from elvmass_core.study.statistics import accuracy
from tests.study_folder import OPTIONAL, ROWS, write_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    write_study(path, **OPTIONAL)
    return path


@pytest.fixture
def copy(folder, tmp_path):
    """The same study, to be spoiled."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def change(folder, **new):
    facts = json.loads((folder / "study.json").read_text())
    (folder / "study.json").write_text(json.dumps(facts | new))


def test_the_patients_behind_the_numbers_give_the_numbers(folder):
    study = read_published(folder)
    assert study.models == ROWS
    for place in PLACES:
        one = study.scored(place, SEX_SPECIFIC)
        for who, found in accuracy(one.estimate_g, one.truth).items():
            assert found["mae_g"] == pytest.approx(
                study.cohort(place)["models"][SEX_SPECIFIC]["accuracy"][who]["mae_g"], rel=1e-4
            )


def test_nothing_read_can_be_changed(folder):
    study = read_published(folder)
    with pytest.raises(ValueError, match="read-only"):
        study.truths["internal"].lvm_g[0] = 1.0
    with pytest.raises(TypeError):
        study.facts["quick"] = True


def test_the_answer_is_the_runs_own_or_that_of_the_report(folder, copy):
    study = read_published(folder)
    assert study.answer() == contrast_answer(dict(study.facts))
    change(copy, answer="Answer: no.")
    assert read_published(copy).answer() == "Answer: no."


def test_a_study_that_is_not_there_is_said_with_the_command_that_writes_it(tmp_path):
    with pytest.raises(TableError, match=r"not in its folder.*elvmass_core study"):
        read_published(tmp_path)


@pytest.mark.parametrize(
    "new",
    [
        {"words": {}},
        {"worlds": None},
        {"internal": {"n": 3}},
        {"learning_curve": [{"n": 3}]},
        {"replicates": {"n": 3}},
        {"real": {"rows": [{"words": "x"}]}},
        {"shipped": {"rows": [{}]}},
    ],
)
def test_another_layout_is_refused(copy, new):
    change(copy, **new)
    with pytest.raises(TableError, match="another layout"):
        read_published(copy)


@pytest.mark.parametrize("name", ["study.json", "study.npz"])
@pytest.mark.parametrize("content", [b"", b"{", b"PK\x03\x04 broken", b"[1]", b"\xff\xfe"])
def test_a_damaged_file_is_refused(copy, name, content):
    (copy / name).write_bytes(content)
    with pytest.raises(TableError, match="damaged"):
        read_published(copy)


def test_patients_of_another_run_are_refused(copy):
    with np.load(copy / "study.npz") as stored:
        arrays = {name: array[:5] if name.startswith("internal_lvm") else array for name, array in stored.items()}
    np.savez(copy / "study.npz", **arrays)
    with pytest.raises(TableError):
        read_published(copy)


def test_the_old_layout_in_a_folder_is_refused(tmp_path):
    """Before folds and worlds were written, the file held these keys."""
    old = {"cohort_version": "1.0", "quick": False, "n": 1, "n_external": 1, "epochs": 1, "models": {}}
    (tmp_path / "study.json").write_text(json.dumps(old))
    with pytest.raises(TableError, match="another layout"):
        read_published(tmp_path)


def test_a_row_that_is_ahead_of_the_network_is_named(folder):
    words = ahead_words(read_published(folder), "internal", "men")
    assert words == "men: age, height, weight and measurements (ridge for log mass)"


def one(gain, low, high, p):
    return {"gain": gain, "interval": [low, high], "p": p}


def test_a_loss_is_called_a_loss_and_a_doubt_a_doubt():
    def contrast(gain, low, high):
        by = {who: one(gain, low, high, 0.02) for who in ("men", "women", "both")}
        return {"mae_g": by, "c": by, "p_holm": 0.06}

    assert "**1.2 g more** (gain −2.0 to −0.4)" in gain_words(contrast(-1.2, -2.0, -0.4))
    assert "**a loss** (p = 0.060 after Holm's" in gain_words(contrast(-1.2, -2.0, -0.4))
    assert "a gain (" in gain_words(contrast(1.2, 0.4, 2.0))
    assert "no difference that these patients can show" in gain_words(contrast(0.2, -0.4, 2.0))
    secondary = contrast(1.2, 0.4, 2.0) | {"p_holm": None}
    assert "(p = 0.020)" in gain_words(secondary)
    assert "Holm" not in gain_words(secondary)


def test_without_lvh_there_is_no_gain_in_c():
    by = {who: one(1.0, 0.5, 1.5, 0.001) for who in ("men", "women", "both")}
    none = {who: {"gain": None, "interval": None, "p": None} for who in by}
    assert "too few with LVH" in gain_words({"mae_g": by, "c": none, "p_holm": None})
    assert p_words(0.001) == "≤ 0.001"


def test_the_published_figures_are_those_of_the_abstract():
    """Pan et al. 2026, abstract: 0.70 ± 0.02, 0.77 ± 0.05, 0.75 ± 0.05; 14.3 ± 0.7 g, 12.9 ± 1.1 %."""
    c, error, percent, *_ = PAPER
    assert (c.one_model, c.men, c.women) == ("0.70 ± 0.02", "0.77 ± 0.05", "0.75 ± 0.05")
    assert (error.one_model, percent.one_model) == ("14.3 ± 0.7", "12.9 ± 1.1")
