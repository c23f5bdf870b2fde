"""Overlaps with what is certain of them, and the pairs that may be one without being drawn so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import extent_of, planes_of, reproject, shared_crs
from geoplan.queries import engine
from geoplan.queries.certain import Drawn
from geoplan.queries.checks import located, refuse_collections, refuse_negative
from geoplan.queries.coinciding import IDS, Coinciding
from geoplan.queries.overlap import finished
from geoplan.queries.parting import FEATURES, Answer, by_parts
from geoplan.queries.shortest import shortest_lines
from geoplan.queries.uncertainty import (
    accuracies,
    area_pm_m2,
    length_pm_m,
    meeting_outcome,
    plus_minus,
    with_accuracy,
    without_accuracy,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.crs import Extent, MeasuringPlane
    from geoplan.queries.mapping import Map

RANGES = ["area_min_m2", "area_max_m2", "area_pm_m2", "length_min_m", "length_max_m", "length_pm_m"]
FACTS = [*IDS, "distance_m", "uncertainty_m", "outcome", "line", *RANGES]
_PLANE_STRETCH = 1.001  # more than a plane stretches a metre anywhere


def overlap_outcomes(
    left: GeoDataFrame,
    right: GeoDataFrame,
    *,
    min_area_m2: float = 0.0,
    min_length_m: float = 0.0,
    map: Map | None = None,  # noqa: A002 - it is one
    part_features: int = FEATURES,
) -> GeoDataFrame:
    """Find where two layers coincide, how sure that is, and which other pairs may coincide too.

    Parameters
    ----------
    left, right : GeoDataFrame
        As for `overlap`. ``geometry_accuracy_m`` says how far each feature's boundary may be
        off; where it is null or absent nothing is certain.
    min_area_m2, min_length_m, map, part_features
        As for `overlap`.

    Returns
    -------
    GeoDataFrame
        The rows and columns of `overlap`, then a row for each pair that shares nothing as it is
        drawn but may within its accuracies, nearest first, without measures; its geometry is
        the shortest line between the two. Beside them:

        - ``outcome``: ``hit`` when the two coincide wherever their boundaries really are, else
          ``uncertain``; a pair that cannot coincide (``clear``) has no row;
        - ``distance_m``: as drawn [m], 0 where they meet; ``uncertainty_m``: the sum of both
          accuracies [m], NaN where one is not known;
        - ``area_min_m2``, ``area_max_m2``, ``area_pm_m2`` and the same for lengths: the range
          of the measure, and its ± where that says something (`uncertainty.plus_minus`).

        ``attrs`` as of `overlap`, and ``no_accuracy`` (ids by side): features for which the
        absence of a row proves nothing.

    Raises
    ------
    AccuracyInvalid
        An accuracy is negative or no number.
    BadQuery, CrsMismatch, WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry
        As for `overlap`.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> park = gpd.GeoDataFrame({"geometry_accuracy_m": [5.0]}, index=["P"], crs=4550,
    ...                         geometry=[box(500000, 4550000, 500300, 4550200)])
    >>> zones = gpd.GeoDataFrame({"geometry_accuracy_m": [20.0, 1.0]}, index=["Y", "Z"], crs=4550,
    ...                          geometry=[box(500200, 4550000, 500900, 4550500),
    ...                                    box(500304, 4550000, 500400, 4550100)])
    >>> overlap_outcomes(park, zones)[["right_id", "outcome"]].values.tolist()
    [['Y', 'hit'], ['Z', 'uncertain']]
    """
    refuse_negative(min_area_m2=min_area_m2, min_length_m=min_length_m)
    crs = shared_crs(left, right)
    ours, left_missing = located(left, "left", kernels_follow=True)
    theirs, right_missing = located(right, "right", kernels_follow=True)
    refuse_collections(ours, "left")
    refuse_collections(theirs, "right")
    if map is None or len(ours) == 0:
        found = Outcomes()(ours, theirs)
    else:
        question = Outcomes(extent_of(ours, theirs), engine.is_there())
        sides = (with_accuracy(layer) for layer in (ours, theirs))
        reach = _reach_m(ours, theirs)
        found = by_parts(map, question, *sides, most=part_features, margin_m=reach)
    pairs = Answer(found.rows[found.rows["geometry"].notna()], found.planes)
    missing = {"left": left_missing, "right": right_missing}
    drawn = finished(pairs, crs, missing, min_area_m2, min_length_m)
    facts = found.rows.loc[found.rows["outcome"].notna(), FACTS]
    rows = drawn.merge(facts.drop(columns="line"), on=IDS, how="left")
    known = pd.MultiIndex.from_frame(rows[IDS])
    dropped = pd.MultiIndex.from_tuples(
        [tuple(pair) for pair in drawn.attrs["below_minimum"]], names=IDS
    )
    others = ~pd.MultiIndex.from_frame(facts[IDS]).isin(known.append(dropped))
    others &= (facts["outcome"] == "uncertain") & (facts["uncertainty_m"] > 0)
    maybe = facts[others].sort_values(["distance_m", *IDS], kind="stable")
    maybe = maybe.rename(columns={"line": "geometry"})
    answer = _joined(rows, maybe, drawn)
    answer.attrs = drawn.attrs | {
        "no_accuracy": {"left": without_accuracy(ours), "right": without_accuracy(theirs)}
    }
    return answer


@dataclass(frozen=True)
class Outcomes:
    """The question which pairs coincide or may, and how certain that is.

    Attributes
    ----------
    extent, compiled
        As of `Coinciding`.
    """

    extent: Extent | None = None
    compiled: bool | None = None

    def __call__(self, left: GeoDataFrame, right: GeoDataFrame, /) -> Answer:
        """Return one row for each pair: of `Coinciding` where it is drawn to coincide, and `FACTS`.

        ``geometry`` is null for those that are not drawn to.
        """
        found = Coinciding(True, self.extent, self.compiled)(left, right)
        drawn = gpd.GeoDataFrame(found.rows, geometry="geometry", crs=left.crs)
        facts = _facts(left, right, drawn, left.crs, self.extent)
        return Answer(found.rows.merge(facts, on=IDS, how="outer"), found.planes)


def _reach_m(left: GeoDataFrame, right: GeoDataFrame) -> float:
    """Return how far apart a pair may be drawn and still meet [m]."""
    known = (accuracies(layer) for layer in (left, right))
    return sum(float(np.nan_to_num(one).max(initial=0.0)) for one in known)


def _joined(rows: GeoDataFrame, maybe: pd.DataFrame, drawn: GeoDataFrame) -> GeoDataFrame:
    """Return both tables as one, in the order and types of the first."""
    parts = [part for part in (pd.DataFrame(rows), maybe) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(rows)
    columns = [
        *drawn.columns[:-1], "outcome", "distance_m", "uncertainty_m", *RANGES, "geometry",
    ]  # fmt: skip
    table = table.reindex(columns=columns)
    numbers = [name for name in columns if name not in (*IDS, "outcome", "geometry")]
    return gpd.GeoDataFrame(table.astype(dict.fromkeys(numbers, float)), crs=drawn.crs)


def _facts(
    left: GeoDataFrame, right: GeoDataFrame, drawn: GeoDataFrame, crs: CRS, extent: Extent | None
) -> pd.DataFrame:
    """Return what is certain of each pair that meets or may meet, one row a pair."""
    accuracy = pd.Series(accuracies(left), left.index), pd.Series(accuracies(right), right.index)
    reach, tables = _reach_m(left, right), []
    for plane, mine, (yours,) in planes_of(left, right, margin_m=reach, whole=False, extent=extent):
        one = Drawn(mine.geometries, _of(accuracy[0], mine.ids))
        other = Drawn(yours.geometries, _of(accuracy[1], yours.ids))
        pairs = _near(plane, one, other)
        pairs["left_id"], pairs["right_id"] = mine.ids[pairs["left"]], yours.ids[pairs["right"]]
        pairs = pairs.assign(**_ranges(pairs, plane, one, other, drawn, crs))
        pairs["line"] = reproject(pairs["line"].to_numpy(), plane.crs, crs)
        tables.append(pairs.drop(columns=["left", "right"]))
    if not tables:
        return pd.DataFrame(columns=FACTS)
    # of a feature in several planes, what is nearest and surest there holds for the whole
    rank = {"hit": 0, "uncertain": 1, "clear": 2}
    together = pd.concat(tables, ignore_index=True)
    order = together["outcome"].map(rank).to_numpy(), together["distance_m"].to_numpy()
    together = together.iloc[np.lexsort(order[::-1])]
    return together.drop_duplicates(IDS, ignore_index=True)


def _of(accuracy: pd.Series[float], ids: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(accuracy.reindex(pd.Index(ids)), dtype=np.float64)


def _near(plane: MeasuringPlane, left: Drawn, right: Drawn) -> pd.DataFrame:
    """Return the pairs that are no farther apart than both may be off, and their outcomes."""
    most = float(np.nan_to_num(left.accuracy_m).max(initial=0.0))
    limit = (np.nan_to_num(right.accuracy_m) + most) * _PLANE_STRETCH
    tree = shapely.STRtree(left.geometries)
    theirs, ours = tree.query(right.geometries, predicate="dwithin", distance=limit)
    lines = shortest_lines(left.geometries[ours], right.geometries[theirs])
    distance = plane.length_m(lines)
    off = left.accuracy_m[ours] + right.accuracy_m[theirs]
    near = distance <= np.nan_to_num(off)
    ours, theirs, distance, off = ours[near], theirs[near], distance[near], off[near]
    return pd.DataFrame(
        {
            "left": ours,
            "right": theirs,
            "distance_m": distance,
            "uncertainty_m": off,
            "outcome": meeting_outcome(left, right, ours, theirs, distance),
            # where they meet, the place: a line of no length is no valid geometry
            "line": np.where(distance == 0, shapely.get_point(lines[near], 0), lines[near]),
        }
    )


def _ranges(
    pairs: pd.DataFrame,
    plane: MeasuringPlane,
    left: Drawn,
    right: Drawn,
    drawn: GeoDataFrame,
    crs: CRS,
) -> dict[str, NDArray[np.float64]]:
    """Return the ranges of the areas and lengths that pairs share as drawn."""
    ranges = {name: np.full(len(pairs), np.nan) for name in RANGES}
    places = pd.MultiIndex.from_frame(drawn[IDS])
    at = places.get_indexer(pd.MultiIndex.from_frame(pairs[IDS]))
    here = np.flatnonzero(at >= 0)
    rows = drawn.iloc[at[here]]
    dims = [shapely.get_dimensions(side.geometries) for side in (left, right)]
    mine, yours = pairs["left"].to_numpy()[here], pairs["right"].to_numpy()[here]
    areal = rows["area_m2"].notna().to_numpy()
    crossed = (rows["length_m"] > 0).to_numpy() & ((dims[0][mine] == 2) | (dims[1][yours] == 2))
    shared = plane.project(rows.geometry.to_numpy(), crs)

    def of(side: Drawn, which: NDArray[Any]) -> Drawn:
        return Drawn(side.geometries[which], side.accuracy_m[which])

    if areal.any():
        ones, others = of(left, mine[areal]), of(right, yours[areal])
        most = np.fmin(plane.area_m2(ones.geometries), plane.area_m2(others.geometries))
        pm = area_pm_m2(shared[areal], ones, others)
        _put(ranges, here[areal], "area", rows["area_m2"].to_numpy()[areal], pm, most)
    if crossed.any():
        ones, others = of(left, mine[crossed]), of(right, yours[crossed])
        flip = shapely.get_dimensions(ones.geometries) == 2
        lines = _swapped(ones, others, flip)
        areas = _swapped(others, ones, flip)
        pm = length_pm_m(shared[crossed], lines, areas)
        most = plane.length_m(lines.geometries)
        _put(ranges, here[crossed], "length", rows["length_m"].to_numpy()[crossed], pm, most)
    return ranges


def _swapped(one: Drawn, other: Drawn, flip: NDArray[np.bool_]) -> Drawn:
    return Drawn(
        np.where(flip, other.geometries, one.geometries),
        np.where(flip, other.accuracy_m, one.accuracy_m),
    )


def _put(
    ranges: dict[str, NDArray[np.float64]],
    at: NDArray[np.intp],
    what: str,
    measured: NDArray[np.float64],
    pm: NDArray[np.float64],
    most: NDArray[np.float64],
) -> None:
    unit = "m2" if what == "area" else "m"
    for suffix, values in zip(("min", "max", "pm"), plus_minus(measured, pm, most), strict=True):
        ranges[f"{what}_{suffix}_{unit}"][at] = values
