"""Many ECGs on one page."""

import io
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from elvmass_core.batch.tables import csv_bytes, parquet_bytes
from elvmass_core.batch.uploads import score_uploads
from elvmass_core.domain import Patient, Recording, Sex
from elvmass_core.errors import ArchiveError, TableError
from elvmass_core.figures.cohort import cohort_distributions
from elvmass_core.io.writers import dicom_bytes, wfdb_files
from elvmass_core.models.bundle import load_models
from tests import synthetic
from tests.io.seeds import zipped

ROOT = Path(__file__).parents[2]
WOMAN = Patient(sex=Sex.FEMALE, age_years=63.0, height_cm=160.0, weight_kg=58.0)
MAN = Patient(sex=Sex.MALE, age_years=93.0, height_cm=178.0, weight_kg=80.0)


def recording(seed):
    signal_mv, _ = synthetic.signal(seed=seed)
    return Recording(signal_mv=signal_mv.round(3), fs_hz=500.0, format="made")


@pytest.fixture(scope="module")
def uploads():
    """Two DICOM files, a WFDB pair, a broken file, a zip of two, and a letter."""
    return {
        "w1": dicom_bytes(recording(1), WOMAN),
        "m1.dcm": dicom_bytes(recording(2), MAN),
        **wfdb_files(recording(3), WOMAN, "rec3"),
        "broken.scp": b"this was once an SCP file",
        "more.zip": zipped({"z1.dcm": dicom_bytes(recording(4), MAN), "z2.dcm": dicom_bytes(recording(5), WOMAN)}),
        "letter.md": b"Dear colleague",
    }


@pytest.fixture(scope="module")
def models(untrained):
    return load_models(untrained)


@pytest.fixture(scope="module")
def cohort(uploads, models):
    return score_uploads(uploads, models)


def test_every_recording_has_one_row_and_a_broken_one_has_its_reason(cohort):
    rows = {row["record"]: row for row in cohort.rows}
    assert sorted(rows) == ["broken", "m1", "rec3", "w1", "z1", "z2"]
    assert rows["broken"]["refusal"]
    assert all(row["lvm_g"] for record, row in rows.items() if record not in ("broken", "rec3"))
    assert rows["m1"]["age"] == 90  # every age over 89
    assert any(".md" in note for note in cohort.notes)


def test_a_table_of_patients_is_joined_by_the_name_of_the_file(uploads, models):
    table = b"record,sex,age,height_cm,weight_kg\nrec3,F,55,165,70\n"
    rows = {row["record"]: row for row in score_uploads(uploads, models, patients=table).rows}
    assert (rows["rec3"]["height_cm"], rows["rec3"]["age"]) == (165.0, 55.0)
    assert rows["rec3"]["lvmi_g_m2"]
    with pytest.raises(TableError):
        score_uploads(uploads, models, patients=b"name,sex\na,F\n")


def test_nothing_and_names_that_cannot_be_files_are_refused_in_words(models):
    with pytest.raises(ArchiveError, match="No recording"):
        score_uploads({"../..": b"x", "a\0b": b"y"}, models)


def test_the_files_of_a_row_open_that_recording(cohort):
    from elvmass_core.io import read_recording

    for row in cohort.rows:
        if row["refusal"] is None:
            assert read_recording(cohort.files[row["record"]]).digest == row["digest"]


def test_both_downloads_hold_the_rows(cohort):
    from_csv = pd.read_csv(io.BytesIO(csv_bytes(cohort.rows)))
    from_parquet = pd.read_parquet(io.BytesIO(parquet_bytes(cohort.rows)))
    assert list(from_csv["record"]) == list(from_parquet["record"])
    assert list(from_csv.columns) == list(from_parquet.columns)
    assert from_csv["lvm_g"].tolist() == pytest.approx(from_parquet["lvm_g"].tolist(), nan_ok=True)


def test_the_distributions_count_every_estimate(cohort):
    figure = cohort_distributions(cohort.rows)
    estimates = sum(row["lvm_g"] is not None for row in cohort.rows)
    assert sum(trace.y.sum() for trace in figure.data if trace.xaxis in (None, "x")) == estimates


def test_the_page_scores_shows_filters_and_names_the_command(monkeypatch, uploads, models):
    from pages.shared import cache

    monkeypatch.setattr(cache, "models", lambda *_: models)
    at = AppTest.from_file(str(ROOT / "pages" / "cohort.py"), default_timeout=90).run()
    assert "not for diagnosis" in at.warning[0].value
    for name, content in uploads.items():
        at.file_uploader(key="cohort_files").upload(name, content, "application/octet-stream")
    at.run()
    at.button(key="cohort_score").click().run()
    assert not at.exception
    refused = sum(row["refusal"] is not None for row in score_uploads(uploads, models).rows)
    assert [metric.value for metric in at.metric] == ["6", str(6 - refused), str(refused)]
    assert len(at.dataframe[0].value) == 6
    at.pills(key="cohort_sexes").set_value(["M"]).run()
    assert set(at.dataframe[0].value["Sex"]) == {"M"}
    assert "elvmass_core score" in at.code[0].value
