"""Activation against distance over velocity."""

from dataclasses import replace

import numpy as np
import pytest

from elvmass_core.virtual.activation import (
    Conduction,
    Root,
    activation_times_ms,
    arrival_times_ms,
    fibre_directions,
    regional_modes,
    root_node,
)
from elvmass_core.virtual.anatomy import HeartShape, build_heart
from elvmass_core.virtual.mesh import _compressed_rows, _grid_edges, reference_mesh

ISOTROPIC = Conduction(
    fibre_cm_ms=0.06, transverse_cm_ms=0.06, lv_endo_cm_ms=0.06, rv_endo_cm_ms=0.06, endo_limit=2.0,
    lv_velocity_factor=1.0, velocity_modes=(0.0,) * 7,
    roots=(Root(site="lv", height=0.5, theta_deg=0.0, delay_ms=0.0),),
)  # fmt: skip


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return build_heart(HeartShape(lvm_g=121.0, edv_ml=112.0, rvedv_ml=128.0)).points_cm


def test_a_uniform_flat_patch_is_reached_at_distance_over_velocity() -> None:
    side, spacing, velocity = 31, 0.2, 0.05
    grid = np.arange(side * side).reshape(1, side, side)
    edges = _grid_edges(grid, closed=False)
    y, x = np.divmod(np.arange(side * side), side)
    position = spacing * np.stack([x, y], axis=1)
    delay = np.linalg.norm(position[edges[:, 0]] - position[edges[:, 1]], axis=1) / velocity
    row_start, neighbours, edge_of = _compressed_rows(edges, side * side)
    centre = side * side // 2
    found = arrival_times_ms(row_start, neighbours, delay[edge_of], np.array([centre]), np.array([1e-9]))
    exact = np.linalg.norm(position - position[centre], axis=1) / velocity
    assert np.all(found >= exact - 1e-6)
    # Sixteen directions overestimate by at most 2.8 % between two of them.
    assert np.all(found <= 1.028 * exact + 1e-6)


def test_no_node_is_reached_faster_than_a_straight_line_allows(points: np.ndarray) -> None:
    times = activation_times_ms(points, ISOTROPIC)
    root = root_node(ISOTROPIC.roots[0])
    straight = np.linalg.norm(points - points[root], axis=1) / 0.06
    assert np.all(times >= straight - 1e-2)


def test_arrival_times_differ_by_no_more_than_the_delay_of_an_edge(points: np.ndarray) -> None:
    times = activation_times_ms(points, ISOTROPIC)
    start, end = reference_mesh().edges.T
    length = np.linalg.norm(points[start] - points[end], axis=1)
    assert np.all(np.abs(times[start] - times[end]) <= length / 0.06 + 1e-6)


def test_doubling_all_velocities_halves_all_times(points: np.ndarray) -> None:
    fast = replace(ISOTROPIC, fibre_cm_ms=0.12, transverse_cm_ms=0.12, lv_endo_cm_ms=0.12, rv_endo_cm_ms=0.12)
    slow_times, fast_times = activation_times_ms(points, ISOTROPIC), activation_times_ms(points, fast)
    np.testing.assert_allclose(fast_times, 0.5 * slow_times, atol=2e-3)


def test_activation_is_faster_along_the_fibres(points: np.ndarray) -> None:
    slower = activation_times_ms(points, replace(ISOTROPIC, transverse_cm_ms=0.03))
    plain = activation_times_ms(points, ISOTROPIC)
    assert np.all(slower >= plain - 1e-9)
    assert np.all(slower <= 2.0 * plain + 1e-2)


def test_a_delayed_root_is_overtaken(points: np.ndarray) -> None:
    late = Root(site="lv", height=0.5, theta_deg=180.0, delay_ms=500.0)
    with_late = activation_times_ms(points, replace(ISOTROPIC, roots=(*ISOTROPIC.roots, late)))
    np.testing.assert_array_equal(with_late, activation_times_ms(points, ISOTROPIC))


def test_fibres_are_unit_vectors_that_turn_through_the_wall(points: np.ndarray) -> None:
    fibres = fibre_directions(points)
    np.testing.assert_allclose(np.linalg.norm(fibres, axis=1), 1.0, atol=1e-12)
    mesh = reference_mesh()
    middle = mesh.lv_grid[:, 11, 20]
    assert fibres[middle[0], 2] * fibres[middle[-1], 2] < 0.0


def test_there_are_as_many_regional_modes_as_a_patient_carries() -> None:
    assert regional_modes().shape == (7, reference_mesh().n_nodes)
