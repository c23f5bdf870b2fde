# ruff: noqa: S608 - the SQL is meant to be bad
"""Hostile and broken GeoPackages, made on the spot: name → expected code, and how to make it."""

from __future__ import annotations

import os
import struct
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import apsw
import geopandas as gpd
import shapely

from geoplan.store.write import write_geopackage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Maker = Callable[[Path], object]

CASES: dict[str, tuple[str, Maker]] = {}
"""Name → code of the first finding that refuses it (or the class, or "admitted"), maker."""
RTREE, INDEX = "rtree_things_geom", '"rtree_things_geom"'
NASTY = "UPDATE gpkg_contents SET description = 'hit'"


def good(path: Path, features: int = 3) -> None:
    """Write squares, an empty geometry and a null, as geoplan does."""
    squares = [shapely.box(at, 0, at + 1, 1) for at in range(features)]
    shapes = [*squares, None, shapely.from_wkt("POLYGON EMPTY")]
    frame = gpd.GeoDataFrame({"name": ["x"] * len(shapes)}, geometry=shapes, crs=4550)
    frame.index += 1
    write_geopackage(
        path,
        "things",
        frame,
        id_column=None,
        identifier="t",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )


def change(path: Path, *statements: str, values: tuple[Any, ...] = ()) -> None:
    """Change a file as its maker could: no trigger fires, every table can be written to."""
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1)
    connection.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        connection.execute(statement, values if "?" in statement else ()).fetchall()
    connection.close()


def by_sql(name: str, code: str, *statements: str) -> None:
    """Add a good file that some SQL spoils."""

    def make(path: Path) -> None:
        good(path)
        change(path, *statements)

    CASES[name] = (code, make)


def by_blob(name: str, code: str, stored: Any) -> None:
    """Add a good file with another value in the place of its first geometry."""

    def make(path: Path) -> None:
        good(path)
        change(path, "UPDATE things SET geom = ? WHERE fid = 1", values=(stored,))

    CASES[name] = (code, make)


def by_bytes(name: str, code: str, spoil: Callable[[bytes], bytes]) -> None:
    """Add a good file whose bytes are changed."""

    def make(path: Path) -> None:
        good(path)
        path.write_bytes(spoil(path.read_bytes()))

    CASES[name] = (code, make)


def by_hand(name: str, code: str, make: Maker) -> None:
    """Add a path that is made by hand."""
    CASES[name] = (code, make)


def put(at: int, new: bytes) -> Callable[[bytes], bytes]:
    return lambda old: old[:at] + new + old[at + len(new) :]


def gp(body: bytes, flags: int = 1, box: bytes = b"", srs: int = 4550, version: int = 0) -> bytes:
    order = "<" if flags & 1 else ">"
    return b"GP" + bytes([version, flags]) + struct.pack(f"{order}i", srs) + box + body


def wkb(kind: int, *parts: bytes, count: int | None = None) -> bytes:
    size = len(parts) if count is None else count
    return struct.pack("<BII", 1, kind, size) + b"".join(parts)


def point(x: float, y: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, x, y)


def ring(*points: tuple[float, float]) -> bytes:
    return struct.pack("<I", len(points)) + b"".join(struct.pack("<dd", *xy) for xy in points)


def nested(depth: int, kind: int = 7) -> bytes:
    return wkb(kind, count=1) * depth + point(0, 0)


SQUARE = wkb(3, ring((0, 0), (1, 0), (1, 1), (0, 1), (0, 0)))
BOX = struct.pack("<4d", 0, 1, 0, 1)
NAN, INF = float("nan"), float("inf")

# --- triggers
TRIGGER = "unexpected_trigger"
by_sql("trigger", TRIGGER, f"CREATE TRIGGER t AFTER INSERT ON things BEGIN {NASTY}; END")
for case, event in (
    ("upper", "RTREE_THINGS_GEOM_INSERT"),
    ("same", "rtree_things_geom_insert"),
    ("later", "rtree_things_geom_update6"),
    ("odd", "rtree_things_geom_update9"),
):
    by_sql(
        f"trigger in {case} disguise",
        TRIGGER,
        f"DROP TRIGGER IF EXISTS {event}",
        f"CREATE TRIGGER {event} AFTER INSERT ON things BEGIN {NASTY}; END",
    )
DELETE = "CREATE TRIGGER {0}_delete AFTER DELETE ON things WHEN OLD.geom NOT NULL BEGIN {1} END"
OWN = f"DELETE FROM {INDEX} WHERE id = OLD.fid;"
by_sql(
    "standard trigger and more",
    TRIGGER,
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, OWN + NASTY + ";"),
)
by_sql(
    "standard trigger, more behind a comment",
    TRIGGER,
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, f"{OWN} /* {OWN} */ -- x\n{NASTY};"),
)
by_sql(
    "standard trigger with idle comments",
    "admitted",
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, f"/* {NASTY} */ {OWN} -- {NASTY}\n"),
)
by_sql(
    "standard trigger in capitals",
    "admitted",
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, OWN).upper(),
)
by_sql(
    "standard trigger without its condition",
    TRIGGER,
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, OWN).replace(" WHEN OLD.geom NOT NULL", ""),
)
by_sql(
    "standard trigger on another index",
    TRIGGER,
    f"DROP TRIGGER {RTREE}_delete",
    DELETE.format(RTREE, "DELETE FROM gpkg_contents WHERE table_name = OLD.fid;"),
)
COUNT = "trigger_insert_feature_count_things"
by_sql(
    "feature count by thousands",
    TRIGGER,
    f"DROP TRIGGER {COUNT}",
    f"CREATE TRIGGER {COUNT} AFTER INSERT ON things BEGIN UPDATE gpkg_ogr_contents SET "
    f"feature_count = feature_count + 1000 WHERE lower(table_name) = lower('things'); END",
)
by_sql(
    "trigger on a register",
    TRIGGER,
    f"CREATE TRIGGER trigger_insert_feature_count_gpkg_extensions AFTER INSERT ON "
    f"gpkg_extensions BEGIN {NASTY}; END",
)
by_sql(
    "trigger on the index",
    "NotAGeoPackage",
    f"CREATE TRIGGER t AFTER INSERT ON {RTREE}_rowid BEGIN {NASTY}; END",
)
by_sql(
    "trigger that says it is a table",
    "NotAGeoPackage",
    f"CREATE TRIGGER t AFTER INSERT ON things BEGIN {NASTY}; END",
    "UPDATE sqlite_schema SET type = 'table' WHERE name = 't'",
)
LONG = "x" * 1_000_000
by_sql(
    "trigger of a megabyte",
    TRIGGER,
    f"CREATE TRIGGER t AFTER INSERT ON things BEGIN SELECT '{LONG}'; END",
)
by_sql(
    "trigger instead of rows",
    "unexpected_view",
    "CREATE VIEW v AS SELECT 1 AS a",
    f"CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN {NASTY}; END",
)

# --- views, virtual tables, generated columns, indexes, extensions
by_sql("view", "unexpected_view", "CREATE VIEW v AS SELECT * FROM things")
by_sql(
    "view of the name of a table",
    "unexpected_view",
    "ALTER TABLE things RENAME TO hidden",
    "CREATE VIEW things AS SELECT fid, geom, zeroblob(900000000) AS name FROM hidden",
)
by_sql(
    "register as view",
    "unexpected_view",
    "ALTER TABLE gpkg_contents RENAME TO hidden",
    "CREATE VIEW gpkg_contents AS SELECT * FROM hidden",
)
by_sql(
    "endless view",
    "unexpected_view",
    "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 "
    "UNION ALL SELECT i + 1 FROM n) SELECT * FROM n",
)
by_sql(
    "view that says it is a table",
    "NotAGeoPackage",
    "CREATE VIEW v AS SELECT 1",
    "UPDATE sqlite_schema SET type = 'table' WHERE name = 'v'",
)
VIRTUAL = "unexpected_virtual_table"
by_sql("full text", VIRTUAL, "CREATE VIRTUAL TABLE words USING fts5(a)")
by_sql("full text named as an index", VIRTUAL, "CREATE VIRTUAL TABLE rtree_words USING fts5(a)")
by_sql(
    "index of no table",
    VIRTUAL,
    "CREATE VIRTUAL TABLE rtree_other_geom USING rtree(id, minx, maxx, miny, maxy)",
)
by_sql(
    "index of whole numbers",
    VIRTUAL,
    f"DROP TABLE {INDEX}",
    f"CREATE VIRTUAL TABLE {INDEX} USING rtree_i32(id, minx, maxx, miny, maxy)",
)
by_sql(
    "index with more columns",
    VIRTUAL,
    f"DROP TABLE {INDEX}",
    f"CREATE VIRTUAL TABLE {INDEX} USING rtree(id, minx, maxx, miny, maxy, +more)",
)
by_sql("geopoly", VIRTUAL, "CREATE VIRTUAL TABLE g USING geopoly(a)")
by_sql(
    "generated column",
    "generated_column",
    "ALTER TABLE things ADD COLUMN g TEXT GENERATED ALWAYS AS (hex(name)) VIRTUAL",
)
by_sql(
    "stored column, hidden in comments",
    "generated_column",
    "CREATE TABLE more (a TEXT, b TEXT AS/*x*/(upper(a)) STORED)",
)
by_sql("index on an expression", "unexpected_index", "CREATE INDEX i ON things(length(name))")
by_sql(
    "index with a condition", "unexpected_index", "CREATE INDEX i ON things(name) WHERE name > 'a'"
)
by_sql("plain index", "admitted", "CREATE INDEX i ON things(name)")
by_sql(
    "unknown extension",
    "unknown_extension",
    "INSERT INTO gpkg_extensions VALUES "
    "('things', 'geom', 'evil_extension', 'http://127.0.0.1/x', 'read-write')",
)
by_sql(
    "curves as extension",
    "unknown_extension",
    "INSERT INTO gpkg_extensions VALUES "
    "('things', 'geom', 'gpkg_geom_CIRCULARSTRING', 'x', 'read-write')",
)
by_sql(
    "extension of no scope",
    "unknown_extension",
    "INSERT INTO gpkg_extensions VALUES (NULL, NULL, 'x', 'x', x'00')",
)
by_sql(
    "unknown extension for writers",
    "admitted",
    "INSERT INTO gpkg_extensions VALUES ('things', NULL, 'acme_notes', 'x', 'write-only')",
)

# --- registers
by_sql("application id 0", "wrong_application_id", "PRAGMA application_id = 0")
by_sql("user version 7", "wrong_user_version", "PRAGMA user_version = 7")
by_sql("user version below 0", "wrong_user_version", "PRAGMA user_version = -1")
by_sql("newer GeoPackage", "admitted", "PRAGMA user_version = 10900")
by_sql("no contents row", "missing_contents", "DELETE FROM gpkg_contents")
by_sql("contents says tiles", "missing_contents", "UPDATE gpkg_contents SET data_type = 'tiles'")
by_sql(
    "no geometry column row",
    "missing_column",
    "DELETE FROM gpkg_geometry_columns",
    "INSERT INTO gpkg_geometry_columns VALUES ('other', 'geom', 'POINT', 4550, 0, 0)",
    "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('other', 'features')",
    "CREATE TABLE other (fid INTEGER PRIMARY KEY, geom POINT)",
    f"DROP TABLE {INDEX}",
)
by_sql("no features", "missing_column", "DELETE FROM gpkg_geometry_columns")
by_sql(
    "two geometry columns",
    "several_geometry_columns",
    "ALTER TABLE things ADD COLUMN g2 POINT",
    "DROP TABLE gpkg_geometry_columns",
    "CREATE TABLE gpkg_geometry_columns (table_name, "
    "column_name, geometry_type_name, srs_id, z, m)",
    "INSERT INTO gpkg_geometry_columns VALUES ('things', 'geom', 'POLYGON', 4550, 0, 0), "
    "('THINGS', 'g2', 'POINT', 4550, 0, 0)",
)
by_sql(
    "geometry column missing",
    "missing_column",
    "UPDATE gpkg_geometry_columns SET column_name = 'shape'",
)
by_sql("table missing", "missing_table", "UPDATE gpkg_geometry_columns SET table_name = 'gone'")
by_sql(
    "reserved name",
    "reserved_name",
    "UPDATE gpkg_geometry_columns SET table_name = 'gpkg_contents', column_name = 'identifier'",
)
by_sql(
    "schema as features",
    "reserved_name",
    "UPDATE gpkg_geometry_columns SET table_name = 'sqlite_schema', column_name = 'sql'",
)
by_sql(
    "SQL in a name",
    "missing_table",
    "UPDATE gpkg_geometry_columns SET table_name = 'things\"; DROP TABLE things; --'",
)
by_sql(
    "name that is bytes", "bad_register", "UPDATE gpkg_geometry_columns SET table_name = x'ff00'"
)
by_sql(
    "name that is no UTF-8",
    "TableInvalid",
    "UPDATE gpkg_geometry_columns SET table_name = CAST(x'ff20fe' AS TEXT)",
)
by_sql("unknown srs", "unknown_srs", "UPDATE gpkg_geometry_columns SET srs_id = 99")
by_sql("srs in words", "unknown_srs", "UPDATE gpkg_geometry_columns SET srs_id = 'EPSG'")
by_sql(
    "unknown type",
    "unknown_geometry_type",
    "UPDATE gpkg_geometry_columns SET geometry_type_name = 'TEAPOT'",
)
by_sql("no spatial_ref_sys", "missing_register", "DROP TABLE gpkg_spatial_ref_sys")
by_sql(
    "without rowid",
    "no_integer_key",
    "DROP TABLE things",
    f"DROP TABLE {INDEX}",
    "CREATE TABLE things (fid TEXT PRIMARY KEY, geom POLYGON) WITHOUT ROWID",
)
by_sql(
    "no key",
    "no_integer_key",
    "DROP TABLE things",
    f"DROP TABLE {INDEX}",
    "CREATE TABLE things (fid INTEGER, geom POLYGON)",
)
by_sql(
    "check that eats memory",
    "admitted",
    "CREATE TABLE more (a CHECK (length(hex(zeroblob(400000000))) > 0))",
    "PRAGMA ignore_check_constraints = ON",
    "INSERT INTO more VALUES (1), (2), (3)",
)

# --- geometries
BAD, LARGE, ENVELOPE = "malformed_geometry", "geometry_too_large", "lying_envelope"
by_blob("wrong magic", BAD, b"PG" + gp(SQUARE)[2:])
by_blob("wrong version", BAD, gp(SQUARE, version=9))
by_blob("unknown flags", BAD, gp(SQUARE, flags=0b1100_0001))
by_blob("extended type", BAD, gp(SQUARE, flags=0b0010_0001))
by_blob("unknown envelope", BAD, gp(SQUARE, flags=0b0000_1011, box=BOX * 2))
by_blob("geometry that is text", BAD, "POINT(1 2)")
by_blob("geometry that is a number", BAD, 7)
by_blob("two bytes", BAD, b"GP")
by_blob("header alone", BAD, gp(b""))
by_blob("envelope cut short", BAD, gp(b"", flags=3, box=BOX[:20]))
by_blob("big-endian", "admitted", gp(SQUARE, flags=2, box=struct.pack(">4d", 0, 1, 0, 1)))
by_blob("byte order 7", BAD, gp(b"\7" + SQUARE[1:]))
by_blob("curve", BAD, gp(wkb(8, struct.pack("<6d", 0, 0, 1, 1, 2, 0), count=3)))
by_blob("curve polygon", BAD, gp(wkb(10, count=0)))
by_blob("triangle", BAD, gp(wkb(17, count=0)))
by_blob("type of the future", BAD, gp(wkb(0xDEAD_BEEF)))
by_blob("EWKB with its srid", BAD, gp(struct.pack("<BIIdd", 1, 0x2000_0001, 4550, 0, 0)))
by_blob("EWKB with Z", BAD, gp(struct.pack("<BIddd", 1, 0x8000_0001, 0, 0, 0)))
by_blob("nested 9 deep", LARGE, gp(nested(9)))
by_blob("nested 20,000 deep", LARGE, gp(nested(20_000)))
by_blob("nested 100,000 deep", LARGE, gp(nested(100_000)))
by_blob("multi in multi 20,000 deep", BAD, gp(nested(20_000, kind=4)))
by_blob("line in a multipolygon", BAD, gp(wkb(6, wkb(2, count=0))))
by_blob("100,001 vertices", LARGE, gp(wkb(2, b"\0" * 16 * 100_001, count=100_001)))
by_blob("33 MB", LARGE, gp(wkb(2, b"\0" * 33 * 2**20)))
by_blob("a million empty parts", LARGE, gp(wkb(7, wkb(7) * 1_000_000, count=1_000_000)))
by_blob("a million empty rings", LARGE, gp(wkb(3, b"\0" * 4_000_000, count=1_000_000)))
for kind in (2, 3, 4, 5, 6, 7):
    by_blob(f"type {kind} of 4 billion", BAD, gp(wkb(kind, b"\0" * 50, count=0xFFFF_FFFF)))
by_blob("ring of 4 billion", BAD, gp(wkb(3, struct.pack("<I", 0xFFFF_FFFF), count=1)))
by_blob("cut in a coordinate", BAD, gp(SQUARE[:-3]))
by_blob("bytes behind", BAD, gp(SQUARE + b"\0"))
by_blob("open ring", BAD, gp(wkb(3, ring((0, 0), (1, 0), (1, 1), (0, 1)))))
by_blob("ring of one", BAD, gp(wkb(3, ring((0, 0)))))
by_blob("line of one", BAD, gp(wkb(2, struct.pack("<dd", 0, 0), count=1)))
by_blob("NaN", "not_finite", gp(wkb(2, struct.pack("<4d", 0, 0, NAN, 1), count=2)))
by_blob("infinite", "not_finite", gp(wkb(2, struct.pack("<4d", 0, 0, INF, 1), count=2)))
by_blob("half a point", "not_finite", gp(point(NAN, 1)))
by_blob("envelope elsewhere", ENVELOPE, gp(SQUARE, 3, struct.pack("<4d", 5, 6, 5, 6)))
by_blob("envelope too small", ENVELOPE, gp(SQUARE, 3, struct.pack("<4d", 0, 0.5, 0, 1)))
by_blob("envelope upside down", ENVELOPE, gp(SQUARE, 3, struct.pack("<4d", 1, 0, 1, 0)))
by_blob("envelope half NaN", ENVELOPE, gp(SQUARE, 3, struct.pack("<4d", 0, NAN, 0, 1)))
by_blob("says it is empty", ENVELOPE, gp(SQUARE, 0b1_0001))
by_blob("too large an envelope", "admitted", gp(SQUARE, 3, struct.pack("<4d", -9, 9, -9, 9)))
by_blob("another srs in the header", "admitted", gp(SQUARE, srs=4326))
by_blob("without an envelope", "admitted", gp(SQUARE))

# --- R-tree and counts
LIES = "index_lies"
by_sql("index lacks a feature", LIES, f"DELETE FROM {INDEX} WHERE id = 2")
by_sql("index is empty", LIES, f"DELETE FROM {INDEX}")
by_sql("index lists one more", LIES, f"INSERT INTO {INDEX} VALUES (99, 0, 1, 0, 1)")
by_sql("index lists the null", LIES, f"INSERT INTO {INDEX} VALUES (4, 0, 1, 0, 1)")
by_sql("index has one id for another", LIES, f"UPDATE {INDEX} SET id = 99 WHERE id = 2")
by_sql("box elsewhere", LIES, f"UPDATE {INDEX} SET minx = 500, maxx = 501 WHERE id = 1")
by_sql("box a metre short", LIES, f"UPDATE {INDEX} SET maxx = 0.5 WHERE id = 1")
by_sql("rowids of the index", LIES, f"UPDATE {RTREE}_rowid SET nodeno = 7")
by_sql(
    "index of nonsense",
    "NotAGeoPackage",
    f"UPDATE {RTREE}_node SET data = randomblob(length(data))",
)
by_sql("index without its nodes", "NotAGeoPackage", f"DELETE FROM {RTREE}_node")
by_sql("count lies", "count_lies", "UPDATE gpkg_ogr_contents SET feature_count = 10")
by_sql("count is text", "count_lies", "UPDATE gpkg_ogr_contents SET feature_count = 'many'")
by_sql("extent lies", "admitted", "UPDATE gpkg_contents SET min_x = 500, max_x = 501")
by_sql("extent is text", "admitted", "UPDATE gpkg_contents SET min_x = 'here'")


def parent_box_lies(path: Path) -> None:
    """Shrink a box in the R-tree's root: every leaf is right, and a search finds nothing."""
    good(path, features=200)
    connection = apsw.Connection(str(path))
    root: Any = connection.execute(f"SELECT data FROM {RTREE}_node WHERE nodeno = 1").get
    connection.close()
    cells = bytearray(root)
    struct.pack_into(">4f", cells, 4 + 8, 900, 901, 900, 901)
    change(path, f"UPDATE {RTREE}_node SET data = ? WHERE nodeno = 1", values=(bytes(cells),))


by_hand("box of a parent lies", LIES, parent_box_lies)

# --- files
NONE = "NotAGeoPackage"
by_hand("empty file", "wrong_application_id", lambda path: path.write_bytes(b""))
by_hand("text", NONE, lambda path: path.write_text("not a database at all\n" * 50))
by_hand("directory", NONE, lambda path: path.mkdir())
by_hand("fifo", NONE, lambda path: os.mkfifo(path))
by_hand("link to itself", NONE, lambda path: path.symlink_to(path.name))
by_hand("link to nothing", NONE, lambda path: path.symlink_to("gone.gpkg"))
by_hand("nothing", NONE, lambda _: None)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("things.gpkg", b"SQLite format 3\0")


by_hand("zip", NONE, zipped)
by_bytes("wrong magic of the file", NONE, put(0, b"SQLite format 4\0"))
by_bytes("page size 3", NONE, put(16, b"\0\3"))
by_bytes("more pages than there are", NONE, put(28, b"\0\1\0\0"))
by_bytes("one page alone", NONE, lambda old: old[:4096])
by_bytes("header alone", NONE, lambda old: old[:100])
by_bytes("schema overwritten", NONE, put(100, b"\xff" * 3000))
by_bytes("a page of nonsense", NONE, lambda old: old[:-4096] + b"\xff" * 4096)
