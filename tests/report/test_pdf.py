"""The page on paper: what it says, how large it is, and that its grid is true to scale."""

import dataclasses
import re
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pypdfium2
import pytest
from pydicom.data import get_testdata_file

from elvmass_core.domain import Patient, Recording, Sex
from elvmass_core.figures import estimate_scale, lay_out
from elvmass_core.io import read_recording
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse
from elvmass_core.report.pdf import to_pdf
from elvmass_core.report.words import NOT_SIMULATED
from elvmass_core.units import LEADS
from elvmass_core.wording import LOW_VOLTAGE
from tests import synthetic
from tests.report import reports

MM_PER_PT = 25.4 / 72.0
A4_MM = (297.0, 210.0)


@pytest.fixture(params=reports.KINDS, ids=lambda kind: kind.__name__)
def report(request, untrained):
    return request.param(untrained)


def opened(data):
    """Number of pages, size in mm, and the words with line breaks as spaces."""
    document = pypdfium2.PdfDocument(data)
    try:
        page = document[0]
        words = page.get_textpage().get_text_bounded()
        return len(document), [side * MM_PER_PT for side in page.get_size()], re.sub(r"\s+", " ", words)
    finally:
        document.close()


def words_of(report, **options):
    return opened(to_pdf(report, **options))[2]


def content(data):
    """The drawing operators of the page: the longest stream that is text."""
    starts = [match.end() for match in re.finditer(rb"stream\r?\n", data)]
    pages = []
    for start in starts:
        try:  # to the end of the packed data, wherever it is: the bytes themselves may look like an end
            plain = zlib.decompressobj().decompress(data[start:])
        except zlib.error:
            continue
        if b" re " in plain and b" l" in plain:
            pages.append(plain.decode("latin-1"))
    return max(pages, key=len)


NUMBER = r"(-?[\d.]+)"


def straight_lines_mm(data):
    """Every straight line: width, x0, y0, x1, y1."""
    width, found = 0.0, []
    pattern = re.compile(rf"{NUMBER} w$|{NUMBER} {NUMBER} m {NUMBER} {NUMBER} l S$", re.MULTILINE)
    for match in pattern.finditer(content(data)):
        if match[1]:
            width = float(match[1])
        else:
            found.append([width, *map(float, match.groups()[1:])])
    return np.array(found) * MM_PER_PT


def test_every_kind_of_report_is_one_small_a4_page(report):
    data = to_pdf(report)
    n_pages, size_mm, words = opened(data)
    assert n_pages == 1
    assert size_mm == pytest.approx(A4_MM, abs=0.1)
    assert len(data) < 500_000
    assert report.disclaimer in words
    assert "not for diagnosis" in words


@pytest.mark.parametrize("axis", ["x", "y"])
def test_the_grid_is_5_mm_on_paper(untrained, axis):
    width, x0, y0, x1, y1 = straight_lines_mm(to_pdf(reports.answered(untrained))).T
    place, along, across = (x0, np.abs(y1 - y0), np.abs(x1 - x0)) if axis == "x" else (
        y0, np.abs(x1 - x0), np.abs(y1 - y0),
    )  # fmt: skip
    grid = (along > 80.0) & (across < 0.01)
    for lines, every in ((grid & (width > 0.1) & (width < 0.19), 5.0), (grid & (width < 0.1), 1.0)):
        gaps = np.diff(np.sort(np.unique(np.round(place[lines], 2))))
        assert gaps.size >= 75.0 / every
        assert np.abs(gaps - every).max() < 0.2
        assert abs(gaps.mean() - every) < 0.001


def polylines_mm(data):
    """Every line of more than two points, as arrays of x, y."""
    found, points = [], []
    for line in content(data).splitlines():
        match = re.fullmatch(rf"{NUMBER} {NUMBER} (m|l)", line.strip())
        if match is None:
            if len(points) > 2:
                found.append(np.array(points) * MM_PER_PT)
            points = []
        elif match[3] == "m":
            points = [[float(match[1]), float(match[2])]]
        else:
            points.append([float(match[1]), float(match[2])])
    return found


def test_a_second_is_25_mm_and_a_millivolt_10_mm(untrained):
    report = reports.answered(untrained)
    lines = polylines_mm(to_pdf(report))
    pulses = [line for line in lines if len(line) == 6]
    assert len(pulses) == 4
    assert all(np.ptp(pulse[:, 1]) == pytest.approx(10.0, abs=0.02) for pulse in pulses)
    rhythm = max(lines, key=len)
    assert np.ptp(rhythm[:, 0]) == pytest.approx(25.0 * report.recording.duration_s, abs=0.2)
    second = report.recording.signal_mv[1]
    assert np.ptp(rhythm[:, 1]) == pytest.approx(10.0 * np.ptp(second), abs=0.05)


def test_a_wrong_unit_is_still_drawn_and_every_lead_named(untrained):
    words = words_of(reports.refused(untrained))
    assert "0.01 mm/mV (10 does not fit the page)" in words
    assert all(words.count(lead) >= 2 for lead in LEADS)


def test_voltages_that_do_not_fit_are_drawn_smaller_and_the_page_says_so(untrained):
    signal = synthetic.signal()[0] * 2.2
    recording = Recording(signal_mv=signal, fs_hz=500.0, format="synthetic")
    report = analyse(recording, synthetic.patient(), load_models(untrained))
    words = words_of(report)
    assert "5 mm/mV (10 does not fit the page)" in words
    pulses = [line for line in polylines_mm(to_pdf(report)) if len(line) == 6]
    assert np.ptp(pulses[0][:, 1]) == pytest.approx(5.0, abs=0.02)


def test_all_numbers_of_the_report_are_on_the_page(untrained):
    report = reports.flagged(untrained)
    estimate, features = report.estimate, report.features
    words = words_of(report)
    low, high = estimate.interval_g
    for said in (
        f"{estimate.lvm_g:.0f} g",
        f"90 % interval {low:.0f}–{high:.0f} g",
        f"{estimate.lvmi_g_m2:.0f} g/m²",
        f"LVH above {estimate.cutoff_g_m2:.0f} g/m²",
        "coronary CT angiography",
        f"From body size, age and sex alone {estimate.demographics_only_g:.0f} g; the ECG",
        f"{estimate.reference_g:.0f} g",
        "LVH flagged",
        "P(LVH) 83 % in simulated patients, prevalence 15 %",
        "Classical ECG criteria met:",
        f"Rate {features['rate_bpm']:.0f} bpm",
        f"QRS {features['qrs_ms']:.0f} ms",
        "Female · 60 years · 160 cm · 60 kg",
        "25 mm/s · 10 mm/mV",
        lay_out(report.recording).footer,
        estimate.model,
        estimate.bundle_sha256[:16],
        report.recording.digest[:16],
        f"elvmass {report.versions['elvmass']}",
        "trained on simulated patients",
        NOT_SIMULATED,
    ):
        assert said in words, said


def test_met_criteria_are_named(untrained):
    report = reports.answered(untrained)
    criteria = [dataclasses.replace(result, met=number < 2) for number, result in enumerate(report.criteria)]
    words = words_of(dataclasses.replace(report, criteria=tuple(criteria)))
    assert "Classical ECG criteria met: 2 of 8: Sokolow–Lyon voltage, Sokolow–Lyon product." in words


def test_the_words_on_what_is_not_simulated_and_on_low_voltage_are_those_of_the_app():
    text = Path(__file__).parents[2] / "pages" / "shared" / "text" / "not_simulated.md"
    of_app = " ".join(text.read_text(encoding="utf-8").split())
    assert NOT_SIMULATED in of_app
    assert LOW_VOLTAGE in of_app


@pytest.mark.parametrize("sex", [Sex.MALE, Sex.FEMALE])
def test_the_scale_on_paper_has_the_rows_and_grams_of_the_scale_on_the_page(untrained, sex):
    report = reports.answered(untrained, sex=sex)
    words = words_of(report)
    on_page = estimate_scale(report.estimate, bsa_m2=report.patient.bsa_m2)
    rows = on_page.layout.yaxis.categoryarray
    grams = [note.text for note in on_page.layout.annotations if note.text.endswith(" g")]
    assert len(rows) == len(grams) == 5
    assert all(words.count(said) >= 1 for said in (*rows, *grams)), (rows, grams)
    assert f"9 of 10 simulated {'men' if sex is Sex.MALE else 'women'}" in words


def test_the_paper_says_what_the_model_reference_is_and_that_low_voltage_is_no_low_mass(untrained):
    words = words_of(reports.answered(untrained))
    assert "◇ model reference: what the model says for the mean beat of its training women without LVH" in words
    assert LOW_VOLTAGE in words
    assert LOW_VOLTAGE in words_of(reports.refused(untrained))


def test_a_refused_report_says_why_and_gives_no_number(untrained):
    report = reports.refused(untrained)
    words = words_of(report)
    assert "No estimate" in words
    assert report.findings[0].message in words
    assert "LV mass," not in words
    assert "P(LVH)" not in words
    assert " g/m²" not in words


def test_an_unknown_sex_gives_both_numbers_and_no_flag(untrained):
    report = reports.unknown_sex(untrained)
    words = words_of(report)
    assert "Sex not stated" in words
    assert "model for women" in words
    assert "model for men" in words
    for estimate in report.estimates:
        assert f"{estimate.lvm_g:.0f} g" in words
    assert "LVH flagged" not in words
    assert "P(LVH)" not in words


def test_a_missing_lead_is_named(untrained):
    assert "V4 lead missing" in words_of(reports.without_lead(untrained))


def test_ten_findings_are_shortened_and_the_rest_is_counted(untrained):
    report = reports.many_findings(untrained)
    words = words_of(report)
    shown = [finding for finding in report.findings if finding.message[:16] in words]
    assert shown == list(report.findings[: len(shown)])  # the most serious ones
    assert len(shown) >= 5
    if len(shown) < len(report.findings):
        assert f"… and {len(report.findings) - len(shown)} more" in words


def test_many_reasons_of_a_refusal_stay_in_their_box(untrained):
    report = reports.refused(untrained)
    stop = report.findings[0]
    many = dataclasses.replace(report, findings=(stop,) * 40)
    assert "… and" in words_of(many)


def test_a_name_is_on_the_page_only_when_it_is_typed_in(untrained):
    report = reports.answered(untrained)
    assert "For:" not in words_of(report)
    assert "Remark:" not in words_of(report)
    named = to_pdf(report, for_name="Ada Lovelace", note="after the electrodes were moved")
    assert "For: Ada Lovelace" in opened(named)[2]
    assert "Remark: after the electrodes were moved" in opened(named)[2]
    assert b"Lovelace" not in named  # neither in the metadata


@pytest.mark.parametrize("typed", ["x" * 5000, "word " * 2000, "a\nb\tc\x00d", "王小明", "<b>&amp;</b> **bold** (\\)"])
def test_whatever_is_typed_in_stays_one_page(untrained, typed):
    n_pages, _, words = opened(to_pdf(reports.answered(untrained), for_name=typed, note=typed))
    assert n_pages == 1
    assert "For:" in words


def test_letters_that_cannot_be_printed_are_shown_as_question_marks(untrained):
    assert "For: ??? Ärztin" in words_of(reports.answered(untrained), for_name="王小明 Ärztin")


def test_an_age_over_89_is_90_plus(untrained):
    words = words_of(reports.answered(untrained, age_years=96.0))
    assert "90+ years" in words
    assert "96 years" not in words


def test_nothing_of_the_file_that_names_the_patient_is_on_the_page(untrained):
    path = Path(get_testdata_file("waveform_ecg.dcm"))
    dataset = pydicom.dcmread(path)
    recording = read_recording({"canary-file-name.dcm": path.read_bytes()})
    patient = Patient(sex=Sex.FEMALE, age_years=60.0, height_cm=165.0, weight_kg=60.0)
    data = to_pdf(analyse(recording, patient, load_models(untrained)))
    canaries = [
        str(dataset.get(name, ""))
        for name in ("PatientName", "PatientID", "StudyDate", "AcquisitionDateTime", "SOPInstanceUID", "Manufacturer")
    ]
    words = opened(data)[2]
    assert any(canaries)
    for canary in [*filter(None, canaries), "canary"]:
        assert canary not in words
        assert canary.encode() not in data


def test_the_same_report_gives_the_same_bytes_and_no_date(untrained):
    report = reports.answered(untrained)
    first = to_pdf(report)
    assert to_pdf(reports.answered(untrained)) == first
    assert re.findall(rb"D:(\d{8})", first) == [b"19700101"]


def test_no_letter_is_smaller_than_6_points_and_all_stand_on_the_page(report):
    data = to_pdf(report, for_name="A name", note="A remark")
    sizes = [float(size) for size in re.findall(rf"/F\d+ {NUMBER} Tf", content(data))]
    assert min(sizes) >= 6.0
    document = pypdfium2.PdfDocument(data)
    try:
        page = document[0].get_textpage()
        boxes = np.array([page.get_charbox(k) for k in range(page.count_chars())]) * MM_PER_PT
    finally:
        document.close()
    left, bottom, right, top = boxes[(boxes != 0.0).any(axis=1)].T
    assert left.min() > 8.0
    assert right.max() < A4_MM[0] - 8.0
    assert bottom.min() > 4.0
    assert top.max() < A4_MM[1] - 4.0


def test_no_two_lines_of_text_overlap_in_the_upper_half_and_below_the_sheet(report):
    """Letters of the ECG and of the panels may touch a trace, but never another line of text."""
    document = pypdfium2.PdfDocument(to_pdf(report, for_name="A name", note="A remark"))
    try:
        page = document[0]
        texts = [item for item in page.get_objects() if item.type == pypdfium2.raw.FPDF_PAGEOBJ_TEXT]
        boxes = np.array([item.get_bounds() for item in texts]) * MM_PER_PT
    finally:
        document.close()
    left, bottom, right, top = boxes.T
    wide = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    high = np.minimum(top[:, None], top) - np.maximum(bottom[:, None], bottom)
    overlaps = np.argwhere(np.triu((wide > 0.3) & (high > 0.6), k=1))
    assert overlaps.size == 0
