"""Laws of linear referencing, on lopsided routes with whole-metre vertices."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from geoplan.queries import along, chainage, locate, measured_routes, parse_chainage, station
from geoplan.queries.stations import Chainage, format_chainage

ORIGIN = np.array([500_000.0, 4_550_000.0])
GRS80 = Geod(ellps="GRS80")
MM = 1e-3

FEW = settings().max_examples // 3  # of the laws that ask whole queries

numbers = st.integers(-2000, 2000)
places = st.tuples(numbers, numbers)


@st.composite
def paths(draw: st.DrawFn, least: int = 2, most: int = 7) -> np.ndarray[Any, Any]:
    """Draw vertices, no two neighbours the same."""
    xy = np.array(draw(st.lists(places, min_size=least, max_size=most)), dtype=float)
    assume((np.hypot(*np.diff(xy, axis=0).T) > 0).all())
    return xy


@st.composite
def lines(draw: st.DrawFn) -> Any:
    """Draw a line of one to three parts, wherever they lie."""
    parts = draw(st.lists(paths(), min_size=1, max_size=3))
    shapes = [shapely.LineString(part + ORIGIN) for part in parts]
    return shapes[0] if len(shapes) == 1 else shapely.MultiLineString(shapes)


@st.composite
def rectangles(draw: st.DrawFn) -> Any:
    (x, y), wide, high = draw(places), draw(st.integers(30, 900)), draw(st.integers(30, 900))
    turn = draw(st.integers(1, 89))
    box = shapely.box(x, y, x + wide, y + high)
    turned = gpd.GeoSeries([box]).rotate(turn, origin=(x, y))
    return turned.translate(*ORIGIN).iloc[0]


def layer(shape: Any, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {name: [value] for name, value in columns.items()}, geometry=[shape], index=["R"], crs=4550
    )


def length_of(line: Any) -> float:
    """Return the sum of geodesics between vertices [m]."""
    parts = gpd.GeoSeries([line], crs=4550).to_crs(4490).explode()
    return sum(GRS80.line_length(*np.array(part.coords).T) for part in parts)


@given(lines())
def test_raw_length_is_the_sum_of_geodesics(line: Any) -> None:
    (route,), _ = measured_routes(layer(line), parts="as_drawn")
    assert route.raw_length_m == pytest.approx(length_of(line), abs=MM)


@settings(max_examples=FEW)
@given(lines(), st.integers(-2000, 2000))
def test_zones_that_part_the_plane_add_up_to_the_route(line: Any, cut: int) -> None:
    # slanted by a third of a metre in 9 km, so that no edge between whole metres lies along it
    x, big = ORIGIN[0] + cut + 1 / 3, 9000
    south, north = ORIGIN[1] - big, ORIGIN[1] + big
    zones = gpd.GeoDataFrame(
        geometry=[
            shapely.Polygon([(x - big, south), (x, south), (x + 1 / 3, north), (x - big, north)]),
            shapely.Polygon([(x, south), (x + big, south), (x + big, north), (x + 1 / 3, north)]),
        ],
        index=["west", "east"], crs=4550,
    )  # fmt: skip
    road = layer(line, chainage_from="K3+000", chainage_to="K9+000")
    rows = chainage(road, zones, parts="as_drawn")
    assert rows["length_m"].sum() == pytest.approx(length_of(line), abs=MM)
    assert rows["design_length_m"].sum() == pytest.approx(6000, abs=MM)
    assert rows.attrs["routes"][0]["closure"]["closes"]
    # and from the start to the end there is one row after another
    within = rows[rows["length_m"] > 0]
    assert within["from_m"].to_numpy()[1:] == pytest.approx(within["to_m"].to_numpy()[:-1], abs=MM)


@st.composite
def called(draw: st.DrawFn) -> tuple[gpd.GeoDataFrame, pd.DataFrame | None, list[tuple[str, int, int]]]:  # fmt: skip  # noqa: E501
    """Draw a route, its equations, and the segments these make: label, first and last [mm]."""
    line = draw(lines())
    here, segments, rows = draw(st.integers(0, 9_000_000)), [], []
    for number in range(draw(st.integers(1, 4))):
        reach = draw(st.integers(1_000, 3_000_000))
        segments.append((str(number), here, here + reach))
        ahead = draw(st.integers(0, 9_000_000))
        assume(ahead != here + reach)
        rows.append(("R", text_of(here + reach), text_of(ahead)))
        here = ahead
    table = pd.DataFrame(rows[:-1], columns=["route_id", "back_chainage", "ahead_chainage"])
    first, last = text_of(segments[0][1]), text_of(segments[-1][2])
    return layer(line, chainage_from=first, chainage_to=last), table, segments


def text_of(millimetres: int) -> str:
    return format_chainage(millimetres / 1000, "AK")


@given(called(), st.data())
def test_the_station_of_a_located_chainage_is_that_chainage(
    drawn: tuple[gpd.GeoDataFrame, pd.DataFrame, list[tuple[str, int, int]]], data: st.DataObject
) -> None:
    road, table, segments = drawn
    (route,), _ = measured_routes(road, table, parts="as_drawn")
    label, first, last = data.draw(st.sampled_from(segments))
    value = data.draw(st.integers(first, last))
    often = sum(one <= value <= other for _, one, other in segments)
    asked = Chainage(value / 1000, "AK", segment=label if often > 1 else None)
    found = station(route, locate(route, asked))
    assert asked in [one.chainage for one in found]
    assert parse_chainage(str(asked)) == asked
    for one in found:
        assert one.offset_m < 1e-6
        assert locate(route, one).distance(locate(route, asked)) < 1e-5


@given(lines(), places)
def test_a_station_is_the_nearest_place(line: Any, place: tuple[int, int]) -> None:
    (route,), _ = measured_routes(layer(line), parts="as_drawn")
    point = shapely.Point(ORIGIN + place)
    nearest = shapely.distance(line, point)
    for found in station(route, point):
        assert point.distance(locate(route, found)) == pytest.approx(nearest, abs=1e-4)
        assert found.offset_m == pytest.approx(nearest, rel=1e-6, abs=1e-4)
        assert found.part == 0 or line.geom_type == "MultiLineString"


@given(lines(), places)
def test_the_other_way_round_left_is_right(line: Any, place: tuple[int, int]) -> None:
    point = shapely.Point(ORIGIN + place)
    (there,), _ = measured_routes(layer(line), parts="as_drawn")
    (back,), _ = measured_routes(layer(line), parts="as_drawn", drawn_backwards=["R"])
    one, other = station(there, point), station(back, point)[::-1]
    assume(len(one) == len(other) == 1)
    swap = {"left": "right", "right": "left", "on": "on"}
    assert swap[one[0].side] == other[0].side
    assert one[0].along_m + other[0].along_m == pytest.approx(there.raw_length_m, abs=MM)


@settings(max_examples=FEW)
@given(lines(), rectangles(), st.sampled_from([0, 25, 200]))
def test_the_other_way_round_a_row_is_the_same_stretch(line: Any, zone: Any, within: float) -> None:
    zones = gpd.GeoDataFrame(geometry=[zone], index=["Z"], crs=4550)
    rows = chainage(layer(line), zones, within_m=within, parts="as_drawn")
    back = chainage(
        layer(line), zones, within_m=within, parts="as_drawn", drawn_backwards=["R"]
    ).iloc[::-1]
    # a touch and the stretch round it may begin or end at one place
    rows, back = (
        rows.sort_values(["relation", "from_m", "to_m"]),
        back.sort_values(["relation", "from_m", "to_m"], ascending=[True, False, False]),
    )
    assert rows["relation"].to_list() == back["relation"].to_list()
    whole = length_of(line)
    assert rows["from_m"].to_numpy() == pytest.approx(whole - back["to_m"].to_numpy(), abs=MM)
    assert rows["min_distance_m"].to_numpy() == pytest.approx(
        back["min_distance_m"].to_numpy(), abs=MM
    )
    swap = {"left": "right", "right": "left"}
    sides = [swap.get(side, side) for side in back["side"].fillna("none")]
    assert rows["side"].fillna("none").to_list() == sides


@settings(max_examples=FEW)
@given(lines(), rectangles())
def test_stretches_are_those_of_the_plane(line: Any, zone: Any) -> None:
    """Against shapely's own intersection, which knows nothing of chainage."""
    zones = gpd.GeoDataFrame(geometry=[zone], index=["Z"], crs=4550)
    rows = chainage(layer(line), zones, parts="as_drawn")
    # edge by edge, because shapely counts once what a route passes twice
    edges = [
        shapely.LineString(pair)
        for part in shapely.get_parts(line)
        for pair in zip(part.coords[:-1], part.coords[1:], strict=True)
    ]
    inside = sum(edge.intersection(zone).length for edge in edges)
    assert rows["length_m"].sum() == pytest.approx(inside, rel=1e-6, abs=MM)
    for row in rows.itertuples():
        assert row.geometry.length == pytest.approx(row.length_m, rel=1e-6, abs=MM)
        assert shapely.distance(row.geometry, zone) < 1e-6


@settings(max_examples=FEW)
@given(lines(), rectangles(), st.integers(1, 600))
def test_what_is_near_is_within_the_distance_and_nothing_is_forgotten(
    line: Any, zone: Any, within: int
) -> None:
    """Against distances to places along the route, in the plane."""
    zones = gpd.GeoDataFrame(geometry=[zone], index=["Z"], crs=4550)
    rows = chainage(layer(line), zones, within_m=within, parts="as_drawn")
    whole = shapely.union_all(rows.geometry.to_numpy()) if len(rows) else shapely.Point()
    away = 0.01
    for row in rows.itertuples():
        dense = shapely.get_coordinates(shapely.segmentize(row.geometry, 50))
        distances = shapely.distance(shapely.points(dense), zone)
        assert distances.max() <= within + away
        assert distances.min() >= row.min_distance_m - MM
        assert shapely.distance(row.geometry, zone) == pytest.approx(row.min_distance_m, abs=MM)
    spots = shapely.points(shapely.get_coordinates(shapely.segmentize(line, 50)))
    distances = shapely.distance(spots, zone)
    rows_cross = (rows["relation"].isin(["crosses", "inside", "along"])).any()
    if not rows_cross:
        forgotten = (distances <= within - away) & (shapely.distance(spots, whole) > away)
        assert not forgotten.any()


@settings(max_examples=FEW)
@given(lines(), places, st.integers(0, 3000), st.integers(1, 3000))
def test_up_and_down_are_what_was_asked_for(
    line: Any, place: tuple[int, int], up: int, down: int
) -> None:
    points = gpd.GeoDataFrame(geometry=[shapely.Point(ORIGIN + place)], index=["P"], crs=4550)
    rows = along(layer(line), points, up, down, parts="as_drawn")
    assert len(rows) >= 1
    for row in rows.itertuples():
        assert row.upstream_m + row.missing_upstream_m == pytest.approx(up, abs=MM)
        assert row.downstream_m + row.missing_downstream_m == pytest.approx(down, abs=MM)
        assert row.geometry.length == pytest.approx(row.length_m, rel=1e-6, abs=MM)
