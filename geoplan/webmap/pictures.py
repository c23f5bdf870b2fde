"""Rasters and basemaps as images that are embedded in a page, cut to the plan's extent."""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from geoplan.errors import OutsidePlan, TooLarge, UnknownFormat
from geoplan.model import Text
from geoplan.raster import Raster
from geoplan.raster.looks import look_of
from geoplan.raster.picture import bounds_in, photograph, picture, ramp, span_of
from geoplan.store.mbtiles import tiles_within
from geoplan.webmap.content import Image, OnlineBasemap, Picture

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.model import RasterLayer

    Box = tuple[float, float, float, float]

MAX_PIXELS = 2048
"""Along the longer side of a raster that is embedded."""

MAX_BYTES = 20_000_000
"""What one basemap or raster may add to a page, before base64."""

_MERCATOR = CRS.from_epsg(3857)
_RADIUS = 6378137.0
_GREYS = ("#000000", "#FFFFFF")
_BASEMAP = Text(zh="底图", en="Basemap")


def raster_picture(entry: RasterLayer, raster: Raster, extent: Box) -> Picture:
    """Draw a raster of the plan as the service's tiles show it.

    Raises
    ------
    OutsidePlan
        It lies outside of the plan's extent.
    FileUnreadable
        It is damaged.
    """
    box, size = _window(raster, extent)
    image = Image(
        _degrees(box), "image/png", picture(raster, _MERCATOR, box, size, look_of(entry, raster))
    )
    return Picture(entry.id, entry.title, (_weighed(image, entry.id),), opacity=0.6)


def basemap_picture(path: Path, extent: Box) -> Picture:
    """Read an offline basemap: a GeoTIFF, or MBTiles with pictures.

    Raises
    ------
    UnknownFormat
        It is neither, or holds vector tiles.
    OutsidePlan
        It has nothing in the plan's extent.
    TooLarge
        What it has there is too large to be embedded.
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid
        It cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".mbtiles":
        images = tuple(
            Image(_tile_bounds(tile.zoom, tile.column, tile.row), tile.media_type, tile.content)
            for tile in tiles_within(path, extent, MAX_BYTES)
        )
    elif suffix in (".tif", ".tiff"):
        images = (_weighed(_from_geotiff(path, extent), path.name),)
    else:
        raise UnknownFormat(
            f"{path.name}: a basemap is none, tianditu, amap, FILE.mbtiles or FILE.tif"
        )
    return Picture(":basemap", _BASEMAP, images)


def _from_geotiff(path: Path, extent: Box) -> Image:
    with ExitStack() as opened:
        first = opened.enter_context(Raster(path))
        box, size = _window(first, extent)
        if first.dataset.count >= 3 and first.dtype == np.uint8:
            rest = [opened.enter_context(Raster(path, band=band)) for band in (2, 3)]
            content = photograph([first, *rest], _MERCATOR, box, size)
        else:
            content = picture(first, _MERCATOR, box, size, ramp(_GREYS, span_of(first)))
    return Image(_degrees(box), "image/png", content)


def _window(raster: Raster, extent: Box) -> tuple[Box, tuple[int, int]]:
    """Return which part of a raster is wanted, in Web Mercator, and in how many pixels."""
    west, south, east, north = bounds_in(raster, _MERCATOR)
    wanted = (*_metres(extent[0], extent[1]), *_metres(extent[2], extent[3]))
    box = (
        max(west, wanted[0]),
        max(south, wanted[1]),
        min(east, wanted[2]),
        min(north, wanted[3]),
    )
    if box[0] >= box[2] or box[1] >= box[3]:
        raise OutsidePlan(f"{raster.name} lies outside of the plan's extent {list(extent)}")
    wide, high = box[2] - box[0], box[3] - box[1]
    own = min((east - west) / raster.grid.width, (north - south) / raster.grid.height)
    pixel = max(own, max(wide, high) / MAX_PIXELS)
    return box, (max(1, round(wide / pixel)), max(1, round(high / pixel)))


def _weighed(image: Image, name: str) -> Image:
    if len(image.content) > MAX_BYTES:
        raise TooLarge(
            f"{name} is {len(image.content) / 1e6:.1f} MB within the plan's extent; "
            f"{MAX_BYTES / 1e6:.0f} MB can be embedded: use a coarser one"
        )
    return image


def _metres(lon: float, lat: float) -> tuple[float, float]:
    sine = math.sin(math.radians(max(-85.05, min(85.05, lat))))
    return _RADIUS * math.radians(lon), _RADIUS * math.atanh(sine)


def _degrees(box: Box) -> Box:
    (west, east), (south, north) = (
        [math.degrees(x / _RADIUS) for x in (box[0], box[2])],
        [math.degrees(math.atan(math.sinh(y / _RADIUS))) for y in (box[1], box[3])],
    )
    return west, south, east, north


def _tile_bounds(zoom: int, column: int, row: int) -> Box:
    side = 2 * math.pi * _RADIUS / 2**zoom
    half = math.pi * _RADIUS
    west, north = column * side - half, half - row * side
    return _degrees((west, north - side, west + side, north))


def online_basemap(name: str, tianditu_key: str | None) -> OnlineBasemap | None:
    """Return a basemap of the internet by its name; None where there is none of that name.

    Raises
    ------
    UnknownFormat
        Tianditu gives no tiles without a key.
    """
    if name == "amap":
        address = (
            "https://webrd0{s}.is.autonavi.com/appmaptile"
            "?lang=zh_cn&size=1&scale=1&style=8&x={x}&y={y}&z={z}"
        )
        return OnlineBasemap(name, Text(zh="高德地图", en="Amap"), (address,), tuple("1234"), True)
    if name != "tianditu":
        return None
    if not tianditu_key:
        raise UnknownFormat(
            "Tianditu gives tiles to holders of a key only: set GEOPLAN_TIANDITU_KEY "
            "(https://console.tianditu.gov.cn), or use a basemap from a file"
        )
    addresses = tuple(
        f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
        f"&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
        f"&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={tianditu_key}"
        for layer in ("vec", "cva")
    )
    return OnlineBasemap(
        name, Text(zh="天地图", en="Tianditu"), addresses, tuple("01234567"), False
    )
