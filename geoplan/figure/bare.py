"""The map alone, in any CRS and any number of pixels: what a service answers with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from geoplan.figure.drawing import Ink
from geoplan.figure.fonts import font
from geoplan.figure.labels import Room
from geoplan.figure.layers import draw, seen
from geoplan.figure.lettering import Pen, names
from geoplan.figure.prepared import Prepared, prepare
from geoplan.figure.spec import Sheet
from geoplan.figure.svg import el, group, rect
from geoplan.figure.view import UNIT, View
from geoplan.webmap.content import MapContent

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.model import Lang

    Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class BareSpec:
    """Which map is wanted.

    Attributes
    ----------
    crs : CRS
        What it is drawn in; x east, y north.
    bounds : tuple of float
        West, south, east, north [units of the CRS]: the edges of the outermost pixels.
    size_px : tuple of int
        Width and height.
    mm_per_px : float
        Size of a pixel where it is looked at: symbols and letters are that much smaller.
    background : str, optional
        Colour of what nothing is drawn on, ``#rrggbb``; None leaves it clear.
    """

    crs: CRS
    bounds: Box
    size_px: tuple[int, int]
    mm_per_px: float = 0.28
    lang: Lang = "zh"
    background: str | None = None


@dataclass(frozen=True)
class Window(View):
    """A view that may be stretched: of degrees, and where width and height do not fit the box.

    Attributes
    ----------
    bounds : tuple of float
        West, south, east, north [units of the CRS].
    """

    bounds: Box = field(kw_only=True)

    @property
    def box(self) -> Box:
        """West, south, east, north of what is shown [units of the CRS]."""
        return self.bounds

    def units(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places on the field, from its upper left corner, y down [UNIT]."""
        west, south, east, north = self.bounds
        wide, high = self.field[2:]
        moved = np.column_stack(
            [(at[:, 0] - west) * wide / (east - west), (north - at[:, 1]) * high / (north - south)]
        )
        return np.asarray(moved / UNIT, dtype=np.float64)


def bare_map(plan: MapContent | Prepared, wanted: BareSpec) -> Sheet:
    """Draw the layers of a plan with their names, and nothing round them.

    The coordinates of the document are pixels, from 0 to the width and the height.

    Parameters
    ----------
    plan : MapContent or Prepared
        Prepared in the CRS that is wanted, where more than one map of it is.

    Raises
    ------
    FontMissing
        There is no font with Chinese characters.
    """
    pen, ink = Pen(font(), wanted.lang), Ink()
    view = _window(wanted)
    room = Room(view.field)
    ready = prepare(plan, wanted.crs) if isinstance(plan, MapContent) else plan
    layers = seen(ready.layers, view)
    shapes = group([draw(one, view, ink) for one in layers], transform=f"scale({UNIT})")
    written = names(layers, view, room, pen)
    body = el("g", shapes, written, transform=f"scale({1 / wanted.mm_per_px:.9g})")
    wide, high = wanted.size_px
    paper = rect(0, 0, wide, high, fill=wanted.background) if wanted.background else ""
    svg = el(
        "svg", ink.definitions(), paper, body, xmlns="http://www.w3.org/2000/svg",
        width=wide, height=high, viewBox=f"0 0 {wide} {high}", overflow="hidden",
        font_family=pen.font.families, lang={"zh": "zh-CN", "en": "en"}[wanted.lang],
    )  # fmt: skip
    size = view.field[2:]
    return Sheet(
        svg, tuple(room.boxes), view.scale, size, pen.font.files, wanted.bounds, view.field
    )


def _window(wanted: BareSpec) -> Window:
    west, south, east, north = wanted.bounds
    wide, high = (side * wanted.mm_per_px for side in wanted.size_px)
    # what a millimetre shows, for all that is judged by size: between that of width and height
    step = math.sqrt((east - west) / wide * (north - south) / high)
    centre = (west + east) / 2.0, (south + north) / 2.0
    return Window(wanted.crs, centre, step * 1000.0, (0.0, 0.0, wide, high), bounds=wanted.bounds)
