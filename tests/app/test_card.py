"""What the result card says, for hand-made reports: no weights needed."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from streamlit.testing.v1 import AppTest

from elvmass_core import pipeline, wording
from elvmass_core.domain import Estimate, Finding, Lvh, Patient, Report, Severity, Sex
from elvmass_core.models.bundle import Models
from pages.shared import cache

ROOT = Path(__file__).parents[2]
DICOM = Path(str(get_testdata_file("waveform_ecg.dcm", download=False)))
ESTIMATE = Estimate(
    model="test-women",
    bundle_sha256="abcdef0123456789" * 4,
    sex=Sex.FEMALE,
    lvm_g=118.6,
    members_g=(118.6,) * 5,
    interval_g=(96.2, 141.0),
    coverage=0.9,
    lvmi_g_m2=70.4,
    p_lvh=0.613,
    prevalence=0.27,
    lvh=Lvh.UNCERTAIN,
    lvh_reason="the interval crosses the cut-off",
    demographics_only_g=104.2,
    cutoff_g_m2=65.0,
    cutoff_source="coronary CT angiography: a source",
    reference_g=101.0,
    reference_range_g=(80.0, 167.0),
)


def show(monkeypatch, *estimates: Estimate, findings: tuple[Finding, ...] = ()) -> AppTest:
    """The Estimate page for a real beat with these answers put in the models' place."""

    def answer(recording, patient, *, explain=False) -> Report:
        measured = pipeline.analyse(recording, patient, Models())
        kept = tuple(finding for finding in measured.findings if finding.severity is not Severity.STOP)
        return replace(measured, estimates=estimates, findings=(*kept, *findings))

    monkeypatch.setattr(cache, "report", answer)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    at.file_uploader(key="ecg_files").upload("ecg", DICOM.read_bytes(), "application/dicom").run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return " ".join(element.value for kind in (at.markdown, at.caption, at.error) for element in kind)


def test_the_card_says_first_that_the_patients_were_simulated(monkeypatch):
    at = show(monkeypatch, ESTIMATE)
    assert "Model output (trained on simulated patients)" in words(at)
    assert "not validated in humans" in words(at)


def test_mass_index_interval_and_cutoff_are_shown_with_units_and_rounded_once(monkeypatch):
    at = show(monkeypatch, ESTIMATE)
    assert [metric.value for metric in at.metric] == ["119 g", "70 g/m²"]
    assert "96–141 g" in words(at)
    assert "90 % interval" in words(at)
    assert "65 g/m²" in words(at)
    assert "coronary CT angiography" in words(at)


def test_what_the_ecg_changes_in_what_is_known_of_the_person_is_said(monkeypatch):
    assert "From age and sex alone 104 g; the ECG adds 15 g." in words(show(monkeypatch, ESTIMATE))  # shown: 119 g
    assert wording.known_words(Patient(height_cm=160.0, weight_kg=60.0)) == "body size, age and sex"
    assert wording.known_words(Patient(height_cm=160.0)) == "height, age and sex"


@pytest.mark.parametrize(("lvm_g", "want"), [(102.2, "takes off 2 g"), (104.4, "changes nothing"), (106.4, "adds 2 g")])
def test_a_change_is_a_verb_and_not_a_negative_addition(lvm_g, want):
    one = replace(ESTIMATE, lvm_g=lvm_g)
    assert wording.alone_words(one, Patient(), outside=False).endswith(f"the ECG {want}.")


def test_how_many_with_lvh_were_missed_in_the_test_stands_beside_every_judgement(monkeypatch):
    one = replace(ESTIMATE, lvh_in_test=(3, 50, 15))
    want = "Of 68 simulated test patients with LVH, 3 flagged, 50 uncertain, 15 not flagged."
    assert want in words(show(monkeypatch, one))
    assert "simulated" not in wording.lvh_in_test_words(replace(one, simulated=False))


@pytest.mark.parametrize("code", ["wide_qrs", "irregular_rhythm", "p_wave_not_found"])
def test_an_ecg_the_models_do_not_know_is_cautioned_above_a_subdued_number(monkeypatch, code):
    outside = Finding(code=code, severity=Severity.CAUTION, message="Something is wrong.", observed="140 ms")
    one = replace(ESTIMATE, p_lvh=None, lvh=Lvh.NO_RESULT, lvh_reason="not judged", lvh_in_test=(3, 50, 15))
    at = show(monkeypatch, one, findings=(outside,))
    assert "Outside what the models know" in at.warning[1].value.replace("\\", "")
    banner, caution, mass, *_ = [element.value for element in at.main if element.type in ("warning", "metric")]
    assert "not for diagnosis" in banner
    assert "Outside what" in caution
    assert mass == "119 g"
    shown = words(at)
    assert "96–141 g" in shown
    assert "P(LVH) **" not in shown
    assert "65 g/m²" not in shown
    assert "with LVH" not in shown
    assert "; the ECG" not in shown


def test_an_ecg_the_models_know_gets_no_such_warning(monkeypatch):
    assert len(show(monkeypatch, ESTIMATE).warning) == 1


def test_the_probability_names_its_population_and_prevalence(monkeypatch):
    assert "P(LVH) **61 %** in simulated patients, prevalence 27 %" in words(show(monkeypatch, ESTIMATE))


def test_the_model_and_the_start_of_its_hash_are_shown(monkeypatch):
    shown = words(show(monkeypatch, ESTIMATE)).replace("\\", "")
    assert "test-women (abcdef0123)" in shown


@pytest.mark.parametrize(
    ("lvh", "reason", "want"),
    [
        (Lvh.FLAGGED, "the whole interval lies above the cut-off", ["LVH flagged", "above the cut-off"]),
        (Lvh.NOT_FLAGGED, "", ["LVH not flagged", "A negative result does not exclude LVH"]),
        (Lvh.UNCERTAIN, "the interval crosses the cut-off", ["LVH uncertain", "crosses the cut-off"]),
        (Lvh.NO_RESULT, "height and weight needed", ["LVH: no result", "height and weight needed"]),
    ],
)
def test_the_flag_is_written_in_words_with_its_reason(monkeypatch, lvh, reason, want):
    shown = words(show(monkeypatch, replace(ESTIMATE, lvh=lvh, lvh_reason=reason))).replace("\\", "")
    assert all(part in shown for part in want)


def test_without_an_index_the_card_says_what_is_needed(monkeypatch):
    at = show(monkeypatch, replace(ESTIMATE, lvmi_g_m2=None, p_lvh=None, lvh=Lvh.NO_RESULT, lvh_reason="no size"))
    assert at.metric[1].value == "—"
    assert "needs height and weight" in words(at)
    assert "P(LVH) **" not in words(at)


def test_with_unknown_sex_both_models_answer_and_nothing_is_flagged(monkeypatch):
    man = replace(ESTIMATE, sex=Sex.MALE, lvm_g=139.8, interval_g=(110.0, 170.0), lvh=Lvh.FLAGGED)
    at = show(monkeypatch, man, ESTIMATE)
    assert [metric.value for metric in at.metric] == ["140 g", "119 g"]
    assert "both models answer" in words(at)
    assert "From age and sex alone 104 g; the ECG adds 36 g." in words(at)
    assert "Saliency needs one model: choose the sex above." in words(at)
    assert "LVH flagged" not in words(at)


def test_a_stop_takes_the_place_of_every_number_and_comes_first(monkeypatch):
    stop = Finding(
        code="x", severity=Severity.STOP, message="The gain is in doubt.", observed="9 mV", expected="≤ 4 mV"
    )
    caution = Finding(code="y", severity=Severity.CAUTION, message="The QRS is wide.")
    at = show(monkeypatch, findings=(caution, stop))
    shown = words(at)
    assert "No estimate" in shown
    assert [error.value for error in at.error] == ["The gain is in doubt. Found: 9 mV. Expected: ≤ 4 mV."]
    assert "The QRS is wide" in shown
    assert len(at.metric) == 0
    assert len(at.get("plotly_chart")) == 2  # the ECG can still be looked at
