"""Entity tags: what a client already holds is not sent again (RFC 9110, clause 13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

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


VARY = "Accept, Accept-Language, Accept-Encoding"
"""What an answer depends on beside its address."""


def _holds(header: str, tag: str) -> bool:
    if header.strip() == "*":
        return True
    bare = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == bare for one in header.split(","))
