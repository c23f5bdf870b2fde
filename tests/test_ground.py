"""Ground that chosen pairs share, in sum and counted once."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geoplan.queries.ground import ground_by, shared_pieces


def layer(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return features on paper, x = E − 500 000 and y = N − 4 550 000 in EPSG:4550."""
    origin = np.array([500_000, 4_550_000])
    moved = [shapely.transform(one, lambda at: at + origin) for one in shapes.values()]
    return gpd.GeoDataFrame(geometry=moved, index=list(shapes), crs=4550)


PROJECTS = layer(
    park=shapely.box(0, 0, 300, 100),
    twin=shapely.box(200, 0, 300, 400),
    road=shapely.LineString([(-50, 50), (250, 50)]),
)
ZONES = layer(
    wide=shapely.box(100, 0, 400, 90),
    low=shapely.box(100, 0, 400, 30),
    far=shapely.box(9000, 0, 9100, 100),
    lane=shapely.LineString([(150, 50), (220, 50), (220, 500)]),
)


def test_gross_counts_twice_what_union_counts_once() -> None:
    pairs = [("park", "wide"), ("park", "low"), ("twin", "wide"), ("park", "far")]
    pieces = shared_pieces(PROJECTS, ZONES, pairs)
    by_project = ground_by(pieces, ["left_id"]).set_index("left_id")
    # park: 200 × 90, and 200 × 30 within it; twin: 100 × 90
    assert by_project.loc["park", "area_gross_m2"] == pytest.approx(24_000, rel=1e-6)
    assert by_project.loc["park", "area_union_m2"] == pytest.approx(18_000, rel=1e-6)
    assert by_project.loc["park", "pair_count"] == 2
    (total,) = ground_by(pieces, []).to_dict("records")
    assert total["area_gross_m2"] == pytest.approx(33_000, rel=1e-6)
    # twin's 100 × 90 lies within park's ground
    assert total["area_union_m2"] == pytest.approx(18_000, rel=1e-6)
    assert pd.isna(total["length_union_m"])


def test_lengths_along_areas_and_lines_are_counted_once() -> None:
    pieces = shared_pieces(PROJECTS, ZONES, [("road", "wide"), ("road", "lane")])
    (total,) = ground_by(pieces, []).to_dict("records")
    # x 100–250 in the zone, x 150–220 together with the lane
    assert total["length_gross_m"] == pytest.approx(220, rel=1e-6)
    assert total["length_union_m"] == pytest.approx(150, rel=1e-6)


def test_only_the_pairs_asked_of_count() -> None:
    pieces = shared_pieces(PROJECTS, ZONES, [("park", "low")])
    assert pieces[["left_id", "right_id"]].to_numpy().tolist() == [["park", "low"]]
    assert len(shared_pieces(PROJECTS, ZONES, [])) == 0
    assert len(ground_by(shared_pieces(PROJECTS, ZONES, [("park", "far")]), ["left_id"])) == 0
