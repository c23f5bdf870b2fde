"""How much of each zone each class of a raster takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.errors import BadQuery
from geoplan.queries.checks import AREA, dimension, located
from geoplan.queries.exact import extract
from geoplan.queries.placing import Placed, place
from geoplan.queries.samples import Samples, summed
from geoplan.queries.zoning import (
    MAX_CELLS_IN_MEMORY,
    attrs_of,
    by_kernels,
    by_raster,
    cells_differ,
    ratio_of,
    samples_of,
    sizes_of,
    spread,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pandas import DataFrame

    from geoplan.model import Text
    from geoplan.raster import Raster

    _Shares = tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
    """Zone, class and share of what has data there; and how much has data, zone by zone."""

COLUMNS = ["zone_id", "class_value", "class_zh", "class_en", "ratio", "area_m2", "length_m"]


def zonal_classes(
    zones: GeoDataFrame, raster: Raster, *, categories: Mapping[int, Text] | None = None
) -> DataFrame:
    """Measure how much of each zone each class of a raster takes.

    Parameters
    ----------
    zones : GeoDataFrame
        As in `zonal_statistics`.
    raster : Raster
        Open; of whole numbers that stand for classes.
    categories : mapping of int to Text, optional
        What the numbers stand for.

    Returns
    -------
    DataFrame
        One row for each zone and class found there, in the order of `zones`, largest first:
        ``zone_id``, ``class_value`` (integer), ``class_zh`` and ``class_en`` (null where
        `categories` does not say), ``ratio`` [0..1] of the zone, ``area_m2`` [m²] or
        ``length_m`` [m] on the ellipsoid (NaN for the other; both for points). What has no data
        is a row of its own, last, with a null ``class_value``, so that the rows of a zone add
        up to it. A zone without geometry has one row of nulls. ``attrs`` as in
        `zonal_statistics`, and ``unknown_classes``, the numbers that `categories` lacks.

    Raises
    ------
    BadQuery
        The raster holds measured values, not classes.
    OutsideRaster, CrsMismatch, WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry
        As in `zonal_statistics`.
    FeatureTooWide, FileUnreadable
        As in `zonal_statistics`.

    Notes
    -----
    Area = share of the zone x the zone's own area on the ellipsoid, where cells count by their
    area as in `zonal_statistics`.
    """
    if raster.dtype.kind not in "iub" or raster.scale != 1.0 or raster.offset != 0.0:
        raise BadQuery(
            f"{raster.name} holds measured values ({raster.dtype}, scale {raster.scale:g}), not "
            f"classes: ask for statistics, or classify it first"
        )
    present, missing = located(zones, "zones")
    kind = dimension(present, "zones")
    placed = place(present, raster.grid, "zones")
    by_area = kind == AREA and cells_differ(placed, raster.grid)
    sizes = pd.DataFrame({"zone_id": present.index[placed.positions]})
    sizes = sizes.assign(**sizes_of(placed, kind), raster_ratio=0.0)
    if kind == AREA:
        found = _classes_of_areas(placed, raster, by_area)
    else:
        found = _classes_of_samples(samples_of(placed, kind), len(sizes), raster)
    answer = _class_rows(found, sizes, zones)
    covered = found.groupby("zone")["ratio"].sum()
    sizes.loc[covered.index, "raster_ratio"] = covered
    return _labelled(answer, categories, attrs_of(placed, missing, sizes, by_area))


def _classes_of_areas(placed: Placed, raster: Raster, by_area: bool) -> DataFrame:
    zones = placed.geometries[placed.inside]
    shares = _by_kernels if by_kernels(zones, raster.grid) else _by_exactextract
    zone, value, share, total = shares(raster, zones, by_area)
    known = {"data_area" if by_area else "count": np.nan_to_num(spread(total, placed))}
    ratio = ratio_of(placed, known, by_area)
    zone = np.flatnonzero(placed.inside)[zone]
    return pd.DataFrame({"zone": zone, "class_value": value, "ratio": share * ratio[zone]})


def _by_exactextract(raster: Raster, zones: NDArray[Any], by_area: bool) -> _Shares:
    operations = {"unique": "unique", "count": "count"}
    operations["frac"] = "weighted_frac" if by_area else "frac"
    if by_area:
        operations["data_area"] = "sum"
    rows = extract(
        raster,
        zones,
        operations,
        weighted=by_area,
        by_raster=by_raster(zones),
        max_cells=MAX_CELLS_IN_MEMORY,
    )
    zone = np.repeat(np.arange(len(rows)), [len(row["unique"]) for row in rows])
    value, share = (np.concatenate([row[name] for row in rows]) for name in ("unique", "frac"))
    total = [row.get("data_area" if by_area else "count") for row in rows]
    return zone, value.astype(np.int64), share, np.array(total, dtype=float)


def _by_kernels(raster: Raster, zones: NDArray[Any], by_area: bool) -> _Shares:
    from geoplan.kernels.zonal import classes

    zone, value, amount = classes(raster, zones, by_area=by_area)
    total = np.bincount(zone, amount, len(zones)).astype(float)
    return zone, value, amount / total[zone], total


def _classes_of_samples(samples: Samples, count: int, raster: Raster) -> DataFrame:
    values = raster.at(samples.row, samples.col)
    there = ~np.isnan(values)
    total = summed(count, samples.zone, samples.weight)
    found = pd.DataFrame(
        {
            "zone": samples.zone[there],
            "class_value": values[there].astype(np.int64),
            "ratio": samples.weight[there] / total[samples.zone[there]],
        }
    )
    return found.groupby(["zone", "class_value"])["ratio"].sum().reset_index()


def _class_rows(found: DataFrame, sizes: DataFrame, zones: GeoDataFrame) -> DataFrame:
    """Return the rows of classes, what has no data after them, in the order of the zones."""
    rest = 1.0 - found.groupby("zone")["ratio"].sum().reindex(sizes.index, fill_value=0.0)
    # shares are exact to rounding: less than this is none
    rest = rest[rest > 1e-9]
    without = pd.DataFrame({"zone": rest.index, "class_value": pd.NA, "ratio": rest.to_numpy()})
    found = found.astype({"class_value": "Int64"})
    rows = pd.concat([found, without.astype({"class_value": "Int64"})], ignore_index=True)
    rows["last"] = rows["class_value"].isna()
    rows = rows.join(sizes, on="zone")
    rows["area_m2"] = rows["ratio"] * rows["zone_area_m2"]
    rows["length_m"] = rows["ratio"] * rows["zone_length_m"]
    rows["order"] = zones.index.get_indexer(rows["zone_id"])
    nowhere = np.setdiff1d(np.arange(len(zones)), rows["order"])
    rows = pd.concat([rows, pd.DataFrame({"order": nowhere, "zone_id": zones.index[nowhere]})])
    return rows.sort_values(
        ["order", "last", "ratio", "class_value"], ascending=[True, True, False, True]
    )


def _labelled(
    rows: DataFrame, categories: Mapping[int, Text] | None, attrs: dict[str, Any]
) -> DataFrame:
    known = categories or {}
    texts = [None if pd.isna(value) else known.get(int(value)) for value in rows["class_value"]]
    rows = rows.assign(
        class_zh=pd.Series([text and text.zh for text in texts], dtype=object, index=rows.index),
        class_en=pd.Series([text and text.en for text in texts], dtype=object, index=rows.index),
    )
    rows = rows[COLUMNS].reset_index(drop=True)
    found = rows["class_value"].dropna().unique()
    unknown = sorted(int(value) for value in found if int(value) not in known)
    rows.attrs.update(attrs, unknown_classes=unknown if categories is not None else [])
    return rows
