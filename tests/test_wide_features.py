"""Features wider than a plane: cut at the zone borders, their parts adding up to what Geod says."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import Geod

from geoplan import meridians
from geoplan.crs import MeasuringPlane, planes_of, whole_measure
from geoplan.queries import coverage, overlap

GRS80 = Geod(ellps="GRS80")


def layer(shapes: dict[Any, Any], crs: Any = 4490) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=crs)


def province() -> Any:
    """Return a lopsided province of 7° with a lake across a border; edges of about a kilometre."""
    angle = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    reach = 1 + 0.15 * np.sin(5 * angle) + 0.1 * np.cos(2 * angle)
    shore = np.column_stack([122.1 + 2.9 * np.cos(angle) * reach, 41 + 1.7 * np.sin(angle) * reach])
    lake = np.column_stack([124.45 + 0.2 * np.cos(angle), 41.2 + 0.1 * np.sin(angle)])[::30]
    return shapely.Polygon(shore, [lake])


def geod_area(polygon: Any) -> float:
    """Return the area by geodesics, whichever way the rings turn."""
    rings = [polygon.exterior, *polygon.interiors]
    sizes = [abs(GRS80.geometry_area_perimeter(shapely.Polygon(ring))[0]) for ring in rings]
    return sizes[0] - sum(sizes[1:])


def test_a_province_has_the_area_and_the_length_that_geod_says() -> None:
    shape = province()
    assert shape.bounds[2] - shape.bounds[0] > 6.2
    area = whole_measure(layer({"LN": shape}), MeasuringPlane.area_m2)
    assert area == pytest.approx([geod_area(shape)], rel=1e-9)
    shore = layer({"far": shapely.LineString([(130, 40), (130.001, 40)]), "LN": shape.boundary})
    length = whole_measure(shore, MeasuringPlane.length_m)
    assert length[1] == pytest.approx(GRS80.geometry_length(shape.boundary), rel=1e-9)


@pytest.mark.parametrize("crs", [4326, 4550, 4524])  # degrees, the middle plane, a 6-degree zone
def test_the_crs_of_the_layer_does_not_matter(crs: int) -> None:
    shape = province()
    area = whole_measure(layer({1: shape}).to_crs(crs), MeasuringPlane.area_m2)
    assert area == pytest.approx([geod_area(shape)], rel=1e-8)


def test_long_edges_bend_at_the_border_only() -> None:
    # a strip of 1 km from 122° to 126°: its edges are straight in either plane, 210 and 126 km
    strip = shapely.box(122, 41, 126, 41.009)
    (west, ours, _), (east, theirs, _) = planes_of(layer({1: strip}))
    assert (west.name, east.name) == ("EPSG:4550", "EPSG:4551")
    # all corners but four lie on the cut
    for part, side in ((ours.geometries[0], "west"), (theirs.geometries[0], "east")):
        x = np.sort(shapely.get_coordinates(part)[:-1, 0])
        off_the_cut = x[:2] if side == "west" else x[-2:]
        assert abs(off_the_cut - np.median(x)).min() > 100_000
        assert np.ptp(np.delete(x, [0, 1] if side == "west" else [-2, -1])) < 30
    geodesic = GRS80.geometry_area_perimeter(strip)[0]
    added = west.area_m2(ours.geometries) + east.area_m2(theirs.geometries)
    assert added == pytest.approx([geodesic], rel=1e-4)


def test_the_place_of_a_cut_is_on_the_geodesic_between_the_ends() -> None:
    edge = shapely.LineString([(123.9, 40.2), (125.3, 41.7)])
    (bent,) = meridians.bent(np.array([edge], dtype=object), [124.5], GRS80)
    start, cut, end = bent.coords
    assert cut[0] == 124.5
    assert GRS80.geometry_length(bent) == pytest.approx(GRS80.geometry_length(edge), abs=1e-6)
    forth, _, _ = GRS80.inv(*start, *end)
    assert GRS80.inv(*start, *cut)[0] == pytest.approx(forth, abs=1e-9)


def test_an_edge_over_several_borders_is_cut_in_order_either_way() -> None:
    edge = shapely.LineString([(117.2, 40.2), (125.3, 41.7)])
    there, back = (
        meridians.bent(np.array([one], dtype=object), [118.5, 121.5, 124.5], GRS80)[0]
        for one in (edge, edge.reverse())
    )
    assert [x for x, _ in there.coords] == [117.2, 118.5, 121.5, 124.5, 125.3]
    assert np.array(back.coords)[::-1] == pytest.approx(np.array(there.coords), abs=1e-10)


@pytest.mark.parametrize(
    ("wkt", "west", "east"),
    [
        ("LINESTRING (124 41, 124.5 41, 124.5 42, 124 42)", 42_055 + 41_420, 111_058),
        ("MULTIPOINT (124 41, 124.5 41, 125 41)", 1, 2),
        ("POLYGON ((124.5 41, 124.6 41, 124.6 41.1, 124.5 41.1, 124.5 41))", 0, 8411 * 11_105),
    ],
)
def test_what_lies_on_a_border_belongs_to_the_east_alone(wkt: str, west: int, east: int) -> None:
    shape = np.array([shapely.from_wkt(wkt)], dtype=object)
    for strip, expected in (((121.5, 124.5), west), ((124.5, 127.5), east)):
        (part,) = meridians.between(shape, *strip)
        match wkt[:5]:
            case "LINES":
                size = GRS80.geometry_length(part)
            case "MULTI":
                size = len(shapely.get_parts(part))
            case _:
                size = abs(GRS80.geometry_area_perimeter(part)[0])
        assert size == pytest.approx(expected, rel=2e-3)


# What comes with them


def met(left: gpd.GeoDataFrame, *others: gpd.GeoDataFrame, **how: Any) -> list[list[list[Any]]]:
    return [
        [sorted(part.ids.tolist()) for part in (ours, *theirs)]
        for _, ours, theirs in planes_of(left, *others, **how)
    ]


def test_others_come_with_each_part_they_may_meet() -> None:
    river = layer({"river": shapely.LineString([(119, 41), (123, 41.2), (126, 41.5)])})
    bridges = layer({lon: shapely.Point(lon, 41.2).buffer(0.2) for lon in (119.5, 121.5, 125.0)})
    assert met(river, bridges) == [
        [["river"], [119.5, 121.5]],
        [["river"], [121.5]],
        [["river"], [125.0]],
    ]


def test_wide_others_are_clipped_to_what_can_matter() -> None:
    town = layer(
        {"west": shapely.box(119.9, 41, 120, 41.1), "east": shapely.box(125, 41, 125.1, 42)}
    )
    wide = layer({"LN": province()})
    for plane, _, (theirs,) in planes_of(town, wide):
        east = theirs.geometries[0].bounds[2] - 500_000
        west = theirs.geometries[0].bounds[0] - 500_000
        assert max(abs(east), abs(west)) < 150_000, plane.name
        assert theirs.is_part.tolist() == [True]


@pytest.mark.parametrize(("margin_m", "found"), [(0, []), (700, []), (1100, ["near"])])
def test_others_within_the_margin_come_too(margin_m: float, found: list[str]) -> None:
    # 0.012° of longitude at 42° N are 994 m, and boxes are grown by a hundredth of their size
    here = layer({"here": shapely.box(122, 41.9, 122.01, 42), "far": shapely.box(127, 40, 128, 41)})
    there = layer({"near": shapely.box(122.022, 41.9, 122.023, 42)})
    assert met(here, there, margin_m=margin_m)[0] == [["here"], found]


def test_the_window_grows_with_the_margin() -> None:
    here = layer(
        {"here": shapely.box(124.5, 41, 124.6, 41.01), "far": shapely.box(119, 40, 120, 41)}
    )
    line = layer({"line": shapely.LineString([(110, 41), (135, 41.5)])})
    reach = []
    for margin_m in (0.0, 200_000.0):
        *_, (_, _, (theirs,)) = planes_of(here, line, margin_m=margin_m)
        reach.append(theirs.geometries[0].bounds)
    assert reach[1][2] - reach[0][2] > 200_000
    assert reach[0][0] - reach[1][0] > 200_000


# Questions over several zones


def lots(count: int, seed: int) -> gpd.GeoDataFrame:
    """Return lopsided quadrangles of up to 1 km around the border at 124.5°, some across it."""
    random = np.random.default_rng(seed)
    corners = np.array([(0, 0), (1, 0.2), (0.8, 1), (0.1, 0.7)]) * (0.012, 0.009)
    places = np.column_stack(
        [random.uniform(124.47, 124.52, count), random.uniform(41, 41.03, count)]
    )
    shapes = {
        f"{seed}-{n}": shapely.Polygon(place + corners * random.uniform(0.5, 1, (4, 2)))
        for n, place in enumerate(places)
    }
    return layer(shapes | {f"{seed}-far": shapely.box(119, 41, 119.01, 41.01)})


def test_pairs_near_a_border_are_symmetric() -> None:
    left, right = lots(30, 1), lots(25, 2)
    there = overlap(left, right).set_index(["left_id", "right_id"])
    back = overlap(right, left).set_index(["right_id", "left_id"])
    assert len(there) > 30
    assert there["area_m2"].to_dict() == pytest.approx(
        back["area_m2"].to_dict(), rel=1e-9, abs=1e-5
    )
    assert there["left_ratio"].to_dict() == pytest.approx(
        back["right_ratio"].to_dict(), rel=1e-9, abs=1e-9
    )
    assert len(set(there.attrs["measuring_planes"])) == 3


def test_pairs_across_a_border_have_the_area_that_geod_says() -> None:
    left, right = lots(30, 1), lots(25, 2)
    for row in overlap(left, right).itertuples():
        both = left.geometry[row.left_id].intersection(right.geometry[row.right_id])
        # edges in degrees, geodesics and edges in the plane differ by 1 cm in a kilometre
        assert row.area_m2 == pytest.approx(geod_area(both), rel=1e-4, abs=5)
        assert shapely.get_num_geometries(row.geometry) == shapely.get_num_geometries(both)
        assert row.geometry.is_valid
        assert row.geometry.symmetric_difference(both).area < 5e-9  # 1 cm along 4 km


def test_a_province_shares_with_its_counties_what_they_have_and_they_add_up() -> None:
    shape = province()
    counties = layer(
        {
            (x, y): shapely.segmentize(shapely.box(x, y, x + 1.7, y + 1.1), 0.01)
            for x in np.arange(118, 127, 1.7)
            for y in np.arange(38.5, 44, 1.1)
        }
    )
    counties.index = [f"{x:.1f} {y:.1f}" for x, y in counties.index]
    rows = overlap(layer({"LN": shape}), counties)
    assert rows["left_id"].unique().tolist() == ["LN"]
    assert not rows.duplicated(["left_id", "right_id"]).any()
    assert rows["area_m2"].sum() == pytest.approx(geod_area(shape), rel=1e-8)
    assert rows["left_ratio"].sum() == pytest.approx(1, rel=1e-8)
    inside = rows[rows["right_ratio"] > 1 - 1e-9]["right_id"]
    assert len(inside) >= 2
    for name in inside:
        assert shape.buffer(1e-3).contains(counties.geometry[name])
    other_way = overlap(counties, layer({"LN": shape})).set_index("left_id")["area_m2"]
    assert rows.set_index("right_id")["area_m2"].to_dict() == pytest.approx(
        other_way.to_dict(), rel=1e-9, abs=1e-2
    )


def test_the_hand_cut_parts_of_a_wide_feature_add_up_to_it() -> None:
    shape = province()
    (bent,) = meridians.bent(np.array([shape], dtype=object), [121.5, 124.5], GRS80)
    strips = [(115, 121.5), (121.5, 124.5), (124.5, 130)]
    hand_cut = layer({n: meridians.between(np.array([bent]), *s)[0] for n, s in enumerate(strips)})
    lake = layer({"lake": shapely.segmentize(shapely.box(121, 40.5, 124.9, 41.4), 0.01)})
    whole = overlap(layer({"LN": shape}), lake)["area_m2"].sum()
    parts = overlap(hand_cut, lake)["area_m2"]
    assert len(parts) == 3
    assert parts.sum() == pytest.approx(whole, rel=1e-10)


def test_lines_that_meet_on_a_cut_meet_once() -> None:
    gas = layer(
        {
            "gas": shapely.LineString([(118, 41), (124.5, 41.5), (126.5, 41.1)]),
            "b": shapely.Point(110, 41),
        }
    )
    rail = layer(
        {
            "at a vertex on the cut": shapely.LineString([(124.3, 41), (124.5, 41.5), (124.9, 42)]),
            "along and across": shapely.LineString(
                [(124.0, 41.9), (124.5, 41.5), (126.5, 41.1), (126.5, 41.6)]
            ),
            "elsewhere twice": shapely.LineString([(121, 40), (121, 42), (126, 42), (126, 41)]),
        }
    )
    rows = overlap(gas, rail).set_index("right_id")
    assert rows["point_count"].to_dict() == {
        "at a vertex on the cut": 1,
        "along and across": 0,
        "elsewhere twice": 2,
    }
    stretch = GRS80.line_length([124.5, 126.5], [41.5, 41.1])
    assert rows["length_m"].to_dict() == pytest.approx(
        {"at a vertex on the cut": 0, "along and across": stretch, "elsewhere twice": 0}, rel=1e-6
    )


def test_edges_that_cross_on_a_border_between_their_ends_meet_once() -> None:
    # both cross 124.5° where the geodesics of mirrored ends meet: at the same place
    one = layer({"a": shapely.LineString([(122, 41), (127, 41)])})
    other = layer({"b": shapely.LineString([(122, 41.3), (127, 41.3)])})
    middle = meridians.bent(one.geometry.to_numpy(), [124.5], GRS80)[0].coords[1]
    ends = [GRS80.fwd(middle[0], middle[1], way, 60_000)[:2] for way in (30, 210)]
    other.loc["c"] = [shapely.LineString(ends)]
    assert overlap(one, other)[["right_id", "point_count"]].to_numpy().tolist() == [["c", 1]]


def test_a_pipeline_over_three_zones_has_the_length_that_geod_says() -> None:
    x = np.linspace(118.2, 126.1, 800)
    pipe = shapely.LineString(np.column_stack([x, 41 + 0.4 * np.sin(3 * x)]))
    rows = overlap(layer({"pipe": pipe}), layer({"LN": province()}))
    inside = pipe.intersection(province())
    assert rows["length_m"].tolist() == [pytest.approx(GRS80.geometry_length(inside), rel=1e-6)]
    assert rows["left_ratio"].tolist() == [
        pytest.approx(GRS80.geometry_length(inside) / GRS80.geometry_length(pipe), rel=1e-6)
    ]
    assert math.isnan(rows["right_ratio"].iloc[0])


@pytest.mark.parametrize("by_group", [None, "kind"])
def test_wide_zones_are_covered_and_their_gaps_add_up(by_group: str | None) -> None:
    shape = province()
    zones = layer({"LN": shape, "far": shapely.box(130, 44, 130.01, 44.01)}).assign(kind=["p", "t"])
    park = shapely.segmentize(shapely.box(121, 40.5, 125.1, 41.4), 0.01)
    rows = coverage(zones, layer({"park": park}), by_group=by_group)
    assert rows["zone_id"].tolist() == (["LN", "far"] if by_group is None else ["p", "t"])
    assert rows["zone_area_m2"].iloc[0] == pytest.approx(geod_area(shape), rel=1e-8)
    assert rows["covered_area_m2"].iloc[0] == pytest.approx(
        geod_area(shape.intersection(park)), rel=1e-6
    )
    added = rows["covered_area_m2"] + rows["gap_area_m2"]
    assert added.to_numpy() == pytest.approx(rows["zone_area_m2"].to_numpy(), rel=1e-9)
    assert rows.geometry.iloc[0].is_valid
    drawn = rows.geometry.iloc[0].symmetric_difference(shape.difference(park)).area
    assert drawn < 1e-4  # square degrees


def test_small_gaps_of_a_wide_zone_are_measured_over_the_border() -> None:
    zone = shapely.segmentize(shapely.box(120.2, 41, 126.8, 41.5), 0.01)
    hole = shapely.box(124.49, 41.2, 124.51, 41.21)  # 1.86 km², in halves across the border
    cover = shapely.box(120, 40.8, 127, 41.7).segmentize(0.01).difference(hole)
    geodesic = abs(GRS80.geometry_area_perimeter(hole)[0])
    for minimum, small in ((geodesic * 0.9, 0), (geodesic * 1.1, 1)):
        found = coverage(layer({1: zone}), layer({1: cover}), min_gap_m2=minimum)
        assert found["small_gap_count"].tolist() == [small]
        assert found["gap_area_m2"].tolist() == [pytest.approx(geodesic, rel=1e-4)]
