"""The colours that carry meaning stay apart for eyes without one kind of cone, by simulation (Machado 2009).

Matrices at severity 1.0 on linear RGB: doi 10.1109/TVCG.2009.113. Difference: CIE 1976 ΔE; 2.3 is just noticeable.
"""

import itertools

import numpy as np
import pytest

from elvmass_core.figures.style import PALETTES

VISION = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)


def linear(code):
    """#rrggbb → linear RGB."""
    srgb = np.array([int(code[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Linear RGB → CIE L*a*b*."""
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one, two, vision):
    return float(np.linalg.norm(lab(np.array(vision) @ linear(one)) - lab(np.array(vision) @ linear(two))))


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("name", VISION)
def test_raising_lowering_and_the_trace_stay_apart(theme, name):
    palette = PALETTES[theme]
    meanings = {"raises": palette.raises, "lowers": palette.lowers, "trace": palette.ink, "paper": palette.panel}
    for (one, first), (two, second) in itertools.combinations(meanings.items(), 2):
        assert difference(first, second, VISION[name]) > 20, (one, two)


def test_red_and_green_of_equal_lightness_would_fail_here():
    assert difference("#c04040", "#7c7c00", VISION["deuteranopia"]) < 20 < difference("#c04040", "#7c7c00", np.eye(3))
