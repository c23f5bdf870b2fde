"""The plan that the service is measured with: parcels drawn by a generator with a fixed seed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geoplan.store.write import write_geopackage

SPACING_M = 41.0
CENTRE = (123.0, 41.085)
_CATALOGUE = """[plan]
id = "bench"
title = { zh = "测", en = "Benchmark" }
extent = [122.8, 40.9, 123.2, 41.2]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "虚构", en = "Synthetic" }

[[layer]]
id = "parcels"
kind = "generic"
geometry = "area"
title = { zh = "地块", en = "Parcels" }
source = { zh = "虚构", en = "Synthetic" }
source_date = 2025-01-01
"""


def make(directory: Path, count: int, crs: int = 4550) -> gpd.GeoDataFrame:
    """Write a plan of one layer of polygons around the centre, and return them."""
    frame = parcels(count).to_crs(crs)
    write_geopackage(
        directory / "parcels.gpkg",
        "parcels",
        frame,
        id_column=None,
        identifier="parcels",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    (directory / "catalogue.toml").write_text(_CATALOGUE, encoding="utf-8")
    return frame


def parcels(count: int) -> gpd.GeoDataFrame:
    """Draw polygons of 6 to 14 vertices with six attributes, numbered from 1, in EPSG:4550."""
    rng = np.random.default_rng(20260101)
    side = int(np.ceil(np.sqrt(count)))
    cells = np.column_stack(np.divmod(np.arange(count), side))[:, ::-1].astype(float)
    centre = gpd.GeoSeries.from_xy([CENTRE[0]], [CENTRE[1]], crs=4490).to_crs(4550).iloc[0]
    middle = (cells - side / 2 + 0.5) * SPACING_M + [centre.x, centre.y]
    vertices = rng.integers(6, 15, count)
    of = np.repeat(np.arange(count), vertices)
    turn = (np.arange(len(of)) - np.repeat(np.cumsum(vertices) - vertices, vertices)) / vertices[of]
    radius = rng.uniform(0.25, 0.48, len(of)) * SPACING_M
    angle = 2 * np.pi * turn
    xy = middle[of] + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]
    rings = shapely.linearrings(xy, indices=of)
    values = {
        "code": rng.choice(["0701", "1001", "0602", "0302", "1301"], count),
        "name": [f"地块 {number}" for number in range(count)],
        "area_m2": np.round(rng.uniform(300, 1500, count), 1),
        "floors": rng.integers(1, 34, count),
        "status": rng.choice(["planned", "approved", "built"], count),
        "owner": rng.choice(["国有", "集体"], count),
    }
    frame = gpd.GeoDataFrame(values, geometry=shapely.polygons(rings), crs=4550)
    frame.index = np.arange(1, count + 1)
    return frame
