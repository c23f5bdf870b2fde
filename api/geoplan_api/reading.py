"""Which features of a layer a question matches, page by page, without GDAL or geopandas.

A question that is more than "the next ones" is answered once, as the keys of all rows that match
it, in their order; the pages of it are cut from that for as long as the file stays as it is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from geoplan.errors import FeatureNotFound
from geoplan.model import Bbox
from geoplan.store import blob
from geoplan.store.condition import Condition
from geoplan.store.ddl import quoted
from geoplan_api.errors import BadParameter
from geoplan_api.located import holding, resolved
from geoplan_api.ways import area_of, overlap, way_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoplan.model import Layer
    from geoplan.store.table_now import Keys, ServedRow, TableNow
    from geoplan_api.query import ItemsQuery
    from geoplan_api.references import Reference

_CHUNK = 1000
_NOTHING = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Page:
    """One page of an answer.

    Attributes
    ----------
    rows : sequence of ServedRow
        In the order asked for.
    matched : int
        How many features the question matches on all pages together.
    next_after : str, optional
        The token that the next page begins behind; None on the last page.
    """

    rows: Sequence[ServedRow]
    matched: int
    next_after: str | None


def read_page(table: TableNow, layer: Layer, wanted: ItemsQuery) -> Page:
    """Return one page of the features that a question matches.

    Features without a position match every box (OGC API - Features, /req/core/fc-bbox-response
    C): that a place is not known does not put it elsewhere.

    Raises
    ------
    TableInvalid, MalformedGeometry, DuplicateId
        The file is at fault.
    BadParameter
        ``after`` is no token of this order.
    """
    if wanted.everything:
        rows = table.page(wanted.after, wanted.limit + 1, wanted.columns)
        more = len(rows) > wanted.limit
        rows = rows[: wanted.limit]
        return Page(rows, table.count(), str(rows[-1].id) if more else None)
    keys = matching(table, layer, wanted)
    start = place_of_page(table, keys, wanted)
    rows = table.rows(keys[start : start + wanted.limit], wanted.columns)
    more = start + wanted.limit < len(keys) and bool(rows)
    return Page(rows, len(keys), _token(table, rows[-1], wanted) if more else None)


def place_of_page(table: TableNow, keys: Keys, wanted: ItemsQuery) -> int:
    """Return where among the keys of a question the page begins that is asked for.

    Raises
    ------
    BadParameter
        ``after`` is no token of this order.
    """
    if wanted.after is None:
        return 0
    return table.place_after(keys, _last(wanted), wanted.order)


def matching(table: TableNow, layer: Layer, wanted: ItemsQuery) -> Keys:
    """Return the keys of all features that a question matches, in the order asked for."""
    return table.kept(wanted.question, lambda: _find(table, layer, wanted))


def read_feature(
    table: TableNow, layer: Layer, feature_id: str, wanted: ItemsQuery | None = None
) -> ServedRow:
    """Return one feature.

    Raises
    ------
    FeatureNotFound
        The layer has no feature of exactly that id.
    """
    found = table.row(feature_id, None if wanted is None else wanted.columns)
    if found is None:
        raise FeatureNotFound(f"layer {layer.id!r} has no feature {feature_id!r}")
    return found


def _find(table: TableNow, layer: Layer, wanted: ItemsQuery) -> Keys:
    conditions = [
        *map(_equals, range(len(wanted.where)), wanted.where),
        *(resolved(table, layer, condition) for condition in wanted.conditions),
    ]
    if wanted.boxes is None:
        return table.keys(conditions, wanted.order)[0]
    found = _within(table, layer, wanted, conditions)
    nowhere = table.unlocated()
    if not len(nowhere):
        return found
    return table.ordered(np.concatenate([found, nowhere]), conditions, wanted.order)


def _within(table: TableNow, layer: Layer, wanted: ItemsQuery, conditions: list[Condition]) -> Keys:
    """Return the keys of the features with a position that meet the boxes."""
    assert wanted.boxes is not None  # noqa: S101 - for the type
    path = way_of(layer, table, wanted.box_reference)
    extent = table.extent()
    reach = path.extent(extent)
    near = [part for box in wanted.boxes if reach and (part := overlap(box, reach))]
    if not near:
        return _NOTHING
    boxes = path.storage_boxes(near[0], extent) if len(near) == 1 else None
    outer, inner = boxes or (None, None)
    keys, sure = table.keys(conditions, wanted.order, outer, inner)
    if boxes is None:
        sure[:] = False
    area = area_of(wanted.boxes)
    doubtful = np.flatnonzero(~sure)
    sure[doubtful] = holding(
        table, keys[doubtful], path, lambda shapes: shapely.intersects(area, shapes)
    )
    return keys[sure]


def _equals(number: int, pair: tuple[str, Any]) -> Condition:
    name, value = pair
    return Condition(f"t.{quoted(name)} IS :where{number}", ((f"where{number}", value),))


def _token(table: TableNow, row: ServedRow, wanted: ItemsQuery) -> str:
    if not wanted.order:
        return str(row.id)
    values = table.order_values(row, wanted.order)
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def _last(wanted: ItemsQuery) -> tuple[Any, ...]:
    assert wanted.after is not None  # noqa: S101 - for the type
    if not wanted.order:
        return (wanted.after,)
    try:
        padded = wanted.after + "=" * (-len(wanted.after) % 4)
        values = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(wanted.order) + 1:
        raise BadParameter(f"after = {wanted.after!r} is not the key of a page in this order")
    if not all(value is None or isinstance(value, (str, int, float)) for value in values):
        raise BadParameter(f"after = {wanted.after!r} is not the key of a page in this order")
    return tuple(values)


def extent_in(table: TableNow, layer: Layer, asked: Reference) -> Bbox | None:
    """Return where a layer lies, in the CRS asked for.

    To the bit for what is stored in that CRS, and for up to 50 000 features; of more, the box
    around the projected box, which may be larger by a thousandth of itself.
    """
    path, extent = way_of(layer, table, asked), table.extent()
    if extent.box is None or path.same:
        return extent.box
    if table.count() > _MEASURED:
        return path.extent(extent, margin=0.0)
    edges: list[NDArray[np.float64]] = []
    keys, _ = table.keys()
    for start in range(0, len(keys), _CHUNK):
        rows = table.rows(keys[start : start + _CHUNK], ())
        shapes = blob.decode([row.geometry for row in rows])
        shapes[shapely.is_empty(shapes)] = None
        if not shapely.is_missing(shapes).all():
            edges.append(shapely.total_bounds(path.project(shapes)))
    found = np.array(edges)
    return Bbox(*(float(edge) for edge in (*found[:, :2].min(0), *found[:, 2:].max(0))))


_MEASURED = 50_000
