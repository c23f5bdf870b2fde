"""Features of layers as vector tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geoplan.errors import MalformedGeometry
from geoplan.model import Bbox
from geoplan.store import blob
from geoplan.store.plain_rings import plain_rings
from geoplan.tiles import EXTENT, Grid, draw, layer_message
from geoplan.tiles.shapes import BUFFER, draw_rings, merged
from geoplan.tiles.thin import PIXELS, visible
from geoplan_api.references import reference
from geoplan_api.ways import overlap, way_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoplan.model import Layer
    from geoplan.store.base import Column
    from geoplan.store.table_now import ServedColumns, TableNow
    from geoplan.tiles import TileMatrix, TileMatrixSet
    from geoplan.tiles.shapes import Drawn, Floats, Move
    from geoplan_api.ways import Way


class Place(NamedTuple):
    """A tile: its grid, level, row and column."""

    grid: TileMatrixSet
    matrix: TileMatrix
    row: int
    col: int

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What names it."""
        return self.grid.id, self.matrix.level, self.row, self.col

    @property
    def box(self) -> Bbox:
        """Where it lies, x to the east."""
        return self.matrix.box(self.row, self.col)


class VectorLayer(NamedTuple):
    """A layer of a tile: its message, empty where it shows nothing, and how many it leaves out."""

    message: bytes
    left_out: int


def vector_layer(
    table: TableNow, layer: Layer, place: Place, columns: Sequence[Column]
) -> VectorLayer:
    """Make a layer of a tile.

    Raises
    ------
    TableInvalid, MalformedGeometry, DuplicateId
        The file is at fault.
    """
    path = way_of(layer, table, reference(place.grid.crs))
    keys, left_out = shown_keys(table, path, place)
    if not len(keys):
        return VectorLayer(b"", left_out)
    rows = table.by_column(keys, columns)
    drawn = _drawn(rows, to_grid(path, place))
    if not len(drawn.owners):
        return VectorLayer(b"", left_out)
    names = [column.name for column in columns]
    values: dict[str, Sequence[Any]] = dict(zip(names, rows.values, strict=True))
    if table.shape.id_column != table.shape.key:
        # MVT's own ids are whole numbers; the id that the service knows goes with the values
        values = {table.shape.id_column: rows.ids, **values}
    ids = np.array(rows.keys, dtype=np.int64)
    return VectorLayer(layer_message(layer.id, ids, drawn, values), left_out)


def limits_of(table: TableNow, layer: Layer, grid: TileMatrixSet) -> Bbox | None:
    """Return a box that holds all features of a layer, in the CRS of a grid; None without any."""
    return way_of(layer, table, reference(grid.crs)).extent(table.extent())


def shown_keys(table: TableNow, path: Way, place: Place) -> tuple[NDArray[np.int64], int]:
    """Return the features to be shown, and how many there are beside them."""
    extent = table.extent()
    reach = path.extent(extent)
    margin = place.matrix.side * BUFFER / EXTENT
    box = place.box
    wide = Bbox(box.xmin - margin, box.ymin - margin, box.xmax + margin, box.ymax + margin)
    near = overlap(wide, reach) if reach else None
    if near is None:
        return np.empty(0, dtype=np.int64), 0
    found = path.storage_boxes(near, extent)
    keys, boxes = table.boxes(found[0] if found else None)
    if boxes is None:
        return keys, 0
    shown = visible(boxes, _pixel(path, near, place), place.matrix.level)
    return keys[shown], int(len(keys) - shown.sum())


def _pixel(path: Way, near: Bbox, place: Place) -> tuple[float, float]:
    """Return width and height of a pixel in the CRS of a table, in the middle of a box."""
    x, y = (near.xmin + near.xmax) / 2, (near.ymin + near.ymax) / 2
    step = place.matrix.side / PIXELS
    corners = np.array([[x, y], [x + step, y], [x, y + step]])
    if not path.same:
        corners = np.column_stack(path.back.transform(corners[:, 0], corners[:, 1]))
    width, height = np.hypot(*(corners[1:] - corners[0]).T)
    return float(width), float(height)


def to_grid(path: Way, place: Place) -> Move:
    """Return how places in the CRS of a table come to the grid of a tile.

    Within the tile and its margin a polynomial of the third degree stands for the projection
    where it leaves it by less than `_LEAST` of a step, which it does in all tiles of towns and
    counties; it takes a tenth of the time. Other places are projected one by one.
    """
    box = place.box
    grid = Grid(box.xmin, box.ymax, place.matrix.side)

    def exact(xy: Floats) -> Floats:
        return grid(path.move(xy))

    margin = place.matrix.side * BUFFER / EXTENT
    near = path.back.transform_bounds(
        box.xmin - margin, box.ymin - margin, box.xmax + margin, box.ymax + margin
    )
    if path.same or not np.isfinite(near).all():
        return exact
    low, high = np.array(near[:2]), np.array(near[2:])
    middle, half = (low + high) / 2, (high - low) / 2
    coefficients = _fitted(exact, middle, half)
    if coefficients is None:
        return exact

    def quick(xy: Floats) -> Floats:
        x, y = (xy[:, 0] - middle[0]) / half[0], (xy[:, 1] - middle[1]) / half[1]
        placed = np.column_stack([_cubic(x, y, one) for one in coefficients])
        beyond = ~((np.abs(x) <= 1) & (np.abs(y) <= 1))
        if beyond.any():
            placed[beyond] = exact(xy[beyond])
        return placed

    return quick


_LEAST = 0.02


def _fitted(exact: Move, middle: Floats, half: Floats) -> list[list[float]] | None:
    """Return a projection within a box as polynomials, one for each axis; None if it bends more."""
    side = np.linspace(-1, 1, 9)
    lattice = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    x, y = lattice.T
    powers = [np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3]
    try:
        placed = exact(middle + lattice * half)
    except MalformedGeometry:
        return None  # it reaches beyond where the projection is defined
    found = np.linalg.lstsq(np.column_stack(powers), placed, rcond=None)[0].T.tolist()
    fitted = np.column_stack([_cubic(x, y, one) for one in found])
    return found if np.abs(fitted - placed).max() < _LEAST else None


def _cubic(x: Floats, y: Floats, c: list[float]) -> Floats:
    """Return the values of a polynomial in x and y of the third degree."""
    by_y = c[2] + y * (c[5] + y * c[9])
    by_x = c[1] + x * (c[3] + x * c[6]) + y * (c[4] + x * c[7] + y * c[8])
    return c[0] + x * by_x + y * by_y


def _drawn(rows: ServedColumns, place: Move) -> Drawn:
    """Draw the geometries of rows; an error names the feature."""
    try:
        return _draw(rows.geometries, place)
    except MalformedGeometry:
        for id_, geometry in zip(rows.ids, rows.geometries, strict=True):
            try:  # once more, one at a time, to say which
                _draw((geometry,), place)
            except MalformedGeometry as error:
                raise MalformedGeometry(f"feature {id_!r}: {error}") from error
        raise


def _draw(blobs: Sequence[bytes | None], place: Move) -> Drawn:
    rings = plain_rings(blobs)
    plain = draw_rings(rings.at, rings.xy, rings.ends, place) if len(rings.at) else None
    if plain is not None and len(rings.at) == len(blobs):
        return plain
    rest = np.array(blobs, dtype=object)
    rest[rings.at] = None
    try:
        others = draw(blob.decode(rest.tolist()), place)
    except (NotImplementedError, KeyError) as error:
        raise MalformedGeometry(f"its geometry cannot be drawn: {error}") from error
    return others if plain is None else merged([plain, others])
