"""Which plane measures what, and what is refused."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod

from geoplan.crs import MeasuringPlane, plane_at, planes_of, reproject, shared_crs, to_lonlat
from geoplan.errors import CrsMismatch, FeatureTooWide, InvalidGeometry
from geoplan.queries import coverage, overlap

ENGINEERING = CRS.from_wkt(
    'ENGCRS["site grid",EDATUM["a nail"],CS[Cartesian,2],'
    'AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)


def layer(shapes: dict[str, Any], crs: Any = 4490) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=crs)


def parcel(lon: float, lat: float = 41.0, wide: float = 0.01, high: float = 0.004) -> Any:
    return shapely.box(lon, lat, lon + wide, lat + high)


def projected(plane: MeasuringPlane, crs: Any, lon: float, lat: float) -> tuple[float, float]:
    (point,) = plane.project(np.array([shapely.Point(lon, lat)], dtype=object), CRS(crs))
    return point.x, point.y


@pytest.mark.parametrize("crs", [4490, 4529, 4550, 4326, 3857, 32651, "EPSG:4326+5773"])
def test_anshan_is_measured_in_epsg_4550(crs: Any) -> None:
    assert plane_at(CRS(crs), 122.99, 41.11).name == "EPSG:4550"


@pytest.mark.parametrize("crs", [4490, 4529, 4550, 4326, 3857])
def test_a_layer_in_anshan_is_measured_in_epsg_4550(crs: int) -> None:
    parcels = layer({"a": parcel(122.99, 41.11)}).to_crs(crs)
    assert [plane.name for plane, _, _ in planes_of(parcels)] == ["EPSG:4550"]


@pytest.mark.parametrize("meridian", range(75, 136, 3))
def test_each_chinese_zone_has_its_epsg_code(meridian: int) -> None:
    epsg = 4534 + (meridian - 75) // 3
    lat = 47.0 if meridian >= 126 else 38.0  # land of China in every zone
    plane = plane_at(CRS(4490), meridian + 0.3 if meridian < 135 else 134.2, lat)
    assert plane.name == f"EPSG:{epsg}"
    assert plane.crs.name == f"CGCS2000 / 3-degree Gauss-Kruger CM {meridian}E"
    assert plane.meridian == meridian


def test_a_known_point_of_anshan_has_its_known_coordinates() -> None:
    plane = plane_at(CRS(4490), 122.99, 41.11)
    east, north = projected(plane, 4490, 122.99, 41.11)
    assert east == pytest.approx(499_160.05, abs=0.005)
    assert north == pytest.approx(4_552_789.39, abs=0.005)


def test_wgs84_and_cgcs2000_are_the_same_place() -> None:
    plane = plane_at(CRS(4490), 122.99, 41.11)
    wgs84, cgcs2000 = (projected(plane, crs, 122.99, 41.11) for crs in (4326, 4490))
    assert wgs84 == pytest.approx(cgcs2000, abs=0.001)


@pytest.mark.parametrize(
    ("lon", "meridian"),
    [(124.49, 123), (124.51, 126), (121.51, 123), (121.49, 120), (-71.11, -72), (-0.1, 0)],
)
def test_the_meridian_is_the_nearest_divisible_by_three(lon: float, meridian: float) -> None:
    assert plane_at(CRS(4490), lon, 41).meridian == meridian


@pytest.mark.parametrize(
    ("crs", "lon", "lat", "meridian", "axis_m"),
    [
        (4326, -71.11, 42.37, -72, 6_378_137.0),  # Cambridge, Massachusetts
        (4326, 151.21, -33.87, 150, 6_378_137.0),  # Sydney
        (4269, -71.11, 42.37, -72, 6_378_137.0),  # NAD 83
        (4610, 122.99, 41.11, 123, 6_378_140.0),  # Xi'an 1980
        (4214, 122.99, 41.11, 123, 6_378_245.0),  # Beijing 1954
        (2431, 105.20, 35.00, 105, 6_378_245.0),  # Beijing 1954 / 3-degree Gauss-Krüger
    ],
)
def test_elsewhere_a_transverse_mercator_on_the_layers_own_ellipsoid(
    crs: int, lon: float, lat: float, meridian: float, axis_m: float
) -> None:
    plane = plane_at(CRS(crs), lon, lat)
    conversion = plane.crs.coordinate_operation
    assert conversion is not None
    parameters = {one.name: float(one.value) for one in conversion.params}
    assert conversion.method_name == "Transverse Mercator"
    assert parameters["Longitude of natural origin"] == plane.meridian == meridian
    assert parameters["Scale factor at natural origin"] == 1
    assert parameters["False easting"] == 500_000
    assert parameters["False northing"] == 0
    assert plane.crs.ellipsoid is not None
    assert plane.crs.ellipsoid.semi_major_metre == axis_m
    assert plane.name.startswith(f"transverse Mercator at {meridian}°")


@pytest.mark.parametrize(
    ("crs", "ellps"), [(4610, "IAU76"), (4214, "krass"), (4326, "WGS84"), (4490, "WGS84")]
)
def test_no_datum_is_shifted(crs: int, ellps: str) -> None:
    plane = plane_at(CRS(crs), 122.99, 41.11)
    east, north = projected(plane, crs, 123.0, 41.11)
    own = Geod(a=6_378_140.0, rf=298.257) if crs == 4610 else Geod(ellps=ellps)
    arc = own.line_length([123.0, 123.0], [0.0, 41.11])
    assert east == pytest.approx(500_000.0, abs=1e-4)
    assert north == pytest.approx(arc, abs=2e-3)


def test_areas_south_of_the_equator_are_right() -> None:
    here = parcel(151.2, -33.9)
    found = overlap(layer({"a": here}, 4326), layer({"b": parcel(151.19, -33.9, 0.012)}, 4326))
    geod = Geod(ellps="WGS84")
    shared, _ = geod.geometry_area_perimeter(parcel(151.2, -33.9, 0.002))
    assert found["area_m2"].tolist() == [pytest.approx(shared, rel=1e-5)]


def test_lonlat_of_a_layer_keeps_its_datum_and_its_values() -> None:
    beijing = layer({"a": shapely.Point(500_000, 4_550_000)}, 2437)
    assert to_lonlat(beijing).crs == CRS(4214)
    assert CRS(2437).name == "Beijing 1954 / 3-degree Gauss-Kruger CM 120E"
    assert to_lonlat(beijing).geometry.iloc[0].x == pytest.approx(120.0, abs=1e-9)
    already = layer({"a": parcel(123)})
    assert to_lonlat(already) is already


def test_there_and_back_is_the_same_place() -> None:
    box = np.array([shapely.box(498_000, 4_549_000, 503_000, 4_550_500)], dtype=object)
    back = reproject(reproject(box, CRS(4550), CRS(4490)), CRS(4490), CRS(4550))
    assert shapely.equals_exact(back[0], box[0], tolerance=1e-6)


# What is refused


def test_a_layer_without_crs_is_refused() -> None:
    with pytest.raises(CrsMismatch, match="has no CRS"):
        shared_crs(layer({"a": parcel(123)}), layer({"b": parcel(123)}, None))


def test_layers_in_two_crs_are_refused_by_their_names() -> None:
    names = "China Geodetic Coordinate System 2000 and WGS 84: reproject"
    with pytest.raises(CrsMismatch, match=names):
        shared_crs(layer({"a": parcel(123)}), layer({"b": parcel(123)}, 4326))


@pytest.mark.parametrize("crs", [ENGINEERING, 4978], ids=["engineering", "geocentric"])
def test_a_crs_without_a_map_of_the_earth_is_refused(crs: Any) -> None:
    one = layer({"a": parcel(123)}, crs)
    with pytest.raises(CrsMismatch, match="georeference"):
        overlap(one, one)
    with pytest.raises(CrsMismatch, match="georeference"):
        to_lonlat(one)


def test_what_spans_a_quarter_of_the_earth_is_refused_by_its_id() -> None:
    shapes = {"fits": parcel(122.9), "dateline": shapely.box(-179.0, 41.0, 178.5, 41.01)}
    with pytest.raises(FeatureTooWide) as refusal:
        list(planes_of(layer(shapes)))
    message = str(refusal.value)
    assert "'dateline' reaches from -179.000° to 178.500°" in message
    assert "date line, split it there" in message
    assert "(1 such)" in message


def test_numeric_ids_are_named_plainly() -> None:
    wide = gpd.GeoDataFrame(geometry=[shapely.box(20, 41, 125, 42)], index=[7], crs=4490)
    with pytest.raises(FeatureTooWide, match="feature 7 reaches"):
        list(planes_of(wide))


@pytest.mark.parametrize(
    ("west", "east", "meridians"),
    [
        (122.0, 124.59, [123]),
        (122.0, 124.61, [123, 126]),
        (121.41, 124.0, [123]),
        (121.39, 124.0, [120, 123]),
        (121.39, 121.5 + 3.2, [120, 123, 126]),
        (121.5, 124.7, [123, 126]),  # on the border is not beyond it
        (118.3, 121.5, [117, 120]),
    ],
)
def test_a_feature_is_whole_up_to_1_6_degrees_and_cut_beyond(
    west: float, east: float, meridians: list[int]
) -> None:
    features = layer({"wide": shapely.box(west, 41.0, east, 41.01)})
    parts = [(plane.meridian, ours) for plane, ours, _ in planes_of(features)]
    assert [meridian for meridian, _ in parts] == meridians
    assert all(ours.ids.tolist() == ["wide"] for _, ours in parts)
    assert all(ours.is_part.tolist() == [len(meridians) > 1] for _, ours in parts)


def test_a_wide_feature_that_meets_nothing_is_no_obstacle() -> None:
    others = layer({"near": parcel(123), "wide": shapely.box(128, 41, 133, 41.01)})
    found = overlap(layer({"mine": parcel(123, wide=0.02)}), others)
    assert found["right_id"].tolist() == ["near"]


@pytest.mark.parametrize(
    ("crs", "shape"),
    [
        (4490, shapely.box(41.0, 122.0, 41.01, 122.01)),  # latitude first
        (4490, shapely.box(500_000, 4_550_000, 500_100, 4_550_100)),  # metres
        (4550, shapely.box(41_500_000, 4_550_000, 41_500_100, 4_550_100)),  # zone prefix
    ],
    ids=["latitude first", "metres as degrees", "zone prefix in a CRS without"],
)
def test_coordinates_that_are_no_place_on_earth_are_refused(crs: int, shape: Any) -> None:
    one = layer({"lost": shape}, crs)
    with pytest.raises(InvalidGeometry, match="'lost' has coordinates that are no place on Earth"):
        overlap(one, one)
    with pytest.raises(InvalidGeometry, match="'lost'"):
        coverage(one, one)


# A layer as wide as a province


def province(wide: float = 0.01) -> gpd.GeoDataFrame:
    """Return parcels every 0.1° over seven degrees, named by their longitude."""
    west = np.arange(1190, 1261) / 10 + 0.003
    return layer({f"{lon:.3f}": parcel(lon, 41.0 + k % 7 / 10, wide) for k, lon in enumerate(west)})


def test_each_feature_of_a_province_comes_exactly_once_in_its_nearest_plane() -> None:
    features = province()
    parts = [(plane.meridian, ours.ids.tolist()) for plane, ours, _ in planes_of(features)]
    assert [meridian for meridian, _ in parts] == [120, 123, 126]
    assert sorted(name for _, ids in parts for name in ids) == sorted(features.index)
    for meridian, ids in parts:
        assert all(abs(float(name) + 0.005 - meridian) <= 1.5 for name in ids)


def test_a_province_overlaps_itself_parcel_by_parcel() -> None:
    left, right = province(0.010), province(0.004)
    found = overlap(left, right).set_index("left_id")
    assert sorted(found.index) == sorted(left.index)
    assert (found.index == found["right_id"]).all()
    # an edge along a parallel is straight in the plane: 12 mm off the parallel in 840 m
    assert found["left_ratio"].to_numpy() == pytest.approx(np.full(71, 0.4), rel=3e-5)
    assert found["right_ratio"].to_numpy() == pytest.approx(np.ones(71), rel=3e-5)
    assert overlap(left, right).attrs["measuring_planes"] == ["EPSG:4549", "EPSG:4550", "EPSG:4551"]


def test_a_province_is_covered_zone_by_zone_in_its_own_order() -> None:
    zones = province(0.010).iloc[::-1]
    found = coverage(zones, province(0.004).iloc[::2])
    assert found["zone_id"].tolist() == zones.index.tolist()
    ratios = dict(zip(found["zone_id"], found["coverage_ratio"], strict=True))
    for position, name in enumerate(province().index):
        expected = 0.0 if position % 2 else 0.4
        assert ratios[name] == pytest.approx(expected, rel=3e-5)


@pytest.mark.parametrize(
    ("left_lon", "right_lon"), [(124.485, 124.498), (124.498, 124.485)], ids=["west", "east"]
)
def test_pairs_across_the_zone_border_are_found_once(left_lon: float, right_lon: float) -> None:
    far = parcel(119.0)  # makes the layers too wide for one plane
    left = layer({"far": far, "mine": parcel(left_lon, wide=0.015)})
    right = layer({"theirs": parcel(right_lon, wide=0.015), "away": parcel(124.6)})
    found = overlap(left, right)
    assert found[["left_id", "right_id"]].to_numpy().tolist() == [["mine", "theirs"]]
    shared, _ = Geod(ellps="GRS80").geometry_area_perimeter(parcel(124.498, wide=0.002))
    assert found["area_m2"].tolist() == [pytest.approx(shared, rel=2e-5)]


def test_a_feature_on_the_border_is_measured_alike_from_both_sides() -> None:
    left = layer({"far": parcel(119.0), "a": parcel(124.496)})
    right = layer({"b": parcel(124.499), "c": parcel(124.504, 41.001)})
    one_way = overlap(left, right).set_index(["left_id", "right_id"])["area_m2"]
    other_way = overlap(right, left).set_index(["right_id", "left_id"])["area_m2"]
    assert len(one_way) == 2
    assert one_way.to_dict() == pytest.approx(other_way.to_dict(), rel=1e-6)


def test_longitudes_on_both_sides_of_the_date_line() -> None:
    islands = layer({"west": parcel(179.9, 51), "east": parcel(-179.9, 51)}, 4326)
    found = overlap(islands, islands)
    assert sorted(zip(found["left_id"], found["right_id"], strict=True)) == [
        ("east", "east"),
        ("west", "west"),
    ]
    assert found["left_ratio"].tolist() == pytest.approx([1.0, 1.0], rel=1e-12)


def test_heights_are_dropped_and_nothing_else_changes() -> None:
    flat, high = parcel(123), shapely.force_3d(parcel(123), 50.0)
    found = overlap(layer({"a": high}), layer({"b": parcel(123.002)}))
    plain = overlap(layer({"a": flat}), layer({"b": parcel(123.002)}))
    assert found["area_m2"].tolist() == plain["area_m2"].tolist()
    assert not found.geometry.iloc[0].has_z


def test_a_layer_of_nothing_has_no_planes() -> None:
    assert list(planes_of(layer({}))) == []
