"""What can be laid out in partitions, read batch by batch: layers of a plan, GeoParquet files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.errors import BadQuery, CrsUnknown, FileUnreadable
from geoplan.model import FeatureQuery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geopandas import GeoDataFrame

    from geoplan.catalogue import Catalogue

BATCH = 50_000
"""Features in memory at once."""


def of_layer(catalogue: Catalogue, layer_id: str) -> Iterator[GeoDataFrame]:
    """Yield a layer of a plan in the order of its ids."""
    last: Any = None
    while True:
        batch = catalogue.read(layer_id, FeatureQuery(after=last, limit=BATCH))
        if len(batch) or last is None:
            yield batch
        if len(batch) < BATCH:
            return
        last = batch.index[-1]
        last = last.item() if hasattr(last, "item") else last


def of_parquet(path: Path, id_column: str | None = None) -> Iterator[GeoDataFrame]:
    """Yield a GeoParquet file in its order.

    Parameters
    ----------
    path : Path
    id_column : str, optional
        Holds the ids; ``id`` where there is one, else features are numbered from 1.

    Raises
    ------
    FileUnreadable
        It is broken, or no GeoParquet with WKB.
    CrsUnknown
        It states no CRS that can be read.
    BadQuery
        There is no such column.
    """
    begin = 1
    try:
        with pq.ParquetFile(path) as file:
            about = json.loads((file.schema_arrow.metadata or {})[b"geo"])
            column = about["primary_column"]
            if about["columns"][column]["encoding"] != "WKB":
                raise FileUnreadable(f"{path.name}: its geometry is not encoded as WKB")
            crs = _crs(about["columns"][column], path.name)
            if id_column is not None and id_column not in file.schema_arrow.names:
                raise BadQuery(f"{path.name} has no column {id_column!r}")
            if id_column is None and "id" in file.schema_arrow.names:
                id_column = "id"
            for batch in file.iter_batches(BATCH):
                table = pa.Table.from_batches([batch]).replace_schema_metadata(None).to_pandas()
                shapes = shapely.from_wkb(table.pop(column).to_numpy())
                table = table.drop(columns=["bbox"], errors="ignore")
                frame = gpd.GeoDataFrame(table, geometry=shapes, crs=crs)
                if id_column is None:
                    frame.index = range(begin, begin + len(frame))
                else:
                    frame = frame.set_index(id_column)
                begin += len(frame)
                yield frame
    except (pa.ArrowException, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise FileUnreadable(f"{path.name} cannot be read as GeoParquet: {error}") from error


def _crs(about: dict[str, Any], name: str) -> CRS:
    """Return the CRS stated; none stated means OGC:CRS84."""
    stated = about.get("crs", "OGC:CRS84")
    try:
        return CRS.from_user_input(stated)
    except CRSError as error:
        raise CrsUnknown(f"{name} states no CRS that can be read: {error}") from error
