"""Puts a sheet together: which layers, which ground, and what stands round the map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geoplan.figure.drawing import Ink
from geoplan.figure.facts import draw_facts
from geoplan.figure.findings import Found, draw_findings, numbers, the_finding
from geoplan.figure.fonts import font
from geoplan.figure.furniture import graticule, north_arrow, plane_note, scale_bar
from geoplan.figure.grid import draw_grid
from geoplan.figure.inset import inset
from geoplan.figure.labels import Room
from geoplan.figure.layers import draw, seen
from geoplan.figure.layout import MARGIN, Layout, layout
from geoplan.figure.legend import draw_legend, height_of, rows
from geoplan.figure.lettering import INK, Pen, names
from geoplan.figure.prepared import Prepared, prepare
from geoplan.figure.spec import Sheet, SheetSpec
from geoplan.figure.svg import el, escaped, group, rect
from geoplan.figure.title_block import CONTROL_LINES, foot_of, set_foot, sheet_name, title
from geoplan.figure.trace import Trace
from geoplan.figure.view import UNIT, View, bounds_in, view_of
from geoplan.webmap.content import MapContent

if TYPE_CHECKING:
    from geoplan.figure.layers import Drawn
    from geoplan.figure.prepared import Flat
    from geoplan.figure.underlay import Underlay

    Box = tuple[float, float, float, float]


@dataclass
class _Work:
    """A sheet in the making."""

    plan: Prepared
    wanted: SheetSpec
    pen: Pen
    place: Layout
    view: View
    shown: list[Found]
    ink: Ink
    room: Room
    left_out: int = 0


def sheet(
    plan: MapContent | Prepared, wanted: SheetSpec, underlay: Underlay | None = None
) -> Sheet:
    """Draw a map sheet.

    Parameters
    ----------
    plan : MapContent or Prepared
        What is drawn; `prepare` it where more than one sheet is wanted.
    underlay : Underlay, optional
        A raster that lies under the layers.

    Raises
    ------
    FontMissing
        There is no font with Chinese characters.
    FindingNotFound
        The content has no finding of that number.
    """
    ready = prepare(plan) if isinstance(plan, MapContent) else plan
    pen = Pen(font(wanted.font), wanted.lang)
    shown = _findings(ready, wanted)
    foot = foot_of(ready.content.plan, wanted, pen)
    place = layout(wanted, foot.high)
    view = view_of(ready.crs, _bounds(ready, wanted, shown), place.field, wanted.scale)
    trace = Trace(place.field)
    work = _Work(ready, wanted, pen, place, view, shown, Ink(), Room(place.field, trace))
    layers = [] if wanted.name == "matrix" else seen(_layers(ready, wanted), view)
    if wanted.name == "matrix":
        body = draw_grid(ready.content, shown, place.field, pen)
    else:
        body = _map(work, layers, trace, underlay)
    parts = [body]
    if wanted.with_frame:
        plane = "" if wanted.name == "matrix" else plane_note(view, pen)
        parts.append(_around(work, layers, underlay))
        parts.append(set_foot(ready.content.plan, wanted, foot, plane, pen))
    return _document(work, parts)


def conflict_sheets(plan: MapContent | Prepared, wanted: SheetSpec) -> tuple[Sheet, ...]:
    """Draw a conflict sheet for each number, in their order."""
    ready = prepare(plan) if isinstance(plan, MapContent) else plan
    return tuple(
        sheet(ready, replace(wanted, name="conflict", finding=number))
        for number in dict.fromkeys(one.number for one in ready.findings)
    )


def _findings(ready: Prepared, wanted: SheetSpec) -> list[Found]:
    """Return the findings of a sheet: one number, those on the control lines, or all."""
    if wanted.name == "conflict":
        return the_finding(ready.findings, wanted.finding)
    lines = {one.entry.layer.id for one in ready.layers if one.entry.layer.kind in CONTROL_LINES}
    if wanted.name == "control-lines" and lines:
        return [
            one for one in ready.findings
            if lines & {one.row["subject_layer"], one.row["object_layer"]}
        ]  # fmt: skip
    return list(ready.findings)


def _bounds(ready: Prepared, wanted: SheetSpec, shown: list[Found]) -> Box:
    """Return the ground of a sheet in the plane [m]."""
    if wanted.extent is not None:
        return bounds_in(ready.crs, wanted.extent)
    own = ready.bounds_of(shown) if wanted.name == "conflict" else None
    return own or ready.bounds() or bounds_in(ready.crs, ready.content.plan.extent)


def _layers(ready: Prepared, wanted: SheetSpec) -> list[Flat]:
    """Return the layers of a sheet; with the control lines on it, these lie over the rest."""
    if wanted.name != "control-lines":
        return list(ready.layers)
    kept = [
        one for one in ready.layers
        if one.entry.layer.role == "context" or one.entry.layer.geometry != "point"
    ]  # fmt: skip
    return sorted(kept, key=lambda one: one.entry.layer.kind in CONTROL_LINES)


def _map(work: _Work, layers: list[Drawn], trace: Trace, underlay: Underlay | None) -> str:
    view, pen, ink = work.view, work.pen, work.ink
    left, top, wide, high = view.field
    ground = rect(left, top, wide, high, fill="#FFFFFF")
    below = "" if underlay is None else underlay.drawn(view)
    drawn = [draw(layer, view, ink) for layer in layers]
    drawn.append(draw_findings(work.shown, view, ink))
    for layer in layers:
        trace.add(view.clipped(layer.shapes[~layer.small], 0.0), view)
    shapes = group(drawn, transform=f"translate({left} {top}) scale({UNIT})")
    clip = el("clipPath", rect(left, top, wide, high), id="field")
    grid, degrees = graticule(view, pen) if work.wanted.with_frame else ("", "")
    within = work.wanted.with_bar and not work.wanted.with_frame
    bar = _bar_within(work) if within else ""
    said, work.left_out = numbers(work.shown, view, work.room, pen)
    named = names(layers, view, work.room, pen)
    body = el("g", ground + below + grid + shapes, clip_path="url(#field)", id="map")
    return clip + body + degrees + named + said + bar


def _bar_within(work: _Work) -> str:
    """Draw the scale in a corner of a map that has no frame, and keep it free of labels."""
    left, top, wide, high = work.view.field
    long = min(40.0, wide * 0.35)
    box = (left, top + high - 9.5, long + 10, 9.5)
    work.room.keep_free(box)
    white = rect(*box, fill="#FFFFFF", fill_opacity=0.85)
    return white + scale_bar(work.view, left + 3, top + high - 5, long, work.pen)


def _around(work: _Work, layers: list[Drawn], underlay: Underlay | None) -> str:
    wanted, pen, view, place = work.wanted, work.pen, work.view, work.place
    wide, high = wanted.size_mm
    away = MARGIN - 4
    outer = rect(away, away, wide - 2 * away, high - 2 * away, fill="none", stroke=INK,
                 stroke_width=0.5)  # fmt: skip
    parts = [outer, title(work.plan.content, wanted, work.shown, pen)]
    if wanted.name == "matrix":
        return group(parts)
    x, y, across, down = place.bar
    legend = rows(layers, work.shown, work.left_out, work.ink, pen, underlay)
    parts += [
        rect(*place.field, fill="none", stroke=INK, stroke_width=0.35),
        scale_bar(view, x, y + down, across, pen),
        north_arrow(view, *place.arrow, pen),
        inset(work.plan, view, place.inset, pen),
        draw_legend(legend, place.legend, pen),
    ]
    if wanted.name == "conflict":
        box = _below(place, height_of(legend))
        parts.append(draw_facts(work.plan.content, work.shown, box, pen))
    return group(parts)


def _below(place: Layout, used: float) -> Box:
    """Return the box of the facts: where they stand below the legend, right below what it used."""
    x, y, wide, high = place.facts
    free = place.legend[3] - used - 3.0
    return place.facts if x > place.legend[0] or free <= 0 else (x, y - free, wide, high + free)


def _document(work: _Work, parts: list[str]) -> Sheet:
    wanted, pen, view = work.wanted, work.pen, work.view
    wide, high = wanted.size_mm
    name = sheet_name(wanted, work.shown, pen)
    told = pen.font.printable(f"{work.plan.content.plan.title.to(pen.lang)} · {name}")
    paper = rect(0, 0, wide, high, fill="#FFFFFF")
    svg = el(
        "svg", el("title", escaped(told)), work.ink.definitions(), paper, *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=f"{wide:g}mm", height=f"{high:g}mm", viewBox=f"0 0 {wide:g} {high:g}",
        font_family=pen.font.families, lang={"zh": "zh-CN", "en": "en"}[pen.lang],
    )  # fmt: skip
    boxes = tuple(work.room.boxes)
    return Sheet(svg, boxes, view.scale, wanted.size_mm, pen.font.files, view.box, view.field)
