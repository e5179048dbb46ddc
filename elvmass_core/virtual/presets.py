"""Who is in a cohort: sampling parameters as frozen data.

Anatomy and body size come from Asian reference cohorts; electrical parameters were fitted to published means of normal
12-lead ECGs (`ReferenceElectrophysiology`), never to a network's error. "assumed" marks what no source was sought for.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType

from elvmass_core.errors import CohortError
from elvmass_core.virtual.activation import Root

COHORT_VERSION = "0.1"
"""Raised whenever a change can alter a simulated record."""


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


MEN = SexNorms(
    age_mean=58.0, age_sd=11.0, height_cm=168.5, height_sd_cm=6.0, height_cm_per_decade=-1.0, bmi=25.0,
    bmi_log_sd=0.125, reference_bmi=24.8, lvm_g=115.0, edv_ml=110.0, rvedv_ml=126.0, lvm_log_per_decade=-0.005,
    eccentric=0.45, mass_to_volume=1.08,
    rib_half_width_cm=15.4, rib_half_depth_cm=10.0, fat_cm=0.9, fat_cm_per_bmi=0.11, top_cm=18.0, bottom_cm=-36.0,
    sternal_x_cm=2.3, mid_x_cm=8.5, apical_z_cm=-3.2, breast_cm=0.0, base_x_cm=1.80, base_z_cm=1.05,
    elevation_offset_deg=0.0, lateral_shift_cm=-0.2, rate_bpm=66.0, apd_ms=304.0, gradient_scale=1.0,
    plateau_slope_per_ms=0.0143, phase3_factor=1.0, notch_epi=0.050, notch_rv=0.099,
)  # fmt: skip
WOMEN = SexNorms(
    age_mean=60.0, age_sd=10.5, height_cm=156.8, height_sd_cm=5.5, height_cm_per_decade=-1.2, bmi=23.8,
    bmi_log_sd=0.145, reference_bmi=23.8, lvm_g=83.0, edv_ml=92.0, rvedv_ml=101.0, lvm_log_per_decade=0.02,
    eccentric=0.15, mass_to_volume=0.93,
    rib_half_width_cm=13.0, rib_half_depth_cm=8.7, fat_cm=1.3, fat_cm_per_bmi=0.12, top_cm=16.8, bottom_cm=-33.0,
    sternal_x_cm=2.0, mid_x_cm=7.6, apical_z_cm=-3.0, breast_cm=1.5, base_x_cm=1.50, base_z_cm=1.45,
    elevation_offset_deg=2.0, lateral_shift_cm=-0.6, rate_bpm=68.0, apd_ms=324.0, gradient_scale=0.85,
    plateau_slope_per_ms=0.0115, phase3_factor=0.9, notch_epi=0.024, notch_rv=0.042,
)  # fmt: skip
"""Taiwanese check-up cohorts for body size (assumed close); LV mass and volumes within Asian CT/CMR ranges (men
121–145 g, women 86–108 g); trunk and electrode sites assumed; electrical values fitted to published ECG means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MassLaw:
    """log LV mass = log median + exponents · log(size ratios) + age + residual + hypertrophy.

    ``hypertrophy_share`` of people carry an exponential hypertrophy of scale ``hypertrophy_scale``, more with pressure
    and age. ``flat_range`` replaces residual and hypertrophy by one uniform log deviation.
    """

    height_exponent: float = 1.7
    bmi_exponent: float = 0.75
    residual_log_sd: float = 0.095
    hypertrophy_share: float = 0.20
    hypertrophy_scale: float = 0.17
    log_per_mmhg: float = 0.0022
    flat_range: tuple[float, float] | None = None
    edv_share: float = 0.60
    edv_log_sd: float = 0.11
    rvedv_share: float = 0.55
    rvedv_log_sd: float = 0.12
    reader_log_sd: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Couplings:
    """Every direct path from LV mass to the ECG other than the geometry of the wall; zero switches it off (all
    assumed).

    ``voltage_deficit``, ``slowing`` and ``sphericity`` act per unit of log hypertrophy, ``elevation_deg`` and
    ``strain`` per SD of mass beyond body size (strain: of mass and concentricity, the same law for both sexes).
    """

    voltage_deficit: float = 0.4
    slowing: float = 0.08
    sphericity: float = 0.33
    elevation_deg: float = 1.0
    strain: float = 0.20
    strain_threshold: float = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuisance:
    """Spread of everything that hides the mass (all assumed)."""

    gain_log_sd: float = 0.18
    strength_sd: float = 0.12
    velocity_mode_sd: float = 0.05
    electrode_log_sd: float = 0.07
    velocity_log_sd: float = 0.07
    root_height_sd: float = 0.05
    root_theta_sd_deg: float = 8.0
    root_delay_sd_ms: float = 1.6
    gradient_log_sd: float = 0.20
    gradient_sd_ms: float = 4.0
    azimuth_sd_deg: float = 6.0
    elevation_sd_deg: float = 8.0
    roll_sd_deg: float = 8.0
    position_sd_cm: float = 0.6
    placement_sd_cm: float = 1.3
    sternal_too_high_cm: float = 0.6
    other_strain_share: float = 0.07
    rate_sd_bpm: float = 9.5
    noise_log_sd: float = 0.35
    noise_scale: float = 1.0
    lafb_share: float = 0.035
    irbbb_share: float = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceElectrophysiology:
    """Electrical parameters of the average healthy heart, fitted to published means of normal 12-lead ECGs.

    Velocities in cm/ms, angles in degrees, durations in ms; names as in `Conduction`, `Repolarisation` and `HeartPose`.
    ``roots`` names each breakthrough.
    """

    log_gain: float = 3.39
    azimuth_deg: float = 38.1
    elevation_deg: float = 28.0
    roll_deg: float = -22.0
    base_y_cm: float = -0.10
    rv_wall_cm: float = 0.336
    fibre_cm_ms: float = 0.0661
    transverse_cm_ms: float = 0.0431
    lv_endo_cm_ms: float = 0.0940
    rv_endo_cm_ms: float = 0.1221
    roots: tuple[tuple[str, Root], ...] = (
        ("septal", Root(site="lv", height=0.461, theta_deg=4.6, delay_ms=0.0)),
        ("anterior", Root(site="lv", height=0.685, theta_deg=-92.8, delay_ms=3.4)),
        ("posterior", Root(site="lv", height=0.576, theta_deg=71.8, delay_ms=4.8)),
        ("anterolateral", Root(site="lv", height=0.631, theta_deg=-81.9, delay_ms=11.3)),
        ("posterolateral", Root(site="lv", height=0.445, theta_deg=130.2, delay_ms=14.2)),
        ("right_septal", Root(site="septal", height=0.605, theta_deg=5.0, delay_ms=5.5)),
        ("right", Root(site="rv", height=0.338, theta_deg=21.0, delay_ms=14.0)),
    )
    activation_coupling: float = 0.488
    transmural_ms: float = 32.0
    apicobasal_ms: float = 45.0
    anteroposterior_ms: float = 27.2
    septolateral_ms: float = -5.4
    rv_ms: float = -34.0
    septal_depth: float = 0.05
    strain_apd_ms: float = 22.0
    strain_plateau: float = 0.13
    upstroke_per_ms: float = 0.9
    phase3_slope_per_ms: float = 0.0532
    notch_endo: float = 0.0493
    notch_ms: float = 74.8
    blood_ratio: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPreset:
    """Everything `sample_patient` draws from."""

    name: str
    women_share: float = 0.45
    men: SexNorms = MEN
    women: SexNorms = WOMEN
    mass: MassLaw = MassLaw()
    couplings: Couplings = Couplings()
    nuisance: Nuisance = Nuisance()
    reference: ReferenceElectrophysiology = ReferenceElectrophysiology()
    mains_hz: float = 60.0

    @property
    def parameter_sha256(self) -> str:
        """Hash of every number in the preset."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


_SHIFTED_NUISANCE = replace(
    Nuisance(), placement_sd_cm=1.9, sternal_too_high_cm=1.4, noise_scale=1.6, other_strain_share=0.14,
    gain_log_sd=0.22, electrode_log_sd=0.10, lafb_share=0.06, irbbb_share=0.06,
)  # fmt: skip

PRESETS: Mapping[str, CohortPreset] = MappingProxyType(
    {
        "taiwan-like": CohortPreset(name="taiwan-like"),
        "uniform": CohortPreset(
            name="uniform", women_share=0.5, mass=replace(MassLaw(), flat_range=(-0.35, 0.75)),
        ),
        "shifted": CohortPreset(
            name="shifted",
            men=replace(MEN, age_mean=67.0, bmi=27.5, bmi_log_sd=0.16),
            women=replace(WOMEN, age_mean=69.0, bmi=26.8, bmi_log_sd=0.18),
            mass=replace(MassLaw(), hypertrophy_share=0.32, reader_log_sd=0.08),
            nuisance=_SHIFTED_NUISANCE,
            mains_hz=50.0,
        ),
    }
)  # fmt: skip
"""``taiwan-like``: a hospital check-up population. ``uniform``: the same bodies with a flat deviation of LV mass, for
training. ``shifted``: older, heavier, other placement, noise and prevalence, for external validation."""


def preset_named(name: str) -> CohortPreset:
    """The preset of this name; `CohortError` when there is none."""
    if name not in PRESETS:
        raise CohortError(f"There is no cohort preset {name!r}: choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]
