"""The inset: where in the plan a sheet lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoplan.figure.lettering import INK
from geoplan.figure.paths import path_of
from geoplan.figure.svg import el, group, rect
from geoplan.figure.view import UNIT, View, bounds_in
from geoplan.i18n import phrase

if TYPE_CHECKING:
    from geoplan.figure.lettering import Pen
    from geoplan.figure.prepared import Flat, Prepared

    Box = tuple[float, float, float, float]

_MOST = 500
"""Features of a layer, the largest, that stand in an inset."""

_HERE = "#B00020"


def inset(plan: Prepared, view: View, box: Box, pen: Pen) -> str:
    """Draw where in the plan the sheet lies; nothing where it shows all of it."""
    extent = bounds_in(view.crs, plan.content.plan.extent)
    west, south, east, north = plan.bounds() or extent
    own = view.box
    if own[0] <= west and own[1] <= south and own[2] >= east and own[3] >= north:
        return ""
    x, y, wide, high = box
    ratio = min(wide / (east - west), high / (north - south))  # millimetres for a metre
    field = (x, y, (east - west) * ratio, (north - south) * ratio)
    small = View(view.crs, ((west + east) / 2, (south + north) / 2), 1000.0 / ratio, field)
    drawn = [_layer(one, small) for one in plan.layers if one.entry.layer.geometry != "point"]
    shapes = group(drawn, transform=f"translate({x} {y}) scale({UNIT})")
    clip = el("clipPath", rect(*field), id="inset-field")
    left, top = small.paper(np.array([[own[0], own[3]]]))[0].tolist()
    right, low = small.paper(np.array([[own[2], own[1]]]))[0].tolist()
    here = rect(left, top, max(1.0, right - left), max(1.0, low - top), fill=_HERE,
                fill_opacity=0.12, stroke=_HERE, stroke_width=0.4)  # fmt: skip
    said = pen.set(phrase("figure.inset", pen.lang), x, y - 1.2, 2.3, fill=INK)
    ground = rect(*field, fill="#F4F6F7", stroke=INK, stroke_width=0.2)
    return group([clip, ground, el("g", shapes + here, clip_path="url(#inset-field)"), said],
                 id="inset")  # fmt: skip


def _layer(one: Flat, small: View) -> str:
    """Draw the largest features of a layer, areas filled and lines thin."""
    sizes = np.hypot(*(one.boxes[:, 2:] - one.boxes[:, :2]).T)
    shapes = one.shapes[np.sort(np.argsort(-sizes, kind="stable")[:_MOST])]
    # below a tenth of a millimetre nothing of a course is seen
    shapes = shapely.simplify(shapes, small.metres * 0.1)
    data = path_of(small, shapes, 5)
    if not data:
        return ""
    area = one.entry.layer.geometry == "area"
    colour = one.symbol.fill if area else one.symbol.stroke
    ink = {"fill": colour, "fill_opacity": 0.8} if area else {"fill": "none"}
    return el("path", d=data, stroke=colour, stroke_width=20 if area else 30, **ink)
