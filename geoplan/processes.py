"""The door of command line and service: each process once, with its inputs as a model.

A process reads layers by name, asks a pure query, and wraps the answer in a `Result`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

import geoplan
from geoplan import queries, reviewing
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.model import Document, Lang, Layer, LeftOut, Result, RunRecord, Text
from geoplan.progress import QUIET, Progress
from geoplan.reading import LayerReader, naming, unlocated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

ACCURACY = "geometry_accuracy_m"
"""Column that says how far a feature may be off [m]; shown beside every finding on it."""

MEASURABLE = {("area", "area"), ("line", "area"), ("area", "line")}
"""Pairs of dimensions that `geoplan.queries.overlap` has a measure for."""


class _Inputs(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _each_once(ids: tuple[str, ...]) -> tuple[str, ...]:
    for layer_id in ids:
        if ids.count(layer_id) > 1:
            raise ValueError(f"layer {layer_id!r} is named twice")
    return ids


LayerIds = Annotated[tuple[str, ...], AfterValidator(_each_once)]
"""Ids of layers, none of them twice."""


class LayersInputs(_Inputs):
    """Inputs of the process ``layers``."""

    layers: LayerIds = Field(default=(), description="Layer ids; none means all.")


class OverlapInputs(_Inputs):
    """Inputs of the process ``overlap``."""

    layers: LayerIds = Field(
        default=(),
        max_length=2,
        description="Two layer ids: the first against the second. One: against every other "
        "layer. None: every pair of layers.",
    )
    min_area_m2: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="Drop smaller shared areas [m²]."
    )
    min_length_m: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="Drop shorter shared lengths [m]."
    )


class CoverageInputs(_Inputs):
    """Inputs of the process ``coverage``."""

    layers: LayerIds = Field(
        default=(), description="Layers whose features are the zones; none means every area layer."
    )
    by: LayerIds = Field(
        default=(),
        description="Layers whose union covers the zones; none means every other area layer.",
    )


class MapInputs(_Inputs):
    """Inputs of the process ``map``."""

    layers: LayerIds = Field(default=(), description="Layer ids; none means all.")
    lang: Lang = Field(default="zh", description="The language the map opens in.")


@dataclass(frozen=True)
class Process:
    """One question that geoplan answers, for the command line and the service alike.

    Attributes
    ----------
    run : callable
        Takes a catalogue and checked inputs; where it is long work, also ``progress=``.
    """

    id: str
    title: Text
    description: Text
    inputs: type[BaseModel]
    run: Callable[..., Result | Document]


def layers(catalogue: Catalogue, inputs: LayersInputs) -> Result:
    """List layers: how many features, how many of them with a position, in which CRS."""
    chosen = _chosen(catalogue, inputs.layers)
    rows = []
    for layer in chosen:
        features = catalogue.read(layer.id)
        rows.append(
            {
                "layer": layer.id,
                "title": layer.title.zh,
                "title_en": layer.title.en,
                "kind": layer.kind,
                "geometry": layer.geometry,
                "line_means": layer.line_means,
                "feature_count": len(features),
                "located_count": int((~(features.geometry.isna() | features.is_empty)).sum()),
                "crs": None if features.crs is None else features.crs.to_string(),
                "source": layer.source.zh,
                "source_en": layer.source.en,
                "source_date": layer.source_date,
            }
        )
    return Result("layers", pd.DataFrame(rows), inputs.model_dump(), chosen, _run_record(()))


def overlap(catalogue: Catalogue, inputs: OverlapInputs) -> Result:
    """Find where features of different layers coincide; see `geoplan.queries.overlap`."""
    pairs = list(_pairs(catalogue, inputs.layers))
    read = LayerReader(catalogue)
    parts, left_out, planes = [], [], list[str]()
    for left, right in pairs:
        if (left.geometry, right.geometry) not in MEASURABLE:
            if len(inputs.layers) == 2:
                ours, theirs = read(left), read(right)
                with naming(left, right):
                    queries.overlap(ours, theirs)  # refuses, and says why
            left_out.append(LeftOut("no_common_measure", (left.id, right.id)))
            continue
        ours, theirs = read(left), read(right)
        with naming(left, right):
            found = queries.overlap(
                ours,
                theirs,
                min_area_m2=inputs.min_area_m2,
                min_length_m=inputs.min_length_m,
            )
        left_out += _below_minimum(found, left, right)
        planes += found.attrs["measuring_planes"]
        parts.append(_named(_named(found, left, ours, "left"), right, theirs, "right"))
    used = tuple(dict.fromkeys(layer for pair in pairs for layer in pair))
    left_out += unlocated(used, read)
    features = _largest_first(_together(parts))
    totals = {
        "count": len(features),
        "area_m2": float(features["area_m2"].sum()),
        "length_m": float(features["length_m"].sum()),
    }
    return Result(
        "overlap", features, inputs.model_dump(), used, _run_record(planes), tuple(left_out), totals
    )


def coverage(catalogue: Catalogue, inputs: CoverageInputs) -> Result:
    """Measure how much of each zone other layers cover; see `geoplan.queries.coverage`."""
    read = LayerReader(catalogue)
    areas = [layer for layer in _plan_layers(catalogue) if layer.geometry == "area"]
    zone_layers = _chosen(catalogue, inputs.layers) if inputs.layers else tuple(areas)
    parts, planes, used = [], list[str](), dict[Layer, None]()
    for zones in zone_layers:
        by = (
            _chosen(catalogue, inputs.by)
            if inputs.by
            else tuple(layer for layer in areas if layer.id != zones.id)
        )
        if zones in by:
            raise BadQuery(f"layer {zones.id!r} would cover itself: name other layers to cover by")
        covers = [read(layer) for layer in by]
        zone_features = read(zones)
        with naming(zones, *by):
            found = queries.coverage(zone_features, *covers)
        planes += found.attrs["measuring_planes"]
        found.insert(1, "by", ", ".join(layer.id for layer in by))
        parts.append(_named(found, zones, zone_features, "zone"))
        used |= dict.fromkeys((zones, *by))
    features = _together(parts)
    left_out = unlocated(tuple(used), read)
    totals = {
        "count": len(features),
        "zone_area_m2": float(features["zone_area_m2"].sum()),
        "covered_area_m2": float(features["covered_area_m2"].sum()),
    }
    return Result(
        "coverage",
        features,
        inputs.model_dump(),
        tuple(used),
        _run_record(planes),
        tuple(left_out),
        totals,
    )


def map_(catalogue: Catalogue, inputs: MapInputs) -> Document:
    """Draw layers, their overlaps and their coverage as one HTML file that needs nothing else."""
    # folium is slow to import, and only a map needs it
    from geoplan.webmap import MapContent, MapLayer, planner_page

    chosen = _chosen(catalogue, inputs.layers)
    part = Catalogue(catalogue.directory, catalogue.plan, chosen)
    plan_layers = _plan_layers(part)
    overlaps = overlap(part, OverlapInputs()) if _has_measurable_pair(plan_layers) else None
    covered = coverage(part, CoverageInputs()) if _has_two_area_layers(plan_layers) else None
    drawn = tuple(
        MapLayer(layer, catalogue.read(layer.id), catalogue.schema(layer), catalogue.symbol(layer))
        for layer in chosen
    )
    content = MapContent(catalogue.plan, drawn, overlaps, covered)
    page = planner_page(content, lang=inputs.lang)
    planes = overlaps.run.measuring_planes if overlaps else ()
    return Document("map", "text/html", page, inputs.model_dump(), chosen, _run_record(planes))


def quality(catalogue: Catalogue, inputs: LayersInputs, progress: Progress = QUIET) -> Result:
    """Find what is wrong, doubtful or not published in layers; see `geoplan.quality`."""
    chosen = _chosen(catalogue, inputs.layers)
    found = reviewing.review(catalogue, chosen, progress)
    run, totals = _run_record(found.attrs.pop("measuring_planes")), reviewing.totals(found)
    return Result("quality", found, inputs.model_dump(), chosen, run, totals=totals)


PROCESSES: dict[str, Process] = {
    process.id: process
    for process in (
        Process(
            "layers",
            Text(zh="图层清单", en="Layers"),
            Text(
                zh="列出图层、要素数量、有位置的要素数量、坐标系与来源。",
                en="List layers with their features, how many have a position, CRS and source.",
            ),
            LayersInputs,
            layers,
        ),
        Process(
            "overlap",
            Text(zh="叠加分析", en="Overlap"),
            Text(
                zh="不同图层的要素在何处重叠，重叠面积或长度多少，占各自多大比例。",
                en="Where features of different layers coincide, by what area or length, and "
                "what share of each that is.",
            ),
            OverlapInputs,
            overlap,
        ),
        Process(
            "coverage",
            Text(zh="覆盖率分析", en="Coverage"),
            Text(
                zh="各区域被其他图层合并后覆盖的面积与比例，以及空缺范围；重复部分只计一次。",
                en="How much of each zone the union of other layers covers, without double "
                "counting, and where the gaps are.",
            ),
            CoverageInputs,
            coverage,
        ),
        Process(
            "map",
            Text(zh="离线地图", en="Map"),
            Text(
                zh="把图层、重叠与覆盖率输出为一个可离线打开的网页地图。",
                en="Layers, overlaps and coverage as one HTML map that opens without a network.",
            ),
            MapInputs,
            map_,
        ),
        Process(
            "quality",
            Text(zh="质量检查", en="Quality"),
            Text(
                zh="图层中有误、存疑或未公布之处，逐项列出代码、级别、要素与位置；不作改动。",
                en="What is wrong, doubtful or not published in layers, each under a named code "
                "with level, feature and place; nothing is changed.",
            ),
            LayersInputs,
            quality,
        ),
    )
}


def _chosen(catalogue: Catalogue, ids: tuple[str, ...]) -> tuple[Layer, ...]:
    return tuple(catalogue[layer_id] for layer_id in (ids or tuple(catalogue)))


def _plan_layers(catalogue: Catalogue) -> tuple[Layer, ...]:
    """Return the layers to analyse when none is named: all but context."""
    return tuple(layer for layer in catalogue.values() if layer.role == "plan")


def _pairs(catalogue: Catalogue, ids: tuple[str, ...]) -> Iterator[tuple[Layer, Layer]]:
    if len(ids) == 2:
        yield catalogue[ids[0]], catalogue[ids[1]]
    elif len(ids) == 1:
        mine = catalogue[ids[0]]
        yield from ((mine, other) for other in _plan_layers(catalogue) if other.id != mine.id)
    else:
        yield from combinations(_plan_layers(catalogue), 2)


def _has_measurable_pair(chosen: tuple[Layer, ...]) -> bool:
    return any(
        (left.geometry, right.geometry) in MEASURABLE for left, right in combinations(chosen, 2)
    )


def _has_two_area_layers(chosen: tuple[Layer, ...]) -> bool:
    return sum(layer.geometry == "area" for layer in chosen) > 1


def _named(found: GeoDataFrame, layer: Layer, features: GeoDataFrame, side: str) -> GeoDataFrame:
    """Return findings with layer, names and accuracy of the features on one side."""
    ids = found[f"{side}_id"]
    at = found.columns.get_loc(f"{side}_id")
    found.insert(at, f"{side}_layer", layer.id)
    told = (
        ("name", layer.name_column),
        ("name_en", layer.name_en_column or layer.name_column),
        ("accuracy_m", ACCURACY if ACCURACY in features else None),
    )
    for offset, (suffix, column) in enumerate(told):
        # without the column every value is null: a number where a number belongs
        absent = np.nan if suffix == "accuracy_m" else None
        values = absent if column is None else features[column].reindex(ids).to_numpy()
        found.insert(at + 2 + offset, f"{side}_{suffix}", values)
    return found


def _together(parts: list[GeoDataFrame]) -> GeoDataFrame:
    if not parts:
        raise WrongGeometryType(
            "no two of the layers have a measure in common: overlap measures areas with areas "
            "and lines with areas, coverage measures areas"
        )
    filled = [part for part in parts if len(part)]
    together = pd.concat(filled, ignore_index=True) if filled else parts[0]
    together.attrs = {}
    return together


def _largest_first(features: GeoDataFrame) -> GeoDataFrame:
    """Return areas before lengths, each largest first: the order in which C01, C02 … count."""
    order = ["area_m2", "length_m", "left_id", "right_id"]
    return features.sort_values(
        order, ascending=[False, False, True, True], na_position="last", ignore_index=True
    )


def _below_minimum(found: GeoDataFrame, left: Layer, right: Layer) -> list[LeftOut]:
    dropped = found.attrs["below_minimum"]
    if not dropped:
        return []
    return [LeftOut("below_minimum", (left.id, right.id), tuple(map(tuple, dropped)))]


def _run_record(planes: list[str] | tuple[str, ...]) -> RunRecord:
    return RunRecord(
        software=f"geoplan {geoplan.__version__}",
        time=datetime.now(tz=UTC),
        measuring_planes=tuple(dict.fromkeys(planes)),
    )
