"""The network sees every lead and the whole beat, and starts from sound weights."""

import pytest
import torch

from elvmass_core.domain import BEAT_SAMPLES
from elvmass_core.models.inputs import TABULAR_INPUTS
from elvmass_core.models.tcn import ElvMassNet, Ensemble, LeadGroupEncoder, TcnConfig, TemporalBlock, frozen


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return frozen(ElvMassNet(TcnConfig()))


def beats(n=2):
    return torch.randn(n, 12, BEAT_SAMPLES), torch.randn(n, len(TABULAR_INPUTS))


def test_the_receptive_field_covers_the_beat_and_a_smaller_one_is_refused():
    assert TcnConfig().receptive_field >= BEAT_SAMPLES
    with pytest.raises(ValueError, match="receptive field"):
        TcnConfig(levels=2)


def test_one_output_in_grams_for_each_beat(network):
    assert network(*beats(3)).shape == (3,)


def test_every_lead_sample_and_input_can_change_the_answer(network):
    beat, tabular = (tensor.requires_grad_() for tensor in beats(8))
    network(beat, tabular).sum().backward()
    assert bool((beat.grad.abs().sum(dim=(0, 2)) > 0).all())
    assert bool((beat.grad.abs().sum(dim=(0, 1))[3:-3] > 0).all())
    assert bool((tabular.grad.abs().sum(dim=0) > 0).all())


def test_limb_and_precordial_leads_have_encoders_of_their_own(network):
    beat, _ = beats(1)
    base, size = network.encode(beat), network.config.encoding
    beat[:, 6:] += 1.0
    changed = network.encode(beat)
    assert torch.equal(base[:, :size], changed[:, :size])
    assert not torch.equal(base[:, size:], changed[:, size:])


def test_one_group_has_one_encoder_and_another_number_of_groups_must_divide_twelve():
    assert ElvMassNet(TcnConfig(groups=1)).encode(beats(2)[0]).shape == (2, TcnConfig().encoding)
    with pytest.raises(ValueError, match="groups"):
        TcnConfig(groups=5)


def test_a_causal_encoder_sees_only_what_came_before():
    config = TcnConfig(causal=True)
    encoder = frozen(LeadGroupEncoder(config))
    x = torch.randn(1, 6, BEAT_SAMPLES, requires_grad=True)
    encoder.blocks(encoder.stem(encoder.pad(x)))[0, :, 60].sum().backward()
    seen = 60 * config.stride + 1
    assert not x.grad[:, :, seen:].any()
    assert x.grad[:, :, seen - 6 : seen].any()


def test_a_block_reaches_as_far_as_its_dilation_says():
    block = frozen(TemporalBlock(TcnConfig(channels=2, dropout=0.0), dilation=4))
    x = torch.zeros(1, 2, 101, requires_grad=True)
    block(x + 0.1)[0, :, 50].sum().backward()
    seen = x.grad.abs().sum(dim=(0, 1)).nonzero().flatten()
    assert int(seen.min()) >= 50 - 16
    assert int(seen.max()) <= 50 + 16
    assert block(torch.zeros(1, 2, 77)).shape == (1, 2, 77)


def test_signals_neither_vanish_nor_explode_through_the_untrained_encoder():
    torch.manual_seed(0)
    encoder = frozen(LeadGroupEncoder(TcnConfig()))
    deep = encoder.blocks(encoder.stem(encoder.pad(torch.randn(16, 6, BEAT_SAMPLES))))
    assert 0.05 < float(deep.std()) < 20.0


def test_the_ensemble_is_the_mean_of_its_members():
    torch.manual_seed(0)
    ensemble = frozen(Ensemble([ElvMassNet(TcnConfig(channels=4)) for _ in range(3)]))
    inputs = beats(4)
    assert torch.allclose(ensemble(*inputs), ensemble.each(*inputs).mean(dim=0))


def test_a_frozen_module_has_no_gradients_and_no_dropout(network):
    inputs = beats(2)
    assert torch.equal(network(*inputs), network(*inputs))
    assert not any(parameter.requires_grad for parameter in network.parameters())
