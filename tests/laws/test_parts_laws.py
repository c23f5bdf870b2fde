"""However a question is parted and whoever answers, the answer is the same to the bit."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.errors import BadQuery
from geoplan.queries import clearance, coverage, engine, overlap, overlap_outcomes
from geoplan.queries.parting import parts
from tests.kernels.shapes import areas as areas_on_grids
from tests.kernels.shapes import placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EAST, NORTH = 500_000.0, 4_550_000.0


def shuffling(seed: int) -> Callable[..., Iterable[Any]]:
    """Like ``map``, but the parts are answered in any order, as by many machines."""

    def ask(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        waiting = list(enumerate(items))
        random.Random(seed).shuffle(waiting)  # noqa: S311 - no secret
        answers = {at: function(item) for at, item in waiting}
        return [answers[at] for at in sorted(answers)]

    return ask


def bits(answer: gpd.GeoDataFrame) -> tuple[Any, ...]:
    """Return all of an answer, numbers and coordinates by their bytes."""
    numbers = [answer[name].to_numpy().tobytes() for name in answer if answer[name].dtype == float]
    others = [answer[name].tolist() for name in answer if answer[name].dtype in (object, int)]
    return others, numbers, shapely.to_wkb(answer.geometry.to_numpy()).tolist(), answer.attrs


whole = st.integers(0, 12)
boxes = st.tuples(whole, whole, st.integers(1, 9), st.integers(1, 9)).map(
    lambda b: shapely.box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)
corners = st.lists(st.tuples(whole, whole), min_size=3, max_size=6, unique=True)
skew = corners.map(lambda points: shapely.MultiPoint(points).convex_hull).filter(
    lambda shape: shape.area > 0
)
lines = st.lists(st.tuples(whole, whole), min_size=2, max_size=5, unique=True).map(
    shapely.LineString
)
points = st.tuples(whole, whole).map(shapely.Point)
areas = st.one_of(boxes, skew)


def layers(some: st.SearchStrategy[Any]) -> st.SearchStrategy[gpd.GeoDataFrame]:
    def made(found: list[Any]) -> gpd.GeoDataFrame:
        # thirds of metres: sums in another order have other last digits
        moved = shapely.transform(np.array(found), lambda xy: xy / 3.0 + (EAST, NORTH))
        off = [None, 0.2, 1.0, 3.0]
        accuracy = [off[at % 4] for at in range(len(found))]
        return gpd.GeoDataFrame({"geometry_accuracy_m": accuracy}, geometry=moved, crs=4550)

    return st.lists(some, min_size=1, max_size=12).map(made)


sizes, seeds = st.integers(1, 9), st.integers(0, 99)


@given(
    left=layers(st.one_of(areas, lines, points)),
    right=layers(st.one_of(areas, lines, points)),
    most=sizes,
    seed=seeds,
)
@settings(max_examples=40)
def test_overlap_in_parts(
    left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, most: int, seed: int
) -> None:
    one = overlap(left, right, map=map)  # one part
    many = overlap(left, right, map=shuffling(seed), part_features=most)
    assert bits(many) == bits(one)


@given(zones=layers(areas), first=layers(areas), second=layers(areas), most=sizes, seed=seeds)
@settings(max_examples=25)
def test_coverage_in_parts(
    zones: gpd.GeoDataFrame,
    first: gpd.GeoDataFrame,
    second: gpd.GeoDataFrame,
    most: int,
    seed: int,
) -> None:
    zones["park"] = [None if at % 3 == 2 else at % 2 for at in range(len(zones))]
    for group in (None, "park"):
        one = coverage(zones, first, second, by_group=group, map=map)
        many = coverage(
            zones, first, second, by_group=group, map=shuffling(seed), part_features=most
        )
        assert bits(many) == bits(one)


@given(
    left=st.one_of(layers(areas), layers(lines), layers(points)),
    right=st.one_of(layers(areas), layers(lines), layers(points)),
    most=sizes,
    seed=seeds,
    threshold=st.sampled_from([None, 0.5, 2.0]),
)
@settings(max_examples=40)
def test_clearance_in_parts(
    left: gpd.GeoDataFrame,
    right: gpd.GeoDataFrame,
    most: int,
    seed: int,
    threshold: float | None,
) -> None:
    for other in (right, left):  # the second time the layer against itself
        one = clearance(left, other, 1.5, threshold_m=threshold)
        many = clearance(
            left, other, 1.5, threshold_m=threshold, map=shuffling(seed), part_features=most
        )
        assert bits(many) == bits(one)


@given(left=layers(areas), right=layers(areas))
@settings(max_examples=20)
def test_the_answer_is_that_without_parts(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> None:
    """But for the last digits, by which the engines of small and large questions differ."""
    ids = ["left_id", "right_id"]
    expected = overlap(left, right).sort_values(ids, ignore_index=True)
    found = overlap(left, right, map=map, part_features=3).sort_values(ids, ignore_index=True)
    assert found[ids].equals(expected[ids])
    numbers = ["area_m2", "left_ratio", "right_ratio"]
    np.testing.assert_allclose(found[numbers], expected[numbers], rtol=1e-9, atol=1e-7)
    expected = coverage(left, right)
    found = coverage(left, right, map=map, part_features=3)
    numbers = ["zone_area_m2", "covered_area_m2", "gap_area_m2"]
    np.testing.assert_allclose(found[numbers], expected[numbers], rtol=1e-9, atol=1e-7)


def parcels(wide: int, high: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Make parcels of 10 m and zones of 37 m, askew, whose edges run across them."""
    x, y = (one.ravel() for one in np.meshgrid(np.arange(wide) * 10.0, np.arange(high) * 10.0))
    many = shapely.box(EAST + x, NORTH + y, EAST + x + 10.0, NORTH + y + 10.0)
    x, y = np.meshgrid(np.arange(0, wide * 10.0, 37.0), np.arange(0, high * 10.0, 37.0))
    few = shapely.box(EAST + x, NORTH + y, EAST + x + 37.0, NORTH + y + 37.0).ravel()
    origin = np.array([EAST, NORTH])
    few = shapely.transform(few, lambda xy: xy + 0.1 * (xy - origin)[:, ::-1] * (1, -1))
    frames = [gpd.GeoDataFrame(geometry=each, crs=4550) for each in (many, few)]
    return frames[0], frames[1]


def test_each_feature_is_in_one_part_that_is_small_enough() -> None:
    left, right = parcels(40, 30)
    for most in (60, 200, 5000):
        found = list(parts(left, [right], most))
        mine = np.concatenate([one for one, _ in found])
        assert sorted(mine.tolist()) == list(range(1200))
        assert all(len(one) + len(others) <= most for one, (others,) in found)
    # a feature alone is not parted, whatever is near it
    assert [len(one) for one, _ in parts(right, [left], 1)] == [1] * len(right)


def test_pools_give_the_same_answer() -> None:
    left, right = parcels(60, 40)
    one = overlap(left, right, map=map)
    assert len(one) > len(left)
    assert one["area_m2"].sum() == pytest.approx(overlap(left, right)["area_m2"].sum(), rel=1e-12)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for ask in (pool, pool.map):
            assert bits(overlap(left, right, map=ask, part_features=700)) == bits(one)
    with ThreadPoolExecutor(3) as pool:
        assert bits(overlap(left, right, map=pool, part_features=300)) == bits(one)


def test_kernels_answer_parts_as_they_answer_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large question without parts is the kernels' too: so its bits are the same."""
    if not engine.is_there():
        pytest.skip("numba (geoplan[engine]) is not installed")
    monkeypatch.setattr(engine, "WORTH", 1)
    left, right = parcels(40, 30)
    assert bits(overlap(left, right, map=map, part_features=200)) == bits(overlap(left, right))
    assert bits(coverage(right, left, map=map, part_features=150)) == bits(coverage(right, left))


@pytest.mark.parametrize(("step", "turn"), [(1.0, 0.0), (0.1, 0.3), (37.7, 1.1)])
def test_covers_that_nearly_degenerate_decide_only_their_own_zones(
    step: float, turn: float
) -> None:
    """What the kernels leave to GEOS depends on the zone and its covers, on no others."""
    rng = np.random.default_rng(round(step))

    def scattered(count: int, seed: int) -> gpd.GeoDataFrame:
        shapes = placed(areas_on_grids(count, seed), step, turn)
        away = 6.0 * step * rng.integers(0, 6, (len(shapes), 1)) * [1.0, 0.0]
        moved = [
            shapely.transform(one, partial(np.add, by))
            for one, by in zip(shapes, away, strict=True)
        ]
        return gpd.GeoDataFrame(geometry=[one for one in moved if one.is_valid], crs=4550)

    zones, covers = scattered(12, 40), scattered(30, 41)
    one = coverage(zones, covers, map=map)
    for most in (1, 7, 20):
        assert bits(coverage(zones, covers, map=map, part_features=most)) == bits(one)


def test_features_cut_at_zone_borders_are_joined_the_same() -> None:
    """Two planes, features across their border: 124.5° east lies between 123° and 126°."""
    left = gpd.GeoDataFrame(
        geometry=[shapely.box(124.4 + 0.01 * n, 41, 124.405 + 0.01 * n, 41.2) for n in range(20)],
        crs=4490,
    )
    right = gpd.GeoDataFrame(geometry=[shapely.box(120.5, 41.1, 127, 41.3)], crs=4490)
    for ask in (overlap, coverage):
        one = ask(left, right, map=map)
        assert len(one.attrs["measuring_planes"]) == 2
        assert bits(ask(left, right, map=shuffling(1), part_features=3)) == bits(one)


def test_outcomes_in_parts() -> None:
    left, right = parcels(12, 9)
    left["geometry_accuracy_m"], right["geometry_accuracy_m"] = 2.0, np.arange(len(right)) % 5
    one = overlap_outcomes(left, right, map=map)
    assert set(one["outcome"]) == {"hit", "uncertain"}
    assert bits(overlap_outcomes(left, right, map=shuffling(5), part_features=40)) == bits(one)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "many"])
def test_a_part_holds_at_least_one(wrong: Any) -> None:
    left, right = parcels(2, 2)
    with pytest.raises(BadQuery, match="part_features"):
        overlap(left, right, map=map, part_features=wrong)


def test_what_cannot_ask_is_refused() -> None:
    left, right = parcels(2, 2)
    with pytest.raises(BadQuery, match="like the builtin map, an executor or a dask client"):
        overlap(left, right, map=pd.DataFrame())  # type: ignore[arg-type]


def test_layers_without_a_place_have_an_answer() -> None:
    left, right = parcels(2, 2)
    nowhere = gpd.GeoDataFrame(geometry=[None], index=["x"], crs=4550)
    for one, other in ((nowhere, right), (left, nowhere)):
        for ask in (overlap, coverage):
            assert bits(ask(one, other, map=map)) == bits(ask(one, other))
        assert len(clearance(one, other, 5.0, map=map)) == 0
