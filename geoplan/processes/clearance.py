"""The processes ``clearance`` and ``nearest``: how far features of layers are from each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import Layer, Result, Text
from geoplan.processes.process import (
    Inputs,
    LayerIds,
    Process,
    named,
    plan_layers,
    run_record,
    together,
)
from geoplan.queries.mapping import Map
from geoplan.reading import LayerReader, naming, of_unknown_accuracy, unlocated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


FARTHEST_M = 300_000.0
Within = Annotated[float, Field(gt=0, le=FARTHEST_M, allow_inf_nan=False)]


class ClearanceInputs(Inputs):
    """Inputs of the process ``clearance``."""

    layers: LayerIds = Field(
        default=(),
        max_length=2,
        description="Two layer ids: the first against the second. One: against every other "
        "layer. None: every pair of layers.",
    )
    within_m: Within = Field(default=500.0, description="How far to look [m].")
    threshold_m: Within | None = Field(
        default=None,
        description="A distance to be kept [m]: each pair is then hit, uncertain or clear of it.",
    )


class NearestInputs(Inputs):
    """Inputs of the process ``nearest``."""

    layers: LayerIds = Field(
        min_length=2,
        max_length=2,
        description="Two layer ids: for each feature of the first, the nearest of the second.",
    )
    count: int = Field(default=1, ge=1, le=1000, description="How many for each feature.")
    within_m: Within = Field(default=FARTHEST_M, description="How far to look [m].")


def clearance(
    catalogue: Catalogue,
    inputs: ClearanceInputs,
    map: Map | None = None,  # noqa: A002 - it is one
) -> Result:
    """Measure how far features are from each other; see `geoplan.queries.clearance`."""

    def ask(left: GeoDataFrame, right: GeoDataFrame) -> GeoDataFrame:
        return queries.clearance(
            left, right, inputs.within_m, threshold_m=inputs.threshold_m, map=map
        )

    features, result = _asked(catalogue, inputs, _pairs(catalogue, inputs.layers), ask)
    order = ["distance_m", "left_layer", "left_id", "right_layer", "right_id"]
    text = features.assign(**{name: features[name].map(str) for name in order[1:]})
    features = features.iloc[text.reset_index(drop=True).sort_values(order, kind="stable").index]
    features = features.reset_index(drop=True)
    return result("clearance", features)


def nearest(catalogue: Catalogue, inputs: NearestInputs) -> Result:
    """Find the nearest features; see `geoplan.queries.nearest`."""

    def ask(left: GeoDataFrame, right: GeoDataFrame) -> GeoDataFrame:
        return queries.nearest(left, right, inputs.count, inputs.within_m)

    features, result = _asked(catalogue, inputs, _pairs(catalogue, inputs.layers), ask)
    return result("nearest", features)


def _asked(
    catalogue: Catalogue,
    inputs: Inputs,
    pairs: list[tuple[Layer, Layer]],
    ask: Callable[[GeoDataFrame, GeoDataFrame], GeoDataFrame],
) -> tuple[GeoDataFrame, Callable[[str, GeoDataFrame], Result]]:
    """Return the answers for all pairs of layers, and what makes a result of them."""
    if not pairs:
        raise BadQuery("there are no two layers to measure against each other: name others")
    read = LayerReader(catalogue)
    parts, planes = [], list[str]()
    for left, right in pairs:
        ours, theirs = read(left), read(right)
        with naming(left, right):
            found = ask(ours, theirs)
        planes += found.attrs["measuring_planes"]
        parts.append(named(named(found, left, ours, "left"), right, theirs, "right"))
    used = tuple(dict.fromkeys(layer for pair in pairs for layer in pair))
    left_out = (*unlocated(used, read), *of_unknown_accuracy(used, read))

    def result(process: str, features: GeoDataFrame) -> Result:
        totals: dict[str, float] = {"count": len(features)}
        if "outcome" in features:
            totals |= {
                f"{outcome}_count": int((features["outcome"] == outcome).sum())
                for outcome in ("hit", "uncertain", "clear")
            }
        run = run_record(planes)
        return Result(process, features, inputs.model_dump(), used, run, left_out, totals)

    return together(parts), result


def _pairs(catalogue: Catalogue, ids: tuple[str, ...]) -> list[tuple[Layer, Layer]]:
    if len(ids) == 2:
        return [(catalogue[ids[0]], catalogue[ids[1]])]
    plan = plan_layers(catalogue)
    if len(ids) == 1:
        mine = catalogue[ids[0]]
        return [(mine, other) for other in plan if other.id != mine.id]
    return list(combinations(plan, 2))


CLEARANCE = Process(
    "clearance",
    Text(zh="净距分析", en="Clearance"),
    Text(
        zh="不同图层的要素相距多远、最近点与方位；给出须保持的距离时，按双方精度判定命中、存疑或未命中。",
        en="How far features of different layers are from each other, with nearest points and "
        "azimuth; against a distance to be kept: hit, uncertain or clear, by both accuracies.",
    ),
    ClearanceInputs,
    clearance,
)
NEAREST = Process(
    "nearest",
    Text(zh="最近要素", en="Nearest"),
    Text(
        zh="每个要素在另一图层中最近的若干要素。",
        en="For each feature of a layer the nearest ones of another.",
    ),
    NearestInputs,
    nearest,
)
