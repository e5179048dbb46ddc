"""A virtual patient by hand: a few dials, each of them one mechanism, around the typical man or woman of a cohort.

Whatever no dial sets is the middle of the law that a cohort draws it from. **A dial moves nothing but what it names**:
a thicker wall brings no strain, no slower conduction and no other lie of the heart, though in a cohort it does
(`presets.Couplings`); sex changes chest, lie, strength of the sources and repolarisation, and leaves the size of the
heart alone.
"""

from dataclasses import dataclass, replace

from elvmass_core.domain import Sex
from elvmass_core.errors import CohortError
from elvmass_core.virtual.anatomy import HeartPose, HeartShape, mass_of_wall_g
from elvmass_core.virtual.blocks import LAFB, LBBB, RBBB, RV_ROOTS, Block
from elvmass_core.virtual.body import Body, HeartSize, reference_size
from elvmass_core.virtual.chest_sampling import draw_pose, draw_torso
from elvmass_core.virtual.heart_sampling import draw_conduction, draw_repolarisation, draw_shape, draw_source
from elvmass_core.virtual.middle import middle
from elvmass_core.virtual.norms import SexNorms
from elvmass_core.virtual.patient import VirtualPatient
from elvmass_core.virtual.presets import CohortPreset, preset_named
from elvmass_core.virtual.recording_sampling import draw_atria, draw_recorder, draw_rhythm
from elvmass_core.virtual.torso import Placement, TorsoShape

PRESET = "taiwan-like"
"""Whose laws give the middle: those of the patients behind the shipped weights."""
_USUAL_PRESSURE_MMHG = 127.0
_CM_PER_MM = 0.1

NO_BLOCK = "none"
BLOCKS = {
    NO_BLOCK: (Block(name=NO_BLOCK), "normal"),
    "lafb": (LAFB, "left anterior fascicular block"),
    "irbbb": (Block(name="irbbb", delays_ms=dict.fromkeys(RV_ROOTS, 13.0)), "incomplete right bundle branch block"),
    "rbbb": (RBBB, "right bundle branch block"),
    "lbbb": (LBBB, "left bundle branch block"),
}
"""Name → what it does, and in words; the delay of the incomplete block is the middle of its law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One number that can be turned.

    Parameters
    ----------
    name : str
        Field of `Dials`.
    words, unit : str
        For people.
    low, high, step : float
    group : str
        "person", "heart" or "electrodes".
    mechanism : str
        What it does to the ECG's cause, in a sentence.
    """

    name: str
    words: str
    unit: str
    low: float
    high: float
    step: float
    group: str
    mechanism: str


DIALS = (
    Dial(
        name="age_years", words="Age", unit="years", low=30, high=85, step=1, group="person",
        mechanism="Older hearts lie more horizontal, conduct a little slower, repolarise with flatter T waves.",
    ),
    Dial(
        name="height_cm", words="Height", unit="cm", low=145, high=195, step=1, group="person",
        mechanism="Scales the trunk and moves the electrodes with it; the heart keeps its size.",
    ),
    Dial(
        name="weight_kg", words="Weight", unit="kg", low=40, high=130, step=1, group="person",
        mechanism="More fat under the electrodes, a wider trunk, a higher diaphragm, a more horizontal heart; the "
        "heart keeps its size.",
    ),
    Dial(
        name="septum_mm", words="Septum", unit="mm", low=5.0, high=18.0, step=0.5, group="heart",
        mechanism="Thickness of the septum half way down; it adds muscle, and muscle is mass.",
    ),
    Dial(
        name="free_wall_mm", words="Free wall", unit="mm", low=5.0, high=18.0, step=0.5, group="heart",
        mechanism="Thickness of the wall opposite the septum; it adds muscle, and muscle is mass.",
    ),
    Dial(
        name="cavity_ml", words="Cavity", unit="mL", low=60, high=220, step=5, group="heart",
        mechanism="End-diastolic volume of the left ventricle: the same walls around more blood are more muscle.",
    ),
    Dial(
        name="tilt_deg", words="More vertical", unit="°", low=-30, high=30, step=2, group="heart",
        mechanism="How the heart lies against what is usual in this body: negative is more horizontal, positive more "
        "vertical.",
    ),
    Dial(
        name="turn_deg", words="Apex to the left", unit="°", low=-20, high=30, step=2, group="heart",
        mechanism="Turn about the body's axis (clockwise seen from below), from what is usual: positive points to the "
        "left arm, negative to the front.",
    ),
    Dial(
        name="strain", words="Strain", unit="", low=0.0, high=1.6, step=0.1, group="heart",
        mechanism="Repolarisation of a burdened wall, 0 none to 1.6 marked: ST sinks, T turns. No muscle is added.",
    ),
    Dial(
        name="v12_up_cm", words="V1, V2 higher", unit="cm", low=-2.5, high=5.0, step=0.5, group="electrodes",
        mechanism="V1 and V2 above their place (2.5 cm are about one intercostal space); V3 goes half the way.",
    ),
    Dial(
        name="v46_up_cm", words="V4–V6 higher", unit="cm", low=-5.0, high=5.0, step=0.5, group="electrodes",
        mechanism="V4, V5 and V6 above their place; V3 goes half the way.",
    ),
    Dial(
        name="fat_cm", words="Extra fat layer", unit="cm", low=0.0, high=2.5, step=0.1, group="electrodes",
        mechanism="Fat under the skin beyond what is usual at this weight: electrodes are further from the heart.",
    ),
    Dial(
        name="noise", words="Noise", unit="× usual", low=0.0, high=8.0, step=0.5, group="electrodes",
        mechanism="Muscle, baseline and mains in the recording, against a usual one. It never changes the heart.",
    ),
)  # fmt: skip
"""Every number that can be turned, in the order of the page; sex and conduction are choices."""
DIAL = {dial.name: dial for dial in DIALS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """Where every dial stands.

    Parameters
    ----------
    sex : Sex
        Female or male.
    conduction : str
        A key of `BLOCKS`.
    rv_ml : float
        Volume of the right ventricle; without a dial, so that it changes with no other.

    The other fields are those of `DIALS`.

    Raises
    ------
    CohortError
        A value is outside its dial, or the conduction or the sex has no model.
    """

    sex: Sex
    age_years: int
    height_cm: int
    weight_kg: int
    septum_mm: float
    free_wall_mm: float
    cavity_ml: int
    rv_ml: float
    fat_cm: float = 0.0
    tilt_deg: int = 0
    turn_deg: int = 0
    strain: float = 0.0
    conduction: str = NO_BLOCK
    v12_up_cm: float = 0.0
    v46_up_cm: float = 0.0
    noise: float = 1.0

    def __post_init__(self) -> None:
        for dial in DIALS:
            value = getattr(self, dial.name)
            if not dial.low <= value <= dial.high:
                raise CohortError(f"{dial.words} is {value:g} {dial.unit}: choose {dial.low:g} to {dial.high:g}.")
        if self.conduction not in BLOCKS:
            raise CohortError(f"There is no conduction {self.conduction!r}: choose one of {', '.join(BLOCKS)}.")
        if self.sex is Sex.UNKNOWN:
            raise CohortError("A virtual patient is a man or a woman: there is no trunk of unknown sex.")

    @property
    def shape(self) -> HeartShape:
        """The ventricles; the mass follows from walls and cavity."""
        septum, free_wall = _CM_PER_MM * self.septum_mm, _CM_PER_MM * self.free_wall_mm
        lean = (septum - free_wall) / (septum + free_wall)
        body = self._body
        usual = draw_shape(middle(), _preset(), body, reference_size(body))
        shape = replace(usual, edv_ml=float(self.cavity_ml), rvedv_ml=self.rv_ml, septal_asymmetry=lean)
        return replace(shape, lvm_g=mass_of_wall_g(shape, 0.5 * (septum + free_wall)))

    @property
    def _body(self) -> Body:
        norms = _norms(self.sex)
        return Body(
            sex=self.sex, norms=norms, age_years=float(self.age_years), height_cm=float(self.height_cm),
            bmi=self.weight_kg / (0.01 * self.height_cm) ** 2, pressure_mmhg=_USUAL_PRESSURE_MMHG,
        )  # fmt: skip


TYPICAL = {
    Sex.MALE: Dials(
        sex=Sex.MALE, age_years=58, height_cm=168, weight_kg=71, septum_mm=9.0, free_wall_mm=8.0, cavity_ml=110,
        rv_ml=126.0,
    ),
    Sex.FEMALE: Dials(
        sex=Sex.FEMALE, age_years=60, height_cm=157, weight_kg=59, septum_mm=7.5, free_wall_mm=6.5, cavity_ml=90,
        rv_ml=101.0,
    ),
}  # fmt: skip
"""The means of `norms.MEN` and `norms.WOMEN`, rounded to the steps of the dials; a test holds them together."""


def virtual_patient(dials: Dials) -> VirtualPatient:
    """The patient that the dials describe.

    Parameters
    ----------
    dials : Dials

    Returns
    -------
    VirtualPatient
        Without any chance: the same dials give the same patient. ``lvm_measured_g`` is the true mass.
    """
    preset, body, still = _preset(), dials._body, middle()
    size, shape = reference_size(body), dials.shape
    torso, placement = draw_torso(still, preset, body)
    rhythm = draw_rhythm(
        still, preset.rhythm, rate_bpm=body.norms.rate_bpm, rate_sd_bpm=preset.nuisance.rate_sd_bpm,
        decades=body.decades, is_man=dials.sex is Sex.MALE,
    )  # fmt: skip
    repolarisation = draw_repolarisation(still, preset, body, size, rhythm.rate_bpm)
    return VirtualPatient(
        sex=dials.sex, age_years=body.age_years, height_cm=body.height_cm, weight_kg=float(dials.weight_kg),
        heart=shape,
        pose=_pose(dials, preset, body, size, torso),
        torso=_fatter(torso, dials.fat_cm),
        placement=_placed(placement, dials),
        conduction=draw_conduction(still, preset, body, size, BLOCKS[dials.conduction][0]),
        repolarisation=replace(repolarisation, strain=dials.strain),
        atria=draw_atria(still, preset.atria, decades=body.decades),
        source=draw_source(still, preset, body, size),
        rhythm=rhythm,
        recorder=replace(draw_recorder(still, preset.recorder), noise_scale=dials.noise),
        lvm_true_g=shape.lvm_g,
        lvm_measured_g=shape.lvm_g,
        block=dials.conduction,
    )  # fmt: skip


def _preset() -> CohortPreset:
    return preset_named(PRESET)


def _norms(sex: Sex) -> SexNorms:
    preset = _preset()
    return preset.women if sex is Sex.FEMALE else preset.men


def _pose(dials: Dials, preset: CohortPreset, body: Body, size: HeartSize, torso: TorsoShape) -> HeartPose:
    """The usual lie in this body, turned by hand; more fat leaves the heart where it is behind the ribs."""
    usual = draw_pose(middle(), preset, body, size, torso)
    return replace(
        usual, elevation_deg=usual.elevation_deg + dials.tilt_deg, azimuth_deg=usual.azimuth_deg + dials.turn_deg,
        clearance_cm=usual.clearance_cm + dials.fat_cm,
    )  # fmt: skip


def _fatter(torso: TorsoShape, fat_cm: float) -> TorsoShape:
    """The same rib cage under more fat; heart and lungs stay where they are."""
    return replace(
        torso, fat_cm=torso.fat_cm + fat_cm, half_width_cm=torso.half_width_cm + fat_cm,
        half_depth_cm=torso.half_depth_cm + fat_cm,
    )  # fmt: skip


def _placed(placement: Placement, dials: Dials) -> Placement:
    """Electrodes on their anatomical sites but for what the dials say; V3 lies half way, as in `draw_torso`."""
    sternal, lateral = dials.v12_up_cm, dials.v46_up_cm
    heights = (sternal, sternal, 0.5 * (sternal + lateral), lateral, lateral, lateral)
    return replace(placement, shift_x_cm=(0.0,) * 6, shift_z_cm=heights)
