"""Which rows lie somewhere: first by the R-tree, then by their edges as the client sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import MalformedGeometry
from geoplan.model import Bbox
from geoplan.store import blob
from geoplan.store.cql2.geometry import related
from geoplan_api.references import reference
from geoplan_api.ways import overlap, way_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geoplan.model import Layer
    from geoplan.store.condition import Condition, Located
    from geoplan.store.table_now import Keys, TableNow
    from geoplan_api.ways import Way

    Test = Callable[[NDArray[Any]], NDArray[np.bool_]]

_CHUNK = 1000
_NOTHING = np.empty(0, dtype=np.int64)


def resolved(table: TableNow, layer: Layer, condition: Condition) -> Condition:
    """Return a condition with the keys that it needs of rows that lie somewhere."""
    if not condition.located:
        return condition
    found = tuple((one.parameter, _keys(table, layer, one)) for one in condition.located)
    return replace(condition, values=condition.values + found, located=())


def _keys(table: TableNow, layer: Layer, located: Located) -> Keys:
    if located.relation is None:
        return table.unlocated()
    # relations with pages of their own are asked again and again
    return table.kept(located, lambda: _related(table, layer, located))


def _related(table: TableNow, layer: Layer, located: Located) -> Keys:
    """Return the keys of rows whose geometry is related to another one.

    Every relation but ``s_disjoint`` asks that the two share a point, so their boxes meet.
    """
    assert located.relation is not None  # noqa: S101 - for the type
    path = way_of(layer, table, reference(located.crs))
    literal = shapely.from_wkb(located.geometry)
    extent = table.extent()
    reach = path.extent(extent)
    near = overlap(Bbox(*shapely.bounds(literal).tolist()), reach) if reach else None
    if near is None:
        return _NOTHING
    boxes = path.storage_boxes(near, extent)
    outer, inner = boxes or (None, None)
    is_box = located.relation == "s_intersects" and shapely.equals(
        literal, shapely.box(*shapely.bounds(literal))
    )
    keys, sure = table.keys((), (), outer, inner)
    if not is_box or boxes is None:
        sure[:] = False
    shapely.prepare(literal)
    doubtful = np.flatnonzero(~sure)
    sure[doubtful] = holding(
        table, keys[doubtful], path, lambda shapes: related(str(located.relation), shapes, literal)
    )
    return keys[sure]


def holding(table: TableNow, keys: Keys, path: Way, test: Test) -> NDArray[np.bool_]:
    """Tell of which rows a test holds, by their edges as the client sees them.

    Parameters
    ----------
    table : TableNow
        The table.
    keys : ndarray of int64, shape (n,)
        Which rows.
    path : Way
        To the CRS of the client.
    test : callable
        Of geometries in that CRS, null for those without a position, shape (m,).

    Raises
    ------
    MalformedGeometry
        A geometry cannot be decoded or projected.
    """
    found = np.zeros(len(keys), dtype=bool)
    for start in range(0, len(keys), _CHUNK):
        part = slice(start, start + _CHUNK)
        found[part] = _holding(table, keys[part], path, test)
    return found


def _holding(table: TableNow, keys: Keys, path: Way, test: Test) -> NDArray[np.bool_]:
    rows = {row.key: row for row in table.rows(keys, ())}
    listed = [rows[key] for key in keys.tolist() if key in rows]
    try:
        holds = _tested([row.geometry for row in listed], path, test)
    except MalformedGeometry:
        for row in listed:  # once more, one at a time, to say which
            try:
                _tested([row.geometry], path, test)
            except MalformedGeometry as error:
                raise MalformedGeometry(f"feature {row.id!r}: {error}") from error
        raise
    known = dict(zip([row.key for row in listed], holds.tolist(), strict=True))
    return np.array([known.get(key, False) for key in keys.tolist()], dtype=bool)


def _tested(blobs: list[bytes | None], path: Way, test: Test) -> NDArray[np.bool_]:
    try:
        shapes = blob.decode(blobs)
    except NotImplementedError as error:
        raise MalformedGeometry(f"curves are not read yet: {error}") from error
    shapes[shapely.is_empty(shapes)] = None
    shapes = path.project(shapes)
    try:
        return np.asarray(test(shapes), dtype=bool)
    except shapely.errors.GEOSException as error:
        raise MalformedGeometry(f"a geometry cannot be compared: {error}") from error
