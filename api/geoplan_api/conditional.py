"""Entity tags: what a client already holds is not sent again (RFC 9110, clause 13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from geoplan.errors import FeatureChanged

if TYPE_CHECKING:
    from starlette.requests import Request


def weak_tag(*parts: Any) -> str:
    """Return the tag of an answer that follows from some parts, apart from its time stamp."""
    digest = hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=12)
    return f'W/"{digest.hexdigest()}"'


def not_modified(request: Request, tag: str) -> Response | None:
    """Return the answer 304 when the request holds what the tag names already."""
    held = request.headers.get("if-none-match")
    if held is None or not _holds(held, tag):
        return None
    return Response(status_code=304, headers={"ETag": tag, "Vary": VARY})


def matched(request: Request) -> frozenset[str] | None:
    """Return the versions that ``If-Match`` takes; None when any will do.

    Compared strongly: a weak tag matches nothing. What stands behind a dot tells the form in which
    a feature was given, not its version.
    """
    held = request.headers.get("if-match")
    if held is None or held.strip() == "*":
        return None
    tags = [one.strip() for one in held.split(",")]
    strong = [tag[1:-1] for tag in tags if len(tag) > 1 and tag[0] == tag[-1] == '"']
    return frozenset(tag.partition(".")[0] for tag in strong)


def none_match(request: Request) -> None:
    """Refuse a request that asks that there be no feature where it writes: none is made by PUT.

    Raises
    ------
    FeatureChanged
        It has ``If-None-Match``.
    """
    if "if-none-match" in request.headers:
        raise FeatureChanged("If-None-Match: a feature is created by POST to the items")


NONE_HELD = "the feature was changed by another since it was read: read it again, and decide anew"
VARY = "Accept, Accept-Language, Accept-Encoding, Cookie"
"""What an answer depends on beside its address."""


def _holds(header: str, tag: str) -> bool:
    if header.strip() == "*":
        return True
    bare = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == bare for one in header.split(","))
