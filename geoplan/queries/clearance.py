"""How far features are from each other, and which are nearest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, extent_of, geographic, planes_of, shared_crs
from geoplan.errors import BadQuery
from geoplan.gauss_kruger import transformer
from geoplan.queries.checks import AREA, LINE, POINT, dimension, located
from geoplan.queries.nearest_points import Near, Pieces, near_pairs, nearest_pairs, pieces_of
from geoplan.queries.pairs import intersections
from geoplan.queries.parting import FEATURES, Answer, by_parts
from geoplan.queries.uncertainty import (
    accuracies,
    distance_outcome,
    with_accuracy,
    without_accuracy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.crs import Extent
    from geoplan.queries.mapping import Map

FURTHEST_M = 300_000.0
"""The greatest distance that is looked for [m]: beyond it a plane is no good measure."""

COLUMNS = [
    "left_id",
    "right_id",
    "distance_m",
    "uncertainty_m",
    "azimuth_deg",
    "left_x",
    "left_y",
    "right_x",
    "right_y",
    "overlap_area_m2",
    "overlap_length_m",
]

_TIE_DECIMALS = 6  # of a metre


def clearance(
    left: GeoDataFrame,
    right: GeoDataFrame,
    within_m: float,
    *,
    threshold_m: float | None = None,
    geometry: bool = True,
    overlaps: bool = True,
    map: Map | None = None,  # noqa: A002 - it is one
    part_features: int = FEATURES,
) -> GeoDataFrame:
    """Measure how far features of two layers are from each other, up to a distance.

    Parameters
    ----------
    left, right : GeoDataFrame
        Valid points, lines or areas, single or multi, one dimension a layer, indexed by feature
        id, both in one CRS. Given the same layer twice (one object), each pair of its features
        comes once, the feature that stands first in the layer as left.
    within_m : float
        How far to look [m], above 0 and at most 300 km.
    threshold_m : float, optional
        A distance to be kept [m]: adds ``outcome``, and rows for all pairs that are not clear
        of it, also those further away than `within_m`.
    geometry : bool, default True
        False leaves out the connecting lines and returns a DataFrame.
    overlaps : bool, default True
        False does not measure what pairs at distance 0 share.
    map, part_features
        As for `overlap`.

    Returns
    -------
    GeoDataFrame
        One row for each pair, nearest first, in the CRS of the inputs: ``left_id``,
        ``right_id``, ``distance_m`` [m, 0 where they touch or overlap], ``uncertainty_m`` [m]
        the sum of both accuracies, ``outcome`` (only with a threshold), ``azimuth_deg``
        [0..360, clockwise from north, from left to right; NaN at distance 0], ``left_x``,
        ``left_y``, ``right_x``, ``right_y`` the nearest points, ``overlap_area_m2`` [m², NaN
        unless both are areas] and ``overlap_length_m`` [m, NaN unless one is a line and none a
        point], ``geometry`` the line between the nearest points, a point at distance 0.
        ``attrs`` holds ``no_geometry`` and ``no_accuracy`` (ids by side) and
        ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        A layer mixes dimensions or holds collections.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide, AccuracyInvalid
        What a layer holds cannot be measured.
    BadQuery
        A distance is not a number above 0, or exceeds 300 km.

    Notes
    -----
    ``Distance`` of ISO 19125-1, reported as the geodesic between the two nearest points. Where
    several places are equally near, one of them is given. Heights are not looked at.

    Examples
    --------
    >>> from shapely.geometry import Point, box
    >>> wells = gpd.GeoDataFrame(geometry=[Point(500340, 4550030)], index=["W1"], crs=4550)
    >>> parks = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500300, 4550200)],
    ...                          index=["P1"], crs=4550)
    >>> clearance(wells, parks, 50)[["left_id", "right_id", "distance_m"]].round(3).values.tolist()
    [['W1', 'P1', 40.0]]
    """
    _refuse_distance("within_m", within_m)
    if threshold_m is not None:
        _refuse_distance("threshold_m", threshold_m)
    sides = _Sides.of(left, right)
    question = Nearing(float(within_m), threshold_m, sides.dimensions, overlaps)
    farthest = float(question.reach_m(sides).max(initial=within_m))
    _refuse_distance("threshold_m and the accuracies together", farthest)
    if map is None or len(sides.left) == 0:
        found = question(sides.left, sides.right)
    else:
        question = replace(question, extent=extent_of(sides.left, sides.right))
        layers = (with_accuracy(layer) for layer in (sides.left, sides.right))
        found = by_parts(map, question, *layers, most=part_features, margin_m=farthest)
    rows = found.rows
    if sides.same:
        first, second = (sides.left.index.get_indexer(rows[name]) for name in COLUMNS[:2])
        rows = rows[first < second]
    rows = question.judged(rows).assign(tie=rows["distance_m"].round(_TIE_DECIMALS))
    rows = rows.sort_values(["tie", "left_id", "right_id"], kind="stable").drop(columns="tie")
    return _answer(rows, sides, found.planes, geometry)


def nearest(
    left: GeoDataFrame,
    right: GeoDataFrame,
    k: int = 1,
    within_m: float | None = None,
    *,
    geometry: bool = True,
    overlaps: bool = True,
) -> GeoDataFrame:
    """Find the nearest features of one layer to each feature of another.

    Parameters
    ----------
    left, right : GeoDataFrame
        As for `clearance`. Given the same layer twice (one object), a feature is not its own
        neighbour.
    k : int, default 1
        How many to find for each left feature. Of equally near ones (to a micrometre) the
        smaller ids come first.
    within_m : float, optional
        How far to look [m]; 300 km unless said otherwise.
    geometry : bool, default True
        False leaves out the connecting lines and returns a DataFrame.
    overlaps : bool, default True
        False does not measure what pairs at distance 0 share.

    Returns
    -------
    GeoDataFrame
        The columns of `clearance` and ``rank`` (1 is nearest), in the order of `left`, then of
        rank. ``attrs`` also holds ``none_within``: ids of the left features that have no
        neighbour so near.

    Raises
    ------
    BadQuery
        `k` is no whole number above 0, or `within_m` no number above 0 up to 300 km.
    CrsMismatch, WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        As for `clearance`.

    Examples
    --------
    >>> from shapely.geometry import Point
    >>> wells = gpd.GeoDataFrame(geometry=[Point(500000, 4550000)], index=["W"], crs=4550)
    >>> towns = gpd.GeoDataFrame(geometry=[Point(500000, 4552000), Point(501000, 4550000)],
    ...                          index=["A", "B"], crs=4550)
    >>> nearest(wells, towns, k=2)[["right_id", "rank"]].values.tolist()
    [['B', 1], ['A', 2]]
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise BadQuery(f"k must be a whole number, one or more; got {k!r}")
    limit = FURTHEST_M if within_m is None else within_m
    _refuse_distance("within_m", limit)
    sides = _Sides.of(left, right)

    def near(plane: MeasuringPlane, ours: Pieces, theirs: Pieces, here: NDArray[np.intp]) -> Near:
        return nearest_pairs(plane, ours, theirs, k + int(sides.same), limit)

    rows, planes = _measured(sides, limit, near, overlaps)
    if sides.same:
        rows = rows[rows["left"] != rows["right"]]
    rows = _with_ids(rows[rows["distance_m"] <= limit], sides)
    rows = rows.assign(tie=rows["distance_m"].round(_TIE_DECIMALS))
    rows = rows.sort_values(["left", "tie", "right_id"], kind="stable")
    rows.insert(2, "rank", rows.groupby("left").cumcount() + 1)
    rows = rows[rows["rank"] <= k].drop(columns="tie")
    answer = _answer(rows.drop(columns="left"), sides, planes, geometry)
    lonely = np.setdiff1d(np.arange(len(sides.left)), rows["left"].to_numpy())
    answer.attrs["none_within"] = sides.left.index[lonely].tolist()
    return answer


class _Sides(NamedTuple):
    """Two layers, checked: their located features, what those have not, how far off they are."""

    left: GeoDataFrame
    right: GeoDataFrame
    dimensions: tuple[int, int]
    off: tuple[NDArray[np.float64], NDArray[np.float64]]
    left_out: dict[str, dict[str, list[Any]]]
    crs: CRS
    same: bool

    @classmethod
    def of(cls, left: GeoDataFrame, right: GeoDataFrame) -> _Sides:
        crs = shared_crs(left, right)
        ours, ours_missing = located(left, "left")
        theirs, theirs_missing = located(right, "right")
        left_out = {
            "no_geometry": {"left": ours_missing, "right": theirs_missing},
            "no_accuracy": {"left": without_accuracy(ours), "right": without_accuracy(theirs)},
        }
        dimensions = dimension(ours, "left"), dimension(theirs, "right")
        return cls.beside(ours, theirs, dimensions)._replace(
            left_out=left_out, crs=crs, same=left is right
        )

    @classmethod
    def beside(cls, left: GeoDataFrame, right: GeoDataFrame, dimensions: tuple[int, int]) -> _Sides:
        """Return located features of two layers of these dimensions."""
        off = accuracies(left), accuracies(right)
        return cls(left, right, dimensions, off, {}, left.crs, False)


@dataclass(frozen=True)
class Nearing:
    """The question how far pairs of features are from each other.

    Attributes
    ----------
    within_m, threshold_m, overlaps
        As for `clearance`.
    dimensions : tuple of int
        Of both layers.
    extent : tuple of float, optional
        Of the whole layers, where this is asked of parts of them.
    """

    within_m: float
    threshold_m: float | None
    dimensions: tuple[int, int]
    overlaps: bool
    extent: Extent | None = None

    def __call__(self, left: GeoDataFrame, right: GeoDataFrame, /) -> Answer:
        """Return one row for each pair within reach."""
        sides = _Sides.beside(left, right, self.dimensions)
        reach = self.reach_m(sides)

        def near(plane: MeasuringPlane, ours: Pieces, theirs: Pieces, at: NDArray[np.intp]) -> Near:
            return near_pairs(plane, ours, theirs, reach[at])

        farthest = float(reach.max(initial=self.within_m))
        rows, planes = _measured(sides, farthest, near, self.overlaps, self.extent)
        return Answer(_with_ids(rows, sides).drop(columns="left"), planes)

    def judged(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows, of a threshold with the outcome of each, without those clear and farther."""
        if self.threshold_m is None:
            return rows
        distance, off = rows["distance_m"].to_numpy(), rows["uncertainty_m"].to_numpy()
        outcome = distance_outcome(distance, off, self.threshold_m)
        rows = rows.copy(deep=False)
        rows.insert(4, "outcome", outcome)
        near: pd.DataFrame = rows[(distance <= self.within_m) | (outcome != "clear")]
        return near

    def reach_m(self, sides: _Sides) -> NDArray[np.float64]:
        """Return how far to look from each left feature [m]."""
        reach = np.full(len(sides.left), self.within_m)
        if self.threshold_m is None:
            return reach
        return np.asarray(np.maximum(reach, self.threshold_m + _greatest_uncertainty(sides)))


def _refuse_distance(name: str, value: Any) -> None:
    number = isinstance(value, (int, float, np.integer, np.floating)) and value == value
    if isinstance(value, bool) or not number or not 0 < value <= FURTHEST_M:
        raise BadQuery(
            f"{name} must be a number of metres above 0 and at most {FURTHEST_M:.0f}; got {value!r}"
        )


def _greatest_uncertainty(sides: _Sides) -> NDArray[np.float64]:
    """Return for each left feature the greatest sum of accuracies it can be part of [m]."""
    ours, theirs = (np.nan_to_num(off) for off in sides.off)
    return np.asarray(ours + theirs.max(initial=0.0))


def _measured(
    sides: _Sides,
    margin_m: float,
    near: Callable[[MeasuringPlane, Pieces, Pieces, NDArray[np.intp]], Near],
    overlaps: bool,
    extent: Extent | None = None,
) -> tuple[pd.DataFrame, tuple[MeasuringPlane, ...]]:
    """Return the pairs found in all planes, by position, each once, and the planes."""
    parts, planes = [], list[MeasuringPlane]()
    for plane, ours, (theirs,) in planes_of(
        sides.left, sides.right, margin_m=margin_m, extent=extent
    ):
        here = sides.left.index.get_indexer(ours.ids)
        there = sides.right.index.get_indexer(theirs.ids)
        found = near(plane, pieces_of(ours.geometries), pieces_of(theirs.geometries), here)
        part = pd.DataFrame({"left": here[found.ours], "right": there[found.theirs]})
        part = part.assign(**_points(plane, sides.crs, found))
        measures = sorted(sides.dimensions) if overlaps else [POINT]
        shared = _overlaps(plane, measures[0], ours.geometries, theirs.geometries, found)
        parts.append(part.assign(**shared))
        planes.append(plane)
    if not parts:
        return pd.DataFrame(columns=["left", "right", *COLUMNS[2:]], dtype=float), ()
    rows = pd.concat(parts, ignore_index=True)
    if len(parts) > 1:
        # a feature that was cut comes once for each of its parts
        pairs = rows.groupby(["left", "right"], sort=False)
        for column in COLUMNS[-2:]:
            rows[column] = pairs[column].transform("sum", min_count=1)
        rows = rows.sort_values("distance_m", kind="stable").drop_duplicates(["left", "right"])
    return rows, tuple(planes)


def _points(plane: MeasuringPlane, crs: CRS, near: Near) -> dict[str, NDArray[np.float64]]:
    """Return the nearest points in a CRS, and the geodesics between them."""
    lon0, lat0, lon1, lat1 = _moved(near.points, plane.crs, geographic(crs))
    azimuth, _, distance = plane.geod.inv(lon0, lat0, lon1, lat1)
    apart = near.distance_m > 0
    x0, y0, x1, y1 = _moved(near.points, plane.crs, crs)
    return {
        "distance_m": np.where(apart, distance, 0.0),
        "azimuth_deg": np.where(apart, np.mod(azimuth, 360.0), np.nan),
        "left_x": x0,
        "left_y": y0,
        "right_x": x1,
        "right_y": y1,
    }


def _moved(points: NDArray[np.float64], source: CRS, target: CRS) -> list[NDArray[np.float64]]:
    """Return the four columns of pairs of points in another CRS."""
    if source == target:
        return list(points.T)
    moving = transformer(source.to_wkt(), target.to_wkt())
    ends = (moving.transform(points[:, at], points[:, at + 1]) for at in (0, 2))
    return [np.asarray(column) for end in ends for column in end]


def _overlaps(
    plane: MeasuringPlane,
    least_dimension: int,
    ours: NDArray[Any],
    theirs: NDArray[Any],
    near: Near,
) -> dict[str, NDArray[np.float64]]:
    """Return what pairs share: an area where both are areas, else a length where both can."""
    area, length = (np.full(len(near.ours), np.nan) for _ in range(2))
    if least_dimension >= LINE:
        kind, size = (length, plane.length_m)
        if least_dimension == AREA:
            kind, size = (area, plane.area_m2)
        kind[:] = 0.0
        meet = np.flatnonzero(near.distance_m == 0)
        mine, one = np.unique(near.ours[meet], return_inverse=True)
        yours, other = np.unique(near.theirs[meet], return_inverse=True)
        shared = intersections(ours[mine], theirs[yours], one, other)
        parts, pair = shapely.get_parts(shared, return_index=True)
        kind[meet] = np.bincount(pair, weights=size(parts), minlength=len(meet))
    return {"overlap_area_m2": area, "overlap_length_m": length}


def _with_ids(rows: pd.DataFrame, sides: _Sides) -> pd.DataFrame:
    """Return rows with ids and the sum of both accuracies, columns in their order."""
    left, right = (rows[side].to_numpy(dtype=np.intp) for side in ("left", "right"))
    rows = rows.assign(
        left_id=sides.left.index[left],
        right_id=sides.right.index[right],
        uncertainty_m=sides.off[0][left] + sides.off[1][right],
    )
    return rows[[*COLUMNS, "left"]]


def _answer(
    rows: pd.DataFrame, sides: _Sides, planes: tuple[MeasuringPlane, ...], geometry: bool
) -> GeoDataFrame:
    rows = rows.reset_index(drop=True)
    if geometry:
        ends = rows[["left_x", "left_y", "right_x", "right_y"]].to_numpy().reshape(-1, 2, 2)
        joins = np.empty(len(rows), dtype=object)
        apart = (rows["distance_m"] > 0).to_numpy()
        joins[apart] = shapely.linestrings(ends[apart])
        joins[~apart] = shapely.points(ends[~apart, 0])
        rows = gpd.GeoDataFrame(rows, geometry=joins, crs=sides.crs)
    rows.attrs.update(sides.left_out)
    rows.attrs["measuring_planes"] = [plane.name for plane in planes]
    return rows
