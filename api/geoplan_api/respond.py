"""Responses: bodies with their media type and language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from geoplan_api.geojson import dumps
from geoplan_api.words import HTML_LANG

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan_api.negotiation import Offer

_VARY = "Accept, Accept-Language"


def json_response(document: Any, lang: Lang, offer: Offer) -> Response:
    """Answer with a JSON document."""
    return text_response(dumps(document), offer.media_type, lang)


def text_response(text: str, media_type: str, lang: Lang, **headers: str) -> Response:
    """Answer with a text; names of headers are written with underscores."""
    own = own_headers(lang) | {name.replace("_", "-"): value for name, value in headers.items()}
    body = text.encode("utf-8", "backslashreplace")
    return Response(body, headers={**own, "Content-Type": media_type})


def own_headers(lang: Lang) -> dict[str, str]:
    """Return what every answer says of itself."""
    return {"Content-Language": HTML_LANG[lang], "Vary": _VARY}


def html_response(page: str, lang: Lang) -> Response:
    """Answer with a page of our own: it runs no script and fetches nothing."""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text_response(page, "text/html; charset=utf-8", lang, Content_Security_Policy=policy)
