"""Grams as colours: what the averaged beat wears on a screen and on paper."""

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import BEAT_FS_HZ, Attribution, FloatArray
from elvmass_core.figures.style import Palette

SALIENCY_LEGEND = "colour: g per 10 ms · blue lowers, orange raises the mass"
_WINDOW = int(10e-3 * BEAT_FS_HZ)
"""Samples in the 10 ms over which grams are summed for display."""
_N_STEPS = 11
_MIN_LIMIT_G = 0.05


def grams_per_10_ms(attribution: Attribution) -> FloatArray:
    """Attribution summed over 10 ms around each sample, shape (12, 400), in g."""
    kernel = np.ones(_WINDOW)
    return np.stack([np.convolve(row, kernel, mode="same") for row in attribution.beat_g])


def limit_g(grams: FloatArray | None) -> float:
    """End of the colour scale: almost the largest attribution, so that one spike does not pale the rest."""
    if grams is None or not np.isfinite(grams).any():
        return _MIN_LIMIT_G
    return max(_MIN_LIMIT_G, float(np.nanquantile(np.abs(grams), 0.995)))


def steps(grams: FloatArray, limit: float) -> list[tuple[int, NDArray[np.bool_]]]:
    """Samples of each colour step, each grown by one sample so that neighbours join; the neutral step is left out."""
    found = np.clip(((grams / limit + 1.0) / 2.0 * _N_STEPS).astype(int), 0, _N_STEPS - 1)
    pairs = []
    for index in range(_N_STEPS):
        inside = found == index
        if index == _N_STEPS // 2 or not inside.any():
            continue
        pairs.append((index, inside | np.append(False, inside[:-1])))
    return pairs


def step_colors(palette: Palette) -> list[tuple[int, int, int]]:
    """Red, green and blue of each step, from blue through neutral to orange."""
    lowers, neutral, raises = map(_rgb, (palette.lowers, palette.neutral, palette.raises))
    colors = []
    for position in np.linspace(-1.0, 1.0, _N_STEPS):
        end = lowers if position < 0 else raises
        red, green, blue = (neutral + (end - neutral) * abs(position)).round().astype(int)
        colors.append((int(red), int(green), int(blue)))
    return colors


def _rgb(code: str) -> NDArray[np.int_]:
    """Red, green and blue of a hex colour."""
    return np.array([int(code[start : start + 2], 16) for start in (1, 3, 5)])
