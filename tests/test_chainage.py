"""Where routes run through zones: lopsided cases by head, published figures, odd input.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550, on the meridian, where a metre of the
plane is one on the ellipsoid to a few parts in 1e9.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from geoplan.errors import (
    BadQuery,
    ChainageNotFound,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    EquationInvalid,
    GeoplanError,
    InvalidGeometry,
    RouteInvalid,
    WrongGeometryType,
)
from geoplan.queries import chainage, closure

ORIGIN = np.array([500_000.0, 4_550_000.0])
GRS80 = Geod(ellps="GRS80")


def at(wkt: str) -> Any:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN)


def layer(shapes: dict[Any, Any] | str, crs: Any = 4550, **columns: Any) -> gpd.GeoDataFrame:
    named = {"R": shapes} if isinstance(shapes, str) else shapes
    moved = [at(shape) if isinstance(shape, str) else shape for shape in named.values()]
    return gpd.GeoDataFrame(columns, geometry=moved, index=list(named), crs=crs)


def rectangle(x: float, y: float, wide: float, high: float) -> str:
    return shapely.box(x, y, x + wide, y + high).wkt


def rows_of(road: Any, zones: Any, **options: Any) -> list[tuple[Any, ...]]:
    """Return relation, from, to, side, distance of each row: plain numbers, to the millimetre."""
    road = road if isinstance(road, gpd.GeoDataFrame) else layer(road)
    zones = zones if isinstance(zones, gpd.GeoDataFrame) else layer({"Z": zones})
    found = chainage(road, zones, **options)
    return [
        (row.relation, round(row.from_m, 3), round(row.to_m, 3),
         None if pd.isna(row.side) else row.side,
         round(row.min_distance_m, 3))
        for row in found.itertuples()
    ]  # fmt: skip


EASTWARD = "LINESTRING (0 0, 400 0, 1000 0)"

# a route, an area, and the rows: relation, from, to, side, distance
AREAS: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    "crossed": (EASTWARD, rectangle(250, -70, 300, 90), [("crosses", 250, 550, None, 0)]),
    "crossed on one edge": (EASTWARD, rectangle(410, -9, 70, 30), [("crosses", 410, 480, None, 0)]),
    "begun in": (EASTWARD, rectangle(-60, -9, 290, 30), [("crosses", 0, 230, None, 0)]),
    "ended in": (EASTWARD, rectangle(910, -9, 290, 30), [("crosses", 910, 1000, None, 0)]),
    "all within": (EASTWARD, rectangle(-10, -90, 1300, 300), [("inside", 0, 1000, None, 0)]),
    "entered and left and entered": (
        EASTWARD,
        "POLYGON ((100 -50, 700 -50, 700 60, 500 60, 500 -20, 180 -20, 180 60, 100 60, 100 -50))",
        [("crosses", 100, 180, None, 0), ("crosses", 500, 700, None, 0)],
    ),
    "two parts": (
        EASTWARD,
        "MULTIPOLYGON (((100 -9, 130 -9, 130 7, 100 -9)), ((600 -9, 690 -9, 690 7, 600 -9)))",
        # their slopes meet the route 9/16 of the way up
        [("crosses", 116.875, 130, None, 0), ("crosses", 650.625, 690, None, 0)],
    ),
    "a hole": (
        EASTWARD,
        "POLYGON ((100 -50, 700 -50, 700 60, 100 60, 100 -50), (300 -9, 300 9, 450 9, 300 -9))",
        [("crosses", 100, 300, None, 0), ("crosses", 375, 700, None, 0)],
    ),
    "boundary to the left": (
        EASTWARD, rectangle(250, 0, 300, 90), [("along", 250, 550, "left", 0)]),
    "boundary to the right": (
        EASTWARD, rectangle(250, -90, 300, 90), [("along", 250, 550, "right", 0)]),
    "boundary, then inside": (
        EASTWARD,
        "POLYGON ((200 0, 500 0, 500 -40, 620 -40, 620 70, 200 70, 200 0))",
        [("crosses", 200, 620, None, 0)],
    ),
    "inside from a corner on": (
        EASTWARD,
        "POLYGON ((400 0, 900 -10, 900 200, 400 0))",
        [("crosses", 400, 900, None, 0)],
    ),
    "a corner touches from the left": (
        EASTWARD, "POLYGON ((300 0, 350 60, 250 80, 300 0))", [("touches", 300, 300, "left", 0)]),
    "a corner touches at a vertex": (
        EASTWARD, "POLYGON ((400 0, 350 -60, 450 -80, 400 0))",
        [("touches", 400, 400, "right", 0)]),
    "ends at an area across": (
        EASTWARD, rectangle(1000, -40, 50, 90), [("touches", 1000, 1000, "both", 0)]),
    "touches twice": (
        EASTWARD,
        "POLYGON ((300 0, 350 60, 500 40, 520 0, 540 80, 250 80, 300 0))",
        [("touches", 300, 300, "left", 0), ("touches", 520, 520, "left", 0)],
    ),
    "in the bend's elbow": (
        "LINESTRING (0 0, 300 0, 300 500)",
        "POLYGON ((300 0, 200 90, 250 99, 300 0))",
        [("touches", 300, 300, "left", 0)],
    ),
    "round the outside of a bend": (
        "LINESTRING (0 0, 300 0, 300 500)",
        "POLYGON ((300 0, 310 -40, 340 30, 300 0))",
        [("touches", 300, 300, "right", 0)],
    ),
    "nothing": (EASTWARD, rectangle(100, 20, 50, 70), []),
    "a loop passes twice": (
        "LINESTRING (-400 0, 300 0, 300 200, 0 200, 0 -100)", rectangle(-10, -10, 30, 25),
        [("crosses", 390, 420, None, 0), ("crosses", 1385, 1410, None, 0)],
    ),
    "a gap inside": (
        "MULTILINESTRING ((0 0, 300 0), (450 0, 1000 0))", rectangle(200, -20, 400, 50),
        [("crosses", 200, 450, None, 0)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", AREAS)
def test_a_route_and_an_area(case: str) -> None:
    road, zone, expected = AREAS[case]
    assert rows_of(road, zone) == expected


@pytest.mark.parametrize("case", AREAS)
def test_a_route_and_an_area_from_the_other_end(case: str) -> None:
    road, zone, expected = AREAS[case]
    whole = shapely.from_wkt(road).length
    swap = {"left": "right", "right": "left"}
    turned = [
        (relation, whole - to, whole - start, swap.get(side, side), distance)
        for relation, start, to, side, distance in reversed(expected)
    ]
    assert rows_of(layer(road, drawn_backwards=True), zone) == turned


def test_every_column_of_one_row() -> None:
    road = layer(EASTWARD, chainage_from="DK7+000", chainage_to="DK8+500")  # 1.5 to a metre
    found = chainage(road, layer({"Z": rectangle(250, -70, 300, 90)}), decimals=1)
    assert len(found) == 1
    row = found.iloc[0]
    texts = row[["route_id", "zone_id", "relation", "from_chainage", "to_chainage"]].to_list()
    assert texts == ["R", "Z", "crosses", "DK7+375.0", "DK7+825.0"]
    numbers = row[["from_m", "to_m", "length_m", "design_length_m", "min_distance_m"]].to_list()
    assert numbers == pytest.approx([7375, 7825, 300, 450, 0], abs=1e-5)
    assert row[["side", "nearest_chainage", "structure", "structure_length_m"]].isna().all()
    assert math.isnan(row["crossing_angle_deg"])
    assert row["chainage_basis"] == "design"
    assert row["geometry"].equals_exact(at("LINESTRING (250 0, 400 0, 550 0)"), 1e-6)
    assert found.crs == road.crs


def test_what_is_said_of_the_whole() -> None:
    roads = gpd.GeoDataFrame(
        {"chainage_from": ["K0+000", None, None], "chainage_to": ["K1+010", None, None],
         "chainage_origin": ["收费站起", None, None], "drawn_backwards": [False, True, False]},
        geometry=[at(EASTWARD), at(EASTWARD), None], index=["A", "B", "C"], crs=4550,
    )  # fmt: skip
    zones = layer({"Z": rectangle(100, -9, 200, 20), "Y": rectangle(250, -9, 100, 20), "N": None})
    found = chainage(roads, zones)
    assert found.attrs["no_geometry"] == {"routes": ["C"], "zones": ["N"]}
    assert found.attrs["not_calibrated"] == ["B"]
    assert found.attrs["turned"] == {"B": "drawn_backwards"}
    assert found.attrs["measuring_planes"] == ["EPSG:4550"]
    one, other = found.attrs["routes"]
    assert (one["route_id"], one["chainage_basis"], one["chainage_origin"]) == (
        "A", "design", "收费站起")  # fmt: skip
    assert one["calibration_ratio"] == pytest.approx(1.01, rel=1e-8)
    assert other["length_m"] == pytest.approx(1000, abs=1e-5)
    # 200 + 100 in zones, 50 of them twice: the closing line leaves 700 open
    assert other["closure"]["difference"] == pytest.approx(-700, abs=1e-5)
    assert other["closure"]["closes"] is False


# --- lines and points --------------------------------------------------------------------------

# a line, the rows and the angle
LINES: dict[str, tuple[str, list[tuple[Any, ...]], float | None]] = {
    "crossed at a right angle": (
        "LINESTRING (300 -50, 300 90)", [("crosses", 300, 300, "both", 0)], 90),
    "crossed at 3 to 4": (
        "LINESTRING (270 -40, 360 80)", [("crosses", 300, 300, "both", 0)],
        math.degrees(math.atan2(4, 3))),
    "crossed the other way": (
        "LINESTRING (360 80, 270 -40)", [("crosses", 300, 300, "both", 0)],
        math.degrees(math.atan2(4, 3))),
    "crossed backwards at a blunt angle": (
        "LINESTRING (360 -80, 270 40)", [("crosses", 300, 300, "both", 0)],
        math.degrees(math.atan2(4, 3))),
    "crossed at a vertex of both": (
        "LINESTRING (380 -70, 400 0, 480 10)", [("crosses", 400, 400, "both", 0)], None),
    "ends on the route": (
        "LINESTRING (300 0, 330 40)", [("touches", 300, 300, "left", 0)],
        math.degrees(math.atan2(4, 3))),
    "comes and goes back": (
        "LINESTRING (260 -30, 300 0, 340 -30)", [("touches", 300, 300, "right", 0)], 0),
    "shares a stretch": (
        "LINESTRING (100 50, 200 0, 600 0, 700 -10)", [("along", 200, 600, "on", 0)], None),
    "nothing": ("LINESTRING (300 10, 300 90)", [], None),
}  # fmt: skip


@pytest.mark.parametrize("case", LINES)
def test_a_route_and_a_line(case: str) -> None:
    line, expected, angle = LINES[case]
    # "on both sides" is what crossing is: the side of what is crossed is not a row's to tell
    rows = [(*row[:3], None if row[0] == "crosses" else row[3], row[4]) for row in expected]
    assert rows_of(EASTWARD, line) == rows
    if rows and angle is not None:
        found = chainage(layer(EASTWARD), layer({"Z": line}))
        assert found["crossing_angle_deg"].to_list() == pytest.approx([angle], abs=1e-6)


def test_an_angle_at_a_vertex_is_that_of_the_halfway_directions() -> None:
    # the route goes on from east to north, halfway north-east; the line from the north-west,
    # through the corner, to the south-east
    road = layer("LINESTRING (0 0, 300 0, 300 500)")
    zone = layer({"Z": "LINESTRING (200 100, 300 0, 420 -120)"})
    found = chainage(road, zone)
    assert found["crossing_angle_deg"].to_list() == pytest.approx([90], abs=1e-6)
    assert found["relation"].to_list() == ["crosses"]


def test_a_crossing_is_a_point() -> None:
    found = chainage(layer(EASTWARD), layer({"Z": "LINESTRING (300 -50, 300 90)"})).iloc[0]
    assert found["from_chainage"] == found["to_chainage"] == "K0+300.000"
    assert (found["length_m"], found["design_length_m"]) == (0, 0)
    assert found["geometry"].equals_exact(at("POINT (300 0)"), 1e-6)


def test_points_have_the_nearest_place_the_offset_and_the_side() -> None:
    points = {
        "on": "POINT (120 0)", "left": "POINT (300 25)", "right": "POINT (700 -40)",
        "far": "POINT (500 90)",
    }  # fmt: skip
    found = chainage(layer(EASTWARD), layer(points), within_m=50)
    assert found["zone_id"].to_list() == ["on", "left", "right"]
    assert found["from_chainage"].to_list() == found["to_chainage"].to_list() == [
        "K0+120.000", "K0+300.000", "K0+700.000"]  # fmt: skip
    assert found["min_distance_m"].to_list() == pytest.approx([0, 25, 40], abs=1e-6)
    assert found["side"].to_list() == ["on", "left", "right"]
    assert found["relation"].to_list() == ["touches", "near", "near"]
    assert set(found.geom_type) == {"Point"}
    assert chainage(layer(EASTWARD), layer(points))["zone_id"].to_list() == ["on"]


# --- nearness ----------------------------------------------------------------------------------

# a route, a zone, the distance, the rows; circles of 50 reach sqrt(50² - 30²) = 40 past a corner
CLOSE: dict[str, tuple[str, str, float, list[tuple[Any, ...]]]] = {
    "to the left": (
        EASTWARD, rectangle(300, 30, 200, 500), 50, [("near", 260, 540, "left", 30)]),
    "to the right": (
        EASTWARD, rectangle(300, -530, 200, 500), 50, [("near", 260, 540, "right", 30)]),
    "too far": (EASTWARD, rectangle(300, 30, 200, 500), 29.9, []),
    "just as far": (EASTWARD, rectangle(300, 30, 200, 500), 30.001,
        [("near", 300 - 0.24495, 500 + 0.24495, "left", 30)]),
    "beyond the end": (
        EASTWARD, rectangle(1030, 40, 60, 60), 50, [("near", 1000, 1000, "left", 50)]),
    "on both sides": (
        EASTWARD,
        "MULTIPOLYGON (((300 30, 400 30, 400 90, 300 30)), ((380 -40, 400 -90, 460 -40, 380 -40)))",
        50,
        [("near", 260, 490, "both", 30)],
    ),
    "twice": (
        EASTWARD,
        "POLYGON ((100 30, 200 30, 200 200, 600 200, 600 40, 700 40, 700 300, 100 300, 100 30))",
        50,
        [("near", 60, 240, "left", 30), ("near", 570, 730, "left", 40)],
    ),
    "what leads in is no row": (
        EASTWARD, rectangle(250, -70, 300, 90), 50, [("crosses", 250, 550, None, 0)]),
    "crossed here, passed there": (
        EASTWARD,
        "POLYGON ((100 -9, 150 -9, 150 300, 700 300, 700 30, 750 30, 750 400, 100 400, 100 -9))",
        50,
        [("crosses", 100, 150, None, 0), ("near", 660, 790, "left", 30)],
    ),
    "touched, and passed": (
        EASTWARD,
        "POLYGON ((300 0, 300 60, 100 60, 300 0))",
        30,
        [("near", 200 - 30 * math.hypot(60, 200) / 60 + 100, 330, "left", 0),
         ("touches", 300, 300, "left", 0)],
    ),
    "a line": (
        EASTWARD, "LINESTRING (300 30, 500 90)", 50,
        [("near", 260, 300 + (50 * math.hypot(20, 6) - 30 * 20) / 6, "left", 30)]),
    "outside of a hairpin": (
        "LINESTRING (0 0, 0 300, 20 300, 20 0)", rectangle(-110, 100, 100, 60), 35,
        [("near", 100 - math.sqrt(35**2 - 10**2), 160 + math.sqrt(35**2 - 10**2), "left", 10),
         ("near", 320 + 140 - math.sqrt(35**2 - 30**2), 320 + 200 + math.sqrt(35**2 - 30**2),
          "right", 30)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLOSE)
def test_a_route_passes_within_a_distance(case: str) -> None:
    road, zone, within, expected = CLOSE[case]
    rows = rows_of(road, zone, within_m=within)
    assert [row[0] for row in rows] == [row[0] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        assert row[3] == other[3]
        assert (row[1], row[2], row[4]) == pytest.approx((other[1], other[2], other[4]), abs=2e-3)


def test_a_near_stretch_says_where_it_is_nearest() -> None:
    zone = layer({"Z": "POLYGON ((300 40, 420 30, 500 45, 300 90, 300 40))"})
    found = chainage(layer(EASTWARD, chainage_from="K2+000"), zone, within_m=60).iloc[0]
    assert found["nearest_chainage"] == "K2+420.000"
    assert found["geometry"].length == pytest.approx(found["length_m"], abs=1e-6)


def test_a_distance_far_from_the_meridian_is_one_on_the_ellipsoid() -> None:
    # at 124.4° E, 1.4° from the meridian, the plane stretches by 1.7e-4
    lat = 41.0
    east = GRS80.fwd(124.4, lat, 90, 1000)[:2]
    road = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(124.39, lat - 0.2), (124.4, lat), (124.395, lat + 0.2)])],
        index=["R"], crs=4490,
    )  # fmt: skip
    point = gpd.GeoDataFrame(geometry=[shapely.Point(east)], index=["P"], crs=4490)
    found = chainage(road, point, within_m=1200).iloc[0]
    assert found["min_distance_m"] == pytest.approx(1000, abs=1e-2)
    nearest = found["geometry"]
    assert found["min_distance_m"] == pytest.approx(
        GRS80.inv(nearest.x, nearest.y, *east)[2], abs=1e-3
    )


# --- across planes -----------------------------------------------------------------------------


def wide_road() -> gpd.GeoDataFrame:
    lon = np.arange(119.0, 126.0, 0.01)
    return gpd.GeoDataFrame(
        geometry=[shapely.LineString(np.column_stack([lon, 41 + (lon - 119) / 20]))],
        index=["R"], crs=4490,
    )  # fmt: skip


@pytest.mark.parametrize(("west", "east"), [(121.205, 122.105), (119.5, 124.995), (122.8, 123.1)])
def test_a_stretch_is_one_across_the_planes(west: float, east: float) -> None:
    road = wide_road()
    box = shapely.segmentize(shapely.box(west, 40, east, 43), 0.005)
    found = chainage(road, gpd.GeoDataFrame(geometry=[box], index=["Z"], crs=4490))
    xy = shapely.get_coordinates(road.geometry.iloc[0])
    stretch = np.array([west, *xy[(xy[:, 0] > west) & (xy[:, 0] < east), 0], east])
    lat = np.interp(stretch, *xy.T)
    expected = GRS80.inv(stretch[:-1], lat[:-1], stretch[1:], lat[1:])[2].sum()
    assert found["relation"].to_list() == ["crosses"]
    # where the zone's edge is cut depends on the plane by a few metres of bulge over 50 km
    assert found["length_m"].iloc[0] == pytest.approx(expected, abs=0.05)
    assert len(found.attrs["measuring_planes"]) > 1


# --- broken chainage, structures ---------------------------------------------------------------

EQUATIONS = pd.DataFrame(
    {"route_id": "R", "back_chainage": ["K10+300", "K10+600"],
     "ahead_chainage": ["K10+250", "AK0+000"]}
)  # fmt: skip
#   K10+000..300 [0] on 0..300; K10+250..600 [1] on 300..650; AK0+000..350 on 650..1000


def test_a_stretch_over_equations_names_its_ends_in_their_segments() -> None:
    road = layer(EASTWARD, chainage_from="K10+000", chainage_to="AK0+350")
    zones = layer({"Z": rectangle(280, -9, 420, 20), "Y": rectangle(300, -9, 350, 20),
                   })  # fmt: skip
    line = layer({"X": "LINESTRING (300 -9, 300 20)"})
    found = pd.concat(chainage(road, one, equations=EQUATIONS) for one in (zones, line))
    found = found.set_index("zone_id")
    ends = found[["from_chainage", "to_chainage"]].T.to_dict("list")
    assert ends == {
        "Z": ["K10+280.000 [0]", "AK0+050.000"],
        "Y": ["K10+250.000 [1]", "K10+600.000"],
        "X": ["K10+250.000 [1]", "K10+250.000 [1]"],
    }
    assert found.loc["Z", ["from_m", "to_m", "length_m", "design_length_m"]].to_list() == (
        pytest.approx([10280, 50, 420, 420], abs=1e-5)
    )


SEGMENTS = pd.DataFrame(
    {"route_id": "R", "structure": ["bridge", "tunnel", "subgrade", "interchange"],
     "chainage_from": ["K0+000", "K0+300", "K0+700", "K0+900"],
     "chainage_to": ["K0+300", "K0+620", "K1+000", "K0+950"]}
)  # fmt: skip


def test_structures_are_listed_with_their_lengths_and_close() -> None:
    road = layer(EASTWARD, chainage_from="K0+000", chainage_to="K1+000")
    zones = layer({"Z": rectangle(250, -9, 670, 20), "Y": rectangle(310, -9, 40, 20)})
    line = layer({"X": "LINESTRING (650 -9, 640 20)"})
    found = pd.concat(chainage(road, one, segments=SEGMENTS, decimals=1) for one in (zones, line))
    found = found.set_index("zone_id")
    assert found["structure"].to_dict() == {
        "Z": "bridge;tunnel;not_stated;subgrade;subgrade+interchange",
        "Y": "tunnel",
        "X": "not_stated",
    }
    assert found["structure_length_m"].to_dict() == {
        "Z": "50.0;320.0;80.0;200.0;20.0", "Y": "40.0", "X": "0.0"}  # fmt: skip
    lengths = map(float, found.loc["Z", "structure_length_m"].split(";"))
    assert closure(lengths, found.loc["Z", "design_length_m"]).closes


def test_segments_may_be_drawn() -> None:
    drawn = gpd.GeoDataFrame(
        {"route_id": "R", "structure": ["tunnel", "bridge"]}, crs=4550,
        geometry=[at("LINESTRING (620 0, 400 0, 300 0.4)"), at("LINESTRING (100 0, 250 0)")],
    )  # fmt: skip
    found = chainage(layer(EASTWARD), layer({"Z": rectangle(220, -9, 500, 20)}), segments=drawn)
    assert found["structure"].iloc[0] == "bridge;not_stated;tunnel"
    assert found["structure_length_m"].iloc[0] == "30.000;150.000;320.000"


def test_a_route_may_have_one_structure_throughout() -> None:
    found = chainage(layer(EASTWARD, structure="bridge"), layer({"Z": rectangle(220, -9, 500, 20)}))
    assert found[["structure", "structure_length_m"]].to_numpy().tolist() == [["bridge", "500.000"]]


WRONG_SEGMENTS: dict[str, tuple[pd.DataFrame, type[GeoplanError], str]] = {
    "no such route": (SEGMENTS.assign(route_id="X"), RouteInvalid, "segment 0 names route 'X'"),
    "no column": (SEGMENTS.drop(columns="structure"), RouteInvalid, "no column structure"),
    "no place": (SEGMENTS.drop(columns="chainage_to"), RouteInvalid, "neither two chainages"),
    "no length": (
        SEGMENTS.assign(chainage_to=SEGMENTS["chainage_from"]), RouteInvalid, "no length"),
    "not on the route": (
        SEGMENTS.assign(chainage_to="K1+001"), ChainageNotFound, "not on route 'R'"),
    "beside the route": (
        gpd.GeoDataFrame({"route_id": ["R"], "structure": "tunnel"},
                         geometry=[at("LINESTRING (100 0, 200 7)")], crs=4550),
        RouteInvalid, "7.0 m beside"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_SEGMENTS)
def test_a_segment_that_cannot_be_is_refused(case: str) -> None:
    segments, error, words = WRONG_SEGMENTS[case]
    road = layer(EASTWARD, chainage_from="K0+000", chainage_to="K1+000")
    with pytest.raises(error, match=words):
        chainage(road, layer({"Z": rectangle(250, -9, 670, 20)}), segments=segments)


# --- published figures -------------------------------------------------------------------------


def test_the_tongren_to_jishou_railway() -> None:
    """DK3+765 to DK5+165, 1400 m, and DK3+804 to DK4+342, 538 m: published in its EIA.

    The line here is as long on the ground as it counts, bent 3 to 4, from DK3+000 to DK6+000;
    both zones are cut across it at the published chainages.
    """
    road = layer("LINESTRING (0 0, 600 800, 2600 800)", chainage_from="DK3+000",
                 chainage_to="DK6+000")  # fmt: skip
    # DK3+765 is 765 m up the slope at (459, 612), DK4+342 is 342 m past the bend
    across = "POLYGON ((459 612, -341 1212, -341 2000, {0} 2000, {0} 700, 900 0, 459 612))"
    spur = at("POLYGON ((459 612, 859 312, 900 750, 459 612))")
    scenic = at(across.format(600 + 1165)).union(spur)
    park = at("POLYGON ((482.4 643.2, 882.4 343.2, 942 600, 942 950, 82.4 943.2, 482.4 643.2))")
    found = chainage(road, layer({"scenic": scenic, "geopark": park}), decimals=0)
    found = found.set_index("zone_id")
    columns = ["from_chainage", "to_chainage"]
    assert found.loc["scenic", columns].to_list() == ["DK3+765", "DK5+165"]
    assert found.loc["geopark", columns].to_list() == ["DK3+804", "DK4+342"]
    lengths = found.loc[["scenic", "geopark"], ["length_m", "design_length_m"]].to_numpy()
    assert lengths == pytest.approx(np.array([[1400.0] * 2, [538.0] * 2]), abs=1e-4)


def test_the_tongren_to_jishou_railway_drawn_three_per_cent_short() -> None:
    """The same zones on a line drawn coarser than the design counts: chainages hold."""
    road = layer("LINESTRING (0 0, 2910 0)", chainage_from="DK3+000", chainage_to="DK6+000")
    scenic = rectangle(765 * 0.97, -50, 1400 * 0.97, 80)
    found = chainage(road, layer({"Z": scenic}), decimals=0).iloc[0]
    assert (found["from_chainage"], found["to_chainage"]) == ("DK3+765", "DK5+165")
    assert found["design_length_m"] == pytest.approx(1400, abs=1e-4)
    assert found["length_m"] == pytest.approx(1358, abs=1e-4)


def test_the_xuhui_railway_zone_closes() -> None:
    """K0+000 to K2+200 in two stretches: 1097 + 1103 = 2200."""
    road = layer("LINESTRING (0 0, 2200 0)", chainage_from="K0+000", chainage_to="K2+200")
    zones = layer({"one": rectangle(-30, -8, 1127, 16), "two": rectangle(1097, -8, 1200, 16)})
    found = chainage(road, zones, decimals=0)
    assert found["to_chainage"].to_list() == ["K1+097", "K2+200"]
    assert closure(found["design_length_m"], 2200).closes
    assert found.attrs["routes"][0]["closure"]["closes"] is True


def test_the_guanyang_to_tiane_road() -> None:
    """K6+648 to K23+724.105 are 17.076 km of 84.785, leaving 67.709; the units do not close."""
    road = layer("LINESTRING (0 0, 0 50000, 0 84785)", chainage_from="K0+000",
                 chainage_to="K84+785")  # fmt: skip
    shared = layer({"Z": rectangle(-30, 6648, 70, 17076.105)})
    found = chainage(road, shared).iloc[0]
    assert (found["from_chainage"], found["to_chainage"]) == ("K6+648.000", "K23+724.105")
    assert found["design_length_m"] == pytest.approx(17076.105, abs=1e-3)
    assert closure([17.076, 67.709], 84.785).closes
    units = closure([4.2, 12.5, 59.4], 84.785)
    assert (round(units.parts_sum, 3), round(units.difference, 3), units.closes) == (
        76.1, -8.685, False)  # fmt: skip
    assert closure([4.2, 12.5, 59.4], 67.709).difference == pytest.approx(8.391, abs=1e-9)


@pytest.mark.parametrize(
    ("parts", "total", "tolerance"),
    [([1, math.nan], 1, 0.1), ([1], math.inf, 0.1), ([1], 1, -1), ([1, 2], math.nan, 0.1)],
)
def test_a_closing_line_needs_numbers(parts: list[float], total: float, tolerance: float) -> None:
    with pytest.raises(BadQuery, match="finite numbers"):
        closure(parts, total, tolerance=tolerance)


def test_a_closing_line_of_decimal_fractions_is_exact() -> None:
    assert closure([0.1, 0.2], 0.3, tolerance=0).closes
    assert not closure([0.1, 0.2], 0.3001, tolerance=0).closes
    assert closure([], 0.0).parts_sum == 0


# --- odd input ---------------------------------------------------------------------------------

GOOD = layer(EASTWARD, chainage_from="K0+000", chainage_to="K1+000")
ZONE = layer({"Z": rectangle(250, -70, 300, 90)})
UNKNOWN = pd.DataFrame(
    {"route_id": ["X"], "back_chainage": ["K0+300"], "ahead_chainage": ["K0+200"]}
)
OUTSIDE = UNKNOWN.assign(route_id="R", back_chainage="K1+300", ahead_chainage="K2+000")

BAD: dict[str, tuple[Any, Any, dict[str, Any], type[GeoplanError]]] = {
    "no routes": (GOOD.iloc[:0], ZONE, {}, EmptyLayer),
    "no zones": (GOOD, ZONE.iloc[:0], {}, EmptyLayer),
    "another CRS": (GOOD, ZONE.to_crs(4490), {}, CrsMismatch),
    "no CRS": (GOOD, ZONE.set_crs(None, allow_override=True), {}, CrsMismatch),
    "routes are areas": (ZONE, GOOD, {}, WrongGeometryType),
    "routes are points": (layer("POINT (3 4)"), ZONE, {}, WrongGeometryType),
    "zones mixed": (
        GOOD, layer({"Z": rectangle(1, 2, 3, 4), "Y": EASTWARD}), {}, WrongGeometryType),
    "zones are collections": (
        GOOD, layer({"Z": "GEOMETRYCOLLECTION (POINT (3 4))"}), {}, WrongGeometryType),
    "ids twice": (GOOD, pd.concat([ZONE, ZONE]), {}, DuplicateId),
    "a bow tie": (
        GOOD, layer({"Z": "POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0))"}), {}, InvalidGeometry),
    "a route of no length": (layer("LINESTRING (3 4, 3 4)"), ZONE, {}, InvalidGeometry),
    "a zone off the Earth": (
        GOOD.to_crs(4490),
        gpd.GeoDataFrame(geometry=[shapely.box(123, 80, 124, 95)], index=["Z"], crs=4490), {},
        InvalidGeometry),
    "negative distance": (GOOD, ZONE, {"within_m": -1}, BadQuery),
    "infinite distance": (GOOD, ZONE, {"within_m": math.inf}, BadQuery),
    "no distance": (GOOD, ZONE, {"within_m": math.nan}, BadQuery),
    "decimals": (GOOD, ZONE, {"decimals": 2.5}, BadQuery),
    "an equation of another route": (GOOD, ZONE, {"equations": UNKNOWN}, EquationInvalid),
    "an equation outside": (
        GOOD, ZONE, {"equations": OUTSIDE},
        EquationInvalid),
    "falling chainage": (
        GOOD.assign(chainage_from="K3+000", chainage_to="K2+000"), ZONE, {}, RouteInvalid),
    "no heights": (GOOD, ZONE, {"three_d": True}, RouteInvalid),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_measured_is_refused_by_name(case: str) -> None:
    roads, zones, options, error = BAD[case]
    with pytest.raises(error):
        chainage(roads, zones, **options)


def test_a_nan_in_a_zone_is_refused() -> None:
    with np.errstate(invalid="ignore"):
        broken = shapely.LineString([(0, 0), (np.nan, 3)])
    with pytest.raises(InvalidGeometry):
        chainage(GOOD, layer({"Z": broken}))


@pytest.mark.parametrize("nowhere", ["routes", "zones", "both"])
def test_nothing_located_is_an_empty_answer_that_says_so(nowhere: str) -> None:
    roads = GOOD.set_geometry([None], crs=4550) if nowhere != "zones" else GOOD
    zones = ZONE.set_geometry([None], crs=4550) if nowhere != "routes" else ZONE
    found = chainage(roads, zones, within_m=10)
    assert len(found) == 0
    assert found.attrs["no_geometry"] == {
        "routes": [] if nowhere == "zones" else ["R"],
        "zones": [] if nowhere == "routes" else ["Z"],
    }
    assert list(found.columns) == list(chainage(GOOD, ZONE).columns)
    assert found["length_m"].dtype.kind == "f"


def test_a_zone_on_the_other_side_of_the_earth_is_no_matter() -> None:
    far = gpd.GeoDataFrame(
        geometry=[shapely.box(-58, -42, -57, -41), shapely.box(122, 40, 124, 42)],
        index=["far", "here"], crs=4490,
    )  # fmt: skip
    found = chainage(GOOD.to_crs(4490), far, within_m=100)
    assert found["zone_id"].to_list() == ["here"]


def test_rows_come_in_order_along_each_route_and_inputs_stay_as_they_are() -> None:
    roads = layer({"B": "LINESTRING (1000 0, 0 0)", "A": EASTWARD})
    zones = layer({"late": rectangle(700, -9, 50, 20), "early": rectangle(100, -9, 50, 20)})
    before = roads.copy(), zones.copy()
    found = chainage(roads, zones)
    assert found[["route_id", "zone_id"]].to_numpy().tolist() == [
        ["B", "late"], ["B", "early"], ["A", "early"], ["A", "late"]]  # fmt: skip
    for one, other in zip(before, (roads, zones), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))
