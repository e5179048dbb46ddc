"""Each test of the panel on networks for which its answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from elvmass_core.attribution.methods import answers_g, integrated_gradients
from elvmass_core.attribution.tables import regions
from elvmass_core.domain import Fiducials, Sex
from elvmass_core.models.inputs import Normaliser
from elvmass_core.sanity import faithful, randomise
from elvmass_core.sanity.cases import Cases, expected, explained, gradients, in_cells, limb_summed
from elvmass_core.sanity.consistency import consistency
from elvmass_core.sanity.correlations import halves, of_ensembles, pairwise, pearson, spearman, summary
from elvmass_core.sanity.learners import Learner, exchanged, plan_learners
from elvmass_core.study.train import folds
from tests import bundles, cohorts

BORDERS = Fiducials(p_on=-180.0, p_off=-90.0, qrs_on=-40.0, qrs_off=60.0, t_on=100.0, t_peak=160.0, t_end=240.0)
PLAIN = Normaliser(mean=np.zeros(10), sd=np.ones(10))
N = 3


class Line(nn.Module):
    """A weight for every sample: what each part gives does not depend on any other."""

    def __init__(self):
        super().__init__()
        self.weight = torch.tensor(np.random.default_rng(1).normal(size=(12, 400)), dtype=torch.float32)

    def forward(self, beat, tabular):
        return (beat * self.weight).sum(dim=(1, 2)) + 2.0 * tabular[:, 0]


@pytest.fixture(scope="module")
def cases():
    rng = np.random.default_rng(2)
    cells = np.repeat(np.stack(list(regions(BORDERS).values()))[None], N, axis=0)
    return Cases(
        beats_mv=rng.normal(size=(N, 12, 400)), rows=rng.normal(size=(N, 10)), cells=cells,
        reference_mv=rng.normal(size=(12, 400)), references=rng.normal(size=(N, 10)),
        set_mv=rng.normal(size=(4, 12, 400)), set_rows=rng.normal(size=(N, 4, 10)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def line():
    return Learner(network=Line(), normaliser=PLAIN)


def test_the_map_of_a_line_adds_up_exactly(line, cases):
    ends = [answers_g(line.network, one) for one in (cases.points(PLAIN), cases.starts(PLAIN))]
    found = faithful.completeness(explained(line, cases, 4), ends[0] - ends[1])
    assert found["largest_g"] < 1e-3
    assert found["share_within"] == 1.0


def test_the_map_of_a_line_foretells_every_replacement_and_a_shuffled_one_does_not(line, cases):
    found = faithful.infidelity(line, gradients(line, cases, 4), expected(line, cases, 4), cases, 20)["values"]
    assert found["integrated gradients"]["mean"] < 1e-6
    assert found["expected gradients"]["mean"] < 1e-6
    assert found["shuffled"]["mean"] > 0.5


def test_saying_nothing_misses_by_one(cases):
    masks = faithful.stretches(np.random.default_rng(0), 10)
    assert faithful.miss_of(np.zeros((12, 400)), masks, np.linspace(-3.0, 5.0, 10)) == pytest.approx(1.0)


def test_insertion_starts_at_the_reference_and_ends_at_the_patient_and_each_cell_of_a_line_gives_its_grams(line, cases):
    points = cases.points(PLAIN)
    patient = points.take(slice(0, 1))
    start = type(points).of(cases.reference_mv, patient.inputs[0])
    grams = in_cells(gradients(line, cases, 4), cases.cells)[0]
    order = np.argsort(-np.abs(grams))
    way = faithful.way_made(line, patient, start, cases.cells[0], order)
    assert (way[0], way[-1]) == (0.0, 1.0)
    np.testing.assert_allclose(np.diff(way), grams[order] / grams.sum(), atol=1e-3)
    back = faithful.way_made(line, patient, start, cases.cells[0], order, deletion=True)
    np.testing.assert_allclose(back, way, atol=1e-3)  # of a line, what is put in is what is taken out


def test_the_order_of_the_grams_gains_on_random_orders_and_an_order_of_noise_does_not(line, cases):
    grams = in_cells(gradients(line, cases, 4), cases.cells)
    noise = np.random.default_rng(5).normal(size=grams.shape)
    gain, none = (faithful.curves(line, one, cases, 6)["insertion"]["gain"]["mean"] for one in (grams, noise))
    assert gain > 0.1
    assert abs(none) < gain


def test_a_beat_that_changes_nothing_has_no_curve(line, cases):
    flat = Learner(network=_Constant(), normaliser=PLAIN)
    found = faithful.curves(flat, np.ones((N, cases.cells.shape[1])), cases)
    assert found["n"] == 0 and found["insertion"]["map"] == []


class _Constant(nn.Module):
    def forward(self, beat, tabular):
        return 100.0 + 0.0 * beat.sum(dim=(1, 2))


# --- Random weights ---------------------------------------------------------------------------------------------------


def test_signed_maps_of_random_networks_average_near_nothing_and_maps_without_signs_do_not(tmp_path, cases):
    bundle = bundles.write(tmp_path, Sex.FEMALE)
    true = gradients(Learner(network=bundle.ensemble, normaliser=bundle.normaliser), cases, 4)
    found = randomise.weight_test(bundle, true, cases, draws=30, cascade_draws=1, steps=4)["all"]
    assert found["rho"]["draws"] == 30
    assert abs(found["rho"]["mean"]) < 0.1
    assert found["rho_absolute"]["mean"] > 2 * abs(found["rho"]["mean"])


def test_random_layers_are_drawn_anew_and_all_others_and_the_scale_of_the_target_stay(tmp_path):
    member = bundles.members(1)[0]
    layers = randomise.stages(member.config)
    assert list(layers)[:3] == ["head", "projection", "block 4"] and list(layers)[-1] == "first layer"
    before = member.state_dict()
    for last in range(1, len(layers) + 1):
        parts = list(layers.values())[:last]
        after = randomise.randomised(member, parts, 5).state_dict()
        for name, tensor in before.items():
            drawn = name not in randomise.SCALE and any(part in name for part in parts)
            assert torch.equal(after[name], tensor) is not drawn, name
    assert all(name in randomise.SCALE or any(part in name for part in layers.values()) for name in before)


def test_drawing_random_layers_leaves_the_stream_of_random_numbers_alone():
    member = bundles.members(1)[0]
    torch.manual_seed(1)
    want = torch.rand(1)
    torch.manual_seed(1)
    randomise.randomised(member, ["head."], 5)
    assert torch.rand(1) == want


# --- Likeness ---------------------------------------------------------------------------------------------------------


def test_correlations_are_those_of_scipy_and_a_map_that_does_not_vary_says_nothing():
    from scipy import stats

    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 4, 50))
    np.testing.assert_allclose(pearson(one, other), [stats.pearsonr(a, b)[0] for a, b in zip(one, other, strict=True)])
    np.testing.assert_allclose(
        spearman(one, other), [stats.spearmanr(a, b)[0] for a, b in zip(one, other, strict=True)]
    )
    assert np.isnan(pearson(np.ones((1, 5)), one[:1, :5])).all()
    assert summary(np.array([np.nan])) == {"n": 0}


def test_means_of_two_agree_as_spearman_and_brown_say():
    rng = np.random.default_rng(3)
    common = rng.normal(size=(1, 40_000))
    rows = [common + rng.normal(size=common.shape) for _ in range(5)]
    assert pairwise(rows)[0] == pytest.approx(0.5, abs=0.02)
    assert halves(rows)[0] == pytest.approx(of_ensembles(0.5, 2), abs=0.02)


def test_the_same_map_five_times_agrees_by_one_however_it_is_read(cases):
    maps = [np.random.default_rng(0).normal(size=(N, 12, 400)).astype(np.float32)] * 5
    assert all(one["mean"] == pytest.approx(1.0) for one in consistency(maps, maps, cases).values())


def test_the_cells_add_up_to_the_whole_map_and_the_limb_leads_to_one_row(cases):
    maps = np.random.default_rng(0).normal(size=(N, 12, 400))
    np.testing.assert_allclose(in_cells(maps, cases.cells).sum(axis=1), maps.sum(axis=(1, 2)))
    np.testing.assert_allclose(limb_summed(maps)[:, :400], maps[:, :6].sum(axis=1))


# --- Networks made for the tests --------------------------------------------------------------------------------------


def test_exchanged_masses_stay_within_their_sex_and_nothing_else_moves():
    data = cohorts.patients(80, 1)
    other = exchanged(data, 3)
    assert (other.lvm_g != data.lvm_g).mean() > 0.8
    for sex in "MF":
        np.testing.assert_allclose(np.sort(other.lvm_g[data.sex == sex]), np.sort(data.lvm_g[data.sex == sex]))
    assert other.beats_mv is data.beats_mv and other.rows is data.rows


def test_five_folds_leave_out_each_patient_once_and_take_only_the_sex_of_the_bundle(tmp_path):
    from elvmass_core.study.dataset import read_dataset

    data = cohorts.patients(200, 1)
    bundle = bundles.write(tmp_path, Sex.FEMALE)
    plan = plan_learners(bundle, data, tmp_path / "work", n=150, epochs=1)
    parts = [read_dataset(task.data) for task in plan.folds]
    mine = set(data.record[-150:][data.sex[-150:] == "F"])
    assert plan.n_sample == len(mine)
    left_out = [mine - set(part.record) for part in parts]
    assert set.union(*left_out) == mine and sum(map(len, left_out)) == len(mine)
    assert all(set(part.sex) == {"F"} for part in parts)
    for own, other in zip(plan.folds, plan.permuted, strict=False):
        assert set(read_dataset(own.data).record) == set(read_dataset(other.data).record)
    far = [set(read_dataset(task.data).record) for task in plan.others]
    assert len(set.union(*far)) == sum(map(len, far)) and not set.union(*far) & mine
    assert len(np.unique(folds(np.arange(10.0), 5, 0))) == 5


def test_the_map_of_an_ensemble_is_the_mean_of_those_of_its_members(tmp_path, cases):
    bundle = bundles.write(tmp_path, Sex.FEMALE)
    points, starts = cases.points(bundle.normaliser), cases.starts(bundle.normaliser)
    each = [integrated_gradients(one, points, starts, 4).beat_g for one in bundle.ensemble.members]
    together = integrated_gradients(bundle.ensemble, points, starts, 4).beat_g
    np.testing.assert_allclose(np.mean(each, axis=0), together, atol=1e-4)
