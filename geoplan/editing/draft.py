"""A GeoJSON feature, or a merge patch of one (RFC 7396), becomes what is to be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geoplan.editing.geometry import geometry_of
from geoplan.editing.values import pointer, stored
from geoplan.errors import FeatureInvalid
from geoplan.store import blob
from geoplan.store.edit import Draft

if TYPE_CHECKING:
    from geoplan.editing.geometry import Place, Shape
    from geoplan.schema import LayerSchema
    from geoplan.store import Column

ACCURACY = "geometry_accuracy_m"


@dataclass(frozen=True)
class Rules:
    """What a feature of a layer must be.

    Attributes
    ----------
    columns : tuple of Column
        Its attributes.
    id_column : str
        Where its id stands, which is no attribute.
    schema : LayerSchema
        What its kind says of them.
    shape : Shape
        What geometry the table holds.
    srs_id : int
        The file's number of its CRS.
    place : Place
        How the coordinates of the request become those of the table.
    """

    columns: tuple[Column, ...]
    id_column: str
    schema: LayerSchema
    shape: Shape
    srs_id: int
    place: Place


def draft_of(feature: Any, rules: Rules, *, feature_id: str | None = None) -> Draft:
    """Judge a whole feature and return what is to be stored.

    Parameters
    ----------
    feature : JSON value
        A GeoJSON feature.
    rules : Rules
        What it must be.
    feature_id : str, optional
        The id of the feature that it replaces; without, it is a new one and may ask for an id.

    Raises
    ------
    FeatureInvalid
        With a JSON pointer to what is wrong.
    """
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise FeatureInvalid("a GeoJSON feature is wanted: one object of type Feature", "/type")
    for member in ("geometry", "properties"):
        if member not in feature:
            raise FeatureInvalid(f"a feature has a member {member!r}, which may be null", "")
    properties = feature["properties"]
    found = _id(feature, properties, rules, feature_id)
    values = _values(properties, rules)
    geometry = _refuse_crs_and_read(feature, rules)
    if geometry is not None:
        _refuse_unknown_accuracy(values.get(ACCURACY), rules)
    return Draft(values, geometry, id=found)


def merged(patch: Any, rules: Rules, feature_id: str, present: dict[str, Any]) -> Draft:
    """Judge a merge patch and return what is to be stored.

    Parameters
    ----------
    patch : JSON value
        The members to change: null empties a property or the geometry.
    rules : Rules
        What the feature must be afterwards.
    feature_id : str
        Its id, which cannot be changed.
    present : dict
        Its ``geometry``, as GeoJSON in the CRS of the patch, and its ``properties``.

    Raises
    ------
    FeatureInvalid
        With a JSON pointer to what is wrong.
    """
    if not isinstance(patch, dict):
        raise FeatureInvalid("a merge patch of a feature is an object", "")
    if patch.get("type", "Feature") != "Feature":
        raise FeatureInvalid("the type of a feature is Feature", "/type")
    properties = patch.get("properties", {})
    _id(patch, properties, rules, feature_id)
    if properties is None:  # the member is removed: no property keeps its value
        properties = {column.name: None for column in rules.columns}
    values = _values(properties, rules)
    drawn = "geometry" in patch
    geometry = None
    if drawn:
        given = patch["geometry"]
        if isinstance(given, dict) and not {"type", "coordinates"} <= given.keys():
            given = {**(present["geometry"] or {}), **given}
        geometry = _refuse_crs_and_read({**patch, "geometry": given}, rules)
    stays = not drawn and present["geometry"] is not None
    if geometry is not None or (stays and ACCURACY in values):
        _refuse_unknown_accuracy(values.get(ACCURACY, present["properties"].get(ACCURACY)), rules)
    return Draft(values, geometry, drawn)


def _id(
    feature: dict[str, Any], properties: Any, rules: Rules, feature_id: str | None
) -> str | int | None:
    """Return the id that a new feature asks for; refuse one that another's place is to take."""
    found = feature.get("id")
    at = "/id"
    if found is None and isinstance(properties, dict):
        found, at = properties.get(rules.id_column), pointer(rules.id_column)
    if found is None:
        return None
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise FeatureInvalid("an id is a text or a whole number", at)
    if feature_id is not None and str(found) != feature_id:
        raise FeatureInvalid(f"the id is {feature_id!r} and stays so; the body says {found!r}", at)
    return found


def _values(properties: Any, rules: Rules) -> dict[str, Any]:
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise FeatureInvalid("properties are an object, or null", "/properties")
    known = {column.name: column for column in rules.columns}
    values = {}
    for name, value in properties.items():
        if name == rules.id_column:
            continue
        if name not in known:
            there = ", ".join(known)
            raise FeatureInvalid(f"the layer has no property {name!r}; it has: {there}",
                                 pointer(name))  # fmt: skip
        values[name] = stored(known[name], rules.schema.field(name), value)
    return values


def _refuse_crs_and_read(feature: dict[str, Any], rules: Rules) -> bytes | None:
    if "crs" in feature:
        raise FeatureInvalid("a GeoJSON feature names no CRS: the header Content-Crs does", "/crs")
    geometry = geometry_of(feature["geometry"], rules.shape, rules.place)
    return blob.encode(np.array([geometry], dtype=object), rules.srs_id)[0]


def _refuse_unknown_accuracy(accuracy: Any, rules: Rules) -> None:
    """Refuse what is drawn and does not say how far it may be off."""
    field = rules.schema.field(ACCURACY)
    there = any(column.name == ACCURACY for column in rules.columns)
    if field is not None and field.required and there and accuracy is None:
        raise FeatureInvalid(
            "what is drawn says how far it may be off, in metres", pointer(ACCURACY)
        )
