"""Bundles with untrained members: everything about a bundle except that its answers mean something."""

import math
from dataclasses import asdict

import numpy as np
import torch

from elvmass_core.domain import Sex
from elvmass_core.models.bundle import ReferenceSet, save_bundle
from elvmass_core.models.calibration import CT_FUCHS, Calibration, Interval, Line, Platt
from elvmass_core.models.inputs import PATTERNS, TABULAR_INPUTS
from elvmass_core.models.tcn import ElvMassNet, TcnConfig
from elvmass_core.signal import extract_beat
from elvmass_core.signal_space import DESCRIPTION_SHAPE, Density, Space
from tests import synthetic

SMALL = TcnConfig(channels=4, encoding=4)
MEAN = {
    "age_years": 60,
    "height_cm": 160,
    "weight_kg": 60,
    "qrs_ms": 90,
    "axis_sin": 0.5,
    "axis_cos": 0.5,
    "rate_bpm": 70,
}


def members(n=2, seed=0, mean_g=90.0):
    """Untrained networks around a mean mass."""
    torch.manual_seed(seed)
    made = [ElvMassNet(SMALL) for _ in range(n)]
    for member in made:
        member.log_mean.fill_(math.log(mean_g))
        member.log_scale.fill_(0.1)
    return made


def calibration():
    """The same for every pattern but the width."""
    intervals = {
        pattern: Interval(a=8.0 + 2.0 * k, b=0.0, c=0.0, quantile=2.0, n=100) for k, pattern in enumerate(PATTERNS)
    }
    lines = {pattern: Line(inputs=("age_years",), coefficients=(0.0,), intercept=88.0) for pattern in PATTERNS}
    return Calibration(intervals=intervals, lines=lines, platt=Platt(intercept=0.0, slope=8.0, prevalence=0.15))


def space():
    """A crowd around nothing."""
    size = int(np.prod(DESCRIPTION_SHAPE))
    return Space(
        density=Density(mean=np.zeros(size), covariance=np.eye(size), tails=8.0), crowd=np.linspace(0.5, 2, 50)
    )


def facts(sex=Sex.FEMALE):
    """What `save_bundle` wants to know."""
    known = {"height_known": 1.0, "weight_known": 1.0, "male": float(sex is Sex.MALE)}
    return {
        "model_id": f"untrained-{sex.value}",
        "sex": sex.value,
        "pooled": False,
        "reference_person": [float((MEAN | known).get(name, 0.0)) for name in TABULAR_INPUTS],
        "architecture": SMALL.as_dict(),
        "normaliser": {
            "mean": [float(MEAN.get(name, 0.0)) for name in TABULAR_INPUTS],
            "sd": [10.0 if name in MEAN and name[:4] != "axis" else 1.0 for name in TABULAR_INPUTS],
        },
        "calibration": calibration().as_dict(),
        "cutoff": asdict(CT_FUCHS),
        "training": {
            "source": {"name": "none", "description": "Untrained, for tests.", "simulated": True},
            "n_train": 0,
            "lvm_mean_g": 120.0,
            "lvm_sd_g": 25.0,
            "range": {"age_years": [30.0, 88.0], "height_cm": [140.0, 190.0], "weight_kg": [40.0, 110.0]},
        },
    }


def write(folder, sex=Sex.FEMALE, seed=0):
    """Save one bundle and return it as loaded."""
    reference = 0.8 * np.array(extract_beat(synthetic.recording(noise_mv=0.0, rr_s=0.9)).signal_mv)
    known = facts(sex)
    people = ReferenceSet(
        beats_mv=np.stack([0.8 * reference, 1.2 * reference]), rows=np.stack([known["reference_person"]] * 2)
    )
    return save_bundle(
        folder / f"untrained-{sex.value}", members(seed=seed), reference, people, space(), known, "# card"
    )
