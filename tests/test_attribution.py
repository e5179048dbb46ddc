"""Attributions in grams: exact on a linear model, complete on a network."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from elvmass_core.attribution.explain import explain
from elvmass_core.attribution.tables import segment_table, st_t_share
from elvmass_core.domain import Fiducials, Sex
from elvmass_core.features import measure
from elvmass_core.models.bundle import load_bundle
from elvmass_core.models.inputs import GROUPS, TABULAR_INPUTS, tabular_row
from elvmass_core.models.tcn import Ensemble, frozen
from elvmass_core.signal import extract_beat
from tests import synthetic


@pytest.fixture(scope="module")
def case(untrained):
    beat = extract_beat(synthetic.recording())
    return (
        load_bundle(untrained / "untrained-F"),
        beat,
        measure(beat),
        synthetic.patient(height_cm=170.0, age_years=70.0),
    )


class Plane(nn.Module):
    """A linear model: integrated gradients must be weight × (input − reference), exactly."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.wave, self.inputs = nn.Parameter(torch.randn(12, 400)), nn.Parameter(torch.randn(len(TABULAR_INPUTS)))

    def forward(self, beat, tabular):
        return 90.0 + (beat * self.wave).sum(dim=(1, 2)) + tabular @ self.inputs


def test_a_linear_model_is_explained_exactly(case):
    bundle, beat, features, patient = case
    plane = Plane()
    linear = dataclasses.replace(bundle, ensemble=frozen(Ensemble([plane])))
    found = explain(linear, beat, features, patient)
    expected = plane.wave.numpy() * (beat.signal_mv - bundle.reference_beat_mv)
    np.testing.assert_allclose(found.beat_g, expected, atol=1e-4)
    row = tabular_row(patient, features)
    shift = bundle.normaliser(row) - bundle.normaliser(bundle.reference_row(row))
    assert found.tabular_g["age"] == pytest.approx(float(plane.inputs[0]) * shift[0], abs=1e-4)


def test_everything_sums_to_the_difference_from_the_reference(case):
    bundle, beat, features, patient = case
    found = explain(bundle, beat, features, patient)
    row = tabular_row(patient, features)
    difference = bundle.members_g(beat.signal_mv[None], row[None]).mean() - bundle.reference_g(row)
    segments = sum(value for line in found.segments_g.values() for value in line.values() if value is not None)
    assert segments == pytest.approx(found.beat_g.sum())
    assert segments + sum(found.tabular_g.values()) == pytest.approx(difference + found.delta_g, abs=1e-6)
    assert abs(found.delta_g) <= 0.5
    assert set(found.tabular_g) == set(GROUPS)


def test_the_reference_explains_itself_with_nothing(case):
    bundle, beat, features, patient = case
    at_reference = dataclasses.replace(beat, signal_mv=bundle.reference_beat_mv)
    found = explain(bundle, at_reference, features, patient)
    assert np.abs(found.beat_g).max() == pytest.approx(0.0, abs=1e-6)


def test_an_unknown_weight_is_unknown_in_the_reference_too(case):
    bundle, beat, features, _ = case
    found = explain(bundle, beat, features, synthetic.patient(weight_kg=None))
    assert found.tabular_g["weight"] == pytest.approx(0.0, abs=1e-6)
    assert abs(found.delta_g) <= 0.5


def test_segments_sum_grams_of_their_samples_and_absent_ones_are_none():
    grams = np.zeros((12, 400))
    grams[6, 200:210] = 0.5
    table = segment_table(grams, Fiducials(qrs_on=-40.0, qrs_off=60.0, t_on=100.0, t_peak=160.0, t_end=240.0))
    assert table["V1"]["T"] == pytest.approx(5.0)
    assert table["V1"]["P"] is None
    assert st_t_share(table) == pytest.approx(1.0)
    assert st_t_share(segment_table(grams, Fiducials(qrs_on=-40.0, qrs_off=60.0))) is None


def test_the_baseline_names_the_sex(case):
    bundle, beat, features, patient = case
    assert bundle.sex is Sex.FEMALE
    assert "women" in explain(bundle, beat, features, patient).baseline
