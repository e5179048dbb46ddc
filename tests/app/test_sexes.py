"""The Men and women page: one ECG by three models, cohorts with a known answer, and one's own, or a reason why not."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.figures.sexes import PASSES, PASSES_STRICTLY, WITHIN
from elvmass_core.figures.style import PALETTES
from elvmass_core.sexes.files import MAPS, RESULT, read, read_bytes, run_shares, to_bytes
from elvmass_core.sexes.report import NO_FINDING
from pages.shared import cache, sexes, sexes_cohort
from pages.shared.examples import examples
from pages.shared.sexes_rows import passing_words, standing

ROOT = Path(__file__).parents[2]
TABS = "sexes_tabs"
EXAMPLE = "ecg_example"


@pytest.fixture(autouse=True)
def no_cache():
    cache.runs.clear()
    sexes._stored.clear()


def show(tab=None, entry="pages/sexes.py"):
    at = AppTest.from_file(str(ROOT / entry), default_timeout=120)
    if tab is not None:
        at.session_state[TABS] = tab
    at.run()
    assert not at.exception
    return at


def with_example(number=0):
    at = show()
    box = next(one for one in at.selectbox if one.key == EXAMPLE)
    box.set_value(
        box.options[number] if isinstance(box.options[0], str) and box.options[0] in _ids() else _ids()[number]
    )
    at.run()
    assert not at.exception
    return at


def _ids():

    return list(examples())


def words(at):
    kinds = (at.markdown, at.caption, at.error, at.info, at.warning)
    return " ".join(element.value for kind in kinds for element in kind)


def charts(at):
    return len(at.get("plotly_chart"))


def test_the_page_carries_the_banner_from_both_entries():
    for entry in ("pages/sexes.py", "app.py"):
        assert "not for diagnosis" in words(show(entry=entry))


def test_one_ecg_has_three_answers_one_of_them_crossed_and_a_map_of_differences():
    at = with_example()
    table = at.table[0].value.to_csv()
    assert "crossed: learned from the other sex only" in table and "this patient's own sex" in table
    assert charts(at) == 2 + 3 + 1
    assert "lead groups × segments" in words(at) and "no finding about men and women" in words(at)


def test_without_a_sex_nothing_is_compared():
    at = with_example()
    at.session_state["sex_1"] = Sex.UNKNOWN
    at.run()
    assert not at.exception
    assert charts(at) == 0 and "Choose a sex" in words(at)


def test_without_the_training_runs_the_page_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "FOLDER", "nowhere")
    at = with_example()
    assert "cannot be used" in words(at) and charts(at) == 2


def test_the_cohorts_give_the_answer_and_say_that_it_is_no_finding():
    at = show("Cohorts")
    said = words(at)
    assert NO_FINDING in said and "as planted" in said
    assert charts(at) == 4
    assert any("ST–T" in table.value.to_csv() for table in at.table)
    assert any("patients of its own" in table.value.to_csv() for table in at.table)


def test_every_world_and_quantity_can_be_shown():
    at = show("Cohorts")
    quantity = next(one for one in at.selectbox if one.key == "worlds_quantity")
    for option in ("grams", "percent", "per_mv"):
        quantity.set_value(option).run()
        assert not at.exception


def test_a_missing_result_is_said_in_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(sexes, "FOLDER", tmp_path)
    assert "cannot be read" in words(show("Cohorts"))


def test_the_own_cohort_is_asked_for_with_its_command():
    said = words(show("Your own cohort"))
    assert "python -m elvmass_core sexes --table" in said and "50 pairs" in said


def test_the_truth_experiment_is_shown_with_its_lesson(monkeypatch, tmp_path):
    at = show("Do maps blame the cause?")
    assert charts(at) == 2 and len(at.table) == 2
    assert "network that learned nothing" in words(at) and "strain, women" in words(at)
    monkeypatch.setattr(sexes, "FOLDER", tmp_path)
    assert "has not been run" in words(show("Do maps blame the cause?"))


def shipped():
    return (ROOT / "docs" / RESULT).read_bytes(), (ROOT / "docs" / MAPS).read_bytes()


def upload(at, *contents):
    uploader = next(one for one in at.file_uploader if one.key == "sexes_files")
    uploader.set_value([(f"file{k}", content, "application/octet-stream") for k, content in enumerate(contents)]).run()
    assert not at.exception
    return at


def test_both_files_of_a_comparison_are_shown_whatever_their_names():
    result, maps = shipped()
    at = upload(show("Your own cohort"), maps, result)
    assert charts(at) == 2 and "ST and T hold" in words(at)


def test_what_one_world_is_downloaded_as_can_be_opened_again():
    stored = read(ROOT / "docs")
    again = read_bytes(*to_bytes(stored, "strain in men"))
    assert list(again.document["worlds"]) == ["strain in men"]
    np.testing.assert_array_equal(
        again.maps["strain in men"]["absolute_maps_g"], stored.maps["strain in men"]["absolute_maps_g"]
    )
    assert charts(upload(show("Your own cohort"), *to_bytes(stored, "strain in men"))) == 2


def test_a_refused_ecg_is_not_compared_and_the_reason_stands():
    at = show()
    refused = next(name for name, one in examples().items() if "exchanged" in one.origin.title)
    next(one for one in at.selectbox if one.key == EXAMPLE).set_value(refused).run()
    assert not at.exception
    assert "No estimate, so nothing to compare" in words(at) and charts(at) == 0


def test_one_file_alone_or_a_damaged_one_is_answered_in_a_sentence():
    result, maps = shipped()
    assert "Give both files" in words(upload(show("Your own cohort"), result))
    assert "cannot be read" in words(upload(show("Your own cohort"), b'{"worlds": 3}', maps))
    assert "cannot be read" in words(upload(show("Your own cohort"), result, maps[:20_000]))


@pytest.mark.parametrize("spoil", [
    lambda d: d["worlds"]["neutral"].pop("cells"),
    lambda d: d["worlds"]["neutral"]["cells"].reverse(),
    lambda d: d["worlds"]["neutral"]["quantities"]["share"].update(unit="![x](http://other)"),
    lambda d: d["worlds"]["neutral"]["quantities"]["grams"]["model"]["q"].pop(),
    lambda d: d["worlds"]["neutral"]["quantities"]["grams"]["model"]["q"].__setitem__(0, None),
    lambda d: d["worlds"]["neutral"].update(pairs="many"),
    lambda d: d["worlds"].clear(),
    lambda d: d["worlds"]["neutral"]["quantities"]["grams"]["model"]["q"].__setitem__(0, "0.5"),
    lambda d: d["worlds"]["neutral"]["quantities"]["grams"]["model"]["q"].__setitem__(0, 10**400),
    lambda d: d["worlds"]["neutral"].update(runs=1),
    lambda d: d["worlds"]["neutral"].update(runs=10**400),
    lambda d: d["worlds"]["neutral"]["balance"][0].update(men="3.2"),
    lambda d: d["worlds"]["neutral"]["balance"][0].update(men=float("nan")),
])  # fmt: skip
def test_a_result_that_is_not_ours_is_refused(spoil):
    result, maps = shipped()
    document = json.loads(result)
    spoil(document)
    with pytest.raises(TableError, match="cannot be read"):
        read_bytes(json.dumps(document).encode(), maps)


@pytest.mark.parametrize("kind", [bool, complex, int])
def test_maps_that_are_no_plain_numbers_are_refused(kind):
    result, maps = shipped()
    with np.load(io.BytesIO(maps)) as stored:
        arrays = dict(stored)
    arrays["neutral/mean_beats_mv"] = np.zeros((2, 12, 400), dtype=kind)
    spoiled = io.BytesIO()
    np.savez_compressed(spoiled, **arrays)
    with pytest.raises(TableError, match="cannot be read"):
        read_bytes(result, spoiled.getvalue())


def test_the_words_count_what_the_map_marks():
    """max-T can pass where the false discovery rate does not."""
    q, p_max_t = [0.06, 0.02, 0.5], [0.04, 0.2, 0.9]
    assert standing(q, p_max_t) == [PASSES_STRICTLY, PASSES, WITHIN]
    assert "In 2 of 3" in passing_words(q, p_max_t, 3) and "in 1 of them" in passing_words(q, p_max_t, 3)
    assert "In none of 1" in passing_words([0.5], [0.9], 1)


def test_the_shares_of_the_runs_are_those_of_the_answer():
    stored = read(ROOT / "docs")
    for name, one in stored.document["worlds"].items():
        summary = one["quantities"]["share"]["summary"]["model"]
        found = run_shares(stored.maps[name])
        for who, (mean, low, high) in zip(("men", "women"), found.values(), strict=True):
            assert mean == pytest.approx(summary[who][0], abs=0.01)
            assert low < mean < high


def test_without_the_mens_model_a_womans_ecg_is_answered_in_a_sentence(monkeypatch, tmp_path):
    weights = tmp_path / "weights"
    shutil.copytree(ROOT / "weights", weights)
    for manifest in weights.glob("elvmass-tcn-men-*/manifest.json"):
        manifest.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(cache, "WEIGHTS", weights)
    cache._models.clear()
    at = with_example()
    cache._models.clear()
    assert "cannot be used" in words(at) and charts(at) == 2


def test_an_ecg_outside_the_scope_is_called_so_before_its_maps(monkeypatch):
    monkeypatch.setattr(sexes, "scope_words", lambda _: "Outside what the models know: the heart is paced.")
    at = with_example()
    assert any("Outside what the models know" in warning.value for warning in at.warning)


def test_the_exported_figures_are_light_on_their_white_page_whatever_the_visitors_theme(monkeypatch):
    monkeypatch.setattr(sexes_cohort, "theme", lambda: "dark")
    page = sexes_cohort._html(read(ROOT / "docs"), "neutral", "share")
    assert PALETTES["dark"].ink not in page.split("</script>", 1)[1]
    assert NO_FINDING.split(".")[0] in page


def test_a_quick_run_says_so_in_the_own_cohort_too():
    result, maps = shipped()
    quick = json.loads(result) | {"quick": True}
    assert "only the path is checked" in words(upload(show("Your own cohort"), json.dumps(quick).encode(), maps))


def test_the_shipped_comparison_keeps_its_promises():
    """Recovered, reversed, absent; and where there is nothing at most 10 of 100 repeats find anything."""
    stored = read(ROOT / "docs")
    effects = {name: one["quantities"]["share"]["summary"]["model"] for name, one in stored.document["worlds"].items()}
    assert effects["strain in men"]["difference"][0] > 0 and effects["strain in men"]["p"][0] <= 0.05
    assert effects["strain in women"]["difference"][0] < 0 and effects["strain in women"]["p"][0] <= 0.05
    assert effects["neutral"]["p"][0] > 0.05
    assert all(one["pairs"] >= 500 and one["runs"] >= 10 for one in stored.document["worlds"].values())
    null = stored.document["null"]["disjoint"]
    assert null["repeats"] == 100
    assert all(null[name]["fdr"] <= 10 for name in ("share", "grams", "percent", "per_mv"))
    assert all(np.isfinite(one["importance"]).all() for one in stored.maps.values())
