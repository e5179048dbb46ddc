"""Electrical activation: eikonal arrival times as shortest paths on the stencil graph of the wall."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import (
    N_COLUMNS,
    N_LAYERS,
    N_ROWS,
    RV_COLUMNS,
    RV_HALF,
    RV_ROWS,
    IntArray,
    reference_mesh,
)
from elvmass_core.virtual.scar import Scar, follow_living, scarred_nodes

FIBRE_ANGLE_ENDO_DEG, FIBRE_ANGLE_EPI_DEG = 60.0, -60.0
"""Helix angle through the wall (Streeter et al. 1969, doi 10.1161/01.RES.24.3.339; linear between, assumed)."""
_FADE_WIDTH = 0.03
_EARLIEST_MS = 1e-3
_LEAST_COST_MS = 1e-6
_SCAR_SLOWNESS = 8.0
"""How much longer activation takes through a scar: it goes round (assumed)."""
N_MODES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where the Purkinje network first reaches the muscle.

    ``site`` is "lv" (LV endocardium), "septal" (right septal surface) or "rv" (RV endocardium); ``height`` is the
    fraction from apex to base (of the RV for "rv"), ``theta_deg`` the angle from mid-septum, ``delay_ms`` the time of
    breakthrough.
    """

    site: str
    height: float
    theta_deg: float
    delay_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduction:
    """How the activation spreads; velocities in cm/ms.

    Parameters
    ----------
    fibre_cm_ms, transverse_cm_ms : float
        Velocity along and across the fibres.
    lv_endo_cm_ms, rv_endo_cm_ms : float
        Velocity of the fast, isotropic subendocardial layers.
    endo_limit : float
        Height above which the fast layers have faded.
    lv_velocity_factor : float
        Scales the velocity of LV muscle.
    velocity_modes : tuple of 7 floats
        Smooth regional log-deviations of velocity, see `regional_modes`.
    roots : tuple of Root
    scar : Scar or None
        Of an old infarct.
    """

    fibre_cm_ms: float
    transverse_cm_ms: float
    lv_endo_cm_ms: float
    rv_endo_cm_ms: float
    endo_limit: float
    lv_velocity_factor: float
    velocity_modes: tuple[float, ...]
    roots: tuple[Root, ...]
    scar: Scar | None = None


def activation_times_ms(points_cm: FloatArray, conduction: Conduction) -> FloatArray:
    """Arrival time of the activation at every node.

    Parameters
    ----------
    points_cm : array (n_nodes, 3)
        Positions of the nodes of `reference_mesh`.
    conduction : Conduction

    Returns
    -------
    array (n_nodes,)
        Milliseconds after the earliest root; of a scar, those of the living muscle beside it.
    """
    mesh = reference_mesh()
    delay = edge_delays_ms(points_cm, conduction)[mesh.edge_of]
    roots = np.array([root_node(root) for root in conduction.roots])
    first = min(root.delay_ms for root in conduction.roots)
    starts = np.array([max(root.delay_ms - first, _EARLIEST_MS) for root in conduction.roots])
    times = arrival_times_ms(mesh.row_start, mesh.neighbours, delay, roots, starts)
    return times if conduction.scar is None else follow_living(points_cm, conduction.scar, times)


def arrival_times_ms(
    row_start: IntArray, neighbours: IntArray, delay_ms: FloatArray, roots: IntArray, starts_ms: FloatArray
) -> FloatArray:
    """Shortest times on a graph given as compressed rows, from several roots that fire at ``starts_ms``.

    One extra node stands before the roots, so that a single search serves them all.
    """
    n_nodes = row_start.size - 1
    order = np.argsort(roots, kind="stable")
    graph = csr_array(
        (
            np.concatenate([delay_ms, starts_ms[order]]),
            np.concatenate([neighbours, roots[order]]),
            np.concatenate([row_start, [row_start[-1] + roots.size]]),
        ),
        shape=(n_nodes + 1, n_nodes + 1),
    )
    return np.asarray(dijkstra(graph, directed=True, indices=n_nodes)[:n_nodes])


def edge_delays_ms(points_cm: FloatArray, conduction: Conduction) -> FloatArray:
    """Travel time along every edge, shape (n_edges,)."""
    mesh = reference_mesh()
    start, end = mesh.edges.T
    step = points_cm[end] - points_cm[start]
    length2 = np.einsum("ij,ij->i", step, step)
    delay = anisotropic_delays_ms(step, fibre_directions(points_cm), start, end, conduction)
    slowness = 1.0 / _velocity_factors(conduction)
    delay *= np.maximum(slowness[start], slowness[end])
    fast_layers = (
        (mesh.lv_endocardial_edges, conduction.lv_endo_cm_ms),
        (mesh.rv_endocardial_edges, conduction.rv_endo_cm_ms),
    )
    for rows, velocity in fast_layers:
        height = 0.5 * (mesh.height[start[rows]] + mesh.height[end[rows]])
        share = 1.0 / (1.0 + np.exp((height - conduction.endo_limit) / _FADE_WIDTH))
        fast = np.maximum(np.sqrt(length2[rows]) / velocity, _LEAST_COST_MS)
        delay[rows] = 1.0 / (share / fast + (1.0 - share) / np.maximum(delay[rows], _LEAST_COST_MS))
    if conduction.scar is not None:
        delay[scarred_nodes(conduction.scar)[mesh.edges].any(axis=1)] *= _SCAR_SLOWNESS
    return np.maximum(delay, _LEAST_COST_MS)


def anisotropic_delays_ms(
    step_cm: FloatArray, fibres: FloatArray, start: IntArray, end: IntArray, conduction: Conduction
) -> FloatArray:
    """Travel time along edges in muscle whose velocity ellipsoid follows the fibres at both ends, shape (n_edges,)."""
    length2 = np.einsum("ij,ij->i", step_cm, step_cm)
    at_start = np.einsum("ij,ij->i", step_cm, fibres[start])
    at_end = np.einsum("ij,ij->i", step_cm, fibres[end])
    along2 = np.minimum(0.5 * (at_start**2 + at_end**2), length2)
    return np.sqrt(along2 / conduction.fibre_cm_ms**2 + (length2 - along2) / conduction.transverse_cm_ms**2)


def fibre_directions(points_cm: FloatArray) -> FloatArray:
    """Unit fibre vector of every node, shape (n_nodes, 3): from +60° at the endocardium to −60° at the epicardium."""
    mesh = reference_mesh()
    around = np.stack([-np.sin(mesh.theta), np.cos(mesh.theta), np.zeros(mesh.n_nodes)], axis=1)
    along = points_cm[mesh.basal_neighbour] - points_cm[mesh.apical_neighbour]
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    helix = np.radians(FIBRE_ANGLE_ENDO_DEG + (FIBRE_ANGLE_EPI_DEG - FIBRE_ANGLE_ENDO_DEG) * mesh.depth)[:, None]
    fibre = np.cos(helix) * around + np.sin(helix) * along
    return fibre / np.linalg.norm(fibre, axis=1, keepdims=True)


def regional_modes() -> FloatArray:
    """Seven smooth patterns over the wall, shape (7, n_nodes): the regional heterogeneity of a patient is their sum."""
    mesh = reference_mesh()
    cosine, sine, lift = np.cos(mesh.theta), np.sin(mesh.theta), 2.0 * mesh.height - 1.0
    patterns = [cosine, sine, np.cos(2 * mesh.theta), np.sin(2 * mesh.theta), lift, lift * cosine, lift * sine]
    return np.stack(patterns) * np.clip(mesh.height / 0.3, 0.0, 1.0)


def root_node(root: Root) -> int:
    """Node nearest to a root."""
    mesh = reference_mesh()
    column = round(root.theta_deg / 360.0 * N_COLUMNS)
    if root.site == "rv":
        row = int(np.clip(round(root.height * RV_ROWS), 0, RV_ROWS - 1))
        return int(mesh.rv_grid[0, row, int(np.clip(RV_HALF + column, 1, RV_COLUMNS - 2))])
    row = int(np.clip(round(root.height * N_ROWS) - 1, 0, N_ROWS - 1))
    layer = N_LAYERS - 1 if root.site == "septal" else 0
    return int(mesh.lv_grid[layer, row, column % N_COLUMNS])


def _velocity_factors(conduction: Conduction) -> FloatArray:
    """Velocity of each node over the nominal one."""
    mesh = reference_mesh()
    regional = np.exp(np.clip(np.asarray(conduction.velocity_modes) @ regional_modes(), -0.5, 0.3))
    return np.where(mesh.is_rv, 1.0, conduction.lv_velocity_factor) * regional
