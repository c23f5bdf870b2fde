"""The processes ``locate``, ``station`` and ``along``: places on a route and on a river."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import geopandas as gpd
import numpy as np
import shapely
from pydantic import Field
from pyproj import CRS

from geoplan import queries
from geoplan.catalogue import Catalogue
from geoplan.crs import geographic, reproject
from geoplan.errors import EquationInvalid, FeatureNotFound, WrongGeometryType
from geoplan.model import FeatureId, Layer, Result, Text
from geoplan.processes.chainage import Equations, Parts, equations_of
from geoplan.processes.process import Inputs, Process, run_record
from geoplan.reading import LayerReader, matching_id, naming

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.queries.route import Route

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OnRoute(Inputs):
    """Inputs that ask about one route."""

    layer: str = Field(description="Id of a layer of lines.")
    feature: FeatureId = Field(description="Id of the route in it.")
    equations: Equations
    parts: Parts = "checked"


class LocateInputs(OnRoute):
    """Inputs of the process ``locate``."""

    chainages: tuple[str, ...] = Field(
        min_length=1, max_length=10_000, description="Chainages such as K12+345.678."
    )


class StationInputs(OnRoute):
    """Inputs of the process ``station``."""

    points: tuple[tuple[Lon, Lat], ...] = Field(
        min_length=1, max_length=10_000, description="Longitude and latitude of each place."
    )


class AlongInputs(Inputs):
    """Inputs of the process ``along``."""

    layer: str = Field(description="Id of a layer of river centrelines.")
    points: tuple[tuple[Lon, Lat], ...] = Field(
        min_length=1, max_length=10_000, description="Longitude and latitude of each place."
    )
    upstream_m: Metres = Field(description="How far against the flow [m].")
    downstream_m: Metres = Field(description="How far with the flow [m].")
    parts: Parts = "checked"


def locate(catalogue: Catalogue, inputs: LocateInputs) -> Result:
    """Return the places of chainages; see `geoplan.queries.locate`."""
    layer, route = route_of(catalogue, inputs)
    with naming(layer):
        places = [queries.locate(route, text) for text in inputs.chainages]
    features = gpd.GeoDataFrame(
        {"route_id": route.route_id, "chainage": list(inputs.chainages)},
        geometry=places,
        crs=route.crs,
    )
    degrees = reproject(np.array(places, dtype=object), route.crs, geographic(route.crs))
    features["lon"], features["lat"] = shapely.get_x(degrees), shapely.get_y(degrees)
    features["chainage_basis"] = route.basis
    return _result("locate", features, inputs, layer)


def station(catalogue: Catalogue, inputs: StationInputs) -> Result:
    """Return the chainages of places; see `geoplan.queries.station`."""
    layer, route = route_of(catalogue, inputs)
    rows: list[dict[str, Any]] = []
    for number, point in enumerate(_points(inputs.points, route.crs), 1):
        with naming(layer):
            found = queries.station(route, point)
        rows += [
            {
                "point": number,
                "route_id": route.route_id,
                "chainage": str(one.chainage),
                "chainage_m": one.chainage.value_m,
                "along_m": one.along_m,
                "offset_m": one.offset_m,
                "side": one.side,
                "chainage_basis": route.basis,
                "geometry": one.point,
            }
            for one in found
        ]
    return _result("station", gpd.GeoDataFrame(rows, crs=route.crs), inputs, layer)


def along(catalogue: Catalogue, inputs: AlongInputs) -> Result:
    """Return stretches of rivers from above to below places; see `geoplan.queries.along`."""
    layer = catalogue[inputs.layer]
    features = LayerReader(catalogue)(layer)
    with naming(layer):
        places = _points(inputs.points, features.crs)
        points = gpd.GeoDataFrame(
            geometry=places, crs=features.crs, index=range(1, len(places) + 1)
        )
        found = queries.along(
            features, points, inputs.upstream_m, inputs.downstream_m, parts=inputs.parts
        )
    planes = found.attrs["measuring_planes"]
    found = found.rename(columns={"point_id": "point"})
    found.attrs = {}
    return _result("along", found, inputs, layer, planes)


def route_of(catalogue: Catalogue, inputs: OnRoute) -> tuple[Layer, Route]:
    """Return the route that is asked about, measured."""
    layer = catalogue[inputs.layer]
    if layer.geometry != "line":
        raise WrongGeometryType(f"{layer.id}: a chainage runs along lines, not {layer.geometry}s")
    read = LayerReader(catalogue)
    features = read(layer)
    feature = matching_id(features.index, inputs.feature)
    if feature not in features.index:
        raise FeatureNotFound(f"layer {layer.id!r} has no feature {inputs.feature!r}")
    one = features.loc[[feature]]
    _refuse_equations_of_others(inputs, feature, one)
    with naming(layer):
        equations = equations_of(inputs.equations, read, layer, one)
        routes, without = queries.measured_routes(one, equations, parts=inputs.parts)
    if without:
        raise WrongGeometryType(f"{layer.id}: {inputs.feature!r} has no position published")
    return layer, routes[0]


def _refuse_equations_of_others(inputs: OnRoute, feature: Any, one: GeoDataFrame) -> None:
    for equation in inputs.equations:
        if matching_id(one.index, equation.route_id) != feature:
            raise EquationInvalid(
                f"an equation names route {equation.route_id!r}, and what is asked about is "
                f"{feature!r}: put the id right, or leave it out"
            )


def _points(places: tuple[tuple[float, float], ...], crs: CRS) -> Any:
    return reproject(shapely.points(places), geographic(crs), crs)


def _result(
    process: str,
    features: GeoDataFrame,
    inputs: Inputs,
    layer: Layer,
    planes: list[str] | tuple[str, ...] = (),
) -> Result:
    totals = {"count": len(features)}
    return Result(
        process, features, inputs.model_dump(), (layer,), run_record(planes), totals=totals
    )


LOCATE = Process(
    "locate",
    Text(zh="桩号定位", en="Locate chainages"),
    Text(zh="由桩号求位置。", en="The places of chainages on a route."),
    LocateInputs,
    locate,
)
STATION = Process(
    "station",
    Text(zh="查询桩号", en="Chainage of places"),
    Text(
        zh="由位置求桩号、偏距与侧别；等距处全部列出。",
        en="The chainage of places, how far beside the route and on which side; all of them "
        "where several are equally near.",
    ),
    StationInputs,
    station,
)
ALONG = Process(
    "along",
    Text(zh="沿河距离", en="Along a river"),
    Text(
        zh="沿河道中心线自某处上溯、下延一定距离的河段，超出河线的长度另列。",
        en="The stretch of a river from so far above a place to so far below it, along its "
        "centreline; what lies beyond its ends is told.",
    ),
    AlongInputs,
    along,
)
