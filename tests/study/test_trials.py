"""Trainings on parts of a cohort, scored on patients that none of them has seen."""

from dataclasses import replace

import numpy as np

from elvmass_core.models.tcn import TcnConfig
from elvmass_core.study.train import Recipe, _displaced
from elvmass_core.study.trials import Trial, learning_curve, run_trials, scored
from tests.cohorts import written_in_the_beat

TINY = Recipe(config=TcnConfig(channels=4, encoding=4))


def both_sexes(n=120):
    """Patients whose mass is the height of their beat, every second one a man."""
    data = written_in_the_beat(n)
    return replace(data, sex=np.where(np.arange(n) % 2, "M", "F"))


def test_scored_patients_are_the_last_and_at_most_a_quarter():
    data = both_sexes()
    np.testing.assert_array_equal(scored(data).record, data.record[-30:])


def test_trials_are_trained_once_and_differ_by_patients_and_recipe(tmp_path):
    data = both_sexes()
    trials = [
        Trial(name="a", start=0, stop=40, epochs=1, recipe=TINY),
        Trial(name="b", start=40, stop=80, epochs=1, recipe=TINY),
        Trial(name="c", start=0, stop=40, epochs=2, recipe=TINY),
    ]
    first = run_trials(data, trials, tmp_path, workers=1)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")}
    assert len(times) == len(trials)
    again = run_trials(data, trials, tmp_path, workers=1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npy")} == times
    np.testing.assert_array_equal(first, again)
    assert len({tuple(grams) for grams in first}) == len(trials)
    assert np.isfinite(first).all()


def test_the_learning_curve_ends_with_everybody_who_is_not_scored(tmp_path):
    curve = learning_curve(both_sexes(), tmp_path, epochs=1, workers=1, sizes=(40, 4000))
    assert [point["n"] for point in curve] == [40, 90]
    for point in curve:
        assert all(point[model][who] > 0 for model in ("network", "ridge") for who in ("men", "women"))
    assert curve[-1]["ridge"]["men"] < 5.0  # the mass is written in the measurements


def test_a_displaced_electrode_lies_between_its_neighbours_and_one_that_stays_changes_nothing():
    chest = np.arange(6.0)[None, :, None] * np.ones((1, 1, 3))
    np.testing.assert_array_equal(_displaced(chest, np.zeros((1, 6, 1))), chest)
    moved = _displaced(chest, np.full((1, 6, 1), 0.25))[0, :, 0]
    np.testing.assert_allclose(moved, [0.25, 1.25, 2.25, 3.25, 4.25, 5.0])
    moved = _displaced(chest, np.full((1, 6, 1), -0.25))[0, :, 0]
    np.testing.assert_allclose(moved, [0.0, 0.75, 1.75, 2.75, 3.75, 4.75])
