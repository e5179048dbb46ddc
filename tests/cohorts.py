"""Patients made of numbers: cohorts whose mass is known to be written somewhere."""

import numpy as np

from elvmass_core.features import FEATURE_NAMES
from elvmass_core.models.inputs import TABULAR_INPUTS, columns
from elvmass_core.study.dataset import Dataset


def patients(n, seed):
    """Men and women whose mass follows body size and the height of the beat."""
    rng = np.random.default_rng(seed)
    sex = np.where(rng.random(n) < 0.5, "M", "F")
    height = np.where(sex == "M", 172.0, 160.0) + 5.0 * rng.standard_normal(n)
    weight = 0.4 * height + 8.0 * rng.standard_normal(n)
    bsa = 0.007184 * height**0.725 * weight**0.425
    voltage = rng.normal(1.0, 0.2, n)
    lvm = np.where(sex == "M", 70.0, 57.0) * bsa * voltage
    beats = voltage[:, None, None] * np.hanning(400)[None, None] * np.ones((n, 12, 1))
    rows = np.column_stack(
        [
            rng.uniform(40, 70, n),
            height,
            weight,
            np.ones((n, 2)),
            sex == "M",
            rng.normal(90, 8, n),
            rng.normal(size=(n, 2)),
            rng.normal(70, 8, n),
        ]
    )
    measured = np.repeat(voltage[:, None], len(FEATURE_NAMES), axis=1) + 0.01 * rng.standard_normal(
        (n, len(FEATURE_NAMES))
    )
    return Dataset(
        beats_mv=beats.astype(np.float32), rows=rows, measured=measured, lvm_g=lvm, bsa_m2=bsa, sex=sex,
        record=np.arange(n).astype(str), patient=np.arange(n).astype(str),
    )  # fmt: skip


def written_in_the_beat(n=240):
    """Patients whose mass is the height of their beat."""
    rng = np.random.default_rng(0)
    size = rng.uniform(0.5, 1.5, n)
    wave = np.exp(-0.5 * ((np.arange(400) - 140) / 8) ** 2)
    person = {"age_years": 60, "height_cm": 160, "weight_kg": 60, "qrs_ms": 90, "axis_cos": 1, "rate_bpm": 70}
    rows = np.tile([float(person.get(name, 0.0)) for name in TABULAR_INPUTS], (n, 1)) + rng.normal(0, 1e-3, (n, 10))
    rows[:, columns(("height_known", "weight_known"))] = 1.0
    rows[:, columns(("male",))] = 0.0
    return Dataset(
        beats_mv=(size[:, None, None] * wave * np.ones((1, 12, 1))).astype(np.float32), rows=rows,
        measured=np.repeat(size[:, None], len(FEATURE_NAMES), axis=1), lvm_g=100.0 * size, bsa_m2=np.full(n, 1.7),
        sex=np.full(n, "F"), record=np.arange(n).astype(str), patient=np.arange(n).astype(str),
    )  # fmt: skip
