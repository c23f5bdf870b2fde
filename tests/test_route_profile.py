"""Profiles by chainage: which chainage stands beside which elevation, worked out on paper.

The town's ground is z = 100 + 0.03 (E - 498000) + 0.04 (N - 4548900) west of E 500900, so that
along N 4550700 it is 172 m at E 498000 and rises 3 m in 100 m to the east.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geoplan.errors import BadQuery, OutsideRaster
from geoplan.queries import measured_routes, profile, route_profile
from geoplan.raster import Raster

TOWN = Path(__file__).parents[1] / "examples" / "town"
N = 4_550_700


@pytest.fixture(scope="module")
def dem() -> Iterator[Raster]:
    with Raster(TOWN / "elevation.tif") as raster:
        yield raster


def measured(line: Any, equations: Any = None, **columns: Any) -> Any:
    """Return the one route of a line."""
    table = {name: [value] for name, value in columns.items()}
    (route,), _ = measured_routes(
        gpd.GeoDataFrame(table, geometry=[line], index=["A"], crs=4550), equations
    )
    return route


def test_chainage_is_that_of_the_design_not_of_the_metres_drawn(dem: Raster) -> None:
    # 500 m drawn are 505 m of design
    line = shapely.LineString([(498_300, N), (498_800, N)])
    found = route_profile(measured(line, chainage_from="DK3+765", chainage_to="DK4+270"), dem,
                          step_m=200)  # fmt: skip
    assert found["distance_m"].tolist() == pytest.approx([0, 200, 400, 500], rel=1e-6)
    assert found["chainage"].tolist() == [
        "DK3+765.000",
        "DK3+967.000",
        "DK4+169.000",
        "DK4+270.000",
    ]
    assert found["elevation_m"].tolist() == pytest.approx([181, 187, 193, 196], abs=1e-4)
    assert list(found.columns).index("chainage") == list(found.columns).index("distance_m") + 1


def test_a_line_drawn_backwards_is_gone_through_by_its_chainage(dem: Raster) -> None:
    line = shapely.LineString([(500_300, N), (498_300, N)])
    # 2000 m drawn, 2010 m of design; 500 m of design on, K8+400 becomes K8+600
    broken = pd.DataFrame(
        {"route_id": ["A"], "back_chainage": ["K8+400"], "ahead_chainage": ["K8+600"]}
    )
    route = measured(
        line, broken, chainage_from="K7+900", chainage_to="K10+110", drawn_backwards=True
    )
    found = route_profile(route, dem, step_m=1000)
    assert found["chainage"].tolist() == ["K7+900.000", "K9+105.000", "K10+110.000"]
    assert found["elevation_m"].tolist() == pytest.approx([181, 211, 241], abs=1e-4)
    assert found["grade_percent"].iloc[1:].tolist() == pytest.approx([3, 3], rel=1e-4)
    assert found.geometry.x.tolist() == pytest.approx([498_300, 499_300, 500_300], abs=1e-3)


def test_across_a_gap_chainage_goes_on_and_distance_does_not(dem: Raster) -> None:
    line = shapely.from_wkt(
        f"MULTILINESTRING M ((498300 {N} 100, 498800 {N} 600), (499300 {N} 1100, 499700 {N} 1500))"
    )
    found = route_profile(measured(line), dem, step_m=250)
    assert found["part"].tolist() == [0, 0, 0, 1, 1, 1]
    assert found["distance_m"].tolist() == pytest.approx([0, 250, 500, 500, 750, 900], rel=1e-6)
    assert found["chainage"].tolist() == [
        *("K0+100.000", "K0+350.000", "K0+600.000"),
        *("K1+100.000", "K1+350.000", "K1+500.000"),
    ]
    elevations = [181, 188.5, 196, 211, 218.5, 223]
    assert found["elevation_m"].tolist() == pytest.approx(elevations, abs=1e-4)
    # 15 m up, and 12 m up; what the ground does in the gap is not counted
    assert found["climb_m"].iloc[-1] == pytest.approx(27, abs=1e-3)


def test_vertices_are_samples_without_a_step(dem: Raster) -> None:
    line = shapely.LineString([(498_300, N), (498_310, N), (498_800, N)])
    found = route_profile(measured(line, chainage_from="K1+000"), dem)
    assert found["chainage"].tolist() == ["K1+000.000", "K1+010.000", "K1+500.000"]


def test_a_route_that_states_no_chainage_gets_none(dem: Raster) -> None:
    line = shapely.LineString([(498_300, N), (498_800, N)])
    found = route_profile(measured(line), dem, step_m=250)
    assert found["chainage"].isna().all()
    plain = profile(gpd.GeoDataFrame(geometry=[line], index=["A"], crs=4550), dem, step_m=250)
    for name in ("distance_m", "elevation_m", "grade_percent", "climb_m"):
        assert found[name].tolist() == pytest.approx(plain[name].tolist(), nan_ok=True)


def test_what_cannot_be_asked(dem: Raster) -> None:
    line = shapely.LineString([(498_300, N), (498_800, N)])
    with pytest.raises(BadQuery, match="step_m"):
        route_profile(measured(line), dem, step_m=0)
    away = shapely.LineString([(502_500, N), (502_800, N)])
    with pytest.raises(OutsideRaster, match=r"elevation\.tif"):
        route_profile(measured(away), dem, step_m=100)
