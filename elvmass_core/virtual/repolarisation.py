"""Repolarisation: action potential durations, strain, and the membrane voltage of every surface node."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import reference_mesh

NOTCH_ONSET_MS = 4.0
STRAIN_FADE_MS = 18.0
STRAIN_CENTRE_DEG = -130.0
STRAIN_ELSEWHERE = 0.15
"""Onset of the phase-1 notch; decay of the strained plateau; centre of the strained (anterolateral) wall and the share
of strain elsewhere in the LV (all assumed)."""
_BLOCK_NODES = 512
Float32Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repolarisation:
    """Parameters of the action potentials.

    Parameters
    ----------
    apd_ms : float
        Mean action potential duration of the LV.
    activation_coupling : float
        How many ms the duration falls for each ms of later activation.
    transmural_ms, apicobasal_ms, anteroposterior_ms, septolateral_ms, rv_ms : float
        Duration of endocardium over epicardium, base over apex, posterior over anterior, septum over lateral, RV over
        LV.
    septal_depth : float
        Electrical depth of the right septal surface: 0 behaves as endocardium, 1 as epicardium.
    strain, strain_apd_ms, strain_plateau : float
        Degree of strain (0 none, 1 marked) and what one unit does: epicardial over endocardial duration, and the loss
        of the subendocardial plateau.
    upstroke_per_ms, plateau_slope_per_ms, phase3_slope_per_ms : float
        Steepness of depolarisation and of the slow and fast parts of repolarisation.
    notch_epi, notch_endo, notch_rv, notch_ms : float
        Depth of the phase-1 notch (share of the amplitude) and its recovery.
    """

    apd_ms: float
    activation_coupling: float
    transmural_ms: float
    apicobasal_ms: float
    anteroposterior_ms: float
    septolateral_ms: float
    rv_ms: float
    septal_depth: float
    strain: float
    strain_apd_ms: float
    strain_plateau: float
    upstroke_per_ms: float
    plateau_slope_per_ms: float
    phase3_slope_per_ms: float
    notch_epi: float
    notch_endo: float
    notch_rv: float
    notch_ms: float


def recovery_times_ms(activation_ms: FloatArray, repolarisation: Repolarisation) -> FloatArray:
    """Time of repolarisation of every node in ms, shape (n_nodes,): activation plus local action potential duration."""
    mesh, p = reference_mesh(), repolarisation
    depth = _electrical_depth(p)
    waist = np.sin(0.9 * np.pi * mesh.height)
    duration = (
        p.apd_ms
        - p.activation_coupling * (activation_ms - activation_ms[~mesh.is_rv].mean())
        + p.transmural_ms * (0.5 - depth)
        + p.apicobasal_ms * (mesh.height - 0.5)
        + (p.anteroposterior_ms * np.sin(mesh.theta) + p.septolateral_ms * np.cos(mesh.theta)) * waist
        + np.where(mesh.is_rv, p.rv_ms, 0.0)
        + p.strain * p.strain_apd_ms * _strained_wall() * (2.0 * depth - 1.0)
    )
    return activation_ms + duration


def membrane_voltage(
    times_ms: FloatArray, activation_ms: FloatArray, recovery_ms: FloatArray, repolarisation: Repolarisation
) -> Float32Array:
    """Membrane voltage of the surface nodes.

    Parameters
    ----------
    times_ms : array (n_times,)
    activation_ms, recovery_ms : arrays (n_nodes,)

    Returns
    -------
    array (n_surface, n_times)
        0 at rest, 1 at the plateau; float32.

    Notes
    -----
    Every exponential of (time − activation) or (time − recovery) is a product of one factor per time and one per node,
    so the exponentials are taken of vectors only.
    """
    mesh, p = reference_mesh(), repolarisation
    nodes = mesh.surface_nodes
    tau, rho = activation_ms[nodes], recovery_ms[nodes]
    depth = mesh.depth[nodes]
    outer_notch = np.where(mesh.is_rv[nodes], p.notch_rv, p.notch_epi)
    notch_depth = np.where(mesh.is_rv[nodes], depth, _electrical_depth(p)[nodes])
    notch = outer_notch * notch_depth + p.notch_endo * (1.0 - notch_depth)
    plateau_loss = p.strain * p.strain_plateau * np.where(mesh.is_rv[nodes], 0.0, np.clip(1.0 - 2.0 * depth, 0.0, 1.0))
    voltage = np.empty((nodes.size, times_ms.size), dtype=np.float32)
    for first in range(0, nodes.size, _BLOCK_NODES):
        block = slice(first, first + _BLOCK_NODES)
        voltage[block] = _voltage_block(times_ms, tau[block], rho[block], notch[block], plateau_loss[block], p)
    return voltage


def _voltage_block(
    times: FloatArray, tau: FloatArray, rho: FloatArray, notch: FloatArray, loss: FloatArray, p: Repolarisation
) -> FloatArray:
    """Membrane voltage of some nodes: upstroke × two-slope recovery × notch × loss of plateau."""
    upstroke = 1.0 + _separable(times, tau, -p.upstroke_per_ms)
    recovery = 1.0 + _separable(times, rho, p.plateau_slope_per_ms)
    recovery *= 1.0 + _separable(times, rho, p.phase3_slope_per_ms)
    dip = _separable(times, tau, -1.0 / p.notch_ms)
    dip *= 1.0 - _separable(times, tau, -1.0 / NOTCH_ONSET_MS)
    shape = 1.0 - notch[:, None] * np.maximum(dip, 0.0)
    if loss.any():
        fading = np.minimum(_separable(times, tau, -1.0 / STRAIN_FADE_MS), 1.0)
        shape *= 1.0 - loss[:, None] * (1.0 - fading)
    shape /= upstroke * recovery
    return shape


def _separable(times: FloatArray, shift: FloatArray, rate: float) -> FloatArray:
    """exp(rate·(times − shift)) for all pairs, shape (n_nodes, n_times)."""
    return np.exp(-rate * shift)[:, None] * np.exp(rate * times)[None, :]


def _electrical_depth(p: Repolarisation) -> FloatArray:
    """Depth that sets transmural properties: the RV is thin, its side of the septum not an epicardium."""
    mesh = reference_mesh()
    depth = np.where(mesh.is_septal_right, p.septal_depth, mesh.depth)
    return np.where(mesh.is_rv, 0.3 + 0.4 * mesh.depth, depth)


def _strained_wall() -> FloatArray:
    """How far each node takes part in strain: most in the anterolateral LV wall, none in the RV."""
    mesh = reference_mesh()
    focus = (0.5 + 0.5 * np.cos(mesh.theta - np.radians(STRAIN_CENTRE_DEG))) ** 2
    return np.where(mesh.is_rv, 0.0, STRAIN_ELSEWHERE + (1.0 - STRAIN_ELSEWHERE) * focus)
