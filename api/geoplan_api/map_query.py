"""The parameters of a map (OGC API - Maps, Part 1): which ground, in which CRS, how many pixels.

What is left open follows from the rest: a box and a scale give the pixels, a centre, a scale and
pixels the box, and without any of it the whole is shown, its longer side 1000 pixels.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pyproj import Geod, Transformer

from geoplan.errors import AnswerTooLarge
from geoplan.model import Bbox
from geoplan_api.errors import BadParameter, OutsideCrs
from geoplan_api.query import read_bbox
from geoplan_api.references import CRS84, Reference, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PARAMETERS = (
    *("bbox", "bbox-crs", "center", "center-crs", "subset", "subset-crs", "crs"),
    *("width", "height", "scale-denominator", "mm-per-pixel", "transparent", "bgcolor"),
)
"""What a map takes beside ``f``; that of the whole plan takes ``collections`` as well."""
MAX_SIDE, MAX_PIXELS = 4096, 4096 * 4096
USUAL_SIDE, USUAL_MM = 1000, 0.28
_TURN = 360.0
_FARTHEST_M = 1e9
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[0-9]{1,6}")
_AXIS = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\(([^():]+):([^():]+)\)\s*")
_COLOUR = re.compile(r"(?:0x|#)?([0-9a-fA-F]{6})")
_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True)
class MapQuery:
    """Which map a request asks for.

    Attributes
    ----------
    reference : Reference
        The CRS that it is drawn in.
    box : tuple of float
        West, south, east, north in it; an east beyond 180° lies across the antimeridian.
    size_px : tuple of int
        Width and height.
    mm_per_px : float
        Size of a pixel where it is looked at.
    background : str, optional
        Colour of what nothing is drawn on, ``#rrggbb``; None leaves it clear.
    """

    reference: Reference
    box: tuple[float, float, float, float]
    size_px: tuple[int, int]
    mm_per_px: float
    background: str | None

    @property
    def content_bbox(self) -> str:
        """The box as the header says it: in the order of the axes of its CRS."""
        west, south, east, north = self.box
        if self.reference.geographic and east > _TURN / 2:
            east = round(east - _TURN, 9)
        edges = (south, west, north, east) if self.reference.swapped else (west, south, east, north)
        return ",".join(f"{edge!r}" for edge in edges)


def joined_subsets(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return query parameters with all of ``subset`` as one: it may stand several times."""
    found = list(pairs)
    subsets = [value for name, value in found if name == "subset"]
    rest = [pair for pair in found if pair[0] != "subset"]
    return [*rest, ("subset", ",".join(subsets))] if subsets else rest


def read_map_query(given: Mapping[str, str], whole: Bbox, usual: str) -> MapQuery:
    """Read the parameters of a map.

    Parameters
    ----------
    given : mapping of str to str
        Those of `PARAMETERS` that stand in the request.
    whole : Bbox
        What there is to see, in longitude and latitude.
    usual : str
        URI of the CRS that is drawn in where ``crs`` does not say.

    Raises
    ------
    BadParameter
        One has a value it cannot have, or not beside another.
    AnswerTooLarge
        More pixels are asked for than are drawn.
    OutsideCrs
        ``subset`` lies outside of what its CRS can tell.
    """
    drawn_in = reference(given.get("crs", usual))
    mm = _positive(given, "mm-per-pixel") or USUAL_MM
    everything = _moved(whole, reference(CRS84), drawn_in, "the extent")
    box, size = _ground(given, everything, drawn_in, mm)
    box = _on_earth(box, drawn_in)
    _refuse_large(size)
    background = _background(given)
    return MapQuery(drawn_in, box, (round(size[0]), round(size[1])), mm, background)


_Box = tuple[float, float, float, float]


def _ground(
    given: Mapping[str, str], everything: _Box, drawn_in: Reference, mm: float
) -> tuple[_Box, tuple[float, float]]:
    """Return the box of a map, and its pixels: what is not asked for follows from the rest."""
    scale = _positive(given, "scale-denominator")
    width, height = _side(given, "width"), _side(given, "height")
    box = _box(given, everything, drawn_in)
    if box is not None:
        if scale and (width or height):
            raise BadParameter(
                "bbox or subset, scale-denominator, and width or height are one too many: "
                "each follows from the other two"
            )
        return box, _size_of(box, drawn_in, width, height, scale, mm)
    if scale or "center" in given:
        sides = (width or height or USUAL_SIDE, height or width or USUAL_SIDE)
        return _round_centre(given, everything, drawn_in, scale, sides, mm), sides
    size = _size_of(everything, drawn_in, width, height, None, mm)
    filled = width and height
    return (_filling(everything, drawn_in, size) if filled else everything), size


def _on_earth(box: _Box, drawn_in: Reference) -> _Box:
    """Return a box, its west within ±180°; one that is larger than the earth is refused."""
    west, south, east, north = box
    if not drawn_in.geographic:
        if max(map(abs, box)) > _FARTHEST_M:
            raise BadParameter(f"there is no ground that far out in {drawn_in.uri}")
        return box
    if east - west > _TURN or south < -90 or north > 90:
        raise BadParameter("the map would reach beyond the earth: a larger scale, fewer pixels")
    turns = _TURN * math.floor((west + _TURN / 2) / _TURN)
    return west - turns, south, east - turns, north


def _positive(given: Mapping[str, str], name: str) -> float | None:
    if name not in given:
        return None
    text = given[name]
    if not _NUMBER.fullmatch(text) or not 1e-6 < float(text) < 1e12:
        raise BadParameter(f"{name} = {text!r}: a positive number is needed")
    return float(text)


def _side(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise BadParameter(f"{name} = {text!r}: a whole number of pixels, 1 or more, is needed")
    return int(text)


def _refuse_large(size: tuple[float, float]) -> None:
    wide, high = size
    if max(wide, high) > MAX_SIDE or wide * high > MAX_PIXELS:
        raise AnswerTooLarge(
            f"{wide:,.0f} x {high:,.0f} pixels are asked for; width and height may be {MAX_SIDE} "
            f"at most"
        )


def _background(given: Mapping[str, str]) -> str | None:
    text, clear = given.get("bgcolor"), given.get("transparent")
    if clear not in (None, "true", "false"):
        raise BadParameter(f"transparent = {clear!r} is neither true nor false")
    colour = _COLOUR.fullmatch(text) if text is not None else None
    if text is not None and colour is None:
        raise BadParameter(f"bgcolor = {text!r}: a colour such as 0xF4F1EA is needed")
    if clear == "true" or (clear is None and colour is None):
        return None
    return f"#{colour[1]}" if colour else "#ffffff"


def _box(given: Mapping[str, str], everything: _Box, drawn_in: Reference) -> _Box | None:
    """Return the box that is asked for, in the CRS of the map; None without any."""
    ways = [name for name in ("bbox", "center", "subset") if name in given]
    if len(ways) > 1:
        raise BadParameter(f"{' and '.join(ways)} say the same: give one of them")
    if "bbox" in given:
        asked = reference(given.get("bbox-crs", CRS84))
        boxes = read_bbox(given["bbox"], asked)
        east = boxes[-1].xmax + (_TURN if len(boxes) > 1 else 0.0)
        box = (boxes[0].xmin, boxes[0].ymin, east, boxes[0].ymax)
        return _moved(box, asked, drawn_in, f"bbox = {given['bbox']!r}")
    if "subset" in given:
        return _subset(given, everything, drawn_in)
    return None


def _subset(given: Mapping[str, str], everything: _Box, drawn_in: Reference) -> _Box:
    """Read ``subset``, such as ``Lat(41:41.1),Lon(122.9:123)``; an axis left out is whole."""
    text, asked = given["subset"], reference(given.get("subset-crs", CRS84))
    west, south, east, north = _back(everything, drawn_in, asked)
    names = ("Lon", "Lat") if asked.geographic else ("E", "N")
    edges = {names[0]: (west, east), names[1]: (south, north)}
    for part in text.split(","):
        axis = _AXIS.fullmatch(part)
        if axis is None or axis[1] not in names:
            raise BadParameter(
                f"subset = {text!r}: {names[0]}(low:high),{names[1]}(low:high) is needed"
            )
        if not all(_NUMBER.fullmatch(axis[at].strip()) for at in (2, 3)):
            raise BadParameter(f"subset = {text!r}: {part!r} has no two numbers")
        edges[axis[1]] = (float(axis[2]), float(axis[3]))
    if asked.geographic:
        edges = {name: _within(name, *edges[name], text) for name in names}
    (west, east), (south, north) = edges[names[0]], edges[names[1]]
    return _moved((west, south, east, north), asked, drawn_in, f"subset = {text!r}")


def _within(name: str, low: float, high: float, text: str) -> tuple[float, float]:
    """Return the part of an interval of degrees that there is; longitudes may go round."""
    most = 180.0 if name == "Lon" else 90.0
    if (low > most and high > most) or (low < -most and high < -most):
        raise OutsideCrs(f"subset = {text!r}: {name} lies within ±{most:g}")
    low, high = max(low, -most), min(high, most)
    return (low, high + _TURN) if name == "Lon" and low > high else (low, high)


def _moved(box: Bbox | _Box, asked: Reference, drawn_in: Reference, what: str) -> _Box:
    """Return the box around a box in another CRS."""
    west, south, east, north = box
    if not (west < east and south < north):
        raise BadParameter(f"{what} has no area to show")
    if not asked.geographic and max(map(abs, (west, south, east, north))) > _FARTHEST_M:
        raise BadParameter(f"{what} lies far outside of {asked.uri}")
    if asked.crs == drawn_in.crs or (asked.geographic and drawn_in.geographic):
        return west, south, east, north
    if asked.geographic and east > _TURN / 2:
        raise BadParameter(
            f"{what} crosses the antimeridian: such a map is drawn in degrees, crs=OGC:CRS84"
        )
    found = _back((west, south, east, north), asked, drawn_in)
    if not (all(map(math.isfinite, found)) and found[0] < found[2] and found[1] < found[3]):
        raise BadParameter(f"{what} has no place in {drawn_in.uri}")
    return found


def _back(box: _Box, there: Reference, here: Reference) -> _Box:
    if there.crs == here.crs or (there.geographic and here.geographic):
        return box
    return _way(there.uri, here.uri).transform_bounds(*box, densify_pts=21)


@cache
def _way(there: str, here: str) -> Transformer:
    return Transformer.from_crs(reference(there).crs, reference(here).crs, always_xy=True)


def _metres(box: _Box, drawn_in: Reference) -> tuple[float, float]:
    """Return how many metres of ground a unit of the CRS is in the middle of a box: east, north."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    step = 1e-4 if drawn_in.geographic else 10.0
    lon, lat = _way(drawn_in.uri, CRS84).transform(
        [x - step, x + step, x, x], [y, y, y - step, y + step]
    )
    nowhere = BadParameter(f"there is no ground at {x:g}, {y:g} in {drawn_in.uri}")
    if not all(map(math.isfinite, (*lon, *lat))):
        raise nowhere
    _, _, (east, north) = _GEOD.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
    if min(east, north) <= 0:  # at a pole
        raise nowhere
    return east / (2 * step), north / (2 * step)


def _size_of(
    box: _Box,
    drawn_in: Reference,
    width: int | None,
    height: int | None,
    scale: float | None,
    mm: float,
) -> tuple[float, float]:
    """Return the pixels of a box: those asked for, or as many as show the ground undistorted."""
    east, north = _metres(box, drawn_in)
    wide, high = (box[2] - box[0]) * east, (box[3] - box[1]) * north
    if scale:
        pixel = scale * mm / 1000.0
    elif width or height:
        pixel = wide / width if width else high / (height or 1)
    else:
        pixel = max(wide, high) / USUAL_SIDE
    return width or max(1, round(wide / pixel)), height or max(1, round(high / pixel))


def _round_centre(
    given: Mapping[str, str],
    everything: _Box,
    drawn_in: Reference,
    scale: float | None,
    size: tuple[int, int],
    mm: float,
) -> _Box:
    """Return the box of a map round its centre, by its scale and its pixels."""
    x, y = (everything[0] + everything[2]) / 2, (everything[1] + everything[3]) / 2
    if "center" in given:
        x, y = _centre(given, drawn_in)
    east, north = _metres((x, y, x, y), drawn_in)
    if scale is None:
        wide, high = (everything[2] - everything[0]) * east, (everything[3] - everything[1]) * north
        pixel = max(wide, high) / USUAL_SIDE
    else:
        pixel = scale * mm / 1000.0
    half = size[0] * pixel / east / 2, size[1] * pixel / north / 2
    return x - half[0], y - half[1], x + half[0], y + half[1]


def _centre(given: Mapping[str, str], drawn_in: Reference) -> tuple[float, float]:
    text, asked = given["center"], reference(given.get("center-crs", CRS84))
    parts = text.split(",")
    if len(parts) != 2 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise BadParameter(f"center = {text!r}: two numbers are needed")
    x, y = map(float, reversed(parts) if asked.swapped else parts)
    if asked.geographic and not (abs(x) <= 180 and abs(y) <= 90):
        raise BadParameter(f"center = {text!r}: longitudes lie within ±180, latitudes within ±90")
    found = (x, y) if asked.crs == drawn_in.crs else _way(asked.uri, drawn_in.uri).transform(x, y)
    if not all(map(math.isfinite, found)):
        raise BadParameter(f"center = {text!r} has no place in {drawn_in.uri}")
    return float(found[0]), float(found[1])


def _filling(box: _Box, drawn_in: Reference, size: tuple[float, float]) -> _Box:
    """Return a box widened until it fills so many pixels undistorted."""
    east, north = _metres(box, drawn_in)
    wide, high = (box[2] - box[0]) * east, (box[3] - box[1]) * north
    pixel = max(wide / size[0], high / size[1])
    more = (size[0] * pixel - wide) / east / 2, (size[1] * pixel - high) / north / 2
    return box[0] - more[0], box[1] - more[1], box[2] + more[0], box[3] + more[1]
