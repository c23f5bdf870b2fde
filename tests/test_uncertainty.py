"""What is certain of vague boundaries: cases a planner can check on paper.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550. The rules stand in decision 14.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoplan.errors import AccuracyInvalid
from geoplan.queries.certain import Drawn
from geoplan.queries.uncertainty import (
    accuracies,
    area_pm_m2,
    distance_outcome,
    length_pm_m,
    meeting_outcome,
    plus_minus,
    without_accuracy,
)

ORIGIN = np.array([500_000.0, 4_550_000.0])
NAN = float("nan")


def at(wkt: str) -> Any:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN)


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    east, north = ORIGIN
    return shapely.box(east + x, north + y, east + x + wide, north + y + high)


def drawn(shape: Any, accuracy_m: float) -> Drawn:
    return Drawn(np.array([at(shape) if isinstance(shape, str) else shape]), np.array([accuracy_m]))


def met(left: Any, left_m: float, right: Any, right_m: float) -> str:
    one, other = drawn(left, left_m), drawn(right, right_m)
    zero = np.zeros(1, dtype=np.intp)
    apart = shapely.distance(one.geometries, other.geometries)
    answers = {
        str(meeting_outcome(one, other, zero, zero, apart)[0]),
        str(meeting_outcome(other, one, zero, zero, apart)[0]),
    }
    assert len(answers) == 1, "the sides are alike"
    return answers.pop()


def with_accuracy(*values: Any) -> gpd.GeoDataFrame:
    points = [shapely.Point(number, 7) for number in range(len(values))]
    names = [f"F{number}" for number in range(len(values))]
    column = {"geometry_accuracy_m": np.array(values, dtype=object)}
    return gpd.GeoDataFrame(column, geometry=points, index=names, crs=4550)


def test_an_accuracy_is_metres_or_unknown() -> None:
    layer = with_accuracy(5, 0, None, NAN, 2.5)
    assert accuracies(layer).tolist() == pytest.approx([5, 0, NAN, NAN, 2.5], nan_ok=True)
    assert without_accuracy(layer) == ["F2", "F3"]


def test_a_layer_without_the_column_knows_nothing() -> None:
    layer = with_accuracy(1, 2).drop(columns="geometry_accuracy_m")
    assert np.isnan(accuracies(layer)).tolist() == [True, True]
    assert without_accuracy(layer) == ["F0", "F1"]


@pytest.mark.parametrize("bad", [-0.5, float("inf"), float("-inf"), "5", "good", True, [5]])
def test_what_is_no_accuracy_is_refused_by_the_features_id(bad: Any) -> None:
    with pytest.raises(AccuracyInvalid, match=r"feature 'F1' .*2 such.*metres"):
        accuracies(with_accuracy(3, bad, None, bad))


# threshold 50 m: distance, r, outcome
RULES = [
    (44.9, 5, "hit"),
    (45, 5, "uncertain"),
    (50, 5, "uncertain"),
    (55, 5, "uncertain"),
    (55.1, 5, "clear"),
    (49.9, 0, "hit"),
    (50, 0, "uncertain"),
    (50.1, 0, "clear"),
    (0, 60, "uncertain"),
    (0, NAN, "uncertain"),
    (9000, NAN, "uncertain"),
    (NAN, 5, "uncertain"),
]


def test_distance_rules() -> None:
    distance, off, outcome = zip(*RULES, strict=True)
    assert distance_outcome(np.array(distance), np.array(off), 50.0).tolist() == list(outcome)


PARK = rectangle(0, 0, 300, 200)
ROAD = "LINESTRING (-90 80, 400 80)"
# left, its accuracy, right, its accuracy, outcome
MEETINGS = {
    "drawn, exact": (PARK, 0, rectangle(299, 199, 50, 60), 0, "hit"),
    "touching, exact": (PARK, 0, rectangle(300, 0, 50, 60), 0, "hit"),
    "apart, exact": (PARK, 0, rectangle(300.001, 0, 50, 60), 0, "clear"),
    "deep": (PARK, 5, rectangle(250, 150, 400, 300), 10, "hit"),
    "16 m deep, r = 15": (PARK, 5, rectangle(284, 20, 400, 70), 10, "hit"),
    "14 m deep, r = 15": (PARK, 5, rectangle(286, 20, 400, 70), 10, "uncertain"),
    "touching, r = 15": (PARK, 5, rectangle(300, 20, 400, 70), 10, "uncertain"),
    "14 m apart, r = 15": (PARK, 5, rectangle(314, 20, 400, 70), 10, "uncertain"),
    "15 m apart, r = 15": (PARK, 5, rectangle(315, 20, 400, 70), 10, "uncertain"),
    "16 m apart, r = 15": (PARK, 5, rectangle(316, 20, 400, 70), 10, "clear"),
    "one is exact": (PARK, 0, rectangle(292, 20, 400, 70), 7, "hit"),
    "one is unknown": (PARK, 0, rectangle(20, 20, 40, 70), NAN, "uncertain"),
    "far, but one is unknown": (PARK, 5, rectangle(9000, 20, 40, 70), NAN, "uncertain"),
    "inside": (PARK, 5, rectangle(20, 30, 100, 60), 10, "hit"),
    "inside, smaller than its accuracy": (PARK, 5, rectangle(40, 50, 12, 14), 10, "uncertain"),
    "in the hole": (
        "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (50 50, 50 150, 250 150, 250 50, 50 50))",
        5,
        rectangle(90, 80, 60, 30),
        10,
        "clear",
    ),
    "into the rim of the hole": (
        "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (50 50, 50 150, 250 150, 250 50, 50 50))",
        5,
        rectangle(90, 80, 185, 30),
        10,
        "hit",
    ),
    "a narrow strip right across": (PARK, 5, rectangle(-80, 90, 500, 12), 10, "hit"),
    "two narrow strips cross": (rectangle(0, 0, 500, 12), 9, rectangle(90, -200, 8, 400), 9, "hit"),
    "a narrow strip ends inside": (PARK, 5, rectangle(250, 90, 500, 12), 10, "hit"),
    "a narrow strip ends a little inside": (PARK, 5, rectangle(290, 90, 90, 12), 10, "uncertain"),
    "a line right through": (ROAD, 5, PARK, 10, "hit"),
    "a line cuts a far corner": ("LINESTRING (-20 184, 20 230)", 5, PARK, 10, "uncertain"),
    "a line that ends 16 m inside": ("LINESTRING (120 184, 130 290)", 5, PARK, 10, "hit"),
    "a line that ends 14 m inside": ("LINESTRING (120 186, 130 290)", 5, PARK, 10, "uncertain"),
    "a line along the edge": ("LINESTRING (20 200, 220 200)", 5, PARK, 10, "uncertain"),
    "a line cuts a corner": ("LINESTRING (-40 30, 60 -25)", 5, PARK, 10, "uncertain"),
    "a pipeline across a brook": (ROAD, 5, rectangle(60, -400, 12, 900), 10, "hit"),
    "a pipeline ends in a brook": (ROAD, 5, rectangle(390, -400, 12, 900), 10, "uncertain"),
    "a point 16 m inside": ("POINT (16 90)", 5, PARK, 10, "hit"),
    "a point 14 m inside": ("POINT (14 90)", 5, PARK, 10, "uncertain"),
    "one of two points is deep": ("MULTIPOINT (-9 90, 150 90)", 5, PARK, 10, "hit"),
    "an exact point on the edge": ("POINT (0 90)", 0, PARK, 0, "hit"),
    "a point on a vague point": ("POINT (3 9)", 5, "POINT (3 9)", 10, "uncertain"),
    "a point on a point": ("POINT (3 9)", 0, "POINT (3 9)", 0, "hit"),
    "a point on a line": ("POINT (3 80)", 0, ROAD, 0, "hit"),
    "a point on a vague line": ("POINT (3 80)", 0, ROAD, 2, "uncertain"),
    "lines cross": (ROAD, 5, "LINESTRING (120 -70, 150 260)", 10, "hit"),
    "lines cross, one ends 14 m on": (ROAD, 5, "LINESTRING (120 -70, 120 94)", 10, "uncertain"),
    "lines cross, one ends 16 m on": (ROAD, 5, "LINESTRING (120 -70, 120 96)", 10, "hit"),
    "lines touch": (ROAD, 5, "LINESTRING (40 300, 140 80, 310 280)", 10, "uncertain"),
    "there and back, 40 m on": (ROAD, 5, "LINESTRING (40 300, 140 40, 310 280)", 10, "hit"),
    "there and back, 14 m on": (ROAD, 5, "LINESTRING (40 300, 140 66, 310 280)", 10, "uncertain"),
    "a shared stretch, to one side": (
        ROAD,
        5,
        "LINESTRING (10 300, 40 80, 190 80, 260 310)",
        10,
        "uncertain",
    ),
    "a shared stretch, to both sides": (
        ROAD,
        5,
        "LINESTRING (10 300, 40 80, 190 80, 260 -310)",
        10,
        "hit",
    ),
    "three times across within r": (
        ROAD,
        5,
        "LINESTRING (100 300, 110 75, 120 85, 130 -260)",
        10,
        "hit",
    ),
    "twice across within r": (
        ROAD,
        5,
        "LINESTRING (100 300, 110 75, 120 85, 130 75, 140 300)",
        10,
        "uncertain",
    ),
    "a road round a line's end": (
        "LINESTRING (0 0, 400 3)",
        5,
        "LINESTRING (0 90, -90 0, 0 -90, 90 0, 0 90)",
        10,
        "hit",
    ),
    "the parts of a line may part": (
        "MULTILINESTRING ((-90 80, 120 80), (120 80, 400 80))",
        5,
        "LINESTRING (120 -70, 120 260)",
        10,
        "uncertain",
    ),
}


@pytest.mark.parametrize("case", MEETINGS)
def test_meetings(case: str) -> None:
    left, left_m, right, right_m, outcome = MEETINGS[case]
    assert met(left, left_m, right, right_m) == outcome


def test_many_pairs_at_once_keep_their_order() -> None:
    left = Drawn(np.array([PARK, rectangle(900, 0, 60, 50)]), np.array([5.0, 0.0]))
    right = Drawn(
        np.array([at(ROAD), at("POINT (14 90)"), rectangle(945, 5, 90, 20)]),
        np.array([10.0, 10.0, 3.0]),
    )
    ours, theirs = np.array([0, 1, 0, 1, 0]), np.array([1, 2, 0, 0, 2])
    apart = shapely.distance(left.geometries[ours], right.geometries[theirs])
    outcome = meeting_outcome(left, right, ours, theirs, apart)
    assert outcome.tolist() == ["uncertain", "hit", "hit", "clear", "clear"]


# left, its accuracy, right, its accuracy, ± [m²]
SHARED_AREAS = {
    "alike: perimeter × accuracy": (PARK, 2, rectangle(200, 150, 900, 800), 2, 300 * 2),
    "two sides of each": (PARK, 1, rectangle(200, 150, 900, 800), 10, 150 * 1 + 150 * 10),
    "the same, the other way": (PARK, 10, rectangle(200, 150, 900, 800), 1, 150 * 1 + 150 * 10),
    "inside: only its own boundary counts": (PARK, 40, rectangle(90, 50, 30, 20), 1, 100),
    "around: only its own boundary counts": (PARK, 3, rectangle(-90, -50, 900, 800), 70, 3000),
    "edges together: the greater counts": (PARK, 7, rectangle(0, 0, 300, 50), 3, 400 * 7 + 300 * 3),
    "one is exact": (PARK, 0, rectangle(200, 150, 900, 800), 4, 150 * 4),
    "exact": (PARK, 0, rectangle(200, 150, 900, 800), 0, 0),
}


@pytest.mark.parametrize("case", SHARED_AREAS)
def test_plus_minus_of_shared_areas(case: str) -> None:
    left, left_m, right, right_m, expected = SHARED_AREAS[case]
    both = drawn(left, left_m), drawn(right, right_m)
    shared = shapely.intersection(both[0].geometries, both[1].geometries)
    assert area_pm_m2(shared, *both).tolist() == pytest.approx([expected])


def test_plus_minus_of_an_unknown_accuracy_is_unknown() -> None:
    both = drawn(PARK, NAN), drawn(rectangle(200, 150, 900, 800), 4)
    shared = shapely.intersection(both[0].geometries, both[1].geometries)
    pm = area_pm_m2(shared, *both)
    assert np.isnan(pm).all()
    assert np.isnan(plus_minus(np.array([5000.0]), pm, np.array([60_000.0]))).all()


# line, its accuracy, accuracy of the park, ± [m]
SHARED_LENGTHS = {
    "square to both edges": (ROAD, 1, 4, 5 + 5),
    "ends inside": ("LINESTRING (-90 80, 120 80)", 1, 4, 5 + 1),
    "begins inside": ("LINESTRING (120 80, 390 80)", 1, 4, 1 + 5),
    "all inside": ("LINESTRING (20 80, 120 90)", 1, 4, 2),
    "askew, sin α = 0.6, through the western edge": ("LINESTRING (-30 -10, 90 150)", 3, 3, 10 + 3),
    "exact": (ROAD, 0, 0, 0),
    "in and out twice": ("LINESTRING (150 -60, 150 90, 170 90, 170 -60)", 1, 4, 5 + 5),
}


@pytest.mark.parametrize("case", SHARED_LENGTHS)
def test_plus_minus_of_lengths(case: str) -> None:
    line, line_m, park_m, expected = SHARED_LENGTHS[case]
    both = drawn(line, line_m), drawn(PARK, park_m)
    shared = shapely.intersection(both[0].geometries, both[1].geometries)
    assert length_pm_m(shared, *both).tolist() == pytest.approx([expected], rel=1e-6)


def test_a_range_stays_between_nothing_and_the_whole() -> None:
    measured = np.array([5000.0, 5000.0, 5000.0, 5000.0, 0.0])
    pm = np.array([900.0, 5000.0, 7000.0, 0.0, 0.0])
    least, greatest, sign = plus_minus(measured, pm, np.array([5500.0, 60e3, 60e3, 60e3, 7.0]))
    assert least.tolist() == [4100, 0, 0, 5000, 0]
    assert greatest.tolist() == [5500, 10_000, 12_000, 5000, 0]
    assert sign.tolist() == pytest.approx([900, NAN, NAN, 0, 0], nan_ok=True)
