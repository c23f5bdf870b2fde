"""GDAL, fenced in: the only module that imports it, and it runs in a worker process only.

All drivers but the few below are struck off GDAL's list before the first file is opened, so no
content can reach VRT, WMS, GDALG or any other that opens what a file names.
"""

from __future__ import annotations

import ctypes
import re
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

from geoplan import vertices  # noqa: E402
from geoplan.errors import FileUnreadable, NotWritable  # noqa: E402
from geoplan.ingest.parquet import array  # noqa: E402
from geoplan.ingest.shapefile import without_measures  # noqa: E402
from geoplan.ingest.table import ForeignTable, arrow_column, checked_wkb, decoded  # noqa: E402
from geoplan.progress import one_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.progress import Report

_AT_ONCE = 4096
"""Rows that are read or written between two reports."""
ALLOWED = frozenset({"ESRI Shapefile", "LIBKML", "FlatGeobuf", "OpenFileGDB", "DXF"})

# it calls the type of a table by a name without M; the geometries themselves come with M
warnings.filterwarnings("ignore", message=r"Measured \(M\) geometry types")

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
        # the parts of a block stand for themselves: one may be a line and another a text
        "DXF_MERGE_BLOCK_GEOMETRIES": "NO",
        "GDAL_NUM_THREADS": "1",
        "OGR_SHAPE_USE_VSIMALLOC": "YES",
        # the shortcut to arrow trips over null geometry
        "OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES",
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
_ONE_DIMENSION = ("ESRI Shapefile", "FlatGeobuf")
"""Drivers whose tables have heights for all or none, measures too."""
_NO_DATA = -sys.float_info.max
_NO_DATA_BELOW = -1e38
"""A measure below this is none, by Esri's description of the shapefile (1998)."""
_NOTHING = (None, "", -1, 0, 1, "-1")


def drivers() -> list[str]:
    """Return the drivers that GDAL has now."""
    return sorted(pyogrio.list_drivers())


def read(
    path: str,
    driver: str,
    encoding: str | None,
    layer: str | None,
    report: Report | None = None,
) -> list[ForeignTable]:
    """Read the tables of a file that was found to be what its ending says.

    Raises
    ------
    FileUnreadable
        GDAL cannot read it, or it holds no features.
    """
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        wanted = [name for name in names if layer in (None, name)] or names
        tables = [
            _read_layer(path, driver, encoding, name, one_of(report, number, len(wanted)))
            for number, name in enumerate(wanted)
        ]
    except (DataSourceError, DataLayerError, RuntimeError, pa.ArrowException) as error:
        raise FileUnreadable(f"{Path(path).name} cannot be read as {driver}: {error}") from error
    if not tables:
        raise FileUnreadable(f"{Path(path).name} holds no table")
    return tables


def use_dxf_encoding(encoding: str | None) -> None:
    """Have drawings read in an encoding, whatever they say; None leaves it to them."""
    pyogrio.set_gdal_config_options({"DXF_ENCODING": encoding})


def _read_layer(
    path: str, driver: str, encoding: str | None, layer: str, report: Report | None
) -> ForeignTable:
    # left to itself, GDAL judges by the first feature whether a shapefile has measures
    shape = driver == "ESRI Shapefile"
    options = {"ADJUST_GEOM_TYPE": "NO"} if shape else {}
    with pyogrio.raw.open_arrow(
        path,
        layer=layer,
        encoding=encoding,
        use_pyarrow=True,
        return_fids=shape,
        batch_size=_AT_ONCE,
        **options,
    ) as (meta, reader):
        content = _rows(reader, path, layer, report)
    records = content.column(0).to_numpy() if shape else None  # the attributes may have its name
    content = content.remove_column(0) if shape else content
    geometry_name = meta["geometry_name"] or "wkb_geometry"
    bodies: list[bytes | None] = [None] * content.num_rows
    if geometry_name in content.column_names:
        bodies = content[geometry_name].to_pylist()
    columns = {
        name: arrow_column(content[name]) for name in content.column_names if name != geometry_name
    }
    bare = np.zeros(len(bodies), dtype=np.bool_)
    if records is not None:
        told = without_measures(Path(path))
        bare[records < len(told)] = told[records[records < len(told)]]
    geometry = checked_wkb(_known_measures(decoded(bodies, layer), bare), layer)
    table = ForeignTable(layer, driver, str(meta["crs"] or ""), columns, geometry)
    if driver == "LIBKML":
        _drop_kml_own(table)
    if driver == "DXF":
        _keep_layer_name(table)
    return table


def _known_measures(geometries: Any, bare: Any) -> Any:
    """Return geometries with NaN for a measure that is not known, without any where none is.

    `bare` tells which geometries came without, whatever GDAL says.
    """
    geometries[bare] = vertices.without_measures(geometries[bare])
    found = vertices.measures_of(geometries)
    if not len(found):
        return geometries
    if not (found > _NO_DATA_BELOW).any():
        return vertices.without_measures(geometries)
    known = vertices.remeasured(geometries, lambda m: np.where(m > _NO_DATA_BELOW, m, np.nan))
    return vertices.of_one_dimension(known) if bare.any() else known


def _rows(reader: Any, path: str, layer: str, report: Report | None) -> Any:
    """Read all rows, telling how many there are so far; some drivers cannot say of how many."""
    if report is None:
        return reader.read_all()
    total = max(int(pyogrio.read_info(path, layer=layer)["features"]), 0)
    batches, done = [], 0
    report(0, total)
    for batch in reader:
        batches.append(batch)
        done += batch.num_rows
        report(done, total)
    return pa.Table.from_batches(batches, reader.schema)


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


def write(
    path: str,
    driver: str,
    table: dict[str, Any],
    options: dict[str, str],
    report: Report | None = None,
) -> None:
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
    bodies, geometry_type = _of_one_type(table["geometry"], driver)
    if geometry_type == "Unknown" and driver == "OpenFileGDB":
        geometry_type = _HOLDING[table["dimension"]]  # it wants to know even where none is there
    geometry = pa.array(bodies, pa.binary())
    content = pa.table([*arrays, geometry], names=[*names, "wkb_geometry"])
    try:
        pyogrio.raw.write_arrow(
            _told(content, report),
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


def _told(content: pa.Table, report: Report | None) -> Any:
    """Return a table, or the stream of its rows that tells how many GDAL has taken."""
    if report is None:
        return content

    def batches() -> Iterator[Any]:
        done = 0
        for batch in content.to_batches(_AT_ONCE):
            report(done, content.num_rows)
            yield batch
            done += batch.num_rows
        report(done, content.num_rows)

    return pa.RecordBatchReader.from_batches(content.schema, batches())


def _small(values: Any, driver: str) -> Any:
    """Return whole numbers in 32 bits where they fit, else as texts, for formats without 64."""
    if driver not in ("LIBKML", "OpenFileGDB") or values.type != pa.int64():
        return values
    try:
        return values.cast(pa.int32())
    except pa.ArrowInvalid:
        return values.cast(pa.string())


def _of_one_type(bodies: list[bytes | None], driver: str) -> tuple[list[bytes | None], str]:
    """Return geometries of one type, single ones made multi where both stand, and its name."""
    geometries = decoded(bodies, "export")
    if driver in _ONE_DIMENSION:
        geometries = vertices.of_one_dimension(geometries)
    if driver == "ESRI Shapefile":
        geometries = vertices.remeasured(geometries, lambda m: np.nan_to_num(m, nan=_NO_DATA))
    there = [geometry for geometry in geometries if geometry is not None]
    names = {geometry.geom_type for geometry in there}
    singles = {name.removeprefix("Multi") for name in names}
    if len(singles) != 1:
        return checked_wkb(geometries, "export"), "Unknown"
    if len(names) > 1:
        make = _MULTI[singles.pop()]
        geometries[:] = [
            one if one is None or one.geom_type.startswith("Multi") else make([one])
            for one in geometries
        ]
    return checked_wkb(geometries, "export"), _name(geometries)


def _name(geometries: Any) -> str:
    """Return the type that holds all of one kind, as pyogrio calls it."""
    name = next(str(one.geom_type) for one in geometries if one is not None)
    high = shapely.has_z(geometries).any()
    if not shapely.has_m(geometries).any():
        return f"{name} Z" if high else name
    if high:
        return f"Measured 3D {name}"
    return "PointM" if name == "Point" else f"Measured {name}"


_MULTI: dict[str, Any] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


_HOLDING = {"point": "Point", "line": "MultiLineString", "area": "MultiPolygon"}


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
