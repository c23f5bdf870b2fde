"""Lines in areas by the kernels: on paper, against GEOS, and the same as for small layers."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoplan.queries import engine, overlap
from tests.kernels.shapes import FAR, SPAN, areas, placed

pytest.importorskip("numba", reason="the extra 'engine' is not installed")
overlays = pytest.importorskip("geoplan.kernels.overlay")

PLANE: Any = CRS(4550).get_geod()


def line(*points: tuple[float, float]) -> Any:
    return shapely.LineString(np.array(points) + FAR)


def box(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.transform(shapely.box(x, y, x + wide, y + high), lambda xy: xy + FAR)


SQUARE = box(0, 0, 10, 10)
RING = shapely.Polygon(SQUARE.exterior, [box(4, 4, 2, 2).exterior.coords])


@pytest.mark.parametrize(
    ("way", "area", "length"),
    [
        (line((-5, 5), (15, 5)), SQUARE, 10.0),  # right through
        (line((2, 5), (8, 5)), SQUARE, 6.0),  # inside
        (line((-5, 5), (15, 5)), RING, 8.0),  # across the hole
        (line((0, -5), (0, 15)), SQUARE, 10.0),  # along an edge
        (line((2, 0), (8, 0)), SQUARE, 6.0),  # on an edge
        (line((10, 10), (0, 0)), SQUARE, 200**0.5),  # corner to corner
        (line((-5, -5), (5, 5), (15, 5)), SQUARE, 50**0.5 + 5),  # in by a corner
        (line((-5, 5), (5, 5), (5, 15), (7, 15), (7, 5)), SQUARE, 15.0),  # twice
        (line((0, 5), (-5, 5)), SQUARE, 0.0),  # from the edge away
        (line((-5, 5), (0, 5), (-5, 8)), SQUARE, 0.0),  # touches
        (line((-5, 15), (15, -5)), SQUARE, 200**0.5),  # by two corners
    ],
)
def test_lengths_on_paper(way: Any, area: Any, length: float) -> None:
    for turned in (way, shapely.reverse(way)):
        found = overlays.stretches(np.array([turned]), np.array([area]), PLANE, shapes=True)
        if length == 0.0:
            assert len(found.ours) == 0
            continue
        assert found.size.tolist() == pytest.approx([length], rel=1e-9)
        assert shapely.length(found.shape[0]) == pytest.approx(length, rel=1e-12)
        assert found.shape[0].geom_type in ("LineString", "MultiLineString")


def ways(count: int, seed: int) -> NDArray[Any]:
    """Return simple lines with corners on a grid, some in two parts."""
    rng = np.random.default_rng(seed)
    found: list[Any] = []
    while len(found) < count:
        way: Any = shapely.LineString(rng.integers(0, SPAN + 1, (rng.integers(2, 8), 2)))
        if rng.random() < 0.2:
            way = shapely.union(way, shapely.LineString(rng.integers(0, SPAN + 1, (3, 2))))
        if way.length > 0 and way.is_valid and way.is_simple:
            found.append(way)
    return np.array(found, dtype=object)


@pytest.mark.parametrize(("step", "turn"), [(1.0, 0.0), (37.7, 0.0), (11.0, 1.1)])
def test_lines_and_areas_on_a_grid_agree_with_geos(step: float, turn: float) -> None:
    lines, zones = placed(ways(150, 3), step, turn), placed(areas(100, 4), step, turn)
    lines = lines[shapely.is_simple(lines) & shapely.is_valid(lines)]
    zones = zones[shapely.is_valid(zones)]
    found = overlays.stretches(lines, zones, PLANE, shapes=True)
    known = ~np.isnan(found.size)
    assert known.mean() > 0.5  # half of the corners lie on the lines, or all but
    shared = shapely.intersection(lines[found.ours[known]], zones[found.theirs[known]])
    assert shapely.length(found.shape[known]) == pytest.approx(
        shapely.length(shared), rel=1e-9, abs=1e-6 * step
    )
    named = set(zip(found.ours.tolist(), found.theirs.tolist(), strict=True))
    one, other = shapely.STRtree(zones).query(lines)
    rest = [pair for pair in zip(one.tolist(), other.tolist(), strict=True) if pair not in named]
    lost = [lines[a].intersection(zones[b]).length for a, b in rest]
    assert max(lost) < 1e-6 * step


@pytest.mark.parametrize("swap", [False, True])
def test_overlap_answers_the_same_with_the_kernels(
    swap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = gpd.GeoDataFrame(geometry=placed(ways(120, 5), 40.0, 0.0), crs=4550)
    zones = gpd.GeoDataFrame(geometry=placed(areas(60, 6), 40.0, 0.0), crs=4550)
    sides = (zones, lines) if swap else (lines, zones)
    keys = ["left_id", "right_id"]
    by_geos = overlap(*sides).sort_values(keys)
    monkeypatch.setattr(engine, "WORTH", 0)
    for found in (overlap(*sides).sort_values(keys),
                  overlap(*sides, geometry=False).sort_values(keys)):  # fmt: skip
        assert found[keys].to_numpy().tolist() == by_geos[keys].to_numpy().tolist()
        for name in ("length_m", "left_ratio", "right_ratio"):
            assert found[name].to_numpy() == pytest.approx(
                by_geos[name].to_numpy(), rel=1e-9, abs=1e-6, nan_ok=True
            )


def test_lines_that_nearly_run_along_edges_put_no_other_out_of_step() -> None:
    """A pair whose crossings do not take turns once shifted those of all that came after."""
    lines = gpd.GeoDataFrame(geometry=placed(ways(150, 1), 0.1, 0.3), crs=4550)
    zones = placed(areas(100, 7), 0.1, 0.3)
    zones = gpd.GeoDataFrame(geometry=zones[shapely.is_valid(zones)], crs=4550)
    found = overlap(lines, zones)
    assert found.geometry.length.to_numpy() == pytest.approx(
        found["length_m"].to_numpy(), rel=1e-6, abs=1e-6
    )
