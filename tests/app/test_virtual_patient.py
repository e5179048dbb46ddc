"""The Virtual patient page: sliders move truth and estimate, sweeps and pairs draw, the ECG goes on to Estimate."""

import re
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.models.bundle import Models
from pages.shared import cache
from tests.app.visitor import ROOT, WAIT_MS, open_tab, visiting

TIMEOUT_S = 120
needs_weights = pytest.mark.skipif(
    not any((ROOT / "weights").glob("*/manifest.json")), reason="weights/ holds no bundle: no grams to look for"
)


def start() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S).run()
    return at.switch_page("pages/virtual_patient.py").run()


def numbers(at: AppTest) -> tuple[str, str]:
    """True mass and estimate as shown."""
    true, estimate = [metric.value for metric in at.metric][:2]
    return true, estimate


def charts(at: AppTest) -> int:
    return len(at.get("plotly_chart"))


# --- Without a browser ------------------------------------------------------------------------------------------------


def test_the_page_says_that_it_is_simulated_and_the_best_case():
    at = start()
    assert not at.exception
    words = " ".join(element.value for element in at.markdown)
    assert "Simulated" in words and "best case" in words


@needs_weights
def test_a_thicker_septum_raises_truth_and_estimate_and_a_reset_undoes_it():
    at = start()
    before = numbers(at)
    at.slider(key="dial_septum_mm").set_value(16.0).run()
    after = numbers(at)
    assert not at.exception
    for less, more in zip(before, after, strict=True):
        assert int(more.removesuffix(" g")) > int(less.removesuffix(" g"))
    at.button(key="reset_M").click().run()
    assert numbers(at) == before
    assert at.slider(key="dial_septum_mm").value == 9.0


@needs_weights
def test_strain_moves_the_estimate_and_not_the_truth():
    at = start()
    true, estimate = numbers(at)
    at.slider(key="dial_strain").set_value(1.6).run()
    assert numbers(at)[0] == true
    assert numbers(at)[1] != estimate


@needs_weights
def test_the_dials_stay_where_they_were_when_another_page_was_open():
    at = start()
    at.slider(key="dial_weight_kg").set_value(100).run()
    shown = numbers(at)
    at.switch_page("pages/model_card.py").run()
    at.switch_page("pages/virtual_patient.py").run()
    assert at.slider(key="dial_weight_kg").value == 100
    assert numbers(at) == shown


@needs_weights
def test_a_sweep_and_a_pair_are_drawn_when_asked_for():
    at = start()
    assert charts(at) == 0
    at.button(key="sweep_run").click().run()
    assert not at.exception
    assert charts(at) == 2
    at.button(key="pair_run").click().run()
    assert not at.exception
    assert charts(at) == 4
    masses = [metric.value for metric in at.metric if metric.label == "True LV mass"]
    assert len(masses) == 3 and len(set(masses)) == 1


def test_a_body_that_no_adult_has_gets_the_truth_and_no_estimate():
    at = start()
    at.slider(key="dial_weight_kg").set_value(40)
    at.slider(key="dial_height_cm").set_value(195).run()
    assert not at.exception
    assert numbers(at)[1] == "—"


def test_without_weights_the_truth_stands_alone(monkeypatch):
    monkeypatch.setattr(cache, "models", lambda *_: Models(problems=("No usable weights for men.",)))
    at = start()
    assert not at.exception
    assert numbers(at)[1] == "—"
    at.button(key="sweep_run").click().run()
    assert not at.exception


@needs_weights
def test_a_block_is_drawn_with_what_is_known_to_be_wrong_about_it():
    at = start()
    at.selectbox(key="dial_conduction").set_value("lbbb").run()
    assert not at.exception
    assert any("roughly drawn" in caption.value for caption in at.caption)


@needs_weights
def test_analyse_opens_this_ecg_on_the_estimate_page_with_its_person_and_truth():
    at = start()
    at.slider(key="dial_septum_mm").set_value(13.0).run()
    _, estimate = numbers(at)
    at.button(key="virtual_analyse").click().run()
    assert not at.exception
    assert at.title[0].value.startswith("Estimate")
    assert any(metric.label == "LV mass" and metric.value == estimate for metric in at.metric)
    assert any("virtual patient" in caption.value for caption in at.caption)
    assert any("13" in info.value and "Simulated" in info.value for info in at.info)


# --- In a browser, with requests to other machines failing the test ---------------------------------------------------


@pytest.fixture
def page(browser, app_url):
    with visiting(browser, app_url) as opened:
        to_virtual(opened)
        yield opened


def to_virtual(page) -> None:
    page.get_by_role("link", name="Virtual patient").click()
    page.locator(".st-key-virtual_trace svg").first.wait_for(timeout=WAIT_MS)
    page.get_by_test_id("ecg-viewer").wait_for(timeout=WAIT_MS)


def card(page, label: str) -> int:
    shown = page.locator(".st-key-virtual_card [data-testid=stMetric]", has_text=label)
    match = re.fullmatch(r"(\d+) g", shown.locator("[data-testid=stMetricValue]").inner_text().strip())
    assert match, f"{label} is not a whole number of grams"
    return int(match.group(1))


def turn(page, name: str, presses: int) -> None:
    """Arrow keys on a slider, and the answer awaited."""
    thumb = page.locator(f".st-key-dial_{name} input[type=range]")
    thumb.focus()
    before = page.locator(".st-key-virtual_pictures svg").first.get_attribute("aria-label")
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([key, before]) => { for (const host of document.querySelectorAll('.st-key-virtual_pictures *')) "
        "{ const svg = host.shadowRoot?.querySelector('svg'); if (svg) return svg.ariaLabel !== before; } }",
        arg=["virtual_pictures", before],
        timeout=WAIT_MS,
    )
    page.wait_for_function("document.querySelectorAll('[data-test-script-state=running]').length === 0")


@needs_weights
def test_a_slider_moves_truth_estimate_heart_and_trace_and_analyse_shows_that_ecg(page):
    truth, estimate = card(page, "True LV mass"), card(page, "Estimate")
    turn(page, "septum_mm", 10)
    page.locator(".st-key-virtual_pictures").get_by_text("14 mm").wait_for(timeout=WAIT_MS)
    page.wait_for_timeout(500)
    assert card(page, "True LV mass") > truth + 20
    assert card(page, "Estimate") > estimate
    shown = card(page, "Estimate")
    assert page.locator(".st-key-virtual_trace circle").count() >= 2
    page.get_by_role("button", name="Analyse this ECG").click()
    page.get_by_text("Model output (trained on simulated patients)").wait_for(timeout=WAIT_MS)
    result = page.locator(".st-key-result_card [data-testid=stMetric]", has_text="LV mass").first
    assert result.locator("[data-testid=stMetricValue]").inner_text().strip() == f"{shown} g"
    page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=WAIT_MS)


@needs_weights
def test_the_wall_grows_as_a_curve_and_two_patients_stand_side_by_side(page):
    page.get_by_role("button", name="Draw the curve").click()
    for chart in ("virtual_sweep", "virtual_swept_beats"):
        page.locator(f".st-key-{chart}_box .js-plotly-plot").wait_for(timeout=WAIT_MS)
    page.locator(".st-key-virtual_sweep_box").get_by_text("body size alone").wait_for(timeout=WAIT_MS)
    open_tab(page, "Two patients")
    page.get_by_role("button", name="Show both").click()
    for chart in ("virtual_pair_limb", "virtual_pair_precordial"):
        page.locator(f".st-key-{chart}_box .js-plotly-plot").wait_for(timeout=WAIT_MS)


@needs_weights
def test_the_ecg_is_saved_as_it_is_dialled(page, tmp_path):
    turn(page, "septum_mm", 2)
    open_tab(page, "Save")
    for kind, suffix in (("WFDB", ".zip"), ("CSV", ".csv"), ("DICOM", ".dcm")):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save as {kind}").click()
        path = tmp_path / f"saved{suffix}"
        download.value.save_as(path)
        assert path.stat().st_size > 10_000
    truth = card(page, "True LV mass")
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        header = archive.read("virtual-patient.hea").decode()
    assert round(float(re.search(r"simulation: ([\d.]+) g", header).group(1))) == truth


@needs_weights
def test_on_a_phone_everything_stands_within_the_width(browser, app_url):
    with visiting(browser, app_url) as opened:
        to_virtual(opened)
        opened.set_viewport_size({"width": 390, "height": 844})
        opened.wait_for_timeout(1500)
        grams = opened.locator(".st-key-virtual_card").bounding_box()
        heart = opened.locator(".st-key-virtual_pictures").bounding_box()
        dials = opened.locator(".st-key-dials").bounding_box()
        for box in (grams, heart, dials):
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert dials["y"] < grams["y"] < heart["y"]
