"""Made-up patients with the columns of a `BeatTable`: known distributions, no simulator."""

import numpy as np
import pandas as pd

from elvmass_core.realism.measures import MEASURES, SHAPES, BeatTable


def patients(n, seed, *, shift=None, matches=None):
    """`n` patients whose measures and beats are independent noise; `shift` moves a measure by so many SD."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: rng.normal(1.0, 0.2, n) for name in MEASURES})
    for name, by in (shift or {}).items():
        table[name] += 0.2 * by
    table = table.assign(**{name: rng.integers(0, 2, n).astype(float) for name in SHAPES})
    match = [f"p{index % (matches or n)}" for index in range(n)]
    who = {"name": [f"{seed}-{index}" for index in range(n)], "match": match, "age": 50.0, "is_normal": True}
    table = table.assign(**who, sex=np.where(np.arange(n) % 2 == 0, "F", "M"))
    basis = np.random.default_rng(99).normal(size=(5, 12 * 400))
    # From a generator of their own: a new measure must not change the beats.
    beats = (np.random.default_rng([seed, 1]).normal(size=(n, 5)) @ basis).reshape(n, 12, 400)
    return BeatTable(table=table, beats_mv=beats.astype(np.float32))


def cohort(n, seed):
    """A cohort whose index follows R V5 and nothing else of the ECG; log mass is linear in log size and sex."""
    rng = np.random.default_rng(seed)
    made = patients(n, seed)
    height, weight = rng.normal(165, 8, n), rng.normal(65, 10, n)
    bsa = 0.007184 * height**0.725 * weight**0.425
    male = (made.table["sex"] == "M").to_numpy()
    index = np.where(male, 70.0, 57.0) * np.exp(rng.normal(0, 0.12, n))
    table = made.table.assign(
        height_cm=height, weight_kg=weight, bsa_m2=bsa, lvm_g=index * bsa, lvm_measured_g=index * bsa,
        lvmi_g_m2=index, lvh=index > np.where(male, 80.0, 65.0), sinus=True, block="none", scar=False, strain=0.0,
        age=rng.normal(58, 10, n), r_mv_V5=index / 60.0, source="simulated",
    )  # fmt: skip
    return BeatTable(table=table, beats_mv=made.beats_mv)
