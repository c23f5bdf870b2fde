"""Foreign files that are text: GeoJSON, KML's outside, CSV. Runs in a worker process."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import struct
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from geoplan.errors import (
    CoordinateInvalid,
    CrsUnknown,
    EncodingUnknown,
    FileUnreadable,
    RemoteReference,
    TooDeep,
)
from geoplan.ingest.table import DEPTH, ForeignTable, checked_wkb, decoded, typed
from geoplan.ingest.tabular import from_rows
from geoplan.progress import each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geoplan.progress import Report

_TYPES = {
    "Point": 1, "LineString": 2, "Polygon": 3,
    "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6, "GeometryCollection": 7,
}  # fmt: skip
_LONLAT = re.compile(r"(CRS84|EPSG:{1,2}(4326|4490|4979)|CGCS2000)$", re.IGNORECASE)


def decode_text(content: bytes, encoding: str | None, name: str) -> tuple[str, str]:
    """Return a text and its encoding: as stated, else UTF-8, else GBK where it reads as Chinese.

    Raises
    ------
    EncodingUnknown
        It is neither, or not what was stated.
    """
    if encoding is not None:
        try:
            return content.decode(codecs.lookup(encoding).name), encoding
        except LookupError:
            raise EncodingUnknown(f"there is no encoding {encoding!r}") from None
        except UnicodeDecodeError as error:
            raise EncodingUnknown(f"{name} is not in {encoding}: {error}") from error
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("gb2312"), "GBK"
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    foreign = [char for char in text if not char.isascii()]
    common = sum(_is_common(char) for char in foreign)
    if foreign and common >= 0.7 * len(foreign):
        return text, "GB18030"
    raise EncodingUnknown(
        f"{name}: its text is neither UTF-8 nor Chinese in GBK: state it with --encoding, "
        f"such as --encoding GB18030, Big5, cp1252"
    )


def _is_common(char: str) -> bool:
    try:
        return bool(char.encode("gb2312"))
    except UnicodeEncodeError:
        return False


def read_geojson(
    path: Path, encoding: str | None, declared: bool, report: Report | None = None
) -> ForeignTable:
    """Read GeoJSON (RFC 7946) with Python's own parser.

    Raises
    ------
    FileUnreadable, TooDeep, CoordinateInvalid, CrsUnknown, RemoteReference
        It is no JSON or no GeoJSON; is nested too deep; has a coordinate that is no number;
        states another CRS than longitude and latitude; names an address.
    """
    text, found = decode_text(path.read_bytes(), encoding, path.name)
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise TooDeep(f"{path.name} is nested too deep: at most {DEPTH} levels") from None
    except ValueError as error:
        raise FileUnreadable(f"{path.name} is no JSON: {error}") from error
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection" and isinstance(content.get("features"), list):
        features = content["features"]
    elif kind == "Feature":
        features = [content]
    elif kind in _TYPES:
        features = [{"type": "Feature", "properties": {}, "geometry": content}]
    else:
        raise FileUnreadable(f"{path.name} is JSON but no GeoJSON: its type is {kind!r}")
    if not declared:
        _refuse_other_crs(content, path.name)
    return _from_features(features, path, found, report)


def _refuse_constant(word: str) -> NoReturn:
    raise CoordinateInvalid(f"{word} is no number: GeoJSON has none such")


def _refuse_other_crs(content: dict[str, Any], name: str) -> None:
    crs = content.get("crs")
    if crs is None:
        return
    if (
        isinstance(crs, dict)
        and crs.get("type") == "name"
        and isinstance(crs.get("properties"), dict)
    ):
        stated = str(crs["properties"].get("name"))
        if _LONLAT.search(stated):
            return
        raise CrsUnknown(
            f"{name} says its CRS is {stated!r}, but GeoJSON is in longitude and latitude "
            f"(RFC 7946): if that is true, say it with --source-crs"
        )
    raise RemoteReference(f"{name} has a crs that points elsewhere ({str(crs)[:80]}): not followed")


def _from_features(
    features: list[Any], path: Path, encoding: str, report: Report | None
) -> ForeignTable:
    names: dict[str, list[Any]] = {}
    bodies: list[bytes | None] = []
    ids: list[Any] = []
    nested: set[str] = set()
    for number, feature in enumerate(each(features, len(features), report)):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise FileUnreadable(f"{path.name}: entry number {number + 1} is no feature")
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            raise FileUnreadable(f"{path.name}: properties of feature number {number + 1}")
        for name, value in properties.items():
            if isinstance(value, (dict, list)):
                nested.add(name)
                value = json.dumps(value, ensure_ascii=False)
            names.setdefault(name, [None] * number).append(value)
        for values in names.values():
            if len(values) == number:
                values.append(None)
        ids.append(feature.get("id"))
        bodies.append(_body(feature.get("geometry"), f"{path.name}: feature number {number + 1}"))
    if "id" not in names and any(value is not None for value in ids):
        names["id"] = ids
    columns = {name: typed(values) for name, values in names.items()}
    geometry = checked_wkb(decoded(bodies, path.name), path.name)
    notes = [("nested_values", {"columns": ", ".join(sorted(nested))})] if nested else []
    return ForeignTable(path.stem, "json", "OGC:CRS84", columns, geometry, encoding, notes)


def _body(geometry: Any, where: str, depth: int = 0) -> bytes | None:
    """Return a GeoJSON geometry as WKB; heights are kept."""
    if geometry is None:
        return None
    if depth > 2:
        raise TooDeep(f"{where}: geometry collections within each other: take them apart first")
    try:
        kind = _TYPES[geometry["type"]]
        if kind == 7:
            parts = [_body(part, where, depth + 1) for part in geometry["geometries"]]
            found = [part for part in parts if part is not None]
            return struct.pack("<BII", 1, 7, len(found)) + b"".join(found)
        coordinates = geometry["coordinates"]
        z = _has_z(coordinates)
        return _PACKED[kind](coordinates, z)
    except (CoordinateInvalid, TooDeep):
        raise
    except (KeyError, TypeError, ValueError, IndexError, struct.error, OverflowError) as error:
        raise FileUnreadable(f"{where}: its geometry is no GeoJSON geometry: {error}") from error


def _has_z(coordinates: Any) -> bool:
    while isinstance(coordinates, list) and coordinates and isinstance(coordinates[0], list):
        coordinates = coordinates[0]
    return isinstance(coordinates, list) and len(coordinates) > 2


def _header(kind: int, z: bool) -> bytes:
    return struct.pack("<BI", 1, kind + 1000 * z)


def _numbers(positions: Any, z: bool) -> bytes:
    width = 2 + z
    flat: list[float] = []
    for position in positions:
        if len(position) < 2:
            raise ValueError("a position of fewer than two numbers")
        flat.extend((*position, 0.0)[:width] if len(position) < width else position[:width])
    return struct.pack(f"<{len(flat)}d", *flat)


def _point(at: Any, z: bool) -> bytes:
    if not at:
        return _header(1, z) + struct.pack(f"<{2 + z}d", *[float("nan")] * (2 + z))
    return _header(1, z) + _numbers([at], z)


def _line(positions: Any, z: bool) -> bytes:
    return _header(2, z) + struct.pack("<I", len(positions)) + _numbers(positions, z)


def _polygon(rings: Any, z: bool) -> bytes:
    packed = [struct.pack("<I", len(ring)) + _numbers(ring, z) for ring in rings]
    return _header(3, z) + struct.pack("<I", len(rings)) + b"".join(packed)


def _many(kind: int, one: Callable[[Any, bool], bytes]) -> Callable[[Any, bool], bytes]:
    def pack(parts: Any, z: bool) -> bytes:
        packed = b"".join(one(part, z) for part in parts)
        return _header(kind, z) + struct.pack("<I", len(parts)) + packed

    return pack


_PACKED = {
    1: _point, 2: _line, 3: _polygon,
    4: _many(4, _point), 5: _many(5, _line), 6: _many(6, _polygon),
}  # fmt: skip


def check_kml(content: bytes, name: str) -> None:
    """Check a KML before GDAL sees it: no document type, no links elsewhere, no deep nesting.

    Raises
    ------
    RemoteReference, TooDeep, FileUnreadable
        It declares entities or links to other content; is too deep; is no XML.
    """
    depth = 0

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise TooDeep(f"{name} is nested deeper than {DEPTH} elements")
        if tag.rsplit(":", 1)[-1] == "NetworkLink":
            raise RemoteReference(
                f"{name} holds a NetworkLink: its content lies elsewhere and is not fetched; "
                f"save the places themselves as KML"
            )

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: Any) -> None:
        raise RemoteReference(f"{name} declares a document type: entities are not followed")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FileUnreadable(f"{name} is no XML: {error}") from error


def read_csv(path: Path, encoding: str | None, report: Report | None = None) -> ForeignTable:
    """Read a CSV with positions in columns, as longitude and latitude or as WKT."""
    text, found = decode_text(path.read_bytes(), encoding, path.name)
    head = text[:4096].splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    try:
        found_rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = list(each(found_rows, text.count("\n"), report))
    except csv.Error as error:
        raise FileUnreadable(f"{path.name} is no CSV: {error}") from error
    return from_rows([row for row in rows if row], path, "csv", found)
