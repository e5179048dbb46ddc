"""The trunk as a closed superelliptic surface, the nine electrodes on it, and the torso's boundary-element solution.

Three tissues: everything not named below (conductivity 1), the lungs, and the fat under the skin. Fat of thickness h
and relative conductivity s is a thin layer: current sees a boundary at s·h, and the skin sees the potential under it
blurred by 1/cosh(kh) ≈ 1 − k²h²/2 at a spatial frequency k, which is the mean over a ring of radius √2·h.
"""

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

import numpy as np

from elvmass_core.domain import FloatArray
from elvmass_core.virtual.bem import Boundary, BoundaryElements, project_radially
from elvmass_core.virtual.lungs import HeartSpace, Lungs, RibCage, lung_surfaces
from elvmass_core.virtual.mesh import IntArray

ELECTRODES = ("V1", "V2", "V3", "V4", "V5", "V6", "RA", "LA", "LL")
"""Order of every electrode array."""

RING_VERTICES, RINGS = 40, 22
"""Trunk mesh: 882 vertices, 1760 triangles (a 28 × 15 mesh was off by 3–6 % in lead I)."""
_CAP_RISE_CM = 0.6
_MESH_CENTRE_CM = -2.0
_MESH_CROWDING = 1.6
_SHOULDER_CM, _PELVIS_CM = 5.0, 4.0
"""Shape of the mesh and of the rounded ends of the trunk (assumed)."""
_LIMB_HEIGHT = 0.86
_ARM_ANGLE_RAD, _LEG_ANGLE_RAD = 0.30, -0.35
"""Where the limbs join the trunk: share of its top or bottom height, angle from the side (assumed)."""
_MIDAXILLARY = 0.96
_ARC_CM_PER_RAD = 15.0
_BREAST_WIDTH_CM = 5.0
_TORSO_CACHE = 8
FAT_CONDUCTIVITY = 0.2
"""Fat 0.04 S/m (Gabriel et al. 1996, doi 10.1088/0031-9155/41/11/003) over a mean of 0.2 S/m."""
BREAST_AS_FAT = 0.3
"""Share of the breast's height that lies under an electrode, which is put below its fold (assumed)."""
_RING_POINTS = 6
_INNER_WALL_CM = 1.6
"""Ribs and muscle between fat and lung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorsoShape:
    """Outer surface of the trunk, lengths in cm, z up from the fourth intercostal space.

    ``exponent`` 2 is an ellipse, larger is boxier; ``waist`` > 1 widens the belly; ``fat_cm`` of the half-axes is fat;
    ``breast_cm`` is the height of the breasts, centred at ``breast_x_cm`` (both sides) and ``breast_z_cm``.
    """

    half_width_cm: float
    half_depth_cm: float
    top_cm: float
    bottom_cm: float
    exponent: float = 2.5
    waist: float = 1.0
    breast_cm: float = 0.0
    breast_x_cm: float = 8.5
    breast_z_cm: float = -3.5
    fat_cm: float = 1.0
    lungs: Lungs = field(default_factory=Lungs)

    @property
    def conducting(self) -> "TorsoShape":
        """The boundary that current sees: fat and breasts thinned by their conductivity."""
        lost = (1.0 - FAT_CONDUCTIVITY) * self.fat_cm
        return replace(
            self, half_width_cm=self.half_width_cm - lost, half_depth_cm=self.half_depth_cm - lost,
            breast_cm=FAT_CONDUCTIVITY * self.breast_cm, fat_cm=FAT_CONDUCTIVITY * self.fat_cm,
        )  # fmt: skip

    @property
    def ribs(self) -> RibCage:
        """Inner surface of the chest wall."""
        inside = self.fat_cm + _INNER_WALL_CM
        return RibCage(
            half_width_cm=self.half_width_cm - inside, half_depth_cm=self.half_depth_cm - inside,
            exponent=self.exponent, top_cm=0.86 * self.top_cm,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the chest electrodes are put.

    ``sternal_x_cm`` (V1, V2), ``mid_x_cm`` and ``apical_z_cm`` (V4) are the anatomical sites; ``shift_x_cm`` and
    ``shift_z_cm`` hold the placement error of V1–V6, left and up positive.
    """

    sternal_x_cm: float
    mid_x_cm: float
    apical_z_cm: float
    shift_x_cm: tuple[float, ...] = (0.0,) * 6
    shift_z_cm: tuple[float, ...] = (0.0,) * 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Torso:
    """A solved torso: skin, electrode positions (9, 3) on it in the order of `ELECTRODES`, and boundary elements."""

    shape: TorsoShape
    vertices_cm: FloatArray
    triangles: IntArray
    electrodes_cm: FloatArray
    boundary: BoundaryElements


@lru_cache(maxsize=_TORSO_CACHE)
def solve_torso(shape: TorsoShape, placement: Placement, heart: HeartSpace) -> Torso:
    """Mesh the trunk, place the electrodes and solve the boundary elements; the last few torsos are remembered.

    Parameters
    ----------
    shape, placement
    heart : HeartSpace
        What the lungs leave free.
    """
    triangles, inner = trunk_triangles(), shape.conducting
    vertices = trunk_vertices(inner)
    skin = Boundary(vertices_cm=vertices, triangles=triangles, conductivity_step=1.0)
    right, left, lung_triangles = lung_surfaces(shape.lungs, shape.ribs, heart)
    step = shape.lungs.conductivity - 1.0
    lungs = [Boundary(vertices_cm=lung, triangles=lung_triangles, conductivity_step=step) for lung in (right, left)]
    seen, faces = project_radially(_rings(shape, inner, placement), vertices, triangles)
    boundary = BoundaryElements([skin, *lungs], seen, faces).averaged(len(ELECTRODES))
    outside, electrodes = trunk_vertices(shape), electrode_positions(shape, placement)
    for array in (outside, electrodes):
        array.setflags(write=False)
    return Torso(
        shape=shape, vertices_cm=outside, triangles=triangles, electrodes_cm=electrodes, boundary=boundary
    )  # fmt: skip


def _rings(shape: TorsoShape, inner: TorsoShape, placement: Placement) -> FloatArray:
    """Points whose mean potential each electrode sees through the fat, shape (9 · 6, 3), not yet on the surface."""
    middle = electrode_positions(inner, placement)
    bulge = shape.breast_cm * _breast_profile(shape, middle[:, 0], middle[:, 2])
    radius = np.sqrt(2.0) * (shape.fat_cm + BREAST_AS_FAT * bulge)
    radius[ELECTRODES.index("RA") :] = 0.0  # limbs: what is there does not vary over a few centimetres
    sideways = np.stack([-middle[:, 1], middle[:, 0], np.zeros(len(middle))], axis=1)
    sideways /= np.linalg.norm(sideways, axis=1, keepdims=True)
    turn = (np.arange(_RING_POINTS) + 0.5) * 2.0 * np.pi / _RING_POINTS
    around = np.cos(turn)[:, None, None] * sideways + np.sin(turn)[:, None, None] * np.array([0.0, 0.0, 1.0])
    rings: FloatArray = middle + radius[:, None] * around
    return rings.transpose(1, 0, 2).reshape(-1, 3)


def surface_point(shape: TorsoShape, angle_rad: FloatArray, z_cm: FloatArray) -> FloatArray:
    """Skin point at an angle (0 left, −π/2 front) and height, shape (..., 3) in cm."""
    width, depth = _half_axes(shape, z_cm)
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    power = shape.exponent
    radius = (np.abs(cosine / width) ** power + np.abs(sine / depth) ** power) ** (-1.0 / power)
    x = radius * cosine
    y = radius * sine - shape.breast_cm * _breast_profile(shape, x, z_cm) * np.clip(-2.0 * sine, 0.0, 1.0)
    return np.stack(np.broadcast_arrays(x, y, z_cm), axis=-1)


def front_point(shape: TorsoShape, x_cm: FloatArray, z_cm: FloatArray) -> FloatArray:
    """Skin point in front at a lateral position and height, shape (..., 3) in cm."""
    width, depth = _half_axes(shape, z_cm)
    across = np.clip(np.abs(x_cm) / width, 0.0, 0.999)
    ahead = depth * (1.0 - across**shape.exponent) ** (1.0 / shape.exponent)
    return surface_point(shape, np.arctan2(-ahead, x_cm), z_cm)


def electrode_positions(shape: TorsoShape, placement: Placement) -> FloatArray:
    """Skin positions of `ELECTRODES` with their placement error, shape (9, 3) in cm."""
    p = placement
    shift_x, shift_z = np.asarray(p.shift_x_cm), np.asarray(p.shift_z_cm)
    x = np.array([-p.sternal_x_cm, p.sternal_x_cm, 0.5 * (p.sternal_x_cm + p.mid_x_cm), p.mid_x_cm]) + shift_x[:4]
    z = np.array([0.0, 0.0, 0.5, 1.0, 1.0, 1.0]) * p.apical_z_cm + shift_z
    front = front_point(shape, x, z[:4])
    towards_axilla = np.arctan2(front[3, 1], front[3, 0]) * (1.0 - _MIDAXILLARY * np.array([0.5, 1.0]))
    side = surface_point(shape, towards_axilla + shift_x[4:] / _ARC_CM_PER_RAD, z[4:])
    limb_angle = np.array([np.pi + _ARM_ANGLE_RAD, -_ARM_ANGLE_RAD, _LEG_ANGLE_RAD])
    limb_z = _LIMB_HEIGHT * np.array([shape.top_cm, shape.top_cm, shape.bottom_cm])
    return np.concatenate([front, side, surface_point(shape, limb_angle, limb_z)])


def trunk_vertices(shape: TorsoShape) -> FloatArray:
    """Vertices of the trunk, shape (882, 3): bottom pole, rings from below, top pole; denser near the heart."""
    turn = np.arange(RING_VERTICES) * 2.0 * np.pi / RING_VERTICES
    angle = turn - 0.40 * np.cos(turn - 0.44)
    spread = np.sinh(_MESH_CROWDING * np.linspace(-1.0, 1.0, RINGS)) / np.sinh(_MESH_CROWDING)
    reach = np.where(spread >= 0.0, shape.top_cm - _MESH_CENTRE_CM, _MESH_CENTRE_CM - shape.bottom_cm)
    z = _MESH_CENTRE_CM + reach * spread
    rings = surface_point(shape, angle[None, :], z[:, None]).reshape(-1, 3)
    poles = np.array([[0.0, 0.0, shape.bottom_cm - _CAP_RISE_CM], [0.0, 0.0, shape.top_cm + _CAP_RISE_CM]])
    return np.concatenate([poles[:1], rings, poles[1:]])


@cache
def trunk_triangles() -> IntArray:
    """Triangles of the trunk, normals outward, shape (1760, 3)."""
    rings = 1 + np.arange(RINGS * RING_VERTICES).reshape(RINGS, RING_VERTICES)
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    here, right, above, across = rings[:-1, :-1], rings[:-1, 1:], rings[1:, :-1], rings[1:, 1:]
    walls = np.stack([here, right, across, here, across, above], axis=-1).reshape(-1, 3)
    bottom = np.stack([np.zeros(RING_VERTICES, dtype=int), rings[0, 1:], rings[0, :-1]], axis=1)
    top_pole = np.full(RING_VERTICES, 1 + RINGS * RING_VERTICES)
    top = np.stack([rings[-1, :-1], rings[-1, 1:], top_pole], axis=1)
    triangles = np.concatenate([bottom, walls, top])
    triangles.setflags(write=False)
    return triangles


def _half_axes(shape: TorsoShape, z_cm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Half-width and half-depth at a height: shoulders above, belly below, rounded ends (proportions assumed)."""
    z = np.asarray(z_cm, dtype=np.float64)
    up, down = np.clip(z / shape.top_cm, 0.0, 1.0), np.clip(z / shape.bottom_cm, 0.0, 1.0)
    width = shape.half_width_cm * (1.0 + 0.06 * up - 0.55 * np.clip(up - 0.75, 0.0, 1.0))
    depth = shape.half_depth_cm * (1.0 - 0.28 * up**2)
    width = width * (1.0 + 1.4 * (shape.waist - 1.0) * down)
    depth = depth * (1.0 + 1.6 * (shape.waist - 1.0) * down)
    into_shoulder = np.clip((z - shape.top_cm + _SHOULDER_CM) / _SHOULDER_CM, 0.0, 1.0)
    into_pelvis = np.clip((shape.bottom_cm + _PELVIS_CM - z) / _PELVIS_CM, 0.0, 1.0)
    rounding = np.sqrt((1.0 - 0.75 * into_shoulder**2) * (1.0 - 0.6 * into_pelvis**2))
    return width * rounding, depth * rounding


def _breast_profile(shape: TorsoShape, x_cm: FloatArray, z_cm: FloatArray) -> FloatArray:
    """Height of both breasts over their maximum."""
    down = (np.asarray(z_cm) - shape.breast_z_cm) ** 2
    spread = 2.0 * _BREAST_WIDTH_CM**2
    left = np.exp(-((x_cm - shape.breast_x_cm) ** 2 + down) / spread)
    right = np.exp(-((x_cm + shape.breast_x_cm) ** 2 + down) / spread)
    return left + right
