"""Rules of drawing as a QGIS style: a rule-based renderer with widths in pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from geoplan.styles.looks import Fill, Marker, Pattern, Stroke

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geoplan.model import Dimension
    from geoplan.schema import Field
    from geoplan.styles.looks import Part, Rule

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SYMBOL = {"point": "marker", "line": "line", "area": "fill"}
_TYPE = {"point": "0", "line": "1", "area": "2"}
_ANGLE = {"slash": 45, "horline": 0}


def document(rules: tuple[Rule, ...], geometry: Dimension, fields: Iterable[Field]) -> str:
    """Return the QML of a layer."""
    root = Element("qgis", version="3.22", styleCategories="Symbology|Fields|Forms")
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", forceraster="0")
    listed = SubElement(renderer, "rules", key="root")
    symbols = SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        entry = SubElement(listed, "rule", key=f"rule-{number}", symbol=str(number))
        entry.set("label", rule.label)
        if rule.conditions:
            entry.set("filter", _filter(rule))
        symbol = _symbol(symbols, str(number), _SYMBOL[geometry])
        for place, part in enumerate(rule.parts):
            _layer(symbol, part, geometry, f"@{number}@{place}")
    _fields(root, fields)
    SubElement(root, "layerGeometryType").text = _TYPE[geometry]
    indent(root)
    return _DOCTYPE + tostring(root, encoding="unicode")


def _fields(root: Element, fields: Iterable[Field]) -> None:
    """Add labels, and a plain editor for numbers: a spin box would round them to whole ones."""
    editors = SubElement(root, "fieldConfiguration")
    labels = SubElement(root, "aliases")
    for field in fields:
        SubElement(labels, "alias", field=field.name, name=field.label.zh)
        if field.type == "REAL":
            editor = SubElement(editors, "field", name=field.name)
            config = SubElement(SubElement(editor, "editWidget", type="TextEdit"), "config")
            SubElement(config, "Option", type="Map")


def _filter(rule: Rule) -> str:
    """Return the condition of a rule; null is neither schematic nor estimated."""
    return " AND ".join(
        f"coalesce(\"{column}\", '') {'=' if holds else '<>'} '{value}'"
        for column, value, holds in rule.conditions
    )


def _symbol(parent: Element, name: str, kind: str) -> Element:
    return SubElement(
        parent, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1", force_rhr="0"
    )


def _layer(symbol: Element, part: Part, geometry: Dimension, name: str) -> None:
    """Add what draws one part; a pattern holds a symbol of its own, called by `name`."""
    if isinstance(part, Stroke):
        _options(symbol, "SimpleLine", _stroke(part))
    elif isinstance(part, Fill):
        colour = _colour(part.colour, part.opacity)
        _options(symbol, "SimpleFill", {"color": colour, "style": "solid", "outline_style": "no"})
    elif isinstance(part, Marker):
        _options(symbol, "SimpleMarker", _marker(part))
    elif part.mark == "circle":
        layer = _options(symbol, "PointPatternFill", _grid(part))
        dot = Marker(part.colour, part.colour, part.size / 2, 0, part.opacity)
        _layer(_symbol(layer, name, "marker"), dot, geometry, "")
    else:
        layer = _options(symbol, "LinePatternFill", _lines(part))
        stroke = Stroke(part.colour, part.size, part.opacity, cap="butt")
        _layer(_symbol(layer, name, "line"), stroke, geometry, "")


def _options(symbol: Element, kind: str, values: dict[str, str]) -> Element:
    layer = SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    options = SubElement(layer, "Option", type="Map")
    for name, value in values.items():
        SubElement(options, "Option", name=name, type="QString", value=value)
    return layer


def _stroke(part: Stroke) -> dict[str, str]:
    return {
        "line_color": _colour(part.colour, part.opacity),
        "line_style": "solid",
        "line_width": f"{part.width:g}",
        "line_width_unit": "Pixel",
        "capstyle": "flat" if part.cap == "butt" else "round",
        "joinstyle": "round",
        "use_custom_dash": "1" if part.dash else "0",
        "customdash": ";".join(f"{length:g}" for length in part.dash) or "5;2",
        "customdash_unit": "Pixel",
    }


def _marker(part: Marker) -> dict[str, str]:
    return {
        "name": "circle",
        "cap_style": "flat",
        "color": _colour(part.fill or part.stroke, part.opacity if part.fill else 0),
        "outline_color": _colour(part.stroke, part.opacity),
        "outline_style": _pen(part) if part.width else "no",
        "outline_width": f"{part.width:g}",
        "outline_width_unit": "Pixel",
        "size": f"{2 * part.radius:g}",
        "size_unit": "Pixel",
    }


def _pen(part: Marker) -> str:
    """Return the pen whose dash is nearest: the outline of a mark has no dash of its own."""
    if not part.dash:
        return "solid"
    return "dash" if part.dash[0] > part.dash[1] else "dot"


def _grid(part: Pattern) -> dict[str, str]:
    """Return dots in rows, every other row moved by half the distance."""
    values = {
        "distance_x": f"{part.spacing * math.sqrt(2):.3g}",
        "distance_y": f"{part.spacing / math.sqrt(2):.3g}",
        "displacement_x": f"{part.spacing / math.sqrt(2):.3g}",
        "displacement_y": "0",
    }
    return values | {f"{name}_unit": "Pixel" for name in values}


def _lines(part: Pattern) -> dict[str, str]:
    angle = str(_ANGLE[part.mark])
    return {"angle": angle, "distance": f"{part.spacing:g}", "distance_unit": "Pixel"}


def _colour(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"
