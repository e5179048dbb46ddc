"""The same bytes give the same answer: again, with other threads, beside other visitors, and among other patients."""

import csv
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from elvmass_core.domain import Patient, Sex
from elvmass_core.io import load_files, read_recording
from elvmass_core.models.bundle import load_models
from elvmass_core.models.inputs import tabular_row
from elvmass_core.pipeline import analyse
from elvmass_core.report import to_json

ROOT = Path(__file__).parents[1]
TOLERANCE_G = 0.001
NAMES = ("woman_normal", "man_lvh_strain", "woman_lbbb", "man_atrial_fibrillation")
ONE_ANSWER = """
import json, sys
import torch
from tests.test_determinism import NAMES, explained
torch.set_num_threads(int(sys.argv[1]))
print(json.dumps([torch.get_num_threads(), *(explained(name) for name in NAMES[:2])]))
"""


def person(name):
    with (ROOT / "examples" / "examples.csv").open(encoding="utf-8", newline="") as table:
        line = next(line for line in csv.DictReader(table) if line["id"] == name)
    height, weight = float(line["height_cm"]), float(line["weight_kg"])
    return Patient(sex=Sex(line["sex"]), age_years=float(line["age"]), height_cm=height, weight_kg=weight)


def analysed(name, models, *, explain=False):
    """From the bytes on disk to the report."""
    recording = read_recording(load_files([ROOT / "examples" / f"{name}.hea"]))
    return analyse(recording, person(name), models, explain=explain)


def explained(name):
    """Grams of the estimate and of every segment, in one list."""
    return grams(analysed(name, load_models(ROOT / "weights"), explain=True))


def grams(report):
    parts = [value for lead in report.attribution.segments_g.values() for value in lead.values()]
    return [report.estimate.lvm_g, *report.estimate.interval_g, *(0.0 if one is None else one for one in parts)]


@pytest.fixture(scope="module")
def models():
    found = load_models(ROOT / "weights")
    if found.problems:
        pytest.skip(" ".join(found.problems))
    return found


def test_the_same_file_five_times_gives_the_same_report_byte_for_byte(models):
    assert len({to_json(analysed(NAMES[0], models)) for _ in range(5)}) == 1
    assert len({to_json(analysed(NAMES[0], models, explain=True)) for _ in range(2)}) == 1


def test_one_and_two_threads_give_the_same_grams_and_the_same_saliency():
    def run(threads):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-c", ONE_ANSWER, threads]
        found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return json.loads(found.stdout)

    (one, *alone), (two, *together) = run("1"), run("2")
    assert (one, two) == (1, 2)
    for here, there in zip(alone, together, strict=True):
        np.testing.assert_allclose(here, there, rtol=0, atol=TOLERANCE_G)


def test_four_visitors_at_once_get_what_each_would_get_alone_while_another_is_explained(models):
    alone = {name: analysed(name, models).estimate.lvm_g for name in NAMES}
    saliency = grams(analysed(NAMES[1], models, explain=True))
    start, done, maps = threading.Barrier(len(NAMES) + 1), threading.Event(), []

    def visit(name):
        start.wait()
        return [analysed(name, models).estimate.lvm_g for _ in range(3)]

    def explain():
        start.wait()
        while not maps or not done.is_set():
            maps.append(grams(analysed(NAMES[1], models, explain=True)))

    with ThreadPoolExecutor(len(NAMES) + 1) as pool:
        explaining = pool.submit(explain)
        try:
            found = dict(zip(NAMES, pool.map(visit, NAMES), strict=True))
        finally:
            done.set()
        explaining.result()
    for name in NAMES:
        np.testing.assert_allclose(found[name], alone[name], rtol=0, atol=TOLERANCE_G)
    for one in maps:
        np.testing.assert_allclose(one, saliency, rtol=0, atol=TOLERANCE_G)


def test_a_patient_gets_the_same_grams_whatever_the_order_and_the_size_of_the_batch(models):
    bundle = models.for_sex(Sex.FEMALE)[0]
    reports = [analysed(name, models) for name in NAMES]
    beats = np.stack([report.beat.signal_mv for report in reports] * 4)
    beats *= np.linspace(0.7, 1.3, len(beats))[:, None, None]
    rows = np.stack([tabular_row(report.patient, report.features) for report in reports] * 4)
    together = bundle.members_g(beats, rows)
    order = np.random.default_rng(0).permutation(len(beats))
    alone = np.hstack([bundle.members_g(beats[[k]], rows[[k]]) for k in range(len(beats))])
    thirds = np.hstack([bundle.members_g(beats[k : k + 3], rows[k : k + 3]) for k in range(0, len(beats), 3)])
    assert together.std(axis=1).min() > 1.0  # the patients differ
    np.testing.assert_allclose(alone, together, rtol=0, atol=TOLERANCE_G)
    np.testing.assert_allclose(thirds, together, rtol=0, atol=TOLERANCE_G)
    np.testing.assert_allclose(
        bundle.members_g(beats[order], rows[order]), together[:, order], rtol=0, atol=TOLERANCE_G
    )
