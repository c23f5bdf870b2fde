"""Writing a GeoPackage 1.3 (OGC 12-128r17): whole, in one transaction, or not at all.

The file is made beside its target, synced, and renamed over it: a reader sees the old file or
the new one, and a kill leaves the old one. At rest there is one file, in rollback-journal mode.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import numpy as np
import pandas as pd
import shapely

from geoplan.errors import (
    CrsMismatch,
    DuplicateId,
    FileBusy,
    NotWritable,
    TableInvalid,
    UnstorableColumn,
)
from geoplan.progress import QUIET
from geoplan.store import blob, ddl, described
from geoplan.store.frame import column_type, stored_values, utc_text
from geoplan.store.writing import open_to_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.progress import Progress
    from geoplan.schema import LayerSchema
    from geoplan.styles import Style

KEY, GEOMETRY = "fid", "geom"
_OWN_SRS_ID = 100_000
_RESERVED = ("gpkg_", "sqlite_", "rtree_", described.STYLES)
_PROVENANCE_STANDARD = "urn:geoplan:provenance"


def write_geopackage(
    path: Path,
    table: str,
    features: GeoDataFrame,
    *,
    id_column: str | None,
    identifier: str,
    description: str,
    last_change: datetime,
    column_types: Mapping[str, str] | None = None,
    attribute_tables: Mapping[str, pd.DataFrame] | None = None,
    provenance: str | None = None,
    schema: LayerSchema | None = None,
    style: Style | None = None,
    progress: Progress = QUIET,
) -> None:
    """Write one features table, and any attribute tables, as a new GeoPackage.

    Parameters
    ----------
    path : Path
        Replaced when it exists; its folder must exist.
    table : str
        Name of the features table.
    features : GeoDataFrame
        Indexed by feature id, with a CRS; null geometry is allowed.
    id_column : str or None
        Column that holds the ids, unique and not null; None makes whole-number ids the key.
    identifier, description : str
        Title and description in ``gpkg_contents``.
    last_change : datetime
        When the content last changed; not the time of writing, so that the same content
        makes the same file.
    column_types : mapping, optional
        Column → GeoPackage type, for columns whose values do not tell (all null).
    attribute_tables : mapping, optional
        Name → DataFrame, stored without geometry.
    provenance : str, optional
        JSON on where the content comes from, kept in ``gpkg_metadata``.
    schema : LayerSchema, optional
        Labels and domains of the columns that it knows, kept as the extension ``gpkg_schema``.
    style : Style, optional
        How programs draw the table unless told otherwise, kept in ``layer_styles``.
    progress : Progress, optional
        Told how many rows, then how many entries of the R-tree, are written.

    Raises
    ------
    CrsMismatch
        The features have no CRS, or one that a GeoPackage cannot state.
    DuplicateId
        Ids repeat or are missing.
    UnstorableColumn
        A column is of mixed types, holds a value out of range, or its name is taken; ids are
        neither all text nor all whole numbers.
    TableInvalid
        The name of a table is taken, or reserved for GeoPackage's own.
    NotWritable
        The folder is missing, read-only or full; what stood at `path` is untouched.
    FileBusy
        Another program has the file open in WAL mode, or was killed while writing to it.
    """
    _refuse_bad_ids(features, id_column)
    srs = srs_row(features.crs)
    frames = dict(attribute_tables or {})
    _refuse_taken_tables(table, identifier, frames)
    with replacing(path) as connection, connection:
        connection.execute(ddl.BASE)
        ddl.insert(connection, "gpkg_spatial_ref_sys", *default_srs(srs[1]), srs)
        known = column_types or {}
        _write_features(connection, table, features, id_column, srs[1], known, progress)
        _write_contents(connection, table, features, srs[1], identifier, description, last_change)
        for name, frame in frames.items():
            _write_attributes(connection, name, frame, last_change)
        if schema is not None:
            described.write_schema(connection, table, schema, [*features, str(id_column)])
        if style is not None:
            described.write_style(connection, table, GEOMETRY, style, last_change)
        if provenance is not None:
            _write_provenance(connection, table, provenance, last_change)


@contextmanager
def replacing(path: Path, *, keep: bool = False) -> Iterator[apsw.Connection]:
    """Yield a connection to a new file that takes the place of `path` when all went well.

    With `keep`, what stands there by then stays, and the new file goes.
    """
    _refuse_side_files(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise NotWritable(f"cannot write in {path.parent}: {error.strerror}") from error
    part = Path(name)
    try:
        connection = open_to_write(part)
        connection.execute(ddl.PRAGMAS).fetchall()  # apsw runs on only while its rows are read
        yield connection
        connection.close()
        _sync(part)
        part.chmod(0o666 & ~_umask())
        _refuse_side_files(path)
        if keep:
            with suppress(FileExistsError):
                os.link(part, path)  # unlike a rename it never takes the place of another
        else:
            part.replace(path)
        _sync(path.parent)
    except (apsw.FullError, apsw.IOError, OSError) as error:
        raise NotWritable(f"cannot write {path}: {error}; what stood there is unchanged") from error
    except (OverflowError, UnicodeEncodeError) as error:
        raise UnstorableColumn(f"cannot write {path}: a value is out of range: {error}") from error
    finally:
        part.unlink(missing_ok=True)
        part.with_name(part.name + "-journal").unlink(missing_ok=True)


def _refuse_side_files(path: Path) -> None:
    """Refuse to replace a file whose journal stands beside it: SQLite would play it into ours."""
    for suffix in ("-journal", "-wal"):
        if path.with_name(path.name + suffix).exists():
            raise FileBusy(
                f"{path.name}{suffix} stands beside {path}: another program has the file open, or "
                f"was killed; close it there, or open and close the file once in its program"
            )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _refuse_bad_ids(features: GeoDataFrame, id_column: str | None) -> None:
    ids = features.index
    if ids.hasnans:
        raise DuplicateId("a feature has no id: give each its own")
    if not ids.is_unique:
        raise DuplicateId(
            f"the id {ids[ids.duplicated()].tolist()[0]!r} stands twice: ids must be unique"
        )
    if id_column is None and not pd.api.types.is_integer_dtype(ids.dtype) and len(ids):
        raise DuplicateId("ids that are no whole numbers need an id_column to stand in")
    kind = pd.api.types.infer_dtype(ids)
    if kind not in ("string", "integer") and len(ids):
        raise UnstorableColumn(f"ids are all text or all whole numbers; these are {kind}")


def _refuse_taken_tables(table: str, identifier: str, frames: Mapping[str, Any]) -> None:
    lowered = [name.lower() for name in (table, *frames)]
    for name in lowered:
        if lowered.count(name) > 1 or name.startswith(_RESERVED):
            raise TableInvalid(f"the table name {name!r} is taken or reserved: choose another")
    if identifier in (*frames, described.STYLES):
        raise TableInvalid(f"two tables would have the identifier {identifier!r}: choose another")


def srs_row(crs: CRS | None) -> tuple[Any, ...]:
    """Return the row of ``gpkg_spatial_ref_sys`` for a CRS: name, number, authority, WKT."""
    if crs is None:
        raise CrsMismatch("the features have no CRS: set it before writing")
    code = crs.to_epsg()
    try:
        definition = crs.to_wkt("WKT1_GDAL")
    except Exception as error:
        raise CrsMismatch(f"{crs.name} cannot be stated in a GeoPackage: {error}") from error
    if code is None:
        return (crs.name, _OWN_SRS_ID, "NONE", _OWN_SRS_ID, definition, None)
    return (crs.name, code, "EPSG", code, definition, None)


def default_srs(taken: int) -> list[tuple[Any, ...]]:
    """Return the rows of ``gpkg_spatial_ref_sys`` that every file has, but for one number."""
    return [row for row in ddl.default_srs() if row[1] != taken]


def _write_features(
    connection: apsw.Connection,
    table: str,
    features: GeoDataFrame,
    id_column: str | None,
    srs_id: int,
    known_types: Mapping[str, str],
    progress: Progress,
) -> None:
    attributes = features.drop(columns=features.geometry.name)
    _refuse_taken_names(attributes, KEY, GEOMETRY, id_column)
    types = {
        name: known_types.get(name) or column_type(name, attributes[name]) for name in attributes
    }
    geometries, geometry_type = _of_one_type(features.geometry.to_numpy())
    located = geometries[~shapely.is_missing(geometries)]
    z, m = _presence(shapely.has_z(located)), _presence(shapely.has_m(located))
    id_type = _id_type(features)
    ddl.create_features_table(connection, table, geometry_type, id_column, id_type, types)
    columns = [stored_values(attributes[name]) for name in attributes]
    ids = features.index.tolist()
    keys = ids if id_column is None else list(range(1, len(ids) + 1))
    own = [ids] if id_column is not None else []
    blobs = blob.encode(geometries, srs_id)
    writing, indexing = progress.split(2, 1)
    rows = zip(keys, blobs, *own, *columns, strict=True)
    counted = writing.each(rows, "writing", len(ids))
    ddl.insert_many(connection, table, counted, 2 + len(own) + len(columns))
    ddl.insert(connection, "gpkg_geometry_columns", (table, GEOMETRY, geometry_type, srs_id, z, m))
    _write_index(connection, table, keys, geometries, indexing)
    ddl.count_features(connection, table)


def _refuse_taken_names(attributes: pd.DataFrame, *taken: str | None) -> None:
    lowered = [str(name).lower() for name in attributes]
    if not all(isinstance(name, str) for name in attributes):
        raise UnstorableColumn(f"the names of columns are text; these are {list(attributes)}")
    used = [*lowered, *(str(name).lower() for name in taken if name is not None)]
    for name in used:
        if used.count(name) > 1:
            raise UnstorableColumn(
                f"column {name!r} clashes with another, or with {KEY!r} or {GEOMETRY!r}, "
                f"which every table has: rename it"
            )


def _id_type(features: GeoDataFrame) -> str:
    return "INTEGER" if pd.api.types.is_integer_dtype(features.index.dtype) else "TEXT"


def _of_one_type(geometries: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Return geometries with the type that holds all; single ones beside multi become multi."""
    names = {geometry.geom_type.upper() for geometry in geometries if geometry is not None}
    single = {name.removeprefix("MULTI") for name in names}
    if len(names) == 1:
        return geometries, names.pop()
    if len(single) != 1:
        return geometries, "GEOMETRY"
    kind = single.pop()
    lone = shapely.get_type_id(geometries) == shapely.GeometryType[kind]
    promoted = geometries.copy()
    promoted[lone] = _MULTI[kind](geometries[lone], indices=np.arange(lone.sum()))
    return promoted, f"MULTI{kind}"


_MULTI: dict[str, Callable[..., Any]] = {
    "POINT": shapely.multipoints,
    "LINESTRING": shapely.multilinestrings,
    "POLYGON": shapely.multipolygons,
}


def _presence(flags: NDArray[np.bool_]) -> int:
    """Return 0 prohibited, 1 mandatory, 2 optional, as ``gpkg_geometry_columns`` counts."""
    if not len(flags) or not flags.any():
        return 0
    return 1 if flags.all() else 2


def _write_index(
    connection: apsw.Connection, table: str, keys: list[int], geometries: Any, progress: Progress
) -> None:
    """Fill the R-tree at one go, then set the triggers that keep it."""
    ddl.create_index(connection, table)
    boxes = shapely.bounds(geometries)
    placed = np.isfinite(boxes).all(axis=1)
    entries = (
        (keys[at], *(float(boxes[at, axis]) for axis in (0, 2, 1, 3)))
        for at in np.flatnonzero(placed)
    )
    counted = progress.each(entries, "writing", int(placed.sum()))
    ddl.insert_many(connection, f"rtree_{table}_{GEOMETRY}", counted, 5)
    ddl.create_index_triggers(connection, table)


def _write_contents(
    connection: apsw.Connection,
    table: str,
    features: GeoDataFrame,
    srs_id: int,
    identifier: str,
    description: str,
    last_change: datetime,
) -> None:
    bounds = [float(edge) if np.isfinite(edge) else None for edge in features.total_bounds]
    row = (table, "features", identifier, description, utc_text(last_change), *bounds, srs_id)
    ddl.insert(connection, "gpkg_contents", row)


def _write_attributes(
    connection: apsw.Connection, name: str, frame: pd.DataFrame, last_change: datetime
) -> None:
    _refuse_taken_names(frame, KEY)
    types = {str(column): column_type(str(column), frame[column]) for column in frame}
    ddl.create_attribute_table(connection, name, types)
    columns = [stored_values(frame[column]) for column in frame]
    rows = zip(range(1, len(frame) + 1), *columns, strict=True)
    ddl.insert_many(connection, name, rows, 1 + len(columns))
    row = (name, "attributes", name, "", utc_text(last_change), None, None, None, None, None)
    ddl.insert(connection, "gpkg_contents", row)
    ddl.count_features(connection, name)


def _write_provenance(
    connection: apsw.Connection, table: str, provenance: str, last_change: datetime
) -> None:
    connection.execute(ddl.METADATA)
    ddl.insert(
        connection,
        "gpkg_metadata",
        (1, "dataset", _PROVENANCE_STANDARD, "application/json", provenance),
    )
    ddl.insert(
        connection,
        "gpkg_metadata_reference",
        ("table", table, None, None, utc_text(last_change), 1, None),
    )
