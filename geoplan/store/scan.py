"""Every feature of a foreign table, looked at: geometries, R-tree, counts, extent.

The dear half of admission. WKB is walked (`geoplan.store.wkb`) before GEOS sees it; GEOS then
tells envelopes and what else cannot be decoded, thousands at a time.
"""

from __future__ import annotations

import struct
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.errors import GeometryTooLarge, IndexLies, MalformedGeometry
from geoplan.store import blob
from geoplan.store.ddl import quoted
from geoplan.store.objects import Features, Finding
from geoplan.store.wkb import Limits, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw
    from numpy.typing import NDArray

_ROWS, _BYTES = 4096, 8 * 2**20
_SHOWN = 5
_SIZES = (0, 32, 48, 48, 64)
_HEADS = (struct.Struct(">2sBBi"), struct.Struct("<2sBBi"))
_BOXES = (struct.Struct(">4d"), struct.Struct("<4d"))
_LITTLE, _INDICATOR, _EMPTY, _UNKNOWN = 0b1, 0b1110, 0b1_0000, 0b1110_0000
_NO_BOX = (np.nan,) * 4
_SLACK = 1e-9
"""How far a header's envelope may stand off the geometry's, as a share of the coordinate."""
_FLOAT32 = 2.0**-22
"""How far the R-tree's four-byte edges may stand off: two steps of rounding outward."""
_MESSAGES = {
    "malformed_geometry": "a ring is not closed, or a line or ring has too few points",
    "not_finite": "a coordinate is infinite or not a number",
    "lying_envelope": "the envelope in the header is not that of the geometry",
    "loose_envelope": "the envelope in the header is larger than the geometry",
    "other_srs": "the header names another CRS than the table",
}
_WARNINGS = {"loose_envelope", "other_srs"}


class Scan(NamedTuple):
    """What a table holds: keys and envelopes of what has a place, and what is wrong."""

    total: int
    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]
    kinds: frozenset[str]
    findings: list[Finding]

    def extent(self) -> tuple[float, float, float, float] | None:
        """Return xmin, ymin, xmax, ymax of all, None when nothing has a place."""
        if not len(self.boxes):
            return None
        low, high = self.boxes[:, :2].min(axis=0), self.boxes[:, 2:].max(axis=0)
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


class Faults:
    """Codes of what is wrong with features, the first message, how many, the first few keys."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, list[int]]] = {}

    def add(self, code: str, key: int, message: str) -> None:
        """Note a feature."""
        self._found.setdefault(code, (message, []))[1].append(key)

    def findings(self, table: str) -> list[Finding]:
        """Return one finding a code."""
        return [
            Finding(code, "warning" if code in _WARNINGS else "error", table,
                    f"{message} ({_keys(keys)})", len(keys), tuple(keys[:_SHOWN]))
            for code, (message, keys) in self._found.items()
        ]  # fmt: skip


def scan(connection: apsw.Connection, features: Features, limits: Limits) -> Scan:
    """Look at every geometry of a table.

    Raises
    ------
    TimeoutError
        It takes longer than the limits allow.
    """
    faults = Faults()
    _misfits(connection, features, limits, faults)
    deadline = monotonic() + limits.seconds
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    boxes: list[NDArray[np.float64]] = [np.empty((0, 4))]
    kinds: set[str] = set()
    for batch in _batches(connection, features, limits):
        if monotonic() > deadline:
            raise TimeoutError
        placed, found, named = _look(batch, features, limits, faults)
        ids.append(placed)
        boxes.append(found)
        kinds |= named
    count = connection.execute(f"SELECT count(*) FROM {quoted(features.table)}").get
    findings = faults.findings(features.table)
    return Scan(count, np.concatenate(ids), np.concatenate(boxes), frozenset(kinds), findings)


def _misfits(
    connection: apsw.Connection, features: Features, limits: Limits, faults: Faults
) -> None:
    """Note values that are no blob, or too large to be read at all; none is loaded for that."""
    table, column, key = map(quoted, (features.table, features.column, features.key))
    for feature_id, kind in connection.execute(
        f"SELECT {key}, typeof({column}) FROM {table} WHERE {column} NOT NULL AND "
        f"(typeof({column}) != 'blob' OR length({column}) > ?)", (limits.blob_bytes,)
    ):  # fmt: skip
        if kind == "blob":
            size = f"a geometry has more than {limits.blob_bytes} bytes"
            faults.add("geometry_too_large", feature_id, size)
        else:
            faults.add("malformed_geometry", feature_id, f"a geometry is no blob but {kind}")


def _batches(
    connection: apsw.Connection, features: Features, limits: Limits
) -> Iterator[list[tuple[int, bytes]]]:
    table, column, key = map(quoted, (features.table, features.column, features.key))
    batch: list[tuple[int, bytes]] = []
    size = 0
    for row in connection.execute(
        f"SELECT {key}, {column} FROM {table} WHERE typeof({column}) = 'blob' "
        f"AND length({column}) <= ?", (limits.blob_bytes,)
    ):  # fmt: skip
        batch.append(row)
        size += len(row[1])
        if len(batch) >= _ROWS or size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _look(
    batch: list[tuple[int, bytes]], features: Features, limits: Limits, faults: Faults
) -> tuple[NDArray[np.int64], NDArray[np.float64], set[str]]:
    """Return keys and envelopes of the batch's features that have a place, and their types."""
    keys, bodies, said, kinds = [], [], [], set()
    for key, stored in batch:
        try:
            start, srs_id, box, empty = _header(stored)
            kinds.add(walk(stored, start, limits).kind)
        except MalformedGeometry as error:
            faults.add("malformed_geometry", key, str(error))
            continue
        except GeometryTooLarge as error:
            faults.add("geometry_too_large", key, str(error))
            continue
        if srs_id != features.srs_id:
            faults.add("other_srs", key, _MESSAGES["other_srs"])
        keys.append(key)
        bodies.append(stored[start:])
        said.append((*box, empty))
    numbers = np.asarray(keys, dtype=np.int64)
    with np.errstate(invalid="ignore"):  # not a number is what is looked for
        shapes = shapely.from_wkb(bodies, on_invalid="ignore")
        for at in np.flatnonzero(shapely.is_missing(shapes)):
            faults.add("malformed_geometry", keys[at], _MESSAGES["malformed_geometry"])
        placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        boxes = shapely.bounds(shapes)
        _judge(numbers, shapes, boxes, placed, np.array(said, dtype=float).reshape(-1, 5), faults)
    return numbers[placed], boxes[placed], kinds


def _judge(
    keys: NDArray[np.int64],
    shapes: NDArray[Any],
    boxes: NDArray[np.float64],
    placed: NDArray[np.bool_],
    said: NDArray[np.float64],
    faults: Faults,
) -> None:
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    infinite = np.zeros(len(keys), dtype=bool)
    infinite[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    stated, slack = said[:, [0, 2, 1, 3]], _SLACK * np.maximum(np.abs(boxes), 1.0)
    off = np.concatenate([stated[:, :2] - boxes[:, :2], boxes[:, 2:] - stated[:, 2:]], axis=1)
    told = ~np.isnan(said[:, :4]).all(axis=1)
    lying = placed & ((told & ~(off <= slack).all(axis=1)) | (said[:, 4] == 1))
    loose = placed & told & ~lying & (off < -slack).any(axis=1)
    for code, flags in (
        ("not_finite", infinite),
        ("lying_envelope", lying & ~infinite),
        ("loose_envelope", loose & ~infinite),
    ):
        for at in np.flatnonzero(flags):
            faults.add(code, int(keys[at]), _MESSAGES[code])


def _header(stored: bytes) -> tuple[int, int, tuple[float, ...], bool]:
    """Return where the WKB begins, the CRS, minx maxx miny maxy as said, and "is empty"."""
    if len(stored) < 8 or stored[:3] != b"GP\0":
        raise MalformedGeometry("a geometry blob does not begin as GeoPackage binary ('GP', 0)")
    flags = stored[3]
    if flags & _UNKNOWN:
        raise MalformedGeometry("a geometry blob has flags that the standard does not know")
    order, indicator = flags & _LITTLE, (flags & _INDICATOR) >> 1
    if indicator >= len(_SIZES) or len(stored) < 8 + _SIZES[indicator]:
        raise MalformedGeometry("a geometry blob has a broken header or is cut short")
    srs_id = _HEADS[order].unpack_from(stored)[3]
    box = _BOXES[order].unpack_from(stored, 8) if indicator else _NO_BOX
    return 8 + _SIZES[indicator], srs_id, box, bool(flags & _EMPTY)


def compare_index(
    connection: apsw.Connection, features: Features, found: Scan
) -> Iterator[Finding]:
    """Compare the R-tree of a table with its features: each in it, none else, boxes that hold."""
    index = f"rtree_{features.table}_{features.column}"
    entries = np.fromiter(
        connection.execute(f"SELECT id, minx, maxx, miny, maxy FROM {quoted(index)}"),
        dtype=[("id", np.int64), *((edge, float) for edge in ("minx", "maxx", "miny", "maxy"))],
    )
    listed = np.sort(entries["id"])
    missing = np.setdiff1d(found.ids, listed)
    extra = np.setdiff1d(listed, found.ids)
    if len(missing):
        yield _lie(index, "features are missing from the R-tree", missing)
    if len(extra):
        yield _lie(index, "the R-tree lists features without a place, or none", extra)
    if len(missing) or len(extra) or len(listed) != len(found.ids):
        if len(listed) != len(np.unique(listed)):
            yield _lie(index, "the R-tree lists features twice", listed)
        return
    order, wanted = np.argsort(entries["id"]), np.argsort(found.ids)
    entries, boxes = entries[order], found.boxes[wanted]
    slack = _FLOAT32 * np.maximum(np.abs(boxes), np.finfo(np.float32).tiny)
    edges = np.stack([entries[edge] for edge in ("minx", "miny", "maxx", "maxy")], axis=1)
    off = np.concatenate([edges[:, :2] - boxes[:, :2], boxes[:, 2:] - edges[:, 2:]], axis=1)
    wrong = ~(off <= slack).all(axis=1)
    if wrong.any():
        yield _lie(index, "boxes of the R-tree do not hold their features", entries["id"][wrong])


def refuse_short_index(connection: apsw.Connection, table: str, column: str, index: str) -> None:
    """Refuse an R-tree that lists more or fewer features than have a place: no look at boxes.

    Raises
    ------
    IndexLies
        It does.
    """
    listed = connection.execute(f"SELECT count(*) FROM {quoted(index + '_rowid')}").get
    geometry = quoted(column)
    there = connection.execute(  # empty geometries have no place, and no entry
        f"SELECT count(*) FROM {quoted(table)} WHERE {geometry} NOT NULL AND "
        f"substr(hex(substr({geometry}, 4, 1)), 1, 1) NOT IN ('1', '3')"
    ).get
    if listed != there:  # some are empty without a flag that says so
        there = sum(
            blob.envelope(found) is not None
            for (found,) in connection.execute(
                f"SELECT {geometry} FROM {quoted(table)} WHERE {geometry} NOT NULL"
            )
        )
    if listed != there:
        raise IndexLies(
            f"{index}: the R-tree lists {listed} features, {there} have a place: "
            f"rebuild it (geoplan admit --rebuild-index FILE)"
        )


def _lie(index: str, message: str, ids: NDArray[Any]) -> Finding:
    keys = [int(key) for key in ids[:_SHOWN]]
    shown = f"{message} ({_keys(keys, len(ids))}): rebuild it (geoplan admit --rebuild-index FILE)"
    return Finding("index_lies", "error", index, shown, len(ids), tuple(keys))


def _keys(keys: list[int], count: int | None = None) -> str:
    more = (len(keys) if count is None else count) - _SHOWN
    listed = ", ".join(map(str, keys[:_SHOWN]))
    return f"key {listed}" + (f" and {more} more" if more > 0 else "")
