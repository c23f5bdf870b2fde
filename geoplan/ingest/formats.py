"""Which formats are read and written, what each can hold, and how a file is told to be one.

`docs/formats.md` is this table in words; a test holds them together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from geoplan.errors import DisguisedFile, FileUnreadable, RemoteReference, TooLarge, UnknownFormat

if TYPE_CHECKING:
    from pathlib import Path

Held = Literal["kept", "text", "integer", "time", "seconds", "lost"]
"""What becomes of a type of value: kept, written as text, as 0 and 1, as a time, to the second,
or dropped."""

Measures = Literal["kept", "where all", "lost"]
"""Whether measures are kept, kept where no vertex with measures lacks its own, or dropped."""

MAX_FILE_MB = 1024
_HEAD = 4096


@dataclass(frozen=True)
class Format:
    """A format and what it can hold.

    Attributes
    ----------
    suffixes : tuple of str
        Endings of a file, the first one used for writing.
    driver : str
        Who reads and writes it: a driver of GDAL, or a library.
    crs : bool
        Any CRS; false: longitude and latitude only.
    names : int, optional
        Longest name of a column [bytes of UTF-8].
    text : int, optional
        Longest text [bytes of UTF-8].
    integer : int, optional
        Largest whole number; larger ones are written as text.
    decimals : bool
        Numbers are written with 15 decimals in 24 places at most.
    null_text, null_geometry, z, multi : bool
        Whether it tells a null text from an empty one, holds features without geometry,
        heights, and geometries of several parts.
    m : {"kept", "where all", "lost"}
        Whether it is written with measures.
    attributes : bool
        Whether it holds attributes at all.
    read_only : tuple of str
        Endings that are read and not written.
    types : mapping
        GeoPackage type → what becomes of it, where it is not kept.
    """

    key: str
    suffixes: tuple[str, ...]
    driver: str
    crs: bool = True
    names: int | None = None
    text: int | None = None
    integer: int | None = None
    decimals: bool = False
    null_text: bool = True
    null_geometry: bool = True
    z: bool = True
    m: Measures = "kept"
    multi: bool = True
    attributes: bool = True
    read_only: tuple[str, ...] = ()
    types: dict[str, Held] = field(default_factory=dict)

    def holds(self, type_: str) -> Held:
        """Return what becomes of a GeoPackage type."""
        return self.types.get(type_, "kept")

    def ending(self, path: Path) -> str:
        """Return which of its endings a file has; the first where it has another."""
        name = path.name.lower()
        fitting = [suffix for suffix in self.suffixes if name.endswith(suffix)]
        return max(fitting, key=len, default=self.suffixes[0])


_TIMES_AS_TEXT: dict[str, Held] = {"DATE": "text", "DATETIME": "text"}

FORMATS: dict[str, Format] = {
    one.key: one
    for one in (
        Format("gpkg", (".gpkg",), "geoplan"),
        Format(
            "shapefile",
            (".shp.zip", ".zip", ".shp"),
            "ESRI Shapefile",
            names=10,
            text=254,
            decimals=True,
            null_text=False,
            types={"DATETIME": "text", "BLOB": "lost"},
        ),
        Format(
            "geojson",
            (".geojson", ".json"),
            "json",
            crs=False,
            m="lost",
            types={**_TIMES_AS_TEXT, "BLOB": "lost"},
        ),
        Format(
            "kml",
            (".kml", ".kmz"),
            "LIBKML",
            crs=False,
            m="lost",
            integer=2**31 - 1,
            null_text=False,
            types={**_TIMES_AS_TEXT, "BLOB": "lost"},
        ),
        Format("csv", (".csv",), "csv", crs=False, null_text=False, types={"BLOB": "lost"}),
        Format(
            "xlsx",
            (".xlsx",),
            "openpyxl",
            integer=2**53,
            crs=False,
            null_text=False,
            types={"BLOB": "lost"},
        ),
        Format("flatgeobuf", (".fgb",), "FlatGeobuf", types={"DATE": "text"}),
        Format("geoparquet", (".parquet", ".geoparquet"), "pyarrow", m="lost"),
        Format(
            "filegdb",
            (".gdb.zip", ".gdb"),
            "OpenFileGDB",
            m="where all",
            integer=2**31 - 1,
            read_only=(".gdb",),
            types={"BOOLEAN": "integer", "DATE": "time", "DATETIME": "seconds"},
        ),
        Format(
            "dxf",
            (".dxf",),
            "DXF",
            crs=False,
            m="lost",
            null_geometry=False,
            multi=False,
            attributes=False,
        ),
    )
}

_ELSEWHERE = re.compile(
    rb"<VRTDataset|<OGRVRT|<GDAL_WMS|<WFS_|<OGRWFS|<WMS_Capabilities|gdal_streamed_alg|"
    rb"<OGCAPI|<GDAL_WMTS|<TileMapService|<NetworkLink",
    re.IGNORECASE,
)
_MAGIC: dict[str, re.Pattern[bytes]] = {
    "gpkg": re.compile(rb"SQLite format 3\x00"),
    "shapefile": re.compile(rb"\x00\x00\x27\x0a|PK\x03\x04"),
    "geojson": re.compile(rb"\s*\{"),
    "kml": re.compile(rb"\s*<(?s:.*)<?(\w+:)?kml|PK\x03\x04"),
    "csv": re.compile(rb"(?![\s]*[<{])(?!PK\x03\x04|%PDF|SQLite format|\x1f\x8b)[^\x00]*\Z"),
    "xlsx": re.compile(rb"PK\x03\x04"),
    "flatgeobuf": re.compile(rb"fgb\x03fgb"),
    "geoparquet": re.compile(rb"PAR1"),
    "filegdb": re.compile(rb"PK\x03\x04"),
    "dxf": re.compile(rb"(\s*999\r?\n[^\n]*\n)*\s*0\s*\r?\n\s*SECTION|AutoCAD Binary DXF"),
}
_BOM = b"\xef\xbb\xbf"
_ADDRESS = re.compile(r"^/?vsi|/vsi|^[A-Za-z][A-Za-z0-9+.-]+:/|://|^[A-Z][A-Za-z0-9_]+:", re.ASCII)


def format_of(path: Path, named: str | None = None) -> Format:
    """Return the format of a file by its ending, or the one that was named.

    Raises
    ------
    UnknownFormat
        Neither tells one.
    """
    if named is not None:
        if named not in FORMATS:
            raise UnknownFormat(f"unknown format {named!r}: use one of {', '.join(FORMATS)}")
        return FORMATS[named]
    name = path.name.lower()
    endings = [(suffix, one) for one in FORMATS.values() for suffix in one.suffixes]
    fitting = [(suffix, one) for suffix, one in endings if name.endswith(suffix)]
    if fitting:
        return max(fitting, key=lambda each: len(each[0]))[1]  # a .gdb.zip is no .zip of shapefiles
    if path.is_dir():
        return FORMATS["shapefile"]
    known = ", ".join(suffix for one in FORMATS.values() for suffix in one.suffixes)
    raise UnknownFormat(f"{path.name}: its ending names no known format; known: {known}")


def refuse_addresses(name: str) -> None:
    """Refuse a file name that GDAL would take for an address.

    Raises
    ------
    RemoteReference
        It is one.
    """
    if _ADDRESS.search(name):
        raise RemoteReference(
            f"{name!r} is an address, not a file: download it and import the file"
        )


def check_content(path: Path, form: Format) -> None:
    """Check by its first bytes that a file is what its ending says.

    Raises
    ------
    FileUnreadable
        It is missing, empty, or cannot be opened.
    RemoteReference
        It is a file that names other files or addresses.
    DisguisedFile
        It is something else.
    TooLarge
        It is beyond the cap.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise FileUnreadable(f"{path} is no plain file")
        with path.open("rb") as file:
            head = file.read(_HEAD).removeprefix(_BOM)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    if not size:
        raise FileUnreadable(f"{path} is empty")
    if size > MAX_FILE_MB * 1_000_000:
        raise TooLarge(f"{path} has {size / 1e6:.0f} MB; at most {MAX_FILE_MB} are taken")
    if found := _ELSEWHERE.search(head):
        what = found.group().decode().lstrip("<")
        raise RemoteReference(
            f"{path.name} holds no features: it names other files or addresses ({what})"
        )
    if not _MAGIC[form.key].match(head):
        raise DisguisedFile(
            f"{path.name} is no {form.key}: its content is something else; "
            f"give it its true ending, or export it anew from the program that made it"
        )
