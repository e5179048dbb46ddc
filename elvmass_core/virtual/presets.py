"""Who is in a cohort: presets, the laws that make mass and ECG of its patients, and the variants used as controls.

"assumed" marks what no source was sought for.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.virtual.blocks import BlockNorms
from elvmass_core.virtual.norms import ELECTRICAL_FIELDS, MEN, WOMEN, ReferenceElectrophysiology, SexNorms
from elvmass_core.virtual.recording_norms import AtriaNorms, RecorderNorms, RhythmNorms

COHORT_VERSION = "1.0"
"""Raised whenever a change can alter a simulated record."""


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
    edv_log_sd: float = 0.15
    rvedv_share: float = 0.55
    rvedv_log_sd: float = 0.15
    reader_log_sd: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Couplings:
    """Every direct path from LV mass to the ECG other than the geometry of the wall; zero switches it off (all
    assumed).

    ``voltage_deficit``, ``slowing`` and ``sphericity`` act per unit of log hypertrophy, ``elevation_deg`` and
    ``strain`` per SD of mass beyond body size (strain: of mass and concentricity, the same law for both sexes).
    """

    voltage_deficit: float = 0.1
    slowing: float = 0.02
    sphericity: float = 0.15
    elevation_deg: float = 0.5
    strain: float = 0.15
    strain_threshold: float = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuisance:
    """Spread of everything that hides the mass; where it comes from stands in `sources` and docs/decisions.md."""

    gain_log_sd: float = 0.16
    strength_sd: float = 0.1
    velocity_mode_sd: float = 0.0549
    electrode_log_sd: float = 0.0836
    velocity_log_sd: float = 0.078
    root_height_sd: float = 0.0669
    root_theta_sd_deg: float = 2.48
    root_delay_sd_ms: float = 1.6
    gradient_log_sd: float = 0.0745
    gradient_sd_ms: float = 7.83
    azimuth_sd_deg: float = 8.63
    elevation_sd_deg: float = 7.81
    roll_sd_deg: float = 9.36
    position_sd_cm: float = 0.942
    placement_sd_cm: float = 1.06
    sternal_too_high_cm: float = 0.6
    other_strain_share: float = 0.06
    rate_sd_bpm: float = 9.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortPreset:
    """Everything `sample_patient` draws from.

    With ``reference_heart`` the ECG comes from the average heart of the sex, whatever the LV mass: nothing that depends
    on mass reaches it (the null control). ``women_couplings`` plants a difference between the sexes; None: there is
    none.
    """

    name: str
    women_share: float = 0.45
    men: SexNorms = MEN
    women: SexNorms = WOMEN
    mass: MassLaw = MassLaw()
    couplings: Couplings = Couplings()
    women_couplings: Couplings | None = None
    nuisance: Nuisance = Nuisance()
    blocks: BlockNorms = field(default_factory=BlockNorms)
    reference: ReferenceElectrophysiology = field(default_factory=ReferenceElectrophysiology)
    atria: AtriaNorms = field(default_factory=AtriaNorms)
    rhythm: RhythmNorms = field(default_factory=RhythmNorms)
    recorder: RecorderNorms = field(default_factory=RecorderNorms)

    reference_heart: bool = False

    @property
    def parameter_sha256(self) -> str:
        """Hash of every number in the preset; what is absent (None) leaves no trace in it."""
        stated = {name: value for name, value in asdict(self).items() if value is not None}
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()

    def couplings_of(self, sex: Sex) -> Couplings:
        """The paths from LV mass to the ECG in this sex."""
        return self.women_couplings if sex is Sex.FEMALE and self.women_couplings is not None else self.couplings


_SHIFTED_NUISANCE = replace(
    Nuisance(), placement_sd_cm=1.9, sternal_too_high_cm=1.4, other_strain_share=0.14,
    gain_log_sd=0.22, electrode_log_sd=0.10,
)  # fmt: skip

_SHIFTED_BLOCKS = BlockNorms(
    lafb=(0.055, 0.040), irbbb=(0.06, 0.035), rbbb=(0.04, 0.02), lbbb=(0.010, 0.010), scar=(0.05, 0.02)
)
_SHIFTED_RHYTHM = replace(
    RhythmNorms(), fibrillation_share=0.025, premature_atrial_share=0.05, premature_ventricular_share=0.035,
)  # fmt: skip
_SHIFTED_RECORDER = replace(
    RecorderNorms(), noise_scale=1.5, motion_share=0.25, mains_hz=50.0, mains_uv=1.0,
    high_pass_hz=((0.05, 0.65), (0.5, 0.35)), low_pass_hz=((150.0, 0.25), (100.0, 0.35), (40.0, 0.40)),
    resolution_uv=((1.0, 0.40), (2.5, 0.35), (5.0, 0.25)),
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
            blocks=_SHIFTED_BLOCKS,
            rhythm=_SHIFTED_RHYTHM,
            recorder=_SHIFTED_RECORDER,
        ),
    }
)  # fmt: skip
"""``taiwan-like``: a hospital check-up population. ``uniform``: the same bodies with a flat deviation of LV mass, for
training. ``shifted``: older, heavier, other placement, noise and prevalence, for external validation."""


def _sex_neutral(preset: CohortPreset) -> CohortPreset:
    """Both sexes get the mean of their electrical parameters."""
    mean = {name: 0.5 * (getattr(preset.men, name) + getattr(preset.women, name)) for name in ELECTRICAL_FIELDS}
    return replace(preset, men=replace(preset.men, **mean), women=replace(preset.women, **mean))


def _sex_swapped(preset: CohortPreset) -> CohortPreset:
    """Each sex gets the electrical parameters of the other."""
    men = {name: getattr(preset.men, name) for name in ELECTRICAL_FIELDS}
    women = {name: getattr(preset.women, name) for name in ELECTRICAL_FIELDS}
    return replace(preset, men=replace(preset.men, **women), women=replace(preset.women, **men))


def _without_strain(preset: CohortPreset) -> CohortPreset:
    """No strain from hypertrophy; that from other causes stays."""
    return replace(preset, couplings=replace(preset.couplings, strain=0.0))


PLANTED_STRAIN = 0.6
"""Strain per SD of what it grows with where a sex difference is planted: four times the usual, from the average heart
up. Large on purpose: a positive control must be possible to find."""


def _with_strain_in(preset: CohortPreset, planted: Sex) -> CohortPreset:
    """Strain follows the mass of this sex closely, and not at all the mass of the other."""
    none = replace(preset.couplings, strain=0.0)
    strong = replace(preset.couplings, strain=PLANTED_STRAIN, strain_threshold=0.0)
    men, women = (strong, none) if planted is Sex.MALE else (none, strong)
    return replace(preset, couplings=men, women_couplings=women)


def _with_less_information(preset: CohortPreset, *, spread: float, couplings: float) -> CohortPreset:
    """Widen what hides the mass and weaken what carries it beyond the geometry of the wall."""
    nuisance, carried = preset.nuisance, preset.couplings
    wider = {name: spread * getattr(nuisance, name) for name in _HIDING_FIELDS}
    weaker = {name: couplings * getattr(carried, name) for name in ("slowing", "sphericity", "elevation_deg", "strain")}
    return replace(preset, nuisance=replace(nuisance, **wider), couplings=replace(carried, **weaker))


_HIDING_FIELDS = (
    "gain_log_sd", "strength_sd", "electrode_log_sd", "velocity_mode_sd", "velocity_log_sd", "root_height_sd",
    "root_theta_sd_deg", "root_delay_sd_ms", "gradient_log_sd", "gradient_sd_ms", "azimuth_sd_deg", "elevation_sd_deg",
    "roll_sd_deg", "position_sd_cm", "placement_sd_cm",
)  # fmt: skip

VARIANTS: Mapping[str, Callable[[CohortPreset], CohortPreset]] = MappingProxyType(
    {
        "central": lambda preset: _with_less_information(preset, spread=1.5, couplings=0.5),
        "sparse": lambda preset: _with_less_information(preset, spread=2.2, couplings=0.0),
        "null": lambda preset: replace(preset, reference_heart=True),
        "no-strain": _without_strain,
        "sex-neutral": _sex_neutral,
        "sex-swapped": _sex_swapped,
        "strain-in-men": lambda preset: _with_strain_in(preset, Sex.MALE),
        "strain-in-women": lambda preset: _with_strain_in(preset, Sex.FEMALE),
    }
)
"""What "preset@variant" changes: the worlds in which the ECG knows less of mass (a preset as it is, is the rich one),
and the controls of docs/protocol.md. A variant that changes `couplings` comes before "strain-in-men"."""


def preset_named(name: str) -> CohortPreset:
    """The preset of this name, for example "taiwan-like" or "taiwan-like@null"; `CohortError` when there is none."""
    base, *variants = name.split("@")
    if base not in PRESETS:
        raise CohortError(f"There is no cohort preset {base!r}: choose one of {', '.join(PRESETS)}.")
    preset = PRESETS[base]
    for variant in variants:
        if variant not in VARIANTS:
            raise CohortError(f"There is no variant {variant!r} of a preset: choose one of {', '.join(VARIANTS)}.")
        preset = VARIANTS[variant](preset)
    return replace(preset, name=name)
