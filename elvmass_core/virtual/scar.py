"""A scar of an old infarct: muscle that neither conducts nor is excited.

Living muscle stays the only source. The surface of a scar takes the voltage of the living muscle nearest to it, so that
the double layer closes over the scar's border and a uniformly excited heart stays silent. Q waves and their loss of R
follow; nothing is drawn by hand. The scar counts as LV mass.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import BoolArray, reference_mesh


@dataclass(frozen=True, slots=True, kw_only=True)
class Scar:
    """An ellipse on the LV wall.

    Parameters
    ----------
    theta_deg, height : float
        Its middle: angle from mid-septum (negative anterior), fraction from apex to base.
    half_angle_deg, half_height : float
    transmurality : float
        Share of the wall from the endocardium outward.
    """

    theta_deg: float
    height: float
    half_angle_deg: float
    half_height: float
    transmurality: float


def scarred_nodes(scar: Scar) -> BoolArray:
    """Which nodes lie in the scar, shape (n_nodes,)."""
    mesh = reference_mesh()
    turn = (np.degrees(mesh.theta) - scar.theta_deg + 180.0) % 360.0 - 180.0
    across, along = turn / scar.half_angle_deg, (mesh.height - scar.height) / scar.half_height
    return (across**2 + along**2 <= 1.0) & (mesh.depth <= scar.transmurality) & ~mesh.is_rv


def follow_living(points_cm: FloatArray, scar: Scar, times_ms: FloatArray) -> FloatArray:
    """Times (n_nodes,) in which each node of the scar has that of the living node nearest to it."""
    dead = scarred_nodes(scar)
    living = np.flatnonzero(~dead)
    followed = times_ms.copy()
    followed[dead] = times_ms[living[cKDTree(points_cm[living]).query(points_cm[dead])[1]]]
    return followed
