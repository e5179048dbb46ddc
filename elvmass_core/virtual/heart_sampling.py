"""Draw the shape of the heart, its conduction, its repolarisation and the strength of its sources."""

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.activation import N_MODES, Conduction, Root
from elvmass_core.virtual.anatomy import HeartShape
from elvmass_core.virtual.blocks import Block, draw_scar
from elvmass_core.virtual.body import MASS_LOG_SD, Body, HeartSize
from elvmass_core.virtual.draws import clipped_normal, log_normal, plain
from elvmass_core.virtual.patient import Source
from elvmass_core.virtual.presets import CohortPreset
from elvmass_core.virtual.repolarisation import Repolarisation
from elvmass_core.virtual.torso import ELECTRODES

_OTHER_STRAIN = (0.05, 0.50)
_MAX_STRAIN = 1.6
_QT_SLOPE_MS = 154.0
"""Framingham: QT falls 154 ms for each second of shorter RR (Sagie et al. 1992, doi 10.1016/0002-9149(92)90562-D)."""
_PLAIN_APD_SHIFT_MS = -10.0


def draw_shape(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> HeartShape:
    """Shape of the ventricles; eccentric hypertrophy is rounder (spreads assumed)."""
    rounder = preset.couplings_of(body.sex).sphericity * body.norms.eccentric * size.hypertrophy
    return HeartShape(
        lvm_g=size.lvm_g,
        edv_ml=size.edv_ml,
        rvedv_ml=size.rvedv_ml,
        elongation=float(np.clip(rng.normal(2.5, 0.15) - rounder, 1.9, 3.0)),
        septal_asymmetry=rng.normal(0.06, 0.05),
        anterior_asymmetry=rng.normal(0.0, 0.04),
        apical_thickness=clipped_normal(rng, 0.65, 0.05, 0.45, 0.85),
        rv_wall_cm=clipped_normal(rng, preset.reference.rv_wall_cm, 0.03, 0.24, 0.50),
        conus_cm=clipped_normal(rng, 1.5, 0.3, 0.5, 2.5),
    )


def draw_conduction(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, block: Block
) -> Conduction:
    """Velocities and breakthroughs; hypertrophied muscle conducts slower."""
    reference, nuisance = preset.reference, preset.nuisance
    common = log_normal(rng, nuisance.velocity_log_sd) * float(np.exp(-0.01 * body.decades))
    slowing = preset.couplings_of(body.sex).slowing * float(np.clip(size.mass_z * MASS_LOG_SD, 0.0, 1.0)) + abs(
        rng.normal(0, 0.02)
    )
    conduction = Conduction(
        fibre_cm_ms=reference.fibre_cm_ms * common * log_normal(rng, 0.04),
        transverse_cm_ms=reference.transverse_cm_ms * common * log_normal(rng, 0.05),
        lv_endo_cm_ms=reference.lv_endo_cm_ms * common * log_normal(rng, 0.08),
        rv_endo_cm_ms=reference.rv_endo_cm_ms * common * log_normal(rng, 0.08),
        endo_limit=clipped_normal(rng, 0.97, 0.04, 0.80, 1.05),
        lv_velocity_factor=float(np.exp(-slowing)),
        velocity_modes=plain(rng.normal(0.0, nuisance.velocity_mode_sd, N_MODES)),
        roots=tuple(_jitter(rng, preset, root) for _, root in reference.roots),
        scar=draw_scar(rng, preset.blocks, body.sex, body.decades),
    )
    return block.apply(conduction, tuple(name for name, _ in reference.roots))


def _jitter(rng: np.random.Generator, preset: CohortPreset, root: Root) -> Root:
    """A root of this patient: moved in place and time (the earliest, septal one stays in time)."""
    nuisance = preset.nuisance
    height = clipped_normal(rng, root.height, nuisance.root_height_sd, 0.10, 0.95)
    theta = root.theta_deg + rng.normal(0.0, nuisance.root_theta_sd_deg)
    late = rng.normal(0.0, nuisance.root_delay_sd_ms) if root.delay_ms > 0.0 else 0.0
    return Root(site=root.site, height=height, theta_deg=theta, delay_ms=max(root.delay_ms + late, 0.0))


def draw_repolarisation(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, rate_bpm: float
) -> Repolarisation:
    """Action potentials of this patient; duration follows the rate (Framingham)."""
    reference, norms, spread = preset.reference, body.norms, preset.nuisance.gradient_sd_ms
    scale = norms.gradient_scale * log_normal(rng, preset.nuisance.gradient_log_sd) * np.exp(-0.05 * body.decades)
    youth = float(np.exp(norms.notch_log_per_decade * body.decades))
    rate_shift = -_QT_SLOPE_MS * (1.0 - 60.0 / rate_bpm)
    return Repolarisation(
        apd_ms=norms.apd_ms + _PLAIN_APD_SHIFT_MS + rate_shift + rng.normal(0.0, 12.0) + 2.0 * body.decades,
        activation_coupling=clipped_normal(rng, reference.activation_coupling, 0.08, 0.0, 0.7),
        transmural_ms=reference.transmural_ms * scale + rng.normal(0.0, spread),
        apicobasal_ms=reference.apicobasal_ms * scale + rng.normal(0.0, spread),
        anteroposterior_ms=reference.anteroposterior_ms * scale + rng.normal(0.0, spread),
        septolateral_ms=reference.septolateral_ms * scale + rng.normal(0.0, spread),
        rv_ms=reference.rv_ms * scale + rng.normal(0.0, 0.8 * spread),
        septal_depth=clipped_normal(rng, reference.septal_depth, 0.1, 0.0, 1.0),
        strain=_draw_strain(rng, preset, body, size),
        strain_apd_ms=reference.strain_apd_ms,
        strain_plateau=reference.strain_plateau,
        upstroke_per_ms=reference.upstroke_per_ms,
        plateau_slope_per_ms=norms.plateau_slope_per_ms * log_normal(rng, 0.10),
        phase3_slope_per_ms=reference.phase3_slope_per_ms * norms.phase3_factor * log_normal(rng, 0.10),
        notch_epi=norms.notch_epi * youth * log_normal(rng, 0.4),
        notch_endo=float(np.clip(reference.notch_endo * log_normal(rng, 0.3), 0.0, 0.15)),
        notch_rv=norms.notch_rv * youth * log_normal(rng, 0.4),
        notch_ms=reference.notch_ms * log_normal(rng, 0.15),
    )


def _draw_strain(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> float:
    """Strain from mass and concentricity, and from other causes (ischaemia, drugs) in some."""
    couplings = preset.couplings_of(body.sex)
    strain = couplings.strain * max(0.0, size.strain_drive - couplings.strain_threshold) * rng.gamma(1.0, 1.0)
    other, degree = rng.random(), rng.uniform(*_OTHER_STRAIN)
    if other < preset.nuisance.other_strain_share + 0.03 * max(body.decades, 0.0):
        strain += degree
    return float(min(strain, _MAX_STRAIN))


def draw_source(rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize) -> Source:
    """Source strength: overall, regional, lost in hypertrophied muscle; and the unevenness of the torso."""
    nuisance = preset.nuisance
    log_gain = preset.reference.log_gain + rng.normal(0.0, nuisance.gain_log_sd)
    log_gain -= preset.couplings_of(body.sex).voltage_deficit * rng.uniform(0.0, 2.0) * size.hypertrophy
    log_gain += body.norms.gain_log + body.norms.gain_log_per_decade * body.decades
    return Source(
        gain=float(np.exp(log_gain)),
        blood_ratio=clipped_normal(rng, preset.reference.blood_ratio, 0.3, 1.5, 5.0),
        strength_modes=plain(rng.normal(0.0, nuisance.strength_sd, N_MODES)),
        electrode_gains=plain(np.exp(nuisance.electrode_log_sd * _neighbourly(rng))),
    )


def _neighbourly(rng: np.random.Generator) -> FloatArray:
    """Standard normal values for the nine electrodes, neighbouring chest electrodes alike."""
    values = rng.normal(0.0, 1.0, len(ELECTRODES))
    chest = np.concatenate([values[:1], values[:6], values[5:6]])
    values[:6] = np.convolve(chest, [0.4, 0.8, 0.4], "valid")
    return values
