"""The process ``map``: a plan as one HTML file."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import Document, Lang, Result, Text
from geoplan.processes.check import PackId, result_of
from geoplan.processes.coverage import CoverageInputs, coverage, has_two_area_layers
from geoplan.processes.overlap import OverlapInputs, overlap
from geoplan.processes.process import Inputs, LayerIds, Process, chosen, plan_layers, run_record
from geoplan.rules.check import check
from geoplan.rules.pack import NATIONAL, load_pack
from geoplan.tables import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Layer
    from geoplan.rules import Rule
    from geoplan.webmap import MapLayer


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

    @property
    def checks(self) -> bool:
        """Whether the map is to hold a check."""
        return self.check or bool(self.packs) or self.on is not None


def map_(catalogue: Catalogue, inputs: MapInputs) -> Document:
    """Draw layers, their overlaps and their coverage as one HTML file that needs nothing else."""
    # folium is slow to import, and only a map needs it
    from geoplan.webmap import MapContent, planner_page

    asked = chosen(catalogue, inputs.layers)
    part = Catalogue(catalogue.directory, catalogue.plan, asked)
    analysed = plan_layers(part)
    overlaps = overlap(part, OverlapInputs()) if len(analysed) > 1 else None
    covered = coverage(part, CoverageInputs()) if has_two_area_layers(analysed) else None
    drawn = tuple(_drawn(catalogue, layer) for layer in asked)
    checked, rules = _check(catalogue, inputs) if inputs.checks else (None, {})
    numbers = {} if checked is None else _numbers(checked)
    content = MapContent(catalogue.plan, drawn, overlaps, covered, checked, rules, numbers)
    page = planner_page(content, lang=inputs.lang)
    planes = overlaps.run.measuring_planes if overlaps else ()
    return Document("map", "text/html", page, inputs.model_dump(), asked, run_record(planes))


def _drawn(catalogue: Catalogue, layer: Layer) -> MapLayer:
    from geoplan.webmap import MapLayer
    from geoplan.webmap.spelling import searched

    features = catalogue.read(layer.id)
    schema, symbol = catalogue.schema(layer), catalogue.symbol(layer)
    return MapLayer(layer, features, schema, symbol, searched(layer, features))


def _check(catalogue: Catalogue, inputs: MapInputs) -> tuple[Result, Mapping[str, Rule]]:
    """Check the whole plan, whichever layers are drawn: a layer left out is not one missing."""
    folder = catalogue.directory / "rules"
    packs = [load_pack(name, on=inputs.on, folder=folder) for name in inputs.packs or (NATIONAL,)]
    found = check(catalogue, packs, on=inputs.on)
    rules = {rule_id: rule for pack in packs for rule_id, rule in pack.rules.items()}
    return result_of(found, json.loads(inputs.model_dump_json())), rules


def _numbers(checked: Result) -> dict[str, str]:
    """Return the number by which tables and reports call each finding."""
    table = numbered(checked.features)
    return dict(zip(table["finding_id"], table["number"], strict=True))


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
