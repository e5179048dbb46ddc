"""Electrodes put on the same chest again."""

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.virtual import PRESETS, sample_patient
from elvmass_core.virtual.chest_sampling import place_anew

PRESET = PRESETS["taiwan-like"]


def again(seed, sex, preset=PRESET):
    patient = sample_patient(np.random.default_rng(seed), "taiwan-like", sex=sex)
    return patient.placement, place_anew(np.random.default_rng([seed, 1]), preset, sex, patient.placement)


@pytest.mark.parametrize("sex", [Sex.MALE, Sex.FEMALE])
def test_the_sites_of_the_chest_stay_and_every_error_is_new(sex):
    before, after = again(3, sex)
    for site in ("sternal_x_cm", "mid_x_cm", "apical_z_cm"):
        assert getattr(after, site) == getattr(before, site)
    assert not set(after.shift_x_cm) & set(before.shift_x_cm)
    assert not set(after.shift_z_cm) & set(before.shift_z_cm)


@pytest.mark.parametrize("sex", [Sex.MALE, Sex.FEMALE])
def test_electrodes_are_put_on_again_by_the_law_that_the_cohort_was_drawn_from(sex):
    placed = [again(seed, sex) for seed in range(400)]
    for axis in ("shift_x_cm", "shift_z_cm"):
        before, after = (np.array([getattr(pair[k], axis) for pair in placed]) for k in (0, 1))
        np.testing.assert_allclose(after.mean(axis=0), before.mean(axis=0), atol=0.27)  # 3.5 SE of a difference
        np.testing.assert_allclose(np.corrcoef(after.T), np.corrcoef(before.T), atol=0.25)
        np.testing.assert_allclose(after.std(axis=0), before.std(axis=0), rtol=0.18)
        assert abs(np.corrcoef(before[:, 0], after[:, 0])[0, 1]) < 0.18  # no memory of the first time


def test_a_cohort_with_other_placement_places_by_its_own_law():
    wide = [again(seed, Sex.MALE, PRESETS["shifted"])[1].shift_z_cm[0] for seed in range(300)]
    assert np.mean(wide) == pytest.approx(PRESETS["shifted"].nuisance.sternal_too_high_cm, abs=0.4)
    assert np.std(wide) == pytest.approx(PRESETS["shifted"].nuisance.placement_sd_cm, rel=0.15)
