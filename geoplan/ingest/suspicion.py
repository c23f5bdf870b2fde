"""Whether data would fit the plan's boundary better if they were read in another way.

A web map's offset, or Gauss-Krüger read as UTM, moves data by hundreds of metres or two
kilometres: they still lie in the plan, and no rule of numbers can tell. An admin boundary can.
What is found is reported, never applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geoplan.ingest.candidates import Reading, epsg, transverse_mercator, zones
from geoplan.ingest.offsets import without_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely import Geometry

MAX_VERTICES = 5000
"""How many vertices are held against the boundary."""

ON_LINE_DEG = 0.0003
"""How near to the boundary a vertex counts as drawn along it [degrees], some 30 m."""

_LEAST_GAIN = 3


class Suspect(NamedTuple):
    """A reading that fits the boundary better.

    ``gained_inside`` and ``gained_on_line`` count vertices, of ``vertices`` looked at.
    """

    code: str
    reading: str
    gained_inside: int
    gained_on_line: int
    vertices: int


def suspect(reading: Reading, xy: NDArray[np.float64], boundary: Geometry) -> Suspect | None:
    """Return the other reading that fits the boundary clearly better, if there is one.

    Parameters
    ----------
    reading : Reading
        How the numbers are read.
    xy : ndarray, shape (n, 2)
        The vertices as the numbers stand.
    boundary : shapely geometry
        The admin area, longitude and latitude on CGCS2000 [degrees].

    Returns
    -------
    Suspect or None
        Clearly better: at least half of the vertices outside the boundary come inside, or
        twice as many lie along its line; three vertices at least, and not at a greater
        cost in the other count.
    """
    if len(xy) > MAX_VERTICES:
        xy = xy[np.linspace(0, len(xy) - 1, MAX_VERTICES).astype(int)]
    shapely.prepare(boundary)
    line = shapely.boundary(boundary)
    shapely.prepare(line)
    inside, on_line = _score(reading.lonlat(xy), boundary, line)
    best: Suspect | None = None
    for code, name, lonlat in _others(reading, xy):
        now_inside, now_on_line = _score(lonlat, boundary, line)
        gain = Suspect(code, name, now_inside - inside, now_on_line - on_line, len(xy))
        if not _clearly_better(gain, len(xy) - inside, on_line):
            continue
        if best is None or sum(gain[2:4]) > sum(best[2:4]):
            best = gain
    return best


def _clearly_better(gain: Suspect, outside: int, on_line: int) -> bool:
    more_inside = gain.gained_inside >= max(_LEAST_GAIN, outside / 2.0)
    more_on_line = gain.gained_on_line >= max(_LEAST_GAIN, on_line)
    return (more_inside and gain.gained_on_line >= 0) or (
        more_on_line and gain.gained_inside + gain.gained_on_line > 0
    )


def _others(
    reading: Reading, xy: NDArray[np.float64]
) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    here = reading.lonlat(xy)
    if reading.offset:
        plain = Reading(reading.crs, reading.swapped).lonlat(xy)
        yield "suspect_no_offset", "EPSG:4326", plain
        if reading.offset == "GCJ-02":
            yield "suspect_bd09", "BD-09", without_offset(plain, "BD-09")
        else:
            yield "suspect_gcj02", "GCJ-02", without_offset(plain, "GCJ-02")
    else:
        yield "suspect_gcj02", "GCJ-02", without_offset(here, "GCJ-02")
        yield "suspect_bd09", "BD-09", without_offset(here, "BD-09")
    for code in _same_meridian(reading):
        other = Reading(epsg(code), reading.swapped)
        yield "suspect_projection", other.name, other.lonlat(xy)


def _same_meridian(reading: Reading) -> Iterator[int]:
    """Yield UTM for Gauss-Krüger and the other way round, on the same meridian."""
    numbers = transverse_mercator(reading.crs)
    if numbers is None or numbers[1] != 500_000.0 or numbers[3] != 0.0:
        return
    meridian, scale = numbers[0], numbers[2]
    if scale == 1.0 and (meridian + 3.0) % 6.0 == 0.0:
        yield 32600 + round((meridian + 183.0) / 6.0)
    elif scale == 0.9996:
        found = [
            zone.epsg
            for zone in zones()
            if (zone.datum, zone.meridian, zone.prefix) == ("CGCS2000", meridian, 0)
        ]
        yield from found[:1]


def _score(lonlat: NDArray[np.float64], boundary: Geometry, line: Geometry) -> tuple[int, int]:
    good = lonlat[np.isfinite(lonlat).all(axis=1)]
    inside = shapely.contains_xy(boundary, good[:, 0], good[:, 1])
    on_line = shapely.dwithin(line, shapely.points(good), ON_LINE_DEG)
    return int((inside | on_line).sum()), int(on_line.sum())
