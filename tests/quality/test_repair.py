"""Repairs: what they change, what they leave, and that the log tells it all."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import from_wkt

from geoplan.quality import Limits, repair

CLOCKWISE = "POLYGON ((0 0, 0 200, 300 200, 300 0, 0 0), (10 10, 50 10, 50 90, 10 90, 10 10))"
TURNED = "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (10 10, 10 90, 50 90, 50 10, 10 10))"
BOW = "POLYGON ((0 0, 200 200, 200 0, 0 100, 0 0))"
FLAT = "POLYGON ((0 0, 90 0, 40 0, 0 0))"


def _frame(*wkts: str | None, **columns: Any) -> gpd.GeoDataFrame:
    shapes = [None if wkt is None else from_wkt(wkt) for wkt in wkts]
    shapes = [one if one is None else shapely.transform(
        one, lambda c: c + np.array([500_000.0, 4_550_000.0, 0.0][: c.shape[1]]),
        include_z=bool(one.has_z)) for one in shapes]  # fmt: skip
    ids = [f"P{n}" for n in range(len(shapes), 0, -1)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4550, index=pd.Index(ids, name="id"))


def test_rings_are_turned_and_nothing_else() -> None:
    frame = _frame(CLOCKWISE, TURNED, None)
    fixed, log = repair(frame)
    assert shapely.get_coordinates(fixed.geometry.iloc[0])[1].tolist() == [500_300.0, 4_550_000.0]
    assert fixed.geometry.iloc[0].equals(frame.geometry.iloc[0])
    assert log[["feature_id", "action"]].to_numpy().tolist() == [["P3", "ring-orientation"]]
    assert log["area_difference_m2"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert log["area_before_m2"].iloc[0] == pytest.approx(60_000 - 3_200, rel=1e-6)
    assert fixed.geometry.iloc[2] is None
    assert fixed.index.equals(frame.index)


def test_equal_vertices_in_a_row_become_one_and_heights_stay() -> None:
    twice = "LINESTRING Z (0 0 5, 0 0 5, 90 0 7, 90 0 7, 90 0 7, 0 0 5)"
    steps = "LINESTRING Z (0 0 5, 0 0 6, 90 0 7)"
    fixed, log = repair(_frame(twice, steps))
    heights = shapely.get_coordinates(fixed.geometry.iloc[0], include_z=True)[:, 2]
    assert heights.tolist() == [5.0, 7.0, 5.0]
    assert shapely.get_num_coordinates(fixed.geometry.iloc[1]) == 3  # a drop is not a repeat
    row: Any = next(log.itertuples())
    assert len(log) == 1
    assert (row.feature_id, row.action) == ("P2", "repeated-vertices")
    assert (row.vertices_before, row.vertices_after) == (6, 3)


def test_a_line_that_also_drops_in_place_keeps_every_vertex() -> None:
    frame = _frame("LINESTRING Z (0 0 5, 0 0 5, 40 0 5, 40 0 1, 90 0 7)")
    fixed, log = repair(frame)
    assert shapely.get_num_coordinates(fixed.geometry.iloc[0]) == 5
    assert log.empty


def test_texts_are_trimmed_and_others_left() -> None:
    frame = _frame(TURNED, TURNED, None, name=["千山\u3000", "a b", None], width=[1.0, np.nan, 2.0])
    fixed, log = repair(frame)
    assert fixed["name"].tolist()[:2] == ["千山", "a b"]
    assert pd.isna(fixed["name"].iloc[2])
    assert log[["feature_id", "action", "column"]].to_numpy().tolist() == [
        ["P3", "surrounding-whitespace", "name"]
    ]
    pd.testing.assert_series_equal(fixed["width"], frame["width"])
    assert frame["name"].iloc[0] == "千山\u3000"


def test_invalid_geometries_are_left_unless_asked() -> None:
    frame = _frame(BOW, TURNED)
    fixed, log = repair(frame)
    assert fixed.geometry.iloc[0].equals_exact(frame.geometry.iloc[0])
    assert log.empty
    fixed, log = repair(frame, make_valid=True)
    assert fixed.geometry.is_valid.all()
    row: Any = next(log.itertuples())
    assert row.action == "make-valid"
    assert row.area_difference_m2 == pytest.approx(row.area_after_m2 - row.area_before_m2)
    assert row.area_after_m2 == pytest.approx(fixed.geometry.iloc[0].area, rel=1e-6)
    assert row.area_before_m2 == pytest.approx(10_000, rel=1e-6)  # by its rings: they cancel out


def test_what_would_vanish_is_left_and_told() -> None:
    frame = _frame(FLAT)
    fixed, log = repair(frame, make_valid=True)
    assert fixed.geometry.iloc[0].equals_exact(frame.geometry.iloc[0])
    assert log["action"].tolist() == ["left-invalid"]
    assert log["reason"].iloc[0] == "修复后几何会消失或降维，保持原样。"


def test_the_vertex_cap_holds_for_repairs() -> None:
    fixed, log = repair(_frame(BOW, CLOCKWISE), make_valid=True, limits=Limits(vertices=4))
    assert log.empty
    assert not fixed.geometry.iloc[0].is_valid


def test_a_frame_without_rows_or_without_geometry_is_itself() -> None:
    assert len(repair(_frame())[0]) == 0
    assert repair(_frame(None, None))[1].empty


_NUMBER = st.integers(0, 6).map(float)
_RING = st.lists(st.tuples(_NUMBER, _NUMBER), min_size=3, max_size=9)


@given(st.lists(_RING, min_size=1, max_size=4), st.booleans())
def test_repair_is_idempotent_and_states_its_difference(rings: Any, make_valid: bool) -> None:
    shapes = [shapely.Polygon([(x * 10 + 5e5, y * 10 + 4.55e6) for x, y in one]) for one in rings]
    ids = pd.Index([7, 3, 5, 1][: len(shapes)])
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=4550, index=ids)
    once, log = repair(frame, make_valid=make_valid)
    again, second = repair(once, make_valid=make_valid)
    assert second[second["action"] != "left-invalid"].empty
    assert shapely.equals_identical(once.geometry.to_numpy(), again.geometry.to_numpy()).all()
    assert once.index.equals(frame.index)
    assert once["n"].equals(frame["n"])
    grown = once.geometry.area - frame.geometry.area
    told = log.groupby("feature_id")["area_difference_m2"].sum().reindex(frame.index, fill_value=0)
    assert np.allclose(grown, told, atol=1e-3)
    assert (grown[frame.geometry.is_valid].abs() < 1e-6).all()
