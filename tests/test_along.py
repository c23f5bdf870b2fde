"""Distances along a river, worked out on paper, in metres from (500 000, 4 550 000)."""

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
    EmptyLayer,
    FeatureNotFound,
    GeoplanError,
    RouteInvalid,
    WrongGeometryType,
)
from geoplan.queries import along

ORIGIN = np.array([500_000.0, 4_550_000.0])
RIVER = "LINESTRING (0 0, 300 400, 300 1000)"  # 500 + 600, flowing north


def layer(shapes: dict[str, Any], crs: Any = 4550, **columns: Any) -> gpd.GeoDataFrame:
    read = [None if shape is None else shapely.from_wkt(shape) for shape in shapes.values()]
    moved = shapely.transform(np.array(read, dtype=object), lambda xy: xy + ORIGIN)
    return gpd.GeoDataFrame(columns, geometry=moved, index=list(shapes), crs=crs)


RIVERS = layer({"R": RIVER})
INTAKE = layer({"I": "POINT (340 700)"})  # 40 m right of the river, 800 m down it


def numbers(row: Any) -> list[float]:
    names = ["offset_m", "upstream_m", "downstream_m", "missing_upstream_m",
             "missing_downstream_m", "length_m"]  # fmt: skip
    return list(row[names])


# up, down: what is reached of each, and the line [m from the origin]
STRETCHES = {
    (400, 100): (400, 100, "LINESTRING (240 320, 300 400, 300 800)"),
    (100, 50): (100, 50, "LINESTRING (300 600, 300 750)"),
    (300, 0): (300, 0, "LINESTRING (300 400, 300 700)"),
    (0, 250): (0, 250, "LINESTRING (300 700, 300 950)"),
    (1000, 100): (800, 100, "LINESTRING (0 0, 300 400, 300 800)"),
    (100, 1000): (100, 300, "LINESTRING (300 600, 300 1000)"),
    (800, 300): (800, 300, RIVER),
}


@pytest.mark.parametrize(("up", "down"), STRETCHES)
def test_a_stretch_reaches_up_and_down_from_a_point(up: int, down: int) -> None:
    reached_up, reached_down, line = STRETCHES[up, down]
    found = along(RIVERS, INTAKE, up, down)
    (row,) = (row for _, row in found.iterrows())
    assert row[["point_id", "line_id", "side"]].to_list() == ["I", "R", "right"]
    assert numbers(row) == pytest.approx(
        [40, reached_up, reached_down, up - reached_up, down - reached_down,
         reached_up + reached_down], abs=1e-5,
    )  # fmt: skip
    expected = layer({"x": line}).geometry.iloc[0]
    assert row["geometry"].hausdorff_distance(expected) < 1e-5
    assert row["geometry"].length == pytest.approx(expected.length, abs=1e-5)
    assert found.crs == RIVERS.crs


@pytest.mark.parametrize("said_by", ["column", "argument"])
def test_a_river_drawn_against_the_flow_is_turned(said_by: str) -> None:
    turned = layer({"R": "LINESTRING (300 1000, 300 400, 0 0)"})
    if said_by == "column":
        found = along(turned.assign(drawn_backwards=True), INTAKE, 400, 1000)
    else:
        found = along(turned, INTAKE, 400, 1000, drawn_backwards=["R"])
    assert numbers(found.iloc[0]) == pytest.approx([40, 400, 300, 0, 700, 700], abs=1e-5)
    assert found["side"].iloc[0] == "right"
    assert numbers(along(turned, INTAKE, 400, 1000).iloc[0])[1:3] == pytest.approx(
        [300, 800], abs=1e-5
    )


def test_each_point_goes_to_the_river_nearest_to_it() -> None:
    rivers = layer({"R": RIVER, "S": "LINESTRING (900 0, 900 700)", "N": None})
    points = layer({"a": "POINT (640 500)", "b": "POINT (290 500)", "none": None,
                    "far": "POINT (3000 0)"})  # fmt: skip
    found = along(rivers, points, 10, 20, within_m=500)
    assert found[["point_id", "line_id", "side"]].to_numpy().tolist() == [
        ["a", "S", "left"], ["b", "R", "left"]]  # fmt: skip
    assert found.attrs["too_far"] == ["far"]
    assert found.attrs["no_geometry"] == {"lines": ["N"], "points": ["none"]}
    assert found.attrs["measuring_planes"] == ["EPSG:4550"]


def test_a_gap_between_parts_of_a_river_is_left_out() -> None:
    river = layer({"R": "MULTILINESTRING ((0 0, 0 300), (0 350, 0 900))"})
    found = along(river, layer({"p": "POINT (20 200)"}), 50, 400).iloc[0]
    assert numbers(found) == pytest.approx([20, 50, 400, 0, 0, 450], abs=1e-5)
    parts = [shapely.get_coordinates(part) - ORIGIN for part in found["geometry"].geoms]
    assert np.concatenate(parts).tolist() == pytest.approx(
        np.array([[0, 150], [0, 300], [0, 350], [0, 650]]), abs=1e-5
    )


def test_chainages_of_a_layer_have_no_part_in_it() -> None:
    river = RIVERS.assign(chainage_from="K3+000", chainage_to="K9+000")
    assert numbers(along(river, INTAKE, 400, 100).iloc[0])[-1] == pytest.approx(500, abs=1e-5)


def test_nothing_located_is_an_empty_answer() -> None:
    nowhere = layer({"R": None})
    assert along(nowhere, INTAKE, 10, 10).attrs["too_far"] == ["I"]
    assert len(along(RIVERS, nowhere, 10, 10)) == 0


BAD: dict[str, tuple[Any, Any, tuple[float, float], dict[str, Any], type[GeoplanError]]] = {
    "negative": (RIVERS, INTAKE, (-1, 5), {}, BadQuery),
    "not finite": (RIVERS, INTAKE, (5, math.inf), {}, BadQuery),
    "not a number": (RIVERS, INTAKE, (math.nan, 5), {}, BadQuery),
    "nothing asked": (RIVERS, INTAKE, (0, 0), {}, BadQuery),
    "limit negative": (RIVERS, INTAKE, (1, 2), {"within_m": -3}, BadQuery),
    "no rivers": (RIVERS.iloc[:0], INTAKE, (1, 2), {}, EmptyLayer),
    "no points": (RIVERS, INTAKE.iloc[:0], (1, 2), {}, EmptyLayer),
    "another CRS": (RIVERS, INTAKE.to_crs(4490), (1, 2), {}, CrsMismatch),
    "rivers are points": (INTAKE, INTAKE, (1, 2), {}, WrongGeometryType),
    "points are lines": (RIVERS, RIVERS, (1, 2), {}, WrongGeometryType),
    "several points in one": (
        RIVERS, layer({"I": "MULTIPOINT (1 2, 3 4)"}), (1, 2), {}, WrongGeometryType),
    "an unknown river": (RIVERS, INTAKE, (1, 2), {"drawn_backwards": ["X"]}, FeatureNotFound),
    "parts out of order": (
        layer({"R": "MULTILINESTRING ((0 350, 0 900), (0 0, 0 300))"}), INTAKE, (1, 2), {},
        RouteInvalid),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_followed_is_refused_by_name(case: str) -> None:
    rivers, points, distances, options, error = BAD[case]
    with pytest.raises(error):
        along(rivers, points, *distances, **options)
