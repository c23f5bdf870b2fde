"""GDAL, fenced in: the only module that imports it, and it runs in a worker process only.

All drivers but the few below are struck off GDAL's list before the first file is opened, so no
content can reach VRT, WMS, GDALG or any other that opens what a file names.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

# pyogrio imports these two where it finds them: they cost half a second and 100 MB
_HEAVY = [name for name in ("geopandas", "pandas") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_HEAVY))  # type: ignore[arg-type]

import numpy as np  # noqa: E402
import pyogrio  # noqa: E402
import pyogrio.raw  # noqa: E402
from pyogrio.errors import DataLayerError, DataSourceError  # noqa: E402

for _heavy in _HEAVY:
    del sys.modules[_heavy]

from geoplan.errors import FileUnreadable, NotWritable  # noqa: E402
from geoplan.ingest.parquet import array  # noqa: E402
from geoplan.ingest.table import ForeignTable, arrow_column, checked_wkb, decoded  # noqa: E402

ALLOWED = frozenset({"ESRI Shapefile", "LIBKML", "FlatGeobuf", "OpenFileGDB", "DXF"})

pyogrio.set_gdal_config_options(
    {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "SHAPE_RESTORE_SHX": "NO",
        "OGR_WKT_PRECISION": "17",
        "LIBKML_USE_SIMPLEFIELD": "YES",
        "OGR_ORGANIZE_POLYGONS": "DEFAULT",
        "GDAL_NUM_THREADS": "1",
        "OGR_SHAPE_USE_VSIMALLOC": "YES",
    }
)


def _library() -> ctypes.CDLL:
    """Return the GDAL that pyogrio has loaded, found in the map of this process."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    paths = {line.split()[-1] for line in lines if re.search(r"/libgdal[^/]*\.so", line)}
    # rasterio brings a GDAL of its own, which may be loaded beside this one
    own = {path for path in paths if "/pyogrio" in path}
    return ctypes.CDLL(next(iter(own or paths)))


def _strike_off_drivers() -> frozenset[str]:
    """Take every driver but the allowed ones off GDAL's list; return what is left."""
    library = _library()
    library.GDALGetDriver.restype = ctypes.c_void_p
    library.GDALGetDriverShortName.restype = ctypes.c_char_p
    library.GDALGetDriverShortName.argtypes = [ctypes.c_void_p]
    library.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
    drivers = [library.GDALGetDriver(number) for number in range(library.GDALGetDriverCount())]
    for driver in drivers:
        if library.GDALGetDriverShortName(driver).decode() not in ALLOWED:
            library.GDALDeregisterDriver(driver)
    return frozenset(pyogrio.list_drivers())


DRIVERS = _strike_off_drivers()
"""The drivers that are left."""
if DRIVERS != ALLOWED:
    raise ImportError(f"GDAL keeps drivers that are not allowed: {sorted(DRIVERS ^ ALLOWED)}")

_LIBKML_OWN = {
    "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility",
    "drawOrder", "icon", "snippet",
}  # fmt: skip
_NOTHING = (None, "", -1, 0, 1, "-1")


def drivers() -> list[str]:
    """Return the drivers that GDAL has now."""
    return sorted(pyogrio.list_drivers())


def read(path: str, driver: str, encoding: str | None, layer: str | None) -> list[ForeignTable]:
    """Read the tables of a file that was found to be what its ending says.

    Raises
    ------
    FileUnreadable
        GDAL cannot read it, or it holds no features.
    """
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        wanted = [name for name in names if layer in (None, name)] or names
        tables = [_read_layer(path, driver, encoding, name) for name in wanted]
    except (DataSourceError, DataLayerError, RuntimeError, pa.ArrowException) as error:
        raise FileUnreadable(f"{Path(path).name} cannot be read as {driver}: {error}") from error
    if not tables:
        raise FileUnreadable(f"{Path(path).name} holds no table")
    return tables


def _read_layer(path: str, driver: str, encoding: str | None, layer: str) -> ForeignTable:
    # GDAL's shortcut to arrow trips over a FlatGeobuf with null geometry: read that on its own
    apart = driver == "FlatGeobuf"
    with pyogrio.raw.open_arrow(
        path, layer=layer, encoding=encoding, use_pyarrow=True, read_geometry=not apart
    ) as (meta, reader):
        content = reader.read_all()
    geometry_name = meta["geometry_name"] or "wkb_geometry"
    bodies: list[bytes | None] = [None] * content.num_rows
    if apart:
        bodies = list(pyogrio.raw.read(path, layer=layer, columns=[])[2])
    elif geometry_name in content.column_names:
        bodies = content[geometry_name].to_pylist()
    columns = {
        name: arrow_column(content[name]) for name in content.column_names if name != geometry_name
    }
    geometry = checked_wkb(decoded(bodies, layer), layer)
    table = ForeignTable(layer, driver, str(meta["crs"] or ""), columns, geometry)
    if driver == "LIBKML":
        _drop_kml_own(table)
    if driver == "DXF":
        _keep_layer_name(table)
    return table


def _drop_kml_own(table: ForeignTable) -> None:
    """Drop the columns that the driver adds to every KML and that say nothing."""
    kept = {}
    for name, (type_, values) in table.columns.items():
        if name == "id" or (name in _LIBKML_OWN and all(value in _NOTHING for value in values)):
            continue
        if name in ("Name", "description") and all(value is None for value in values):
            continue
        kept[name] = (type_, values)
    table.columns = kept


def _keep_layer_name(table: ForeignTable) -> None:
    """Keep of a drawing the geometry and the layer name: the rest is how it is drawn."""
    lost = [name for name in table.columns if name != "Layer"]
    if lost:
        table.notes.append(("dxf_drawing", {"columns": ", ".join(lost)}))
    type_, values = table.columns["Layer"]
    table.columns = {"layer_name": (type_, [value and _unescaped(value) for value in values])}


def write(path: str, driver: str, table: dict[str, Any], options: dict[str, str]) -> None:
    """Write a table of plain values with GDAL.

    Raises
    ------
    NotWritable
        GDAL cannot write it.
    """
    if driver == "DXF":
        _write_drawing(path, table)
        return
    arrays = [_small(array(*column), driver) for column in table["columns"].values()]
    names = list(table["columns"])
    bodies, geometry_type = _of_one_type(table["geometry"])
    geometry = pa.array(bodies, pa.binary())
    content = pa.table([*arrays, geometry], names=[*names, "wkb_geometry"])
    try:
        pyogrio.raw.write_arrow(
            content,
            path,
            layer=table["name"],
            driver=driver,
            geometry_name="wkb_geometry",
            geometry_type=geometry_type,
            crs=table["crs"] or None,
            encoding="UTF-8" if driver == "ESRI Shapefile" else None,
            layer_options=options,
        )
    except (DataSourceError, DataLayerError, RuntimeError, ValueError) as error:
        raise NotWritable(f"{driver} cannot be written: {error}") from error


def _small(values: Any, driver: str) -> Any:
    """Return whole numbers in 32 bits where they fit: KML has none of 64 and would write text."""
    if driver != "LIBKML" or values.type != pa.int64():
        return values
    try:
        return values.cast(pa.int32())
    except pa.ArrowInvalid:
        return values


def _of_one_type(bodies: list[bytes | None]) -> tuple[list[bytes | None], str]:
    """Return geometries of one type, single ones made multi where both stand, and its name."""
    geometries = decoded(bodies, "export")
    there = [geometry for geometry in geometries if geometry is not None]
    names = {geometry.geom_type for geometry in there}
    singles = {name.removeprefix("Multi") for name in names}
    if len(singles) != 1:
        return bodies, "Unknown"
    z = " Z" if shapely.has_z(there).any() else ""
    if len(names) == 1:
        return bodies, names.pop() + z
    make = _MULTI[singles.pop()]
    multi = [
        one if one is None or one.geom_type.startswith("Multi") else make([one])
        for one in geometries
    ]
    return checked_wkb(multi, "export"), _name(multi) + z


def _name(geometries: list[Any]) -> str:
    """Return the type of the first geometry there is."""
    return next(str(one.geom_type) for one in geometries if one is not None)


_MULTI: dict[str, Any] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


def _write_drawing(path: str, table: dict[str, Any]) -> None:
    """Write geometry and layer name, the two things that a drawing of ours holds."""
    names = [_escaped(name or "0") for name in table["columns"]["layer_name"][1]]
    pyogrio.raw.write(
        path,
        np.asarray(table["geometry"], dtype=object),
        [np.asarray(names, dtype=object)],
        np.asarray(["Layer"], dtype=object),
        layer="entities",
        driver="DXF",
        geometry_type="Unknown",
        crs=None,
    )


def _escaped(text: str) -> str:
    """Return a text as drawings of before 2007 write it: in ASCII."""
    return "".join(char if char.isascii() else f"\\U+{ord(char):04X}" for char in text)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)


_ESCAPE = re.compile(r"[\\_]U\+([0-9A-Fa-f]{4,5})")
