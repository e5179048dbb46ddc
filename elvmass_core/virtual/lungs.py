"""The two lungs: closed surfaces of poor conductivity that fill the rib cage beside and above the heart."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import cKDTree

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import IntArray

_SUBDIVISIONS = 2
"""Of an icosahedron: 162 vertices, 320 triangles a lung."""
_STEPS, _REACH_CM = 64, 26.0
"""Resolution and length of the rays that feel for the border of a lung."""
_LEAST_RADIUS_CM = 1.0
_MEDIASTINUM_CM = 2.0
_PERICARDIUM_CM, _NEAR_CM = 1.0, 2.5
_ACROSS, _BACK, _UP = (0.50, 0.58, 0.66), (0.20, 0.40, 0.55), (0.40, 0.52, 0.64)
"""Half-width of the mediastinum; what lies between heart and lung, and how far it is looked for; where the middle of a
lung may be, as shares of the rib cage's half-width, half-depth, and of the way from the diaphragm to the apex
(proportions assumed)."""
_DOME_CM, _BACK_SLOPE = 2.5, 0.35
"""The diaphragm rises by this in the middle of a lung and falls towards the back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lungs:
    """How much air there is.

    Parameters
    ----------
    conductivity : float
        Over that of the surrounding tissue. Inflated lung 0.04–0.11 S/m against a mean of about 0.22 S/m (Gabriel et
        al. 1996, doi 10.1088/0031-9155/41/11/003; Geddes & Baker 1967, doi 10.1007/BF02474537).
    diaphragm_cm : float
        Height of the diaphragm over the fourth intercostal space at the front of the chest; negative is below.
    """

    conductivity: float = 0.35
    diaphragm_cm: float = -6.0


class HeartSpace:
    """Where the heart is, for the lungs to leave it free.

    Two are equal when their points are, so that a solved torso is remembered.

    Parameters
    ----------
    points_cm : array (n_points, 3)
        Points on the ventricles in the body frame.
    """

    def __init__(self, points_cm: FloatArray) -> None:
        self._bytes = points_cm.tobytes()
        self._tree = cKDTree(points_cm)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeartSpace) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)

    def room_cm(self, points_cm: FloatArray) -> FloatArray:
        """Distance of points (..., 3) from the heart beyond what lies between; infinite for far ones."""
        distance, _ = self._tree.query(points_cm, distance_upper_bound=_NEAR_CM)
        return np.asarray(distance) - _PERICARDIUM_CM


@dataclass(frozen=True, slots=True, kw_only=True)
class RibCage:
    """Inner surface of the chest wall as a superellipse: half-axes in cm and exponent, and the height of its top."""

    half_width_cm: float
    half_depth_cm: float
    exponent: float
    top_cm: float


def lung_surfaces(lungs: Lungs, ribs: RibCage, heart: HeartSpace) -> tuple[FloatArray, FloatArray, IntArray]:
    """Vertices of the right and the left lung, shape (162, 3) in cm each, and their triangles, normals outward.

    A vertex lies where a ray from the middle of the lung first meets the chest wall, the mediastinum, the diaphragm or
    the heart.
    """
    directions, triangles = _icosphere()
    return _lung(lungs, ribs, heart, directions, -1.0), _lung(lungs, ribs, heart, directions, 1.0), triangles


def _lung(lungs: Lungs, ribs: RibCage, heart: HeartSpace, directions: FloatArray, side: float) -> FloatArray:
    """One lung; ``side`` is −1 on the right and 1 on the left."""
    centre = _middle(lungs, ribs, heart, side)
    along = np.linspace(0.0, _REACH_CM, _STEPS)
    points = centre + along[None, :, None] * directions[:, None]
    room = _room(lungs, ribs, heart, points, side, centre)
    outside = room <= 0.0
    outside[:, -1] = True
    first = np.maximum(outside.argmax(axis=1), 1)
    rays = np.arange(len(directions))
    before, after = np.maximum(room[rays, first - 1], 1e-6), room[rays, first]
    radius = along[first - 1] + (along[1] - along[0]) * before / (before - np.minimum(after, 0.0))
    result: FloatArray = centre + np.maximum(radius, _LEAST_RADIUS_CM)[:, None] * directions
    return result


def _middle(lungs: Lungs, ribs: RibCage, heart: HeartSpace, side: float) -> FloatArray:
    """The roomiest of some points in the middle of one half of the chest."""
    across, back, up = np.meshgrid(_ACROSS, _BACK, _UP, indexing="ij")
    height = lungs.diaphragm_cm + up * (ribs.top_cm - lungs.diaphragm_cm)
    points = np.stack([side * across * ribs.half_width_cm, back * ribs.half_depth_cm, height], axis=-1).reshape(-1, 3)
    room = _room(lungs, ribs, heart, points, side, points[len(points) // 2])
    middle: FloatArray = points[room.argmax()]
    return middle


def _room(
    lungs: Lungs, ribs: RibCage, heart: HeartSpace, points: FloatArray, side: float, centre: FloatArray
) -> FloatArray:
    """How far inside the space of a lung each point is: the least of its margins, negative outside."""
    x, y, z = np.moveaxis(points, -1, 0)
    across, deep = np.abs(x / ribs.half_width_cm), np.abs(y / ribs.half_depth_cm)
    up = np.clip((z - centre[2]) / (ribs.top_cm - centre[2]), 0.0, 1.0)
    narrowing = np.sqrt(np.maximum(1.0 - up**2, 1e-6))
    wall = narrowing - (across**ribs.exponent + deep**ribs.exponent) ** (1.0 / ribs.exponent)
    dome = _DOME_CM * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 40.0)
    floor = z - (lungs.diaphragm_cm + dome - _BACK_SLOPE * (y + ribs.half_depth_cm))
    margins = [wall * ribs.half_depth_cm, side * x - _MEDIASTINUM_CM, floor, ribs.top_cm - z]
    margins.append(heart.room_cm(points))
    return np.minimum.reduce(margins)


@cache
def _icosphere() -> tuple[FloatArray, IntArray]:
    """Unit vectors and triangles (outward) of a subdivided icosahedron."""
    golden = (1.0 + np.sqrt(5.0)) / 2.0
    ring = [(s, t * golden) for s in (-1.0, 1.0) for t in (-1.0, 1.0)]
    vertices = [vector for s, g in ring for vector in ((0.0, s, g), (s, g, 0.0), (g, 0.0, s))]
    points = np.array(vertices) / np.linalg.norm(vertices[0])
    triangles = _hull(points)
    for _ in range(_SUBDIVISIONS):
        points, triangles = _subdivide(points, triangles)
    points.setflags(write=False)
    triangles.setflags(write=False)
    return points, triangles


def _hull(points: FloatArray) -> IntArray:
    """The twenty faces of the icosahedron: triples of mutual nearest neighbours, normals outward."""
    gap = np.linalg.norm(points[:, None] - points[None], axis=2)
    near = np.isclose(gap, np.sort(gap[0])[1])
    faces = [
        (i, j, k) if np.linalg.det(points[[i, j, k]]) > 0.0 else (i, k, j)
        for i in range(12)
        for j in range(i + 1, 12)
        for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]
    return np.array(faces)


def _subdivide(points: FloatArray, triangles: IntArray) -> tuple[FloatArray, IntArray]:
    """Split each triangle into four, new vertices on the sphere."""
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    unique, number = np.unique(sides, axis=0, return_inverse=True)
    middle = points[unique].sum(axis=1)
    middle /= np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = (number.reshape(-1) + len(points)).reshape(3, -1)
    a, b, c = triangles.T
    split = np.concatenate(
        [np.stack(corner, axis=1) for corner in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))]
    )
    return np.concatenate([points, middle]), split
