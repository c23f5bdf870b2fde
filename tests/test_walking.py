"""What pairs share by walking along boundaries, held against GEOS pair by pair."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from geoplan.crs import plane_at
from geoplan.queries import overlap
from geoplan.queries.building import built
from geoplan.queries.walking import Walked, walked

PLANE = plane_at(CRS(4550), 123, 41)
ORIGIN = np.array([500_000.0, 4_550_000.0])


def stars(count: int, radius: float, vertices: int, spread: float, seed: int) -> Any:
    """Return jagged areas, every fifth with a hole, every seventh in two parts, some clockwise."""
    random = np.random.default_rng(seed)
    shapes = []
    for number in range(count):
        angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
        reach = radius * random.uniform(0.25, 1, vertices)
        ring = np.column_stack([reach * np.cos(angle), reach * np.sin(angle)])
        middle = ORIGIN + random.uniform(0, spread, 2)
        shape: Any = shapely.Polygon((ring if number % 2 else ring[::-1]) + middle)
        if number % 5 == 1:
            shape = shapely.Polygon(shape.exterior, [ring * 0.4 + middle])
        if number % 7 == 2:
            shape = shape.union(shapely.affinity.translate(shape, 2.3 * radius, 0.4 * radius))
        shapes.append(shape)
    return np.array(shapes, dtype=object)


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.transform(shapely.box(x, y, x + wide, y + high), lambda xy: xy + ORIGIN)


def paths(count: int, spread: float, seed: int, points: int = 60) -> Any:
    random = np.random.default_rng(seed)
    lines: list[Any] = [
        shapely.LineString(
            ORIGIN
            + random.uniform(0, spread, 2)
            + np.cumsum(random.normal(0, 40, (points, 2)), axis=0)
        )
        for _ in range(count)
    ]
    lines[1] = shapely.MultiLineString([lines[1], shapely.affinity.translate(lines[1], 300, 90)])
    return np.array(lines, dtype=object)


def by_geos(left: Any, right: Any, measure: Any) -> dict[tuple[int, int], float]:
    theirs, ours = shapely.STRtree(left).query(right, predicate="intersects")
    size = measure(shapely.intersection(left[ours], right[theirs]))
    return {(a, b): s for a, b, s in zip(ours, theirs, size, strict=True) if s > 0}


def certain(found: Walked) -> Any:
    return ~found.doubtful & ~found.left_inside & ~found.right_inside


def held_against_geos(left: Any, right: Any, measure: Any) -> tuple[Walked, int]:
    found = walked(left, right, PLANE)
    expected = by_geos(left, right, measure)
    pairs = list(zip(found.ours.tolist(), found.theirs.tolist(), strict=True))
    assert pairs == sorted(pairs)
    assert len(set(pairs)) == len(pairs)
    assert set(expected) <= set(pairs)
    shapes = built(found)
    plain = 0
    for place in np.flatnonzero(certain(found)):
        a, b = pairs[place]
        assert found.size[place] == pytest.approx(expected.get((a, b), 0.0), rel=1e-9, abs=1e-6)
        if shapes[place] is not None:
            plain += 1
            exact = shapely.intersection(left[a], right[b])
            assert measure(shapes[[place]])[0] == pytest.approx(
                found.size[place], rel=1e-9, abs=1e-6
            )
            assert shapes[place].is_valid
            assert shapely.hausdorff_distance(shapes[place], exact) < 1e-6
            if measure == PLANE.area_m2:  # of lines that cross themselves GEOS makes more pieces
                pieces = shapely.get_num_geometries([shapes[place], exact])
                assert pieces[0] == pieces[1]
    for inside, holder, held in (
        (found.left_inside, right, left),
        (found.right_inside, left, right),
    ):
        for place in np.flatnonzero(inside):
            a, b = pairs[place]
            big, small = (b, a) if held is left else (a, b)
            assert holder[big].contains(held[small])
    return found, plain


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("fine", "coarse"), [(9, 40), (40, 9)])
def test_areas_share_what_geos_says(seed: int, fine: int, coarse: int) -> None:
    left = stars(150, 120, fine, 2000, seed)
    right = stars(40, 500, coarse, 2000, seed + 50)
    found, plain = held_against_geos(left, right, PLANE.area_m2)
    assert plain > 100
    assert found.doubtful.mean() < 0.04
    assert np.bincount(found.pair).max() > 6  # pieces of many crossings are among them
    assert found.left_inside.sum() > 10


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("line_is_left", [True, False])
def test_lines_lie_inside_what_geos_says(seed: int, line_is_left: bool) -> None:
    lines, areas = paths(60, 2000, seed), stars(80, 250, 13, 2000, seed + 9)
    left, right = (lines, areas) if line_is_left else (areas, lines)
    found, plain = held_against_geos(left, right, PLANE.length_m)
    assert plain > 100
    assert found.doubtful.mean() < 0.04


def test_long_rings_are_searched_in_runs() -> None:
    _, plain = held_against_geos(
        stars(6, 900, 600, 1500, 3), stars(60, 90, 11, 1500, 4), PLANE.area_m2
    )
    assert plain > 40


def test_parts_and_holes_inside_are_added_up_where_no_boundaries_cross() -> None:
    block = shapely.MultiPolygon(
        [rectangle(100, 100, 50, 40), rectangle(900, 100, 10, 10), rectangle(300, 300, 20, 90)]
    )
    ring = rectangle(0, 0, 600, 500).difference(rectangle(280, 280, 80, 150))
    around = rectangle(90, 90, 800, 600)
    left, right = np.array([block, around]), np.array([ring, rectangle(950, 0, 9, 9)])
    found = walked(left, right, PLANE)
    sizes = dict(zip(zip(found.ours, found.theirs, strict=True), found.size, strict=True))
    assert sizes[0, 0] == pytest.approx(50 * 40, rel=1e-7)  # the third lies in the hole
    rows = overlap(*(gpd.GeoDataFrame(geometry=side, crs=4550) for side in (left, right)))
    assert rows["area_m2"].tolist() == [
        pytest.approx(510 * 410 - 80 * 150, rel=1e-7),
        pytest.approx(50 * 40, rel=1e-7),
    ]


# Snapped boundaries, the normal case of a cadastre: all of it is for GEOS, and right


def cadastre() -> tuple[Any, Any]:
    """Return parcels of a slanting grid, and zones dissolved from them, with a lake left out."""
    random = np.random.default_rng(1)
    corner = ORIGIN + np.stack(np.meshgrid(np.arange(13) * 70.0, np.arange(9) * 50.0), axis=-1)
    corner += random.uniform(-15, 15, corner.shape)
    parcels = np.array(
        [
            shapely.Polygon(
                [corner[r, c], corner[r, c + 1], corner[r + 1, c + 1], corner[r + 1, c]]
            )
            for r in range(8)
            for c in range(12)
        ],
        dtype=object,
    )
    block = np.array([(r // 3) * 4 + c // 3 for r in range(8) for c in range(12)])
    block[5 * 12 + 4] = -1
    zones = [shapely.union_all(parcels[block == number]) for number in range(12)]
    return parcels, np.array(zones, dtype=object)


@pytest.mark.parametrize("swap", [False, True])
def test_parcels_lie_in_the_zones_they_were_dissolved_into(swap: bool) -> None:
    parcels, zones = (gpd.GeoDataFrame(geometry=part, crs=4550) for part in cadastre())
    rows = overlap(zones, parcels) if swap else overlap(parcels, zones)
    parcel, zone = ("right", "left") if swap else ("left", "right")
    assert len(rows) == 8 * 12 - 1  # each but the lake in its own zone, no neighbour touches
    assert rows[f"{parcel}_ratio"].to_numpy() == pytest.approx(1, rel=1e-9)
    assert rows.groupby(f"{zone}_id")[f"{zone}_ratio"].sum().to_numpy() == pytest.approx(
        1, rel=1e-9
    )


def test_a_boundary_walked_by_a_line_is_for_geos() -> None:
    parcels, zones = cadastre()
    rims = shapely.get_exterior_ring(zones)
    found = walked(rims, parcels, PLANE)
    touching = shapely.touches(rims[found.ours], parcels[found.theirs]) | shapely.covers(
        parcels[found.theirs].tolist(), rims[found.ours].tolist()
    )
    assert touching.any()
    assert found.doubtful[touching].all()
    expected = by_geos(rims, parcels, PLANE.length_m)
    rows = overlap(
        gpd.GeoDataFrame(geometry=rims, crs=4550), gpd.GeoDataFrame(geometry=parcels, crs=4550)
    )
    ours = {(row.left_id, row.right_id): row.length_m for row in rows.itertuples()}
    assert ours == pytest.approx(expected, rel=1e-9)


# the right shape beside the square (0 0, 100 100), and what they share [m²]
TOUCHING: dict[str, Any] = {
    "a vertex on an edge from outside": ([(100, 40), (130, 20), (130, 60)], 0),
    "a vertex on an edge from inside": (
        [(100, 40), (60, 30), (70, 60)],
        (6000 - 2800 - 1500 - 600) / 2,
    ),
    "through two corners": ([(0, 0), (100, 100), (0, 200)], 100 * 100 / 2),
    "through a corner and an edge": ([(0, 0), (100, 50), (200, 0), (100, -50)], 100 * 50 / 2),
    "edges overlap in part from outside": ([(100, 20), (160, 20), (160, 180), (100, 180)], 0),
    "edges overlap in part from inside": ([(100, 20), (40, 20), (40, 180), (100, 180)], 60 * 80),
    "the same": ([(0, 0), (100, 0), (100, 100), (0, 100)], 100 * 100),
    "a hair's breadth over an edge": ([(100 - 1e-7, 20), (160, 20), (160, 50)], None),
}


@pytest.mark.parametrize("case", TOUCHING)
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_degenerate_positions_are_right(case: str, swap: bool, turn: float) -> None:
    corners, area = TOUCHING[case]
    shapes = [
        shapely.affinity.translate(
            shapely.affinity.rotate(shape, turn, origin=(0, 0), use_radians=True), *ORIGIN
        )
        for shape in (shapely.box(0, 0, 100, 100), shapely.Polygon(corners))
    ]
    left, right = (gpd.GeoDataFrame(geometry=[one], crs=4550) for one in shapes)
    rows = overlap(right, left) if swap else overlap(left, right)
    if area is None:
        assert rows["area_m2"].sum() < 1e-5
    elif area == 0:
        assert rows["area_m2"].sum() < (0 if turn == 0 else 1e-4) + 1e-12
    else:
        assert rows["area_m2"].tolist() == [pytest.approx(area, rel=1e-6)]
