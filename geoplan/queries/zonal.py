"""What a raster says of each zone: statistics of measured values, shares of classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.errors import BadQuery, RasterInvalid, TooLarge
from geoplan.queries.checks import AREA, LINE, dimension, located
from geoplan.queries.exact import extract
from geoplan.queries.placing import Placed, place
from geoplan.queries.samples import Samples, quantiles, summed
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

    from geoplan.raster import Raster

STATISTICS = ("mean", "min", "max", "stdev", "sum", "count", "median")
"""Statistics by name; besides, ``p5`` or ``p97.5`` is a percentile."""

DEFAULT = ("mean", "min", "max", "stdev")

MAX_QUANTILE_CELLS = 20_000_000
"""The largest zone of which quantiles are known: all its cells have to be sorted."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
_SIZES = ["zone_area_m2", "zone_length_m", "raster_ratio"]


def zonal_statistics(
    zones: GeoDataFrame, raster: Raster, *, stats: Sequence[str] = DEFAULT
) -> GeoDataFrame:
    """Summarise the values of a raster in each zone.

    Parameters
    ----------
    zones : GeoDataFrame
        Valid (multi)polygons, (multi)linestrings or (multi)points, one dimension, indexed by
        feature id, in any CRS on the datum of the raster (CGCS2000 and WGS 84 are taken as one).
        Zones may overlap: each is measured alone.
    raster : Raster
        Open; in any CRS, rotated or not.
    stats : sequence of str
        Of ``mean``, ``min``, ``max``, ``stdev`` (of the population), ``sum``, ``count``,
        ``median`` and percentiles such as ``p5`` or ``p97.5``. Of points, ``count`` is how many
        have data.

    Returns
    -------
    GeoDataFrame
        One row for each zone, in the order and the CRS of `zones`: ``zone_id``,
        ``zone_area_m2`` [m²] or ``zone_length_m`` [m] on the ellipsoid (NaN for the other, and
        both for points), ``raster_ratio`` [0..1] the share of the zone where the raster has
        data, a column for each statistic in the raster's own unit, ``unit`` (null where the
        raster does not say it), ``geometry`` the zone. Statistics are over the part that has
        data; where there is none they are NaN (``count`` is 0). ``attrs`` holds
        ``no_geometry`` and ``no_data`` (ids), ``measuring_planes`` (names) and ``cells``
        ("equal" or "by area").

    Raises
    ------
    OutsideRaster
        No zone lies on the raster. (One that does has a ``raster_ratio``.)
    BadQuery
        A statistic is unknown, or has no meaning for lines.
    CrsMismatch
        The zones have no CRS, or are on another datum.
    WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What the zones hold cannot be measured.
    RasterInvalid
        The raster holds infinite values there.
    TooLarge
        Quantiles of a zone of more than 20 million cells.
    FileUnreadable
        The raster's file is damaged.

    Notes
    -----
    A cell counts by the exact share of it that the zone covers, on a grid of unit squares, so
    nothing is resampled; edges are straight in the measuring plane. Mean,
    standard deviation and quantiles are over area on the ground: where cells of one zone differ
    in size by more than 4e-6, as in degrees, each also counts by its area on the ellipsoid.
    ``sum`` and ``count`` are of cells, for rasters that hold an amount a cell. A line counts by
    its length in each cell, a point by the cell it stands in (on an edge: the one to the right
    or below). A quantile is the smallest value that at least this share of the zone does not
    exceed.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> from geoplan.raster import Raster
    >>> zone = gpd.GeoDataFrame(geometry=[box(498500, 4550200, 499500, 4550800)],
    ...                         index=["IP-1"], crs=4550)
    >>> with Raster("examples/town/elevation.tif") as dem:
    ...     found = zonal_statistics(zone, dem, stats=["mean"])
    >>> found[["zone_id", "raster_ratio", "mean", "unit"]].round(3).values.tolist()
    [['IP-1', 1.0, 194.0, 'm']]
    """
    shares = quantiles_among(stats)
    present, missing = located(zones, "zones")
    kind = dimension(present, "zones")
    if kind == LINE and {"sum", "count"} & set(stats):
        raise BadQuery("sum and count are of cells, and a line covers none: ask for mean, min, max")
    placed = place(present, raster.grid, "zones")
    by_area = kind == AREA and cells_differ(placed, raster.grid)
    rows = pd.DataFrame({"zone_id": present.index[placed.positions]}).assign(
        **sizes_of(placed, kind)
    )
    if kind == AREA:
        found = _of_areas(placed, raster, stats, shares, by_area)
    else:
        found = _of_samples(samples_of(placed, kind), len(rows), raster, stats, shares)
    _refuse_infinite(found, raster)
    rows = _whole(rows.assign(**found), zones)
    columns = ["zone_id", *_SIZES, *dict.fromkeys(stats)]
    rows = rows.reindex(columns=columns).astype(dict.fromkeys(columns[1:], float))
    rows["unit"] = pd.Series([raster.unit] * len(rows), dtype=object)
    answer = gpd.GeoDataFrame(rows, geometry=zones.geometry.to_numpy(), crs=zones.crs)
    answer.attrs = attrs_of(placed, missing, rows, by_area)
    return answer


def quantiles_among(stats: Sequence[str]) -> dict[str, float]:
    """Return the quantiles among the statistics, 0..1, and refuse what is no statistic."""
    if isinstance(stats, str) or not stats:
        raise BadQuery(f"stats is a list of names, such as mean and max; got {stats!r}")
    shares = {}
    for name in stats:
        percentile = _PERCENTILE.fullmatch(name) if isinstance(name, str) else None
        if percentile:
            shares[name] = float(percentile[1]) / 100
        elif name == "median":
            shares[name] = 0.5
        elif name not in STATISTICS:
            raise BadQuery(
                f"statistic {name!r} is unknown; known: {', '.join(STATISTICS)}, and percentiles "
                f"p0 to p100, such as p95"
            )
    return shares


def _of_areas(
    placed: Placed, raster: Raster, stats: Sequence[str], shares: dict[str, float], by_area: bool
) -> dict[str, NDArray[np.float64]]:
    _refuse_large_zones(placed, shares)
    zones = placed.geometries[placed.inside]
    known: Mapping[str, Any]
    if not shares and by_kernels(zones, raster.grid):
        from geoplan.kernels.zonal import statistics

        known = statistics(raster, zones, by_area=by_area, spread="stdev" in stats)
    else:
        known = _extracted(raster, zones, stats, shares, by_area)
    found = {name: spread(values, placed) for name, values in known.items()}
    found["count"] = np.nan_to_num(found["count"])
    found["raster_ratio"] = ratio_of(placed, found, by_area)
    if "sum" in found:
        found["sum"] = np.where(found["count"] > 0, found["sum"], np.nan)
    return found


def _extracted(
    raster: Raster,
    zones: NDArray[Any],
    stats: Sequence[str],
    shares: dict[str, float],
    by_area: bool,
) -> dict[str, list[Any]]:
    """Return what exactextract finds, statistics and quantiles, zone by zone."""
    operations = {name: name for name in stats if name not in shares} | {"count": "count"}
    if by_area:
        operations |= {name: f"weighted_{name}" for name in ("mean", "stdev") if name in stats}
        operations["data_area"] = "sum"
    rows = extract(
        raster,
        zones,
        operations,
        weighted=by_area,
        array=_sorter(list(shares.values()), by_area) if shares else None,
        by_raster=not shares and by_raster(zones),
        max_cells=MAX_CELLS_IN_MEMORY,
    )
    found = {name: [row.get(name) for row in rows] for name in operations}
    for number, name in enumerate(shares):
        found[name] = [np.nan if row.get("array") is None else row["array"][number] for row in rows]
    return found


def _sorter(shares: list[float], by_area: bool) -> Any:
    def unweighted(values: Any, coverage: Any) -> NDArray[np.float64]:
        there = ~np.ma.getmaskarray(values)
        return quantiles(np.ma.getdata(values)[there].astype(float), coverage[there], shares)

    def weighted(values: Any, coverage: Any, weights: Any) -> NDArray[np.float64]:
        return unweighted(values, coverage * np.ma.getdata(weights))

    return weighted if by_area else unweighted


def _refuse_large_zones(placed: Placed, shares: dict[str, float]) -> None:
    if not shares or not len(placed.positions):
        return
    cells = np.where(placed.inside, shapely.area(placed.geometries), 0)
    if cells.max() > MAX_QUANTILE_CELLS:
        raise TooLarge(
            f"the largest zone has {cells.max():,.0f} cells; quantiles sort all, and the limit "
            f"is {MAX_QUANTILE_CELLS:,}: use a coarser raster, or ask for mean, min and max"
        )


def _of_samples(
    samples: Samples, count: int, raster: Raster, stats: Sequence[str], shares: dict[str, float]
) -> dict[str, NDArray[np.float64]]:
    values = raster.at(samples.row, samples.col)
    there = ~np.isnan(values)
    zone, value, weight = samples.zone[there], values[there], samples.weight[there]
    measured = summed(count, zone, weight)
    total = summed(count, samples.zone, samples.weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {"raster_ratio": np.where(measured > 0, measured / total, 0.0)}
        found["mean"] = summed(count, zone, weight * value) / measured
        off = value - found["mean"][zone]
        found["stdev"] = np.sqrt(summed(count, zone, weight * off**2) / measured)
    found["count"] = measured
    found["sum"] = np.where(measured > 0, summed(count, zone, value), np.nan)
    grouped = pd.Series(value).groupby(zone)
    for name in ("min", "max"):
        found[name] = grouped.agg(name).reindex(range(count)).to_numpy()
    for name in shares:
        found[name] = np.full(count, np.nan)
    for one in np.unique(zone) if shares else ():
        mine = zone == one
        middle = quantiles(value[mine], weight[mine], list(shares.values()))
        for name, reached in zip(shares, middle, strict=True):
            found[name][one] = reached
    return {name: found[name] for name in (*stats, "raster_ratio")}


def _refuse_infinite(found: dict[str, NDArray[np.float64]], raster: Raster) -> None:
    if any(np.isinf(values).any() for values in found.values()):
        raise RasterInvalid(
            f"{raster.name} holds infinite values under the zones: say which value means no data"
        )


def _whole(rows: DataFrame, zones: GeoDataFrame) -> DataFrame:
    """Return the rows in the order of the zones, NaN for those without a place."""
    return rows.set_index("zone_id").reindex(zones.index).rename_axis("zone_id").reset_index()
