"""One noise-free 12-lead beat of a virtual patient: anatomy → activation → recovery → sources → torso → leads."""

from dataclasses import dataclass, replace

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.errors import CohortError
from elvmass_core.virtual.activation import activation_times_ms, regional_modes
from elvmass_core.virtual.anatomy import BASE_COSINE, Heart, area_vectors, build_heart, place
from elvmass_core.virtual.atria import atrial_leads, p_wave_mv
from elvmass_core.virtual.blood import BloodSpheroid
from elvmass_core.virtual.lungs import HeartSpace
from elvmass_core.virtual.mesh import IntArray, reference_mesh
from elvmass_core.virtual.patient import RhythmKind, VirtualPatient
from elvmass_core.virtual.repolarisation import membrane_voltage, recovery_times_ms
from elvmass_core.virtual.scar import follow_living
from elvmass_core.virtual.torso import Torso, front_point, solve_torso

BEAT_STEP_MS = 2.0
BEFORE_MS, AFTER_MS = 300.0, 680.0
"""Beat window around QRS onset: holds a PR of 230 ms and a QT of 600 ms."""
_UPSTROKE_LEAD_MS = 10.0
_TAPER_START_MS, _TAPER_END_MS = 20.0, 80.0
_CLEARANCE_EVERY = 3
_STRENGTH_LIMITS = (-0.7, 0.7)
RIGHT_ARM, LEFT_ARM, LEFT_LEG = 6, 7, 8
_RETROGRADE = 0.85
"""Velocity of the fast subendocardial layer in a premature ventricular beat over the usual one (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedBeat:
    """A noise-free beat and the geometry it came from.

    Parameters
    ----------
    signal_mv : array (12, n_times)
        Standard lead order; zero at both ends.
    ventricular_mv, atrial_mv : arrays (9, n_times)
        Potentials of V1–V6, RA, LA, LL from the ventricles and from the atria (zero when those fibrillate).
    times_ms : array (n_times,)
        Every 2 ms; 0 is the QRS onset.
    qrs_onset_ms, qrs_ms : float
        Onset on the time axis, and duration of ventricular activation.
    activation_ms, recovery_ms : arrays (n_nodes,)
    heart_points_cm, heart_triangles : arrays (n_nodes, 3), (n_triangles, 3)
        The heart in the torso; same node order as the times.
    electrodes_cm : array (9, 3)
    torso_points_cm, torso_triangles : arrays (882, 3), (1760, 3)
    wall_mm : float
        Nominal LV wall thickness.
    atrial_leads, ventricular_leads : arrays (9, 2, 3), (9, 3)
        Potential of each electrode for a unit dipole in each atrium, and for one in the middle of the ventricles.
    """

    signal_mv: FloatArray
    ventricular_mv: FloatArray
    atrial_mv: FloatArray
    times_ms: FloatArray
    qrs_onset_ms: float
    qrs_ms: float
    activation_ms: FloatArray
    recovery_ms: FloatArray
    heart_points_cm: FloatArray
    heart_triangles: IntArray
    electrodes_cm: FloatArray
    torso_points_cm: FloatArray
    torso_triangles: IntArray
    wall_mm: float
    atrial_leads: FloatArray
    ventricular_leads: FloatArray

    @property
    def electrode_mv(self) -> FloatArray:
        """Potentials of V1–V6, RA, LA, LL, shape (9, n_times)."""
        return self.ventricular_mv + self.atrial_mv


def simulate_beat(patient: VirtualPatient) -> SimulatedBeat:
    """Simulate one beat.

    Parameters
    ----------
    patient : VirtualPatient

    Returns
    -------
    SimulatedBeat

    Raises
    ------
    CohortError
        No heart meets the prescribed mass and volumes.
    """
    return _beat(patient)


def simulate_ectopic_beat(patient: VirtualPatient, usual: SimulatedBeat) -> SimulatedBeat:
    """Simulate one premature ventricular beat, without a P wave.

    Activation starts at `Rhythm.ectopic_root` alone; the fast layer is slower, as it is entered late and against its
    direction. Every cell keeps the duration of its action potential in the usual beat, as it adapts over many beats
    only; the T wave therefore follows the foreign sequence.

    Parameters
    ----------
    patient : VirtualPatient
    usual : SimulatedBeat
        What `simulate_beat` gave for this patient; its torso is remembered.

    Raises
    ------
    CohortError
        The patient has no ectopic root.
    """
    root = patient.rhythm.ectopic_root
    if root is None:
        raise CohortError("The patient has no premature ventricular beats: give the rhythm an ectopic_root.")
    usual_way = patient.conduction
    conduction = replace(
        usual_way, roots=(root,), lv_endo_cm_ms=_RETROGRADE * usual_way.lv_endo_cm_ms,
        rv_endo_cm_ms=_RETROGRADE * usual_way.rv_endo_cm_ms,
    )  # fmt: skip
    ectopic = replace(patient, conduction=conduction, atria=replace(patient.atria, amplitude=0.0))
    return _beat(ectopic, usual.recovery_ms - usual.activation_ms)


def _beat(patient: VirtualPatient, durations_ms: FloatArray | None = None) -> SimulatedBeat:
    """Simulate a beat; the action potentials last as the repolarisation says, or as given for each node."""
    mesh = reference_mesh()
    heart = build_heart(patient.heart)
    patient, points = inside_chest(patient, heart)
    torso = solve_torso(patient.torso, patient.placement, HeartSpace(points[mesh.surface_nodes[::2]]))
    activation = activation_times_ms(heart.points_cm, patient.conduction)
    if durations_ms is None:
        recovery = recovery_times_ms(activation, patient.repolarisation)
    else:
        recovery = activation + durations_ms
    if patient.conduction.scar is not None:
        recovery = follow_living(heart.points_cm, patient.conduction.scar, recovery)
    times = np.arange(-BEFORE_MS, AFTER_MS + 0.5 * BEAT_STEP_MS, BEAT_STEP_MS)
    gains = np.asarray(patient.source.electrode_gains)
    window = _taper(times)
    ventricles = _ventricles_mv(patient, heart, points, torso, times, activation, recovery) * gains[:, None] * window
    leads = atrial_leads(patient.pose, torso) * gains[:, None, None]
    beats_regularly = patient.rhythm.kind is not RhythmKind.ATRIAL_FIBRILLATION
    atria = p_wave_mv(leads, patient.atria, times + patient.atria.pr_ms) * window * beats_regularly
    return SimulatedBeat(
        signal_mv=leads_from_electrodes(ventricles + atria), ventricular_mv=ventricles, atrial_mv=atria, times_ms=times,
        qrs_onset_ms=0.0, atrial_leads=leads,
        ventricular_leads=torso.boundary.lead_field(points.mean(axis=0)[None])[:, 0] * gains[:, None],
        qrs_ms=float(activation[mesh.surface_nodes].max()), activation_ms=activation, recovery_ms=recovery,
        heart_points_cm=points, heart_triangles=mesh.triangles, electrodes_cm=torso.electrodes_cm,
        torso_points_cm=torso.vertices_cm, torso_triangles=torso.triangles, wall_mm=10.0 * heart.wall_cm,
    )  # fmt: skip


def leads_from_electrodes(electrode_mv: FloatArray) -> FloatArray:
    """Twelve leads (12, n) from the nine electrodes (9, n): Einthoven, Goldberger, Wilson."""
    right, left, leg = electrode_mv[[RIGHT_ARM, LEFT_ARM, LEFT_LEG]]
    return twelve_leads(left - right, leg - right, electrode_mv[:6] - (right + left + leg) / 3.0)


def twelve_leads(lead_i: FloatArray, lead_ii: FloatArray, chest: FloatArray) -> FloatArray:
    """Complete I, II and V1–V6 (6, n) to the twelve leads (12, n)."""
    augmented = [-0.5 * (lead_i + lead_ii), lead_i - 0.5 * lead_ii, lead_ii - 0.5 * lead_i]
    return np.concatenate([np.stack([lead_i, lead_ii, lead_ii - lead_i, *augmented]), chest])


def inside_chest(patient: VirtualPatient, heart: Heart) -> tuple[VirtualPatient, FloatArray]:
    """Push the heart back until it keeps its clearance from the front skin."""
    pose = patient.pose
    points = place(heart, pose)
    some = points[::_CLEARANCE_EVERY]
    gap = float((some[:, 1] - front_point(patient.torso, some[:, 0], some[:, 2])[:, 1]).min())
    push = max(0.0, pose.clearance_cm - gap)
    x, y, z = pose.base_cm
    return replace(patient, pose=replace(pose, base_cm=(x, y + push, z))), points + np.array([0.0, push, 0.0])


def _ventricles_mv(
    patient: VirtualPatient,
    heart: Heart,
    points: FloatArray,
    torso: Torso,
    times: FloatArray,
    activation: FloatArray,
    recovery: FloatArray,
) -> FloatArray:
    """Electrode potentials of the double layer on the heart surface, shape (9, n_times)."""
    transfer = -patient.source.gain * transfer_matrix(patient, heart, points, torso)
    first = int(np.searchsorted(times, -_UPSTROKE_LEAD_MS))
    voltage = membrane_voltage(times[first:], activation, recovery, patient.repolarisation)
    potential = np.zeros((len(transfer), times.size))
    potential[:, first:] = transfer.astype(np.float32) @ voltage
    return potential


def transfer_matrix(patient: VirtualPatient, heart: Heart, points: FloatArray, torso: Torso) -> FloatArray:
    """Potential of each electrode for unit voltage at each surface node, shape (9, n_surface).

    Each row sums to zero: a uniformly excited heart is silent, whatever the regional strength of its sources.
    """
    mesh = reference_mesh()
    areas = area_vectors(points)[mesh.surface_nodes]
    surface = points[mesh.surface_nodes]
    field = torso.boundary.lead_field(surface)
    transfer = np.einsum("esi,si->es", field, areas)
    rotation = patient.pose.rotation
    centre = np.asarray(patient.pose.base_cm) + rotation[:, 2] * (heart.long_axis_cm * -BASE_COSINE)
    blood = BloodSpheroid(
        centre_cm=centre, rotation=rotation, short_cm=heart.short_axis_cm, long_cm=heart.long_axis_cm,
        conductivity_ratio=patient.source.blood_ratio,
    )  # fmt: skip
    at_centre = torso.boundary.lead_field(centre[None])[:, 0]
    transfer += blood.flux_correction(at_centre, surface, areas)
    strength = np.exp(np.clip(np.asarray(patient.source.strength_modes) @ regional_modes(), *_STRENGTH_LIMITS))
    transfer *= strength[mesh.surface_nodes]
    size = np.linalg.norm(areas, axis=1)
    return transfer - transfer.sum(axis=1, keepdims=True) * (size / size.sum())


def _taper(times: FloatArray) -> FloatArray:
    """1 inside, falling to 0 at both ends of the window as a raised cosine."""
    rise = np.clip((times - times[0]) / _TAPER_START_MS, 0.0, 1.0)
    fall = np.clip((times[-1] - times) / _TAPER_END_MS, 0.0, 1.0)
    return np.sin(0.5 * np.pi * rise) ** 2 * np.sin(0.5 * np.pi * fall) ** 2
