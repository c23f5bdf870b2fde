"""The words round a map: its title, what it is about, and the block at its foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoplan.figure.layout import MARGIN
from geoplan.figure.lettering import INK
from geoplan.figure.svg import group, line
from geoplan.i18n import phrase

if TYPE_CHECKING:
    from geoplan.figure.findings import Found
    from geoplan.figure.lettering import Pen
    from geoplan.figure.spec import SheetSpec
    from geoplan.model import Plan
    from geoplan.webmap.content import MapContent

CONTROL_LINES = ("eco_redline", "permanent_basic_farmland", "urban_development_boundary")
_SIZE, _SMALL = 2.4, 2.0
_GREY = "#555D65"
_MOST = 6
"""Lines that a text may take at the foot: who made the data is named in full."""


@dataclass(frozen=True)
class Foot:
    """The lines at the foot of a sheet, as they are broken, and how high they are [mm]."""

    source: tuple[str, ...]
    note: tuple[str, ...]

    @property
    def high(self) -> float:
        """The height of all of it [mm]."""
        return 6.2 + 3.3 * len(self.source) + 2.8 * len(self.note)


def sheet_name(wanted: SheetSpec, found: list[Found], pen: Pen) -> str:
    """Return what a sheet of a plan is called."""
    name = phrase(f"figure.sheet-{wanted.name}", pen.lang)
    return f"{name} {found[0].number}" if wanted.name == "conflict" and found else name


def title(content: MapContent, wanted: SheetSpec, found: list[Found], pen: Pen) -> str:
    """Set the title, and below it what the sheet is about or what is missing."""
    wide, middle = wanted.size_mm[0] - 2 * MARGIN - 4, wanted.size_mm[0] / 2
    told = f"{content.plan.title.to(pen.lang)} · {sheet_name(wanted, found, pen)}"
    parts = [
        pen.set(pen.fitted(told, 5.0, wide), middle, MARGIN + 6.0, 5.0, text_anchor="middle",
                font_weight="bold")
    ]  # fmt: skip
    below = _about(content, wanted, found, pen)
    if below:
        parts.append(pen.set(pen.fitted(below, 2.5, wide), middle, MARGIN + 10.0, 2.5,
                             text_anchor="middle", fill="#444C54"))  # fmt: skip
    return group(parts, fill=INK, id="title")


def _about(content: MapContent, wanted: SheetSpec, found: list[Found], pen: Pen) -> str:
    if wanted.name == "conflict" and found:
        first = found[0]
        sides = [side_of(first, side, pen) for side in ("subject", "object")]
        where = "" if any(one.shape is not None for one in found) else "figure.no-place"
        between = " × ".join(filter(None, sides))
        severity = phrase(f"severity.{first.severity}", pen.lang)
        told = [between, severity, phrase(where, pen.lang) if where else ""]
        return " · ".join(filter(None, told))
    kinds = {one.layer.kind for one in content.layers}
    if wanted.name == "control-lines" and not kinds & set(CONTROL_LINES):
        return phrase("figure.no-control-lines", pen.lang)
    if content.check is None:
        return phrase("figure.not-checked", pen.lang)
    return ""


def side_of(found: Found, side: str, pen: Pen) -> str:
    """Return what a finding calls one of its features; nothing where it has none."""
    english = "_en" if pen.lang == "en" else ""
    named = (found.row.get(f"{side}_{name}") for name in (f"name{english}", "name", "id"))
    return next((str(one) for one in named if isinstance(one, str) and one), "")


def foot_of(plan: Plan, wanted: SheetSpec, pen: Pen) -> Foot:
    """Break the words at the foot into lines."""
    across = wanted.size_mm[0] - 2 * MARGIN
    note = "" if plan.note is None else plan.note.to(pen.lang)
    return Foot(
        tuple(pen.wrapped(plan.attribution.to(pen.lang), _SIZE, across, _MOST)),
        tuple(pen.wrapped(note, _SMALL, across, _MOST)),
    )


def set_foot(plan: Plan, wanted: SheetSpec, foot: Foot, plane: str, pen: Pen) -> str:
    """Set plane, date, source, note and the right to publish.

    Parameters
    ----------
    plane : str
        What the sheet's coordinates are; empty where it has none.
    """
    wide, high = wanted.size_mm
    top = high - MARGIN - foot.high + 2.0
    date = phrase("map.data-date", pen.lang, date=plan.data_date.isoformat())
    first = "   ".join(filter(None, [plane, date]))
    rule = line(MARGIN, top, wide - MARGIN, top, stroke=INK, stroke_width=0.2)
    right = pen.set(_right_to_publish(plan, pen), wide - MARGIN, top + 4.0, 3.2,
                    text_anchor="end", font_weight="bold")  # fmt: skip
    parts = [rule, right, pen.set(pen.fitted(first, _SIZE, wide - 80), MARGIN, top + 3.5, _SIZE)]
    y = top + 3.5
    for words in foot.source:
        y += 3.3
        parts.append(pen.set(words, MARGIN, round(y, 2), _SIZE))
    for words in foot.note:
        y += 2.8
        parts.append(pen.set(words, MARGIN, round(y, 2), _SMALL, fill=_GREY))
    return group(parts, fill=INK, id="title-block")


def _right_to_publish(plan: Plan, pen: Pen) -> str:
    """Return the review number, or that the sheet is for internal use."""
    if plan.review_number:
        return phrase("map.review-number", pen.lang, number=plan.review_number)
    return phrase("map.internal-use", pen.lang)
