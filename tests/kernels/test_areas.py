"""The kernels against GEOS, pair by pair, where boundaries touch, run together and nearly cross."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoplan.queries import engine, overlap
from tests.golden import cambridge
from tests.kernels.shapes import FAR, areas, placed

pytest.importorskip("numba", reason="the extra 'engine' is not installed")
overlays = pytest.importorskip("geoplan.kernels.overlay")

PLANE: Any = CRS(4550).get_geod()
PAIRS = 100_000 if os.environ.get("GEOPLAN_SOAK") else 3_000
ROOT = Path(__file__).parents[2]


def box(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.transform(shapely.box(x, y, x + wide, y + high), lambda xy: xy + FAR)


def half(side: float) -> Any:
    triangle = shapely.Polygon([(0, 0), (side, side), (0, side)])
    return shapely.transform(triangle, lambda xy: xy + FAR)


def of(left: Any, right: Any, **asked: Any) -> Any:
    shapes = [np.array(side, dtype=object) for side in (left, right)]
    return overlays.overlay(*shapes, PLANE, shapes=True, **asked)


def valid(shapes: NDArray[Any]) -> NDArray[Any]:
    return shapes[shapely.is_valid(shapes)]


def planes(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(shapely.area(shapely.intersection(left, right)))


@pytest.mark.parametrize(
    ("other", "area"),
    [
        (box(5, 5, 10, 10), 25.0),  # corners cross
        (box(0, 0, 10, 10), 100.0),  # the same
        (box(2, 2, 1, 1), 1.0),  # inside
        (box(0, 0, 5, 10), 50.0),  # inside, along three sides
        (box(5, 0, 10, 10), 50.0),  # edges run together
        (box(-5, -5, 30, 30), 100.0),  # around
        (box(-5, 4, 30, 2), 20.0),  # right across
        (
            shapely.transform(shapely.Polygon([(0, 0), (10, 10), (0, 10)]), lambda xy: xy + FAR),
            50.0,
        ),  # along the diagonal
        (shapely.Polygon(box(-5, -5, 30, 30).exterior, [box(2, 2, 4, 4).exterior.coords]), 84.0),
        (shapely.Polygon(box(-5, -5, 30, 30).exterior, [box(0, 0, 4, 4).exterior.coords]), 84.0),
        (shapely.MultiPolygon([box(-5, 0, 6, 5), box(9, 5, 6, 5)]), 10.0),  # two corners
    ],
)
def test_areas_on_paper(other: Any, area: float) -> None:
    found = of([box(0, 0, 10, 10)], [other])
    assert found.size.tolist() == pytest.approx([area], rel=1e-7)
    assert float(shapely.area(found.shape[0])) == pytest.approx(area, rel=1e-9)


@pytest.mark.parametrize(
    "other",
    [
        box(10, 0, 5, 10),  # beside
        box(10, 10, 5, 5),  # corner to corner
        box(20, 20, 5, 5),  # apart
        shapely.Polygon(box(-5, -5, 30, 30).exterior, [box(0, 0, 10, 10).exterior.coords]),
    ],
)
def test_what_only_touches_shares_nothing(other: Any) -> None:
    assert len(of([box(0, 0, 10, 10)], [other]).ours) == 0


@pytest.mark.parametrize(("step", "turn"), [(1.0, 0.0), (0.1, 0.3), (1 / 3, 0.0), (37.7, 1.1)])
def test_near_degenerate_pairs_agree_with_geos(step: float, turn: float) -> None:
    """Each left feature meets one right feature; the rest of the plane is far away."""
    count = PAIRS // 4
    seed = round(100 * step)
    left, right = placed(areas(count, seed), step, turn), placed(areas(count, seed + 1), step, turn)
    both = shapely.is_valid(left) & shapely.is_valid(right)
    left, right = left[both], right[both]
    expected = planes(left, right)
    size, shape, undecided = decided(left, right)
    bound = np.maximum(1e-9 * expected, 1e-8 * (shapely.length(left) + shapely.length(right)))
    known = ~np.isnan(size)
    assert undecided < 0.1 * len(left)
    assert (np.abs(shapely.area(shape[known]) - expected[known]) <= bound[known]).all()
    # on the ellipsoid all is a little smaller, the same for all at one place
    assert size[known] == pytest.approx(expected[known], rel=1e-6, abs=1e-6)
    there = shape[known]
    there = there[~shapely.is_missing(there)]
    assert shapely.is_valid(there).all()
    apart = shapely.symmetric_difference(
        shape[known], shapely.intersection(left[known], right[known])
    )
    assert (shapely.area(apart[~shapely.is_missing(apart)]).max(initial=0)) <= bound.max()


def decided(left: NDArray[Any], right: NDArray[Any]) -> tuple[Any, Any, int]:
    """Return what the kernel says of pairs, one by one: 0 where nothing is shared, NaN for GEOS."""
    from geoplan.kernels.areas import NOTHING, UNDECIDED, shares
    from geoplan.kernels.flat import flat_areas
    from geoplan.kernels.ground import constants

    known = constants(PLANE)
    each = np.arange(len(left))
    found = shares(each, each, flat_areas(left, known), flat_areas(right, known), known, True)
    shape = overlays.built(found)
    size = found.size.copy()
    for state, of_side in ((1, left), (2, right)):
        here = found.state == state
        shape[here] = of_side[here]
        size[here] = shapely.area(of_side[here])
    here = found.state == NOTHING
    shape[here] = shapely.Polygon()
    lost = (found.state == UNDECIDED) | shapely.is_missing(shape)
    size[lost] = np.nan
    return size, shape, int(lost.sum())


def test_the_number_of_threads_changes_no_bit() -> None:
    left = valid(placed(areas(300, 5), 11.0, 0.2))
    one, two, five = (of(left, left[:80], threads=count) for count in (1, 2, 5))
    for other in (two, five):
        assert (one.ours == other.ours).all()
        assert one.size.tobytes() == other.size.tobytes()
        assert (shapely.to_wkb(one.shape) == shapely.to_wkb(other.shape)).all()


def test_the_order_of_rings_and_points_does_not_matter() -> None:
    left, right = (valid(placed(areas(200, seed), 5.0, 0.4))[:150] for seed in (8, 9))
    turned = shapely.reverse(right)
    sizes = [decided(left, side)[0] for side in (right, turned)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-9, abs=1e-9, nan_ok=True)
    assert decided(right, left)[0] == pytest.approx(sizes[0], rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("turn", [0.0, np.pi / 2, np.pi, 0.7, -2.3])
@pytest.mark.parametrize("away", [(0.0, 0.0), (12_345.0, -67_890.0), (-0.1, 1 / 3)])
def test_copies_moved_and_turned_share_as_much(turn: float, away: tuple[float, float]) -> None:
    """In the plane: on the ellipsoid another place has another scale."""
    shapes = [areas(250, seed) for seed in (21, 22)]

    def shared(turn: float, away: Any) -> Any:
        sides = (shapely.transform(placed(one, 8.0, turn), lambda xy: xy + away) for one in shapes)
        size, shape, undecided = decided(*sides)
        assert undecided < 25
        return np.where(np.isnan(size), np.nan, shapely.area(shape))

    here, there = shared(0.0, (0.0, 0.0)), shared(turn, away)
    both = ~np.isnan(here) & ~np.isnan(there)
    bound = 1e-9 * here + 1e-8 * sum(shapely.length(one) for one in shapes) * 8.0
    assert (here[both] > 0).sum() > 100
    assert (np.abs(here - there)[both] <= bound[both]).all()


def test_overlap_answers_the_same_with_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    left = gpd.GeoDataFrame(geometry=valid(placed(areas(150, 3), 40.0, 0.1)), crs=4550)
    right = gpd.GeoDataFrame(geometry=valid(placed(areas(60, 4), 60.0, 0.1)), crs=4550)
    keys = ["left_id", "right_id"]
    by_geos = overlap(left, right).sort_values(keys)
    monkeypatch.setattr(engine, "WORTH", 0)
    by_kernels = overlap(left, right).sort_values(keys)
    measures = overlap(left, right, geometry=False).sort_values(keys)
    for found in (by_kernels, measures):
        assert found[keys].to_numpy().tolist() == by_geos[keys].to_numpy().tolist()
        for name in ("area_m2", "left_ratio", "right_ratio"):
            assert found[name].to_numpy() == pytest.approx(
                by_geos[name].to_numpy(), rel=1e-9, abs=1e-6
            )
    apart = by_kernels.geometry.reset_index(drop=True).symmetric_difference(
        by_geos.geometry.reset_index(drop=True)
    )
    assert apart.area.max() < 1e-6


def test_a_plan_of_a_city_never_loads_numba() -> None:
    program = (
        "import sys; from geoplan.catalogue import Catalogue; from geoplan.processes import "
        "PROCESSES; check = PROCESSES['check']; "
        "check.run(Catalogue.open('layers'), check.inputs()); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_without_numba_everything_is_answered_by_geos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WORTH", 0)
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    engine.is_there.cache_clear()
    layer = gpd.GeoDataFrame(geometry=[box(0, 0, 10, 10), box(5, 5, 10, 10)], crs=4550)
    assert len(overlap(layer, layer)) == 4
    assert not engine.is_worth_it(layer.geometry.to_numpy())
    engine.is_there.cache_clear()


@pytest.mark.skipif(not cambridge.FILE.exists(), reason=f"{cambridge.FILE} is not here")
def test_parcels_of_cambridge_agree_with_geos() -> None:
    plan, _ = cambridge.layers()
    sides = {
        name: valid(plan[name].to_crs(32619).geometry.to_numpy())
        for name in ("parcels", "zoning", "flood-500")
    }
    left = sides["parcels"]
    for right in (sides["zoning"], sides["flood-500"]):
        ours, theirs = shapely.STRtree(right).query(left)
        area = planes(left[ours], right[theirs]).tolist()
        expected = dict(zip(zip(ours.tolist(), theirs.tolist(), strict=True), area, strict=True))
        found = of(left, right)
        known = ~np.isnan(found.size)
        assert known.mean() > 0.99
        seen = shapely.area(found.shape).tolist()
        for a, b, size, sure in zip(
            found.ours.tolist(), found.theirs.tolist(), seen, known.tolist(), strict=True
        ):
            whole = expected.pop((a, b))
            if sure:
                assert size == pytest.approx(whole, rel=1e-9, abs=1e-6)
        # what the kernels do not name shares nothing
        assert max(expected.values()) < 1e-6
