"""Boundary elements for a homogeneous closed conductor, solved once per torso by reciprocity.

The potential of a dipole p at r on a closed surface obeys φ(x)·Ω(x)/4π = φ∞(x) + Σ_j Ω_j(x) φ_j / 4π, with Ω_j the
solid angle of the surface around vertex j (Barnard et al. 1967, doi 10.1016/S0006-3495(67)86598-6). Vertex collocation
makes a matrix M; its adjoint solution for the few electrodes gives weights W, so that φ_e = Σ_k W_ek φ∞(Q_k) for every
source.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csr_array

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.mesh import IntArray

Float32Array = NDArray[np.float32]
FOUR_PI = 4.0 * np.pi
_ON_FACE = 1e-9


class BoundaryElements:
    """A triangulated closed surface and the weights of points on it.

    Parameters
    ----------
    vertices_cm : array (n_vertices, 3)
    triangles : int array (n_triangles, 3)
        Normals outward.
    electrodes_cm : array (n_electrodes, 3)
        Points on the triangulated surface; `faces` holds the triangle of each.

    Attributes
    ----------
    points_cm : array (n_electrodes + n_vertices, 3)
    weights : array (n_electrodes, n_electrodes + n_vertices)
        The potential of electrode e is ``weights[e] @`` (infinite-medium potential at ``points_cm``).
    """

    def __init__(
        self, vertices_cm: FloatArray, triangles: IntArray, electrodes_cm: FloatArray, faces: IntArray
    ) -> None:
        share = _third_of_each_corner(triangles, len(vertices_cm))
        angles = solid_angles(vertices_cm, vertices_cm, triangles)
        angles[triangles.T, np.arange(len(triangles))] = 0.0
        coupling = (share @ angles.T).T
        matrix = -coupling
        diagonal = np.arange(len(vertices_cm))
        # The row sum as diagonal keeps the constant potential in the null space; the last term then fixes its level.
        matrix[diagonal, diagonal] += coupling.sum(axis=1)
        matrix += np.float32(0.5 * FOUR_PI / len(vertices_cm))
        electrode_angles = solid_angles(electrodes_cm, vertices_cm, triangles)
        electrode_angles[np.arange(len(faces)), faces] = 0.0
        rows = (share @ electrode_angles.T).T
        adjoint = lu_solve(lu_factor(matrix.T, overwrite_a=True, check_finite=False), rows.T, check_finite=False).T
        own = np.eye(len(electrodes_cm), dtype=np.float32)
        self.points_cm = np.concatenate([electrodes_cm, vertices_cm])
        self.weights = FOUR_PI * np.concatenate([own, adjoint], axis=1) / rows.sum(axis=1)[:, None]
        self.points_cm.setflags(write=False)
        self.weights.setflags(write=False)

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
    Van Oosterom & Strackee 1983 (doi 10.1109/TBME.1983.325207). The scalar products follow from the distances to the
    vertices and the edge lengths, and the triple product is linear in the point, so that only distances are formed.
    """
    centre = vertices_cm.mean(axis=0)
    vertices, points = vertices_cm - centre, points_cm - centre
    corners = vertices[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    height = np.einsum("ij,ij->i", normals, corners[:, 0])[:, None] - normals @ points.T
    squared = (vertices**2).sum(axis=1)[:, None] + (points**2).sum(axis=1)[None] - 2.0 * vertices @ points.T
    distance = np.sqrt(np.maximum(squared, 0.0)).astype(np.float32)
    a, b, c = (distance[triangles[:, corner]] for corner in range(3))
    ab, bc, ca = (_squared_edge(corners, first, second) for first, second in ((0, 1), (1, 2), (2, 0)))
    below = a * b * c
    a2, b2, c2 = a * a, b * b, c * c
    below += 0.5 * ((a2 + b2 - ab) * c + (b2 + c2 - bc) * a + (c2 + a2 - ca) * b)
    angle: Float32Array = np.arctan2(height.astype(np.float32), below)
    angle *= 2.0
    return angle.T


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


def _third_of_each_corner(triangles: IntArray, n_vertices: int) -> csr_array:
    """Sparse (n_vertices, n_triangles) matrix that gives each corner a third of its triangle."""
    columns = np.repeat(np.arange(len(triangles)), 3)
    values = np.full(columns.size, 1.0 / 3.0, dtype=np.float32)
    return csr_array((values, (triangles.ravel(), columns)), shape=(n_vertices, len(triangles)))


def _squared_edge(corners: FloatArray, first: int, second: int) -> Float32Array:
    """Squared length of one edge of every triangle, shape (n_triangles, 1)."""
    length2: Float32Array = ((corners[:, first] - corners[:, second]) ** 2).sum(axis=1)[:, None].astype(np.float32)
    return length2
