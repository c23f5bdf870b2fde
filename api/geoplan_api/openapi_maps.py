"""The part of the API's definition that tells of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.links import map_path
from geoplan_api.map_images import OF_LAYER, OF_PLAN, OFFERS
from geoplan_api.map_query import MAX_PIXELS, MAX_SIDE, USUAL_MM
from geoplan_api.negotiation import HTML
from geoplan_api.references import CRS84, URIS
from geoplan_api.schemas import BINARY, TEXT, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUSES = (400, 405, 406, 408, 413, 421, 422, 500, 503)
_OF_PAGE = ("check", "packs", "on")


def map_paths(words: Callable[..., str], get: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return the paths of maps.

    Parameters
    ----------
    words : callable
        Gives phrases by their key.
    get : callable
        Describes a GET operation: words, name, answers, offers, shared parameters, statuses.
    """
    pictures = dict.fromkeys(OFFERS, BINARY)
    own = tuple(name for name in OF_PLAN if name != "f")
    of_layer = tuple(name for name in OF_LAYER if name != "f")
    offers = (HTML, *OFFERS)
    return {
        "/map": get(
            words, "mapOfPlan", {HTML: TEXT, **pictures}, offers, (*_OF_PAGE, *own), _STATUSES
        ),
        map_path("{collectionId}"): get(
            words, "mapOfLayer", pictures, OFFERS, ("collectionId", *of_layer), _STATUSES
        ),
    }


def map_parameters() -> dict[str, tuple[str, Schema]]:
    """Return where parameters of maps stand, and what they hold."""
    crs = {"type": "string", "format": "uri", "enum": list(URIS), "default": CRS84}
    side = {"type": "integer", "minimum": 1, "maximum": MAX_SIDE}
    positive = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    number = {"type": "number"}
    schemas: dict[str, Schema] = {
        "center": {"type": "array", "minItems": 2, "maxItems": 2, "items": number},
        "center-crs": crs,
        "subset": {"type": "array", "items": TEXT},
        "subset-crs": crs,
        "width": side,
        "height": side,
        "scale-denominator": positive,
        "mm-per-pixel": {**positive, "default": USUAL_MM},
        "transparent": {"type": "boolean"},
        "bgcolor": {"type": "string", "pattern": "^(0x|#)?[0-9a-fA-F]{6}$"},
    }
    return {name: ("query", schema) for name, schema in schemas.items()}


def limits() -> dict[str, Any]:
    """Return what the service draws at most, as OGC API - Common says it."""
    return {"maps": {"maxWidth": MAX_SIDE, "maxHeight": MAX_SIDE, "maxPixels": MAX_PIXELS}}
