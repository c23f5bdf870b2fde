"""The legend: every look that the sheet uses, drawn by the same hand as the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.figure.findings import paint
from geoplan.figure.layers import SMALL_MM
from geoplan.figure.lettering import INK
from geoplan.figure.svg import el, group
from geoplan.figure.view import PX, UNIT
from geoplan.i18n import phrase, phrases
from geoplan.model import Lang
from geoplan.styles.looks import METHOD, SCHEMATIC, Marker
from geoplan.symbols import marks

if TYPE_CHECKING:
    from geoplan.figure.drawing import Ink
    from geoplan.figure.findings import Found
    from geoplan.figure.layers import Drawn
    from geoplan.figure.lettering import Pen
    from geoplan.figure.underlay import Underlay

ROW, SWATCH, SIZE = 5.2, 9.0, 2.4
_SIGN = ((METHOD, SCHEMATIC, True),)
_LINE = f"M0 0h{round(SWATCH / UNIT)}"
_AREA = f"M0 -160h{round(SWATCH / UNIT)}v320h{-round(SWATCH / UNIT)}z"


def rows(
    layers: list[Drawn],
    findings: list[Found],
    left_out: int,
    ink: Ink,
    pen: Pen,
    underlay: Underlay | None = None,
) -> list[tuple[str, str]]:
    """Return the swatch and the words of each entry."""
    entries = _severities(findings, ink, pen)
    for layer in reversed(layers):
        title = layer.entry.layer.title.to(pen.lang)
        bodies = [rule for rule, _ in layer.looks if rule.conditions != _SIGN]
        for rule in bodies:
            entries.append((_swatch(layer, rule, ink), title + _said(rule, pen.lang)))
    if underlay is not None:
        entries += underlay.legend(_AREA, pen.lang)
    signs = [
        (layer, rule) for layer in layers for rule, _ in layer.looks if rule.conditions == _SIGN
    ]
    if signs:
        entries.append((_swatch(*signs[-1], ink), phrase("map.sign-schematic", pen.lang)))
    joined = [layer for layer in layers if layer.small.any()]
    if joined:
        size = max(layer.small_mm for layer in joined)
        said = phrase("figure.together", pen.lang, size=f"{max(size, SMALL_MM):.1f}")
        entries.append(("", said))
    if left_out:
        entries.append(("", phrase("figure.numbers-left-out", pen.lang, count=left_out)))
    return entries


def _said(rule: object, lang: Lang) -> str:
    """Return what sets a look apart: status, method and basis, as the map says them."""
    conditions = getattr(rule, "conditions", ())
    holding = [value for _, value, holds in conditions if holds]
    known = phrases(lang)
    words = [known[f"figure.look-{value}"] for value in holding if f"figure.look-{value}" in known]
    between = {"zh": "、", "en": ", "}[lang]
    opening, closing = {"zh": ("（", "）"), "en": (" (", ")")}[lang]
    return f"{opening}{between.join(words)}{closing}" if words else ""


def _swatch(layer: Drawn, rule: object, ink: Ink) -> str:
    parts = getattr(rule, "parts", ())
    if layer.entry.layer.geometry == "point":
        drawn = [
            ink.of(part, _circle(part.radius * PX)) for part in parts if isinstance(part, Marker)
        ]
    else:
        data = _AREA if layer.entry.layer.geometry == "area" else _LINE
        drawn = [ink.of(part, data) for part in parts]
    return "".join(drawn)


def _circle(radius: float) -> str:
    r = round(radius)
    return f"M{450 - r} 0a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0"


def _severities(findings: list[Found], ink: Ink, pen: Pen) -> list[tuple[str, str]]:
    entries = []
    numbered = {one.number: one for one in reversed(findings)}.values()  # by its worst
    for severity, look in marks().severity.items():
        for outcome, dash in (("hit", None), ("uncertain", f"{5 * PX:g} {5 * PX:g}")):
            count = sum((one.severity, one.outcome) == (severity, outcome) for one in numbered)
            if count:
                swatch = el("path", d=_AREA, fill=paint(severity, ink), stroke=look.colour,
                            stroke_width=2.2 * PX, stroke_dasharray=dash)  # fmt: skip
                words = {
                    "severity": phrase(f"severity.{severity}", pen.lang),
                    "outcome": phrase(f"outcome.{outcome}", pen.lang),
                }
                said = phrase("figure.severity", pen.lang, count=count, **words)
                entries.append((swatch, said))
    return entries


def height_of(entries: list[tuple[str, str]]) -> float:
    """Return how high a legend of one column is [mm]."""
    return 7.0 + ROW * len(entries)


def draw_legend(
    entries: list[tuple[str, str]], box: tuple[float, float, float, float], pen: Pen
) -> str:
    """Set the entries in columns within a box [mm]; those without room are counted."""
    x, y, wide, high = box
    columns = max(1, int(wide // 58))
    column = wide / columns
    per_column = max(1, int((high - 6) // ROW))
    room = columns * per_column
    if len(entries) <= room:  # columns that are used are about as long as each other
        per_column = -(-len(entries) // -(-len(entries) // per_column)) if entries else 1
    shown = entries if len(entries) <= room else entries[: room - 1]
    parts = [pen.set(phrase("map.legend", pen.lang), x, y + 3, 3.0, font_weight="bold")]
    for at, (swatch, words) in enumerate(shown):
        left, middle = x + column * (at // per_column), y + 7.5 + ROW * (at % per_column)
        place = f"translate({left:.2f} {middle:.2f}) scale({UNIT})"
        text_at = left + (SWATCH + 2 if swatch else 0)
        parts.append(el("g", swatch, transform=place) if swatch else "")
        said = pen.fitted(words, SIZE, left + column - text_at - 1)
        parts.append(pen.set(said, round(text_at, 2), round(middle + 0.85, 2), SIZE))
    if len(shown) < len(entries):
        more = phrase("map.legend-more", pen.lang, count=len(entries) - len(shown))
        left, middle = x + column * (columns - 1), y + 7.5 + ROW * (per_column - 1)
        parts.append(pen.set(more, left, middle + 0.85, SIZE))
    return group(parts, id="legend", fill=INK)
