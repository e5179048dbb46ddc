"""A generator without chance: the laws that draw a cohort, asked for the middle of each."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np


class _Middle:
    """Answers as a numpy Generator would, always with the middle: the mean, or the most frequent choice.

    ``random`` gives 1, so that nobody has what only some have: no block, no scar, sinus rhythm, no moving electrode.
    """

    def random(self) -> float:
        return 1.0

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: int | None = None) -> Any:
        return loc if size is None else np.full(size, loc)

    def uniform(self, low: float = 0.0, high: float = 1.0, size: int | None = None) -> Any:
        middle = 0.5 * (low + high)
        return middle if size is None else np.full(size, middle)

    def exponential(self, scale: float = 1.0) -> float:
        return scale

    def gamma(self, shape: float, scale: float = 1.0) -> float:
        return shape * scale

    def integers(self, low: int, high: int | None = None) -> int:
        return 0 if high is None else low

    def choice(self, values: int | Sequence[Any], p: Sequence[float]) -> Any:
        best = int(np.argmax(p))
        return best if isinstance(values, int) else values[best]


def middle() -> np.random.Generator:
    """What to hand to a function that draws, to get its typical result instead."""
    return cast(np.random.Generator, _Middle())
