"""Layers in GeoPackages (OGC 12-128), through apsw alone.

One SQLite library per process: a second one in the same process (GDAL's, ``sqlite3``) on the
same file drops the other's locks and loses data. So nothing here, and nothing that imports
this, opens a GeoPackage with GDAL.

Reading never changes a file: connections are read-only, and a file at rest has no side files.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import quote

import apsw
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.errors import (
    BadQuery,
    FileBusy,
    MalformedGeometry,
    NotAGeoPackage,
    TableInvalid,
)
from geoplan.model import EVERYTHING, FeatureQuery, Layer
from geoplan.store import blob
from geoplan.store.base import Column, Row, Store, Table
from geoplan.store.ddl import quoted
from geoplan.store.objects import refuse_unexpected
from geoplan.store.scan import refuse_short_index

if TYPE_CHECKING:
    from collections.abc import Iterator

_APPLICATION_IDS = {0x47504B47, 0x47503130, 0x47503131}  # GPKG, GP10, GP11
_WAL_MARK = b"\x02\x02"


class GeoPackageStore(Store):
    """A GeoPackage file, open for reading.

    Parameters
    ----------
    path : path-like
        The file.
    connection : apsw.Connection, optional
        One that is open already, perhaps within a transaction, instead of a new one.

    Raises
    ------
    NotAGeoPackage
        It is missing, is no SQLite database, or is no GeoPackage.
    FileBusy
        Another program is writing to it.

    Examples
    --------
    >>> with GeoPackageStore("layers/highways.gpkg") as store:  # doctest: +SKIP
    ...     store.read(layer)
    """

    def __init__(self, path: Path | str, connection: apsw.Connection | None = None) -> None:
        self.path = Path(path)
        self._connection = connection or open_to_read(self.path)
        with named_errors(self.path):
            _refuse_other_databases(self._connection, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def connection(self) -> apsw.Connection:
        """The connection, for other files of the store."""
        return self._connection

    def shape(self, layer: Layer) -> tuple[Shape, CRS | None]:
        """Return where things stand in a layer's table, and its CRS.

        Raises
        ------
        TableInvalid
            The file has no such features table, or the layer's id column is not in it.
        """
        with named_errors(self.path):
            found = self._shape(layer)
            return found, self._crs(found.srs_id)

    def table(self, layer: Layer) -> Table:
        """Describe a layer's table.

        Raises
        ------
        TableInvalid
            The file has no such features table, or the layer's id column is not in it.
        """
        with named_errors(self.path):
            shape = self._shape(layer)
            count = self._connection.execute(f"SELECT count(*) FROM {quoted(layer.table)}").get
            return Table(shape.columns, self._crs(shape.srs_id), int(count))

    def rows(self, layer: Layer, query: FeatureQuery = EVERYTHING) -> Iterator[Row]:
        """Yield features as stored, in the order of their ids.

        Raises
        ------
        TableInvalid
            The file has no such features table.
        BadQuery
            The query names a column that the table does not have.
        """
        with named_errors(self.path):
            shape = self._shape(layer)
            statement, values = _select(layer, shape, query)
            found = self._cursor_rows(shape, statement, values)
            if query.bbox is not None:
                found = _meeting(found, query)
            yield from found

    def geometry_type(self, layer: Layer) -> str:
        """Return the declared geometry type of a layer's table, such as ``MULTIPOLYGON``."""
        with named_errors(self.path):
            self._shape(layer)
            return str(
                self._connection.execute(
                    "SELECT geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?",
                    (layer.table,),
                ).get
            )

    def refuse_foreign(self, layer: Layer) -> None:
        """Refuse what is cheap to see: objects that run, an R-tree that cannot be right.

        Looking at every feature is for `geoplan.store.admit`.

        Raises
        ------
        UnexpectedObject, TableInvalid, NotAGeoPackage
            The file carries an object of its own, or its registers contradict its tables.
        IndexLies
            The R-tree holds more or fewer features than have a place.
        """
        with named_errors(self.path):
            refuse_unexpected(self._connection)
            shape = self._shape(layer)
            if shape.rtree is None:
                return
            refuse_short_index(self._connection, layer.table, shape.geometry, shape.rtree)

    def provenance(self) -> str | None:
        """Return the last provenance note of the file, None when it has none."""
        with named_errors(self.path):
            if not _exists(self._connection, "gpkg_metadata"):
                return None
            note = self._connection.execute(
                "SELECT metadata FROM gpkg_metadata ORDER BY id DESC LIMIT 1"
            ).get
            return None if note is None else str(note)

    def _cursor_rows(self, shape: Shape, statement: str, values: dict[str, Any]) -> Iterator[Row]:
        names = [column.name for column in shape.columns]
        flags = [column.name for column in shape.columns if column.type.upper() == "BOOLEAN"]
        for feature_id, geometry, *stored in self._connection.execute(statement, values):
            attributes = dict(zip(names, stored, strict=True))
            for name in flags:
                if attributes[name] is not None:
                    attributes[name] = _truth(attributes[name], name, feature_id)
            yield feature_id, attributes, geometry

    def _shape(self, layer: Layer) -> Shape:
        found = self._connection.execute(
            "SELECT column_name, srs_id, geometry_type_name FROM gpkg_geometry_columns "
            "WHERE table_name = ?",
            (layer.table,),
        ).fetchall()
        if not found:
            listing = self._connection.execute("SELECT table_name FROM gpkg_geometry_columns")
            there = [str(name) for (name,) in listing]
            raise TableInvalid(
                f"{self.path.name} has no features table {layer.table!r}; "
                f"it has: {', '.join(there) or 'none'}"
            )
        geometry, srs_id = str(found[0][0]), int(str(found[0][1]))
        listed = [
            (str(name), str(type_), bool(pk))
            for name, type_, pk in self._connection.execute(
                "SELECT name, type, pk FROM pragma_table_info(?)", (layer.table,)
            )
        ]
        key = next((name for name, _, pk in listed if pk), None)
        if key is None:
            raise TableInvalid(f"table {layer.table!r} of {self.path.name} has no primary key")
        id_column = layer.id_column or key
        if id_column not in [name for name, _, _ in listed]:
            raise TableInvalid(
                f"table {layer.table!r} of {self.path.name} has no column {id_column!r}, "
                f"which layer {layer.id!r} names as its id_column"
            )
        columns = tuple(
            Column(name, type_)
            for name, type_, _ in listed
            if name not in (key, geometry, id_column)
        )
        rtree = f"rtree_{layer.table}_{geometry}"
        has_rtree = _exists(self._connection, rtree)
        index = rtree if has_rtree else None
        id_type = next(type_ for name, type_, _ in listed if name == id_column)
        return Shape(
            geometry, key, id_column, columns, index, srs_id, id_type, str(found[0][2]).upper()
        )

    def _crs(self, srs_id: int) -> CRS | None:
        found = self._connection.execute(
            "SELECT organization, organization_coordsys_id, definition "
            "FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
            (srs_id,),
        ).fetchall()
        if not found or srs_id in (0, -1):
            return None
        try:
            organization, code, definition = found[0]
            return _crs_of(str(organization), int(str(code)), str(definition))
        except CRSError as error:
            raise TableInvalid(
                f"{self.path.name} names a CRS that cannot be read: {error}"
            ) from error


class Shape(NamedTuple):
    """Where things stand in a table."""

    geometry: str
    key: str
    id_column: str
    columns: tuple[Column, ...]
    rtree: str | None
    srs_id: int
    id_type: str
    geometry_type: str


def _truth(value: Any, column: str, feature_id: Any) -> bool:
    if value not in (0, 1):
        raise TableInvalid(
            f"feature {feature_id!r}: {column} = {value!r} is neither true nor false"
        )
    return bool(value)


@cache
def _crs_of(organization: str, code: int, definition: str) -> CRS:
    if organization.upper() == "EPSG":
        return CRS.from_epsg(code)
    return CRS.from_wkt(definition)


def _select(layer: Layer, shape: Shape, query: FeatureQuery) -> tuple[str, dict[str, Any]]:
    """Return the SELECT for a query and its bound values; no value ever stands in the text."""
    known = {shape.id_column, shape.key, *(column.name for column in shape.columns)}
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if query.bbox is not None and shape.rtree is not None:
        conditions.append(
            f"{quoted(shape.key)} IN (SELECT id FROM {quoted(shape.rtree)} WHERE "
            f"maxx >= :xmin AND minx <= :xmax AND maxy >= :ymin AND miny <= :ymax)"
        )
        values.update(zip(("xmin", "ymin", "xmax", "ymax"), query.bbox, strict=True))
    if query.ids is not None:
        conditions.append(f"{quoted(shape.id_column)} IN (SELECT value FROM json_each(:ids))")
        values["ids"] = json.dumps(query.ids)
    for number, (name, value) in enumerate(query.where.items()):
        if name not in known:
            raise BadQuery(
                f"layer {layer.id!r} has no column {name!r}; it has: {', '.join(sorted(known))}"
            )
        conditions.append(f"{quoted(name)} IS :where{number}")
        values[f"where{number}"] = value
    if query.after is not None:
        conditions.append(f"{quoted(shape.id_column)} > :after")
        values["after"] = query.after
    wanted = [shape.id_column, shape.geometry, *(column.name for column in shape.columns)]
    statement = f"SELECT {', '.join(map(quoted, wanted))} FROM {quoted(layer.table)}"
    if conditions:
        statement += f" WHERE {' AND '.join(conditions)}"
    statement += f" ORDER BY {quoted(shape.id_column)}"
    if query.bbox is None:  # with a bbox, geometries decide first: `_meeting` counts
        statement += " LIMIT :limit OFFSET :offset"
        values["limit"] = -1 if query.limit is None else query.limit
        values["offset"] = query.offset
    return statement, values


def _meeting(rows: Iterator[Row], query: FeatureQuery) -> Iterator[Row]:
    """Yield the rows whose geometry meets the query's bbox, within its offset and limit.

    An envelope inside the box needs no geometry; one that crosses its edge is decoded.
    """
    assert query.bbox is not None  # noqa: S101 - for the type
    xmin, ymin, xmax, ymax = query.bbox
    box = shapely.box(xmin, ymin, xmax, ymax)
    shapely.prepare(box)
    passed = taken = 0
    for row in rows:
        if query.limit is not None and taken >= query.limit:
            return
        geometry = row[2]
        if geometry is None or not _meets(geometry, query.bbox, box, row[0]):
            continue
        passed += 1
        if passed > query.offset:
            taken += 1
            yield row


def _meets(geometry: bytes, bbox: tuple[float, ...], box: shapely.Polygon, feature_id: Any) -> bool:
    try:
        envelope = blob.envelope(geometry)
        if envelope is None:
            return False
        xmin, ymin, xmax, ymax = envelope
        if xmin > bbox[2] or xmax < bbox[0] or ymin > bbox[3] or ymax < bbox[1]:
            return False
        if xmin >= bbox[0] and xmax <= bbox[2] and ymin >= bbox[1] and ymax <= bbox[3]:
            return True
        return bool(shapely.intersects(box, blob.decode([geometry])[0]))
    except MalformedGeometry as error:
        raise MalformedGeometry(f"feature {feature_id!r}: {error}") from error


def open_to_read(path: Path) -> apsw.Connection:
    """Open a file so that reading cannot change it or leave anything beside it."""
    if not path.is_file():
        raise NotAGeoPackage(f"there is no file {path}: build the layer or mend the catalogue")
    path = path.resolve()  # side files stand beside the file itself, not beside a link to it
    uri = f"file:{quote(str(path))}?mode=ro"
    with named_errors(path):
        left_in_wal_mode = _header(path)[18:20] == _WAL_MARK
    if left_in_wal_mode and not path.with_name(path.name + "-wal").exists():
        # a file left in WAL mode that nobody has open: a plain reader would create side files
        uri += "&immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with named_errors(path):
        connection = apsw.Connection(uri, flags=flags)
        connection.set_busy_timeout(2000)
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection


def _header(path: Path) -> bytes:
    """Return the first bytes of a database, read by SQLite's own hands.

    Python's ``open`` will not do: closing any handle on a file drops every POSIX lock that
    the process holds on it, also those of another thread that is just writing.
    """
    flags = [apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_MAIN_DB, 0]
    file = apsw.VFSFile("", str(path), flags)
    try:
        return file.xRead(20, 0)
    finally:
        file.xClose()


def _refuse_other_databases(connection: apsw.Connection, path: Path) -> None:
    application_id = connection.execute("PRAGMA application_id").get
    if application_id not in _APPLICATION_IDS or not _exists(connection, "gpkg_geometry_columns"):
        connection.close()
        raise NotAGeoPackage(
            f"{path} is an SQLite database but no GeoPackage with features: "
            f"convert it first (ogr2ogr -f GPKG)"
        )


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, most specific first."""
    try:
        yield
    except (apsw.BusyError, apsw.LockedError) as error:
        raise FileBusy(
            f"another program is writing to {path}: try again when it is done"
        ) from error
    except apsw.NotADBError as error:
        raise NotAGeoPackage(f"{path} is not a GeoPackage: it is no SQLite database") from error
    except (apsw.CorruptError, apsw.IOError, apsw.NoMemError, apsw.TooBigError) as error:
        raise NotAGeoPackage(
            f"{path} is damaged ({error}): restore it from a copy, or rebuild it from its sources"
        ) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError) as error:
        raise NotAGeoPackage(f"{path} cannot be opened: {error}") from error
    except apsw.SQLError as error:
        raise TableInvalid(f"{path} is not laid out as a GeoPackage: {error}") from error
    except UnicodeDecodeError as error:
        raise TableInvalid(f"{path} holds text that is not UTF-8: {error}") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise BadQuery(f"a value of the query cannot stand in a database: {error}") from error
    except apsw.Error as error:
        raise NotAGeoPackage(f"{path} cannot be read: {error}") from error


def _exists(connection: apsw.Connection, table: str) -> bool:
    return bool(
        connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = ?", (table,)).get
    )
