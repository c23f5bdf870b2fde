"""The process ``map``: a plan as one HTML file."""

from __future__ import annotations

from pydantic import Field

from geoplan.catalogue import Catalogue
from geoplan.model import Document, Lang, Text
from geoplan.processes.coverage import CoverageInputs, coverage, has_two_area_layers
from geoplan.processes.overlap import OverlapInputs, overlap
from geoplan.processes.process import Inputs, LayerIds, Process, chosen, plan_layers, run_record


class MapInputs(Inputs):
    """Inputs of the process ``map``."""

    layers: LayerIds = Field(default=(), description="Layer ids; none means all.")
    lang: Lang = Field(default="zh", description="The language the map opens in.")


def map_(catalogue: Catalogue, inputs: MapInputs) -> Document:
    """Draw layers, their overlaps and their coverage as one HTML file that needs nothing else."""
    # folium is slow to import, and only a map needs it
    from geoplan.webmap import MapContent, MapLayer, planner_page

    asked = chosen(catalogue, inputs.layers)
    part = Catalogue(catalogue.directory, catalogue.plan, asked)
    analysed = plan_layers(part)
    overlaps = overlap(part, OverlapInputs()) if len(analysed) > 1 else None
    covered = coverage(part, CoverageInputs()) if has_two_area_layers(analysed) else None
    drawn = tuple(
        MapLayer(layer, catalogue.read(layer.id), catalogue.schema(layer), catalogue.symbol(layer))
        for layer in asked
    )
    content = MapContent(catalogue.plan, drawn, overlaps, covered)
    page = planner_page(content, lang=inputs.lang)
    planes = overlaps.run.measuring_planes if overlaps else ()
    return Document("map", "text/html", page, inputs.model_dump(), asked, run_record(planes))


PROCESS = Process(
    "map",
    Text(zh="离线地图", en="Map"),
    Text(
        zh="把图层、重叠与覆盖率输出为一个可离线打开的网页地图。",
        en="Layers, overlaps and coverage as one HTML map that opens without a network.",
    ),
    MapInputs,
    map_,
)
