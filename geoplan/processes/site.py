"""The process ``site-check``: everything that one drawn or uploaded geometry touches or nears."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import geopandas as gpd
import shapely
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadCrs, BadData, BadQuery, GeometryTooLarge
from geoplan.model import Layer, LeftOut, RasterLayer, Result, Text
from geoplan.processes import site_rules
from geoplan.processes.check import PackId, record_of
from geoplan.processes.process import ACCURACY, Inputs, LayerIds, Process, chosen, run_record
from geoplan.processes.site_rasters import raster_parts
from geoplan.reading import Resident, resident

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import RunRecord
    from geoplan.queries import ReadyLayer
    from geoplan.rules.pack import RulePack

MAX_VERTICES = 100_000


class Geometry(BaseModel):
    """A GeoJSON geometry, a collection of them excepted."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
    coordinates: tuple[Any, ...] = Field(min_length=1)

    @field_validator("coordinates")
    @classmethod
    def _numbers(cls, coordinates: tuple[Any, ...]) -> tuple[Any, ...]:
        """Refuse texts and truth values, which shapely takes for numbers."""
        rest: list[Any] = [coordinates]
        while rest:
            for one in rest.pop():
                if isinstance(one, list | tuple):
                    rest.append(one)
                elif isinstance(one, bool) or not isinstance(one, int | float):
                    raise ValueError(f"{one!r} is no number")  # noqa: TRY004 - what pydantic takes
        return coordinates


class SiteInputs(Inputs):
    """Inputs of the process ``site-check``."""

    geometry: Geometry = Field(description="The site: a GeoJSON geometry.")
    crs: str = Field(
        default="EPSG:4490",
        max_length=200,
        description="What its coordinates are in, x or longitude first.",
    )
    accuracy_m: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="How far the site may be off [m]."
    )
    layers: LayerIds = Field(default=(), description="Layers to check; none means all.")
    rasters: LayerIds = Field(
        default=(),
        description="Rasters to ask; none means all, or no raster where layers are named.",
    )
    packs: Annotated[tuple[PackId, ...], Field(max_length=20)] = Field(
        default=(),
        description="Rule packs to check the site by, against all layers of the plan; a later "
        "one replaces rules of an earlier one. None means no rules.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; none takes every rule."
    )
    kind: str | None = Field(
        default=None,
        max_length=100,
        description="What the site would be, such as industrial_park; rules need it.",
    )
    attributes: dict[str, bool | int | float | str] = Field(
        default_factory=dict,
        max_length=100,
        description="What is known of the site, by the names of the fields of its kind.",
    )
    within_m: float = Field(
        default=500.0, ge=0, le=100_000, allow_inf_nan=False, description="How near to look [m]."
    )


def site_check(catalogue: Catalogue, inputs: SiteInputs) -> Result:
    """Check a site against every layer, and ask every raster of it.

    See `geoplan.queries.site_check` and `geoplan.processes.site_rasters`.
    """
    asked = chosen(catalogue, inputs.layers)
    rasters = _rasters(catalogue, inputs)
    packs = site_rules.load(catalogue, inputs.packs, inputs.on)
    site = site_of(inputs)
    kept: dict[str, Resident] = {}
    refused: dict[str, str] = {}
    for layer in asked:
        try:
            kept[layer.id] = resident(catalogue, layer)
        except BadData as error:
            refused[layer.id] = f"{type(error).__name__}: {error}"
    there = {name: one.ready for name, one in kept.items()}
    found = queries.site_check(site, there, within_m=inputs.within_m)
    measured = {part["layer"]: part for part in found.attrs["parts"]}
    parts = tuple(
        measured.get(layer.id) or _not_checked(layer, refused[layer.id]) for layer in asked
    )
    run = run_record(found.attrs["measuring_planes"])
    features = _with_names(found, kept)
    left_out = tuple(
        LeftOut("no_geometry", (name,), tuple(layer.unlocated))
        for name, layer in there.items()
        if layer.unlocated
    )
    totals = {"count": len(features)} | {
        f"{outcome}_layers": sum(part["outcome"] == outcome for part in parts)
        for outcome in ("hit", "uncertain", "clear", "not_checked")
    }
    of_rasters = raster_parts(catalogue, rasters, site)
    totals |= {
        f"{outcome}_rasters": sum(part["outcome"] == outcome for part in of_rasters)
        for outcome in ("measured", "not_checked")
    }
    run, of_rules, rule_totals = _by_rules(catalogue, inputs, packs, site, there, run)
    parts = (*parts, *of_rasters, *of_rules)
    plain = json.loads(inputs.model_dump_json())
    totals |= rule_totals
    return Result("site-check", features, plain, asked, run, left_out, totals, parts, rasters)


def _by_rules(
    catalogue: Catalogue,
    inputs: SiteInputs,
    packs: list[RulePack],
    site: GeoDataFrame,
    there: Mapping[str, ReadyLayer],
    run: RunRecord,
) -> tuple[RunRecord, list[dict[str, Any]], dict[str, int]]:
    """Return the record, the parts and the totals of the check by rules, where it is asked for."""
    if not packs:
        return run, [], {}
    crs = next((layer.crs for layer in there.values()), site.crs)
    candidate = site_rules.candidate_of(catalogue, site, inputs.kind, inputs.attributes, crs)
    found, parts = site_rules.rule_parts(catalogue, packs, candidate, inputs.on)
    if found is None:
        return run, parts, {}
    record = record_of(found.record)
    planes = tuple(dict.fromkeys((*run.measuring_planes, *record.measuring_planes)))
    return replace(record, measuring_planes=planes), parts, site_rules.totals(found)


def _rasters(catalogue: Catalogue, inputs: SiteInputs) -> tuple[RasterLayer, ...]:
    """Return the rasters to ask: whoever names layers only asks for no more than these."""
    unnamed = () if inputs.layers else tuple(catalogue.rasters)
    return tuple(catalogue.raster(one) for one in inputs.rasters or unnamed)


def site_of(inputs: SiteInputs) -> GeoDataFrame:
    """Return the site as a layer of one feature.

    Raises
    ------
    BadCrs
        The CRS is none.
    BadQuery
        The coordinates are not those of such a geometry.
    GeometryTooLarge
        It has more than 100,000 vertices.
    """
    try:
        crs = CRS.from_user_input(inputs.crs)
    except CRSError as error:
        raise BadCrs(f"{inputs.crs!r} names no coordinate system: {error}") from error
    try:
        shape = shapely.geometry.shape(inputs.geometry.model_dump())
    except (
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise BadQuery(f"the coordinates are not those of a {inputs.geometry.type}") from error
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise GeometryTooLarge(f"a site may have {MAX_VERTICES:,} vertices; simplify it first")
    return gpd.GeoDataFrame({ACCURACY: [inputs.accuracy_m]}, geometry=[shape], crs=crs)


def _not_checked(layer: Layer, reason: str) -> dict[str, Any]:
    return {"layer": layer.id, "outcome": "not_checked", "reason": reason}


def _with_names(found: GeoDataFrame, kept: dict[str, Resident]) -> GeoDataFrame:
    """Return findings with the names of the features."""
    keys = zip(found["layer"], found["feature_id"], strict=True)
    told = [kept[layer].names.get(feature, (None, None)) for layer, feature in keys]
    for place, name in enumerate(("feature_name", "feature_name_en")):
        found.insert(2 + place, name, [one[place] for one in told])
    found.attrs = {}
    return found


PROCESS = Process(
    "site-check",
    Text(zh="选址核查", en="Site check"),
    Text(
        zh="一处位置与各图层的重叠、临近与覆盖情况：逐图层给出命中、存疑、未命中或未核查及原因。",
        en="What a place overlaps, touches or comes near, layer by layer: hit, uncertain, clear, "
        "or not checked and why.",
    ),
    SiteInputs,
    site_check,
)
