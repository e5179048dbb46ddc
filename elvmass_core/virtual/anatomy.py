"""Ventricular anatomy: a truncated prolate-ellipsoid LV and a crescent RV whose volumes and mass are exact.

Local frame in cm: origin at the centre of the base plane, axis 3 along the long axis to the apex, axis 1 the normal of
the septum towards the RV. Body frame in cm: x left, y backwards, z up, origin on the body axis at the fourth
intercostal space.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from elvmass_core.domain import FloatArray
from elvmass_core.errors import CohortError
from elvmass_core.virtual.mesh import LV_PARTS, N_COLUMNS, N_ROWS, RV_HALF, RV_ROWS, IntArray, Part, reference_mesh

MYOCARDIAL_DENSITY_G_ML = 1.05
"""Density of myocardium (ASE/EACVI chamber quantification 2015, doi 10.1016/j.echo.2014.10.003: 1.05 g/mL)."""

BASE_COSINE = -0.45
"""Base plane of the LV at this cosine of the eccentric angle: cuts off the upper quarter of the ellipsoid (assumed)."""
_STEEPEST_BASE_COSINE = 0.98
_APICAL_TAPER = 0.45
_ASYMMETRY_TAPER = 0.40
"""Heights below which the wall thins to the apex and septal asymmetry fades (assumed)."""
_WALL_BRACKET_CM = (0.10, 6.0)
_RV_GAP_BRACKET_CM = (0.02, 20.0)
_LENGTH_TOLERANCE_CM = 1e-11
_CONUS_THETA_RAD, _CONUS_WIDTH_RAD = -0.5, 0.55
"""Where the outflow tract rises above the base plane, and how wide it is (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartShape:
    """What is prescribed of the ventricles.

    Parameters
    ----------
    lvm_g, edv_ml, rvedv_ml : float
        LV mass and the two end-diastolic volumes; met exactly.
    elongation : float
        Long over short semi-axis of the endocardial ellipsoid.
    septal_asymmetry, anterior_asymmetry : float
        Relative thickening towards the septum and towards the posterior wall.
    apical_thickness : float
        Wall at the apex over wall at mid-level.
    rv_wall_cm, conus_cm : float
        RV wall thickness; height of the outflow tract above the base plane.
    """

    lvm_g: float
    edv_ml: float
    rvedv_ml: float
    elongation: float = 2.5
    septal_asymmetry: float = 0.06
    anterior_asymmetry: float = 0.0
    apical_thickness: float = 0.65
    rv_wall_cm: float = 0.34
    conus_cm: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartPose:
    """Where the heart lies.

    Parameters
    ----------
    azimuth_deg, elevation_deg, roll_deg : float
        Long axis left of straight ahead, downward tilt, and rotation about the long axis.
    base_cm : (float, float, float)
        Centre of the base plane in the body frame.
    clearance_cm : float
        Least distance from any muscle to the front skin (chest wall); the heart is pushed back to keep it.
    """

    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    base_cm: tuple[float, float, float]
    clearance_cm: float

    @property
    def rotation(self) -> FloatArray:
        """Matrix (3, 3) whose columns are the local axes in the body frame."""
        azimuth, elevation, roll = np.radians([self.azimuth_deg, self.elevation_deg, self.roll_deg])
        ahead = np.array([np.sin(azimuth), -np.cos(azimuth), 0.0])
        long_axis = np.cos(elevation) * ahead - np.array([0.0, 0.0, np.sin(elevation)])
        sideways = np.array([-np.cos(azimuth), -np.sin(azimuth), 0.0])
        septal = np.cos(roll) * sideways + np.sin(roll) * np.cross(long_axis, sideways)
        return np.stack([septal, np.cross(long_axis, septal), long_axis], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heart:
    """A heart that meets its `HeartShape`: node positions in the local frame and the three solved lengths in cm."""

    points_cm: FloatArray
    short_axis_cm: float
    long_axis_cm: float
    wall_cm: float
    rv_gap_cm: float


def build_heart(shape: HeartShape) -> Heart:
    """Solve endocardial size, wall and RV gap so that EDV, LV mass and RV volume are met.

    Parameters
    ----------
    shape : HeartShape

    Returns
    -------
    Heart
        Wall volume × `MYOCARDIAL_DENSITY_G_ML` equals ``shape.lvm_g`` to about 1e-9.

    Raises
    ------
    CohortError
        No wall or RV within physical bounds gives the wanted volume.
    """
    unit_cavity = cavity_volume_ml(_lv_points(shape, 1.0, 0.0))
    short_axis = float(np.cbrt(shape.edv_ml / unit_cavity))

    def excess_mass(wall_cm: float) -> float:
        return MYOCARDIAL_DENSITY_G_ML * wall_volume_ml(_lv_points(shape, short_axis, wall_cm)) - shape.lvm_g

    wall = _solve(excess_mass, _WALL_BRACKET_CM, f"LV mass of {shape.lvm_g:.0f} g around {shape.edv_ml:.0f} mL")
    points = _lv_points(shape, short_axis, wall)

    def excess_rv(gap_cm: float) -> float:
        return rv_volume_ml(_add_rv(points, shape, gap_cm)) - shape.rvedv_ml

    gap = _solve(excess_rv, _RV_GAP_BRACKET_CM, f"RV volume of {shape.rvedv_ml:.0f} mL")
    return Heart(
        points_cm=_add_rv(points, shape, gap), short_axis_cm=short_axis,
        long_axis_cm=shape.elongation * short_axis, wall_cm=wall, rv_gap_cm=gap,
    )  # fmt: skip


def mass_of_wall_g(shape: HeartShape, wall_cm: float) -> float:
    """LV mass that a nominal wall makes around the cavity of a shape, whatever mass the shape states."""
    short_axis = float(np.cbrt(shape.edv_ml / cavity_volume_ml(_lv_points(shape, 1.0, 0.0))))
    return MYOCARDIAL_DENSITY_G_ML * wall_volume_ml(_lv_points(shape, short_axis, wall_cm))


def area_vectors(points_cm: FloatArray) -> FloatArray:
    """Outward area vector of every node in cm², shape (n_nodes, 3): a third of each triangle that it carries."""
    mesh = reference_mesh()
    a, b, c = _corners(points_cm, slice(None))
    third = _cross(b - a, c - a) / 6.0
    corners = mesh.triangles.ravel()
    each = np.repeat(third, 3, axis=0)
    return np.stack([np.bincount(corners, weights=each[:, axis], minlength=mesh.n_nodes) for axis in range(3)], axis=1)


def wall_volume_ml(points_cm: FloatArray) -> float:
    """Volume of LV muscle, from its closed surface."""
    return _volume_ml(points_cm, _rows_of(LV_PARTS))


def cavity_volume_ml(points_cm: FloatArray) -> float:
    """Volume of the LV cavity below the base plane; its lid passes through the origin and adds nothing."""
    return -_volume_ml(points_cm, _rows_of((Part.LV_ENDO,)))


def rv_volume_ml(points_cm: FloatArray) -> float:
    """Volume between RV endocardium and right septum (the lid of the outflow tract is neglected)."""
    outer = -_volume_ml(points_cm, _rows_of((Part.RV_ENDO,)))
    return outer - _volume_ml(points_cm, reference_mesh().septal_triangles)


def place(heart: Heart, pose: HeartPose) -> FloatArray:
    """Node positions in the body frame in cm, before the clearance is kept."""
    return heart.points_cm @ pose.rotation.T + np.asarray(pose.base_cm)


def _solve(excess: Callable[[float], float], bracket: tuple[float, float], what: str) -> float:
    """Root of a rising function inside the bracket."""
    low, high = bracket
    if not (excess(low) < 0.0 < excess(high)):
        raise CohortError(f"No heart has a {what}: choose values nearer to those of a person.")
    return float(brentq(excess, low, high, xtol=_LENGTH_TOLERANCE_CM, rtol=1e-12))


def _rows_of(parts: tuple[Part, ...]) -> IntArray:
    """Rows of the triangle table that belong to these parts."""
    return np.flatnonzero(np.isin(reference_mesh().part, parts))


def _corners(points_cm: FloatArray, rows: IntArray | slice) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three corners of the chosen triangles, each (n, 3)."""
    a, b, c = reference_mesh().triangles[rows].T
    return points_cm[a], points_cm[b], points_cm[c]


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Row-wise cross product (several times faster than ``np.cross`` for long arrays)."""
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=1,
    )


def _volume_ml(points_cm: FloatArray, rows: IntArray) -> float:
    """Signed volume under the chosen triangles seen from the origin (divergence theorem)."""
    a, b, c = _corners(points_cm, rows)
    return float(np.einsum("ij,ij->", a, _cross(b, c)) / 6.0)


def _wall_profile(shape: HeartShape) -> FloatArray:
    """Local wall thickness over nominal wall, per node."""
    mesh = reference_mesh()
    thinning = shape.apical_thickness + (1.0 - shape.apical_thickness) * np.clip(mesh.height / _APICAL_TAPER, 0.0, 1.0)
    fade = np.clip(mesh.height / _ASYMMETRY_TAPER, 0.0, 1.0)
    lean = shape.septal_asymmetry * np.cos(mesh.theta) + shape.anterior_asymmetry * np.sin(mesh.theta)
    return thinning * (1.0 + lean * fade)


def _lv_points(shape: HeartShape, short_axis_cm: float, wall_cm: float) -> FloatArray:
    """Nodes as if all lay in the LV wall: ellipsoids with both semi-axes grown by the local thickness × depth.

    RV nodes get the position of their depth; `_add_rv` moves them.
    """
    mesh = reference_mesh()
    depth = np.where(mesh.is_rv, 1.0, mesh.depth)
    growth = depth * wall_cm * _wall_profile(shape)
    radial, axial = short_axis_cm + growth, shape.elongation * short_axis_cm + growth
    base_z = shape.elongation * short_axis_cm * BASE_COSINE
    angle = np.arccos(np.maximum(base_z / axial, -_STEEPEST_BASE_COSINE)) * mesh.height
    radius = radial * np.sin(angle)
    return np.stack([radius * np.cos(mesh.theta), radius * np.sin(mesh.theta), axial * np.cos(angle) - base_z], axis=1)


def _add_rv(lv_points_cm: FloatArray, shape: HeartShape, gap_cm: float) -> FloatArray:
    """Move the RV nodes off the septal epicardium by cavity gap and wall, and raise the outflow tract."""
    mesh = reference_mesh()
    rv = mesh.is_rv
    theta, depth = mesh.theta[rv], mesh.depth[rv]
    lowest = (N_ROWS - RV_ROWS + 1) / N_ROWS
    rise = np.sin(0.5 * np.pi * np.clip((mesh.height[rv] - lowest) / (1.0 - lowest), 0.0, 1.0)) ** 0.8
    half_sector = RV_HALF * 2.0 * np.pi / N_COLUMNS
    crescent = np.clip(np.cos(0.5 * np.pi * theta / half_sector), 0.0, 1.0) ** 0.6
    wall = shape.rv_wall_cm * np.minimum(1.0, 2.5 * np.minimum(crescent, rise))
    offset = gap_cm * crescent * rise + depth * wall
    normal = np.stack([0.55 + 0.45 * np.cos(theta), 0.45 * np.sin(theta)], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    conus = shape.conus_cm * rise**3 * crescent * np.exp(-(((theta - _CONUS_THETA_RAD) / _CONUS_WIDTH_RAD) ** 2))
    points = lv_points_cm.copy()
    points[rv, :2] += offset[:, None] * normal
    points[rv, 2] -= conus
    return points
