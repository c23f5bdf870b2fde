"""GDAL appends to the plots in a process of its own, for some seconds: the second program."""

from __future__ import annotations

import json
import sys
import time

import geopandas as gpd
import pyogrio
import shapely


def main() -> None:
    path, seconds, rest = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    added, doubtful = {}, []
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        name, box = f"gdal-{number}", (600_000 + number, 4_500_000, 600_003 + number, 4_500_002)
        frame = gpd.GeoDataFrame(
            {"name": [name], "value": [number], "note": ["x"]},
            geometry=[shapely.box(*box)],
            crs=4550,
        )
        try:
            pyogrio.write_dataframe(frame, path, layer="plots", append=True)
            added[name] = (number, box)
        except Exception:
            doubtful.append(name)
        number += 1
        time.sleep(rest)
    sys.stdout.write(json.dumps({"added": added, "doubtful": doubtful}))


if __name__ == "__main__":
    main()
