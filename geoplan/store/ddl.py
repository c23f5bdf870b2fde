"""The SQL of a GeoPackage 1.3: its tables, its R-tree and the triggers that keep it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pyproj import CRS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import apsw

PRAGMAS = """
PRAGMA page_size = 4096;
PRAGMA journal_mode = DELETE;
PRAGMA synchronous = FULL;
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10300;
"""

BASE = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL,
  description TEXT
);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  data_type TEXT NOT NULL,
  identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE,
  min_y DOUBLE,
  max_x DOUBLE,
  max_y DOUBLE,
  srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id)
);
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL,
  m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id)
);
CREATE TABLE gpkg_extensions (
  table_name TEXT,
  column_name TEXT,
  extension_name TEXT NOT NULL,
  definition TEXT NOT NULL,
  scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
);
CREATE TABLE gpkg_ogr_contents (
  table_name TEXT NOT NULL PRIMARY KEY,
  feature_count INTEGER DEFAULT NULL
);
"""

METADATA = """
CREATE TABLE gpkg_metadata (
  id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
  md_scope TEXT NOT NULL DEFAULT 'dataset',
  md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL DEFAULT 'text/xml',
  metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE gpkg_metadata_reference (
  reference_scope TEXT NOT NULL,
  table_name TEXT,
  column_name TEXT,
  row_id_value INTEGER,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL,
  md_parent_id INTEGER,
  CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
  CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
);
INSERT INTO gpkg_extensions VALUES
  ('gpkg_metadata', NULL, 'gpkg_metadata',
   'http://www.geopackage.org/spec120/#extension_metadata', 'read-write'),
  ('gpkg_metadata_reference', NULL, 'gpkg_metadata',
   'http://www.geopackage.org/spec120/#extension_metadata', 'read-write');
"""

DATA_COLUMNS = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  name TEXT,
  title TEXT,
  description TEXT,
  mime_type TEXT,
  constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL,
  constraint_type TEXT NOT NULL,
  value TEXT,
  min NUMERIC,
  min_is_inclusive BOOLEAN,
  max NUMERIC,
  max_is_inclusive BOOLEAN,
  description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema',
   'http://www.geopackage.org/spec120/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema',
   'http://www.geopackage.org/spec120/#extension_schema', 'read-write');
"""

LAYER_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256),
  f_table_schema TEXT(256),
  f_table_name TEXT(256),
  f_geometry_column TEXT(256),
  styleName TEXT(30),
  styleQML TEXT,
  styleSLD TEXT,
  useAsDefault BOOLEAN,
  description TEXT,
  owner TEXT(30),
  ui TEXT(30),
  update_time DATETIME DEFAULT CURRENT_TIMESTAMP
);
"""


@cache
def default_srs() -> list[tuple[Any, ...]]:
    """Return the three rows that every GeoPackage has."""
    wgs84 = CRS.from_epsg(4326)
    definition = wgs84.to_wkt("WKT1_GDAL")
    return [
        ("Undefined cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic"),
        ("WGS 84 geodetic", 4326, "EPSG", 4326, definition, "longitude/latitude on WGS 84"),
    ]


def quoted(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def insert(connection: apsw.Connection, table: str, *rows: tuple[Any, ...]) -> None:
    """Insert a few rows."""
    for row in rows:
        insert_many(connection, table, [row], len(row))


def insert_many(
    connection: apsw.Connection, table: str, rows: Iterable[tuple[Any, ...]], width: int
) -> None:
    """Insert rows of one width."""
    marks = ", ".join("?" * width)
    connection.executemany(f"INSERT INTO {quoted(table)} VALUES ({marks})", rows)


def create_features_table(
    connection: apsw.Connection,
    table: str,
    geometry_type: str,
    id_column: str | None,
    id_type: str,
    types: Mapping[str, str],
) -> None:
    """Create a features table: key, geometry, id, attributes."""
    columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", f"geom {geometry_type}"]
    if id_column is not None:
        columns.append(f"{quoted(id_column)} {id_type} NOT NULL UNIQUE")
    columns += [f"{quoted(name)} {type_}" for name, type_ in types.items()]
    connection.execute(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})")


def create_attribute_table(
    connection: apsw.Connection, table: str, types: Mapping[str, str]
) -> None:
    """Create a table without geometry."""
    columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    columns += [f"{quoted(name)} {type_}" for name, type_ in types.items()]
    connection.execute(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})")


def create_index(connection: apsw.Connection, table: str) -> None:
    """Create the R-tree of a features table and register it as the extension it is."""
    index = quoted(f"rtree_{table}_geom")
    connection.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)")
    definition = "http://www.geopackage.org/spec120/#extension_rtree"
    insert(
        connection,
        "gpkg_extensions",
        (table, "geom", "gpkg_rtree_index", definition, "write-only"),
    )


def create_index_triggers(connection: apsw.Connection, table: str) -> None:
    """Set the six triggers of the R-tree extension (GeoPackage 1.3, annex F.3)."""
    name, index, raw = quoted(table), quoted(f"rtree_{table}_geom"), f"rtree_{table}_geom"
    box = "NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
    there = "NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom)"
    gone = "(NEW.geom IS NULL OR ST_IsEmpty(NEW.geom))"
    put = f"INSERT OR REPLACE INTO {index} VALUES ({box})"
    drop_old = f"DELETE FROM {index} WHERE id = OLD.fid"
    drop_both = f"DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid)"
    moves = [
        ("insert", f"AFTER INSERT ON {name}", there, put),
        ("update1", f"AFTER UPDATE OF geom ON {name}", f"OLD.fid = NEW.fid AND {there}", put),
        ("update2", f"AFTER UPDATE OF geom ON {name}", f"OLD.fid = NEW.fid AND {gone}", drop_old),
        ("update3", f"AFTER UPDATE ON {name}", f"OLD.fid != NEW.fid AND {there}",
         f"{drop_old}; {put}"),
        ("update4", f"AFTER UPDATE ON {name}", f"OLD.fid != NEW.fid AND {gone}", drop_both),
        ("delete", f"AFTER DELETE ON {name}", "OLD.geom NOT NULL", drop_old),
    ]  # fmt: skip
    for suffix, event, condition, action in moves:
        trigger = quoted(f"{raw}_{suffix}")
        connection.execute(f"CREATE TRIGGER {trigger} {event} WHEN {condition} BEGIN {action}; END")


def count_features(connection: apsw.Connection, table: str) -> None:
    """Record how many rows a table has, as GDAL does, and keep the record by triggers."""
    name = quoted(table)
    text = "'" + table.replace("'", "''") + "'"
    connection.execute(f"INSERT INTO gpkg_ogr_contents SELECT {text}, count(*) FROM {name}")
    for event, sign in (("insert", "+"), ("delete", "-")):
        trigger = quoted(f"trigger_{event}_feature_count_{table}")
        connection.execute(
            f"CREATE TRIGGER {trigger} AFTER {event.upper()} ON {name} BEGIN "
            f"UPDATE gpkg_ogr_contents SET feature_count = feature_count {sign} 1 "
            f"WHERE lower(table_name) = lower({text}); END"
        )
