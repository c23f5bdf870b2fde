"""Laws of overlap, on lopsided polygons of up to 2 km with whole-metre corners.

Tolerances are of rounding: an area has an absolute one of 1e-5 m² (coordinates of 4e7 m are
known to 7e-9 m, edges are some kilometres), so a sliver that one side of a law finds and the
other does not is no breach.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoplan.queries import overlap, overlap_matrix

EAST, NORTH = 500_000, 4_550_000
SLIVER_M2 = 1e-5

# radii of curvature of CGCS2000 lie between those along the meridian at the equator and at the pole
R_MIN, R_MAX = 6_335_000.0, 6_400_000.0


@st.composite
def polygons(draw: st.DrawFn) -> Any:
    """Draw a star-shaped polygon with whole-metre corners round a point of 3 km × 2 km."""
    corners = draw(st.integers(3, 7))
    x, y = draw(st.integers(-1500, 1500)), draw(st.integers(-1000, 1000))
    turn = draw(st.floats(0, 1))
    radii = draw(st.lists(st.integers(60, 1000), min_size=corners, max_size=corners))
    angles = 2 * math.pi * (np.arange(corners) + turn) / corners
    ring = np.round(np.column_stack([np.cos(angles), np.sin(angles)]) * np.array([radii]).T)
    return shapely.Polygon(ring + [EAST + x, NORTH + y]).buffer(0)  # noqa: RUF005 - an array


@st.composite
def layers(draw: st.DrawFn, prefix: str, most: int = 4) -> gpd.GeoDataFrame:
    shapes = draw(st.lists(polygons(), min_size=1, max_size=most))
    names = [f"{prefix}{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame(geometry=shapes, index=names, crs=4550)


def shared(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> dict[tuple[str, str], float]:
    """Return the shared area of every pair, 0 where there is none."""
    areas = {(one, other): 0.0 for one in left.index for other in right.index}
    rows = overlap(left, right)
    pairs = zip(rows["left_id"], rows["right_id"], strict=True)
    return areas | dict(zip(pairs, rows["area_m2"], strict=True))


def alike(areas: dict[Any, float], rel: float) -> Any:
    return pytest.approx(areas, rel=rel, abs=SLIVER_M2)


@given(layers("L"), layers("R"))
def test_overlap_is_symmetric_in_area(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> None:
    swapped = {(one, other): area for (other, one), area in shared(right, left).items()}
    assert shared(left, right) == alike(swapped, rel=1e-11)


@given(layers("L"), layers("R"))
def test_ratios_follow_their_sides(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> None:
    one_way = overlap(left, right, min_area_m2=1).set_index(["left_id", "right_id"])
    other_way = overlap(right, left, min_area_m2=1).set_index(["right_id", "left_id"])
    for mine, theirs in (("left_ratio", "right_ratio"), ("right_ratio", "left_ratio")):
        ratios = one_way[mine].to_dict()
        assert ratios == pytest.approx(other_way[theirs].to_dict(), rel=1e-9)
        assert all(0 < ratio <= 1 for ratio in ratios.values())


@given(layers("L"), layers("R"))
def test_shared_area_never_exceeds_either_feature(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    own = {
        **shared(left, left.set_axis(left.index + "'", axis=0)),
        **shared(right, right.set_axis(right.index + "'", axis=0)),
    }
    for (one, other), area in shared(left, right).items():
        assert area <= min(own[one, one + "'"], own[other, other + "'"]) * (1 + 1e-12) + SLIVER_M2


@given(layers("L"), layers("R"))
def test_epsg_4529_and_4550_give_the_same_answer(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    prefixed = shared(left.to_crs(4529), right.to_crs(4529))
    assert prefixed == alike(shared(left, right), rel=1e-9)


@given(layers("L"), layers("R"), st.randoms(use_true_random=False))
def test_order_start_and_turn_of_vertices_do_not_matter(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, random: Any
) -> None:
    def stirred(polygon: Any) -> Any:
        ring = list(polygon.exterior.coords)[:-1]
        start = random.randrange(len(ring))
        ring = ring[start:] + ring[:start]
        return shapely.Polygon(ring[::-1] if random.random() < 0.5 else ring)

    other = left.set_geometry([stirred(polygon) for polygon in left.geometry], crs=4550)
    assert shared(other, right) == alike(shared(left, right), rel=1e-11)


@given(layers("L"), layers("R"))
def test_order_of_the_features_does_not_matter(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    rows, turned = overlap(left, right), overlap(left.iloc[::-1], right.iloc[::-1])
    assert rows.drop(columns="geometry").equals(turned.drop(columns="geometry"))


@given(layers("L"), layers("R"))
def test_east_and_west_of_the_meridian_are_alike(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    moved = [one.translate(80_000, 0).to_frame("geometry") for one in (left, right)]
    mirrored = [one.scale(-1, origin=(EAST, 0)).to_frame("geometry") for one in moved]
    assert shared(*mirrored) == alike(shared(*moved), rel=1e-11)


@given(layers("L"), layers("R"), st.integers(-100_000, 100_000), st.integers(-900_000, 900_000))
def test_translation_changes_the_scale_and_nothing_else(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, east: int, north: int
) -> None:
    """A true area is the plane's times a mean of sech²(x / R) over it: no more, no less.

    So after any shift it lies between the plane's area times the extremes of sech² over the
    shape's own eastings, with the least and the greatest R of the ellipsoid.
    """
    moved = [one.translate(east, north).to_frame("geometry") for one in (left, right)]
    plane = {
        (one, other): left.geometry[one].intersection(right.geometry[other])
        for one in left.index
        for other in right.index
    }
    for pair, area in shared(*moved).items():
        piece = plane[pair]
        if piece.area < 1:
            continue
        x = np.abs(np.array(piece.bounds)[[0, 2]] - EAST + east)
        nearest = 0.0 if x.max() <= 2500 else x.min()
        most = piece.area / math.cosh(nearest / R_MAX) ** 2
        least = piece.area / math.cosh(x.max() / R_MIN) ** 2
        assert least * (1 - 1e-9) - SLIVER_M2 <= area <= most * (1 + 1e-9) + SLIVER_M2


@given(layers("L"), layers("R"), st.integers(-100_000, 100_000), st.integers(-900_000, 900_000))
def test_translation_hardly_changes_ratios(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, east: int, north: int
) -> None:
    """Two means of sech²(x / R) over eastings x ± 2 km, x ≤ 105 km, differ by less than 2.2e-5."""
    moved = [one.translate(east, north).to_frame("geometry") for one in (left, right)]
    here = overlap(left, right, min_area_m2=10).set_index(["left_id", "right_id"])
    there = overlap(*moved).set_index(["left_id", "right_id"]).loc[here.index]
    for ratio in ("left_ratio", "right_ratio"):
        assert there[ratio].to_numpy() == pytest.approx(here[ratio].to_numpy(), rel=2.2e-5)


@given(layers("L"), polygons(), st.integers(-1500, 1500))
def test_the_parts_of_a_divided_area_share_what_the_whole_does(
    left: gpd.GeoDataFrame, whole: Any, cut: int
) -> None:
    x = EAST + cut
    halves = gpd.GeoDataFrame(
        geometry=[
            shapely.clip_by_rect(whole, x - 9000, NORTH - 9000, x, NORTH + 9000),
            shapely.clip_by_rect(whole, x, NORTH - 9000, x + 9000, NORTH + 9000),
        ],
        index=["west", "east"],
        crs=4550,
    )
    of_halves = shared(left, halves)
    of_whole = shared(left, gpd.GeoDataFrame(geometry=[whole], index=["whole"], crs=4550))
    for name in left.index:
        added = of_halves[name, "west"] + of_halves[name, "east"]
        assert added == pytest.approx(of_whole[name, "whole"], rel=1e-9, abs=SLIVER_M2)


@given(layers("L", most=1), st.lists(st.tuples(st.integers(-2000, 2000), st.integers(-2000, 2000)), min_size=2, max_size=5, unique=True))  # fmt: skip  # noqa: E501
def test_a_line_is_inside_or_outside(area: gpd.GeoDataFrame, path: list[tuple[int, int]]) -> None:
    road = shapely.LineString([(EAST + x, NORTH + y) for x, y in path])
    rest = shapely.box(EAST - 3000, NORTH - 3000, EAST + 3000, NORTH + 3000)
    all_of_it = gpd.GeoDataFrame(
        geometry=[area.geometry.iloc[0], rest.difference(area.geometry.iloc[0]), rest],
        index=["in", "out", "all"],
        crs=4550,
    )
    roads = gpd.GeoDataFrame(geometry=[shapely.node(road)], index=["r"], crs=4550)
    rows = overlap(roads, all_of_it).set_index("right_id")["length_m"]
    inside, outside = rows.get("in", 0.0), rows.get("out", 0.0)
    along = roads.geometry.iloc[0].intersection(area.geometry.iloc[0].boundary).length
    assert inside + outside - along == pytest.approx(rows["all"], rel=1e-9, abs=1e-3)


@st.composite
def paths(draw: st.DrawFn) -> Any:
    """Draw a line of two to five whole-metre points, or three such points by themselves."""
    places = st.tuples(st.integers(-1500, 1500), st.integers(-1000, 1000))
    points = np.array(draw(st.lists(places, min_size=2, max_size=5, unique=True)))
    if draw(st.booleans()):
        return shapely.MultiPoint(points + np.array([EAST, NORTH]))
    return shapely.LineString(points + np.array([EAST, NORTH]))


@st.composite
def mixtures(draw: st.DrawFn, prefix: str) -> gpd.GeoDataFrame:
    shapes = draw(st.lists(st.one_of(polygons(), paths()), min_size=1, max_size=5))
    names = [f"{prefix}{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame(geometry=shapes, index=names, crs=4550)


@given(mixtures("L"), mixtures("R"))
def test_overlap_is_symmetric_in_every_mix(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> None:
    there = overlap(left, right, min_area_m2=1e-3, min_length_m=1e-3)
    back = overlap(right, left, min_area_m2=1e-3, min_length_m=1e-3)
    one = there.set_index(["left_id", "right_id"]).sort_index()
    other = back.set_index(["right_id", "left_id"]).sort_index()
    assert one.index.tolist() == other.index.tolist()
    for measure in ("area_m2", "length_m", "point_count"):
        assert one[measure].to_numpy() == pytest.approx(
            other[measure].to_numpy(), rel=1e-9, abs=1e-5, nan_ok=True
        )


@given(mixtures("L"), mixtures("R"))
def test_each_place_once_is_no_more_than_pair_by_pair(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame
) -> None:
    row: Any = next(overlap_matrix({"left": left, "right": right}).itertuples())
    for gross, union in (
        (row.area_gross_m2, row.area_union_m2),
        (row.length_gross_m, row.length_union_m),
    ):
        assert math.isnan(gross) == math.isnan(union)
        assert math.isnan(gross) or union <= gross * (1 + 1e-9) + SLIVER_M2


@given(polygons(), layers("R"), st.integers(-800, 800))
def test_disjoint_parts_make_union_and_sum_the_same(
    whole: Any, right: gpd.GeoDataFrame, cut: int
) -> None:
    x = EAST + cut
    halves = [
        whole.intersection(shapely.box(west, NORTH - 9e3, east, NORTH + 9e3))
        for west, east in ((EAST - 9e3, x), (x, EAST + 9e3))
    ]
    parts = gpd.GeoDataFrame(geometry=[half for half in halves if half.area > 1], crs=4550)
    single = right.iloc[:1]
    row: Any = next(overlap_matrix({"parts": parts, "single": single}).itertuples())
    assert row.area_union_m2 == pytest.approx(row.area_gross_m2, rel=1e-9, abs=SLIVER_M2)
    together = overlap(gpd.GeoDataFrame(geometry=[whole], crs=4550), single)["area_m2"].sum()
    assert row.area_gross_m2 == pytest.approx(together, rel=1e-9, abs=2)


@given(layers("L"), layers("R"), st.floats(121.45, 121.55))
def test_a_layer_across_a_border_shares_what_it_shares_elsewhere(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, lon: float
) -> None:
    """The same metres laid on 121.5°, cut there, against one plane; edges up to 2 km."""
    moved = [
        one.translate(0, 0).set_crs(
            f"+proj=tmerc +lon_0={lon} +x_0=500000 +ellps=GRS80", allow_override=True
        )
        for one in (left, right)
    ]
    far = shapely.box(124, 41.01, 124.001, 41.011)
    spread = [
        gpd.GeoDataFrame(geometry=[*one.to_crs(4490), far], index=[*one.index, "far"], crs=4490)
        for one in moved
    ]
    here = overlap(left, right, min_area_m2=100).set_index(["left_id", "right_id"])["area_m2"]
    there = overlap(*spread).set_index(["left_id", "right_id"])["area_m2"]
    for pair, area in here.items():
        assert there[pair] == pytest.approx(area, rel=1e-5, abs=2)
