"""The processes ``slope``, ``aspect``, ``hillshade`` and ``cog``: rasters made of a raster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import RasterLayer, Text
from geoplan.processes.process import Inputs, Process, run_record
from geoplan.processes.raster_result import RasterResult
from geoplan.queries.terrain import SlopeUnit
from geoplan.raster import stored_blocks
from geoplan.raster.cog import Resampling
from geoplan.raster.summary import cell_statistics, class_counts, direction_counts

if TYPE_CHECKING:
    import pandas as pd

    from geoplan.raster import Blocks, Raster

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Heights = Field(default=1.0, description="Elevations are multiplied by it.")


def _degrees(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Refuse what is no box of longitudes and latitudes."""
    west, south, east, north = box
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("a bbox is west, south, east, north in degrees, west ≤ east")
    return box


class WindowInputs(Inputs):
    """Inputs that choose cells of a raster."""

    bbox: Annotated[tuple[_Number, _Number, _Number, _Number], AfterValidator(_degrees)] | None = (
        Field(
            default=None,
            description="West, south, east, north [degrees]: the cells that cover it; null: all.",
        )
    )


class SlopeInputs(WindowInputs):
    """Inputs of the process ``slope``."""

    raster: str = Field(description="Id of an elevation model of the plan.")
    unit: SlopeUnit = Field(default="degree", description="Of the slope.")
    z_factor: _Factor = _Heights


class AspectInputs(WindowInputs):
    """Inputs of the process ``aspect``."""

    raster: str = Field(description="Id of an elevation model of the plan.")


class HillshadeInputs(WindowInputs):
    """Inputs of the process ``hillshade``."""

    raster: str = Field(description="Id of an elevation model of the plan.")
    azimuth_deg: _Number = Field(
        default=315.0, description="Where the light comes from [degrees clockwise from north]."
    )
    altitude_deg: Annotated[float, Field(ge=0, le=90, allow_inf_nan=False)] = Field(
        default=45.0, description="How high the light stands [degrees above the horizon]."
    )
    z_factor: _Factor = _Heights


class CogInputs(WindowInputs):
    """Inputs of the process ``cog``."""

    raster: str = Field(description="Id of a raster of the plan.")


def of_raster(
    process: str,
    opener: Callable[[], Raster],
    inputs: Any,
    source: RasterLayer | None = None,
) -> RasterResult:
    """Return what one of these processes makes of a raster, of the plan or not.

    Parameters
    ----------
    process : {"slope", "aspect", "hillshade", "cog"}
        Its id.
    opener : callable
        Opens the raster.
    inputs : SlopeInputs, AspectInputs, HillshadeInputs or CogInputs
        Those of the process.
    source : RasterLayer, optional
        Its entry in the plan.
    """

    def derive(raster: Raster) -> Blocks:
        blocks = _DERIVED[process](raster, inputs)
        return blocks.window(*raster.grid.covering(inputs.bbox)) if inputs.bbox else blocks

    told, run = inputs.model_dump(), run_record(())
    resampling = _RESAMPLING.get(process)
    tally = _classes(source) if source and source.categories else _tally(process)
    return RasterResult(process, told, source, run, opener, derive, resampling, tally)


_DERIVED: dict[str, Callable[[Raster, Any], Blocks]] = {
    "slope": lambda dem, asked: queries.slope(dem, unit=asked.unit, z_factor=asked.z_factor),
    "aspect": lambda dem, _: queries.aspect(dem),
    "hillshade": lambda dem, asked: queries.hillshade(
        dem,
        azimuth_deg=asked.azimuth_deg,
        altitude_deg=asked.altitude_deg,
        z_factor=asked.z_factor,
    ),
    "cog": lambda raster, _: stored_blocks(raster),
}
"""Process → what it makes of an open raster and its inputs."""


_RESAMPLING: dict[str, Resampling] = {
    "slope": "average",
    "aspect": "nearest",  # the mean of 359° and 1° is not 180°
    "hillshade": "average",
}


def _tally(process: str) -> Callable[[Blocks], pd.DataFrame]:
    return direction_counts if process == "aspect" else cell_statistics


def _classes(source: RasterLayer) -> Callable[[Blocks], pd.DataFrame]:
    """Return what counts cells of each class, under the name that the plan has for it."""

    def tally(blocks: Blocks) -> pd.DataFrame:
        table = class_counts(blocks)
        known = [source.categories.get(value) for value in table["class_value"]]
        table.insert(1, "class_name", [None if one is None else one.zh for one in known])
        table.insert(2, "class_name_en", [None if one is None else one.en for one in known])
        return table

    return tally


def _of_plan(process: str, catalogue: Catalogue, inputs: Any) -> RasterResult:
    entry = catalogue.raster(inputs.raster)
    if process != "cog" and entry.kind != "dem":
        raise BadQuery(f"{entry.id} is no elevation model (kind {entry.kind!r}): name a dem")
    return of_raster(process, lambda: catalogue.open_raster(entry.id), inputs, entry)


def slope(catalogue: Catalogue, inputs: SlopeInputs) -> RasterResult:
    """Tell how steep the ground is; see `geoplan.queries.slope`."""
    return _of_plan("slope", catalogue, inputs)


def aspect(catalogue: Catalogue, inputs: AspectInputs) -> RasterResult:
    """Tell which way the ground falls; see `geoplan.queries.aspect`."""
    return _of_plan("aspect", catalogue, inputs)


def hillshade(catalogue: Catalogue, inputs: HillshadeInputs) -> RasterResult:
    """Tell how bright the ground is under a light; see `geoplan.queries.hillshade`."""
    return _of_plan("hillshade", catalogue, inputs)


def cog(catalogue: Catalogue, inputs: CogInputs) -> RasterResult:
    """Give a raster of the plan, or a part of it, as it is stored."""
    return _of_plan("cog", catalogue, inputs)


SLOPE = Process(
    "slope",
    Text(zh="坡度", en="Slope"),
    Text(
        zh="由高程栅格计算坡度（Horn 法，度或百分比），输出云优化 GeoTIFF，或按需给出统计值。",
        en="How steep the ground is (Horn; degrees or per cent), as a Cloud Optimized GeoTIFF or "
        "summed up.",
    ),
    SlopeInputs,
    slope,
)

ASPECT = Process(
    "aspect",
    Text(zh="坡向", en="Aspect"),
    Text(
        zh="由高程栅格计算坡向（Horn 法，自网格北顺时针的度数），输出云优化 GeoTIFF，"
        "或分八方位统计。",
        en="Which way the ground falls (Horn; degrees clockwise from grid north), as a Cloud "
        "Optimized GeoTIFF or counted by the eight winds.",
    ),
    AspectInputs,
    aspect,
)

HILLSHADE = Process(
    "hillshade",
    Text(zh="山体阴影", en="Hillshade"),
    Text(
        zh="给定光源方位与高度，计算地面明暗（Horn 法），输出云优化 GeoTIFF，或给出统计值。",
        en="How bright the ground is under a light (Horn), as a Cloud Optimized GeoTIFF or summed "
        "up.",
    ),
    HillshadeInputs,
    hillshade,
)

COG = Process(
    "cog",
    Text(zh="栅格下载", en="Raster as a COG"),
    Text(
        zh="规划中的栅格或其中一块，像元值不变，输出云优化 GeoTIFF，或给出统计值。",
        en="A raster of the plan or a part of it, cell by cell the same, as a Cloud Optimized "
        "GeoTIFF or summed up.",
    ),
    CogInputs,
    cog,
)
