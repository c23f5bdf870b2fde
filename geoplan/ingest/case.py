"""One layer's numbers as they are held against a plan: what `judge` looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geoplan.ingest.candidates import Candidate, Reading, Zone, inside, sample, zone_of, zones
from geoplan.ingest.datums import datum_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.model import Bbox

ENOUGH = 0.5
"""The share of features that must lie in the plan's extent for a reading to fit."""


@dataclass(frozen=True)
class Case:
    """What is looked at: boxes as the numbers stand, ids, the extent, what would fit."""

    boxes: NDArray[np.float64]
    ids: NDArray[Any]
    extent: Bbox
    fitting: tuple[Candidate, ...]
    swap_axes: bool | None

    def fits(self, reading: Reading) -> bool:
        """Tell whether a reading puts enough of the features into the extent."""
        return bool(inside(reading, sample(self.boxes), self.extent).mean() >= ENOUGH)


def listed(fitting: tuple[Candidate, ...]) -> str:
    """Return what would fit, as the end of a message."""
    if not fitting:
        return "No system known here puts the data inside the plan's extent"
    return "These put the data inside the plan's extent:" + "".join(
        f"\n  {number}. {one}" for number, one in enumerate(fitting[:8], 1)
    )


def twins(crs: CRS) -> list[Zone]:
    """Return the zones of the same datum and meridian with other false eastings."""
    zone = zone_of(crs, datum_of(crs))
    if zone is None:
        return []
    same = [
        one
        for one in zones()
        if (one.datum, one.meridian) == (zone.datum, zone.meridian) and one.prefix != zone.prefix
    ]
    return sorted(same, key=lambda one: one.width != zone.width)


def first_numbers(boxes: NDArray[np.float64]) -> str:
    """Return the first position as it stands, for messages."""
    return f"{boxes[0, 0]:.10g}, {boxes[0, 1]:.10g}"


def middle(reading: Reading, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median place [degrees] of boxes under a reading, shape (2,)."""
    seen = sample(boxes)
    return np.asarray(np.median(reading.lonlat((seen[:, :2] + seen[:, 2:]) / 2.0), axis=0))


def where(reading: Reading, boxes: NDArray[np.float64]) -> str:
    """Return in words where a reading puts the data."""
    lon, lat = middle(reading, boxes)
    if not (np.isfinite([lon, lat]).all() and abs(lat) <= 90.0):
        return "nowhere on Earth"
    return f"near {lon:.3f}°, {lat:.3f}°"
