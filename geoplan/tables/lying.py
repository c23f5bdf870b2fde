"""How the features of conflicts lie to each other: through, over, on, or beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geoplan.errors import GeoplanError
from geoplan.queries.chainage import CROSSES, INSIDE, NEAR, chainage

if TYPE_CHECKING:
    from collections.abc import Collection

    from geopandas import GeoDataFrame

THROUGH, OVER, ON, BESIDE = "crosses", "spans", "occupies", "adjacent"
"""穿越, 跨越, 占用, 临近."""

STRETCH = [
    "route_id", "zone_id", "relation", "from_chainage", "to_chainage", "from_m", "length_m",
    "side", "min_distance_m", "nearest_chainage", "crossing_angle_deg", "structure",
    "chainage_basis",
]  # fmt: skip


class Routes(NamedTuple):
    """The lines of a layer, with where their chainage jumps and on what they run.

    Attributes
    ----------
    features : GeoDataFrame
    equations, segments : DataFrame or None
        As for `chainage`.
    """

    features: GeoDataFrame
    equations: pd.DataFrame | None = None
    segments: pd.DataFrame | None = None

    def of(self, ids: Collection[Any]) -> Routes:
        """Return some of the routes that have a place, and what is said of them."""
        there = self.features.index.isin(list(ids)) & self.features.geometry.notna()
        features = self.features[there]
        said = (
            table if table is None else table[table["route_id"].isin(features.index)]
            for table in (self.equations, self.segments)
        )
        return Routes(features, *said)


def stretches(
    routes: Routes, zones: GeoDataFrame, pairs: Collection[tuple[Any, Any]], within_m: float
) -> pd.DataFrame:
    """Return the stretches of routes through, along and past zones, of chosen pairs.

    Parameters
    ----------
    routes : Routes
    zones : GeoDataFrame
        As for `chainage`; they may be of several dimensions.
    pairs : collection of (route id, zone id)
        The pairs that are asked of.
    within_m : float
        How far apart a pair may be and still have a row [m].

    Returns
    -------
    DataFrame
        `STRETCH`. A pair with a route that has no chainage (its parts are out of order, say)
        has one row, with ``chainage_basis`` the name of the error and nothing else.
    """
    tables = []
    routes = routes.of([route for route, _ in pairs])
    zones = zones[zones.index.isin([zone for _, zone in pairs]) & zones.geometry.notna()]
    kinds = shapely.get_dimensions(zones.geometry.to_numpy())
    for kind in np.unique(kinds):
        tables += _of_routes(routes, zones[kinds == kind], within_m)
    found = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=STRETCH)
    wanted = set(pairs)
    asked = [key in wanted for key in zip(found["route_id"], found["zone_id"], strict=True)]
    return found[np.array(asked, dtype=bool)].reset_index(drop=True)


def _of_routes(routes: Routes, zones: GeoDataFrame, within_m: float) -> list[pd.DataFrame]:
    if len(routes.features) == 0 or len(zones) == 0:
        return []
    try:
        found = chainage(
            routes.features,
            zones,
            within_m=within_m,
            equations=routes.equations,
            segments=routes.segments,
            parts="chained",
        )
    except GeoplanError as error:
        if len(routes.features) > 1:  # one that is wrong is no reason to tell none
            alone = (routes.of([route]) for route in routes.features.index)
            return [table for route in alone for table in _of_routes(route, zones, within_m)]
        return [_refused({routes.features.index[0]: type(error).__name__}, zones)]
    refused = {route: why["error"] for route, why in found.attrs["not_measured"].items()}
    return [pd.DataFrame(found)[STRETCH].astype(object), _refused(refused, zones)]


def _refused(errors: dict[Any, str], zones: GeoDataFrame) -> pd.DataFrame:
    rows = [
        {"route_id": route, "zone_id": zone, "chainage_basis": error}
        for route, error in errors.items()
        for zone in zones.index
    ]
    return pd.DataFrame(rows, columns=STRETCH).astype(object)


def relation_of(stretch: Any, shares: bool, is_line: bool) -> str:
    """Return in the words of reports how a subject lies to an object.

    Parameters
    ----------
    stretch : mapping, optional
        The stretch of a line, of `STRETCH`.
    shares : bool
        Whether both share ground or length, or cross.
    is_line : bool
        Whether the subject is a line.
    """
    if stretch is not None and isinstance(stretch["relation"], str):
        if stretch["relation"] in (CROSSES, INSIDE):
            return OVER if stretch["structure"] == "bridge" else THROUGH
        return ON if stretch["relation"] == "along" else BESIDE
    if not shares:
        return BESIDE
    return THROUGH if is_line else ON


def main_stretch(found: pd.DataFrame) -> dict[tuple[Any, Any], Any]:
    """Return for each pair the stretch that says most: the longest way through, else the nearest.

    Returns
    -------
    dict
        (route id, zone id) → row of `STRETCH`.
    """
    near = (found["relation"] == NEAR) | found["relation"].isna()
    rank = np.lexsort(
        (
            found["min_distance_m"].astype(float),
            -found["length_m"].astype(float),
            near.to_numpy(),
        )
    )
    told: dict[tuple[Any, Any], Any] = {}
    for row in found.iloc[rank].to_dict("records"):
        told.setdefault((row["route_id"], row["zone_id"]), row)
    return told
