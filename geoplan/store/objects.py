"""What a GeoPackage is made of: only plain tables, standard R-trees and standard triggers.

The cheap half of admission: it reads the schema and the registers, no feature. Whatever runs
on reading or writing (triggers, views, virtual tables, generated columns, indexes on
expressions) is refused unless the standard itself prescribes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from geoplan.errors import (
    BadData,
    GeometryTooLarge,
    IndexLies,
    MalformedGeometry,
    NotAGeoPackage,
    TableInvalid,
    UnexpectedObject,
)
from geoplan.store.audit import is_ours
from geoplan.store.ddl import quoted
from geoplan.store.triggers import (
    is_of_tile_matrix,
    is_standard,
    is_standard_of_table,
    names,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

Level = Literal["error", "warning", "info"]

CAUSES: dict[str, type[BadData]] = {
    "wrong_application_id": NotAGeoPackage,
    "wrong_user_version": NotAGeoPackage,
    "damaged": NotAGeoPackage,
    "too_slow": NotAGeoPackage,
    "unexpected_trigger": UnexpectedObject,
    "unexpected_view": UnexpectedObject,
    "unexpected_virtual_table": UnexpectedObject,
    "unexpected_index": UnexpectedObject,
    "disguised_object": UnexpectedObject,
    "generated_column": UnexpectedObject,
    "unknown_extension": UnexpectedObject,
    "missing_register": TableInvalid,
    "no_features_table": TableInvalid,
    "bad_register": TableInvalid,
    "missing_contents": TableInvalid,
    "missing_table": TableInvalid,
    "missing_column": TableInvalid,
    "several_geometry_columns": TableInvalid,
    "reserved_name": TableInvalid,
    "no_integer_key": TableInvalid,
    "unknown_srs": TableInvalid,
    "unknown_geometry_type": TableInvalid,
    "malformed_geometry": MalformedGeometry,
    "lying_envelope": MalformedGeometry,
    "not_finite": MalformedGeometry,
    "geometry_too_large": GeometryTooLarge,
    "index_lies": IndexLies,
    "count_lies": IndexLies,
}
"""Code of a finding that refuses a file → the error it becomes."""


@dataclass(frozen=True)
class Finding:
    """What admission found.

    Attributes
    ----------
    code : str
        One of `CAUSES` when it refuses the file.
    level : str
        ``error`` refuses the file.
    object : str
        Table, trigger or extension.
    message : str
        In words.
    count : int
        How many features.
    ids : tuple of int
        The first few of them, by primary key.
    """

    code: str
    level: Level
    object: str
    message: str
    count: int = 1
    ids: tuple[int, ...] = ()

    def error(self) -> BadData:
        """Return the named error of a finding that refuses a file."""
        return CAUSES[self.code](f"{self.object}: {self.message}")


class Features(NamedTuple):
    """A registered features table."""

    table: str
    column: str
    geometry_type: str
    srs_id: int
    key: str
    indexed: bool


class Object(NamedTuple):
    """A row of ``sqlite_schema``, and what its SQL makes."""

    type: str
    name: str
    table: str
    sql: str
    makes: str


_MAKES = re.compile(
    r"create (table|view|trigger|index|unique index|virtual table)\b", re.IGNORECASE | re.ASCII
)
_OWN = "geoplan_"
_REGISTERS = ("gpkg_spatial_ref_sys", "gpkg_contents", "gpkg_geometry_columns")
_VERSIONS = {0x47504B47: range(10_200, 20_000), 0x47503130: range(20_000),
             0x47503131: range(20_000)}  # fmt: skip
_NEWEST = 10_499
KNOWN_EXTENSIONS = frozenset({
    "gpkg_rtree_index", "gpkg_metadata", "gpkg_schema", "gpkg_crs_wkt", "gpkg_crs_wkt_1_1",
    "gpkg_related_tables", "related_tables", "gdal_aspatial", "gpkg_aspatial", "gpkg_zoom_other",
    "gpkg_webp", "gpkg_2d_gridded_coverage", "2d_gridded_coverage",
})  # fmt: skip
BASIC_TYPES = frozenset({
    "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
})  # fmt: skip
_TYPES = BASIC_TYPES | {  # a table may declare curves and hold none
    "GEOMETRY", "GEOMCOLLECTION", "CURVE", "SURFACE", "CURVEPOLYGON", "COMPOUNDCURVE",
    "CIRCULARSTRING", "MULTICURVE", "MULTISURFACE",
}  # fmt: skip


def refuse_unexpected(connection: apsw.Connection, *, attributes: bool = False) -> None:
    """Refuse a GeoPackage with an object of its own, or (unless `attributes`) without features.

    Raises
    ------
    NotAGeoPackage, UnexpectedObject, TableInvalid
        The first thing that is wrong, by name.
    """
    for finding in survey(connection, attributes=attributes)[1]:
        if finding.level == "error":
            raise finding.error()


def survey(
    connection: apsw.Connection, *, attributes: bool = False
) -> tuple[list[Features], list[Finding]]:
    """Return the features tables of a GeoPackage, and what its schema has that it should not.

    Later questions are asked only when the earlier ones found nothing: what is asked of a
    table is not asked of a view that took its place.
    """
    findings = list(_versions(connection))
    objects = [_object(*row) for row in connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_schema")]  # fmt: skip
    findings += _foreign_kinds(objects)
    features: list[Features] = []
    for step in (_registers, _parsed_otherwise, _generated, _extensions, _indexes):
        if not any(finding.level == "error" for finding in findings):
            findings += step(connection, objects)
    if not any(finding.level == "error" for finding in findings):
        features, found = _features(connection, objects)
        findings += found
        findings += _without_features(connection, attributes)
        findings += _virtual_tables(objects, features)
        findings += _triggers(objects, features)
    return features, findings


def _versions(connection: apsw.Connection) -> Iterator[Finding]:
    application = connection.execute("PRAGMA application_id").get
    version = connection.execute("PRAGMA user_version").get
    if application not in _VERSIONS:
        yield Finding("wrong_application_id", "error", "file",
                      f"the application id is {application}, not that of a GeoPackage: "
                      f"convert it first (ogr2ogr -f GPKG)")  # fmt: skip
    elif version not in _VERSIONS[application]:
        yield Finding("wrong_user_version", "error", "file",
                      f"the user version is {version}, that of no GeoPackage")  # fmt: skip
    elif version > _NEWEST:
        yield Finding("newer_version", "warning", "file",
                      f"GeoPackage version {version} is newer than what is known here")  # fmt: skip


def _object(type_: object, name: object, table: object, sql: object) -> Object:
    text = sql if isinstance(sql, str) else ""
    match = _MAKES.match(text)
    makes = match[1].lower().replace("unique ", "") if match else ""
    if match and not names(text, match.end(), str(name)):
        makes = ""
    if sql is None and type_ == "index":  # of a constraint: SQLite's own
        makes = "index"
    return Object(str(type_), str(name), str(table), text, makes)


def _foreign_kinds(objects: list[Object]) -> Iterator[Finding]:
    for one in objects:
        if one.makes == "view":
            yield Finding("unexpected_view", "error", one.name,
                          "a view: a layer is a table; export it as one")  # fmt: skip
        elif one.makes.removeprefix("virtual ") != one.type:
            yield Finding("disguised_object", "error", one.name,
                          f"it says {one.type}, its SQL makes something else")  # fmt: skip
        elif one.makes == "virtual table" and not one.name.lower().startswith("rtree_"):
            yield Finding("unexpected_virtual_table", "error", one.name,
                          "a virtual table that is no R-tree of a features table")  # fmt: skip


def _registers(_: apsw.Connection, objects: list[Object]) -> Iterator[Finding]:
    tables = {one.name for one in objects if one.makes == "table"}
    for one in objects:
        if one.makes == "table" and one.name.lower().startswith(_OWN) and not is_ours(one.sql):
            yield Finding("reserved_name", "error", one.name,
                          "such names are geoplan's own, and this table is not")  # fmt: skip
    for name in _REGISTERS:
        if name not in tables:
            yield Finding("missing_register", "error", name, "the table is missing: "
                          "no GeoPackage with features")  # fmt: skip


def _parsed_otherwise(connection: apsw.Connection, objects: list[Object]) -> Iterator[Finding]:
    """Compare with SQLite's own idea of what each name is."""
    virtual = {one.name for one in objects if one.makes == "virtual table"}
    for name, kind in connection.execute(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main'"
    ):
        if kind == "view" or (kind == "virtual") != (name in virtual):
            yield Finding("disguised_object", "error", str(name),
                          f"it reads as a table, and is a {kind}")  # fmt: skip


def _generated(connection: apsw.Connection, objects: list[Object]) -> Iterator[Finding]:
    for one in objects:
        if one.makes != "table" or not re.search(r"\bas\b", one.sql, re.IGNORECASE | re.ASCII):
            continue
        for (column,) in connection.execute(
            "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", (one.name,)
        ):
            yield Finding("generated_column", "error", one.name,
                          f"column {column!r} is generated by an expression")  # fmt: skip


def _indexes(connection: apsw.Connection, objects: list[Object]) -> Iterator[Finding]:
    for one in objects:
        if one.type != "index" or not one.sql:
            continue
        partial = connection.execute(
            "SELECT partial FROM pragma_index_list(?) WHERE name = ?", (one.table, one.name)
        ).get
        computed = connection.execute(
            "SELECT count(*) FROM pragma_index_xinfo(?) WHERE cid = -2", (one.name,)
        ).get
        if partial or computed:
            yield Finding("unexpected_index", "error", one.name,
                          "an index on an expression or with a condition")  # fmt: skip


def _extensions(connection: apsw.Connection, objects: list[Object]) -> Iterator[Finding]:
    if not any(one.name == "gpkg_extensions" for one in objects):
        return
    for name, scope in connection.execute(
        "SELECT DISTINCT extension_name, scope FROM gpkg_extensions"
    ):
        if name in KNOWN_EXTENSIONS:
            continue
        if scope == "write-only":
            yield Finding("write_only_extension", "warning", str(name),
                          "an unknown extension that readers may pass over")  # fmt: skip
        else:
            yield Finding("unknown_extension", "error", str(name),
                          "an extension that changes how the file is read")  # fmt: skip


def _features(
    connection: apsw.Connection, objects: list[Object]
) -> tuple[list[Features], list[Finding]]:
    tables = {one.name: one for one in objects if one.makes == "table"}
    virtual = {one.name.lower() for one in objects if one.makes == "virtual table"}
    found: list[Features] = []
    findings: list[Finding] = []
    rows: list[Any] = connection.execute(
        "SELECT table_name, column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns"
    ).fetchall()
    contents = dict(connection.execute("SELECT table_name, data_type FROM gpkg_contents"))
    srs = {srs_id for (srs_id,) in connection.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
    listed = [str(row[0]).lower() for row in rows]
    for table, column, type_, srs_id in rows:
        key = ""
        if not isinstance(table, str) or not isinstance(column, str) or not isinstance(type_, str):
            wrong: tuple[str, str] | None = ("bad_register", "a name is no text")
        elif listed.count(table.lower()) > 1:
            wrong = ("several_geometry_columns", "the table has more than one geometry column")
        else:
            wrong = _wrong(table, type_, srs_id, tables, contents, srs)
        if wrong is None:
            key, wrong = _key(connection, table, column)
        if wrong is None:
            indexed = f"rtree_{table}_{column}".lower() in virtual
            found.append(Features(table, column, type_.upper(), srs_id, key, indexed))
        if wrong is not None:
            findings.append(Finding(wrong[0], "error", str(table), wrong[1]))
    for table, kind in contents.items():
        if kind == "features" and str(table).lower() not in listed:
            findings.append(Finding("missing_column", "error", str(table),
                                    "gpkg_geometry_columns does not know it"))  # fmt: skip
        elif kind in ("attributes", "features") and table not in tables:
            findings.append(Finding("missing_table", "error", str(table), "there is none"))
        elif kind not in ("attributes", "features"):
            findings.append(Finding("not_features", "info", str(table), f"{kind}: passed over"))
    return found, findings


def _without_features(connection: apsw.Connection, attributes: bool) -> Iterator[Finding]:
    if connection.execute("SELECT count(*) FROM gpkg_geometry_columns").get == 0:
        kinds = connection.execute("SELECT data_type FROM gpkg_contents").fetchall()
        level: Level = "info" if attributes and ("attributes",) in kinds else "error"
        yield Finding("no_features_table", level, "file", "it has no features")


def _wrong(
    table: str,
    type_: str,
    srs_id: object,
    tables: dict[str, Object],
    contents: dict[object, object],
    srs: set[object],
) -> tuple[str, str] | None:
    if table.lower().startswith(("gpkg_", "rtree_", "sqlite_")):
        return "reserved_name", "names of this kind are GeoPackage's own"
    if table not in tables:
        return "missing_table", "there is no such table"
    if contents.get(table) != "features":
        return "missing_contents", "gpkg_contents does not list it as features"
    if srs_id not in srs or not isinstance(srs_id, int):
        return "unknown_srs", f"gpkg_spatial_ref_sys has no {srs_id!r}"
    if type_.upper() not in _TYPES:
        return "unknown_geometry_type", f"{type_!r} is not read here"
    return None


def _key(
    connection: apsw.Connection, table: str, column: str
) -> tuple[str, tuple[str, str] | None]:
    columns = connection.execute(
        "SELECT name, upper(type), pk FROM pragma_table_info(?)", (table,)
    ).fetchall()
    keys = [(name, kind) for name, kind, pk in columns if pk]
    plain = connection.execute(
        "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (table,)
    ).get
    if plain != 0 or len(keys) != 1 or keys[0][1] != "INTEGER":
        return "", ("no_integer_key", "a features table has one INTEGER PRIMARY KEY")
    if column not in [name for name, _, _ in columns] or column == keys[0][0]:
        return "", ("missing_column", f"it has no geometry column {column!r}")
    return str(keys[0][0]), None


def _virtual_tables(objects: list[Object], features: list[Features]) -> Iterator[Finding]:
    expected = {}
    for one in features:
        name = f"rtree_{one.table}_{one.column}"
        sql = f"CREATE VIRTUAL TABLE {quoted(name)} USING rtree(id, minx, maxx, miny, maxy)"
        expected[name.lower()] = words(sql)
    for found in objects:
        if found.makes == "virtual table" and (
            len(found.sql) > 2000 or expected.get(found.name.lower()) != words(found.sql)
        ):
            yield Finding("unexpected_virtual_table", "error", found.name,
                          "a virtual table that is no R-tree of a features table")  # fmt: skip


def _triggers(objects: list[Object], features: list[Features]) -> Iterator[Finding]:
    known = {one.table.lower(): one for one in features}
    plain = {one.name.lower(): one.name for one in objects if one.makes == "table"}
    for one in objects:
        if one.makes != "trigger":
            continue
        table = one.table.lower()
        if table in known:
            on = known[table]
            fine = is_standard(one.name, one.sql, on.table, on.column, on.key)
        else:
            name = plain.get(table, one.table)
            fine = is_standard_of_table(one.name, one.sql, name) and not table.startswith("gpkg_")
            fine = fine or is_of_tile_matrix(one.name, one.sql)
        if not fine:
            yield Finding("unexpected_trigger", "error", one.name,
                          f"a trigger on {one.table} that the standard does not know")  # fmt: skip
