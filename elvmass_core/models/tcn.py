"""eLVMass-Net: two temporal convolutional encoders (limb and precordial leads) and a head that regresses LV mass.

The publication names the parts (lead groups, a TCN on one synchronized beat, concatenation with non-waveform inputs,
a regression head) and no sizes; every number below is our choice.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from elvmass_core.domain import BEAT_SAMPLES
from elvmass_core.models.inputs import TABULAR_INPUTS

LEADS_PER_GROUP = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TcnConfig:
    """Sizes of eLVMass-Net.

    The receptive field, ``stride · (1 + 2 · (kernel − 1) · (2^levels − 1))`` samples, must cover the beat.
    """

    channels: int = 24
    kernel: int = 5
    levels: int = 5
    stride: int = 2
    stem_kernel: int = 7
    pooled: int = 10
    encoding: int = 32
    hidden: int = 48
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.receptive_field < BEAT_SAMPLES:
            raise ValueError(f"receptive field {self.receptive_field} does not cover {BEAT_SAMPLES} samples")

    @property
    def receptive_field(self) -> int:
        """In samples of the beat."""
        return self.stride * (1 + 2 * (self.kernel - 1) * (2**self.levels - 1))

    def as_dict(self) -> dict[str, float]:
        """For the manifest."""
        return asdict(self)


class TemporalBlock(nn.Module):
    """Two dilated convolutions with weight norm and a residual; centred padding, since a beat is not a forecast."""

    def __init__(self, channels: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        padding = (kernel - 1) // 2 * dilation
        self.conv1 = weight_norm(nn.Conv1d(channels, channels, kernel, padding=padding, dilation=dilation))
        self.conv2 = weight_norm(nn.Conv1d(channels, channels, kernel, padding=padding, dilation=dilation))
        self.act1, self.act2, self.act3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.drop1, self.drop2 = nn.Dropout1d(dropout), nn.Dropout1d(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) → the same shape."""
        y = self.drop1(self.act1(self.conv1(x)))
        y = self.drop2(self.act2(self.conv2(y)))
        return self.act3(x + y)


class LeadGroupEncoder(nn.Module):
    """Six leads of the beat → an encoding."""

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        self.stem = nn.Conv1d(
            LEADS_PER_GROUP, config.channels, config.stem_kernel, stride=config.stride, padding=config.stem_kernel // 2
        )
        blocks = [
            TemporalBlock(config.channels, config.kernel, 2**level, config.dropout) for level in range(config.levels)
        ]
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AvgPool1d(BEAT_SAMPLES // config.stride // config.pooled)
        self.project = nn.Linear(config.channels * config.pooled, config.encoding)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 6, 400) mV → (batch, encoding)."""
        y = self.pool(self.blocks(self.stem(x)))  # (batch, channels, pooled)
        return self.act(self.project(y.flatten(1)))  # (batch, channels · pooled) → (batch, encoding)


class ElvMassNet(nn.Module):
    """One ensemble member: beat and non-waveform inputs → LV mass in g.

    The head adds a small network on the encodings and inputs to a straight line on the inputs, so that body size needs
    no capacity of the network.
    """

    def __init__(self, config: TcnConfig) -> None:
        super().__init__()
        self.config = config
        self.limb, self.precordial = LeadGroupEncoder(config), LeadGroupEncoder(config)
        n_inputs = 2 * config.encoding + len(TABULAR_INPUTS)
        self.head = nn.Sequential(
            nn.Linear(n_inputs, config.hidden), nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(config.hidden, 1)
        )
        self.line = nn.Linear(len(TABULAR_INPUTS), 1, bias=False)
        self.target_mean_g = nn.Buffer(torch.zeros(()))
        self.target_sd_g = nn.Buffer(torch.ones(()))

    def forward(self, beat: Tensor, tabular: Tensor) -> Tensor:
        """(batch, 12, 400) mV and (batch, 9) standardised → (batch,) g."""
        encoded = torch.cat([self.limb(beat[:, :LEADS_PER_GROUP]), self.precordial(beat[:, LEADS_PER_GROUP:])], dim=1)
        score = self.head(torch.cat([encoded, tabular], dim=1)) + self.line(tabular)  # (batch, 1)
        return self.target_mean_g + self.target_sd_g * score[:, 0]


class Ensemble(nn.Module):
    """Mean of the fold members, in g."""

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
