"""Draw the trunk, the electrodes on it, and how the heart lies inside."""

from dataclasses import replace

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.virtual.anatomy import HeartPose
from elvmass_core.virtual.body import Body, HeartSize
from elvmass_core.virtual.draws import clipped_normal, log_normal, plain
from elvmass_core.virtual.lungs import Lungs
from elvmass_core.virtual.norms import SexNorms
from elvmass_core.virtual.presets import CohortPreset, Nuisance
from elvmass_core.virtual.torso import Placement, TorsoShape

_CHEST_WALL_CM = 1.5


def draw_torso(rng: np.random.Generator, preset: CohortPreset, body: Body) -> tuple[TorsoShape, Placement]:
    """Trunk of this body and where the electrodes were put on it (proportions and spreads assumed)."""
    norms, nuisance, ratio, excess = body.norms, preset.nuisance, body.height_ratio, body.bmi_excess
    fat = float(np.clip((norms.fat_cm + norms.fat_cm_per_bmi * excess) * log_normal(rng, 0.2), 0.3, 5.0))
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
        exponent=clipped_normal(rng, 2.5, 0.12, 2.1, 3.0),
        waist=1.0 + 0.012 * excess,
        breast_cm=float(np.clip(breast, 0.1, 4.5)) if norms.breast_cm > 0.0 else 0.0,
        breast_x_cm=mid_x + 0.3,
        breast_z_cm=apical_z + rng.normal(-0.5, 1.5),
        fat_cm=fat,
        lungs=Lungs(
            conductivity=0.35 * log_normal(rng, 0.25),
            diaphragm_cm=-6.0 * ratio + 0.08 * excess + rng.normal(0.0, 1.0),
        ),
    )
    return torso, _draw_placement(rng, nuisance, norms, mid_x_cm=mid_x, apical_z_cm=apical_z)


def place_anew(rng: np.random.Generator, preset: CohortPreset, sex: Sex, placement: Placement) -> Placement:
    """The electrodes taken off and put on the same chest again: its sites stay, the errors are drawn anew.

    Parameters
    ----------
    rng : numpy Generator
    preset : CohortPreset
        Whose law of placement errors, the one that `draw_torso` draws from.
    sex : Sex
    placement : Placement
        As it was; the new one does not depend on its errors.
    """
    norms = preset.women if sex is Sex.FEMALE else preset.men
    sites = {"mid_x_cm": placement.mid_x_cm, "apical_z_cm": placement.apical_z_cm}
    return replace(_draw_placement(rng, preset.nuisance, norms, **sites), sternal_x_cm=placement.sternal_x_cm)


def _draw_placement(
    rng: np.random.Generator, nuisance: Nuisance, norms: SexNorms, *, mid_x_cm: float, apical_z_cm: float
) -> Placement:
    """Heights err together over the sternum and together over the side, V3 by half of each; sideways each alone."""
    sternal_z = rng.normal(nuisance.sternal_too_high_cm, nuisance.placement_sd_cm)
    lateral_z = rng.normal(norms.lateral_shift_cm, nuisance.placement_sd_cm)
    own = rng.normal(0.0, 1.0, 5) * np.array([0.4, 0.5, 0.4, 0.4, 0.0])
    shift_z = np.array([sternal_z, sternal_z, 0.5 * (sternal_z + lateral_z), lateral_z, lateral_z, lateral_z])
    shift_z[1:] += own[[0, 1, 4, 2, 3]]
    return Placement(
        sternal_x_cm=norms.sternal_x_cm + rng.normal(0.0, 0.25),
        mid_x_cm=mid_x_cm,
        apical_z_cm=apical_z_cm,
        shift_x_cm=plain(rng.normal(0.0, 0.6 * nuisance.placement_sd_cm, 6)),
        shift_z_cm=plain(shift_z),
    )


def draw_pose(
    rng: np.random.Generator, preset: CohortPreset, body: Body, size: HeartSize, torso: TorsoShape
) -> HeartPose:
    """How the heart lies: more horizontal with BMI, age and mass (slopes from the axis per decade and per kg/m²)."""
    norms, nuisance, reference = body.norms, preset.nuisance, preset.reference
    elevation = reference.elevation_deg + norms.elevation_offset_deg - 0.5 * body.bmi_excess - 3.0 * body.decades
    elevation -= preset.couplings_of(body.sex).elevation_deg * max(size.mass_z, 0.0)
    fat = torso.half_depth_cm - norms.rib_half_depth_cm
    base = (
        norms.base_x_cm + rng.normal(0.0, nuisance.position_sd_cm),
        reference.base_y_cm - 0.5 * (fat - norms.fat_cm) + rng.normal(0.0, nuisance.position_sd_cm),
        norms.base_z_cm + 0.08 * body.bmi_excess + rng.normal(0.0, 1.2 * nuisance.position_sd_cm),
    )
    return HeartPose(
        azimuth_deg=rng.normal(reference.azimuth_deg, nuisance.azimuth_sd_deg),
        elevation_deg=clipped_normal(rng, elevation, nuisance.elevation_sd_deg, 2.0, 65.0),
        roll_deg=rng.normal(reference.roll_deg, nuisance.roll_sd_deg),
        base_cm=base,
        clearance_cm=_CHEST_WALL_CM + torso.fat_cm,
    )
