"""The matrix: layers against layers, each cell with its findings and the worst of them."""

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

_HEAD = 34.0


def draw_grid(
    content: MapContent, findings: list[Found], box: tuple[float, float, float, float], pen: Pen
) -> str:
    """Draw the matrix of a check; rows are what is built, columns what is protected."""
    cells: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for one in findings:
        cells[str(one.row["subject_layer"]), str(one.row["object_layer"])].append(one)
    titles = {one.layer.id: one.layer.title.to(pen.lang) for one in content.layers}
    across = [name for name in titles if any(key[1] == name for key in cells)]
    down = [name for name in titles if any(key[0] == name for key in cells)]
    if not cells:
        return pen.set(phrase("figure.no-findings", pen.lang), box[0] + 5, box[1] + 12, 4.0)
    x, y, wide, high = box
    step = min(34.0, (wide - _HEAD - 4) / len(across))
    tall = min(14.0, (high - 20) / len(down))
    parts = []
    for at, name in enumerate(across):
        middle = x + _HEAD + step * (at + 0.5)
        head = pen.fitted(titles[name], 2.5, step - 1)
        parts.append(pen.set(head, middle, y + 12, 2.5, text_anchor="middle"))
    for row, name in enumerate(down):
        top = y + 15 + tall * row
        head = pen.fitted(titles[name], 2.5, _HEAD - 4)
        parts.append(pen.set(head, x + 2, top + tall / 2 + 0.9, 2.5))
        for at, other in enumerate(across):
            place = (x + _HEAD + step * at, top, step, tall)
            parts.append(_cell(cells.get((name, other), []), place, pen))
    return group(parts, id="matrix", fill="#22272C")


def _cell(found: list[Found], box: tuple[float, float, float, float], pen: Pen) -> str:
    x, y, wide, high = box
    if not found:
        return rect(*box, fill="#FFFFFF", stroke="#C9CFD4", stroke_width=0.2)
    worst = next(name for name in marks().severity if any(one.severity == name for one in found))
    colour = marks().severity[worst].colour
    said = pen.fitted(phrase(f"severity.{worst}", pen.lang), 2.3, wide - 1)
    middle = x + wide / 2
    return (
        rect(*box, fill=colour, fill_opacity=0.14, stroke="#C9CFD4", stroke_width=0.2)
        + pen.set(str(len(found)), middle, y + high / 2 - 0.2, 3.4, text_anchor="middle",
                  font_weight="bold", fill=colour)
        + pen.set(said, middle, y + high / 2 + 3.4, 2.3, text_anchor="middle", fill=colour)
    )  # fmt: skip
