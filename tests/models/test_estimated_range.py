"""An estimate beyond nearly all masses of the training patients says so beside the number."""

from types import SimpleNamespace

import pytest

from elvmass_core.domain import Severity, Sex
from elvmass_core.models.estimate import TRAINED_SD, check_estimated_range

BUNDLE = SimpleNamespace(manifest={"training": {"lvm_mean_g": 90.0, "lvm_sd_g": 20.0}})


def found(lvm_g, sex=Sex.FEMALE):
    return check_estimated_range(BUNDLE, SimpleNamespace(lvm_g=lvm_g, sex=sex))


@pytest.mark.parametrize("lvm_g", [30.0, 64.0, 90.0, 120.0, 150.0])
def test_a_mass_as_training_patients_have_it_is_not_remarked(lvm_g):
    assert TRAINED_SD == 3.0
    assert found(lvm_g) == ()


@pytest.mark.parametrize(
    ("lvm_g", "observed"), [(29.0, "29 g"), (150.2, "150.2 g"), (151.0, "151 g"), (322.0, "322 g")]
)
def test_a_mass_beyond_three_sd_is_a_caution_with_the_range(lvm_g, observed):
    (caution,) = found(lvm_g)
    assert (caution.code, caution.severity) == ("mass_outside_training", Severity.CAUTION)
    assert (caution.observed, caution.expected) == (observed, "30–150 g")
    assert "women" in caution.message and "extrapolates" in caution.message


def test_the_message_names_whose_model_it_is():
    assert "men that" in found(400.0, Sex.MALE)[0].message and "women" not in found(400.0, Sex.MALE)[0].message
