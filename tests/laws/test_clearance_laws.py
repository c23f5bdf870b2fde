"""Laws of clearance on points, lines and areas with whole-metre corners, off the meridian."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.queries import clearance, nearest

EAST, NORTH = 610_000, 4_550_000
WITHIN_M = 4_000.0
PLACES = st.tuples(st.integers(-900, 900), st.integers(-700, 700))
POINTS = PLACES.map(shapely.Point)
LINES = st.lists(PLACES, min_size=2, max_size=14, unique=True).map(shapely.LineString)
AREAS = st.lists(PLACES, min_size=3, max_size=6, unique=True).map(
    lambda corners: shapely.MultiPoint(corners).convex_hull.buffer(7, quad_segs=1)
)


@st.composite
def layers(draw: st.DrawFn, prefix: str) -> gpd.GeoDataFrame:
    kind = draw(st.sampled_from([POINTS, LINES, AREAS]))
    shapes = draw(st.lists(kind, min_size=1, max_size=5))
    moved = [shapely.transform(shape, lambda xy: xy + np.array([EAST, NORTH])) for shape in shapes]
    names = [f"{prefix}{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame(geometry=moved, index=names, crs=4550)


def distances(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> dict[tuple[Any, Any], float]:
    rows = clearance(left, right, WITHIN_M, geometry=False)
    found = zip(rows["left_id"], rows["right_id"], strict=True)
    return dict(zip(found, rows["distance_m"], strict=True))


@given(layers("L"), layers("R"))
def test_clearance_is_symmetric(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> None:
    swapped = {(one, other): d for (other, one), d in distances(right, left).items()}
    assert distances(left, right) == pytest.approx(swapped, rel=1e-6, abs=1e-3)


@given(layers("L"), layers("R"))
def test_every_pair_is_there_and_0_means_that_they_meet(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    found = distances(left, right)
    assert set(found) == {(one, other) for one in left.index for other in right.index}
    for (one, other), distance in found.items():
        shapes = left.geometry[one], right.geometry[other]
        assert (distance == 0) == shapely.intersects(*shapes)
        # the plane stretches by 1 + x² / 2R², x from 109 to 111 km: 1.000146 to 1.000152
        flat = shapely.distance(*shapes)
        assert flat / 1.000153 - 1e-6 <= distance <= flat / 1.000145 + 1e-6


@settings(max_examples=25)
@given(layers("L"), layers("M"), layers("R"))
def test_no_way_round_a_point_is_shorter(
    left: gpd.GeoDataFrame, middle: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    points = middle.set_geometry(middle.geometry.representative_point())
    direct, there, back = distances(left, right), distances(left, points), distances(points, right)
    for (one, other), distance in direct.items():
        for point in points.index:
            assert distance <= there[one, point] + back[point, other] + 1e-3


@settings(max_examples=25)
@given(layers("L"), layers("R"), st.integers(1, 3))
def test_nearest_are_the_least_of_clearance(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, k: int
) -> None:
    found = distances(left, right)
    rows = nearest(left, right, k=k)
    for one in left.index:
        least = sorted(d for (mine, _), d in found.items() if mine == one)[:k]
        mine = rows[rows["left_id"] == one]
        assert mine["distance_m"].tolist() == pytest.approx(least, rel=1e-6, abs=1e-3)
        assert mine["rank"].tolist() == list(range(1, len(least) + 1))
        assert np.all(np.diff(mine["distance_m"]) >= -1e-6)


@settings(max_examples=25)
@given(layers("L"), layers("R"), st.floats(1, 900))
def test_a_smaller_limit_leaves_out_and_changes_nothing(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, within: float
) -> None:
    everything = distances(left, right)
    rows = clearance(left, right, within)
    some = zip(zip(rows["left_id"], rows["right_id"], strict=True), rows["distance_m"], strict=True)
    expected = {pair: d for pair, d in everything.items() if d <= within}
    assert dict(some) == pytest.approx(expected, rel=1e-6, abs=1e-3)
