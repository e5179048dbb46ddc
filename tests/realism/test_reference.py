"""Which real recordings are used, and how they are split."""

from collections import Counter

import pytest

from elvmass_core.domain import Sex
from elvmass_core.errors import TableError
from elvmass_core.realism.reference import _split, is_excluded, is_normal, load_reference, reference_table, stated


@pytest.fixture(scope="module")
def reference(ecg_data):
    return load_reference(ecg_data)


def test_codes_of_the_challenge_are_read_in_words():
    header = "E1 12 500 5000\n# Age: 65\n# Dx: 253352002,427084000,999\n"
    assert stated(header) == ("left atrial abnormality", "sinus tachycardia", "999")


def test_statements_of_ludb_are_read_in_full_and_our_own_note_is_not_one():
    header = "#<sex>: M\n#<diagnoses>:\n#Rhythm: Sinus rhythm.\n#Left anterior hemiblock. \n# derived: gain\n"
    assert stated(header) == ("sinus rhythm", "left anterior hemiblock")


@pytest.mark.parametrize(
    ("label", "excluded"),
    [
        ("left ventricular hypertrophy", True),
        ("left atrial hypertrophy", False),
        ("complete right bundle branch block", True),
        ("right bundle branch block", True),
        ("incomplete right bundle branch block", False),
        ("atrial fibrillation", True),
        ("unipolar ventricular pacing", True),
        ("iii degree av-block", True),
        ("i degree av block", False),
        ("ventricular extrasystole, type: single pvc", True),
        ("premature atrial contraction", False),
        ("sinus tachycardia", False),
    ],
)
def test_what_rules_a_recording_out(label, excluded):
    assert is_excluded((label,)) is excluded


def test_normal_means_that_something_is_stated_and_all_of_it_is_normal():
    assert is_normal(("sinus rhythm", "electric axis of the heart: vertical"))
    assert not is_normal(("sinus rhythm", "electric axis of the heart: left axis deviation"))
    assert not is_normal(())


def test_a_folder_without_catalogue_says_what_to_set(tmp_path):
    with pytest.raises(TableError, match=r"catalog\.csv"):
        load_reference(tmp_path)


def test_the_selection_holds_what_it_promises(reference):
    names = {real.name for real in reference}
    assert len(reference) == 48
    assert Counter(real.source for real in reference) == {"ludb": 24, "ptbxl": 10, "georgia": 12, "ningbo": 2}
    assert not names & {"georgia/E07509", "georgia/E07510", "ptbxl/HR06003", "ludb/8", "ludb/1", "ningbo/JS20008"}
    assert len({real.digest for real in reference}) == len(reference)
    for real in reference:
        assert 18 <= real.age <= 89
        assert real.sex is not Sex.UNKNOWN
        assert real.features["qrs_ms"] < 124
        assert 45 <= real.beat.rate_bpm <= 110
        assert not any("left ventricular" in label for label in real.labels)


def test_the_halves_are_even_in_every_stratum_and_do_not_depend_on_the_order_of_reading(reference):
    strata = {(real.source, real.sex) for real in reference}
    for source, sex in strata:
        parts = Counter(real.part for real in reference if (real.source, real.sex) == (source, sex))
        assert abs(parts["tuning"] - parts["reporting"]) <= 1
    again = {real.name: real.part for real in _split(list(reversed(reference)))}
    assert again == {real.name: real.part for real in reference}


def test_the_table_of_a_half_holds_only_that_half(reference):
    tuning, reporting = (set(reference_table(reference, part).table["name"]) for part in ("tuning", "reporting"))
    assert len(tuning) == len(reporting) == 24
    assert not tuning & reporting
