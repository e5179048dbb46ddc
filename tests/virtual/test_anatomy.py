"""Anatomy against volumes and closed-surface identities."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.errors import CohortError
from elvmass_core.virtual.anatomy import HeartPose, HeartShape, area_vectors, build_heart, place
from elvmass_core.virtual.mesh import LV_PARTS, Part, reference_mesh

SHAPE = HeartShape(lvm_g=121.0, edv_ml=112.0, rvedv_ml=128.0)


def _independent_volume_ml(points: np.ndarray, triangles: np.ndarray) -> float:
    """Tetrahedra from an arbitrary point outside, determinant by determinant: not the code under test."""
    corners = points[triangles] - np.array([7.0, -3.0, 11.0])
    return float(np.linalg.det(corners).sum() / 6.0)


@pytest.mark.parametrize(("lvm_g", "edv_ml"), [(50.0, 140.0), (121.0, 112.0), (300.0, 60.0), (310.0, 280.0)])
def test_wall_volume_times_density_is_the_mass_exactly(lvm_g: float, edv_ml: float) -> None:
    mesh = reference_mesh()
    heart = build_heart(replace(SHAPE, lvm_g=lvm_g, edv_ml=edv_ml))
    wall = mesh.triangles[np.isin(mesh.part, LV_PARTS)]
    assert _independent_volume_ml(heart.points_cm, wall) * 1.05 == pytest.approx(lvm_g, rel=1e-8)


def test_cavity_is_the_prescribed_end_diastolic_volume() -> None:
    mesh = reference_mesh()
    heart = build_heart(SHAPE)
    endocardium = mesh.triangles[mesh.part == Part.LV_ENDO]
    corners = heart.points_cm[endocardium]
    assert -np.linalg.det(corners).sum() / 6.0 == pytest.approx(112.0, rel=1e-9)


def test_cavity_matches_the_closed_formula_of_a_truncated_ellipsoid() -> None:
    heart = build_heart(SHAPE)
    a, c, cosine = heart.short_axis_cm, heart.long_axis_cm, 0.45
    exact = np.pi * a * a * c * ((1.0 + cosine) - (1.0 + cosine**3) / 3.0)
    assert exact == pytest.approx(112.0, rel=0.02)


def test_area_vectors_of_the_closed_surface_sum_to_zero() -> None:
    areas = area_vectors(build_heart(SHAPE).points_cm)
    assert np.abs(areas.sum(axis=0)).max() < 1e-10 * np.linalg.norm(areas, axis=1).sum()


def test_every_edge_of_the_lv_surface_is_shared_by_two_opposite_triangles() -> None:
    mesh = reference_mesh()
    triangles = mesh.triangles[np.isin(mesh.part, LV_PARTS)]
    directed = {(int(t[k]), int(t[(k + 1) % 3])) for t in triangles for k in range(3)}
    assert len(directed) == 3 * len(triangles)
    assert all((b, a) in directed for a, b in directed)


def test_more_mass_at_the_same_cavity_is_a_thicker_wall() -> None:
    walls = [build_heart(replace(SHAPE, lvm_g=mass)).wall_cm for mass in (80.0, 120.0, 160.0, 240.0)]
    assert np.all(np.diff(walls) > 0.0)
    assert 0.6 < walls[1] < 1.1


def test_an_impossible_heart_is_refused_with_its_mass() -> None:
    with pytest.raises(CohortError, match="0 g"):
        build_heart(replace(SHAPE, lvm_g=0.01))


def test_placing_the_heart_keeps_distances_and_orientation() -> None:
    heart = build_heart(SHAPE)
    pose = HeartPose(azimuth_deg=38.0, elevation_deg=25.0, roll_deg=-17.0, base_cm=(1.8, 0.0, 1.0), clearance_cm=2.0)
    assert np.linalg.det(pose.rotation) == pytest.approx(1.0)
    placed = place(heart, pose)
    assert np.ptp(placed - placed[0] - (heart.points_cm - heart.points_cm[0]) @ pose.rotation.T) < 1e-12
    apex = placed[reference_mesh().apex[-1]] - np.array(pose.base_cm)
    assert apex[0] > 0.0 > apex[1] and apex[2] < 0.0
