"""Rules of drawing as a Styled Layer Descriptor 1.1 (OGC 05-078r4, 05-077r4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from geoplan.styles.looks import Fill, Pattern, Stroke

if TYPE_CHECKING:
    from geoplan.model import Layer
    from geoplan.styles.looks import Marker, Part, Rule

_SPACES = {
    "version": "1.1.0",
    "xmlns": "http://www.opengis.net/sld",
    "xmlns:se": "http://www.opengis.net/se",
    "xmlns:ogc": "http://www.opengis.net/ogc",
}
_PIXELS = {"uom": "http://www.opengeospatial.org/se/units/pixel"}


def document(rules: tuple[Rule, ...], layer: Layer, name: str) -> str:
    """Return the SLD of a layer."""
    root = Element("StyledLayerDescriptor", _SPACES)
    named = SubElement(root, "NamedLayer")
    SubElement(named, "se:Name").text = layer.table
    style = SubElement(named, "UserStyle")
    SubElement(style, "se:Name").text = name
    features = SubElement(style, "se:FeatureTypeStyle")
    for rule in rules:
        entry = SubElement(features, "se:Rule")
        SubElement(entry, "se:Name").text = rule.label or name
        _filter(entry, rule)
        for part in rule.parts:
            _symbolizer(entry, part, outline=layer.geometry == "area")
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode")


def _filter(entry: Element, rule: Rule) -> None:
    if not rule.conditions:
        return
    parent = SubElement(entry, "ogc:Filter")
    if len(rule.conditions) > 1:
        parent = SubElement(parent, "ogc:And")
    for column, value, holds in rule.conditions:
        place = parent if holds else SubElement(parent, "ogc:Not")
        equal = SubElement(place, "ogc:PropertyIsEqualTo")
        SubElement(equal, "ogc:PropertyName").text = column
        SubElement(equal, "ogc:Literal").text = value


def _symbolizer(entry: Element, part: Part, *, outline: bool) -> None:
    if isinstance(part, Stroke):
        kind = "se:PolygonSymbolizer" if outline else "se:LineSymbolizer"
        _stroke(SubElement(entry, kind, _PIXELS), part)
    elif isinstance(part, Fill):
        area = SubElement(entry, "se:PolygonSymbolizer", _PIXELS)
        _fill(area, part.colour, part.opacity)
    elif isinstance(part, Pattern):
        area = SubElement(entry, "se:PolygonSymbolizer", _PIXELS)
        graphic = SubElement(SubElement(area, "se:Fill"), "se:GraphicFill")
        _pattern(SubElement(graphic, "se:Graphic"), part)
        if part.mark == "circle":  # the standard has no room between marks; GeoServer reads this
            margin = SubElement(area, "se:VendorOption", name="graphic-margin")
            margin.text = f"{part.spacing - part.size:g}"
    else:
        point = SubElement(entry, "se:PointSymbolizer", _PIXELS)
        _marker(SubElement(point, "se:Graphic"), part)


def _pattern(graphic: Element, part: Pattern) -> None:
    mark = SubElement(graphic, "se:Mark")
    SubElement(mark, "se:WellKnownName").text = part.mark
    if part.mark == "circle":
        _fill(mark, part.colour, part.opacity)
    else:
        _stroke(mark, Stroke(part.colour, part.size, part.opacity, cap="butt"))
    size = part.size if part.mark == "circle" else part.spacing
    SubElement(graphic, "se:Size").text = f"{size:g}"


def _marker(graphic: Element, part: Marker) -> None:
    mark = SubElement(graphic, "se:Mark")
    SubElement(mark, "se:WellKnownName").text = "circle"
    if part.fill is not None:
        _fill(mark, part.fill, part.opacity)
    _stroke(mark, Stroke(part.stroke, part.width, part.opacity, part.dash, "butt"))
    SubElement(graphic, "se:Size").text = f"{2 * part.radius:g}"


def _fill(parent: Element, colour: str, opacity: float) -> None:
    fill = SubElement(parent, "se:Fill")
    _parameter(fill, "fill", colour)
    _parameter(fill, "fill-opacity", f"{opacity:g}")


def _stroke(parent: Element, part: Stroke) -> None:
    stroke = SubElement(parent, "se:Stroke")
    _parameter(stroke, "stroke", part.colour)
    _parameter(stroke, "stroke-width", f"{part.width:g}")
    _parameter(stroke, "stroke-opacity", f"{part.opacity:g}")
    _parameter(stroke, "stroke-linecap", part.cap)
    _parameter(stroke, "stroke-linejoin", "round")
    if part.dash:
        _parameter(stroke, "stroke-dasharray", " ".join(f"{length:g}" for length in part.dash))


def _parameter(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "se:SvgParameter", name=name).text = value
