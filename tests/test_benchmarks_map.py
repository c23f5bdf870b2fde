"""The map's benchmark draws what it says, and its medians are medians."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import shapely

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.map.__main__ import middle, row
from benchmarks.map.parcels import parcels, roads


def test_parcels_have_17_vertices_and_6_attributes_and_are_the_same_each_time() -> None:
    found = parcels(300)
    assert set(shapely.get_num_coordinates(found.geometry)) == {17}
    assert len(found.columns) == 6 + 1
    assert found.geometry.is_valid.all()
    assert found.equals(parcels(300))
    assert set(shapely.get_num_coordinates(roads(50).geometry)) == {12}


def test_a_row_holds_the_medians_of_the_rounds_and_says_what_is_absent() -> None:
    runs = [{"mb": 1.0, "first_ms": ms} for ms in (300.0, 100.0, 1_200.0)]
    assert middle(runs) == {"mb": 1.0, "first_ms": 300.0}
    told = row(200_000, "geoplan", {**middle(runs), "first_ms": 1_200.0})
    assert told.startswith("| 200,000 + 10,000 lines | geoplan | – | 1.00 | 1,200 | – |")
    absent = {"mb": 9.0, "absent": "not complete in 240 s"}
    assert middle([absent]) == absent
    assert "folium (not complete in 240 s)" in row(1_000, "folium", absent)


@pytest.mark.parametrize("count", [1, 10])
def test_any_number_of_parcels_is_made(count: int) -> None:
    assert len(parcels(count)) == count
