"""The process ``coverage``: how much of each zone other layers cover."""

from __future__ import annotations

from pydantic import Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import Layer, Result, Text
from geoplan.processes.process import (
    Inputs,
    LayerIds,
    Process,
    chosen,
    named,
    plan_layers,
    run_record,
    together,
)
from geoplan.progress import QUIET, Progress
from geoplan.queries.mapping import Map
from geoplan.reading import LayerReader, naming, unlocated

_STEPS = 4
"""Of the work on a layer of zones, reading is about one part, measuring the others."""


class CoverageInputs(Inputs):
    """Inputs of the process ``coverage``."""

    layers: LayerIds = Field(
        default=(), description="Layers whose features are the zones; none means every area layer."
    )
    by: LayerIds = Field(
        default=(),
        description="Layers whose union covers the zones; none means every other area layer.",
    )


def coverage(
    catalogue: Catalogue,
    inputs: CoverageInputs,
    progress: Progress = QUIET,
    map: Map | None = None,  # noqa: A002 - it is one
) -> Result:
    """Measure how much of each zone other layers cover; see `geoplan.queries.coverage`."""
    read = LayerReader(catalogue)
    areas = [layer for layer in plan_layers(catalogue) if layer.geometry == "area"]
    zone_layers = chosen(catalogue, inputs.layers) if inputs.layers else tuple(areas)
    parts, planes, used = [], list[str](), dict[Layer, None]()
    stretches = progress.split(*(1.0 for _ in zone_layers))
    for number, (zones, stretch) in enumerate(zip(zone_layers, stretches, strict=True), 1):
        telling = stretch.about(zones.id, number, len(zone_layers))
        by = (
            chosen(catalogue, inputs.by)
            if inputs.by
            else tuple(layer for layer in areas if layer.id != zones.id)
        )
        if zones in by:
            raise BadQuery(f"layer {zones.id!r} would cover itself: name other layers to cover by")
        telling("reading", 0, 1)
        zone_features = read(zones)  # first: the answer is in its CRS
        covers = [read(layer) for layer in by]
        telling("measuring", 1, _STEPS)
        with naming(zones, *by):
            found = queries.coverage(zone_features, *covers, map=map)
        telling("measuring", _STEPS, _STEPS)
        planes += found.attrs["measuring_planes"]
        found.insert(1, "by", ", ".join(layer.id for layer in by))
        parts.append(named(found, zones, zone_features, "zone"))
        used |= dict.fromkeys((zones, *by))
    features = together(parts)
    left_out = unlocated(tuple(used), read)
    totals = {"count": len(features)} | {
        name: float(features[name].sum())
        for name in ("zone_area_m2", "covered_area_m2", "zone_length_m", "covered_length_m")
        if name in features
    }
    return Result(
        "coverage",
        features,
        inputs.model_dump(),
        tuple(used),
        run_record(planes),
        tuple(left_out),
        totals,
    )


def has_two_area_layers(chosen: tuple[Layer, ...]) -> bool:
    """Tell whether there are zones and something to cover them by."""
    return sum(layer.geometry == "area" for layer in chosen) > 1


PROCESS = Process(
    "coverage",
    Text(zh="覆盖率分析", en="Coverage"),
    Text(
        zh="各区域被其他图层合并后覆盖的面积与比例，以及空缺范围；重复部分只计一次。",
        en="How much of each zone the union of other layers covers, without double "
        "counting, and where the gaps are.",
    ),
    CoverageInputs,
    coverage,
)
