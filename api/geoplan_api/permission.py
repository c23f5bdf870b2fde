"""Who may do what: the one place that routes ask before anything but reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from geoplan.access import ROLES
from geoplan_api.errors import NotAllowed

if TYPE_CHECKING:
    from starlette.requests import Request

    from geoplan.access import Role

Deed = Literal["edit", "watch"]
LEAST: dict[Deed, Role] = {"edit": "editor", "watch": "admin"}
"""Deed → the least role that may do it; reading and computing need none beyond a key."""
SCOPE = "geoplan.caller"


class Caller(NamedTuple):
    """Whoever sent a request.

    Attributes
    ----------
    name : str
        Name under which what they do is recorded: of the key, or the address.
    role : {"viewer", "editor", "admin"}, optional
        What they may do; None for those without a key where one is needed.
    layers : frozenset of str, optional
        Layers and rasters they see; None for all.
    """

    name: str
    role: Role | None
    layers: frozenset[str] | None = None


def caller_of(request: Request) -> Caller:
    """Return who sent a request, as `Access` found."""
    found = request.scope[SCOPE]
    assert isinstance(found, Caller)  # noqa: S101 - for the type
    return found


def require(request: Request, deed: Deed) -> str:
    """Return the name under which a deed is recorded.

    Raises
    ------
    NotAllowed
        The role of the caller does not allow it.
    """
    caller, least = caller_of(request), LEAST[deed]
    if caller.role is None or ROLES.index(caller.role) < ROLES.index(least):
        raise NotAllowed(
            f"the key {caller.name!r} is one of a {caller.role}; this needs the role {least}"
        )
    return caller.name
