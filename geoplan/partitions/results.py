"""Rows written as they come: GeoParquet or GeoPackage, whole or not at all."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geoplan.errors import BadQuery, NotWritable
from geoplan.store.growing import growing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from pyproj import CRS


class Rows(Protocol):
    """A file that grows."""

    def write(self, rows: pd.DataFrame) -> None:
        """Append rows: plain columns, and ``geometry`` where they have one."""


@contextmanager
def writing(to: Path, crs: CRS) -> Iterator[Rows]:
    """Give what takes rows; the file stands at `to` when all went well.

    Raises
    ------
    BadQuery
        Its ending is neither ``.parquet`` nor ``.gpkg``.
    NotWritable
        It cannot be written; what stood there is unchanged.
    """
    match to.suffix.lower():
        case ".parquet":
            with _parquet(to, crs) as rows:
                yield rows
        case ".gpkg":
            with growing(to, to.stem, crs) as table:
                yield table
        case other:
            raise BadQuery(f"unknown format {other or to.name!r}: use .parquet or .gpkg")


@contextmanager
def _parquet(to: Path, crs: CRS) -> Iterator[Rows]:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as folder:
            part = Path(folder) / to.name
            rows = _Parquet(part, crs)
            yield rows
            rows.close()
            part.chmod(0o644)
            part.replace(to)
    except (OSError, pa.ArrowException) as error:
        raise NotWritable(f"cannot write {to}: {error}; what stood there is unchanged") from error


class _Parquet:
    """GeoParquet 1.1; the first rows say what its columns are."""

    def __init__(self, path: Path, crs: CRS) -> None:
        self._path, self._crs = path, crs
        self._file: pq.ParquetWriter | None = None
        self._nothing: pd.DataFrame | None = None

    def write(self, rows: pd.DataFrame, *, last: bool = False) -> None:
        """Append rows."""
        if len(rows) == 0 and not last:
            self._nothing = rows  # what has no rows does not say of which types they are
            return
        plain = rows.drop(columns="geometry", errors="ignore")
        table = pa.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
        if "geometry" in rows:
            bodies = shapely.to_wkb(np.asarray(rows["geometry"], dtype=object))
            table = table.append_column("geometry", pa.array(bodies, pa.binary()))
        if self._file is None:
            schema = table.schema.with_metadata({"geo": json.dumps(self._about())})
            named = schema if "geometry" in rows else table.schema
            self._file = pq.ParquetWriter(self._path, named, compression="zstd")
        self._file.write_table(table.cast(self._file.schema))

    def close(self) -> None:
        """Write the end of the file."""
        if self._file is None and self._nothing is not None:
            self.write(self._nothing, last=True)
        if self._file is not None:
            self._file.close()

    def _about(self) -> dict[str, Any]:
        column = {
            "encoding": "WKB",
            "geometry_types": [],
            "crs": json.loads(self._crs.to_json()),
        }
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
