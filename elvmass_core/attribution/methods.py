"""Attribution methods in grams: integrated gradients, expected gradients, occlusion.

Each explains ``network(beat, inputs) − network(reference)`` for any module that takes beats (n, 12, samples) in mV and
standardised inputs (n, n_inputs), and answers in grams (n,). The network's parameters should be frozen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from elvmass_core.domain import FloatArray

EVALUATIONS = 256
"""Beats sent through a network at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Where a network is asked: beats and standardised inputs.

    Attributes
    ----------
    beats_mv : float32 array (n, 12, samples)
    inputs : float32 array (n, n_inputs)
    """

    beats_mv: NDArray[np.float32]
    inputs: NDArray[np.float32]

    @classmethod
    def of(cls, beats_mv: FloatArray, inputs: FloatArray) -> "Points":
        """From arrays of any float type; one point may come without its first axis."""
        beats = np.array(beats_mv, dtype=np.float32)
        return cls(
            beats_mv=beats[None] if beats.ndim == 2 else beats,
            inputs=np.atleast_2d(np.array(inputs, dtype=np.float32)),
        )

    def __len__(self) -> int:
        return len(self.beats_mv)

    def take(self, index: slice | NDArray[np.intp]) -> "Points":
        """Some of them."""
        return Points(beats_mv=self.beats_mv[index], inputs=self.inputs[index])

    def repeated(self, n: int) -> "Points":
        """The only one, n times."""
        return Points(beats_mv=np.repeat(self.beats_mv, n, axis=0), inputs=np.repeat(self.inputs, n, axis=0))

    def tensors(self) -> tuple[Tensor, Tensor]:
        """For the network."""
        return torch.from_numpy(np.ascontiguousarray(self.beats_mv)), torch.from_numpy(self.inputs.copy())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maps:
    """Grams per beat sample and per input: ``beat_g`` (n, 12, samples), ``inputs_g`` (n, n_inputs)."""

    beat_g: FloatArray
    inputs_g: FloatArray

    @classmethod
    def mean(cls, maps: Sequence["Maps"]) -> "Maps":
        """Of several networks at the same points."""
        return cls(
            beat_g=np.mean([one.beat_g for one in maps], axis=0),
            inputs_g=np.mean([one.inputs_g for one in maps], axis=0),
        )

    def total_g(self) -> FloatArray:
        """Sum of all attributions of each point, (n,)."""
        return self.beat_g.sum(axis=(1, 2)) + self.inputs_g.sum(axis=1)


def answers_g(network: nn.Module, points: Points) -> FloatArray:
    """What the network says at these points, (n,) g."""
    with torch.no_grad():
        parts = [
            network(*points.take(slice(start, start + EVALUATIONS)).tensors())
            for start in range(0, len(points), EVALUATIONS)
        ]
    return torch.cat(parts).numpy().astype(np.float64)


def integrated_gradients(network: nn.Module, points: Points, references: Points, steps: int) -> Maps:
    """Integrated gradients from each reference to its point.

    Parameters
    ----------
    points, references : Points
        n each, or one reference for all.
    steps : int
        Nodes of the Gauss–Legendre rule on the straight line between them.

    Notes
    -----
    Sundararajan et al. 2017 (arXiv 1703.01365), Captum's implementation. The line between two beats keeps every linear
    relation between leads, so the sum over the six limb leads does not depend on which of them one calls independent.
    """
    from captum.attr import IntegratedGradients

    references = references.repeated(len(points)) if len(references) == 1 else references
    method, at_once = IntegratedGradients(network), max(1, EVALUATIONS // steps)
    beats, inputs = [], []
    for start in range(0, len(points), at_once):
        part = slice(start, start + at_once)
        wave, other = method.attribute(
            points.take(part).tensors(),
            baselines=references.take(part).tensors(),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=EVALUATIONS,
        )
        beats.append(wave.detach().numpy())
        inputs.append(other.detach().numpy())
    return Maps(beat_g=np.concatenate(beats).astype(np.float64), inputs_g=np.concatenate(inputs).astype(np.float64))


def expected_gradients(network: nn.Module, point: Points, references: Points, steps: int) -> Maps:
    """Integrated gradients of one point, averaged over many references.

    Notes
    -----
    Erion et al. 2021 (doi 10.1038/s42256-021-00343-w), who draw reference and step at random; here every reference
    takes part with the same nodes, so that the answer has no noise and adds up to the point less the mean reference.
    """
    maps = integrated_gradients(network, point.repeated(len(references)), references, steps)
    return Maps(beat_g=maps.beat_g.mean(axis=0)[None], inputs_g=maps.inputs_g.mean(axis=0)[None])


def occlusion(network: nn.Module, point: Points, reference: Points, regions: Sequence[NDArray[np.bool_]]) -> FloatArray:
    """What the answer loses when a region of the beat is replaced by the reference's, (n_regions,) g.

    Parameters
    ----------
    regions : sequence of bool arrays (12, samples)

    Notes
    -----
    The parts do not add up to the difference from the reference: a network that multiplies loses more, or less, with
    one part gone than that part's share.
    """
    beats = np.stack([np.where(region, reference.beats_mv[0], point.beats_mv[0]) for region in regions])
    inputs = np.repeat(point.inputs, len(regions), axis=0)
    return answers_g(network, point)[0] - answers_g(network, Points(beats_mv=beats, inputs=inputs))


def occluded_inputs(
    network: nn.Module, point: Points, reference: Points, groups: Sequence[Sequence[int]]
) -> FloatArray:
    """The same for groups of non-waveform inputs, (n_groups,) g."""
    inputs = np.repeat(point.inputs, len(groups), axis=0)
    for row, columns in zip(inputs, groups, strict=True):
        row[list(columns)] = reference.inputs[0, list(columns)]
    beats = np.repeat(point.beats_mv, len(groups), axis=0)
    return answers_g(network, point)[0] - answers_g(network, Points(beats_mv=beats, inputs=inputs))
