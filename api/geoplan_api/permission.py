"""Who may do what: the one place that routes ask before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from starlette.requests import Request

Deed = Literal["edit"]


def require(request: Request, _deed: Deed) -> str:
    """Return the name under which a deed is recorded.

    The service listens to this machine only, and whoever can reach it may edit; so the name is the
    address that the request came from.
    """
    return "anonymous" if request.client is None else request.client.host
