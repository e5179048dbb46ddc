"""The running app in a real browser: upload, grams, saliency, and nothing that leaves the machine."""

from pathlib import Path

import numpy as np
import pytest

from elvmass_core.io import read_recording
from elvmass_core.units import LEADS
from tests.app.visitor import DICOM, ROOT, WAIT_MS, forget, grams, open_tab, upload, wait_for_saliency


@pytest.fixture(scope="module")
def wfdb_pair(tmp_path_factory) -> list[Path]:
    """The DICOM recording written again as WFDB by an independent writer, with its person in the header."""
    import wfdb

    recording = read_recording({"x": DICOM.read_bytes()})
    folder = tmp_path_factory.mktemp("wfdb")
    wfdb.wrsamp(
        "ecg",
        fs=recording.fs_hz,
        units=["mV"] * len(LEADS),
        sig_name=list(LEADS),
        p_signal=np.array(recording.signal_mv.T),
        fmt=["16"] * len(LEADS),
        comments=["Age: 42", "Sex: Female"],
        write_dir=str(folder),
    )
    return [folder / "ecg.hea", folder / "ecg.dat"]


needs_weights = pytest.mark.skipif(
    not any((ROOT / "weights").glob("*/manifest.json")), reason="weights/ holds no bundle: no grams to look for"
)


def beat_chart(page):
    """The averaged beat beside the result card: limb and precordial leads."""
    return page.locator(".st-key-beat_charts")


@pytest.mark.parametrize("kind", ["DICOM", "WFDB"])
def test_an_uploaded_ecg_shows_its_beat_and_all_twelve_leads(page, wfdb_pair, kind):
    upload(page, [DICOM] if kind == "DICOM" else wfdb_pair)
    for lead in LEADS:
        assert beat_chart(page).get_by_text(lead, exact=True).count() == 1
    page.get_by_test_id("ecg-viewer").get_by_text("25 mm/s · 10 mm/mV").wait_for(timeout=WAIT_MS)


@needs_weights
@pytest.mark.parametrize("kind", ["DICOM", "WFDB"])
def test_an_uploaded_ecg_shows_grams_with_saliency_beside_them(page, wfdb_pair, kind):
    upload(page, [DICOM] if kind == "DICOM" else wfdb_pair)
    assert 30 < grams(page) < 500
    wait_for_saliency(page)
    card = page.locator(".st-key-result_card").bounding_box()
    beat = beat_chart(page).bounding_box()
    assert card["x"] + card["width"] <= beat["x"] + 1
    assert beat["y"] < 900, "the saliency is not in the first view"
    assert card["y"] < 900


@needs_weights
def test_one_click_leads_to_the_plain_beat(page):
    upload(page, [DICOM])
    wait_for_saliency(page)
    page.get_by_text("Saliency on the beat").click()
    for group in ("limb", "precordial"):
        scale = page.locator(f".st-key-beat_{group}").get_by_text("g per 10 ms")
        scale.wait_for(state="detached", timeout=WAIT_MS)


def test_on_a_phone_the_twelve_leads_stand_below_each_other_within_the_width(page):
    page.set_viewport_size({"width": 390, "height": 844})
    upload(page, [DICOM])
    limb, precordial = (page.locator(f".st-key-beat_{group} .js-plotly-plot") for group in ("limb", "precordial"))
    page.wait_for_timeout(1000)
    above, below = limb.bounding_box(), precordial.bounding_box()
    assert above["y"] + above["height"] <= below["y"] + 1
    for box in (above, below):
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    for lead in LEADS:
        name = beat_chart(page).get_by_text(lead, exact=True).bounding_box()
        assert name["x"] + name["width"] <= 390, lead


@needs_weights
def test_the_same_ecg_in_two_formats_gives_the_same_grams(page, wfdb_pair):
    upload(page, [DICOM])
    dicom_g = grams(page)
    wait_for_saliency(page)  # until then the page may redraw under the click
    forget(page)
    upload(page, wfdb_pair)
    assert abs(grams(page) - dicom_g) <= 1  # whole grams on the page


@pytest.mark.parametrize("tab", ["Averaged beat", "Measurements and criteria", "Report"])
def test_every_tab_opens(page, tab):
    upload(page, [DICOM])
    open_tab(page, tab)
    shown = {
        "Averaged beat": "beats averaged",
        "Measurements and criteria": "Sokolow–Lyon voltage",
        "Report": "Save this analysis (JSON)",
    }
    page.get_by_text(shown[tab]).first.wait_for(timeout=WAIT_MS)


def test_a_text_renamed_to_dicom_is_refused_in_one_sentence(page, tmp_path):
    fake = tmp_path / "ecg.dcm"
    fake.write_text("this is a letter, not an ECG")
    page.locator('input[type="file"]').set_input_files(str(fake))
    alert = page.locator('[data-testid="stAlert"]').nth(1)
    alert.wait_for(timeout=WAIT_MS)
    assert "lead names" in alert.inner_text()
    assert page.get_by_text("Traceback").count() == 0


@needs_weights
def test_men_and_women_shows_three_answers_and_then_whether_the_planted_difference_is_found(page):
    page.get_by_role("link", name="Men and women").click()
    page.get_by_text("not for diagnosis").wait_for(timeout=WAIT_MS)
    page.get_by_role("combobox").first.click()
    page.get_by_role("option").first.click()
    page.get_by_text("this patient's own").wait_for(timeout=WAIT_MS)
    page.get_by_text("crossed: learned from the other sex only").wait_for(timeout=WAIT_MS)
    page.locator(".st-key-sexes_difference_box").get_by_text("men's runs less women's, g").wait_for(timeout=WAIT_MS)
    open_tab(page, "Cohorts")
    page.get_by_text("strain in women: more ST–T in women's runs").wait_for(timeout=WAIT_MS)
    for chart in ("sexes_worlds", "worlds_effects", "worlds_maps"):
        box = page.locator(f".st-key-{chart}_box .js-plotly-plot").bounding_box()
        assert box["width"] > 300 and box["height"] > 150, chart


def test_a_deep_link_to_men_and_women_carries_the_banner(browser, app_url):
    """Streamlit first looks for its own files below the deep link (two 404s of its own), so no console is read here."""
    context = browser.new_context()
    deep = context.new_page()
    deep.goto(f"{app_url}/sexes")
    deep.get_by_text("not for diagnosis").wait_for(timeout=WAIT_MS)
    deep.get_by_role("tab", name="Your own cohort").wait_for(timeout=WAIT_MS)
    context.close()
