"""The Validation page: every row is there, patients are called simulated, a user's table is judged or refused."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.study import published
from elvmass_core.study.report import contrast_answer
from tests.study_folder import CRITERIA, OPTIONAL, ROWS, scored_csv, write_study

ROOT = Path(__file__).parents[2]
TABS = "validation_tabs"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One study as the command writes it, one with everything a study may hold."""
    plain, full = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("full")
    write_study(plain)
    facts = write_study(full, **OPTIONAL, answer="Answer: as written by the run.")
    for place in ("internal", "external"):
        facts[place]["criteria"] = CRITERIA
    write_study(full, **OPTIONAL, answer="Answer: as written by the run.", **{p: facts[p] for p in published.PLACES})
    return {"plain": plain, "full": full}


@pytest.fixture(params=["plain", "full"])
def folder(folders, request, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", folders[request.param])
    return request.param


@pytest.fixture
def full(folders, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", folders["full"])


def show(tab: str | None = None) -> AppTest:
    at = AppTest.from_file(str(ROOT / "pages/validation.py"), default_timeout=60)
    if tab is not None:
        at.session_state[TABS] = tab
    at.run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.info, at.warning)
    return " ".join(element.value for kind in kinds for element in kind)


def tables(at: AppTest) -> str:
    return " ".join(element.value.to_csv() for element in at.table)


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


def test_the_published_figures_stand_in_a_box_of_their_own_beside_the_reproduced(folder):
    at = show()
    assert "Published: other patients, measured mass, not comparable" in words(at)
    assert "10.1093/ehjdh/ztaf122" in words(at)
    assert "0.77 ± 0.05" in at.table[0].value.to_csv()
    ours = at.table[1].value
    assert len(ours) == 6
    assert list(ours.columns) == ["Ranked by", "Model", "c in men", "c in women", "c in both ranked together"]
    assert ours.map(lambda cell: "(" in cell).iloc[:, 2:].all(axis=None)


def test_the_plain_answer_is_that_of_the_study(folder):
    study = published.read_published()
    want = "Answer: as written by the run." if folder == "full" else contrast_answer(dict(study.facts)).strip()
    assert want in words(show())


@pytest.mark.parametrize("tab", ["Published and reproduced", "Every model", "One model in detail", "Where it errs"])
def test_every_tab_says_that_the_patients_are_simulated(full, tab):
    shown = words(show(tab))
    assert "Simulated patients] Not validated in humans" in shown
    assert "simulated patients," in shown


def test_no_row_is_hidden_where_the_network_loses(folder):
    at = show("Every model")
    study = published.read_published()
    assert all(tables(at).count(study.words(name)) >= 2 for name in ROWS)
    assert "Smaller mean error than eLVMass-Net, one per sex** – men: age, height, weight and measurements" in words(at)
    assert "**a loss**" in words(at)
    assert "Holm" in words(at)
    assert charts(at) == 2


def test_the_shifted_cohort_has_its_own_numbers(full):
    at = show("Every model")
    inside = tables(at)
    at.segmented_control(key="models_place").set_value("external").run()
    assert not at.exception
    assert tables(at) != inside
    assert "Shifted simulated cohort: 60 simulated patients" in words(at)


@pytest.mark.parametrize(
    ("kind", "n"),
    [("Estimated against known", 2), ("Bland–Altman", 2), ("ROC", 1), ("Calibration", 1), ("Decision curve", 1)],
)  # fmt: skip
def test_every_figure_of_one_model_is_drawn(folder, kind, n):
    at = show("One model in detail")
    at.segmented_control(key="detail_figure").set_value(kind).run()
    assert not at.exception
    assert charts(at) == n


def test_classical_criteria_are_beside_the_roc_where_the_study_has_them(full):
    at = show("One model in detail")
    at.segmented_control(key="detail_figure").set_value("ROC").run()
    assert "Cornell voltage,20 / 5,20 / 5" in tables(at)


def test_a_constant_model_has_figures_too(full):
    at = show("One model in detail")
    at.selectbox(key="detail_model").set_value("sex_mean").run()
    for kind in ("Bland–Altman", "ROC", "Calibration"):
        at.segmented_control(key="detail_figure").set_value(kind).run()
        assert not at.exception


def test_what_a_study_may_lack_is_silently_absent(folder):
    at = show("Where it errs")
    for heading in ("Learning curve", "other cohorts", "Real recordings", "The weights of this app"):
        assert (heading in words(at)) == (folder == "full")
    assert charts(at) == (2 if folder == "full" else 0)
    assert len(at.expander) == 3


def test_without_a_study_a_sentence_and_the_own_cohort_remain(monkeypatch, tmp_path):
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    at = show()
    assert "The study is not in its folder" in at.info[0].value
    assert len(at.tabs) == 1
    assert "lvm_measured_g" in words(at)


def test_a_quick_study_says_that_it_means_nothing(folders, monkeypatch, tmp_path):
    write_study(tmp_path / "quick", quick=True)
    monkeypatch.setattr(published, "FOLDER", tmp_path / "quick")
    assert "The figures say nothing" in show().error[0].value


# --- Your own cohort --------------------------------------------------------------------------------------------------


def bring(content: str | bytes) -> AppTest:
    at = show("Your own cohort")
    content = content.encode() if isinstance(content, str) else content
    at.file_uploader(key="scored_table").upload("mine", content, "application/octet-stream").run()
    assert not at.exception
    return at


def test_an_own_table_gets_accuracy_coverage_and_the_same_figures(full):
    at = bring(scored_csv())
    assert "**80 patients," in words(at)
    assert "Your patients" in words(at)
    accuracy, held = (table.value for table in at.table)
    assert list(accuracy.iloc[:, 0].str[:3]) == ["men", "wom"]
    assert "c for LVH" in accuracy.columns
    assert "Intervals that hold the measured mass, %" in held.columns
    for kind, n in {"Estimated against known": 2, "Bland–Altman": 2, "ROC": 1, "Calibration": 1}.items():
        at.segmented_control(key="own_figure").set_value(kind).run()
        assert not at.exception
        assert charts(at) == n


def test_an_own_table_without_intervals_has_no_coverage(full):
    assert len(bring(scored_csv(intervals=False)).table) == 1


def test_what_was_left_out_of_an_own_table_is_said(full):
    lines = scored_csv().splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[1], "9999")
    warnings = [element.value for element in bring("\n".join(lines)).warning]
    assert "1 values of lvm_measured_g are not 20–600 g and count as unknown." in warnings


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("sex,lvm_g\nF,90\n", "The table lacks lvm_measured_g"),
        (b"\x00\x01", "neither a CSV nor a Parquet"),
        (scored_csv(30), "Only 15 men and 15 women"),
    ],
)
def test_an_own_table_that_cannot_be_used_is_refused_in_one_sentence(full, content, sentence):
    at = bring(content)
    assert [sentence in error.value for error in at.error] == [True]
    assert charts(at) == 0


def test_opening_the_page_does_not_load_the_networks(folders):
    """A visitor who comes only for the study does not wait for torch."""
    script = f"""
import sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
from elvmass_core.study import published
published.FOLDER = Path({str(folders["full"])!r})
at = AppTest.from_file("pages/validation.py", default_timeout=60).run()
assert not at.exception and at.table, at
sys.exit("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0
