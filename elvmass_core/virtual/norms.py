"""The average person of each sex, and the average healthy heart's electricity, as frozen data.

Anatomy and body size come from Asian reference cohorts. Electrical parameters were fitted to published means and to the
tuning half of public normal 12-lead ECGs (docs/realism.md), never to a network's error. "assumed" marks what no source
was sought for.
"""

from dataclasses import dataclass

from elvmass_core.virtual.activation import Root


@dataclass(frozen=True, slots=True, kw_only=True)
class SexNorms:
    """Body and heart of one sex at the reference age of 58 years.

    Parameters
    ----------
    age_mean, age_sd : float
        Years.
    height_cm, height_sd_cm, height_cm_per_decade : float
    bmi, bmi_log_sd : float
        Median in kg/m² and log-SD.
    reference_bmi : float
        BMI that the medians of the heart belong to.
    lvm_g, edv_ml, rvedv_ml : float
        Median at mean height and `reference_bmi` without hypertrophy.
    lvm_log_per_decade : float
        Ageing of LV mass.
    eccentric : float
        How far hypertrophy widens the cavity (log per log).
    mass_to_volume : float
        Usual LV mass over EDV, g/mL.
    rib_half_width_cm, rib_half_depth_cm, fat_cm, fat_cm_per_bmi : float
        Rib cage and subcutaneous fat at the median BMI.
    top_cm, bottom_cm : float
        Ends of the trunk over the fourth intercostal space.
    sternal_x_cm, mid_x_cm, apical_z_cm : float
        Anatomical electrode sites.
    breast_cm : float
    base_x_cm, base_z_cm, elevation_offset_deg : float
        Where the heart lies.
    lateral_shift_cm : float
        Mean vertical placement error of V4–V6.
    rate_bpm, apd_ms, gradient_scale, plateau_slope_per_ms, phase3_factor, notch_epi, notch_rv : float
        Electrical differences between the sexes.
    notch_log_per_decade, gain_log_per_decade : float
        Ageing of the notch (J point) and of the strength of the sources.
    gain_log : float
        Strength of the sources over the men's; no mechanism is known for it.
    """

    age_mean: float
    age_sd: float
    height_cm: float
    height_sd_cm: float
    height_cm_per_decade: float
    bmi: float
    bmi_log_sd: float
    reference_bmi: float
    lvm_g: float
    edv_ml: float
    rvedv_ml: float
    lvm_log_per_decade: float
    eccentric: float
    mass_to_volume: float
    rib_half_width_cm: float
    rib_half_depth_cm: float
    fat_cm: float
    fat_cm_per_bmi: float
    top_cm: float
    bottom_cm: float
    sternal_x_cm: float
    mid_x_cm: float
    apical_z_cm: float
    breast_cm: float
    base_x_cm: float
    base_z_cm: float
    elevation_offset_deg: float
    lateral_shift_cm: float
    rate_bpm: float
    apd_ms: float
    gradient_scale: float
    plateau_slope_per_ms: float
    phase3_factor: float
    notch_epi: float
    notch_rv: float
    notch_log_per_decade: float
    gain_log_per_decade: float
    gain_log: float


MEN = SexNorms(
    age_mean=58.0, age_sd=11.0, height_cm=168.5, height_sd_cm=6.0, height_cm_per_decade=-1.0, bmi=25.0,
    bmi_log_sd=0.125, reference_bmi=24.8, lvm_g=115.0, edv_ml=110.0, rvedv_ml=126.0, lvm_log_per_decade=-0.005,
    eccentric=0.45, mass_to_volume=1.08,
    rib_half_width_cm=15.4, rib_half_depth_cm=10.0, fat_cm=0.4, fat_cm_per_bmi=0.11, top_cm=18.0, bottom_cm=-36.0,
    sternal_x_cm=2.3, mid_x_cm=8.5, apical_z_cm=-3.2, breast_cm=0.0, base_x_cm=1.71, base_z_cm=1.28,
    elevation_offset_deg=0.0, lateral_shift_cm=-0.2, rate_bpm=66.0, apd_ms=277.0, gradient_scale=1.0,
    plateau_slope_per_ms=0.0196, phase3_factor=1.0, notch_epi=0.042, notch_rv=0.075,
    notch_log_per_decade=-0.15, gain_log_per_decade=-0.04, gain_log=0.0,
)  # fmt: skip
WOMEN = SexNorms(
    age_mean=60.0, age_sd=10.5, height_cm=156.8, height_sd_cm=5.5, height_cm_per_decade=-1.2, bmi=23.8,
    bmi_log_sd=0.145, reference_bmi=23.8, lvm_g=83.0, edv_ml=92.0, rvedv_ml=101.0, lvm_log_per_decade=0.02,
    eccentric=0.15, mass_to_volume=0.93,
    rib_half_width_cm=13.0, rib_half_depth_cm=8.7, fat_cm=1.2, fat_cm_per_bmi=0.12, top_cm=16.8, bottom_cm=-33.0,
    sternal_x_cm=2.0, mid_x_cm=7.6, apical_z_cm=-3.0, breast_cm=1.06, base_x_cm=1.79, base_z_cm=3.19,
    elevation_offset_deg=-5.61, lateral_shift_cm=-0.6, rate_bpm=68.0, apd_ms=280.0, gradient_scale=1.12,
    plateau_slope_per_ms=0.005, phase3_factor=1.34, notch_epi=0.002, notch_rv=0.055,
    notch_log_per_decade=0.0, gain_log_per_decade=0.0, gain_log=0.2,
)  # fmt: skip
"""Taiwanese check-up cohorts for body size (assumed close); LV mass and volumes within Asian CT/CMR ranges (men
121–145 g, women 86–108 g); trunk and electrode sites assumed; electrical values fitted to published ECG means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceElectrophysiology:
    """Electrical parameters of the average healthy heart, fitted to published means of normal 12-lead ECGs.

    Velocities in cm/ms, angles in degrees, durations in ms; names as in `Conduction`, `Repolarisation` and `HeartPose`.
    ``roots`` names each breakthrough.
    """

    log_gain: float = 2.84
    azimuth_deg: float = 39.9
    elevation_deg: float = 16.9
    roll_deg: float = -28.4
    base_y_cm: float = -1.38
    rv_wall_cm: float = 0.336
    fibre_cm_ms: float = 0.0611
    transverse_cm_ms: float = 0.0402
    lv_endo_cm_ms: float = 0.0875
    rv_endo_cm_ms: float = 0.169
    roots: tuple[tuple[str, Root], ...] = (
        ("septal", Root(site="lv", height=0.495, theta_deg=33.7, delay_ms=0.0)),
        ("anterior", Root(site="lv", height=0.683, theta_deg=-124.1, delay_ms=13.4)),
        ("posterior", Root(site="lv", height=0.367, theta_deg=95.2, delay_ms=12.5)),
        ("anterolateral", Root(site="lv", height=0.391, theta_deg=-80.6, delay_ms=12.9)),
        ("posterolateral", Root(site="lv", height=0.564, theta_deg=163.0, delay_ms=14.0)),
        ("right_septal", Root(site="septal", height=0.581, theta_deg=23.1, delay_ms=10.1)),
        ("right", Root(site="rv", height=0.222, theta_deg=15.3, delay_ms=15.9)),
    )
    activation_coupling: float = 0.488
    transmural_ms: float = 22.2
    apicobasal_ms: float = 70.0
    anteroposterior_ms: float = 14.7
    septolateral_ms: float = -11.9
    rv_ms: float = -19.9
    septal_depth: float = 0.0
    strain_apd_ms: float = 22.0
    strain_plateau: float = 0.13
    upstroke_per_ms: float = 0.9
    phase3_slope_per_ms: float = 0.04
    notch_endo: float = 0.0427
    notch_ms: float = 97.8
    blood_ratio: float = 3.0


ELECTRICAL_FIELDS = (
    "apd_ms", "gradient_scale", "plateau_slope_per_ms", "phase3_factor", "notch_epi", "notch_rv",
    "notch_log_per_decade", "gain_log_per_decade", "gain_log",
)  # fmt: skip
"""Fields of `SexNorms` by which the hearts of the sexes differ electrically, whatever their size."""
