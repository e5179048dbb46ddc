"""Presets, their variants, and that a frozen cohort stays what it was."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.errors import CohortError
from elvmass_core.virtual import sample_patient, simulate_beat
from elvmass_core.virtual.norms import ELECTRICAL_FIELDS
from elvmass_core.virtual.presets import PRESETS, VARIANTS, preset_named


def test_without_a_link_two_masses_give_one_ecg() -> None:
    """The null control: who differs in LV mass alone has the same beat."""
    null = preset_named("taiwan-like@null")
    heavy = replace(null, mass=replace(null.mass, residual_log_sd=0.5, hypertrophy_share=0.9))
    light, other = (sample_patient(np.random.default_rng(4), preset) for preset in (null, heavy))
    assert abs(other.lvm_true_g / light.lvm_true_g - 1.0) > 0.1
    assert other.heart.lvm_g == light.heart.lvm_g
    assert other.source == light.source
    np.testing.assert_array_equal(simulate_beat(other).ventricular_mv, simulate_beat(light).ventricular_mv)


def test_with_the_link_they_differ() -> None:
    central = preset_named("taiwan-like")
    heavy = replace(central, mass=replace(central.mass, residual_log_sd=0.5, hypertrophy_share=0.9))
    light, other = (simulate_beat(sample_patient(np.random.default_rng(4), preset)) for preset in (central, heavy))
    assert np.abs(other.ventricular_mv - light.ventricular_mv).max() > 0.02


def test_sex_neutral_hearts_are_electrically_alike_and_swapped_ones_exchanged() -> None:
    central, neutral, swapped = (
        preset_named(f"taiwan-like{variant}") for variant in ("", "@sex-neutral", "@sex-swapped")
    )
    for name in ELECTRICAL_FIELDS:
        assert getattr(neutral.men, name) == getattr(neutral.women, name)
        assert getattr(swapped.men, name) == getattr(central.women, name)
        assert getattr(swapped.women, name) == getattr(central.men, name)
    assert swapped.men.lvm_g == central.men.lvm_g


def test_without_strain_mass_brings_none() -> None:
    off = preset_named("uniform@no-strain")
    quiet = replace(off, nuisance=replace(off.nuisance, other_strain_share=-1.0))
    assert all(sample_patient(np.random.default_rng(seed), quiet).repolarisation.strain == 0.0 for seed in range(30))


def test_variants_combine_and_an_unknown_one_is_named() -> None:
    both = preset_named("shifted@null@no-strain")
    assert both.reference_heart and both.couplings.strain == 0.0 and both.name == "shifted@null@no-strain"
    with pytest.raises(CohortError, match="sparse"):
        preset_named("taiwan-like@martian")


def test_every_preset_and_variant_has_parameters_of_its_own() -> None:
    names = [*PRESETS, *(f"taiwan-like@{variant}" for variant in VARIANTS)]
    assert len({replace(preset_named(name), name="").parameter_sha256 for name in names}) == len(names)
