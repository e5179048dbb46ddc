"""Findings are read in one order everywhere: most serious first, then what turns the answer, then what weakens it."""

import ast
import random
from pathlib import Path

import pytest

import elvmass_core
from elvmass_core.domain import Finding, Severity
from elvmass_core.quality import in_reading_order, outside_scope, why_not_judged
from elvmass_core.quality.order import READING_ORDER

ROOT = Path(elvmass_core.__file__).parent
CALLS = {"stop", "caution", "note", "say", "_graded", "_override", "Finding", "Connection"}
STAGES = ("io", "quality", "models")
CODES = [code for _, codes in READING_ORDER for code in codes]


def finding(code, severity=Severity.CAUTION, message="m"):
    return Finding(code=code, severity=severity, message=message)


def literal_codes(path):
    """Every text that a module hands over as the code of a finding."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in CALLS:
            first = [keyword.value for keyword in call.keywords if keyword.arg == "code"] or call.args[:1]
            yield from (
                part.value for one in first for part in ast.walk(one) if isinstance(part, ast.Constant) and part.value
            )


def test_every_code_that_the_core_gives_has_its_place():
    paths = [ROOT / "pipeline.py", *(path for stage in STAGES for path in (ROOT / stage).rglob("*.py"))]
    given = {code for path in paths for code in literal_codes(path)}
    parts = {code for code in given if code.startswith("_")}  # "age" + "_conflict"
    assert len(given) > 40
    assert {code for code in given - parts if code not in CODES} == set()
    assert all(any(code.endswith(part) for code in CODES) for part in parts)


def test_no_code_has_two_places():
    assert len(set(CODES)) == len(CODES)


def test_a_stop_goes_before_every_caution_and_a_note_comes_last():
    found = in_reading_order(
        [finding("p_inverted", Severity.NOTE), finding("sex_conflict"), finding("no_weights", Severity.STOP)]
    )
    assert [one.code for one in found] == ["no_weights", "sex_conflict", "p_inverted"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("p_inverted", "amplitude_unusual"),
        ("lead_gain", "wide_qrs"),
        ("atrial_fibrillation", "mains_noise"),
        ("wide_qrs", "many_beats_rejected"),
        ("many_beats_rejected", "filters_not_stated"),
        ("unlike_real_ecgs", "filter_lowpass"),
        ("filters_not_stated", "a_code_that_nobody_knows"),
    ],
)
def test_connection_gain_rhythm_beat_and_filters_follow_one_another(first, second):
    assert [one.code for one in in_reading_order([finding(second), finding(first)])] == [first, second]


def test_the_order_does_not_depend_on_who_looked_first_and_keeps_equals_as_they_came():
    found = [finding(code) for code in CODES]
    mixed = random.Random(1).sample(found, len(found))
    assert in_reading_order(mixed) == tuple(found)
    twice = [finding("leads_inverted", message=message) for message in ("one", "two")]
    assert [one.message for one in in_reading_order(twice)] == ["one", "two"]


def test_the_reasons_why_lvh_is_not_judged_stand_in_one_order_whoever_looked_first():
    found = [finding("p_wave_not_found"), finding("wide_qrs"), finding("paced")]
    assert why_not_judged(found) == why_not_judged(found[::-1])
    assert [one.code for one in outside_scope(found)] == ["paced", "wide_qrs", "p_wave_not_found"]
