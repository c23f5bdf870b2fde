"""Values of features in words: as people read them, in one language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from geoplan.store.kinds import kind_of
from geoplan_api.html import tag

if TYPE_CHECKING:
    from geoplan.schema import Field, LayerSchema
    from geoplan.store import Column
    from geoplan_api.frame import View

DASH = "—"
"""What stands where nothing is known."""
PROVENANCE = (
    "geometry_method",
    "geometry_accuracy_m",
    "coordinate_basis",
    "basis_note",
    "geometry_recipe",
    "data_quality",
    "source",
    "source_url",
    "source_date",
    "source_scale",
    "documentation_url",
    "is_synthetic",
)
"""Fields that say how far a feature can be trusted."""
NEEDED = ("geometry_method", "geometry_accuracy_m", "coordinate_basis", "source")
"""Those of them whose lack is worth a line of its own."""


class Attribute(NamedTuple):
    """A column as people see it: its head, and how to word its values."""

    column: Column
    field: Field | None
    label: str
    unit: str | None
    numeric: bool


def attributes(columns: tuple[Column, ...], schema: LayerSchema, view: View) -> list[Attribute]:
    """Return the columns of a layer as people see them."""
    found = []
    for column in columns:
        field = schema.field(column.name)
        label = column.name if field is None else field.label.to(view.lang)
        unit = None if field is None else field.unit
        numeric = kind_of(column) in ("integer", "number")
        found.append(Attribute(column, field, label, unit, numeric))
    return found


def in_words(attribute: Attribute, value: Any, view: View, *, unit: bool = False) -> str:
    """Return a value in words; `unit` puts the unit behind a number."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return DASH
    if isinstance(value, bytes):
        return view.say("site.bytes", count=len(value))
    if kind_of(attribute.column) == "boolean":
        return view.say("site.yes" if value else "site.no")
    if isinstance(value, int | float):
        text = f"{value:,.12g}" if attribute.unit and isinstance(value, float) else _number(value)
        return f"{text} {attribute.unit}" if unit and attribute.unit else text
    text = str(value)
    if attribute.field is not None and (attribute.field.values or attribute.field.multiple):
        return _worded(attribute.field, text, view)
    if unit and text.startswith(("http://", "https://")):
        return tag("a", text, href=text, rel="noreferrer noopener nofollow")
    return text or DASH


def _number(value: float) -> str:
    """Return a number without a unit: years and codes have no marks between thousands."""
    return str(value) if isinstance(value, int) else f"{value:.12g}"


def _worded(field: Field, text: str, view: View) -> str:
    labels = {value.code: value.label.to(view.lang) for value in field.values}
    if not field.multiple:
        return labels.get(text, text)
    gap = "；" if view.lang == "zh" else "; "
    codes = [code.strip() for code in text.split(";")]
    return gap.join(labels.get(code, code) for code in codes)
