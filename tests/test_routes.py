"""Measured routes: lengths, direction, calibration, broken chainage, and what is refused.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550, on the meridian, where a metre of the
plane is one on the ellipsoid to a few parts in 1e9.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from geoplan.errors import (
    BadQuery,
    ChainageAmbiguous,
    ChainageInvalid,
    ChainageNotFound,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    EquationInvalid,
    FeatureNotFound,
    FeatureTooWide,
    GeoplanError,
    InvalidGeometry,
    RouteInvalid,
    WrongGeometryType,
)
from geoplan.queries import locate, measured_routes, station
from geoplan.queries.route import Route

EAST, NORTH = 500_000, 4_550_000
GRS80 = Geod(ellps="GRS80")


def at(wkt: str) -> Any:
    """Return a shape moved to where planes are true."""
    shape = shapely.from_wkt(wkt)
    extra = {"include_z": bool(shapely.has_z(shape))}
    return shapely.transform(shape, lambda xy: xy + np.array([EAST, NORTH, 0][: xy.shape[1]]), **extra)  # fmt: skip  # noqa: E501


def with_nan() -> Any:
    with np.errstate(invalid="ignore"):
        return shapely.LineString([(0, 0), (np.nan, 3)])


def with_m(*parts: list[tuple[float, float, float]]) -> Any:
    """Return lines through x, y (from the origin) and M."""
    shift = np.array([EAST, NORTH, 0.0])
    lines = [f"({', '.join(' '.join(map(repr, (np.array(p) + shift).tolist())) for p in part)})" for part in parts]  # fmt: skip  # noqa: E501
    text = (
        f"MULTILINESTRING M ({', '.join(lines)})" if len(parts) > 1 else f"LINESTRING M {lines[0]}"
    )
    return shapely.from_wkt(text)


def layer(line: Any, **columns: Any) -> gpd.GeoDataFrame:
    shape = at(line) if isinstance(line, str) else line
    return gpd.GeoDataFrame(
        {name: [value] for name, value in columns.items()},
        geometry=[shape], index=["R"], crs=4550,
    )  # fmt: skip


def route(line: Any, equations: pd.DataFrame | None = None, **columns: Any) -> Route:
    options = {key: columns.pop(key) for key in ("parts", "three_d", "drawn_backwards") if key in columns}  # fmt: skip  # noqa: E501
    (one,), missing = measured_routes(layer(line, **columns), equations, **options)
    assert missing == []
    return one


def broken(*rows: tuple[str, str]) -> pd.DataFrame:
    backs, aheads = zip(*rows, strict=True)
    return pd.DataFrame({"route_id": "R", "back_chainage": backs, "ahead_chainage": aheads})


def place(one: Route, text: str) -> tuple[float, float]:
    """Return metres from the origin of the fixture."""
    point = locate(one, text)
    return round(point.x - EAST, 4), round(point.y - NORTH, 4)


def names(one: Route, x: float, y: float) -> list[str]:
    return [str(found.chainage) for found in station(one, shapely.Point(EAST + x, NORTH + y))]


STRAIGHT = "LINESTRING (0 0, 0 700, 0 1000)"
BENT = "LINESTRING (0 0, 300 400, 300 1000)"  # 500 + 600


# --- lengths ---------------------------------------------------------------------------------


def test_raw_length_is_the_sum_of_the_legs() -> None:
    assert route(BENT).raw_length_m == pytest.approx(1100.0, abs=1e-5)


@pytest.mark.parametrize("meridian", [121.4, 123.0, 124.53])
def test_raw_length_is_the_sum_of_geodesic_segments(meridian: float) -> None:
    steps = np.random.default_rng(5).normal(0, 0.006, (400, 2))
    lonlat = np.array([meridian, 41.0]) + np.cumsum(steps, axis=0) * [0.1, 1.0]
    road = gpd.GeoDataFrame(geometry=[shapely.LineString(lonlat)], index=["R"], crs=4490)
    (one,), _ = measured_routes(road)
    expected = GRS80.inv(*lonlat[:-1].T, *lonlat[1:].T)[2].sum()
    assert expected > 100_000
    assert one.raw_length_m == pytest.approx(expected, abs=1e-3)


def test_a_route_wider_than_a_plane_is_measured_edge_by_edge() -> None:
    lonlat = np.column_stack(
        [np.arange(118.0, 126.0, 0.01), 41 + 0.3 * np.sin(np.arange(800) / 50)]
    )
    road = gpd.GeoDataFrame(geometry=[shapely.LineString(lonlat)], index=["R"], crs=4490)
    (one,), _ = measured_routes(road)
    expected = GRS80.inv(*lonlat[:-1].T, *lonlat[1:].T)[2].sum()
    assert sorted(one.edges.planes) == [117.0, 120.0, 123.0, 126.0]
    assert one.raw_length_m == pytest.approx(expected, abs=1e-3)
    middle = one.edges.drawn(np.array([400]), np.array([0.25]))[0]
    (found,) = station(one, shapely.Point(middle))
    to_vertex = GRS80.inv(*lonlat[:400].T, *lonlat[1:401].T)[2].sum()
    to_middle = GRS80.inv(*lonlat[400], *middle)[2]
    assert found.along_m == pytest.approx(to_vertex + to_middle, abs=1e-3)
    assert locate(one, found).distance(shapely.Point(middle)) < 1e-10


def test_an_edge_wider_than_a_plane_is_refused_by_its_route() -> None:
    road = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(118, 41), (126, 41.2)])], index=["W"], crs=4490
    )
    with pytest.raises(FeatureTooWide, match=r"route 'W'.*vertices between"):
        measured_routes(road)


def test_heights_count_when_asked_for() -> None:
    line = at("LINESTRING Z (0 0 10, 0 300 410, 0 700 410)")  # 500 in space, then 400
    assert route(line).raw_length_m == pytest.approx(700, abs=1e-5)
    steep = route(line, three_d=True)
    assert steep.raw_length_m == pytest.approx(900, abs=1e-5)
    # the plan stays the plan: half of the slope is half of its 300 m
    assert place(steep, "K0+250") == (0, 150)
    assert names(steep, 0, 500) == ["K0+700.000"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("LINESTRING (0 0, 0 700)", "without a height"),
        ("LINESTRING Z (0 0 1, 0 300 NaN, 0 700 1)", "without a height"),
        ("LINESTRING Z (0 0 1, 0 300 2, 0 300 5, 0 700 1)", "straight up by 3 m"),
    ],
)
def test_heights_that_are_not_there_are_refused(line: str, words: str) -> None:
    with pytest.raises(RouteInvalid, match=words):
        route(line, three_d=True)


def test_equal_vertices_in_a_row_change_nothing() -> None:
    assert place(route("LINESTRING (0 0, 0 0, 0 300, 0 300, 0 700)"), "K0+350") == (0, 350)


# --- calibration -----------------------------------------------------------------------------


def test_without_a_statement_metres_count_as_drawn_from_the_start() -> None:
    one = route(BENT)
    assert (one.basis, one.calibration_ratio) == ("drawn", 1.0)
    assert place(one, "K0+500") == (300, 400)
    assert names(one, 300, 500) == ["K0+600.000"]


def test_only_a_start_shifts_it() -> None:
    one = route(BENT, chainage_from="DK7+100", chainage_to=None)
    assert (one.basis, one.calibration_ratio) == ("start", 1.0)
    assert place(one, "DK7+600") == (300, 400)


def test_start_and_end_stretch_the_metres_between_evenly() -> None:
    one = route(BENT, chainage_from="DK3+000", chainage_to="DK4+650")  # 1650 on 1100
    assert (one.basis, one.design_length_m) == ("design", 1650.0)
    assert one.raw_length_m == pytest.approx(1100, abs=1e-5)
    assert one.calibration_ratio == pytest.approx(1.5, rel=1e-8)
    assert place(one, "DK3+750") == (300, 400)
    assert names(one, 300, 600) == ["DK4+050.000"]


def test_m_values_calibrate_piece_by_piece() -> None:
    line = with_m([(0, 0, 2000), (0, 100, 2400), (0, 200, 2450), (0, 500, 2900)])
    one = route(line, chainage_from="AK2+000", chainage_to="AK2+900")
    assert (one.basis, one.design_length_m) == ("m_values", 900.0)
    assert place(one, "AK2+100") == (0, 25)
    assert place(one, "AK2+425") == (0, 150)
    assert names(one, 0, 400) == ["AK2+750.000"]
    assert one.calibration_ratio == pytest.approx(1.8, rel=1e-8)


def test_a_vertex_without_m_lies_between_its_neighbours_by_length() -> None:
    line = with_m([(0, 0, 0), (0, 100, np.nan), (0, 400, 800)])
    assert names(route(line), 0, 100) == ["K0+200.000"]


def test_parts_follow_each_other_and_a_gap_adds_nothing() -> None:
    one = route("MULTILINESTRING ((0 0, 0 300), (0 450, 0 1000))")
    assert one.raw_length_m == pytest.approx(850, abs=1e-5)
    assert place(one, "K0+301") == (0, 451)
    assert names(one, 0, 460) == ["K0+310.000"]
    # the end of one part and the start of the next bear one chainage; a station knows its place
    (end,), (start,) = (station(one, shapely.Point(EAST, NORTH + y)) for y in (300, 450))
    assert str(end.chainage) == str(start.chainage) == "K0+300.000"
    assert (end.part, start.part) == (0, 1)
    assert place(one, "K0+300") == (0, 300)
    assert locate(one, start).y == NORTH + 450


def test_a_gap_that_m_values_count_has_no_places() -> None:
    one = route(with_m([(0, 0, 0), (0, 300, 300)], [(0, 450, 450), (0, 1000, 1000)]))
    assert one.design_length_m == 1000
    assert place(one, "K0+451") == (0, 451)
    with pytest.raises(ChainageNotFound, match=r"gap.*not drawn from K0\+300.000 to K0\+450.000"):
        locate(one, "K0+400")


# --- direction and order ---------------------------------------------------------------------

BACKWARDS: dict[str, dict[str, Any]] = {
    "a column": {"drawn_backwards": [True]},
    "one": {"drawn_backwards": [1]},
    "numpy": {"drawn_backwards": np.array([True])},
    "an origin at the end": {"chainage_origin": ["POINT (500300 4551000)"]},
    "an origin near the end": {"chainage_origin": ["point(500310.5 4551020)"]},
}


@pytest.mark.parametrize("case", BACKWARDS)
def test_a_line_drawn_backwards_is_counted_from_its_end(case: str) -> None:
    road = gpd.GeoDataFrame(BACKWARDS[case], geometry=[at(BENT)], index=["R"], crs=4550)
    (one,), _ = measured_routes(road)
    assert place(one, "K0+100") == (300, 900)
    assert one.reversed_by == next(iter(BACKWARDS[case]))


def test_an_id_may_say_so_too_and_falling_m_values_do() -> None:
    assert place(route(BENT, drawn_backwards={"R"}), "K0+100") == (300, 900)
    falling = route(with_m([(0, 0, 900), (0, 300, 0)]))
    assert falling.reversed_by == "M values"
    assert place(falling, "K0+300") == (0, 200)


@pytest.mark.parametrize(
    "origin", ["K0+000 在收费站，向北", None, "POINT (500000 4550000)", "", float("nan")]
)
def test_other_words_on_the_origin_are_for_people(origin: Any) -> None:
    one = route(BENT, chainage_origin=origin)
    assert (place(one, "K0+500"), one.reversed_by) == ((300, 400), None)


def test_falling_chainages_of_a_line_drawn_backwards_are_those_of_its_ends() -> None:
    one = route(STRAIGHT, chainage_from="K9+000", chainage_to="K8+000", drawn_backwards=["R"])
    assert place(one, "K8+100") == (0, 900)


DIRECTIONS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "chainage falls": (
        STRAIGHT, {"chainage_from": "K9+000", "chainage_to": "K8+000"}, "drawn_backwards"),
    "chainage stands": (
        STRAIGHT, {"chainage_from": "K9+000", "chainage_to": "K9+000"}, "does not grow"),
    "chainage changes its letters": (
        STRAIGHT, {"chainage_from": "K9+000", "chainage_to": "DK9+900"}, "other letters"),
    "origin in the middle": (
        STRAIGHT, {"chainage_origin": "POINT (500000 4550400)"}, "400 m .* 600 m"),
    "origin is no point": (STRAIGHT, {"chainage_origin": "POINT (5e5 north)"}, "two numbers"),
    "origin of a loop": (
        "LINESTRING (0 0, 90 0, 0 70, 0 0)", {"chainage_origin": "POINT (500000 4550000)"}, "0 m"),
    "flag is a word": (STRAIGHT, {"drawn_backwards": "no"}, "true or false"),
    "flag against M": (with_m([(0, 0, 0), (0, 9, 9)]), {"drawn_backwards": True}, "contradictory"),
    "origin against flag": (
        STRAIGHT, {"drawn_backwards": True, "chainage_origin": "POINT (500000 4550000)"},
        "contradictory"),
    "M up and down": (with_m([(0, 0, 0), (0, 9, 9), (0, 12, 3)]), {}, "neither grow nor fall"),
    "M stands": (with_m([(0, 0, 0), (0, 9, 9), (0, 12, 9)]), {}, "do not grow at 9"),
    "M misses the start": (with_m([(0, 0, np.nan), (0, 9, 9), (0, 12, 12)]), {}, "both ends"),
    "M against the start": (
        with_m([(0, 0, 5), (0, 9, 14)]), {"chainage_from": "K0+000"}, "first M value is 5.000"),
    "M against the end": (
        with_m([(0, 0, 0), (0, 9, 14)]), {"chainage_from": "K0+000", "chainage_to": "K0+015"},
        "count 14.000 m.*15.000 m"),
    "second part turned": ("MULTILINESTRING ((0 0, 0 300), (0 900, 0 400))", {}, "out of order"),
    "parts swapped": ("MULTILINESTRING ((0 400, 0 900), (0 0, 0 300))", {}, "parts 1 and 2"),
    "parts of M swapped": (
        with_m([(0, 400, 400), (0, 900, 900)], [(0, 0, 0), (0, 300, 300)]), {}, "order of the"),
}  # fmt: skip


@pytest.mark.parametrize("case", DIRECTIONS)
def test_a_direction_is_never_guessed(case: str) -> None:
    line, columns, words = DIRECTIONS[case]
    with pytest.raises((RouteInvalid, EquationInvalid), match=words) as caught:
        measured_routes(layer(line, **columns))
    assert "'R'" in str(caught.value)


def test_parts_out_of_order_can_be_ordered_or_taken_as_they_are() -> None:
    line = "MULTILINESTRING ((0 400, 0 900), (0 0, 0 300), (0 900, 0 950))"
    ordered = route(line, parts="chained")
    assert [place(ordered, f"K0+{m}") for m in ("100", "350", "820")] == [
        (0, 100), (0, 450), (0, 920)]  # fmt: skip
    assert place(route(line, parts="as_drawn"), "K0+100") == (0, 500)


# --- broken chainage -------------------------------------------------------------------------

# 1000 m on the ground; the second equation starts over under other letters
EQUATIONS = broken(("K10+300", "K10+250"), ("K10+600", "K10+800"), ("K11+000", "AK0+000"))
#   design   0..300  K10+000..300 [0];  300..650 K10+250..600 [1];  650..850 K10+800..K11+000 [2];
#            850..1000 AK0+000..150 [3]


@pytest.fixture(name="line")
def broken_line() -> Route:
    return route(STRAIGHT, EQUATIONS, chainage_from="K10+000", chainage_to="AK0+150")


def test_equations_make_the_design_length(line: Route) -> None:
    assert line.design_length_m == 1000


FOUND = {
    "K10+000": 0, "K10+249": 249, "K10+301": 351, "K10+599.5": 649.5, "K10+600": 650,
    "K10+800": 650, "K10+999": 849, "K11+000": 850, "AK0+000": 850, "AK0+150": 1000,
    "K10+270 [0]": 270, "K10+270 [1]": 320, "K10+300 [0]": 300, "K10+250 [1]": 300,
    "0+100": 950,
}  # fmt: skip


@pytest.mark.parametrize("text", FOUND)
def test_a_chainage_is_found_in_its_segment(line: Route, text: str) -> None:
    assert place(line, text) == (0, FOUND[text])


@pytest.mark.parametrize(
    ("metres", "printed"),
    [
        (120, ["K10+120.000"]),
        (270, ["K10+270.000 [0]"]),
        (300, ["K10+300.000 [0]", "K10+250.000 [1]"]),
        (320, ["K10+270.000 [1]"]),
        (400, ["K10+350.000"]),
        (650, ["K10+600.000", "K10+800.000"]),
        (850, ["K11+000.000", "AK0+000.000"]),
        (900, ["AK0+050.000"]),
    ],
)
def test_a_place_has_its_name_or_both_and_a_label_where_needed(
    line: Route, metres: float, printed: list[str]
) -> None:
    assert names(line, 0, metres) == printed


NOT_FOUND: dict[str, tuple[type[GeoplanError], str]] = {
    "K10+700": (ChainageNotFound, r"short chain jumps from K10\+600.000 to K10\+800.000"),
    "K10+270": (ChainageAmbiguous, r"2 times.*K10\+270 \[0\] or K10\+270 \[1\]"),
    "K9+999": (ChainageNotFound, r"runs \[0\] K10\+000.000 to K10\+300.000; \[1\]"),
    "K11+001": (ChainageNotFound, "is not on route 'R'"),
    "AK0+151": (ChainageNotFound, "is not on route 'R'"),
    "DK0+100": (ChainageNotFound, "counts in K, AK"),
    "K10+100 [1]": (ChainageNotFound, "is not on route"),
    "K10+100 [7]": (ChainageNotFound, "segments 0, 1, 2, 3"),
    "K9+1100": (ChainageInvalid, r"counts past its kilometre.*write K10\+100"),
    "K10x": (ChainageInvalid, "is no chainage"),
}


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_is_not_there_or_twice_is_named(line: Route, text: str) -> None:
    error, words = NOT_FOUND[text]
    with pytest.raises(error, match=words):
        locate(line, text)


def test_metres_past_a_thousand_mean_the_first_of_a_long_chain() -> None:
    one = route(STRAIGHT, broken(("K12+1050", "K13+000")), chainage_from="K12+500",
                chainage_to="K13+450")  # fmt: skip
    assert one.design_length_m == 1000
    assert place(one, "K12+1020") == place(one, "K13+020 [0]") == (0, 520)
    assert place(one, "K13+020 [1]") == (0, 570)
    assert names(one, 0, 520) == ["K13+020.000 [0]"]


def test_segments_may_have_names() -> None:
    table = EQUATIONS.assign(segment_name=["long", "", "ramp"])
    one = route(STRAIGHT, table, chainage_from="K10+000", chainage_to="AK0+150")
    assert [segment.label for segment in one.segments.items] == ["0", "long", "2", "ramp"]
    assert place(one, "K10+270 [long]") == (0, 320)


def test_equations_go_with_m_values_which_count_through() -> None:
    one = route(with_m([(0, 0, 10000), (0, 400, 10800), (0, 1000, 11000)]), EQUATIONS,
                chainage_from="K10+000", chainage_to="AK0+150")  # fmt: skip
    assert place(one, "K10+270 [1]") == (0, 160)  # 320 design metres at two to a metre
    assert place(one, "AK0+100") == (0, 850)  # 950: 150 of 200 on 600 m


def test_equations_need_no_end_and_then_count_as_drawn() -> None:
    one = route(STRAIGHT, EQUATIONS.iloc[:1], chainage_from="K10+000")
    assert [str(name) for name in one.segments.all_names(one.design_length_m)] == ["K10+950.000"]


WRONG_EQUATIONS: dict[str, tuple[pd.DataFrame, str]] = {
    "an unknown route": (EQUATIONS.assign(route_id=["R", "X", "R"]), "row 2 .*'X'"),
    "no such column": (EQUATIONS.drop(columns="ahead_chainage"), "no column ahead_chainage"),
    "before the start": (broken(("K9+900", "K9+000")), "at or before K10\\+000"),
    "at the start": (broken(("K10+000", "K9+000")), "at or before"),
    "behind the end": (broken(("K10+900", "AK0+200")), "not behind its last equation"),
    "at the end": (broken(("K10+850", "AK0+150")), "not behind its last equation"),
    "not in order": (EQUATIONS.iloc[[1, 0, 2]], "at or before"),
    "nothing said": (broken(("K10+300", "10+300"), ("K11+000", "AK0+000")), "says nothing"),
    "the letters of another": (broken(("AK0+100", "K10+900")), "other letters"),
    "an end in letters never reached": (broken(("K10+300", "K10+250")), "other letters"),
    "two segments of one name": (
        EQUATIONS.assign(segment_name=["a", "b", "a"]), "two segments of one name"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_EQUATIONS)
def test_an_equation_that_cannot_be_is_refused(case: str) -> None:
    table, words = WRONG_EQUATIONS[case]
    with pytest.raises(EquationInvalid, match=words):
        route(STRAIGHT, table, chainage_from="K10+000", chainage_to="AK0+150")


def test_an_equation_behind_a_line_as_drawn_is_refused() -> None:
    with pytest.raises(EquationInvalid, match=r"1000\.000 m long and ends before"):
        route(STRAIGHT, broken(("K1+200", "K2+000")))


def test_an_equation_that_cannot_be_read_says_which() -> None:
    with pytest.raises(ChainageInvalid, match="row 1 of the equation table, route 'R', ahead"):
        route(STRAIGHT, broken(("K0+200", "2000")))


# --- stations --------------------------------------------------------------------------------


def test_a_station_tells_how_far_beside_and_on_which_side() -> None:
    one = route(BENT)
    (left,) = station(one, shapely.Point(EAST + 260, NORTH + 700))
    assert (str(left.chainage), left.side) == ("K0+800.000", "left")
    assert left.offset_m == pytest.approx(40, abs=1e-6)
    (right,) = station(one, shapely.Point(EAST + 300, NORTH + 300))
    # on the first leg, the foot of (300, 300) is 0.6 * 300 + 0.8 * 300 along
    assert (str(right.chainage), right.side) == ("K0+420.000", "right")
    assert right.offset_m == pytest.approx(60, abs=1e-6)


CORNERS = {
    "outside of a left turn": ("LINESTRING (0 0, 0 100, -80 60)", (30, 140), "right"),
    "behind a hairpin to the left": ("LINESTRING (0 0, 0 100, -9 0)", (2, 130), "right"),
    "outside of a right turn": ("LINESTRING (0 0, 0 100, 80 60)", (-30, 140), "left"),
    "behind a hairpin to the right": ("LINESTRING (0 0, 0 100, 9 0)", (-2, 130), "left"),
    "before the start, to the right": ("LINESTRING (0 0, 0 100)", (7, -20), "right"),
    "beyond the end, to the left": ("LINESTRING (0 0, 0 100)", (-7, 120), "left"),
    "straight ahead": ("LINESTRING (0 0, 0 100)", (0, 120), "on"),
    "on the line": ("LINESTRING (0 0, 0 100)", (0, 20), "on"),
}


@pytest.mark.parametrize("case", CORNERS)
def test_sides_hold_at_corners_and_ends(case: str) -> None:
    line, (x, y), side = CORNERS[case]
    (found,) = station(route(line), shapely.Point(EAST + x, NORTH + y))
    assert found.side == side


def test_all_stations_of_a_crossing_are_returned() -> None:
    loop = "LINESTRING (-400 0, 300 0, 300 200, 0 200, 0 -100)"  # crosses itself at the origin
    assert names(route(loop), 0, 0) == ["K0+400.000", "K1+400.000"]
    assert names(route(loop), 1, 0) == ["K0+401.000"]


def test_a_closed_route_starts_where_it_ends() -> None:
    ring = route("LINESTRING (0 0, 300 0, 300 400, 0 0)")
    assert names(ring, 0, 0) == ["K0+000.000", "K1+200.000"]
    assert names(ring, 300, 0) == ["K0+300.000"]


def test_a_point_as_far_from_two_places_has_both() -> None:
    assert names(route("LINESTRING (0 0, 0 100, 60 100, 60 0)"), 30, 50) == [
        "K0+050.000", "K0+130.000", "K0+210.000"][::2]  # fmt: skip


@pytest.mark.parametrize("crs", [4490, 4326, 4529, 3857])
def test_the_crs_of_the_drawing_makes_no_difference(crs: int) -> None:
    road = layer(BENT, chainage_from="K0+000", chainage_to="K1+100").to_crs(crs)
    (one,), _ = measured_routes(road)
    here = gpd.GeoSeries([locate(one, "K0+700")], crs=crs).to_crs(4550)[0]
    assert (here.x - EAST, here.y - NORTH) == pytest.approx((300, 600), abs=1e-3)
    assert [str(found.chainage) for found in station(one, locate(one, "K0+700"))] == ["K0+700.000"]


@pytest.mark.parametrize("point", [shapely.Point(), shapely.MultiPoint([(0, 0)]), at(BENT), None])
def test_a_station_is_asked_for_one_point(point: Any) -> None:
    with pytest.raises(WrongGeometryType, match="one point"):
        station(route(BENT), point)


def test_a_point_off_the_earth_is_refused() -> None:
    road = layer(BENT).to_crs(4490)
    (one,), _ = measured_routes(road)
    with pytest.raises(InvalidGeometry, match="no place on Earth"):
        station(one, shapely.Point(123, 100))
    with pytest.raises(InvalidGeometry, match="no place on Earth"):
        station(one, shapely.Point(np.inf, 41))


# --- layers that are no routes ---------------------------------------------------------------

BAD_LAYERS: dict[str, tuple[Any, type[GeoplanError]]] = {
    "no feature": (gpd.GeoDataFrame(geometry=[], crs=4550), EmptyLayer),
    "no CRS": (gpd.GeoDataFrame(geometry=[at(BENT)], index=["R"]), CrsMismatch),
    "an area": (
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 3, 4)], index=["R"], crs=4550),
        WrongGeometryType),
    "an id twice": (
        gpd.GeoDataFrame(geometry=[at(BENT)] * 2, index=["R", "R"], crs=4550), DuplicateId),
    "no length": (
        gpd.GeoDataFrame(geometry=[at("LINESTRING (3 4, 3 4)")], index=["R"], crs=4550),
        InvalidGeometry),
    "NaN": (
        gpd.GeoDataFrame(geometry=[with_nan()], index=["R"],
                         crs=4550), InvalidGeometry),
    "no place on Earth": (
        gpd.GeoDataFrame(geometry=[shapely.LineString([(123, 41), (41, 123)])], index=["R"],
                         crs=4490), InvalidGeometry),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_LAYERS)
def test_a_layer_that_cannot_be_measured_is_refused(case: str) -> None:
    road, error = BAD_LAYERS[case]
    with pytest.raises(error):
        measured_routes(road)


def test_a_length_lost_in_rounding_is_refused() -> None:
    # a valid line in degrees, whose ends are one place in the plane
    line = shapely.LineString([(123.0, 41.0), (np.nextafter(123.0, 124), 41.0)])
    road = gpd.GeoDataFrame(geometry=[line], index=["tiny"], crs=4490)
    with pytest.raises(RouteInvalid, match="'tiny' has no length"):
        measured_routes(road)


def test_routes_without_a_geometry_are_listed() -> None:
    road = gpd.GeoDataFrame(
        {"chainage_from": ["K0+000", "not looked at"]}, geometry=[at(BENT), None],
        index=["R", "N"], crs=4550,
    )  # fmt: skip
    routes, missing = measured_routes(road)
    assert ([one.route_id for one in routes], missing) == (["R"], ["N"])
    assert measured_routes(road.loc[["N"]]) == ([], ["N"])


def test_an_id_that_is_not_there_is_refused() -> None:
    with pytest.raises(FeatureNotFound, match="'Q'"):
        route(BENT, drawn_backwards=["Q"])
    with pytest.raises(BadQuery, match="collection of ids"):
        route(BENT, drawn_backwards="R")


def test_a_text_that_is_no_chainage_says_where_it_stands() -> None:
    with pytest.raises(ChainageInvalid, match="route 'R', chainage_to: 'K1' is no chainage"):
        route(BENT, chainage_from="K0+000", chainage_to="K1")
