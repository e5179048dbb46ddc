"""The networks eLVMass-Net is compared with, as far as their publications say what they are; each gives grams.

What was not published (layer lists, training) is our choice. They get what eLVMass-Net has besides its encoders: the
logarithm of mass as target, a line on the inputs that starts from body size, augmentation, optimiser and epochs; not
its second task, and no search.
"""

import torch
from torch import Tensor, nn

INDEPENDENT_LEADS = (0, 1, 6, 7, 8, 9, 10, 11)
"""I, II, V1–V6 of the twelve."""


def _unit(into: int, out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, leaky ReLU."""
    return nn.Sequential(
        nn.Conv1d(into, out, kernel, stride=stride, padding=kernel // 2), nn.BatchNorm1d(out), nn.LeakyReLU()
    )


class MassNetwork(nn.Module):
    """Waveform features, clinical inputs, a two-layer head beside a line on the inputs: the logarithm of mass."""

    def __init__(self, features: nn.Module, n_features: int, n_inputs: int, hidden: int) -> None:
        super().__init__()
        self.features = features
        self.hidden = nn.Sequential(nn.Linear(n_features + n_inputs, hidden), nn.LeakyReLU())
        self.line = nn.Linear(hidden + n_inputs, 1)
        self.log_mean = nn.Buffer(torch.zeros(()))
        self.log_scale = nn.Buffer(torch.ones(()))

    def score(self, waveform: Tensor, inputs: Tensor) -> Tensor:
        """(batch, leads, time) mV and (batch, inputs) → (batch,) logarithm of mass, in units of ``log_scale``."""
        hidden = self.hidden(torch.cat([self.features(waveform), inputs], dim=1))
        return self.line(torch.cat([hidden, inputs], dim=1))[:, 0]

    def forward(self, waveform: Tensor, inputs: Tensor) -> Tensor:
        """(batch, leads, time) mV and (batch, inputs) → (batch,) g."""
        return torch.exp(self.log_mean + self.log_scale * self.score(waveform, inputs))


def median_beat_network(n_inputs: int) -> MassNetwork:
    """Fully convolutional network on the median beat of eight leads.

    Notes
    -----
    Source: Naderi, Kaplan et al. 2026 (Europace euag015): 128 (k8), 256 (k5), 128 (k3), batch norm, leaky ReLU,
    max-pool 2, global average pooling, clinical inputs, two-layer head, log-cosh.
    """
    features = nn.Sequential(
        _Leads(), _unit(len(INDEPENDENT_LEADS), 128, 8), nn.MaxPool1d(2), _unit(128, 256, 5), nn.MaxPool1d(2),
        _unit(256, 128, 3), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(),
    )  # fmt: skip
    return MassNetwork(features, 128, n_inputs, 64)


def ten_second_network(n_inputs: int) -> MassNetwork:
    """Convolutional network on ten seconds of twelve leads, in the style of LVM-AI.

    Notes
    -----
    Source: Khurshid et al. 2021 (doi 10.1161/CIRCIMAGING.120.012281): a 1-D CNN on 12 leads × 10 s with age, sex and
    BMI. Its layer list is not public; these layers are ours.
    """
    widths = (12, 32, 48, 64, 96, 128)
    stages = [_unit(into, out, 9 if into == 12 else 5, stride=2) for into, out in zip(widths, widths[1:], strict=False)]
    return MassNetwork(nn.Sequential(*stages, nn.AdaptiveAvgPool1d(1), nn.Flatten()), widths[-1], n_inputs, 64)


class _Leads(nn.Module):
    """The eight independent leads of twelve."""

    def forward(self, waveform: Tensor) -> Tensor:
        """(batch, 12, time) → (batch, 8, time)."""
        return waveform[:, list(INDEPENDENT_LEADS)]


def log_cosh(miss: Tensor) -> Tensor:
    """Mean logarithm of the hyperbolic cosine."""
    return (miss + nn.functional.softplus(-2.0 * miss) - torch.log(torch.tensor(2.0))).mean()
