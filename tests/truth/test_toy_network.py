"""A network that reads one cell only, by a rule that can be worked out by hand: every method must blame that cell."""

import numpy as np
import pytest
from torch import nn

from elvmass_core.attribution.methods import Points, expected_gradients, integrated_gradients, occlusion
from elvmass_core.attribution.tables import regions
from elvmass_core.domain import Fiducials
from elvmass_core.truth.scores import localisation
from elvmass_core.units import LEAD_INDEX

BORDERS = Fiducials(p_on=-180.0, p_off=-90.0, qrs_on=-40.0, qrs_off=60.0, t_on=100.0, t_peak=160.0, t_end=240.0)
CELLS = regions(BORDERS)
READ = list(CELLS).index(("V5", "T"))
INPUTS = np.zeros(10)
RNG = np.random.default_rng(6)
BASE_MV, CHANGE_MV, REFERENCE_MV = (RNG.normal(size=(12, 400)) for _ in range(3))
GRAMS_PER_MV = 0.25


class ReadsOneCell(nn.Module):
    """100 g, and 0.25 g for each mV of T in V5."""

    def forward(self, beat, tabular):
        read = beat[:, LEAD_INDEX["V5"], CELLS["V5", "T"][LEAD_INDEX["V5"]]]
        return 100.0 + GRAMS_PER_MV * read.sum(dim=1) + 0.0 * tabular[:, 0]


def cells_of(maps):
    return np.array([maps.beat_g[0][cell].sum() for cell in CELLS.values()])


def integrated(point):
    return cells_of(integrated_gradients(ReadsOneCell(), point, Points.of(REFERENCE_MV, INPUTS), steps=8))


def expected(point):
    references = Points.of(np.stack([REFERENCE_MV, -REFERENCE_MV]), np.stack([INPUTS, INPUTS]))
    return cells_of(expected_gradients(ReadsOneCell(), point, references, steps=8))


def occluded(point):
    return occlusion(ReadsOneCell(), point, Points.of(REFERENCE_MV, INPUTS), list(CELLS.values()))


def energy_of(change_mv):
    return np.array([(change_mv[cell] ** 2).sum() for cell in CELLS.values()]) + 1e-12


@pytest.mark.parametrize("method", [integrated, expected, occluded], ids=lambda method: method.__name__)
def test_all_blame_falls_on_the_one_cell_that_is_read_wherever_else_the_ecg_changes(method):
    """The change of a linear network's map is the weight times the change of the ECG, from any reference."""
    blame = method(Points.of(BASE_MV + CHANGE_MV, INPUTS)) - method(Points.of(BASE_MV, INPUTS))
    by_hand = np.zeros(len(CELLS))
    by_hand[READ] = GRAMS_PER_MV * CHANGE_MV[CELLS["V5", "T"]].sum()
    np.testing.assert_allclose(blame, by_hand, atol=1e-3)


@pytest.mark.parametrize("method", [integrated, expected, occluded], ids=lambda method: method.__name__)
@pytest.mark.parametrize(("changed", "found"), [(("V5", "T"), 1.0), (("V1", "QRS"), 0.0)])
def test_a_change_where_the_network_reads_is_localised_perfectly_and_elsewhere_not_at_all(method, changed, found):
    """Elsewhere a little noise in the cell that is read is all that can be blamed, so the blame misses the change."""
    change = 0.01 * CHANGE_MV
    change[CELLS[changed]] = 1.0
    base, point = (Points.of(beat, INPUTS) for beat in (BASE_MV, BASE_MV + change))
    blame, swap = method(point) - method(base), -occlusion(ReadsOneCell(), base, point, list(CELLS.values()))
    score = localisation(blame, swap, energy_of(change), np.ones(len(CELLS)), np.zeros(2))
    assert score["share"] == pytest.approx(found, abs=1e-2)
    assert score["pointing"] == found
    assert np.argmax(np.abs(swap)) == READ
