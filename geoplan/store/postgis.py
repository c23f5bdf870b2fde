"""Layers in PostGIS, read only, through psycopg (the extra ``geoplan[postgis]``).

The server chooses: bbox, ids, values and pages go into its ``WHERE``, as parameters; names are
quoted by ``psycopg.sql``. Rows come in batches from a cursor of the server, so that a table of
any size is read in the memory of one batch.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.errors import (
    BadQuery,
    DatabaseUnreachable,
    GeoplanError,
    PackageMissing,
    TableInvalid,
)
from geoplan.model import EVERYTHING, FeatureQuery, Layer
from geoplan.store import blob
from geoplan.store.base import Column, Row, Store, Table

try:
    import psycopg
    from psycopg import sql
except ImportError as error:
    raise PackageMissing(
        "layers in PostGIS need psycopg: pip install 'geoplan[postgis]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.sql import Composable, Composed

_TYPES = {
    "bool": "BOOLEAN",
    "int2": "INTEGER",
    "int4": "INTEGER",
    "int8": "INTEGER",
    "float4": "REAL",
    "float8": "REAL",
    "numeric": "REAL",
    "date": "DATE",
    "timestamp": "DATETIME",
    "timestamptz": "DATETIME",
    "bytea": "BLOB",
}
"""PostgreSQL's types → those of a GeoPackage; all others are read as the text they print."""

_CASTS = {"REAL": "float8", "TEXT": "text"}
_WAIT_S = 10
_AT_ONCE = 5000
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class PostGISStore(Store):
    """A PostGIS database, open for reading.

    A layer's ``table`` names a table or view, with its schema (``cadastre.parcels``) where it
    is not on the search path; its ``file`` does not matter.

    All answers of a store are of one state of the database, that of its first question.

    Parameters
    ----------
    address : str
        ``postgresql://user@host:port/database``, as libpq reads it; ``~/.pgpass`` and ``PG…``
        variables hold.

    Raises
    ------
    DatabaseUnreachable
        No server answers there, or it lets this user not in.
    TableInvalid
        The database has no PostGIS.
    """

    def __init__(self, address: str) -> None:
        self._numbers = count()
        try:
            self._connection = psycopg.connect(
                address, connect_timeout=_WAIT_S, options="-c TimeZone=UTC"
            )
        except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
            told = " ".join(str(error).split())
            raise DatabaseUnreachable(f"the database cannot be reached: {told}") from error
        self._connection.read_only = True
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with self._asking() as connection:
            known = connection.execute("SELECT to_regtype('geometry')").fetchone()
        if known == (None,):
            self.close()
            raise TableInvalid("the database has no PostGIS: CREATE EXTENSION postgis")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def table(self, layer: Layer) -> Table:
        """Describe a layer's table.

        Raises
        ------
        TableInvalid
            There is no such table, it has not one geometry column, that one has no SRID, or
            its features have no key.
        """
        with self._asking() as connection:
            shape = self._shape(layer)
            statement = sql.SQL("SELECT count(*) FROM {}").format(shape.table)
            (rows,) = connection.execute(statement).fetchone() or (0,)
            return Table(shape.columns, self._crs(shape.srid), int(rows))

    def rows(self, layer: Layer, query: FeatureQuery = EVERYTHING) -> Iterator[Row]:
        """Yield features as a GeoPackage stores them, in the order of their ids.

        Texts are ordered by their bytes, as in a GeoPackage, whatever the database's collation.

        Raises
        ------
        TableInvalid
            As for `table`.
        BadQuery
            The query names a column that the table does not have, or a value that cannot stand
            in it.
        """
        with self._asking() as connection:
            shape = self._shape(layer)
            statement, values = _select(layer, shape, query)
            name = f"rows_{next(self._numbers)}"
            with connection.cursor(name, binary=True) as cursor:
                cursor.itersize = _AT_ONCE
                cursor.execute(statement, values)
                for feature_id, body, *stored in cursor:
                    yield feature_id, _attributes(shape.columns, stored), _blob(body, shape.srid)

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Connection[Any]]:
        """Errors of the database get our names, and end its transaction."""
        try:
            yield self._connection
        except psycopg.Error as error:
            if not self._connection.closed:
                self._connection.rollback()
            raise _named(error) from error

    def _shape(self, layer: Layer) -> _Shape:
        schema, _, name = layer.table.rpartition(".")
        found = self._connection.execute(_FIND, (name, schema or None, schema or None)).fetchone()
        if found is None:
            raise TableInvalid(f"the database has no table {layer.table!r} for layer {layer.id!r}")
        oid, namespace = found
        listed = self._connection.execute(_COLUMNS, (oid,)).fetchall()
        shapes = [(column, srid) for column, type_, srid in listed if type_ == "geometry"]
        if len(shapes) != 1:
            several = ", ".join(column for column, _ in shapes)
            raise TableInvalid(
                f"table {layer.table!r} has several geometry columns ({several}): make a view "
                f"with one of them"
                if shapes
                else f"table {layer.table!r} has no geometry column"
            )
        table = sql.Identifier(namespace, name)
        geometry, srid = shapes[0]
        types = {column: _TYPES.get(type_, "TEXT") for column, type_, _ in listed}
        key = layer.id_column or self._key(oid, layer)
        if key not in types:
            raise TableInvalid(
                f"table {layer.table!r} has no column {key!r}, which layer {layer.id!r} names as "
                f"its id_column"
            )
        columns = tuple(Column(one, types[one]) for one in types if one not in (key, geometry))
        return _Shape(
            table, geometry, srid or self._srid(table, geometry, layer), Column(key, types[key]),
            columns,
        )  # fmt: skip

    def _key(self, oid: int, layer: Layer) -> str:
        found = self._connection.execute(_KEY, (oid,)).fetchall()
        if len(found) != 1:
            raise TableInvalid(
                f"table {layer.table!r} has no primary key of one column: say in the layer's "
                f"id_column which column tells its features apart"
            )
        return str(found[0][0])

    def _srid(self, table: Composable, geometry: str, layer: Layer) -> int:
        """Return the SRID that the geometries carry where their column declares none."""
        statement = sql.SQL("SELECT DISTINCT ST_SRID({geometry}) FROM {table} LIMIT 2").format(
            geometry=sql.Identifier(geometry), table=table
        )
        there = {number for (number,) in self._connection.execute(statement) if number}
        if len(there) != 1:
            what = f"carries several SRIDs ({sorted(there)})" if there else "has no SRID"
            raise TableInvalid(
                f"the geometry column {geometry!r} of table {layer.table!r} {what}: say which its "
                f"coordinates are in (SELECT UpdateGeometrySRID(…))"
            )
        return int(there.pop())

    def _crs(self, srid: int) -> CRS:
        found = self._connection.execute(
            "SELECT auth_name, auth_srid, srtext FROM spatial_ref_sys WHERE srid = %s", (srid,)
        ).fetchone()
        if found is None:
            raise TableInvalid(f"the SRID {srid} is not in the table spatial_ref_sys")
        authority, code, text = found
        try:
            if authority == "EPSG":
                return CRS.from_epsg(code)
            return CRS.from_wkt(text)
        except CRSError as error:
            raise TableInvalid(f"the SRID {srid} cannot be read: {error}") from error


class _Shape(NamedTuple):
    """Where things stand in a table."""

    table: Composable
    geometry: str
    srid: int
    key: Column
    columns: tuple[Column, ...]


_FIND = """
SELECT c.oid, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = %s AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
  AND (n.nspname = %s OR %s::text IS NULL AND pg_table_is_visible(c.oid))
"""

_COLUMNS = """
SELECT a.attname, t.typname,
       CASE t.typname WHEN 'geometry' THEN postgis_typmod_srid(a.atttypmod) END
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

_KEY = """
SELECT a.attname FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s AND i.indisprimary
"""


def _select(layer: Layer, shape: _Shape, query: FeatureQuery) -> tuple[Composed, dict[str, Any]]:
    """Return the SELECT for a query and its values."""
    conditions, values = _conditions(layer, shape, query)
    geometry = sql.SQL("ST_AsBinary({})").format(sql.Identifier(shape.geometry))
    wanted = [_read(shape.key), geometry, *map(_read, shape.columns)]
    statement = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(wanted), shape.table)
    if conditions:
        statement += sql.SQL(" WHERE ") + sql.SQL(" AND ").join(conditions)
    statement += sql.SQL(" ORDER BY {} LIMIT %(limit)s OFFSET %(offset)s").format(
        _ordered(shape.key)
    )
    return statement, values | {"limit": query.limit, "offset": query.offset}


def _conditions(
    layer: Layer, shape: _Shape, query: FeatureQuery
) -> tuple[list[Composable], dict[str, Any]]:
    conditions: list[Composable] = []
    values: dict[str, Any] = {}
    if query.bbox is not None:
        # && asks the index, ST_Intersects the geometry; of boxes ST_Intersects asks both itself
        box = "ST_Intersects({}, ST_MakeEnvelope(%(xmin)s, %(ymin)s, %(xmax)s, %(ymax)s, %(srid)s))"
        conditions.append(sql.SQL(box).format(sql.Identifier(shape.geometry)))
        values.update(zip(("xmin", "ymin", "xmax", "ymax"), query.bbox, strict=True))
        values["srid"] = shape.srid
    if query.ids is not None:
        conditions.append(sql.SQL("{} = ANY (%(ids)s)").format(_read(shape.key)))
        values["ids"] = _as_stored(query.ids, shape.key)
    known = {column.name: column for column in (shape.key, *shape.columns)}
    for number, (name, value) in enumerate(query.where.items()):
        if name not in known:
            raise BadQuery(
                f"layer {layer.id!r} has no column {name!r}; it has: {', '.join(sorted(known))}"
            )
        test = "{} IS NULL" if value is None else f"{{}} = %(where{number})s"
        conditions.append(sql.SQL(test).format(_read(known[name])))
        values[f"where{number}"] = value
    if query.after is not None:
        conditions.append(sql.SQL("{} > %(after)s").format(_ordered(shape.key)))
        values["after"] = query.after
    return conditions, values


def _read(column: Column) -> Composable:
    """Return how a column is read: numbers as floats, what a GeoPackage does not know as text."""
    name = sql.Identifier(column.name)
    cast = _CASTS.get(column.type)
    return name if cast is None else sql.SQL("{}::{}").format(name, sql.SQL(cast))


def _ordered(key: Column) -> Composable:
    return sql.SQL('{} COLLATE "C"').format(_read(key)) if key.type == "TEXT" else _read(key)


def _as_stored(ids: tuple[Any, ...], key: Column) -> list[Any]:
    """Return ids as the key's type has them; what is no number is the id of no feature there."""
    if key.type != "INTEGER":
        return [str(one) for one in ids]
    return [int(one) for one in ids if _WHOLE.fullmatch(str(one))]


def _attributes(columns: tuple[Column, ...], values: list[Any]) -> dict[str, Any]:
    stored = {}
    for column, value in zip(columns, values, strict=True):
        stored[column.name] = value if value is None else _stored(column.type, value)
    return stored


def _stored(type_: str, value: Any) -> Any:
    if type_ == "DATE":
        return value.isoformat()
    if type_ == "DATETIME":
        return value.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return value


def _blob(body: bytes | None, srid: int) -> bytes | None:
    return None if body is None else blob.headed(bytes(body), srid)


def _named(error: psycopg.Error) -> GeoplanError:
    """Return our name of an error of the database, most specific first."""
    told = str(error).partition("\n")[0]
    errors = psycopg.errors
    if isinstance(error, (errors.UndefinedFunction, errors.InvalidTextRepresentation)):
        return BadQuery(f"a value of the query does not fit its column: {told}")
    if isinstance(error, (errors.NumericValueOutOfRange, errors.InvalidDatetimeFormat)):
        return BadQuery(f"a value of the query cannot stand in its column: {told}")
    if isinstance(error, psycopg.OperationalError):
        return DatabaseUnreachable(f"the database is gone: {told}")
    if isinstance(error, psycopg.DataError):
        return TableInvalid(f"a value cannot be read: {told}")
    return TableInvalid(f"the database cannot answer: {told}")
