"""External validation of weights on a table with measured masses."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.__main__ import main
from elvmass_core.errors import TableError
from elvmass_core.io.wfdb_writer import write_wfdb
from elvmass_core.models.bundle import load_models
from elvmass_core.study.external import External, evaluate_dataset, result, scored_csv, words
from elvmass_core.study.scored import Scored
from elvmass_core.study.scored_table import read_scored_table
from elvmass_core.study.statistics import Truth
from tests import synthetic
from tests.cohorts import patients


@pytest.fixture(scope="module")
def data():
    return patients(120, seed=5)


@pytest.fixture(scope="module")
def external(data, untrained):
    return evaluate_dataset(data, load_models(untrained))


def made(estimate, mass, male):
    """Patients with masses and estimates as given."""
    truth = Truth(lvm_g=mass, bsa_m2=np.full(len(mass), 1.8), male=male, fold=np.zeros(len(mass), dtype=int))
    scored = Scored(truth=truth, estimate_g=estimate, low_g=estimate - 20.0, high_g=estimate + 20.0)
    names = np.array([f"p{k}" for k in range(len(mass))])
    return External(scored=scored, alone_g=np.full(len(mass), mass.mean()), record=names,
                    models={"men": "m", "women": "w"}, refused={})  # fmt: skip


def test_every_usable_patient_has_an_estimate_within_its_interval(external):
    scored = external.scored
    assert len(scored) == 120
    assert (scored.low_g <= scored.estimate_g).all()
    assert (scored.estimate_g <= scored.high_g).all()


def test_the_scored_table_is_one_that_the_validation_page_reads(external):
    read = read_scored_table(scored_csv(external)).scored
    np.testing.assert_allclose(np.sort(read.estimate_g), np.sort(external.scored.estimate_g), atol=0.01)
    rows = list(csv.DictReader(io.StringIO(scored_csv(external).decode())))
    assert len({row["record"] for row in rows}) == 120


def test_the_words_give_error_bias_coverage_and_rank_of_both_sexes():
    rng = np.random.default_rng(1)
    mass = rng.normal(130, 25, 200)
    found = words(made(mass + rng.normal(3.0, 10.0, 200), mass, np.arange(200) < 100))
    assert "men: 100 patients" in found
    assert "women: 100 patients" in found
    assert found.count("intervals hold 9") == 2
    assert found.count("LVH by g/m²: c 0.9") == 2


def test_the_gain_over_body_size_is_the_fall_in_mean_error():
    mass = np.linspace(90, 190, 100)
    external = made(mass + 5.0, mass, np.arange(100) % 2 == 0)
    gain = result(external)["gain_over_demographics"]["both"]["gain"]
    assert gain == pytest.approx(np.abs(mass - mass.mean()).mean() - 5.0, abs=0.01)


def test_recalibration_takes_a_scale_and_an_offset_away_and_is_named(data, untrained):
    models = load_models(untrained)
    plain, moved = evaluate_dataset(data, models), evaluate_dataset(data, models, recalibrate=True)
    truth = plain.scored.truth
    for who in ("men", "women"):
        mask = truth.group(who)
        bias = (moved.scored.estimate_g - truth.lvm_g)[mask].mean()
        assert abs(bias) < abs((plain.scored.estimate_g - truth.lvm_g)[mask].mean())
    np.testing.assert_allclose(
        moved.scored.high_g - moved.scored.low_g, plain.scored.high_g - plain.scored.low_g, rtol=1e-9
    )
    assert "fitted on this table in five folds" in words(moved)
    assert "Recalibrated" not in words(plain)


def test_a_patients_own_mass_never_moves_his_own_estimate(data, untrained):
    """Out-of-fold: with one mass changed, that patient's recalibrated estimate stays where it was."""
    models, masses = load_models(untrained), np.array(data.lvm_g)
    masses[3] += 200.0
    before = evaluate_dataset(data, models, recalibrate=True)
    after = evaluate_dataset(replace(data, lvm_g=masses), models, recalibrate=True)
    place = int(np.flatnonzero(before.record == data.record[3])[0])
    assert after.scored.estimate_g[place] == before.scored.estimate_g[place]
    assert (after.scored.estimate_g != before.scored.estimate_g).any()


def test_too_few_patients_of_both_sexes_are_refused(untrained):
    with pytest.raises(TableError, match="fewer than 20"):
        evaluate_dataset(patients(10, seed=5), load_models(untrained))


def test_the_command_prints_both_sexes_and_writes_the_table_of_the_validation_page(tmp_path, untrained, capsys):
    lines = ["record,sex,age,height_cm,weight_kg,lvm_g"]
    for k in range(44):
        write_wfdb(tmp_path, f"p{k}", synthetic.signal(seed=k)[0], 500.0)
        lines.append(f"p{k},{'MF'[k % 2]},{50 + k % 20},{160 + k % 15},{60 + k % 20},{100 + k}")
    (tmp_path / "cohort.csv").write_text("\n".join(lines) + "\n")
    table, out = tmp_path / "cohort.csv", tmp_path / "scored.csv"
    arguments = ("--table", table, "--bundle", untrained, "--out", out, "--workers", 1)
    assert main(["evaluate", *map(str, arguments)]) == 0
    out = capsys.readouterr().out
    assert "men: 22 patients" in out
    assert "women: 22 patients" in out
    assert len(read_scored_table((tmp_path / "scored.csv").read_bytes()).scored) == 44
    assert main(["evaluate", *map(str, arguments), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 44


def test_a_folder_without_weights_is_one_sentence(tmp_path, capsys):
    (tmp_path / "cohort.csv").write_text("record,sex,age,height_cm,weight_kg,lvm_g\n")
    assert main(["evaluate", "--table", str(tmp_path / "cohort.csv"), "--bundle", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
