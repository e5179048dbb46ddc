"""What stands beside the sliders is what the files give, is drawn to scale, and moves with one thing at a time."""

import io
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.figures.heart import chest_views, heart_sections
from elvmass_core.figures.live import Answer, live_beat, true_against_estimated
from elvmass_core.figures.sweep import sweep_curve, swept_beats, two_beats
from elvmass_core.io import load_files, read_recording
from elvmass_core.live import (
    PAIRS,
    SWEEPS,
    chest_views_of,
    csv_file,
    dicom_file,
    heart_sections_of,
    person,
    run_sweep,
    show,
    wfdb_zip,
)
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse
from elvmass_core.units import LIMB_LEADS
from elvmass_core.virtual.dial import DIALS, TYPICAL

ROOT = Path(__file__).parents[2]
SEXES = (Sex.MALE, Sex.FEMALE)
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def models():
    found = load_models(ROOT / "weights")
    if not found.for_sex(Sex.MALE):
        pytest.skip("weights/ holds no bundle")
    return found


@pytest.fixture(scope="module")
def typical(models):
    return {sex: show(TYPICAL[sex], models) for sex in SEXES}


@pytest.fixture(scope="module")
def grown(models):
    """The wall from 7 to 16 mm in a typical man."""
    steps = []
    swept = run_sweep(SWEEPS["wall"], TYPICAL[Sex.MALE], models, lambda done, of: steps.append((done, of)))
    assert steps[-1] == (10, 10)
    return swept


def pictures(markup: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(f"<root>{markup}</root>").findall(".//{http://www.w3.org/2000/svg}svg")


# --- The path ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("kind", ["wfdb", "csv", "dicom"])
def test_a_saved_file_gives_the_grams_beside_the_sliders(typical, models, sex, kind):
    shown = typical[sex]
    if kind == "wfdb":
        with zipfile.ZipFile(io.BytesIO(wfdb_zip(shown))) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    else:
        files = {"ecg": {"csv": csv_file, "dicom": dicom_file}[kind](shown)}
    recording = read_recording(files)
    assert recording.digest == shown.report.recording.digest
    again = analyse(recording, person(shown.dials), models)
    assert again.estimate.lvm_g == pytest.approx(shown.report.estimate.lvm_g, abs=1e-3)


def test_a_saved_wfdb_header_says_that_nobody_is_in_it(typical):
    shown = typical[Sex.FEMALE]
    with zipfile.ZipFile(io.BytesIO(wfdb_zip(shown))) as archive:
        header = archive.read("virtual-patient.hea").decode()
    assert "not a person" in header
    assert f"{shown.truth_g:.1f} g" in header
    assert "Sex: Female" in header
    assert wfdb_zip(shown) == wfdb_zip(shown)


def test_nothing_moves_when_no_dial_does(typical, models):
    again = show(TYPICAL[Sex.MALE], models)
    assert again.report.recording.digest == typical[Sex.MALE].report.recording.digest
    assert again.report.estimate == typical[Sex.MALE].report.estimate


@pytest.mark.parametrize("sex", SEXES)
def test_the_typical_persons_mass_lies_in_the_interval_and_no_check_objects(typical, sex):
    low, high = typical[sex].report.estimate.interval_g
    assert low <= typical[sex].truth_g <= high
    assert typical[sex].report.findings == ()


def test_noise_that_hides_the_ecg_is_said_on_the_report(models):
    noisy = show(replace(TYPICAL[Sex.MALE], noise=8.0), models)
    assert "noisy" in {finding.code for finding in noisy.report.findings}


# --- Sweeps and pairs -------------------------------------------------------------------------------------------------


def test_as_the_wall_grows_the_truth_and_the_estimate_rise_and_body_size_alone_stays(grown):
    assert np.all(np.diff(grown.truth_g) > 10.0)
    assert np.all(np.diff(grown.estimate_g) > 0.0)
    np.testing.assert_allclose(grown.body_only_g, grown.body_only_g[0], atol=1e-9)
    assert np.all((grown.low_g < grown.estimate_g) & (grown.estimate_g < grown.high_g))


def test_every_sweep_stays_on_its_dial():
    for sweep in SWEEPS.values():
        for sex in SEXES:
            for value in sweep.values:
                sweep.turn(TYPICAL[sex], value)  # refuses a value outside


@pytest.mark.parametrize("name", ["strain", "weight", "fat", "tilt", "electrodes"])
def test_a_sweep_that_leaves_the_muscle_alone_leaves_the_truth(name):
    sweep, dials = SWEEPS[name], TYPICAL[Sex.FEMALE]
    masses = {round(sweep.turn(dials, value).shape.lvm_g, 6) for value in sweep.values}
    assert len(masses) == 1


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("name", list(PAIRS))
def test_both_of_a_pair_carry_the_same_mass(sex, name):
    pair = PAIRS[name]
    left, right = pair.left(TYPICAL[sex]), pair.right(TYPICAL[sex])
    assert left != right
    assert left.shape.lvm_g == pytest.approx(right.shape.lvm_g, rel=2e-3)


def test_the_pair_in_two_chests_differs_in_sex_alone():
    left, right = (make(TYPICAL[Sex.MALE]) for make in (PAIRS["sexes"].left, PAIRS["sexes"].right))
    assert [one for one in DIALS if getattr(left, one.name) != getattr(right, one.name)] == []
    assert (left.sex, right.sex) == SEXES


# --- Pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("septum_mm", "free_wall_mm"), [(9.0, 8.0), (16.0, 7.0), (6.0, 14.0)])
def test_the_walls_are_drawn_as_thick_as_they_are_dialled(models, septum_mm, free_wall_mm):
    shown = show(replace(TYPICAL[Sex.MALE], septum_mm=septum_mm, free_wall_mm=free_wall_mm), models)
    short, _ = heart_sections_of(shown.patient, shown.beat)
    for (inner, outer), thickness_mm in ((short.septum, septum_mm), (short.free_wall, free_wall_mm)):
        assert 10.0 * np.hypot(outer[0] - inner[0], outer[1] - inner[1]) == pytest.approx(thickness_mm, rel=0.06)
    assert short.septum[1][0] < short.septum[0][0] < 0.0 < short.free_wall[0][0] < short.free_wall[1][0]


@pytest.mark.parametrize("theme", THEMES)
def test_every_picture_is_well_formed_and_described(typical, theme):
    shown = typical[Sex.FEMALE]
    answer = Answer(truth_g=80.0, estimate_g=90.0, interval_g=(70.0, 110.0), body_only_g=85.0)
    heart = heart_sections(*heart_sections_of(shown.patient, shown.beat), septum_mm=7.5, free_wall_mm=6.5, theme=theme)
    chest = chest_views(*chest_views_of(shown.patient, shown.beat), theme=theme)
    found = [
        *pictures(heart), *pictures(chest), *pictures(live_beat(shown.report.beat, theme=theme)),
        *pictures(true_against_estimated([answer, answer], theme=theme)), *pictures(true_against_estimated([])),
    ]  # fmt: skip
    assert len(found) == 8
    for picture in found:
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label")) > 20


@pytest.mark.parametrize("sex", SEXES)
def test_everything_that_can_be_dialled_stays_inside_its_frame(models, sex):
    largest = replace(
        TYPICAL[sex], septum_mm=18.0, free_wall_mm=18.0, cavity_ml=220, height_cm=195, weight_kg=130, fat_cm=2.5
    )  # fmt: skip
    shown = show(largest, models)
    heart = heart_sections(*heart_sections_of(shown.patient, shown.beat), septum_mm=18, free_wall_mm=18)
    for picture in [*pictures(heart), *pictures(chest_views(*chest_views_of(shown.patient, shown.beat)))[1:]]:
        _, _, width, height = map(float, picture.get("viewBox").split())
        for path in picture.iter("{http://www.w3.org/2000/svg}path"):
            points = drawn(path.get("d"))
            assert points[:, 0].min() >= 0.0 and points[:, 0].max() <= width
            assert points[:, 1].min() >= 0.0 and points[:, 1].max() <= height


def drawn(data: str) -> np.ndarray:
    """Points of a path of our own making: a start and relative steps, in tenths of a pixel."""
    stretches = []
    for stretch in data.split("M")[1:]:
        start, steps = stretch.split("l")
        offsets = np.array(steps.split(), dtype=float).reshape(-1, 2)
        stretches.append(np.vstack([np.zeros(2), offsets.cumsum(axis=0)]) + np.array(start.split(), dtype=float))
    return np.vstack(stretches) / 10.0


def test_the_trace_of_the_beat_is_the_beat(typical):
    beat = typical[Sex.MALE].report.beat
    limb, _ = pictures(live_beat(beat))
    traces = [path for path in limb.iter("{http://www.w3.org/2000/svg}path") if path.get("stroke-width") == "1.5"]
    assert len(traces) == len(LIMB_LEADS)
    for row, path in enumerate(traces):
        up = -drawn(path.get("d"))[:, 1]
        assert np.corrcoef(up, beat.signal_mv[row])[0, 1] > 0.999


def test_the_sweep_figures_hold_what_was_swept(grown, typical):
    band = (grown.low_g, grown.high_g)
    curve = sweep_curve(
        grown.values, grown.truth_g, grown.estimate_g, band, grown.body_only_g, axis=grown.sweep.axis
    )  # fmt: skip
    by_name = {trace.name: trace for trace in curve.data}
    np.testing.assert_allclose(by_name["true"].y, grown.truth_g, rtol=1e-6)
    assert len(swept_beats(grown.values, grown.beats_mv, axis="mm").data) == 6 * len(grown.values)
    both = two_beats(
        typical[Sex.MALE].report.beat, typical[Sex.FEMALE].report.beat, ("man", "woman"), leads=LIMB_LEADS
    )  # fmt: skip
    words = " ".join(trace.hovertemplate or "" for trace in both.data)
    assert "woman" in words and "device" not in words


def test_a_sweep_through_a_refused_ecg_breaks_the_line_and_still_draws(grown):
    estimate = grown.estimate_g.copy()
    estimate[3] = np.nan
    low, high = (np.where(np.isnan(estimate), np.nan, end) for end in (grown.low_g, grown.high_g))
    curve = sweep_curve(grown.values, grown.truth_g, estimate, (low, high), grown.body_only_g, axis="mm")
    assert np.isnan(np.asarray(curve.data[2].y, dtype=float)).sum() == 1


def test_files_open_by_themselves_from_disk(typical, tmp_path):
    path = tmp_path / "virtual-patient.dcm"
    path.write_bytes(dicom_file(typical[Sex.MALE]))
    recording = read_recording(load_files([path]))
    assert recording.stated == person(TYPICAL[Sex.MALE])
