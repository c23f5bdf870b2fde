"""Puts a sheet together: which layers, which ground, and where on the paper each part stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from geoplan.crs import lonlat_bounds
from geoplan.figure.drawing import Ink
from geoplan.figure.findings import Found, draw_findings, found_in, numbers, the_finding
from geoplan.figure.fonts import font
from geoplan.figure.furniture import (
    graticule,
    inset,
    north_arrow,
    plane_note,
    right_to_publish,
    scale_bar,
)
from geoplan.figure.grid import draw_grid
from geoplan.figure.labels import Room, Spot
from geoplan.figure.layers import Drawn, draw, seen
from geoplan.figure.legend import draw_legend, rows
from geoplan.figure.lettering import INK, Pen, names
from geoplan.figure.spec import Sheet, SheetSpec
from geoplan.figure.svg import el, group, line, rect
from geoplan.figure.view import UNIT, View, bounds_in, view_of
from geoplan.i18n import phrase

if TYPE_CHECKING:
    from geoplan.webmap.content import MapContent, MapLayer

    Box = tuple[float, float, float, float]

CONTROL_LINES = ("eco_redline", "permanent_basic_farmland", "urban_development_boundary")
_MARGIN, _HEAD, _FOOT = 9.0, 13.0, 11.0


@dataclass(frozen=True)
class _Layout:
    """Where the parts of a sheet stand [mm]: left, top, width, height."""

    field: Box
    side: Box


def sheet(content: MapContent, wanted: SheetSpec) -> Sheet:
    """Draw a map sheet.

    Raises
    ------
    FontMissing
        There is no font with Chinese characters.
    FindingNotFound
        The content has no finding of that number.
    """
    pen = Pen(font(wanted.font), wanted.lang)
    crs = CRS.from_user_input(content.plan.measuring_plane)
    findings = found_in(content, crs)
    chosen = the_finding(findings, wanted.finding) if wanted.name == "conflict" else None
    layout = _layout(wanted)
    view = view_of(crs, _bounds(content, wanted, crs, chosen), layout.field, wanted.scale)
    entries = _entries(content, wanted, chosen)
    shown = [chosen] if chosen else findings
    ink, room = Ink(), Room(layout.field)
    if wanted.name == "matrix":
        body = draw_grid(content, findings, layout.field, pen)
        layers: list[Drawn] = []
        left_out = 0
    else:
        layers = seen(entries, view)
        body, left_out = _map(layers, shown, view, ink, room, pen, wanted)
    parts = [body]
    if wanted.with_frame:
        entries_of_legend = rows(layers, shown, left_out, ink, pen)
        parts.append(_around(content, wanted, layout, view, entries_of_legend, pen, chosen))
    return _document(parts, wanted, view, ink, room, pen, content)


def _layout(wanted: SheetSpec) -> _Layout:
    wide, high = wanted.size_mm
    if not wanted.with_frame:
        return _Layout((0.0, 0.0, wide, high), (0.0, 0.0, 0.0, 0.0))
    top, bottom = _MARGIN + _HEAD, high - _MARGIN - _FOOT
    if wide >= high:
        side = min(72.0, wide * 0.24)
        right = wide - _MARGIN - side
        return _Layout(
            (_MARGIN, top, right - _MARGIN - 3.0, bottom - top), (right, top, side, bottom - top)
        )
    legend = min(78.0, high * 0.24)
    return _Layout(
        (_MARGIN, top, wide - 2 * _MARGIN, bottom - legend - 3.0 - top),
        (_MARGIN, bottom - legend, wide - 2 * _MARGIN, legend),
    )


def _bounds(content: MapContent, wanted: SheetSpec, crs: CRS, chosen: Found | None) -> Box:
    """Return the ground of a sheet in the plane [m]."""
    if wanted.extent is not None:
        return bounds_in(crs, wanted.extent)
    if chosen is not None and chosen.shape is not None:
        west, south, east, north = chosen.shape.bounds
        away = max(250.0, 0.6 * max(east - west, north - south))
        return west - away, south - away, east + away, north + away
    return _of_features(content, crs) or bounds_in(crs, content.plan.extent)


def _of_features(content: MapContent, crs: CRS) -> Box | None:
    """Return what the features of the plan span, and a rim round them; None where none is."""
    boxes = []
    for one in content.layers:
        located = one.features.geometry[one.features.geometry.notna()]
        if one.layer.role == "plan" and len(located):
            boxes.append(lonlat_bounds(located.total_bounds, CRS.from_user_input(located.crs)))
    if not boxes:
        return None
    lows, highs = np.array(boxes)[:, :2].min(axis=0), np.array(boxes)[:, 2:].max(axis=0)
    whole = float(lows[0]), float(lows[1]), float(highs[0]), float(highs[1])
    west, south, east, north = bounds_in(crs, whole)
    rim = 0.04 * max(east - west, north - south) + 50.0
    return west - rim, south - rim, east + rim, north + rim


def _entries(content: MapContent, wanted: SheetSpec, chosen: Found | None) -> tuple[MapLayer, ...]:
    """Return the layers of a sheet: for the control lines those, on what they are laid over."""
    if wanted.name != "control-lines":
        return content.layers
    return tuple(
        one for one in content.layers
        if one.layer.kind in CONTROL_LINES or one.layer.role == "context"
        or one.layer.geometry != "point"
    )  # fmt: skip


def _map(
    layers: list[Drawn], findings: list[Found], view: View, ink: Ink, room: Room, pen: Pen,
    wanted: SheetSpec,
) -> tuple[str, int]:  # fmt: skip
    left, top, wide, high = view.field
    ground = rect(left, top, wide, high, fill="#FFFFFF")
    drawn = [draw(layer, view, ink) for layer in layers]
    drawn.append(draw_findings(findings, view, ink))
    shapes = group(drawn, transform=f"translate({left} {top}) scale({UNIT})")
    clip = el("clipPath", rect(left, top, wide, high), id="field")
    grid, degrees = graticule(view, pen) if wanted.with_frame else ("", "")
    bar = ""
    if not wanted.with_frame:
        long = min(40.0, wide * 0.35)
        corner = Spot(left + long / 2 + 5, top + high - 4.75)
        room.place("", [corner], long + 10, 9.5, 0)
        room.boxes.clear()
        white = rect(left, top + high - 9.5, long + 10, 9.5, fill="#FFFFFF", fill_opacity=0.85)
        bar = white + scale_bar(view, left + 3, top + high - 5, long, pen)
    said, left_out = numbers(findings, view, room, pen)
    named = names(layers, view, room, pen)
    body = el("g", ground + grid + shapes, clip_path="url(#field)", id="map")
    return clip + body + degrees + named + said + bar, left_out


def _around(
    content: MapContent, wanted: SheetSpec, layout: _Layout, view: View,
    legend: list[tuple[str, str]], pen: Pen, chosen: Found | None,
) -> str:  # fmt: skip
    wide, high = wanted.size_mm
    frame = rect(*layout.field, fill="none", stroke=INK, stroke_width=0.35)
    outer = rect(_MARGIN - 4, _MARGIN - 4, wide - 2 * _MARGIN + 8, high - 2 * _MARGIN + 8,
                 fill="none", stroke=INK, stroke_width=0.5)  # fmt: skip
    parts = [outer, frame, _title(content, wanted, pen, chosen)]
    x, y, across, down = layout.side
    if wanted.name != "matrix":
        landscape = wide >= high
        bar = scale_bar(view, x + 2, y + down - 6, min(42.0, across - 18), pen)
        arrow = north_arrow(view, x + across - 6, y + 9, pen)
        lower = 28.0 if landscape else 12.0
        place = (x, y + down - lower - 22, 30.0, 26.0) if landscape else (
            x + across - 36, y + 20, 34.0, down - 24)  # fmt: skip
        where = inset(content.plan, view, place, pen)
        room = down - lower - (30 if where and landscape else 0)
        legend_wide = across if landscape else across - 40
        legend_box = (x, y + (12 if landscape else 0), legend_wide, room - (12 if landscape else 0))
        parts += [bar, arrow, where, draw_legend(legend, legend_box, pen)]
    parts.append(_foot(content, wanted, view, pen))
    return group(parts)


def _title(content: MapContent, wanted: SheetSpec, pen: Pen, chosen: Found | None) -> str:
    wide = wanted.size_mm[0]
    name = phrase(f"figure.sheet-{wanted.name}", pen.lang)
    if chosen is not None:
        name = f"{name} {chosen.number}"
    title = pen.fitted(f"{content.plan.title.to(pen.lang)} · {name}", 5.0, wide - 2 * _MARGIN - 4)
    said = pen.set(title, wide / 2, _MARGIN + 6.0, 5.0, text_anchor="middle", font_weight="bold")
    below = _told(content, wanted, pen, chosen)
    under = pen.set(pen.fitted(below, 2.5, wide - 2 * _MARGIN - 4), wide / 2, _MARGIN + 10.0, 2.5,
                    text_anchor="middle", fill="#444C54") if below else ""  # fmt: skip
    return group([said, under], fill=INK, id="title")


def _told(content: MapContent, wanted: SheetSpec, pen: Pen, chosen: Found | None) -> str:
    """Return the line below the title: what a conflict is about, or what is missing."""
    if chosen is not None:
        row, english = chosen.row, "_en" if pen.lang == "en" else ""
        sides = [
            str(row.get(f"{side}_name{english}") or row.get(f"{side}_name") or row[f"{side}_id"])
            for side in ("subject", "object")
        ]
        rule = content.rules.get(str(row["rule_id"]))
        severity = phrase(f"severity.{chosen.severity}", pen.lang)
        told = rule.title.to(pen.lang) if rule else str(row["rule_id"])
        where = "" if chosen.shape is not None else phrase("figure.no-place", pen.lang)
        return " · ".join(filter(None, [f"{sides[0]} × {sides[1]}", told, severity, where]))
    kinds = {one.layer.kind for one in content.layers}
    if wanted.name == "control-lines" and not kinds & set(CONTROL_LINES):
        return phrase("figure.no-control-lines", pen.lang)
    if wanted.name in ("overview", "matrix") and content.check is None:
        return phrase("figure.not-checked", pen.lang)
    return ""


def _foot(content: MapContent, wanted: SheetSpec, view: View, pen: Pen) -> str:
    wide, high = wanted.size_mm
    plan, y = content.plan, high - _MARGIN - _FOOT + 4.5
    across = wide - 2 * _MARGIN
    rule = line(_MARGIN, y - 2.8, wide - _MARGIN, y - 2.8, stroke=INK, stroke_width=0.2)
    date = phrase("map.data-date", pen.lang, date=plan.data_date.isoformat())
    first = pen.fitted(f"{plane_note(view, pen)}   {date}", 2.4, across - 60)
    second = pen.fitted(plan.attribution.to(pen.lang), 2.4, across - 60)
    note = "" if plan.note is None else pen.fitted(plan.note.to(pen.lang), 2.0, across)
    return group(
        [
            rule,
            pen.set(first, _MARGIN, y + 0.6, 2.4),
            pen.set(second, _MARGIN, y + 4.0, 2.4),
            pen.set(note, _MARGIN, y + 7.0, 2.0, fill="#555D65") if note else "",
            pen.set(right_to_publish(plan, pen), wide - _MARGIN, y + 1.6, 3.2, text_anchor="end",
                    font_weight="bold"),
        ],
        fill=INK, id="title-block",
    )  # fmt: skip


def _document(
    parts: list[str], wanted: SheetSpec, view: View, ink: Ink, room: Room, pen: Pen,
    content: MapContent,
) -> Sheet:  # fmt: skip
    wide, high = wanted.size_mm
    name = phrase(f"figure.sheet-{wanted.name}", pen.lang)
    title = el("title", pen.font.printable(f"{content.plan.title.to(pen.lang)} · {name}")
               .replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # fmt: skip
    paper = rect(0, 0, wide, high, fill="#FFFFFF")
    svg = el(
        "svg", title, ink.definitions(), paper, *parts, xmlns="http://www.w3.org/2000/svg",
        width=f"{wide:g}mm", height=f"{high:g}mm", viewBox=f"0 0 {wide:g} {high:g}",
        font_family=pen.font.families, lang={"zh": "zh-CN", "en": "en"}[pen.lang],
    )  # fmt: skip
    return Sheet(
        svg, tuple(room.boxes), view.scale, wanted.size_mm, pen.font.files, view.box, view.field
    )


def conflict_sheets(content: MapContent, wanted: SheetSpec) -> tuple[Sheet, ...]:
    """Draw the atlas: a sheet for each finding, in the order of their numbers."""
    crs = CRS.from_user_input(content.plan.measuring_plane)
    return tuple(
        sheet(content, replace(wanted, name="conflict", finding=one.number))
        for one in found_in(content, crs)
    )
