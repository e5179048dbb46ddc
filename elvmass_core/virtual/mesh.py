"""Reference mesh of the two ventricles: node numbers, surface triangles and graph edges, the same for every patient.

The left ventricle (LV) is a wall of `N_LAYERS` shells from endocardium to epicardium, each an apex node and `N_ROWS`
rings of `N_COLUMNS` nodes; the right ventricle (RV) is a two-shell crescent that covers the septal sector. Position in
the wall is told by ``depth`` (0 endocardium, 1 epicardium), ``height`` (0 apex, 1 base) and ``theta`` (0 mid-septum,
negative towards the anterior wall).
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from elvmass_core.domain import FloatArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

N_LAYERS, N_ROWS, N_COLUMNS = 5, 22, 40
RV_ROWS, RV_COLUMNS = 15, 21
RV_HALF = RV_COLUMNS // 2
"""Resolution (assumed): 3–5 mm along the wall, 2 mm through it."""

_IN_SHELL = ((0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, -1), (0, 1, 2), (0, 2, 1), (0, 1, -2), (0, 2, -1))
_THROUGH_WALL = tuple((1, row, column) for row in (-1, 0, 1) for column in (-1, 0, 1))
STENCIL = _IN_SHELL + _THROUGH_WALL
"""Half of the neighbours of a node as (layer, row, column) steps: sixteen directions in a shell, nine to the next."""


class Part(IntEnum):
    """Which part of the closed heart surface a triangle belongs to."""

    LV_EPI = 0
    LV_ENDO = 1
    LV_BASE = 2
    RV_EPI = 3
    RV_ENDO = 4
    RV_BASE = 5


LV_PARTS = (Part.LV_EPI, Part.LV_ENDO, Part.LV_BASE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeartMesh:
    """Connectivity and reference coordinates of the heart; positions in cm belong to `anatomy`.

    Parameters
    ----------
    apex, lv_grid, rv_grid : int arrays (5,), (5, 22, 40), (2, 15, 21)
        Node numbers.
    depth, height, theta : arrays (n_nodes,)
        Fraction of the wall, fraction from apex to base, angle in rad.
    is_rv, is_septal_right : bool arrays (n_nodes,)
        RV wall; LV nodes on the RV side of the septum.
    triangles, part : int arrays (n_triangles, 3), (n_triangles,)
        Closed surface, normals pointing out of the muscle, and its `Part`.
    surface_nodes : int array (n_surface,)
        Nodes that carry a triangle.
    septal_triangles : int array
        Rows of `triangles` on the right septal surface, the inner wall of the RV cavity.
    edges : int array (n_edges, 2)
        Undirected neighbour pairs.
    lv_endocardial_edges, rv_endocardial_edges : int arrays
        Rows of `edges` inside the fast-conducting layers.
    row_start, neighbours, edge_of : int arrays
        The edges in both directions as compressed rows, and which edge each entry is.
    basal_neighbour, apical_neighbour : int arrays (n_nodes,)
        Where the longitudinal direction at a node points to and comes from.
    """

    apex: IntArray
    lv_grid: IntArray
    rv_grid: IntArray
    depth: FloatArray
    height: FloatArray
    theta: FloatArray
    is_rv: BoolArray
    is_septal_right: BoolArray
    triangles: IntArray
    part: IntArray
    surface_nodes: IntArray
    septal_triangles: IntArray
    edges: IntArray
    lv_endocardial_edges: IntArray
    rv_endocardial_edges: IntArray
    row_start: IntArray
    neighbours: IntArray
    edge_of: IntArray
    basal_neighbour: IntArray
    apical_neighbour: IntArray

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return self.depth.size


@cache
def reference_mesh() -> HeartMesh:
    """Build the mesh, once per process."""
    apex, lv_grid, rv_grid = _number_nodes()
    depth, height, theta, is_rv = _coordinates(apex, lv_grid, rv_grid)
    right_side = ~is_rv & (depth == 1.0) & (np.abs(theta) <= _rv_half_angle() + 1e-9)
    is_septal_right = right_side & (height > (N_ROWS - RV_ROWS + 0.5) / N_ROWS)
    triangles, part = _surface(apex, lv_grid, rv_grid)
    edges = _edges(apex, lv_grid, rv_grid)
    row_start, neighbours, edge_of = _compressed_rows(edges, depth.size)
    basal, apical = _longitudinal_neighbours(apex, lv_grid, rv_grid)
    lv_fast = ~is_rv & (depth == 0.0)
    rv_fast = (is_rv & (depth == 0.0)) | is_septal_right
    septal = np.flatnonzero(is_septal_right[triangles].all(axis=1) & (part == Part.LV_EPI))
    return HeartMesh(
        apex=apex, lv_grid=lv_grid, rv_grid=rv_grid, depth=depth, height=height, theta=theta, is_rv=is_rv,
        is_septal_right=is_septal_right, triangles=triangles, part=part, surface_nodes=np.unique(triangles),
        septal_triangles=septal, edges=edges, lv_endocardial_edges=np.flatnonzero(lv_fast[edges].all(axis=1)),
        rv_endocardial_edges=np.flatnonzero(rv_fast[edges].all(axis=1)), row_start=row_start, neighbours=neighbours,
        edge_of=edge_of, basal_neighbour=basal, apical_neighbour=apical,
    )  # fmt: skip


def _rv_half_angle() -> float:
    """Half the sector that the RV covers, in rad."""
    return RV_HALF * 2.0 * np.pi / N_COLUMNS


def _number_nodes() -> tuple[IntArray, IntArray, IntArray]:
    """Node numbers: per LV shell the apex, then its rings; then the RV shells."""
    per_shell = 1 + N_ROWS * N_COLUMNS
    shells = np.arange(N_LAYERS * per_shell).reshape(N_LAYERS, per_shell)
    rv_grid = shells.size + np.arange(2 * RV_ROWS * RV_COLUMNS).reshape(2, RV_ROWS, RV_COLUMNS)
    return shells[:, 0], shells[:, 1:].reshape(N_LAYERS, N_ROWS, N_COLUMNS), rv_grid


def _coordinates(
    apex: IntArray, lv_grid: IntArray, rv_grid: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Depth, height, theta and RV membership of every node."""
    n_nodes = apex.size + lv_grid.size + rv_grid.size
    depth, height, theta = np.zeros(n_nodes), np.zeros(n_nodes), np.zeros(n_nodes)
    is_rv = np.zeros(n_nodes, dtype=bool)
    depth[apex] = np.linspace(0.0, 1.0, N_LAYERS)
    step = 2.0 * np.pi / N_COLUMNS
    columns = (np.arange(N_COLUMNS) + N_COLUMNS // 2) % N_COLUMNS - N_COLUMNS // 2
    depth[lv_grid] = np.linspace(0.0, 1.0, N_LAYERS)[:, None, None]
    height[lv_grid] = ((np.arange(N_ROWS) + 1) / N_ROWS)[None, :, None]
    theta[lv_grid] = columns * step
    depth[rv_grid] = np.array([0.0, 1.0])[:, None, None]
    height[rv_grid] = ((np.arange(N_ROWS - RV_ROWS, N_ROWS) + 1) / N_ROWS)[None, :, None]
    theta[rv_grid] = np.arange(-RV_HALF, RV_HALF + 1) * step
    is_rv[rv_grid] = True
    return depth, height, theta, is_rv


def _grid_triangles(grid: IntArray) -> IntArray:
    """Two triangles for each cell of a sheet (rows, columns); outward when rows rise to the base, columns turn left."""
    here, up, across, right = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    cells = np.stack([here, up, across, here, across, right], axis=-1)
    return cells.reshape(-1, 3)


def _shell_triangles(apex: int, rings: IntArray) -> IntArray:
    """Triangles of one LV shell, normals outward."""
    closed = np.concatenate([rings, rings[:, :1]], axis=1)
    fan = np.stack([np.full(N_COLUMNS, apex), closed[0, :-1], closed[0, 1:]], axis=1)
    return np.concatenate([fan, _grid_triangles(closed)])


def _surface(apex: IntArray, lv_grid: IntArray, rv_grid: IntArray) -> tuple[IntArray, IntArray]:
    """The closed surface: both shells of both ventricles and the two basal rims.

    The RV shells meet at their other three borders, so that no rim is needed there.
    """
    lv_rim = np.concatenate([lv_grid[:, -1], lv_grid[:, -1, :1]], axis=1)
    sheets = {
        Part.LV_EPI: _shell_triangles(int(apex[-1]), lv_grid[-1]),
        Part.LV_ENDO: _shell_triangles(int(apex[0]), lv_grid[0])[:, ::-1],
        Part.LV_BASE: _grid_triangles(lv_rim)[:, ::-1],
        Part.RV_EPI: _grid_triangles(rv_grid[1]),
        Part.RV_ENDO: _grid_triangles(rv_grid[0])[:, ::-1],
        Part.RV_BASE: _grid_triangles(rv_grid[:, -1])[:, ::-1],
    }
    part = np.concatenate([np.full(len(sheet), int(name)) for name, sheet in sheets.items()])
    return np.concatenate(list(sheets.values())), part


def _grid_edges(grid: IntArray, *, closed: bool) -> IntArray:
    """Stencil edges of a (layers, rows, columns) block; `closed` wraps the columns."""
    layers, rows, columns = grid.shape
    layer, row, column = np.meshgrid(*map(np.arange, grid.shape), indexing="ij")
    found = []
    for step in STENCIL:
        to_layer, to_row, to_column = layer + step[0], row + step[1], column + step[2]
        if closed:
            to_column = to_column % columns
        inside = (to_layer < layers) & (to_row >= 0) & (to_row < rows) & (to_column >= 0) & (to_column < columns)
        target = grid[to_layer[inside], to_row[inside], to_column[inside]]
        found.append(np.stack([grid[inside], target], axis=1))
    return np.concatenate(found)


def _pairs(first: IntArray, second: IntArray) -> IntArray:
    """Edges between equally shaped blocks of nodes."""
    first, second = np.broadcast_arrays(first, second)
    return np.stack([first.ravel(), second.ravel()], axis=1)


def _edges(apex: IntArray, lv_grid: IntArray, rv_grid: IntArray) -> IntArray:
    """All edges: the two stencil blocks, the apex nodes, and the rim where the RV grows out of the LV."""
    rv_columns = np.arange(-RV_HALF, RV_HALF + 1) % N_COLUMNS
    under_rv = lv_grid[-1, N_ROWS - RV_ROWS :, :][:, rv_columns]
    rim = np.zeros((RV_ROWS, RV_COLUMNS), dtype=bool)
    rim[0] = rim[:, 0] = rim[:, -1] = True
    return np.concatenate(
        [
            _grid_edges(lv_grid, closed=True),
            _grid_edges(rv_grid, closed=False),
            _pairs(apex[:, None, None], lv_grid[:, :2]),
            _pairs(apex[:-1, None], lv_grid[1:, 0]),
            _pairs(apex[1:, None], lv_grid[:-1, 0]),
            _pairs(apex[:-1], apex[1:]),
            _pairs(rv_grid[0][rim], under_rv[rim]),
            _pairs(rv_grid[1][rim], under_rv[rim]),
        ]
    )


def _compressed_rows(edges: IntArray, n_nodes: int) -> tuple[IntArray, IntArray, IntArray]:
    """The undirected edges as a compressed-row pattern: row starts, neighbour of each entry, edge of each entry."""
    rows = edges.T.ravel()
    columns = edges[:, ::-1].T.ravel()
    order = np.lexsort((columns, rows))
    edge_of = np.tile(np.arange(len(edges)), 2)[order]
    row_start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n_nodes))])
    return row_start, columns[order], edge_of


def _longitudinal_neighbours(apex: IntArray, lv_grid: IntArray, rv_grid: IntArray) -> tuple[IntArray, IntArray]:
    """For each node its neighbours towards the base and the apex; the node itself at a border."""
    n_nodes = apex.size + lv_grid.size + rv_grid.size
    basal, apical = np.arange(n_nodes), np.arange(n_nodes)
    for grid in (lv_grid, rv_grid):
        basal[grid[:, :-1]] = grid[:, 1:]
        apical[grid[:, 1:]] = grid[:, :-1]
    basal[apex] = lv_grid[:, 0, 0]
    return basal, apical
