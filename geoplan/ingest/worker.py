"""What a worker process does with foreign files: read one, write one. Runs there only.

Arguments and answers are plain values. GDAL is imported when a format needs it.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.errors import EncodingUnknown, FileUnreadable
from geoplan.ingest import archives, dxf, shapefile, texts, writers
from geoplan.ingest.formats import FORMATS, check_content
from geoplan.ingest.tabular import read_xlsx
from geoplan.progress import one_of

if TYPE_CHECKING:
    from geoplan.ingest.formats import Format
    from geoplan.ingest.table import ForeignTable
    from geoplan.progress import Report


def read(
    name: str,
    form: str,
    encoding: str | None,
    layer: str | None,
    declared: bool,
    report: Report | None = None,
) -> list[dict[str, Any]]:
    """Read the tables of a foreign file.

    Parameters
    ----------
    name : str
        The file or folder.
    form : str
        Key of its format.
    encoding : str or None
        Of its texts, when the user stated one.
    layer : str or None
        The table wanted, where there are several.
    declared : bool
        Whether the user stated the CRS, so that the file's word on it does not count.
    report : callable, optional
        Told how many rows are read, of how many.
    """
    path, kind = Path(name), FORMATS[form]
    if not path.is_dir():
        check_content(path, kind)
    with tempfile.TemporaryDirectory(prefix="geoplan-read-") as folder:
        tables = _read(path, kind, Path(folder), encoding, layer, declared, report)
    for table in tables:
        _refuse_mojibake(table)
    return [table.plain() for table in tables]


def _read(
    path: Path,
    form: Format,
    folder: Path,
    encoding: str | None,
    layer: str | None,
    declared: bool,
    report: Report | None,
) -> list[ForeignTable]:
    match form.key:
        case "geojson":
            return [texts.read_geojson(path, encoding, declared, report)]
        case "csv":
            return [texts.read_csv(path, encoding, report)]
        case "xlsx":
            archives.check(path)
            return [read_xlsx(path, report)]
        case "geoparquet":
            return [import_module("geoplan.ingest.parquet").read_parquet(path, report)]
        case "kml":
            return _with_gdal(_kml(path, folder), form, None, layer, report)
        case "filegdb":
            return _with_gdal(_geodatabase(path, folder), form, None, layer, report)
        case "shapefile":
            found = _shapefiles(path, folder)
            return [
                _read_shapefile(one, form, encoding, one_of(report, number, len(found)))
                for number, one in enumerate(found)
            ]
        case "dxf":
            return _read_drawing(path, form, encoding, report)
    return _with_gdal(path, form, None, layer, report)


def _with_gdal(
    path: Path, form: Format, encoding: str | None, layer: str | None, report: Report | None
) -> list[ForeignTable]:
    gdal = import_module("geoplan.ingest.gdal")
    return list(gdal.read(str(path), form.driver, encoding, layer, report))


def _kml(path: Path, folder: Path) -> Path:
    if path.read_bytes()[:2] == b"PK":
        files = [file for file in archives.unpack(path, folder) if file.suffix.lower() == ".kml"]
        if not files:
            raise FileUnreadable(f"{path.name} holds no KML")
        path = min(files, key=lambda file: (file.name.lower() != "doc.kml", file.name))
    texts.check_kml(path.read_bytes(), path.name)
    plain = folder / "plain" / f"{path.stem}.kml"
    plain.parent.mkdir()
    shutil.copyfile(path, plain)
    return plain


def _geodatabase(path: Path, folder: Path) -> Path:
    if path.is_file():
        archives.unpack(path, folder)
        path = folder
    tables = sorted(path.rglob("a00000001.gdbtable"))
    if not tables:
        raise FileUnreadable(f"{path.name} holds no File Geodatabase (a folder named ….gdb)")
    home = tables[0].parent
    if home.suffix.lower() == ".gdb":
        return home
    return home.rename(home.with_name(home.name + ".gdb")) if home != path else home


def _shapefiles(path: Path, folder: Path) -> list[Path]:
    if path.is_file() and path.suffix.lower() == ".shp":
        return [path]
    where = path
    if path.is_file():
        archives.unpack(path, folder)
        where = folder
    found = sorted(file for file in where.rglob("*") if file.suffix.lower() == ".shp")
    if not found:
        raise FileUnreadable(f"{path.name} holds no shapefile")
    return found


def _read_shapefile(
    path: Path, form: Format, encoding: str | None, report: Report | None
) -> ForeignTable:
    check_content(path, form)
    parts = shapefile.parts_of(path)
    told = shapefile.encoding_of(parts, encoding)
    table = _with_gdal(path, form, told, None, report)[0]
    table.encoding = told
    table.name = path.stem
    shapefile.restore_names(table, path)
    return table


def _read_drawing(
    path: Path, form: Format, encoding: str | None, report: Report | None
) -> list[ForeignTable]:
    told = dxf.encoding_of(path, encoding)
    gdal = import_module("geoplan.ingest.gdal")
    gdal.use_dxf_encoding(told)
    try:
        tables = _with_gdal(path, form, None, None, report)
    finally:
        gdal.use_dxf_encoding(None)
    for table in tables:
        table.encoding = told or ""
    return tables


def _refuse_mojibake(table: ForeignTable) -> None:
    for name, (type_, values) in table.columns.items():
        if "\ufffd" in name or (type_ == "TEXT" and any("\ufffd" in (v or "") for v in values)):
            raise EncodingUnknown(
                f"{table.name}: column {name!r} holds characters that were lost to a wrong "
                f"encoding: state the true one with --encoding"
            )


def write(
    name: str,
    form: str,
    table: dict[str, Any],
    names: list[list[str]],
    report: Report | None = None,
) -> None:
    """Write a table of plain values as a foreign file.

    Parameters
    ----------
    name : str
        The file; it is made anew. Of a bare ``.shp``, the other files beside it.
    form : str
        Key of its format.
    table : dict
        ``name``, ``crs``, ``columns`` (name → type, values), ``geometry`` (WKB).
    names : list of [short, true]
        The names that were shortened, kept beside a shapefile.
    report : callable, optional
        Told how many rows are written, of how many.
    """
    path, kind = Path(name), FORMATS[form]
    alone = {
        "geojson": writers.write_geojson,
        "csv": writers.write_csv,
        "xlsx": writers.write_xlsx,
    }
    if form in alone:
        alone[form](name, table, report)
        return
    if form == "geoparquet":
        import_module("geoplan.ingest.parquet").write_parquet(name, table)
        return
    if path.suffix not in (".zip", ".kmz"):
        _write_with_gdal(path, kind, table, names, report)
        return
    with tempfile.TemporaryDirectory(prefix="geoplan-write-") as folder:
        inside = Path(folder) / _INSIDE[form].format(table["name"])
        _write_with_gdal(inside, kind, table, names, report)
        _pack(Path(folder), path)


_INSIDE = {"shapefile": "{}.shp", "filegdb": "{}.gdb", "kml": "doc.kml"}
"""What an archive holds, by format."""


def _write_with_gdal(
    path: Path,
    form: Format,
    table: dict[str, Any],
    names: list[list[str]],
    report: Report | None,
) -> None:
    options = {}
    if form.key == "flatgeobuf":
        options["SPATIAL_INDEX"] = "NO" if None in table["geometry"] else "YES"
    import_module("geoplan.ingest.gdal").write(str(path), form.driver, table, options, report)
    if form.key == "shapefile" and names:
        listing = "".join(f"{short},{true}\r\n" for short, true in names)
        path.with_suffix(shapefile.NAMES).write_text(listing, encoding="utf-8-sig")


def _pack(folder: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
