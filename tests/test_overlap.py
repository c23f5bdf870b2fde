"""Where two layers coincide: lopsided cases checked by head, odd input, an independent oracle.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550, on the meridian, where plane areas
and reported ones agree to a few parts in 1e8.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    GeoplanError,
    InvalidGeometry,
    WrongGeometryType,
)
from geoplan.queries import overlap

EAST, NORTH = 500_000, 4_550_000
ORIGIN = np.array([EAST, NORTH], dtype=float)


def at(wkt: str) -> Any:
    """Return a shape moved to where planes are true."""
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN)


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.box(EAST + x, NORTH + y, EAST + x + wide, NORTH + y + high)


def layer(shapes: dict[Any, Any], crs: Any = 4550) -> gpd.GeoDataFrame:
    moved = [at(shape) if isinstance(shape, str) else shape for shape in shapes.values()]
    return gpd.GeoDataFrame(geometry=moved, index=list(shapes), crs=crs)


def found(left: dict[Any, Any], right: dict[Any, Any], measure: str = "area_m2") -> dict[Any, Any]:
    rows = overlap(layer(left), layer(right))
    pairs = zip(rows["left_id"], rows["right_id"], strict=True)
    return dict(zip(pairs, rows[measure], strict=True))


def metres(value: float) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-9)


PARK = rectangle(0, 0, 300, 200)

# left, right, what they share [m²]; nothing in it is symmetrical
AREAS = {
    "a corner": (PARK, rectangle(200, 150, 900, 800), 100 * 50),
    "all of the left": (PARK, rectangle(-10, -20, 400, 900), 300 * 200),
    "all of the right": (PARK, rectangle(10, 20, 40, 50), 40 * 50),
    "the same": (PARK, PARK, 300 * 200),
    "right in a corner of left, edges shared": (PARK, rectangle(0, 0, 30, 50), 30 * 50),
    "a triangle": (PARK, at("POLYGON ((0 0, 300 0, 0 400, 0 0))"), 300 * 400 / 2 - 150 * 200 / 2),
    "the hole of the right takes away": (
        PARK,
        at("POLYGON ((0 0, 900 0, 900 700, 0 700, 0 0), (200 50, 350 50, 350 90, 200 90, 200 50))"),
        300 * 200 - 100 * 40,
    ),
    "left fills the hole of the right": (
        PARK,
        at(
            "POLYGON ((-50 -60, 800 -60, 800 900, -50 900, -50 -60),"
            " (0 0, 300 0, 300 200, 0 200, 0 0))"
        ),
        None,
    ),
    "parts add up": (
        PARK,
        at(
            "MULTIPOLYGON (((-9 -9, 10 -9, 10 20, -9 20, -9 -9)),"
            " ((250 100, 280 100, 250 150, 250 100)))"
        ),
        10 * 20 + 30 * 50 / 2,
    ),
    "only an edge": (PARK, rectangle(300, 50, 10, 20), None),
    "only a corner": (PARK, rectangle(300, 200, 10, 20), None),
    "nothing, though the boxes meet": (
        at("POLYGON ((0 0, 9 0, 0 9, 0 0))"),
        at("POLYGON ((9 9, 9 5, 5 9, 9 9))"),
        None,
    ),
}


@pytest.mark.parametrize("case", AREAS)
def test_areas_share(case: str) -> None:
    left, right, shared = AREAS[case]
    assert found({"L": left}, {"R": right}) == (
        {} if shared is None else {("L", "R"): metres(shared)}
    )


@pytest.mark.parametrize("case", AREAS)
def test_areas_share_the_other_way_round(case: str) -> None:
    left, right, shared = AREAS[case]
    assert found({"R": right}, {"L": left}) == (
        {} if shared is None else {("R", "L"): metres(shared)}
    )


# a line, what of it lies in the park [m]
LINES = {
    "crossing": ("LINESTRING (-50 20, 400 20)", 300),
    "starting inside": ("LINESTRING (100 20, 100 900)", 180),
    "wholly inside": ("LINESTRING (10 10, 40 50)", 50),
    "slanting through a corner": ("LINESTRING (0 -40, 300 360)", 250),
    "along the boundary": ("LINESTRING (300 20, 300 180)", 160),
    "along the boundary and on": ("LINESTRING (300 20, 300 900)", 180),
    "touching at its end": ("LINESTRING (300 100, 700 100)", None),
    "touching a corner in passing": ("LINESTRING (250 250, 350 150)", None),
    "two parts, one inside": ("MULTILINESTRING ((10 10, 10 70), (400 0, 400 90))", 60),
    "in, out and in again": ("LINESTRING (10 190, 10 260, 40 260, 40 150)", 10 + 50),
    "inside, and touching where it comes back": ("LINESTRING (200 150, 350 150, 300 50)", 100),
    "a closed ring": ("LINEARRING (250 50, 340 50, 340 90, 250 90, 250 50)", 50 + 50 + 40),
}


@pytest.mark.parametrize("case", LINES)
@pytest.mark.parametrize("line_is_left", [True, False])
def test_a_line_lies_inside_an_area(case: str, line_is_left: bool) -> None:
    line, inside = LINES[case]
    sides = ({"line": line}, {"park": PARK})
    left, right = sides if line_is_left else reversed(sides)
    names = ("line", "park") if line_is_left else ("park", "line")
    assert found(left, right, "length_m") == ({} if inside is None else {names: metres(inside)})


def test_a_line_in_a_hole_is_not_inside() -> None:
    ring = at(
        "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (100 50, 180 50, 180 90, 100 90, 100 50))"
    )
    road = "LINESTRING (-10 60, 310 60)"
    assert found({"road": road}, {"ring": ring}, "length_m") == {("road", "ring"): metres(300 - 80)}


def test_contact_beside_a_shared_area_adds_nothing() -> None:
    # right: a block in the park's corner, joined round the outside to one on its east edge
    hook = at("POLYGON ((280 180, 320 180, 320 120, 300 120, 300 60, 340 60, 340 260, 280 260, 280 180))")  # fmt: skip  # noqa: E501
    rows = overlap(layer({"park": PARK}), layer({"hook": hook}))
    assert rows["area_m2"].tolist() == [metres(20 * 20)]
    assert rows.geometry.iloc[0].geom_type in ("Polygon", "MultiPolygon")
    assert shapely.intersection(PARK, hook).geom_type == "GeometryCollection"


def test_a_collection_of_two_pieces_and_a_contact_keeps_both_pieces() -> None:
    comb = at("POLYGON ((10 180, 40 180, 40 220, 100 220, 100 200, 150 200, 150 220, 200 220, 200 150, 260 150, 260 300, 10 300, 10 180))")  # fmt: skip  # noqa: E501
    rows = overlap(layer({"park": PARK}), layer({"comb": comb}))
    assert shapely.intersection(PARK, comb).geom_type == "GeometryCollection"
    assert rows["area_m2"].tolist() == [metres(30 * 20 + 60 * 50)]
    assert rows.geometry.iloc[0].geom_type == "MultiPolygon"
    assert rows.geometry.iloc[0].area == metres(30 * 20 + 60 * 50)


def test_a_line_with_a_point_of_contact_keeps_only_its_length() -> None:
    road = "LINESTRING (100 150, 100 250, 150 200, 200 250)"
    rows = overlap(layer({"road": road}), layer({"park": PARK}))
    assert rows["length_m"].tolist() == [metres(50)]
    assert rows.geometry.iloc[0].geom_type in ("LineString", "MultiLineString")


# Lines with lines, and points


# a line, its shared length [m] and its points with the zigzag (0 0, 100 0, 100 80, 60 80)
MEETINGS = {
    "crossing": ("LINESTRING (50 -10, 50 10)", 0, 1),
    "crossing twice": ("LINESTRING (40 -10, 110 60)", 0, 2),
    "ending on it": ("LINESTRING (20 30, 20 0)", 0, 1),
    "touching with a vertex": ("LINESTRING (10 20, 30 0, 50 20)", 0, 1),
    "end on end": ("LINESTRING (60 80, 10 90)", 0, 1),
    "along it": ("LINESTRING (-20 0, 70 0)", 70, 0),
    "along it the other way": ("LINESTRING (70 0, -20 0)", 70, 0),
    "along it and across": (
        "LINESTRING (30 0, 100 0, 100 50, 120 50, 120 90, 20 90, 20 -5)",
        120,
        1,
    ),
    "all of it": ("LINESTRING (0 0, 100 0, 100 80, 60 80)", 220, 0),
    "two parts": ("MULTILINESTRING ((10 5, 10 -5), (90 40, 130 40))", 0, 2),
    "apart": ("LINESTRING (10 10, 90 70)", None, None),
}


@pytest.mark.parametrize("case", MEETINGS)
@pytest.mark.parametrize("swap", [False, True])
def test_lines_share_stretches_and_points(case: str, swap: bool) -> None:
    line, length, points = MEETINGS[case]
    sides = [layer({"z": "LINESTRING (0 0, 100 0, 100 80, 60 80)"}), layer({"l": line})]
    rows = overlap(*(reversed(sides) if swap else sides))
    if length is None:
        assert len(rows) == 0
        return
    (row,) = rows.itertuples()
    assert row.length_m == metres(length)
    assert row.point_count == points
    assert math.isnan(row.area_m2)
    assert (row.right_ratio if swap else row.left_ratio) == metres(length / 220)
    parts = shapely.get_parts(row.geometry)
    assert sum(part.geom_type == "Point" for part in parts) == points
    assert row.geometry.length == metres(length)


# how many of the points (5 5), (0 20), (400 400) lie in or on what
HOSTS = {
    "the park, one on its edge": (PARK, 2),
    "its boundary": (PARK.boundary, 1),
    "a line through one and to another": ("LINESTRING (0 0, 5 5, 0 20)", 2),
    "a point": ("POINT (400 400)", 1),
    "points, one of them twice": ("MULTIPOINT (5 5, 5 5, 0 20, 7 7)", 2),
    "nothing": (rectangle(50, 50, 10, 10), None),
}


@pytest.mark.parametrize("case", HOSTS)
@pytest.mark.parametrize("swap", [False, True])
def test_points_are_counted_in_anything(case: str, swap: bool) -> None:
    host, count = HOSTS[case]
    sides = [{"wells": "MULTIPOINT (5 5, 0 20, 400 400)"}, {"host": host}]
    rows = overlap(*(layer(side) for side in (reversed(sides) if swap else sides)))
    assert rows["point_count"].tolist() == ([] if count is None else [count])
    assert rows[["area_m2", "length_m", "left_ratio", "right_ratio"]].isna().all(axis=None)
    if count is not None:
        assert len(shapely.get_parts(rows.geometry.iloc[0])) == count
        assert rows.geometry.iloc[0].geom_type == ("Point" if count == 1 else "MultiPoint")


def test_each_point_stands_beside_its_own_hosts() -> None:
    wells = layer({"w1": "POINT (900 9)", "w2": "POINT (10 10)", "w3": "POINT (20 150)"})
    areas = layer({"x": rectangle(0, 100, 50, 90), "p": PARK})
    pairs = overlap(wells, areas)[["left_id", "right_id"]].to_numpy().tolist()
    assert pairs == [["w2", "p"], ["w3", "p"], ["w3", "x"]]
    pairs = overlap(areas, wells)[["left_id", "right_id"]].to_numpy().tolist()
    assert pairs == [["p", "w2"], ["p", "w3"], ["x", "w3"]]


def test_a_layer_may_mix_dimensions_and_each_pair_has_its_own_measure() -> None:
    works = layer(
        {
            "pump": "POINT (10 10)",
            "pipe": "LINESTRING (10 10, 400 10)",
            "pond": rectangle(250, 0, 90, 30),
        }
    )
    rows = overlap(works, layer({"park": PARK, "road": "LINESTRING (280 -50, 280 90)"}))
    assert rows[["left_id", "right_id"]].to_numpy().tolist() == [
        ["pond", "park"],
        ["pipe", "park"],
        ["pond", "road"],
        ["pipe", "road"],
        ["pump", "park"],
    ]
    assert rows["area_m2"].tolist()[0] == metres(50 * 30)
    assert rows["length_m"].tolist()[1:4] == [metres(290), metres(30), 0]
    assert rows["point_count"].tolist()[3:] == [1, 1]
    left = [1500 / 2700, 290 / 390, math.nan, 0, math.nan]
    right = [1500 / 60_000, math.nan, 30 / 140, 0, math.nan]
    assert rows["left_ratio"].tolist() == pytest.approx(left, rel=1e-6, nan_ok=True)
    assert rows["right_ratio"].tolist() == pytest.approx(right, rel=1e-6, nan_ok=True)


def test_lines_that_cross_are_kept_whatever_the_shortest_length() -> None:
    pipes = layer({"along": "LINESTRING (0 0, 30 0)", "across": "LINESTRING (50 -9, 50 9)"})
    rows = overlap(pipes, layer({"z": "LINESTRING (0 0, 100 0)"}), min_length_m=40)
    assert rows["left_id"].tolist() == ["across"]
    assert rows.attrs["below_minimum"] == [["along", "z"]]


def test_without_geometry_the_figures_are_the_same() -> None:
    for sides in (lopsided(), (layer({"r": "LINESTRING (-9 20, 400 20)"}), layer({"p": PARK}))):
        with_it, without = overlap(*sides), overlap(*sides, geometry=False)
        assert without.geometry.isna().all()
        for name in with_it.columns[:-1]:
            assert without[name].equals(with_it[name])


# The table


def lopsided() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return two layers of unlike length whose pairs are not those of swapped positions."""
    left = layer({"A": rectangle(0, 0, 100, 100), "B": rectangle(200, 0, 50, 40)})
    right = layer(
        {
            "x": rectangle(900, 900, 5, 5),
            "y": rectangle(90, 0, 115, 10),
            "z": rectangle(0, 0, 10, 20),
        }
    )
    return left, right


def test_every_figure_stands_beside_its_own_pair_largest_first() -> None:
    rows = overlap(*lopsided())
    assert rows[["left_id", "right_id"]].to_numpy().tolist() == [["A", "z"], ["A", "y"], ["B", "y"]]
    assert rows["area_m2"].tolist() == [metres(200), metres(100), metres(50)]
    assert rows["left_ratio"].tolist() == [metres(200 / 10_000), metres(0.01), metres(50 / 2000)]
    assert rows["right_ratio"].tolist() == [metres(1), metres(100 / 1150), metres(50 / 1150)]
    assert rows["length_m"].isna().all()
    assert [shape.bounds for shape in rows.geometry] == [
        (EAST, NORTH, EAST + 10, NORTH + 20),
        (EAST + 90, NORTH, EAST + 100, NORTH + 10),
        (EAST + 200, NORTH, EAST + 205, NORTH + 10),
    ]
    assert rows.index.tolist() == [0, 1, 2]


def test_the_table_has_these_columns_even_when_nothing_is_shared() -> None:
    columns = [
        "left_id",
        "right_id",
        "area_m2",
        "length_m",
        "point_count",
        "left_ratio",
        "right_ratio",
        "geometry",
    ]
    far = layer({"far": rectangle(5000, 0, 1, 1)})
    for rows in (overlap(*lopsided()), overlap(lopsided()[0], far)):
        assert rows.columns.tolist() == columns
        assert [str(rows[name].dtype) for name in columns[2:]] == ["float64"] * 5 + ["geometry"]
    assert len(rows) == 0
    assert rows.crs == 4550


def test_lines_have_a_ratio_on_their_own_side_only() -> None:
    road, park = layer({"r": "LINESTRING (-100 20, 400 20)"}), layer({"p": PARK})
    one, other = overlap(road, park).iloc[0], overlap(park, road).iloc[0]
    assert one["left_ratio"] == other["right_ratio"] == metres(300 / 500)
    assert math.isnan(one["right_ratio"])
    assert math.isnan(other["left_ratio"])
    assert math.isnan(one["area_m2"])


def test_ties_are_ordered_by_the_ids() -> None:
    left = layer({"b": rectangle(0, 0, 10, 10), "a": rectangle(0, 0, 10, 10)})
    right = layer({"d": rectangle(0, 0, 10, 10), "c": rectangle(0, 0, 10, 10)})
    pairs = overlap(left, right)[["left_id", "right_id"]].to_numpy().tolist()
    assert pairs == [["a", "c"], ["a", "d"], ["b", "c"], ["b", "d"]]


@pytest.mark.parametrize("crs", [4490, 4529, 4326, 3857])
def test_the_answer_is_in_the_crs_of_the_layers(crs: int) -> None:
    left, right = (one.to_crs(crs) for one in lopsided())
    rows = overlap(left, right)
    assert rows.crs == crs
    assert rows["area_m2"].tolist() == [metres(200), metres(100), metres(50)]
    corner = gpd.GeoSeries([rectangle(0, 0, 10, 20)], crs=4550).to_crs(crs)
    assert rows.geometry.iloc[0].bounds == pytest.approx(corner.iloc[0].bounds, rel=1e-9)


def test_numbers_and_texts_can_be_ids() -> None:
    left = layer({12: rectangle(0, 0, 10, 10), 7: rectangle(5, 0, 10, 10)})
    rows = overlap(left, layer({"x": rectangle(8, 0, 3, 3)}))
    assert rows[["left_id", "right_id"]].to_numpy().tolist() == [[7, "x"], [12, "x"]]


def test_other_columns_and_names_of_the_geometry_do_not_matter() -> None:
    left, right = lopsided()
    left = left.assign(area_m2="mine", left_id=1).rename_geometry("shape")
    right = right.assign(geometry_2="theirs").rename_geometry("geom")
    rows = overlap(left, right)
    assert rows["area_m2"].tolist() == overlap(*lopsided())["area_m2"].tolist()
    assert rows.geometry.name == "geometry"


def test_inputs_are_not_modified() -> None:
    left, right = lopsided()
    left.loc["none", "geometry"] = None
    before = left.copy(deep=True), right.copy(deep=True)
    overlap(left, right, min_area_m2=60)
    for now, then in zip((left, right), before, strict=True):
        assert now.equals(then)
        assert now.columns.tolist() == then.columns.tolist()
        assert now.attrs == then.attrs


# What is left out is listed


@pytest.mark.parametrize(
    ("minimum", "kept", "dropped"),
    [
        (0, ["Az", "Ay", "By"], []),
        (60, ["Az", "Ay"], [["B", "y"]]),
        (150, ["Az"], [["A", "y"], ["B", "y"]]),
        (1e9, [], [["A", "z"], ["A", "y"], ["B", "y"]]),
    ],
)
def test_areas_below_the_minimum_are_listed(
    minimum: float, kept: list[str], dropped: list[list[str]]
) -> None:
    rows = overlap(*lopsided(), min_area_m2=minimum, min_length_m=1e9)
    assert (rows["left_id"] + rows["right_id"]).tolist() == kept
    assert rows.attrs["below_minimum"] == dropped


def test_lengths_below_the_minimum_are_listed() -> None:
    roads = layer({"long": "LINESTRING (0 9, 90 9)", "short": "LINESTRING (0 5, 20 5)"})
    rows = overlap(roads, layer({"p": PARK}), min_length_m=50, min_area_m2=1e9)
    assert rows["left_id"].tolist() == ["long"]
    assert rows.attrs["below_minimum"] == [["short", "p"]]


def test_the_minimum_itself_is_kept() -> None:
    left, right = lopsided()
    exact = float(overlap(left, right)["area_m2"].min())
    assert len(overlap(left, right, min_area_m2=exact)) == 3
    assert len(overlap(left, right, min_area_m2=np.nextafter(exact, 1e9))) == 2


def test_features_without_a_place_are_listed_and_the_others_measured() -> None:
    left, right = lopsided()
    left.loc["null"] = [None]
    right = right.iloc[::-1]
    right.loc["empty"] = [shapely.Polygon()]
    rows = overlap(left, right)
    assert rows["area_m2"].tolist() == [metres(200), metres(100), metres(50)]
    assert rows.attrs["no_geometry"] == {"left": ["null"], "right": ["empty"]}


@pytest.mark.parametrize("nowhere", [None, shapely.Polygon(), shapely.Point()])
def test_a_layer_with_no_place_at_all_has_no_overlaps(nowhere: Any) -> None:
    blank, park = layer({4: nowhere}), layer({"p": PARK})
    assert overlap(blank, park).attrs["no_geometry"] == {"left": [4], "right": []}
    assert overlap(park, blank).attrs["no_geometry"] == {"left": [], "right": [4]}
    assert len(overlap(blank, blank)) == len(overlap(park, blank)) == 0


def test_the_measuring_planes_are_named() -> None:
    assert overlap(*lopsided()).attrs["measuring_planes"] == ["EPSG:4550"]


# What is refused


def test_a_collection_is_refused_by_its_id() -> None:
    mixed = layer({"p": PARK, "c": "GEOMETRYCOLLECTION (POINT (1 1))"})
    for left, right, side in (
        (mixed, layer({"p": PARK}), "left"),
        (layer({"p": PARK}), mixed, "right"),
    ):
        with pytest.raises(WrongGeometryType, match=f"{side} holds .*feature 'c': split"):
            overlap(left, right)


@pytest.mark.parametrize("minimum", [-1, -1e-12, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["min_area_m2", "min_length_m"])
def test_a_minimum_is_a_finite_number_from_zero(name: str, minimum: float) -> None:
    with pytest.raises(BadQuery, match=name):
        overlap(*lopsided(), **{name: minimum})  # type: ignore[arg-type]


def broken(kind: str) -> Any:
    with np.errstate(invalid="ignore"):
        return at(
            {
                "a bow tie": "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))",
                "a hole outside": "POLYGON ((0 0, 9 0, 0 9, 0 0), (90 90, 95 90, 90 95, 90 90))",
                "parts that overlap": "MULTIPOLYGON (((0 0, 9 0, 0 9, 0 0)), ((1 1, 9 1, 1 9, 1 1)))",  # noqa: E501
                "a NaN in an area": "POLYGON ((0 0, 9 NaN, 0 9, 0 0))",
                "a NaN in a line": "LINESTRING (0 0, 9 NaN)",
                "a line of no length": "LINESTRING (5 5, 5 5)",
            }[kind]
        )


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("a bow tie", "Self-intersection[500005 4550005]"),
        ("a hole outside", "Hole lies outside shell[500090 4550090]"),
        ("parts that overlap", "[500001 45500"),
        ("a NaN in an area", "Invalid Coordinate[500009 nan]"),
        ("a NaN in a line", "Invalid Coordinate[500009 nan]"),
        ("a line of no length", "Too few points in geometry component[500005 4550005]"),
    ],
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_an_invalid_geometry_is_refused_by_id_and_place(kind: str, place: str, side: str) -> None:
    good, bad = layer({"p": PARK}), layer({31: rectangle(0, 0, 1, 1), 32: broken(kind)})
    with pytest.raises(InvalidGeometry) as refusal:
        overlap(bad, good) if side == "left" else overlap(good, bad)
    assert f"feature 32 of {side} is not a valid geometry" in str(refusal.value)
    assert place.lower() in str(refusal.value).lower()
    assert "1 such" in str(refusal.value)


def doubled(ids: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[PARK] * len(ids), index=ids, crs=4550)


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        (layer({}), EmptyLayer, "has no features"),
        (doubled(["a", "b", "b"]), DuplicateId, "have the id 'b'"),
        (doubled([1, 2, 2]), DuplicateId, "have the id 2"),
        (doubled(["a", None]), DuplicateId, "has no id"),
        (layer({"p": PARK}, None), CrsMismatch, "has no CRS"),
        (layer({"p": PARK}, 4549), CrsMismatch, "different CRS"),
        (layer({"p": PARK}, 4529), CrsMismatch, "different CRS"),
    ],
    ids=["empty", "same text id", "same number id", "no id", "no CRS", "CRS", "CRS prefix"],
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_bad_layers_are_refused(
    bad: gpd.GeoDataFrame, error: type[GeoplanError], words: str, side: str
) -> None:
    good = layer({"p": PARK})
    with pytest.raises(error, match=words):
        overlap(bad, good) if side == "left" else overlap(good, bad)


# An oracle that shares no code of ours


def scattered(seed: int, count: int, size: float, spread: float, prefix: str) -> gpd.GeoDataFrame:
    """Return lopsided polygons: thirds of them triangles, with a hole, in two parts."""
    random = np.random.default_rng(seed)
    shapes = {}
    for number in range(count):
        x, y = random.uniform(0, spread, 2)
        spans = random.uniform(0.2, 1, 5) * size
        angles = np.sort(random.uniform(0, 2 * np.pi, 5))
        hull = shapely.MultiPoint(
            np.column_stack([x + spans * np.cos(angles), y + spans * np.sin(angles)])
        ).convex_hull
        match number % 3:
            case 1:
                hull = hull.difference(shapely.affinity.scale(hull, 0.4, 0.3))
            case 2:
                away = shapely.affinity.translate(hull, 2.2 * size, 0.3 * size)
                hull = shapely.union_all([hull, away])
        shapes[f"{prefix}{number}"] = shapely.affinity.translate(hull, EAST, NORTH)
    return layer(shapes)


@pytest.mark.parametrize("seed", range(4))
def test_random_layers_share_what_geopandas_overlay_says(seed: int) -> None:
    left = scattered(seed, 40, 150, 1500, "L")
    right = scattered(seed + 100, 25, 260, 1500, "R")
    rows = overlap(left, right)
    overlaid = gpd.overlay(
        left.rename_axis("left_id").reset_index(),
        right.rename_axis("right_id").reset_index(),
        how="intersection",
    )
    expected = overlaid.dissolve(["left_id", "right_id"]).area
    ours = rows.set_index(["left_id", "right_id"])["area_m2"]
    assert len(ours) > 40
    assert ours.to_dict() == pytest.approx(expected.to_dict(), rel=1e-6, abs=1e-6)
    left_area, right_area = left.area, right.area
    for row in rows.itertuples():
        assert row.left_ratio == pytest.approx(row.area_m2 / left_area[row.left_id], rel=1e-6)
        assert row.right_ratio == pytest.approx(row.area_m2 / right_area[row.right_id], rel=1e-6)
        assert row.geometry.area == pytest.approx(row.area_m2, rel=1e-6, abs=1e-6)
    assert rows["area_m2"].is_monotonic_decreasing


def test_random_lines_lie_inside_what_shapely_says() -> None:
    areas = scattered(7, 30, 200, 1500, "A")
    random = np.random.default_rng(8)
    points = random.uniform(0, 1500, (12, 4, 2)) + ORIGIN
    lines = layer({f"r{number}": shapely.LineString(path) for number, path in enumerate(points)})
    ours = overlap(lines, areas).set_index(["left_id", "right_id"])["length_m"].to_dict()
    expected = {
        (line_id, area_id): shared
        for line_id, line in lines.geometry.items()
        for area_id, area in areas.geometry.items()
        if (shared := line.intersection(area).length) > 0
    }
    assert len(ours) > 40
    assert ours == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("turn", [False, True], ids=["left has the hole", "right has the hole"])
def test_an_area_over_a_whole_hole_shares_what_is_round_it(turn: bool) -> None:
    # boundaries that do not cross: the plot lies in the shell, the hole in the plot
    east, north = 500_000, 4_550_000
    hole = shapely.box(east + 40, north + 50, east + 60, north + 60).exterior.coords
    shell = shapely.box(east, north, east + 100, north + 110).exterior.coords
    ring = gpd.GeoDataFrame(geometry=[shapely.Polygon(shell, [hole])], index=["Z"], crs=4550)
    plot = gpd.GeoDataFrame(
        geometry=[shapely.box(east + 30, north + 45, east + 70, north + 75)], index=["P"], crs=4550
    )
    (row,) = (overlap(plot, ring) if turn else overlap(ring, plot)).itertuples()
    assert row.area_m2 == pytest.approx(40 * 30 - 20 * 10, rel=1e-6)
    assert row.geometry.area == pytest.approx(1000, rel=1e-6)
