"""Who a virtual patient is, and how large the heart: sex, age, body, blood pressure, LV mass and volumes."""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.virtual.draws import clipped_normal, log_normal
from elvmass_core.virtual.norms import SexNorms
from elvmass_core.virtual.presets import CohortPreset

REFERENCE_AGE_YEARS = 58.0
_AGE_LIMITS_YEARS = (28.0, 88.0)
_BMI_LIMITS = (16.5, 40.0)
_MASS_LIMITS_G = (45.0, 330.0)
_VOLUME_LIMITS_ML = (45.0, 290.0)
_DRIVE_LIMITS = (-0.10, 0.90)
"""Nobody is drawn outside these; the drive is the log of hypertrophy."""
_USUAL_PRESSURE_MMHG, _USUAL_PRESSURE_SD = 127.0, 14.0
MASS_LOG_SD, _CONCENTRICITY_LOG_SD = 0.14, 0.13
_STRAIN_MASS_WEIGHT, _STRAIN_CONCENTRICITY_WEIGHT = 0.55, 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is drawn first: who it is. ``decades`` and ``bmi_excess`` are relative to the reference person."""

    sex: Sex
    norms: SexNorms
    age_years: float
    height_cm: float
    bmi: float
    pressure_mmhg: float

    @property
    def decades(self) -> float:
        """Age over the reference age in decades."""
        return (self.age_years - REFERENCE_AGE_YEARS) / 10.0

    @property
    def bmi_excess(self) -> float:
        """BMI over the reference."""
        return self.bmi - self.norms.reference_bmi

    @property
    def height_ratio(self) -> float:
        """Height over the mean of the sex."""
        return self.height_cm / self.norms.height_cm

    @property
    def weight_kg(self) -> float:
        """Weight."""
        return self.bmi * (self.height_cm / 100.0) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartSize:
    """Mass, volumes, and how far the mass goes beyond body size.

    ``hypertrophy`` is the log drive, ``mass_z`` and ``concentricity_z`` are in SD.
    """

    lvm_g: float
    edv_ml: float
    rvedv_ml: float
    hypertrophy: float
    mass_z: float
    concentricity_z: float

    @property
    def strain_drive(self) -> float:
        """What strain grows with: one law for both sexes (assumed)."""
        return _STRAIN_MASS_WEIGHT * self.mass_z + _STRAIN_CONCENTRICITY_WEIGHT * self.concentricity_z


def sample_body(
    rng: np.random.Generator, preset: CohortPreset, *, sex: Sex | None = None, age_years: float | None = None
) -> Body:
    """Draw sex, age (unless given), height, BMI and systolic pressure (pressure law assumed)."""
    drawn_sex = Sex.FEMALE if rng.random() < preset.women_share else Sex.MALE
    sex = drawn_sex if sex is None else sex
    norms = preset.women if sex is Sex.FEMALE else preset.men
    drawn_age = clipped_normal(rng, norms.age_mean, norms.age_sd, *_AGE_LIMITS_YEARS)
    age = drawn_age if age_years is None else age_years
    decades = (age - REFERENCE_AGE_YEARS) / 10.0
    height = rng.normal(norms.height_cm, norms.height_sd_cm) + norms.height_cm_per_decade * decades
    bmi = float(np.clip(norms.bmi * log_normal(rng, norms.bmi_log_sd), *_BMI_LIMITS))
    usual = _USUAL_PRESSURE_MMHG + 4.0 * decades + 0.8 * (bmi - norms.reference_bmi)
    pressure = clipped_normal(rng, usual, _USUAL_PRESSURE_SD, 90.0, 200.0)
    return Body(sex=sex, norms=norms, age_years=age, height_cm=float(height), bmi=bmi, pressure_mmhg=pressure)


def sample_heart_size(rng: np.random.Generator, preset: CohortPreset, body: Body) -> HeartSize:
    """Draw LV mass and volumes for a body (see `MassLaw`)."""
    law, norms = preset.mass, body.norms
    expected = (
        law.height_exponent * np.log(body.height_ratio)
        + law.bmi_exponent * np.log(body.bmi / norms.reference_bmi)
        + norms.lvm_log_per_decade * body.decades
    )
    residual = rng.normal(0.0, law.residual_log_sd)
    drive = _draw_hypertrophy(rng, preset, body)
    if law.flat_range is not None:
        drive = rng.uniform(*law.flat_range) - residual
    mass = float(np.clip(norms.lvm_g * np.exp(expected + residual + drive), *_MASS_LIMITS_G))
    hypertrophy = max(drive, 0.0)
    size = expected + residual
    edv_log = law.edv_share * size - 0.045 * body.decades + norms.eccentric * hypertrophy
    rvedv_log = law.rvedv_share * size - 0.04 * body.decades
    edv = float(np.clip(norms.edv_ml * np.exp(edv_log + rng.normal(0, law.edv_log_sd)), *_VOLUME_LIMITS_ML))
    rvedv = float(np.clip(norms.rvedv_ml * np.exp(rvedv_log + rng.normal(0, law.rvedv_log_sd)), *_VOLUME_LIMITS_ML))
    return HeartSize(
        lvm_g=mass, edv_ml=edv, rvedv_ml=rvedv, hypertrophy=hypertrophy,
        mass_z=float(np.log(mass / norms.lvm_g) - expected) / MASS_LOG_SD,
        concentricity_z=float(np.log(mass / edv / norms.mass_to_volume)) / _CONCENTRICITY_LOG_SD,
    )  # fmt: skip


def _draw_hypertrophy(rng: np.random.Generator, preset: CohortPreset, body: Body) -> float:
    """Log drive of hypertrophy: some people's own, more with pressure and age, plus a slope with pressure for all."""
    law = preset.mass
    over = body.pressure_mmhg - _USUAL_PRESSURE_MMHG
    odds = law.hypertrophy_share / (1.0 - law.hypertrophy_share) * np.exp(0.045 * over + 0.25 * body.decades)
    own = rng.exponential(law.hypertrophy_scale)
    present = rng.random() < odds / (1.0 + odds)
    return float(np.clip((own if present else 0.0) + law.log_per_mmhg * over, *_DRIVE_LIMITS))


def reference_size(body: Body) -> HeartSize:
    """The average heart of the sex, whoever it sits in: the null control's."""
    norms = body.norms
    return HeartSize(
        lvm_g=norms.lvm_g, edv_ml=norms.edv_ml, rvedv_ml=norms.rvedv_ml, hypertrophy=0.0, mass_z=0.0,
        concentricity_z=0.0,
    )  # fmt: skip
