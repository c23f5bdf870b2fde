"""GeoParquet 1.1, read and written with pyarrow. Runs in a worker process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.errors import CrsUnknown, FileUnreadable, NotWritable, TooLarge
from geoplan.ingest.table import ForeignTable, arrow_column, checked_wkb, decoded

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.progress import Report

MAX_ROWS = 5_000_000
_AT_ONCE = 8192
_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError)


def read_parquet(path: Path, report: Report | None = None) -> ForeignTable:
    """Read a GeoParquet file.

    Raises
    ------
    FileUnreadable, TooLarge
        It is broken, no GeoParquet, or encodes its geometry otherwise than as WKB; has too
        many rows.
    """
    try:
        with pq.ParquetFile(path, thrift_string_size_limit=10_000_000) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise TooLarge(f"{path.name} has {file.metadata.num_rows} rows")
            stated = json.loads((file.schema_arrow.metadata or {})[b"geo"])
            content = _rows(file, report)
        column = stated["primary_column"]
        about = stated["columns"][column]
        if about["encoding"] != "WKB":
            raise FileUnreadable(
                f"{path.name}: its geometry is encoded as {about['encoding']}; WKB is read"
            )
        bodies = content[column].to_pylist()
    except _UNREADABLE as error:
        raise FileUnreadable(f"{path.name} cannot be read as GeoParquet: {error}") from error
    columns = {name: arrow_column(content[name]) for name in content.column_names if name != column}
    geometry = checked_wkb(decoded(bodies, path.name), path.name)
    return ForeignTable(path.stem, "pyarrow", _crs(about, path.name), columns, geometry)


def _rows(file: pq.ParquetFile, report: Report | None) -> Any:
    if report is None:
        return file.read(use_threads=False)
    total, batches, done = file.metadata.num_rows, [], 0
    for batch in file.iter_batches(_AT_ONCE, use_threads=False):
        batches.append(batch)
        done += batch.num_rows
        report(done, total)
    return pa.Table.from_batches(batches, file.schema_arrow)


def _crs(about: dict[str, Any], name: str) -> str:
    """Return the CRS stated; none stated means OGC:CRS84, null means unknown."""
    if "crs" not in about:
        return "OGC:CRS84"
    if about["crs"] is None:
        return ""
    try:
        crs = CRS.from_json_dict(about["crs"])
    except (CRSError, TypeError, KeyError) as error:
        raise CrsUnknown(f"{name} states a CRS that cannot be read: {error}") from error
    code = crs.to_epsg()
    return str(crs.to_wkt()) if code is None else f"EPSG:{code}"


def write_parquet(path: str, table: dict[str, Any]) -> None:
    """Write a table of plain values as GeoParquet.

    Raises
    ------
    NotWritable
        It cannot be written.
    """
    arrays = {name: array(*column) for name, column in table["columns"].items()}
    arrays["geometry"] = pa.array(table["geometry"], pa.binary())
    there = decoded([body for body in table["geometry"] if body is not None], "export")
    suffix = {False: "", True: " Z"}
    types = sorted({one.geom_type + suffix[bool(shapely.has_z(one))] for one in there})
    about = {
        "encoding": "WKB",
        "geometry_types": types,
        "crs": json.loads(CRS.from_user_input(table["crs"]).to_json()),
    }
    stated = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    content = pa.table(arrays).replace_schema_metadata({"geo": json.dumps(stated)})
    try:
        pq.write_table(content, path, compression="zstd")
    except _UNREADABLE as error:
        raise NotWritable(f"the GeoParquet cannot be written: {error}") from error


_ARROW = {
    "TEXT": pa.string(),
    "INTEGER": pa.int64(),
    "REAL": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BLOB": pa.binary(),
}


def array(type_: str, values: list[Any]) -> Any:
    """Return a column of plain values as an arrow array."""
    if type_ == "DATE":
        return pa.array(values, pa.string()).cast(pa.date32())
    if type_ == "DATETIME":
        return pa.array(values, pa.string()).cast(pa.timestamp("ms", tz="UTC"))
    return pa.array(values, _ARROW[type_])
