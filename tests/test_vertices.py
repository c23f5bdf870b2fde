"""Moving vertices: x and y only, whatever else a vertex carries."""

from __future__ import annotations

import struct
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from geoplan import vertices
from geoplan.crs import reproject, to_crs, to_lonlat

STEP = np.array([10.0, -1.0])
MOVED = [
    ("POINT (1 2)", "POINT (11 1)"),
    ("POINT Z (1 2 3)", "POINT Z (11 1 3)"),
    ("POINT M (1 2 12345.678)", "POINT M (11 1 12345.678)"),
    ("POINT ZM (1 2 3 NaN)", "POINT ZM (11 1 3 NaN)"),
    ("LINESTRING M (1 2 NaN, 5 7 0.1)", "LINESTRING M (11 1 NaN, 15 6 0.1)"),
    ("LINESTRING ZM (1 2 8 4, 5 7 9 6)", "LINESTRING ZM (11 1 8 4, 15 6 9 6)"),
    (
        "POLYGON M ((0 0 1, 9 0 2, 9 7 3, 0 0 4), (5 1 5, 8 1 6, 8 3 7, 5 1 8))",
        "POLYGON M ((10 -1 1, 19 -1 2, 19 6 3, 10 -1 4), (15 0 5, 18 0 6, 18 2 7, 15 0 8))",
    ),
    ("MULTIPOINT M (EMPTY, (1 2 3))", "MULTIPOINT M (EMPTY, (11 1 3))"),
    (
        "MULTILINESTRING ZM ((1 2 3 4, 2 2 3 5), (7 7 7 NaN, 8 7 7 9))",
        "MULTILINESTRING ZM ((11 1 3 4, 12 1 3 5), (17 6 7 NaN, 18 6 7 9))",
    ),
    (
        "MULTIPOLYGON Z (((0 1 1, 9 7 3, 2 7 2, 0 1 1)), ((5 1 1, 9 2 3, 5 2 2, 5 1 1)))",
        "MULTIPOLYGON Z (((10 0 1, 19 6 3, 12 6 2, 10 0 1)), ((15 0 1, 19 1 3, 15 1 2, 15 0 1)))",
    ),
    (
        "GEOMETRYCOLLECTION M (POINT M (1 2 3), LINESTRING M (1 2 5, 2 3 6))",
        "GEOMETRYCOLLECTION M (POINT M (11 1 3), LINESTRING M (11 1 5, 12 2 6))",
    ),
    ("LINESTRING EMPTY", "LINESTRING EMPTY"),
]


def array(*texts: str | None) -> Any:
    found = [None if text is None else shapely.from_wkt(text) for text in texts]
    return np.array([*found, None], dtype=object)[:-1]


def wkb(geometry: Any) -> bytes:
    """Return all that a geometry holds, NaN by its bits."""
    return bytes(shapely.to_wkb(geometry, flavor="iso", output_dimension=4))


@pytest.mark.parametrize(("before", "after"), MOVED, ids=[one[0][:20] for one in MOVED])
def test_x_and_y_move_and_nothing_else_does(before: str, after: str) -> None:
    (found,) = vertices.moved(array(before), lambda xy: xy + STEP)
    assert wkb(found) == wkb(shapely.from_wkt(after))
    assert found.wkt == shapely.from_wkt(after).wkt


def test_mixed_dimensions_move_together_and_the_argument_stays() -> None:
    given = array(*(before for before, _ in MOVED), None)
    texts = [None if one is None else one.wkt for one in given]
    found = vertices.moved(given, lambda xy: xy + STEP)
    assert [wkb(one) for one in found[:-1]] == [wkb(shapely.from_wkt(text)) for _, text in MOVED]
    assert found[-1] is None
    assert [None if one is None else one.wkt for one in given] == texts


def test_a_nan_keeps_its_bits() -> None:
    odd = struct.pack("<BIddQ", 1, 2001, 1.0, 2.0, 0x7FF8_0000_0000_0001)
    (found,) = vertices.moved(np.array([shapely.from_wkb(odd)]), lambda xy: xy * 2)
    assert wkb(found) == struct.pack("<BIddQ", 1, 2001, 2.0, 4.0, 0x7FF8_0000_0000_0001)


def test_measures_are_left_off_and_heights_stay() -> None:
    given = array(
        "LINESTRING ZM (1 2 8 4, 5 7 9 NaN)",
        "POINT M (1 2 3)",
        "POINT Z (1 2 3)",
        "POINT (1 2)",
        None,
    )
    found = vertices.without_measures(given)
    told = [None if one is None else one.wkt for one in found]
    assert told == [
        "LINESTRING Z (1 2 8, 5 7 9)",
        "POINT (1 2)",
        "POINT Z (1 2 3)",
        "POINT (1 2)",
        None,
    ]


def test_one_dimension_for_all_says_what_is_missing() -> None:
    given = array(
        "LINESTRING M (1 2 4, 5 7 6)", "LINESTRING Z (1 2 3, 4 5 6)", "LINESTRING (1 2, 5 9)", None
    )
    found = vertices.of_one_dimension(given)
    assert [one.wkt for one in found[:-1]] == [
        "LINESTRING ZM (1 2 0 4, 5 7 0 6)",
        "LINESTRING ZM (1 2 3 NaN, 4 5 6 NaN)",
        "LINESTRING ZM (1 2 0 NaN, 5 9 0 NaN)",
    ]
    flat = array(
        "POLYGON ((0 0, 9 0, 9 7, 0 0), (5 1, 8 1, 8 3, 5 1))", "MULTIPOINT M (1 2 3, 4 5 6)"
    )
    assert [one.wkt for one in vertices.of_one_dimension(flat)] == [
        "POLYGON M ((0 0 NaN, 9 0 NaN, 9 7 NaN, 0 0 NaN), (5 1 NaN, 8 1 NaN, 8 3 NaN, 5 1 NaN))",
        "MULTIPOINT M ((1 2 3), (4 5 6))",
    ]


def test_measures_are_changed_alone() -> None:
    given = array("POINT ZM (1 2 3 4)", "POINT Z (1 2 3)", "LINESTRING M (1 2 5, 2 3 NaN)")
    assert vertices.measures_of(given).tolist()[:2] == [4.0, 5.0]
    found = vertices.remeasured(given, lambda m: np.nan_to_num(m, nan=-9.0))
    assert [one.wkt for one in found] == [
        "POINT ZM (1 2 3 4)",
        "POINT Z (1 2 3)",
        "LINESTRING M (1 2 5, 2 3 -9)",
    ]


def test_the_known_point_of_anshan_keeps_its_chainage() -> None:
    road = array("LINESTRING ZM (122.99 41.11 17.5 12345.678, 123.01 41.12 18.25 NaN)")
    (plane,) = reproject(road, CRS(4490), CRS(4529))
    x, y, z, m = shapely.get_coordinates(plane, include_z=True, include_m=True)[0]
    assert (round(x, 2), round(y, 2), z, m) == (41499160.05, 4552789.39, 17.5, 12345.678)
    assert np.isnan(shapely.get_coordinates(plane, include_m=True)[1, 2])


def test_features_in_another_crs_and_for_geojson() -> None:
    road = array("LINESTRING ZM (122.99 41.11 17.5 12345.678, 123.01 41.12 18.25 NaN)", None)
    features = gpd.GeoDataFrame({"n": [1, 2]}, geometry=road, crs=4490).rename_geometry("shape")
    there = to_crs(features, CRS(4550))
    assert there.crs.to_epsg() == 4550
    assert there.geometry.name == "shape"
    back = to_crs(there, CRS(4490))
    assert to_crs(back, CRS(4490)) is back
    (line,) = back.geometry.dropna()
    found = shapely.get_coordinates(line, include_z=True, include_m=True)
    assert np.allclose(found[:, :2], [[122.99, 41.11], [123.01, 41.12]], rtol=0, atol=1e-9)
    assert found[:, 2].tolist() == [17.5, 18.25]
    assert found[0, 3] == 12345.678
    assert np.isnan(found[1, 3])
    for shown in (to_lonlat(features), to_lonlat(there)):
        (line,) = shown.geometry.dropna()
        assert not line.has_m
        assert shapely.get_coordinates(line, include_z=True)[:, 2].tolist() == [17.5, 18.25]
    assert features.geometry.iloc[0].has_m
