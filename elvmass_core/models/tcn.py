"""eLVMass-Net: temporal convolutional encoders for limb and precordial leads, and a head that regresses LV mass.

The publication names the parts (lead groups, a TCN on one synchronized beat, concatenation with non-waveform inputs,
a regression head) and no sizes; every number below is our choice, most of them measured in benchmarks/search_tcn.json.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from elvmass_core.domain import BEAT_SAMPLES, N_LEADS
from elvmass_core.models.inputs import TABULAR_INPUTS


@dataclass(frozen=True, slots=True, kw_only=True)
class TcnConfig:
    """Sizes of eLVMass-Net.

    The receptive field, ``stride · (1 + 2 · (kernel − 1) · (2^levels − 1))`` samples, must cover the beat.

    Attributes
    ----------
    groups : int
        2: limb and precordial leads have an encoder each. 1: one encoder sees all twelve.
    causal : bool
        Whether an output sees only what came before it; a beat is not a forecast, so by default it sees both sides.
    """

    channels: int = 16
    kernel: int = 5
    levels: int = 4
    stride: int = 4
    stem_kernel: int = 11
    pooled: int = 10
    encoding: int = 32
    dropout: float = 0.1
    groups: int = 2
    causal: bool = False

    def __post_init__(self) -> None:
        if self.groups < 1 or N_LEADS % self.groups:
            raise ValueError(f"{N_LEADS} leads do not make {self.groups} groups")
        if self.receptive_field < BEAT_SAMPLES:
            raise ValueError(f"receptive field {self.receptive_field} does not cover {BEAT_SAMPLES} samples")

    @property
    def receptive_field(self) -> int:
        """In samples of the beat."""
        return self.stride * (1 + 2 * (self.kernel - 1) * (2**self.levels - 1))

    @property
    def encoded(self) -> int:
        """Length of the encoding of all leads."""
        return self.groups * self.encoding

    def as_dict(self) -> dict[str, float]:
        """For the manifest."""
        return asdict(self)


class TemporalBlock(nn.Module):
    """Two dilated convolutions with weight norm and a residual."""

    def __init__(self, config: TcnConfig, dilation: int) -> None:
        super().__init__()
        reach = (config.kernel - 1) * dilation
        before = reach if config.causal else reach // 2
        self.pad1, self.pad2 = (nn.ConstantPad1d((before, reach - before), 0.0) for _ in range(2))
        self.conv1, self.conv2 = (
            weight_norm(nn.Conv1d(config.channels, config.channels, config.kernel, dilation=dilation)) for _ in range(2)
        )
        self.act1, self.act2, self.act3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.drop1, self.drop2 = nn.Dropout1d(config.dropout), nn.Dropout1d(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) → the same shape."""
        y = self.drop1(self.act1(self.conv1(self.pad1(x))))
        y = self.drop2(self.act2(self.conv2(self.pad2(y))))
        return self.act3(x + y)


class LeadGroupEncoder(nn.Module):
    """The leads of one group → an encoding; mean and largest value of each stretch of the beat are kept."""

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        reach, stretch = config.stem_kernel - 1, BEAT_SAMPLES // config.stride // config.pooled
        before = reach if config.causal else reach // 2
        self.pad = nn.ConstantPad1d((before, reach - before), 0.0)
        self.stem = nn.Conv1d(N_LEADS // config.groups, config.channels, config.stem_kernel, stride=config.stride)
        self.blocks = nn.Sequential(*(TemporalBlock(config, 2**level) for level in range(config.levels)))
        self.mean, self.largest = nn.AvgPool1d(stretch), nn.MaxPool1d(stretch)
        self.project = nn.Linear(2 * config.channels * config.pooled, config.encoding)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, leads of the group, 400) mV → (batch, encoding)."""
        y = self.blocks(self.stem(self.pad(x)))
        y = torch.cat([self.mean(y), self.largest(y)], dim=1)  # (batch, 2 · channels, pooled)
        return self.act(self.project(y.flatten(1)))


class ElvMassNet(nn.Module):
    """One ensemble member: beat and non-waveform inputs → LV mass in g.

    The head is a straight line to the logarithm of mass: encodings and body size multiply, as mass scales with size.
    """

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleList(LeadGroupEncoder(config) for _ in range(config.groups))
        self.head = nn.Linear(config.encoded + len(TABULAR_INPUTS), 1)
        self.log_mean = nn.Buffer(torch.zeros(()))
        self.log_scale = nn.Buffer(torch.ones(()))

    def encode(self, beat: Tensor) -> Tensor:
        """(batch, 12, 400) mV → (batch, encoded)."""
        groups = beat.chunk(self.config.groups, dim=1)
        return torch.cat([encoder(leads) for encoder, leads in zip(self.encoders, groups, strict=True)], dim=1)

    def score(self, encoded: Tensor, tabular: Tensor) -> Tensor:
        """(batch, encoded) and (batch, 10) standardised → (batch,) logarithm of mass, in units of ``log_scale``."""
        return self.head(torch.cat([encoded, tabular], dim=1))[:, 0]

    def forward(self, beat: Tensor, tabular: Tensor) -> Tensor:
        """(batch, 12, 400) mV and (batch, 10) standardised → (batch,) g."""
        return torch.exp(self.log_mean + self.log_scale * self.score(self.encode(beat), tabular))


class Ensemble(nn.Module):
    """Mean of the members, in g."""

    def __init__(self, members: list[ElvMassNet]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def each(self, beat: Tensor, tabular: Tensor) -> Tensor:
        """(members, batch) g."""
        return torch.stack([member(beat, tabular) for member in self.members])

    def forward(self, beat: Tensor, tabular: Tensor) -> Tensor:
        """(batch,) g."""
        return self.each(beat, tabular).mean(dim=0)


def frozen(module: nn.Module) -> nn.Module:
    """Evaluation mode and no parameter gradients, once and for good: sessions share it."""
    module.eval()
    module.requires_grad_(False)
    return module
