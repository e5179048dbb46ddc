"""What a clinician does, in a real browser, at a desk and on a phone: open, correct, print, save, forget, reopen."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.io

from elvmass_core.domain import Patient, Sex
from elvmass_core.io import read_recording
from elvmass_core.io.writers import csv_bytes, dicom_bytes, wfdb_files
from tests.app.visitor import DICOM, ROOT, WAIT_MS, at_rest, forget, grams, open_tab, upload, visiting
from tests.io.made import aecg_xml, cardiosoft_xml, edf_bytes, muse_xml, scp_bytes, sierra_xml

needs_weights = pytest.mark.skipif(not any((ROOT / "weights").glob("*/manifest.json")), reason="no weights are shipped")
WOMAN = Patient(sex=Sex.FEMALE, age_years=63.0)


@pytest.fixture(scope="module")
def recording():
    """The DICOM of pydicom at the 500 Hz that every format holds."""
    whole = read_recording({"a": DICOM.read_bytes()})
    assert whole.fs_hz == 1000.0
    return replace(whole, signal_mv=np.round(whole.signal_mv[:, ::2], 3), fs_hz=500.0, stated=WOMAN)


@pytest.fixture(scope="module")
def exports(recording, tmp_path_factory):
    """The same ECG in every format: name → paths."""
    folder = tmp_path_factory.mktemp("exports")
    signal_mv = recording.signal_mv
    matlab, archive = io.BytesIO(), io.BytesIO()
    scipy.io.savemat(matlab, {"signal_mv": signal_mv, "fs": 500.0, "sex": "F", "age": 63.0})
    np.savez(archive, signal_mv=signal_mv, fs_hz=500.0, sex="F", age_years=63.0)
    contents = {
        "dicom": {"IM0001": dicom_bytes(recording, WOMAN)},
        "wfdb": wfdb_files(recording, WOMAN, "ecg"),
        "muse": {"m.xml": muse_xml(signal_mv, uv_per_count=1.0)},
        "cardiosoft": {"c.xml": cardiosoft_xml(signal_mv, uv_per_count=1.0)},
        "sierra": {"s.xml": sierra_xml(signal_mv, uv_per_count=1.0, pulse=True)},
        "aecg": {"a.xml": aecg_xml(signal_mv, uv_per_count=1.0)},
        "scp": {"p.scp": scp_bytes(signal_mv, avm_nv=1000)},
        "edf": {"e.edf": edf_bytes(signal_mv, sex="F")},
        "matlab": {"v.mat": matlab.getvalue()},
        "numpy": {"n.npz": archive.getvalue()},
        "csv": {"t.csv": csv_bytes(recording)},
    }
    paths = {}
    for fmt, files in contents.items():
        (folder / fmt).mkdir()
        for name, content in files.items():
            (folder / fmt / name).write_bytes(content)
        paths[fmt] = sorted((folder / fmt).iterdir())
    return paths


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desk", "phone"])
def page(request, browser, app_url):
    """A visitor at a desk or with a phone; fails on a console error or a request to another machine."""
    with visiting(browser, app_url, size=request.param) as opened:
        yield opened


def fill(page, label, value):
    """Type a number and leave the field."""
    at_rest(page)
    page.get_by_role("spinbutton", name=label).fill(str(value))
    page.keyboard.press("Tab")


def go_to(page, name):
    """Another page by the menu, which a phone keeps folded."""
    if page.viewport_size["width"] > 600:
        page.get_by_role("link", name=name).first.click()
        return
    folded = page.get_by_test_id("stExpandSidebarButton")
    if folded.is_visible():
        folded.click()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()


def as_woman(page):
    """Sex and age where the format states none."""
    page.get_by_role("radio", name="Female").or_(page.get_by_role("button", name="Female", exact=True)).first.click()
    fill(page, "Age, years", 63)


@needs_weights
def test_every_format_of_one_ecg_gives_the_same_grams(browser, app_url, exports):
    with visiting(browser, app_url) as page:
        found = {}
        for fmt, paths in exports.items():
            upload(page, paths)
            if fmt in ("csv", "edf"):
                as_woman(page)
            page.get_by_text("Saliency on the beat").click()  # off: only the grams are looked at
            for field in ("Height, cm", "Weight, kg"):  # CardioSoft's file states them, the others do not
                fill(page, field, {"Height, cm": 165, "Weight, kg": 70}[field])
            page.get_by_text("From body size, age and sex alone").wait_for(timeout=WAIT_MS)
            at_rest(page)
            found[fmt] = grams(page)
            forget(page)
        assert max(found.values()) - min(found.values()) <= 1, found


@needs_weights
def test_an_analysis_is_corrected_printed_saved_forgotten_and_opened_again(page, tmp_path):
    upload(page, [DICOM])
    fill(page, "Height, cm", 165)
    fill(page, "Weight, kg", 70)
    page.get_by_text("From body size, age and sex alone").wait_for(timeout=WAIT_MS)

    open_tab(page, "Averaged beat")
    page.get_by_text("Borders of the beat in ms from R").click()
    before = float(page.get_by_role("spinbutton", name="T end").input_value())
    fill(page, "T end", before + 20)
    at_rest(page)
    page.get_by_role("button", name="Recompute with these borders").click()
    page.get_by_text("were set by hand").first.wait_for(timeout=WAIT_MS)

    open_tab(page, "Report")
    saved = {}
    names = {"pdf": "Download the page (PDF)", "json": "Save this analysis (JSON)", "fhir": "FHIR R4"}
    for suffix, name in names.items():
        button = page.get_by_role("button", name=name)
        button.wait_for(timeout=WAIT_MS)
        with page.expect_download(timeout=WAIT_MS) as download:
            button.click()
        saved[suffix] = tmp_path / f"ecg.{suffix}"
        download.value.save_as(saved[suffix])
    assert saved["pdf"].read_bytes().startswith(b"%PDF-")
    assert json.loads(saved["fhir"].read_bytes())["resourceType"] == "Bundle"
    content = json.loads(saved["json"].read_bytes())
    assert content["beat"]["fiducials_ms"]["t_end"] == before + 20
    shown = grams(page)
    assert round(content["estimate"]["lvm_g"]) == shown

    forget(page)
    page.locator('input[type="file"]').set_input_files(str(saved["json"]))
    page.get_by_text("From the saved analysis: sex female").wait_for(timeout=WAIT_MS)
    page.get_by_text("were set by hand").first.wait_for(timeout=WAIT_MS)
    assert page.get_by_role("spinbutton", name="Height, cm").input_value() == "165"
    assert grams(page) == shown


def second(page, paths):
    page.locator('input[type="file"]').nth(1).set_input_files([str(path) for path in paths])


@needs_weights
def test_one_ecg_after_another_can_be_uploaded_first_and_second(browser, app_url, exports):
    with visiting(browser, app_url) as page:
        page.locator('input[type="file"]').set_input_files({"name": "a.pdf", "mimeType": "a/b", "buffer": b"%PDF-1.7"})
        page.get_by_test_id("stAlert").nth(1).wait_for(timeout=WAIT_MS)
        for fmt, name in (("muse", "GE MUSE XML"), ("scp", "SCP"), ("wfdb", "WFDB")):
            upload(page, exports[fmt])
            page.get_by_text(name).filter(has_text="— change").wait_for(timeout=WAIT_MS)
        open_tab(page, "Second ECG")
        page.get_by_text("Upload a second ECG").wait_for(timeout=WAIT_MS)
        for fmt, name in (("edf", "EDF"), ("aecg", "HL7 aECG")):
            second(page, exports[fmt])
            page.get_by_text(f"{name}").filter(has_text="500 Hz").last.wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="Take the second ECG away").click()
        page.locator(".st-key-beat_second_charts").wait_for(state="detached", timeout=WAIT_MS)


@needs_weights
def test_what_the_file_or_the_delineation_says_can_be_emptied(page, exports):
    upload(page, exports["cardiosoft"])
    field = page.get_by_role("spinbutton", name="Weight, kg")
    assert field.input_value()
    fill(page, "Weight, kg", "")
    page.get_by_text("needs height and weight").first.wait_for(timeout=WAIT_MS)
    assert field.input_value() == ""
    page.wait_for_timeout(1500)
    open_tab(page, "Averaged beat")
    page.get_by_text("Borders of the beat in ms from R").click()
    for border in ("P onset", "P end"):
        fill(page, border, "")
    page.get_by_role("button", name="Recompute with these borders").click()
    page.get_by_text("were set by hand").first.wait_for(timeout=WAIT_MS)
    assert page.get_by_role("spinbutton", name="P onset").input_value() == ""


def test_a_page_switch_keeps_the_ecg(page):
    upload(page, [DICOM])
    go_to(page, "Model card")
    page.get_by_text("Intended use").first.wait_for(timeout=WAIT_MS)
    go_to(page, "Estimate")
    page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=WAIT_MS)


def test_a_table_without_a_unit_is_asked_for_and_both_readings_are_shown(page, recording, tmp_path):
    path = tmp_path / "ecg.csv"
    path.write_bytes(csv_bytes(recording).replace(b" (mV)", b""))
    page.locator('input[type="file"]').set_input_files(str(path))
    page.get_by_text("In which unit are the amplitudes?").wait_for(timeout=WAIT_MS)
    assert page.get_by_text("plausible").count() == 1
    page.get_by_role("button", name="The file is in millivolts (mV)").click()
    page.locator(".st-key-beat_precordial .js-plotly-plot").wait_for(timeout=WAIT_MS)


def test_nothing_is_wider_than_the_screen(page):
    upload(page, [DICOM])
    for tab in ("12 leads", "Averaged beat", "Measurements and criteria", "Report"):
        open_tab(page, tab)
        page.wait_for_timeout(1200)
        width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert width <= page.viewport_size["width"] + 1, tab


def test_every_control_has_a_name_for_a_screen_reader(page):
    upload(page, [DICOM])
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, textarea, [role=tab], [role=img]')]
            .filter(e => e.offsetParent !== null && e.type !== 'file')
            .filter(e => !e.textContent.trim() && !e.getAttribute('aria-label') && !e.getAttribute('title')
                && !e.getAttribute('aria-labelledby') && !(e.labels && e.labels.length))
            .map(e => e.outerHTML.slice(0, 160))"""
    )
    assert nameless == []


def test_the_page_can_be_worked_with_the_keyboard_alone(page):
    upload(page, [DICOM])
    page.get_by_role("tab", name="12 leads").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text("Sokolow–Lyon voltage").first.wait_for(timeout=WAIT_MS)


def test_the_whole_tour_goes_by_without_a_request_to_another_machine(browser, app_url):
    with visiting(browser, app_url) as page:
        page.get_by_role("button", name="Take the guided tour").click()
        for number, shown in enumerate(("normal heart", "concentric LVH", "LVH without strain", "arm electrodes"), 1):
            page.get_by_text(f"Tour, step {number} of 5").wait_for(timeout=WAIT_MS)
            page.get_by_test_id("stAlert").get_by_text(shown).first.wait_for(timeout=WAIT_MS)
            page.get_by_test_id("ecg-viewer").wait_for(timeout=WAIT_MS)
            page.get_by_role("button", name="Next", exact=True).click()
        page.get_by_text("Tour, step 5 of 5").wait_for(timeout=WAIT_MS)
        page.get_by_text("True LV mass").first.wait_for(timeout=WAIT_MS)
        page.get_by_role("button", name="End the tour").click()
        page.get_by_text("Tour, step").wait_for(state="detached", timeout=WAIT_MS)
