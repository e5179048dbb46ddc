"""The cohort is frozen: who changes what a seed gives raises `COHORT_VERSION` and trains new weights."""

import numpy as np
import pytest

from elvmass_core.units import LEAD_INDEX
from elvmass_core.virtual import COHORT_VERSION, sample_patient, simulate_beat
from elvmass_core.virtual.presets import preset_named

FROZEN = {
    "1.0": {
        "taiwan-like": ("01329f8b3711785f", (107.78, 103.9, 1.159, 2.050), (149.82, 103.7, 1.526, 1.743)),
        "uniform": ("4a0659c40fcc4b50", (124.51, 90.2, 1.821, 2.423), (111.38, 84.7, 0.921, 0.757)),
        "shifted": ("c888c8ffc006f1c1", (125.01, 108.0, 1.346, 2.383), (187.67, 109.1, 1.313, 1.728)),
    }
}
"""By cohort version and preset: start of the hash of its parameters; LV mass (g), QRS (ms), R V5 and S V1 (mV) of the
noise-free beat of the first two patients of seed 2026."""


@pytest.mark.parametrize("name", ["taiwan-like", "uniform", "shifted"])
def test_a_frozen_preset_gives_the_same_patients(name: str) -> None:
    parameters, *patients = FROZEN[COHORT_VERSION][name]
    assert preset_named(name).parameter_sha256.startswith(parameters)
    for index, expected in enumerate(patients):
        patient = sample_patient(np.random.default_rng([2026, index]), name)
        beat = simulate_beat(patient)
        qrs = (beat.times_ms >= 0.0) & (beat.times_ms <= beat.qrs_ms)
        r_v5 = beat.signal_mv[LEAD_INDEX["V5"], qrs].max()
        s_v1 = -beat.signal_mv[LEAD_INDEX["V1"], qrs].min()
        # The tolerance is for other processors' arithmetic, not for other physics.
        np.testing.assert_allclose((patient.lvm_true_g, beat.qrs_ms, r_v5, s_v1), expected, rtol=5e-3)
