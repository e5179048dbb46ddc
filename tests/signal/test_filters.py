"""The mains goes and the heart stays."""

import numpy as np
import pytest

from elvmass_core.signal.filters import MAINS_RATIO, clean, mains_ratio, without_line
from tests import synthetic


@pytest.mark.parametrize("hz", [49.9, 50.0, 50.2, 60.0])
def test_a_drifting_line_is_taken_out_to_a_few_microvolts(hz):
    heart = clean(synthetic.signal(noise_mv=0.0)[0])
    times = np.arange(heart.shape[1]) / 500.0
    line = 0.1 * (1.0 + 0.3 * np.sin(2 * np.pi * 0.07 * times)) * np.sin(2 * np.pi * hz * times + 0.4)
    wanted = without_line(heart, round(hz, -1))
    left = (without_line(heart + line, round(hz, -1)) - wanted)[:, 500:-500]
    assert np.sqrt(np.mean(np.square(left))) < 0.005
    assert np.sqrt(np.mean(np.square(wanted - heart))) < 0.01


def test_clean_leaves_a_recording_without_a_line_alone():
    heart = synthetic.signal(noise_mv=0.01)[0]
    assert max(mains_ratio(clean(heart), hz) for hz in (50.0, 60.0)) < MAINS_RATIO
