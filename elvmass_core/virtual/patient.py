"""A virtual patient: every physical parameter that the ECG follows from, as frozen, hashable data.

Change one thing with `dataclasses.replace`; `elvmass_core.virtual.simulate_beat` then redraws the ECG.
"""

from dataclasses import dataclass
from enum import StrEnum

from elvmass_core.domain import Sex
from elvmass_core.units import body_mass_index, body_surface_area_m2
from elvmass_core.virtual.activation import Conduction, Root
from elvmass_core.virtual.anatomy import HeartPose, HeartShape
from elvmass_core.virtual.repolarisation import Repolarisation
from elvmass_core.virtual.torso import Placement, TorsoShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Atria:
    """Two atria, a dipole each; nothing here or in their strength depends on LV mass.

    Parameters
    ----------
    pr_ms : float
        P onset to QRS onset.
    amplitude : float
        Strength of both.
    left_share : float
        Strength of the left atrium over its usual share.
    duration_ms : float
        Of the P wave.
    turns_deg : tuple of 4 floats
        How far the dipole of the right and of the left atrium points further back and further down than usual.
    fibrillation_hz, fibrillation_amplitude : float
        Dominant frequency and size of the f waves, should they fibrillate.
    """

    pr_ms: float
    amplitude: float
    left_share: float
    duration_ms: float = 114.0
    turns_deg: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    fibrillation_hz: float = 6.2
    fibrillation_amplitude: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """From membrane voltage to millivolts.

    Parameters
    ----------
    gain : float
        Strength of the double layer in mV (with lengths in cm); absorbs the torso's conductivity.
    blood_ratio : float
        Conductivity of blood over the surrounding tissue.
    strength_modes : tuple of 7 floats
        Smooth regional log-deviations of source strength, see `activation.regional_modes`.
    electrode_gains : tuple of 9 floats
        What an inhomogeneous torso does to single electrodes.
    """

    gain: float
    blood_ratio: float
    strength_modes: tuple[float, ...]
    electrode_gains: tuple[float, ...]


class RhythmKind(StrEnum):
    """Who leads the heart during the recording."""

    SINUS = "sinus"
    PREMATURE_ATRIAL = "premature_atrial"
    PREMATURE_VENTRICULAR = "premature_ventricular"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When the heart beats.

    Parameters
    ----------
    rate_bpm : float
        Mean rate without premature beats.
    respiratory_share : float
        Share of the RR interval that breathing moves to either side.
    breathing_hz : float
    kind : RhythmKind
    slow_share, beat_share : float
        The same for the slow (0.1 Hz) wave, and SD of the random part.
    irregularity : float
        SD over mean of the RR intervals in atrial fibrillation.
    n_premature : int
        Premature beats in 10 s.
    coupling : float
        RR before a premature beat over the usual one.
    ectopic_axis : (float, float, float)
        Unit vector that the P wave of a premature atrial beat points along.
    ectopic_root : Root or None
        Where premature ventricular beats start.
    """

    rate_bpm: float
    respiratory_share: float
    breathing_hz: float
    kind: RhythmKind = RhythmKind.SINUS
    slow_share: float = 0.014
    beat_share: float = 0.0065
    irregularity: float = 0.0
    n_premature: int = 0
    coupling: float = 0.7
    ectopic_axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    ectopic_root: Root | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Noise at the electrodes, and the device.

    Parameters
    ----------
    noise_scale : float
        Scales all noise; 0 is silence.
    mains_hz : float
    muscle_uv, amplifier_uv, wander_uv, breathing_uv : float
        RMS at a median electrode.
    mains_uv : float
        Amplitude of what is left of the mains.
    motion_uv : float
        Jump of an electrode that moves; 0 when all stick.
    high_pass_hz, low_pass_hz : float
        Band of the device.
    resolution_uv : float
        Step of the measured leads.
    """

    noise_scale: float
    mains_hz: float
    muscle_uv: float = 3.0
    amplifier_uv: float = 1.0
    wander_uv: float = 25.0
    breathing_uv: float = 20.0
    mains_uv: float = 0.5
    motion_uv: float = 0.0
    high_pass_hz: float = 0.05
    low_pass_hz: float = 150.0
    resolution_uv: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPatient:
    """One virtual patient.

    Parameters
    ----------
    sex, age_years, height_cm, weight_kg
        What a network may know.
    heart, pose, torso, placement, conduction, repolarisation, atria, source, rhythm, recorder
        The physics, one stage each. ``heart.lvm_g`` is the mass that the ECG comes from.
    lvm_true_g : float
        LV mass; that of ``heart`` except in the null control, whose ECG comes from the average heart.
    lvm_measured_g : float
        True mass with the error of its reader.
    block : str
        "none", "lafb" (left anterior fascicular), "irbbb" (incomplete right), "rbbb" or "lbbb" (bundle branch block).
    """

    sex: Sex
    age_years: float
    height_cm: float
    weight_kg: float
    heart: HeartShape
    pose: HeartPose
    torso: TorsoShape
    placement: Placement
    conduction: Conduction
    repolarisation: Repolarisation
    atria: Atria
    source: Source
    rhythm: Rhythm
    recorder: Recorder
    lvm_true_g: float
    lvm_measured_g: float
    block: str

    @property
    def bsa_m2(self) -> float:
        """Body surface area (DuBois) in m²."""
        return body_surface_area_m2(self.height_cm, self.weight_kg)

    @property
    def bmi_kg_m2(self) -> float:
        """Body mass index."""
        return body_mass_index(self.height_cm, self.weight_kg)
