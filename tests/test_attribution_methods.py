"""Attribution methods on networks whose attributions can be worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from elvmass_core.attribution.many import explain_beats, explain_many
from elvmass_core.attribution.methods import (
    Points,
    answers_g,
    expected_gradients,
    integrated_gradients,
    occluded_inputs,
    occlusion,
)
from elvmass_core.attribution.tables import LIMB_GROUP, ROWS, grouped, rank_agreement, regions, segment_table
from elvmass_core.domain import Fiducials
from elvmass_core.models.bundle import load_bundle
from elvmass_core.models.tcn import Ensemble, frozen
from elvmass_core.units import LEAD_INDEX
from tests import synthetic

BORDERS = Fiducials(p_on=-180.0, p_off=-90.0, qrs_on=-40.0, qrs_off=60.0, t_on=100.0, t_peak=160.0, t_end=240.0)
RNG = np.random.default_rng(4)
POINT = Points.of(RNG.normal(size=(12, 400)), RNG.normal(size=10))
REFERENCE = Points.of(RNG.normal(size=(12, 400)), RNG.normal(size=10))


class Product(nn.Module):
    """a · b of two samples, plus 3 · (first input): by hand, from (0, 0) each sample gets half the product."""

    def forward(self, beat, tabular):
        return beat[:, 6, 150] * beat[:, 7, 150] + 3.0 * tabular[:, 0]


class Square(nn.Module):
    """x² of one sample: from r to x integrated gradients give x² − r²."""

    def forward(self, beat, tabular):
        return beat[:, 6, 150] ** 2 + 0.0 * tabular[:, 0]


def two_samples(a, b, first_input=0.0):
    beat = np.zeros((12, 400))
    beat[6, 150], beat[7, 150] = a, b
    inputs = np.zeros(10)
    inputs[0] = first_input
    return Points.of(beat, inputs)


def test_a_product_is_shared_equally_and_an_input_gets_its_own():
    maps = integrated_gradients(Product(), two_samples(2.0, 5.0, 1.5), two_samples(0.0, 0.0), steps=8)
    assert maps.beat_g[0, 6, 150] == pytest.approx(5.0, abs=1e-4)
    assert maps.beat_g[0, 7, 150] == pytest.approx(5.0, abs=1e-4)
    assert maps.inputs_g[0, 0] == pytest.approx(4.5, abs=1e-4)
    assert np.count_nonzero(maps.beat_g) == 2


def test_occlusion_of_one_factor_of_a_product_takes_all_of_it():
    cells = regions(BORDERS)
    lost = occlusion(Product(), two_samples(2.0, 5.0), two_samples(0.0, 0.0), list(cells.values()))
    found = dict(zip(cells, lost, strict=True))
    assert found["V1", "QRS"] == pytest.approx(10.0) and found["V2", "QRS"] == pytest.approx(10.0)
    assert sum(found.values()) == pytest.approx(20.0)


def test_occluded_inputs_lose_what_they_give():
    lost = occluded_inputs(Product(), two_samples(1.0, 1.0, 2.0), two_samples(0.0, 0.0), [[0, 1], [2]])
    np.testing.assert_allclose(lost, [6.0, 0.0], atol=1e-6)


def test_expected_gradients_are_the_mean_over_references_and_add_up():
    references = Points.of(np.stack([two_samples(r, 0.0).beats_mv[0] for r in (-1.0, 0.0, 2.0)]), np.zeros((3, 10)))
    maps = expected_gradients(Square(), two_samples(3.0, 0.0), references, steps=8)
    assert maps.beat_g[0, 6, 150] == pytest.approx(np.mean([9 - 1, 9 - 0, 9 - 4]), abs=1e-4)
    explained = answers_g(Square(), two_samples(3.0, 0.0))[0] - answers_g(Square(), references).mean()
    assert maps.total_g()[0] == pytest.approx(explained, abs=1e-4)


def test_many_points_at_once_give_what_each_gives_alone():
    several = Points.of(RNG.normal(size=(5, 12, 400)), RNG.normal(size=(5, 10)))
    together = integrated_gradients(Product(), several, REFERENCE, steps=8)
    for k in range(5):
        alone = integrated_gradients(Product(), several.take(slice(k, k + 1)), REFERENCE, steps=8)
        np.testing.assert_allclose(together.beat_g[k], alone.beat_g[0], atol=1e-6)


class Limb(nn.Module):
    """Reads I and II, or the same through leads that follow from them."""

    def __init__(self, through):
        super().__init__()
        self.through = through

    def forward(self, beat, tabular):
        one, two = beat[:, 0, 150], beat[:, 1, 150]
        if self.through == "III and aVR":  # III = II − I, aVR = −(I + II)/2
            three, avr = beat[:, 2, 150], beat[:, 3, 150]
            one, two = -avr - 0.5 * three, -avr + 0.5 * three
        return one**2 + one * two + 0.0 * tabular[:, 0]


def with_limb_leads(one, two):
    beat = np.zeros((12, 400))
    beat[:6, 150] = one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2
    return Points.of(beat, np.zeros(10))


def test_the_sum_over_the_limb_leads_does_not_depend_on_which_of_them_a_network_reads():
    point, start = with_limb_leads(1.2, -0.4), with_limb_leads(0.3, 0.8)
    sums = []
    for through in ("I and II", "III and aVR"):
        maps = integrated_gradients(Limb(through), point, start, steps=16)
        sums.append(grouped(segment_table(maps.beat_g[0], BORDERS))[LIMB_GROUP]["QRS"])
    assert sums[0] == pytest.approx(sums[1], abs=1e-4)
    assert sums[0] == pytest.approx(1.2**2 - 1.2 * 0.4 - 0.3**2 - 0.3 * 0.8, abs=1e-4)


def test_regions_cover_every_sample_of_every_lead_once():
    cells = regions(BORDERS)
    assert {row for row, _ in cells} == set(ROWS)
    assert (np.sum(list(cells.values()), axis=0) == 1).all()
    assert cells[LIMB_GROUP, "QRS"][: LEAD_INDEX["V1"]].any(axis=1).all()


def test_two_tables_in_the_same_order_agree_and_a_flat_one_says_nothing():
    table = grouped(segment_table(RNG.normal(size=(12, 400)), BORDERS))
    stretched = {
        row: {name: None if g is None else 3.0 * g + 1.0 for name, g in cells.items()} for row, cells in table.items()
    }
    assert rank_agreement(table, stretched) == pytest.approx(1.0)
    flat = {row: dict.fromkeys(cells, 0.0) for row, cells in table.items()}
    assert rank_agreement(table, flat) is None


@pytest.fixture(scope="module")
def beats():
    from elvmass_core.features import measure
    from elvmass_core.models.inputs import tabular_row
    from elvmass_core.signal import extract_beat

    beat = extract_beat(synthetic.recording())
    row = tabular_row(synthetic.patient(height_cm=168.0), measure(beat))
    sizes = np.linspace(0.5, 2.0, 20)
    return sizes[:, None, None] * beat.signal_mv, np.repeat(row[None], len(sizes), axis=0)


def test_thousands_are_explained_as_one_is_whatever_the_number_of_processes(untrained, beats):
    folder = untrained / "untrained-F"
    seen = []
    many = explain_many(folder, *beats, workers=2, progress=lambda done, n: seen.append((done, n)))
    alone = explain_beats(load_bundle(folder), beats[0][7:8], beats[1][7:8])
    np.testing.assert_allclose(many.beat_g[7], alone.beat_g[0], atol=1e-5)
    assert seen[-1] == (20, 20) and len(seen) == 2
    assert many.complete.all()


class Steep(nn.Module):
    """An exponential of one sample: one step cannot integrate it."""

    def forward(self, beat, tabular):
        return 100.0 * torch.exp(2.0 * beat[:, 10, 140]) + 0.0 * tabular[:, 0]


def test_a_map_that_does_not_add_up_is_done_again_with_more_steps(untrained, beats):
    bundle = replace(load_bundle(untrained / "untrained-F"), ensemble=frozen(Ensemble([Steep()])))
    point = Points.of(beats[0], bundle.normaliser(beats[1]))
    start = Points.of(bundle.reference_beat_mv, bundle.normaliser(bundle.reference_person))
    rough = integrated_gradients(bundle.ensemble, point, start, 1).total_g()
    difference = answers_g(bundle.ensemble, point) - answers_g(bundle.ensemble, start)
    assert np.abs(rough - difference).max() > max(0.5, 0.01 * np.abs(difference).max())
    assert explain_beats(bundle, *beats, steps=1).complete.all()
