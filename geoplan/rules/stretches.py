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
    from geoplan.rules.facing import Facing
    from geoplan.rules.sources import Source

COLUMNS = ["chainage_from", "chainage_to", "chainage_basis"]


def with_chainage(found: pd.DataFrame, facing: Facing, subject: Source) -> pd.DataFrame:
    """Return verdicts with the chainages between which each subject is concerned.

    Where that is several stretches, they stand one after the other with ``;`` between. A route
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
    for at in ours.tolist():
        feature = facing.subject.ids[at]
        here = rows[rows["ours"] == at]
        try:
            stretches = chainage(
                subject.located.loc[[feature]],
                zones.loc[here["theirs"].to_numpy()],
                within_m=beyond if _is_distance(rows) else 0.0,
                parts="chained",
            )
        except GeoplanError as error:
            found.loc[here.index, "chainage_basis"] = type(error).__name__
            continue
        told = [_joined(stretches[stretches["zone_id"] == zone]) for zone in here["theirs"]]
        found.loc[here.index, COLUMNS] = np.array(told, dtype=object)


def _is_distance(rows: pd.DataFrame) -> bool:
    return bool((rows["measure"] == "distance").any())


def _joined(stretches: pd.DataFrame) -> list[str | None]:
    through = stretches[stretches["relation"] != NEAR]
    if len(stretches) == 0:
        return [None, None, None]
    basis = str(stretches["chainage_basis"].iloc[0])
    if len(through):
        return [";".join(through["from_chainage"]), ";".join(through["to_chainage"]), basis]
    nearest = str(stretches.sort_values("min_distance_m")["nearest_chainage"].iloc[0])
    return [nearest, nearest, basis]
