"""Faults put into sound recordings never give a silent flag; the full figures: ``benchmarks/inject_faults.py``."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults import FAULTS, ROWS, electrodes_mv, leads_mv
from benchmarks.inject_faults import SILENT, half_definite, judged_base, plan, run_base, simulated_case, wilson_upper
from elvmass_core.models.bundle import load_models

WEIGHTS = Path(__file__).parents[1] / "weights"
N_CANDIDATES, N_BASES, SEED = 8, 3, 5


@pytest.fixture(scope="module")
def models():
    found = load_models(WEIGHTS)
    if found.problems:
        pytest.skip(" ".join(found.problems))
    return found


@pytest.fixture(scope="module")
def case():
    return simulated_case(1)


def test_every_row_of_the_table_of_faults_has_a_fault():
    assert {fault.row for fault in FAULTS.values()} == set(ROWS)


def test_every_fault_is_planned_equally_often_and_the_plan_depends_on_the_seed_alone():
    jobs = plan(2 * len(FAULTS), SEED, N_BASES)
    names = [name for todo in jobs.values() for _, name in todo]
    assert sorted(names) == sorted([*FAULTS, *FAULTS])
    assert plan(2 * len(FAULTS), SEED, N_BASES) == jobs


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_changes_what_is_given_and_leaves_the_sound_case_alone(case, name):
    before = np.array(case.signal_mv)
    faulty = FAULTS[name].apply(case, np.random.default_rng(SEED))
    assert np.array_equal(case.signal_mv, before)
    facts = ("fs_hz", "sex", "age_years", "height_cm", "weight_kg", "unit", "file", "has_weights")
    same_facts = all(getattr(faulty, fact) == getattr(case, fact) for fact in facts)
    assert not (same_facts and np.array_equal(faulty.signal_mv, before))


def test_leads_survive_the_way_over_the_electrodes(case):
    np.testing.assert_allclose(leads_mv(electrodes_mv(case.signal_mv)), case.signal_mv, atol=1e-9)


def test_exchanged_arms_do_to_the_leads_what_the_textbook_says(case):
    one, two, three, right, left, foot, *chest = case.signal_mv
    want = np.stack([-one, three, two, left, right, foot, *chest])
    swapped = FAULTS["RA–LA exchanged"].apply(case, np.random.default_rng(0)).signal_mv
    np.testing.assert_allclose(swapped, want, atol=1e-9)


def test_the_wilson_bound_of_none_in_ten_thousand_is_the_textbook_one():
    assert wilson_upper(0, 10_000) == pytest.approx(3.8416 / (10_000 + 3.8416), rel=1e-3)


def test_no_fault_gives_a_silent_flag(models):
    found = [base for index in range(N_CANDIDATES) if (base := judged_base(index, models)) is not None]
    bases = half_definite(found, N_BASES)
    assert any(base.definite for base in bases)
    results = [
        one for k, todo in plan(len(FAULTS), SEED, N_BASES).items() for one in run_base(bases[k], todo, SEED, models)
    ]
    assert len(results) == len(FAULTS)
    assert [one for one in results if one.outcome == SILENT] == []
