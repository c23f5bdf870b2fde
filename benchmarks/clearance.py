"""W4: clearance within 500 m of 2k long lines and 50k polygons, beside geopandas.

The peer is ``sjoin(predicate="dwithin")``, then ``distance`` pair by pair. Both give pairs and
distances; geoplan's are on the ellipsoid and come with the nearest points and azimuths.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from geoplan.queries import clearance

SIDE_M = 101_600.0
ORIGIN = (452_000.0, 4_500_000.0)
WITHIN_M = 500.0


def long_lines(
    count: int, seed: int, vertices: int = 200, step_m: float = 60.0
) -> gpd.GeoDataFrame:
    """Return winding lines of 12 km in the Anshan extent (EPSG:4550)."""
    rng = np.random.default_rng(seed)
    heading = rng.uniform(0, 2 * np.pi, (count, 1)) + rng.normal(0, 0.12, (count, vertices)).cumsum(
        1
    )
    steps = step_m * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    start = rng.uniform(0, SIDE_M, (count, 1, 2)) + ORIGIN
    return gpd.GeoDataFrame(geometry=shapely.linestrings(start + steps.cumsum(1)), crs=4550)


def polygons(count: int, seed: int, vertices: int = 17) -> gpd.GeoDataFrame:
    """Return stars of 17 vertices on a jittered grid of the same extent."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(count)))
    step = SIDE_M / across
    cell = np.stack(np.divmod(np.arange(count), across), axis=-1)
    centres = (cell + rng.uniform(0.35, 0.65, (count, 2))) * step + ORIGIN
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = 0.3 * step * rng.uniform(0.4, 1.0, (count, vertices))
    ring = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    return gpd.GeoDataFrame(geometry=shapely.polygons(centres[:, None] + ring), crs=4550)


def w4(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[int, float]:
    """Return how many pairs geoplan finds, and the sum of their distances [m]."""
    found = clearance(lines, areas, WITHIN_M, geometry=False, overlaps=False)
    return len(found), float(found["distance_m"].sum())


def peer_w4(lines: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> tuple[int, float]:
    """Return the same by geopandas, in the plane."""
    pairs = lines.sjoin(areas, predicate="dwithin", distance=WITHIN_M)
    other = areas.geometry.loc[pairs["index_right"]]
    distance = pairs.geometry.distance(other, align=False)
    return len(pairs), float(distance.sum())
