"""Inputs as they were sent, brought into the form that processes take.

A layer may be named by its id or by a link to its collection; a geometry may be sent as such, as
a GeoJSON feature, as a link to a feature of this service, or as a file in any format that import
reads. Nothing is fetched: a link is looked up, and leads nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from geoplan.errors import GeoplanError
from geoplan.reading import matching_id
from geoplan_api.errors import BadInput
from geoplan_api.work.describe import LAYER_INPUTS
from geoplan_api.work.pointers import pointer_to

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue

GEOMETRY, CRS, LAYER = "geometry", "crs", "layer"
FILES = {
    "application/geopackage+sqlite3": ".gpkg",
    "application/zip": ".zip",
    "application/vnd.google-earth.kml+xml": ".kml",
    "application/vnd.google-earth.kmz": ".kmz",
    "application/flatgeobuf": ".fgb",
    "image/vnd.dxf": ".dxf",
    "text/csv": ".csv",
}
"""Media type of a file that may be sent (base64) → its ending; zip is a shapefile."""
_JSON = ("application/json", "application/geo+json")


def brought_home(inputs: Any, catalogue: Catalogue, base: str) -> Any:
    """Return inputs with what their links, files and features stand for.

    Raises
    ------
    BadInput
        A link leads elsewhere, or a file cannot be taken; the pointer says which.
    """
    if not isinstance(inputs, dict):
        return inputs
    home = {name: _plain(name, value) for name, value in inputs.items()}
    for name in LAYER_INPUTS:
        if isinstance(home.get(name), list):
            home[name] = [
                _layer(value, base, pointer_to("inputs", name, at))
                for at, value in enumerate(home[name])
            ]
    if LAYER in home:
        home[LAYER] = _layer(home[LAYER], base, pointer_to("inputs", LAYER))
    if isinstance(home.get(GEOMETRY), dict):
        home |= _geometry(home[GEOMETRY], catalogue, base, home.get(CRS))
    return home


def _plain(name: str, value: Any) -> Any:
    """Return a qualified value without its wrapping, where it is JSON."""
    if not (isinstance(value, dict) and "value" in value and name != GEOMETRY):
        return value
    kind = _kind(value)
    if kind is not None and kind not in _JSON:
        pointer = pointer_to("inputs", name)
        raise BadInput(f"{pointer}: {kind} is not taken here; send JSON", pointer)
    return value["value"]


def _kind(value: dict[str, Any]) -> str | None:
    found = value.get("mediaType", (value.get("format") or {}).get("mediaType"))
    return found if found is None else str(found).split(";")[0].strip().lower()


def _layer(value: Any, base: str, pointer: str) -> Any:
    if not (isinstance(value, dict) and "href" in value):
        return value
    steps = _steps(value["href"], base, pointer)
    if len(steps) != 1 and steps[1:] != ["items"]:
        raise BadInput(f"{pointer}: {value['href']} is no collection", pointer)
    return steps[0]


def _steps(href: Any, base: str, pointer: str) -> list[str]:
    root = f"{base}/collections/"
    if not (isinstance(href, str) and href.startswith(root)):
        raise BadInput(f"{pointer}: only links below {root} are followed; got {href!r}", pointer)
    return [unquote(step) for step in href.removeprefix(root).split("?")[0].split("/")]


def _geometry(value: dict[str, Any], catalogue: Catalogue, base: str, crs: Any) -> dict[str, Any]:
    """Return the geometry, and the CRS where the geometry brings one."""
    pointer = pointer_to("inputs", GEOMETRY)
    if "href" in value:
        return _linked(value["href"], catalogue, base, pointer)
    if "value" in value:
        kind = _kind(value) or _JSON[0]
        if kind in FILES:
            return _sent_file(value, FILES[kind], catalogue, crs, pointer)
        if kind not in _JSON:
            known = ", ".join([*_JSON, *FILES])
            at = f"{pointer}/value"
            raise BadInput(f"{at}: {kind} is not taken; known: {known}", at)
        value = value["value"]
    return {GEOMETRY: _of_feature(value, pointer)}


def _of_feature(value: Any, pointer: str) -> Any:
    """Return the geometry of a GeoJSON feature, or of a collection of one."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "FeatureCollection":
        features = value.get("features")
        if not (isinstance(features, list) and len(features) == 1):
            raise BadInput(f"{pointer}: a site is one feature", f"{pointer}/features")
        return _of_feature(features[0], f"{pointer}/features/0")
    return value.get(GEOMETRY) if kind == "Feature" else value


def _linked(href: Any, catalogue: Catalogue, base: str, pointer: str) -> dict[str, Any]:
    import shapely

    steps = _steps(href, base, pointer)
    if len(steps) != 3 or steps[1] != "items" or steps[0] not in catalogue:
        raise BadInput(f"{pointer}: {href} is no feature of this service", pointer)
    features = catalogue.read(steps[0])
    feature = matching_id(features.index, steps[2])
    shape = features.geometry.get(feature)
    if shape is None or features.crs is None:
        raise BadInput(f"{pointer}: there is no feature with a position at {href}", pointer)
    crs = features.crs.to_authority()
    known = ":".join(crs) if crs else features.crs.to_wkt()
    return {GEOMETRY: json.loads(shapely.to_geojson(shapely.force_2d(shape))), CRS: known}


def _sent_file(
    value: dict[str, Any], ending: str, catalogue: Catalogue, crs: Any, pointer: str
) -> dict[str, Any]:
    """Read a file as an import would, in a process of its own."""
    import shapely

    from geoplan.ingest.candidate import read_candidate

    at = f"{pointer}/value"
    try:
        content = base64.b64decode(str(value["value"]), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{at}: this is not base64: {error}", at) from None
    with tempfile.TemporaryDirectory(prefix="sent-") as folder:
        path = Path(folder) / f"sent{ending}"
        path.write_bytes(content)
        try:
            shape, found = read_candidate(path, catalogue.directory, crs)
        except GeoplanError as error:
            raise BadInput(f"{at}: {type(error).__name__}: {error}", at) from error
    return {GEOMETRY: json.loads(shapely.to_geojson(shapely.force_2d(shape))), CRS: found}
