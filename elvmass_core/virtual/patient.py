"""A virtual patient: every physical parameter that the ECG follows from, as frozen, hashable data.

Change one thing with `dataclasses.replace`; `elvmass_core.virtual.simulate_beat` then redraws the ECG.
"""

from dataclasses import dataclass

from elvmass_core.domain import Sex
from elvmass_core.units import body_mass_index, body_surface_area_m2
from elvmass_core.virtual.activation import Conduction
from elvmass_core.virtual.anatomy import HeartPose, HeartShape
from elvmass_core.virtual.repolarisation import Repolarisation
from elvmass_core.virtual.torso import Placement, TorsoShape


@dataclass(frozen=True, slots=True, kw_only=True)
class Atria:
    """Two atrial dipoles.

    ``pr_ms`` is the P onset-to-QRS interval, ``amplitude`` scales both, ``left_share`` the left one over the right.
    """

    pr_ms: float
    amplitude: float
    left_share: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Sinus rhythm: mean rate, share of the RR interval that breathing moves, breaths per second."""

    rate_bpm: float
    respiratory_share: float
    breathing_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """How noisy the recording is (1 usual) and the frequency of the mains."""

    noise_scale: float
    mains_hz: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPatient:
    """One virtual patient.

    Parameters
    ----------
    sex, age_years, height_cm, weight_kg
        What a network may know.
    heart, pose, torso, placement, conduction, repolarisation, atria, source, rhythm, recorder
        The physics, one stage each. ``heart.lvm_g`` is the true LV mass.
    lvm_measured_g : float
        True mass with the error of its reader.
    block : str
        "none", "lafb" (left anterior fascicular) or "irbbb" (incomplete right bundle branch block).
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
