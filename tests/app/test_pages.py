"""The pages without a browser: banner from both entries, reading, refusing, forgetting."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

from elvmass_core.domain import DISCLAIMER, CriterionResult, Patient, Sex
from elvmass_core.io import read_recording
from elvmass_core.io.wfdb_writer import write_wfdb
from elvmass_core.models.bundle import Models, load_models
from elvmass_core.units import LEADS
from pages.shared import cache, examples, render, weight_facts
from tests import synthetic

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60
DICOM = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))
PAGES = sorted(ROOT.glob("pages/*.py"))


@pytest.fixture
def no_weights(monkeypatch):
    """The state of a fresh clone before training."""
    problem = "No usable weights for women in the weights folder."
    monkeypatch.setattr(cache, "models", lambda *_: Models(problems=(problem,)))


def start(entry: str = "app.py") -> AppTest:
    return AppTest.from_file(str(ROOT / entry), default_timeout=TIMEOUT_S).run()


def upload(content: bytes, name: str = "ecg", at: AppTest | None = None) -> AppTest:
    at = at or start()
    at.file_uploader(key="ecg_files").upload(name, content, "application/octet-stream").run()
    return at


def words(at: AppTest) -> str:
    """Everything written on the page."""
    kinds = (at.title, at.markdown, at.caption, at.warning, at.error, at.info)
    return " ".join(element.value for kind in kinds for element in kind)


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


def csv_file(scale: float = 1000.0) -> bytes:
    """The DICOM recording as a table in microvolts that names neither unit nor rate."""
    recording = read_recording({"x": DICOM.read_bytes()})
    lines = [",".join(LEADS)]
    lines += [",".join(f"{value * scale:.0f}" for value in row) for row in recording.signal_mv.T]
    return "\n".join(lines).encode()


# --- Banner -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_opened_as_first_deep_link_shows_the_banner(page):
    at = AppTest.from_file(str(page), default_timeout=TIMEOUT_S).run()
    assert not at.exception
    assert "not for diagnosis" in at.warning[0].value


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_reached_through_the_app_shows_the_banner(page):
    at = start()
    at.switch_page(f"pages/{page.name}").run()
    assert not at.exception
    assert "not for diagnosis" in at.warning[0].value


def test_the_start_page_is_the_estimate():
    at = start()
    assert not at.exception
    assert "Estimate LV mass" in at.title[0].value
    assert DISCLAIMER in at.warning[0].value


# --- Reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_weights")
def test_without_weights_a_dicom_file_shows_its_beat_and_says_why_there_is_no_estimate():
    at = upload(DICOM.read_bytes())
    assert not at.exception
    assert "No estimate" in words(at)
    assert any("weights are not available" in error.value for error in at.error)
    assert "Averaged beat" in words(at)
    assert charts(at) == 2  # the averaged beat of limb and precordial leads; the 12 leads are no chart


def test_age_and_sex_come_from_the_file_with_their_source():
    at = upload(DICOM.read_bytes())
    stated = read_recording({"x": DICOM.read_bytes()}).stated
    assert at.number_input(key="age_years_1").value == stated.age_years
    assert "From the file: sex female" in words(at)


def test_a_form_that_differs_from_the_file_is_pointed_out():
    at = upload(DICOM.read_bytes())
    at.number_input(key="age_years_1").set_value(70.0).run()
    assert "Differs" in words(at)
    assert "Which is right?" in words(at)
    at.button(key="keep_form").click().run()
    assert "Which is right?" not in words(at)
    assert at.number_input(key="age_years_1").value == 70.0


def test_the_values_of_the_file_can_be_taken_again():
    at = upload(DICOM.read_bytes())
    stated = read_recording({"x": DICOM.read_bytes()}).stated
    at.number_input(key="age_years_1").set_value(70.0).run()
    at.button(key="use_given").click().run()
    assert at.number_input(key="age_years_1_1").value == stated.age_years
    assert "Which is right?" not in words(at)


def test_height_and_weight_may_be_given_in_feet_and_pounds():
    at = upload(DICOM.read_bytes())
    at.number_input(key="height_cm_1").set_value(170.0).run()
    at.segmented_control(key="body_units").set_value("ft, lb").run()
    assert at.number_input(key="feet_1_1").value == 5.0
    assert at.number_input(key="inches_1_1").value == pytest.approx(6.93, abs=0.01)
    at.number_input(key="pounds_1_1").set_value(150.0).run()
    at.segmented_control(key="body_units").set_value("cm, kg").run()
    assert at.number_input(key="height_cm_1_2").value == pytest.approx(170.0)
    assert at.number_input(key="weight_kg_1_2").value == pytest.approx(68.04, abs=0.01)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"this is a letter, not an ECG", "fewer than two leads"),
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"II\n0.1\n0.2\n0.3\n", "fewer than two leads"),
    ],
    ids=["empty file", "text renamed .dcm", "PDF", "one lead"],
)
def test_a_bad_file_gives_one_sentence_and_no_traceback(content, word):
    at = upload(content, "ecg.dcm")
    assert not at.exception
    assert len(at.error) == 1
    assert word in at.error[0].value
    assert charts(at) == 0


def table(signal_mv, leads=LEADS):
    """A CSV that states unit and rate."""
    rows = np.column_stack([np.arange(signal_mv.shape[1]) / 500.0, signal_mv.T])
    lines = [",".join(["time (s)", *(f"{lead} (mV)" for lead in leads)])]
    return "\n".join([*lines, *(",".join(f"{value:.4f}" for value in row) for row in rows)]).encode()


def without_v2(signal_mv):
    signal_mv = np.array(signal_mv)
    signal_mv[7] = np.nan
    return signal_mv


@pytest.mark.parametrize(
    ("content", "words_expected"),
    [
        (table(1000.0 * synthetic.signal()[0]), "implausibly large"),
        (table(without_v2(synthetic.signal()[0])), "V2"),
        (table(synthetic.signal()[0][:2], LEADS[:2]), "V1"),
    ],
    ids=["uV given as mV", "NaN lead", "limb leads only"],
)
def test_a_faulty_ecg_is_refused_with_its_reason_and_no_number(content, words_expected):
    at = upload(content, "ecg.csv")
    assert not at.exception
    assert "No estimate" in words(at)
    assert any(words_expected in error.value for error in at.error)
    assert not at.metric


def test_a_truncated_data_file_is_one_sentence(tmp_path):
    write_wfdb(tmp_path, "cut", synthetic.signal()[0], 500.0)
    data = (tmp_path / "cut.dat").read_bytes()[:9001]
    at = start()
    files = [("cut.hea", (tmp_path / "cut.hea").read_bytes(), "text/plain"), ("cut.dat", data, "application/x")]
    at.file_uploader(key="ecg_files").set_value(files).run()
    assert not at.exception
    assert len(at.error) == 1
    assert "truncated" in at.error[0].value


def test_a_bad_file_removes_the_ecg_before_it():
    at = upload(DICOM.read_bytes())
    at.file_uploader[0].set_value([("bad", b"%PDF-1.7", "application/pdf")]).run()
    assert len(at.error) == 1
    assert charts(at) == 0


def test_the_uploader_is_empty_once_its_files_are_read_so_that_the_next_come_alone():
    at = upload(DICOM.read_bytes())
    assert charts(at) >= 2
    assert not at.file_uploader[0].value
    at.file_uploader[0].upload("ecg.csv", csv_file(), "text/csv").run()
    assert "How many samples per second?" in words(at)
    assert not at.file_uploader[0].value


def test_a_header_and_its_data_may_come_one_after_the_other(tmp_path):
    write_wfdb(tmp_path, "late", synthetic.signal()[0], 500.0)
    header, data = ((f"late.{end}", (tmp_path / f"late.{end}").read_bytes(), "text/plain") for end in ("hea", "dat"))
    at = start()
    at.file_uploader[0].set_value([header]).run()
    assert len(at.error) == 1
    at.file_uploader[0].set_value([header, data]).run()
    assert "WFDB" in at.expander[0].label


def test_an_impossible_height_is_a_sentence_and_not_a_result():
    at = upload(DICOM.read_bytes())
    at.number_input(key="height_cm_1").set_value(1.75).run()
    assert not at.exception
    assert any("height" in error.value for error in at.error)
    assert charts(at) == 0


def test_rate_and_unit_are_asked_and_both_readings_are_shown():
    at = upload(csv_file(), "ecg.csv")
    at.number_input(key="ecg_rate_hz").set_value(1000)
    (submit,) = [button for button in at.button if button.label == "Use this rate"]
    submit.click().run()
    asked = words(at)
    assert "Read as millivolts" in asked
    assert "impossible" in asked
    assert "Read as microvolts" in asked
    assert "plausible" in asked
    at.button(key="unit_uV").click().run()
    assert not at.exception
    assert charts(at) >= 1


def test_forgetting_drops_the_ecg_and_its_files():
    at = upload(DICOM.read_bytes())
    at.button(key="forget").click().run()
    assert charts(at) == 0
    visit = at.session_state["elvmass_visit"]
    assert visit.recording is None
    assert visit.reports == {}
    assert visit.pending is None


def test_the_ecg_is_still_open_after_a_look_at_another_page():
    at = upload(DICOM.read_bytes())
    at.switch_page("pages/model_card.py").run()
    at.switch_page("pages/estimate.py").run()
    assert charts(at) >= 2


def test_one_visitor_does_not_see_the_ecg_of_another():
    first, second = upload(DICOM.read_bytes()), start()
    assert charts(first) >= 2
    assert charts(second) == 0
    assert second.session_state["elvmass_visit"].recording is None


# --- Examples ---------------------------------------------------------------------------------------------------------


def test_every_example_opens():
    for name in set(examples.examples()) - {"broken_file"}:
        at = start()
        at.selectbox(key="ecg_example").set_value(name).run()
        assert not at.exception
        assert not at.session_state["elvmass_visit"].error
        assert charts(at) >= 2 or name == "man_tremor"  # of which no beat can be formed


def test_without_an_examples_folder_the_real_recording_is_still_there(monkeypatch, tmp_path):
    monkeypatch.setattr(examples, "TABLE", tmp_path / "examples.csv")
    assert list(examples.examples()) == ["real_dicom"]


def test_an_example_brings_its_person_and_its_true_mass(monkeypatch, tmp_path):
    row = {
        "id": "a", "title": "A woman", "what_to_see": "Look.", "files": "a.hea;a.dat", "sex": "F", "age": "60",
        "height_cm": "160", "weight_kg": "", "true_lvm_g": "123.4",
    }  # fmt: skip
    with (tmp_path / "examples.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, row)
        writer.writeheader()
        writer.writerow(row)
    monkeypatch.setattr(examples, "TABLE", tmp_path / "examples.csv")
    example = examples.examples()["a"]
    assert example.origin.patient == Patient(sex=Sex.FEMALE, age_years=60.0, height_cm=160.0)
    assert example.origin.truth_g == 123.4
    assert [path.name for path in example.paths] == ["a.hea", "a.dat"]


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["![x](http://evil.example/x.png)", "[a](javascript:1)", ":red[x]", "<b>", "$x$", "> q"]
)
def test_text_from_a_file_has_no_power_over_the_page(text):
    escaped = render.plain(text)
    assert all(f"\\{mark}" in escaped for mark in set(text) & set("![]()<>$:"))


def test_an_age_over_89_is_written_as_90_plus():
    assert render.patient_words("age_years", 93.0) == "90+ years"
    assert render.patient_words("age_years", 89.0) == "89 years"


@pytest.mark.parametrize(
    ("met", "reason", "want"),
    [
        (True, "", "▲ met"),
        (False, "", "○ not met"),
        (True, "voltage 3, left axis 2", "▲ met: voltage 3, left axis 2"),
        (None, "not applicable: QRS of 140 ms", "not applicable: QRS of 140 ms"),
        (None, "could not be measured", "could not be measured"),
    ],
)
def test_a_criterion_without_a_verdict_says_why_once(met, reason, want):
    one = CriterionResult(
        name="a", value=1.0, unit="mV", cutoff=2.0, comparison="≥", met=met, reason=reason, formula="f", source="s"
    )
    assert render.criteria_rows([one])[0]["Result"] == render.plain(want)


@pytest.mark.parametrize(("number", "want"), [("-0.03", "−0.03"), ("-0.00", "0.00"), ("-0", "0"), ("12", "12")])
def test_a_negative_number_has_a_true_minus_and_zero_has_none(number, want):
    assert render.minus(number) == want


def test_an_angle_stands_close_to_its_sign():
    assert render.value_words(-44.6, "°") == "−45°"


@pytest.mark.parametrize(("value", "want"), [(0.0, "0 points"), (1.0, "1 point"), (11.0, "11 points")])
def test_points_are_whole_numbers(value, want):
    assert render.value_words(value, "points") == want


def test_the_form_does_not_promise_a_wider_interval():
    at = upload(DICOM.read_bytes())
    assert "wider" not in at.number_input(key="height_cm_1").help


def test_the_model_card_takes_what_it_was_trained_on_from_the_manifest(untrained, monkeypatch):
    bundles = load_models(untrained).bundles
    assert "trained on simulated patients" in weight_facts.training_words(bundles[0])
    assert "Untrained, for tests" in weight_facts.training_words(bundles[0])
    source = bundles[0].manifest["training"]["source"] | {"simulated": False, "description": "My table."}
    own = replace(bundles[0], manifest={"training": {**bundles[0].manifest["training"], "source": source}})
    monkeypatch.setattr(cache, "models", lambda *_: Models(bundles=(own,)))
    at = AppTest.from_file(str(ROOT / "pages" / "model_card.py"), default_timeout=TIMEOUT_S).run()
    shown = " ".join(element.value for kind in (at.markdown, at.info) for element in kind)
    assert "My table" in shown
    assert "simulated" not in shown


def test_not_measurable_is_not_written_as_zero():
    assert render.value_words(None, "ms") == "not measurable"
    assert render.value_words(0.1234, "mV") == "0.12 mV"
    assert render.value_words(3.4996, "mV", 3.5) == "3.4996 mV"
    assert render.value_words(3.5, "mV", 3.5) == "3.50 mV"
    assert render.value_words(3.5004, "mV", 3.5) == "3.5004 mV"
    assert render.value_words(1.0, "points", 4.0) == "1 point"


# --- Gallery and tour -------------------------------------------------------------------------------------------------


def test_every_example_stands_in_the_gallery_with_what_to_see_and_opens():
    at = start()
    shown = words(at)
    for name, example in examples.examples().items():
        assert render.plain(example.origin.what_to_see) in shown
        assert at.button(key=f"open_{name}")
    at.button(key="open_man_normal").click().run()
    assert "WFDB · 12 leads" in at.expander[0].label
    assert not at.exception


def test_the_broken_file_of_the_gallery_gets_one_sentence_and_no_ecg():
    at = start()
    at.button(key="open_broken_file").click().run()
    assert any("truncated" in error.value for error in at.error)
    assert not at.exception


def test_the_tour_goes_forth_and_back_through_its_examples_and_ends_with_nothing_open():
    at = start()
    at.button(key="tour_start").click().run()
    assert "Tour, step 1 of 5" in words(at)
    assert "Simulated man, normal heart" in at.info[0].value
    at.button(key="tour_next").click().run()
    assert "Tour, step 2 of 5" in words(at)
    assert "concentric LVH" in at.info[0].value
    at.button(key="tour_back").click().run()
    assert "Tour, step 1 of 5" in words(at)
    at.button(key="tour_end").click().run()
    assert "Tour, step" not in words(at)
    assert at.button(key="tour_start")
