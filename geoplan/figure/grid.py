"""The matrix: layers against layers, each cell with its numbers and the gravest of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from geoplan.figure.svg import group, rect
from geoplan.i18n import phrase
from geoplan.symbols import marks

if TYPE_CHECKING:
    from geoplan.figure.findings import Found
    from geoplan.figure.lettering import Pen
    from geoplan.webmap.content import MapContent

    Box = tuple[float, float, float, float]
    Cells = dict[tuple[str, str], list[Found]]

_LINE = "#C9CFD4"
_WIDEST, _HIGHEST = 52.0, 26.0
_KEY, _TOP = 9.0, 13.0
"""The line above the matrix that says how it is read, and its row of heads [mm]."""


def draw_grid(content: MapContent, findings: list[Found], box: Box, pen: Pen) -> str:
    """Draw the matrix of a check; rows are what is planned, columns what is protected."""
    if not findings:
        return pen.set(phrase("figure.no-findings", pen.lang), box[0] + 5, box[1] + 12, 4.0)
    cells = _cells(findings)
    titles = {one.layer.id: one.layer.title.to(pen.lang) for one in content.layers}
    down, across = (_in_order([key[side] for key in cells], titles) for side in (0, 1))
    x, y, wide, high = box
    head = min(48.0, wide / (len(across) + 2) * 1.3)
    step = min(_WIDEST, (wide - head) / (len(across) + 1))
    tall = min(_HIGHEST, (high - _KEY - _TOP) / (len(down) + 1))
    left = x + (wide - head - step * (len(across) + 1)) / 2
    key = pen.fitted(phrase("figure.matrix-rows", pen.lang), 2.4, wide)
    parts = [pen.set(key, x + wide / 2, y + 4.0, 2.4, text_anchor="middle", fill="#444C54")]
    total = phrase("figure.matrix-total", pen.lang)
    rows = [*down, None]
    columns = [*across, None]
    for at, name in enumerate(columns):
        said = total if name is None else titles.get(name, name)
        place = (left + head + step * at, y + _KEY, step, _TOP)
        parts.append(_head(said, place, pen))
    for row, name in enumerate(rows):
        top = y + _KEY + _TOP + tall * row
        said = total if name is None else titles.get(name, name)
        parts.append(_head(said, (left, top, head, tall), pen))
        for at, other in enumerate(columns):
            place = (left + head + step * at, top, step, tall)
            found = [
                one for (subject, thing), those in cells.items() for one in those
                if name in (None, subject) and other in (None, thing)
            ]  # fmt: skip
            parts.append(_cell(found, place, pen, summed=name is None or other is None))
    return group(parts, id="matrix", fill="#22272C")


def _cells(findings: list[Found]) -> Cells:
    """Return the findings of each pair of layers, one for each number: its worst."""
    cells: Cells = defaultdict(list)
    for one in {one.number: one for one in reversed(findings)}.values():
        thing = one.row.get("object_layer")
        cells[str(one.row["subject_layer"]), str(thing) if isinstance(thing, str) else ""].append(
            one
        )
    for found in cells.values():
        found.sort(key=lambda one: (len(one.number), one.number))
    return cells


def _in_order(names: list[str], titles: dict[str, str]) -> list[str]:
    known = [name for name in titles if name in names]
    return known + sorted(set(names) - set(known))


def _head(text: str, box: Box, pen: Pen) -> str:
    x, y, wide, high = box
    lines = pen.wrapped(text, 2.6, wide - 3, max(1, int((high - 2) / 3.2)))
    first = y + high / 2 + 0.9 - 1.6 * (len(lines) - 1)
    return rect(*box, fill="#F4F6F7", stroke=_LINE, stroke_width=0.2) + "".join(
        pen.set(line, x + wide / 2, round(first + 3.2 * at, 2), 2.6, text_anchor="middle",
                font_weight="bold")
        for at, line in enumerate(lines)
    )  # fmt: skip


def _cell(found: list[Found], box: Box, pen: Pen, *, summed: bool) -> str:
    x, y, wide, high = box
    if not found:
        return rect(*box, fill="#FFFFFF", stroke=_LINE, stroke_width=0.2)
    worst = next(name for name in marks().severity if any(one.severity == name for one in found))
    colour = marks().severity[worst].colour
    middle = x + wide / 2
    plain = high < 12.0 or summed
    listed = "" if plain else ", ".join(
        one.number + ("?" if one.outcome == "uncertain" else "") for one in found
    )  # fmt: skip
    said = pen.fitted(phrase(f"severity.{worst}", pen.lang), 2.3, wide - 1)
    lines = pen.wrapped(listed, 2.0, wide - 3, max(1, int((high - 11) / 2.6))) if listed else []
    top = y + high / 2 - 1.3 * len(lines)
    parts = [
        rect(*box, fill=colour, fill_opacity=0.06 if summed else 0.14, stroke=_LINE,
             stroke_width=0.2),
        pen.set(str(len(found)), middle, round(top, 2), 3.6, text_anchor="middle",
                font_weight="bold", fill=colour),
    ]  # fmt: skip
    if high >= 8.0:
        parts.append(pen.set(said, middle, round(top + 3.3, 2), 2.3, text_anchor="middle",
                             fill=colour))  # fmt: skip
    for at, line in enumerate(lines, start=1):
        place = round(top + 3.6 + 2.6 * at, 2)
        parts.append(pen.set(line, middle, place, 2.0, text_anchor="middle", fill="#444C54"))
    return group(parts)
