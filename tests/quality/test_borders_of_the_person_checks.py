"""Limits of the person, of the distances and of the words of a finding, on both sides of each."""

import math
import re

import pytest

from elvmass_core.domain import Distance, Finding, Patient, Severity, Sex
from elvmass_core.quality import check_conflicts, check_likeness, check_patient, in_words, outside_scope
from elvmass_core.quality.findings import caution, likelier, listed, note, stop
from elvmass_core.quality.likeness import REAL, TRAINING, distances_in_words
from elvmass_core.quality.scope import OUTSIDE_SCOPE, why_not_judged
from elvmass_core.units import LEADS
from tests import synthetic
from tests.quality.drawn import severity


@pytest.mark.parametrize(("age_years", "said"), [(17.99, "stop"), (18.0, ""), (22.0, "")])
def test_an_adult_is_18(age_years, said):
    assert severity(check_patient(synthetic.patient(age_years=age_years)), "not_adult") == said


@pytest.mark.parametrize(
    ("height_cm", "weight_kg", "said"),
    [
        (119.0, None, "stop"), (120.0, None, ""), (230.0, None, ""), (231.0, None, "stop"),
        (None, 24.0, "stop"), (None, 25.0, ""), (None, 250.0, ""), (None, 251.0, "stop"),
        # Body-mass index: 200 cm makes it a quarter of the weight.
        (200.0, 55.9, "stop"), (200.0, 56.0, ""), (200.0, 220.0, ""), (200.0, 220.1, "stop"),
    ],
)  # fmt: skip
def test_sizes_of_an_adult(height_cm, weight_kg, said):
    patient = synthetic.patient(height_cm=height_cm, weight_kg=weight_kg)
    assert severity(check_patient(patient), "body_size_implausible") == said


@pytest.mark.parametrize(("height_cm", "weight_kg"), [(None, 60.0), (160.0, None)])
def test_one_unknown_size_is_a_note_and_known_ones_are_none(height_cm, weight_kg):
    patient = synthetic.patient(height_cm=height_cm, weight_kg=weight_kg)
    assert severity(check_patient(patient), "body_size_unknown") == "note"
    assert check_patient(synthetic.patient()) == ()


def test_a_sex_is_a_sex_and_unknown_is_a_note():
    for sex, said in ((Sex.FEMALE, ""), (Sex.MALE, ""), (Sex.UNKNOWN, "note")):
        assert severity(check_patient(synthetic.patient(sex=sex)), "sex_unknown") == said


@pytest.mark.parametrize(
    ("stated", "code", "said"),
    [
        ({"age_years": 61.0}, "age_conflict", ""), ({"age_years": 61.1}, "age_conflict", "caution"),
        ({"age_years": 58.9}, "age_conflict", "caution"), ({"height_cm": 161.0}, "height_conflict", ""),
        ({"height_cm": 161.1}, "height_conflict", "caution"), ({"height_cm": 158.9}, "height_conflict", "caution"),
        ({"weight_kg": 61.0}, "weight_conflict", ""), ({"weight_kg": 61.1}, "weight_conflict", "caution"),
    ],
)  # fmt: skip
def test_rounding_of_one_year_centimetre_or_kilogram_is_no_conflict(stated, code, said):
    findings = check_conflicts(Patient(**stated), synthetic.patient())
    assert severity(findings, code) == said
    assert len(findings) == bool(said)


def test_every_conflict_is_told_and_names_both_sides():
    stated = Patient(sex=Sex.MALE, age_years=40.0, height_cm=180.0, weight_kg=90.0)
    findings = check_conflicts(stated, synthetic.patient())
    assert [one.code for one in findings] == ["sex_conflict", "age_conflict", "height_conflict", "weight_conflict"]
    assert [one.observed for one in findings][0::2] == [
        "given female, file states male",
        "given 160, file states 180",
    ]


def distance(value=1.0, nearer=0.5, name=REAL, n=55):
    return Distance(name=name, value=value, nearer=nearer, n=n)


@pytest.mark.parametrize(("value", "said"), [(2.4, ""), (2.41, "caution"), (5.0, "caution"), (5.01, "stop")])
def test_real_ecgs_lie_within_24_and_nothing_that_is_one_beyond_5(value, said):
    assert severity(check_likeness(distance(value), None), "unlike_real_ecgs") == said


@pytest.mark.parametrize(("nearer", "said"), [(0.99, ""), (0.995, "note")])
def test_far_from_training_is_farther_than_99_of_100(nearer, said):
    training = distance(nearer=nearer, name=TRAINING)
    assert severity(check_likeness(distance(), training), "unlike_training_ecgs") == said


def test_farther_out_than_all_is_not_said_of_the_last_but_one():
    assert "93 of 100 real ECGs" in in_words(distance(nearer=0.93))
    assert "all 55 real ECGs" in in_words(distance(nearer=1.0))
    assert "all" not in in_words(distance(nearer=0.98))
    assert "learned from" in in_words(distance(name=TRAINING))
    both = distances_in_words([distance(nearer=0.25), distance(nearer=0.75, name=TRAINING)])
    assert re.search(r"25 of 100 real ECGs, and .*75 of 100 ECGs like those", both)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (9_900.0, "about 10000 times likelier"),
        (10_000.0, "about 10000 times"),
        (10_100.0, "over 10 000 times likelier"),
        (52.0, "about 50 times"),
    ],
)
def test_a_ratio_of_likelihoods_in_words(times, words):
    assert likelier(math.log(times)).startswith(words)


def test_leads_in_words():
    assert [listed(names) for names in (["V3"], ["I", "II"], LEADS)] == ["lead V3", "leads I, II", "all leads"]


def test_a_finding_has_the_severity_it_was_said_with():
    said = [say("code", "Words.")[0] for say in (stop, caution, note)]
    assert [one.severity for one in said] == [Severity.STOP, Severity.CAUTION, Severity.NOTE]
    assert [(one.code, one.message, one.observed, one.expected) for one in said] == [("code", "Words.", "", "")] * 3
    (full,) = caution("code", "Words.", "seen", "wanted")
    assert (full.observed, full.expected) == ("seen", "wanted")


@pytest.mark.parametrize("code", OUTSIDE_SCOPE)
def test_each_code_outside_the_scope_stops_the_judgement_with_its_own_words(code):
    finding = Finding(code=code, severity=Severity.CAUTION, message="")
    assert outside_scope((finding,)) == (finding,)
    assert why_not_judged((finding, finding)) == f"not judged, because {OUTSIDE_SCOPE[code]}"
