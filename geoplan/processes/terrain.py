"""The process ``profile``: the ground along a route."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery
from geoplan.model import LeftOut, Result, Text
from geoplan.processes.place import OnRoute, route_of
from geoplan.processes.process import Process, run_record
from geoplan.queries.profile import Interpolation
from geoplan.queries.route import DRAWN
from geoplan.reading import naming

MAX_SAMPLES = 100_000
"""What an answer holds at most: as JSON, about 30 MB."""


class ProfileInputs(OnRoute):
    """Inputs of the process ``profile``."""

    raster: str = Field(description="Id of an elevation model of the plan.")
    step_m: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Distance of the samples along the route [m]; null samples its vertices.",
    )
    interpolation: Interpolation = Field(
        default="bilinear", description="Between the four cells around, or the nearest cell."
    )


def profile(catalogue: Catalogue, inputs: ProfileInputs) -> Result:
    """Sample the ground along a route; see `geoplan.queries.route_profile`."""
    entry = catalogue.raster(inputs.raster)
    if entry.kind != "dem":
        raise BadQuery(f"{entry.id} is no elevation model (kind {entry.kind!r}): name a dem")
    layer, route = route_of(catalogue, inputs)
    if inputs.step_m is not None and route.raw_length_m / inputs.step_m > MAX_SAMPLES:
        raise BadQuery(
            f"{inputs.feature!r} is {route.raw_length_m:,.0f} m long: a step of {inputs.step_m:g} "
            f"m makes more than {MAX_SAMPLES:,} samples; take a longer one"
        )
    with catalogue.open_raster(entry.id) as dem, naming(layer):
        found = queries.route_profile(
            route, dem, step_m=inputs.step_m, interpolation=inputs.interpolation
        )
    left_out = []
    if found.attrs["no_data"]:
        left_out.append(LeftOut("no_raster_data", (layer.id, entry.id), (route.route_id,)))
    if route.basis == DRAWN:
        left_out.append(LeftOut("drawn_chainage", (layer.id,), (route.route_id,)))
    run = run_record(found.attrs["measuring_planes"])
    found = found.assign(chainage_basis=route.basis)
    found.attrs = {}
    totals = {
        "count": len(found),
        "length_m": route.raw_length_m,
        "climb_m": float(found["climb_m"].iloc[-1]),
        "descent_m": float(found["descent_m"].iloc[-1]),
        "elevation_min_m": float(found["elevation_m"].min()),
        "elevation_max_m": float(found["elevation_m"].max()),
    }
    return Result(
        "profile",
        found,
        inputs.model_dump(),
        (layer,),
        run,
        tuple(left_out),
        totals,
        rasters=(entry,),
    )


PROCESS = Process(
    "profile",
    Text(zh="地面纵断面", en="Terrain profile"),
    Text(
        zh="沿路线按间距取地面高程：里程、桩号、高程、坡度与累计升降；无高程处留空并列出。",
        en="The ground along a route: distance, chainage, elevation, grade, climb and descent so "
        "far; where there is no elevation it stays empty and is told.",
    ),
    ProfileInputs,
    profile,
)
