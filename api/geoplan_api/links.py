"""Links: absolute, with relation and media type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus, urlencode

from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.requests import Request

    from geoplan.model import FeatureId, Lang
    from geoplan_api.negotiation import Offer

Link = dict[str, str]
EXECUTE = "http://www.opengis.net/def/rel/ogc/1.0/execute"
PROCESSES = "http://www.opengis.net/def/rel/ogc/1.0/processes"
MAP = "http://www.opengis.net/def/rel/ogc/1.0/map"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SORTABLES = "http://www.opengis.net/def/rel/ogc/1.0/sortables"
SCHEMA = "http://www.opengis.net/def/rel/ogc/1.0/schema"
FUNCTIONS = "urn:geoplan:rel:functions"
FUNCTIONS_PATH = "/functions"
JOBS = "http://www.opengis.net/def/rel/ogc/1.0/job-list"
COLLECTIONS = "/collections"
PROCESSES_PATH = "/processes"
RULES = "urn:geoplan:rel:rules"


class Links:
    """Makes links below the address that a request came in by."""

    def __init__(self, request: Request) -> None:
        self._url = str(request.url)
        self.base = str(request.base_url).rstrip("/")

    def to(self, rel: str, path: str, type_: str, title: str) -> Link:
        """Return a link to a path of this service."""
        return {"href": self.base + path, "rel": rel, "type": type_, "title": title}

    def self(self, type_: str, title: str) -> Link:
        """Return the link of a response to itself."""
        return {"href": self._url, "rel": "self", "type": type_, "title": title}

    def alternates(self, given: Offer, offers: Iterable[Offer], lang: Lang) -> list[Link]:
        """Return the links to the same resource in the other representations there are."""
        start = self._without(("f",))
        return [
            {
                "href": f"{start}f={other.f}",
                "rel": "alternate",
                "type": other.media_type,
                "title": word(f"link.as-{other.f}", lang),
            }
            for other in offers
            if other.f != given.f
        ]

    def again(self, rel: str, type_: str, title: str, **parameters: Any) -> Link:
        """Return a link to the same resource with some query parameters set."""
        url = self._without(parameters) + urlencode(parameters)
        return {"href": url, "rel": rel, "type": type_, "title": title}

    def _without(self, names: Collection[str]) -> str:
        """Return the address without some parameters, ready to take others."""
        path, _, query = self._url.partition("?")
        kept = [part for part in query.split("&") if part and _name(part) not in names]
        return f"{path}?{'&'.join([*kept, ''])}"


def _name(part: str) -> str:
    """Return the name of a parameter as it stands in a query."""
    name = part.partition("=")[0]
    return unquote_plus(name) if "%" in name else name


def collection_path(layer_id: str) -> str:
    """Return the path of a collection."""
    return f"/collections/{layer_id}"


def map_path(layer_id: str) -> str:
    """Return the path of a collection drawn as a map."""
    return f"/collections/{layer_id}/map"


def items_path(layer_id: str) -> str:
    """Return the path of a collection's features."""
    return f"/collections/{layer_id}/items"


def item_path(layer_id: str, feature_id: FeatureId) -> str:
    """Return the path of a feature; whatever its id holds, it stays one segment."""
    return f"/collections/{layer_id}/items/{quote(str(feature_id), safe='')}"


def schema_path(layer_id: str) -> str:
    """Return the path of the schema of a collection's features."""
    return f"/collections/{layer_id}/schema"


def process_path(process_id: str) -> str:
    """Return the path of a process."""
    return f"/processes/{process_id}"


def job_path(job_id: str) -> str:
    """Return the path of a job."""
    return f"/jobs/{job_id}"


def rule_path(rule_id: str, pack: str | None = None) -> str:
    """Return the path of a rule, as one pack has it where one is named."""
    return f"/rules/{rule_id}" + (f"?pack={pack}" if pack else "")
