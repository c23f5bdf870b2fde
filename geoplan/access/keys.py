"""A key: a name, a role, layers, and the hash of what its holder sends."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the least to the most; each may do what those before it may."""
PREFIX = "gpk_"
"""Marks a secret as one of ours, for programs that look for secrets in texts."""


class Key(BaseModel):
    """What is kept of a key.

    Attributes
    ----------
    name : str
        Name under which edits and requests are recorded.
    role : {"viewer", "editor", "admin"}
        What it may do.
    layers : tuple of str, optional
        Layers and rasters it sees; None for all.
    made_on : date
        The day it was made.
    sha256 : str
        Hash of the secret, hexadecimal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")
    role: Role
    layers: tuple[str, ...] | None = Field(default=None, min_length=1)
    made_on: datetime.date
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def new_secret() -> str:
    """Return a new secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret: a plain hash, because 256 bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "backslashreplace")).hexdigest()
