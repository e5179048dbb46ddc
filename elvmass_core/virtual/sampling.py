"""Draw a virtual patient from a preset: body → heart size → torso, pose, conduction, recovery, recorder."""

import numpy as np

from elvmass_core.domain import Sex
from elvmass_core.virtual.blocks import draw_block
from elvmass_core.virtual.body import reference_size, sample_body, sample_heart_size
from elvmass_core.virtual.chest_sampling import draw_pose, draw_torso
from elvmass_core.virtual.draws import log_normal
from elvmass_core.virtual.heart_sampling import draw_conduction, draw_repolarisation, draw_shape, draw_source
from elvmass_core.virtual.patient import VirtualPatient
from elvmass_core.virtual.presets import CohortPreset, preset_named
from elvmass_core.virtual.recording_sampling import draw_atria, draw_recorder, draw_rhythm


def sample_patient(
    rng: np.random.Generator,
    preset: str | CohortPreset = "taiwan-like",
    *,
    sex: Sex | None = None,
    age_years: float | None = None,
) -> VirtualPatient:
    """Draw one patient.

    Parameters
    ----------
    rng : numpy Generator
    preset : str or CohortPreset
        A name in `presets.PRESETS` or own parameters.
    sex, age_years : optional
        Draw a patient of this sex and age, to match somebody.

    Returns
    -------
    VirtualPatient

    Raises
    ------
    CohortError
        No preset has this name.
    """
    preset = preset_named(preset) if isinstance(preset, str) else preset
    body = sample_body(rng, preset, sex=sex, age_years=age_years)
    size = sample_heart_size(rng, preset, body)
    seen = reference_size(body) if preset.reference_heart else size
    torso, placement = draw_torso(rng, preset, body)
    block = draw_block(rng, preset.blocks, body.sex, body.decades)
    rhythm = draw_rhythm(
        rng, preset.rhythm, rate_bpm=body.norms.rate_bpm, rate_sd_bpm=preset.nuisance.rate_sd_bpm, decades=body.decades,
        is_man=body.sex is Sex.MALE,
    )  # fmt: skip
    return VirtualPatient(
        sex=body.sex,
        age_years=body.age_years,
        height_cm=body.height_cm,
        weight_kg=body.weight_kg,
        heart=draw_shape(rng, preset, body, seen),
        pose=draw_pose(rng, preset, body, seen, torso),
        torso=torso,
        placement=placement,
        conduction=draw_conduction(rng, preset, body, seen, block),
        repolarisation=draw_repolarisation(rng, preset, body, seen, rhythm.rate_bpm),
        atria=draw_atria(rng, preset.atria, decades=body.decades),
        source=draw_source(rng, preset, body, seen),
        rhythm=rhythm,
        recorder=draw_recorder(rng, preset.recorder),
        lvm_true_g=size.lvm_g,
        lvm_measured_g=size.lvm_g * log_normal(rng, preset.mass.reader_log_sd),
        block=block.name,
    )
