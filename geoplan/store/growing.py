"""A GeoPackage whose one table grows row by row, before it takes the place of another."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.store import blob, ddl
from geoplan.store.frame import column_type, stored_values, utc_text
from geoplan.store.write import GEOMETRY, default_srs, replacing, srs_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import apsw
    import pandas as pd
    from pyproj import CRS


@contextmanager
def growing(path: Path, table: str, crs: CRS) -> Iterator[GrowingTable]:
    """Give a table that takes rows; the file stands at `path` when all went well.

    Raises
    ------
    CrsMismatch
        The CRS is one that a GeoPackage cannot state.
    NotWritable, FileBusy
        As for `geoplan.store.write.write_geopackage`; what stood at `path` is untouched.
    """
    srs = srs_row(crs)
    with replacing(path) as connection, connection:
        connection.execute(ddl.BASE)
        ddl.insert(connection, "gpkg_spatial_ref_sys", *default_srs(srs[1]), srs)
        rows = GrowingTable(connection, table, srs[1])
        yield rows
        rows.close()


class GrowingTable:
    """A features table with whole-number keys; the first rows say what its columns are."""

    def __init__(self, connection: apsw.Connection, table: str, srs_id: int) -> None:
        self._connection, self._table, self._srs_id = connection, table, srs_id
        self._columns: list[str] | None = None
        self._nothing: pd.DataFrame | None = None
        self._count = 0
        self._extent = np.array([np.inf, np.inf, -np.inf, -np.inf])

    def write(self, rows: pd.DataFrame) -> None:
        """Append rows: plain columns, and ``geometry`` where they have one."""
        plain = rows.drop(columns="geometry", errors="ignore")
        if len(rows) == 0:
            self._nothing = plain  # what has no rows does not say of which types they are
            return
        if self._columns is None:
            self._begin(plain)
        shapes = np.asarray(rows.get("geometry", np.full(len(rows), None)), dtype=object)
        keys = range(self._count + 1, self._count + len(rows) + 1)
        values = [stored_values(plain[name]) for name in self._columns or ()]
        stored = zip(keys, blob.encode(shapes, self._srs_id), *values, strict=True)
        ddl.insert_many(self._connection, self._table, stored, 2 + len(values))
        boxes = shapely.bounds(shapes)
        placed = np.flatnonzero(np.isfinite(boxes).all(axis=1))
        entries = ((keys[at], *(float(boxes[at, axis]) for axis in (0, 2, 1, 3))) for at in placed)
        ddl.insert_many(self._connection, f"rtree_{self._table}_{GEOMETRY}", entries, 5)
        if len(placed):
            self._extent[:2] = np.minimum(self._extent[:2], boxes[placed, :2].min(axis=0))
            self._extent[2:] = np.maximum(self._extent[2:], boxes[placed, 2:].max(axis=0))
        self._count += len(rows)

    def _begin(self, plain: pd.DataFrame) -> None:
        types = {str(name): column_type(str(name), plain[name]) for name in plain}
        self._columns = list(types)
        ddl.create_features_table(self._connection, self._table, "GEOMETRY", None, "INTEGER", types)
        described = (self._table, GEOMETRY, "GEOMETRY", self._srs_id, 0, 0)
        ddl.insert(self._connection, "gpkg_geometry_columns", described)
        ddl.create_index(self._connection, self._table)

    def close(self) -> None:
        """Set what keeps the index, and describe the table."""
        if self._columns is None and self._nothing is not None:
            self._begin(self._nothing)
        ddl.create_index_triggers(self._connection, self._table)
        box: list[Any] = [float(edge) if np.isfinite(edge) else None for edge in self._extent]
        about = (self._table, "features", self._table, "", utc_text(datetime.now(tz=UTC)))
        ddl.insert(self._connection, "gpkg_contents", (*about, *box, self._srs_id))
        ddl.count_features(self._connection, self._table)
