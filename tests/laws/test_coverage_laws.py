"""Laws of coverage, on lopsided polygons of up to 2 km with whole-metre corners."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoplan.queries import coverage, overlap

ORIGIN = np.array([500_000.0, 4_550_000.0])
ROUNDING = 1e-9  # of a ratio; zones are never smaller than a hectare or so


@st.composite
def polygons(draw: st.DrawFn) -> Any:
    """Draw a star-shaped polygon with whole-metre corners round a point of 2 km × 1 km."""
    corners = draw(st.integers(3, 7))
    middle = np.array([draw(st.integers(-1000, 1000)), draw(st.integers(-500, 500))])
    turn = draw(st.floats(0, 1))
    radii = draw(st.lists(st.integers(80, 900), min_size=corners, max_size=corners))
    angles = 2 * math.pi * (np.arange(corners) + turn) / corners
    ring = np.round(np.column_stack([np.cos(angles), np.sin(angles)]) * np.array([radii]).T)
    return shapely.Polygon(ring + middle + ORIGIN).buffer(0)


@st.composite
def layers(draw: st.DrawFn, least: int = 1) -> gpd.GeoDataFrame:
    shapes = draw(st.lists(polygons(), min_size=least, max_size=4))
    return gpd.GeoDataFrame(geometry=shapes, index=range(len(shapes)), crs=4550)


def ratios(zones: gpd.GeoDataFrame, *by: gpd.GeoDataFrame) -> Any:
    return coverage(zones, *by)["coverage_ratio"].to_numpy()


@given(layers(), layers(), layers())
def test_a_ratio_lies_between_nothing_and_all(
    zones: gpd.GeoDataFrame, one: gpd.GeoDataFrame, other: gpd.GeoDataFrame
) -> None:
    found = ratios(zones, one, other, zones.iloc[:1])
    assert ((found >= 0) & (found <= 1)).all()


@given(layers(), layers(), layers())
def test_more_covers_never_cover_less(
    zones: gpd.GeoDataFrame, one: gpd.GeoDataFrame, other: gpd.GeoDataFrame
) -> None:
    assert (ratios(zones, one, other) >= ratios(zones, one) - ROUNDING).all()
    assert (ratios(zones, one, other) <= ratios(zones, one) + ratios(zones, other) + ROUNDING).all()


@given(layers(), layers(), layers())
def test_only_the_union_of_the_covers_matters(
    zones: gpd.GeoDataFrame, one: gpd.GeoDataFrame, other: gpd.GeoDataFrame
) -> None:
    found = ratios(zones, one, other)
    union = shapely.union_all([*one.geometry, *other.geometry])
    for by in (
        [other, one],
        [gpd.GeoDataFrame(pd.concat([other, one], ignore_index=True))],
        [one, other, one],
        [gpd.GeoDataFrame(geometry=[union], crs=4550)],
    ):
        assert ratios(zones, *by) == pytest.approx(found, rel=1e-9, abs=ROUNDING)


@given(layers(), layers(), st.sampled_from([0, 100_000, -120_000]))
def test_covered_and_gap_are_the_zone(
    zones: gpd.GeoDataFrame, by: gpd.GeoDataFrame, east: int
) -> None:
    moved = [one.translate(east).to_frame("geometry") for one in (zones, by)]
    found = coverage(*moved)
    added = found["covered_area_m2"] + found["gap_area_m2"]
    assert added.to_numpy() == pytest.approx(found["zone_area_m2"].to_numpy(), rel=1e-9)
    assert found["coverage_ratio"].to_numpy() == pytest.approx(
        (found["covered_area_m2"] / found["zone_area_m2"]).to_numpy(), rel=1e-12
    )


@given(layers())
def test_a_layer_covers_itself_whole(zones: gpd.GeoDataFrame) -> None:
    found = coverage(zones, zones)
    assert found["coverage_ratio"].to_numpy() == pytest.approx(1.0, rel=1e-9)
    assert (found["gap_area_m2"] < 1e-4).all()


@given(layers(), st.lists(polygons(), min_size=1, max_size=4))
def test_by_one_disjoint_layer_it_is_the_sum_of_the_overlaps(
    zones: gpd.GeoDataFrame, shapes: list[Any]
) -> None:
    apart: list[Any] = []
    for shape in shapes:
        free = shape.difference(shapely.union_all(apart))
        apart += [part for part in shapely.get_parts(free) if part.area > 1]
    by = gpd.GeoDataFrame(geometry=apart, crs=4550)
    added = overlap(zones, by).groupby("left_id")["area_m2"].sum()
    expected = [float(added.get(name, 0.0)) for name in zones.index]
    found = coverage(zones, by)["covered_area_m2"].to_numpy()
    assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-4)


@given(layers(), layers())
def test_epsg_4529_and_4550_give_the_same_answer(
    zones: gpd.GeoDataFrame, by: gpd.GeoDataFrame
) -> None:
    prefixed = ratios(zones.to_crs(4529), by.to_crs(4529))
    assert prefixed == pytest.approx(ratios(zones, by), rel=1e-9, abs=ROUNDING)


@given(layers(), layers(), st.permutations(range(4)))
def test_order_of_zones_and_covers_does_not_matter(
    zones: gpd.GeoDataFrame, by: gpd.GeoDataFrame, order: list[int]
) -> None:
    order = [number for number in order if number < len(zones)]
    found = coverage(zones.iloc[order], by.iloc[::-1])
    assert found["zone_id"].tolist() == order
    assert found["coverage_ratio"].to_numpy() == pytest.approx(
        ratios(zones, by)[order], rel=1e-9, abs=ROUNDING
    )


@given(layers(), layers(), st.integers(-100_000, 100_000), st.integers(-900_000, 900_000))
def test_translation_hardly_changes_ratios(
    zones: gpd.GeoDataFrame, by: gpd.GeoDataFrame, east: int, north: int
) -> None:
    """Two means of sech²(x / R) over eastings x ± 2 km, x ≤ 105 km, differ by less than 2.2e-5."""
    moved = [one.translate(east, north).to_frame("geometry") for one in (zones, by)]
    assert ratios(*moved) == pytest.approx(ratios(zones, by), rel=2.2e-5, abs=ROUNDING)
