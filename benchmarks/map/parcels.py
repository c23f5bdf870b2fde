"""Seeded parcels (17 vertices, 6 attributes) and roads around a town, as many as asked for."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

WEST, NORTH = 122.60, 41.35
PARCEL_DEG = 0.0012
VERTICES = 17
USES = ("residential", "industrial", "farmland", "forest", "water", "public")
STATUSES = ("planned", "approved", "under_construction", "built")


def parcels(count: int) -> gpd.GeoDataFrame:
    """Return parcels of some hundred square metres to a hectare on a jittered lattice."""
    rng = np.random.default_rng(count)
    side = int(np.ceil(np.sqrt(count)))
    place = np.arange(count)
    centre = np.column_stack([WEST + place % side * PARCEL_DEG, NORTH - place // side * PARCEL_DEG])
    centre += rng.uniform(-0.1, 0.1, (count, 2)) * PARCEL_DEG
    turn = np.linspace(0, 2 * np.pi, VERTICES)[:-1]
    radius = rng.uniform(0.3, 0.5, (count, 1)) * rng.uniform(0.75, 1, (count, VERTICES - 1))
    rings = centre[:, None, :] + PARCEL_DEG * np.stack(
        [radius * np.cos(turn), radius * np.sin(turn) * 0.75], axis=-1
    )
    shapes = shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1))
    table = {
        "name": np.char.add("地块 ", (place + 1).astype(str)),
        "name_en": np.char.add("Parcel ", (place + 1).astype(str)),
        "use": rng.choice(USES, count),
        "status": rng.choice(STATUSES, count),
        "year": rng.integers(2015, 2041, count),
        "area_ha": np.round(rng.gamma(2, 0.4, count), 4),
    }
    ids = np.char.add("p", place.astype(str))
    return gpd.GeoDataFrame(table, geometry=shapes, index=ids, crs="EPSG:4490")


def roads(count: int) -> gpd.GeoDataFrame:
    """Return lines of 12 vertices that wander over the same ground."""
    rng = np.random.default_rng(count)
    side = 450 * PARCEL_DEG
    start = np.array([WEST, NORTH]) + rng.uniform(0, 1, (count, 1, 2)) * [side, -side]
    heading = rng.uniform(0, 2 * np.pi, (count, 1)) + np.cumsum(rng.normal(0, 0.25, (count, 12)), 1)
    way = np.cumsum(np.stack([np.cos(heading), np.sin(heading) * 0.75], -1) * 0.0016, axis=1)
    table = {
        "name": np.char.add("道路 ", np.arange(1, count + 1).astype(str)),
        "status": rng.choice(STATUSES, count),
        "length_km": np.round(rng.gamma(2, 0.8, count), 3),
    }
    ids = np.char.add("r", np.arange(count).astype(str))
    return gpd.GeoDataFrame(
        table, geometry=shapely.linestrings(start + way), index=ids, crs="EPSG:4490"
    )
