"""The kernels are compiled once, by the first of the processes that test them."""

from __future__ import annotations

import fcntl
import tempfile
import zlib
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geoplan.queries import coverage, engine, overlap

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    """Ask each kind of question once; who comes meanwhile waits and then finds the code."""
    if not engine.is_there():
        return
    lock = Path(tempfile.gettempdir()) / f"geoplan-kernels-{zlib.crc32(bytes(ROOT))}.lock"
    areas = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4.5e6, 5e5 + 9, 4.5e6 + 9)], crs=4550)
    others = areas.translate(4.0, 4.0).to_frame("geometry")
    lines = areas.boundary.to_frame("geometry")
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in (areas, lines):
            overlap(left, others, map=map)
        coverage(areas, others, map=map)
