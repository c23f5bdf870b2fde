"""How far features are apart: cases checked by head, geodesics, an independent minimisation.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550, on the meridian, unless they are moved.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    GeoplanError,
    WrongGeometryType,
)
from geoplan.queries import clearance, nearest

EAST, NORTH = 500_000.0, 4_550_000.0
NAN = float("nan")
GEOD = Geod(a=6_378_137.0, rf=298.257222101)
LONLAT = Transformer.from_crs(4550, 4490, always_xy=True)


def at(wkt: str, east: float = EAST) -> Any:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + np.array([east, NORTH]))


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.box(EAST + x, NORTH + y, EAST + x + wide, NORTH + y + high)


def layer(
    shapes: dict[Any, Any], accuracy_m: list[float] | None = None, crs: Any = 4550
) -> gpd.GeoDataFrame:
    moved = [at(shape) if isinstance(shape, str) else shape for shape in shapes.values()]
    made = gpd.GeoDataFrame(geometry=moved, index=list(shapes), crs=crs)
    return made if accuracy_m is None else made.assign(geometry_accuracy_m=accuracy_m)


def pairs(rows: Any) -> list[tuple[Any, Any]]:
    return list(zip(rows["left_id"], rows["right_id"], strict=True))


PARK = rectangle(0, 0, 300, 200)

# left, right, their distance in metres, the azimuth in degrees
DISTANCES = {
    "area west of area": (PARK, rectangle(340, 50, 90, 20), 40, 90),
    "corner to corner, 3-4-5": (PARK, rectangle(330, 240, 90, 20), 50, 36.8699),
    "in a hole": (
        "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (50 50, 50 150, 250 150, 250 50, 50 50))",
        rectangle(90, 70, 100, 50),
        20,
        0,
    ),
    "point above line": ("POINT (120 57)", "LINESTRING (-80 20, 400 20)", 37, 180),
    "point beyond the end of a line": ("POINT (430 60)", "LINESTRING (-80 20, 400 20)", 50, None),
    "line to line": ("LINESTRING (0 0, 0 700)", "LINESTRING (12 350, 90 360)", 12, 90),
    "point to point": ("POINT (-5 0)", "POINT (0 -12)", 13, None),
    "the nearer of two parts": ("POINT (0 0)", "MULTIPOINT (0 90, -70 0)", 70, 270),
    "a long line of many vertices": (
        shapely.LineString([(EAST + 10 * i, NORTH + (i * i) % 7) for i in range(101)]),
        "POINT (505 -30)",
        None,
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DISTANCES)
def test_distances_that_can_be_checked_by_head(case: str) -> None:
    left, right, distance, azimuth = DISTANCES[case]
    one, other = layer({"L": left}), layer({"R": right})
    if distance is None:
        distance = shapely.distance(one.geometry.iloc[0], other.geometry.iloc[0])
    (row,) = clearance(one, other, 1000).itertuples()
    assert row.distance_m == pytest.approx(distance, abs=1e-5)
    if azimuth is not None:
        assert row.azimuth_deg == pytest.approx(
            azimuth, abs=5e-3
        )  # grid north is 0.002° off at 300 m
    assert row.geometry.length == pytest.approx(distance, abs=1e-5)
    assert row.geometry.coords[0] == (row.left_x, row.left_y)
    assert row.geometry.coords[1] == (row.right_x, row.right_y)
    assert one.geometry.iloc[0].distance(shapely.Point(row.left_x, row.left_y)) < 1e-6
    assert other.geometry.iloc[0].distance(shapely.Point(row.right_x, row.right_y)) < 1e-6


def test_plan_distance_of_a_bridge_to_a_heritage_wall() -> None:
    """DK4+028 to DK4+060 beside a wall: 4.3 m in plan; the 16.1 m in space need heights."""
    railway = layer({"DK": "LINESTRING (-28 0, 172 0)"})
    wall = layer({"wall": "POLYGON ((2 4.3, 32 6, 31 9, 1 7, 2 4.3))"})
    assert clearance(railway, wall, 50)["distance_m"].tolist() == pytest.approx([4.3], abs=1e-6)


def test_what_meets_is_at_distance_0_and_says_what_it_shares() -> None:
    left = layer({"P": PARK, "Q": rectangle(900, 0, 50, 70)})
    right = layer({"a": rectangle(200, 150, 900, 800), "b": rectangle(300, 0, 60, 90)})
    rows = clearance(left, right, 1).set_index(["left_id", "right_id"])
    assert list(rows.index) == [("P", "a"), ("P", "b")]
    assert rows["distance_m"].tolist() == [0, 0]
    assert rows["overlap_area_m2"].tolist() == pytest.approx([100 * 50, 0], rel=1e-6)
    assert rows[["azimuth_deg", "overlap_length_m"]].isna().all(axis=None)
    assert rows.geometry.geom_type.tolist() == ["Point", "Point"]
    assert all(rows.geometry.intersects(PARK.buffer(1e-6)))


def test_layers_that_come_prepared_give_the_same_answer() -> None:
    """GEOS takes the boundary of an area for nearest to a prepared line inside of it."""
    road, park = layer({"r": "LINESTRING (50 80, 60 80)"}), layer({"P": PARK})
    shapely.prepare(road.geometry.to_numpy())
    shapely.prepare(park.geometry.to_numpy())
    assert clearance(road, park, 90)["distance_m"].tolist() == [0]
    assert clearance(park, road, 90)["distance_m"].tolist() == [0]
    assert nearest(road, park)["distance_m"].tolist() == [0]


def test_shared_lengths() -> None:
    road = layer({"r": "LINESTRING (-60 80, 200 80)"})
    rows = clearance(road, layer({"P": PARK}), 1)
    assert rows["overlap_length_m"].tolist() == pytest.approx([200], rel=1e-6)
    rails = layer({"s": "LINESTRING (150 80, 900 80)", "x": "LINESTRING (0 0, 0 90)"})
    rows = clearance(road, rails, 1).set_index("right_id")["overlap_length_m"]
    assert rows.to_dict() == pytest.approx({"s": 50, "x": 0}, rel=1e-6)
    well = clearance(layer({"w": "POINT (9 9)"}), layer({"P": PARK}), 1)
    assert well[["overlap_area_m2", "overlap_length_m"]].isna().all(axis=None)


def test_nearest_first_and_ties_by_id() -> None:
    left = layer({"B": "POINT (0 0)", "A": "POINT (0 1000)"})
    shapes = {"z": "0 30", "y": "30 1000", "x": "0 970", "n": "7 0"}
    right = layer({name: f"POINT ({place})" for name, place in shapes.items()})
    found = pairs(clearance(left, right, 40))
    assert found == [("B", "n"), ("A", "x"), ("A", "y"), ("B", "z")]


def test_further_than_asked_is_no_row_and_the_limit_itself_is() -> None:
    left = layer({"L": "POINT (0 0)"})
    right = layer({"in": "POINT (0 -49.99)", "out": "POINT (0 50.01)"})
    assert pairs(clearance(left, right, 50)) == [("L", "in")]


def test_one_layer_with_itself_gives_each_pair_once() -> None:
    wells = layer({"c": "POINT (0 0)", "a": "POINT (3 4)", "b": "POINT (90 0)", "d": "POINT (0 0)"})
    assert pairs(clearance(wells, wells, 6)) == [("c", "d"), ("a", "d"), ("c", "a")]
    assert len(clearance(wells, wells.copy(), 6)) == 4 + 2 * 3
    near = nearest(wells, wells)
    assert pairs(near) == [("c", "d"), ("a", "c"), ("b", "a"), ("d", "c")]


def test_outcomes_against_a_threshold() -> None:
    left = layer({"L": "POINT (0 0)"}, [2.0])
    shapes = {
        name: f"POINT (0 {y})" for name, y in zip("abcdef", (40, 48, 54, 58, 70, 600), strict=True)
    }
    right = layer(shapes, [3.0, 3.0, 3.0, 3.0, 40.0, NAN])
    rows = clearance(left, right, 57, threshold_m=50).set_index("right_id")
    assert rows["outcome"].to_dict() == {
        "a": "hit",
        "b": "uncertain",
        "c": "uncertain",
        "e": "uncertain",
    }
    assert rows["uncertainty_m"].to_dict() == {"a": 5, "b": 5, "c": 5, "e": 42}
    assert rows.attrs["no_accuracy"] == {"left": [], "right": ["f"]}
    assert clearance(left, right, 57).columns.tolist().count("outcome") == 0
    clear = clearance(left, right, 60, threshold_m=50).set_index("right_id")["outcome"]
    assert clear["d"] == "clear"


def test_what_has_no_place_or_no_accuracy_is_listed() -> None:
    left = layer({"L": "POINT (0 0)", "lost": None, "void": shapely.Point()})
    right = layer({"R": "POINT (0 9)"})
    rows = clearance(left, right, 50)
    assert rows.attrs["no_geometry"] == {"left": ["lost", "void"], "right": []}
    assert rows.attrs["no_accuracy"] == {"left": ["L"], "right": ["R"]}
    assert rows["uncertainty_m"].isna().all()
    assert rows.attrs["measuring_planes"] == ["EPSG:4550"]


def test_layers_with_nothing_located_give_no_row() -> None:
    left, lost = layer({"L": "POINT (0 0)"}), layer({"x": None})
    for one, other in ((left, lost), (lost, left), (lost, lost)):
        rows = clearance(one, other, 50)
        assert len(rows) == 0
        assert rows.crs == left.crs
        assert len(nearest(one, other)) == 0
    assert nearest(left, lost).attrs["none_within"] == ["L"]


def test_without_geometry_the_figures_are_the_same() -> None:
    left, right = layer({"L": PARK}), layer({"R": rectangle(340, 50, 90, 20), "S": PARK})
    full, bare = clearance(left, right, 90), clearance(left, right, 90, geometry=False)
    assert bare.equals(full.drop(columns="geometry"))
    assert not isinstance(bare, gpd.GeoDataFrame)
    quick = clearance(left, right, 90, overlaps=False)
    assert quick[["overlap_area_m2", "overlap_length_m"]].isna().all(axis=None)


def places(line: Any, shares: np.ndarray) -> np.ndarray:
    """Return the longitudes and latitudes at shares of a line's length in the plane."""
    points = shapely.line_interpolate_point(line, shares, normalized=True)
    return np.array(LONLAT.transform(*shapely.get_coordinates(points).T))


def by_trying(one: Any, straight: Any, count: int = 1000, rounds: int = 4) -> float:
    """Return the least geodesic distance of many places of a line, its vertices among them.

    For each of them the nearest place of the other, straight, line is found by golden section;
    then more places are tried round the best.
    """
    shares = np.union1d(
        np.linspace(0, 1, count),
        shapely.line_locate_point(one, shapely.points(one.coords), normalized=True),
    )
    best = math.inf
    for _ in range(rounds):
        mine, low, high = places(one, shares), np.zeros(len(shares)), np.ones(len(shares))
        for _ in range(60):
            third = (high - low) * 0.381966
            a, b = low + third, high - third
            nearer = (
                GEOD.inv(*mine, *places(straight, a))[2] < GEOD.inv(*mine, *places(straight, b))[2]
            )
            low, high = np.where(nearer, low, a), np.where(nearer, b, high)
        distance = GEOD.inv(*mine, *places(straight, (low + high) / 2))[2]
        least = int(np.argmin(distance))
        best = min(best, float(distance[least]))
        shares = np.linspace(shares[max(least - 1, 0)], shares[min(least + 1, len(shares) - 1)], 40)
    return best


# two lines of EPSG:4550, moved by metres east of the meridian
FAR_FROM_THE_MERIDIAN = {
    "parallel": ("LINESTRING (0 0, 100000 0)", "LINESTRING (0 500, 100000 500)", 28_000),
    "over the meridian": ("LINESTRING (0 0, 220000 0)", "LINESTRING (0 400, 220000 400)", -130_000),
    "parallel, of many vertices": (
        "LINESTRING (" + ", ".join(f"{1000 * i} {i % 3}" for i in range(80)) + ")",
        "LINESTRING (0 2000, 80000 2000)",
        50_000,
    ),
    "converging": ("LINESTRING (0 0, 60000 10)", "LINESTRING (0 800, 60000 800)", -131_000),
    "askew": ("LINESTRING (0 0, 900 700)", "LINESTRING (500 0, 1400 300)", 130_000),
    "30 km": ("LINESTRING (0 0, 300 9000)", "LINESTRING (30000 2000, 31000 8000)", 100_000),
    "250 km": ("LINESTRING (0 0, 900 60000)", "LINESTRING (250000 9000, 251000 50000)", -120_000),
}


@pytest.mark.parametrize("case", FAR_FROM_THE_MERIDIAN)
def test_distances_agree_with_trying_all_points(case: str) -> None:
    left, right, east = FAR_FROM_THE_MERIDIAN[case]
    one, other = at(left, EAST + east), at(right, EAST + east)
    (row,) = clearance(layer({"L": one}), layer({"R": other}), 300_000).itertuples()
    ends = LONLAT.transform([row.left_x, row.right_x], [row.left_y, row.right_y])
    azimuth, _, between = GEOD.inv(ends[0][0], ends[1][0], ends[0][1], ends[1][1])
    assert row.distance_m == pytest.approx(between, rel=1e-9)
    assert row.azimuth_deg == pytest.approx(azimuth % 360, abs=1e-6)
    assert row.distance_m == pytest.approx(by_trying(one, other), rel=1e-6, abs=1e-3)


def test_parallel_lines_are_nearest_where_the_plane_stretches_most() -> None:
    """At x = 128 km: k = 1 + x² / 2R² = 1.000201 with R = 6 377 km, so 500 m are 499.8993 m."""
    left, right, east = FAR_FROM_THE_MERIDIAN["parallel"]
    rows = clearance(layer({"L": at(left, EAST + east)}), layer({"R": at(right, EAST + east)}), 900)
    expected = 500 / (1 + 128_000**2 / (2 * 6_377_000.0**2))
    assert rows["distance_m"].tolist() == pytest.approx([expected], abs=1e-3)
    assert rows["left_x"].iloc[0] == pytest.approx(EAST + 128_000, abs=500)


def degrees(shapes: dict[Any, Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=4490)


def test_across_the_border_of_two_planes() -> None:
    """Zones of 123° and 126° meet at 124.5°; layers from 121° to 127.4° share no plane."""
    left = degrees({"w": shapely.Point(124.499, 41.0), "far": shapely.Point(121.2, 41.3)})
    right = degrees({"e": shapely.Point(124.502, 41.001), "end": shapely.Point(127.4, 40.6)})
    expected = GEOD.inv(124.499, 41.0, 124.502, 41.001)
    for rows in (clearance(left, right, 400), nearest(left, right, within_m=400)):
        assert pairs(rows) == [("w", "e")]
        assert rows["distance_m"].iloc[0] == pytest.approx(expected[2], rel=1e-9)
        assert rows["azimuth_deg"].iloc[0] == pytest.approx(expected[0], abs=1e-9)
        assert rows.attrs["measuring_planes"] == ["EPSG:4549", "EPSG:4550"]
    assert nearest(left, right, within_m=400).attrs["none_within"] == ["far"]


def test_nearest_of_a_feature_whose_neighbour_is_two_zones_away() -> None:
    left = degrees({"L": shapely.Point(121.0, 41.0), "M": shapely.Point(127.2, 41.2)})
    right = degrees({"a": shapely.Point(124.2, 41.1), "b": shapely.Point(124.7, 42.9)})
    rows = nearest(left, right, k=2)
    expected = [
        GEOD.inv(*left.geometry[one].coords[0], *right.geometry[other].coords[0])[2]
        for one, other in pairs(rows)
    ]
    assert pairs(rows) == [("L", "a"), ("M", "a"), ("M", "b")]
    assert rows["distance_m"].tolist() == pytest.approx(expected, rel=1e-9)
    assert rows["rank"].tolist() == [1, 1, 2]


def test_a_road_through_three_zones_comes_once() -> None:
    road = degrees({"G": shapely.LineString([(120.0 + i * 0.01, 41.0) for i in range(700)])})
    wells = degrees({"a": shapely.Point(121.333, 41.003), "b": shapely.Point(126.001, 41.002)})
    for rows in (clearance(road, wells, 400), clearance(wells, road, 400)):
        assert len(rows) == 2
        north = [
            GEOD.inv(126.001, 41.0, 126.001, 41.002)[2],
            GEOD.inv(121.333, 41.0, 121.333, 41.003)[2],
        ]
        assert rows["distance_m"].tolist() == pytest.approx(north, abs=0.05)  # edges are chords
    lons = np.linspace(120.5, 126.4, 591)
    sides = [np.column_stack([lons, np.full(591, lat)]) for lat in (40.99, 41.01)]
    strip = degrees({"s": shapely.Polygon(np.concatenate([sides[0], sides[1][::-1]]))})
    rows = clearance(road, strip, 100)
    inside = GEOD.line_length(lons, np.full(591, 41.0))
    assert rows["overlap_length_m"].tolist() == pytest.approx([inside], rel=1e-6)


def test_nearest_ranks_and_ties() -> None:
    left = layer({"L": "POINT (0 0)"})
    right = layer(
        {"d": "POINT (0 70)", "c": "POINT (0 -50)", "b": "POINT (50 0)", "a": "POINT (0 99)"}
    )
    rows = nearest(left, right, k=3)
    assert list(zip(rows["right_id"], rows["rank"], strict=True)) == [("b", 1), ("c", 2), ("d", 3)]
    assert nearest(left, right, k=9)["right_id"].tolist() == ["b", "c", "d", "a"]
    assert nearest(left, right, k=9, within_m=60)["right_id"].tolist() == ["b", "c"]
    assert nearest(left, right, k=2, within_m=10).attrs["none_within"] == ["L"]


def test_nearest_agrees_with_measuring_everything() -> None:
    rng = np.random.default_rng(5)
    some = {
        i: shapely.Point(EAST + x, NORTH + y)
        for i, (x, y) in enumerate(rng.uniform(0, 9000, (40, 2)))
    }
    heap = np.concatenate([rng.normal(2000, 30, (150, 2)), rng.uniform(0, 60_000, (150, 2))])
    many = {
        i: shapely.Point(EAST + x, NORTH + y).buffer(5, quad_segs=2)
        for i, (x, y) in enumerate(heap)
    }
    left, right = layer(some), layer(many)
    flat = shapely.distance(left.geometry.to_numpy()[:, None], right.geometry.to_numpy())
    expected = np.argsort(flat, axis=1)[:, :4]
    rows = nearest(left, right, k=4)
    assert rows["right_id"].to_numpy().reshape(-1, 4).tolist() == expected.tolist()


BAD = [0, -1, NAN, float("inf"), float("-inf"), 300_001, "500", None, True]


@pytest.mark.parametrize("within", BAD)
def test_a_distance_that_is_none_is_refused(within: Any) -> None:
    wells = layer({"w": "POINT (0 0)"})
    with pytest.raises(BadQuery, match="within_m must be a number of metres"):
        clearance(wells, wells.copy(), within)
    if within is not None:
        with pytest.raises(BadQuery, match="within_m must be"):
            nearest(wells, wells.copy(), within_m=within)
        with pytest.raises(BadQuery, match="threshold_m must be"):
            clearance(wells, wells.copy(), 50, threshold_m=within)


def test_accuracies_that_reach_further_than_can_be_measured_are_refused() -> None:
    wells = layer({"w": "POINT (0 0)"}, [400_000.0])
    with pytest.raises(BadQuery, match="threshold_m and the accuracies together"):
        clearance(wells, wells.copy(), 50, threshold_m=50)


@pytest.mark.parametrize("k", [0, -2, 1.5, "1", None, True])
def test_a_count_that_is_none_is_refused(k: Any) -> None:
    wells = layer({"w": "POINT (0 0)"})
    with pytest.raises(BadQuery, match="k must be a whole number"):
        nearest(wells, wells.copy(), k=k)


def test_layers_that_cannot_be_measured_are_refused_by_name() -> None:
    wells = layer({"w": "POINT (0 0)"})
    mixed = layer({"w": "POINT (0 0)", "r": "LINESTRING (0 0, 9 9)"})
    twice = gpd.GeoDataFrame(geometry=[at("POINT (0 0)")] * 2, index=["w", "w"], crs=4550)
    refused: list[tuple[gpd.GeoDataFrame, type[GeoplanError]]] = [
        (wells.iloc[:0], EmptyLayer),
        (mixed, WrongGeometryType),
        (twice, DuplicateId),
        (wells.to_crs(4490), CrsMismatch),
        (wells.set_crs(None, allow_override=True), CrsMismatch),
    ]
    for bad, error in refused:
        with pytest.raises(error):
            clearance(wells, bad, 50)
        with pytest.raises(error):
            nearest(bad, wells)
