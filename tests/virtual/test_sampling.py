"""Who is drawn: published means of mass, prevalence of LVH, and how much body size explains."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.units import body_surface_area_m2
from elvmass_core.virtual import PRESETS, sample_patient
from elvmass_core.virtual.sampling import sample_body, sample_heart_size

N_BODIES = 4000
LVH_CUTOFF_G_M2 = {Sex.MALE: 80.0, Sex.FEMALE: 65.0}


def _draw(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictors (n, 4), measured mass (n,), and whether the mass index passes the cut-off (n,)."""
    preset, rng = PRESETS[name], np.random.default_rng(17)
    predictors, masses, hypertrophied = [], [], []
    for _ in range(N_BODIES):
        body = sample_body(rng, preset)
        mass = sample_heart_size(rng, preset, body).lvm_g * np.exp(rng.normal(0.0, preset.mass.reader_log_sd))
        predictors.append((float(body.sex is Sex.FEMALE), body.age_years, body.height_cm, body.weight_kg))
        masses.append(mass)
        index = mass / body_surface_area_m2(body.height_cm, body.weight_kg)
        hypertrophied.append(index > LVH_CUTOFF_G_M2[body.sex])
    return np.array(predictors), np.array(masses), np.array(hypertrophied)


@pytest.fixture(scope="module")
def taiwan() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _draw("taiwan-like")


def test_sex_age_height_and_weight_explain_about_half_of_the_mass(
    taiwan: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    predictors, mass, _ = taiwan
    design = np.column_stack([np.ones(len(mass)), predictors])
    residual = mass - design @ np.linalg.lstsq(design, mass, rcond=None)[0]
    assert 0.45 < 1.0 - residual.var() / mass.var() < 0.60
    assert 11.5 < np.abs(residual).mean() < 15.0


def test_mass_and_prevalence_are_those_of_asian_cohorts(taiwan: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    predictors, mass, hypertrophied = taiwan
    women = predictors[:, 0] == 1.0
    assert 117.0 < mass[~women].mean() < 130.0
    assert 84.0 < mass[women].mean() < 96.0
    assert 0.40 < women.mean() < 0.50
    for sex in (women, ~women):
        assert 0.08 < hypertrophied[sex].mean() < 0.25


def test_the_uniform_preset_spreads_the_mass_beyond_body_size_evenly() -> None:
    preset, rng = PRESETS["uniform"], np.random.default_rng(18)
    deviations = []
    for _ in range(N_BODIES):
        deviations.append(sample_heart_size(rng, preset, sample_body(rng, preset)).mass_z * 0.14)
    counts, _ = np.histogram(deviations, bins=8, range=(-0.35, 0.75))
    assert counts.sum() > 0.97 * N_BODIES
    assert counts.min() > 0.75 * counts.max()


def test_the_shifted_preset_is_older_heavier_and_more_often_hypertrophied(
    taiwan: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    predictors, _, hypertrophied = _draw("shifted")
    assert predictors[:, 1].mean() > taiwan[0][:, 1].mean() + 5.0
    assert predictors[:, 3].mean() > taiwan[0][:, 3].mean() + 3.0
    assert hypertrophied.mean() > taiwan[2].mean() + 0.05


def test_one_strain_law_serves_both_sexes() -> None:
    preset = PRESETS["taiwan-like"]
    swapped = replace(preset, men=preset.women, women=preset.men)
    size = sample_heart_size(np.random.default_rng(1), preset, sample_body(np.random.default_rng(2), preset))
    assert size.strain_drive == pytest.approx(0.55 * size.mass_z + 0.35 * size.concentricity_z)
    assert swapped.couplings == preset.couplings


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_seed_draws_the_same_hashable_patient(name: str) -> None:
    first, second = (sample_patient(np.random.default_rng([3, 4]), name) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != sample_patient(np.random.default_rng([3, 5]), name)


def test_the_p_wave_does_not_depend_on_hypertrophy() -> None:
    lean = replace(PRESETS["uniform"], mass=replace(PRESETS["uniform"].mass, flat_range=(-0.3, -0.3 + 1e-9)))
    thick = replace(lean, mass=replace(lean.mass, flat_range=(0.7, 0.7 + 1e-9)))
    atria = [sample_patient(np.random.default_rng(5), preset).atria for preset in (lean, thick)]
    assert atria[0] == atria[1]


def test_an_unknown_preset_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(CohortError, match="taiwan-like, uniform, shifted"):
        sample_patient(np.random.default_rng(0), "mars")


def test_changing_one_number_changes_the_parameter_hash() -> None:
    preset = PRESETS["taiwan-like"]
    changed = replace(preset, couplings=replace(preset.couplings, strain=0.0))
    assert preset.parameter_sha256 == PRESETS["taiwan-like"].parameter_sha256 != changed.parameter_sha256
