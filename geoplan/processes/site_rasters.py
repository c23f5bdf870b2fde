"""What the rasters of a plan say of one site: a part for each in the answer of ``site-check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan import queries
from geoplan.errors import GeoplanError, OutsideRaster
from geoplan.processes.zonal import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame
    from pandas import DataFrame

    from geoplan.catalogue import Catalogue
    from geoplan.model import RasterLayer
    from geoplan.raster import Raster

STATISTICS = ("mean", "min", "max")
MEASURED, NOT_CHECKED = "measured", "not_checked"
OUTSIDE, NO_DATA = "outside_raster", "no_raster_data"
"""Why a raster says nothing of a site: it lies beyond it, or only where the raster has no data."""


def raster_parts(
    catalogue: Catalogue, asked: Sequence[RasterLayer], site: GeoDataFrame
) -> list[dict[str, Any]]:
    """Return what each raster says of a site, by cells as `geoplan.queries.zonal_statistics` does.

    Parameters
    ----------
    catalogue : Catalogue
    asked : sequence of RasterLayer
    site : GeoDataFrame
        One feature: an area counts by the exact share of each cell, a line by its length in
        each, a point by the cell it stands in.

    Returns
    -------
    list of dict
        ``raster``, ``outcome`` (measured, not_checked), ``reason`` (null where measured),
        ``raster_ratio`` [0..1] the share of the site with data; then of measured values
        ``mean``, ``min``, ``max`` and ``unit``; of classes ``classes``, largest first, each with
        ``class_value`` (null: no data), ``class_name``, ``class_name_en``, ``zone_ratio`` and
        ``class_area_m2`` or ``class_length_m``.
    """
    return [_part(catalogue, entry, site) for entry in asked]


def _part(catalogue: Catalogue, entry: RasterLayer, site: GeoDataFrame) -> dict[str, Any]:
    try:
        with catalogue.open_raster(entry.id) as raster:
            said = _classes(site, raster, entry) if entry.categories else _values(site, raster)
    except OutsideRaster:
        return _told(entry, NOT_CHECKED, OUTSIDE)
    except GeoplanError as error:
        return _told(entry, NOT_CHECKED, f"{type(error).__name__}: {error}")
    if said["raster_ratio"] == 0:
        return _told(entry, NOT_CHECKED, NO_DATA)
    return _told(entry, MEASURED, None) | said


def _told(entry: RasterLayer, outcome: str, reason: str | None) -> dict[str, Any]:
    return {"raster": entry.id, "outcome": outcome, "reason": reason}


def _values(site: GeoDataFrame, raster: Raster) -> dict[str, Any]:
    found = queries.zonal_statistics(site, raster, stats=STATISTICS).iloc[0]
    figures = {name: float(found[name]) for name in ("raster_ratio", *STATISTICS)}
    return {**figures, "unit": found["unit"]}


def _classes(site: GeoDataFrame, raster: Raster, entry: RasterLayer) -> dict[str, Any]:
    found = queries.zonal_classes(site, raster, categories=entry.categories)
    with_data = float(found.loc[found["class_value"].notna(), "ratio"].sum())
    return {"raster_ratio": min(with_data, 1.0), "classes": _rows(found)}


def _rows(found: DataFrame) -> list[dict[str, Any]]:
    words = in_words(found).drop(columns="zone_id")
    plain = words.astype(object).where(words.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
