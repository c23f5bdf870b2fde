"""Makes the numbers of conflicts on a sheet lead to their places on a map page."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from geoplan.crs import geographic, transformer
from geoplan.figure.svg import el

if TYPE_CHECKING:
    from pyproj import CRS

    from geoplan.figure.findings import Found
    from geoplan.figure.prepared import Prepared
    from geoplan.figure.spec import LabelBox, Sheet

_EQUATOR_M = 40_075_017.0
_TILE_PX, _SEEN_PX, _CLOSEST = 256, 600, 18


def linked(sheet: Sheet, plan: Prepared, base: str) -> Sheet:
    """Return a sheet whose numbers of conflicts are links.

    Parameters
    ----------
    base : str
        Address of a page of `geoplan.webmap` or of the service's ``/map``; what stands behind
        ``#`` in it is replaced by the place of each conflict.
    """
    found = {one.number: one for one in plan.findings if one.shape is not None}
    page = base.partition("#")[0]
    links, done = [], set()
    for box in sheet.boxes:
        number = box.text.removesuffix("?")
        # numbers are placed before names: a feature that is called C01 comes later
        if number in found and number not in done:
            done.add(number)
            links.append(_link(box, number, f"{page}#{_view(found[number], plan.crs)}"))
    if not links:
        return sheet
    over = el("g", *links, id="links", fill="#FFFFFF", fill_opacity=0)
    return replace(sheet, svg=sheet.svg.removesuffix("</svg>") + over + "</svg>")


def _link(box: LabelBox, number: str, address: str) -> str:
    at = "".join(
        f"{'L' if place else 'M'}{x:.2f} {y:.2f}" for place, (x, y) in enumerate(box.corners)
    )
    return el("a", el("title", number), el("path", d=f"{at}z"), href=address, target="_top")


def _view(one: Found, crs: CRS) -> str:
    """Return ``zoom/latitude/longitude``, as the address of a map has it."""
    west, south, east, north = one.shape.bounds
    back = transformer(crs.srs, geographic(crs).srs)
    longitude, latitude = back.transform((west + east) / 2, (south + north) / 2)
    size = max(east - west, north - south, 50.0) * 2
    widest = _EQUATOR_M * math.cos(math.radians(latitude)) * _SEEN_PX / (_TILE_PX * size)
    zoom = max(0, min(_CLOSEST, math.floor(math.log2(widest))))
    return f"{zoom}/{latitude:.5f}/{longitude:.5f}"
