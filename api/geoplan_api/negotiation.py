"""Which representation and which language a request asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from geoplan_api.errors import BadParameter, NotAcceptable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoplan.model import Lang


class Offer(NamedTuple):
    """A representation: its name for ``f``, its media type, and others it may answer for."""

    f: str
    media_type: str
    also: tuple[str, ...] = ()


JSON = Offer("json", "application/json")
GEOJSON = Offer("json", "application/geo+json", ("application/json",))
GEOJSON_ALONE = Offer("geojson", "application/geo+json")
GEOJSONSEQ = Offer("geojsonseq", "application/geo+json-seq")
JSONFG = Offer("jsonfg", "application/fg+json", ("application/vnd.ogc.fg+json",))
CSV = Offer("csv", "text/csv")
GPKG = Offer("gpkg", "application/geopackage+sqlite3")
FGB = Offer("fgb", "application/flatgeobuf")
PARQUET = Offer("parquet", "application/vnd.apache.parquet")
XLSX = Offer("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
DOCX = Offer("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
PDF = Offer("pdf", "application/pdf")
SCHEMA = Offer("json", "application/schema+json", ("application/json",))
HTML = Offer("html", "text/html")
COG = Offer("tif", "image/tiff; application=geotiff; profile=cloud-optimized")
MVT = Offer("mvt", "application/vnd.mapbox-vector-tile", ("application/x-protobuf",))
COMPACT = Offer("compact", "application/vnd.geoplan.layer")
_PROBLEM = Offer("json", "application/problem+json", ("application/json",))
PNG = Offer("png", "image/png")
SVG = Offer("svg", "image/svg+xml")
PROMETHEUS = Offer("text", "text/plain; version=0.0.4; charset=utf-8", ("text/plain",))
TILEJSON = Offer("tilejson", "application/vnd.mapbox.tile+json")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
OPENAPI = Offer("json", "application/vnd.oai.openapi+json;version=3.0", ("application/json",))


def choose(offers: Sequence[Offer], f: str | None, accept: str | None) -> Offer:
    """Return the representation that ``f`` names, or else the one that ``Accept`` likes best.

    Raises
    ------
    BadParameter
        ``f`` names none of the offers.
    NotAcceptable
        ``Accept`` excludes them all.
    """
    if f is not None:
        for offer in offers:
            if offer.f == f:
                return offer
        raise BadParameter(f"f = {f!r} is not to be had here; there is: {_names(offers)}")
    if not accept or not accept.strip():
        return offers[0]
    ranges = list(_weighted(accept))
    best = max(offers, key=lambda offer: _quality(offer, ranges))  # the first of equals
    if _quality(best, ranges) <= 0:
        types = ", ".join(offer.media_type for offer in offers)
        raise NotAcceptable(f"Accept: {accept} excludes all there is here: {types}")
    return best


def prefers_html(accept: str | None) -> bool:
    """Return whether ``Accept`` likes a page better than JSON.

    Examples
    --------
    >>> prefers_html("text/html,application/xhtml+xml,*/*;q=0.8"), prefers_html("*/*")
    (True, False)
    """
    ranges = list(_weighted(accept or ""))
    return _quality(HTML, ranges) > _quality(_PROBLEM, ranges)


def language(accept_language: str | None, default: Lang) -> Lang:
    """Return the language that ``Accept-Language`` prefers, the default when it names neither.

    Examples
    --------
    >>> language("en-GB,en;q=0.9,zh;q=0.5", "zh")
    'en'
    >>> language("fr", "zh")
    'zh'
    """
    best, chosen = 0.0, default
    for tag, quality in _weighted(accept_language or ""):
        known: Lang | None = {"zh": "zh", "en": "en"}.get(tag.split("-")[0])  # type: ignore[assignment]
        if known is not None and quality > best:
            best, chosen = quality, known
    return chosen


def _weighted(header: str) -> Iterator[tuple[str, float]]:
    """Yield the values of a header with their weights, in lower case, parameters dropped."""
    for part in header.split(","):
        value, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        yield value, float(weight) if _WEIGHT.fullmatch(weight) else 0.0


def _quality(offer: Offer, ranges: list[tuple[str, float]]) -> float:
    """Return the weight of an offer: of the most specific range that fits one of its types."""
    found = 0.0
    for type_ in (offer.media_type.split(";")[0], *offer.also):
        family = type_.split("/")[0] + "/*"
        for wanted in (type_, family, "*/*"):
            weights = [weight for value, weight in ranges if value == wanted]
            if weights:
                found = max(found, weights[0])
                break
    return found


def _names(offers: Sequence[Offer]) -> str:
    return ", ".join(offer.f for offer in offers)
