"""The table of patients: declared units, one line for each record, the table over the file."""

import pandas as pd
import pytest

from elvmass_core.batch.discover import Item
from elvmass_core.batch.patients import Given, join
from elvmass_core.domain import Patient, Sex
from elvmass_core.errors import PatientError, TableError


def items(*records):
    return [Item(record=record, path=f"/archive/{record}.hea") for record in records]


@pytest.fixture
def joined(tmp_path):
    """Join a CSV text to records."""

    def call(text, *records):
        table = tmp_path / "patients.csv"
        table.write_text(text)
        return join(items(*records), table)

    return call


def test_lines_join_by_record_and_what_does_not_fit_is_named(joined):
    found = joined("record,sex,age,height_cm,weight_kg\nb,M,50,180,80\na,F,60,160,\nz,F,1,,\n", "a", "b", "c")
    assert found.given == (
        Given(sex=Sex.FEMALE, age_years=60.0, height_cm=160.0),
        Given(sex=Sex.MALE, age_years=50.0, height_cm=180.0, weight_kg=80.0),
        Given(),
    )
    assert (found.without, found.unused) == (("c",), ("z",))
    assert "1 (c)" in found.notes()[0] and "1 (z)" in found.notes()[1]


def test_only_a_few_of_many_names_are_said(joined):
    found = joined("record,sex\na,F\n" + "".join(f"z{number},F\n" for number in range(9)), "a")
    assert found.notes() == ["Lines of the table that fit no recording: 9 (z0, z1, z2, …)."]


def test_the_table_of_a_simulated_cohort_joins_by_the_stem_of_its_record(joined):
    found = joined("id,record,sex,age\n7-00001,records/7-00001,F,60\n", "7-00001")
    assert found.given[0].sex is Sex.FEMALE


def test_a_stem_that_two_lines_share_joins_neither(joined):
    found = joined("record,sex\n2019/ecg,F\n2020/ecg,M\n", "2019/ecg", "2020/ecg", "ecg")
    assert [given.sex for given in found.given] == [Sex.FEMALE, Sex.MALE, None]


@pytest.mark.parametrize(
    "columns, cells, height_cm, weight_kg",
    [
        ("height_cm,weight_kg", "160,58", 160.0, 58.0),
        ("height_m,weight_kg", "1.6,58", 160.0, 58.0),
        ("height_in,weight_lb", "63,128", 160.02, 58.06),
    ],
)
def test_the_unit_of_a_body_size_stands_in_the_name_of_its_column(joined, columns, cells, height_cm, weight_kg):
    (given,) = joined(f"record,{columns}\na,{cells}\n", "a").given
    assert given.height_cm == pytest.approx(height_cm)
    assert given.weight_kg == pytest.approx(weight_kg, abs=0.01)


@pytest.mark.parametrize(
    "text, said",
    [
        ("record,height\na,160\n", "no unit"),
        ("record,height_cm,height_m\na,160,1.6\n", "keep one"),
        ("name,sex\na,F\n", "lacks the column record"),
        ("record,sex\na,1\n", "other than F, M"),
        ("record,age\na,old\n", "holds words"),
        ("record,sex\na,F\na,M\n", "two different lines"),
        ("record,sex,sex\na,F,M\n", "more than once"),
        ("record,sex\nb,F\n", "No line"),
        ("record,sex\n,F\n", "without a record"),
        ("record,sex\n", "no patient"),
        ("record,height_cm\n" + "".join(f"r{n},1.6\n" for n in range(20)), "check the unit"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_before_any_work(joined, text, said):
    with pytest.raises(TableError, match=said):
        joined(text, "a")


def test_equal_lines_of_one_record_are_one(joined):
    assert joined("record,sex\na,F\na,F\n", "a").given == (Given(sex=Sex.FEMALE),)


def test_semicolons_decimal_commas_and_parquet_are_read(joined, tmp_path):
    assert joined("record;height_cm;age\na;160,5;90+\n", "a").given == (Given(height_cm=160.5, age_years=90.0),)
    table = tmp_path / "patients.parquet"
    pd.DataFrame({"record": [7, 8], "age": [60.0, None], "sex": ["female", None]}).to_parquet(table)
    assert join(items("7", "8"), table).given == (Given(sex=Sex.FEMALE, age_years=60.0), Given())


def test_the_table_wins_over_the_file_field_by_field():
    stated = Patient(sex=Sex.MALE, age_years=40.0, height_cm=170.0)
    assert Given(sex=Sex.FEMALE).over(stated) == Patient(sex=Sex.FEMALE, age_years=40.0, height_cm=170.0)
    assert Given(sex=Sex.UNKNOWN).over(stated).sex is Sex.UNKNOWN
    with pytest.raises(PatientError):
        Given(height_cm=1.6).over(stated)
