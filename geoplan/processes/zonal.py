"""The processes ``zonal-statistics`` and ``zonal-classes``: what a raster says of zones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import geopandas as gpd
import pandas as pd
from pydantic import AfterValidator, Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.crs import to_crs
from geoplan.errors import BadQuery, OutsideRaster
from geoplan.model import Layer, LeftOut, RasterLayer, Result, Text
from geoplan.processes.process import (
    Inputs,
    LayerIds,
    Process,
    chosen,
    named,
    plan_layers,
    run_record,
)
from geoplan.queries.zonal import DEFAULT, STATISTICS, quantiles_among
from geoplan.reading import LayerReader, naming, unlocated

if TYPE_CHECKING:
    from geoplan.raster import Raster

NO_DATA = Text(zh="无数据", en="no data")
"""What stands for a class where the raster has none."""


def _known(stats: tuple[str, ...]) -> tuple[str, ...]:
    try:
        quantiles_among(stats)
    except BadQuery as error:
        raise ValueError(str(error)) from None
    return tuple(dict.fromkeys(stats))


class ZonalInputs(Inputs):
    """Inputs that ask a raster about zones."""

    layers: LayerIds = Field(
        default=(), description="Layers whose features are the zones; none means every area layer."
    )
    raster: str = Field(description="Id of a raster of the plan.")


class ZonalStatisticsInputs(ZonalInputs):
    """Inputs of the process ``zonal-statistics``."""

    stats: Annotated[tuple[str, ...], AfterValidator(_known)] = Field(
        default=DEFAULT,
        min_length=1,
        max_length=100,
        description=f"Of {', '.join(STATISTICS)}, and percentiles such as p5 or p97.5.",
    )


class ZonalClassesInputs(ZonalInputs):
    """Inputs of the process ``zonal-classes``."""


def zonal_statistics(catalogue: Catalogue, inputs: ZonalStatisticsInputs) -> Result:
    """Summarise measured values in each zone; see `geoplan.queries.zonal_statistics`."""
    entry = catalogue.raster(inputs.raster)
    if entry.categories:
        raise BadQuery(
            f"{entry.id} holds classes, which have no mean: ask for their shares (zonal-classes)"
        )

    def ask(zones: Any, raster: Raster) -> Any:
        return queries.zonal_statistics(zones, raster, stats=inputs.stats)

    features, result = _asked(catalogue, inputs, entry, ask)
    totals = {"count": len(features)} | {
        name: float(features[name].sum())
        for name in ("zone_area_m2", "zone_length_m")
        if features[name].notna().any()
    }
    return result("zonal-statistics", features, totals)


def zonal_classes(catalogue: Catalogue, inputs: ZonalClassesInputs) -> Result:
    """Measure how much of each zone each class takes; see `geoplan.queries.zonal_classes`."""
    entry = catalogue.raster(inputs.raster)
    if entry.kind == "dem":
        raise BadQuery(
            f"{entry.id} holds elevations, not classes: ask for statistics (zonal-statistics)"
        )

    def ask(zones: Any, raster: Raster) -> Any:
        return in_words(queries.zonal_classes(zones, raster, categories=entry.categories))

    features, result = _asked(catalogue, inputs, entry, ask)
    totals = {"count": len(features)} | {
        name: float(features[name].sum())
        for name in ("class_area_m2", "class_length_m")
        if features[name].notna().any()
    }
    return result("zonal-classes", features, totals)


def in_words(found: pd.DataFrame) -> pd.DataFrame:
    """Return shares of classes under the names of this process, what has no data by name."""
    names = {"class_zh": "class_name", "class_en": "class_name_en", "ratio": "zone_ratio"}
    names |= {"area_m2": "class_area_m2", "length_m": "class_length_m"}
    found = found.rename(columns=names)
    without = found["class_value"].isna() & found["zone_ratio"].notna()
    found.loc[without, ["class_name", "class_name_en"]] = [NO_DATA.zh, NO_DATA.en]
    return found


def _asked(
    catalogue: Catalogue,
    inputs: ZonalInputs,
    entry: RasterLayer,
    ask: Callable[[Any, Raster], Any],
) -> tuple[Any, Callable[[str, Any, dict[str, float]], Result]]:
    """Return the answers for all layers of zones, and what makes a result of them."""
    used = _zone_layers(catalogue, inputs.layers)
    read = LayerReader(catalogue)
    left_out = unlocated(used, read)
    parts, planes, outside = [], list[str](), list[OutsideRaster]()
    with catalogue.open_raster(entry.id) as raster:
        for layer in used:
            zones = read(layer)
            try:
                with naming(layer):
                    found = ask(zones, raster)
            except OutsideRaster as error:
                outside.append(error)
                ids = zones.index[~(zones.geometry.isna() | zones.is_empty)]
                left_out.append(LeftOut("no_raster_data", (layer.id, entry.id), tuple(ids)))
                continue
            planes += found.attrs["measuring_planes"]
            if found.attrs["no_data"]:
                ids = tuple(found.attrs["no_data"])
                left_out.append(LeftOut("no_raster_data", (layer.id, entry.id), ids))
            parts.append(named(found, layer, zones, "zone"))
    if not parts:
        raise outside[0]
    features = _one_table(parts)

    def result(process: str, features: Any, totals: dict[str, float]) -> Result:
        run, told = run_record(planes), inputs.model_dump()
        return Result(process, features, told, used, run, tuple(left_out), totals, rasters=(entry,))

    return features, result


def _zone_layers(catalogue: Catalogue, ids: tuple[str, ...]) -> tuple[Layer, ...]:
    if ids:
        return chosen(catalogue, ids)
    areas = tuple(layer for layer in plan_layers(catalogue) if layer.geometry == "area")
    if not areas:
        raise BadQuery("the plan has no layer of areas: name the layers whose features are zones")
    return areas


def _one_table(parts: list[Any]) -> Any:
    """Return the rows of all layers as one table, zones drawn in the CRS of the first."""
    for part in parts:
        part.attrs = {}
    if isinstance(parts[0], gpd.GeoDataFrame):
        parts = [to_crs(part, parts[0].crs) for part in parts]
    return pd.concat(parts, ignore_index=True)


STATISTICS_PROCESS = Process(
    "zonal-statistics",
    Text(zh="分区统计", en="Zonal statistics"),
    Text(
        zh="栅格在各区域内的均值、最值、标准差与分位数，像元按被覆盖的准确份额计入；有数据的比例一并列出。",
        en="Mean, extremes, deviation and percentiles of a raster in each zone, every cell by "
        "the exact share covered, with the share of the zone that has data.",
    ),
    ZonalStatisticsInputs,
    zonal_statistics,
)
CLASSES_PROCESS = Process(
    "zonal-classes",
    Text(zh="分区地类统计", en="Zonal classes"),
    Text(
        zh="各区域内每一地类所占面积与比例；无数据的部分单列一行，各行合计等于区域面积。",
        en="The area and share of each class of a raster in each zone; what has no data is a row "
        "of its own, so that the rows add up to the zone.",
    ),
    ZonalClassesInputs,
    zonal_classes,
)
