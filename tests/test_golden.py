"""The golden set: no release answers a known recording in another way without saying so.

`tests/golden/golden.csv` says what the shipped weights answered; `python -m tests.golden.make` makes it anew.
"""

from collections import Counter
from dataclasses import replace

import pytest

from elvmass_core.domain import Lvh
from elvmass_core.models.bundle import load_models
from tests.golden.compare import ADVICE, changed_weights, differences, largest_g, n_flips, report
from tests.golden.make import answers
from tests.golden.recordings import (
    BODIES,
    DATA,
    FAULTY,
    REAL,
    SHORT,
    SIMULATED,
    WEIGHTS,
    Answer,
    Recipe,
    catalogue,
    plan,
    read_golden,
)

ALICE, BOB = (Recipe(kind=REAL, source=name) for name in ("alice", "bob"))
SOUND = Answer(
    lvm_g="100.00", low_g="80.00", high_g="120.00", lvh="not_flagged", model="women", weights="aa", digest="0"
)
REFUSED = Answer(lvh="no_result", refusal="lead_flat", digest="1")


@pytest.fixture(scope="module")
def golden():
    return read_golden()


@pytest.fixture(scope="module")
def found(golden):
    """Today's answers to every recording that can be had here."""
    return answers([recipe for recipe in golden if recipe.kind != REAL or recipe.source in catalogue()])


def test_every_simulated_recording_and_example_is_answered_as_before(golden, found):
    some = {recipe: one for recipe, one in found.items() if recipe.kind != REAL}
    said = report(golden, some)
    assert not said, f"\n{said}"


def test_every_public_recording_is_answered_as_before(golden, found):
    some = {recipe: one for recipe, one in found.items() if recipe.kind == REAL}
    if not some:
        pytest.skip(f"no public recordings in {DATA}: set ELVMASS_ECG_DATA to the folder that holds catalog.csv")
    said = report(golden, some)
    assert not said, f"\n{said}"


def test_the_set_belongs_to_the_shipped_weights(golden):
    shipped = {bundle.model_id: bundle.sha256[:SHORT] for bundle in load_models(WEIGHTS).bundles}
    now = {Recipe(kind=REAL, source=name): Answer(model=name, weights=sha) for name, sha in shipped.items()}
    changed = changed_weights(golden, now)
    assert not changed, "\n".join(["", *changed, ADVICE])


def test_the_file_holds_what_the_plan_asks_for(golden):
    assert set(plan()) <= set(golden)
    assert {recipe for recipe in golden if recipe.kind != REAL} == {one for one in plan() if one.kind != REAL}


def test_the_set_is_wide_enough(golden):
    simulated = {recipe: one for recipe, one in golden.items() if recipe.kind == SIMULATED}
    assert len(simulated) >= 200
    assert min(Counter(recipe.fmt for recipe in simulated).values()) >= 50
    assert {recipe.fmt for recipe in simulated} == {"wfdb", "npz", "dicom", "csv"}
    for who in ("women", "men"):
        assert sum(who in one.model.split("-") for one in simulated.values()) >= 50
    for body in BODIES:
        assert sum(recipe.body == body for recipe in simulated) >= 20
    for answer in Lvh:
        assert sum(one.lvh == answer for one in simulated.values()) >= 3, answer
    assert sum(bool(one.refusal) for recipe, one in golden.items() if recipe.kind == FAULTY) >= 20


# --- the list of what moved -------------------------------------------------------------------------------------------


def test_grams_within_the_tolerance_are_the_same_answer():
    assert differences(SOUND, replace(SOUND, lvm_g="100.50", low_g="79.50", digest="other")) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lvm_g": "100.52"}, "mass 100.00 g → 100.52 g (+0.5 g)"),
        ({"high_g": "117.00"}, "high 120.00 g → 117.00 g (-3.0 g)"),
        ({"lvm_g": ""}, "mass 100.00 g → none"),
        ({"women_lvm_g": "90.00"}, "women's model none → 90.00 g"),
        ({"lvh": "uncertain"}, "LVH not_flagged → uncertain"),
        ({"refusal": "lead_flat"}, "refusal none → lead_flat"),
    ],
)
def test_another_mass_flag_or_refusal_is_said_in_words(change, words):
    assert differences(SOUND, replace(SOUND, **change)) == [words]


def test_the_list_names_every_recording_that_moved_and_no_other_and_what_to_do():
    wanted, found = {ALICE: SOUND, BOB: REFUSED}, {ALICE: replace(SOUND, lvm_g="102.00"), BOB: REFUSED}
    said = report(wanted, found)
    assert said.startswith("1 of 2 recordings")
    assert "alice: mass 100.00 g → 102.00 g (+2.0 g)\n" in said
    assert "bob" not in said
    assert "python -m tests.golden.make" in said
    assert "Changes that alter a displayed value" in said
    assert "weights" not in said
    assert report(wanted, wanted) == ""


def test_the_list_tells_other_weights_and_other_samples_from_other_code():
    found = {ALICE: replace(SOUND, lvm_g="102.00", weights="bb"), BOB: replace(REFUSED, refusal="noise", digest="2")}
    said = report({ALICE: SOUND, BOB: REFUSED}, found)
    assert "The weights have changed: women is bb, in the golden set aa." in said
    assert "bob: refusal lead_flat → noise [other samples, too, if only in their last bits]" in said
    assert "(+2.0 g)\n" in said


def test_the_figures_of_the_set_are_the_largest_change_and_the_count_of_flips():
    found = {ALICE: replace(SOUND, lvm_g="100.20", low_g="80.30"), BOB: replace(REFUSED, refusal="", lvm_g="90.00")}
    assert largest_g({ALICE: SOUND, BOB: REFUSED}, found) == pytest.approx(0.3)
    assert n_flips({ALICE: SOUND, BOB: REFUSED}, found) == 1
