"""The process ``chainage``: where routes run through zones or past them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import EquationInvalid, GeoplanError, WrongGeometryType
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
from geoplan.queries.route import OF_ONE_ROUTE
from geoplan.reading import LayerReader, matching_id, naming, unlocated

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


class Equation(BaseModel):
    """Where the chainage of a route jumps (断链)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    route_id: str | int
    back_chainage: str
    ahead_chainage: str
    segment_name: str | None = None


Equations = Annotated[
    tuple[Equation, ...],
    Field(
        default=(),
        description="Broken chainage: where it jumps, route by route, in order. A route that is "
        "named here has these equations and none of the plan's.",
    ),
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
    pairs = _pairs(catalogue, inputs)
    _refuse_equations_of_no_route(inputs.equations, pairs, read)
    parts, planes = [], list[str]()
    drawn: dict[str, LeftOut] = {}
    invalid: dict[str, LeftOut] = {}
    refusals: list[GeoplanError] = []
    for routes, zones in pairs:
        ours, theirs = read(routes), read(zones)
        try:
            with naming(routes, zones):
                found = _found(read, routes, ours, theirs, inputs)
        except OF_ONE_ROUTE as error:  # of the first; the others of its layer are no better
            located = tuple(ours.index[~(ours.geometry.isna() | ours.is_empty)])
            invalid[routes.id] = LeftOut("route_invalid", (routes.id,), located, (str(error),))
            refusals.append(error)
            continue
        planes += found.attrs["measuring_planes"]
        drawn[routes.id] = LeftOut(
            "drawn_chainage", (routes.id,), tuple(found.attrs["not_calibrated"])
        )
        wrong = found.attrs["not_measured"]
        why = tuple(one["message"] for one in wrong.values())
        invalid[routes.id] = LeftOut("route_invalid", (routes.id,), tuple(wrong), why)
        parts.append(named(named(found, routes, ours, "route"), zones, theirs, "zone"))
    if refusals and not parts:
        raise refusals[0]
    used = dict.fromkeys(layer for pair in pairs for layer in pair)
    left_out = unlocated(tuple(used), read)
    left_out += [one for one in (*drawn.values(), *invalid.values()) if one.ids]
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


def _found(
    read: LayerReader,
    routes: Layer,
    ours: GeoDataFrame,
    theirs: GeoDataFrame,
    inputs: ChainageInputs,
) -> GeoDataFrame:
    return queries.chainage(
        ours,
        theirs,
        within_m=inputs.within_m,
        equations=equations_of(inputs.equations, read, routes, ours),
        segments=read.segments(routes),
        parts=inputs.parts,
        three_d=inputs.three_d,
    )


def equations_of(
    asked: tuple[Equation, ...], read: LayerReader, layer: Layer, routes: GeoDataFrame
) -> pd.DataFrame | None:
    """Return the broken chainage of some routes of a layer, None where there is none.

    What is asked with stands above what the plan holds, route by route. Where the whole layer is
    asked, rows of the plan that name none of its routes are kept, so that they are refused.
    """
    own = [
        one.model_copy(update={"route_id": matching_id(routes.index, one.route_id)})
        for one in asked
    ]
    rows = [one.model_dump() for one in own if one.route_id in routes.index]
    held = read.equations(layer)
    if held is not None:
        held = held[~held["route_id"].isin([row["route_id"] for row in rows])]
        if len(routes) < len(read(layer)):
            held = held[held["route_id"].isin(routes.index)]
    tables = [table for table in (held, pd.DataFrame(rows)) if table is not None and len(table)]
    return pd.concat(tables, ignore_index=True) if tables else None


def _refuse_equations_of_no_route(
    equations: tuple[Equation, ...], pairs: list[tuple[Layer, Layer]], read: LayerReader
) -> None:
    """Refuse an equation that would go unheard."""
    layers = dict.fromkeys(routes for routes, _ in pairs)
    for one in equations:
        if not any(matching_id(read(at).index, one.route_id) in read(at).index for at in layers):
            raise EquationInvalid(
                f"an equation names route {one.route_id!r}, which is not among the routes of "
                f"{', '.join(at.id for at in layers) or 'any layer'}: put the id right"
            )


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
    return [(ours, theirs) for ours in routes for theirs in zones if ours.id != theirs.id]


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
