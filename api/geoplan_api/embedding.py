"""The map in pages of others: a page that is a map alone, and oEmbed to ask for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from geoplan_api.deps import lang_of, service_of
from geoplan_api.errors import BadParameter
from geoplan_api.html import tag
from geoplan_api.links import Links
from geoplan_api.maps import checked_by
from geoplan_api.negotiation import JSON
from geoplan_api.query import single
from geoplan_api.respond import json_response, text_response
from geoplan_api.words import HTML_LANG

router = APIRouter()
_MAP, _EMBED = "/map", "/embed"
_WIDTH, _HEIGHT = 960, 600
_LEAST, _MOST = 200, 4000
_SANDBOX = "allow-scripts allow-same-origin allow-downloads"


async def embed(request: Request) -> Response:
    """Show the map and its legend, without anything around it."""
    await checked_by(request)  # what is wrong with the question is told here, not in the frame
    query = f"?{request.url.query}" if request.url.query else ""
    lang, title = lang_of(request), service_of(request).catalogue.plan.title
    frame = tag(
        "iframe", "", src=f"map{query}#embed=1", title=title.to(lang),
        style="position:fixed;inset:0;width:100%;height:100%;border:0",
    )  # fmt: skip
    head = f'<!DOCTYPE html><html lang="{HTML_LANG[lang]}"><meta charset="utf-8">'
    page = f"{head}{tag('title', title.to(lang))}{frame}</html>"
    origins = " ".join(("'self'", *service_of(request).settings.origins))
    policy = (
        "default-src 'none'; frame-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {origins}"
    )
    return text_response(page, "text/html; charset=utf-8", lang, Content_Security_Policy=policy)


async def oembed(request: Request) -> Response:
    """Answer what oEmbed 1.0 asks: the snippet that shows an address of ours in another page."""
    given = single(request.query_params.multi_items(), ("url", "maxwidth", "maxheight", "format"))
    if given.get("format", "json") != "json":
        raise BadParameter(f"format = {given['format']!r} is not to be had here; there is: json")
    lang, links, plan = lang_of(request), Links(request), service_of(request).catalogue.plan
    shown = given.get("url", links.base + _MAP).partition("#")[0]
    asked, own = urlsplit(shown), urlsplit(links.base)
    path = asked.path.removeprefix(own.path)
    if asked.netloc != own.netloc or path not in (_MAP, _EMBED):
        raise HTTPException(404, f"url: no map of this service; there is {links.base}{_MAP}")
    width, height = _side(given, "maxwidth", _WIDTH), _side(given, "maxheight", _HEIGHT)
    query = f"?{asked.query}" if asked.query else ""
    title = plan.title.to(lang)
    document: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "title": title,
        "provider_name": "geoplan",
        "provider_url": f"{links.base}/",
        "width": width,
        "height": height,
        "html": tag(
            "iframe", "", src=f"{links.base}{_EMBED}{query}", width=str(width),
            height=str(height), title=title, sandbox=_SANDBOX, loading="lazy",
        ),
    }  # fmt: skip
    return json_response(document, lang, JSON)


def _side(given: dict[str, str], name: str, usual: int) -> int:
    """Read the longest side that is wanted [pixels]."""
    if name not in given:
        return usual
    text = given[name]
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))
    if not (digits and 1 <= int(text) <= _MOST):
        raise BadParameter(f"{name} = {text!r}: a whole number from 1 to {_MOST} is needed")
    return min(usual, max(_LEAST, int(text)))


router.add_route(_EMBED, embed, methods=["GET", "HEAD"])
router.add_route("/oembed", oembed, methods=["GET", "HEAD"])
