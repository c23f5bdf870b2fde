"""Styles of desktop programs: QML for QGIS and SLD 1.1 for others, made of the one symbology."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoplan.styles import qml, sld
from geoplan.styles.looks import rules

if TYPE_CHECKING:
    from collections.abc import Collection

    from geoplan.model import Layer
    from geoplan.schema import LayerSchema
    from geoplan.symbols import Symbol

_LONGEST_NAME = 30


@dataclass(frozen=True)
class Style:
    """How a layer is drawn, as desktop programs read it.

    Attributes
    ----------
    name : str
        What users see in a list of styles.
    qml : str
        The style as QGIS writes it.
    sld : str
        The style as OGC 05-078r4 (Styled Layer Descriptor 1.1) has it.
    """

    name: str
    qml: str
    sld: str


def style_of(layer: Layer, symbol: Symbol, schema: LayerSchema, columns: Collection[str]) -> Style:
    """Return the style that makes a layer look as it does on the web map.

    Parameters
    ----------
    layer : Layer
        Its geometry, and whether it belongs to the plan or to the context, decide the strokes.
    symbol : Symbol
        How its kind is drawn.
    schema : LayerSchema
        Its labels go into the QML too: QGIS reads those of the file with GDAL 3.7 or later only.
    columns : collection of str
        The columns of its table: with ``status`` each status has its dash, with
        ``geometry_method`` schematic features have dots on both sides, with ``coordinate_basis``
        estimated ones are lighter.

    Returns
    -------
    Style
        The same inputs make the same texts, byte for byte.
    """
    status = schema.field("status")
    words = {} if status is None else {one.code: one.label.zh for one in status.values}
    found = rules(layer, symbol, columns, words)
    name = layer.title.zh[:_LONGEST_NAME]
    fields = [field for field in schema.fields if field.name in columns]
    return Style(
        name, qml.document(found, layer.geometry, fields), sld.document(found, layer, name)
    )
