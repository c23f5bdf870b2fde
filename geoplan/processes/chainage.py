"""The process ``chainage``: where routes run through zones or past them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.model import Layer, LeftOut, Result, Text
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
from geoplan.queries.direction import PartOrder
from geoplan.reading import LayerReader, naming, unlocated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


class Equation(BaseModel):
    """Where the chainage of a route jumps (断链)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route_id: str | int
    back_chainage: str
    ahead_chainage: str


Equations = Annotated[
    tuple[Equation, ...],
    Field(default=(), description="Broken chainage: where it jumps, route by route, in order."),
]


Parts = Annotated[
    PartOrder,
    Field(
        description="What to do with parts of a line that seem out of order: refuse them, take "
        "them as they stand, or put them in the order that jumps least."
    ),
]


class ChainageInputs(Inputs):
    """Inputs of the process ``chainage``."""

    layers: LayerIds = Field(
        default=(), description="Layers whose features are the routes; none means every line layer."
    )
    by: LayerIds = Field(
        default=(), description="Layers whose features are the zones; none means every other layer."
    )
    within_m: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="Also find zones so near [m]."
    )
    equations: Equations
    parts: Parts = "checked"
    three_d: bool = Field(default=False, description="Measure routes in space, by their heights.")


def chainage(catalogue: Catalogue, inputs: ChainageInputs) -> Result:
    """Find where routes run through zones or past them; see `geoplan.queries.chainage`."""
    read = LayerReader(catalogue)
    parts, planes, used = [], list[str](), dict[Layer, None]()
    drawn: dict[str, tuple[Any, ...]] = {}
    for routes, zones in _pairs(catalogue, inputs):
        ours, theirs = read(routes), read(zones)
        used |= dict.fromkeys((routes, zones))
        with naming(routes, zones):
            found = queries.chainage(
                ours,
                theirs,
                within_m=inputs.within_m,
                equations=equations_of(inputs.equations, ours),
                parts=inputs.parts,
                three_d=inputs.three_d,
            )
        planes += found.attrs["measuring_planes"]
        drawn[routes.id] = tuple(found.attrs["not_calibrated"])
        parts.append(named(named(found, routes, ours, "route"), zones, theirs, "zone"))
    left_out = unlocated(tuple(used), read)
    left_out += [LeftOut("drawn_chainage", (name,), ids) for name, ids in drawn.items() if ids]
    features = _along_the_routes(together(parts))
    totals = {"count": len(features), "length_m": float(features["length_m"].sum())}
    return Result(
        "chainage",
        features,
        inputs.model_dump(),
        tuple(used),
        run_record(planes),
        tuple(left_out),
        totals,
    )


def equations_of(equations: tuple[Equation, ...], routes: GeoDataFrame) -> pd.DataFrame | None:
    """Return the equations of a layer's routes as a table, None where there are none."""
    rows = [one.model_dump() for one in equations if one.route_id in routes.index]
    return pd.DataFrame(rows) if rows else None


def _pairs(catalogue: Catalogue, inputs: ChainageInputs) -> list[tuple[Layer, Layer]]:
    plan = plan_layers(catalogue)
    lines = tuple(layer for layer in plan if layer.geometry == "line")
    routes = chosen(catalogue, inputs.layers) if inputs.layers else lines
    for layer in routes:
        if layer.geometry != "line":
            raise WrongGeometryType(
                f"{layer.id}: a chainage runs along lines, not {layer.geometry}s"
            )
    zones = chosen(catalogue, inputs.by) if inputs.by else plan
    pairs = [(ours, theirs) for ours in routes for theirs in zones if ours.id != theirs.id]
    known = {one.route_id for one in inputs.equations}
    if known and not pairs:
        raise BadQuery("there are no routes to apply the equations to")
    return pairs


def _along_the_routes(features: GeoDataFrame) -> GeoDataFrame:
    order = ["route_layer", "route_id", "from_m", "to_m", "zone_layer", "zone_id"]
    key = features.assign(**{name: features[name].map(str) for name in ("route_id", "zone_id")})
    places = key.reset_index(drop=True).sort_values(order, kind="stable").index
    return features.iloc[places].reset_index(drop=True)


PROCESS = Process(
    "chainage",
    Text(zh="桩号分析", en="Chainage"),
    Text(
        zh="路线在何处进入、离开或临近各区域：起止桩号、长度、侧别、交角与工程形式。",
        en="Where routes enter, leave or pass zones: from chainage to chainage, with length, "
        "side, crossing angle and structure.",
    ),
    ChainageInputs,
    chainage,
)
