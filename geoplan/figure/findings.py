"""Draws findings by severity, and their numbers with leaders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.crs import to_crs
from geoplan.errors import FindingNotFound
from geoplan.figure.drawing import HATCH
from geoplan.figure.labels import Room, Spot, around
from geoplan.figure.paths import circles, path_of
from geoplan.figure.svg import el, group, line
from geoplan.figure.view import PX
from geoplan.symbols import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyproj import CRS

    from geoplan.figure.drawing import Ink
    from geoplan.figure.lettering import Pen
    from geoplan.figure.view import View
    from geoplan.webmap.content import MapContent

_SIGNS = {"cross": "M0 0L8 8M8 0L0 8", "hatch": HATCH, "dots": "M3.2 4h1.6"}
NUMBERED = 400
"""Numbers that one sheet may carry."""


@dataclass(frozen=True)
class Found:
    """A finding on a sheet; its shape, in the plane, is null where it has no place."""

    number: str
    severity: str
    outcome: str
    row: dict[str, Any]
    shape: Any


def found_in(content: MapContent, crs: CRS) -> list[Found]:
    """Return hits and doubts in the order of their numbers."""
    if content.check is None:
        return []
    table = content.check.features
    table = table[table["finding_id"].isin(list(content.numbers))]
    table = table[table["outcome"].isin(("hit", "uncertain"))]
    shapes = np.full(len(table), None, dtype=object)
    if len(table) and table.geometry.notna().any():
        flat = to_crs(table[[table.geometry.name]], crs).geometry.to_numpy()
        shapes = shapely.force_2d(flat)
    cells = table.drop(columns=table.geometry.name).to_dict("records")
    every = [
        Found(
            content.numbers[row["finding_id"]], str(row["severity"]), str(row["outcome"]), row,
            None if shape is None or shape.is_empty else shape,
        )
        for row, shape in zip(cells, shapes, strict=True)
    ]  # fmt: skip
    return sorted(every, key=lambda one: (len(one.number), one.number))


def the_finding(findings: Sequence[Found], number: str | None) -> list[Found]:
    """Return what goes by a number, the worst first.

    Raises
    ------
    FindingNotFound
        There is none.
    """
    found = [one for one in findings if one.number == number]
    if found:
        return found
    known = f"{findings[0].number} … {findings[-1].number}" if findings else "none"
    raise FindingNotFound(f"no finding {number!r} on this map; there is {known}")


def draw_findings(findings: list[Found], view: View, ink: Ink) -> str:
    """Draw the places of findings, the worst on top, each severity as few paths."""
    parts = []
    for severity, look in reversed(marks().severity.items()):
        for outcome, dash in (("uncertain", f"{5 * PX:g} {5 * PX:g}"), ("hit", None)):
            shapes = [
                one.shape for one in findings
                if one.shape is not None and (one.severity, one.outcome) == (severity, outcome)
            ]  # fmt: skip
            outline = {"stroke": look.colour, "stroke_dasharray": dash, "stroke_linejoin": "round"}
            parts += _of_shapes(np.array(shapes, dtype=object), severity, outline, view, ink)
    return group(parts, id="findings")


def _of_shapes(
    shapes: Any, severity: str, outline: dict[str, Any], view: View, ink: Ink
) -> list[str]:
    every = shapely.get_parts(shapes) if len(shapes) else shapes
    parts = []
    areas, lines, points = (
        every[shapely.get_dimensions(every) == dimension] if len(every) else every
        for dimension in (2, 1, 0)
    )
    areas = view.clipped(areas, 3.0) if len(areas) else areas
    lines = view.clipped(lines, 3.0) if len(lines) else lines
    if len(areas):
        data = path_of(view, areas)
        parts.append(
            el("path", d=data, fill=paint(severity, ink), stroke_width=2.2 * PX, **outline)
        )
    if len(lines):
        data = path_of(view, lines)
        white = {"stroke": "#FFFFFF", "stroke_width": 7 * PX, "stroke_opacity": 0.9}
        parts.append(el("path", d=data, fill="none", **white))
        parts.append(el("path", d=data, fill="none", stroke_width=3.4 * PX, **outline))
    if len(points):
        data = circles(view, points, 6 * PX)
        parts.append(
            el("path", d=data, fill="#FFFFFF", fill_opacity=0.7, stroke_width=2.6 * PX, **outline)
        )
    return parts


def paint(severity: str, ink: Ink) -> str:
    """Return the pattern of a severity."""
    look = marks().severity[severity]
    width = 1.6 if look.fill == "dots" else 1.1
    sign = el("path", d=_SIGNS[look.fill], stroke=look.colour, stroke_width=width, fill="none")
    return ink.pattern(f"severity-{severity}", 8, look.colour, 0.1, sign)


def numbers(findings: list[Found], view: View, room: Room, pen: Pen) -> tuple[str, int]:
    """Set the numbers, each with a leader where it stands away; say how many found no room."""
    leaders, plates, left_out, size = [], [], 0, 2.5
    west, south, east, north = view.box
    placed = {one.number: one for one in reversed(findings) if one.shape is not None}
    in_order = sorted(placed.values(), key=findings.index)
    for one in in_order[:NUMBERED]:
        inside = shapely.clip_by_rect(one.shape, west, south, east, north)
        if inside.is_empty:
            continue
        x, y = view.paper(shapely.get_coordinates(_anchor(inside)))[0].tolist()
        text = one.number + ("?" if one.outcome == "uncertain" else "")
        width, height = pen.font.width(text, size) * 1.08 + 1.2, size + 0.9
        spots = [
            spot
            for away in (1.6, 4.0, 7.0, 11.0, 16.0)
            for spot in around(x, y, width, height, away)
        ]
        spot = room.place(text, spots, width, height, 0.3)
        if spot is None:
            left_out += 1
            continue
        leaders.append(_leader(one, (x, y), spot, (width, height)))
        plates.append(_plate(text, one, spot, (width, height), size, pen))
    return group([*leaders, *plates], id="numbers"), left_out + max(0, len(placed) - NUMBERED)


def _anchor(shape: Any) -> Any:
    if shape.geom_type == "LineString":
        return shape.interpolate(0.5, normalized=True)
    return shape.representative_point()


def _leader(one: Found, at: tuple[float, float], spot: Spot, box: tuple[float, float]) -> str:
    colour = marks().severity[one.severity].colour
    width, height = box
    x = min(max(at[0], spot.x - width / 2), spot.x + width / 2)
    y = min(max(at[1], spot.y - height / 2), spot.y + height / 2)
    if math.hypot(x - at[0], y - at[1]) <= 0.5:
        return ""
    return line(*at, x, y, stroke="#FFFFFF", stroke_width=0.6) + line(
        *at, x, y, stroke=colour, stroke_width=0.25
    )


def _plate(
    text: str, one: Found, spot: Spot, box: tuple[float, float], size: float, pen: Pen
) -> str:
    colour = marks().severity[one.severity].colour
    width, height = box
    plate = el(
        "rect", x=spot.x - width / 2, y=spot.y - height / 2, width=width, height=height, rx=0.6,
        fill="#FFFFFF", stroke=colour, stroke_width=0.25,
    )  # fmt: skip
    word = pen.set(
        text, spot.x, spot.y + size * 0.36, size, fill=colour, font_weight="bold",
        text_anchor="middle",
    )  # fmt: skip
    return el("g", plate + word, class_="number")
