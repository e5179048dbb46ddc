"""Draw a virtual patient from a preset: body → heart size → torso, pose, conduction, recovery, recorder."""

from dataclasses import dataclass

import numpy as np

from elvmass_core.domain import FloatArray, Sex
from elvmass_core.virtual.activation import N_MODES, Conduction, Root
from elvmass_core.virtual.anatomy import HeartPose, HeartShape
from elvmass_core.virtual.patient import Atria, Recorder, Rhythm, Source, VirtualPatient
from elvmass_core.virtual.presets import CohortPreset, SexNorms, preset_named
from elvmass_core.virtual.repolarisation import Repolarisation
from elvmass_core.virtual.torso import ELECTRODES, Placement, TorsoShape

REFERENCE_AGE_YEARS = 58.0
_AGE_LIMITS_YEARS = (28.0, 88.0)
_BMI_LIMITS = (16.5, 40.0)
_MASS_LIMITS_G = (45.0, 330.0)
_VOLUME_LIMITS_ML = (45.0, 290.0)
_DRIVE_LIMITS = (-0.10, 0.90)
"""Nobody is drawn outside these; the drive is the log of hypertrophy."""
_USUAL_PRESSURE_MMHG = 127.0
_MASS_LOG_SD = 0.14
_CONCENTRICITY_LOG_SD = 0.13
_STRAIN_MASS_WEIGHT, _STRAIN_CONCENTRICITY_WEIGHT = 0.55, 0.35
_OTHER_STRAIN = (0.05, 0.50)
_MAX_STRAIN = 1.6
_USUAL_PRESSURE_SD = 14.0
_QT_SLOPE_MS = 154.0
"""Framingham: QT falls 154 ms for each second of shorter RR (Sagie et al. 1992, doi 10.1016/0002-9149(92)90562-D)."""
_PLAIN_APD_SHIFT_MS = -10.0
_CHEST_WALL_CM = 1.5


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


def sample_patient(rng: np.random.Generator, preset: str | CohortPreset = "taiwan-like") -> VirtualPatient:
    """Draw one patient.

    Parameters
    ----------
    rng : numpy Generator
    preset : str or CohortPreset
        A name in `presets.PRESETS` or own parameters.

    Returns
    -------
    VirtualPatient

    Raises
    ------
    CohortError
        No preset has this name.
    """
    preset = preset_named(preset) if isinstance(preset, str) else preset
    body = sample_body(rng, preset)
    size = sample_heart_size(rng, preset, body)
    torso, placement = _draw_torso(rng, preset, body)
    block, delays = _draw_block(rng, preset, body)
    rate_bpm = _clipped_normal(rng, body.norms.rate_bpm, preset.nuisance.rate_sd_bpm, 45.0, 105.0)
    return VirtualPatient(
        sex=body.sex,
        age_years=body.age_years,
        height_cm=body.height_cm,
        weight_kg=body.weight_kg,
        heart=_draw_shape(rng, preset, body, size),
        pose=_draw_pose(rng, preset, body, size, torso),
        torso=torso,
        placement=placement,
        conduction=_draw_conduction(rng, preset, body, size, delays),
        repolarisation=_draw_repolarisation(rng, preset, body, size, rate_bpm),
        atria=Atria(
            pr_ms=_clipped_normal(rng, 165.0, 20.0, 115.0, 230.0),
            amplitude=_log_normal(rng, 0.25),
            left_share=_log_normal(rng, 0.25) * float(np.exp(0.03 * body.decades)),
        ),
        source=_draw_source(rng, preset, body, size),
        rhythm=Rhythm(
            rate_bpm=rate_bpm,
            respiratory_share=0.025 * _log_normal(rng, 0.5) * float(np.exp(-0.25 * body.decades)),
            breathing_hz=_clipped_normal(rng, 0.25, 0.05, 0.13, 0.40),
        ),
        recorder=Recorder(
            noise_scale=preset.nuisance.noise_scale * _log_normal(rng, preset.nuisance.noise_log_sd),
            mains_hz=preset.mains_hz,
        ),
        lvm_measured_g=size.lvm_g * _log_normal(rng, preset.mass.reader_log_sd),
        block=block,
    )


def sample_body(rng: np.random.Generator, preset: CohortPreset) -> Body:
    """Draw sex, age, height, BMI and systolic pressure (pressure law assumed)."""
    sex = Sex.FEMALE if rng.random() < preset.women_share else Sex.MALE
    norms = preset.women if sex is Sex.FEMALE else preset.men
    age = _clipped_normal(rng, norms.age_mean, norms.age_sd, *_AGE_LIMITS_YEARS)
    decades = (age - REFERENCE_AGE_YEARS) / 10.0
    height = rng.normal(norms.height_cm, norms.height_sd_cm) + norms.height_cm_per_decade * decades
    bmi = float(np.clip(norms.bmi * _log_normal(rng, norms.bmi_log_sd), *_BMI_LIMITS))
    usual = _USUAL_PRESSURE_MMHG + 4.0 * decades + 0.8 * (bmi - norms.reference_bmi)
    pressure = _clipped_normal(rng, usual, _USUAL_PRESSURE_SD, 90.0, 200.0)
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
        mass_z=float(np.log(mass / norms.lvm_g) - expected) / _MASS_LOG_SD,
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


def _draw_shape(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> HeartShape:
    """Shape of the ventricles; eccentric hypertrophy is rounder (spreads assumed)."""
    rounder = preset.couplings.sphericity * body.norms.eccentric * size.hypertrophy
    return HeartShape(
        lvm_g=size.lvm_g,
        edv_ml=size.edv_ml,
        rvedv_ml=size.rvedv_ml,
        elongation=float(np.clip(rng.normal(2.5, 0.15) - rounder, 1.9, 3.0)),
        septal_asymmetry=rng.normal(0.06, 0.05),
        anterior_asymmetry=rng.normal(0.0, 0.04),
        apical_thickness=_clipped_normal(rng, 0.65, 0.05, 0.45, 0.85),
        rv_wall_cm=_clipped_normal(rng, preset.reference.rv_wall_cm, 0.03, 0.24, 0.50),
        conus_cm=_clipped_normal(rng, 1.5, 0.3, 0.5, 2.5),
    )


def _draw_torso(rng: np.random.Generator, preset: CohortPreset, body: Body) -> tuple[TorsoShape, Placement]:
    """Trunk of this body and where the electrodes were put on it (proportions and spreads assumed)."""
    norms, nuisance, ratio, excess = body.norms, preset.nuisance, body.height_ratio, body.bmi_excess
    fat = float(np.clip((norms.fat_cm + norms.fat_cm_per_bmi * excess) * _log_normal(rng, 0.2), 0.3, 5.0))
    rib_width = norms.rib_half_width_cm * ratio * (1.0 + 0.008 * excess) * (1.0 + rng.normal(0.0, 0.03))
    barrel = 1.0 + rng.normal(0.0, 0.05) + 0.012 * body.decades
    rib_depth = norms.rib_half_depth_cm * ratio * (1.0 + 0.012 * excess) * barrel
    mid_x = norms.mid_x_cm * rib_width / norms.rib_half_width_cm + rng.normal(0.0, 0.5)
    apical_z = norms.apical_z_cm * ratio + rng.normal(0.0, 0.5)
    breast = norms.breast_cm + 0.15 * excess + rng.normal(0.0, 0.6) if norms.breast_cm > 0.0 else 0.0
    torso = TorsoShape(
        half_width_cm=rib_width + fat,
        half_depth_cm=rib_depth + fat,
        top_cm=norms.top_cm * ratio,
        bottom_cm=norms.bottom_cm * ratio,
        exponent=_clipped_normal(rng, 2.5, 0.12, 2.1, 3.0),
        waist=1.0 + 0.012 * excess,
        breast_cm=float(np.clip(breast, 0.1, 4.5)) if norms.breast_cm > 0.0 else 0.0,
        breast_x_cm=mid_x + 0.3,
        breast_z_cm=apical_z + rng.normal(-0.5, 1.5),
    )
    sternal_z = rng.normal(nuisance.sternal_too_high_cm, nuisance.placement_sd_cm)
    lateral_z = rng.normal(norms.lateral_shift_cm, nuisance.placement_sd_cm)
    own = rng.normal(0.0, 1.0, 5) * np.array([0.4, 0.5, 0.4, 0.4, 0.0])
    shift_z = np.array([sternal_z, sternal_z, 0.5 * (sternal_z + lateral_z), lateral_z, lateral_z, lateral_z])
    shift_z[1:] += own[[0, 1, 4, 2, 3]]
    placement = Placement(
        sternal_x_cm=norms.sternal_x_cm + rng.normal(0.0, 0.25),
        mid_x_cm=mid_x,
        apical_z_cm=apical_z,
        shift_x_cm=_plain(rng.normal(0.0, 0.6 * nuisance.placement_sd_cm, 6)),
        shift_z_cm=_plain(shift_z),
    )
    return torso, placement


def _draw_pose(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, torso: TorsoShape
) -> HeartPose:
    """How the heart lies: more horizontal with BMI, age and mass (slopes from the axis per decade and per kg/m²)."""
    norms, nuisance, reference = body.norms, preset.nuisance, preset.reference
    elevation = reference.elevation_deg + norms.elevation_offset_deg - 0.5 * body.bmi_excess - 4.0 * body.decades
    elevation -= preset.couplings.elevation_deg * max(size.mass_z, 0.0)
    fat = torso.half_depth_cm - norms.rib_half_depth_cm
    base = (
        norms.base_x_cm + rng.normal(0.0, nuisance.position_sd_cm),
        reference.base_y_cm - 0.5 * (fat - norms.fat_cm) + rng.normal(0.0, nuisance.position_sd_cm),
        norms.base_z_cm + 0.08 * body.bmi_excess + rng.normal(0.0, 1.2 * nuisance.position_sd_cm),
    )
    return HeartPose(
        azimuth_deg=rng.normal(reference.azimuth_deg, nuisance.azimuth_sd_deg),
        elevation_deg=_clipped_normal(rng, elevation, nuisance.elevation_sd_deg, 2.0, 65.0),
        roll_deg=rng.normal(reference.roll_deg, nuisance.roll_sd_deg),
        base_cm=base,
        clearance_cm=_CHEST_WALL_CM + float(np.clip(norms.fat_cm + norms.fat_cm_per_bmi * body.bmi_excess, 0.3, 5.0)),
    )


def _draw_block(rng: np.random.Generator, preset: CohortPreset, body: Body) -> tuple[str, dict[str, float]]:
    """Fascicular or incomplete right bundle branch block, as delays in ms of the roots it concerns."""
    nuisance, draw = preset.nuisance, rng.random()
    older = max(body.decades, 0.0)
    lafb = nuisance.lafb_share * (1.0 + 0.5 * older)
    if draw < lafb:
        delay = rng.uniform(10.0, 25.0)
        return "lafb", {"anterior": delay, "anterolateral": delay}
    if draw < lafb + nuisance.irbbb_share * (1.0 + 0.3 * older):
        delay = rng.uniform(8.0, 18.0)
        return "irbbb", {"right": delay, "right_septal": delay}
    return "none", {}


def _draw_conduction(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, delays: dict[str, float]
) -> Conduction:
    """Velocities and breakthroughs; hypertrophied muscle conducts slower."""
    reference, nuisance = preset.reference, preset.nuisance
    common = _log_normal(rng, nuisance.velocity_log_sd) * float(np.exp(-0.01 * body.decades))
    slowing = preset.couplings.slowing * float(np.clip(size.mass_z * _MASS_LOG_SD, 0.0, 1.0)) + abs(rng.normal(0, 0.02))
    return Conduction(
        fibre_cm_ms=reference.fibre_cm_ms * common * _log_normal(rng, 0.04),
        transverse_cm_ms=reference.transverse_cm_ms * common * _log_normal(rng, 0.05),
        lv_endo_cm_ms=reference.lv_endo_cm_ms * common * _log_normal(rng, 0.08),
        rv_endo_cm_ms=reference.rv_endo_cm_ms * common * _log_normal(rng, 0.08),
        endo_limit=_clipped_normal(rng, 0.97, 0.04, 0.80, 1.05),
        lv_velocity_factor=float(np.exp(-slowing)),
        velocity_modes=_plain(rng.normal(0.0, nuisance.velocity_mode_sd, N_MODES)),
        roots=tuple(_jitter(rng, preset, root, delays.get(name, 0.0)) for name, root in reference.roots),
    )


def _jitter(rng: np.random.Generator, preset: CohortPreset, root: Root, delay_ms: float) -> Root:
    """A root of this patient: moved in place and time (the earliest, septal one stays in time)."""
    nuisance = preset.nuisance
    height = _clipped_normal(rng, root.height, nuisance.root_height_sd, 0.10, 0.95)
    theta = root.theta_deg + rng.normal(0.0, nuisance.root_theta_sd_deg)
    late = rng.normal(0.0, nuisance.root_delay_sd_ms) if root.delay_ms > 0.0 else 0.0
    return Root(site=root.site, height=height, theta_deg=theta, delay_ms=max(root.delay_ms + delay_ms + late, 0.0))


def _draw_repolarisation(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, rate_bpm: float
) -> Repolarisation:
    """Action potentials of this patient; duration follows the rate (Framingham)."""
    reference, norms, spread = preset.reference, body.norms, preset.nuisance.gradient_sd_ms
    scale = norms.gradient_scale * _log_normal(rng, preset.nuisance.gradient_log_sd) * np.exp(-0.05 * body.decades)
    youth = float(np.exp(-0.15 * body.decades)) if body.sex is Sex.MALE else 1.0
    rate_shift = -_QT_SLOPE_MS * (1.0 - 60.0 / rate_bpm)
    return Repolarisation(
        apd_ms=norms.apd_ms + _PLAIN_APD_SHIFT_MS + rate_shift + rng.normal(0.0, 12.0) + 2.0 * body.decades,
        activation_coupling=_clipped_normal(rng, reference.activation_coupling, 0.08, 0.0, 0.7),
        transmural_ms=reference.transmural_ms * scale + rng.normal(0.0, spread),
        apicobasal_ms=reference.apicobasal_ms * scale + rng.normal(0.0, spread),
        anteroposterior_ms=reference.anteroposterior_ms * scale + rng.normal(0.0, spread),
        septolateral_ms=reference.septolateral_ms * scale + rng.normal(0.0, spread),
        rv_ms=reference.rv_ms * scale + rng.normal(0.0, 0.8 * spread),
        septal_depth=_clipped_normal(rng, reference.septal_depth, 0.1, 0.0, 1.0),
        strain=_draw_strain(rng, preset, body, size),
        strain_apd_ms=reference.strain_apd_ms,
        strain_plateau=reference.strain_plateau,
        upstroke_per_ms=reference.upstroke_per_ms,
        plateau_slope_per_ms=norms.plateau_slope_per_ms * _log_normal(rng, 0.10),
        phase3_slope_per_ms=reference.phase3_slope_per_ms * norms.phase3_factor * _log_normal(rng, 0.10),
        notch_epi=norms.notch_epi * youth * _log_normal(rng, 0.4),
        notch_endo=float(np.clip(reference.notch_endo * _log_normal(rng, 0.3), 0.0, 0.15)),
        notch_rv=norms.notch_rv * youth * _log_normal(rng, 0.4),
        notch_ms=reference.notch_ms * _log_normal(rng, 0.15),
    )


def _draw_strain(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> float:
    """Strain from mass and concentricity, and from other causes (ischaemia, drugs) in some."""
    couplings = preset.couplings
    strain = couplings.strain * max(0.0, size.strain_drive - couplings.strain_threshold) * rng.gamma(1.0, 1.0)
    other, degree = rng.random(), rng.uniform(*_OTHER_STRAIN)
    if other < preset.nuisance.other_strain_share + 0.03 * max(body.decades, 0.0):
        strain += degree
    return float(min(strain, _MAX_STRAIN))


def _draw_source(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> Source:
    """Source strength: overall, regional, lost in hypertrophied muscle; and the unevenness of the torso."""
    nuisance = preset.nuisance
    log_gain = preset.reference.log_gain + rng.normal(0.0, nuisance.gain_log_sd)
    log_gain -= preset.couplings.voltage_deficit * rng.uniform(0.0, 2.0) * size.hypertrophy
    log_gain -= 0.04 * body.decades if body.sex is Sex.MALE else 0.0
    return Source(
        gain=float(np.exp(log_gain)),
        blood_ratio=_clipped_normal(rng, preset.reference.blood_ratio, 0.3, 1.5, 5.0),
        strength_modes=_plain(rng.normal(0.0, nuisance.strength_sd, N_MODES)),
        electrode_gains=_plain(np.exp(nuisance.electrode_log_sd * _neighbourly(rng))),
    )


def _neighbourly(rng: np.random.Generator) -> FloatArray:
    """Standard normal values for the nine electrodes, neighbouring chest electrodes alike."""
    values = rng.normal(0.0, 1.0, len(ELECTRODES))
    chest = np.concatenate([values[:1], values[:6], values[5:6]])
    values[:6] = np.convolve(chest, [0.4, 0.8, 0.4], "valid")
    return values


def _log_normal(rng: np.random.Generator, log_sd: float) -> float:
    """A factor with median 1."""
    return float(np.exp(rng.normal(0.0, log_sd)))


def _clipped_normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal value kept within limits."""
    return float(np.clip(rng.normal(mean, sd), low, high))


def _plain(values: FloatArray) -> tuple[float, ...]:
    """Floats of an array, so that the patient stays hashable."""
    return tuple(float(value) for value in values)
