"""Boundary elements for a conductor with regions of other conductivity, solved once per torso by reciprocity.

The potential on closed surfaces k, across which the conductivity falls by J_k (inside minus outside, in units of the
source's surroundings), obeys φ(x)·(σ⁻ + σ⁺)/2 = φ∞(x) + Σ_k J_k Σ_j Ω_kj(x) φ_kj / 4π, with Ω_kj the solid angle of
surface k around vertex j (Barnard et al. 1967, doi 10.1016/S0006-3495(67)86598-6). Vertex collocation makes a matrix M;
its adjoint solution for the few electrodes gives weights W, so that φ_e = Σ_k W_ek φ∞(Q_k) for every source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csr_array

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import IntArray

Float32Array = NDArray[np.float32]
FOUR_PI = 4.0 * np.pi
_ON_FACE = 1e-7
_FAR = 1.5
"""A triangle further away than this many of its longest sides is seen as a point: 0.1–0.3 % of the leads."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boundary:
    """A closed surface across which the conductivity changes.

    Parameters
    ----------
    vertices_cm : array (n_vertices, 3)
    triangles : int array (n_triangles, 3)
        Normals outward.
    conductivity_step : float
        Conductivity inside minus outside, over that of the sources' surroundings: 1 for the skin, −0.75 for a lung
        of a quarter.
    """

    vertices_cm: FloatArray
    triangles: IntArray
    conductivity_step: float


class BoundaryElements:
    """The weights of points on the boundaries of a conductor.

    Parameters
    ----------
    boundaries : sequence of Boundary
        The outermost (skin) first.
    electrodes_cm : array (n_electrodes, 3)
        Points on the skin; `faces` holds the triangle of each.

    Attributes
    ----------
    points_cm : array (n_electrodes + n_vertices, 3)
    weights : array (n_electrodes, n_electrodes + n_vertices)
        The potential of electrode e is ``weights[e] @`` (infinite-medium potential at ``points_cm``).
    """

    def __init__(self, boundaries: Sequence[Boundary], electrodes_cm: FloatArray, faces: IntArray) -> None:
        vertices = np.concatenate([boundary.vertices_cm for boundary in boundaries])
        coupling = np.concatenate(
            [
                _coupling(vertices, boundary, _own_faces(boundaries, number))
                for number, boundary in enumerate(boundaries)
            ],
            axis=1,
        )
        # The row sum as diagonal keeps the constant potential in the null space; the last term then fixes its level.
        total = coupling.sum(axis=1)
        matrix = np.negative(coupling, out=coupling)
        diagonal = np.arange(len(vertices))
        matrix[diagonal, diagonal] += total
        matrix += np.float32(0.5 * FOUR_PI / len(vertices))
        on_skin = (np.arange(len(faces)), faces)
        rows = np.concatenate(
            [
                _coupling(electrodes_cm, boundary, on_skin if number == 0 else None)
                for number, boundary in enumerate(boundaries)
            ],
            axis=1,
        )
        adjoint = lu_solve(lu_factor(matrix.T, overwrite_a=True, check_finite=False), rows.T, check_finite=False).T
        own = np.eye(len(electrodes_cm), dtype=np.float32)
        self.points_cm = np.concatenate([electrodes_cm, vertices])
        self.weights = FOUR_PI * np.concatenate([own, adjoint], axis=1) / rows.sum(axis=1)[:, None]
        self.points_cm.setflags(write=False)
        self.weights.setflags(write=False)

    def averaged(self, n_electrodes: int) -> "BoundaryElements":
        """Electrodes that each see the mean of an equal number of consecutive points."""
        result = object.__new__(BoundaryElements)
        result.points_cm = self.points_cm
        result.weights = self.weights.reshape(n_electrodes, -1, self.weights.shape[1]).mean(axis=1)
        result.weights.setflags(write=False)
        return result

    def lead_field(self, sources_cm: FloatArray) -> FloatArray:
        """Potential of every electrode for a unit dipole at each source, shape (n_electrodes, n_sources, 3), per cm².

        Notes
        -----
        Σ_k W_ek (Q_k − r)/d³ is split into two products of matrices, Σ (W Q) d⁻³ − r Σ W d⁻³. Coordinates are centred
        on the sources, so that float32 loses no more than 1e-4 in the squared distances.
        """
        centre = sources_cm.mean(axis=0)
        points = (self.points_cm - centre).astype(np.float32)
        sources = (sources_cm - centre).astype(np.float32)
        kernel = sources @ (-2.0 * points.T)
        kernel += np.einsum("ij,ij->i", sources, sources)[:, None]
        kernel += np.einsum("ij,ij->i", points, points)[None, :]
        kernel *= np.sqrt(kernel)
        np.reciprocal(kernel, out=kernel)
        weights = self.weights.astype(np.float32) / np.float32(FOUR_PI)
        moments = np.concatenate([weights[:, :, None] * points[None], weights[:, :, None]], axis=2)
        stacked = np.ascontiguousarray(moments.transpose(1, 0, 2)).reshape(points.shape[0], -1)
        total = (kernel @ stacked).reshape(len(sources), -1, 4).transpose(1, 0, 2)
        field: FloatArray = (total[..., :3] - sources[None] * total[..., 3:]).astype(np.float64)
        return field


def solid_angles(points_cm: FloatArray, vertices_cm: FloatArray, triangles: IntArray) -> Float32Array:
    """Solid angle of every triangle from every point, shape (n_points, n_triangles) in sr, positive seen from inside.

    Notes
    -----
    A far triangle is a point with an area vector; a near one follows Van Oosterom & Strackee 1983 (doi
    10.1109/TBME.1983.325207).
    """
    centre = vertices_cm.mean(axis=0)
    points = (points_cm - centre).astype(np.float32)
    corners = (vertices_cm - centre)[triangles]
    area = (0.5 * np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).astype(np.float32)
    middle = corners.mean(axis=1).astype(np.float32)
    longest2 = np.square(corners - np.roll(corners, 1, axis=1)).sum(axis=2).max(axis=1).astype(np.float32)
    squared = points @ (-2.0 * middle.T)
    squared += (points**2).sum(axis=1)[:, None]
    squared += (middle**2).sum(axis=1)[None]
    point, triangle = np.nonzero(squared < _FAR**2 * longest2)
    angle: Float32Array = points @ -area.T
    angle += np.einsum("ij,ij->i", middle, area)
    squared[point, triangle] = 1.0
    angle /= squared
    angle /= np.sqrt(squared, out=squared)
    angle[point, triangle] = _near_solid_angles(points[point], corners.astype(np.float32)[triangle])
    return angle


def _near_solid_angles(points: Float32Array, corners: Float32Array) -> Float32Array:
    """Solid angle of one triangle (n, 3, 3) from one point (n, 3) each, shape (n,)."""
    rays = corners - points[:, None]
    a, b, c = np.sqrt(np.einsum("nki,nki->kn", rays, rays))
    ab, bc, ca = (np.einsum("ni,ni->n", rays[:, i], rays[:, j]) for i, j in ((0, 1), (1, 2), (2, 0)))
    volume = np.einsum("ni,ni->n", rays[:, 0], np.cross(rays[:, 1], rays[:, 2]))
    angle: Float32Array = 2.0 * np.arctan2(volume, a * b * c + ab * c + bc * a + ca * b)
    return angle


def project_radially(
    points_cm: FloatArray, vertices_cm: FloatArray, triangles: IntArray
) -> tuple[FloatArray, IntArray]:
    """Move points onto the triangulated surface along the ray from the body axis (x = y = 0) at their height.

    Returns
    -------
    array (n_points, 3), int array (n_points,)
        The projected points and the triangle that each lies in.
    """
    corner, first, second = (vertices_cm[triangles[:, k]] for k in range(3))
    side1, side2 = first - corner, second - corner
    origin = points_cm * np.array([0.0, 0.0, 1.0])
    ray = points_cm - origin
    across = np.cross(ray[:, None], side2[None])
    determinant = np.einsum("ij,nij->ni", side1, across)
    determinant[np.abs(determinant) < 1e-12] = np.nan
    offset = origin[:, None] - corner[None]
    u = np.einsum("nij,nij->ni", offset, across) / determinant
    turned = np.cross(offset, side1[None])
    v = np.einsum("nij,nj->ni", turned, ray) / determinant
    scale = np.einsum("ij,nij->ni", side2, turned) / determinant
    hit = (u >= -_ON_FACE) & (v >= -_ON_FACE) & (u + v <= 1.0 + _ON_FACE) & (scale > 0.0)
    reach = np.where(hit, scale, -np.inf)
    face = reach.argmax(axis=1)
    return origin + reach[np.arange(len(face)), face][:, None] * ray, face


def _own_faces(boundaries: Sequence[Boundary], number: int) -> tuple[IntArray, IntArray]:
    """Which vertex (among all) lies in which triangle of this boundary: its solid angle from there is zero."""
    first = sum(len(boundary.vertices_cm) for boundary in boundaries[:number])
    triangles = boundaries[number].triangles
    return first + triangles.ravel(), np.repeat(np.arange(len(triangles)), 3)


def _coupling(points_cm: FloatArray, boundary: Boundary, own: tuple[IntArray, IntArray] | None) -> Float32Array:
    """Conductivity step times solid angle around every vertex of a boundary, shape (n_points, n_vertices)."""
    angles = solid_angles(points_cm, boundary.vertices_cm, boundary.triangles)
    if own is not None:
        angles[own] = 0.0
    coupling: Float32Array = (_third_of_each_corner(boundary.triangles, len(boundary.vertices_cm)) @ angles.T).T
    coupling *= np.float32(boundary.conductivity_step)
    return coupling


def _third_of_each_corner(triangles: IntArray, n_vertices: int) -> csr_array:
    """Sparse (n_vertices, n_triangles) matrix that gives each corner a third of its triangle."""
    columns = np.repeat(np.arange(len(triangles)), 3)
    values = np.full(columns.size, 1.0 / 3.0, dtype=np.float32)
    return csr_array((values, (triangles.ravel(), columns)), shape=(n_vertices, len(triangles)))
