"""The volume conductor against analytic solutions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from elvmass_core.virtual import sample_patient
from elvmass_core.virtual.anatomy import build_heart
from elvmass_core.virtual.beat import inside_chest
from elvmass_core.virtual.bem import Boundary, BoundaryElements, project_radially, solid_angles
from elvmass_core.virtual.blood import BloodSpheroid
from elvmass_core.virtual.lungs import HeartSpace, Lungs, _icosphere, lung_surfaces
from elvmass_core.virtual.torso import (
    Placement,
    TorsoShape,
    electrode_positions,
    solve_torso,
    trunk_triangles,
    trunk_vertices,
)

SHAPE = TorsoShape(half_width_cm=16.3, half_depth_cm=10.9, top_cm=18.0, bottom_cm=-36.0)
PLACEMENT = Placement(sternal_x_cm=2.3, mid_x_cm=8.5, apical_z_cm=-3.2)
MIDDLE_CM = np.array([2.5, -3.0, 0.0])
HEART = HeartSpace(MIDDLE_CM + 4.0 * _icosphere()[0])


def _sphere(radius: float, rings: int = 22, around: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """A latitude–longitude sphere with the trunk's connectivity."""
    polar = np.linspace(np.pi, 0.0, rings + 2)[1:-1]
    angle = np.arange(around) * 2.0 * np.pi / around
    ring = np.stack(
        np.broadcast_arrays(
            np.sin(polar)[:, None] * np.cos(angle), np.sin(polar)[:, None] * np.sin(angle), np.cos(polar)[:, None]
        ),
        axis=-1,
    )
    return radius * np.concatenate([[[0, 0, -1.0]], ring.reshape(-1, 3), [[0, 0, 1.0]]]), trunk_triangles()


def _skin(vertices: np.ndarray, triangles: np.ndarray) -> Boundary:
    return Boundary(vertices_cm=vertices, triangles=triangles, conductivity_step=1.0)


def test_solid_angles_of_a_closed_surface_sum_to_a_full_sphere_inside_and_to_zero_outside() -> None:
    vertices = trunk_vertices(SHAPE)
    points = np.array([[2.0, -1.0, 0.0], [-9.0, 4.0, -20.0], [40.0, 0.0, 0.0], [0.0, -25.0, 5.0]])
    total = solid_angles(points, vertices, trunk_triangles()).sum(axis=1)
    np.testing.assert_allclose(total, [4.0 * np.pi, 4.0 * np.pi, 0.0, 0.0], atol=0.04)


def test_one_octant_subtends_an_eighth_of_the_sphere() -> None:
    angle = solid_angles(np.zeros((1, 3)), np.eye(3), np.array([[0, 1, 2]]))
    assert angle[0, 0] == pytest.approx(np.pi / 2.0, rel=1e-6)


@pytest.mark.parametrize("source", [(0.0, 0.0, 0.0), (3.0, -2.0, 1.0), (0.0, 5.0, -2.0)])
def test_dipole_in_a_sphere_agrees_with_the_analytic_potential(source: tuple[float, float, float]) -> None:
    radius = 10.0
    vertices, triangles = _sphere(radius)
    directions = np.array([[0, -1, 0.1], [1, 0.4, 0.2], [-0.5, 0.7, 0.6], [0.6, -0.6, -0.9], [-1, -0.2, 0.3]])
    electrodes, faces = project_radially(radius * directions, vertices, triangles)
    field = BoundaryElements([_skin(vertices, triangles)], electrodes, faces).lead_field(np.array([source]))[:, 0]
    on_sphere = radius * electrodes / np.linalg.norm(electrodes, axis=1, keepdims=True)
    for dipole in np.eye(3):
        exact = _legendre_potential(on_sphere, np.array(source), dipole, radius)
        found = field @ dipole
        # The level of the potential is free: compare differences from the mean.
        np.testing.assert_allclose(found - found.mean(), exact - exact.mean(), atol=0.03 * np.abs(exact).max())


def _legendre_potential(r: np.ndarray, source: np.ndarray, dipole: np.ndarray, radius: float) -> np.ndarray:
    """Potential on an insulated unit-conductivity sphere as the derivative of the monopole's Legendre series."""

    def monopole(at: np.ndarray) -> np.ndarray:
        eccentric = np.linalg.norm(at)
        cosine = r @ at / (radius * max(eccentric, 1e-12))
        total = np.zeros(len(r))
        for order in range(1, 60):
            legendre = np.polynomial.legendre.legval(cosine, np.eye(order + 1)[order])
            total += (2 * order + 1) / order * eccentric**order / radius ** (order + 1) * legendre
        return total / (4.0 * np.pi)

    step = 1e-4
    return (monopole(source + step * dipole) - monopole(source - step * dipole)) / (2.0 * step)


@pytest.mark.parametrize("conductivity", [0.3, 1.0, 3.0])
def test_a_region_of_other_conductivity_agrees_with_the_analytic_potential(conductivity: float) -> None:
    radius, inner = 10.0, 4.0
    vertices, triangles = _sphere(radius)
    ball, ball_triangles = _icosphere()
    region = Boundary(
        vertices_cm=inner * ball, triangles=ball_triangles, conductivity_step=conductivity - 1.0
    )  # fmt: skip
    directions = np.array([[0, -1, 0.1], [1, 0.4, 0.2], [-0.5, 0.7, 0.6], [0.6, -0.6, -0.9], [-1, -0.2, 0.3]])
    electrodes, faces = project_radially(radius * directions, vertices, triangles)
    source = np.array([5.0, -3.5, 1.0])
    field = BoundaryElements([_skin(vertices, triangles), region], electrodes, faces).lead_field(source[None])[:, 0]
    on_sphere = radius * electrodes / np.linalg.norm(electrodes, axis=1, keepdims=True)
    for dipole in np.eye(3):
        step = 1e-4 * dipole
        rise = _shell_monopole(on_sphere, source + step, radius, inner, conductivity)
        exact = (rise - _shell_monopole(on_sphere, source - step, radius, inner, conductivity)) / 2e-4
        found = field @ dipole
        np.testing.assert_allclose(found - found.mean(), exact - exact.mean(), atol=0.04 * np.abs(exact).max())


def _shell_monopole(r: np.ndarray, at: np.ndarray, radius: float, inner: float, conductivity: float) -> np.ndarray:
    """Potential on an insulated sphere of a current source outside a concentric ball of another conductivity.

    In each order n the field between the two is A rⁿ + B r⁻⁽ⁿ⁺¹⁾ plus the source's own; A and B follow from continuity
    of potential and current at the ball and from no current through the skin.
    """
    eccentric = np.linalg.norm(at)
    cosine = r @ at / (radius * eccentric)
    total = np.zeros(len(r))
    for n in range(1, 60):
        inward = eccentric ** -(n + 1)
        mirror = n * (1 - conductivity) / (n * conductivity + n + 1) * inner ** (2 * n + 1)
        echo = (n + 1) / n * radius ** -(2 * n + 1)
        a = echo * (mirror * inward + eccentric**n) / (1 - echo * mirror)
        b = mirror * (a + inward)
        legendre = np.polynomial.legendre.legval(cosine, np.eye(n + 1)[n])
        total += (a * radius**n + (b + eccentric**n) * radius ** -(n + 1)) * legendre
    return total / (4 * np.pi)


def test_a_dipole_moved_with_the_whole_torso_gives_the_same_potential() -> None:
    vertices, triangles = trunk_vertices(SHAPE), trunk_triangles()
    electrodes, faces = project_radially(electrode_positions(SHAPE, PLACEMENT), vertices, triangles)
    source, shift = np.array([[2.0, -3.0, 0.0], [5.0, -4.0, -2.0]]), np.array([30.0, -20.0, 10.0])
    here = BoundaryElements([_skin(vertices, triangles)], electrodes, faces).lead_field(source)
    there = BoundaryElements([_skin(vertices + shift, triangles)], electrodes + shift, faces).lead_field(source + shift)
    np.testing.assert_allclose(there, here, atol=1e-3 * np.abs(here).max())


def test_lead_i_looks_to_the_left_and_lead_ii_downwards() -> None:
    torso = solve_torso(SHAPE, PLACEMENT, HEART)
    field = torso.boundary.lead_field(np.array([[3.0, -3.0, -1.0]]))[:, 0]
    lead_i, lead_ii = field[7] - field[6], field[8] - field[6]
    assert lead_i[0] > 2.0 * abs(lead_i[2])
    assert lead_ii[2] < 0.0
    assert abs(lead_ii[2]) > abs(lead_ii[0])


def test_electrodes_lie_where_their_names_say() -> None:
    v1, v2, v3, v4, v5, v6, ra, la, ll = solve_torso(SHAPE, PLACEMENT, HEART).electrodes_cm
    assert v1[0] < 0.0 < v2[0] < v3[0] < v4[0] < v5[0] < v6[0]
    assert v4[1] < v5[1] < v6[1]
    assert ra[0] < 0.0 < la[0] and ra[2] > 10.0 and ll[2] < -20.0


def test_blood_of_the_same_conductivity_changes_nothing() -> None:
    blood = _blood(1.0)
    assert np.abs(blood.perturbation(np.array([[3.0, 0.0, 0.0], [0.0, 4.0, 4.0]]))).max() == 0.0


def test_a_nearly_spherical_blood_mass_perturbs_like_the_analytic_sphere() -> None:
    ratio, radius = 3.0, 2.0
    blood = BloodSpheroid(
        centre_cm=np.zeros(3), rotation=np.eye(3), short_cm=radius, long_cm=radius * 1.003, conductivity_ratio=ratio
    )
    points = np.array([[3.0, 0.5, 1.0], [0.0, 2.5, -1.0], [1.0, 1.0, 4.0]])
    strength = (ratio - 1.0) / (ratio + 2.0) * radius**3
    distance = np.linalg.norm(points, axis=1)
    for axis in range(3):
        unit = np.eye(3)[axis]
        exact = strength * (
            3.0 * (points @ unit)[:, None] * points / distance[:, None] ** 5 - unit / distance[:, None] ** 3
        )
        np.testing.assert_allclose(blood.perturbation(points)[axis], exact, rtol=0.02, atol=2e-3)


def test_a_perfect_conductor_leaves_no_tangential_field_on_its_surface() -> None:
    blood = _blood(1e9)
    around = np.linspace(0.0, 2.0 * np.pi, 9)[:-1]
    equator = np.stack([2.0 * np.cos(around), 2.0 * np.sin(around), 0.0 * around], axis=1)
    along_axis = 1.0 + blood.perturbation(equator)[2][:, 2]
    np.testing.assert_allclose(along_axis, 0.0, atol=1e-6)


def _blood(ratio: float) -> BloodSpheroid:
    return BloodSpheroid(centre_cm=np.zeros(3), rotation=np.eye(3), short_cm=2.0, long_cm=4.5, conductivity_ratio=ratio)


def test_the_lungs_fill_the_chest_but_leave_the_heart_and_the_wall_free() -> None:
    right, left, triangles = lung_surfaces(Lungs(), SHAPE.ribs, HEART)
    volumes = [_enclosed(lung, triangles) for lung in (right, left)]
    assert 2500.0 < sum(volumes) < 6000.0  # mL; functional residual capacity and tissue of a man
    assert 1.0 < volumes[0] / volumes[1] < 1.6  # the heart takes room from the left one
    for lung in (right, left):
        assert np.linalg.norm(lung - MIDDLE_CM, axis=1).min() > 4.5
        assert np.linalg.norm(lung[:, None] - trunk_vertices(SHAPE.conducting)[None], axis=2).min() > 0.8
    np.testing.assert_allclose(solid_angles(MIDDLE_CM[None], left, triangles).sum(), 0.0, atol=0.05)


def _enclosed(vertices: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)


def test_fat_brings_the_boundary_nearer_than_the_skin() -> None:
    inner = replace(SHAPE, fat_cm=3.0, breast_cm=2.0).conducting
    assert SHAPE.half_width_cm - inner.half_width_cm == pytest.approx(0.8 * 3.0)
    assert inner.breast_cm == pytest.approx(0.2 * 2.0)


def test_fat_blurs_a_chest_electrode_by_the_thin_layer_law() -> None:
    """1/cosh(kh) of a wave of the spatial frequency k, for the mean over the ring that stands for it."""
    frequency, thickness = 0.25, 1.5
    ring = np.sqrt(2.0) * thickness * np.cos((np.arange(6) + 0.5) * np.pi / 3.0)
    assert np.cos(frequency * ring).mean() == pytest.approx(1.0 / np.cosh(frequency * thickness), abs=0.02)


def test_no_lung_comes_near_the_muscle_of_any_heart() -> None:
    """A vertex beside a source would give many millivolts; seen once where the heart's outline was too simple."""
    for seed in range(25):
        patient = sample_patient(np.random.default_rng([seed, 0]))
        heart = build_heart(patient.heart)
        patient, points = inside_chest(patient, heart)
        right, left, _ = lung_surfaces(patient.torso.lungs, patient.torso.ribs, HeartSpace(points[::2]))
        distance, _ = cKDTree(points).query(np.concatenate([right, left]))
        assert distance.min() > 0.5
