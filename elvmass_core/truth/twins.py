"""Twins: a virtual patient, and the same one with a single mechanism changed. Noise and heartbeats stay the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from elvmass_core.domain import Beat, Features, Patient, Recording, Sex
from elvmass_core.errors import BeatError, CohortError
from elvmass_core.features import measure
from elvmass_core.signal import extract_beat
from elvmass_core.virtual import sample_patient, simulate_beat, simulate_recording
from elvmass_core.virtual.patient import RhythmKind, VirtualPatient
from elvmass_core.virtual.recording import RECORDING_FS_HZ

PRESET = "taiwan-like"
MORE_MASS = 1.25
MORE_STRAIN = 0.6
LESS_TRANSMURAL_MS = 20.0
HIGHER_CM = 2.5
MORE_FAT_CM = 1.0
"""How much of each mechanism is changed: large enough to be seen in the ECG, small enough to occur."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """What is changed, in words, and how; the rows and segments it must act on, None where it acts on all."""

    words: str
    change: Callable[[VirtualPatient], VirtualPatient]
    rows: frozenset[str] | None = None
    segments: frozenset[str] | None = None

    def acts_on(self, row: str, segment: str) -> bool:
        """Whether the mechanism must change this cell: known from what it is, not from any ECG."""
        return (self.rows is None or row in self.rows) and (self.segments is None or segment in self.segments)

    @property
    def is_local(self) -> bool:
        """Whether it leaves cells out, so that there is a place to find."""
        return self.rows is not None or self.segments is not None


def _more_mass(patient: VirtualPatient) -> VirtualPatient:
    mass = MORE_MASS * patient.heart.lvm_g
    return replace(patient, heart=replace(patient.heart, lvm_g=mass), lvm_true_g=MORE_MASS * patient.lvm_true_g)


def _more_strain(patient: VirtualPatient) -> VirtualPatient:
    strain = patient.repolarisation.strain + MORE_STRAIN
    return replace(patient, repolarisation=replace(patient.repolarisation, strain=strain))


def _less_transmural(patient: VirtualPatient) -> VirtualPatient:
    transmural = patient.repolarisation.transmural_ms - LESS_TRANSMURAL_MS
    return replace(patient, repolarisation=replace(patient.repolarisation, transmural_ms=transmural))


def _higher_electrodes(patient: VirtualPatient) -> VirtualPatient:
    first, second, *others = patient.placement.shift_z_cm
    shift = (first + HIGHER_CM, second + HIGHER_CM, *others)
    return replace(patient, placement=replace(patient.placement, shift_z_cm=shift))


def _more_fat(patient: VirtualPatient) -> VirtualPatient:
    """A thicker layer over the same ribs: the heart stays behind them instead of following the skin outwards."""
    torso, pose = patient.torso, patient.pose
    return replace(
        patient,
        torso=replace(
            torso,
            fat_cm=torso.fat_cm + MORE_FAT_CM,
            half_width_cm=torso.half_width_cm + MORE_FAT_CM,
            half_depth_cm=torso.half_depth_cm + MORE_FAT_CM,
        ),
        pose=replace(pose, clearance_cm=pose.clearance_cm + MORE_FAT_CM),
    )


_ST_T = frozenset({"ST", "T"})
MECHANISMS: Mapping[str, Mechanism] = {
    "mass": Mechanism(words=f"LV mass × {MORE_MASS:g}, the same cavity", change=_more_mass, segments=_ST_T | {"QRS"}),
    "strain": Mechanism(words=f"strain + {MORE_STRAIN:g}, the same mass", change=_more_strain, segments=_ST_T),
    "transmural": Mechanism(
        words=f"action potentials across the wall {LESS_TRANSMURAL_MS:g} ms more alike",
        change=_less_transmural,
        segments=_ST_T,
    ),
    "electrode height": Mechanism(
        words=f"V1 and V2 put on {HIGHER_CM:g} cm higher", change=_higher_electrodes, rows=frozenset({"V1", "V2"})
    ),
    "fat": Mechanism(words=f"{MORE_FAT_CM:g} cm more fat under every electrode", change=_more_fat),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A virtual patient as an upload would show it."""

    beat: Beat
    features: Features
    lvm_true_g: float


def draw_patient(seed: int, index: int, sex: Sex) -> VirtualPatient:
    """A patient of this sex in undisturbed sinus rhythm without a block; the first such of the stream."""
    rng = np.random.default_rng([seed, index])
    while True:
        patient = sample_patient(rng, PRESET, sex=sex)
        if patient.rhythm.kind is RhythmKind.SINUS and patient.block == "none" and patient.conduction.scar is None:
            return patient


def see(patient: VirtualPatient, seed: int, index: int, noise: int = 0) -> Seen | None:
    """Recording of 10 s, averaged beat and measurements; None when a step refuses.

    Parameters
    ----------
    noise : int
        Another number is another stream of heartbeats and noise.
    """
    try:
        beat = simulate_beat(patient)
        signal = simulate_recording(patient, np.random.default_rng([seed, index, 1, noise]), beat=beat)
        averaged = extract_beat(Recording(signal_mv=signal, fs_hz=RECORDING_FS_HZ, format="simulated"))
    except (CohortError, BeatError):
        return None
    return Seen(beat=averaged, features=measure(averaged), lvm_true_g=patient.lvm_true_g)


def person(patient: VirtualPatient) -> Patient:
    """What a form would say of the patient."""
    return Patient(
        sex=patient.sex, age_years=patient.age_years, height_cm=patient.height_cm, weight_kg=patient.weight_kg
    )
