"""The process ``overlap``: where layers coincide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from pydantic import Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.model import Layer, LeftOut, Result, Text
from geoplan.processes.process import (
    Inputs,
    LayerIds,
    Process,
    named,
    plan_layers,
    run_record,
    together,
)
from geoplan.progress import QUIET, Progress
from geoplan.queries.mapping import Map
from geoplan.reading import LayerReader, naming, of_unknown_accuracy, unlocated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


_STEPS = 4
"""Of the work on a pair of layers, reading is about one part, measuring the others."""


class OverlapInputs(Inputs):
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


def overlap(
    catalogue: Catalogue,
    inputs: OverlapInputs,
    progress: Progress = QUIET,
    map: Map | None = None,  # noqa: A002 - it is one
) -> Result:
    """Find where features of different layers coincide; see `geoplan.queries.overlap`."""
    pairs = list(_pairs(catalogue, inputs.layers))
    read = LayerReader(catalogue)
    parts, left_out, planes = [], [], list[str]()
    stretches = progress.split(*(1.0 for _ in pairs))
    for number, ((left, right), stretch) in enumerate(zip(pairs, stretches, strict=True), 1):
        telling = stretch.about(f"{left.id} × {right.id}", number, len(pairs))
        telling("reading", 0, 1)
        ours, theirs = read(left), read(right)
        telling("measuring", 1, _STEPS)
        with naming(left, right):
            found = queries.overlap_outcomes(
                ours,
                theirs,
                min_area_m2=inputs.min_area_m2,
                min_length_m=inputs.min_length_m,
                map=map,
            )
        telling("measuring", _STEPS, _STEPS)
        left_out += _below_minimum(found, left, right)
        planes += found.attrs["measuring_planes"]
        parts.append(named(named(found, left, ours, "left"), right, theirs, "right"))
    used = tuple(dict.fromkeys(layer for pair in pairs for layer in pair))
    left_out += [*unlocated(used, read), *of_unknown_accuracy(used, read)]
    features = _largest_first(together(parts))
    totals = {
        "count": len(features),
        "hit_count": int((features["outcome"] == "hit").sum()),
        "uncertain_count": int((features["outcome"] == "uncertain").sum()),
        "area_m2": float(features["area_m2"].sum()),
        "length_m": float(features["length_m"].sum()),
        "point_count": float(features["point_count"].sum()),
    }
    return Result(
        "overlap", features, inputs.model_dump(), used, run_record(planes), tuple(left_out), totals
    )


def _pairs(catalogue: Catalogue, ids: tuple[str, ...]) -> Iterator[tuple[Layer, Layer]]:
    if len(ids) == 2:
        yield catalogue[ids[0]], catalogue[ids[1]]
    elif len(ids) == 1:
        mine = catalogue[ids[0]]
        yield from ((mine, other) for other in plan_layers(catalogue) if other.id != mine.id)
    else:
        yield from combinations(plan_layers(catalogue), 2)


def _largest_first(features: GeoDataFrame) -> GeoDataFrame:
    """Return areas, lengths, points, the largest first, then what may meet, the nearest first.

    C01, C02 … count in this order, everywhere.
    """
    order = ["distance_m", "area_m2", "length_m", "point_count", "left_id", "right_id"]
    ascending = [True, False, False, False, True, True]
    return features.sort_values(order, ascending=ascending, na_position="last", ignore_index=True)


def _below_minimum(found: GeoDataFrame, left: Layer, right: Layer) -> list[LeftOut]:
    dropped = found.attrs["below_minimum"]
    if not dropped:
        return []
    return [LeftOut("below_minimum", (left.id, right.id), tuple(map(tuple, dropped)))]


PROCESS = Process(
    "overlap",
    Text(zh="叠加分析", en="Overlap"),
    Text(
        zh="不同图层的要素在何处重叠或交叉：面积、长度或点数，占各自多大比例；"
        "按平面精度区分命中与存疑，精度之内可能重叠的也列出。",
        en="Where features of different layers coincide or cross: by what area, length or "
        "number of points, and what share of each that is; certain or not by the accuracy of "
        "both, with what may coincide though it is not drawn so.",
    ),
    OverlapInputs,
    overlap,
)
