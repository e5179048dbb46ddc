"""Descriptions, densities and the two distances."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from elvmass_core.domain import Distance, Severity
from elvmass_core.features import measure
from elvmass_core.quality import check_likeness, in_words
from elvmass_core.quality.likeness import REAL, REAL_CAUTION, REAL_STOP, TRAINING
from elvmass_core.quality.real_ecgs import real_ecgs
from elvmass_core.quality.timing import check_timing, log_durations
from elvmass_core.signal import extract_beat
from elvmass_core.signal_space import DESCRIPTION_SHAPE, Density, Space, covariance_of, describe
from tests import synthetic


@pytest.fixture(scope="module")
def beat():
    return extract_beat(synthetic.recording())


def test_a_description_has_its_shape_and_does_not_depend_on_the_gain(beat):
    described = describe(beat)
    assert described.shape == DESCRIPTION_SHAPE
    doubled = dataclasses.replace(beat, signal_mv=2.0 * beat.signal_mv)
    np.testing.assert_allclose(describe(doubled), described, rtol=1e-12)


def test_an_absent_wave_is_nan_and_the_rest_stays(beat):
    no_p = dataclasses.replace(beat, fiducials=dataclasses.replace(beat.fiducials, p_on=None))
    described = describe(no_p)
    assert np.isnan(described[:, :3]).all()
    np.testing.assert_array_equal(described[:, 3:], describe(beat)[:, 3:])


def test_the_density_is_the_multivariate_t_of_scipy():
    rng = np.random.default_rng(3)
    mixed = rng.normal(size=(4, 4))
    density = Density(mean=rng.normal(size=4), covariance=mixed @ mixed.T + np.eye(4), tails=7.0)
    rows = rng.normal(size=(5, 4))
    shape = density.covariance * 5.0 / 7.0
    want = stats.multivariate_t(loc=density.mean, shape=shape, df=7.0).logpdf(rows)
    np.testing.assert_allclose(density.log(rows), want)


def test_missing_values_are_left_out_of_the_density():
    rng = np.random.default_rng(4)
    mixed = rng.normal(size=(3, 3))
    density = Density(mean=np.zeros(3), covariance=mixed @ mixed.T + np.eye(3), tails=6.0)
    part = Density(mean=np.zeros(2), covariance=density.covariance[:2, :2], tails=6.0)
    row = np.array([[0.3, -0.8, np.nan]])
    assert density.log(row)[0] == pytest.approx(part.log(row[:, :2])[0])
    assert density.distance(row[0]) == pytest.approx(part.distance(row[0, :2]))


def test_members_of_the_crowd_lie_at_about_one_and_strangers_far():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(4000, *DESCRIPTION_SHAPE))
    density = Density(mean=np.zeros(rows[0].size), covariance=covariance_of(rows, 0.03), tails=8.0)
    members = rng.normal(size=(50, *DESCRIPTION_SHAPE))
    space = Space(density=density, crowd=np.sort([density.distance(row) for row in members]))
    assert space.place(members[0], "training").value == pytest.approx(1.0, abs=0.2)
    far = space.place(6.0 * members[1], "training")
    assert far.nearer == 1.0
    assert "all 50" in in_words(far)
    again = Space.from_arrays({name: values.astype(np.float32) for name, values in space.arrays().items()})
    assert again.place(members[2], "real").value == pytest.approx(space.place(members[2], "real").value, rel=1e-4)


def distance(value, nearer=0.5, name=REAL):
    return Distance(name=name, value=value, nearer=nearer, n=100)


def test_far_from_real_is_a_caution_or_a_stop_and_far_only_from_the_training_a_note():
    near, far = distance(1.0, name=TRAINING), distance(4.0, 0.999, TRAINING)
    assert check_likeness(distance(1.0), near) == ()
    assert [one.severity for one in check_likeness(distance(REAL_CAUTION + 0.1), near)] == [Severity.CAUTION]
    assert [one.severity for one in check_likeness(distance(REAL_STOP + 0.1), far)] == [Severity.STOP]
    (only,) = check_likeness(distance(1.0), far)
    assert (only.severity, only.code) == (Severity.NOTE, "unlike_training_ecgs")


def test_leads_that_no_heart_makes_are_far_from_real_ecgs(beat):
    rng = np.random.default_rng(6)
    leads = rng.normal(size=(12, 12)) @ beat.signal_mv
    noise = dataclasses.replace(beat, signal_mv=leads)
    assert real_ecgs().density.distance(describe(noise)) > REAL_CAUTION
    assert real_ecgs().density.distance(describe(beat)) < REAL_CAUTION


@pytest.mark.parametrize("factor", [0.4, 0.5, 2.0, 2.5])
def test_a_misstated_rate_is_told_by_durations(beat, factor):
    features = measure(beat)
    assert check_timing(features) == ()
    values = {
        name: dataclasses.replace(one, value=one.value * factor)
        if name.endswith("_ms") and one.value is not None
        else one
        for name, one in features.values.items()
    }
    values["rate_bpm"] = dataclasses.replace(features.values["rate_bpm"], value=features["rate_bpm"] / factor)
    wrong = dataclasses.replace(features, values=values)
    np.testing.assert_allclose(log_durations(wrong), log_durations(features) + np.log(factor))
    (found,) = check_timing(wrong)
    assert found.code == "timing_implausible"
    assert ("shorter" in found.message) == (factor > 1.0)
