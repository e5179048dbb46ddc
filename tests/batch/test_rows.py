"""What the row of one recording holds, and what it never holds."""

import numpy as np
import pytest

from elvmass_core.batch.discover import discover
from elvmass_core.batch.patients import Given
from elvmass_core.batch.rows import COLUMNS, schema
from elvmass_core.batch.work import Settings, bundle_hashes, facts, score_one
from elvmass_core.domain import Sex
from elvmass_core.io import load_files, read_recording
from elvmass_core.io.wfdb_writer import write_wfdb
from elvmass_core.models.bundle import load_models
from elvmass_core.pipeline import analyse, versions
from tests import synthetic
from tests.batch import archives

WOMAN = Given(sex=Sex.FEMALE, age_years=63.0, height_cm=160.0, weight_kg=58.0)


@pytest.fixture(scope="module")
def models(untrained):
    return load_models(untrained)


@pytest.fixture
def score(models, untrained):
    """The row and map of one path."""

    def call(path, given=WOMAN, **options):
        settings = Settings(
            weights=str(untrained), bundles=bundle_hashes(models), versions=facts(versions()), **options
        )  # fmt: skip
        (item,) = discover([path]).items
        return score_one(item, given, settings, models)

    return call


def codes(row):
    return {finding["code"] for finding in row["findings"]}


def test_a_row_is_what_the_pipeline_says(score, models, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg", noise_mv=0.0))
    recording = synthetic.recording(noise_mv=0.0)
    report = analyse(recording, WOMAN.over(recording.stated), models)
    assert row["record"] == "ecg"
    assert row["lvm_g"] == pytest.approx(report.estimate.lvm_g, abs=0.5)
    assert row["low_g"] < row["lvm_g"] < row["high_g"]
    assert row["lvh"] in ("flagged", "not_flagged", "uncertain")
    assert row["model"] == "untrained-F"
    assert row["qrs_ms"] == pytest.approx(report.features["qrs_ms"], abs=2.0)
    assert row["criteria_met"] == sum(one.met is True for one in report.criteria)
    assert row["sokolow_lyon_voltage_met"] is False
    assert (row["refusal"], row["format"], row["fs_hz"], len(row["digest"])) == (None, "WFDB", 500.0, 64)


def test_every_column_is_in_the_schema_and_every_row_fits_it(score, tmp_path):
    import pyarrow as pa

    rows = [score(archives.wfdb(tmp_path, "a"))[0], score(archives.csv(tmp_path / "b.csv"))[0]]
    assert all(list(row) == list(COLUMNS) for row in rows)
    table = pa.Table.from_pylist(rows, schema=schema())
    assert table.schema.names == list(COLUMNS)
    assert {"record", "sex", "age", "lvm_g", "low_g", "high_g", "lvmi_g_m2", "p_lvh", "lvh", "refusal", "digest",
            "model"} <= set(COLUMNS)  # fmt: skip


def test_the_table_wins_over_the_file_with_a_caution(score, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg", comments=("Age: 40", "Sex: Male")))
    assert (row["sex"], row["age"], row["model"]) == ("F", 63.0, "untrained-F")
    assert {"sex_conflict", "age_conflict"} <= codes(row)


def test_without_a_table_the_file_is_asked(score, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg", comments=("Age: 40", "Sex: Male")), Given())
    assert (row["sex"], row["age"], row["model"]) == ("M", 40.0, "untrained-M")
    assert row["lvmi_g_m2"] is None and row["lvm_g"] is not None


def test_an_age_over_89_is_written_as_90(score, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg"), Given(sex=Sex.FEMALE, age_years=97.0))
    assert row["age"] == 90.0
    assert "97" not in str({name: value for name, value in row.items() if name in ("age", "findings", "refusal")})


def test_an_unknown_sex_gives_both_answers_and_no_single_one(score, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg"), Given(sex=Sex.UNKNOWN, age_years=60.0))
    assert (row["lvm_g"], row["lvh"], row["refusal"]) == (None, "no_result", None)
    assert all(row[f"{who}_low_g"] < row[f"{who}_lvm_g"] < row[f"{who}_high_g"] for who in ("women", "men"))
    assert row["model"] == "untrained-M untrained-F"


@pytest.mark.parametrize(
    "kind, code",
    [
        ("empty", "unreadable"),
        ("absent", "unreadable"),
        ("one sample", "limit"),
        ("unit not stated", "rate_needed"),
        ("pdf", "unsupported"),
        ("nan", "leads_missing"),
        ("gain", "amplitude_implausible"),
    ],
)
def test_every_refusal_has_its_row_and_its_reason(score, tmp_path, kind, code):
    path = tmp_path / "bad.csv"
    signal = np.array(synthetic.signal()[0])
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "absent":
        path = tmp_path / "list.csv"
        path.write_text("path\nbad.csv\n")
    elif kind == "one sample":
        write_wfdb(tmp_path, "bad", signal[:, :100], 500.0)
        path = tmp_path / "bad.hea"
    elif kind == "unit not stated":
        archives.csv(path)
    elif kind == "pdf":
        path = tmp_path / "bad.pdf"
        path.write_bytes(b"%PDF-1.7")
    else:
        signal = 5.0 * signal if kind == "gain" else signal
        signal[7] = np.nan if kind == "nan" else signal[7]
        write_wfdb(tmp_path, "bad", signal, 500.0)
        path = tmp_path / "bad.hea"
    row, one = score(path, saliency=True)
    assert row["record"] == "bad"
    assert code in row["refusal_code"]
    assert row["refusal"].endswith(".") or row["refusal"].endswith(")")
    assert (row["lvm_g"], row["lvh"], row["lvh_reason"], one) == (None, "no_result", "refused", None)
    assert (row["sex"], row["age"]) == ("F", 63.0)


def test_a_unit_and_a_rate_that_no_file_states_may_be_given(score, tmp_path):
    path = archives.csv(tmp_path / "ecg.csv", factor=1000.0)
    row, _ = score(path, unit="uV", fs_hz=500.0)
    millivolts, _ = score(archives.csv(tmp_path / "mv.csv"), unit="mV", fs_hz=500.0)
    assert row["lvm_g"] == pytest.approx(millivolts["lvm_g"], abs=0.1)
    assert "amplitude_implausible" in score(path, unit="mV", fs_hz=500.0)[0]["refusal_code"]


def test_an_impossible_body_is_a_refusal_of_its_row(score, tmp_path):
    row, _ = score(archives.wfdb(tmp_path, "ecg"), Given(sex=Sex.FEMALE, age_years=60.0, height_cm=1.6))
    assert row["refusal_code"] == "patient"
    assert "height" in row["refusal"]
    assert row["digest"]


def test_the_map_is_that_of_the_explanation_of_one_ecg(score, models, tmp_path):
    header = archives.wfdb(tmp_path, "ecg")
    _, map_g = score(header, saliency=True)
    recording = read_recording(load_files([header]))
    one = analyse(recording, WOMAN.over(recording.stated), models, explain=True).attribution
    assert (map_g.shape, map_g.dtype) == ((12, 400), np.float32)
    assert float(map_g.sum()) == pytest.approx(float(one.beat_g.sum()), abs=0.5)
    assert np.corrcoef(map_g.ravel(), one.beat_g.ravel())[0, 1] > 0.99


def test_no_path_stands_in_a_row(score, tmp_path):
    secret = tmp_path / "Jane-Doe-1950"
    rows = [score(archives.wfdb(secret, "ecg"))[0], score(archives.csv(secret / "bad.csv"))[0]]
    assert "Jane" not in str(rows)
