"""The queries as they are asked of features that were just read: checked, measured, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from geoplan.errors import WrongGeometryType
from geoplan.partitions.part import Found
from geoplan.queries import engine
from geoplan.queries.checks import AREA, NAMES, dimension, located, refuse_collections
from geoplan.queries.coverage import LAYER, ZONE
from geoplan.queries.uncertainty import ACCURACY

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.queries.clearance import Nearing
    from geoplan.queries.coinciding import Coinciding
    from geoplan.queries.coverage import Covering
    from geoplan.queries.parting import Answer


@dataclass(frozen=True)
class Overlapping:
    """As `geoplan.queries.overlap`; `swap` tells that the right layer drives."""

    question: Coinciding
    min_area_m2: float
    min_length_m: float
    swap: bool
    margin_m: float = 0.0
    columns: tuple[str, ...] = ()

    def __call__(self, driving: GeoDataFrame, other: GeoDataFrame, /) -> Found:
        """Return the pairs that share something, but for the smallest."""
        sides = (other, driving) if self.swap else (driving, other)
        found = self.question(_placed(sides[0], "left"), _placed(sides[1], "right"))
        rows = found.rows
        short = (rows["length_m"] < self.min_length_m) & ~(rows["point_count"] > 0)
        dropped = (rows["area_m2"] < self.min_area_m2) | short
        return Found(rows[~dropped], int(dropped.sum()), _names(found))


@dataclass(frozen=True)
class Covered:
    """As `geoplan.queries.coverage`."""

    question: Covering
    margin_m: float = 0.0
    columns: tuple[str, ...] = ()

    def __call__(self, zones: GeoDataFrame, /, *by: GeoDataFrame) -> Found:
        """Return the zones."""
        keyed = _placed(zones, "zones", self.question.kind)
        keyed = keyed.assign(**{ZONE: keyed.index})
        covers = [_placed(one, f"covering layer {n}", AREA) for n, one in enumerate(by, 1)]
        together = gpd.GeoDataFrame(
            {LAYER: [n for n, one in enumerate(covers) for _ in range(len(one))]},
            geometry=gpd.GeoSeries(
                pd.concat([one.geometry for one in covers], ignore_index=True), crs=zones.crs
            ),
        )
        found = self.question(keyed, together)
        return Found(found.rows, 0, _names(found))


@dataclass(frozen=True)
class Clearing:
    """As `geoplan.queries.clearance`; `same` tells that both layers are one."""

    question: Nearing
    margin_m: float
    same: bool
    columns: tuple[str, ...] = (ACCURACY,)

    def __call__(self, left: GeoDataFrame, right: GeoDataFrame, /) -> Found:
        """Return the pairs near each other."""
        kinds = self.question.dimensions
        sides = _placed(left, "left", kinds[0]), _placed(right, "right", kinds[1])
        found = self.question(*sides)
        rows = found.rows
        if self.same:
            rows = rows[rows["left_id"] < rows["right_id"]]
        return Found(self.question.judged(rows), 0, _names(found))


def _placed(layer: GeoDataFrame, role: str, kind: int | None = None) -> GeoDataFrame:
    """Return features as a query takes them, of one dimension where that matters."""
    if len(layer) == 0:
        return layer
    present, _ = located(layer, role, kernels_follow=engine.is_there())
    if kind is None:
        refuse_collections(present, role)
    elif (found := dimension(present, role)) != kind:
        raise WrongGeometryType(f"{role} holds {NAMES[found]} among its {NAMES[kind]}")
    return present


def _names(found: Answer) -> tuple[str, ...]:
    return tuple(plane.name for plane in found.planes)
