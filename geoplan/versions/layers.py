"""The layers of a plan change: WHQ before, WHC the change, WHH after.

The shape that land offices exchange: one code of change (WHLX: 1 in, 2 attributes, 3 out), a reason
(WHLY), a number (WHBH), longitude and latitude of CGCS2000 (EPSG:4490).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from geoplan.crs import to_crs
from geoplan.store.write import write_geopackage

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from geopandas import GeoDataFrame

    from geoplan.versions.difference import Difference

EXCHANGED = CRS.from_epsg(4490)
COLUMNS = ["WHBH", "WHLX", "WHLY", "layer", "feature_id", "old_id", "fields", "geometry"]
IN, ATTRIBUTES, OUT = 1, 2, 3


def change_layers(found: Difference) -> dict[str, GeoDataFrame]:
    """Return the layers ``WHQ``, ``WHC`` and ``WHH`` of a difference.

    Returns
    -------
    dict of str to GeoDataFrame
        In EPSG:4490, with `COLUMNS`. ``WHQ`` has the features that changed as they were, ``WHH``
        as they are. ``WHC`` has one row for ground that came in (WHLX 1), one for ground that
        went out (3), one for attributes alone (2); of lines and points the whole shape comes in
        and goes out.
        WHBH numbers the changed features from 1, alike in all three.
    """
    before, change, after = [], [], []
    for number, row in enumerate(found.features.to_dict("records"), 1):
        old, new = found.versions[row["layer"]]
        then = _shape(old, row["old_id"], new.crs)
        now = _shape(new, row["feature_id"], new.crs)
        told = {
            "WHBH": number,
            "WHLY": row["change"],
            "layer": row["layer"],
            "feature_id": _text(row["feature_id"]),
            "old_id": _text(row["old_id"]),
            "fields": row["fields"],
        }
        if row["old_id"] is not None:
            before.append({**told, "WHLX": _code(row), "geometry": _lonlat(then, new.crs)})
        if row["feature_id"] is not None:
            after.append({**told, "WHLX": _code(row), "geometry": _lonlat(now, new.crs)})
        for code, shape in _parts(row, then, now):
            change.append({**told, "WHLX": code, "geometry": _lonlat(shape, new.crs)})
    return {
        name: gpd.GeoDataFrame(
            pd.DataFrame(rows, columns=COLUMNS), geometry="geometry", crs=EXCHANGED
        )
        for name, rows in (("WHQ", before), ("WHC", change), ("WHH", after))
    }


def write_change_layers(found: Difference, path: Path, when: datetime) -> None:
    """Write ``WHQ``, ``WHC`` and ``WHH``, each a GeoPackage, beside each other.

    ``changes.gpkg`` becomes ``changes-WHQ.gpkg``, ``changes-WHC.gpkg`` and ``changes-WHH.gpkg``.

    Raises
    ------
    NotWritable
        A file cannot be written; what stood there is unchanged.
    """
    for name, layer in change_layers(found).items():
        write_geopackage(
            path.with_name(f"{path.stem}-{name}{path.suffix}"),
            name,
            layer.set_axis(pd.RangeIndex(1, len(layer) + 1), axis=0),
            id_column=None,
            identifier=name,
            description=json.dumps(found.unchanged, ensure_ascii=False),
            last_change=when,
        )


def _code(row: dict[str, Any]) -> int:
    if row["change"] == "added":
        return IN
    return OUT if row["change"] == "removed" else ATTRIBUTES


def _parts(row: dict[str, Any], then: Any, now: Any) -> list[tuple[int, Any]]:
    if not row["geometry_changed"]:
        return [(ATTRIBUTES, now)]
    areas = [one for one in (then, now) if one is not None]
    if len(areas) == 2 and all(shapely.get_dimensions(one) == 2 for one in areas):
        pairs = [(IN, shapely.difference(now, then)), (OUT, shapely.difference(then, now))]
    else:
        pairs = [(IN, now), (OUT, then)]
    return [(code, one) for code, one in pairs if one is not None and not one.is_empty]


def _shape(version: GeoDataFrame, key: Any, crs: CRS) -> Any:
    if key is None:
        return None
    return to_crs(version.loc[[key]], crs).geometry.iloc[0]


def _lonlat(shape: Any, crs: CRS) -> Any:
    return gpd.GeoSeries([shape], crs=crs).to_crs(EXCHANGED).iloc[0]


def _text(key: Any) -> str | None:
    return None if key is None else str(key)
