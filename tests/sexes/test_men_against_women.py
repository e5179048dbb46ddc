"""From patients to the comparison: who is matched, who trains, and that a planted difference is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from elvmass_core.attribution.methods import Points
from elvmass_core.domain import Sex
from elvmass_core.errors import BundleError, TableError
from elvmass_core.models.inputs import TABULAR_INPUTS, Normaliser
from elvmass_core.models.tcn import frozen
from elvmass_core.sexes.compare import compare_sexes, compare_with_stored, summarise
from elvmass_core.sexes.files import read, write, write_arrays
from elvmass_core.sexes.maps import CELLS, LEAD_GROUPS, Ecgs, deviation_mv, explain_run, references_of, whole
from elvmass_core.sexes.matching import CALIPER_SD, match, matching_values
from elvmass_core.sexes.measures import QUANTITIES
from elvmass_core.sexes.report import answer, markdown, methods_paragraph, worlds_answer
from elvmass_core.sexes.run_set import FACTS_FILE, load_runs, save_runs
from elvmass_core.sexes.runs import Run, disjoint_groups
from elvmass_core.study.train import Effort
from tests import bundles
from tests.cohorts import patients
from tests.synthetic import recording

NORMALISER = Normaliser(mean=np.zeros(10), sd=np.ones(10))


@pytest.fixture(scope="module")
def cohort():
    """Patients with a real wave form: P, QRS, ST and T, whose height follows their mass."""
    from elvmass_core.signal import extract_beat

    data = patients(1400, 5)
    wave = extract_beat(recording(noise_mv=0.0)).signal_mv
    size = data.measured[:, :1, None]
    return replace(data, beats_mv=(size * wave).astype(np.float32))


@pytest.fixture(scope="module")
def ecgs(cohort):
    usable, masks = whole(cohort)
    assert usable.all()
    some = cohort.take(np.arange(400))
    pairs = match(some)
    order = np.concatenate([pairs.men, pairs.women])
    return Ecgs(data=cohort.take(order), masks=masks[order], references=references_of(cohort)), pairs


class Reads(nn.Module):
    """A network whose answer is 100 g plus so many grams per mV of the mean of some samples of V5."""

    def __init__(self, mask, grams):
        super().__init__()
        self.register_buffer("weight", torch.as_tensor(mask / mask.sum() * grams, dtype=torch.float32))

    def forward(self, beat, tabular):
        return 100.0 + beat[:, 10] @ self.weight + 0.0 * tabular.sum(dim=1)


def reads(sex, masks, segment, grams):
    names = ("P", "PR", "QRS", "ST", "T")
    return Run(sex=sex, network=Reads(masks[0, names.index(segment)], grams), normaliser=NORMALISER)


def test_matched_pairs_are_near_in_every_variable_and_nobody_is_used_twice(cohort):
    cohort = cohort.take(np.arange(700))
    pairs, values = match(cohort), matching_values(cohort)
    men, women = (cohort.sex == sex for sex in ("M", "F"))
    sd = np.sqrt(0.5 * (values[men].var(axis=0, ddof=1) + values[women].var(axis=0, ddof=1)))
    assert (np.abs(values[pairs.men] - values[pairs.women]) <= CALIPER_SD * sd + 1e-9).all()
    assert len(set(pairs.men)) == len(set(pairs.women)) == len(pairs)
    assert (cohort.sex[pairs.men] == "M").all() and (cohort.sex[pairs.women] == "F").all()
    assert all(abs(row["difference_sd"]) <= 0.15 for row in pairs.balance)


def test_too_few_alike_are_refused_with_their_number(cohort):
    men = np.flatnonzero(cohort.sex == "M")
    with pytest.raises(TableError, match="Only 30 men"):
        match(cohort.take(np.concatenate([men[:30], np.flatnonzero(cohort.sex == "F")])))


def test_training_runs_share_nobody_and_are_equally_large(cohort):
    groups = disjoint_groups(cohort, 8)
    everybody = np.concatenate([one for some in groups.values() for one in some])
    assert len(set(everybody)) == len(everybody)
    assert len({len(one) for some in groups.values() for one in some}) == 1
    assert all((cohort.sex[one] == sex.value).all() for sex, some in groups.items() for one in some)


def test_too_few_to_train_are_refused(cohort):
    with pytest.raises(TableError, match="of each sex need 400 men"):
        disjoint_groups(cohort.take(np.arange(300)), 10)


def test_grams_stand_in_the_cell_that_a_network_reads(ecgs):
    """By hand: grams per mV times the mean deviation of the segment from the reference."""
    shown, _ = ecgs
    maps = explain_run(reads(Sex.MALE, shown.masks, "T", 30.0), shown)
    want = np.zeros((len(shown.data), len(CELLS)))
    reference = np.stack([shown.references[Sex(sex)][0] for sex in shown.data.sex])
    t_wave = shown.masks[0, 4]
    want[:, CELLS.index(("V5–V6", "T"))] = 30.0 * (shown.data.beats_mv - reference)[:, 10, t_wave].mean(axis=1)
    np.testing.assert_allclose(maps.cells_g, want, atol=2e-3)
    assert np.abs(maps.delta_g).max() < 1e-3
    assert maps.absolute_g[:, [LEAD for LEAD in range(12) if LEAD != 10]].max() == 0.0


def some_runs(masks, men, women):
    """Six runs of each sex: what share of 30 g they read from T rather than from QRS."""
    rng = np.random.default_rng(0)
    made = []
    for sex, share in ((Sex.MALE, men), (Sex.FEMALE, women)):
        for _ in range(6):
            here = np.clip(share + rng.normal(0, 0.05), 0.0, 1.0)
            weight = here * masks[0, 4] / masks[0, 4].sum() + (1 - here) * masks[0, 2] / masks[0, 2].sum()
            network = Reads(weight, 30.0)
            made.append(Run(sex=sex, network=network, normaliser=NORMALISER))
    return made


def compared(ecgs, men, women):
    shown, pairs = ecgs
    runs = some_runs(shown.masks, men, women)
    maps = [explain_run(run, shown) for run in runs]
    return summarise(runs, maps, shown, pairs, {"patients_per_run": 1, "epochs": 1})


def test_a_planted_difference_is_found_reverses_and_vanishes(ecgs):
    worlds = {
        name: compared(ecgs, *shares).result
        for name, shares in (
            ("neutral", (0.4, 0.4)), ("strain in men", (0.7, 0.2)), ("strain in women", (0.2, 0.7)),
        )
    }  # fmt: skip
    words = worlds_answer(worlds)
    assert words.count(", as planted") == 3 and "NOT" not in words
    cell = CELLS.index(("V5–V6", "T"))
    for name, sign in (("strain in men", 1), ("strain in women", -1)):
        effect = worlds[name]["quantities"]["share"]["model"]
        assert np.sign(effect["difference"][cell]) == sign and effect["p_max_t"][cell] <= 0.05
    swapped = worlds_answer({"strain in men": worlds["strain in women"]})
    assert "NOT as planted" in swapped
    assert "V5–V6 T" in answer(worlds["strain in men"])


def test_a_larger_heart_alone_is_a_difference_in_grams_and_none_in_shares(ecgs):
    shown, pairs = ecgs
    runs = some_runs(shown.masks, 0.5, 0.5)
    for run in runs:
        if run.sex is Sex.MALE:
            run.network.weight *= 1.5
    found = summarise(
        runs, [explain_run(run, shown) for run in runs], shown, pairs, {"patients_per_run": 1, "epochs": 1}
    )
    quantities = found.result["quantities"]
    assert quantities["grams"]["summary"]["model"]["p"][1] <= 0.05
    assert quantities["share"]["summary"]["model"]["p"][1] > 0.05


def test_cells_without_a_deflection_do_not_divide_by_nothing(ecgs):
    shown, _ = ecgs
    assert np.isfinite(deviation_mv(shown)).all()


@pytest.fixture(scope="module")
def trained(cohort, tmp_path_factory):
    """The whole flow with real fits, one epoch."""
    folder = tmp_path_factory.mktemp("runs")
    return compare_sexes(cohort, folder, Effort(epochs=1, workers=1), runs=5)


def test_the_whole_flow_trains_explains_and_tests(trained, tmp_path):
    result = trained.result
    assert result["runs"] == 5 and result["pairs"] >= 50
    assert set(result["quantities"]) == set(QUANTITIES)
    assert len(result["cells"]) == len(LEAD_GROUPS) * 5 == len(CELLS)
    assert result["completeness_g"][-1] <= 0.5
    assert trained.arrays["cells_g"].shape == (10, 2 * result["pairs"], len(CELLS))
    np.testing.assert_allclose(sum(trained.arrays["importance"][2, 0, 0]), 100.0, rtol=1e-4)
    document = {"quick": True, "worlds": {"own cohort": result | {"description": "A test."}}}
    page = write(tmp_path, document, write_arrays(tmp_path, "own cohort", trained))
    stored = read(tmp_path)
    assert stored.maps["own cohort"]["absolute_maps_g"].shape == (2, 2, 12, 400)
    assert "worthless" in page.read_text(encoding="utf-8")
    assert "share a patient" in methods_paragraph(stored.document["worlds"]["own cohort"])
    assert markdown(stored.document).count("| V5–V6 T |") == 1
    assert "## Answer" not in markdown(stored.document), "only a planted world has a known answer"


def test_a_damaged_result_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "sexes.json").write_text("{", encoding="utf-8")
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path)


def test_runs_survive_the_disk_and_a_changed_file_is_refused(tmp_path):
    members = bundles.members(n=2)
    runs = [
        Run(sex=sex, network=member.eval(), normaliser=NORMALISER)
        for sex, member in zip((Sex.MALE, Sex.FEMALE), members, strict=True)
    ]
    save_runs(tmp_path, runs, {"patients_per_run": 3})
    loaded = load_runs(tmp_path)
    point = Points.of(np.random.default_rng(0).normal(size=(12, 400)), np.zeros(len(TABULAR_INPUTS)))
    for before, after in zip(runs, loaded.runs, strict=True):
        assert before.sex is after.sex
        with torch.no_grad():
            assert torch.equal(before.network(*point.tensors()), after.network(*point.tensors()))
    assert loaded.facts["patients_per_run"] == 3
    (tmp_path / FACTS_FILE).write_text((tmp_path / FACTS_FILE).read_text().replace('"layout": 1', '"layout": 9'))
    with pytest.raises(BundleError, match="refused"):
        load_runs(tmp_path)


def test_a_cohort_goes_through_runs_that_are_there_already_without_training(cohort, tmp_path):
    runs = [
        Run(sex=sex, network=frozen(member), normaliser=NORMALISER)
        for sex, member in zip([Sex.MALE] * 5 + [Sex.FEMALE] * 5, bundles.members(n=10), strict=True)
    ]
    save_runs(tmp_path / "runs", runs, {"patients_per_run": 3, "epochs": 1})
    found = compare_with_stored(cohort.take(np.arange(400)), tmp_path / "runs", tmp_path, workers=1)
    assert found.result["runs"] == 5 and found.result["pairs"] >= 50
    alone = explain_run(runs[7], _ecgs_of(cohort.take(np.arange(400))))
    np.testing.assert_allclose(found.arrays["cells_g"][7], alone.cells_g, atol=1e-4)


def _ecgs_of(data):
    _, masks = whole(data)
    pairs = match(data)
    order = np.concatenate([pairs.men, pairs.women])
    return Ecgs(data=data.take(order), masks=masks[order], references=references_of(data))
