"""W6: elevation and land-cover fractions of each zone, with exact cell coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import layers, rasters
from benchmarks.contest import Answer, Contestant, Job, read, write

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

TITLE = "W6 zonal statistics, {zones:,} zones x two rasters of {cells:,}²"
SIZES = {
    "tiny": {"zones": 64, "cells": 200},
    "small": {"zones": 2_500, "cells": 4_000},
    "full": {"zones": 10_000, "cells": 10_000},
}
STATISTICS = ["mean", "min", "max"]
CLASS = 3


def build(folder: Path, zones: int, cells: int) -> None:
    write(folder, zones=layers.parcels(zones, seed=1))
    rasters.elevation(folder / "dem.tif", cells, seed=12)
    rasters.land_cover(folder / "cover.tif", cells, seed=13)


def geoplan(folder: Path) -> Job:
    from geoplan import queries
    from geoplan.raster import Raster

    zones = read(folder, "zones")[0]

    def job() -> Any:
        with Raster(folder / "dem.tif") as dem, Raster(folder / "cover.tif") as cover:
            terrain = queries.zonal_statistics(zones, dem, stats=STATISTICS)
            classes = queries.zonal_classes(zones, cover)

        def finish() -> Answer:
            # the peers' shares are of what has data, ours of the zone
            known = classes[classes["class_value"].notna()].copy()
            known["ratio"] /= known.groupby("zone_id")["ratio"].transform("sum")
            chosen = known[known["class_value"] == CLASS]
            return Answer(
                {
                    "zones": len(terrain),
                    "mean": float(terrain["mean"].sum()),
                    "max": float(terrain["max"].sum()),
                    "class": float(chosen["ratio"].sum()),
                }
            )

        return finish

    return job


def loaded(folder: Path) -> Job:
    """Answer a second time: code is loaded, and the layers have been looked at once."""
    first = geoplan(folder)
    first()
    return first


def exactextract(folder: Path, strategy: str) -> Job:
    import numpy as np
    import rasterio
    from exactextract import exact_extract

    zones = read(folder, "zones")[0].reset_index()

    def table(name: str, operations: list[str]) -> pd.DataFrame:
        with rasterio.open(folder / name) as raster:
            return exact_extract(
                raster, zones, operations, include_cols=["id"], strategy=strategy, output="pandas"
            )

    def job() -> Any:
        terrain, cover = table("dem.tif", STATISTICS), table("cover.tif", ["unique", "frac"])

        def finish() -> Answer:
            classes = np.concatenate(cover["unique"].to_list())
            fractions = np.concatenate(cover["frac"].to_list())
            return Answer(
                {
                    "zones": len(terrain),
                    "mean": float(terrain["mean"].sum()),
                    "max": float(terrain["max"].sum()),
                    "class": float(fractions[classes == CLASS].sum()),
                }
            )

        return finish

    return job


def by_cell_centre(folder: Path) -> Job:
    """Count cells by the zone their centre is in: the usual short cut, not exact."""
    import numpy as np
    import rasterio
    from rasterio.features import rasterize

    zones = read(folder, "zones")[0]
    numbered = list(zip(zones.geometry, range(1, len(zones) + 1), strict=True))

    def job() -> Any:
        with rasterio.open(folder / "dem.tif") as dem, rasterio.open(folder / "cover.tif") as cover:
            zone = rasterize(numbered, dem.shape, transform=dem.transform, dtype="int32").ravel()
            height, kind = dem.read(1).ravel(), cover.read(1).ravel()
        mean = np.bincount(zone, weights=height) / np.bincount(zone)
        bins = (len(zones) + 1) * rasters.CLASSES
        classes = np.bincount(zone * rasters.CLASSES + kind, minlength=bins)
        assert len(mean) * rasters.CLASSES == len(classes)
        return lambda: Answer({})

    return job


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geoplan, loaded": loaded,
    "exactextract raster-sequential": lambda folder: exactextract(folder, "raster-sequential"),
    "exactextract feature-sequential": lambda folder: exactextract(folder, "feature-sequential"),
    "rasterize + bincount (cell centres)": by_cell_centre,
}
