"""From which chainage to which a line is concerned by what was found of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import reproject
from geoplan.errors import GeoplanError
from geoplan.queries.chainage import NEAR, chainage
from geoplan.rules.lines import QUADRANT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing
    from geoplan.rules.sources import Source

COLUMNS = ["chainage_from", "chainage_to", "chainage_basis", "stretch_length_m"]


def with_chainage(found: pd.DataFrame, facing: Facing, subject: Source) -> pd.DataFrame:
    """Return verdicts with the chainages between which each subject is concerned.

    Where that is several stretches, they stand one after the other with ``;`` between, and
    ``stretch_length_m`` is the sum of their lengths [m on the ellipsoid]. A route
    whose chainage cannot be told has none; ``chainage_basis`` then names the error.
    """
    found = found.assign(**dict.fromkeys(COLUMNS))
    if subject.layer.geometry != "line" or found["line"].isna().all():
        return found
    asked = found[(found["theirs"] >= 0) & found["line"].notna() & found["measured"].notna()]
    for _, rows in asked.groupby(["line", asked["threshold"].fillna(-1.0)]):
        shapes = facing.line(rows["line"].iloc[0]).shapes
        kinds = shapely.get_dimensions(shapes[rows["theirs"].to_numpy()])
        for kind in np.unique(kinds):
            _fill(found, rows[kinds == kind], shapes, facing, subject)
    return found


def _fill(
    found: pd.DataFrame, rows: pd.DataFrame, shapes: Any, facing: Facing, subject: Source
) -> None:
    ours, theirs = (np.unique(rows[name].to_numpy()) for name in ("ours", "theirs"))
    crs = subject.located.crs
    distance = bool((rows["measure"] == "distance").any()) and rows["threshold"].notna().any()
    stated = float(rows["threshold"].max()) if distance else 0.0
    grown = shapely.buffer(shapes[theirs], stated, quad_segs=QUADRANT) if stated else shapes[theirs]
    zones = gpd.GeoDataFrame(
        geometry=reproject(grown, facing.plane.crs, crs), index=theirs, crs=crs
    )
    # what may be nearer than is drawn has no stretch: only its nearest place says something
    beyond = max(float(rows["measured"].max()) - stated, 0.0) * 1.01 + 0.01
    within = beyond if _is_distance(rows) else 0.0
    features = facing.subject.ids[rows["ours"].to_numpy()]
    told = _stretches(subject, np.unique(facing.subject.ids[ours]), zones, within)
    said = [
        _of_pair(told.get(feature), zone)
        for feature, zone in zip(features.tolist(), rows["theirs"].tolist(), strict=True)
    ]
    texts = np.empty((len(said), len(COLUMNS)), dtype=object)
    texts[:] = said
    found.loc[rows.index, COLUMNS] = texts


def _of_pair(told: dict[Any, pd.DataFrame] | str | None, zone: int) -> list[Any]:
    if isinstance(told, str):
        return [None, None, told, None]
    return [None] * len(COLUMNS) if told is None or zone not in told else _joined(told[zone])


def _stretches(
    subject: Source, features: NDArray[Any], zones: gpd.GeoDataFrame, within_m: float
) -> dict[Any, dict[Any, pd.DataFrame] | str]:
    """Return for each route its stretches by zone, or the name of what keeps it from having any."""
    equations = subject.equations
    if equations is not None:
        equations = equations[equations["route_id"].isin(features.tolist())]
    try:
        found = chainage(
            subject.located.loc[features],
            zones,
            within_m=within_m,
            equations=equations,
            parts="chained",
        )
    except GeoplanError as error:
        if len(features) == 1:
            return {features.tolist()[0]: type(error).__name__}
        told: dict[Any, dict[Any, pd.DataFrame] | str] = {}
        for at in range(len(features)):  # one that is wrong is no reason to tell none
            told |= _stretches(subject, features[[at]], zones, within_m)
        return told
    refused = found.attrs["not_measured"]
    return {route: why["error"] for route, why in refused.items()} | {
        route: dict(iter(of_route.groupby("zone_id", sort=False)))
        for route, of_route in pd.DataFrame(found).groupby("route_id", sort=False)
    }


def _is_distance(rows: pd.DataFrame) -> bool:
    return bool((rows["measure"] == "distance").any())


def _joined(stretches: pd.DataFrame) -> list[Any]:
    through = (stretches["relation"] != NEAR).to_numpy(dtype=bool)
    basis = str(stretches["chainage_basis"].iloc[0])
    if through.any():
        ends = (stretches[name].to_numpy()[through] for name in ("from_chainage", "to_chainage"))
        length = float(stretches["length_m"].to_numpy()[through].sum())
        return [*(";".join(end) for end in ends), basis, length]
    nearest = int(np.argmin(stretches["min_distance_m"].to_numpy()))
    place = str(stretches["nearest_chainage"].iloc[nearest])
    return [place, place, basis, None]
