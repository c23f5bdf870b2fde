"""How long admission takes: geoplan's own small files, 10 MB of parcels, 100,000 parcels."""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from geoplan.store import GeoPackageStore
from geoplan.store.admit import admit
from geoplan.store.objects import refuse_unexpected
from geoplan.store.write import write_geopackage

RUNS = 5


def parcels(path: Path, count: int) -> None:
    across = int(np.ceil(np.sqrt(count)))
    column, row = (
        axis.ravel()[:count] for axis in np.meshgrid(np.arange(across), np.arange(across))
    )
    angle = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    rings = np.stack([column[:, None] * 50 + 20 * np.cos(angle) + 480_000,
                      row[:, None] * 50 + 20 * np.sin(angle) + 4_530_000], axis=-1)  # fmt: skip
    frame = gpd.GeoDataFrame({"name": [f"parcel {n}" for n in range(count)]},
                             geometry=shapely.polygons(rings), crs=4550)  # fmt: skip
    write_geopackage(path, "parcels", frame, id_column=None, identifier="", description="",
                     last_change=datetime(2025, 1, 1, tzinfo=UTC))  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for count in (1_000, 39_000, 100_000):
            path = Path(folder) / f"{count}.gpkg"
            parcels(path, count)
            taken = []
            for _ in range(RUNS):
                start = time.process_time()
                assert not admit(path).findings
                taken.append(time.process_time() - start)
            megabytes = path.stat().st_size / 1e6
            print(f"{count:>7} parcels, {megabytes:5.1f} MB: {sorted(taken)[RUNS // 2]:.2f} s CPU")
        with GeoPackageStore(path) as store:
            connection = store._connection  # noqa: SLF001 - what is timed is the check alone
            taken = []
            for _ in range(50):
                start = time.perf_counter()
                refuse_unexpected(connection)
                taken.append(time.perf_counter() - start)
        print(
            f"objects alone: first {taken[0] * 1e3:.2f} ms, median {sorted(taken)[25] * 1e3:.2f} ms"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak {peak:.0f} MB, of which writing the files took the most")


if __name__ == "__main__":
    main()
