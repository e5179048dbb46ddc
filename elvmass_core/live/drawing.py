"""Outlines for the figures from a simulated heart and chest: two sections, two views."""

import numpy as np
from scipy.spatial import ConvexHull

from elvmass_core.domain import FloatArray
from elvmass_core.figures.heart import ChestView, Section
from elvmass_core.figures.svg import Point
from elvmass_core.virtual import SimulatedBeat, VirtualPatient
from elvmass_core.virtual.mesh import N_COLUMNS, RV_HALF, reference_mesh
from elvmass_core.virtual.torso import ELECTRODES, RING_VERTICES, RINGS, surface_point

MID_LEVEL = 0.5
"""Where the short axis is cut, as a share of the way from apex to base."""
_TO_VIEWER = np.array([-1.0, -1.0])
"""Local axes 1 (towards the right ventricle) and 2 (downwards), or 3 (to the apex), as seen: to the left and down."""
_OUTLINE_POINTS = 96


def heart_sections_of(patient: VirtualPatient, beat: SimulatedBeat) -> tuple[Section, Section]:
    """Short and long axis of the ventricles of a beat."""
    points = _local(patient, beat)
    return short_axis(points), long_axis(points)


def short_axis(points_cm: FloatArray) -> Section:
    """The plane across the long axis at `MID_LEVEL` of the cavity, seen from the apex: septum left, anterior up."""
    mesh = reference_mesh()
    level = (1.0 - MID_LEVEL) * float(points_cm[mesh.apex[0], 2])
    inner, outer = (_cut(points_cm[mesh.lv_grid[layer]], level) for layer in (0, -1))
    rv_inner, rv_outer = (_cut(points_cm[mesh.rv_grid[layer]], level) for layer in (0, 1))
    opposite = N_COLUMNS // 2
    return Section(
        lv_inner=inner, lv_outer=outer, rv_inner=rv_inner, rv_outer=rv_outer, closed=True,
        septum=(_point(inner[0]), _point(outer[0])), free_wall=(_point(inner[opposite]), _point(outer[opposite])),
    )  # fmt: skip


def long_axis(points_cm: FloatArray) -> Section:
    """The plane through the long axis, the middle of the septum and of the free wall; apex down, centred in height."""
    mesh = reference_mesh()
    lines = [
        np.vstack(
            [
                points_cm[mesh.lv_grid[layer, ::-1, 0]],
                points_cm[mesh.apex[layer]],
                points_cm[mesh.lv_grid[layer, :, N_COLUMNS // 2]],
            ]
        )
        for layer in (0, -1)
    ]
    lines += [points_cm[mesh.rv_grid[layer, ::-1, RV_HALF]] for layer in (0, 1)]
    middle = 0.5 * float(lines[1][:, 2].max())
    inner, outer, rv_inner, rv_outer = (line[:, [0, 2]] * _TO_VIEWER + np.array([0.0, middle]) for line in lines)
    half = len(inner) // 4
    return Section(
        lv_inner=inner, lv_outer=outer, rv_inner=rv_inner, rv_outer=rv_outer, closed=False,
        septum=(_point(inner[half]), _point(outer[half])),
        free_wall=(_point(inner[-1 - half]), _point(outer[-1 - half])),
    )  # fmt: skip


def _local(patient: VirtualPatient, beat: SimulatedBeat) -> FloatArray:
    """Nodes in the frame of the heart: the endocardial apex on axis 3, the rim of the endocardium at height 0."""
    mesh = reference_mesh()
    turned = beat.heart_points_cm @ patient.pose.rotation
    apex = turned[mesh.apex[0]]
    rim = turned[mesh.lv_grid[0, -1], 2].mean()
    return turned - np.array([apex[0], apex[1], rim])


def _cut(columns_cm: FloatArray, level_cm: float) -> FloatArray:
    """Where the columns of a shell (rows from the apex, columns, 3) pass a height, as seen."""
    across = [
        [np.interp(-level_cm, -column[:, 2], column[:, axis]) for axis in (0, 1)]
        for column in columns_cm.transpose(1, 0, 2)
    ]
    return np.array(across) * _TO_VIEWER


def chest_views_of(patient: VirtualPatient, beat: SimulatedBeat) -> tuple[ChestView, ChestView]:
    """The chest from the front, and its horizontal section at the height of V4 with everything projected into it."""
    return _view(beat, (0, 2), 1.0, _front_outline(beat)), _view(beat, (0, 1), -1.0, _section_outline(patient, beat))


def _view(beat: SimulatedBeat, axes: tuple[int, int], up: float, trunk: FloatArray) -> ChestView:
    """Everything projected along the third axis."""
    mesh = reference_mesh()
    seen = beat.heart_points_cm[:, axes] * np.array([1.0, up])
    places = beat.electrodes_cm[:, axes] * np.array([1.0, up])
    chest_only = [index for index, name in enumerate(ELECTRODES) if up > 0 or name.startswith("V")]
    names = [ELECTRODES[index] for index in chest_only if ELECTRODES[index] != "LL"]
    return ChestView(
        trunk=trunk, lv=_hull(seen[~mesh.is_rv]), rv=_hull(seen[mesh.is_rv]),
        electrodes={name: _point(places[ELECTRODES.index(name)]) for name in names},
    )  # fmt: skip


def _front_outline(beat: SimulatedBeat) -> FloatArray:
    """Left and right border of the trunk from ring to ring."""
    rings = beat.torso_points_cm[1:-1].reshape(RINGS, RING_VERTICES, 3)
    left = np.stack([rings[:, :, 0].max(axis=1), rings[:, 0, 2]], axis=1)
    right = np.stack([rings[:, :, 0].min(axis=1), rings[:, 0, 2]], axis=1)
    outline = np.vstack([left, right[::-1]])
    return np.vstack([outline, outline[:1]])


def _section_outline(patient: VirtualPatient, beat: SimulatedBeat) -> FloatArray:
    """The skin at the height of V4, front up."""
    angles = np.linspace(0.0, 2.0 * np.pi, _OUTLINE_POINTS)
    height = beat.electrodes_cm[ELECTRODES.index("V4"), 2]
    return surface_point(patient.torso, angles, np.full_like(angles, height))[:, :2] * np.array([1.0, -1.0])


def _hull(points: FloatArray) -> FloatArray:
    """Outline of points without dents, closed."""
    corners = ConvexHull(points).vertices
    return points[np.append(corners, corners[0])]


def _point(values: FloatArray) -> Point:
    return float(values[0]), float(values[1])
