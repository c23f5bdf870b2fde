"""What a conflict sheet says of its finding beside the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.figure.lettering import INK
from geoplan.figure.svg import group
from geoplan.i18n import phrase
from geoplan.tables import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.figure.findings import Found
    from geoplan.figure.lettering import Pen
    from geoplan.webmap.content import MapContent

_SIZE, _STEP = 2.3, 3.2


def draw_facts(
    content: MapContent, found: list[Found], box: tuple[float, float, float, float], pen: Pen
) -> str:
    """Set rule, measurement, law and what is to be done, as far as the box [mm] has room."""
    x, top, wide, high = box
    y, parts = top + 3.0, []
    for head, text in _facts(content, found, pen):
        lines = pen.wrapped(text, _SIZE, wide - 1.0, 8)
        if y + _STEP * (len(lines) + 1) > top + high:
            break
        parts.append(pen.set(head, x, round(y, 2), _SIZE, fill="#555D65"))
        for at, line in enumerate(lines, start=1):
            parts.append(pen.set(line, x, round(y + _STEP * at, 2), _SIZE, font_weight="bold"
                                 if head == _head("rule", pen) else None))  # fmt: skip
        y += _STEP * (len(lines) + 1) + 1.4
    return group(parts, id="facts", fill=INK)


def _head(name: str, pen: Pen) -> str:
    return phrase(f"figure.fact-{name}", pen.lang)


def _facts(content: MapContent, found: list[Found], pen: Pen) -> Iterator[tuple[str, str]]:
    rows = [one.row for one in found]
    rule_ids = dict.fromkeys(str(row["rule_id"]) for row in rows)
    rules = [content.rules[name] for name in rule_ids if name in content.rules]
    said = wording.joined((f"{rule.id} {rule.title.to(pen.lang)}" for rule in rules), pen.lang)
    first = found[0]
    outcome = " · ".join(
        phrase(f"{what}.{value}", pen.lang)
        for what, value in (("severity", first.severity), ("outcome", first.outcome))
    )
    at = ("zh", "en").index(pen.lang)
    told = [
        ("rule", said),
        ("outcome", outcome),
        ("measured", wording.measurement(rows)[at]),
        ("basis", wording.basis(rows)[at]),
        ("procedure", wording.procedure(rows)[at]),
    ]
    for name, text in told:
        if text:
            yield _head(name, pen), text
