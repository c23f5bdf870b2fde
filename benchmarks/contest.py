"""What the one who answers a workload hands back, and how an absent one says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Answer:
    """What is compared between the contestants.

    Attributes
    ----------
    figures : dict
        Counts (int, compared exactly) and sums (float, to 1e-9 relative), in the plane.
    latencies_ms : list of float
        Wall time of each question, where a workload asks many.
    """

    figures: dict[str, float]
    latencies_ms: list[float] = field(default_factory=list)


Job = Callable[[], Callable[[], Answer]]
"""What is timed; what it returns works out the figures, outside the time."""

Contestant = Callable[[Path], Job]
"""Reads the layers in a folder, outside the time, and returns the job."""


class Absent(Exception):
    """A contestant cannot take part; the message says what is missing."""


def read(folder: Path, *names: str) -> list[gpd.GeoDataFrame]:
    """Return layers by name, indexed by id."""
    import geopandas as gpd

    return [gpd.read_parquet(folder / f"{name}.parquet") for name in names]


def write(folder: Path, **layers: gpd.GeoDataFrame) -> None:
    """Write layers by name, as all contestants can read them."""
    for name, layer in layers.items():
        layer.to_parquet(folder / f"{name}.parquet", index=True)
