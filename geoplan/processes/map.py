"""The process ``map``: a plan as one HTML file."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import EVERYTHING, Document, FeatureQuery, Lang, Result, Text
from geoplan.processes.check import PackId, result_of
from geoplan.processes.coverage import CoverageInputs, coverage, has_two_area_layers
from geoplan.processes.map_served import served_layers
from geoplan.processes.overlap import OverlapInputs, overlap
from geoplan.processes.process import Inputs, LayerIds, Process, chosen, plan_layers, run_record
from geoplan.processes.sheet_content import numbers_of
from geoplan.rules.check import check
from geoplan.rules.pack import NATIONAL, load_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.rules import Rule
    from geoplan.webmap import MapContent


_NOTHING = FeatureQuery(limit=0)


class MapInputs(Inputs):
    """Inputs of the process ``map``."""

    layers: LayerIds = Field(default=(), description="Layer ids; none means all.")
    lang: Lang = Field(default="zh", description="The language the map opens in.")
    check: bool = Field(
        default=False, description="Whether the findings of a check by rules are on the map."
    )
    packs: tuple[PackId, ...] = Field(
        default=(),
        max_length=20,
        description="Rule packs to check by, a later one before an earlier; none means the "
        "national base. To name one asks for the check.",
    )
    on: datetime.date | None = Field(
        default=None, description="The day whose law counts; to name one asks for the check."
    )

    exclude_fields: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(
        default=(), max_length=200, description="Fields that are left out of every layer."
    )
    precision: Literal["1m", "10m", "100m"] | None = Field(
        default=None, description="The grid that coordinates are rounded to; none means exact."
    )
    rasters: LayerIds = Field(
        default=(), description="Ids of rasters that are drawn under the plan; none means none."
    )

    served_from: int | None = Field(
        default=None,
        ge=1,
        description="Layers of as many features or more are not in the page, nor in its overlaps "
        "and coverage: the page reads them from the service at whose /map it stands, tile by tile.",
    )

    @property
    def checks(self) -> bool:
        """Whether the map is to hold a check."""
        return self.check or bool(self.packs) or self.on is not None


@dataclass(frozen=True)
class Edition:
    """What whoever makes the file decides about it, and no client of a service.

    Attributes
    ----------
    review_number : str, optional
        审图号, in place of the plan's own.
    internal : bool
        Whether the map is marked 内部使用 though the plan has a review number.
    basemap : str
        ``none``, ``tianditu``, ``amap``, or a file: ``.mbtiles`` or ``.tif``.
    tianditu_key : str, optional
        Tianditu gives tiles to holders of a key only.
    languages : tuple of str
        Those that the page can be read in.
    """

    review_number: str | None = None
    internal: bool = False
    basemap: str = "none"
    tianditu_key: str | None = None
    languages: tuple[Lang, ...] = ("zh", "en")


def map_(catalogue: Catalogue, inputs: MapInputs) -> Document:
    """Draw layers, their overlaps and their coverage as one HTML file that needs nothing else."""
    return edition(catalogue, inputs, Edition())


def edition(catalogue: Catalogue, inputs: MapInputs, made: Edition) -> Document:
    """Draw the map of `map_` as its maker wants it.

    Raises
    ------
    BadQuery
        No layer of the map has a field that is to be left out.
    RasterNotFound
        The plan has no raster of a name.
    ForeignFileInvalid
        The basemap or a raster cannot be used.
    """
    # folium is slow to import, and only a map needs it
    from geoplan.webmap import MapContent, MapLayer, planner_page
    from geoplan.webmap.narrowing import coarsened, without_fields

    asked = chosen(catalogue, inputs.layers)
    served = served_layers(catalogue, asked, inputs.served_from)
    inside = tuple(layer for layer in asked if layer.id not in served)
    part = Catalogue(catalogue.directory, catalogue.plan, inside)
    analysed = plan_layers(part)
    overlaps = overlap(part, OverlapInputs()) if len(analysed) > 1 else None
    covered = coverage(part, CoverageInputs()) if has_two_area_layers(analysed) else None
    drawn = tuple(
        MapLayer(
            layer,
            catalogue.read(layer.id, _NOTHING if layer.id in served else EVERYTHING),
            catalogue.schema(layer),
            catalogue.symbol(layer),
            served=served.get(layer.id),
        )
        for layer in asked
    )
    checked, rules = _check(catalogue, inputs) if inputs.checks else (None, {})
    numbers = {} if checked is None else numbers_of(checked)
    content = MapContent(catalogue.plan, drawn, overlaps, covered, checked, rules, numbers)
    if inputs.exclude_fields:
        content = without_fields(content, inputs.exclude_fields)
    if inputs.precision:
        content = coarsened(content, int(inputs.precision.removesuffix("m")))
    page = planner_page(_finished(catalogue, content, inputs, made), lang=inputs.lang)
    planes = overlaps.run.measuring_planes if overlaps else ()
    return Document("map", "text/html", page, inputs.model_dump(), asked, run_record(planes))


def _finished(
    catalogue: Catalogue, content: MapContent, inputs: MapInputs, made: Edition
) -> MapContent:
    """Add what is searched, put pictures below the plan, and say who may see it."""
    from geoplan.webmap.pictures import basemap_picture, online_basemap, raster_picture
    from geoplan.webmap.spelling import searched

    plan = content.plan
    # of what is left: a name that was taken out is not given away by its spelling
    layers = tuple(
        replace(one, searched=searched(one.layer, one.features)) for one in content.layers
    )
    pictures = []
    online = online_basemap(made.basemap, made.tianditu_key)
    if online is None and made.basemap != "none":
        pictures.append(basemap_picture(Path(made.basemap), plan.extent))
    for name in inputs.rasters:
        entry = catalogue.raster(name)
        with catalogue.open_raster(name) as raster:
            pictures.append(raster_picture(entry, raster, plan.extent))
    if made.internal or made.review_number:
        plan = plan.model_copy(update={"review_number": made.review_number})
    return replace(
        content,
        plan=plan,
        layers=layers,
        pictures=tuple(pictures),
        online=online,
        languages=made.languages,
    )


def _check(catalogue: Catalogue, inputs: MapInputs) -> tuple[Result, Mapping[str, Rule]]:
    """Check the whole plan, whichever layers are drawn: a layer left out is not one missing."""
    folder = catalogue.directory / "rules"
    packs = [load_pack(name, on=inputs.on, folder=folder) for name in inputs.packs or (NATIONAL,)]
    found = check(catalogue, packs, on=inputs.on)
    rules = {rule_id: rule for pack in packs for rule_id, rule in pack.rules.items()}
    return result_of(found, json.loads(inputs.model_dump_json())), rules


PROCESS = Process(
    "map",
    Text(zh="离线地图", en="Map"),
    Text(
        zh="把图层、重叠与覆盖率（可附合规核查结果）输出为一个可离线打开的网页地图。",
        en="Layers, overlaps, coverage and, where asked for, the findings of a check by rules as "
        "one HTML map that opens without a network.",
    ),
    MapInputs,
    map_,
)
