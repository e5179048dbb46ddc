"""What of an archive is a recording, and how its row is called."""

import zipfile

import pandas as pd
import pytest

from elvmass_core.batch.discover import discover
from elvmass_core.batch.work import load_item
from elvmass_core.errors import ArchiveError
from tests.batch import archives


def records(*paths, **options):
    return [item.record for item in discover(paths, **options).items]


def test_a_wfdb_record_is_one_recording_and_its_annotations_are_none(tmp_path):
    archives.wfdb(tmp_path, "1")
    for lead in archives.LEADS:
        (tmp_path / f"1.{lead.lower()}").write_bytes(b"\x01\x02")
    (tmp_path / "1.atr").write_bytes(b"\x01\x02")
    assert records(tmp_path) == ["1"]


def test_the_whole_of_ludb_is_its_headers(ecg_data):
    found = discover([ecg_data / "ludb"])
    assert [item.record for item in found.items] == sorted(path.stem for path in (ecg_data / "ludb").glob("*.hea"))


@pytest.mark.parametrize("named", ["1.hea", "1.dat", "1.i"])
def test_any_file_of_a_record_stands_for_the_record(tmp_path, named):
    archives.wfdb(tmp_path, "1")
    (tmp_path / "1.i").write_bytes(b"\x01\x02")
    (item,) = discover([tmp_path / named, tmp_path / "1.hea"]).items
    assert item.path.endswith("1.hea")


def test_folders_are_walked_and_what_is_no_ecg_is_left_out_and_counted(tmp_path):
    archives.wfdb(tmp_path / "b", "two")
    archives.csv(tmp_path / "a" / "one.csv")
    archives.npz(tmp_path / "three.npz")
    (tmp_path / "patients.csv").write_text("record,sex,age\none,F,60\n")
    (tmp_path / "README.md").write_text("# ECGs")
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "cohort.json").write_text("{}")
    (tmp_path / ".hidden.dcm").write_text("")
    found = discover([tmp_path])
    assert [item.record for item in found.items] == ["one", "two", "three"]
    assert found.left_out == {".csv": 1, ".json": 1, ".md": 1, ".txt": 1}


def test_a_damaged_ecg_and_one_of_a_refused_kind_have_their_row(tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "text.dcm").write_text("not an ECG")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7 ...")
    (tmp_path / "alone.dat").write_bytes(b"\x00" * 100)
    assert records(tmp_path) == ["alone", "empty", "scan", "text"]


def test_a_data_file_of_another_name_belongs_to_the_header_that_names_it(tmp_path):
    header = archives.wfdb(tmp_path, "ecg")
    header.write_text(header.read_text().replace("ecg.dat", "samples.dat"))
    (tmp_path / "ecg.dat").rename(tmp_path / "samples.dat")
    assert records(tmp_path) == ["ecg"]


def test_an_extensionless_dicom_is_found_by_its_content(tmp_path):
    (tmp_path / "IM0001").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 40)
    (tmp_path / "LICENSE").write_text("Do as you like.")
    assert records(tmp_path) == ["IM0001"]


def test_the_order_of_arguments_does_not_matter_and_a_path_named_twice_counts_once(tmp_path):
    for name in ("c", "a", "b"):
        archives.wfdb(tmp_path, name)
    forwards = discover([tmp_path / "a.hea", tmp_path, tmp_path / "." / "a.dat"])
    assert forwards.items == discover([tmp_path]).items
    assert forwards.n_twice == 2


def test_a_pattern_gives_the_recordings_that_fit_it(tmp_path):
    for name in ("x1", "x2", "y1"):
        archives.wfdb(tmp_path / "deep", name)
    (tmp_path / "deep" / "x.md").write_text("")
    assert records(str(tmp_path / "**" / "x*")) == ["x1", "x2"]
    with pytest.raises(ArchiveError, match="pattern"):
        discover([str(tmp_path / "z*")])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_manifest_names_paths_relative_to_itself(tmp_path, kind):
    archives.wfdb(tmp_path / "deep", "one")
    frame = pd.DataFrame({"path": ["deep/one.hea", "deep/absent.dcm"]})
    manifest = tmp_path / f"list.{kind}"
    frame.to_csv(manifest, index=False) if kind == "csv" else frame.to_parquet(manifest)
    assert records(manifest) == ["absent", "one"]


def test_a_manifest_may_name_its_rows_and_give_one_file_several(tmp_path):
    archives.wfdb(tmp_path, "one")
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,record\none.hea,a\none.hea,b\n")
    assert records(manifest) == ["a", "b"]
    manifest.write_text("path,record\none.hea,a\none.dat,a\n")
    with pytest.raises(ArchiveError, match="twice"):
        discover([manifest])


def test_stems_that_collide_are_told_apart_by_their_folders(tmp_path):
    for folder in ("2019", "2020"):
        archives.wfdb(tmp_path / folder / "x", "ecg")
    archives.wfdb(tmp_path / "2020", "other")
    assert records(tmp_path) == ["2019/x/ecg", "other", "2020/x/ecg"]


def test_two_formats_of_one_name_are_told_apart_by_their_suffix(tmp_path):
    archives.csv(tmp_path / "ecg.csv")
    archives.npz(tmp_path / "ecg.npz")
    assert records(tmp_path) == ["./ecg.csv", "./ecg.npz"]


def packed(path, folder):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


def test_a_zip_of_one_recording_is_one_and_of_several_is_each(tmp_path):
    archives.wfdb(tmp_path / "one", "a")
    (tmp_path / "one" / "a.i").write_bytes(b"\x01")
    assert records(packed(tmp_path / "single.zip", tmp_path / "one")) == ["single"]
    archives.wfdb(tmp_path / "one" / "deep", "b")
    archives.csv(tmp_path / "one" / "c.csv")
    found = discover([packed(tmp_path / "three.zip", tmp_path / "one")])
    assert [item.record for item in found.items] == ["a", "c", "b"]
    assert set(load_item(found.items[2])) == {"b.hea", "b.dat"}


def test_a_damaged_zip_and_a_numpy_archive_are_one_recording(tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 nothing")
    archives.npz(tmp_path / "arrays.npz").rename(tmp_path / "arrays.zip")
    assert records(tmp_path) == ["arrays", "bad"]


def test_what_is_excluded_is_not_a_recording(tmp_path):
    archives.npz(tmp_path / "one.npz")
    (tmp_path / "maps").mkdir()
    archives.npz(tmp_path / "maps" / "part-00000.npz")
    assert records(tmp_path, excluded=[tmp_path / "maps"]) == ["one"]


def test_nothing_and_what_does_not_exist_are_said_in_a_sentence(tmp_path):
    with pytest.raises(ArchiveError, match="No recording"):
        discover([tmp_path])
    with pytest.raises(ArchiveError, match=r"gone\.hea does not exist"):
        discover([tmp_path / "gone.hea"])
