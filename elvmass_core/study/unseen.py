"""What networks say of patients they have not learned from: what intervals, probabilities and figures are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.models.inputs import PATTERNS, Normaliser, without
from elvmass_core.models.tcn import ElvMassNet
from elvmass_core.study.dataset import Dataset
from elvmass_core.study.train import predict


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unseen:
    """Patients, and answers of members that have not seen them, for each pattern of known body sizes.

    Attributes
    ----------
    data : Dataset
    estimate_g, spread_g : mappings of pattern to array (n,)
        Mean and SD of the members that answer; the SD is 0 where one member alone has not seen a patient.
    doubled_g : array (n,)
        Estimate when all voltages are doubled and body size is known.
    """

    data: Dataset
    estimate_g: Mapping[str, FloatArray]
    spread_g: Mapping[str, FloatArray]
    doubled_g: FloatArray

    def take(self, index: np.ndarray) -> "Unseen":
        """The patients at `index` (integers or a mask)."""
        return Unseen(
            data=self.data.take(index),
            estimate_g={pattern: values[index] for pattern, values in self.estimate_g.items()},
            spread_g={pattern: values[index] for pattern, values in self.spread_g.items()},
            doubled_g=self.doubled_g[index],
        )


def by_all(members: Sequence[ElvMassNet], normaliser: Normaliser, data: Dataset) -> Unseen:
    """Patients who stood apart: every member answers."""
    everyone = np.ones((len(members), len(data)), dtype=bool)
    return _answered(members, normaliser, data, everyone)


def out_of_fold(members: Sequence[ElvMassNet], normaliser: Normaliser, data: Dataset, fold: np.ndarray) -> Unseen:
    """Patients in folds (n,): of each answers only the member that was trained on the other folds."""
    return _answered(members, normaliser, data, np.arange(len(members))[:, None] == fold)


def _answered(members: Sequence[ElvMassNet], normaliser: Normaliser, data: Dataset, may_answer: np.ndarray) -> Unseen:
    """`may_answer` (members, n) says who has not seen whom."""

    def each_g(pattern: str, gain: float = 1.0) -> np.ndarray:
        inputs = normaliser(without(data.rows, pattern))
        answers = np.full(may_answer.shape, np.nan)
        for member, mine, answer in zip(members, may_answer, answers, strict=True):
            if mine.any():
                answer[mine] = predict(member, gain * data.beats_mv[mine], inputs[mine])
        return answers

    each = {pattern: each_g(pattern) for pattern in PATTERNS}
    return Unseen(
        data=data,
        estimate_g={pattern: np.nanmean(answers, axis=0) for pattern, answers in each.items()},
        spread_g={pattern: np.nanstd(answers, axis=0) for pattern, answers in each.items()},
        doubled_g=np.nanmean(each_g(PATTERNS[0], gain=2.0), axis=0),
    )
