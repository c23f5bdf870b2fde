"""What attributes say of a feature in the words of reports: class, zone, who manages it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from geopandas import GeoDataFrame

    from geoplan.model import Layer
    from geoplan.schema import Field, LayerSchema

CLASS = (
    "scenic_type", "park_type", "road_class", "tech_grade", "pipeline_class", "pressure_class",
    "railway_class", "voltage_kv", "river_level", "range_type", "park_level", "level", "grade",
)  # fmt: skip
"""Fields that say of what type and grade a feature is, in the order of reading."""
ZONE = ("zone",)
AUTHORITY = ("lead_agency", "management_body", "approval_body")
"""Fields that name the competent authority; the first that is filled counts."""
MANAGER = ("management_body", "operator", "lead_agency")
"""Fields that name who runs a thing; the first that is filled counts."""
METHOD = ("laying_mode", "line_type")
"""Fields that say how a line is laid."""


class Told(NamedTuple):
    """A text in Chinese and in English; None where nothing is known."""

    zh: str | None
    en: str | None


class Facts:
    """The attributes of layers in words.

    Parameters
    ----------
    layers : iterable of Layer
    features : mapping of str to GeoDataFrame
        Layer id → its features, indexed by id.
    schemas : mapping of str to LayerSchema
        What each kind holds.
    """

    def __init__(
        self,
        layers: Iterable[Layer],
        features: Mapping[str, GeoDataFrame],
        schemas: Mapping[str, LayerSchema],
    ) -> None:
        self.layers = {layer.id: layer for layer in layers}
        self.features, self._schemas = features, schemas
        self._kept: dict[str, dict[Any, Any]] = {}

    def value(self, layer_id: str | None, feature: Any, column: str) -> Any:
        """Return one attribute as it stands; None where there is none."""
        value = self._row(layer_id, feature).get(column)
        return None if value is None or pd.isna(value) else value

    def name(self, layer_id: str | None, feature: Any) -> Told:
        """Return what a feature is called; its id where it has no name."""
        layer = self.layers.get(layer_id or "")
        if layer is None or feature is None:
            return Told(None, None)
        zh = self.value(layer_id, feature, layer.name_column or "")
        en = self.value(layer_id, feature, layer.name_en_column or "")
        return Told(str(zh or en or feature), str(en or zh or feature))

    def title(self, layer_ids: str | None) -> Told:
        """Return the titles of layers whose ids stand one after the other, commas between."""
        if layer_ids is None:
            return Told(None, None)
        ids = layer_ids.split(", ")
        titles = [self.layers[one].title if one in self.layers else None for one in ids]
        pairs = zip(ids, titles, strict=True)
        zh, en = zip(*((one, one) if t is None else (t.zh, t.en) for one, t in pairs), strict=True)
        return Told("、".join(zh), ", ".join(en))

    def kind_and_class(self, layer_id: str | None, feature: Any) -> Told:
        """Return the kind of a feature, its type and its grade."""
        schema = self._schema(layer_id)
        if schema is None:
            return Told(None, None)
        told = [schema.title, *(self._words(layer_id, feature, name) for name in CLASS)]
        known = list(dict.fromkeys(one for one in told if one is not None))
        return Told(
            " ".join(one.zh or "" for one in known), ", ".join(one.en or "" for one in known)
        )

    def first(self, layer_id: str | None, feature: Any, fields: tuple[str, ...]) -> Told:
        """Return the first of some fields that is filled, in words."""
        told = (self._words(layer_id, feature, name) for name in fields)
        return next((one for one in told if one is not None), Told(None, None))

    def field(self, name: str, subject: str | None, other: str | None) -> Told:
        """Return the label of a field (``subject.x``, ``object.x``) and its layer, or of a kind."""
        side, _, column = name.rpartition(".")
        if not side:
            schema = self._schemas.get(column)
            return (
                Told(column, column) if schema is None else Told(schema.title.zh, schema.title.en)
            )
        layer_id = ((subject if side == "subject" else other) or "").split(", ")[0]
        title, schema = self.title(layer_id), self._schema(layer_id)
        field = None if schema is None else schema.field(column)
        label = Told(column, column) if field is None else Told(field.label.zh, field.label.en)
        return Told(f"{title.zh}·{label.zh}", f"{title.en}, {label.en}")

    def _words(self, layer_id: str | None, feature: Any, column: str) -> Told | None:
        value, schema = self.value(layer_id, feature, column), self._schema(layer_id)
        field = None if schema is None else schema.field(column)
        if value is None or field is None:
            return None
        return _labelled(field, value)

    def _schema(self, layer_id: str | None) -> LayerSchema | None:
        layer = self.layers.get(layer_id or "")
        return None if layer is None else self._schemas.get(layer.kind)

    def _row(self, layer_id: str | None, feature: Any) -> Mapping[str, Any]:
        if layer_id is None or layer_id not in self.features:
            return {}
        if layer_id not in self._kept:
            features = self.features[layer_id]
            table = pd.DataFrame(features.drop(columns=features.geometry.name)).astype(object)
            rows = table.to_dict("records")
            self._kept[layer_id] = dict(zip(features.index.tolist(), rows, strict=True))
        row: Mapping[str, Any] = self._kept[layer_id].get(feature, {})
        return row


def _labelled(field: Field, value: Any) -> Told:
    """Return a value in the words of its field, with its unit where it has one."""
    labels = {one.code: one.label for one in field.values}
    if labels:
        codes = str(value).split(";") if field.multiple else [str(value)]
        known = [labels.get(code) for code in codes]
        both = zip(codes, known, strict=True)
        words = [(code, code) if one is None else (one.zh, one.en) for code, one in both]
        return Told("、".join(zh for zh, _ in words), ", ".join(en for _, en in words))
    text = f"{value:g}" if isinstance(value, float) else str(value)
    text = f"{text} {field.unit}" if field.unit else text
    return Told(text, text)
