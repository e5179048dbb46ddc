"""The atria: P waves of the sinus node and of another focus, and the f waves of fibrillation.

Each atrium is one dipole at its middle. Places follow the heart's pose; directions are those of the body, fitted to
the mean P wave of the tuning half of real sinus recordings (`noise`). Their strength is not tied to the ventricles'
gain, so that no coupling of that gain with LV mass reaches the P wave.
"""

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.anatomy import HeartPose
from elvmass_core.virtual.patient import Atria
from elvmass_core.virtual.torso import Torso

_RIGHT_PLACE_CM, _LEFT_PLACE_CM = np.array([3.5, -2.0, -1.0]), np.array([0.0, 0.0, -3.0])
"""Middle of each atrium from the centre of the LV base: along the septal, transverse and long axis (assumed)."""
_DIPOLES = np.array([[20.0, -7.0, -19.0], [85.0, 42.0, -10.0]])
"""Right and left atrium at the peak of their activation in mV·cm², left, back and up positive: the right one points
down, left and forward, the left one leftward and back (fitted to within 6 of the 35 µV RMS of the mean P wave)."""
_PEAK_SHARE, _WIDTH_SHARE = np.array([0.343, 0.604]), np.array([0.146, 0.160])
"""Gaussian time course of each as shares of the P duration (fitted)."""
_TA_SHARE, _TA_DELAY_MS, _TA_WIDTH_MS = 0.8, 170.0, 70.0
"""Atrial repolarisation: opposite area over that of the P wave, its delay and its width. The Ta wave is opposite to P
and lasts about three times as long (Holmqvist et al. 2010, doi 10.1111/j.1540-8167.2009.01554.x; share assumed)."""
PREMATURE_DURATION = 0.9

_N_HARMONICS = 4
_WANDER_HZ, _WANDER_RATE_HZ, _WAXING = 0.25, (0.1, 0.3), 0.35
"""f waves as a sawtooth of slowly changing frequency and size (Stridh & Sörnmo 2001, doi 10.1109/10.900266)."""
_LEFT_FASTER = 1.06
_F_DIPOLES = np.array([[-6.9, -6.9, -7.6], [4.5, 2.8, -3.4]])
"""Main direction of the f waves of each atrium in mV·cm². The right one is fitted to f waves that are largest in V1,
half as large in II and smaller laterally (assumed pattern; about 0.1 mV in V1, where coarse fibrillation begins)."""
_F_ACROSS = 0.30
"""Share of the f waves that circles across the main direction."""


def atrial_places_cm(pose: HeartPose) -> FloatArray:
    """Middle of the right and the left atrium in the body frame, shape (2, 3)."""
    return np.asarray(pose.base_cm) + np.stack([_RIGHT_PLACE_CM, _LEFT_PLACE_CM]) @ pose.rotation.T


def atrial_leads(pose: HeartPose, torso: Torso) -> FloatArray:
    """Potential of each electrode for a unit dipole in each atrium, shape (9, 2, 3) per cm²."""
    return torso.boundary.lead_field(atrial_places_cm(pose))


def p_wave_mv(
    leads: FloatArray, atria: Atria, since_onset_ms: FloatArray, *, axis: tuple[float, float, float] | None = None
) -> FloatArray:
    """Electrode potentials of one atrial beat.

    Parameters
    ----------
    leads : array (9, 2, 3)
        From `atrial_leads`.
    atria : Atria
    since_onset_ms : array (n_times,)
    axis : unit vector, optional
        The beat comes from another focus and points along this on average.

    Returns
    -------
    array (9, n_times)
    """
    dipoles = sinus_dipoles(atria)
    duration = atria.duration_ms
    if axis is not None:
        mean = dipoles.sum(axis=0)
        dipoles = dipoles @ _rotation_between(mean / np.linalg.norm(mean), np.asarray(axis)).T
        duration *= PREMATURE_DURATION
    return np.einsum("eai,ai->ea", leads, dipoles) @ _time_course(since_onset_ms, duration)


def sinus_dipoles(atria: Atria) -> FloatArray:
    """Peak dipoles of the right and the left atrium of this patient in sinus rhythm, shape (2, 3) in mV·cm²."""
    right_back, right_down, left_back, left_down = atria.turns_deg
    right = _turned(_DIPOLES[0], right_back, right_down)
    left = _turned(_DIPOLES[1], left_back, left_down) * atria.left_share
    return atria.amplitude * np.stack([right, left])


def fibrillation_mv(
    rng: np.random.Generator, leads: FloatArray, atria: Atria, n_samples: int, fs_hz: float
) -> FloatArray:
    """Electrode potentials of the f waves, shape (9, n_samples)."""
    potential = np.zeros((len(leads), n_samples))
    for atrium, faster in enumerate((1.0, _LEFT_FASTER)):
        main = _F_DIPOLES[atrium]
        across = np.cross(main, rng.normal(0.0, 1.0, 3))
        across *= _F_ACROSS * np.linalg.norm(main) / np.linalg.norm(across)
        waves = _sawtooth(rng, faster * atria.fibrillation_hz, n_samples, fs_hz)
        potential += leads[:, atrium] @ (np.stack([main, across], axis=1) @ waves)
    return atria.fibrillation_amplitude * potential


def _sawtooth(rng: np.random.Generator, frequency_hz: float, n_samples: int, fs_hz: float) -> FloatArray:
    """A sawtooth whose frequency and size change slowly, and itself a quarter of a turn later; shape (2, n_samples)."""
    time = np.arange(n_samples) / fs_hz
    rate = rng.uniform(*_WANDER_RATE_HZ)
    start, wander, waxing = rng.uniform(0.0, 2.0 * np.pi, 3)
    phase = 2.0 * np.pi * frequency_hz * time + start
    phase += _WANDER_HZ / rate * np.sin(2.0 * np.pi * rate * time + wander)
    size = 1.0 + _WAXING * np.sin(2.0 * np.pi * rng.uniform(*_WANDER_RATE_HZ) * time + waxing)
    harmonics = np.arange(1, _N_HARMONICS + 1)[:, None]
    turns = np.stack([phase, phase - 0.5 * np.pi])
    return size * (np.sin(harmonics[None] * turns[:, None]) / harmonics[None]).sum(axis=1)


def _time_course(since_onset_ms: FloatArray, duration_ms: float) -> FloatArray:
    """Activation and repolarisation of each atrium over time, shape (2, n_times)."""
    peak, width = duration_ms * _PEAK_SHARE[:, None], duration_ms * _WIDTH_SHARE[:, None]
    since_peak = since_onset_ms[None] - peak
    activation = np.exp(-0.5 * (since_peak / width) ** 2)
    repolarisation = np.exp(-0.5 * ((since_peak - _TA_DELAY_MS) / _TA_WIDTH_MS) ** 2)
    return activation - _TA_SHARE * width / _TA_WIDTH_MS * repolarisation


def _turned(vector: FloatArray, back_deg: float, down_deg: float) -> FloatArray:
    """A vector turned backward about the body's axis (from the front over the left) and then downward."""
    x, y, z = vector
    across = float(np.hypot(x, y))
    azimuth = float(np.arctan2(y, x)) + np.radians(back_deg)
    elevation = float(np.arctan2(z, across)) - np.radians(down_deg)
    length = float(np.linalg.norm(vector))
    flat = length * np.cos(elevation)
    return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), length * np.sin(elevation)])


def _rotation_between(start: FloatArray, end: FloatArray) -> FloatArray:
    """The rotation (3, 3) by the smallest angle that takes one unit vector to another, not opposite, one."""
    axis, cosine = np.cross(start, end), float(start @ end)
    skew = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    return np.eye(3) + skew + skew @ skew / (1.0 + cosine)
